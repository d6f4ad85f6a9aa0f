// Package page is what people see of the provider: the pages under a pool's domain, on which they sign in, sign up, confirm, choose new
// passwords and answer challenges. Paths, names and ids of forms and fields are those of Cognito's classic pages, for test suites select
// them; only a passkey needs a script. Its main type is Pages, which serves them; View is what one shows, and templates/ draws it.
//
// Who may sign in is decided by auth; what a sign-in leads to, by oauth.
package page

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"net/http"
	"strings"
	"unicode/utf8"
)

//go:embed templates/*.html assets/* catalogue/*.json
var embedded embed.FS

// assetPath is where what pages refer to lies.
const assetPath = "/_assets"

// View is one page. Kind names its template and the texts of its title.
type View struct {
	Kind, Lang    string
	Name          string // of the pool or client, for those who see the page
	Error, Notice string // told above the form
	Action        string // of the form: path and query
	CSRF          string
	Links         Links
	Custom, Logo  string // addresses of the pool's own stylesheet and image; "" for none

	Form                bool // login: there is one, beside the providers
	Password, Passkeys  bool // login: the password is asked at once; a passkey may be offered
	AskName             bool // signup
	Prompt              string
	NameLabel, NameType string
	Username            string
	Providers           []Provider
	Fields              []Field
	Policy              []Rule
	Destination, Medium string
	Session, Challenge  string
	Choices             []string
	Secret              string
	QR                  template.HTML
	Options             string // of a passkey: JSON

	Body template.HTML // set by Render
}

// Links lead to other pages, with the query kept. Those that the pool does not offer are "".
type Links struct{ SignIn, SignUp, Forgot, Resend string }

// Provider is another place to sign in.
type Provider struct{ Name, Label, Href string }

// Field is an attribute that is asked.
type Field struct{ Name, Input, Label, Type, Complete, Value string }

// Rule is one demand of the password policy.
type Rule struct {
	Name  string
	Count int
}

// T returns a text of the page's language.
func (v *View) T(key string, args ...any) string { return Text(v.Lang, key, args...) }

// Assets is where the page's style and script lie.
func (v *View) Assets() string { return assetPath }

// Initial stands in for a logo.
func (v *View) Initial() string {
	r, _ := utf8.DecodeRuneInString(v.Name)
	if r == utf8.RuneError {
		return "·"
	}
	return strings.ToUpper(string(r))
}

// codeField is the input of a one-time code.
type codeField struct {
	ID, Name string
	Invalid  bool
}

var templates = template.Must(template.New("").Funcs(template.FuncMap{
	"code": func(id, name, problem string) codeField { return codeField{id, name, problem != ""} },
}).ParseFS(embedded, "templates/*.html"))

// Render draws a view.
func Render(v View) ([]byte, error) {
	var body bytes.Buffer
	if err := templates.ExecuteTemplate(&body, v.Kind, &v); err != nil {
		return nil, fmt.Errorf("page %s: %w", v.Kind, err)
	}
	v.Body = template.HTML(body.String()) // escaped by its template
	var whole bytes.Buffer
	if err := templates.ExecuteTemplate(&whole, "layout", &v); err != nil {
		return nil, fmt.Errorf("page %s: %w", v.Kind, err)
	}
	return whole.Bytes(), nil
}

// guard sets the headers that keep a page from being framed, cached, read along, or told to load anything. origins are where its forms may
// lead, for browsers apply form-action to redirects as well.
func guard(h http.Header, script bool, origins []string, secure bool) {
	policy := "default-src 'none'; style-src 'self'; img-src 'self' data:; base-uri 'none'; frame-ancestors 'none'; form-action 'self'"
	for _, o := range origins {
		policy += " " + o
	}
	if script {
		policy += "; script-src 'self'"
	}
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Frame-Options", "DENY")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=()")
	h.Set("Cache-Control", "no-store")
	if secure {
		h.Set("Strict-Transport-Security", "max-age=31536000")
	}
}
