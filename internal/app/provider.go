package app

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"strings"

	"github.com/gibbon-gateway/gibbon/internal/idp"
	"github.com/gibbon-gateway/gibbon/internal/settings"
)

// ProviderOptions returns the options of the identity provider that settings describe.
func ProviderOptions(s *settings.Settings) idp.Options {
	o := idp.Options{
		Folder: s.Prefix, Region: s.IDPRegion, Issuer: s.IDPIssuer, MasterKey: s.IDPMasterKey, Seed: s.Path(s.IDPSeed), SMTP: s.IDPSMTP,
		FixedCode: s.DevFixedCode, AccessKeys: map[string]string{},
	}
	for _, pair := range s.IDPAccessKeys {
		id, secret, _ := strings.Cut(pair, ":")
		o.AccessKeys[id] = secret
	}
	switch {
	case strings.HasPrefix(s.IDPDatabase, "postgres"):
		o.Database = s.IDPDatabase
	case s.IDPDatabase != "":
		o.Database = s.Path(s.IDPDatabase)
	case s.Database == "postgres":
		o.Postgres = postgres(s)
	}
	if len(s.IDP) > 0 && s.IDP[0].Network == "tcp" {
		o.Origin = fmt.Sprintf("http://localhost:%d", s.IDP[0].Port)
	}
	return o
}

// openProvider opens the identity provider, unless idp_listen is off. It is reached at the first address of l.
func (g *gateway) openProvider(ctx context.Context, l *listening) error {
	if len(l.idp) == 0 {
		return nil
	}
	o := ProviderOptions(g.settings)
	o.Log = g.log.With("part", "idp")
	if a, ok := l.idp[0].Addr().(*net.TCPAddr); ok {
		o.Origin = fmt.Sprintf("http://localhost:%d", a.Port)
	}
	p, err := idp.New(ctx, o)
	if err != nil {
		return fmt.Errorf("identity provider: %w", err)
	}
	g.onClose(p.Close)
	g.provider = p
	return nil
}

// transport is what plugins get as Env.Transport.
func (g *gateway) transport() func(next http.RoundTripper) http.RoundTripper {
	if g.provider == nil {
		return nil
	}
	return g.provider.Transport
}
