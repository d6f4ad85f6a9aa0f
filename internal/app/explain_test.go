package app_test

import (
	"crypto"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"
	"time"

	gojose "github.com/go-jose/go-jose/v4"

	"github.com/gibbon-gateway/gibbon/gibbontest"
	"github.com/gibbon-gateway/gibbon/internal/oidc/oidctest"
)

// asked is a request in the words of /openid-connect/explain.
type asked struct {
	token, dpop, basic, cookie, method, query, body string
	headers                                         map[string]string
	certificate                                     *tls.Certificate // it comes by TLS
}

// explainRow is one configuration of openid-connect, a request, and what becomes of it: the status that the client gets, 200 for the
// upstream's, and the check that refuses. make is called for each of the two that send the request; nil sends what it gave first.
type explainRow struct {
	name, config string
	make         func(w *world) asked
	once         bool // both send the very same
	before       func(w *world, in asked)
	status       int
	refused      string
	bend         func(p *oidctest.Provider) // what the provider does meanwhile
}

// world is what the rows need: the provider, and what is sent to a route.
type world struct {
	t        *testing.T
	g        *gibbontest.Gateway
	provider *oidctest.Provider
	up       *gibbontest.Upstream
	path     string // of the row's route
	mine     tls.Certificate
	other    tls.Certificate
}

func withToken(more ...any) func(w *world) asked {
	return func(w *world) asked { return asked{token: w.provider.Token(more...)} }
}

func sends(in asked) func(w *world) asked { return func(*world) asked { return in } }

func withHeader(name, value string) func(w *world) asked {
	return sends(asked{headers: map[string]string{name: value}})
}

var json401 = map[string]string{"Accept": "application/json"}

