package pool

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/gibbon-gateway/gibbon/internal/idp/api"
	"github.com/gibbon-gateway/gibbon/internal/idp/store"
	"github.com/gibbon-gateway/gibbon/internal/idp/wire"
)

// domainDoc is what lies in the column doc of a domain.
type domainDoc struct {
	LoginVersion   int    `json:"loginVersion"`
	CertificateARN string `json:"certificate,omitempty"`
}

// cloudFront is what a custom domain is told to point at; here it is only shown.
func cloudFront(pool string) string {
	return "d" + strings.ToLower(pool[strings.IndexByte(pool, '_')+1:]) + ".cloudfront.net"
}

// CreateDomain gives a pool's pages a name.
func (s *Service) CreateDomain(c *api.Call, in *wire.CreateUserPoolDomainRequest) (*wire.CreateUserPoolDomainResponse, error) {
	custom := in.CustomDomainConfig != nil
	if err := domainName(in.Domain, custom); err != nil {
		return nil, err
	}
	d, err := loginVersion(in.ManagedLoginVersion, in.CustomDomainConfig)
	if err != nil {
		return nil, err
	}
	body, err := json.Marshal(d)
	if err != nil {
		return nil, err
	}
	err = s.Store.Update(c, func(tx *store.Tx) error {
		p, err := s.Load(tx, in.UserPoolID)
		if err != nil {
			return err
		}
		switch {
		case d.LoginVersion == 2 && p.UserPoolTier == "LITE":
			return api.FeatureUnavailableInTier.Errorf("Managed login is not available in the LITE tier.")
		case custom && p.Custom != "" || !custom && p.Prefix != "":
			return api.InvalidParameter.Errorf("User pool already has a domain configured.")
		}
		return tx.InsertDomain(store.Domain{Name: in.Domain, PoolID: p.ID, Custom: custom, Doc: body, Created: s.Now()})
	})
	if errors.Is(err, store.ErrExists) {
		return nil, api.InvalidParameter.Errorf("Domain already associated with another user pool.")
	}
	if err != nil {
		return nil, err
	}
	out := &wire.CreateUserPoolDomainResponse{ManagedLoginVersion: new(d.LoginVersion)}
	if custom {
		out.CloudFrontDomain = cloudFront(in.UserPoolID)
	}
	return out, nil
}

func domainName(name string, custom bool) error {
	if custom {
		if !strings.Contains(name, ".") {
			return api.InvalidParameter.Errorf("Custom domain is not a valid subdomain: %s", name)
		}
		return nil
	}
	if strings.Contains(name, ".") {
		return api.InvalidParameter.Errorf(
			"The domain name contains an invalid character. Domain names can only contain lower-case letters, numbers, and hyphens.")
	}
	for _, word := range []string{"aws", "amazon", "cognito"} {
		if strings.Contains(name, word) {
			return api.InvalidParameter.Errorf("Domain cannot contain reserved word: %s", word)
		}
	}
	return nil
}

func loginVersion(asked *int, custom *wire.CustomDomainConfig) (domainDoc, error) {
	d := domainDoc{LoginVersion: 1}
	if asked != nil {
		d.LoginVersion = *asked
	}
	if custom != nil {
		d.CertificateARN = custom.CertificateARN
	}
	if d.LoginVersion != 1 && d.LoginVersion != 2 {
		return d, api.InvalidParameter.Errorf("Invalid managed login version: %d", d.LoginVersion)
	}
	return d, nil
}

func (s *Service) describeDomain(c *api.Call, in *wire.DescribeUserPoolDomainRequest) (*wire.DescribeUserPoolDomainResponse, error) {
	out := &wire.DescribeUserPoolDomainResponse{DomainDescription: &wire.DomainDescription{}}
	err := s.Store.View(c, func(tx *store.Tx) error {
		row, err := tx.Domain(in.Domain)
		if err != nil {
			return err
		}
		var d domainDoc
		if err := json.Unmarshal(row.Doc, &d); err != nil {
			return fmt.Errorf("domain %s: stored document: %w", row.Name, err)
		}
		out.DomainDescription = &wire.DomainDescription{UserPoolID: row.PoolID, AWSAccountID: Account, Domain: row.Name,
			S3Bucket:               "aws-cognito-prod-assets",
			CloudFrontDistribution: cloudFront(row.PoolID), Version: row.Created.UTC().Format("20060102150405"), Status: "ACTIVE",
			CustomDomainConfig: &wire.CustomDomainConfig{CertificateARN: d.CertificateARN}, ManagedLoginVersion: new(d.LoginVersion)}
		return nil
	})
	if errors.Is(err, store.ErrNotFound) {
		err = nil // an unknown domain is described by nothing
	}
	return out, err
}

func (s *Service) updateDomain(c *api.Call, in *wire.UpdateUserPoolDomainRequest) (*wire.UpdateUserPoolDomainResponse, error) {
	d, err := loginVersion(in.ManagedLoginVersion, in.CustomDomainConfig)
	if err != nil {
		return nil, err
	}
	out := &wire.UpdateUserPoolDomainResponse{ManagedLoginVersion: new(d.LoginVersion)}
	return out, s.in(c, in.UserPoolID, func(tx *store.Tx) error {
		row, err := ownDomain(tx, in.UserPoolID, in.Domain)
		if err != nil {
			return err
		}
		if row.Custom {
			out.CloudFrontDomain = cloudFront(row.PoolID)
		}
		if row.Doc, err = json.Marshal(d); err != nil {
			return err
		}
		return tx.UpdateDomain(row)
	})
}

