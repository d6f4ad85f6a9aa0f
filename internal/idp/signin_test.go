package idp_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

const (
	callback   = "http://localhost:3000/cb"
	verifier   = "0123456789012345678901234567890123456789012345"
	jane       = "jane@example.com"
	secretWord = "Passw0rd!"
)

func challenge() string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// site is an app client with a sign-in page, as a browser without scripts sees it.
type site struct {
	*running
	pool   string
	client string
	secret string
	http   *http.Client
}

// newSite makes a client of the quickstart's pool that signs people in.
func newSite(t testing.TB, r *running, more doc) *site {
	t.Helper()
	q := quick(t, r)
	in := doc{"UserPoolId": q.Pool, "ClientName": "web", "GenerateSecret": true, "SupportedIdentityProviders": []string{"COGNITO"},
		"AllowedOAuthFlowsUserPoolClient": true, "AllowedOAuthFlows": []string{"code", "implicit"},
		"AllowedOAuthScopes": []string{"openid", "email", "profile", "aws.cognito.signin.user.admin", q.Scope},
		"CallbackURLs":       []string{callback, "https://app.example.com/cb?x=1"}, "LogoutURLs": []string{"http://localhost:3000/bye"},
		"PreventUserExistenceErrors": "ENABLED"}
	for name, value := range more {
		in[name] = value
	}
	c := r.aws("CreateUserPoolClient", in)["UserPoolClient"].(doc)
	s := &site{running: r, pool: q.Pool, client: c["ClientId"].(string), http: r.browser(newJar(t))}
	s.secret, _ = c["ClientSecret"].(string)
	return s
}

// person makes a confirmed user.
func (s *site) person() {
	s.t.Helper()
	s.seed(`pools: [{Id: ` + s.pool + `, PoolName: kongpool, Users: [{Username: ` + jane + `, Password: "` + secretWord +
		`", Attributes: {email_verified: "true", given_name: Jane, family_name: Doe}}]}]`)
}

func (r *running) seed(text string) {
	r.t.Helper()
	answer, body := r.do(r.client, http.MethodPost, r.origin+"/_gibbon/pools", nil, text)
	if answer.StatusCode != http.StatusOK {
		r.t.Fatalf("seed: %s", body)
	}
}

// query is an authorization request; pairs change it, "" removes.
func (s *site) query(pairs ...string) url.Values {
	q := url.Values{"client_id": {s.client}, "redirect_uri": {callback}, "response_type": {"code"}, "state": {"s t&ate"}, "scope": {"openid email"}}
	for i := 0; i < len(pairs); i += 2 {
		q.Set(pairs[i], pairs[i+1])
		if pairs[i+1] == "" {
			q.Del(pairs[i])
		}
	}
	return q
}

func (s *site) get(path string, q url.Values) (*http.Response, string) {
	s.t.Helper()
	return s.do(s.http, http.MethodGet, s.origin+path+"?"+q.Encode(), nil, "")
}

// location is where an answer leads.
func location(t testing.TB, answer *http.Response) *url.URL {
	t.Helper()
	if answer.StatusCode != http.StatusFound {
		t.Fatalf("status %d, want 302", answer.StatusCode)
	}
	u, err := answer.Location()
	if err != nil {
		t.Fatal(err)
	}
	return u
}

var (
	hidden = regexp.MustCompile(`<input type="hidden" name="([^"]+)" value="([^"]*)"`)
	action = regexp.MustCompile(`<form [^>]*action="([^"]+)"`)
	alert  = regexp.MustCompile(`role="alert" id="problem">([^<]*)<`)
)

// submit sends the first form of a page with its hidden fields and these.
func (s *site) submit(page string, pairs ...string) (*http.Response, string) {
	s.t.Helper()
	to := action.FindStringSubmatch(page)
	if to == nil {
		s.t.Fatalf("no form in %s", page)
	}
	form := url.Values{}
	for _, m := range hidden.FindAllStringSubmatch(page, -1) {
		if form.Get(m[1]) == "" {
			form.Set(m[1], plain(m[2]))
		}
	}
	for i := 0; i < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	return s.do(s.http, http.MethodPost, s.origin+plain(to[1]), http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}, form.Encode())
}

