package http1_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"net/textproto"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Early hints and the like reach the client, before the response and without fields of the connection.
func TestInterimResponsesArePassedOn(t *testing.T) {
	paths(t, func(t *testing.T, raw bool) {
		upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Link", "</a.css>; rel=preload")
			w.Header().Set("Connection", "x-hop")
			w.Header().Set("X-Hop", "1")
			w.WriteHeader(103)
			w.Header().Del("X-Hop")
			w.Header().Del("Connection")
			w.WriteHeader(102)
			w.Header().Del("Link")
			io.WriteString(w, "final")
		}))
		defer upstream.Close()
		addr, _ := chain(t, raw, upstream.Listener.Addr().String())
		transport := &http.Transport{}
		defer transport.CloseIdleConnections()
		var got []string
		trace := &httptrace.ClientTrace{Got1xxResponse: func(code int, h textproto.MIMEHeader) error {
			got = append(got, http.StatusText(code)+" "+h.Get("Link")+h.Get("X-Hop"))
			return nil
		}}
		req, err := http.NewRequestWithContext(httptrace.WithClientTrace(t.Context(), trace), "GET", "http://"+addr+"/", nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := transport.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		got = append(got, resp.Status+" "+resp.Header.Get("Link")+string(body))
		if diff := cmp.Diff([]string{"Early Hints </a.css>; rel=preload", "Processing </a.css>; rel=preload", "200 OK final"}, got); diff != "" || err != nil {
			t.Error(err, diff)
		}
	})
}
