// Package plugins lists the bundled plugins. Its one function is All; that a program imports it makes their
// kinds of entities known. Each plugin is a folder beside this file; stage, the
// exception, is for their tests.
package plugins

import (
	"github.com/gibbon-gateway/gibbon/internal/plugins/acl"
	"github.com/gibbon-gateway/gibbon/internal/plugins/correlationid"
	"github.com/gibbon-gateway/gibbon/internal/plugins/grpcgateway"
	"github.com/gibbon-gateway/gibbon/internal/plugins/grpcweb"
	"github.com/gibbon-gateway/gibbon/internal/plugins/jwt"
	"github.com/gibbon-gateway/gibbon/internal/plugins/keyauth"
	"github.com/gibbon-gateway/gibbon/internal/plugins/oauth2"
	"github.com/gibbon-gateway/gibbon/internal/plugins/openidconnect"
	"github.com/gibbon-gateway/gibbon/internal/plugins/proxycache"
	"github.com/gibbon-gateway/gibbon/internal/plugins/ratelimiting"
	"github.com/gibbon-gateway/gibbon/internal/plugins/requesttermination"
	"github.com/gibbon-gateway/gibbon/internal/plugins/requesttransformer"
	"github.com/gibbon-gateway/gibbon/internal/plugins/responsetransformer"
	"github.com/gibbon-gateway/gibbon/plugin"
)

func init() {
	if err := All().Declare(); err != nil {
		panic(err) // a kind is twice in the bundled plugins
	}
}

// All returns the bundled plugins by name.
func All() plugin.Types {
	all := plugin.Types{}
	for _, t := range []*plugin.Type{
		acl.Type,
		correlationid.Type,
		grpcgateway.Type,
		grpcweb.Type,
		jwt.Type,
		keyauth.Type,
		oauth2.Type,
		openidconnect.Type,
		proxycache.Type,
		proxycache.Advanced,
		ratelimiting.Type,
		requesttermination.Type,
		requesttransformer.Type,
		responsetransformer.Type,
	} {
		all[t.Name] = t
	}
	return all
}