func plain(html string) string {
	return strings.NewReplacer("&amp;", "&", "&#43;", "+", "&#34;", `"`, "&#39;", "'", "&lt;", "<", "&gt;", ">").Replace(html)
}

// signIn goes from authorize to the callback and returns its address.
func (s *site) signIn(q url.Values) *url.URL {
	s.t.Helper()
	answer, _ := s.get("/oauth2/authorize", q)
	to := location(s.t, answer)
	if to.Path != "/login" {
		return to
	}
	_, page := s.get("/login", to.Query())
	answer, page = s.submit(page, "username", jane, "password", secretWord)
	if answer.StatusCode != http.StatusFound {
		s.t.Fatalf("sign-in: %d %s", answer.StatusCode, alert.FindString(page))
	}
	return location(s.t, answer)
}

// exchange spends a code.
func (s *site) exchange(code string, pairs ...string) (int, doc) {
	s.t.Helper()
	form := url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {callback}}
	for i := 0; i < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	return s.token(s.origin+"/oauth2/token", basic(s.client, s.secret), form)
}

// The code flow, by the clients that Go programs use.
func TestCodeFlowByGoOIDC(t *testing.T) {
	r := start(t, nil)
	s := newSite(t, r, nil)
	s.person()
	ctx := oidc.ClientContext(context.Background(), s.following())
	provider, err := oidc.NewProvider(ctx, r.origin+"/"+s.pool)
	if err != nil {
		t.Fatal(err)
	}
	config := oauth2.Config{ClientID: s.client, ClientSecret: s.secret, RedirectURL: callback, Endpoint: provider.Endpoint(), Scopes: []string{"openid", "profile", "email"}}
	to, err := url.Parse(config.AuthCodeURL("state", oidc.Nonce("nonce"), oauth2.S256ChallengeOption(verifier)))
	if err != nil {
		t.Fatal(err)
	}
	back := s.signIn(to.Query())
	if back.Query().Get("state") != "state" {
		t.Errorf("back at %s", back)
	}
	tokens, err := config.Exchange(ctx, back.Query().Get("code"), oauth2.VerifierOption(verifier))
	if err != nil {
		t.Fatal(err)
	}
	raw, _ := tokens.Extra("id_token").(string)
	id, err := provider.Verifier(&oidc.Config{ClientID: s.client}).Verify(ctx, raw)
	if err != nil {
		t.Fatal(err)
	}
	if err := id.VerifyAccessToken(tokens.AccessToken); err != nil {
		t.Error(err)
	}
	var said struct {
		Email    string `json:"email"`
		Verified bool   `json:"email_verified"`
		Given    string `json:"given_name"`
		Name     string `json:"cognito:username"`
		Use      string `json:"token_use"`
	}
	if err := id.Claims(&said); err != nil {
		t.Fatal(err)
	}
	if id.Nonce != "nonce" || said.Email != jane || !said.Verified || said.Given != "Jane" || said.Name != id.Subject || said.Use != "id" {
		t.Errorf("ID token: %+v %+v", id, said)
	}
	access := provider.VerifierContext(ctx, &oidc.Config{SkipClientIDCheck: true})
	if _, err := access.Verify(ctx, tokens.AccessToken); err != nil {
		t.Error(err)
	}
	info, err := provider.UserInfo(ctx, config.TokenSource(ctx, tokens))
	if err != nil {
		t.Fatal(err)
	}
	var about map[string]any
	if err := info.Claims(&about); err != nil || about["email_verified"] != "true" || about["username"] != id.Subject || about["sub"] != id.Subject {
		t.Errorf("userInfo: %v %v", about, err)
	}
	// The refresh token gives new tokens of the same sign-in, and no other refresh token.
	old := tokens.RefreshToken
	status, out := r.token(r.origin+"/oauth2/token", basic(s.client, s.secret), url.Values{"grant_type": {"refresh_token"}, "refresh_token": {old}})
	if status != http.StatusOK || out["refresh_token"] != nil || out["id_token"] == nil {
		t.Errorf("refresh: %d %v", status, out)
	}
	_, before := claims(t, tokens.AccessToken)
	_, after := claims(t, out["access_token"])
	for _, name := range []string{"auth_time", "origin_jti", "event_id", "sub", "scope", "client_id", "version"} {
		if before[name] == nil || before[name] != after[name] {
			t.Errorf("%s: %v, then %v", name, before[name], after[name])
		}
	}
	if before["aud"] != nil || before["jti"] == after["jti"] {
		t.Errorf("access tokens %v, %v", before, after)
	}
	// Revoked, it gives nothing, and userInfo knows.
	answer, _ := r.do(r.client, http.MethodPost, r.origin+"/oauth2/revoke", basic(s.client, s.secret), url.Values{"token": {old}}.Encode())
	if answer.StatusCode != http.StatusOK {
		t.Errorf("revoke: %d", answer.StatusCode)
	}
	if status, out = r.token(r.origin+"/oauth2/token", basic(s.client, s.secret), url.Values{"grant_type": {"refresh_token"}, "refresh_token": {old}}); out["error"] != "invalid_grant" {
		t.Errorf("revoked: %d %v", status, out)
	}
	answer, _ = r.do(r.client, http.MethodGet, r.origin+"/oauth2/userInfo", http.Header{"Authorization": {"Bearer " + tokens.AccessToken}}, "")
	if answer.StatusCode != http.StatusUnauthorized || !strings.Contains(answer.Header.Get("WWW-Authenticate"), "invalid_token") {
		t.Errorf("revoked: userInfo %d", answer.StatusCode)
	}
}

