package proxy

import (
	"maps"
	"net/netip"

	"github.com/gibbon-gateway/gibbon/internal/exchange"
	"github.com/gibbon-gateway/gibbon/internal/snapshot"
)

// serviceConns is what snapshot.Service.Conns holds: the connections that a service has used. It does not change; a new one takes its
// place.
type serviceConns struct {
	dialer exchange.Dialer
	to     map[connKey]exchange.Conns
}

type connKey struct {
	addr    netip.AddrPort
	name    string // asked for in TLS; "" without
	upgrade bool   // to another protocol, which only HTTP/1.1 can
}

// maxConns bounds what is remembered for a service, as with preserve_host clients choose the names.
const maxConns = 256

// conns returns the connections of a service to an address.
func (p *Proxy) conns(s *snapshot.Service, key connKey) exchange.Conns {
	known, _ := s.Conns.Load().(*serviceConns)
	if known != nil && known.dialer == p.o.Upstreams {
		if c := known.to[key]; c != nil {
			return c
		}
	}
	k := exchange.Key{Addr: key.addr.String(), Protocols: s.Protocols}
	if key.upgrade {
		k.Protocols = exchange.OnlyHTTP1
	}
	if t := s.TLS; t != nil {
		k.TLS, k.ServerName, k.Verify, k.Depth, k.Roots, k.Cert = true, key.name, t.Verify, t.Depth, t.Roots, t.Cert
	}
	c := p.o.Upstreams.Conns(k)
	next := &serviceConns{dialer: p.o.Upstreams, to: make(map[connKey]exchange.Conns)}
	if known != nil && known.dialer == p.o.Upstreams && len(known.to) < maxConns {
		maps.Copy(next.to, known.to)
	}
	next.to[key] = c
	s.Conns.Store(next)
	return c
}
