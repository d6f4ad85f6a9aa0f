package oauth2

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base32"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/gibbon-gateway/gibbon/edit"
	"github.com/gibbon-gateway/gibbon/internal/kongoauth2"
	"github.com/gibbon-gateway/gibbon/plugin"
)

// codeLife is how long a code is good, in seconds.
const codeLife = 300

// consent is a request to the authorization endpoint: the owner's page says that a user lets an application in.
type consent struct {
	*parameters
	client   *kongoauth2.Credential
	redirect string // where the answer is to be sent; "" if that is not known
	implicit bool
	scope    string
	user     string
	code     string // the code challenge
}

// authorize answers the owner's page with the address that it is to send the user's browser to.
func (s *server) authorize(x *plugin.Exchange) error {
	p, err := readParameters(x)
	if err != nil {
		return err
	}
	c := &consent{parameters: p}
	refused := s.checkConsent(x, c)
	state := c.state()
	if refused != nil {
		a := answer{Error: refused.code, Description: refused.text, State: state}
		if c.redirect != "" {
			a = answer{RedirectURI: redirectTo(c.redirect, false, pairs(state, "error", a.Error, "error_description", a.Description))}
		}
		return x.Exit(http.StatusBadRequest, a, noStore...)
	}
	var with [][2]string
	if c.implicit {
		t, err := s.issue(x, grant{client: c.client, user: c.user, scope: c.scope})
		if err != nil {
			return err
		}
		with = pairs(state, "access_token", t.AccessToken, "token_type", t.TokenType)
		if s.life > 0 {
			with = append(with, [2]string{"expires_in", strconv.FormatInt(t.ExpiresIn, 10)})
		}
	} else {
		code := newCode(c.redirect)
		if err := s.putCode(x, c, code); err != nil {
			return err
		}
		with = pairs(state, "code", code)
	}
	return x.Exit(http.StatusOK, answer{RedirectURI: redirectTo(c.redirect, c.implicit, with)}, noStore...)
}

// noStore are fields of every answer of the endpoints.
var noStore = []string{"Cache-Control", "no-store", "Pragma", "no-cache"}

// checkConsent fills in what is asked for. As in Kong, the last thing that is wrong is told, not the first, from where it is known
// that the page is the owner's.
func (s *server) checkConsent(x *plugin.Exchange, c *consent) (refused *refusal) {
	if secure, text := s.isSecure(x); !secure {
		return no("access_denied", text)
	}
	if !s.isProvisioned(c.parameters) {
		return badProvision
	}
	user, _ := c.get("authenticated_userid")
	if user = user.orNumber(); user.blank() {
		return noUser
	}
	c.user = user.text
	kind := c.text("response_type")
	c.implicit = kind == "token"
	if !(kind == "code" && s.AuthorizationCode || c.implicit && s.ImplicitGrant) {
		refused = no("unsupported_response_type", "Invalid response_type")
	}
	scope, bad := s.scopeOf(c.parameters)
	if bad != nil {
		refused = bad
	}
	c.scope = scope
	if c.client = s.application(c.text("client_id")); c.client == nil || c.client.RedirectURIs == nil {
		c.client, refused = nil, badClient
	} else {
		if len(c.client.RedirectURIs) > 0 {
			c.redirect = c.client.RedirectURIs[0]
		}
		if uri, allowed := redirectOf(c.parameters, c.client); allowed {
			c.redirect = uri
		} else {
			refused = badRedirect
		}
	}
	challenge, bad := challengeOf(c.parameters)
	switch {
	case bad != nil:
		refused = bad
	case c.client != nil && challenge == "" && s.needsChallenge(c.client):
		refused = no("invalid_request", "code_challenge is required for "+c.client.ClientType+" clients")
	}
	c.code = challenge
	return refused
}

func (s *server) isProvisioned(p *parameters) bool {
	return equal(p.text("provision_key"), s.ProvisionKey)
}

// equal compares secrets. How long it takes does not depend on where they differ.
func equal(a, b string) bool {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(x[:], y[:]) == 1 && b != ""
}

func (s *server) application(id string) *kongoauth2.Credential {
	if id == "" {
		return nil
	}
	c, _ := s.find.Credential(kongoauth2.Credentials, []byte(id)).(*kongoauth2.Credential)
	return c
}

