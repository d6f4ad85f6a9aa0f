package proxycache_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gibbon-gateway/gibbon/entity"
	"github.com/gibbon-gateway/gibbon/plugin/plugintest"
)

const pluginID = "00000000-0000-4000-8000-000000000001"

func TestAdmin(t *testing.T) {
	b := newBench(t, `{strategy: memory}`)
	h := adminOf(map[string]any{pluginID: b.Plugin, "other": struct{}{}})
	key := b.get("/a?x=1", nil, text("one\xff", "Surrogate-Key", "t1 t2", "Link", "a", "Link", "b")).Get("X-Cache-Key")

	for _, path := range []string{"/proxy-cache/" + key, "/proxy-cache/" + pluginID + "/caches/" + key} {
		code, body := ask(h, "GET", path)
		var got map[string]any
		if err := json.Unmarshal([]byte(body), &got); err != nil || code != 200 {
			t.Fatalf("%s: %d %s", path, code, body)
		}
		want := map[string]any{"status": 200., "body": "one\ufffd", "body_len": 4., "ttl": 300., "version": 1., "timestamp": float64(start.Unix()),
			"headers": map[string]any{"Content-Type": "text/plain", "Surrogate-Key": "t1 t2", "Link": []any{"a", "b"}}}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", path, diff)
		}
	}
	for _, c := range []struct {
		method, path string
		code         int
	}{
		{"GET", "/proxy-cache/nokey", 404},
		{"DELETE", "/proxy-cache/nokey", 404},
		{"GET", "/proxy-cache/noplugin/caches/" + key, 404},
		{"DELETE", "/proxy-cache/noplugin/caches/" + key, 404},
		{"GET", "/proxy-cache/other/caches/" + key, 404},
		{"DELETE", "/proxy-cache/" + pluginID + "/caches/" + key, 204},
		{"GET", "/proxy-cache/" + key, 404},
		{"DELETE", "/proxy-cache", 204},
		{"DELETE", "/proxy-cache?soft=maybe", 400},
		{"DELETE", "/proxy-cache?prefx=/a", 400},
		{"GET", "/proxy-cache?size=0", 400},
	} {
		if code, body := ask(h, c.method, c.path); code != c.code || code != 200 && code < 400 && body != "" {
			t.Errorf("%s %s: %d %s, want %d", c.method, c.path, code, body, c.code)
		}
	}
	b.Advance(time.Second)
	want(t, b.get("/a?x=1", nil, text("two")), "Miss 200 two")
}

func TestListAndPurge(t *testing.T) {
	b := newBench(t, `{strategy: memory}`)
	h := adminOf(map[string]any{pluginID: b.Plugin})
	fill := func() {
		b.Advance(time.Second)
		for _, target := range []string{"/a/1", "/a/2", "/b/1"} {
			for _, host := range []string{"one.example", "two.example:8000"} {
				b.send(plugintest.Request{Target: target, Host: host, Route: &entity.Route{ID: "r" + target[1:2]}},
					text("x", "Cache-Tag", "all,"+strings.ReplaceAll(target[1:], "/", "")))
			}
		}
	}
	list := func(query string) (got []string) {
		code, body := ask(h, "GET", "/proxy-cache"+query)
		var l struct {
			Data []struct{ Host, Target string }
		}
		if err := json.Unmarshal([]byte(body), &l); err != nil || code != 200 {
			t.Fatalf("%d %s", code, body)
		}
		for _, e := range l.Data {
			got = append(got, e.Host+e.Target)
		}
		return got
	}
	fill()
	if got := list(""); len(got) != 6 {
		t.Errorf("list: %q", got)
	}
	if got := list("?size=2"); len(got) != 2 {
		t.Errorf("list of two: %q", got)
	}
	for query, left := range map[string]int{
		"?prefix=/a/": 2, "?host=two.example": 3, "?host=two.example:8000": 3, "?host=two.example:1": 6, "?route=rb": 4, "?tag=all": 0,
		"?tag=a1": 4, "?prefix=/a&host=one.example": 4, "?tag=a": 6, "": 0,
	} {
		fill()
		if n := len(list(query)); n != 6-left {
			t.Errorf("GET %s: %d entries", query, n)
		}
		if code, body := ask(h, "DELETE", "/proxy-cache"+query); code != 204 {
			t.Fatalf("DELETE %s: %d %s", query, code, body)
		}
		if n := len(list("")); n != left {
			t.Errorf("DELETE %s: %d left, want %d", query, n, left)
		}
	}
	// Softly: they stay, and are fetched again when somebody asks.
	fill()
	if code, _ := ask(h, "DELETE", "/proxy-cache/"+pluginID+"/caches?prefix=/a/1&soft=true"); code != 204 || len(list("")) != 6 {
		t.Errorf("soft: %d, %d left", code, len(list("")))
	}
	in := plugintest.Request{Target: "/a/1", Host: "one.example", Route: &entity.Route{ID: "ra"}}
	b.Advance(time.Second)
	want(t, b.send(in, text("new")), "Refresh 200 new")
	want(t, b.send(in, text("newer")), "Hit 200 new")
}

// A purge also meets what is on its way.
func TestPurgeWhileFetching(t *testing.T) {
	b := newBench(t, `{strategy: memory}`)
	h := adminOf(map[string]any{pluginID: b.Plugin})
	x, finish := b.begin(t, plugintest.Request{})
	b.Advance(time.Millisecond)
	ask(h, "DELETE", "/proxy-cache")
	b.Advance(time.Millisecond)
	finish(x, "old")
	want(t, b.get("/", nil, text("new")), "Miss 200 new")
}
