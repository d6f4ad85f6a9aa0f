package snapshot_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/gibbon-gateway/gibbon/entity"
	"github.com/gibbon-gateway/gibbon/header"
	"github.com/gibbon-gateway/gibbon/internal/balance"
	"github.com/gibbon-gateway/gibbon/internal/plan"
	_ "github.com/gibbon-gateway/gibbon/internal/plugins" // their kinds of entities
	"github.com/gibbon-gateway/gibbon/internal/plugins/keyauth"
	"github.com/gibbon-gateway/gibbon/internal/route"
	"github.com/gibbon-gateway/gibbon/internal/snapshot"
	"github.com/gibbon-gateway/gibbon/plugin"
	"github.com/gibbon-gateway/gibbon/schema"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func uuid(n int) string { return fmt.Sprintf("00000000-0000-4000-8000-%012d", n) }

func ref(n int) string { return fmt.Sprintf(`{"id":"%s"}`, uuid(n)) }

// object makes a stored document of JSON.
func object(t testing.TB, kind string, id int, text string) entity.Object {
	t.Helper()
	k := entity.KindOf(kind)
	doc := map[string]any{}
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&doc); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	doc["id"] = uuid(id)
	full, errs := k.Prepare(doc, schema.Options{Op: schema.Create})
	if len(errs) > 0 {
		t.Fatalf("%s %s: %s", kind, text, errs.Message())
	}
	b, err := json.Marshal(full)
	if err != nil {
		t.Fatal(err)
	}
	return entity.Object{Kind: k, ID: full["id"].(string), Doc: b}
}

// pluginOf makes a plugin object, whose configuration no kind has checked.
func pluginOf(id int, name, config, more string) entity.Object {
	doc := fmt.Sprintf(`{"id":%q,"name":%q,"enabled":true,"protocols":["http","https"],"config":%s%s}`, uuid(id), name, config, more)
	return entity.Object{Kind: entity.KindOf("plugins"), ID: uuid(id), Doc: []byte(doc)}
}

func setOf(t testing.TB, objects ...entity.Object) *entity.Set {
	t.Helper()
	set, problems := entity.NewSet(1, objects)
	if len(problems) > 0 {
		t.Fatalf("set: %v", problems)
	}
	return set
}

// buildSet compiles a set.
func buildSet(prev *snapshot.Snapshot, set *entity.Set, o snapshot.Options) (*snapshot.Snapshot, []entity.Problem) {
	return snapshot.Build(prev, plan.Translate(set, prev.Config()), o)
}

func options(t testing.TB, types plugin.Types) snapshot.Options {
	r := balance.New(balance.Config{})
	t.Cleanup(func() { r.Close() })
	return snapshot.Options{Types: types, Balance: r, Directory: &snapshot.Directory{},
		Env: plugin.Env{Log: slog.New(slog.DiscardHandler), Now: time.Now}}
}

// tester is a plugin that keeps a background task and says when it is closed.
type tester struct {
	stopped chan struct{}
	closed  *int
	env     plugin.Env
}

func (p *tester) Access(*plugin.Exchange) error { return nil }
func (p *tester) Close() error {
	select {
	case <-p.stopped:
	default:
		panic("closed before the task was stopped")
	}
	*p.closed++
	return nil
}

type testConfig struct {
	Do string `json:"do"`
}

func testTypes(closed *int) plugin.Types {
	build := func(c testConfig, env plugin.Env) (any, error) {
		switch c.Do {
		case "panic":
			panic("on purpose")
		case "fail":
			return nil, errors.New("on purpose")
		case "nothing":
			return nil, nil
		}
		p := &tester{stopped: make(chan struct{}), closed: closed, env: env}
		env.Go("task", func(ctx context.Context) { <-ctx.Done(); close(p.stopped) })
		return p, nil
	}
	return plugin.Types{
		"a": plugin.Define(plugin.Desc{Name: "a", Priority: 1}, build),
		"b": plugin.Define(plugin.Desc{Name: "b", Priority: 1}, build),
		"z": plugin.Define(plugin.Desc{Name: "z", Priority: 0}, build),
	}
}