// scopeOf returns the scopes of a request, with one space between.
func (s *server) scopeOf(p *parameters) (string, *refusal) {
	v, has := p.get("scope")
	switch {
	case !has && s.MandatoryScope:
		return "", no("invalid_scope", "You must specify a scope")
	case !has || s.Scopes == nil:
		return "", nil
	case v.odd:
		return "", no("invalid_scope", "scope must be a string")
	}
	words := strings.Fields(v.text)
	for _, w := range words {
		if !slices.Contains(s.Scopes, w) {
			return "", no("invalid_scope", `"`+w+`" is an invalid scope`)
		}
	}
	if len(words) == 0 && s.MandatoryScope {
		return "", no("invalid_scope", "You must specify a scope")
	}
	return strings.Join(words, " "), nil
}

// redirectOf returns the redirect_uri of a request, or the application's first, and whether it is exactly one of the application's.
func redirectOf(p *parameters, client *kongoauth2.Credential) (uri string, allowed bool) {
	v, has := p.get("redirect_uri")
	switch {
	case has:
		return v.text, !v.odd && slices.Contains(client.RedirectURIs, v.text)
	case len(client.RedirectURIs) > 0:
		return client.RedirectURIs[0], true
	}
	return "", false
}

// newCode makes a code. Its end tells where it was sent, so that it is redeemed for that address alone: Kong's entity has no field
// for it.
func newCode(redirect string) string {
	secret := rand.Text() // 26 letters and digits, 130 bits
	return secret + sentTo(secret, redirect)
}

func sentTo(secret, redirect string) string {
	sum := sha256.Sum256([]byte(secret + "\n" + redirect))
	return base32.StdEncoding.EncodeToString(sum[:5])[:6]
}

// wasSentTo reports whether a code was sent to an address.
func wasSentTo(code, redirect string) bool {
	return len(code) == 32 && code[26:] == sentTo(code[:26], redirect)
}

func (s *server) putCode(x *plugin.Exchange, c *consent, code string) error {
	doc := map[string]any{"credential": ref(c.client.ID), "authenticated_userid": c.user, "plugin": ref(s.id), "code": code, "ttl": int64(codeLife)}
	if c.scope != "" {
		doc["scope"] = c.scope
	}
	if c.code != "" {
		doc["challenge"], doc["challenge_method"] = c.code, "S256"
	}
	service, err := s.serviceOf(x)
	if err != nil {
		return err
	}
	if service != "" {
		doc["service"] = ref(service)
	}
	return s.ledger.Change(context.Background(), func(tx plugin.LedgerTx) error {
		_, err := tx.Put(kongoauth2.Codes, doc)
		return err
	})
}

func ref(id string) map[string]any { return map[string]any{"id": id} }

// pairs makes a list of names and values, with the state if there is one.
func pairs(state *string, list ...string) (out [][2]string) {
	for i := 0; i < len(list); i += 2 {
		out = append(out, [2]string{list[i], list[i+1]})
	}
	if state != nil {
		out = append(out, [2]string{"state", *state})
	}
	return out
}

// redirectTo adds parameters to the query of an address, in place of those of the same names, or makes them its fragment. They are
// ordered by name.
func redirectTo(uri string, fragment bool, with [][2]string) string {
	base, query, _ := strings.Cut(uri, "?")
	var all [][2]string
	if !fragment {
		old := edit.ParseForm([]byte(query))
		for i := range old.Len() {
			name, value, _ := old.At(i)
			if !slices.ContainsFunc(with, func(p [2]string) bool { return p[0] == name }) {
				all = append(all, [2]string{name, value})
			}
		}
	}
	all = append(all, with...)
	slices.SortStableFunc(all, func(a, b [2]string) int { return strings.Compare(a[0], b[0]) })
	var text []byte
	for i, p := range all {
		if i > 0 {
			text = append(text, '&')
		}
		text = escape(append(escape(text, p[0]), '='), p[1])
	}
	if fragment {
		return uri + "#" + string(text)
	}
	return base + "?" + string(text)
}

// escape appends s as it may stand in a query: a space is %20.
func escape(b []byte, s string) []byte {
	const hex = "0123456789ABCDEF"
	for i := range len(s) {
		switch c := s[i]; {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '-', c == '.', c == '_', c == '~':
			b = append(b, c)
		default:
			b = append(b, '%', hex[c>>4], hex[c&15])
		}
	}
	return b
}