func ownDomain(tx *store.Tx, pool, name string) (store.Domain, error) {
	row, err := tx.Domain(name)
	if errors.Is(err, store.ErrNotFound) || err == nil && row.PoolID != pool {
		return row, api.InvalidParameter.Errorf("No such domain or user pool exists.")
	}
	return row, err
}

func (s *Service) removeDomain(c *api.Call, in *wire.DeleteUserPoolDomainRequest) (*wire.Empty, error) {
	return &wire.Empty{}, s.in(c, in.UserPoolID, func(tx *store.Tx) error {
		if _, err := ownDomain(tx, in.UserPoolID, in.Domain); err != nil {
			return err
		}
		return tx.DeleteDomain(in.Domain)
	})
}

func decodeServer(row store.ResourceServer) (*wire.ResourceServer, error) {
	out := &wire.ResourceServer{UserPoolID: row.PoolID, Identifier: row.Identifier, Name: row.Name}
	if err := json.Unmarshal(row.Scopes, &out.Scopes); err != nil {
		return nil, fmt.Errorf("resource server %s: stored scopes: %w", row.Identifier, err)
	}
	return out, nil
}

func encodeServer(pool, identifier, name string, scopes []wire.ResourceServerScope) (store.ResourceServer, error) {
	seen := make([]string, 0, len(scopes))
	for _, scope := range scopes {
		if slices.Contains(seen, scope.ScopeName) {
			return store.ResourceServer{}, api.InvalidParameter.Errorf("Duplicate scope name: %s", scope.ScopeName)
		}
		seen = append(seen, scope.ScopeName)
	}
	if scopes == nil {
		scopes = []wire.ResourceServerScope{}
	}
	body, err := json.Marshal(scopes)
	return store.ResourceServer{PoolID: pool, Identifier: identifier, Name: name, Scopes: body}, err
}

func noServer(identifier string) error {
	return api.ResourceNotFound.Errorf("Resource server %s does not exist.", identifier)
}

// CreateResourceServer declares an API of the owner's with its scopes.
func (s *Service) CreateResourceServer(c *api.Call, in *wire.CreateResourceServerRequest) (*wire.CreateResourceServerResponse, error) {
	row, err := encodeServer(in.UserPoolID, in.Identifier, in.Name, in.Scopes)
	if err != nil {
		return nil, err
	}
	err = s.in(c, in.UserPoolID, func(tx *store.Tx) error { return tx.InsertResourceServer(row) })
	if errors.Is(err, store.ErrExists) {
		return nil, api.InvalidParameter.Errorf("%s already exists in user pool %s.", in.Identifier, in.UserPoolID)
	}
	if err != nil {
		return nil, err
	}
	server, err := decodeServer(row)
	return &wire.CreateResourceServerResponse{ResourceServer: server}, err
}

func (s *Service) describeServer(c *api.Call, in *wire.DescribeResourceServerRequest) (*wire.DescribeResourceServerResponse, error) {
	out := &wire.DescribeResourceServerResponse{}
	return out, s.view(c, in.UserPoolID, func(tx *store.Tx) error {
		row, err := tx.ResourceServer(in.UserPoolID, in.Identifier)
		if errors.Is(err, store.ErrNotFound) {
			return noServer(in.Identifier)
		}
		if err != nil {
			return err
		}
		out.ResourceServer, err = decodeServer(row)
		return err
	})
}

func (s *Service) updateServer(c *api.Call, in *wire.UpdateResourceServerRequest) (*wire.UpdateResourceServerResponse, error) {
	row, err := encodeServer(in.UserPoolID, in.Identifier, in.Name, in.Scopes)
	if err != nil {
		return nil, err
	}
	err = s.in(c, in.UserPoolID, func(tx *store.Tx) error { return tx.UpdateResourceServer(row) })
	if errors.Is(err, store.ErrNotFound) {
		return nil, noServer(in.Identifier)
	}
	if err != nil {
		return nil, err
	}
	server, err := decodeServer(row)
	return &wire.UpdateResourceServerResponse{ResourceServer: server}, err
}

func (s *Service) removeServer(c *api.Call, in *wire.DeleteResourceServerRequest) (*wire.Empty, error) {
	err := s.in(c, in.UserPoolID, func(tx *store.Tx) error { return tx.DeleteResourceServer(in.UserPoolID, in.Identifier) })
	if errors.Is(err, store.ErrNotFound) {
		err = noServer(in.Identifier)
	}
	return &wire.Empty{}, err
}

func (s *Service) listServers(c *api.Call, in *wire.ListResourceServersRequest) (*wire.ListResourceServersResponse, error) {
	list, limit := api.List("servers", in.UserPoolID), api.Limit(in.MaxResults, 50)
	after, err := api.After(list, in.NextToken)
	if err != nil {
		return nil, err
	}
	out := &wire.ListResourceServersResponse{ResourceServers: []wire.ResourceServer{}}
	return out, s.view(c, in.UserPoolID, func(tx *store.Tx) error {
		rows, err := tx.ResourceServers(in.UserPoolID, after, limit+1)
		if err != nil {
			return err
		}
		rows, out.NextToken = api.Cut(rows, limit, list, func(r store.ResourceServer) string { return r.Identifier })
		for _, row := range rows {
			server, err := decodeServer(row)
			if err != nil {
				return err
			}
			out.ResourceServers = append(out.ResourceServers, *server)
		}
		return nil
	})
}
