package idp

import (
	"context"
	"errors"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/gibbon-gateway/gibbon/internal/idp/api"
	"github.com/gibbon-gateway/gibbon/internal/idp/oauth"
	"github.com/gibbon-gateway/gibbon/internal/idp/pool"
	"github.com/gibbon-gateway/gibbon/internal/idp/store"
)

// errNowhere means that a host has the shape of a pool's domain, but no pool has it.
var errNowhere = errors.New("no user pool has this domain")

// shape is what a host name says.
type shape struct {
	domain string // of the pages: a prefix, or a whole custom domain; "" for none
	region string // that a prefix goes with
	issuer bool   // cognito-idp.{region}.…: tokens name it as issuer
	ours   bool   // of this machine: any client may ask here
}

// read finds out what a host name is, without its port.
func read(host string) shape {
	host = strings.TrimSuffix(strings.ToLower(host), ".")
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.Trim(host, "[]")
	if host == "localhost" || host == "" || net.ParseIP(host) != nil {
		return shape{ours: true}
	}
	rest, amazon := strings.CutSuffix(host, ".amazoncognito.com")
	if !amazon {
		rest, amazon = strings.CutSuffix(host, ".localhost")
	}
	if amazon {
		// {prefix}.auth.{region}, and in FIPS regions {prefix}.auth-fips.{region}.
		parts := strings.Split(rest, ".")
		if len(parts) == 3 && (parts[1] == "auth" || parts[1] == "auth-fips") {
			return shape{domain: parts[0], region: parts[2]}
		}
	}
	for _, suffix := range []string{".amazonaws.com", ".localhost"} {
		name, ok := strings.CutSuffix(host, suffix)
		service, _, dot := strings.Cut(name, ".")
		if ok && dot && (service == "cognito-idp" || service == "issuer-cognito-idp" || service == "cognito-idp-fips") {
			return shape{issuer: true}
		}
	}
	if strings.HasSuffix(host, ".localhost") || !strings.Contains(host, ".") {
		return shape{ours: true}
	}
	return shape{domain: host}
}

// domains remembers which pool a domain belongs to, for as long as the store says nothing new.
type domains struct {
	mu      sync.RWMutex
	version uint64
	read    time.Time
	pools   map[string]string // "" for a domain that no pool has
}

const (
	staleDomains = 5 * time.Second
	mostDomains  = 1000
)

// byDomain returns the pool of a domain: store.ErrNotFound.
func (p *Provider) byDomain(ctx context.Context, name string) (*pool.Pool, error) {
	d, version, now := &p.domains, p.store.Version(), p.now()
	d.mu.RLock()
	id, known := d.pools[name]
	known = known && d.version == version && now.Sub(d.read).Abs() < staleDomains
	d.mu.RUnlock()
	if known && id == "" {
		return nil, store.ErrNotFound
	}
	if known {
		return p.Pools.Pool(ctx, id)
	}
	found, err := p.Pools.ByDomain(ctx, name)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.pools == nil || d.version != version || now.Sub(d.read).Abs() >= staleDomains || len(d.pools) >= mostDomains {
		d.pools, d.version, d.read = make(map[string]string), version, now
	}
	d.pools[name] = ""
	if err == nil {
		d.pools[name] = found.ID
	}
	return found, err
}

// place finds out where a request arrived: errNowhere for the domain of no pool.
func (p *Provider) place(r *http.Request) (oauth.Place, error) {
	at := oauth.Place{Origin: p.origin(r)}
	s := read(r.Host)
	if s.domain == "" {
		return at, nil
	}
	found, err := p.byDomain(r.Context(), s.domain)
	switch {
	case errors.Is(err, store.ErrNotFound) || api.ResourceNotFound.Is(err) || err == nil && s.region != "" && s.region != found.Region:
		if s.region == "" {
			return at, nil // some name of this machine
		}
		return at, errNowhere
	case err != nil:
		return at, err
	}
	at.Pool = found
	return at, nil
}

// origin is scheme and host as the caller sees them. Behind a proxy that ends TLS the configured issuer tells.
func (p *Provider) origin(r *http.Request) string {
	if r.TLS != nil || p.outside != "" && strings.EqualFold(r.Host, p.outside) {
		return "https://" + r.Host
	}
	return "http://" + r.Host
}

// serves says whether a certificate is made for a name.
func (p *Provider) serves(ctx context.Context, name string) bool {
	s := read(name)
	switch {
	case s.ours || s.issuer || s.region != "":
		return true
	case s.domain == "":
		return false
	}
	_, err := p.byDomain(ctx, s.domain)
	host, _, cut := strings.Cut(p.outside, ":")
	return err == nil || cut && strings.EqualFold(host, name) || strings.EqualFold(p.outside, name)
}