// following is a client that follows redirects, as programs do.
func (s *site) following() *http.Client {
	c := s.browser(nil)
	c.CheckRedirect = nil
	return c
}

// A browser that signed in once goes straight back, until it signs out.
func TestBrowserSession(t *testing.T) {
	r := start(t, nil)
	s := newSite(t, r, nil)
	s.person()
	q := s.query("prompt", "none")
	if to := s.signIn(q); to.Query().Get("error") != "login_required" || to.Query().Get("state") != "s t&ate" {
		t.Errorf("nobody signed in: %s", to)
	}
	s.signIn(s.query())
	answer, _ := s.get("/oauth2/authorize", q)
	if to := location(t, answer); to.Query().Get("code") == "" || to.Query().Get("state") != "s t&ate" {
		t.Errorf("signed in: %s", to)
	}
	answer, _ = s.get("/oauth2/authorize", s.query("prompt", "login"))
	if to := location(t, answer); to.Path != "/login" {
		t.Errorf("prompt=login: %s", to)
	}
	answer, _ = s.get("/oauth2/authorize", s.query("max_age", "0"))
	if to := location(t, answer); to.Path != "/login" && to.Query().Get("code") == "" {
		t.Errorf("max_age: %s", to)
	}
	answer, _ = s.get("/logout", url.Values{"client_id": {s.client}, "logout_uri": {"https://evil.example.com"}})
	if to := location(t, answer); to.Path != "/error" {
		t.Errorf("logout to a stranger: %s", to)
	}
	if answer, _ = s.get("/oauth2/authorize", q); location(t, answer).Query().Get("code") == "" {
		t.Error("a refused logout signed out")
	}
	answer, _ = s.get("/logout", url.Values{"client_id": {s.client}, "logout_uri": {"http://localhost:3000/bye"}})
	if to := location(t, answer); to.String() != "http://localhost:3000/bye" {
		t.Errorf("logout: %s", to)
	}
	if answer, _ = s.get("/oauth2/authorize", q); location(t, answer).Query().Get("error") != "login_required" {
		t.Error("still signed in")
	}
	again := s.query()
	answer, _ = s.get("/logout", again)
	if to := location(t, answer); to.Path != "/login" || to.Query().Get("redirect_uri") != callback {
		t.Errorf("logout and in again: %s", to)
	}
}

