package compat_test

import (
	"bytes"
	"encoding/json"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/gibbon-gateway/gibbon/internal/admin"
	"github.com/gibbon-gateway/gibbon/internal/plugins"
	"github.com/gibbon-gateway/gibbon/internal/store"
	"github.com/gibbon-gateway/gibbon/internal/store/sqlstore"
)

// stores are what the exchanges are replayed over, each with nothing stored.
var stores = map[string]func(t *testing.T) store.Store{
	"memory": func(*testing.T) store.Store { return &store.Memory{} },
	"sqlite": func(t *testing.T) store.Store {
		s, err := sqlstore.Open(t.Context(), sqlstore.Options{SQLite: filepath.Join(t.TempDir(), "gibbon.db")})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Close() })
		return s
	},
}

func TestAdmin(t *testing.T) {
	for name, open := range stores {
		t.Run(name, func(t *testing.T) {
			s := httptest.NewServer(admin.New(admin.Options{Store: open(t), Plugins: plugins.All(), Version: "1.0"}))
			t.Cleanup(s.Close)
			replay(t, s.URL)
		})
	}
}

// replay asks the Admin API at url, with nothing stored, all that Kong was asked.
func replay(t *testing.T, url string) {
	t.Helper()
	c := &comparison{ids: map[string]string{}}
	total, equal := 0, 0
	for _, file := range []string{"admin-a.txt", "admin-b.txt", "admin-c.txt", "admin-d.txt", "admin-later.txt"} {
		for _, e := range read(t, file) {
			got := ask(t, url, e)
			if e.status == 0 {
				continue
			}
			total++
			d := compareAdmin(c, e, got)
			if d == "" {
				equal++
			}
			verdict(t, e, d)
		}
	}
	t.Logf("%d of %d exchanges are answered as Kong did", equal, total)
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   string
}

// ask sends the request of an exchange.
func ask(t *testing.T, url string, e *exchange) answer {
	t.Helper()
	method, path, _ := strings.Cut(e.request[0], " ")
	body := e.body
	header := http.Header{}
	for _, line := range e.request[1:] {
		name, value, _ := strings.Cut(line, ": ")
		header.Set(name, value)
	}
	if header.Get("Content-Type") == "multipart/form-data" {
		var b bytes.Buffer
		w := multipart.NewWriter(&b)
		for _, line := range strings.Split(e.body, "\n") {
			name, value, _ := strings.Cut(line, "=")
			if err := w.WriteField(name, value); err != nil {
				t.Fatal(err)
			}
		}
		w.Close()
		body = b.String()
		header.Set("Content-Type", w.FormDataContentType())
	}
	r, err := http.NewRequest(method, url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header = header
	res, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatalf("%s: %v", e.name, err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatalf("%s: %v", e.name, err)
	}
	return answer{res.StatusCode, res.Header, string(text)}
}

// compareAdmin describes how an answer of the Admin API differs from Kong's.
func compareAdmin(c *comparison, e *exchange, got answer) string {
	d := differ("status", strconv.Itoa(e.status), strconv.Itoa(got.status))
	if e.status == got.status {
		d += adminFields(e, got)
	}
	if compare := special[e.name]; compare != nil {
		var w, g map[string]any
		if json.Unmarshal([]byte(e.answer), &w) != nil || json.Unmarshal([]byte(got.body), &g) != nil {
			return d + differ("body", e.answer, got.body)
		}
		return d + strings.Join(compare(w, g), "\n")
	}
	if strings.HasPrefix(e.answer, "{") {
		return d + c.json(e.answer, got.body)
	}
	return d + differ("body", e.answer, strings.Trim(strings.ReplaceAll(got.body, "\r\n", "\n"), "\n"))
}

// adminFields compares header fields: those of the exchange, and those that every answer has.
func adminFields(e *exchange, got answer) string {
	d := ""
	want := append([][2]string{{"Access-Control-Allow-Origin", "*"}, {"Access-Control-Allow-Credentials", "true"}}, e.header...)
	for _, f := range want {
		d += differ(f[0], f[1], got.header.Get(f[0]))
	}
	if !strings.HasPrefix(got.header.Get("Server"), "gibbon/") {
		d += differ("Server", "gibbon/…", got.header.Get("Server"))
	}
	if _, err := strconv.Atoi(got.header.Get("X-Kong-Admin-Latency")); err != nil {
		d += differ("X-Kong-Admin-Latency", "a number", got.header.Get("X-Kong-Admin-Latency"))
	}
	length := got.header.Get("Content-Length")
	switch {
	case e.status == http.StatusNoContent:
		d += differ("Content-Length", "", length)
	case strings.HasPrefix(e.request[0], "HEAD "):
		if n, _ := strconv.Atoi(length); n == 0 {
			d += differ("Content-Length", "that of GET", length)
		}
	default:
		d += differ("Content-Length", strconv.Itoa(len(got.body)), length)
	}
	return d
}
