package entity

import (
	"reflect"
	"time"
)

// kinds is the table of kinds, those that are referred to first.
var kinds = []*Kind{
	kindOf(Kind{
		Name: "certificates", Path: "certificates", Schema: certificateSchema(),
		after: dropSNIs,
	}, func(v *Certificate) string { return v.ID }),
	kindOf(Kind{
		Name: "ca_certificates", Path: "ca_certificates", Schema: caCertificateSchema(), Unique: [][]string{{"cert_digest"}},
		after: digestCA,
	}, func(v *CACertificate) string { return v.ID }),
	kindOf(Kind{
		Name: "services", Path: "services", Endpoint: "name", Schema: serviceSchema(), Unique: [][]string{{"name"}},
		Refs: []Reference{
			refOf("client_certificate", "certificates", Reference{Nested: "services"}, func(v *Service) *Ref { return v.ClientCertificate }),
		},
		before: expandURL,
	}, func(v *Service) string { return v.ID }),
	kindOf(Kind{
		Name: "routes", Path: "routes", Endpoint: "name", Schema: routeSchema(), Unique: [][]string{{"name"}},
		Refs: []Reference{
			refOf("service", "services", Reference{Nested: "routes"}, func(v *Route) *Ref { return v.Service }),
		},
		before: stripNothing,
	}, func(v *Route) string { return v.ID }),
	kindOf(Kind{
		Name: "consumers", Path: "consumers", Endpoint: "username", Schema: consumerSchema(),
		Unique: [][]string{{"username"}, {"custom_id"}},
	}, func(v *Consumer) string { return v.ID }),
	kindOf(Kind{
		Name: "consumer_groups", Path: "consumer_groups", Endpoint: "name", Schema: consumerGroupSchema(), Unique: [][]string{{"name"}},
	}, func(v *ConsumerGroup) string { return v.ID }),
	kindOf(Kind{
		Name: "consumer_group_consumers", Path: "consumer_group_consumers", Schema: memberSchema(), Unique: [][]string{{"consumer", "consumer_group"}},
		Refs: []Reference{
			refOf("consumer", "consumers", Reference{Cascade: true}, func(v *Member) *Ref { return v.Consumer }),
			refOf("consumer_group", "consumer_groups", Reference{Cascade: true}, func(v *Member) *Ref { return v.ConsumerGroup }),
		},
		after: identifyMember, Nested: true,
	}, func(v *Member) string { return v.ID }),
	kindOf(Kind{
		Name: "upstreams", Path: "upstreams", Endpoint: "name", Schema: upstreamSchema(), Unique: [][]string{{"name"}},
		Refs: []Reference{
			refOf("client_certificate", "certificates", Reference{Nested: "upstreams"}, func(v *Upstream) *Ref { return v.ClientCertificate }),
		},
		before: coupleHashing,
	}, func(v *Upstream) string { return v.ID }),
	kindOf(Kind{
		Name: "targets", Path: "targets", Endpoint: "target", Schema: targetSchema(), Unique: [][]string{{"upstream", "target"}},
		Refs: []Reference{
			refOf("upstream", "upstreams", Reference{Nested: "targets", Cascade: true}, func(v *Target) *Ref { return v.Upstream }),
		},
		after: formatTarget, NewestFirst: true, Nested: true,
	}, func(v *Target) string { return v.ID }),
	kindOf(Kind{
		Name: "snis", Path: "snis", Endpoint: "name", Schema: sniSchema(), Unique: [][]string{{"name"}},
		Refs: []Reference{
			refOf("certificate", "certificates", Reference{Nested: "snis", Cascade: true}, func(v *SNI) *Ref { return v.Certificate }),
		},
	}, func(v *SNI) string { return v.ID }),
	kindOf(Kind{
		Name: "plugins", Path: "plugins", Endpoint: "instance_name", Schema: pluginSchema(),
		Unique: [][]string{{"instance_name"}, {"name", "route", "service", "consumer", "consumer_group"}},
		Refs: []Reference{
			refOf("route", "routes", Reference{Nested: "plugins", Cascade: true}, func(v *Plugin) *Ref { return v.Route }),
			refOf("service", "services", Reference{Nested: "plugins", Cascade: true}, func(v *Plugin) *Ref { return v.Service }),
			refOf("consumer", "consumers", Reference{Nested: "plugins", Cascade: true}, func(v *Plugin) *Ref { return v.Consumer }),
			refOf("consumer_group", "consumer_groups", Reference{Nested: "plugins", Cascade: true, Sparse: true},
				func(v *Plugin) *Ref { return v.ConsumerGroup }),
		},
	}, func(v *Plugin) string { return v.ID }),
	kindOf(Kind{
		Name: "keyauth_credentials", Path: "key-auths", Endpoint: "key", Schema: keyAuthSchema(), Unique: [][]string{{"key"}},
		Refs: []Reference{
			refOf("consumer", "consumers", Reference{Nested: "key-auth", Cascade: true}, func(v *KeyAuthCredential) *Ref { return v.Consumer }),
		},
		TTL: true, decode: decodeKeyAuth,
	}, func(v *KeyAuthCredential) string { return v.ID }),
	kindOf(Kind{
		Name: "jwt_secrets", Path: "jwts", Endpoint: "key", Schema: jwtSecretSchema(), Unique: [][]string{{"key"}},
		Refs: []Reference{
			refOf("consumer", "consumers", Reference{Nested: "jwt", Cascade: true}, func(v *JWTSecret) *Ref { return v.Consumer }),
		},
	}, func(v *JWTSecret) string { return v.ID }),
	kindOf(Kind{
		Name: "acls", Path: "acls", Schema: aclSchema(), Unique: [][]string{{"consumer", "group"}},
		Refs: []Reference{
			refOf("consumer", "consumers", Reference{Nested: "acls", Cascade: true}, func(v *ACL) *Ref { return v.Consumer }),
		},
	}, func(v *ACL) string { return v.ID }),
	kindOf(Kind{
		Name: "oauth2_credentials", Path: "oauth2", Endpoint: "client_id", Schema: oauth2CredentialSchema(), Unique: [][]string{{"client_id"}},
		Refs: []Reference{
			refOf("consumer", "consumers", Reference{Nested: "oauth2", Cascade: true}, func(v *OAuth2Credential) *Ref { return v.Consumer }),
		},
		after: hashSecret, patch: checkSecretPatch,
	}, func(v *OAuth2Credential) string { return v.ID }),
	kindOf(Kind{
		Name: "oauth2_tokens", Path: "oauth2_tokens", Endpoint: "access_token", Schema: oauth2TokenSchema(),
		Unique: [][]string{{"access_token"}, {"refresh_token"}},
		Refs: []Reference{
			refOf("service", "services", Reference{Nested: "oauth2_tokens", Cascade: true}, func(v *OAuth2Token) *Ref { return v.Service }),
			refOf("credential", "oauth2_credentials", Reference{Nested: "oauth2_tokens", Cascade: true}, func(v *OAuth2Token) *Ref { return v.Credential }),
		},
		TTL: true, Ledger: true, decode: decodeExpiring(func(v *OAuth2Token, at time.Time) { v.Vanishes = at }),
	}, func(v *OAuth2Token) string { return v.ID }),
	kindOf(Kind{
		Name: "oauth2_authorization_codes", Path: "oauth2_authorization_codes", Schema: oauth2CodeSchema(), Unique: [][]string{{"code"}},
		Refs: []Reference{
			refOf("service", "services", Reference{Cascade: true}, func(v *OAuth2Code) *Ref { return v.Service }),
			refOf("credential", "oauth2_credentials", Reference{Cascade: true}, func(v *OAuth2Code) *Ref { return v.Credential }),
			refOf("plugin", "plugins", Reference{Cascade: true}, func(v *OAuth2Code) *Ref { return v.Plugin }),
		},
		TTL: true, Ledger: true, Nested: true, decode: decodeExpiring(func(v *OAuth2Code, at time.Time) { v.Vanishes = at }),
	}, func(v *OAuth2Code) string { return v.ID }),
}

var (
	kindsByName = map[string]*Kind{}
	kindsByPath = map[string]*Kind{}
	kindsByType = map[reflect.Type]*Kind{}
)

func init() {
	for i, k := range kinds {
		k.index = i
		for j := range k.Refs {
			k.Refs[j].List = k.Name // any reference can be told by nesting
		}
		kindsByName[k.Name], kindsByPath[k.Path], kindsByType[k.elem] = k, k, k
	}
}

// kindOf completes a kind with what depends on its type.
func kindOf[T any](k Kind, id func(*T) string) *Kind {
	k.elem = reflect.TypeFor[T]()
	if k.decode == nil {
		k.decode = func(doc []byte) (any, error) {
			v := new(T)
			return v, decodeDoc(doc, v)
		}
	}
	k.idOf = func(v any) string { return id(v.(*T)) }
	k.column = func(objects []Object) any {
		list := make([]*T, len(objects))
		for i := range objects {
			list[i] = objects[i].Value.(*T)
		}
		return list
	}
	return &k
}

// refOf completes a reference.
func refOf[T any](field, to string, r Reference, of func(*T) *Ref) Reference {
	r.Field, r.To = field, to
	r.of = func(v any) *Ref { return of(v.(*T)) }
	return r
}
