// Package oidc_test runs the plugin openid-connect with providers that nobody here has written: oidc-provider (npm), the example of
// zitadel/oidc, glewlwyd and LemonLDAP::NG (Debian). Each is started on a free port, from a folder of its own; what the system has of them
// is left alone. docs/security/oidc.md has a table of what each was shown with.
package oidc_test

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/gibbon-gateway/gibbon/gibbontest"
	"github.com/gibbon-gateway/gibbon/internal/jose"
)

const secret = "a-secret-of-thirty-two-characters-or-more"

// routes are the route's path, which is the client's id too, and what its plugin is configured with.
var routes = []struct{ name, config string }{
	{"app", "session_storage: memory, logout_query_arg: logout, logout_methods: [GET], logout_uri_suffix: /logout, scopes: [openid, email, offline_access], search_user_info: true, upstream_headers: [{header: X-Mail, path: [email]}], session_store_metadata: true"},
	{"form", "response_mode: form_post"},
	{"jarm", "response_mode: query.jwt"},
	{"formjwt", "response_mode: form_post.jwt"},
	{"post", "client_auth: [client_secret_post]"},
	{"par", "require_pushed_authorization_requests: true"},
	{"jar", "client_auth: [client_secret_jwt], require_signed_request_object: true, require_pushed_authorization_requests: false"},
	{"es", ""},
	{"machine", "auth_methods: [client_credentials], scopes: [read], scopes_required: [read], audience_required: [\"https://api.example.com\"]"},
	{"basic", "auth_methods: [password, client_credentials, bearer, session, authorization_code], scopes: [read]"},
	{"bearer", "auth_methods: [bearer], scopes_required: [read]"},
	{"opaque", "auth_methods: [introspection]"},
	{"signed", "auth_methods: [introspection], introspection_accept: application/token-introspection+jwt, upstream_headers: [{header: X-Client, path: [client_id]}]"},
	{"hall", "auth_methods: [introspection], introspection_accept: application/token-introspection+jwt, audience_required: [\"https://hall.example.com\"], scopes_required: [read]"},
	{"bound", "auth_methods: [bearer], proof_of_possession_dpop: strict"},
}

// clientOf is the client of routes that have none of their own.
var clientOf = map[string]string{"basic": "app", "bearer": "app", "bound": "opaque"}

type setting struct {
	gateway  *gibbontest.Gateway
	upstream *gibbontest.Upstream
	issuer   string
}

// start runs the gateway and the provider.
func start(t *testing.T) *setting {
	t.Helper()
	install(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	s := &setting{issuer: fmt.Sprintf("http://localhost:%d", port)}
	s.upstream = gibbontest.NewUpstream(t, func(w http.ResponseWriter, r *http.Request) { fmt.Fprintf(w, "upstream %s", r.URL.Path) })
	proxy := freeAddress(t)
	s.gateway = gibbontest.Start(t, s.config("http://"+proxy), map[string]string{"proxy_listen": proxy})
	s.runProvider(t, port)
	return s
}

func freeAddress(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func (s *setting) config(proxy string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "_format_version: \"3.0\"\nservices:\n- name: up\n  url: %s\n  routes:\n  - {name: bye, paths: [/bye]}\n", s.upstream.URL)
	for _, r := range routes {
		client := r.name
		if other := clientOf[r.name]; other != "" {
			client = other
		}
		config := fmt.Sprintf("issuer: %q, client_id: [%s], client_secret: [%s], session_secret: s3cret-%s, redirect_uri: [\"%s/%s/callback\"], login_action: redirect, login_tokens: null, preserve_query_args: true, session_cookie_path: /%s, logout_redirect_uri: [\"%s/bye\"]",
			s.issuer, client, secret, r.name, proxy, r.name, r.name, proxy)
		if r.name == "app" {
			config = strings.Replace(config, "session_cookie_path: /app", "session_cookie_path: /", 1)
		}
		if r.config != "" {
			config += ", " + r.config
		}
		fmt.Fprintf(&b, "  - name: %s\n    paths: [/%s]\n    strip_path: false\n    plugins:\n    - name: openid-connect\n      config: {%s}\n", r.name, r.name, config)
	}
	return b.String()
}

func (s *setting) runProvider(t *testing.T, port int) {
	ctx, cancel := context.WithCancel(context.Background())
	c := exec.CommandContext(ctx, "node", "provider.mjs")
	c.Env = append(os.Environ(), fmt.Sprint("PORT=", port), "GATEWAY="+s.gateway.Proxy)
	c.Stderr = t.Output()
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		_ = c.Wait() // it was ended
	})
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if lines.Text() == "ready" {
			go io.Copy(io.Discard, out)
			return
		}
	}
	t.Fatal("the provider did not start")
}

