package oidc_test

import (
	"net/http"
	"strings"
	"sync"
	"time"
)

// enter lets somebody in, and returns what the upstream got.
func (s *setting) enter(u *user, name string) http.Header {
	u.t.Helper()
	target := s.gateway.Proxy + "/" + name + "/page?x=1"
	if where, body := u.visit(target); where != target || body != "200 upstream /"+name+"/page" {
		u.t.Fatalf("at %s: %s", where, body)
	}
	seen := s.upstream.Seen()
	last := seen[len(seen)-1].Header
	if !strings.HasPrefix(last.Get("Authorization"), "Bearer ") || last.Get("Cookie") != "" || last.Get("X-Credential-Identifier") == "" {
		u.t.Errorf("upstream got %v", last)
	}
	return last
}

// signIn lets somebody in by a login, then by the session.
func (s *setting) signIn(u *user, name string) http.Header {
	u.t.Helper()
	s.enter(u, name)
	last := s.enter(u, name)
	if u.asked != 1 {
		u.t.Errorf("asked %d times for name and password", u.asked)
	}
	return last
}

// knock asks for a page and follows no redirects.
func (s *setting) knock(u *user, path string) int {
	u.t.Helper()
	other := http.Client{Jar: u.jar, Timeout: u.Timeout, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := other.Get(s.gateway.Proxy + path)
	if err != nil {
		u.t.Error(err)
		return 0
	}
	response.Body.Close()
	return response.StatusCode
}

// refresh stays in a session whose access token ends, with requests at the same time, until it was refreshed twice. rotates says whether
// each refresh token is good once.
func (s *setting) refresh(u *user, name string, rotates bool) {
	s.signIn(u, name)
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(20 * time.Second)
	tokens, refreshers := map[string]bool{}, map[string]bool{}
	for len(tokens) < 3 {
		var all sync.WaitGroup
		for range 4 {
			all.Go(func() {
				if status := s.knock(u, "/"+name+"/page"); status != http.StatusOK {
					u.t.Errorf("in a session: %d", status)
				}
			})
		}
		all.Wait()
		for _, r := range s.upstream.Seen() {
			if strings.HasPrefix(r.Target, "/"+name+"/") {
				tokens[r.Header.Get("Authorization")], refreshers[r.Header.Get("X-Refresh")] = true, true
			}
		}
		select {
		case <-tick.C:
		case <-deadline:
			u.t.Fatalf("%d access tokens", len(tokens))
		}
		if u.t.Failed() {
			return
		}
	}
	if rotates && len(refreshers) != len(tokens) || !rotates && len(refreshers) != 1 {
		u.t.Errorf("%d access tokens, %d refresh tokens", len(tokens), len(refreshers))
	}
}

// leave logs somebody out here and at the provider, which leads to an address that begins with end.
func (s *setting) leave(u *user, name, end string) {
	u.t.Helper()
	if where, body := u.visit(s.gateway.Proxy + "/" + name + "/page?logout=1"); !strings.HasPrefix(where, end) || !strings.HasPrefix(body, "200 ") {
		u.t.Fatalf("logout leads to %s: %s", where, body)
	}
}

// left waits until somebody has no session any more.
func (s *setting) left(u *user, name string) {
	u.t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(10 * time.Second)
	for s.knock(u, "/"+name+"/page") != http.StatusFound {
		select {
		case <-tick.C:
		case <-deadline:
			u.t.Fatalf("%s: the session outlives the logout", name)
		}
	}
}