func explainRows() []explainRow {
	const bearer = `"auth_methods":["bearer"]`
	const scripts = `"auth_methods":["bearer","client_credentials","introspection"],"scopes":[]`
	const dpop = bearer + `,"proof_of_possession_dpop":"strict"`
	const mtls = bearer + `,"proof_of_possession_mtls":"strict"`
	bound := func(w *world, header, claims map[string]any) asked {
		token := w.provider.Token("cnf", map[string]any{"jkt": thumbprint(w.t)})
		return asked{token: token, dpop: w.proof(token, header, claims)}
	}
	certified := func(c func(w *world) *tls.Certificate) func(w *world) asked {
		return func(w *world) asked {
			sum := sha256.Sum256(w.mine.Certificate[0])
			return asked{token: w.provider.Token("cnf", map[string]any{"x5t#S256": base64.RawURLEncoding.EncodeToString(sum[:])}), certificate: c(w)}
		}
	}
	mine, other := func(w *world) *tls.Certificate { return &w.mine }, func(w *world) *tls.Certificate { return &w.other }
	bare := func(*world) *tls.Certificate { return &tls.Certificate{} }
	signedBy := func(alg string, key any, kid string) func(w *world) asked {
		return func(w *world) asked {
			return asked{token: oidctest.Sign(alg, key, map[string]any{"kid": kid}, w.provider.Claims())}
		}
	}
	first := func(w *world, in asked) { w.send(in) }
	return []explainRow{
		{name: "good", config: bearer, make: withToken(), status: 200},
		{name: "good, seen before", config: bearer, make: withToken(), once: true, before: first, status: 200},
		{name: "expired", config: bearer, make: withToken("exp", 1000000000), status: 401, refused: "times"},
		{name: "no exp", config: bearer, make: withToken("exp", nil), status: 401, refused: "end"},
		{name: "not yet", config: bearer, make: withToken("nbf", 99999999999), status: 401, refused: "times"},
		{name: "expired within leeway", config: bearer + `,"leeway":2000000000`, make: withToken("exp", 1000000000), status: 200},
		{name: "claims not verified", config: bearer + `,"verify_claims":false`, make: withToken("exp", nil, "iss", "https://other.example"), status: 200},
		{name: "wrong issuer", config: bearer, make: withToken("iss", "https://other.example"), status: 401, refused: "issuer"},
		{name: "no issuer", config: bearer, make: withToken("iss", nil), status: 401, refused: "issuer"},
		{name: "wrong audience", config: bearer + `,"audience_required":["api"]`, make: withToken("aud", "other"), status: 403, refused: "audience"},
		{name: "right audience", config: bearer + `,"audience_required":["api"]`, make: withToken("aud", []string{"x", "api"}), status: 200},
		{name: "alg HS256", config: bearer, make: signedBy("HS256", []byte(oidctest.Secret), oidctest.AccessKey), status: 401, refused: "signature"},
		{name: "alg HS256, enabled", config: bearer + `,"enable_hs_signatures":true`, make: signedBy("HS256", []byte(oidctest.Secret), oidctest.AccessKey), status: 200},
		{name: "alg none", config: bearer, make: func(w *world) asked {
			return asked{token: "eyJhbGciOiJub25lIn0." + strings.Split(w.provider.Token(), ".")[1] + "."}
		}, status: 401, refused: "signature"},
		{name: "another key", config: bearer, make: signedBy("RS256", oidctest.Key(oidctest.SpareKey), oidctest.AccessKey), status: 401, refused: "signature"},
		{name: "signature not verified", config: bearer + `,"verify_signature":false`, make: signedBy("RS256", oidctest.Key(oidctest.SpareKey), "x"), status: 200},
		{name: "an ID token", config: bearer, make: withToken("token_use", "id"), status: 401, refused: "form"},
		{name: "garbage", config: bearer, make: sends(asked{token: "a.b.c"}), status: 401, refused: "form"},
		{name: "missing scope", config: bearer + `,"scopes_required":["admin"]`, make: withToken(), status: 403, refused: "scope"},
		{name: "scope there", config: bearer + `,"scopes_required":["read"]`, make: withToken(), status: 200},
		{name: "missing role", config: bearer + `,"roles_required":["boss"],"roles_claim":["roles"]`, make: withToken("roles", "staff"), status: 403, refused: "role"},
		{name: "missing group", config: bearer + `,"groups_required":["boss"]`, make: withToken(), status: 403, refused: "group"},
		{name: "forbidden claim", config: bearer + `,"claims_forbidden":["act"]`, make: withToken("act", "x"), status: 403, refused: "forbidden claims"},
		{name: "two tokens", config: bearer, make: func(w *world) asked {
			return asked{token: w.provider.Token(), query: "access_token=" + w.provider.Token("sub", "root")}
		}, status: 400, refused: "access token"},
		{name: "token in the query", config: bearer + `,"bearer_token_param_type":["query"]`, make: func(w *world) asked {
			return asked{query: "access_token=" + w.provider.Token()}
		}, status: 200},
		{name: "token in a header where the query is looked at", config: bearer + `,"bearer_token_param_type":["query"]`, make: func(w *world) asked {
			return asked{headers: map[string]string{"Authorization": "Bearer " + w.provider.Token()}}
		}, status: 401, refused: "credential"},
		{name: "token in a form", config: bearer, make: func(w *world) asked {
			return asked{method: "POST", body: "access_token=" + w.provider.Token(), headers: map[string]string{"Content-Type": "application/x-www-form-urlencoded"}}
		}, status: 200},
		{name: "opaque, unknown method", config: bearer, make: sends(asked{token: "opaque"}), status: 401, refused: "access token"},
		{name: "introspected", config: scripts, make: func(w *world) asked {
			w.provider.Know("good-opaque", w.provider.Claims())
			return asked{token: "good-opaque"}
		}, status: 200},
		{name: "revoked", config: scripts, make: sends(asked{token: "revoked"}), status: 401, refused: "introspection"},
		{name: "revoked JWT", config: bearer + `,"introspect_jwt_tokens":true`, make: withToken(), status: 401, refused: "introspection"},
		{name: "revoked JWT, not introspected", config: bearer, make: withToken(), status: 200},
		{name: "revoked while it is remembered", config: scripts, once: true, make: func(w *world) asked {
			w.provider.Know("remembered-opaque", w.provider.Claims())
			return asked{token: "remembered-opaque"}
		}, before: func(w *world, in asked) {
			w.send(in)
			w.provider.Know("remembered-opaque", nil)
		}, status: 200},
		{name: "introspected, over", config: scripts, make: func(w *world) asked {
			w.provider.Know("old-opaque", w.provider.Claims("exp", 1000000000))
			return asked{token: "old-opaque"}
		}, status: 401, refused: "times"},
		{name: "introspection is away", config: scripts, make: sends(asked{token: "any-opaque"}), status: 401, refused: "introspection",
			bend: func(p *oidctest.Provider) { p.Bend["/introspect"] = say500 }},
		{name: "userinfo", config: `"auth_methods":["userinfo"]`, make: func(w *world) asked {
			w.provider.Know("user-opaque", w.provider.Claims())
			return asked{token: "user-opaque"}
		}, status: 200},
		{name: "userinfo refuses", config: `"auth_methods":["userinfo"]`, make: sends(asked{token: "nobody's"}), status: 401, refused: "userinfo"},
		{name: "DPoP", config: dpop, make: func(w *world) asked { return bound(w, nil, nil) }, status: 200},
		{name: "DPoP missing", config: dpop, make: func(w *world) asked {
			in := bound(w, nil, nil)
			return asked{headers: map[string]string{"Authorization": "DPoP " + in.token}}
		}, status: 401, refused: "DPoP proof"},
		{name: "DPoP as bearer", config: dpop, make: func(w *world) asked { return asked{token: bound(w, nil, nil).token} }, status: 401, refused: "DPoP proof"},
		{name: "DPoP of another method", config: dpop, make: func(w *world) asked { return bound(w, nil, map[string]any{"htm": "POST"}) }, status: 401, refused: "DPoP proof"},
		{name: "DPoP of another URL", config: dpop, make: func(w *world) asked { return bound(w, nil, map[string]any{"htu": w.g.Proxy + "/other"}) }, status: 401, refused: "DPoP proof"},
		{name: "DPoP of another token", config: dpop, make: func(w *world) asked { return bound(w, nil, map[string]any{"ath": "x"}) }, status: 401, refused: "DPoP proof"},
		{name: "DPoP too old", config: dpop, make: func(w *world) asked {
			return bound(w, nil, map[string]any{"iat": time.Now().Add(-time.Hour).Unix()})
		}, status: 401, refused: "DPoP proof"},
		{name: "DPoP replayed", config: dpop, once: true, make: func(w *world) asked { return bound(w, nil, nil) }, before: first, status: 401, refused: "DPoP proof"},
		{name: "DPoP without nonce", config: dpop + `,"dpop_use_nonce":true`, make: func(w *world) asked { return bound(w, nil, nil) }, status: 401, refused: "DPoP proof"},
		{name: "DPoP, token not bound", config: dpop, make: withToken(), status: 401, refused: "DPoP proof"},
		{name: "DPoP optional, token not bound", config: bearer + `,"proof_of_possession_dpop":"optional"`, make: withToken(), status: 200},
		{name: "mTLS", config: mtls, make: certified(mine), status: 200},
		{name: "mTLS, another certificate", config: mtls, make: certified(other), status: 401, refused: "client certificate"},
		{name: "mTLS, no certificate", config: mtls, make: certified(bare), status: 401, refused: "client certificate"},
		{name: "mTLS, token not bound", config: mtls, make: func(w *world) asked { return asked{token: w.provider.Token(), certificate: &w.mine} }, status: 401, refused: "client certificate"},
		{name: "Basic", config: scripts, make: sends(asked{basic: oidctest.Machine + ":" + oidctest.MachineKey}), status: 200},
		{name: "Basic, wrong secret", config: scripts, make: sends(asked{basic: oidctest.Machine + ":wrong"}), status: 401, refused: "token endpoint"},
		{name: "Basic, no pair", config: scripts, make: withHeader("Authorization", "Basic ###"), status: 401, refused: "client_credentials"},
		{name: "Basic of a user", config: `"auth_methods":["password"]`, make: sends(asked{basic: oidctest.User + ":" + oidctest.Password}), status: 200},
		{name: "Basic of a user, wrong password", config: `"auth_methods":["password"]`, make: sends(asked{basic: oidctest.User + ":wrong"}), status: 401, refused: "token endpoint"},
		{name: "Basic of a client where users are let in too", config: `"auth_methods":["password","client_credentials"],"scopes":[]`,
			make: sends(asked{basic: oidctest.Machine + ":" + oidctest.MachineKey}), status: 200, refused: "token endpoint"}, // as a user's
		{name: "refresh token", config: `"auth_methods":["refresh_token"],"refresh_token_param_name":"X-Refresh"`, make: withHeader("X-Refresh", "used-up"), status: 401, refused: "token endpoint"},
		{name: "nothing sent, by a browser", config: `"display_errors":true`, make: withHeader("Accept", "text/html"), status: 302},
		{name: "nothing sent, by a script", config: `"display_errors":true`, make: sends(asked{headers: json401}), status: 401, refused: "credential"},
		{name: "anonymous", config: bearer + `,"anonymous":"guest"`, make: sends(asked{token: "a.b.c"}), status: 200, refused: "form"},
		{name: "anonymous, nobody", config: bearer + `,"anonymous":"nobody"`, make: sends(asked{token: "a.b.c"}), status: 500, refused: "form"},
		{name: "preflight", config: bearer + `,"run_on_preflight":false`, make: sends(asked{method: "OPTIONS"}), status: 200},
		{name: "preflight that counts", config: bearer, make: sends(asked{method: "OPTIONS"}), status: 401, refused: "credential"},
		{name: "consumer", config: bearer + `,"consumer_claims":[["sub"]],"authenticated_groups_claim":["groups"],"upstream_headers":[{"header":"X-Team","path":["team"]}]`,
			make: withToken("groups", []string{"a", "b"}, "team", "red"), status: 200},
		{name: "consumer not found", config: bearer + `,"consumer_claims":[["sub"]]`, make: withToken("sub", "nobody"), status: 403, refused: "consumer"},
		{name: "consumer not found, optional", config: bearer + `,"consumer_claims":[["sub"]],"consumer_optional":true`, make: withToken("sub", "nobody"), status: 200},
		{name: "consumer group", config: bearer + `,"consumer_groups_claim":["plan"]`, make: withToken("plan", "gold"), status: 200},
		{name: "consumer group not found", config: bearer + `,"consumer_groups_claim":["plan"]`, make: withToken("plan", "tin"), status: 403, refused: "consumer groups"},
		{name: "refused, and sent elsewhere", config: bearer + `,"unauthorized_redirect_uri":["https://login.example/?a=b"]`, make: sends(asked{token: "a.b.c"}), status: 302, refused: "form"},
		{name: "session", config: `"session_secret":"0123456789abcdef"`, make: func(w *world) asked { return asked{cookie: w.signIn(), headers: json401} }, once: true, status: 200},
		{name: "session, tampered with", config: `"session_secret":"0123456789abcdef"`, make: func(w *world) asked {
			return asked{cookie: strings.Replace(w.signIn(), "=1.", "=1.AAAA", 1), headers: json401}
		}, once: true, status: 401, refused: "credential"},
		{name: "session of another browser", config: `"session_secret":"0123456789abcdef","session_bind":["user-agent"]`, make: func(w *world) asked {
			return asked{cookie: w.signIn(), headers: map[string]string{"Accept": "application/json", "User-Agent": "another"}}
		}, once: true, status: 401, refused: "credential"},
		{name: "parameters that the provider does not offer", config: bearer + `,"verify_parameters":true,"client_auth":["client_secret_jwt"]`, make: withToken(), status: 500, refused: "configuration"},
		{name: "provider unknown", config: bearer + `,"issuer":"http://127.0.0.1:1"`, make: withToken(), status: 401, refused: "discovery"},
		{name: "claims elsewhere", config: bearer + `,"resolve_distributed_claims":true,"groups_required":["staff"]`, make: func(w *world) asked {
			jwt := w.provider.Sign(nil, w.provider.Claims("groups", []string{"staff"}))
			return asked{token: w.provider.Token("_claim_names", map[string]any{"groups": "a"}, "_claim_sources", map[string]any{"a": map[string]any{"JWT": jwt}})}
		}, status: 200},
		{name: "exchanged", config: bearer + `,"token_exchange":{"subject_token_issuers":[{"issuer":"https://partner.example","verify_signature":false}]}`,
			make: withToken("iss", "https://partner.example"), status: 200},
		{name: "exchange refused", config: bearer + `,"token_exchange":{"subject_token_issuers":[{"issuer":"https://partner.example","verify_signature":false}]}`,
			make: withToken("iss", "https://partner.example"), status: 401, refused: "token endpoint", bend: func(p *oidctest.Provider) { p.Bend["/token"] = say500 }},
		{name: "logout", config: `"logout_uri_suffix":"/x"`, make: sends(asked{method: "POST"}), status: 200},
		{name: "resource metadata", config: bearer + `,"protected_resource_metadata":true`, make: sends(asked{headers: json401}), status: 401, refused: "credential"},
		{name: "plugin that cannot be started", config: bearer + `,"client_jwk":[{"kty":"RSA","n":"AA"}]`, make: withToken(), status: 500, refused: "plugin"},
		{name: "plugin of the service", config: "service", make: withToken("sub", "someone"), status: 403, refused: "scope"},
		{name: "plugin for all", config: "global", make: sends(asked{token: "a.b.c"}), status: 401, refused: "form"},
	}
}

