package openidconnect

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/gibbon-gateway/gibbon/edit"
	"github.com/gibbon-gateway/gibbon/internal/jose"
	"github.com/gibbon-gateway/gibbon/internal/oidc"
)

// callback is what the provider's redirect brings back.
type callback struct {
	state, code, err, iss string
	place                 string // "query" or "body"
	signed                bool   // it came as a signed answer (JARM)
	doubled               bool   // a parameter came twice
}

var stateForm = regexp.MustCompile(`^[A-Za-z0-9_-]{24}$`)

// callback returns the parameters of a provider's answer, nil if the request is none: it has to carry our state, or a signed answer.
func (v *visit) callback() (*callback, error) {
	if v.x.Request.Method == http.MethodPost && strings.HasPrefix(v.p.ResponseMode, "form_post") {
		c, err := v.callbackFrom("body", v.bodyArg)
		if err != nil || c != nil {
			return c, err
		}
	}
	return v.callbackFrom("query", func(name string) (string, int, error) { value, n := v.queryArg(name); return value, n, nil })
}

func (v *visit) callbackFrom(place string, arg func(name string) (string, int, error)) (*callback, error) {
	c := &callback{place: place}
	response := ""
	for name, to := range map[string]*string{"state": &c.state, "code": &c.code, "error": &c.err, "iss": &c.iss, "response": &response} {
		value, n, err := arg(name)
		if err != nil {
			return nil, err
		}
		if n > 0 {
			*to = value
		}
		c.doubled = c.doubled || n > 1
	}
	if response != "" && c.state == "" && strings.HasSuffix(v.p.ResponseMode, "jwt") {
		return c, v.openResponse(c, response)
	}
	if c.code == "" && c.err == "" || !stateForm.MatchString(c.state) {
		return nil, nil
	}
	return c, nil
}

// openResponse verifies a signed authorization response (JARM).
func (v *visit) openResponse(c *callback, response string) error {
	p := v.p
	t, err := jose.Parse([]byte(response))
	if err != nil {
		return unauthorized("", "the signed answer of the provider cannot be read", err)
	}
	d, err := v.document()
	if err != nil {
		return unexpected("the provider cannot be discovered", err)
	}
	iss, _ := t.Claims["iss"].(string)
	aud := oidc.Strings(t.Claims["aud"])
	if !oidc.SameIssuer(iss, d.Issuer) || len(aud) == 0 || p.clientNamedExactly(aud[0]) == nil {
		return unauthorized("", "the signed answer is of another provider or for another client", nil)
	}
	v.client = p.clientNamedExactly(aud[0])
	if _, err := v.signature(t, iss, d); err != nil {
		return err
	}
	if _, there := t.Claims["exp"]; !there {
		return unauthorized("", "the signed answer has no end", nil)
	}
	if err := oidc.CheckTimes(t.Claims, p.env.Now(), seconds(p.Leeway)); err != nil {
		return unauthorized("", "the signed answer is too old", err)
	}
	c.signed, c.iss = true, iss
	c.state, _ = t.Claims["state"].(string)
	c.code, _ = t.Claims["code"].(string)
	c.err, _ = t.Claims["error"].(string)
	if !stateForm.MatchString(c.state) {
		return unauthorized("", "the signed answer has no state of ours", nil)
	}
	return nil
}

func (p *relyingParty) clientNamedExactly(id string) *client {
	for i := range p.clients {
		if p.clients[i].ID == id {
			return &p.clients[i]
		}
	}
	return nil
}

