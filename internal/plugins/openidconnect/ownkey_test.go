package openidconnect_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gibbon-gateway/gibbon/internal/jose"
	"github.com/gibbon-gateway/gibbon/internal/plugins/openidconnect"
	"github.com/gibbon-gateway/gibbon/internal/store/sqlcount"
	"github.com/gibbon-gateway/gibbon/internal/store/sqlstore"
	"github.com/gibbon-gateway/gibbon/plugin"
	"github.com/gibbon-gateway/gibbon/plugin/plugintest"
)

// node is a gateway with a plugin of its own, as another process has.
type node struct {
	t     *testing.T
	admin http.Handler
	*plugintest.Instance
}

func newNode(t *testing.T, g *gateway, db *sqlstore.Store) *node {
	counters := sqlcount.New(db.DB(), sqlcount.Options{Timeout: 20 * time.Second})
	t.Cleanup(func() {
		if err := counters.Close(); err != nil {
			t.Error(err)
		}
	})
	secret := func(name string) ([]byte, error) { return db.Secret(context.Background(), name) }
	typ := openidconnect.Declare()
	mux := http.NewServeMux()
	for _, r := range typ.Admin(plugin.AdminEnv{State: g.stage.State, Secret: secret, Cluster: counters}) {
		mux.Handle(r.Pattern, r.Handler)
	}
	g.stage.Cluster, g.stage.Secret = counters, secret
	return &node{t, mux, g.stage.Instance(t, typ, g.config("client_auth: [private_key_jwt]"))}
}

// call asks the node's Admin API.
func (n *node) call(method string) (int, string) {
	w := httptest.NewRecorder()
	n.admin.ServeHTTP(w, httptest.NewRequest(method, "/openid-connect/jwks", nil))
	return w.Code, w.Body.String()
}

// kids lists the keys that the node publishes, and checks that they are public.
func (n *node) kids() (kids []string) {
	n.t.Helper()
	status, text := n.call("GET")
	var set struct{ Keys []map[string]any }
	if status != 200 || json.Unmarshal([]byte(text), &set) != nil {
		n.t.Fatalf("%d %s", status, text)
	}
	for _, key := range set.Keys {
		for _, private := range []string{"d", "p", "q", "dp", "dq", "qi", "k"} {
			if key[private] != nil {
				n.t.Errorf("the key set shows %q", private)
			}
		}
		kids = append(kids, key["kid"].(string))
	}
	return kids
}

// signs returns the id of the key that the node signs with, after verifying the signature by what the other one publishes.
func (n *node) signs(g *gateway, other *node) string {
	n.t.Helper()
	g.Instance = n.Instance
	b := g.browser()
	b.comeBack(b.redirected(b.get("/"))) // the provider does not know the key; what is sent to it counts
	assertion, err := jose.Parse([]byte(g.provider.Form("/token").Get("client_assertion")))
	if err != nil {
		n.t.Fatal(err)
	}
	_, text := other.call("GET")
	keys, _, err := jose.ParseSet([]byte(text))
	if err != nil {
		n.t.Fatal(err)
	}
	for _, k := range keys {
		if k.ID == assertion.Kid && assertion.Verify(k.Public, []string{"RS256"}) == nil {
			return k.ID
		}
	}
	n.t.Fatalf("no published key verifies an assertion by %q", assertion.Kid)
	return ""
}

// Keys are made anew on all nodes by one call at one of them; those before stay published once.
func TestOwnKeysAreMadeAnew(t *testing.T) {
	db, err := sqlstore.Open(t.Context(), sqlstore.Options{SQLite: filepath.Join(t.TempDir(), "db")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	g := prepare(t)
	one, two := newNode(t, g, db), newNode(t, g, db)
	first := one.kids()
	if len(first) != 1 || two.kids()[0] != first[0] || one.signs(g, two) != first[0] || two.signs(g, one) != first[0] {
		t.Fatalf("at first: %v and %v", first, two.kids())
	}
	if status, body := one.call("DELETE"); status != 204 || body != "" {
		t.Fatalf("DELETE: %d %s", status, body)
	}
	second := one.kids()
	if len(second) != 2 || second[0] == first[0] || second[1] != first[0] {
		t.Fatalf("after DELETE: %v, before %v", second, first)
	}
	if kid := one.signs(g, one); kid != second[0] {
		t.Errorf("signs by %s", kid)
	}
	// The other node follows by itself; until then it signs by a key that is published still.
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(10 * time.Second); two.signs(g, one) != second[0]; <-tick.C {
		if time.Now().After(end) {
			t.Fatal("the other node keeps the old key")
		}
	}
	if got := two.kids(); strings.Join(got, " ") != strings.Join(second, " ") {
		t.Errorf("the other node publishes %v, want %v", got, second)
	}
	// A node that starts later has the same ones.
	if got := newNode(t, g, db).kids(); strings.Join(got, " ") != strings.Join(second, " ") {
		t.Errorf("a new node publishes %v, want %v", got, second)
	}
	if status, _ := two.call("DELETE"); status != 204 {
		t.Error(status)
	}
	if third := two.kids(); len(third) != 2 || third[1] != second[0] || third[0] == first[0] {
		t.Errorf("after the second DELETE: %v", third)
	}
}

// Without a database there is nothing to make other keys from.
func TestOwnKeysWithoutDatabase(t *testing.T) {
	g := start(t, onlyBearer)
	status, doc := g.admin("DELETE", "/openid-connect/jwks", "")
	if message, _ := doc["message"].(string); status != 405 || !strings.Contains(message, "when not using a database") {
		t.Errorf("%d %v", status, doc)
	}
}

// The key serves an endpoint that is configured to want it, too, and changes nothing about the others.
func TestOwnKeyAtOneEndpoint(t *testing.T) {
	g := start(t, "auth_methods: [introspection]\nintrospection_endpoint_auth_method: private_key_jwt")
	g.bearer("opaque")
	assertion, err := jose.Parse([]byte(g.provider.Form("/introspect").Get("client_assertion")))
	if err != nil || assertion.Alg != "RS256" {
		t.Errorf("%v %v", assertion, err)
	}
}
