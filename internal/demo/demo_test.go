package demo_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/gibbon-gateway/gibbon/internal/demo"
)

func TestDemo(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	s := httptest.NewServer(demo.New(func() time.Time { return at }))
	defer s.Close()
	get := func(path string) string {
		r, err := http.Get(s.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Body.Close()
		b, err := io.ReadAll(r.Body)
		if err != nil || r.StatusCode != 200 {
			t.Fatalf("%s: status %d, %v", path, r.StatusCode, err)
		}
		return string(b)
	}
	if got := get("/hello"); got != "Hello World, Kong: 2026-01-02 03:04:05\n" {
		t.Errorf("/hello said %q", got)
	}
	var echo struct {
		Args map[string][]string
	}
	if err := json.Unmarshal([]byte(get("/get?a=1")), &echo); err != nil || echo.Args["a"][0] != "1" {
		t.Errorf("/get: %v, %v", echo, err)
	}
}
