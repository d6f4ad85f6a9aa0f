package proxycache_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/gibbon-gateway/gibbon/entity"
	"github.com/gibbon-gateway/gibbon/plugin/plugintest"
)

// TestPoisoning lets somebody send a request whose response holds what they like; nobody else gets it.
func TestPoisoning(t *testing.T) {
	type req = plugintest.Request
	attacks := map[string]req{
		"a body":                   {Body: "q=evil"},
		"a body, urlencoded":       {Body: "q=evil", Header: []string{"Content-Type", "application/x-www-form-urlencoded"}},
		"another host":             {Host: "evil.example"},
		"a port":                   {Host: "gateway.example:1337"},
		"a parameter":              {Target: "/page?evil=1"},
		"a parameter behind ;":     {Target: "/page?;evil=1"},
		"a fragment":               {Target: "/page#evil"},
		"an encoded slash":         {Target: "/%70age"},
		"two slashes":              {Target: "//page"},
		"a parameter of the path":  {Target: "/page;evil=1"},
		"credentials":              {Header: []string{"Authorization", "Basic ZXZpbDo="}},
		"a range":                  {Header: []string{"Range", "bytes=0-0"}},
		"conditions":               {Header: []string{"If-Match", `"evil"`}},
		"X-Original-URL":           {Header: []string{"X-Original-URL", "/evil"}},
		"X-Rewrite-URL":            {Header: []string{"X-Rewrite-URL", "/evil"}},
		"X-HTTP-Method-Override":   {Header: []string{"X-HTTP-Method-Override", "POST"}},
		"X-HTTP-Method":            {Header: []string{"x-http-method", "POST"}},
		"X-Method-Override":        {Header: []string{"X-METHOD-OVERRIDE", "POST"}},
		"X-Host":                   {Header: []string{"X-Host", "evil.example"}},
		"X-Forwarded-Server":       {Header: []string{"X-Forwarded-Server", "evil.example"}},
		"X-Forwarded-Scheme":       {Header: []string{"X-Forwarded-Scheme", "nothttps"}},
		"Forwarded, not trusted":   {Header: []string{"Forwarded", "host=evil.example"}},
		"a HEAD":                   {Method: "HEAD"},
		"a method with other case": {Method: "get"},
	}
	for _, mode := range []string{"", ", rfc9111: true"} {
		for name, attack := range attacks {
			t.Run(name+mode, func(t *testing.T) {
				b := newBench(t, `{strategy: memory, content_type: ["*/*"]`+mode+"}")
				reply := text("poison", "Cache-Control", "max-age=100")
				if len(attack.Header) > 0 && attack.Header[0] == "Range" {
					reply.Status, reply.Header = 206, append(reply.Header, "Content-Range", "bytes 0-0/9")
				}
				if attack.Target == "" {
					attack.Target = "/page"
				}
				if attack.Host == "" {
					attack.Host = "gateway.example"
				}
				b.sendWithLength(attack, reply)
				b.sendWithLength(attack, reply)
				victim := plugintest.Request{Target: "/page", Host: "gateway.example"}
				want(t, b.send(victim, text("good", "Cache-Control", "max-age=100")), "Miss 200 good")
				b.sendWithLength(attack, reply)
				if r := b.send(victim, text("good")); r.Body != "good" { // other methods may have removed it
					t.Errorf("got %q", say(r))
				}
			})
		}
	}
}

// TestErrorsAreNotKept: a request that an upstream refuses, as it is too large or odd, does not take the page away from others.
func TestErrorsAreNotKept(t *testing.T) {
	for _, mode := range []string{"", ", rfc9111: true"} {
		for _, status := range []int{400, 403, 405, 413, 414, 417, 429, 431, 500, 501, 502, 503, 504} {
			b := newBench(t, "{strategy: memory"+mode+"}")
			bad := text("no")
			bad.Status = status
			b.get("/", []string{"X-Oversized", strings.Repeat("x", 10_000)}, bad)
			if r := b.get("/", nil, text("good")); r.Body != "good" {
				t.Errorf("%d%s: %s", status, mode, say(r))
			}
		}
	}
}

