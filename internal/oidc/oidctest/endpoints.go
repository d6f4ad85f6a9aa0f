package oidctest

import (
	"crypto"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"strings"

	"github.com/gibbon-gateway/gibbon/internal/jose"
)

// client returns who asks, "" if the proof is wrong.
func (p *Provider) client(r *http.Request) string {
	id, secret, ok := r.BasicAuth()
	if ok {
		// RFC 6749, section 2.3.1: both are form-encoded before.
		a, err := url.QueryUnescape(id)
		b, err2 := url.QueryUnescape(secret)
		if err != nil || err2 != nil {
			return ""
		}
		id, secret = a, b
	} else if assertion := r.PostForm.Get("client_assertion"); assertion != "" {
		t, err := jose.Parse([]byte(assertion))
		if err != nil || t.Claims["aud"] != p.URL || t.Claims["jti"] == nil || t.Claims["exp"] == nil {
			return ""
		}
		id, _ = t.Claims["sub"].(string)
		key := any([]byte(p.Clients[id]))
		if t.Alg == "RS256" {
			key = publicOf(Key(SpareKey))
		}
		if t.Verify(key, []string{"HS256", "RS256"}) != nil {
			return ""
		}
		return id
	} else {
		id, secret = r.PostForm.Get("client_id"), r.PostForm.Get("client_secret")
	}
	if want, known := p.Clients[id]; !known || want != secret {
		return ""
	}
	return id
}

func (p *Provider) token(w http.ResponseWriter, r *http.Request) {
	id, f := p.client(r), r.PostForm
	if id == "" {
		refuse(w, http.StatusUnauthorized, "invalid_client")
		return
	}
	doc := map[string]any{"token_type": "Bearer", "expires_in": int(tokenLife.Seconds())}
	access := p.Claims("client_id", id, "scope", f.Get("scope"))
	var login url.Values
	switch f.Get("grant_type") {
	case "client_credentials":
		access["sub"] = id
	case "password":
		if f.Get("username") != User || f.Get("password") != Password {
			refuse(w, http.StatusBadRequest, "invalid_grant")
			return
		}
		login = url.Values{}
	case "authorization_code":
		if login = p.take(f.Get("code")); login == nil || login.Get("client_id") != id || login.Get("redirect_uri") != f.Get("redirect_uri") ||
			!verifies(login.Get("code_challenge"), f.Get("code_verifier")) {
			refuse(w, http.StatusBadRequest, "invalid_grant")
			return
		}
	case "refresh_token":
		p.mu.Lock()
		good := p.fresh[f.Get("refresh_token")]
		delete(p.fresh, f.Get("refresh_token")) // each is good once
		p.mu.Unlock()
		if !good {
			refuse(w, http.StatusBadRequest, "invalid_grant")
			return
		}
		login = url.Values{}
	case "urn:ietf:params:oauth:grant-type:token-exchange":
		access["exchanged"], access["aud"] = true, f["audience"]
	default:
		refuse(w, http.StatusBadRequest, "unsupported_grant_type")
		return
	}
	if p.Access != nil {
		p.Access(access)
	}
	token := p.next("opaque")
	if !p.Opaque {
		token = p.Sign(nil, access)
	}
	doc["access_token"] = token
	refresh := ""
	if login != nil {
		refresh = p.next("refresh")
		doc["refresh_token"], doc["id_token"] = refresh, p.idToken(id, login, token)
	}
	p.mu.Lock()
	p.alive[token] = access
	p.fresh[refresh] = refresh != ""
	p.mu.Unlock()
	if p.Answer != nil {
		p.Answer(doc)
	}
	answer(w, http.StatusOK, doc)
}

func verifies(challenge, verifier string) bool {
	sum := sha256.Sum256([]byte(verifier))
	return challenge == "" && verifier == "" || challenge == base64.RawURLEncoding.EncodeToString(sum[:])
}

func (p *Provider) take(code string) url.Values {
	p.mu.Lock()
	defer p.mu.Unlock()
	login := p.codes[code]
	delete(p.codes, code)
	return login
}

func (p *Provider) idToken(client string, login url.Values, access string) string {
	sum := sha256.Sum256([]byte(access))
	claims := p.Claims("aud", client, "scope", nil, "token_use", "id", "sid", "sid-1", "auth_time", p.Now().Unix(),
		"at_hash", base64.RawURLEncoding.EncodeToString(sum[:16]), "email", "alice@example.com")
	if nonce := login.Get("nonce"); nonce != "" {
		claims["nonce"] = nonce
	}
	if p.ID != nil {
		p.ID(claims)
	}
	return p.Sign(nil, claims)
}

// Know makes a token, of any form, one that introspection and userinfo know.
func (p *Provider) Know(token string, claims map[string]any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.alive[token] = claims
}