// install runs npm where its result is older than the lock file.
func install(t *testing.T) {
	t.Helper()
	lock, err := os.Stat("package-lock.json")
	if err != nil {
		t.Fatal(err)
	}
	if done, err := os.Stat("node_modules/.package-lock.json"); err == nil && !done.ModTime().Before(lock.ModTime()) {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	c := exec.CommandContext(ctx, "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("npm ci: %v\n%s", err, out)
	}
}

// user is somebody with a browser without scripts.
type user struct {
	t *testing.T
	*http.Client
	jar *cookiejar.Jar

	page  func(u *user, at *url.URL) (next string) // stands for the script of a page, where one is needed: says where the page leads to
	asked int                                      // how often the provider has asked for name and password
}

func newUser(t *testing.T) *user {
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &user{t: t, Client: &http.Client{Jar: jar, Timeout: 30 * time.Second}, jar: jar}
}

var (
	formTag  = regexp.MustCompile(`(?s)<form[^>]*action="([^"]*)"[^>]*>(.*?)</form>`)
	inputTag = regexp.MustCompile(`<input[^>]*>`)
	attr     = regexp.MustCompile(`(name|value)="([^"]*)"`)
)

// visit opens an address and sends every form that the provider shows, until the upstream has answered.
func (u *user) visit(address string) (where, body string) {
	u.t.Helper()
	response, err := u.Get(address)
	for range 8 {
		if err != nil {
			u.t.Fatal(err)
		}
		text, err2 := io.ReadAll(response.Body)
		response.Body.Close()
		if err2 != nil {
			u.t.Fatal(err2)
		}
		at := response.Request.URL
		if u.page != nil {
			if next := u.page(u, at); next != "" {
				response, err = u.Get(next)
				continue
			}
		}
		openIframes(u, text)
		m := formTag.FindSubmatch(text)
		if m == nil {
			return at.String(), fmt.Sprint(response.StatusCode, " ", string(text))
		}
		values := url.Values{}
		for _, tag := range inputTag.FindAll(m[2], -1) {
			pair := map[string]string{}
			for _, a := range attr.FindAllSubmatch(tag, -1) {
				pair[string(a[1])] = html.UnescapeString(string(a[2]))
			}
			values.Set(pair["name"], pair["value"])
		}
		if values.Has("login") {
			values.Set("login", "alice")
			values.Set("password", "x")
		}
		if values.Has("username") {
			values.Set("username", "test-user@localhost")
			values.Set("password", "verysecure")
		}
		if values.Has("user") {
			u.asked++
			values.Set("user", "rtyler")
			values.Set("password", "rtyler")
		}
		if strings.Contains(string(m[1]), "/session/end") {
			values.Set("logout", "yes")
		}
		target, err2 := at.Parse(html.UnescapeString(string(m[1])))
		if err2 != nil {
			u.t.Fatal(err2)
		}
		response, err = u.PostForm(target.String(), values)
	}
	u.t.Fatalf("%s: forms without end", address)
	return "", ""
}

func (s *setting) ask(t *testing.T, path string, header ...string) (int, string) {
	t.Helper()
	r, err := http.NewRequest(http.MethodGet, s.gateway.Proxy+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	response, err := (&http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, Timeout: 30 * time.Second}).Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(text) + response.Header.Get("Www-Authenticate")
}

// token gets an access token as a client would, from the provider itself.
func (s *setting) token(t *testing.T, client, proof string) string {
	t.Helper()
	r, err := http.NewRequest(http.MethodPost, s.issuer+"/token", strings.NewReader("grant_type=client_credentials&scope=read"))
	if err != nil {
		t.Fatal(err)
	}
	r.SetBasicAuth(client, secret)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if proof != "" {
		r.Header.Set("DPoP", proof)
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var doc struct {
		Token string `json:"access_token"`
		Error string `json:"error_description"`
	}
	if err := json.NewDecoder(response.Body).Decode(&doc); err != nil || doc.Token == "" {
		t.Fatalf("token for %s: %d %s %v", client, response.StatusCode, doc.Error, err)
	}
	return doc.Token
}

func basic(id, secret string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(id+":"+secret))
}

func TestCertifiedProvider(t *testing.T) {
	if testing.Short() {
		return // starts node and a browser
	}
	s := start(t)
	for _, name := range []string{"app", "form", "jarm", "formjwt", "post", "par", "jar", "es"} {
		t.Run("login "+name, func(t *testing.T) { s.login(t, name) })
	}
	t.Run("machines", s.machines)
	t.Run("DPoP", s.proof)
	t.Run("logout", s.logout)
	t.Run("browser", func(t *testing.T) { s.script(t, "browser.mjs") })
}

func (s *setting) login(t *testing.T, name string) {
	u := newUser(t)
	for range 2 { // by a login, then by the session
		where, body := u.visit(s.gateway.Proxy + "/" + name + "/page?x=1")
		if where != s.gateway.Proxy+"/"+name+"/page?x=1" || body != "200 upstream /"+name+"/page" {
			t.Fatalf("at %s: %s", where, body)
		}
	}
	seen := s.upstream.Seen()
	last := seen[len(seen)-1]
	if !strings.HasPrefix(last.Header.Get("Authorization"), "Bearer ") || strings.Contains(last.Header.Get("Cookie"), "session=") ||
		last.Header.Get("X-Credential-Identifier") != "alice" {
		t.Errorf("upstream got %v", last.Header)
	}
	if name == "app" && last.Header.Get("X-Mail") != "alice@example.com" {
		t.Errorf("upstream got %v", last.Header)
	}
}

func (s *setting) machines(t *testing.T) {
	good := s.token(t, "machine", "")
	opaque := s.token(t, "opaque", "")
	signed, hall := s.token(t, "signed", ""), s.token(t, "hall", "")
	for _, c := range []struct {
		path, authorization string
		status              int
	}{
		{"/machine/x", basic("machine", secret), 200}, {"/machine/x", basic("machine", secret), 200}, {"/machine/x", basic("machine", "wrong"), 401},
		{"/machine/x", basic("opaque", secret), 403}, // its tokens have no audience
		{"/basic/x", basic("machine", secret), 200}, {"/basic/x", basic("machine", secret), 200}, {"/basic/x", "", 302},
		{"/bearer/x", "Bearer " + good, 200}, {"/bearer/x", "Bearer " + good[:len(good)-4] + "AAAA", 401}, {"/bearer/x", "Bearer " + opaque, 401},
		{"/opaque/x", "Bearer " + opaque, 200}, {"/opaque/x", "Bearer nonsense", 401},
		{"/signed/x", "Bearer " + signed, 200}, {"/signed/x", "Bearer nonsense", 401},
		// A signed answer (RFC 9701) for the audience of the token and for the client that asks; the one of hall by another algorithm.
		{"/hall/x", "Bearer " + hall, 200}, {"/signed/x", "Bearer " + hall, 200}, {"/hall/x", "Bearer " + signed, 403}, {"/hall/x", "Bearer nonsense", 401},
	} {
		header := []string{}
		if c.authorization != "" {
			header = append(header, "Authorization", c.authorization)
		}
		if status, body := s.ask(t, c.path, header...); status != c.status {
			t.Errorf("%s %.30s: %d %s", c.path, c.authorization, status, body)
		}
	}
}

// newProver makes a key, and returns what signs proofs of possession (RFC 9449) by it.
func newProver(t *testing.T) func(method, target, token string) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := key.PublicKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	encode := base64.RawURLEncoding.EncodeToString
	jwk := map[string]any{"kty": "EC", "crv": "P-256", "x": encode(raw[1:33]), "y": encode(raw[33:])}
	return func(method, target, token string) string {
		claims := map[string]any{"htm": method, "htu": target, "iat": time.Now().Unix(), "jti": rand.Text()}
		if token != "" {
			sum := sha256.Sum256([]byte(token))
			claims["ath"] = encode(sum[:])
		}
		text, err := jose.Sign("ES256", key, map[string]any{"typ": "dpop+jwt", "jwk": jwk}, claims)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
}

func (s *setting) proof(t *testing.T) {
	prove := newProver(t)
	token := s.token(t, "bound", prove("POST", s.issuer+"/token", ""))
	once := prove("GET", s.gateway.Proxy+"/bound/x", token)
	for _, c := range []struct {
		name, scheme, proof string
		status              int
	}{
		{"good", "DPoP ", once, 200}, {"again", "DPoP ", once, 401}, {"other path", "DPoP ", prove("GET", s.gateway.Proxy+"/bound/y", token), 401},
		{"as bearer", "Bearer ", prove("GET", s.gateway.Proxy+"/bound/x", token), 401}, {"none", "DPoP ", "", 401},
	} {
		header := []string{"Authorization", c.scheme + token}
		if c.proof != "" {
			header = append(header, "DPoP", c.proof)
		}
		if status, body := s.ask(t, "/bound/x", header...); status != c.status {
			t.Errorf("%s: %d %s", c.name, status, body)
		}
	}
	if status, _ := s.ask(t, "/bound/x", "Authorization", "Bearer "+s.token(t, "machine", "")); status != 401 {
		t.Errorf("not bound: %d", status)
	}
}

// The provider's logout reaches the gateway by the back channel, and ends the session of another browser tab.
func (s *setting) logout(t *testing.T) {
	u := newUser(t)
	u.visit(s.gateway.Proxy + "/app/page")
	other := &user{t: t, Client: &http.Client{Jar: u.jar, Timeout: u.Timeout}, jar: u.jar}
	if where, body := u.visit(s.issuer + "/session/end"); !strings.Contains(where, "/session/end/success") {
		t.Fatalf("at %s: %s", where, body)
	}
	other.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	response, err := other.Get(s.gateway.Proxy + "/app/page")
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != 302 {
		t.Errorf("after the provider's logout: %d", response.StatusCode)
	}
	u.CheckRedirect = nil
	u.visit(s.gateway.Proxy + "/app/page")
	if where, body := u.visit(s.gateway.Proxy + "/app/page?logout=1"); where != s.gateway.Proxy+"/bye" || body != "200 upstream /" {
		t.Errorf("logout leads to %s: %s", where, body)
	}
}

// script runs a script of node's with what npm has installed.
func (s *setting) script(t *testing.T, name string) {
	install(t)
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	defer cancel()
	c := exec.CommandContext(ctx, "node", name)
	c.Env = append(os.Environ(), "GATEWAY="+s.gateway.Proxy)
	if out, err := c.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
