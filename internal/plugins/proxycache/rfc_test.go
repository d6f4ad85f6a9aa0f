package proxycache_test

import (
	"context"
	"errors"
	"io"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/gibbon-gateway/gibbon/internal/plugins/proxycache"
	"github.com/gibbon-gateway/gibbon/plugin"
	"github.com/gibbon-gateway/gibbon/plugin/plugintest"
)

// phases are those of the plugin.
type phases interface {
	plugin.Accessor
	plugin.Responder
	plugin.Recorder
}

// begin takes a request to the upstream; what it returns answers it.
func (b *bench) begin(t *testing.T, in plugintest.Request) (*plugin.Exchange, func(x *plugin.Exchange, body string, header ...string)) {
	t.Helper()
	x := plugintest.Exchange(in)
	p := b.Plugin.(phases)
	if err := p.Access(x); err != nil {
		t.Fatal(err)
	}
	return x, func(x *plugin.Exchange, body string, header ...string) {
		b.finish(t, x, body, header...)
		p.Record(x)
	}
}

// finish lets the upstream answer.
func (b *bench) finish(t *testing.T, x *plugin.Exchange, body string, header ...string) {
	t.Helper()
	d := plugin.Drive(x)
	h := plugintest.Exchange(plugintest.Request{Header: append([]string{"Content-Type", "text/plain"}, header...)}).Request.Header
	d.Known(200, &h)
	if err := b.Plugin.(phases).Respond(x); err != nil {
		t.Error(err)
	}
	d.Observe([]byte(body))
	d.EndObserved(true)
}

const rfc = `{strategy: memory, rfc9111: true`

// httpDate is a time of the tests as HTTP writes it.
func (b *bench) httpDate(d time.Duration) string {
	return b.Now().Add(d).Format("Mon, 02 Jan 2006 15:04:05 GMT")
}

func TestValidation(t *testing.T) {
	b := newBench(t, rfc+"}")
	want(t, b.get("/", nil, text("one", "Cache-Control", "max-age=10", "ETag", `"1"`, "Last-Modified", b.httpDate(-time.Hour), "X-Old", "a")), "Miss 200 one")
	b.Advance(5 * time.Second)
	r := b.get("/", nil, text("x"))
	want(t, r, "Hit 200 one")
	if got := r.Get("Cache-Status"); got != "gibbon; hit; ttl=5" {
		t.Errorf("Cache-Status is %q", got)
	}
	r = b.get("/", []string{"If-None-Match", `W/"1"`}, text("x"))
	want(t, r, "Hit 304 ")
	b.Advance(10 * time.Second)
	good := plugintest.Reply{Status: 304, Header: []string{"Cache-Control", "max-age=20", "X-New", "b", "ETag", `"1"`}}
	r = b.get("/", []string{"If-None-Match", `"0"`, "Range", "bytes=1-"}, good)
	want(t, r, "Hit 206 ne")
	if r.Get("X-New") != "b" || r.Get("X-Old") != "a" || r.Get("Content-Range") != "bytes 1-2/3" {
		t.Errorf("fields are %q", r.Header)
	}
	if got := r.Upstream; got.Get("If-None-Match") != `"1"` || got.Get("Range") != "" || got.Get("If-Modified-Since") == "" {
		t.Errorf("the upstream was asked %q", got.Header)
	}
	b.Advance(19 * time.Second)
	want(t, b.get("/", nil, text("x")), "Hit 200 one")
	b.Advance(2 * time.Second)
	want(t, b.get("/", []string{"If-None-Match", `"1"`}, good), "Hit 304 ")
	b.Advance(30 * time.Second)
	r = b.get("/", nil, text("two", "ETag", `"2"`, "Cache-Control", "max-age=10"))
	want(t, r, "Refresh 200 two")
	if got := r.Get("Cache-Status"); got != "gibbon; fwd=stale; fwd-status=200; stored" {
		t.Errorf("Cache-Status is %q", got)
	}
	want(t, b.send(plugintest.Request{Method: "HEAD"}, text("x")), "Hit 200 ")
}

