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
	"github.com/gibbon-gateway/gibbon/internal/plan"
)

// Service is a compiled backend: how to reach it.
type Service struct {
	// Entity is what plugins see of it.
	Entity   *entity.Service
	Backend  *plan.Backend
	Balancer balance.Balancer
	// Protocols are the versions of HTTP that its upstreams are spoken to in.
	Protocols exchange.Protocols
	// HostHeader is the Host field that its pool asks for; "" means the target's name.
	HostHeader string
	TLS        *TLS // nil without TLS
	// Connect, Write and Read are the timeouts of one try; Tries is how many there are at most.
	Connect, Write, Read time.Duration
	Tries                int
	// Conns is for the proxy, which keeps there what it finds out about connections of the service.
	Conns atomic.Value

	plain bool // the backend alone decides: neither a pool nor certificates take part
}

// TLS says how upstream connections are secured.
type TLS struct {
	Verify bool
	Depth  int // certificates between leaf and root at most; 0: any number, -1: none
	Roots  *x509.CertPool
	Cert   *tls.Certificate
	Name   string // to ask for and verify; "": that of the Host field
}

// DefaultPort returns the port that is not named in Host.
func (s *Service) DefaultPort() int {
	if s.TLS != nil {
		return 443
	}
	return 80
}

// balancers brings the balancers of all pools up to date.
func (b *builder) balancers() map[string]balance.Balancer {
	out := make(map[string]balance.Balancer, len(b.config.Pools))
	b.pools = make(map[string]*plan.Pool, len(b.config.Pools))
	for _, p := range b.config.Pools {
		list := make([]balance.Target, len(p.Targets))
		for i, t := range p.Targets {
			list[i] = balance.Target{Target: t.Target, Weight: t.Weight}
		}
		bal, err := b.opts.Balance.Upstream(balance.Upstream{ID: p.ID, Name: p.Name, Targets: list})
		if err != nil {
			b.problems = append(b.problems, p.Origin.Problem(err))
			if bal = b.prev.upstreams[p.ID]; bal == nil {
				continue
			}
		}
		out[p.ID] = bal
		b.pools[p.ID] = p
	}
	return out
}

// services compiles the backends of rules.
func (b *builder) services(rules []*plan.Rule) map[string]*Service {
	out := make(map[string]*Service, len(b.prev.services))
	for _, r := range rules {
		for i := range r.Backends {
			if to := r.Backends[i].Backend; to != nil {
				b.service(to, out)
			}
		}
		for i := range r.Filters {
			if m := r.Filters[i].Mirror; m != nil {
				b.service(m.Backend, out)
			}
		}
	}
	return out
}

// service compiles a backend, once for all its rules.
func (b *builder) service(to *plan.Backend, out map[string]*Service) {
	if s := out[to.ID]; s != nil {
		if s.Backend != to && !reflect.DeepEqual(s.Backend, to) {
			b.problems = append(b.problems, to.Origin.Problem(fmt.Errorf("%s: another backend has the ID %s", to.Origin, to.ID)))
		}
		return
	}
	if old := b.prev.services[to.ID]; old != nil && old.Backend == to && old.plain { // all but a few, in a large set
		b.opts.Balance.Keep(old.Balancer)
		out[to.ID] = old
		return
	}
	s := &Service{
		Entity: to.Service, Backend: to,
		Connect: time.Duration(to.Connect), Write: time.Duration(to.Write), Read: time.Duration(to.Read), Tries: to.Tries,
	}
	if s.Entity == nil {
		s.Entity = &entity.Service{ID: to.ID, Name: to.Origin.Name, Protocol: to.Protocol, Host: to.Host, Port: to.Port, Path: to.Path,
			Enabled: true}
	}
	switch to.Protocol {
	case "grpc", "grpcs", "h2c":
		s.Protocols = exchange.OnlyHTTP2
	case "https":
		if b.opts.UpstreamHTTP2 {
			s.Protocols = exchange.EitherHTTP
		}
	}
	pool := b.pools[to.Pool]
	if pool != nil {
		s.Balancer, s.HostHeader = b.s.upstreams[pool.ID], pool.HostHeader
	} else {
		if to.Pool != "" && to.Host == "" {
			b.problems = append(b.problems, to.Origin.Problem(fmt.Errorf("%s: there is no pool %s", to.Origin, to.Pool)))
		}
		s.Balancer = b.opts.Balance.Host(to.Host, to.Port)
	}
	if to.TLS != nil {
		s.TLS = b.tls(to, pool)
	}
	s.plain = to.Pool == "" && s.TLS == nil
	out[to.ID] = b.reuse(s)
}

// reuse returns the previous snapshot's service if it is the same in all that matters.
func (b *builder) reuse(s *Service) *Service {
	old := b.prev.services[s.Backend.ID]
	if old == nil || old.Balancer != s.Balancer || old.HostHeader != s.HostHeader || !sameTLS(old.TLS, s.TLS) ||
		old.Backend != s.Backend && !reflect.DeepEqual(old.Backend, s.Backend) {
		return s
	}
	return old
}

func sameTLS(a, b *TLS) bool { return a == b || a != nil && b != nil && *a == *b }

// tls says how to secure connections to a backend. What cannot be found leaves connections that fail rather than open ones.
func (b *builder) tls(to *plan.Backend, pool *plan.Pool) *TLS {
	t := &TLS{Verify: b.opts.VerifyUpstream, Roots: b.opts.Roots, Name: to.TLS.ServerName}
	if to.TLS.Verify != nil {
		t.Verify = *to.TLS.Verify
	}
	if to.TLS.Depth != nil {
		if t.Depth = *to.TLS.Depth; t.Depth == 0 {
			t.Depth = -1
		}
	}
	if len(to.TLS.CACertificates) > 0 {
		t.Roots = b.roots(to)
	}
	id := to.TLS.ClientCertificate
	if id == "" && pool != nil {
		id = pool.ClientCertificate
	}
	if id != "" {
		if c := b.s.certs.byID[id]; c != nil {
			t.Cert = &c.pairs[0]
		} else {
			b.problems = append(b.problems, to.Origin.Problem(fmt.Errorf("client_certificate %s cannot be used", id)))
		}
	}
	return t
}

// roots returns the pool of the CA certificates that a backend names; equal lists share one.
func (b *builder) roots(to *plan.Backend) *x509.CertPool {
	key := strings.Join(to.TLS.CACertificates, " ")
	if p := b.s.certs.pools[key]; p != nil {
		return p.CertPool
	}
	p := &caPool{CertPool: x509.NewCertPool()}
	for _, id := range to.TLS.CACertificates {
		c := entity.Get[entity.CACertificate](b.set, id)
		if c == nil || !p.AppendCertsFromPEM([]byte(c.Cert)) {
			b.problems = append(b.problems, to.Origin.Problem(fmt.Errorf("ca_certificates: %s cannot be used", id)))
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
