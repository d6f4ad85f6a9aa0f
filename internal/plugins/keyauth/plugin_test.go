package keyauth_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gibbon-gateway/gibbon/entity"
	"github.com/gibbon-gateway/gibbon/internal/plugins/keyauth"
	"github.com/gibbon-gateway/gibbon/internal/plugins/stage"
	"github.com/gibbon-gateway/gibbon/plugin"
	"github.com/gibbon-gateway/gibbon/plugin/plugintest"
)

func TestReadme(t *testing.T) { stage.Readme(t, "README.md", keyauth.Type) }

func TestSchema(t *testing.T) { stage.Schema(t, keyauth.Type) }

func TestBadConfig(t *testing.T) {
	stage.BadConfig(t, keyauth.Type, []stage.Bad{
		{Config: `{foo: 1}`, Want: "config.foo: unknown field"},
		{Config: `{hide_credentials: maybe}`, Want: "config.hide_credentials: expected a boolean"},
		{Config: `{key_names: ["a,b"]}`, Want: "bad header name 'a,b', allowed characters are A-Z, a-z, 0-9, '_', and '-'"},
		{Config: `{key_names: [ok, ""]}`, Want: "config.key_names"},
		{Config: `{key_names: apikey}`, Want: "config.key_names: expected an array"},
		{Config: `{key_names: null}`, Want: "config.key_names: required field missing"},
		{Config: `{anonymous: 5}`, Want: "config.anonymous: expected a string"},
	})
}

var (
	alice = &entity.Consumer{ID: "11111111-1111-4111-8111-111111111111", Username: "alice", CustomID: "c-1"}
	guest = &entity.Consumer{ID: "22222222-2222-4222-8222-222222222222", Username: "guest"}
)

func newStage(t testing.TB) *stage.Stage {
	s := stage.New(t)
	s.Consumers = []*entity.Consumer{alice, guest}
	key := func(id, key, consumer string) *keyauth.Credential {
		return &keyauth.Credential{ID: id, Key: key, Consumer: &entity.Ref{ID: consumer}}
	}
	s.Credentials = map[string]map[string]any{"keyauth_credentials": {
		"alice-key": key("k-1", "alice-key", alice.ID),
		"a b&c":     key("k-2", "a b&c", alice.ID),
		"orphan":    key("k-3", "orphan", "99999999-9999-4999-8999-999999999999"),
		"unowned":   &keyauth.Credential{ID: "k-4", Key: "unowned"},
	}}
	return s
}

const (
	none      = "No API key found in request"
	duplicate = "Duplicate API key found"
	bad       = "Unauthorized"
)

