package plugins_test

import (
	"slices"
	"testing"

	"github.com/gibbon-gateway/gibbon/header"
	"github.com/gibbon-gateway/gibbon/internal/plugins"
	"github.com/gibbon-gateway/gibbon/internal/plugins/stage"
	"github.com/gibbon-gateway/gibbon/plugin"
)

// What a plugin tells the upstream about the client, it names, so that no client can say it behind a body.
func TestIdentityFields(t *testing.T) {
	consumer := plugin.ConsumerFields()
	for name, c := range map[string]struct {
		config string
		want   []string
	}{
		"key-auth": {"{}", consumer},
		"jwt":      {"{}", consumer},
		"acl":      {"allow: [a]", []string{"X-Consumer-Groups", "X-Authenticated-Groups"}},
		"oauth2":   {"enable_client_credentials: true", append(slices.Clone(consumer), "X-Authenticated-Scope", "X-Authenticated-Userid")},
		"openid-connect": {`
issuer: https://id.test
upstream_headers: [{header: X-Mail, path: [email]}]
upstream_access_token_header: x-token:bearer
upstream_user_info_header: X-Userinfo
session_request_headers: [id]
session_secret: "0123456789abcdef0123456789abcdef"
`, append(slices.Clone(consumer), "X-Authenticated-Groups", "X-Token", "X-Userinfo", "X-Mail", "Session-Id")},
	} {
		instance := stage.New(t).Instance(t, plugins.All()[name], c.config).Plugin
		s, ok := instance.(plugin.IdentitySetter)
		if !ok {
			t.Errorf("%s does not say", name)
			continue
		}
		got, want := header.NewNames(s.IdentityFields()...), header.NewNames(c.want...)
		for _, field := range want.All() {
			if !got.Has([]byte(field)) {
				t.Errorf("%s: no %s in %q", name, field, got.All())
			}
		}
	}
	for name, typ := range plugins.All() {
		if typ.Auth && !slices.Contains([]string{"key-auth", "jwt", "oauth2", "openid-connect"}, name) {
			t.Errorf("%s identifies consumers and is not tested here", name)
		}
	}
}