func say500(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) }

// TestExplainEqualsRequests: what gibbon says that would become of a request is what becomes of it, for every row.
func TestExplainEqualsRequests(t *testing.T) {
	if testing.Short() {
		return // starts a gateway
	}
	w := &world{t: t, provider: oidctest.New(t), up: gibbontest.NewUpstream(t, nil)}
	authority := newAuthority(t)
	for _, c := range []*tls.Certificate{&w.mine, &w.other} {
		cert, key := authority.issue(t, "client")
		pair, err := tls.X509KeyPair([]byte(cert), []byte(key))
		if err != nil {
			t.Fatal(err)
		}
		*c = pair
	}
	rows := explainRows()
	w.g = gibbontest.Start(t, w.configuration(rows), map[string]string{"log_level": "crit"})
	secrets := []string{"eyJ", oidctest.Secret, oidctest.MachineKey, oidctest.Password, "opaque"}
	for i, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			w.t, w.path = t, fmt.Sprintf("/r%d/", i)
			if r.bend != nil {
				r.bend(w.provider)
				defer clear(w.provider.Bend)
			}
			in := r.make(w)
			if r.before != nil {
				r.before(w, in)
			}
			e, text := w.explain(fmt.Sprintf("r%d", i), in)
			if !r.once {
				in = r.make(w)
			}
			seen := len(w.up.Seen())
			resp, body := w.send(in)
			status, letIn := resp.StatusCode, len(w.up.Seen()) > seen
			if status != r.status {
				t.Errorf("a request is answered with %d, want %d: %s", status, r.status, body)
			}
			said := 200 // the upstream's
			if e.Status != nil {
				said = *e.Status
			}
			if said != status || e.LetIn != letIn {
				t.Errorf("explained as %d, let in: %v; a request got %d, let in: %v\n%s", said, e.LetIn, status, letIn, text)
			}
			if got := e.refused(); got != r.refused {
				t.Errorf("refused by %q, want %q\n%s", got, r.refused, text)
			}
			for _, s := range e.Steps {
				if s.Check == "" || s.Detail == "" || s.Outcome == "" {
					t.Errorf("a step that says nothing: %+v", s)
				}
			}
			for _, s := range secrets {
				if strings.Contains(strings.ReplaceAll(text, "an opaque token", ""), s) {
					t.Errorf("the answer shows %q:\n%s", s, text)
				}
			}
			if letIn {
				w.compareHeaders(e)
			} else if got, want := e.response("Www-Authenticate"), resp.Header.Get("Www-Authenticate"); got != want {
				t.Errorf("challenge %q, a request got %q", got, want)
			}
		})
	}
}

