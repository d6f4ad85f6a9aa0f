package openidconnect

import (
	"cmp"
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	gojose "github.com/go-jose/go-jose/v4"

	"github.com/gibbon-gateway/gibbon/entity"
	"github.com/gibbon-gateway/gibbon/internal/oidc"
)

// client is one of the configured clients; fields of lists with its index belong to it.
type client struct {
	oidc.Client
	index int
	auth  string // client_auth; "" lets the provider's document decide
}

// at returns the element of a list that belongs to the client: its own, else the first.
func at(list []string, index int) string {
	switch {
	case index < len(list):
		return list[index]
	case len(list) > 0:
		return list[0]
	}
	return ""
}

func (p *relyingParty) listClients() error {
	for i, id := range p.ClientID {
		c := client{index: i}
		c.ID, c.TLS, c.Audiences = id, p.mutual, new(oidc.Audiences)
		if i < len(p.ClientSecret) {
			c.Secret = p.ClientSecret[i]
		}
		if i < len(p.ClientAuth) {
			c.auth = p.ClientAuth[i]
		}
		if i < len(p.ClientAlg) {
			c.Alg = p.ClientAlg[i]
		}
		if i < len(p.ClientJWK) {
			if err := c.useKey(p.ClientJWK[i]); err != nil {
				return fmt.Errorf("client_jwk: element %d: %w", i+1, err)
			}
		} else if slices.Contains([]string{c.auth, p.TokenEndpointAuthMethod, p.IntrospectionEndpointAuthMethod, p.RevocationEndpointAuthMethod,
			p.PushedAuthorizationRequestEndpointAuthMethod}, oidc.PrivateKeyJWT) {
			c.Own = p.ownKey
		}
		p.clients = append(p.clients, c)
	}
	return nil
}

// ownKey returns the gateway's own key that signs now.
func (p *relyingParty) ownKey() (key any, id string, err error) {
	j, _, err := p.known.own.current(nodeKeys{p.env.Secret, p.env.Cluster})
	if err != nil {
		return nil, "", err
	}
	return j.Key, j.KeyID, nil
}

// useKey takes the client's key from a configured JWK.
func (c *client) useKey(r jwkRecord) error {
	if r.Kty == "oct" && r.K != "" {
		secret, err := base64.RawURLEncoding.DecodeString(r.K)
		if err != nil {
			return fmt.Errorf("k is no base64url text")
		}
		c.Secret = string(secret)
		return nil
	}
	doc := map[string]any{}
	for name, value := range map[string]string{"kty": r.Kty, "use": r.Use, "alg": r.Alg, "kid": r.Kid, "n": r.N, "e": r.E, "d": r.D,
		"p": r.P, "q": r.Q, "dp": r.DP, "dq": r.DQ, "qi": r.QI, "crv": r.Crv, "x": r.X, "y": r.Y} {
		if value != "" {
			doc[name] = value
		}
	}
	text, err := json.Marshal(doc)
	if err != nil {
		return err
	}
	var key gojose.JSONWebKey
	if err := key.UnmarshalJSON(text); err != nil {
		return fmt.Errorf("not a usable key: %w", err)
	}
	if key.IsPublic() {
		return fmt.Errorf("a private key is needed")
	}
	c.Key, c.KeyID = key.Key, r.Kid
	if c.Alg == "" {
		c.Alg = r.Alg
	}
	return nil
}

// clientCertificate returns the certificate entity of tls_client_auth_cert_id.
func (p *relyingParty) clientCertificate() (*tls.Certificate, error) {
	e := entity.Get[entity.Certificate](p.env.Find.Entities(), p.TLSClientAuthCertID)
	if e == nil {
		return nil, fmt.Errorf("tls_client_auth_cert_id: there is no certificate %s", p.TLSClientAuthCertID)
	}
	c, err := tls.X509KeyPair([]byte(e.Cert), []byte(e.Key))
	if err != nil {
		return nil, fmt.Errorf("tls_client_auth_cert_id: %w", err)
	}
	return &c, nil
}

