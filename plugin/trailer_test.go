package plugin_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gibbon-gateway/gibbon/header"
	"github.com/gibbon-gateway/gibbon/plugin"
	"github.com/gibbon-gateway/gibbon/plugin/plugintest"
)

// walker is a plugin whose phases are functions.
type walker struct {
	access, respond, header func(x *plugin.Exchange) error
	last                    func(x *plugin.Exchange)
	record                  func(x *plugin.Exchange)
}

func run(f func(x *plugin.Exchange) error, x *plugin.Exchange) error {
	if f == nil {
		return nil
	}
	return f(x)
}

func (w *walker) Access(x *plugin.Exchange) error  { return run(w.access, x) }
func (w *walker) Respond(x *plugin.Exchange) error { return run(w.respond, x) }
func (w *walker) HeaderFilter(x *plugin.Exchange) error {
	if w.last != nil {
		x.FilterBody(w)
	}
	return run(w.header, x)
}

func (w *walker) FilterBody(x *plugin.Exchange, chunk []byte, last bool) ([]byte, error) {
	if last {
		w.last(x)
	}
	return chunk, nil
}

func (w *walker) Record(x *plugin.Exchange) {
	if w.record != nil {
		w.record(x)
	}
}

func TestTrailers(t *testing.T) {
	add := func(name, value string) func(*plugin.Exchange) error {
		return func(x *plugin.Exchange) error {
			x.Request.Trailer().Add(name, value)
			return nil
		}
	}
	for name, c := range map[string]struct {
		w                  walker
		upstream, response []string
	}{
		"pass as they are": {upstream: []string{"X-Sum: 1", "X-Sum: 2"}, response: []string{"grpc-status: 0", "X-Cost: 3"}},
		"known after the body was read": {w: walker{access: func(x *plugin.Exchange) error {
			if n := x.Request.Trailer().Len(); n != 0 {
				t.Errorf("%d trailers before the body was read", n)
			}
			if _, err := x.Request.Body(100); err != nil {
				return err
			}
			x.Request.Trailer().Set("X-Sum", x.Request.Trailer().Get("x-sum")+"0")
			return nil
		}}, upstream: []string{"X-Sum: 10"}, response: []string{"grpc-status: 0", "X-Cost: 3"}},
		"added before they are known": {w: walker{access: add("X-More", "yes")},
			upstream: []string{"X-Sum: 1", "X-Sum: 2", "X-More: yes"}, response: []string{"grpc-status: 0", "X-Cost: 3"}},
		"changed at the end": {w: walker{
			header: func(x *plugin.Exchange) error { x.Response.Trailer().Add("X-Early", "1"); return nil },
			last: func(x *plugin.Exchange) {
				x.Response.Trailer().Del("X-Cost")
				x.Response.Trailer().Add("X-Late", "2")
			}}, upstream: []string{"X-Sum: 1", "X-Sum: 2"}, response: []string{"grpc-status: 0", "X-Early: 1", "X-Late: 2"}},
		"of a response that was replaced": {w: walker{respond: func(x *plugin.Exchange) error {
			x.Response.Trailer().Add("X-Of-The-First", "1")
			return x.Exit(200, "other")
		}}, upstream: []string{"X-Sum: 1", "X-Sum: 2"}},
		"of an answer": {w: walker{access: func(x *plugin.Exchange) error { return x.Exit(200, nil) },
			header: func(x *plugin.Exchange) error { x.Response.Trailer().Add("X-Own", "1"); return nil }},
			response: []string{"X-Own: 1"}},
	} {
		t.Run(name, func(t *testing.T) {
			var recorded int
			c.w.record = func(x *plugin.Exchange) { recorded = x.Response.Trailer().Len() }
			i := &plugintest.Instance{Plugin: &c.w, T: t}
			r := i.Run(plugintest.Request{Method: "POST", Body: "body", Trailer: []string{"X-Sum", "1", "X-Sum", "2"}},
				plugintest.Reply{Body: []string{"a", "b"}, Trailer: []string{"grpc-status", "0", "X-Cost", "3"}})
			if r.Err != nil {
				t.Fatal(r.Err)
			}
			if d := cmp.Diff(c.upstream, r.Upstream.Trailer); d != "" {
				t.Errorf("upstream (-want +got):\n%s", d)
			}
			if d := cmp.Diff(c.response, r.Trailer); d != "" {
				t.Errorf("client (-want +got):\n%s", d)
			}
			if recorded != len(c.response) {
				t.Errorf("Record sees %d trailers, want %d", recorded, len(c.response))
			}
		})
	}
}

// An exchange that is used again keeps no trailers of the one before, and takes no memory for new ones.
func TestTrailersOfAnExchangeThatIsUsedAgain(t *testing.T) {
	var x plugin.Exchange
	var received header.Fields
	received.Add("X-Sum", "1")
	d := plugin.Drive(&x)
	round := func() {
		d.Begin(nil)
		if x.Request.Trailer().Len()+x.Response.Trailer().Len() != 0 {
			t.Fatal("trailers of the exchange before")
		}
		d.SetRequestTrailer(&received)
		d.SetResponseTrailer(&received)
		d.SetResponseTrailer(nil)
		if x.Request.Trailer().Get("X-Sum") != "1" || x.Response.Trailer().Get("X-Sum") != "1" {
			t.Fatal("no trailers")
		}
	}
	if n := testing.AllocsPerRun(100, round); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