// Codes are good once, for one client, with one redirect URI and verifier; who tries one twice loses what it gave.
func TestCodes(t *testing.T) {
	r := start(t, nil)
	s := newSite(t, r, nil)
	other := newSite(t, r, nil)
	s.person()
	get := func(pairs ...string) string { return s.signIn(s.query(pairs...)).Query().Get("code") }
	pkce := []string{"code_challenge", challenge(), "code_challenge_method", "S256"}
	for name, c := range map[string]struct {
		ask, give []string
		code      string
	}{
		"another redirect URI":   {nil, []string{"redirect_uri", "https://app.example.com/cb?x=1"}, "unauthorized_client"},
		"no redirect URI":        {nil, []string{"redirect_uri", ""}, "invalid_request"},
		"wrong verifier":         {pkce, []string{"code_verifier", verifier + "x"}, "invalid_grant"},
		"no verifier":            {pkce, nil, "invalid_grant"},
		"verifier, no challenge": {nil, []string{"code_verifier", verifier}, "invalid_grant"},
	} {
		text := get(c.ask...)
		if status, out := s.exchange(text, c.give...); status != 400 || out["error"] != c.code {
			t.Errorf("%s: %d %v, want %s", name, status, out, c.code)
		}
		// None of these spends the code.
		give := []string{}
		if c.ask != nil {
			give = []string{"code_verifier", verifier}
		}
		if status, out := s.exchange(text, give...); status != http.StatusOK {
			t.Errorf("%s, then right: %d %v", name, status, out)
		}
	}
	text := get()
	if _, out := other.exchange(text); out["error"] != "invalid_grant" {
		t.Errorf("another client's code: %v", out)
	}
	if status, _ := s.token(s.origin+"/oauth2/token", basic(s.client, "wrong"), url.Values{"grant_type": {"authorization_code"}, "code": {text}, "redirect_uri": {callback}}); status == http.StatusOK {
		t.Error("a wrong secret was taken")
	}
	status, out := s.exchange(text)
	if status != http.StatusOK || out["refresh_token"] == nil || out["id_token"] == nil {
		t.Fatalf("%d %v", status, out)
	}
	refresh := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {out["refresh_token"].(string)}}
	if status, _ := s.token(s.origin+"/oauth2/token", basic(s.client, s.secret), refresh); status != http.StatusOK {
		t.Errorf("refresh: %d", status)
	}
	if _, out := other.token(s.origin+"/oauth2/token", basic(other.client, other.secret), refresh); out["error"] != "invalid_grant" {
		t.Errorf("another client's refresh token: %v", out)
	}
	if status, out := s.exchange(text); status != 400 || out["error"] != "invalid_grant" {
		t.Errorf("twice: %d %v", status, out)
	}
	if _, out := s.token(s.origin+"/oauth2/token", basic(s.client, s.secret), refresh); out["error"] != "invalid_grant" {
		t.Errorf("what a stolen code gave is still good: %v", out)
	}
}

// Of many who spend a code at once at most one gets tokens, and these are not good for long.
func TestCodeRace(t *testing.T) {
	r := start(t, nil)
	s := newSite(t, r, nil)
	s.person()
	for range 3 {
		code := s.signIn(s.query()).Query().Get("code")
		got := make(chan doc, 8)
		var working sync.WaitGroup
		for range cap(got) {
			working.Go(func() {
				if status, out := s.exchange(code); status == http.StatusOK {
					got <- out
				} else if out["error"] != "invalid_grant" {
					t.Errorf("%d %v", status, out)
				}
			})
		}
		working.Wait()
		if len(got) > 1 {
			t.Errorf("%d got tokens", len(got))
		}
		for range len(got) {
			form := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {(<-got)["refresh_token"].(string)}}
			if status, _ := s.token(s.origin+"/oauth2/token", basic(s.client, s.secret), form); status == http.StatusOK {
				t.Error("a code that was tried eight times gave a good refresh token")
			}
		}
		s.http = r.browser(newJar(t))
	}
}