func TestWhereTheKeyIs(t *testing.T) {
	form := []string{"Content-Type", "application/x-www-form-urlencoded"}
	json := []string{"Content-Type", "application/json; charset=utf-8"}
	multi := []string{"Content-Type", "multipart/form-data; boundary=B"}
	part := func(name, value string) string {
		return "--B\r\nContent-Disposition: form-data; name=\"" + name + "\"\r\n\r\n" + value + "\r\n"
	}
	type request = plugintest.Request
	cases := []struct {
		name, config string
		in           request
		want         string // "" passes as alice, else the refusal
	}{
		{"nothing", "{}", request{}, none},
		{"header", "{}", request{Header: []string{"ApiKey", "alice-key"}}, ""},
		{"header unknown", "{}", request{Header: []string{"apikey", "nope"}}, bad},
		{"header case of the key", "{}", request{Header: []string{"apikey", "Alice-Key"}}, bad},
		{"header empty", "{}", request{Header: []string{"apikey", ""}}, none},
		{"header empty hides the query", "{}", request{Header: []string{"apikey", ""}, Target: "/?apikey=alice-key"}, none},
		{"header twice", "{}", request{Header: []string{"apikey", "alice-key", "apikey", "alice-key"}}, duplicate},
		{"header off", "{key_in_header: false}", request{Header: []string{"apikey", "alice-key"}}, none},
		{"query", "{}", request{Target: "/?z=1&apikey=alice-key"}, ""},
		{"query escaped", "{}", request{Target: "/?api%6bey=a+b%26c"}, ""},
		{"query case", "{}", request{Target: "/?APIKEY=alice-key"}, none},
		{"query unknown", "{}", request{Target: "/?apikey=nope"}, bad},
		{"query empty", "{}", request{Target: "/?apikey="}, none},
		{"query bare", "{}", request{Target: "/?apikey"}, none},
		{"query twice", "{}", request{Target: "/?apikey=alice-key&apikey=alice-key"}, duplicate},
		{"query off", "{key_in_query: false}", request{Target: "/?apikey=alice-key"}, none},
		{"header before query", "{}", request{Header: []string{"apikey", "nope"}, Target: "/?apikey=alice-key"}, bad},
		{"second name", "{key_names: [x-key, apikey]}", request{Header: []string{"apikey", "alice-key"}}, ""},
		{"first name counts", "{key_names: [x-key, apikey]}", request{Target: "/?x-key=nope", Header: []string{"apikey", "alice-key"}}, bad},
		{"other name", "{key_names: [x-key]}", request{Header: []string{"apikey", "alice-key"}}, none},
		{"no consumer", "{}", request{Header: []string{"apikey", "orphan"}}, bad},
		{"no owner", "{}", request{Header: []string{"apikey", "unowned"}}, bad},
		{"body off", "{}", request{Method: "POST", Header: form, Body: "apikey=alice-key"}, none},
		{"form", "{key_in_body: true}", request{Method: "POST", Header: form, Body: "x=1&apikey=alice-key"}, ""},
		{"form twice", "{key_in_body: true}", request{Method: "POST", Header: form, Body: "apikey=1&apikey=2"}, duplicate},
		{"form without", "{key_in_body: true}", request{Method: "POST", Header: form, Body: "x=1"}, none},
		{"json", "{key_in_body: true}", request{Method: "POST", Header: json, Body: `{"apikey":"alice-ke\u0079"}`}, ""},
		{"json number", "{key_in_body: true}", request{Method: "POST", Header: json, Body: `{"apikey":5}`}, none},
		{"json array", "{key_in_body: true}", request{Method: "POST", Header: json, Body: `{"apikey":["alice-key"]}`}, duplicate},
		{"json nested", "{key_in_body: true}", request{Method: "POST", Header: json, Body: `{"a":{"apikey":"alice-key"}}`}, none},
		{"json without", "{key_in_body: true}", request{Method: "POST", Header: json, Body: `{}`}, none},
		{"json broken", "{key_in_body: true}", request{Method: "POST", Header: json, Body: `{"apikey":"alice-key"`}, none},
		{"multipart", "{key_in_body: true}", request{Method: "POST", Header: multi, Body: part("x", "1") + part("apikey", "alice-key") + "--B--"}, ""},
		{"multipart twice", "{key_in_body: true}", request{Method: "POST", Header: multi, Body: part("apikey", "1") + part("apikey", "2") + "--B--"}, duplicate},
		{"multipart broken", "{key_in_body: true}", request{Method: "POST", Header: multi, Body: "apikey"}, none},
		{"no type", "{key_in_body: true}", request{Method: "POST", Body: "apikey=alice-key"}, none},
		{"no body", "{key_in_body: true}", request{Method: "POST", Header: json}, none},
		{"too long", "{key_in_body: true}", request{Method: "POST", Header: form, Body: "apikey=alice-key&x=" + strings.Repeat("x", 1<<20)}, none},
		{"bare in query, key in body", "{key_in_body: true}", request{Target: "/?apikey", Method: "POST", Header: form, Body: "apikey=alice-key"}, none},
		{"preflight", "{}", request{Method: "OPTIONS"}, none},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			r := newStage(t).Instance(t, keyauth.Type, c.config).Run(c.in, plugintest.Reply{})
			switch {
			case r.Err != nil:
				t.Error(r.Err)
			case c.want == "" && (r.Exited || r.Exchange.Consumer != alice):
				t.Errorf("got %d %s, want it to pass", r.Status, r.Body)
			case c.want != "" && (r.Status != 401 || !strings.Contains(r.Body, `"message":"`+c.want+`"`) || r.Get("WWW-Authenticate") != "Key"):
				t.Errorf("got %d %s %s, want 401 %s", r.Status, r.Get("WWW-Authenticate"), r.Body, c.want)
			}
		})
	}
}

func TestBodyErrorsEndTheRequest(t *testing.T) {
	gone := errors.New("client went away")
	in := plugintest.Request{Method: "POST", Header: []string{"Content-Type", "application/json"}, BodyErr: gone}
	r := newStage(t).Instance(t, keyauth.Type, "{key_in_body: true}").Run(in, plugintest.Reply{})
	if !errors.Is(r.Err, gone) {
		t.Errorf("got %v, want %v", r.Err, gone)
	}
}