// fromCode finishes a login: the request is the provider's redirect back.
func (v *visit) fromCode() (*grant, error) {
	p := v.p
	c, err := v.callback()
	if err != nil || c == nil {
		return nil, err
	}
	store := p.loginStore(c.state)
	s, err := store.Open(v.ctx, v.cookie, "")
	var login loginState
	if err != nil || json.Unmarshal(s.Data, &login) != nil || login.State != c.state {
		return nil, unauthorized("", "no login of this browser is under way with that state", errors.Join(errNoLogin, err))
	}
	gone, err := store.Destroy(v.ctx, s, secure(v.x))
	if err != nil {
		return nil, unexpected("ending the login", err)
	}
	v.setCookies(gone)
	if login.Client >= len(p.clients) {
		return nil, unauthorized("", "the client of the login is no longer configured", nil)
	}
	v.client = &p.clients[login.Client]
	if err := v.checkCallback(c); err != nil {
		return nil, err
	}
	if err := v.loginOnce(c.state); err != nil {
		return nil, err
	}
	g, err := v.redeem(c, &login)
	if err != nil {
		return nil, err
	}
	v.fresh, v.replay = true, &login
	v.dropCallback(c, &login)
	return g, nil
}

// errNoLogin means that a request looks like the end of a login, and that its browser has none under way.
var errNoLogin = errors.New("no such login")

// loginOnce lets a login end once, on any node that shares state, should a browser send its cookie again.
func (v *visit) loginOnce(login string) error {
	p := v.p
	if p.env.State == nil {
		return nil
	}
	once, err := p.env.State.PutNew(v.ctx, []byte("oidc:login:"+keyText("login", p.env.ID, login)), []byte{1},
		seconds(p.AuthorizationRollingTimeout)+time.Minute)
	if err == nil && !once {
		return unauthorized("", "that login has ended before", nil)
	}
	return nil // without state the provider alone sees to it: a code is good once
}

// leaveCallback sends a browser that comes back to the end of an old login to the same place without the provider's parameters.
func (v *visit) leaveCallback() error {
	form := edit.ParseForm(bytes.Clone(v.x.Request.Query()))
	for _, name := range callbackNames {
		form.Del(name)
	}
	target := origin(v.x) + escapePath("/"+strings.TrimLeft(string(v.x.Request.Path), "/\\"))
	if query := form.AppendTo(nil); len(query) > 0 {
		target += "?" + plainQuery(string(query))
	}
	return v.x.Exit(http.StatusSeeOther, nil, "Location", target, "Cache-Control", "no-store")
}

// callbackNames are the parameters of a provider's answer.
var callbackNames = []string{"state", "code", "error", "error_description", "error_uri", "iss", "response", "session_state", "scope"}

// checkCallback checks how the answer came, and what it says.
func (v *visit) checkCallback(c *callback) error {
	p := v.p
	wanted := map[string]string{"query": "query", "query.jwt": "query", "jwt": "query", "form_post": "body", "form_post.jwt": "body"}[p.ResponseMode]
	switch {
	case c.doubled:
		return unauthorized("", "a parameter of the provider's answer came twice", nil)
	case wanted != c.place || c.signed != strings.HasSuffix(p.ResponseMode, "jwt"):
		return unauthorized("", "the provider's answer came in another way than asked for", nil)
	case c.err != "":
		return unauthorized("", "the provider refused the login: "+plain(c.err), nil)
	case c.code == "" || len(c.code) > 4096:
		return unauthorized("", "the provider's answer has no code", nil)
	}
	d, err := v.document()
	if err != nil {
		return unexpected("the provider cannot be discovered", err)
	}
	// RFC 9207, section 2.4: the answer of one provider must not be taken for another's.
	if c.iss != "" && !oidc.SameIssuer(c.iss, d.Issuer) || c.iss == "" && d.IssParameter {
		return unauthorized("", "the answer is not of the provider that was asked", nil)
	}
	return nil
}

// redeem exchanges the code for tokens.
func (v *visit) redeem(c *callback, login *loginState) (*grant, error) {
	a := v.newAsk(byCode, "authorization_code", &v.client.Client)
	a.form.Set("code", c.code)
	a.form.Set("redirect_uri", login.RedirectURI)
	if login.Verifier != "" {
		a.form.Set("code_verifier", login.Verifier)
	}
	a.cached, a.user = false, true
	g, err := v.fetch(a)
	if err != nil {
		return nil, err
	}
	if g.ID == "" && slices.Contains(v.p.Scopes, "openid") {
		return nil, unauthorized(invalidToken, "the provider gave no ID token", nil)
	}
	return g, v.verifyID(g, login, c.code)
}

