// Package oidc is the relying party's side of OpenID Connect and OAuth 2.0: discovery and keys of issuers, verification of
// tokens, calls of the token, introspection, userinfo, revocation and pushed authorization endpoints with every kind of
// client authentication, and sealed sessions. Its main types are Issuer, Client and Session. It sees no requests of the
// gateway and takes no decision about them; the plugin openid-connect does.
package oidc

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// ErrUnreachable is wrapped when a provider could not be asked, or answered with what is no answer of this protocol. The
// token or credential in question was not judged.
var ErrUnreachable = errors.New("provider unavailable")

// maxBody is the longest answer that is read from a provider, in bytes, after decompression.
const maxBody = 1 << 20

// Fetcher sends requests to a provider, bounded in time and size.
type Fetcher struct {
	Client  *http.Client  // its CheckRedirect is not used; see NewFetcher
	Timeout time.Duration // of a whole exchange
	Log     *slog.Logger

	hosts sync.Map // *breaker by host
}

// A host that failed so often in a row is left alone for a while: its callers wait for nothing otherwise.
const (
	breakAfter = 5
	breakFor   = 5 * time.Second
)

type breaker struct {
	failed atomic.Int32
	until  atomic.Int64 // nanoseconds since 1970
}

// note takes down how a call went.
func (b *breaker) note(ok bool) {
	switch {
	case ok:
		if b.failed.Load() != 0 {
			b.failed.Store(0)
		}
	case b.failed.Add(1) >= breakAfter:
		b.until.Store(time.Now().Add(breakFor).UnixNano())
	}
}

// NewFetcher returns a Fetcher over a transport. Redirects are followed for GET only, five at most, never from https to
// http, and never from elsewhere to this machine or to link-local addresses.
func NewFetcher(t http.RoundTripper, timeout time.Duration, log *slog.Logger) *Fetcher {
	return &Fetcher{Client: &http.Client{Transport: t, CheckRedirect: redirect}, Timeout: timeout, Log: log}
}

func redirect(r *http.Request, via []*http.Request) error {
	first := via[0]
	switch {
	case first.Method != http.MethodGet:
		return http.ErrUseLastResponse
	case len(via) > 5:
		return errors.New("more than 5 redirects")
	case first.URL.Scheme == "https" && r.URL.Scheme != "https":
		return errors.New("redirect from https to http")
	case inward(r.URL) && !inward(first.URL):
		return fmt.Errorf("redirect to %s", r.URL.Host)
	}
	return nil
}

// inward reports whether a URL names this machine or a link-local address, such as a cloud's metadata service.
func inward(u *url.URL) bool {
	host := u.Hostname()
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && (ip.IsLoopback() || ip.IsLinkLocalUnicast() || ip.IsUnspecified())
}

// answer is a response of a provider that was read to its end.
type answer struct {
	status int
	header http.Header
	body   []byte
	media  string // media type, lower case, without parameters
}

// do sends r and reads the answer. Every error wraps ErrUnreachable.
func (f *Fetcher) do(ctx context.Context, r *http.Request) (*answer, error) {
	entry, ok := f.hosts.Load(r.URL.Host)
	if !ok {
		entry, _ = f.hosts.LoadOrStore(r.URL.Host, new(breaker))
	}
	b := entry.(*breaker)
	if b.until.Load() > time.Now().UnixNano() {
		return nil, fmt.Errorf("%w: %s failed %d times in a row and is left alone for a moment", ErrUnreachable, r.URL.Host, breakAfter)
	}
	ctx, cancel := context.WithTimeout(ctx, f.Timeout)
	defer cancel()
	resp, err := f.Client.Do(r.WithContext(ctx))
	b.note(err == nil)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnreachable, withoutQuery(err))
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxBody+1))
	if err != nil {
		return nil, fmt.Errorf("%w: reading from %s: %w", ErrUnreachable, r.URL.Host, err)
	}
	if len(body) > maxBody {
		return nil, fmt.Errorf("%w: answer of %s is longer than %d bytes", ErrUnreachable, r.URL.Host, maxBody)
	}
	media, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	return &answer{resp.StatusCode, resp.Header, body, media}, nil
}

// withoutQuery keeps what may be a secret in a URL out of an error.
func withoutQuery(err error) error {
	var e *url.Error
	if errors.As(err, &e) {
		if u, parse := url.Parse(e.URL); parse == nil {
			u.RawQuery, u.User = "", nil
			return &url.Error{Op: e.Op, URL: u.String(), Err: e.Err}
		}
	}
	return err
}

func (f *Fetcher) get(ctx context.Context, target string, header http.Header) (*answer, error) {
	r, err := http.NewRequest(http.MethodGet, target, nil)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnreachable, err)
	}
	for name, values := range header {
		r.Header[name] = values
	}
	if r.Header.Get("Accept") == "" {
		r.Header.Set("Accept", "application/json")
	}
	return f.do(ctx, r)
}