// Without openid there is no ID token and no userInfo; the implicit flow puts tokens into the fragment.
func TestScopesAndImplicit(t *testing.T) {
	r := start(t, nil)
	s := newSite(t, r, nil)
	s.person()
	_, out := s.exchange(s.signIn(s.query("scope", "profile")).Query().Get("code"))
	if out["id_token"] != nil {
		t.Error("ID token without openid")
	}
	answer, _ := s.do(s.following(), http.MethodGet, s.origin+"/oauth2/userInfo", http.Header{"Authorization": {"Bearer " + out["access_token"].(string)}}, "")
	if answer.StatusCode != http.StatusUnauthorized {
		t.Errorf("userInfo without openid: %d", answer.StatusCode)
	}
	if answer, _ = s.do(s.following(), http.MethodGet, s.origin+"/oauth2/userInfo", nil, ""); answer.StatusCode != http.StatusBadRequest {
		t.Errorf("userInfo without token: %d", answer.StatusCode)
	}
	back := s.signIn(s.query("response_type", "token", "nonce", "n"))
	fragment, err := url.ParseQuery(back.EscapedFragment())
	if err != nil || back.RawQuery != "" || fragment.Get("token_type") != "Bearer" || fragment.Get("expires_in") != "3600" || fragment.Get("state") != "s t&ate" {
		t.Fatalf("implicit: %s", back)
	}
	_, id := claims(t, fragment.Get("id_token"))
	if id["nonce"] != "n" || id["given_name"] != nil || id["email"] != jane {
		t.Errorf("ID token %v", id)
	}
	_, access := claims(t, fragment.Get("access_token"))
	if access["scope"] != "openid email" {
		t.Errorf("access token %v", access)
	}
}

// What is wrong with a request is told to the client only if the redirect URI is its own.
func TestAuthorizeErrors(t *testing.T) {
	r := start(t, nil)
	s := newSite(t, r, nil)
	machine, err := r.Quickstart(t.Context(), "kongpool")
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		pairs []string
		code  string
	}{
		"no client":           {[]string{"client_id", ""}, "/error"},
		"unknown client":      {[]string{"client_id", "nobody"}, "/error"},
		"foreign redirect":    {[]string{"redirect_uri", "https://evil.example.com/cb"}, "/error"},
		"longer redirect":     {[]string{"redirect_uri", callback + "/more"}, "/error"},
		"other case":          {[]string{"redirect_uri", "http://LOCALHOST:3000/cb"}, "/error"},
		"redirect with query": {[]string{"redirect_uri", callback + "?x=1"}, "/error"},
		"no redirect":         {[]string{"redirect_uri", ""}, "/error"},
		"no response type":    {[]string{"response_type", ""}, "invalid_request"},
		"other response type": {[]string{"response_type", "id_token"}, "unsupported_response_type"},
		"unknown scope":       {[]string{"scope", "openid phone"}, "invalid_scope"},
		"plain PKCE":          {[]string{"code_challenge", challenge(), "code_challenge_method", "plain"}, "invalid_request"},
		"PKCE without method": {[]string{"code_challenge", challenge()}, "invalid_request"},
		"PKCE without hash":   {[]string{"code_challenge_method", "S256"}, "invalid_request"},
		"short hash":          {[]string{"code_challenge", "abc", "code_challenge_method", "S256"}, "invalid_request"},
		"unknown provider":    {[]string{"identity_provider", "Evil"}, "invalid_request"},
		"unknown identifier":  {[]string{"idp_identifier", "evil"}, "invalid_request"},
		"prompt with none":    {[]string{"prompt", "none login"}, "invalid_request"},
		"machine's client":    {[]string{"client_id", machine.Client}, "/error"},
		"long state":          {[]string{"state", strings.Repeat("x", 5000)}, "/error"},
		"header in state":     {[]string{"state", "x\r\nSet-Cookie: a=b", "scope", "bad"}, "invalid_scope"},
	} {
		answer, _ := s.get("/oauth2/authorize", s.query(c.pairs...))
		to := location(t, answer)
		switch {
		case c.code == "/error":
			if to.Path != "/error" || to.Hostname() != "localhost" {
				t.Errorf("%s: %s", name, to)
			}
		case !strings.HasPrefix(to.String(), callback+"?") || to.Query().Get("error") != c.code || to.Query().Get("state") == "":
			t.Errorf("%s: %s, want %s", name, to, c.code)
		}
		if len(answer.Cookies()) != 0 {
			t.Errorf("%s: cookies %v", name, answer.Cookies())
		}
	}
	answer, page := s.get("/error", url.Values{"error": {"<script>alert(1)</script>"}})
	if answer.StatusCode != http.StatusBadRequest || strings.Contains(page, "<script>") || !strings.Contains(page, "An error was encountered with the requested page.") {
		t.Errorf("error page: %d %s", answer.StatusCode, page)
	}
	// A callback with a query of its own keeps it.
	answer, _ = s.get("/oauth2/authorize", s.query("redirect_uri", "https://app.example.com/cb?x=1", "scope", "bad"))
	if to := location(t, answer); !strings.HasPrefix(to.String(), "https://app.example.com/cb?x=1&error=invalid_scope&state=") {
		t.Errorf("callback with a query: %s", to)
	}
}