// explainedAnswer is what /openid-connect/explain says.
type explainedAnswer struct {
	LetIn    bool `json:"let_in"`
	Status   *int
	Steps    []struct{ Check, Outcome, Detail, Field string }
	Consumer *struct{ Name string }
	Groups   []string `json:"consumer_groups"`
	Upstream []pair   `json:"upstream_headers"`
	Response []pair   `json:"response_headers"`
}

type pair struct{ Name, Value string }

func (e *explainedAnswer) refused() string {
	var names []string
	for _, s := range e.Steps {
		if s.Outcome == "refused" {
			names = append(names, s.Check)
		}
	}
	return strings.Join(names, ", ")
}

func (e *explainedAnswer) response(name string) string {
	for _, f := range e.Response {
		if strings.EqualFold(f.Name, name) {
			return f.Value
		}
	}
	return ""
}

// compareHeaders holds what is said to go upstream against what went there.
func (w *world) compareHeaders(e *explainedAnswer) {
	w.t.Helper()
	said := http.Header{}
	for _, f := range e.Upstream {
		said.Add(f.Name, f.Value)
	}
	all := w.up.Seen()
	got := all[len(all)-1].Header
	for _, name := range []string{"X-Consumer-Id", "X-Consumer-Username", "X-Credential-Identifier", "X-Anonymous-Consumer", "X-Authenticated-Groups", "X-Team"} {
		if said.Get(name) != got.Get(name) {
			w.t.Errorf("%s: explained as %q, the upstream got %q", name, said.Get(name), got.Get(name))
		}
	}
	if a, b := said.Get("Authorization") != "", got.Get("Authorization") != ""; a != b {
		w.t.Errorf("Authorization: explained as there: %v, the upstream got it: %v", a, b)
	}
}

