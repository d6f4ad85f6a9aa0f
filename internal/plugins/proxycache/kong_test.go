package proxycache_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/gibbon-gateway/gibbon/entity"
	"github.com/gibbon-gateway/gibbon/internal/plugins/proxycache"
	"github.com/gibbon-gateway/gibbon/internal/plugins/stage"
	"github.com/gibbon-gateway/gibbon/internal/statedb/memory"
	"github.com/gibbon-gateway/gibbon/plugin"
	"github.com/gibbon-gateway/gibbon/plugin/plugintest"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m,
		// For a while connections stay open for the next configuration.
		goleak.IgnoreAnyFunction("github.com/gibbon-gateway/gibbon/internal/statedb/redis.(*link).keep"),
		goleak.IgnoreAnyFunction("github.com/redis/rueidis.(*clusterClient).runClusterTopologyRefreshment"),
		goleak.IgnoreAnyFunction("github.com/redis/rueidis.(*call).DelayDo.func1"),
		goleak.IgnoreAnyFunction("github.com/redis/rueidis.(*clusterClient)._refresh.func2"),
		goleak.IgnoreAnyFunction("github.com/redis/rueidis.(*sentinelClient).runTopologyRefreshment"),
		goleak.IgnoreAnyFunction("github.com/redis/rueidis.(*sentinelClient).listWatch.func2"))
}

// clock is a time that moves only when told.
type clock struct{ nano atomic.Int64 }

func (c *clock) Now() time.Time          { return time.Unix(0, c.nano.Load()).UTC() }
func (c *clock) Advance(d time.Duration) { c.nano.Add(int64(d)) }

// start is when the tests begin.
var start = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// bench is a cache under test, in front of an upstream that counts.
type bench struct {
	*plugintest.Instance
	*clock
	stage *stage.Stage
	asked int
}

func newBench(t testing.TB, config string) *bench {
	b := &bench{clock: &clock{}, stage: stage.New(t)}
	b.nano.Store(start.UnixNano())
	b.stage.Now = b.Now
	b.Instance = b.stage.Instance(t, proxycache.Type, config)
	return b
}

// get sends a GET with these request fields; the upstream would answer with reply.
func (b *bench) get(target string, header []string, reply plugintest.Reply) *plugintest.Result {
	return b.send(plugintest.Request{Target: target, Header: header}, reply)
}

func (b *bench) send(in plugintest.Request, reply plugintest.Reply) *plugintest.Result {
	b.T.Helper()
	r := b.Run(in, reply)
	if r.Err != nil {
		b.T.Fatalf("%s %s: %v", in.Method, in.Target, r.Err)
	}
	if !r.Exited {
		b.asked++
	}
	return r
}

// text is a reply of plain text.
func text(body string, header ...string) plugintest.Reply {
	return plugintest.Reply{Header: append([]string{"Content-Type", "text/plain"}, header...), Body: []string{body}}
}

// say is status and body of a result, and its X-Cache-Status.
func say(r *plugintest.Result) string {
	return fmt.Sprintf("%s %d %s", r.Get("X-Cache-Status"), r.Status, r.Body)
}

func want(t *testing.T, r *plugintest.Result, said string) {
	t.Helper()
	if got := say(r); got != said {
		t.Errorf("got %q, want %q", got, said)
	}
}

