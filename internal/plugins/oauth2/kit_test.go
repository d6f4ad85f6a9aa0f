package oauth2_test

import (
	"crypto/tls"
	"encoding/json"
	"maps"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gibbon-gateway/gibbon/entity"
	_ "github.com/gibbon-gateway/gibbon/internal/plugins" // their kinds of entities
	"github.com/gibbon-gateway/gibbon/internal/plugins/oauth2"
	"github.com/gibbon-gateway/gibbon/internal/plugins/stage"
	"github.com/gibbon-gateway/gibbon/plugin/plugintest"
)

// kit is a stage with a consumer who has an application of each sort, and two services.
type kit struct {
	*stage.Stage
	t          *testing.T
	clock      atomic.Int64
	here, away *entity.Service
	ann, guest *entity.Consumer
}

func newKit(t *testing.T) *kit {
	k := &kit{Stage: stage.New(t), t: t}
	k.clock.Store(time.Now().UnixNano())
	k.Now = func() time.Time { return time.Unix(0, k.clock.Load()) }
	k.Put(t, "plugins", map[string]any{"id": stage.PluginID, "name": "oauth2"})
	k.here = k.Put(t, "services", map[string]any{"host": "here"}).(*entity.Service)
	k.away = k.Put(t, "services", map[string]any{"host": "away"}).(*entity.Service)
	k.ann = k.Put(t, "consumers", map[string]any{"username": "ann", "custom_id": "c-1"}).(*entity.Consumer)
	k.guest = k.Put(t, "consumers", map[string]any{"username": "guest"}).(*entity.Consumer)
	uris := []any{"http://app.test/back?x=1", "http://app.test/other"}
	for _, app := range []map[string]any{
		{"client_id": "app", "client_secret": "secret", "redirect_uris": uris},
		{"client_id": "hashed", "client_secret": "secret", "hash_secret": true, "redirect_uris": uris},
		{"client_id": "public", "client_type": "public", "redirect_uris": uris},
		{"client_id": "other", "client_secret": "secret", "redirect_uris": uris},
		{"client_id": "machine", "client_secret": "secret"},
		{"client_id": "empty", "client_secret": "secret", "redirect_uris": []any{}},
	} {
		app["name"], app["consumer"] = "App", map[string]any{"id": k.ann.ID}
		k.Put(t, "oauth2_credentials", app)
	}
	return k
}

func (k *kit) pass(d time.Duration) { k.clock.Add(int64(d)) }

const all = `{provision_key: prov, scopes: [email, profile], enable_authorization_code: true, enable_implicit_grant: true,
	enable_client_credentials: true, enable_password_grant: true`

// plugin makes an instance that issues everything; more is the rest of its configuration.
func (k *kit) plugin(more string) *plugintest.Instance {
	if more != "" {
		more = ", " + more
	}
	return k.Instance(k.t, oauth2.Type, all+more+"}")
}

// form is what is sent to an endpoint. A "Authorization" is a field of the head.
type form map[string]string

func (f form) with(pairs ...string) form {
	out := maps.Clone(f)
	for i := 0; i < len(pairs); i += 2 {
		if out[pairs[i]] = pairs[i+1]; pairs[i+1] == "-" {
			delete(out, pairs[i])
		}
	}
	return out
}

// reply is an answer of an endpoint.
type reply struct {
	*plugintest.Result
	doc map[string]any
}

func (r *reply) text(name string) string {
	s, _ := r.doc[name].(string)
	return s
}

// back returns a parameter of the redirect_uri of an answer.
func (r *reply) back(name string) string {
	u, err := url.Parse(r.text("redirect_uri"))
	if err != nil {
		return ""
	}
	q := u.Query()
	if u.Fragment != "" {
		q, _ = url.ParseQuery(u.Fragment)
	}
	return q.Get(name)
}

func (k *kit) post(p *plugintest.Instance, path string, f form) *reply {
	k.t.Helper()
	in := plugintest.Request{Method: "POST", Target: path, Service: k.here, TLS: &tls.ConnectionState{},
		Header: []string{"Content-Type", "application/x-www-form-urlencoded"}}
	body := url.Values{}
	for _, name := range slices.Sorted(maps.Keys(f)) {
		if name == "Authorization" {
			in.Header = append(in.Header, name, f[name])
		} else {
			body.Set(name, f[name])
		}
	}
	in.Body = body.Encode()
	return k.run(p, in)
}

func (k *kit) run(p *plugintest.Instance, in plugintest.Request) *reply {
	k.t.Helper()
	r := &reply{Result: p.Run(in, plugintest.Reply{})}
	if r.Err != nil {
		k.t.Errorf("%s: %v", in.Target, r.Err)
	}
	if strings.HasPrefix(r.Body, "{") {
		if err := json.Unmarshal([]byte(r.Body), &r.doc); err != nil {
			k.t.Errorf("%s: %v", r.Body, err)
		}
	}
	return r
}

// get asks for something with a token.
func (k *kit) get(p *plugintest.Instance, token string) *reply {
	k.t.Helper()
	return k.run(p, plugintest.Request{Target: "/things", Service: k.here, Header: []string{"Authorization", "Bearer " + token}})
}

var (
	agreed = form{"client_id": "app", "provision_key": "prov", "authenticated_userid": "u-1", "response_type": "code", "scope": "email"}
	asks   = form{"client_id": "app", "client_secret": "secret", "grant_type": "authorization_code"}
	itself = form{"client_id": "app", "client_secret": "secret", "grant_type": "client_credentials", "scope": "email"}
	signed = form{"client_id": "app", "client_secret": "secret", "grant_type": "password", "scope": "email profile", "provision_key": "prov",
		"authenticated_userid": "u-1"}
)

// code gets a code.
func (k *kit) code(p *plugintest.Instance, pairs ...string) string {
	k.t.Helper()
	r := k.post(p, "/things/oauth2/authorize", agreed.with(pairs...))
	code := r.back("code")
	if r.Status != 200 || code == "" {
		k.t.Fatalf("authorize: %d %s", r.Status, r.Body)
	}
	return code
}

// rows counts the rows of a kind.
func (k *kit) rows(kind string) int { return len(k.list(kind)) }

func (k *kit) tls() *tls.ConnectionState { return &tls.ConnectionState{} }