// client returns the client that a request chooses by client_arg, by its id or its index from 1, else the first; nil without
// clients.
func (p *relyingParty) client(r *request) (*client, error) {
	if len(p.clients) < 2 || p.ClientArg == "" {
		return p.clientNamed(""), nil
	}
	name := strings.ReplaceAll(p.ClientArg, "_", "-")
	for _, header := range []string{p.ClientArg, name, "X-" + name} {
		if v, ok := r.x.Request.Header.Value(header); ok {
			return p.clientNamed(string(v)), nil
		}
	}
	if v, n := r.queryArg(p.ClientArg); n > 0 {
		return p.clientNamed(v), nil
	}
	v, _, err := r.bodyArg(p.ClientArg)
	return p.clientNamed(v), err
}

func (p *relyingParty) clientNamed(name string) *client {
	for i := range p.clients {
		if p.clients[i].ID == name {
			return &p.clients[i]
		}
	}
	if n, err := strconv.Atoi(name); err == nil && n >= 1 && n <= len(p.clients) {
		return &p.clients[n-1]
	}
	if len(p.clients) == 0 {
		return nil
	}
	return &p.clients[0]
}

// endpointKind says which of the provider's endpoints is meant.
type endpointKind uint8

const (
	tokenEndpoint endpointKind = iota
	introspectionEndpoint
	revocationEndpoint
	pushEndpoint
	userinfoEndpoint
)

// endpoint returns an endpoint of the provider for a client; the configuration comes before the document.
func (p *relyingParty) endpoint(kind endpointKind, d *oidc.Document, c *client) *oidc.Endpoint {
	e := &oidc.Endpoint{Audience: d.Issuer, Fetch: p.fetch, Now: p.env.Now}
	var configured, discovered, mutual, mutualDiscovered, method string
	var supported []string
	switch kind {
	case tokenEndpoint:
		e.Name, configured, discovered = "token", p.TokenEndpoint, d.TokenEndpoint
		mutual, mutualDiscovered = p.MTLSTokenEndpoint, d.Aliases.TokenEndpoint
		method, supported = p.TokenEndpointAuthMethod, d.TokenAuthMethods
	case introspectionEndpoint:
		e.Name, configured, discovered = "introspection", p.IntrospectionEndpoint, d.IntrospectionEndpoint
		mutual, mutualDiscovered = p.MTLSIntrospectionEndpoint, d.Aliases.IntrospectionEndpoint
		method, supported = p.IntrospectionEndpointAuthMethod, d.IntrospectionAuthMethods
	case revocationEndpoint:
		e.Name, configured, discovered = "revocation", p.RevocationEndpoint, d.RevocationEndpoint
		mutual, mutualDiscovered = p.MTLSRevocationEndpoint, d.Aliases.RevocationEndpoint
		method, supported = p.RevocationEndpointAuthMethod, d.RevocationAuthMethods
	case pushEndpoint:
		e.Name, configured, discovered = "pushed authorization request", p.PushedAuthorizationRequestEndpoint, d.PAREndpoint
		mutualDiscovered, method, supported = d.Aliases.PAREndpoint, p.PushedAuthorizationRequestEndpointAuthMethod, d.TokenAuthMethods
	case userinfoEndpoint:
		e.Name, configured, discovered = "userinfo", p.UserinfoEndpoint, d.UserinfoEndpoint
	}
	if c != nil {
		if method == "" {
			method = c.auth
		}
		if len(supported) == 0 {
			supported = d.TokenAuthMethods
		}
		e.Method = c.ChooseMethod(method, supported)
	}
	e.URL = cmp.Or(configured, discovered)
	if oidc.Mutual(e.Method) {
		e.URL = cmp.Or(mutual, mutualDiscovered, e.URL)
	}
	return e
}

// basicText reads the base64 text of a Basic credential.
func basicText(text string) (user, password string, ok bool) {
	raw, err := base64.StdEncoding.DecodeString(strings.TrimSpace(text))
	if err != nil {
		return "", "", false
	}
	return strings.Cut(string(raw), ":")
}
