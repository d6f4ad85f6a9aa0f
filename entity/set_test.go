package entity_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gibbon-gateway/gibbon/entity"
	_ "github.com/gibbon-gateway/gibbon/internal/plugins" // their kinds of entities
	"github.com/gibbon-gateway/gibbon/internal/plugins/acl"
	"github.com/gibbon-gateway/gibbon/internal/plugins/jwt"
	"github.com/gibbon-gateway/gibbon/schema"
)

func id(n int) string { return fmt.Sprintf("00000000-0000-4000-8000-%012d", n) }

// object prepares a document with id n.
func object(t testing.TB, kind string, n int, text string) entity.Object {
	t.Helper()
	doc := parse(t, text)
	doc["id"] = id(n)
	done, errs := entity.KindOf(kind).Prepare(doc, schema.Options{Op: schema.Create, Now: time.Now(), Sub: plugins})
	if errs != nil {
		t.Fatal(errs.Message())
	}
	raw, err := json.Marshal(done)
	if err != nil {
		t.Fatal(err)
	}
	return entity.Object{Kind: entity.KindOf(kind), ID: id(n), Doc: raw}
}

func ref(n int) string { return `{"id":"` + id(n) + `"}` }

func objects(t testing.TB) []entity.Object {
	return []entity.Object{
		object(t, "routes", 12, `{"name":"r2","paths":["/b"],"service":`+ref(1)+`}`),
		object(t, "routes", 11, `{"name":"r1","paths":["/a"],"headers":{"x":["1"]},"service":`+ref(1)+`}`),
		object(t, "routes", 13, `{"name":"free","protocols":["tcp"],"sources":[{"ip":"10.0.0.0/8","port":0}]}`),
		object(t, "services", 1, `{"name":"s","host":"up.test"}`),
		object(t, "consumers", 21, `{"username":"alice","custom_id":"c-1"}`),
		object(t, "consumers", 22, `{"custom_id":"alice"}`),
		object(t, "upstreams", 31, `{"name":"up.test"}`),
		object(t, "targets", 32, `{"target":"127.0.0.1:80","upstream":`+ref(31)+`}`),
		object(t, "plugins", 41, `{"name":"rate-limiting","config":{"minute":5}}`),
		object(t, "plugins", 42, `{"name":"key-auth","route":`+ref(11)+`}`),
		object(t, "plugins", 43, `{"name":"rate-limiting","config":{"minute":12345678901234567890},"service":`+ref(1)+`,"consumer":`+ref(21)+`}`),
		object(t, "keyauth_credentials", 51, `{"key":"k1","consumer":`+ref(21)+`}`),
		object(t, "keyauth_credentials", 52, `{"key":"k2","ttl":60,"consumer":`+ref(21)+`}`),
		object(t, "jwt_secrets", 53, `{"key":"iss","consumer":`+ref(21)+`}`),
		object(t, "acls", 54, `{"group":"admins","consumer":`+ref(21)+`}`),
	}
}

