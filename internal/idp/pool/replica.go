package pool

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"errors"
	"math/big"
	"time"

	"github.com/gibbon-gateway/gibbon/internal/idp/api"
	"github.com/gibbon-gateway/gibbon/internal/idp/store"
	"github.com/gibbon-gateway/gibbon/internal/idp/wire"
)

func noReplica(region string) error {
	return api.ResourceNotFound.Errorf("User pool replica in region %s does not exist.", region)
}

func (s *Service) createReplica(c *api.Call, in *wire.CreateUserPoolReplicaRequest) (*wire.UserPoolReplicaResponse, error) {
	r := &wire.UserPoolReplica{RegionName: in.RegionName, Status: "ACTIVE", Role: "SECONDARY", UserPoolARN: ARN(in.RegionName, in.UserPoolID)}
	return &wire.UserPoolReplicaResponse{UserPoolReplica: r}, s.in(c, in.UserPoolID, func(tx *store.Tx) error {
		p, err := s.Load(tx, in.UserPoolID)
		if err != nil {
			return err
		}
		if in.RegionName == p.Region {
			return api.InvalidParameter.Errorf("The user pool is in region %s already.", in.RegionName)
		}
		have, err := objects[wire.UserPoolReplica](tx, in.UserPoolID, kindReplica, "", everything)
		if err != nil {
			return err
		}
		if len(have) > 0 {
			return api.LimitExceeded.Errorf("A user pool can not have more than one replica.")
		}
		return put(tx, in.UserPoolID, kindReplica, in.RegionName, r, s.Now())
	})
}

func (s *Service) updateReplica(c *api.Call, in *wire.UpdateUserPoolReplicaRequest) (*wire.UserPoolReplicaResponse, error) {
	out := &wire.UserPoolReplicaResponse{}
	return out, s.in(c, in.UserPoolID, func(tx *store.Tx) error {
		r, err := object[wire.UserPoolReplica](tx, in.UserPoolID, kindReplica, in.RegionName)
		if err != nil {
			return translated(err, noReplica(in.RegionName), nil)
		}
		r.Status, out.UserPoolReplica = in.Status, &r
		return put(tx, in.UserPoolID, kindReplica, in.RegionName, r, s.Now())
	})
}

func (s *Service) removeReplica(c *api.Call, in *wire.DeleteUserPoolReplicaRequest) (*wire.UserPoolReplicaResponse, error) {
	out := &wire.UserPoolReplicaResponse{}
	return out, s.in(c, in.UserPoolID, func(tx *store.Tx) error {
		r, err := object[wire.UserPoolReplica](tx, in.UserPoolID, kindReplica, in.RegionName)
		if err != nil {
			return translated(err, noReplica(in.RegionName), nil)
		}
		r.Status, out.UserPoolReplica = "DELETING", &r
		return tx.DeleteObject(in.UserPoolID, kindReplica, in.RegionName)
	})
}

func (s *Service) listReplicas(c *api.Call, in *wire.ListUserPoolReplicasRequest) (*wire.ListUserPoolReplicasResponse, error) {
	out := &wire.ListUserPoolReplicasResponse{}
	return out, s.view(c, in.UserPoolID, func(tx *store.Tx) error {
		p, err := s.Load(tx, in.UserPoolID)
		if err != nil {
			return err
		}
		have, err := objects[wire.UserPoolReplica](tx, in.UserPoolID, kindReplica, "", everything)
		primary := wire.UserPoolReplica{RegionName: p.Region, Status: "ACTIVE", Role: "PRIMARY", UserPoolARN: p.ARN}
		out.UserPoolReplicas = append([]wire.UserPoolReplica{primary}, have...)
		return err
	})
}

// quotas are the calls per second that the service grants for nothing, by category.
var quotas = map[string]int{"UserAuthentication": 120, "ClientAuthentication": 150, "UserCreation": 50, "UserFederation": 25,
	"UserAccountRecovery": 30,
	"UserRead":            120, "UserUpdate": 25, "UserToken": 120, "UserResourceRead": 50, "UserResourceUpdate": 25, "UserList": 30}

// quota finds the category of a limit.
func quota(l *wire.LimitDefinition) (category string, free int, err error) {
	category = l.Attributes["Category"]
	free, ok := quotas[category]
	if !ok {
		return "", 0, api.InvalidParameter.Errorf("Unknown limit category: %s", category)
	}
	return category, free, nil
}

// getLimit and setLimit keep limits, which belong to the account and not to a pool, until the process ends.
func (s *Service) getLimit(_ *api.Call, in *wire.GetProvisionedLimitRequest) (*wire.ProvisionedLimitResponse, error) {
	category, free, err := quota(in.LimitDefinition)
	if err != nil {
		return nil, err
	}
	value, ok := s.limits.Load(category)
	if !ok {
		value = free
	}
	return &wire.ProvisionedLimitResponse{Limit: &wire.Limit{LimitDefinition: in.LimitDefinition,
		ProvisionedLimitValue: new(value.(int)), FreeLimitValue: &free}}, nil
}

func (s *Service) setLimit(_ *api.Call, in *wire.UpdateProvisionedLimitRequest) (*wire.ProvisionedLimitResponse, error) {
	category, free, err := quota(in.LimitDefinition)
	if err != nil {
		return nil, err
	}
	if *in.RequestedLimitValue < free {
		return nil, api.InvalidParameter.Errorf("The requested limit must not be lower than %d.", free)
	}
	s.limits.Store(category, *in.RequestedLimitValue)
	return &wire.ProvisionedLimitResponse{Limit: &wire.Limit{LimitDefinition: in.LimitDefinition,
		ProvisionedLimitValue: in.RequestedLimitValue, FreeLimitValue: &free}}, nil
}

// certificate returns the certificate that SAML requests would be signed with; it is made at the first call and kept.
func (s *Service) certificate(c *api.Call, in *wire.GetSigningCertificateRequest) (*wire.GetSigningCertificateResponse, error) {
	out := &wire.GetSigningCertificateResponse{}
	err := s.view(c, in.UserPoolID, func(tx *store.Tx) (err error) {
		out.Certificate, err = object[string](tx, in.UserPoolID, kindCert, allUI)
		return err
	})
	if !errors.Is(err, store.ErrNotFound) {
		return out, err
	}
	fresh, err := newCertificate(in.UserPoolID, s.Now())
	if err != nil {
		return nil, err
	}
	return out, s.in(c, in.UserPoolID, func(tx *store.Tx) error {
		out.Certificate, err = object[string](tx, in.UserPoolID, kindCert, allUI)
		if !errors.Is(err, store.ErrNotFound) {
			return err
		}
		out.Certificate = fresh
		return put(tx, in.UserPoolID, kindCert, allUI, fresh, s.Now())
	})
}

func newCertificate(pool string, now time.Time) (string, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return "", err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return "", err
	}
	template := &x509.Certificate{SerialNumber: serial, Subject: pkix.Name{CommonName: pool}, NotBefore: now.Add(-time.Hour),
		NotAfter: now.AddDate(10, 0, 0)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	return base64.StdEncoding.EncodeToString(der), err
}