func TestInstancesAreTakenOver(t *testing.T) {
	closed := 0
	opts := options(t, testTypes(&closed))
	base := []entity.Object{object(t, "services", 1, `{"host":"127.0.0.1"}`), object(t, "routes", 2, `{"paths":["/"],"service":`+ref(1)+`}`)}
	build := func(prev *snapshot.Snapshot, objects ...entity.Object) *snapshot.Snapshot {
		s, problems := buildSet(prev, setOf(t, append(slices.Clone(base), objects...)...), opts)
		if len(problems) > 0 {
			t.Fatal(problems)
		}
		s.Enter()
		s.Leave(prev)
		return s
	}
	one := build(nil, pluginOf(10, "a", `{"do":"x"}`, ""), pluginOf(11, "b", `{"do":"x"}`, ""))
	a, b := one.Instances("a")[uuid(10)], one.Instances("b")[uuid(11)]
	if a.(*tester).env.ID != uuid(10) || a.(*tester).env.Scope != (plugin.Scope{}) {
		t.Errorf("env: %+v", a.(*tester).env)
	}
	two := build(one, pluginOf(10, "a", `{"do":"x"}`, `,"tags":["new"],"updated_at":5`), pluginOf(11, "b", `{"do":"y"}`, ""))
	if two.Instances("a")[uuid(10)] != a {
		t.Error("an equal configuration was made again")
	}
	if two.Instances("b")[uuid(11)] == b || closed != 1 {
		t.Errorf("a changed configuration was kept; %d closed", closed)
	}
	three := build(two, pluginOf(10, "a", `{"do":"x"}`, `,"route":`+ref(2)))
	if three.Instances("a")[uuid(10)] == a || closed != 3 {
		t.Errorf("another scope: %d closed", closed)
	}
	four := build(three, pluginOf(10, "a", `{"do":"x"}`, `,"protocols":["https"],"route":`+ref(2)))
	if four.Instances("a")[uuid(10)] != three.Instances("a")[uuid(10)] || closed != 3 {
		t.Errorf("other protocols make another instance; %d closed", closed)
	}
	unused, _ := buildSet(four, setOf(t, append(base, pluginOf(12, "a", `{"do":"x"}`, ""))...), opts)
	unused.Discard(four)
	if closed != 4 {
		t.Errorf("after a discard %d closed", closed)
	}
	four.Close()
	if closed != 5 {
		t.Errorf("at the end %d closed", closed)
	}
}

func TestProblems(t *testing.T) {
	closed := 0
	opts := options(t, testTypes(&closed))
	s, problems := buildSet(nil, setOf(t,
		object(t, "services", 1, `{"host":"127.0.0.1"}`), object(t, "routes", 2, `{"paths":["/"],"service":`+ref(1)+`}`),
		pluginOf(10, "a", `{"do":"panic"}`, ""), pluginOf(11, "b", `{"do":"fail"}`, `,"route":`+ref(2)), pluginOf(12, "z", `{"do":"nothing"}`, ""),
		pluginOf(13, "unknown", `{}`, ""), pluginOf(14, "a", `{"do":"panic"}`, `,"enabled":false,"route":`+ref(2))), opts)
	defer s.Close()
	var got []string
	for _, p := range problems {
		got = append(got, p.Kind+" "+p.ID[35:]+" "+p.Err.Error())
	}
	want := []string{"plugins 0 plugin 'a': panic: on purpose", "plugins 1 plugin 'b': on purpose",
		"plugins 2 plugin 'z': no instance was made", "plugins 3 plugin 'unknown' is not known"}
	if !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
	p := match(s, "/")
	if p == nil {
		t.Fatal("no plan")
	}
	for _, slot := range p.Chain.Slots { // what could not be made refuses requests
		if i := slot.Pick(nil, nil); i == nil || i.Accessor == nil || i.Accessor.Access(nil) == nil {
			t.Errorf("%s lets requests through", slot.Name)
		}
	}
}

func match(s *snapshot.Snapshot, path string) *snapshot.Plan {
	var out route.Result
	return s.Match(&route.Request{Method: []byte("GET"), Host: []byte("h"), Path: []byte(path), Header: &header.Fields{}}, &out)
}

func TestOrder(t *testing.T) {
	closed := 0
	s, _ := buildSet(nil, setOf(t, object(t, "services", 1, `{"host":"127.0.0.1"}`),
		object(t, "routes", 2, `{"paths":["/own"],"service":`+ref(1)+`}`), object(t, "routes", 3, `{"paths":["/shared"],"service":`+ref(1)+`}`),
		object(t, "routes", 4, `{"paths":["/shared2"],"service":`+ref(1)+`}`),
		pluginOf(10, "a", `{}`, ""), pluginOf(11, "z", `{}`, `,"service":`+ref(1)), pluginOf(12, "b", `{}`, `,"route":`+ref(2))),
		options(t, testTypes(&closed)))
	defer s.Close()
	names := func(c *snapshot.Chain) (all string) {
		for _, slot := range c.Slots {
			all += slot.Name
		}
		return all
	}
	if got := names(match(s, "/own").Chain); got != "baz" { // equal priority: by name, descending
		t.Errorf("own: %s", got)
	}
	if got := names(match(s, "/shared").Chain); got != "az" || match(s, "/shared").Chain != match(s, "/shared2").Chain {
		t.Errorf("shared: %s", got)
	}
	if got := names(s.Global); got != "a" {
		t.Errorf("global: %s", got)
	}
}

