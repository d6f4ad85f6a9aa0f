package openidconnect_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/gibbon-gateway/gibbon/entity"
	"github.com/gibbon-gateway/gibbon/internal/kongoauth2"
	"github.com/gibbon-gateway/gibbon/plugin"
	"github.com/gibbon-gateway/gibbon/plugin/plugintest"
)

// issued are tokens of the plugin oauth2, and where they are good.
type issued struct {
	g          *gateway
	here, away *entity.Service
}

// issue gives the gateway's consumer alice an application and tokens: good, endless, global, old.
func issue(g *gateway) *issued {
	t, s := g.t, g.stage
	k := &issued{g: g}
	k.here = s.Put(t, "services", map[string]any{"host": "here"}).(*entity.Service)
	k.away = s.Put(t, "services", map[string]any{"host": "away"}).(*entity.Service)
	s.Put(t, "consumers", map[string]any{"id": alice.ID, "username": alice.Username, "custom_id": alice.CustomID})
	app := s.Put(t, "oauth2_credentials", map[string]any{"name": "App", "client_id": "app", "consumer": map[string]any{"id": alice.ID}}).(*kongoauth2.Credential)
	for name, doc := range map[string]map[string]any{
		"good":    {"service": map[string]any{"id": k.here.ID}, "expires_in": int64(60), "scope": "read write", "authenticated_userid": "user-7"},
		"endless": {"service": map[string]any{"id": k.here.ID}, "expires_in": int64(0)},
		"global":  {"expires_in": int64(60)},
		"old":     {"service": map[string]any{"id": k.here.ID}, "expires_in": int64(60), "created_at": g.clock.now().Unix() - 62},
		"a.b.c":   {"service": map[string]any{"id": k.here.ID}, "expires_in": int64(60)},
	} {
		doc["access_token"], doc["credential"] = name, map[string]any{"id": app.ID}
		s.Put(t, "oauth2_tokens", doc)
	}
	return k
}

func (k *issued) ask(token string, service *entity.Service) *plugintest.Result {
	k.g.t.Helper()
	return k.g.send(plugintest.Request{Target: "/things", Service: service, Header: []string{"Authorization", "Bearer " + token, "X-Consumer-Username", "root"}})
}

// A token of the plugin oauth2 lets in without the provider, as its application's consumer.
func TestKongOAuth2(t *testing.T) {
	for _, config := range []string{"auth_methods: [kong_oauth2]", "", "consumer_claim: [sub]", "auth_methods: [kong_oauth2, introspection]\nsearch_user_info: true"} {
		g := prepare(t)
		k := issue(g)
		g.with(config)
		r := k.ask("good", k.here)
		for name, want := range map[string]string{"X-Consumer-ID": alice.ID, "X-Consumer-Username": "alice", "X-Consumer-Custom-ID": "c-1",
			"X-Credential-Identifier": "app", "Authorization": "Bearer good"} {
			if got := r.Upstream.Get(name); got != want {
				t.Errorf("%s: %d, %s is %q, want %q", config, r.Status, name, got, want)
			}
		}
		if r.Exchange.Credential.ConsumerID != alice.ID || len(r.Get("Set-Cookie")) > 0 {
			t.Errorf("%s: %+v, cookie %q", config, r.Exchange.Credential, r.Get("Set-Cookie"))
		}
		wantStatus(t, k.ask("endless", k.here), 200)
		wantStatus(t, k.ask("global", k.away), 200)
		if n := g.provider.Calls("/introspect") + g.provider.Calls("/userinfo"); n != 0 {
			t.Errorf("%s: the provider was asked %d times", config, n)
		}
	}
}