func TestSet(t *testing.T) {
	s, problems := entity.NewSet(7, objects(t))
	if len(problems) > 0 || s.Version() != 7 {
		t.Fatal(problems, s.Version())
	}
	if all := entity.All[entity.Route](s); len(all) != 3 || all[0].Name != "r1" || all[2].Sources[0].IP != "10.0.0.0/8" || *all[2].Sources[0].Port != 0 {
		t.Error(all)
	}
	if r := entity.Get[entity.Route](s, id(11)); r.Headers["x"][0] != "1" || !r.StripPath || r.HTTPSRedirectStatusCode != 426 {
		t.Error(r)
	}
	if entity.Get[entity.Route](s, id(99)) != nil || s.Doc(entity.KindOf("routes"), id(99)) != nil {
		t.Error("what is not there is found")
	}
	if r := s.RoutesOf(id(1)); len(r) != 2 || r[0].Name != "r1" || r[1].Name != "r2" {
		t.Error(r)
	}
	if u := s.UpstreamNamed("up.test"); u.Healthchecks.Passive.Unhealthy.HTTPStatuses[2] != 503 || u.Healthchecks.Active.Timeout != 1 ||
		s.TargetsOf(u.ID)[0].Weight != 100 {
		t.Error(u)
	}
	for scope, want := range map[[3]string]int{{}: 41, {id(11)}: 42, {"", id(1), id(21)}: 43} {
		if p := s.PluginsOf(scope[0], scope[1], scope[2]); len(p) != 1 || p[0].ID != id(want) {
			t.Error(scope, p)
		}
	}
	if p := s.PluginsOf("", id(1), ""); len(p) != 0 {
		t.Error(p)
	}
	// An id wins over a username, a username over a custom id.
	for key, want := range map[string]int{"alice": 21, "c-1": 21, id(22): 22} {
		if c := s.ConsumerNamed(key); c == nil || c.ID != id(want) {
			t.Error(key, c)
		}
	}
	if a := s.Referring("acls", "consumer", id(21)); len(a) != 1 || a[0].(*acl.Group).Group != "admins" || s.Referring("acls", "group", id(21)) != nil {
		t.Error(a)
	}
	if c := s.Credential("jwt_secrets", []byte("iss")).(*jwt.Secret); c.Consumer.ID != id(21) || c.Algorithm != "HS256" {
		t.Error(c)
	}
	if s.Credential("nothing", []byte("k1")) != nil || s.Credential("keyauth_credentials", []byte("none")) != nil {
		t.Error("a credential that is not there is found")
	}
	if docs := s.Docs(entity.KindOf("services")); len(docs) != 1 || !json.Valid(docs[0]) {
		t.Error(docs)
	}
}

func TestNumbersOfPluginsStayExact(t *testing.T) {
	s, _ := entity.NewSet(1, []entity.Object{{Kind: entity.KindOf("plugins"), ID: "p",
		Doc: json.RawMessage(`{"id":"p","name":"x","config":{"n":12345678901234567890}}`)}})
	if n := entity.Get[entity.Plugin](s, "p").Config["n"]; fmt.Sprint(n) != "12345678901234567890" {
		t.Error(n)
	}
}

func TestKeysExpire(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, _ := entity.NewSet(1, objects(t))
		if s.Credential("keyauth_credentials", []byte("k2")) == nil {
			t.Error("gone too early")
		}
		<-time.After(61 * time.Second)
		if s.Credential("keyauth_credentials", []byte("k2")) != nil || s.Credential("keyauth_credentials", []byte("k1")) == nil {
			t.Error("the wrong key is gone")
		}
	})
}

func TestProblems(t *testing.T) {
	all := append(objects(t),
		entity.Object{Kind: entity.KindOf("services"), ID: "bad", Doc: json.RawMessage(`{"id":"bad","port":"x"}`)},
		entity.Object{Kind: entity.KindOf("services"), ID: "other", Doc: json.RawMessage(`{"id":"another"}`)},
		entity.Object{Kind: entity.KindOf("routes"), ID: "lost", Doc: json.RawMessage(`{"id":"lost","service":{"id":"bad"}}`)},
		entity.Object{Kind: entity.KindOf("plugins"), ID: "too", Doc: json.RawMessage(`{"id":"too","name":"x","route":{"id":"lost"}}`)},
		entity.Object{Kind: entity.KindOf("services"), ID: id(1), Doc: json.RawMessage(`{"id":"` + id(1) + `"}`)},
		entity.Object{ID: "none"},
	)
	s, problems := entity.NewSet(1, all)
	var got []string
	for _, p := range problems {
		got = append(got, p.Err.Error())
	}
	if diff := cmp.Diff([]string{
		"object none: unknown kind",
		"services " + id(1) + ": id occurs twice",
		"services bad: json: cannot unmarshal string into Go struct field Service.port of type int",
		`services other: the document has the id "another"`,
		"routes lost: service refers to services bad, which does not exist",
		"plugins too: route refers to routes lost, which does not exist",
	}, got); diff != "" {
		t.Error(diff)
	}
	if len(entity.All[entity.Service](s)) != 1 || len(s.Problems()) != 6 {
		t.Error(s.Problems())
	}
}

