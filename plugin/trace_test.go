package plugin_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/gibbon-gateway/gibbon/plugin"
)

func TestTrace(t *testing.T) {
	cause := errors.New("wrong")
	again := fmt.Errorf("once more: %w", cause)
	tr := plugin.NewTrace()
	tr.Enter("a")
	tr.Accept("one", "field", "fine")
	tr.Check("two", "", nil, "fine too")
	tr.Check("three", "field", cause, "fine")
	tr.Check("four", "field", again, "") // recorded already
	tr.Enter("b")
	tr.Omit("five", "", "off")
	tr.Note("six", "", "well")
	want := []plugin.Step{
		{Plugin: "a", Check: "one", Outcome: plugin.Accepted, Detail: "fine", Field: "field"}, {Plugin: "a", Check: "two", Outcome: plugin.Accepted, Detail: "fine too"},
		{Plugin: "a", Check: "three", Outcome: plugin.Refused, Detail: "wrong", Field: "field"}, {Plugin: "b", Check: "five", Outcome: plugin.Skipped, Detail: "off"},
		{Plugin: "b", Check: "six", Outcome: plugin.Noted, Detail: "well"},
	}
	got := tr.Steps()
	if d := cmp.Diff(want, got, cmpopts.IgnoreFields(plugin.Step{}, "At"), cmpopts.IgnoreUnexported(plugin.Step{})); d != "" {
		t.Error(d)
	}
	for i := 1; i < len(got); i++ {
		if got[i].At < got[i-1].At {
			t.Errorf("step %d was before the one before it", i)
		}
	}
	if !tr.Has(again) || tr.Has(errors.New("wrong")) || tr.Has(nil) {
		t.Error("Has")
	}
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() { tr.Note("at once", "", "") })
	}
	all.Wait()
	if n := len(tr.Steps()); n != 25 {
		t.Errorf("%d steps", n)
	}
}

// A request of a client has no trace, and pays nothing for that.
func TestNoTrace(t *testing.T) {
	var x plugin.Exchange
	err := errors.New("x")
	n := testing.AllocsPerRun(100, func() {
		tr := x.Trace()
		tr.Enter("a")
		tr.Accept("a", "b", "c")
		tr.Omit("a", "b", "c")
		tr.Note("a", "b", "c")
		tr.Refuse("a", "b", err)
		tr.Check("a", "b", err, "c")
		if tr.Has(err) || tr.Steps() != nil {
			t.Error("a trace that is not there has steps")
		}
	})
	if n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// accessor is a plugin made of its Access.
type accessor func(x *plugin.Exchange) error

func (a accessor) Access(x *plugin.Exchange) error { return a(x) }

func TestTrial(t *testing.T) {
	for name, c := range map[string]struct {
		trial  plugin.Trial
		access accessor
		check  func(x *plugin.Exchange, err error) bool
	}{
		"defaults": {access: func(x *plugin.Exchange) error {
			x.Request.Header.Set("X", fmt.Sprint(x.Request.Method, " ", x.Request.Host, " ", string(x.Request.Path), " ", x.Client.ForwardedScheme, " ",
				x.Client.ForwardedHost, " ", x.Client.ForwardedPort, " ", x.Client.IP, " ", x.Client.Peer.Addr(), " ", len(x.RequestID())))
			return nil
		}, check: func(x *plugin.Exchange, err error) bool {
			return err == nil && !plugin.Drive(x).Exited() && x.Request.Header.Get("X") == "GET localhost / http localhost 80 127.0.0.1 127.0.0.1 32"
		}},
		"given": {trial: plugin.Trial{Method: "POST", Target: "/a%2Fb?c=d", Host: "Example.com:8443", Body: []byte("body"), Client: plugin.Client{Scheme: "https",
			IP: netip.MustParseAddr("192.0.2.1")}, Normalize: func(p []byte) ([]byte, bool) { return append([]byte("/normal"), p...), true }},
			access: func(x *plugin.Exchange) error {
				body, err := x.Request.Body(10)
				x.Request.Header.Set("X", fmt.Sprint(x.Request.Method, " ", string(x.Request.Target), " ", string(x.Request.Path), " ", string(x.Request.Query()), " ",
					string(body), " ", x.Client.ForwardedScheme, " ", x.Client.ForwardedHost, " ", x.Client.ForwardedPort, " ", x.Client.Peer.Addr()))
				return err
			}, check: func(x *plugin.Exchange, err error) bool {
				return err == nil && x.Request.Header.Get("X") == "POST /a%2Fb?c=d /normal/a%2Fb c=d body https example.com 8443 192.0.2.1"
			}},
		"a port of its own": {trial: plugin.Trial{Host: "[::1]:81"}, access: func(x *plugin.Exchange) error {
			return x.Exit(200, fmt.Sprint(x.Client.ForwardedHost, x.Client.ForwardedPort))
		}, check: func(x *plugin.Exchange, err error) bool { return err == nil && string(x.Response.Body()) == "::181" }},
		"exit": {access: func(x *plugin.Exchange) error { return x.Error(http.StatusForbidden, "no") }, check: func(x *plugin.Exchange, err error) bool {
			return err == nil && plugin.Drive(x).Exited() && x.Response.Status == 403
		}},
		"body over the limit": {trial: plugin.Trial{Body: []byte("longer")}, access: func(x *plugin.Exchange) error {
			_, err := x.Request.Body(3)
			return err
		}, check: func(x *plugin.Exchange, err error) bool {
			return errors.Is(err, plugin.ErrBodyTooLarge) && x.Response.Status == 500
		}},
		"error": {access: func(*plugin.Exchange) error { return errors.New("broken") }, check: func(x *plugin.Exchange, err error) bool {
			return err != nil && plugin.Drive(x).Exited() && x.Response.Status == 500
		}},
		"panic": {access: func(*plugin.Exchange) error { panic("ouch") }, check: func(x *plugin.Exchange, err error) bool {
			return err != nil && strings.Contains(err.Error(), "ouch") && x.Response.Status == 500
		}},
		"path that is refused": {trial: plugin.Trial{Normalize: func([]byte) ([]byte, bool) { return nil, false }}, access: func(*plugin.Exchange) error { return nil },
			check: func(x *plugin.Exchange, err error) bool { return x == nil && errors.Is(err, plugin.ErrBadTarget) }},
		"upstream": {access: func(x *plugin.Exchange) error {
			_, err := x.Detach().Do(t.Context())
			if _, has := x.Capture("0"); has {
				err = nil
			}
			return err
		}, check: func(x *plugin.Exchange, err error) bool { return err != nil }},
	} {
		c.trial.Name, c.trial.Accessor, c.trial.Trace = "p", c.access, plugin.NewTrace()
		x, err := c.trial.Run()
		if !c.check(x, err) {
			t.Errorf("%s: %v %+v", name, err, x)
		}
		if x != nil && x.Trace() != c.trial.Trace {
			t.Errorf("%s: the exchange has another trace", name)
		}
	}
}
