package pool

import (
	"encoding/json"
	"net/url"
	"slices"

	"github.com/gibbon-gateway/gibbon/internal/idp/api"
	"github.com/gibbon-gateway/gibbon/internal/idp/store"
	"github.com/gibbon-gateway/gibbon/internal/idp/wire"
)

// neededDetails are the keys that ProviderDetails must have, by type; of a list within, one is enough.
var neededDetails = map[string][][]string{
	"SAML":            {{"MetadataURL", "MetadataFile"}},
	"OIDC":            {{"client_id"}, {"authorize_scopes"}, {"oidc_issuer"}, {"attributes_request_method"}},
	"Google":          {{"client_id"}, {"client_secret"}, {"authorize_scopes"}},
	"Facebook":        {{"client_id"}, {"client_secret"}, {"authorize_scopes"}},
	"LoginWithAmazon": {{"client_id"}, {"client_secret"}, {"authorize_scopes"}},
	"SignInWithApple": {{"client_id"}, {"team_id"}, {"key_id"}, {"authorize_scopes"}},
}

func providers(tx *store.Tx, pool string) ([]wire.IdentityProvider, error) {
	return objects[wire.IdentityProvider](tx, pool, kindProvider, "", everything)
}

func noProvider(name string) error {
	return api.ResourceNotFound.Errorf("Identity provider %s does not exist.", name)
}

// checkProvider refuses a provider that cannot work, within a transaction.
func (s *Service) checkProvider(tx *store.Tx, idp *wire.IdentityProvider) error {
	for _, keys := range neededDetails[idp.ProviderType] {
		if !slices.ContainsFunc(keys, func(k string) bool { return idp.ProviderDetails[k] != "" }) {
			return api.InvalidParameter.Errorf("Missing required ProviderDetails for %s: %s", idp.ProviderType, keys[0])
		}
	}
	if issuer := idp.ProviderDetails["oidc_issuer"]; issuer != "" {
		u, err := url.Parse(issuer)
		if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
			return api.InvalidParameter.Errorf("oidc_issuer %s is not a valid URL.", issuer)
		}
	}
	p, err := s.Load(tx, idp.UserPoolID)
	if err != nil {
		return err
	}
	for name := range idp.AttributeMapping {
		if name == "username" {
			continue
		}
		a, ok := p.Attribute(name)
		if !ok || name == "sub" {
			return api.InvalidParameter.Errorf("Invalid AttributeMapping: %s is not an attribute of the user pool.", name)
		}
		if !isTrue(a.Mutable) {
			return api.InvalidParameter.Errorf("Invalid AttributeMapping: %s is not mutable.", name)
		}
	}
	for _, other := range p.Providers {
		for _, id := range idp.IdpIdentifiers {
			if other.ProviderName != idp.ProviderName && slices.Contains(other.IdpIdentifiers, id) {
				return api.DuplicateProvider.Errorf("Identifier %s is already used by provider %s.", id, other.ProviderName)
			}
		}
	}
	return nil
}

func (s *Service) createProvider(c *api.Call, in *wire.CreateIdentityProviderRequest) (*wire.CreateIdentityProviderResponse, error) {
	now := s.Now()
	idp := &wire.IdentityProvider{UserPoolID: in.UserPoolID, ProviderName: in.ProviderName, ProviderType: in.ProviderType,
		ProviderDetails: in.ProviderDetails, AttributeMapping: in.AttributeMapping, IdpIdentifiers: in.IdpIdentifiers,
		CreationDate: wire.At(now), LastModifiedDate: wire.At(now)}
	if idp.AttributeMapping == nil {
		idp.AttributeMapping = map[string]string{"username": "sub"}
	}
	if in.ProviderName == "COGNITO" {
		return nil, api.InvalidParameter.Errorf("Provider name COGNITO is reserved.")
	}
	body, err := json.Marshal(idp)
	if err != nil {
		return nil, err
	}
	err = s.in(c, in.UserPoolID, func(tx *store.Tx) error {
		if err := s.checkProvider(tx, idp); err != nil {
			return err
		}
		return tx.InsertObject(store.Object{PoolID: in.UserPoolID, Kind: kindProvider, ID: in.ProviderName, Doc: body, Created: now, Modified: now})
	})
	if err != nil {
		return nil, translated(err, nil, api.DuplicateProvider.Errorf("A provider with the name %s already exists.", in.ProviderName))
	}
	return &wire.CreateIdentityProviderResponse{IdentityProvider: idp}, nil
}