// Other opaque tokens are the provider's, and claims of ours are looked at as any.
func TestKongOAuth2BesideOthers(t *testing.T) {
	g := prepare(t)
	k := issue(g)
	g.with("auth_methods: [kong_oauth2, bearer, introspection]\nscopes_required: [write]\nclaims_forbidden: [banned]")
	wantStatus(t, k.ask("good", k.here), 200)
	wantStatus(t, k.ask("endless", k.here), 403)
	wantStatus(t, g.bearer(g.provider.Token("scope", "write")), 200)
	wantStatus(t, k.ask("a.b.c", k.here), 401) // has the form of a signed token
	g.with("auth_methods: [kong_oauth2]\nanonymous: alice")
	if r := k.ask("nope", k.here); r.Status != 200 || r.Upstream.Get("X-Anonymous-Consumer") != "true" {
		t.Errorf("%d %q", r.Status, r.Upstream.Header)
	}
}

func TestExplainKongOAuth2(t *testing.T) {
	g := prepare(t)
	k := issue(g)
	g.stage.Scope = plugin.Scope{Service: k.here.ID}
	g.with("auth_methods: [kong_oauth2, introspection]")
	for token, want := range map[string]string{"good": "a token of the plugin oauth2, for the application app", "old": "expired", "nope": "not a token of the plugin oauth2"} {
		_, doc := g.admin("POST", "/openid-connect/explain", `{"service":"`+k.here.ID+`","token":"`+token+`"}`)
		text, _ := json.Marshal(doc)
		if !strings.Contains(string(text), want) || doc["let_in"] != (token == "good") || token == "good" && !strings.Contains(string(text), "consumer alice") {
			t.Errorf("%s: %s", token, text)
		}
	}
}

func kongRows() []row {
	refused := func(token string, other bool) func(t *testing.T, g *gateway) {
		return func(t *testing.T, g *gateway) {
			k := issue(g)
			service := k.here
			if other {
				service = k.away
			}
			if r := k.ask(token, service); r.Status != 401 || r.Upstream.Get("X-Consumer-ID") != "" {
				t.Errorf("%d %s", r.Status, r.Body)
			}
		}
	}
	const only = "auth_methods: [kong_oauth2]"
	return []row{
		{99, "kong_oauth2", "a token of the plugin oauth2 that has expired", "401; the provider is not asked", refused("old", false), "auth_methods: [kong_oauth2, introspection]"},
		{100, "kong_oauth2", "a token that was issued at another service", "401; the provider is not asked", refused("good", true), "auth_methods: [kong_oauth2, introspection]"},
		{101, "kong_oauth2", "a token that nobody has issued, one in other letters, one of 20 kB", "401", func(t *testing.T, g *gateway) {
			k := issue(g)
			for _, token := range []string{"nope", "GOOD", strings.Repeat("x", 20<<10)} {
				if r := k.ask(token, k.here); r.Status != 401 {
					t.Errorf("%.10s: %d", token, r.Status)
				}
			}
		}, only},
		{102, "kong_oauth2", "a token that was removed, or whose application was", "401 at once", func(t *testing.T, g *gateway) {
			k := issue(g)
			wantStatus(t, k.ask("good", k.here), 200)
			wantStatus(t, k.ask("endless", k.here), 200)
			tx := g.stage.Ledger()
			err := tx.Change(t.Context(), func(tx plugin.LedgerTx) error {
				v, err := tx.Find("oauth2_tokens", "access_token", "good")
				if err != nil {
					return err
				}
				return tx.Delete("oauth2_tokens", v.(*kongoauth2.Token).ID)
			})
			if err != nil {
				t.Fatal(err)
			}
			wantStatus(t, k.ask("good", k.here), 401)
			wantStatus(t, k.ask("endless", k.here), 200)
			g.stage.Set, _ = entity.NewSet(9, nil)
			wantStatus(t, k.ask("endless", k.here), 401)
		}, only},
		{103, "kong_oauth2", "a token of the plugin oauth2 where the method is not enabled", "as any opaque token: 401", refused("good", false), "auth_methods: [bearer, introspection]"},
	}
}