// configuration has a route for each row.
func (w *world) configuration(rows []explainRow) string {
	service := func(i int, route, own string) string {
		return fmt.Sprintf(`{"name":"s%d","url":%q%s,"routes":[{"name":"r%d","paths":["/r%d/"]%s}]}`, i, w.up.URL, own, i, i, route)
	}
	plugin := func(config string) string {
		doc := map[string]any{"issuer": w.provider.URL, "client_id": []string{oidctest.Client}, "client_secret": []string{oidctest.Secret}, "redirect_uri": nil}
		if err := json.Unmarshal([]byte("{"+config+"}"), &doc); err != nil {
			w.t.Fatalf("%s: %v", config, err)
		}
		delete(doc, "redirect_uri")
		text, err := json.Marshal(map[string]any{"name": "openid-connect", "config": doc})
		if err != nil {
			w.t.Fatal(err)
		}
		return string(text)
	}
	var services []string
	for i, r := range rows {
		switch r.config {
		case "service":
			services = append(services, service(i, "", `,"plugins":[`+plugin(`"auth_methods":["bearer"],"scopes_required":["admin"]`)+`]`))
		case "global":
			services = append(services, service(i, "", ""))
		default:
			services = append(services, service(i, `,"plugins":[`+plugin(r.config)+`]`, ""))
		}
	}
	return `{"_format_version":"3.0","services":[` + strings.Join(services, ",") + `],"plugins":[` + plugin(`"auth_methods":["bearer"]`) + `],
		"consumers":[{"username":"alice"},{"username":"guest"}],"consumer_groups":[{"name":"gold"}]}`
}

