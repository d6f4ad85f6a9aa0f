package idp

import (
	"bytes"
	"crypto/tls"
	"io"
	"net/http"
	"strings"
)

// inside is the remote address of requests that never left the process. It is no loopback address: what only this machine may ask is not
// asked so.
const inside = "inside"

// Transport returns a transport that answers requests to the AWS addresses of pools that live here, and to their custom domains, in this
// process; all others it passes on.
func (p *Provider) Transport(next http.RoundTripper) http.RoundTripper {
	return &transport{p, next}
}

type transport struct {
	p    *Provider
	next http.RoundTripper
}

// RoundTrip implements http.RoundTripper.
func (t *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	if !t.local(r) {
		return t.next.RoundTrip(r)
	}
	return within(t.p, r)
}

// local says whether the request is for a pool that lives here.
func (t *transport) local(r *http.Request) bool {
	s := read(r.URL.Host)
	switch {
	case s.issuer:
		id, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
		_, err := t.p.Pools.Pool(r.Context(), id)
		return id != "" && err == nil
	case s.domain != "":
		found, err := t.p.byDomain(r.Context(), s.domain)
		return err == nil && (s.region == "" || s.region == found.Region)
	}
	return false
}

// within has a handler answer a client's request.
func within(h http.Handler, r *http.Request) (*http.Response, error) {
	in := r.Clone(r.Context())
	if in.Host == "" {
		in.Host = r.URL.Host
	}
	in.RequestURI, in.RemoteAddr = r.URL.RequestURI(), inside
	if in.Body == nil {
		in.Body = http.NoBody
	}
	if r.URL.Scheme == "https" {
		in.TLS = &tls.ConnectionState{ServerName: r.URL.Hostname(), HandshakeComplete: true}
	}
	w := &recorder{header: make(http.Header), status: http.StatusOK}
	h.ServeHTTP(w, in)
	if r.Body != nil {
		r.Body.Close()
	}
	return &http.Response{Status: http.StatusText(w.status), StatusCode: w.status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: w.header,
		Body: io.NopCloser(bytes.NewReader(w.body.Bytes())), ContentLength: int64(w.body.Len()), Request: r}, nil
}

// recorder keeps an answer.
type recorder struct {
	header http.Header
	status int
	wrote  bool
	body   bytes.Buffer
}

func (w *recorder) Header() http.Header { return w.header }

func (w *recorder) WriteHeader(status int) {
	if !w.wrote {
		w.status, w.wrote = status, true
	}
}

func (w *recorder) Write(b []byte) (int, error) {
	w.wrote = true
	return w.body.Write(b)
}