// The pages refuse forms of other sites, and say nothing about who exists.
func TestLoginPage(t *testing.T) {
	r := start(t, nil)
	s := newSite(t, r, nil)
	s.person()
	answer, page := s.get("/login", s.query())
	if answer.StatusCode != http.StatusOK {
		t.Fatal(answer.StatusCode)
	}
	policy := answer.Header.Get("Content-Security-Policy")
	for _, want := range []string{"default-src 'none'", "frame-ancestors 'none'", "form-action 'self' http://localhost:3000 https://app.example.com"} {
		if !strings.Contains(policy, want) {
			t.Errorf("policy %q lacks %s", policy, want)
		}
	}
	if strings.Contains(policy, "script-src") || strings.Contains(policy, "unsafe") || answer.Header.Get("X-Frame-Options") != "DENY" ||
		answer.Header.Get("Cache-Control") != "no-store" || answer.Header.Get("Referrer-Policy") != "no-referrer" {
		t.Errorf("headers %v", answer.Header)
	}
	for _, cookie := range answer.Cookies() {
		if !cookie.HttpOnly || cookie.SameSite != http.SameSiteLaxMode {
			t.Errorf("cookie %v", cookie)
		}
	}
	for _, want := range []string{`name="cognitoSignInForm"`, `class="cognito-asf"`, `id="signInFormUsername"`, `id="signInFormPassword"`, `name="signInSubmitButton"`,
		`name="cognitoAsfData"`, "Sign in with your email and password", "Forgot your password?", "Need an account?"} {
		if !strings.Contains(page, want) {
			t.Errorf("page lacks %s", want)
		}
	}
	told := map[string]string{}
	for name, pairs := range map[string][]string{
		"wrong password": {"username", jane, "password", "Wr0ng!word"},
		"nobody":         {"username", "nobody@example.com", "password", secretWord},
	} {
		answer, page := s.submit(page, pairs...)
		m := alert.FindStringSubmatch(page)
		if m == nil || answer.StatusCode != http.StatusOK {
			t.Fatalf("%s: %d %s", name, answer.StatusCode, page)
		}
		told[m[1]] = name
	}
	if len(told) != 1 || told["Incorrect username or password."] == "" {
		t.Errorf("told %v", told)
	}
	answer, page2 := s.submit(page, "username", jane, "password", secretWord, "_csrf", "forged")
	if answer.StatusCode == http.StatusFound || !strings.Contains(page2, "This form is too old") {
		t.Errorf("forged token: %d", answer.StatusCode)
	}
	bare := s.browser(newJar(t))
	form := url.Values{"username": {jane}, "password": {secretWord}, "_csrf": {""}}
	if answer, _ := s.do(bare, http.MethodPost, s.origin+"/login?"+s.query().Encode(), nil, form.Encode()); answer.StatusCode == http.StatusFound {
		t.Error("without any token")
	}
	_, german := s.get("/login", s.query("lang", "de"))
	if !strings.Contains(german, `<html lang="de">`) || !strings.Contains(german, "Passwort vergessen?") || !strings.Contains(german, "lang=de") {
		t.Error("no German page")
	}
}

