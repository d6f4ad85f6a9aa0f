package idp

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/google/uuid"

	"github.com/gibbon-gateway/gibbon/internal/idp/api"
	"github.com/gibbon-gateway/gibbon/internal/idp/pool"
	"github.com/gibbon-gateway/gibbon/internal/idp/wire"
)

// Quick is what a quickstart made: a pool with a domain, an API with a scope, and a client that may ask tokens for it.
type Quick struct {
	Created      bool   `json:"created"` // false: it was there before
	Region       string `json:"region"`
	Pool         string `json:"pool"`
	Name         string `json:"name"`
	Issuer       string `json:"issuer"`
	Domain       string `json:"domain"`
	Client       string `json:"client_id"`
	ClientName   string `json:"client_name"`
	Secret       string `json:"client_secret"`
	Scope        string `json:"scope"`
	TokenURL     string `json:"token_url"`
	DomainURL    string `json:"domain_token_url"`
	DiscoveryURL string `json:"discovery_url"`
}

const quickClient = "kong-api"

// Quickstart makes the pool of the tutorial under a name: users sign in by email, and a client gets tokens for the scope of an API. If
// there is one of that name already, it is described as it is.
func (p *Provider) Quickstart(ctx context.Context, name string) (*Quick, error) {
	stem := strings.TrimSuffix(name, "pool")
	if stem == "" {
		stem = name
	}
	slug := domainName(stem)
	q := &Quick{Region: p.region, Name: name, ClientName: quickClient, Domain: slug + "domain"}
	resource := "http://" + slug + "resource"
	q.Scope = resource + "/scope1"
	id, err := p.named(ctx, name)
	if err != nil {
		return nil, err
	}
	if id == "" {
		q.Created = true
		if id, err = p.makeQuick(ctx, q, resource); err != nil {
			return nil, err
		}
	}
	return q, p.describeQuick(ctx, q, id)
}

// domainName keeps what a domain may have.
func domainName(s string) string {
	s = strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, strings.ToLower(s))
	for _, word := range []string{"cognito", "amazon", "aws"} {
		s = strings.ReplaceAll(s, word, "")
	}
	if len(s) > 40 {
		s = s[:40]
	}
	if s == "" {
		s = "my"
	}
	return s
}

// named finds a pool by its name; "" for none.
func (p *Provider) named(ctx context.Context, name string) (string, error) {
	in := wire.ListUserPoolsRequest{MaxResults: new(60)}
	for {
		var out wire.ListUserPoolsResponse
		if err := p.Invoke(ctx, p.region, "ListUserPools", in, &out); err != nil {
			return "", err
		}
		for _, found := range out.UserPools {
			if found.Name == name {
				return found.ID, nil
			}
		}
		if in.NextToken = out.NextToken; in.NextToken == "" {
			return "", nil
		}
	}
}