// explain asks what would become of a request.
func (w *world) explain(route string, in asked) (*explainedAnswer, string) {
	w.t.Helper()
	q := map[string]any{"route": route, "path": w.path + "x?" + in.query, "host": strings.TrimPrefix(w.g.Proxy, "http://")}
	for name, value := range map[string]string{"token": in.token, "dpop": in.dpop, "basic": in.basic, "cookie": in.cookie, "method": in.method, "body": in.body} {
		if value != "" {
			q[name] = value
		}
	}
	if in.headers != nil {
		q["headers"] = in.headers
	}
	if in.certificate != nil {
		q["scheme"], q["host"] = "https", strings.TrimPrefix(w.g.ProxyTLS, "https://")
		if len(in.certificate.Certificate) > 0 {
			q["certificate"] = string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: in.certificate.Certificate[0]}))
		}
	}
	body, err := json.Marshal(q)
	if err != nil {
		w.t.Fatal(err)
	}
	status, text := call(w.t, "POST", w.g.Admin+"/openid-connect/explain", string(body))
	var e explainedAnswer
	if err := json.Unmarshal([]byte(text), &e); err != nil || status != 200 || len(e.Steps) == 0 {
		w.t.Fatalf("%d %s", status, text)
	}
	return &e, text
}

// send sends a request through the gateway.
func (w *world) send(in asked) (*http.Response, string) {
	w.t.Helper()
	address, config := w.g.Proxy, &tls.Config{InsecureSkipVerify: true}
	if in.certificate != nil {
		if address = w.g.ProxyTLS; len(in.certificate.Certificate) > 0 {
			config.Certificates = []tls.Certificate{*in.certificate}
		}
	}
	method := in.method
	if method == "" {
		method = http.MethodGet
	}
	r, err := http.NewRequest(method, address+w.path+"x?"+in.query, strings.NewReader(in.body))
	if err != nil {
		w.t.Fatal(err)
	}
	for name, value := range in.headers {
		r.Header.Set(name, value)
	}
	scheme := "Bearer "
	if in.dpop != "" {
		scheme = "DPoP "
		r.Header.Set("DPoP", in.dpop)
	}
	if in.token != "" {
		r.Header.Set("Authorization", scheme+in.token)
	}
	if name, password, ok := strings.Cut(in.basic, ":"); ok {
		r.SetBasicAuth(name, password)
	}
	if in.cookie != "" {
		r.Header.Set("Cookie", in.cookie)
	}
	transport := &http.Transport{TLSClientConfig: config}
	defer transport.CloseIdleConnections()
	resp, err := transport.RoundTrip(r)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return resp, string(text)
}

