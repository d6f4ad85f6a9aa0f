package openidconnect_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gibbon-gateway/gibbon/entity"
	"github.com/gibbon-gateway/gibbon/internal/oidc/oidctest"
	_ "github.com/gibbon-gateway/gibbon/internal/plugins" // their kinds of entities
	"github.com/gibbon-gateway/gibbon/internal/plugins/openidconnect"
	"github.com/gibbon-gateway/gibbon/internal/plugins/stage"
	"github.com/gibbon-gateway/gibbon/plugin/plugintest"
)

// gateway is a plugin in front of an upstream, and the provider that it relies on.
type gateway struct {
	*plugintest.Instance
	t        testing.TB
	provider *oidctest.Provider
	stage    *stage.Stage
	clock    *clock
	log      *journal
	version  string // of HTTP, of requests on trial
}

// journal keeps what is logged.
type journal struct {
	mu   sync.Mutex
	text strings.Builder
}

func (j *journal) Write(b []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(b)
}
func (j *journal) String() string { j.mu.Lock(); defer j.mu.Unlock(); return j.text.String() }

type clock struct{ ahead atomic.Int64 }

func (c *clock) now() time.Time          { return time.Now().Add(time.Duration(c.ahead.Load())) }
func (c *clock) advance(d time.Duration) { c.ahead.Add(int64(d)) }

var alice = &entity.Consumer{ID: "11111111-1111-4111-8111-111111111111", Username: "alice", CustomID: "c-1"}

// start makes a gateway. config is YAML; what it does not say is the provider's issuer, the client and its secret.
func start(t testing.TB, config string) *gateway {
	t.Helper()
	g := prepare(t)
	g.with(config)
	return g
}

// prepare makes a provider and a stage without a plugin.
func prepare(t testing.TB) *gateway {
	g := &gateway{t: t, provider: oidctest.New(t), stage: stage.New(t), clock: new(clock), log: new(journal)}
	g.stage.Log = io.MultiWriter(g.log, t.Output())
	g.provider.Now, g.stage.Now = g.clock.now, g.clock.now
	g.stage.Consumers = []*entity.Consumer{alice, {ID: "22222222-2222-4222-8222-222222222222", Username: "guest"}}
	var objects []entity.Object
	for _, c := range g.stage.Consumers {
		objects = append(objects, entity.Object{Kind: entity.KindOf("consumers"), ID: c.ID,
			Doc: json.RawMessage(jsonText(map[string]any{"id": c.ID, "username": c.Username}))})
	}
	set, problems := entity.NewSet(1, objects)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	g.stage.Set = set
	return g
}

// with makes the plugin of a configuration.
func (g *gateway) with(config string) *gateway {
	g.t.Helper()
	g.Instance = g.stage.Instance(g.t, openidconnect.Type, g.config(config))
	return g
}

func (g *gateway) config(config string) string {
	secret, err := json.Marshal(oidctest.Secret)
	if err != nil {
		g.t.Fatal(err)
	}
	for name, value := range map[string]string{"issuer": g.provider.URL, "client_id": "[" + oidctest.Client + "]",
		"client_secret": "[" + string(secret) + "]", "session_secret": "0123456789abcdef"} {
		if !strings.Contains("\n"+config, "\n"+name+":") {
			config += "\n" + name + ": " + value
		}
	}
	return config
}

// ask sends a request; header holds names and values in turn.
func (g *gateway) ask(target string, header ...string) *plugintest.Result {
	g.t.Helper()
	return g.send(plugintest.Request{Target: target, Header: header})
}

func (g *gateway) send(in plugintest.Request) *plugintest.Result {
	g.t.Helper()
	r := g.Run(in, plugintest.Reply{})
	if r.Err != nil {
		g.t.Fatalf("%s %s: %v", in.Method, in.Target, r.Err)
	}
	return r
}

// bearer sends a token.
func (g *gateway) bearer(token string) *plugintest.Result {
	g.t.Helper()
	return g.ask("/things", "Authorization", "Bearer "+token)
}

func basic(id, secret string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(id+":"+secret))
}

// wantStatus checks a status; 200 means that the upstream was asked.
func wantStatus(t testing.TB, r *plugintest.Result, status int) {
	t.Helper()
	if r.Status != status || r.Exited != (status != 200) {
		t.Fatalf("status %d (answered by the plugin: %v), want %d; %s; %s", r.Status, r.Exited, status, r.Header, r.Body)
	}
}

// browser keeps cookies, as browsers do.
type browser struct {
	g       *gateway
	cookies map[string]string
}

func (g *gateway) browser() *browser { return &browser{g: g, cookies: map[string]string{}} }

func (b *browser) get(target string, header ...string) *plugintest.Result {
	b.g.t.Helper()
	return b.send(plugintest.Request{Target: target, Header: header})
}

func (b *browser) send(in plugintest.Request) *plugintest.Result {
	b.g.t.Helper()
	var pairs []string
	for name, value := range b.cookies {
		pairs = append(pairs, name+"="+value)
	}
	if len(pairs) > 0 {
		in.Header = append(in.Header, "Cookie", strings.Join(pairs, "; "))
	}
	r := b.g.send(in)
	for _, line := range r.Header {
		if field, ok := strings.CutPrefix(line, "Set-Cookie: "); ok {
			pair, attributes, _ := strings.Cut(field, ";")
			name, value, _ := strings.Cut(pair, "=")
			if b.cookies[name] = value; strings.Contains(attributes, "Max-Age=0") {
				delete(b.cookies, name)
			}
		}
	}
	return r
}

// signIn opens a page without a session, signs in and comes back.
func (b *browser) signIn(target string) *plugintest.Result {
	b.g.t.Helper()
	return b.comeBack(b.redirected(b.get(target)))
}

// redirected returns where a response sends the browser.
func (b *browser) redirected(r *plugintest.Result) string {
	b.g.t.Helper()
	if r.Status != 302 || r.Get("Location") == "" {
		b.g.t.Fatalf("no redirect: %d %s %s", r.Status, r.Header, r.Body)
	}
	return r.Get("Location")
}

// comeBack signs in at the provider and follows its redirect.
func (b *browser) comeBack(location string) *plugintest.Result {
	b.g.t.Helper()
	to, answer := b.g.provider.Authorize(location)
	u, err := url.Parse(to)
	if err != nil || to == "" {
		b.g.t.Fatalf("provider: %v %v", answer, err)
	}
	if strings.HasPrefix(b.g.provider.Mode, "form_post") {
		return b.send(plugintest.Request{Method: "POST", Target: u.Path, Body: answer.Encode(),
			Header: []string{"Content-Type", "application/x-www-form-urlencoded"}})
	}
	return b.get(u.Path + "?" + answer.Encode())
}

// claims reads what a token upstream says, without verifying it.
func claimsOf(t testing.TB, authorization string) map[string]any {
	t.Helper()
	parts := strings.Split(strings.TrimPrefix(authorization, "Bearer "), ".")
	if len(parts) != 3 {
		t.Fatalf("no JWT: %q", authorization)
	}
	text, err := base64.RawURLEncoding.DecodeString(parts[1])
	var claims map[string]any
	if err != nil || json.Unmarshal(text, &claims) != nil {
		t.Fatalf("claims of %q", authorization)
	}
	return claims
}

func form(pairs ...string) string {
	v := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		v.Add(pairs[i], pairs[i+1])
	}
	return v.Encode()
}

func jsonText(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(err)
	}
	return string(b)
}
