// Package demo is the sample upstream that "gibbon start --demo" serves: httpbin's endpoints, and /hello, which says the
// time. New returns its handler. Nothing else uses it.
package demo

import (
	"fmt"
	"net/http"
	"time"

	"github.com/mccutchen/go-httpbin/v2/httpbin"
)

// New returns the handler. now is the clock of /hello.
func New(now func() time.Time) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /hello", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		fmt.Fprintf(w, "Hello World, Kong: %s\n", now().Format("2006-01-02 15:04:05"))
	})
	mux.Handle("/", httpbin.New().Handler())
	return mux
}