func (s *Service) describeProvider(c *api.Call, in *wire.DescribeIdentityProviderRequest) (*wire.DescribeIdentityProviderResponse, error) {
	p, err := s.Pool(c, in.UserPoolID)
	if err != nil {
		return nil, err
	}
	idp, ok := p.Provider(in.ProviderName)
	if !ok {
		return nil, noProvider(in.ProviderName)
	}
	return &wire.DescribeIdentityProviderResponse{IdentityProvider: &idp}, nil
}

func (s *Service) updateProvider(c *api.Call, in *wire.UpdateIdentityProviderRequest) (*wire.UpdateIdentityProviderResponse, error) {
	var idp wire.IdentityProvider
	err := s.in(c, in.UserPoolID, func(tx *store.Tx) (err error) {
		if idp, err = object[wire.IdentityProvider](tx, in.UserPoolID, kindProvider, in.ProviderName); err != nil {
			return translated(err, noProvider(in.ProviderName), nil)
		}
		if in.ProviderDetails != nil {
			idp.ProviderDetails = in.ProviderDetails
		}
		if in.AttributeMapping != nil {
			idp.AttributeMapping = in.AttributeMapping
		}
		if in.IdpIdentifiers != nil {
			idp.IdpIdentifiers = in.IdpIdentifiers
		}
		idp.LastModifiedDate = wire.At(s.Now())
		if err := s.checkProvider(tx, &idp); err != nil {
			return err
		}
		return put(tx, in.UserPoolID, kindProvider, in.ProviderName, idp, s.Now())
	})
	if err != nil {
		return nil, err
	}
	return &wire.UpdateIdentityProviderResponse{IdentityProvider: &idp}, nil
}

func (s *Service) removeProvider(c *api.Call, in *wire.DeleteIdentityProviderRequest) (*wire.Empty, error) {
	err := s.in(c, in.UserPoolID, func(tx *store.Tx) error { return tx.DeleteObject(in.UserPoolID, kindProvider, in.ProviderName) })
	return &wire.Empty{}, translated(err, noProvider(in.ProviderName), nil)
}

func (s *Service) listProviders(c *api.Call, in *wire.ListIdentityProvidersRequest) (*wire.ListIdentityProvidersResponse, error) {
	list, limit := api.List("providers", in.UserPoolID), api.Limit(in.MaxResults, 60)
	after, err := api.After(list, in.NextToken)
	if err != nil {
		return nil, err
	}
	out := &wire.ListIdentityProvidersResponse{Providers: []wire.ProviderDescription{}}
	return out, s.view(c, in.UserPoolID, func(tx *store.Tx) error {
		found, err := objects[wire.IdentityProvider](tx, in.UserPoolID, kindProvider, after, limit+1)
		if err != nil {
			return err
		}
		found, out.NextToken = api.Cut(found, limit, list, func(idp wire.IdentityProvider) string { return idp.ProviderName })
		for _, idp := range found {
			out.Providers = append(out.Providers, wire.ProviderDescription{ProviderName: idp.ProviderName, ProviderType: idp.ProviderType,
				CreationDate: idp.CreationDate, LastModifiedDate: idp.LastModifiedDate})
		}
		return nil
	})
}

func (s *Service) providerByIdentifier(c *api.Call, in *wire.GetIdentityProviderByIdentifierRequest) (
	*wire.GetIdentityProviderByIdentifierResponse, error) {
	p, err := s.Pool(c, in.UserPoolID)
	if err != nil {
		return nil, err
	}
	for _, idp := range p.Providers {
		if slices.Contains(idp.IdpIdentifiers, in.IdpIdentifier) {
			return &wire.GetIdentityProviderByIdentifierResponse{IdentityProvider: &idp}, nil
		}
	}
	return nil, noProvider(in.IdpIdentifier)
}
