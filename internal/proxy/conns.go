package proxy

import (
	"maps"
	"net/netip"

	"github.com/gibbon-gateway/gibbon/internal/http1"
	"github.com/gibbon-gateway/gibbon/internal/snapshot"
)

// conns is what snapshot.Service.Conns holds: the connection groups that a service has used. It does not change; a new one takes its
// place.
type conns struct {
	pool   *http1.Pool
	groups map[connKey]*http1.Group
}

type connKey struct {
	addr netip.AddrPort
	name string // asked for in TLS; "" without
}

// maxGroups bounds what is remembered for a service, as with preserve_host clients choose the names.
const maxGroups = 256

// namer says which name a TLS connection asks for.
type namer interface{ serverName() string }

// group returns the connections of a service to an address.
func (p *Proxy) group(s *snapshot.Service, addr netip.AddrPort, n namer) *http1.Group {
	key := connKey{addr: addr}
	if s.TLS != nil {
		key.name = n.serverName()
	}
	c, _ := s.Conns.Load().(*conns)
	if c != nil && c.pool == p.o.Pool {
		if g := c.groups[key]; g != nil {
			return g
		}
	}
	k := http1.Key{Addr: addr.String()}
	if t := s.TLS; t != nil {
		k.TLS, k.ServerName, k.Verify, k.Depth, k.Roots, k.Cert = true, key.name, t.Verify, t.Depth, t.Roots, t.Cert
	}
	g := p.o.Pool.Group(k)
	next := &conns{pool: p.o.Pool, groups: make(map[connKey]*http1.Group)}
	if c != nil && c.pool == p.o.Pool && len(c.groups) < maxGroups {
		maps.Copy(next.groups, c.groups)
	}
	next.groups[key] = g
	s.Conns.Store(next) // of two at a time one is lost, and found again by the next request
	return g
}