func (p *Provider) introspect(w http.ResponseWriter, r *http.Request) {
	if p.client(r) == "" {
		refuse(w, http.StatusUnauthorized, "invalid_client")
		return
	}
	p.mu.Lock()
	claims, active := p.alive[r.PostForm.Get("token")]
	p.mu.Unlock()
	doc := map[string]any{"active": active}
	for name, v := range claims {
		doc[name] = v
	}
	if p.Introspection != nil {
		p.Introspection(doc)
	}
	if accept := r.Header.Get("Accept"); accept != "application/json" {
		w.Header().Set("Content-Type", accept)
		fmt.Fprint(w, p.Sign(map[string]any{"typ": "token-introspection+jwt"},
			map[string]any{"iss": p.URL, "aud": Client, "iat": p.Now().Unix(), "token_introspection": doc}))
		return
	}
	answer(w, http.StatusOK, doc)
}

func (p *Provider) userinfo(w http.ResponseWriter, r *http.Request) {
	token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	p.mu.Lock()
	claims, ok := p.alive[token]
	p.mu.Unlock()
	if !ok {
		refuse(w, http.StatusUnauthorized, "invalid_token")
		return
	}
	doc := map[string]any{"sub": claims["sub"], "email": "alice@example.com"}
	for name, v := range p.Userinfo {
		doc[name] = v
	}
	if r.Header.Get("Accept") == "application/jwt" {
		doc["iss"], doc["aud"] = p.URL, Client
		w.Header().Set("Content-Type", "application/jwt")
		fmt.Fprint(w, p.Sign(nil, doc))
		return
	}
	answer(w, http.StatusOK, doc)
}

func (p *Provider) revoke(w http.ResponseWriter, r *http.Request) {
	if p.client(r) == "" {
		refuse(w, http.StatusUnauthorized, "invalid_client")
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.alive, r.PostForm.Get("token"))
	delete(p.fresh, r.PostForm.Get("token"))
}

func (p *Provider) push(w http.ResponseWriter, r *http.Request) {
	if p.client(r) == "" {
		refuse(w, http.StatusUnauthorized, "invalid_client")
		return
	}
	reference := pushed + p.next("push")
	p.mu.Lock()
	p.pushes[reference] = r.PostForm
	p.mu.Unlock()
	answer(w, http.StatusCreated, map[string]any{"request_uri": reference, "expires_in": 60})
}

// Authorize does what a browser does with the redirect to the provider: the user signs in at once. It returns where the answer
// goes and its parameters.
func (p *Provider) Authorize(location string) (redirectURI string, answer url.Values) {
	u, err := url.Parse(location)
	if err != nil {
		panic(err)
	}
	return p.login(u.Query())
}

func (p *Provider) login(q url.Values) (redirectURI string, a url.Values) {
	if reference := q.Get("request_uri"); reference != "" {
		p.mu.Lock()
		known := p.pushes[reference]
		delete(p.pushes, reference)
		p.mu.Unlock()
		if known == nil || known.Get("client_id") != "" && known.Get("client_id") != q.Get("client_id") {
			return "", url.Values{"error": {"invalid_request_uri"}}
		}
		q = known
	}
	if object := q.Get("request"); object != "" {
		t, err := jose.Parse([]byte(object))
		if err != nil || t.Verify([]byte(p.Clients[Client]), jose.Symmetric) != nil {
			return "", url.Values{"error": {"invalid_request_object"}}
		}
		q = url.Values{}
		for name, v := range t.Claims {
			q.Set(name, fmt.Sprint(v))
		}
	}
	code := p.next("code")
	p.mu.Lock()
	p.codes[code], p.Mode = q, q.Get("response_mode")
	p.mu.Unlock()
	a = url.Values{"code": {code}, "state": {q.Get("state")}, "iss": {p.URL}}
	if p.Redirect != nil {
		p.Redirect(a)
	}
	if strings.HasSuffix(q.Get("response_mode"), "jwt") {
		claims := map[string]any{"iss": p.URL, "aud": q.Get("client_id"), "exp": p.Now().Add(tokenLife).Unix()}
		for name := range a {
			claims[name] = a.Get(name)
		}
		claims["iss"] = p.URL
		a = url.Values{"response": {p.Sign(nil, claims)}}
	}
	return q.Get("redirect_uri"), a
}

// authorize is Authorize for real browsers.
func (p *Provider) authorize(w http.ResponseWriter, r *http.Request) {
	to, a := p.login(r.Form)
	if to == "" {
		refuse(w, http.StatusBadRequest, a.Get("error"))
		return
	}
	if !strings.HasPrefix(p.Mode, "form_post") {
		separator := "?"
		if strings.Contains(to, "?") {
			separator = "&"
		}
		http.Redirect(w, r, to+separator+a.Encode(), http.StatusFound)
		return
	}
	w.Header().Set("Content-Type", "text/html")
	fmt.Fprintf(w, `<body onload="document.forms[0].submit()"><form method="post" action="%s">`, html.EscapeString(to))
	for name := range a {
		fmt.Fprintf(w, `<input type="hidden" name="%s" value="%s">`, html.EscapeString(name), html.EscapeString(a.Get(name)))
	}
	fmt.Fprint(w, "</form>")
}

func publicOf(key any) any {
	if k, ok := key.(crypto.Signer); ok {
		return k.Public()
	}
	return nil
}