func TestRFCKept(t *testing.T) {
	for name, c := range map[string]struct {
		request []string
		reply   plugintest.Reply
		second  []string
		want    string
	}{
		"nothing said":              {reply: text("x"), want: "Bypass Bypass"},
		"a validator":               {reply: text("x", "ETag", `"1"`), want: "Miss Refresh"},
		"no-store":                  {reply: text("x", "Cache-Control", "max-age=9, no-store"), want: "Bypass Bypass"},
		"private":                   {reply: text("x", "Cache-Control", "max-age=9, private=foo"), want: "Bypass Bypass"},
		"authorised":                {request: []string{"Authorization", "a"}, reply: text("x", "Cache-Control", "max-age=9"), want: "Bypass Bypass"},
		"authorised, public":        {request: []string{"Authorization", "a"}, reply: text("x", "Cache-Control", "max-age=9, public"), want: "Miss Hit"},
		"Set-Cookie":                {reply: text("x", "Cache-Control", "max-age=9, public", "Set-Cookie", "a=b"), want: "Bypass Bypass"},
		"Age":                       {reply: text("x", "Cache-Control", "max-age=9", "Age", "9"), want: "Bypass Bypass"},
		"old Date":                  {reply: text("x", "Cache-Control", "max-age=9", "Date", "Tue, 24 Nov 2026 11:59:00 GMT"), want: "Bypass Bypass"},
		"any status":                {reply: plugintest.Reply{Status: 599, Header: []string{"Cache-Control", "max-age=9"}}, want: "Miss Hit"},
		"a part":                    {reply: plugintest.Reply{Status: 206, Header: []string{"Cache-Control", "max-age=9", "Content-Range", "bytes 0-1/9"}}, want: "Bypass Bypass"},
		"must-understand":           {reply: plugintest.Reply{Status: 599, Header: []string{"Cache-Control", "max-age=9, no-store, must-understand"}}, want: "Bypass Bypass"},
		"targeted":                  {reply: text("x", "Cache-Control", "no-store", "CDN-Cache-Control", "max-age=9"), want: "Miss Hit"},
		"targeted, broken":          {reply: text("x", "Cache-Control", "no-store", "CDN-Cache-Control", "max-age=9, &"), want: "Bypass Bypass"},
		"targeted, no-store":        {reply: text("x", "Cache-Control", "max-age=9", "CDN-Cache-Control", "no-store"), want: "Bypass Bypass"},
		"request max-age":           {reply: text("x", "Cache-Control", "max-age=9"), second: []string{"Cache-Control", "max-age=0"}, want: "Miss Refresh"},
		"request no-store":          {reply: text("x", "Cache-Control", "max-age=9"), second: []string{"Cache-Control", "no-store"}, want: "Miss Bypass"},
		"request min-fresh":         {reply: text("x", "Cache-Control", "max-age=9"), second: []string{"Cache-Control", "min-fresh=10"}, want: "Miss Refresh"},
		"request max-stale":         {reply: text("x", "Cache-Control", "max-age=0", "ETag", `"1"`), second: []string{"Cache-Control", "max-stale"}, want: "Miss Hit"},
		"max-stale, no-cache":       {reply: text("x", "Cache-Control", "no-cache", "ETag", `"1"`), second: []string{"Cache-Control", "max-stale"}, want: "Miss Refresh"},
		"max-stale, s-maxage":       {reply: text("x", "Cache-Control", "s-maxage=0", "ETag", `"1"`), second: []string{"Cache-Control", "max-stale"}, want: "Miss Refresh"},
		"only-if-cached":            {request: []string{"Cache-Control", "only-if-cached"}, reply: text("x"), want: " "},
		"any content type, and big": {reply: plugintest.Reply{Header: []string{"Cache-Control", "max-age=9", "Content-Type", "x/y"}, Body: []string{strings.Repeat("x", 100_000)}}, want: "Miss Hit"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, rfc+"}")
			first := b.get("/", c.request, c.reply)
			if c.second == nil {
				c.second = c.request
			}
			second := b.get("/", c.second, c.reply)
			if got := first.Get("X-Cache-Status") + " " + second.Get("X-Cache-Status"); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestInvalidation(t *testing.T) {
	fresh := []string{"Cache-Control", "max-age=100"}
	b := newBench(t, rfc+"}")
	fill := func() {
		b.Advance(time.Millisecond)
		for _, target := range []string{"/a", "/b", "/c?x=1"} {
			b.get(target, nil, text("old", fresh...))
		}
		b.Advance(time.Millisecond)
	}
	fill()
	failed := text("no")
	failed.Status = 500
	want(t, b.send(plugintest.Request{Method: "PUT", Target: "/a"}, failed), "Bypass 500 no")
	want(t, b.get("/a", nil, text("x")), "Hit 200 old")
	want(t, b.send(plugintest.Request{Method: "M-SEARCH", Target: "/a"}, text("done", "Location", "/b", "Content-Location", "c?x=1")), "Bypass 200 done")
	for _, target := range []string{"/a", "/b", "/c?x=1"} {
		want(t, b.get(target, nil, text("new", fresh...)), "Miss 200 new")
	}
	want(t, b.send(plugintest.Request{Method: "POST", Target: "/a"}, text("done", "Location", "http://evil.example/b")), "Bypass 200 done")
	want(t, b.get("/b", nil, text("x")), "Hit 200 new")

	// What was asked for before the change must not be stored after it.
	x, finish := b.begin(t, plugintest.Request{Target: "/d"})
	b.Advance(time.Millisecond)
	b.send(plugintest.Request{Method: "DELETE", Target: "/d"}, text("done"))
	b.Advance(time.Millisecond)
	finish(x, "old", fresh...)
	want(t, b.get("/d", nil, text("new")), "Bypass 200 new")

	// The answer to a POST that says it is the resource is one to a GET.
	want(t, b.send(plugintest.Request{Method: "POST", Target: "/e"}, text("made", "Content-Location", "/e", "Cache-Control", "max-age=9")), "Bypass 200 made")
	want(t, b.get("/e", nil, text("x")), "Hit 200 made")
}

func TestServingStale(t *testing.T) {
	b := newBench(t, rfc+"}")
	bad := text("bad")
	bad.Status = 500
	b.get("/", nil, text("one", "Cache-Control", "max-age=10, stale-if-error=20"))
	b.get("/strict", nil, text("one", "Cache-Control", "max-age=10, stale-if-error=20, must-revalidate"))
	b.Advance(15 * time.Second)
	r := b.get("/", nil, bad)
	want(t, r, "Hit 200 one")
	if got := r.Get("Cache-Status"); got != "gibbon; hit; ttl=-5; fwd=stale; fwd-status=500; detail=stale-if-error" {
		t.Errorf("Cache-Status is %q", got)
	}
	want(t, b.get("/strict", nil, bad), "Bypass 500 bad")
	b.Advance(20 * time.Second)
	want(t, b.get("/", nil, bad), "Bypass 500 bad")
}

func TestWhileRevalidating(t *testing.T) {
	var b *bench
	asked := make(chan *plugin.Detached)
	answer := make(chan *plugin.Fetched)
	in := plugintest.Request{Header: []string{"Accept", "x"}, Fetch: func(ctx context.Context, d *plugin.Detached) (*plugin.Fetched, error) {
		select {
		case asked <- d:
			return <-answer, nil
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}}
	b = &bench{clock: &clock{}, stage: nil}
	b.nano.Store(start.UnixNano())
	b.Instance = plugintest.New(t, proxycache.Type, `{"strategy": "memory", "rfc9111": true}`, plugin.Env{Now: b.Now})
	want(t, b.send(in, text("one", "Cache-Control", "max-age=10, stale-while-revalidate=100", "ETag", `"1"`)), "Miss 200 one")
	b.Advance(20 * time.Second)
	for range 3 { // one of them fetches
		want(t, b.send(in, text("x")), "Hit 200 one")
	}
	d := <-asked
	if got := d.Header.Get("If-None-Match"); got != `"1"` || d.Method != "GET" {
		t.Errorf("asked %s with If-None-Match %q", d.Method, got)
	}
	f := &plugin.Fetched{Status: 200, Length: -1, Body: io.NopCloser(strings.NewReader("two"))}
	f.Header.Set("Cache-Control", "max-age=10")
	answer <- f
	for deadline := time.Now().Add(5 * time.Second); ; {
		r := b.send(in, text("x"))
		if say(r) == "Hit 200 two" {
			break
		}
		runtime.Gosched()
		if say(r) != "Hit 200 one" || time.Now().After(deadline) {
			t.Fatalf("got %s", say(r))
		}
	}
}

func TestWaitsBeforeItAsksAFailingUpstreamAgain(t *testing.T) {
	b := &bench{clock: &clock{}}
	b.nano.Store(start.UnixNano())
	b.Instance = plugintest.New(t, proxycache.Type, `{"strategy": "memory", "rfc9111": true}`, plugin.Env{Now: b.Now})
	n := make(chan int, 100)
	in := plugintest.Request{Fetch: func(context.Context, *plugin.Detached) (*plugin.Fetched, error) {
		n <- 1
		return nil, errors.New("down")
	}}
	b.send(in, text("one", "Cache-Control", "max-age=10, stale-while-revalidate=100"))
	b.Advance(20 * time.Second)
	want(t, b.send(in, text("x")), "Hit 200 one")
	<-n
	for range 100 {
		want(t, b.send(in, text("x")), "Hit 200 one")
	}
	if len(n) > 1 {
		t.Errorf("asked %d times more", len(n))
	}
}

func TestHeadCompares(t *testing.T) {
	b := newBench(t, rfc+"}")
	b.get("/", nil, text("one", "Cache-Control", "max-age=10", "ETag", `"1"`))
	b.Advance(20 * time.Second)
	head := plugintest.Request{Method: "HEAD"}
	b.send(head, text("", "Cache-Control", "max-age=10", "ETag", `"1"`, "Content-Length", "3"))
	want(t, b.get("/", nil, text("x")), "Hit 200 one")
	b.Advance(20 * time.Second)
	b.send(head, text("", "Cache-Control", "max-age=10", "ETag", `"2"`))
	want(t, b.get("/", nil, text("two", "ETag", `"2"`)), "Refresh 200 two")
}
