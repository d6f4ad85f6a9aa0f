package oidc

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gibbon-gateway/gibbon/internal/jose"
)

// retryAfter is how long a failed discovery is not tried again: Kong's 5 seconds.
const retryAfter = 5 * time.Second

// IssuerOptions say which issuer, and how it is asked.
type IssuerOptions struct {
	URL          string // issuer or discovery document, as configured
	Header       http.Header
	JWKS         string        // instead of the document's jwks_uri
	ExtraJWKS    []string      // further key sets to trust
	Allowed      []string      // issuers whose tokens are accepted beside the document's, for which extra sets may be
	Pseudo       bool          // there is no discovery document
	Strict       bool          // a document that names another issuer is refused
	Rediscovery  time.Duration // at least so long between two looks for unknown keys
	TTL          time.Duration // of the document and the keys; then they are fetched again in the background
	Fetch        *Fetcher
	Log          *slog.Logger
	Now          func() time.Time
	InBackground func(run func(ctx context.Context)) // runs a task that ends with the owner
}

// Document is what is known of an issuer. It does not change.
type Document struct {
	Metadata
	Keys  []jose.Key            // of jwks_uri, and of extra sets that belong to no other issuer
	Extra map[string][]jose.Key // of extra sets, by the issuer that they belong to; "" for those that could be anybody's
	// Generation is another one when the document or a key has changed: what was verified by an earlier one is to be verified again.
	Generation uint64
	from       map[string][]jose.Key // extra sets by their URLs
	shared     bool                  // tokens of several issuers are accepted: sets that could be anybody's are not the document's own issuer's
	Left       []string              // keys that were left out, and why
	Fetched    time.Time
}

// Issuer keeps the document and keys of one issuer. It fetches them when they are first needed, and again when they are old
// or a key is unknown; one fetch is under way at a time, and what was good last stays in use while fetches fail.
type Issuer struct {
	o       IssuerOptions
	name    string
	current atomic.Pointer[Document]

	mu      sync.Mutex
	flight  chan struct{} // closed when the fetch under way has ended; nil without one
	started time.Time     // of the last fetch
	err     error         // of the last fetch
	age     uint64        // the last Generation
}

// NewIssuer returns an issuer; nothing is fetched yet.
func NewIssuer(o IssuerOptions) *Issuer {
	i := &Issuer{o: o, name: NormalizeIssuer(o.URL)}
	if o.Pseudo && o.JWKS == "" && len(o.ExtraJWKS) == 0 {
		i.current.Store(&Document{Metadata: Metadata{Issuer: i.name}})
	}
	return i
}

// Name returns the normalised issuer URL of the configuration.
func (i *Issuer) Name() string { return i.name }

// Document returns what is known, fetching it when nothing is. An error wraps ErrUnreachable.
func (i *Issuer) Document(ctx context.Context) (*Document, error) {
	if d := i.current.Load(); d != nil {
		if i.o.TTL > 0 && !d.Fetched.IsZero() && i.o.Now().Sub(d.Fetched) > i.o.TTL {
			i.fetch(retryAfter)
		}
		return d, nil
	}
	return i.wait(ctx, retryAfter)
}

// Known returns what is known without fetching; nil if nothing is.
func (i *Issuer) Known() *Document { return i.current.Load() }

// Generation returns that of what is known; 0 if nothing is.
func (i *Issuer) Generation() uint64 {
	if d := i.current.Load(); d != nil {
		return d.Generation
	}
	return 0
}

// Refresh fetches the document and keys again, unless that was done within the rediscovery time (or failed within 5
// seconds); it returns what is known then.
func (i *Issuer) Refresh(ctx context.Context) (*Document, error) {
	return i.wait(ctx, max(i.o.Rediscovery, retryAfter))
}

// Forget drops what is known; the next use fetches it again.
func (i *Issuer) Forget() {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.current.Store(nil)
	i.started, i.err = time.Time{}, nil
}

func (i *Issuer) wait(ctx context.Context, window time.Duration) (*Document, error) {
	flight, err := i.fetch(window)
	if flight != nil {
		select {
		case <-flight:
		case <-ctx.Done():
			return nil, fmt.Errorf("%w: %w", ErrUnreachable, ctx.Err())
		}
		i.mu.Lock()
		err = i.err
		i.mu.Unlock()
	}
	if d := i.current.Load(); d != nil {
		return d, nil
	}
	if err == nil {
		err = fmt.Errorf("%w: %s was not discovered", ErrUnreachable, i.name)
	}
	return nil, err
}