func TestTutorial(t *testing.T) {
	b := newBench(t, `{strategy: memory, cache_ttl: 30, content_type: ["text/html; charset=utf-8"]}`)
	page := plugintest.Reply{Header: []string{"Content-Type", "text/html; charset=utf-8", "X-From", "upstream"}, Body: []string{"<p>", "one"}}
	r := b.get("/html", nil, page)
	want(t, r, "Miss 200 <p>one")
	key := r.Get("X-Cache-Key")
	if len(key) != 64 || strings.Trim(key, "0123456789abcdef") != "" {
		t.Errorf("X-Cache-Key is %q", key)
	}
	b.Advance(7 * time.Second)
	r = b.get("/html", nil, text("two"))
	want(t, r, "Hit 200 <p>one")
	if diff := cmp.Diff([]string{"7", key, "upstream"}, []string{r.Get("Age"), r.Get("X-Cache-Key"), r.Get("X-From")}); diff != "" {
		t.Error(diff)
	}
	if !r.Exchange.Response.FromUpstream {
		t.Error("a hit does not count as the upstream's")
	}
	b.Advance(23 * time.Second)
	want(t, b.get("/html", nil, page), "Miss 200 <p>one")
	if b.asked != 2 {
		t.Errorf("the upstream was asked %d times", b.asked)
	}
}

