package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"text/tabwriter"
	"unicode"
)

// explanation is what /openid-connect/explain answers, as far as it is printed.
type explanation struct {
	Plugin         string
	Issuer         string
	Route, Service *thing
	Method, URL    string
	LetIn          bool `json:"let_in"`
	Status         *int
	Message        string
	Steps          []struct{ Check, Outcome, Detail, Field string }
	Consumer       *thing
	Groups         []string `json:"consumer_groups"`
	Anonymous      bool
	Upstream       []field `json:"upstream_headers"`
	Response       []field `json:"response_headers"`
}

type thing struct{ ID, Name string }

func (t *thing) String() string {
	if t.Name != "" {
		return t.Name
	}
	return t.ID
}

type field struct{ Name, Value string }

// marks are what stands before a step, plain and in a terminal: there all are of one length, so that columns stay straight.
var marks = map[string][2]string{"accepted": {"ok", "\x1b[32m✓\x1b[0m"}, "refused": {"NO", "\x1b[31m✗\x1b[0m"},
	"skipped": {"--", "\x1b[90m–\x1b[0m"}, "noted": {"", "\x1b[39m \x1b[0m"}}

// print writes the steps as a table, and what becomes of the request.
func (e *explanation) print(out io.Writer, colour bool) error {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s %s\nPlugin %s", e.Method, clean(e.URL), e.Plugin)
	if e.Route != nil {
		fmt.Fprintf(&b, ", route %s", e.Route)
	}
	if e.Service != nil {
		fmt.Fprintf(&b, ", service %s", e.Service)
	}
	fmt.Fprintf(&b, ", issuer %s\n\n", e.Issuer)
	form := 0
	if colour {
		form = 1
	}
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "%s\tCHECK\tDECIDED BY\tWHY\n", marks["noted"][form])
	for _, s := range e.Steps {
		first, _, more := strings.Cut(s.Field, ",")
		if more {
			first += ", …"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", marks[s.Outcome][form], clean(s.Check), first, clean(s.Detail))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	b.WriteString("\n" + e.verdict(colour) + "\n")
	list := func(title string, fields []field) {
		if len(fields) == 0 {
			return
		}
		b.WriteString(title + "\n")
		for _, f := range fields {
			b.WriteString("  " + clean(f.Name) + ": " + clean(f.Value) + "\n")
		}
	}
	if e.LetIn {
		list("The upstream would see these fields:", e.Upstream)
	}
	list("The client would get these fields:", e.Response)
	_, err := out.Write(trimLines(b.Bytes()))
	return err
}

// verdict says what becomes of the request.
func (e *explanation) verdict(colour bool) string {
	good, bad, off := "", "", ""
	if colour {
		good, bad, off = "\x1b[1;32m", "\x1b[1;31m", "\x1b[0m"
	}
	if !e.LetIn && e.Status != nil {
		text := fmt.Sprintf("%d %s", *e.Status, http.StatusText(*e.Status))
		if e.Message != "" && e.Message != http.StatusText(*e.Status) {
			text += ": " + clean(e.Message)
		}
		for _, f := range e.Response {
			if f.Name == "grpc-status" && f.Value != "0" {
				return bad + "The request is refused" + off + ": the client gets grpc-status " + f.Value + "."
			}
		}
		if *e.Status < 400 {
			return "The request is answered by the gateway: " + text + "."
		}
		return bad + "The request is refused" + off + ": the client gets " + text + "."
	}
	text := good + "The request is let in" + off
	switch {
	case e.Consumer != nil && e.Anonymous:
		text += ", as the anonymous consumer " + e.Consumer.String()
	case e.Consumer != nil:
		text += ", of the consumer " + e.Consumer.String()
	}
	if len(e.Groups) > 0 {
		text += ", in the groups " + strings.Join(e.Groups, ", ")
	}
	if e.Status != nil {
		return text + fmt.Sprintf(", and answered with %d, for there is no service.", *e.Status)
	}
	return text + "."
}

// clean keeps what a token or a provider says from moving the cursor of a terminal, or the columns.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return '?'
	}, s)
}

// trimLines takes the space off the ends of lines that a table leaves there.
func trimLines(text []byte) []byte {
	lines := bytes.Split(text, []byte("\n"))
	for i := range lines {
		lines[i] = bytes.TrimRight(lines[i], " ")
	}
	return bytes.Join(lines, []byte("\n"))
}

func printJSON(w io.Writer, text json.RawMessage) error {
	var b bytes.Buffer
	if err := json.Indent(&b, text, "", "  "); err != nil {
		return err
	}
	b.WriteByte('\n')
	_, err := w.Write(b.Bytes())
	return err
}
