package correlationid_test

import (
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gibbon-gateway/gibbon/internal/plugins/correlationid"
	"github.com/gibbon-gateway/gibbon/internal/plugins/stage"
	"github.com/gibbon-gateway/gibbon/plugin"
	"github.com/gibbon-gateway/gibbon/plugin/plugintest"
)

func TestReadme(t *testing.T) { stage.Readme(t, "README.md", correlationid.Type) }

func TestSchema(t *testing.T) { stage.Schema(t, correlationid.Type) }

func TestBadConfig(t *testing.T) {
	stage.BadConfig(t, correlationid.Type, []stage.Bad{
		{Config: `{generator: foo}`, Want: "config.generator: expected one of: uuid, uuid#counter, tracker"},
		{Config: `{generator: null}`, Want: "config.generator: required field missing"},
		{Config: `{echo_downstream: 1}`, Want: "config.echo_downstream: expected a boolean"},
		{Config: `{foo: 1}`, Want: "config.foo: unknown field"},
	})
}

const uuid = `[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}`

func TestGenerators(t *testing.T) {
	now := time.Date(2026, 11, 24, 10, 20, 30, 123456789, time.UTC)
	for generator, pattern := range map[string]string{
		"uuid":         uuid,
		"uuid#counter": uuid + `#[0-9]+`,
		"tracker":      fmt.Sprintf(`127\.0\.0\.1-8000-%d-4711-[0-9]+-%d\.123`, os.Getpid(), now.Unix()),
	} {
		t.Run(generator, func(t *testing.T) {
			s := stage.New(t)
			s.Now = func() time.Time { return now }
			p := s.Instance(t, correlationid.Type, fmt.Sprintf("{generator: '%s', header_name: X-Corr}", generator))
			seen := map[string]bool{}
			for range 100 {
				r := p.Run(plugintest.Request{Peer: "203.0.113.9:4711"}, plugintest.Reply{})
				id := r.Upstream.Get("X-Corr")
				if !regexp.MustCompile("^" + pattern + "$").MatchString(id) {
					t.Fatalf("%q does not match %s", id, pattern)
				}
				if seen[id] {
					t.Fatalf("%q twice", id)
				}
				seen[id] = true
				if got := r.Get("X-Corr"); got != "" {
					t.Fatalf("the response has %q without echo_downstream", got)
				}
			}
		})
	}
}

func TestCounterCounts(t *testing.T) {
	p := stage.New(t).Instance(t, correlationid.Type, "{}")
	next := func() (string, int) {
		process, count, _ := strings.Cut(p.Run(plugintest.Request{}, plugintest.Reply{}).Upstream.Get("Kong-Request-ID"), "#")
		n, err := strconv.Atoi(count)
		if err != nil {
			t.Fatal(err)
		}
		return process, n
	}
	process, n := next()
	if again, m := next(); again != process || m != n+1 {
		t.Errorf("%s#%d, then %s#%d", process, n, again, m)
	}
}

func TestKeepsAndEchoes(t *testing.T) {
	for _, c := range []struct {
		name, config, header string
		fields               []string
		kept                 bool
	}{
		{"kept", "{echo_downstream: true}", "Kong-Request-ID", []string{"kong-request-id", "mine"}, true},
		{"empty is replaced", "{echo_downstream: true}", "Kong-Request-ID", []string{"kong-request-id", ""}, false},
		{"made", "{echo_downstream: true}", "Kong-Request-ID", nil, false},
		{"null name is the default", "{echo_downstream: true, header_name: null}", "Kong-Request-ID", nil, false},
		{"other name", "{echo_downstream: true, header_name: X-Corr}", "X-Corr", []string{"Kong-Request-ID", "mine"}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := stage.New(t).Instance(t, correlationid.Type, c.config)
			r := p.Run(plugintest.Request{Header: c.fields}, plugintest.Reply{Header: []string{c.header, "of the upstream"}})
			up, down := r.Upstream.Get(c.header), r.Get(c.header)
			if up == "" || up != down || (up == "mine") != c.kept {
				t.Errorf("upstream %q, client %q", up, down)
			}
		})
	}
}

// A request that ended before the plugin's turn gets an id for the response.
func TestEchoWithoutAccess(t *testing.T) {
	p := stage.New(t).Instance(t, correlationid.Type, "{echo_downstream: true, generator: uuid}").Plugin.(plugin.HeaderFilter)
	for _, fields := range [][]string{nil, {"Kong-Request-ID", "mine"}} {
		x := plugintest.Exchange(plugintest.Request{Header: fields})
		if err := p.HeaderFilter(x); err != nil {
			t.Fatal(err)
		}
		got := x.Response.Header.Get("Kong-Request-ID")
		if fields == nil && !regexp.MustCompile(uuid).MatchString(got) || fields != nil && got != "mine" {
			t.Errorf("sent %q: got %q", fields, got)
		}
	}
}

func BenchmarkAccess(b *testing.B) {
	for _, g := range []string{"uuid", "uuid#counter", "tracker"} {
		b.Run(g, func(b *testing.B) {
			p := stage.New(b).Instance(b, correlationid.Type, "{generator: '"+g+"'}").Plugin.(plugin.Accessor)
			x := plugintest.Exchange(plugintest.Request{})
			b.ReportAllocs()
			for b.Loop() {
				x.Request.Header.Reset()
				if err := p.Access(x); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