// dropCallback takes the provider's parameters out of what goes upstream, and puts back what was asked for.
func (v *visit) dropCallback(c *callback, login *loginState) {
	p, r := v.p, &v.x.Request
	if c.place == "query" {
		form := edit.ParseForm(append([]byte(nil), r.Query()...))
		for _, name := range callbackNames {
			form.Del(name)
		}
		r.SetQuery(form.AppendTo(nil))
	} else {
		r.SetMethod(http.MethodGet)
		r.SetBody(nil)
		r.Header.Del("Content-Type")
	}
	if p.PreserveQueryArgs {
		r.SetQuery([]byte(login.Query))
	}
	if login.Method != "" && login.Path == string(r.Path) { // a form that was sent before the login
		r.SetMethod(login.Method)
		r.SetBody(login.Body)
		if login.Type != "" {
			r.Header.Set("Content-Type", login.Type)
		}
	}
}

// finish does the login action of a request that was let in: nothing, an answer with tokens, or a redirect.
func (v *visit) finish(g *grant) error {
	p := v.p
	if !v.fresh || !slices.Contains(p.LoginMethods, g.Method) {
		return nil
	}
	switch p.LoginAction {
	case "response":
		return v.x.Exit(http.StatusOK, v.loginTokens(g), "Cache-Control", "no-store")
	case "redirect":
		target := ""
		if v.client != nil {
			target = at(p.LoginRedirectURI, v.client.index)
		}
		if target == "" {
			target = v.originalURL()
		}
		if tokens := v.loginTokens(g); len(tokens) > 0 {
			q := url.Values{}
			for name, value := range tokens {
				if text, ok := value.(string); ok {
					q.Set(name, text)
				} else {
					q.Set(name, string(encodeJSON(value)))
				}
			}
			target = withTokens(target, q.Encode(), p.LoginRedirectMode == "query")
		}
		return v.x.Exit(http.StatusFound, nil, "Location", target, "Cache-Control", "no-store")
	}
	return nil
}

func withTokens(target, tokens string, inQuery bool) string {
	if !inQuery {
		before, _, _ := strings.Cut(target, "#")
		return before + "#" + tokens
	}
	if strings.Contains(target, "?") {
		return target + "&" + tokens
	}
	return target + "?" + tokens
}

// originalURL is where a login began: always on this gateway, whatever the path looks like.
func (v *visit) originalURL() string {
	path, query := string(v.x.Request.Path), ""
	if v.replay != nil {
		path, query = v.replay.Path, v.replay.Query
	}
	path = escapePath("/" + strings.TrimLeft(path, "/\\"))
	if query != "" && v.p.PreserveQueryArgs {
		path += "?" + plainQuery(query)
	}
	return origin(v.x) + path
}

// plainQuery keeps what could end a header field out of a query.
func plainQuery(q string) string {
	return strings.Map(func(r rune) rune {
		if r <= 0x20 || r == 0x7f {
			return -1
		}
		return r
	}, q)
}

// loginTokens returns what login_tokens names.
func (v *visit) loginTokens(g *grant) map[string]any {
	tokens := map[string]any{}
	for _, name := range v.p.LoginTokens {
		switch {
		case name == "access_token" && g.Access != "":
			tokens[name] = g.Access
		case name == "id_token" && g.ID != "":
			tokens[name] = g.ID
		case name == "refresh_token" && g.Refresh != "":
			tokens[name] = g.Refresh
		case name == "tokens" && len(g.Raw) > 0:
			tokens[name] = json.RawMessage(g.Raw)
		case name == "introspection" && len(g.introspectionRaw) > 0:
			tokens[name] = g.introspectionRaw
		}
	}
	return tokens
}
