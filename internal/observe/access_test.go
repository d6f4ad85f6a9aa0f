package observe_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/gibbon-gateway/gibbon/internal/observe"
)

func TestAccess(t *testing.T) {
	path := filepath.Join(t.TempDir(), "access.log")
	f, err := observe.OpenFile(path, observe.NewLogger(io.Discard, observe.LevelNotice))
	if err != nil {
		t.Fatal(err)
	}
	h := observe.Access(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusTeapot)
		_, _ = io.WriteString(w, "short")
	}), f)
	r := httptest.NewRequest("POST", "/a?b=%22", nil)
	r.Header.Set("User-Agent", "x\"\ny")
	h.ServeHTTP(httptest.NewRecorder(), r)
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	want := regexp.MustCompile(`^192\.0\.2\.1 - - \[\d\d/\w{3}/\d{4}:\d\d:\d\d:\d\d \+0000\] "POST /a\?b=%22 HTTP/1\.1" 418 5 "-" "x\\"\\ny"` + "\n$")
	if !want.Match(text) {
		t.Errorf("%s", text)
	}
}