// TestKept holds what is kept and what is not against Kong's rules, without its unsafe habits.
func TestKept(t *testing.T) {
	for name, c := range map[string]struct {
		config string
		in     plugintest.Request
		reply  plugintest.Reply
		want   string // X-Cache-Status of two requests
	}{
		"json":                   {reply: plugintest.Reply{Header: []string{"Content-Type", "application/json"}}, want: "Miss Hit"},
		"json with a parameter":  {reply: plugintest.Reply{Header: []string{"Content-Type", "application/json; charset=utf-8"}}, want: "Bypass Bypass"},
		"the same parameter":     {config: `content_type: ["application/json;charset=UTF-8"]`, reply: plugintest.Reply{Header: []string{"Content-Type", `application/json; Charset="utf-8"`}}, want: "Miss Hit"},
		"any subtype":            {config: `content_type: ["text/*"]`, reply: plugintest.Reply{Header: []string{"Content-Type", "text/css"}}, want: "Miss Hit"},
		"any type":               {config: `content_type: ["*/*"]`, reply: plugintest.Reply{Header: []string{"Content-Type", "image/png"}}, want: "Miss Hit"},
		"no such type":           {config: `content_type: ["nonsense"]`, reply: text("x"), want: "Bypass Bypass"},
		"no type":                {reply: plugintest.Reply{}, want: "Bypass Bypass"},
		"two types":              {reply: text("x", "Content-Type", "text/plain"), want: "Bypass Bypass"},
		"404":                    {reply: plugintest.Reply{Status: 404, Header: []string{"Content-Type", "text/plain"}}, want: "Miss Hit"},
		"500":                    {reply: plugintest.Reply{Status: 500, Header: []string{"Content-Type", "text/plain"}}, want: "Bypass Bypass"},
		"206, though listed":     {config: "response_code: [200, 206]", reply: plugintest.Reply{Status: 206, Header: []string{"Content-Type", "text/plain", "Content-Range", "bytes 0-0/2"}}, want: "Bypass Bypass"},
		"HEAD":                   {in: plugintest.Request{Method: "HEAD"}, reply: text("", "Content-Length", "5"), want: "Miss Hit"},
		"POST":                   {in: plugintest.Request{Method: "POST", Body: "a"}, reply: text("x"), want: "Bypass Bypass"},
		"POST, listed":           {config: "request_method: [POST]", in: plugintest.Request{Method: "POST", Body: "a"}, reply: text("x"), want: "Miss Hit"},
		"Set-Cookie":             {reply: text("x", "Set-Cookie", "a=b"), want: "Bypass Bypass"},
		"Set-Cookie as Kong":     {config: "cache_set_cookie: true", reply: text("x", "Set-Cookie", "a=b"), want: "Miss Hit"},
		"Vary: *":                {reply: text("x", "Vary", "Foo, *"), want: "Bypass Bypass"},
		"Vary: * as Kong":        {config: "ignore_vary: true", reply: text("x", "Vary", "*"), want: "Miss Hit"},
		"cut short":              {reply: plugintest.Reply{Header: []string{"Content-Type", "text/plain"}, Body: []string{"ha"}, Cut: http.ErrBodyReadAfterClose}, want: "Miss Miss"},
		"too large, by length":   {config: "max_object_bytes: 3", reply: text("four", "Content-Length", "4"), want: "Bypass Bypass"},
		"too large":              {config: "max_object_bytes: 3", reply: text("four"), want: "Miss Miss"},
		"of the limit":           {config: "max_object_bytes: 4", reply: text("four"), want: "Miss Hit"},
		"condition for upstream": {in: plugintest.Request{Header: []string{"If-Match", `"a"`}}, reply: text("x"), want: "Bypass Bypass"},
		"a page called style":    {config: `content_type: ["*/*"]`, in: plugintest.Request{Target: "/account/x.css"}, reply: plugintest.Reply{Header: []string{"Content-Type", "text/html"}}, want: "Bypass Bypass"},
		"unless told otherwise":  {config: `content_type: ["*/*"], check_path_type: false`, in: plugintest.Request{Target: "/account/x.css"}, reply: plugintest.Reply{Header: []string{"Content-Type", "text/html"}}, want: "Miss Hit"},
		"unkeyed fields":         {in: plugintest.Request{Header: []string{"X-Original-URL", "/admin"}}, reply: text("x"), want: "Bypass Bypass"},
		"keyed ones":             {config: "vary_headers: [x-original-url]", in: plugintest.Request{Header: []string{"X-Original-URL", "/admin"}}, reply: text("x"), want: "Miss Hit"},
		"websocket":              {in: plugintest.Request{Header: []string{"Sec-WebSocket-Key", "a"}}, reply: text("x"), want: "Bypass Bypass"},
		"private":                {reply: text("x", "Cache-Control", "private"), want: "Miss Hit"},
		"private, honoured":      {config: "cache_control: true", reply: text("x", "Cache-Control", "private, max-age=60"), want: "Bypass Bypass"},
		"no-store":               {config: "cache_control: true", reply: text("x", "Cache-Control", "no-store, max-age=60"), want: "Bypass Bypass"},
		"nothing said":           {config: "cache_control: true", reply: text("x"), want: "Bypass Bypass"},
		"max-age":                {config: "cache_control: true", reply: text("x", "Cache-Control", "max-age=60"), want: "Miss Hit"},
		"s-maxage first":         {config: "cache_control: true", reply: text("x", "Cache-Control", "max-age=60, s-maxage=0"), want: "Bypass Bypass"},
		"Expires":                {config: "cache_control: true", reply: text("x", "Expires", "Tue, 24 Nov 2026 12:01:00 GMT"), want: "Miss Hit"},
		"Expires in the past":    {config: "cache_control: true", reply: text("x", "Expires", "Tue, 24 Nov 2026 11:01:00 GMT"), want: "Bypass Bypass"},
		"Expires is no date":     {config: "cache_control: true", reply: text("x", "Expires", "0"), want: "Bypass Bypass"},
		"odd directives":         {config: "cache_control: true", reply: text("x", "Cache-Control", `=,;, max-age="60", "`), want: "Miss Hit"},
		"request no-store":       {config: "cache_control: true", in: plugintest.Request{Header: []string{"Cache-Control", "no-store"}}, reply: text("x", "Cache-Control", "max-age=60"), want: "Bypass Bypass"},
		"request no-cache":       {config: "cache_control: true", in: plugintest.Request{Header: []string{"Cache-Control", "no-cache"}}, reply: text("x", "Cache-Control", "max-age=60"), want: "Bypass Bypass"},
		"request, not honoured":  {in: plugintest.Request{Header: []string{"Cache-Control", "no-store, no-cache"}}, reply: text("x"), want: "Miss Hit"},
		"max-stale without":      {config: "cache_control: true", in: plugintest.Request{Header: []string{"Cache-Control", `max-stale, max-age="10"`}}, reply: text("x", "Cache-Control", "max-age=60"), want: "Miss Hit"},
	} {
		t.Run(name, func(t *testing.T) {
			config := "{strategy: memory}"
			if c.config != "" {
				config = "{strategy: memory, " + c.config + "}"
			}
			b := newBench(t, config)
			if c.in.Body != "" {
				c.in.Header = append(c.in.Header, "Content-Type", "text/plain")
			}
			first, second := b.send(c.in, c.reply), b.send(c.in, c.reply)
			if got := first.Get("X-Cache-Status") + " " + second.Get("X-Cache-Status"); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// TestKeys sends two requests: they have one response or two.
func TestKeys(t *testing.T) {
	alice, bob := &entity.Consumer{ID: "alice"}, &entity.Consumer{ID: "bob"}
	r1, r2 := &entity.Route{ID: "1"}, &entity.Route{ID: "2"}
	type req = plugintest.Request
	for name, c := range map[string]struct {
		config string
		a, b   req
		same   bool
	}{
		"paths":                     {a: req{Target: "/a"}, b: req{Target: "/b"}},
		"case of paths":             {a: req{Target: "/a"}, b: req{Target: "/A"}},
		"case of paths, ignored":    {config: "ignore_uri_case: true", a: req{Target: "/a"}, b: req{Target: "/A"}, same: true},
		"case of queries":           {config: "ignore_uri_case: true", a: req{Target: "/?a"}, b: req{Target: "/?A"}},
		"hosts":                     {a: req{Host: "a"}, b: req{Host: "b"}},
		"case of hosts":             {a: req{Host: "a.example"}, b: req{Host: "A.example"}, same: true},
		"ports":                     {a: req{Host: "a"}, b: req{Host: "a:81"}},
		"routes":                    {a: req{Route: r1}, b: req{Route: r2}},
		"consumers":                 {a: req{Consumer: alice}, b: req{Consumer: bob}},
		"methods":                   {a: req{Method: "GET"}, b: req{Method: "HEAD"}},
		"order of parameters":       {a: req{Target: "/?a=1&b=2"}, b: req{Target: "/?b=2&a=1"}, same: true},
		"order of values":           {a: req{Target: "/?a=1&a=2"}, b: req{Target: "/?a=2&a=1"}},
		"a parameter more":          {a: req{Target: "/?a=1"}, b: req{Target: "/?a=1&b=2"}},
		"the 200th parameter":       {a: req{Target: "/?" + strings.Repeat("a&", 200) + "z=1"}, b: req{Target: "/?" + strings.Repeat("a&", 200) + "z=2"}},
		"chosen parameters":         {config: "vary_query_params: [a]", a: req{Target: "/?a=1&b=2"}, b: req{Target: "/?b=3&a=1"}, same: true},
		"chosen ones differ":        {config: "vary_query_params: [a]", a: req{Target: "/?a=1"}, b: req{Target: "/?a=2"}},
		"separators in parameters":  {a: req{Target: "/?a=1:b=2"}, b: req{Target: "/?a=1&b=2"}},
		"query and path":            {a: req{Target: "/a?b"}, b: req{Target: "/a%3Fb"}},
		"headers":                   {a: req{Header: []string{"X", "1"}}, b: req{Header: []string{"X", "2"}}, same: true},
		"vary_headers":              {config: "vary_headers: [x]", a: req{Header: []string{"X", "1"}}, b: req{Header: []string{"X", "2"}}},
		"vary_headers, two of them": {config: "vary_headers: [x, y]", a: req{Header: []string{"X", "1"}}, b: req{Header: []string{"Y", "1"}}},
		"vary_headers, glued":       {config: "vary_headers: [x, y]", a: req{Header: []string{"X", "1,Y=2"}}, b: req{Header: []string{"X", "1", "Y", "2"}}},
		"credentials":               {a: req{Header: []string{"Authorization", "Bearer a"}}, b: req{Header: []string{"Authorization", "Bearer b"}}},
		"the same credentials":      {a: req{Header: []string{"Authorization", "Bearer a"}}, b: req{Header: []string{"Authorization", "Bearer a"}}, same: true},
		"none and some":             {a: req{Header: []string{"Authorization", "Bearer a"}}, b: req{}},
		"credentials as Kong":       {config: "cache_authorized: true", a: req{Header: []string{"Authorization", "Bearer a"}}, b: req{}, same: true},
		"cookies":                   {a: req{Header: []string{"Cookie", "a"}}, b: req{Header: []string{"Cookie", "b"}}, same: true},
		"bodies":                    {config: "request_method: [POST]", a: req{Method: "POST", Body: "a"}, b: req{Method: "POST", Body: "b"}},
	} {
		t.Run(name, func(t *testing.T) {
			config := "{strategy: memory}"
			if c.config != "" {
				config = "{strategy: memory, " + c.config + "}"
			}
			b := newBench(t, config)
			one := text("one")
			if r := b.sendWithLength(c.a, one); r.Get("X-Cache-Status") != "Miss" {
				t.Fatalf("first: %s", say(r))
			}
			status := "Miss"
			if c.same {
				status = "Hit"
			}
			if r := b.sendWithLength(c.b, text("two")); r.Get("X-Cache-Status") != status {
				t.Errorf("second: %s, want %s", say(r), status)
			}
			if r := b.sendWithLength(c.a, text("three")); r.Get("X-Cache-Status") != "Hit" || r.Body != "one" && c.a.Method != "HEAD" {
				t.Errorf("the first again: %s", say(r))
			}
		})
	}
}

// sendWithLength announces the length of the body, as the proxy does, which plugintest leaves out.
func (b *bench) sendWithLength(in plugintest.Request, reply plugintest.Reply) *plugintest.Result {
	if in.Body == "" {
		return b.send(in, reply)
	}
	x := plugintest.Exchange(in)
	x.Request.Length = int64(len(in.Body))
	r := &plugintest.Result{Exchange: x}
	c := b.Plugin.(interface {
		plugin.Accessor
		plugin.Responder
		plugin.Recorder
	})
	d := plugin.Drive(x)
	if err := c.Access(x); err != nil {
		r.Exited, r.Status, r.Body = true, x.Response.Status, string(x.Response.Body())
	} else {
		h := plugintest.Exchange(plugintest.Request{Header: reply.Header}).Request.Header
		d.Known(200, &h)
		if err := c.Respond(x); err != nil {
			b.T.Fatal(err)
		}
		d.Observe([]byte(reply.Body[0]))
		d.EndObserved(true)
		r.Status, r.Body = 200, reply.Body[0]
	}
	r.Header = []string{"X-Cache-Status: " + x.Response.Header.Get("X-Cache-Status")}
	c.Record(x)
	return r
}

// TestSecretsAreNotKept looks for credentials in what is kept.
func TestSecretsAreNotKept(t *testing.T) {
	b := newBench(t, `{strategy: memory, vary_headers: [ApiKey]}`)
	secrets := []string{"Authorization", "Bearer s3cret", "Cookie", "session=s3cret", "apikey", "s3cret"}
	want(t, b.get("/", secrets, text("x", "Vary", "Cookie, Authorization, apikey")), "Miss 200 x")
	want(t, b.get("/", secrets, text("x")), "Hit 200 x")
	for e := range proxycache.Entries(b.Plugin) {
		if strings.Contains(string(e), "s3cret") {
			t.Errorf("%q", e)
		}
	}
}

func TestVary(t *testing.T) {
	b := newBench(t, `{strategy: memory}`)
	gzip, plain := []string{"Accept-Encoding", "gzip, deflate, br"}, []string(nil)
	want(t, b.get("/", gzip, text("zipped", "Vary", "Accept-Encoding", "Content-Encoding", "gzip")), "Miss 200 zipped")
	want(t, b.get("/", plain, text("plain", "Vary", "accept-encoding")), "Miss 200 plain")
	want(t, b.get("/", []string{"accept-encoding", "BR;q=1, deflate,gzip"}, text("x")), "Hit 200 zipped")
	want(t, b.get("/", plain, text("x")), "Hit 200 plain")
	want(t, b.get("/", []string{"Accept-Encoding", "gzip;q=0"}, text("other", "Vary", "Accept-Encoding")), "Miss 200 other")
	// 1000 variants of one URL take the room of some.
	for i := range 1000 {
		b.get("/many", []string{"X", fmt.Sprint(i)}, text("x", "Vary", "X"))
	}
	want(t, b.get("/many", []string{"X", "999"}, text("y")), "Hit 200 x")
	want(t, b.get("/many", []string{"X", "0"}, text("y", "Vary", "X")), "Miss 200 y")
}

func TestRefresh(t *testing.T) {
	b := newBench(t, `{strategy: memory, cache_ttl: 10, storage_ttl: 100}`)
	want(t, b.get("/", nil, text("one")), "Miss 200 one")
	b.Advance(10 * time.Second)
	want(t, b.get("/", nil, text("two")), "Hit 200 one")
	b.Advance(time.Second)
	want(t, b.get("/", nil, text("two")), "Refresh 200 two")
	want(t, b.get("/", nil, text("three")), "Hit 200 two")
	b.Advance(100 * time.Second)
	want(t, b.get("/", nil, text("four")), "Miss 200 four")

	b = newBench(t, `{strategy: memory, cache_control: true, storage_ttl: 100}`)
	cc := func(v string) []string { return []string{"Cache-Control", v} }
	want(t, b.get("/", cc("only-if-cached"), text("x")), " 504 ")
	want(t, b.get("/", nil, text("one", cc("max-age=20")...)), "Miss 200 one")
	b.Advance(10 * time.Second)
	want(t, b.get("/", cc("max-age=10"), text("x")), "Hit 200 one")
	want(t, b.get("/", cc("only-if-cached"), text("x")), "Hit 200 one")
	want(t, b.get("/", cc("min-fresh=10"), text("x")), "Hit 200 one")
	want(t, b.get("/", cc("min-fresh=11"), text("two", cc("max-age=20")...)), "Refresh 200 two")
	b.Advance(30 * time.Second)
	want(t, b.get("/", nil, text("x")), "Hit 200 two") // as Kong: stale, but nobody said that this matters
	want(t, b.get("/", cc("max-stale=10"), text("x")), "Hit 200 two")
	want(t, b.get("/", cc("max-stale=9"), text("three", cc("max-age=20")...)), "Refresh 200 three")
	b.Advance(6 * time.Second)
	want(t, b.get("/", cc("max-age=5"), text("four", cc("max-age=20")...)), "Refresh 200 four")
}

func TestNegativeTime(t *testing.T) {
	b := newBench(t, `{strategy: memory, cache_ttl: 100, negative_ttl: 5}`)
	gone := text("gone")
	gone.Status = 404
	want(t, b.get("/", nil, gone), "Miss 404 gone")
	b.Advance(4 * time.Second)
	want(t, b.get("/", nil, text("x")), "Hit 404 gone")
	b.Advance(time.Second)
	want(t, b.get("/", nil, text("here")), "Miss 200 here")
}

// TestFields checks which fields of a response are kept, and which are added.
func TestFields(t *testing.T) {
	b := newBench(t, `{strategy: memory}`)
	reply := text("x", "Connection", "close", "Keep-Alive", "timeout=5", "TE", "a", "Upgrade", "h2c", "Trailers", "a", "Age", "7",
		"Proxy-Authenticate", "Basic", "X-Cache-Status", "HIT from elsewhere", "X-Cache-Key", "theirs", "X-RateLimit-Remaining-Minute", "4",
		"RateLimit-Remaining", "4", "X-RateLimit-Limit-Minute", "5", "Date", "Tue, 24 Nov 2026 11:00:00 GMT", "Link", "a", "Link", "b",
		"ETag", `"1"`, "X-Long", strings.Repeat("l", 5000))
	b.get("/", nil, reply)
	r := b.get("/", nil, text("y"))
	want(t, r, "Hit 200 x")
	key := r.Get("X-Cache-Key")
	got := r.Header
	if diff := cmp.Diff([]string{"Content-Type: text/plain", "X-RateLimit-Limit-Minute: 5", "Date: Tue, 24 Nov 2026 11:00:00 GMT",
		"Link: a", "Link: b", `ETag: "1"`, "X-Long: " + strings.Repeat("l", 5000), "X-Cache-Status: Hit", "X-Cache-Key: " + key, "Age: 0"}, got); diff != "" {
		t.Error(diff)
	}
	b = newBench(t, `{strategy: memory, response_headers: {age: false, X-Cache-Status: false, X-Cache-Key: false}}`)
	for range 2 {
		r = b.send(plugintest.Request{Header: []string{"Kong-Debug", "1"}}, text("x"))
	}
	if diff := cmp.Diff([]string{"Content-Type: text/plain"}, r.Header); diff != "" || !r.Exited {
		t.Error(diff)
	}
	b = newBench(t, `{strategy: memory}`)
	b.send(plugintest.Request{Method: "HEAD"}, text("", "Content-Length", "99"))
	if r = b.send(plugintest.Request{Method: "HEAD"}, text("")); r.Get("Content-Length") != "99" || r.Exchange.Response.Body() != nil {
		t.Errorf("HEAD: %q", r.Header)
	}
}

// TestSurvives changes a configuration: what is stored stays.
func TestSurvives(t *testing.T) {
	b := newBench(t, `{strategy: memory}`)
	b.get("/", nil, text("one"))
	b.Instance = b.stage.Instance(t, proxycache.Type, `{strategy: memory, cache_ttl: 60}`)
	want(t, b.get("/", nil, text("two")), "Hit 200 one")
}

// TestCollapse lets many ask at once for what is not there.
func TestCollapse(t *testing.T) {
	b := newBench(t, `{strategy: memory}`)
	p := b.Plugin.(interface {
		plugin.Accessor
		plugin.Responder
		plugin.Recorder
	})
	leader := plugintest.Exchange(plugintest.Request{})
	if err := p.Access(leader); err != nil {
		t.Fatal(err)
	}
	var hits atomic.Int64
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			x := plugintest.Exchange(plugintest.Request{})
			if p.Access(x) != nil && string(x.Response.Body()) == "one" {
				hits.Add(1)
			}
			p.Record(x)
		})
	}
	d := plugin.Drive(leader)
	h := plugintest.Exchange(plugintest.Request{Header: []string{"Content-Type", "text/plain"}}).Request.Header
	d.Known(200, &h)
	if err := p.Respond(leader); err != nil {
		t.Fatal(err)
	}
	d.Observe([]byte("one"))
	d.EndObserved(true)
	p.Record(leader)
	wg.Wait()
	if hits.Load() != 20 {
		t.Errorf("%d of 20 got the one response", hits.Load())
	}
}

// TestCollapseHasAnEnd: those who wait do not wait for ever, nor for what is not kept.
func TestCollapseHasAnEnd(t *testing.T) {
	b := newBench(t, `{strategy: memory, collapse_timeout: 20}`)
	p := b.Plugin.(plugin.Accessor)
	if err := p.Access(plugintest.Exchange(plugintest.Request{})); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	want(t, b.get("/", nil, text("mine")), "Miss 200 mine")
	if d := time.Since(began); d < 20*time.Millisecond {
		t.Errorf("waited only %v", d)
	}
	b = newBench(t, `{strategy: memory, collapse_timeout: 60000}`)
	want(t, b.get("/", nil, text("one", "Set-Cookie", "a=b")), "Bypass 200 one")
	p = b.Plugin.(plugin.Accessor)
	for range 3 { // nobody leads: the last response could not be kept
		if err := p.Access(plugintest.Exchange(plugintest.Request{})); err != nil {
			t.Fatal(err)
		}
	}
}

// TestStale covers stale_if_error and stale_while_revalidate in Kong's mode.
func TestStale(t *testing.T) {
	b := newBench(t, `{strategy: memory, cache_ttl: 10, stale_if_error: 60}`)
	b.get("/", nil, text("one"))
	b.Advance(20 * time.Second)
	bad := text("bad")
	bad.Status = 503
	want(t, b.get("/", nil, bad), "Hit 200 one")
	b.Advance(50 * time.Second)
	want(t, b.get("/", nil, bad), "Bypass 503 bad")
}

func TestHitDoesNotAllocate(t *testing.T) {
	b := newBench(t, `{strategy: memory}`)
	in := plugintest.Request{Target: "/a/path?b=2&a=1", Header: []string{"Accept", "*/*", "User-Agent", "test", "Accept-Encoding", "gzip, deflate, br"}}
	b.send(in, text("body", "Vary", "Accept-Encoding"))
	x := plugintest.Exchange(in)
	p := b.Plugin.(plugin.Accessor)
	n := testing.AllocsPerRun(100, func() {
		x.Response.Header.Reset()
		if p.Access(x) == nil {
			t.Fatal("no hit")
		}
	})
	if n > 0 && !raceDetector {
		t.Errorf("a hit allocates %v times", n)
	}
}

func BenchmarkHit(b *testing.B) {
	c := newBench(b, `{strategy: memory}`)
	in := plugintest.Request{Target: "/a/path?b=2", Header: []string{"Accept", "*/*", "User-Agent", "test", "Accept-Encoding", "gzip, deflate, br"}}
	c.send(in, text("body"))
	x := plugintest.Exchange(in)
	p := c.Plugin.(plugin.Accessor)
	for b.Loop() {
		x.Response.Header.Reset()
		_ = p.Access(x)
	}
}

// adminOf serves the Admin API's paths of some instances.
func adminOf(instances map[string]any) http.Handler {
	mux := http.NewServeMux()
	for _, r := range proxycache.Type.Admin(plugin.AdminEnv{Instances: func() map[string]any { return instances }}) {
		mux.Handle(r.Pattern, r.Handler)
	}
	return mux
}

func ask(h http.Handler, method, target string) (int, string) {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequestWithContext(context.Background(), method, target, nil))
	return w.Code, w.Body.String()
}