// TestDeception: pages under names that look like files are not kept, however the name is written.
func TestDeception(t *testing.T) {
	for _, target := range []string{"/account/x.css", "/account/x.CSS", "/account;x.js", "/account%2Fx.png", "/account%00.ico", "/account%23x.woff2",
		"/account%3Fx.svg", "/account/..%2fx.jpg", "/account/x%2ecss", "/account/x%2Ejs?y=1", "/account/.css", "/account/a.b.c.gif"} {
		for _, kind := range []string{"text/html", "text/html; charset=utf-8", "application/json", "application/problem+json", "application/xhtml+xml"} {
			b := newBench(t, fmt.Sprintf(`{strategy: memory, content_type: ["*/*", %q]}`, kind))
			reply := plugintest.Reply{Header: []string{"Content-Type", kind}, Body: []string{"private"}}
			b.get(target, []string{"Cookie", "session=1"}, reply)
			if r := b.get(target, nil, text("public")); strings.Contains(r.Body, "private") {
				t.Errorf("%s as %s: %s", target, kind, say(r))
			}
		}
	}
	b := newBench(t, `{strategy: memory, content_type: ["*/*"]}`)
	for _, target := range []string{"/style.css", "/page", "/v1.2/page", "/page?x=y.css", "/a.html", "/data.json"} {
		kind := "text/html"
		if target == "/style.css" {
			kind = "text/css"
		}
		b.get(target, nil, plugintest.Reply{Header: []string{"Content-Type", kind}, Body: []string{"public"}})
		want(t, b.get(target, nil, text("x")), "Hit 200 public")
	}
}

// TestCollisions makes requests from parts that could be taken for each other; all that differ have keys that differ.
func TestCollisions(t *testing.T) {
	parts := []string{"", "a", "a\x00\x00\x00\x01a", "\x00\x00\x00\x01", "ab"}
	b := newBench(t, "{strategy: memory, vary_headers: [x, y], request_method: [GET, POST]}")
	keys := map[string]string{}
	for _, host := range parts[1:3] {
		for _, path := range []string{"", "a", "a/a", "ab"} {
			for _, query := range []string{"", "a", "a&a", "a=&b", "b&a=", "a%26a", "a=&b="} {
				for _, x := range parts {
					for _, y := range parts {
						for _, consumer := range []string{"", "a", "ab"} {
							in := plugintest.Request{Host: host, Target: "/" + path + "?" + query, Header: []string{"X", x, "Y", y}}
							if consumer != "" {
								in.Consumer = &entity.Consumer{ID: consumer}
							}
							name := fmt.Sprintf("%q %q %q %q %q %q", host, path, query, x, y, consumer)
							key := b.send(in, text("x", "Set-Cookie", "not=stored")).Get("X-Cache-Key")
							if query == "b&a=" {
								name = fmt.Sprintf("%q %q %q %q %q %q", host, path, "a=&b", x, y, consumer) // the same, in another order
							}
							if old, ok := keys[key]; ok && old != name || len(key) != 64 {
								t.Fatalf("%s and %s have the key %s", old, name, key)
							}
							keys[key] = name
						}
					}
				}
			}
		}
	}
	if len(keys) < 3000 {
		t.Errorf("only %d keys", len(keys))
	}
}

// TestVariantsAreBounded asks for one URL in 100,000 ways: what is kept stays below the quota, and what others want stays.
func TestVariantsAreBounded(t *testing.T) {
	n := 100_000
	if testing.Short() {
		n = 5000
	}
	const quota = 1_000_000
	for _, kind := range []string{"Vary", "vary_headers", "query"} {
		t.Run(kind, func(t *testing.T) {
			b := newBench(t, fmt.Sprintf("{strategy: memory, quota_bytes: %d, vary_headers: [X-Key]}", quota))
			h := adminOf(map[string]any{pluginID: b.Plugin})
			used := func() (entries int, bytes int64) {
				_, body := ask(h, "GET", "/proxy-cache?prefix=/one&size=1000")
				var l struct {
					Data  []any
					Bytes int64 `json:"bytes_in_memory"`
				}
				if err := json.Unmarshal([]byte(body), &l); err != nil {
					t.Fatal(err)
				}
				return len(l.Data), l.Bytes
			}
			b.get("/wanted", nil, text("wanted"))
			began := time.Now()
			for i := range n {
				value := fmt.Sprint(i)
				switch kind {
				case "Vary":
					b.get("/one", []string{"A", value}, text("x", "Vary", "A"))
				case "vary_headers":
					b.get("/one", []string{"X-Key", value}, text("x"))
				default:
					b.get("/one?"+value, nil, text("x"))
				}
				if i%100 == 0 {
					want(t, b.get("/wanted", nil, text("again")), "Hit 200 wanted")
				}
			}
			entries, bytes := used()
			if bytes > quota || kind == "Vary" && entries > 64 || entries < 60 {
				t.Errorf("%d entries, %d bytes", entries, bytes)
			}
			t.Logf("%d entries, %d bytes, %s a request", entries, bytes, time.Since(began)/time.Duration(n))
		})
	}
}
