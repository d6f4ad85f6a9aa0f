package openidconnect_test

import (
	"strings"
	"testing"
	"time"
)

// A session that was let in before is known by its cookies: all of them count, and only until its times or its tokens end.
func TestRememberedSession(t *testing.T) {
	g := start(t, "session_idling_timeout: 100\nrefresh_tokens: false")
	b := g.browser()
	wantStatus(t, b.signIn("/"), 200)
	cookie := "session=" + b.cookies["session"]
	for _, others := range []string{"", "a=1; ", "sessions=x; session1=y; a=\"1\"; "} {
		for range 2 { // the second time it is remembered
			r := g.ask("/", "Cookie", others+cookie+"; session2=old; b")
			wantStatus(t, r, 200)
			if got, want := r.Upstream.Get("Cookie"), others+"b"; got != want {
				t.Errorf("upstream got the cookies %q, want %q", got, want)
			}
			if !strings.HasPrefix(r.Upstream.Get("Authorization"), "Bearer ey") {
				t.Errorf("upstream got %q", r.Upstream.Header)
			}
		}
	}
	for name, wrong := range map[string]string{
		"changed": cookie[:len(cookie)-2] + "AA", "cut": cookie[:len(cookie)-4], "longer": cookie + "A", "empty": "session=", "no text": "session=1.",
		"more chunks": strings.Replace(cookie, "session=1.", "session=2.", 1), "behind another": "session=1.x; " + cookie, "number": "session=0.",
	} {
		if r := g.ask("/", "Cookie", wrong); r.Status != 302 {
			t.Errorf("%s: status %d, want 302", name, r.Status)
		}
	}
	g.clock.advance(101 * time.Second)
	if r := g.ask("/", "Cookie", cookie); r.Status != 302 {
		t.Errorf("idle for too long: status %d, want 302", r.Status)
	}
}

// A session of several cookies is remembered by all of them.
func TestRememberedSessionOfManyCookies(t *testing.T) {
	g := start(t, "")
	g.provider.ID = func(claims map[string]any) { claims["noise"] = noise(9000) }
	b := g.browser()
	wantStatus(t, b.signIn("/"), 200)
	if b.cookies["session2"] == "" {
		t.Fatalf("only %d cookies", len(b.cookies))
	}
	wantStatus(t, b.get("/"), 200)
	wantStatus(t, b.get("/"), 200)
	whole := b.cookies["session2"]
	b.cookies["session2"] = whole[:len(whole)-1]
	if r := b.get("/"); r.Status != 302 {
		t.Errorf("second cookie changed: status %d, want 302", r.Status)
	}
	delete(b.cookies, "session2")
	if r := b.get("/"); r.Status != 302 {
		t.Errorf("second cookie missing: status %d, want 302", r.Status)
	}
}