func BenchmarkMiss(b *testing.B) {
	limited := memory.New(memory.Options{SweepEvery: -1, MaxBytes: 128 << 20})
	defer limited.Close()
	c := &bench{clock: &clock{}, stage: stage.New(b)}
	c.nano.Store(start.UnixNano())
	c.stage.Now, c.stage.State = c.Now, limited
	c.Instance = c.stage.Instance(b, proxycache.Type, `{strategy: memory}`)
	p := c.Plugin.(phases)
	h := plugintest.Exchange(plugintest.Request{Header: []string{"Content-Type", "text/plain", "Server", "upstream", "Date", "Tue, 24 Nov 2026 12:00:00 GMT"}}).Request.Header
	x := plugintest.Exchange(plugintest.Request{Header: []string{"Accept", "*/*", "User-Agent", "test", "Accept-Encoding", "gzip, deflate, br"}})
	d := plugin.Drive(x)
	body := make([]byte, 45)
	n := 0
	b.ReportAllocs()
	missOnce := func() {
		n++
		x.Request.Target = strconv.AppendInt(append(x.Request.Target[:0], "/items/"...), int64(n), 10)
		x.Response.Header.Reset()
		if p.Access(x) != nil {
			b.Fatal("hit")
		}
		x.Response.Status, x.Response.FromUpstream = 200, true
		x.Response.Header.Extend(&h)
		if err := p.Respond(x); err != nil {
			b.Fatal(err)
		}
		d.Observe(body)
		d.EndObserved(true)
		p.Record(x)
	}
	for range 400000 {
		missOnce()
	}
	for b.Loop() {
		missOnce()
	}
}
