package oauth2

import (
	"bytes"
	"encoding/json"
	"strings"
	"unicode/utf8"

	"github.com/gibbon-gateway/gibbon/edit"
	"github.com/gibbon-gateway/gibbon/plugin"
)

// maxBody is the longest body, in bytes, in which parameters are looked for.
const maxBody = 1 << 20

// value is a parameter. An odd one is there, but is no text: it was sent twice, is a list, or cannot be kept in a database. It equals
// nothing.
type value struct {
	text   string
	odd    bool
	number string // an odd one that is a number of JSON, as it is written
}

// orNumber returns a parameter that may be a number as well.
func (v value) orNumber() value {
	if v.number != "" {
		return value{text: v.number}
	}
	return v
}

func textOf(s string, count int) value {
	if count != 1 || !utf8.ValidString(s) || strings.IndexByte(s, 0) >= 0 {
		return value{odd: true}
	}
	return value{text: s}
}

// blank reports whether there is nothing to see.
func (v value) blank() bool { return v.odd || strings.TrimSpace(v.text) == "" }

// body is a request body that may hold parameters.
type body struct {
	doc edit.Doc // nil: nothing can be found in it
}

// readBody reads the body of a request that may have one, if its type is known.
func readBody(x *plugin.Exchange) (*body, error) {
	switch x.Request.Method {
	case "POST", "PUT", "PATCH":
	default:
		return &body{}, nil
	}
	doc, err := x.Request.Document(maxBody)
	return &body{doc}, err
}

// get returns a parameter, and whether it is there.
func (b *body) get(name string) (v value, has bool) {
	switch d := b.doc.(type) {
	case *edit.Form:
		return form(d, name)
	case *edit.Multipart:
		text, count := d.Get(name)
		return textOf(text, count), count > 0
	case *edit.Object:
		raw := d.JSON(name)
		var any any
		if len(raw) == 0 || json.Unmarshal(raw, &any) != nil || any == nil {
			return value{}, false
		}
		switch any := any.(type) {
		case string:
			return textOf(any, 1), true
		case float64:
			return value{odd: true, number: string(raw)}, true
		}
		return value{odd: true}, true
	}
	return value{}, false
}

func form(f *edit.Form, name string) (value, bool) {
	text, count := f.Get(name)
	return textOf(text, count), count > 0
}

// parameters are those of the query and of the body, which wins.
type parameters struct {
	query *edit.Form
	body  *body
}

func readParameters(x *plugin.Exchange) (*parameters, error) {
	b, err := readBody(x)
	return &parameters{edit.ParseForm(bytes.Clone(x.Request.Query())), b}, err
}

func (p *parameters) get(name string) (value, bool) {
	if v, has := p.body.get(name); has {
		return v, true
	}
	return form(p.query, name)
}

// text returns a parameter that is a text, "" if there is none.
func (p *parameters) text(name string) string {
	v, _ := p.get(name)
	return v.text
}

// state is handed back as it came; nil if there is none.
func (p *parameters) state() *string {
	if v, has := p.get("state"); has && !v.odd {
		return &v.text
	}
	return nil
}

// answer is the body of answers that are no token.
type answer struct {
	Error       string  `json:"error,omitempty"`
	Description string  `json:"error_description,omitempty"`
	State       *string `json:"state,omitempty"`
	RedirectURI string  `json:"redirect_uri,omitempty"`
}

// refusal is why an endpoint refuses. The texts are Kong's, clients see them.
type refusal struct{ code, text string }

func no(code, text string) *refusal { return &refusal{code, text} }

var (
	badClient    = no("invalid_client", "Invalid client authentication")
	badRedirect  = no("invalid_request", "Invalid redirect_uri that does not match with any redirect_uri created with the application")
	badProvision = no("invalid_provision_key", "Invalid provision_key")
	noUser       = no("invalid_authenticated_userid", "Missing authenticated_userid parameter")
	badCode      = no("invalid_request", "Invalid code")
	badRefresh   = no("invalid_request", "Invalid refresh_token")
)
