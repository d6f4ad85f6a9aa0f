package openidconnect_test

import (
	"compress/gzip"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gibbon-gateway/gibbon/internal/oidc/oidctest"
	"github.com/gibbon-gateway/gibbon/plugin/plugintest"
)

// say answers with a status and text.
func say(status int, text string) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		fmt.Fprint(w, text)
	}
}

// endless answers without end.
func endless(w http.ResponseWriter, r *http.Request) {
	for r.Context().Err() == nil {
		if _, err := w.Write(make([]byte, 64<<10)); err != nil {
			return
		}
	}
}

// drip answers a byte at a time.
func drip(w http.ResponseWriter, r *http.Request) {
	for r.Context().Err() == nil {
		fmt.Fprint(w, " ")
		if err := http.NewResponseController(w).Flush(); err != nil {
			return
		}
		select {
		case <-r.Context().Done():
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func bomb(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Encoding", "gzip")
	z := gzip.NewWriter(w)
	for range 64 {
		z.Write(make([]byte, 1<<20))
	}
	z.Close()
}

// callback opens a page, signs in, and lets change alter the provider's answer on the way back.
func (g *gateway) callback(b *browser, change func(q url.Values)) *plugintest.Result {
	g.t.Helper()
	_, answer := g.provider.Authorize(b.redirected(b.get("/")))
	change(answer)
	return b.get("/?" + answer.Encode())
}

// refusesCallback checks that changed answers of the provider are refused, without asking for tokens more often than once.
func (g *gateway) refusesCallback(changes map[string]func(q url.Values)) {
	g.t.Helper()
	for name, change := range changes {
		before := g.provider.Calls("/token")
		b := g.browser()
		r := g.callback(b, change)
		if r.Status == 200 || !r.Exited || b.cookies["session"] != "" || g.provider.Calls("/token") > before {
			g.t.Errorf("%s: %d, %d calls", name, r.Status, g.provider.Calls("/token")-before)
		}
		if strings.Contains(r.Body+strings.Join(r.Header, ""), "<script>") {
			g.t.Errorf("%s: script in %s %s", name, r.Header, r.Body)
		}
	}
}

func providerRows() []row {
	unknown := func(g *gateway) string {
		return oidctest.Sign("RS256", oidctest.Key(oidctest.SpareKey), map[string]any{"kid": oidctest.SpareKey}, g.provider.Claims())
	}
	return []row{
		{34, "discovery", "the document names another issuer", "a warning; refused with `verify_parameters`", func(t *testing.T, g *gateway) {
			g.provider.Document = func(doc map[string]any) { doc["issuer"] = "https://other.example" }
			g.refuses(map[string]string{"strict": g.provider.Token(), "strict, theirs": g.provider.Token("iss", "https://other.example")})
			g.with(onlyBearer)
			g.refuses(map[string]string{"the configured one": g.provider.Token()})
			wantStatus(t, g.bearer(g.provider.Token("iss", "https://other.example")), 200)
		}, onlyBearer + "\nverify_parameters: true"},
		{35, "discovery", "redirects without end or inwards, endless body, gzip bomb, slow drip", "bounded; what was good last stays", func(t *testing.T, g *gateway) {
			wantStatus(t, g.bearer(g.provider.Token()), 200)
			for name, bend := range map[string]func(http.ResponseWriter, *http.Request){
				"endless": endless, "drip": drip, "bomb": bomb,
				"redirects": func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, r.URL.Path, http.StatusFound) },
				"file": func(w http.ResponseWriter, r *http.Request) {
					http.Redirect(w, r, "file:///etc/passwd", http.StatusFound)
				},
			} {
				for _, path := range []string{"/.well-known/openid-configuration", "/keys"} {
					g.provider.Bend[path] = bend
					g.clock.advance(31 * time.Second)
					begin := time.Now()
					g.refuses(map[string]string{name: unknown(g)})
					if time.Since(begin) > 5*time.Second {
						t.Errorf("%s: took %v", name, time.Since(begin))
					}
					wantStatus(t, g.bearer(g.provider.Token()), 200)
					delete(g.provider.Bend, path)
				}
			}
		}, onlyBearer + "\ntimeout: 300"},
		{36, "discovery", "500, broken JSON, no keys, keys twice", "what was good last stays; tried again after 5 seconds", func(t *testing.T, g *gateway) {
			g.provider.Bend["/keys"] = say(500, "")
			g.refuses(map[string]string{"down from the start": g.provider.Token()})
			g.refuses(map[string]string{"not asked at once": g.provider.Token()})
			if n := g.provider.Calls("/keys"); n != 1 {
				t.Errorf("%d fetches", n)
			}
			delete(g.provider.Bend, "/keys")
			g.clock.advance(6 * time.Second)
			wantStatus(t, g.bearer(g.provider.Token()), 200)
			for _, text := range []string{"<html>", "", "{}", `{"keys":[]}`, `{"keys":[{}]}`, `{"keys":"x"}`, "[]", "null"} {
				g.provider.Bend["/keys"] = say(200, text)
				g.clock.advance(31 * time.Second)
				g.refuses(map[string]string{text: unknown(g)})
				wantStatus(t, g.bearer(g.provider.Token()), 200)
			}
			delete(g.provider.Bend, "/keys")
			g.provider.KeySet = func(set map[string]any) { set["keys"] = append(set["keys"].([]any), set["keys"].([]any)...) }
			g.clock.advance(31 * time.Second)
			g.refuses(map[string]string{"twice": unknown(g)})
			wantStatus(t, g.bearer(g.provider.Token()), 200)
		}, onlyBearer},
		{37, "JWKS", "a new key just before it signs; the old one removed", "accepted after one fetch; tokens by the old one are refused then, cached ones too", func(t *testing.T, g *gateway) {
			old := g.provider.Token()
			wantStatus(t, g.bearer(old), 200)
			g.clock.advance(31 * time.Second)
			g.provider.Keys, g.provider.Signing = map[string]any{oidctest.SpareKey: oidctest.Key(oidctest.SpareKey)}, oidctest.SpareKey
			wantStatus(t, g.bearer(g.provider.Token()), 200)
			g.refuses(map[string]string{"old": old})
			if n := g.provider.Calls("/keys"); n != 2 {
				t.Errorf("%d fetches", n)
			}
		}, onlyBearer},
		{38, "JWKS", "private and symmetric keys in the document", "symmetric ones are not used", func(t *testing.T, g *gateway) {
			g.provider.KeySet = func(set map[string]any) {
				set["keys"] = append(set["keys"].([]any), map[string]any{"kty": "oct", "kid": "shared", "k": "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0"},
					parseJSON(oidctest.PrivateJWK(oidctest.SpareKey)))
			}
			for _, config := range []string{onlyBearer, onlyBearer + "\nenable_hs_signatures: true"} {
				g.with(config)
				g.refuses(map[string]string{"shared": oidctest.Sign("HS256", []byte("secret-secret-secret-secret"), map[string]any{"kid": "shared"}, g.provider.Claims()),
					"private": unknown(g)})
			}
		}, onlyBearer},
		{39, "state", "missing, wrong, of another browser, used before, too old", "never exchanged; 401, or the login begins anew", func(t *testing.T, g *gateway) {
			other := g.browser()
			g.refusesCallback(map[string]func(q url.Values){
				"missing": func(q url.Values) { q.Del("state") },
				"wrong":   func(q url.Values) { q.Set("state", strings.Repeat("x", 24)) },
				"short":   func(q url.Values) { q.Set("state", "x") },
				"path":    func(q url.Values) { q.Set("state", "../../../../../../../../") },
				"other":   func(q url.Values) { q.Set("state", g.stateOf(other)) },
				"old":     func(url.Values) { g.clock.advance(601 * time.Second) },
			})
			b := g.browser()
			location := b.redirected(b.get("/"))
			kept := b.cookies[onlyName(b)]
			name := onlyName(b)
			_, answer := g.provider.Authorize(location)
			wantStatus(t, b.get("/?"+answer.Encode()), 200)
			before := g.provider.Calls("/token")
			if r := g.ask("/?"+answer.Encode(), "Cookie", name+"="+kept); r.Status != 401 || g.provider.Calls("/token") != before {
				t.Errorf("used before: %d", r.Status)
			}
		}, ""},
		{40, "state", "callback without the cookie (somebody else's login)", "401", func(t *testing.T, g *gateway) {
			attacker := g.browser()
			_, answer := g.provider.Authorize(attacker.redirected(attacker.get("/")))
			wantStatus(t, g.browser().get("/?"+answer.Encode()), 401)
			if g.provider.Calls("/token") != 0 {
				t.Error("the code was exchanged")
			}
		}, ""},
		{41, "code", "twice, with an error, empty, 10 kB", "401, not exchanged", func(t *testing.T, g *gateway) {
			g.refusesCallback(map[string]func(q url.Values){
				"two": func(q url.Values) { q.Add("code", "x") }, "error": func(q url.Values) { q.Set("error", "x") },
				"empty": func(q url.Values) { q.Set("code", "") }, "long": func(q url.Values) { q.Set("code", strings.Repeat("c", 10<<10)) },
				"two states": func(q url.Values) { q.Add("state", q.Get("state")) },
			})
		}, ""},
		{42, "callback", "error=access_denied, script in error and error_description", "401; not echoed", func(t *testing.T, g *gateway) {
			g.refusesCallback(map[string]func(q url.Values){
				"denied": func(q url.Values) { q.Del("code"); q.Set("error", "access_denied") },
				"script": func(q url.Values) {
					q.Del("code")
					q.Set("error", "<script>\r\nX-Evil: 1")
					q.Set("error_description", "<script>alert(1)</script>")
				},
			})
		}, "display_errors: true"},
		{43, "callback", "`iss` wrong, or missing though the provider says that it sends it", "401, not exchanged", func(t *testing.T, g *gateway) {
			g.refusesCallback(map[string]func(q url.Values){
				"wrong": func(q url.Values) { q.Set("iss", "https://evil.example") }, "missing": func(q url.Values) { q.Del("iss") },
				"empty": func(q url.Values) { q.Set("iss", "") },
			})
		}, ""},
		{44, "callback", "an answer that was meant for another client or plugin", "401, not exchanged", func(t *testing.T, g *gateway) {
			b := g.browser()
			_, answer := g.provider.Authorize(b.redirected(b.get("/")))
			g.with("client_id: [machine]\nclient_secret: [machine-secret]")
			wantStatus(t, b.get("/?"+answer.Encode()), 401)
			if g.provider.Calls("/token") != 0 {
				t.Error("the code was exchanged")
			}
		}, ""},
		{45, "PKCE", "the document stops to name S256 (downgrade)", "S256 stays when configured; plain is never sent", func(t *testing.T, g *gateway) {
			g.provider.Document = func(doc map[string]any) { doc["code_challenge_methods_supported"] = []string{"plain"} }
			b := g.browser()
			if to := b.redirected(b.get("/")); !strings.Contains(to, "code_challenge_method=S256") {
				t.Errorf("to %s", to)
			}
			b = g.with("rediscovery_lifetime: 31").browser()
			if to := b.redirected(b.get("/")); strings.Contains(to, "code_challenge") {
				t.Errorf("to %s", to)
			}
		}, "require_proof_key_for_code_exchange: true"},
		{46, "PKCE", "verifier short or used twice", "43 characters of 256 random bits, a new one per login", func(t *testing.T, g *gateway) {
			seen := map[string]bool{}
			for range 3 {
				wantStatus(t, g.browser().signIn("/"), 200)
				v := g.provider.Form("/token").Get("code_verifier")
				if len(v) != 43 || seen[v] {
					t.Errorf("verifier of %d characters, seen %v", len(v), seen[v])
				}
				seen[v] = true
			}
		}, ""},
		{47, "response_mode", "answer by query where form_post was asked for, and the reverse", "401, not exchanged", func(t *testing.T, g *gateway) {
			g.refusesCallback(map[string]func(q url.Values){"query": func(url.Values) {}})
			g.with("")
			b := g.browser()
			_, answer := g.provider.Authorize(b.redirected(b.get("/")))
			r := b.send(plugintest.Request{Method: "POST", Body: answer.Encode(), Header: []string{"Content-Type", "application/x-www-form-urlencoded"}})
			if !r.Exited || g.provider.Calls("/token") != 0 {
				t.Errorf("form: %d", r.Status)
			}
		}, "response_mode: form_post"},
		{48, "JARM", "unsigned, of another issuer, for another client, expired, without state", "401, not exchanged", func(t *testing.T, g *gateway) {
			wantStatus(t, g.browser().signIn("/"), 200)
			change := func(edit func(claims map[string]any), sign func(claims map[string]any) string) func(q url.Values) {
				return func(q url.Values) {
					claims := claimsOf(t, q.Get("response"))
					edit(claims)
					q.Set("response", sign(claims))
				}
			}
			good := func(claims map[string]any) string { return g.provider.Sign(nil, claims) }
			set := func(name string, v any) func(url.Values) {
				return change(func(claims map[string]any) { claims[name] = v }, good)
			}
			g.refusesCallback(map[string]func(q url.Values){
				"iss": set("iss", "https://evil.example"), "aud": set("aud", "other"), "exp": set("exp", 1), "no exp": change(func(c map[string]any) { delete(c, "exp") }, good),
				"state": set("state", ""),
				"none":  change(func(map[string]any) {}, func(c map[string]any) string { return raw(`{"alg":"none"}`, jsonText(c), "") }),
				"forged": change(func(map[string]any) {}, func(c map[string]any) string {
					return oidctest.Sign("RS256", oidctest.Key(oidctest.SpareKey), map[string]any{"kid": oidctest.AccessKey}, c)
				}),
				"plain": func(q url.Values) {
					claims := claimsOf(t, q.Get("response"))
					q.Del("response")
					q.Set("code", claims["code"].(string))
					q.Set("state", claims["state"].(string))
				},
			})
		}, "response_mode: jwt"},
		{49, "PAR", "the endpoint is away, refuses, answers nonsense", "500, no fall-back to a plain request", func(t *testing.T, g *gateway) {
			for _, bend := range []func(http.ResponseWriter, *http.Request){say(500, ""), say(400, `{"error":"invalid_request"}`), say(201, "<html>"), say(201, `{"request_uri":""}`)} {
				g.provider.Bend["/par"] = bend
				wantStatus(t, g.browser().get("/"), 500)
			}
		}, "require_pushed_authorization_requests: true"},
		{50, "redirect", "Host or X-Forwarded-Host forged", "X-Forwarded-* of peers that are not trusted are not looked at; `redirect_uri` pins it", func(t *testing.T, g *gateway) {
			to, err := url.Parse(g.ask("/", "X-Forwarded-Host", "evil.example", "X-Forwarded-Proto", "https", "Forwarded", "host=evil.example").Get("Location"))
			if err != nil || to.Query().Get("redirect_uri") != "http://example.com:8000/" {
				t.Errorf("%v %v", to, err)
			}
			g.with("redirect_uri: [\"https://app.example/cb\"]")
			to, err = url.Parse(g.send(plugintest.Request{Host: "evil.example"}).Get("Location"))
			if err != nil || to.Query().Get("redirect_uri") != "https://app.example/cb" {
				t.Errorf("%v %v", to, err)
			}
		}, ""},
		{51, "redirect", "original URL `//evil.com`, `/\\evil.com`, CR LF, encoded dots", "always this origin, nothing split", func(t *testing.T, g *gateway) {
			for _, path := range []string{"//evil.com", "/\\evil.com", "///evil.com/..", "/\\/evil.com", "/a\r\nX-Evil: 1", "/%2e%2e/", "/@evil.com", "/:80", "/\t/evil.com"} {
				b := g.browser()
				_, answer := g.provider.Authorize(b.redirected(b.get(path + "?x=\r\n1")))
				to := b.get("/?" + answer.Encode()).Get("Location")
				u, err := url.Parse(to)
				if err != nil || u.Scheme+"://"+u.Host != "http://example.com:8000" || strings.HasPrefix(u.Path, "//") || strings.ContainsAny(to, "\r\n\t") {
					t.Errorf("%q: to %q", path, to)
				}
			}
		}, "login_action: redirect\nlogin_tokens: []\npreserve_query_args: true"},
		{52, "redirect", "logout with `post_logout_redirect_uri` or other targets in the request", "not looked at", func(t *testing.T, g *gateway) {
			b := g.browser()
			b.signIn("/")
			to := b.get("/logout?post_logout_redirect_uri=https://evil.example&returnTo=https://evil.example&logout_uri=https://evil.example").Get("Location")
			if strings.Contains(to, "evil") || !strings.Contains(to, "bye.example") {
				t.Errorf("to %s", to)
			}
		}, "logout_uri_suffix: /logout\nlogout_methods: [GET]\nlogout_redirect_uri: [\"https://bye.example\"]"},
		{53, "session", "cookie with bits flipped, cut short, chunks missing, swapped, of another session", "as no session", func(t *testing.T, g *gateway) {
			g.provider.ID = func(claims map[string]any) { claims["noise"] = noise(9000) }
			a, b := g.browser(), g.browser()
			a.signIn("/")
			b.signIn("/")
			if a.cookies["session2"] == "" {
				t.Fatalf("cookies %d", len(a.cookies))
			}
			wantStatus(t, a.get("/"), 200)
			with := func(one, two string) string {
				return "session=" + one + "; session2=" + two + "; session3=" + a.cookies["session3"]
			}
			for name, cookie := range map[string]string{"cut": with(a.cookies["session"][:100], a.cookies["session2"]), "missing": "session=" + a.cookies["session"],
				"swapped": with(a.cookies["session2"], a.cookies["session"]), "mixed": with(a.cookies["session"], b.cookies["session2"]), "many": "session=99999999999." + a.cookies["session"][2:],
				"negative": "session=-1." + a.cookies["session"][2:], "empty": "session="} {
				if r := g.ask("/", "Cookie", cookie); r.Status != 302 {
					t.Errorf("%s: %d", name, r.Status)
				}
			}
		}, ""},
		{54, "session", "cookie fixed before the login", "a new session with the login", func(t *testing.T, g *gateway) {
			b := g.browser()
			b.signIn("/")
			fixed := b.cookies["session"]
			victim := g.browser()
			location := victim.redirected(victim.get("/"))
			victim.cookies["session"] = fixed
			wantStatus(t, victim.comeBack(location), 200)
			if victim.cookies["session"] == fixed || victim.cookies["session"] == "" {
				t.Error("the session is the fixed one")
			}
		}, "session_storage: memory"},
		{55, "session", "cookie of another audience, client or issuer under the same secret; remember and login cookies as session", "as no session", func(t *testing.T, g *gateway) {
			b := g.browser()
			location := b.redirected(b.get("/"))
			login := b.cookies[onlyName(b)]
			b.comeBack(location)
			for name, value := range map[string]string{"remember": b.cookies["remember"], "login": login} {
				if r := g.ask("/", "Cookie", "session="+value); r.Status != 302 {
					t.Errorf("%s: %d", name, r.Status)
				}
			}
			for _, config := range []string{"session_audience: other", "client_id: [machine]"} {
				if r := g.with(config).ask("/", "Cookie", "session="+b.cookies["session"]); r.Status != 302 {
					t.Errorf("%s: %d", config, r.Status)
				}
			}
		}, "session_remember: true"},
		{56, "session", "replay after the logout", "refused with a store; a copied cookie of `session_storage: cookie` lives until its timeouts, or until back-channel logout", func(t *testing.T, g *gateway) {
			b := g.browser()
			b.signIn("/")
			stolen := b.cookies["session"]
			b.get("/logout")
			if r := g.ask("/", "Cookie", "session="+stolen); r.Status != 302 {
				t.Errorf("%d", r.Status)
			}
		}, "session_storage: memory\nlogout_uri_suffix: /logout\nlogout_methods: [GET]"},
		{57, "session", "over 4 kB, over 34 kB, 50 cookies, the same name twice", "split; then 500 with a reason in the log", func(t *testing.T, g *gateway) {
			g.provider.ID = func(claims map[string]any) { claims["noise"] = noise(40000) }
			b := g.browser()
			wantStatus(t, b.signIn("/"), 500)
			if !strings.Contains(g.log.String(), "session does not fit into cookies") {
				t.Error("no reason in the log")
			}
			g.provider.ID = nil
			b = g.browser()
			b.signIn("/")
			crowd := "session=" + b.cookies["session"]
			for i := range 50 {
				crowd += fmt.Sprintf("; c%d=x", i)
			}
			wantStatus(t, g.ask("/", "Cookie", crowd+"; session=other"), 200)
			if r := g.ask("/", "Cookie", "session=other; "+crowd); r.Status != 302 {
				t.Errorf("the other one first: %d", r.Status)
			}
		}, ""},
		{58, "session", "idle, rolling, absolute timeout, a second before and after; the clock set back", "as configured; a clock set back ends nothing", func(t *testing.T, g *gateway) {
			b := g.browser()
			b.signIn("/")
			cookie := "session=" + b.cookies["session"]
			for _, c := range []struct {
				at     time.Duration
				status int
			}{{99 * time.Second, 200}, {100 * time.Second, 302}, {-50 * time.Second, 200}} {
				g.clock.ahead.Store(int64(c.at))
				if r := g.ask("/", "Cookie", cookie); r.Status != c.status {
					t.Errorf("after %v: %d", c.at, r.Status)
				}
			}
		}, "session_idling_timeout: 100"},
		{59, "session", "stolen to another address or user agent, with `session_bind`", "as no session", func(t *testing.T, g *gateway) {
			b := g.browser()
			b.signIn("/")
			if r := g.ask("/", "Cookie", "session="+b.cookies["session"], "User-Agent", "other"); r.Status != 302 {
				t.Errorf("%d", r.Status)
			}
		}, "session_bind: [user-agent]"},
		{60, "session", "attributes of the cookie", "as configured; Secure over https; a login's cookie outlives form_post", func(t *testing.T, g *gateway) {
			r := g.browser().signIn("/")
			var set []string
			for _, line := range r.Header {
				if strings.HasPrefix(line, "Set-Cookie: __Host-s=") {
					set = append(set, line)
				}
			}
			if len(set) != 1 || !strings.HasSuffix(set[0], "; Path=/; SameSite=Strict; Secure; HttpOnly") || strings.Contains(set[0], "Domain") {
				t.Errorf("%q", set)
			}
		}, "session_cookie_name: __Host-s\nsession_cookie_same_site: Strict\nsession_cookie_secure: true"},
		{61, "session", "store away, slow, with garbage, emptied", "503, or the login; never let in (TestStateIsAway)", func(t *testing.T, g *gateway) { TestStateIsAway(t) }, ""},
		{62, "session", "secret changed, with old cookies", "as no session, unless the old secret is in `session_secret_fallbacks`", func(t *testing.T, g *gateway) {
			b := g.browser()
			b.signIn("/")
			if r := g.with("session_secret: another-0123456789").ask("/", "Cookie", "session="+b.cookies["session"]); r.Status != 302 {
				t.Errorf("%d", r.Status)
			}
			wantStatus(t, g.with("session_secret: another-0123456789\nsession_secret_fallbacks: [x, 0123456789abcdef]").ask("/", "Cookie", "session="+b.cookies["session"]), 200)
			g.clock.advance(2 * time.Minute)
			wantStatus(t, b.get("/"), 200) // it is sealed anew
			wantStatus(t, g.with("session_secret: another-0123456789").ask("/", "Cookie", "session="+b.cookies["session"]), 200)
		}, ""},
		{63, "refresh", "parallel requests with a refresh token that is good once", "one refresh, all succeed (TestSessionTokensAreRefreshed)", func(t *testing.T, g *gateway) {
			b := g.browser()
			b.signIn("/")
			g.clock.advance(301 * time.Second)
			var all sync.WaitGroup
			for range 5 {
				all.Go(func() {
					if r := g.Run(plugintest.Request{Header: []string{"Cookie", "session=" + b.cookies["session"]}}, plugintest.Reply{}); r.Status != 200 {
						t.Errorf("%d", r.Status)
					}
				})
			}
			all.Wait()
			if n := g.provider.Calls("/token"); n != 2 {
				t.Errorf("%d calls", n)
			}
		}, ""},
		{64, "refresh", "invalid_grant, 500 or time-out while the access token is still good, and when it is over", "goes on while it is good; then a new login, or 401 while the provider is away", func(t *testing.T, g *gateway) {
			b := g.browser()
			b.signIn("/")
			for _, bend := range []func(http.ResponseWriter, *http.Request){say(400, `{"error":"invalid_grant"}`), say(500, ""), drip} {
				g.provider.Bend["/token"] = bend
				g.clock.ahead.Store(int64(280 * time.Second))
				wantStatus(t, g.ask("/", "Cookie", "session="+b.cookies["session"]), 200)
			}
			g.clock.ahead.Store(int64(301 * time.Second))
			wantStatus(t, g.ask("/", "Cookie", "session="+b.cookies["session"]), 401)
			g.provider.Bend["/token"] = say(400, `{"error":"invalid_grant"}`)
			if r := g.ask("/", "Cookie", "session="+b.cookies["session"]); r.Status != 302 {
				t.Errorf("over: %d", r.Status)
			}
		}, "leeway: 60\ntimeout: 300"},
		{65, "refresh", "new ID token of another issuer or subject", "the session ends", func(t *testing.T, g *gateway) {
			for _, name := range []string{"iss", "sub"} {
				g.provider.ID = nil
				b := g.browser()
				b.signIn("/")
				g.clock.advance(301 * time.Second)
				g.provider.ID = func(claims map[string]any) { claims[name] = "https://evil.example" }
				if r := b.get("/"); r.Status != 302 || b.cookies["session"] != "" {
					t.Errorf("%s: %d", name, r.Status)
				}
			}
		}, ""},
		{66, "token endpoint", "HTML, an error with 200, 201, no or strange `token_type`; `expires_in` 0, −1, text, 10^18, absent", "401 for what is no answer; a lifetime of nothing is not cached, none is longer than the token's own", func(t *testing.T, g *gateway) {
			send := func() *plugintest.Result {
				return g.ask("/", "Authorization", basic(oidctest.Machine, oidctest.MachineKey))
			}
			for name, bend := range map[string]func(http.ResponseWriter, *http.Request){"html": say(200, "<html>"), "error": say(200, `{"error":"invalid_client"}`), "201": say(201, `{"access_token":"x"}`),
				"empty": say(200, ""), "list": say(200, "[]"), "no token": say(200, `{"token_type":"Bearer"}`), "MAC": say(200, `{"access_token":"x","token_type":"MAC"}`), "twice": say(200, `{"access_token":"x","access_token":"y"}`),
				"number": say(200, `{"access_token":5}`), "lifetime": say(200, `{"access_token":"x","expires_in":"x"}`), "redirect": say(302, ""), "big": endless} {
				g.provider.Bend["/token"] = bend
				g.clock.advance(2 * time.Second)
				if r := send(); r.Status != 401 {
					t.Errorf("%s: %d", name, r.Status)
				}
			}
			delete(g.provider.Bend, "/token")
			for text, calls := range map[any]int{0: 2, -1: 2, "3600": 1, 1e18: 1, nil: 1} {
				g.provider.Answer = func(doc map[string]any) {
					delete(doc, "token_type")
					if doc["expires_in"] = text; text == nil {
						delete(doc, "expires_in")
					}
				}
				g.clock.advance(400 * time.Second) // beyond the token's own exp, whatever was said
				before := g.provider.Calls("/token")
				wantStatus(t, send(), 200)
				wantStatus(t, send(), 200)
				if n := g.provider.Calls("/token") - before; n != calls {
					t.Errorf("expires_in %v: %d calls", text, n)
				}
			}
		}, "auth_methods: [client_credentials]\nscopes: []"},
		{67, "token endpoint", "an access token of another issuer, or with a bad signature", "401, unless `ignore_signature`", func(t *testing.T, g *gateway) {
			send := func() int { return g.ask("/", "Authorization", basic(oidctest.Machine, oidctest.MachineKey)).Status }
			g.provider.Access = func(claims map[string]any) { claims["iss"] = "https://evil.example" }
			if s := send(); s != 401 {
				t.Errorf("issuer: %d", s)
			}
			g.provider.Access = nil
			g.provider.Answer = func(doc map[string]any) { doc["access_token"] = unknown(g) }
			if s := send(); s != 401 {
				t.Errorf("signature: %d", s)
			}
			g.with("auth_methods: [client_credentials]\nscopes: []\nignore_signature: [client_credentials]")
			if s := send(); s != 200 {
				t.Errorf("ignored: %d", s)
			}
		}, "auth_methods: [client_credentials]\nscopes: []"},
	}
}

func onlyName(b *browser) (name string) {
	for name = range b.cookies {
	}
	return name
}

// stateOf begins a login and returns its state.
func (g *gateway) stateOf(b *browser) string {
	u, err := url.Parse(b.redirected(b.get("/")))
	if err != nil {
		g.t.Fatal(err)
	}
	return u.Query().Get("state")
}

// noise is text that cannot be compressed much.
func noise(n int) string {
	b := make([]byte, n)
	for i, x := 0, uint32(1); i < n; i++ {
		x ^= x << 13
		x ^= x >> 17
		x ^= x << 5
		b[i] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"[x>>20&63]
	}
	return string(b)
}