// No page leads, or posts, to where the client did not register.
func TestOpenRedirects(t *testing.T) {
	r := start(t, nil)
	s := newSite(t, r, nil)
	s.person()
	for _, evil := range []string{"https://evil.example.com/cb", "//evil.example.com", "http://localhost:3000/cb@evil.example.com", "http://localhost:3000/cb/../x", "javascript:alert(1)",
		"http://localhost:3000/cb#x", " " + callback, callback + "\r\nLocation: https://evil.example.com"} {
		for _, path := range []string{"/login", "/signup", "/forgotPassword", "/confirm", "/passkeys/add"} {
			answer, page := s.get(path, s.query("redirect_uri", evil))
			if answer.StatusCode != http.StatusBadRequest || answer.Header.Get("Location") != "" || strings.Contains(page, "evil") {
				t.Errorf("%s %q: %d %s", path, evil, answer.StatusCode, answer.Header.Get("Location"))
			}
		}
		for _, name := range []string{"logout_uri", "redirect_uri"} {
			answer, _ := s.get("/logout", url.Values{"client_id": {s.client}, name: {evil}, "response_type": {"code"}})
			if to := location(t, answer); to.Path != "/error" || to.Hostname() != "localhost" {
				t.Errorf("logout %s %q: %s", name, evil, to)
			}
		}
	}
	// The form of a good page, sent to a bad address.
	_, page := s.get("/login", s.query())
	answer, _ := s.submit(strings.Replace(page, url.QueryEscape(callback), url.QueryEscape("https://evil.example.com/cb"), 1), "username", jane, "password", secretWord)
	if answer.StatusCode != http.StatusBadRequest {
		t.Errorf("changed form: %d %s", answer.StatusCode, answer.Header.Get("Location"))
	}
}

// A pool's own style is served as a sheet of the same origin.
func TestCustomisation(t *testing.T) {
	r := start(t, nil)
	s := newSite(t, r, nil)
	r.aws("SetUICustomization", doc{"UserPoolId": s.pool, "ClientId": s.client, "CSS": ".banner-customizable {background: teal;}"})
	_, page := s.get("/login", s.query())
	link := regexp.MustCompile(`href="(/_assets/custom.css[^"]+)"`).FindStringSubmatch(page)
	if link == nil {
		t.Fatalf("no stylesheet in %s", page)
	}
	answer, css := s.do(s.http, http.MethodGet, s.origin+plain(link[1]), nil, "")
	if answer.StatusCode != http.StatusOK || !strings.HasPrefix(answer.Header.Get("Content-Type"), "text/css") || !strings.Contains(css, "teal") {
		t.Errorf("%d %v %s", answer.StatusCode, answer.Header, css)
	}
	for path, want := range map[string]int{"/_assets/style.css": 200, "/_assets/passkey.js": 200, "/_assets/nothing": 404, "/_assets/..%2fview.go": 404, "/_assets/logo": 404} {
		if answer, _ := s.do(s.http, http.MethodGet, s.origin+path, nil, ""); answer.StatusCode != want {
			t.Errorf("%s: %d", path, answer.StatusCode)
		}
	}
}
