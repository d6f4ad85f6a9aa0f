package openidconnect_test

import (
	"strings"
	"testing"

	"github.com/gibbon-gateway/gibbon/internal/oidc/oidctest"
	"github.com/gibbon-gateway/gibbon/plugin"
	"github.com/gibbon-gateway/gibbon/plugin/plugintest"
)

// The way of a credential that was let in before. One allocation is of the map of what plugins share, which the gateway has already.
var known = []struct {
	name, config string
	header       func(g *gateway) []string
	most         float64 // allocations
}{
	{"bearer", onlyBearer, func(g *gateway) []string { return []string{"Authorization", "Bearer " + g.provider.Token()} }, 4},
	{"consumer", onlyBearer + "\nconsumer_claims: [[sub]]\nscopes_required: [read]", func(g *gateway) []string {
		return []string{"Authorization", "Bearer " + g.provider.Token()}
	}, 7},
	{"basic", "scopes: []", func(*gateway) []string {
		return []string{"Authorization", basic(oidctest.Machine, oidctest.MachineKey)}
	}, 7},
	{"session", "", func(g *gateway) []string {
		b := g.browser()
		b.signIn("/")
		return []string{"Cookie", "session=" + b.cookies["session"]}
	}, 25},
}

func TestAllocations(t *testing.T) {
	for _, k := range known {
		g := start(t, k.config)
		in := plugintest.Request{Header: k.header(g)}
		access := g.Plugin.(plugin.Accessor).Access
		bare := testing.AllocsPerRun(100, func() { plugintest.Exchange(in) })
		n := testing.AllocsPerRun(100, func() {
			if err := access(plugintest.Exchange(in)); err != nil {
				t.Fatal(err)
			}
		}) - bare
		if t.Logf("%s: %v allocations", k.name, n); n > k.most {
			t.Errorf("%s: %v allocations, want %v at most", k.name, n, k.most)
		}
	}
}

func BenchmarkAccess(b *testing.B) {
	for _, k := range known {
		b.Run(k.name, func(b *testing.B) {
			g := start(b, k.config)
			in := plugintest.Request{Header: append(k.header(g), "Accept", "*/*", "User-Agent", strings.Repeat("x", 60))}
			access := g.Plugin.(plugin.Accessor).Access
			b.ReportAllocs()
			for b.Loop() {
				if err := access(plugintest.Exchange(in)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("never seen", func(b *testing.B) {
		g := start(b, onlyBearer)
		tokens := make([]string, 6000) // more than the cache holds
		for i := range tokens {
			tokens[i] = g.provider.Token("username", "jane", "client_id", "1example23456789", "auth_time", i, "version", 2, "cognito:groups", []string{"staff", "admins"})
		}
		access := g.Plugin.(plugin.Accessor).Access
		b.ReportAllocs()
		n := 0
		for b.Loop() {
			n++
			if err := access(plugintest.Exchange(plugintest.Request{Header: []string{"Authorization", "Bearer " + tokens[n%len(tokens)], "Accept", "*/*"}})); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("no plugin", func(b *testing.B) {
		in := plugintest.Request{Header: []string{"Authorization", "Bearer " + strings.Repeat("x", 500), "Accept", "*/*", "User-Agent", strings.Repeat("x", 60)}}
		b.ReportAllocs()
		for b.Loop() {
			plugintest.Exchange(in)
		}
	})
}
