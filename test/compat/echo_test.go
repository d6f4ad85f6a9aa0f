package compat_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync/atomic"
	"testing"
	"time"
)

// startEcho starts the upstream of the recorded exchanges, and returns its address. It answers with what it was asked, as
// JSON; /status/N sets the status, /delay/MS waits, /cached may be cached for a minute.
func startEcho(t *testing.T) string {
	t.Helper()
	var count atomic.Int64
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n := count.Add(1)
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		h := w.Header()
		h.Set("Content-Type", "application/json")
		h.Set("X-Upstream", "echo")
		if r.URL.Path == "/cached" {
			h.Set("Cache-Control", "public, max-age=60")
		}
		var number int
		status := http.StatusOK
		if n, err := fmt.Sscanf(r.URL.Path, "/status/%d", &number); n == 1 && err == nil {
			status = number
		}
		if n, err := fmt.Sscanf(r.URL.Path, "/delay/%d", &number); n == 1 && err == nil {
			select {
			case <-time.After(time.Duration(number) * time.Millisecond):
			case <-r.Context().Done():
				return
			}
		}
		text, _ := json.MarshalIndent(map[string]any{"method": r.Method, "uri": r.RequestURI, "proto": r.Proto, "host": r.Host,
			"headers": r.Header, "te": r.TransferEncoding, "body": string(body), "count": strconv.FormatInt(n, 10)}, "", " ")
		h.Set("Content-Length", strconv.Itoa(len(text)+1))
		w.WriteHeader(status)
		w.Write(append(text, '\n'))
	}))
	t.Cleanup(s.Close)
	return s.Listener.Addr().String()
}

// closedAddress returns an address where nobody listens.
func closedAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}