func TestNextTakesOverWhatDidNotChange(t *testing.T) {
	all := objects(t)
	first, _ := entity.NewSet(1, all)
	all[0] = object(t, "routes", 12, `{"name":"changed","paths":["/b"],"service":`+ref(1)+`}`)
	next, problems := first.Next(2, all)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	if entity.Get[entity.Route](next, id(11)) != entity.Get[entity.Route](first, id(11)) {
		t.Error("decoded once more")
	}
	if entity.Get[entity.Route](next, id(12)).Name != "changed" || entity.Get[entity.Route](first, id(12)).Name != "r2" {
		t.Error("the change is not there, or in the old set")
	}
}

func TestEmptySets(t *testing.T) {
	for _, s := range []*entity.Set{{}, func() *entity.Set { s, _ := entity.NewSet(0, nil); return s }()} {
		if len(entity.All[entity.Route](s)) != 0 || entity.Get[entity.Service](s, "x") != nil || s.ConsumerNamed("x") != nil ||
			s.Credential("keyauth_credentials", nil) != nil || len(s.Docs(entity.KindOf("routes"))) != 0 {
			t.Error("not empty")
		}
	}
}

func TestLookupsDoNotAllocate(t *testing.T) {
	s, _ := entity.NewSet(1, objects(t))
	key, route := []byte("k1"), id(11)
	if n := testing.AllocsPerRun(100, func() {
		_ = s.Credential("keyauth_credentials", key)
		_ = s.ConsumerNamed("alice")
		_ = s.PluginsOf(route, "", "")
		_ = entity.All[entity.Route](s)
		_ = entity.Get[entity.Route](s, route)
	}); n != 0 {
		t.Error(n, "allocations")
	}
}

// The ids of declarative files are those of go-kong and of Kong's own tests.
func TestDeterministicID(t *testing.T) {
	for _, test := range []struct {
		kind string
		key  []string
		want string
	}{
		{"services", []string{"some.service.name"}, "d9bee1f8-db6e-5a37-9281-fd4aca16dc00"},
		{"routes", []string{"some.service.name"}, "7f0753cd-bff2-5f74-85b0-e8e2057d9500"},
		{"consumers", []string{"some.username"}, "782780c4-d345-5682-bdf6-722dccaf93e0"},
		{"plugins", []string{"rate-limiting"}, "f0f8012b-f709-5685-9812-0130e5d83c5a"},
		{"services", []string{"my-service"}, "0855b320-0dd2-547d-891d-601e9b38647f"},
		{"keyauth_credentials", []string{"my-key"}, "487ab43c-b2c9-51ec-8da5-367586ea2b61"},
	} {
		if got := entity.DeterministicID(entity.KindOf(test.kind), test.key...); got != test.want {
			t.Errorf("%s %s: %s", test.kind, test.key, got)
		}
	}
}

func TestKinds(t *testing.T) {
	seen := map[string]bool{}
	for _, k := range entity.Kinds() {
		for _, r := range k.Refs {
			if r.Target() == nil || !seen[r.To] {
				t.Errorf("%s refers to %s, which does not come before it", k.Name, r.To)
			}
		}
		seen[k.Name] = true
		if entity.KindOf(k.Name) != k || entity.KindByPath(k.Path) != k {
			t.Error(k.Name, "is not found")
		}
	}
	if entity.KindOf("x") != nil || entity.KindByPath("x") != nil {
		t.Error("what is not there is found")
	}
}

func BenchmarkNewSet(b *testing.B) {
	var all []entity.Object
	for i := range 10000 {
		all = append(all, object(b, "services", i, fmt.Sprintf(`{"name":"s%d","url":"http://127.0.0.1:8780/base"}`, i)),
			object(b, "routes", 100000+i, fmt.Sprintf(`{"name":"r%d","paths":["/a/%d"],"hosts":["h%d.test"],"service":%s}`, i, i, i, ref(i))))
	}
	for b.Loop() {
		if _, problems := entity.NewSet(1, all); len(problems) > 0 {
			b.Fatal(problems)
		}
	}
}
