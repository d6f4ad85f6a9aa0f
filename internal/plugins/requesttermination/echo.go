package requesttermination

import (
	"encoding/json"
	"errors"
	"net"
	"os"
	"strings"

	"github.com/gibbon-gateway/gibbon/edit"
	"github.com/gibbon-gateway/gibbon/entity"
	"github.com/gibbon-gateway/gibbon/plugin"
)

// maxBody is the longest body, in bytes, that is echoed.
const maxBody = 1 << 20

// echo is the answer that describes a request.
type echo struct {
	Message string          `json:"message,omitempty"`
	Kong    node            `json:"kong"`
	Request request         `json:"request"`
	Route   *entity.Route   `json:"matched_route,omitempty"`
	Service *entity.Service `json:"matched_service,omitempty"`
}

type node struct {
	PID      int    `json:"worker_pid"`
	Hostname string `json:"hostname"`
}

type request struct {
	Scheme  string         `json:"scheme"`
	Host    string         `json:"host"`
	Port    int            `json:"port"`
	Headers map[string]any `json:"headers"`
	Query   map[string]any `json:"query"`
	Body    any            `json:"body,omitempty"`
	RawBody string         `json:"raw_body"`
	Method  string         `json:"method"`
	Path    string         `json:"path"`
}

// echo ends the request with its description.
func (t *termination) echo(x *plugin.Exchange) error {
	raw, err := x.Request.Body(maxBody)
	if err != nil && !errors.Is(err, plugin.ErrBodyTooLarge) {
		return err
	}
	host := x.Request.Host
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	return x.Exit(t.StatusCode, echo{
		Message: t.message(),
		Kong:    node{os.Getpid(), t.hostname},
		Request: request{
			Scheme:  x.Client.Scheme,
			Host:    host,
			Port:    int(x.Client.Local.Port()),
			Headers: headersOf(x),
			Query:   fieldsOf(edit.ParseForm(x.Request.Query())),
			Body:    parseBody(x.Request.Header.Get("Content-Type"), raw),
			RawBody: string(raw),
			Method:  x.Request.Method,
			Path:    string(x.Request.Path),
		},
		Route:   x.Route,
		Service: x.Service,
	})
}

// collect puts a value into m; a name with several values holds a list.
func collect(m map[string]any, name string, value any) {
	switch old := m[name].(type) {
	case nil:
		m[name] = value
	case []any:
		m[name] = append(old, value)
	default:
		m[name] = []any{old, value}
	}
}

func headersOf(x *plugin.Exchange) map[string]any {
	m := map[string]any{"host": x.Request.Host}
	for name, value := range x.Request.Header.All() {
		collect(m, strings.ToLower(string(name)), string(value))
	}
	return m
}

// fieldsOf returns the values of a form; one without "=" is true.
func fieldsOf(f *edit.Form) map[string]any {
	m := map[string]any{}
	for i := range f.Len() {
		name, value, bare := f.At(i)
		if bare {
			collect(m, name, true)
		} else {
			collect(m, name, value)
		}
	}
	return m
}

// parseBody returns a form or a JSON document, or nil.
func parseBody(contentType string, raw []byte) any {
	switch t := strings.ToLower(contentType); {
	case len(raw) == 0:
	case strings.HasPrefix(t, "application/x-www-form-urlencoded"):
		return fieldsOf(edit.ParseForm(raw))
	case strings.HasPrefix(t, "application/json") && json.Valid(raw):
		return json.RawMessage(raw)
	}
	return nil
}
