package oidc_test

import (
	"bytes"
	"crypto/rand"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/gibbon-gateway/gibbon/internal/oidc"
	"github.com/gibbon-gateway/gibbon/internal/statedb/memory"
)

func sessions(c *clock) *oidc.Sessions {
	return &oidc.Sessions{
		Cookie: oidc.Cookie{Name: "session", Path: "/", SameSite: "Lax", HTTPOnly: true},
		Scope:  "a", Secrets: [][]byte{[]byte("secret")}, Now: c.now,
		Idle: 15 * time.Minute, Rolling: time.Hour, Absolute: 24 * time.Hour,
	}
}

// jar is a browser's store of cookies.
type jar map[string]string

func (j jar) set(fields []string) {
	for _, f := range fields {
		pair, attributes, _ := strings.Cut(f, ";")
		name, value, _ := strings.Cut(pair, "=")
		if j[name] = value; strings.Contains(attributes, "Max-Age=0") {
			delete(j, name)
		}
	}
}

func (j jar) get(name string) (string, bool) { v, ok := j[name]; return v, ok }

func noise(n int) []byte { b := make([]byte, n); rand.Read(b); return b }

func TestSessionSurvives(t *testing.T) {
	store := memory.New(memory.Options{SweepEvery: -1})
	defer store.Close()
	for name, size := range map[string]int{"small": 10, "compressed": 8000, "chunks": 20000} {
		for _, inStore := range []bool{false, true} {
			s, j, data := sessions(newClock()), jar{}, noise(size)
			if name == "compressed" {
				data = bytes.Repeat([]byte("abcdefgh"), size/8)
			}
			if inStore {
				s.Store, s.Prefix = store, "s:"
			}
			fields, err := s.Save(t.Context(), s.New(data), "", false)
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range fields {
				if len(f) > 4096 {
					t.Errorf("%s: cookie of %d bytes", name, len(f))
				}
			}
			j.set(fields)
			if inStore && len(j) != 1 {
				t.Errorf("%s: %d cookies for a stored session", name, len(j))
			}
			x, err := s.Open(t.Context(), j.get, "")
			if err != nil || !bytes.Equal(x.Data, data) {
				t.Fatalf("%s, in store %v: %v", name, inStore, err)
			}
			// A smaller one leaves no chunks behind; a destroyed one leaves nothing.
			x.Data = []byte("x")
			fields, _ = s.Save(t.Context(), x, "", false)
			j.set(fields)
			if len(j) != 1 {
				t.Errorf("%s: stale chunks: %d cookies", name, len(j))
			}
			kept := jar{"session": j["session"]}
			fields, err = s.Destroy(t.Context(), x, false)
			j.set(fields)
			if err != nil || len(j) != 0 {
				t.Errorf("%s: cookies after Destroy: %v, %v", name, j, err)
			}
			if _, err := s.Open(t.Context(), kept.get, ""); inStore != errors.Is(err, oidc.ErrNoSession) {
				t.Errorf("%s, in store %v: replay after logout: %v", name, inStore, err)
			}
		}
	}
	s := sessions(newClock())
	if _, err := s.Save(t.Context(), s.New(make([]byte, 256<<10+1)), "", false); !errors.Is(err, oidc.ErrTooLarge) {
		t.Errorf("more than can be opened again: %v", err)
	}
	if _, err := s.Save(t.Context(), s.New(noise(40000)), "", false); !errors.Is(err, oidc.ErrTooLarge) {
		t.Errorf("40 kB: %v", err)
	}
}

func TestSessionIsSealed(t *testing.T) {
	c := newClock()
	s, j := sessions(c), jar{}
	fields, err := s.Save(t.Context(), s.New(noise(6000)), "ip", true)
	if err != nil {
		t.Fatal(err)
	}
	j.set(fields)
	if !strings.Contains(fields[0], "; Path=/; SameSite=Lax; Secure; HttpOnly") {
		t.Errorf("attributes: %s", fields[0][len(fields[0])-60:])
	}
	refused := func(name string, s *oidc.Sessions, j jar, bind string) {
		t.Helper()
		if _, err := s.Open(t.Context(), j.get, bind); !errors.Is(err, oidc.ErrNoSession) {
			t.Errorf("%s: %v", name, err)
		}
	}
	other := sessions(c)
	other.Scope = "b"
	refused("another scope", other, j, "ip")
	other = sessions(c)
	other.Secrets = [][]byte{[]byte("other")}
	refused("another secret", other, j, "ip")
	refused("another binding", s, j, "other")
	other.Secrets = [][]byte{[]byte("other"), []byte("secret")}
	if _, err := other.Open(t.Context(), j.get, "ip"); err != nil {
		t.Errorf("a rotated secret: %v", err)
	}
	refused("no cookie", s, jar{}, "ip")
	refused("missing chunk", s, jar{"session": j["session"]}, "ip")
	refused("swapped chunks", s, jar{"session": "3." + j["session2"], "session2": j["session"], "session3": j["session3"]}, "ip")
	for name, value := range j {
		for at := 0; at < len(value); at += 97 {
			changed := jar{}
			for n, v := range j {
				changed[n] = v
			}
			flip := byte('A')
			if value[at] == 'A' {
				flip = 'B'
			}
			changed[name] = value[:at] + string(flip) + value[at+1:]
			refused("flipped byte", s, changed, "ip")
		}
	}
	for _, garbage := range []string{"", ".", "1.", "99.x", "1.AAAA", "-1.x", "1." + strings.Repeat("A", 100)} {
		refused("garbage "+garbage, s, jar{"session": garbage}, "ip")
	}
}

func TestSessionEnds(t *testing.T) {
	c := newClock()
	s, j := sessions(c), jar{}
	x := s.New([]byte("x"))
	save := func() {
		t.Helper()
		fields, err := s.Save(t.Context(), x, "", false)
		if err != nil {
			t.Fatal(err)
		}
		j.set(fields)
	}
	save()
	open := func() error {
		y, err := s.Open(t.Context(), j.get, "")
		if err == nil {
			x = y
		}
		return err
	}
	c.advance(15*time.Minute - time.Second)
	if err := open(); err != nil {
		t.Errorf("before the idle timeout: %v", err)
	}
	if !s.Due(x) {
		t.Error("a session near its idle timeout is not due")
	}
	c.advance(time.Second)
	if err := open(); !errors.Is(err, oidc.ErrNoSession) {
		t.Errorf("at the idle timeout: %v", err)
	}
	x = s.New([]byte("x"))
	save()
	for range 5 { // used every 10 minutes: the rolling timeout ends it after an hour
		c.advance(10 * time.Minute)
		if err := open(); err != nil {
			t.Fatal(err)
		}
		save()
	}
	if !s.Rolls(x) {
		t.Error("a session near its rolling timeout does not roll")
	}
	before := x.ID
	if err := s.Renew(t.Context(), x); err != nil || x.ID == before {
		t.Errorf("renewal: %v", err)
	}
	save()
	c.advance(11 * time.Minute)
	if err := open(); err != nil {
		t.Errorf("after renewal: %v", err)
	}
	save()
	for range 200 { // renewed for ever: the absolute timeout ends it
		c.advance(10 * time.Minute)
		if err := open(); err != nil {
			if d := c.now().Sub(x.Created); d < 24*time.Hour || d > 24*time.Hour+10*time.Minute {
				t.Errorf("ended after %v", d)
			}
			return
		}
		if err := s.Renew(t.Context(), x); err != nil {
			t.Fatal(err)
		}
		save()
	}
	t.Error("the absolute timeout has no effect")
}
