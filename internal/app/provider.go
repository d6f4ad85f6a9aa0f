package app

import (
	"context"
	"crypto/tls"
	"net/http"
)

// provider is the identity provider, as far as the gateway serves and uses it.
type provider interface {
	http.Handler
	// Certificate chooses a certificate for a TLS client of idp_listen.
	Certificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error)
	// Transport returns a transport that reaches pools of this process by their AWS host names, and everything else by next.
	Transport(next http.RoundTripper) http.RoundTripper
}

func (g *gateway) openProvider(ctx context.Context) error { return nil }

// transport is what plugins get as Env.Transport.
func (g *gateway) transport() func(next http.RoundTripper) http.RoundTripper {
	if g.provider == nil {
		return nil
	}
	return g.provider.Transport
}