func (p *Provider) makeQuick(ctx context.Context, q *Quick, resource string) (id string, err error) {
	required := func(name string) wire.SchemaAttribute {
		return wire.SchemaAttribute{Name: name, Required: new(true), Mutable: new(true)}
	}
	in := &wire.CreateUserPoolRequest{PoolName: q.Name, UsernameAttributes: []string{"email"}, AutoVerifiedAttributes: []string{"email"},
		UsernameConfiguration: &wire.UsernameConfiguration{CaseSensitive: new(false)},
		Schema:                []wire.SchemaAttribute{required("email"), required("family_name"), required("given_name")}}
	if err := api.Check(in); err != nil {
		return "", err
	}
	made, err := p.Pools.Create(p.call(ctx), "", in)
	if err != nil {
		return "", err
	}
	id = made.UserPool.ID
	defer func() {
		if err != nil {
			err = errors.Join(err, p.Invoke(context.WithoutCancel(ctx), p.region, "DeleteUserPool", wire.DeleteUserPoolRequest{UserPoolID: id}, nil))
		}
	}()
	for n := 2; ; n++ {
		err = p.Invoke(ctx, p.region, "CreateUserPoolDomain", wire.CreateUserPoolDomainRequest{Domain: q.Domain, UserPoolID: id}, nil)
		if n > 20 || err == nil || !strings.Contains(err.Error(), "already associated") {
			break
		}
		q.Domain = fmt.Sprintf("%s-%d", strings.TrimRight(q.Domain, "-0123456789"), n)
	}
	if err != nil {
		return id, err
	}
	err = p.Invoke(ctx, p.region, "CreateResourceServer", wire.CreateResourceServerRequest{UserPoolID: id, Identifier: resource, Name: strings.TrimPrefix(resource, "http://"),
		Scopes: []wire.ResourceServerScope{{ScopeName: "scope1", ScopeDescription: "The first scope"}}}, nil)
	if err != nil {
		return id, err
	}
	attributes := []string{"email", "family_name", "given_name"}
	return id, p.Invoke(ctx, p.region, "CreateUserPoolClient", wire.CreateUserPoolClientRequest{UserPoolID: id, ClientName: quickClient, GenerateSecret: new(true),
		RefreshTokenValidity: new(30), ExplicitAuthFlows: []string{"ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"}, ReadAttributes: attributes,
		WriteAttributes: attributes, SupportedIdentityProviders: []string{"COGNITO"}, AllowedOAuthFlowsUserPoolClient: new(true),
		AllowedOAuthFlows: []string{"client_credentials"}, AllowedOAuthScopes: []string{q.Scope}, PreventUserExistenceErrors: "ENABLED"}, nil)
}

// describeQuick fills in what the pool is like now.
func (p *Provider) describeQuick(ctx context.Context, q *Quick, id string) error {
	found, err := p.Pools.Pool(ctx, id)
	if err != nil {
		return err
	}
	q.Pool, q.Issuer, q.Domain, q.Region = id, found.Issuer, found.Prefix, found.Region
	q.TokenURL, q.DiscoveryURL = p.base+"/oauth2/token", p.base+"/"+id+"/.well-known/openid-configuration"
	if q.Domain != "" {
		scheme, host, _ := strings.Cut(p.base, "://")
		port := ""
		if i := strings.LastIndexByte(host, ':'); i >= 0 && !strings.HasSuffix(host, "]") {
			port = host[i:]
		}
		q.DomainURL = scheme + "://" + q.Domain + ".auth." + q.Region + ".localhost" + port + "/oauth2/token"
	}
	client, err := p.quickClient(ctx, id)
	if err != nil {
		return err
	}
	q.Client, q.ClientName, q.Secret = client.ClientID, client.ClientName, client.ClientSecret
	q.Scope = strings.Join(client.AllowedOAuthScopes, " ")
	return nil
}

// quickClient is the client of the pool that may have tokens for itself.
func (p *Provider) quickClient(ctx context.Context, id string) (*pool.Client, error) {
	var out wire.ListUserPoolClientsResponse
	if err := p.Invoke(ctx, p.region, "ListUserPoolClients", wire.ListUserPoolClientsRequest{UserPoolID: id, MaxResults: new(60)}, &out); err != nil {
		return nil, err
	}
	var found *pool.Client
	for _, c := range out.UserPoolClients {
		_, client, err := p.Pools.Client(ctx, c.ClientID)
		if err != nil {
			return nil, err
		}
		if client.HasSecret() && len(client.AllowedOAuthFlows) == 1 && client.AllowedOAuthFlows[0] == "client_credentials" &&
			(found == nil || client.ClientName == quickClient) {
			found = client
		}
	}
	if found == nil {
		return nil, fmt.Errorf("pool %s is there, but has no app client that may have tokens for itself (client_credentials)", id)
	}
	return found, nil
}

// call is the context of an operation that comes from inside.
func (p *Provider) call(ctx context.Context) *api.Call {
	return &api.Call{Context: ctx, Region: p.region, RequestID: uuid.NewString(), Request: new(http.Request)}
}