// fetch starts a fetch unless one began within the window. It returns the one under way, if any, and the last error.
func (i *Issuer) fetch(window time.Duration) (flight chan struct{}, err error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.flight != nil {
		return i.flight, nil
	}
	now := i.o.Now()
	if i.err != nil {
		window = retryAfter
	}
	if !i.started.IsZero() && now.Sub(i.started) < window && (i.err != nil || i.current.Load() != nil) {
		return nil, i.err
	}
	i.started, i.flight = now, make(chan struct{})
	done := i.flight
	i.o.InBackground(func(ctx context.Context) {
		d, err := i.load(ctx)
		if err != nil {
			i.o.Log.Warn("discovery failed", "issuer", i.name, "error", err)
		}
		i.mu.Lock()
		if err == nil {
			if old := i.current.Load(); old != nil && old.same(d) {
				d.Generation = old.Generation
			} else {
				i.age++
				d.Generation = i.age
			}
			i.current.Store(d)
		}
		i.err, i.flight = err, nil
		i.mu.Unlock()
		close(done)
	})
	return done, nil
}

func (i *Issuer) load(ctx context.Context) (*Document, error) {
	d := &Document{Metadata: Metadata{Issuer: i.name}, Extra: map[string][]jose.Key{}, Fetched: i.o.Now()}
	defer func() {
		d.shared = slices.ContainsFunc(i.o.Allowed, func(a string) bool { return !SameIssuer(a, d.Issuer) })
	}()
	if !i.o.Pseudo {
		m, err := i.discover(ctx)
		if err != nil {
			return nil, err
		}
		d.Metadata = *m
	}
	if i.o.JWKS != "" {
		d.JWKSURI = i.o.JWKS
	}
	if d.JWKSURI != "" {
		keys, left, err := i.keys(ctx, d.JWKSURI)
		if err != nil {
			return nil, err
		}
		d.Keys, d.Left = keys, left
	}
	for _, uri := range i.o.ExtraJWKS {
		keys, left, err := i.keys(ctx, uri)
		if err != nil {
			i.o.Log.Warn("extra_jwks_uris: key set left out", "uri", uri, "error", err)
			if old := i.current.Load(); old != nil { // what was good last
				keys = old.from[uri]
			}
		}
		if d.from == nil {
			d.from = map[string][]jose.Key{}
		}
		d.from[uri] = keys
		owner := ownerOf(uri, append([]string{d.Issuer}, i.o.Allowed...))
		d.Extra[owner] = append(d.Extra[owner], keys...)
		d.Left = append(d.Left, left...)
	}
	return d, nil
}

// same reports whether nothing that tokens are verified by differs.
func (d *Document) same(o *Document) bool {
	if !bytes.Equal(d.Raw, o.Raw) || !sameKeys(d.Keys, o.Keys) || len(d.Extra) != len(o.Extra) {
		return false
	}
	for owner, keys := range d.Extra {
		if !sameKeys(keys, o.Extra[owner]) {
			return false
		}
	}
	return true
}

func sameKeys(a, b []jose.Key) bool {
	return slices.EqualFunc(a, b, func(a, b jose.Key) bool { return bytes.Equal(a.JSON, b.JSON) })
}

// ownerOf returns which issuer a key set belongs to: the one that its URL lies under, else the only one of the same host, else
// "", which stands for none in particular.
func ownerOf(uri string, issuers []string) string {
	owner := ""
	for _, iss := range issuers {
		if under(uri, iss) && len(iss) > len(owner) {
			owner = iss
		}
	}
	if owner != "" {
		return trim(owner)
	}
	for _, iss := range issuers {
		if SameHost(uri, iss) {
			if owner != "" && !SameIssuer(owner, iss) {
				return ""
			}
			owner = iss
		}
	}
	return trim(owner)
}

func trim(issuer string) string { return strings.TrimRight(issuer, "/") }

// SameHost reports whether two URLs have the same scheme, host and port.
func SameHost(a, b string) bool {
	u, err := url.Parse(a)
	w, err2 := url.Parse(b)
	return err == nil && err2 == nil && u.Host != "" && u.Scheme == w.Scheme && u.Host == w.Host
}