func TestDirectoryFollows(t *testing.T) {
	opts := options(t, nil)
	if opts.Directory.Consumer("u") != nil || opts.Directory.Credential("keyauth_credentials", []byte("k")) != nil {
		t.Error("something in an empty directory")
	}
	s, _ := buildSet(nil, setOf(t, object(t, "consumers", 1, `{"username":"u"}`),
		object(t, "keyauth_credentials", 2, `{"key":"k","consumer":`+ref(1)+`}`)), opts)
	s.Enter()
	if c := opts.Directory.Consumer("u"); c == nil || c.ID != uuid(1) {
		t.Errorf("consumer %v", c)
	}
	if c, _ := opts.Directory.Credential("keyauth_credentials", []byte("k")).(*keyauth.Credential); c == nil || c.Consumer.ID != uuid(1) {
		t.Errorf("credential %v", c)
	}
}

func TestServices(t *testing.T) {
	opts := options(t, nil)
	objects := func(more string) []entity.Object {
		return []entity.Object{
			object(t, "services", 1, `{"host":"up.test","protocol":"https","read_timeout":5`+more+`}`),
			object(t, "services", 2, `{"host":"127.0.0.1","enabled":false}`),
			object(t, "routes", 3, `{"paths":["/"],"service":`+ref(1)+`}`),
			object(t, "routes", 4, `{"paths":["/off"],"service":`+ref(2)+`}`),
			object(t, "routes", 5, `{"paths":["/none"]}`),
			object(t, "upstreams", 6, `{"name":"UP.test","host_header":"h.test:8443"}`),
			object(t, "targets", 7, `{"target":"127.0.0.1:9","upstream":`+ref(6)+`}`),
		}
	}
	one, problems := buildSet(nil, setOf(t, objects("")...), opts)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	s := match(one, "/").Service
	if s.HostHeader != "h.test:8443" || s.TLS == nil || s.TLS.Verify || s.Read != 5*time.Millisecond || s.Tries != 6 || s.DefaultPort() != 443 {
		t.Errorf("%+v", s)
	}
	var p balance.Pick
	if err := s.Balancer.Next(&p); err != nil || p.Addr.String() != "127.0.0.1:9" {
		t.Errorf("%v %v", p.Addr, err)
	}
	if p := match(one, "/off"); p == nil || p.Service == nil || p.Service != s {
		t.Errorf("the route of a disabled service: %+v", p) // "/" takes it
	}
	if p := match(one, "/none"); p == nil || p.Service != nil {
		t.Errorf("%+v", p)
	}
	two, _ := buildSet(one, setOf(t, append(objects(""), object(t, "routes", 8, `{"paths":["/new"]}`))...), opts)
	if match(two, "/").Service != s {
		t.Error("an equal service was made again")
	}
	three, _ := buildSet(two, setOf(t, objects(`,"retries":0`)...), opts)
	if n := match(three, "/").Service; n == s || n.Tries != 1 || n.Balancer != s.Balancer {
		t.Errorf("%+v", n)
	}
}

// TestSize builds ten thousand routes. The limits of the design are checked with room for a busy machine.
func TestSize(t *testing.T) {
	if testing.Short() {
		return
	}
	opts := options(t, testTypes(new(int)))
	objects := []entity.Object{pluginOf(1, "a", `{}`, "")}
	for i := range 1000 {
		objects = append(objects, object(t, "services", 1000+i, fmt.Sprintf(`{"host":"10.0.%d.%d"}`, i/250, i%250)))
	}
	for i := range 10000 {
		objects = append(objects, object(t, "routes", 10000+i,
			fmt.Sprintf(`{"hosts":["h%d.test"],"paths":["/p%d"],"service":%s}`, i%500, i/500, ref(1000+i%1000))))
		if i%10 == 0 {
			objects = append(objects, pluginOf(100000+i, "b", `{"do":"x"}`, `,"route":`+ref(10000+i)))
		}
	}
	set := setOf(t, objects...)
	start := time.Now()
	one, problems := buildSet(nil, set, opts)
	first := time.Since(start)
	if len(problems) > 0 || one.Routes() != 10000 {
		t.Fatalf("%d routes, %v", one.Routes(), problems)
	}
	start = time.Now()
	changed, _ := set.Next(2, append(objects, object(t, "routes", 5, `{"paths":["/new"]}`)))
	decoded := time.Since(start)
	start = time.Now()
	two, _ := buildSet(one, changed, opts)
	second := time.Since(start)
	two.Leave(one)
	two.Close()
	t.Logf("first %v; a change %v, and %v for the set", first, second, decoded)
	if first > 2*time.Second || second > time.Second {
		t.Errorf("first %v, a change %v", first, second)
	}
}