func TestIdentity(t *testing.T) {
	in := plugintest.Request{Header: []string{
		"apikey", "alice-key", "X-Consumer-ID", "spoof", "x-consumer-username", "spoof", "X-Anonymous-Consumer", "true", "X-Other", "1"}}
	r := newStage(t).Instance(t, keyauth.Type, "{}").Run(in, plugintest.Reply{})
	want := []string{
		"X-Consumer-Custom-ID: c-1", "X-Consumer-ID: " + alice.ID, "X-Consumer-Username: alice",
		"X-Credential-Identifier: k-1", "X-Other: 1", "apikey: alice-key"}
	slices.Sort(r.Upstream.Header)
	if diff := cmp.Diff(want, r.Upstream.Header); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if c := r.Exchange.Credential; c.ID != "k-1" || c.ConsumerID != alice.ID {
		t.Errorf("credential is %+v", c)
	}
}

func TestHide(t *testing.T) {
	type request = plugintest.Request
	for _, c := range []struct {
		name, config string
		in           request
		query, body  string
	}{
		{"header", "{hide_credentials: true}", request{Header: []string{"apikey", "alice-key"}, Target: "/?q=1"}, "q=1", ""},
		{"everywhere", "{hide_credentials: true}", request{Header: []string{"apikey", "alice-key"}, Target: "/?apikey=x&q=1&apikey=y"}, "q=1", ""},
		{"query", "{hide_credentials: true}", request{Target: "/?apikey=alice-key&z=%7e&&y"}, "z=%7e&y", ""},
		{"query only", "{hide_credentials: true}", request{Target: "/?apikey=alice-key"}, "", ""},
		{"form", "{hide_credentials: true, key_in_body: true}",
			request{Method: "POST", Header: []string{"Content-Type", "application/x-www-form-urlencoded"}, Body: "a=%7e&apikey=alice-key&b"}, "", "a=%7e&b"},
		{"header and body", "{hide_credentials: true, key_in_body: true}",
			request{Method: "POST", Header: []string{"apikey", "alice-key", "Content-Type", "application/json"}, Body: `{"a":1,"apikey":"other"}`}, "", `{"a":1}`},
		{"body not searched", "{hide_credentials: true}",
			request{Method: "POST", Header: []string{"apikey", "alice-key", "Content-Type", "application/json"}, Body: `{"a":1,"apikey":"other"}`}, "", `{"a":1,"apikey":"other"}`},
		{"not hidden", "{key_in_body: true}",
			request{Method: "POST", Header: []string{"Content-Type", "application/json"}, Body: `{"apikey":"alice-key"}`}, "", `{"apikey":"alice-key"}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newStage(t).Instance(t, keyauth.Type, c.config).Run(c.in, plugintest.Reply{})
			if r.Exited || r.Err != nil {
				t.Fatalf("%d %s, %v", r.Status, r.Body, r.Err)
			}
			if got := r.Upstream.Get("apikey"); got != "" {
				t.Errorf("the header is %q", got)
			}
			if r.Upstream.Query != c.query || r.Upstream.Body != c.body {
				t.Errorf("query %q, body %q, want %q, %q", r.Upstream.Query, r.Upstream.Body, c.query, c.body)
			}
		})
	}
}

func TestAnonymous(t *testing.T) {
	other := plugin.Credential{ID: "jwt-1", ConsumerID: alice.ID, Identifier: "jwt-1"}
	for _, c := range []struct {
		name, config string
		in           plugintest.Request
		consumer     *entity.Consumer
		anonymous    string // the header
	}{
		{"no key", "{anonymous: guest}", plugintest.Request{}, guest, "true"},
		{"by id", "{anonymous: " + guest.ID + "}", plugintest.Request{}, guest, "true"},
		{"bad key", "{anonymous: guest}", plugintest.Request{Header: []string{"apikey", "nope", "X-Credential-Identifier", "spoof"}}, guest, "true"},
		{"duplicate key", "{anonymous: guest}", plugintest.Request{Target: "/?apikey=a&apikey=b"}, guest, "true"},
		{"good key", "{anonymous: guest}", plugintest.Request{Header: []string{"apikey", "alice-key"}}, alice, ""},
		{"identified before", "{anonymous: guest}", plugintest.Request{Consumer: alice, Credential: other}, alice, ""},
		{"anonymous before, good key", "{anonymous: guest}", plugintest.Request{Consumer: guest, Header: []string{"apikey", "alice-key"}}, alice, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newStage(t).Instance(t, keyauth.Type, c.config).Run(c.in, plugintest.Reply{})
			if r.Exited || r.Err != nil || r.Exchange.Consumer != c.consumer {
				t.Fatalf("%d %s, %v, %+v", r.Status, r.Body, r.Err, r.Exchange.Consumer)
			}
			if got := r.Upstream.Get("X-Anonymous-Consumer"); got != c.anonymous {
				t.Errorf("X-Anonymous-Consumer is %q, want %q", got, c.anonymous)
			}
			if got := r.Upstream.Get("X-Consumer-Username"); got != c.consumer.Username {
				t.Errorf("X-Consumer-Username is %q", got)
			}
			if got := r.Upstream.Get("X-Credential-Identifier"); (got == "") != (c.anonymous != "") {
				t.Errorf("X-Credential-Identifier is %q", got)
			}
		})
	}
	r := newStage(t).Instance(t, keyauth.Type, "{anonymous: nobody}").Run(plugintest.Request{}, plugintest.Reply{})
	if r.Status != 500 || !strings.Contains(r.Body, "anonymous consumer nobody is configured but doesn't exist") {
		t.Errorf("unknown anonymous consumer: %d %s", r.Status, r.Body)
	}
	// Without anonymous, a second plugin has to succeed by itself.
	r = newStage(t).Instance(t, keyauth.Type, "{}").Run(plugintest.Request{Consumer: alice, Credential: other}, plugintest.Reply{})
	if r.Status != 401 {
		t.Errorf("identified before, without anonymous: %d, want 401", r.Status)
	}
}

func TestPreflight(t *testing.T) {
	p := newStage(t).Instance(t, keyauth.Type, "{run_on_preflight: false, anonymous: guest}")
	if r := p.Run(plugintest.Request{Method: "OPTIONS"}, plugintest.Reply{}); r.Exited || r.Exchange.Consumer != nil {
		t.Errorf("OPTIONS: %d, consumer %v, want it to pass untouched", r.Status, r.Exchange.Consumer)
	}
	p = newStage(t).Instance(t, keyauth.Type, "{run_on_preflight: false}")
	if r := p.Run(plugintest.Request{Method: "GET"}, plugintest.Reply{}); r.Status != 401 {
		t.Errorf("GET: %d, want 401", r.Status)
	}
}

func TestRealm(t *testing.T) {
	r := newStage(t).Instance(t, keyauth.Type, "{realm: my realm}").Run(plugintest.Request{}, plugintest.Reply{})
	if got := r.Get("WWW-Authenticate"); got != `Key realm="my realm"` {
		t.Errorf("WWW-Authenticate is %s", got)
	}
}

func access(t testing.TB, target string, fields ...string) (plugin.Accessor, *plugin.Exchange, func()) {
	p := newStage(t).Instance(t, keyauth.Type, "{}").Plugin.(plugin.Accessor)
	x := plugintest.Exchange(plugintest.Request{Target: target})
	return p, x, func() {
		x.Request.Header.Reset()
		for i := 0; i < len(fields); i += 2 {
			x.Request.Header.Add(fields[i], fields[i+1])
		}
		x.Consumer, x.Credential = nil, plugin.Credential{}
	}
}

func TestAccessDoesNotAllocate(t *testing.T) {
	for name, c := range map[string]struct {
		target string
		fields []string
	}{
		"header": {"/", []string{"Accept", "*/*", "apikey", "alice-key"}},
		"query":  {"/?z=1&apikey=alice-key", []string{"Accept", "*/*"}},
	} {
		p, x, reset := access(t, c.target, c.fields...)
		allocs := testing.AllocsPerRun(200, func() {
			reset()
			if err := p.Access(x); err != nil {
				t.Fatal(err)
			}
		})
		if allocs != 0 {
			t.Errorf("%s: %v allocations", name, allocs)
		}
	}
}

func BenchmarkAccess(b *testing.B) {
	p, x, reset := access(b, "/", "Accept", "*/*", "User-Agent", "bench", "apikey", "alice-key")
	b.ReportAllocs()
	for b.Loop() {
		reset()
		if err := p.Access(x); err != nil {
			b.Fatal(err)
		}
	}
}
