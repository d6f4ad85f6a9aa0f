package snapshot

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"reflect"
	"strings"
	"sync/atomic"
	"time"

	"github.com/gibbon-gateway/gibbon/entity"
	"github.com/gibbon-gateway/gibbon/internal/balance"
	"github.com/gibbon-gateway/gibbon/internal/exchange"
)

// Service is a compiled service: how to reach it.
type Service struct {
	Entity   *entity.Service
	Balancer balance.Balancer
	// Protocols are the versions of HTTP that its upstreams are spoken to in.
	Protocols exchange.Protocols
	// HostHeader is the Host field that the upstream entity asks for; "" means the target's name.
	HostHeader string
	TLS        *TLS // nil without TLS
	// Connect, Write and Read are the timeouts of one try; Tries is how many there are at most.
	Connect, Write, Read time.Duration
	Tries                int
	// Conns is for the proxy, which keeps there what it finds out about connections of the service.
	Conns atomic.Value

	plain bool // the entity alone decides: neither an upstream nor certificates take part
}

// TLS says how upstream connections are secured.
type TLS struct {
	Verify bool
	Depth  int // certificates between leaf and root at most; 0: any number, -1: none
	Roots  *x509.CertPool
	Cert   *tls.Certificate
}

// DefaultPort returns the port that is not named in Host.
func (s *Service) DefaultPort() int {
	if s.TLS != nil {
		return 443
	}
	return 80
}

// balancers brings the balancers of all upstreams up to date.
func (b *builder) balancers() map[string]balance.Balancer {
	all := entity.All[entity.Upstream](b.set)
	out := make(map[string]balance.Balancer, len(all))
	b.hostHeaders = make(map[string]*entity.Upstream, len(all))
	for _, u := range all {
		targets := b.set.TargetsOf(u.ID)
		list := make([]balance.Target, len(targets))
		for i, t := range targets {
			list[i] = balance.Target{Target: t.Target, Weight: t.Weight}
		}
		bal, err := b.opts.Balance.Upstream(balance.Upstream{ID: u.ID, Name: u.Name, Targets: list})
		if err != nil {
			b.problem("upstreams", u.ID, err)
			if bal = b.prev.upstreams[u.ID]; bal == nil {
				continue
			}
		}
		out[u.ID] = bal
		b.hostHeaders[strings.ToLower(u.Name)] = u
	}
	return out
}

// services compiles the services that can be proxied to.
func (b *builder) services() map[string]*Service {
	all := entity.All[entity.Service](b.set)
	out := make(map[string]*Service, len(all))
	for _, e := range all {
		up := b.hostHeaders[strings.ToLower(e.Host)]
		if old := b.prev.services[e.ID]; old != nil && old.Entity == e && old.plain && up == nil { // all but a few, in a large set
			b.opts.Balance.Keep(old.Balancer)
			out[e.ID] = old
			continue
		}
		s := &Service{
			Entity:  e,
			Connect: time.Duration(e.ConnectTimeout) * time.Millisecond,
			Write:   time.Duration(e.WriteTimeout) * time.Millisecond,
			Read:    time.Duration(e.ReadTimeout) * time.Millisecond,
			Tries:   1 + e.Retries,
		}
		if e.Protocol == "grpc" || e.Protocol == "grpcs" {
			s.Protocols = exchange.OnlyHTTP2
		}
		if up != nil {
			s.Balancer, s.HostHeader = b.s.upstreams[up.ID], up.HostHeader
		} else {
			s.Balancer = b.opts.Balance.Host(e.Host, e.Port)
		}
		if e.Protocol == "https" || e.Protocol == "grpcs" || e.Protocol == "tls" {
			s.TLS = b.tls(e, up)
		}
		s.plain = up == nil && s.TLS == nil
		out[e.ID] = b.reuse(s)
	}
	return out
}

// reuse returns the previous snapshot's service if it is the same in all that matters.
func (b *builder) reuse(s *Service) *Service {
	old := b.prev.services[s.Entity.ID]
	if old == nil || old.Balancer != s.Balancer || old.HostHeader != s.HostHeader || !sameTLS(old.TLS, s.TLS) ||
		old.Entity != s.Entity && !reflect.DeepEqual(old.Entity, s.Entity) {
		return s
	}
	return old
}

func sameTLS(a, b *TLS) bool { return a == b || a != nil && b != nil && *a == *b }

// tls says how to secure connections to a service. What cannot be found leaves connections that fail rather than open ones.
func (b *builder) tls(e *entity.Service, up *entity.Upstream) *TLS {
	t := &TLS{Verify: b.opts.VerifyUpstream, Roots: b.opts.Roots}
	if e.TLSVerify != nil {
		t.Verify = *e.TLSVerify
	}
	if e.TLSVerifyDepth != nil {
		if t.Depth = *e.TLSVerifyDepth; t.Depth == 0 {
			t.Depth = -1
		}
	}
	if len(e.CACertificates) > 0 {
		t.Roots = b.roots(e)
	}
	ref := e.ClientCertificate
	if ref == nil && up != nil {
		ref = up.ClientCertificate
	}
	if ref != nil {
		if c := b.s.certs.byID[ref.ID]; c != nil {
			t.Cert = &c.pairs[0]
		} else {
			b.problem("services", e.ID, fmt.Errorf("client_certificate %s cannot be used", ref.ID))
		}
	}
	return t
}

// roots returns the pool of the CA certificates that a service names; equal lists share one.
func (b *builder) roots(e *entity.Service) *x509.CertPool {
	key := strings.Join(e.CACertificates, " ")
	if p := b.s.certs.pools[key]; p != nil {
		return p.CertPool
	}
	p := &caPool{CertPool: x509.NewCertPool()}
	for _, id := range e.CACertificates {
		c := entity.Get[entity.CACertificate](b.set, id)
		if c == nil || !p.AppendCertsFromPEM([]byte(c.Cert)) {
			b.problem("services", e.ID, fmt.Errorf("ca_certificates: %s cannot be used", id))
			continue
		}
		p.text = append(p.text, c.Cert)
	}
	if b.prev.certs != nil {
		if old := b.prev.certs.pools[key]; old != nil && reflect.DeepEqual(old.text, p.text) {
			p = old
		}
	}
	b.s.certs.pools[key] = p
	return p.CertPool
}

// caPool is a pool and the certificates that it was made of.
type caPool struct {
	*x509.CertPool
	text []string
}
