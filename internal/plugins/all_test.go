package plugins_test

import (
	"slices"
	"testing"

	"github.com/gibbon-gateway/gibbon/internal/plugins"
	"github.com/gibbon-gateway/gibbon/plugin"
)

// The order in which plugins run is Kong's.
func TestOrder(t *testing.T) {
	order := []string{
		"correlation-id", "jwt", "oauth2", "key-auth", "openid-connect", "acl", "rate-limiting", "request-transformer", "response-transformer", "request-termination",
	}
	var got []string
	all := plugins.All()
	for name, typ := range all {
		if typ.Name != name || typ.Config == nil || typ.Doc == "" {
			t.Errorf("%s: name %q, doc %q", name, typ.Name, typ.Doc)
		}
		if slices.Contains(order, name) {
			got = append(got, name)
		}
	}
	slices.SortFunc(got, func(a, b string) int { return all[b].Priority - all[a].Priority })
	if !slices.Equal(got, order) {
		t.Errorf("got %q, want %q", got, order)
	}
	for name, auth := range map[string]bool{"key-auth": true, "rate-limiting": false} {
		if typ := all[name]; typ.Auth != auth || typ.NoConsumer != auth {
			t.Errorf("%s: auth %v, no consumer %v", name, typ.Auth, typ.NoConsumer)
		}
	}
	var _ plugin.Types = all
}
