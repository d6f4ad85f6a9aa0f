package snapshot

import (
	"crypto/tls"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"

	"github.com/gibbon-gateway/gibbon/entity"
)

// Certificates are pairs that can be replaced while they are in use.
type Certificates struct {
	pairs atomic.Pointer[[]tls.Certificate]
}

// Set replaces them.
func (c *Certificates) Set(pairs []tls.Certificate) { c.pairs.Store(&pairs) }

// Choose returns the first that suits a client, or the first of all if none does; it is for tls.Config.GetCertificate.
func (c *Certificates) Choose(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	var pairs []tls.Certificate
	if c != nil {
		if p := c.pairs.Load(); p != nil {
			pairs = *p
		}
	}
	return choose(pairs, hello)
}

func choose(pairs []tls.Certificate, hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	if len(pairs) == 0 {
		return nil, errors.New("there is no certificate for the server name")
	}
	for i := range pairs {
		if hello.SupportsCertificate(&pairs[i]) == nil {
			return &pairs[i], nil
		}
	}
	return &pairs[0], nil
}

// certificates are the parsed certificates of a snapshot.
type certificates struct {
	byID    map[string]*certificate
	byName  map[string]*certificate // by server name or wildcard, in lower case
	pools   map[string]*caPool
	standby *Certificates
}

// certificate is an entity and what it says: one pair, or two of different key types.
type certificate struct {
	source *entity.Certificate
	pairs  []tls.Certificate
}

func (b *builder) certificates() *certificates {
	c := &certificates{byID: make(map[string]*certificate), byName: make(map[string]*certificate), pools: make(map[string]*caPool),
		standby: b.opts.Certificates}
	for _, e := range entity.All[entity.Certificate](b.set) {
		parsed, err := b.certificate(e)
		if err != nil {
			b.problem("certificates", e.ID, err)
			continue
		}
		c.byID[e.ID] = parsed
	}
	for _, s := range entity.All[entity.SNI](b.set) {
		if p := c.byID[idOf(s.Certificate)]; p != nil {
			c.byName[strings.ToLower(s.Name)] = p
		}
	}
	return c
}

func (b *builder) certificate(e *entity.Certificate) (*certificate, error) {
	if b.prev.certs != nil {
		if old := b.prev.certs.byID[e.ID]; old != nil && old.source.Cert == e.Cert && old.source.Key == e.Key &&
			old.source.CertAlt == e.CertAlt && old.source.KeyAlt == e.KeyAlt {
			return old, nil
		}
	}
	pair, err := tls.X509KeyPair([]byte(e.Cert), []byte(e.Key))
	if err != nil {
		return nil, fmt.Errorf("cert and key: %w", err)
	}
	c := &certificate{source: e, pairs: []tls.Certificate{pair}}
	if e.CertAlt != "" {
		if pair, err = tls.X509KeyPair([]byte(e.CertAlt), []byte(e.KeyAlt)); err != nil {
			return nil, fmt.Errorf("cert_alt and key_alt: %w", err)
		}
		c.pairs = append(c.pairs, pair)
	}
	return c, nil
}

// Certificate chooses the certificate for a client: that of the exact server name, of a wildcard in place of its first or last
// label, of the name "*", and then the gateway's own.
func (s *Snapshot) Certificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	if c := s.certs.find(strings.ToLower(strings.TrimSuffix(hello.ServerName, "."))); c != nil {
		return choose(c.pairs, hello)
	}
	return s.certs.standby.Choose(hello)
}

func (c *certificates) find(name string) *certificate {
	if len(c.byName) == 0 {
		return nil
	}
	if name != "" {
		if p := c.byName[name]; p != nil {
			return p
		}
		if i := strings.IndexByte(name, '.'); i > 0 {
			if p := c.byName["*"+name[i:]]; p != nil {
				return p
			}
		}
		if i := strings.LastIndexByte(name, '.'); i > 0 {
			if p := c.byName[name[:i]+".*"]; p != nil {
				return p
			}
		}
	}
	return c.byName["*"]
}