// signIn logs a browser in on the row's route and returns its cookies.
func (w *world) signIn() string {
	w.t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		w.t.Fatal(err)
	}
	c := &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	get := func(address string) *http.Response {
		resp, err := c.Get(address)
		if err != nil {
			w.t.Fatal(err)
		}
		resp.Body.Close()
		return resp
	}
	to, answer := w.provider.Authorize(get(w.g.Proxy + w.path + "x").Header.Get("Location"))
	if resp := get(to + "?" + answer.Encode()); resp.StatusCode >= 400 {
		w.t.Fatalf("login: %d", resp.StatusCode)
	}
	u, err := url.Parse(w.g.Proxy + w.path)
	if err != nil {
		w.t.Fatal(err)
	}
	var all []string
	for _, cookie := range jar.Cookies(u) {
		all = append(all, cookie.Name+"="+cookie.Value)
	}
	return strings.Join(all, "; ")
}

func thumbprint(t *testing.T) string {
	t.Helper()
	j := gojose.JSONWebKey{Key: oidctest.Key(oidctest.CurveKey)}
	public := j.Public()
	sum, err := public.Thumbprint(crypto.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	return base64.RawURLEncoding.EncodeToString(sum)
}

// proof makes a DPoP proof for a token.
func (w *world) proof(token string, header, claims map[string]any) string {
	var key map[string]any
	if err := json.Unmarshal([]byte(oidctest.PublicJWK(oidctest.CurveKey)), &key); err != nil {
		w.t.Fatal(err)
	}
	sum := sha256.Sum256([]byte(token))
	h := map[string]any{"typ": "dpop+jwt", "jwk": key}
	c := map[string]any{"htm": "GET", "htu": w.g.Proxy + w.path + "x", "iat": time.Now().Unix(), "jti": rand.Text(), "ath": base64.RawURLEncoding.EncodeToString(sum[:])}
	maps.Copy(h, header)
	maps.Copy(c, claims)
	return oidctest.Sign("ES256", oidctest.Key(oidctest.CurveKey), h, c)
}