// under reports whether a URL lies below an issuer.
func under(uri, issuer string) bool {
	issuer = trim(issuer)
	return issuer != "" && (uri == issuer || strings.HasPrefix(uri, issuer+"/"))
}

func (i *Issuer) discover(ctx context.Context) (*Metadata, error) {
	from := DiscoveryURL(i.o.URL)
	a, err := i.o.Fetch.get(ctx, from, i.o.Header)
	if err != nil {
		return nil, fmt.Errorf("discovery: %w", err)
	}
	if a.status != http.StatusOK {
		return nil, fmt.Errorf("%w: discovery: %s answered %d", ErrUnreachable, from, a.status)
	}
	m, left, err := parseMetadata(a.body, from)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnreachable, err)
	}
	if len(left) > 0 {
		i.o.Log.Warn("discovery document: endpoints that are no https URLs are left out", "issuer", i.name, "endpoints", left)
	}
	if !SameIssuer(m.Issuer, i.name) && i.o.Strict {
		return nil, fmt.Errorf("%w: discovery: the document of %s names %.200q", ErrUnreachable, i.name, m.Issuer)
	} else if !SameIssuer(m.Issuer, i.name) { // allowed by Kong's plugin: its issuer is a place, not a name
		i.o.Log.Warn("discovery document names another issuer", "configured", i.name, "document", m.Issuer)
	}
	return m, nil
}

func (i *Issuer) keys(ctx context.Context, uri string) ([]jose.Key, []string, error) {
	a, err := i.o.Fetch.get(ctx, uri, http.Header{"Accept": {"application/jwk-set+json, application/json"}})
	if err != nil {
		return nil, nil, fmt.Errorf("key set: %w", err)
	}
	if a.status != http.StatusOK {
		return nil, nil, fmt.Errorf("%w: key set %s answered %d", ErrUnreachable, uri, a.status)
	}
	keys, left, err := jose.ParseSet(a.body)
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %s: %w", ErrUnreachable, uri, err)
	}
	if len(keys) == 0 {
		return nil, nil, fmt.Errorf("%w: %s holds no usable key: %s", ErrUnreachable, uri, strings.Join(left, "; "))
	}
	return keys, left, nil
}

// keysFor returns the keys that tokens of an issuer may be signed with. Its own come first: those of the document for its
// issuer, those of the extra sets that belong to it. Sets that could be anybody's are for issuers without keys of their own, and
// for the document's when no other issuer is accepted. An issuer without keys may be another name of the document's.
func (d *Document) keysFor(issuer string) []jose.Key {
	own, free := d.Extra[trim(issuer)], d.Extra[""]
	switch {
	case SameIssuer(issuer, d.Issuer) && d.shared:
		return append(slices.Clip(d.Keys), own...)
	case SameIssuer(issuer, d.Issuer), len(own) == 0:
		return slices.Concat(own, free, d.Keys)
	}
	return own
}

// VerifySignature checks a token by the issuer's keys; iss is the issuer that the token claims and that the caller accepts.
// An unknown key makes it look for new ones, at most once in the rediscovery time. It returns the key.
func (i *Issuer) VerifySignature(ctx context.Context, t *jose.Token, iss string, algs []string) (*jose.Key, error) {
	d, err := i.Document(ctx)
	if err != nil {
		return nil, err
	}
	key, named, err := try(d.keysFor(iss), t, algs)
	if err == nil || named {
		return key, err
	}
	if !slices.Contains(algs, t.Alg) {
		return nil, err
	}
	fresh, refreshErr := i.Refresh(ctx)
	if refreshErr != nil || fresh == d {
		return nil, err
	}
	key, _, err = try(fresh.keysFor(iss), t, algs)
	return key, err
}

// maxTries bounds how many keys are tried for a token that names none.
const maxTries = 8

func try(keys []jose.Key, t *jose.Token, algs []string) (*jose.Key, bool, error) {
	fit, named := jose.Choose(keys, t)
	err := error(ErrNoKey)
	for n := range fit {
		if n == maxTries {
			break
		}
		if err = t.Verify(fit[n].Public, algs); err == nil {
			return &fit[n], named, nil
		}
	}
	return nil, named, err
}

// ErrNoKey means that an issuer has no key that a token can be verified by.
var ErrNoKey = errors.New("no key for the token's signature")
