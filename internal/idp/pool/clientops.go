package pool

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/gibbon-gateway/gibbon/internal/idp/api"
	"github.com/gibbon-gateway/gibbon/internal/idp/store"
	"github.com/gibbon-gateway/gibbon/internal/idp/wire"
)

func (s *Service) createClient(c *api.Call, in *wire.CreateUserPoolClientRequest) (*wire.CreateUserPoolClientResponse, error) {
	return s.CreateClient(c, "", in)
}

// CreateClient makes an app client; with a fixed id for seeds and imports, else with a fresh one. A ClientSecret in the input is taken as
// it is.
func (s *Service) CreateClient(c *api.Call, id string, in *wire.CreateUserPoolClientRequest) (*wire.CreateUserPoolClientResponse, error) {
	if id == "" {
		id = newClientID()
	}
	secret := in.ClientSecret
	if secret == "" && isTrue(in.GenerateSecret) {
		secret = newSecret()
	}
	var out wire.UserPoolClient
	err := s.Store.Update(c, func(tx *store.Tx) error {
		p, err := s.Load(tx, in.UserPoolID)
		if err != nil {
			return err
		}
		out = wire.UserPoolClient{UserPoolID: p.ID, ClientID: id}
		if err := p.applyClient(&out, clientUpdate(in), secret != ""); err != nil {
			return err
		}
		if in.EnableTokenRevocation == nil {
			out.EnableTokenRevocation = new(true)
		}
		now := s.Now()
		body, err := json.Marshal(clientDoc{Client: out})
		if err != nil {
			return err
		}
		if err := tx.InsertClient(store.Client{ID: id, PoolID: p.ID, Name: out.ClientName, Doc: body, Created: now, Modified: now}); err != nil {
			return err
		}
		out.CreationDate, out.LastModifiedDate, out.ClientSecret = wire.At(now), wire.At(now), secret
		if secret == "" {
			return nil
		}
		return tx.InsertSecret(store.Secret{ID: secretID(id, now.UnixMilli()), ClientID: id, Value: secret, Created: now})
	})
	if errors.Is(err, store.ErrExists) {
		err = api.InvalidParameter.Errorf("User pool client %s exists already.", id)
	}
	if err != nil {
		return nil, err
	}
	return &wire.CreateUserPoolClientResponse{UserPoolClient: &out}, nil
}

// clientUpdate is the part of a creation that can be changed later.
func clientUpdate(in *wire.CreateUserPoolClientRequest) *wire.UpdateUserPoolClientRequest {
	return &wire.UpdateUserPoolClientRequest{
		ClientName: in.ClientName, RefreshTokenValidity: in.RefreshTokenValidity, AccessTokenValidity: in.AccessTokenValidity,
		IDTokenValidity: in.IDTokenValidity, TokenValidityUnits: in.TokenValidityUnits, ReadAttributes: in.ReadAttributes,
		WriteAttributes: in.WriteAttributes, ExplicitAuthFlows: in.ExplicitAuthFlows,
		SupportedIdentityProviders: in.SupportedIdentityProviders, CallbackURLs: in.CallbackURLs, LogoutURLs: in.LogoutURLs,
		DefaultRedirectURI: in.DefaultRedirectURI, AllowedOAuthFlows: in.AllowedOAuthFlows, AllowedOAuthScopes: in.AllowedOAuthScopes,
		AllowedOAuthFlowsUserPoolClient: in.AllowedOAuthFlowsUserPoolClient, AnalyticsConfiguration: in.AnalyticsConfiguration,
		PreventUserExistenceErrors: in.PreventUserExistenceErrors, EnableTokenRevocation: in.EnableTokenRevocation,
		EnablePropagateAdditionalUserContextData: in.EnablePropagateAdditionalUserContextData,
		AuthSessionValidity:                      in.AuthSessionValidity, RefreshTokenRotation: in.RefreshTokenRotation,
	}
}

func (s *Service) updateClient(c *api.Call, in *wire.UpdateUserPoolClientRequest) (*wire.UpdateUserPoolClientResponse, error) {
	err := s.Store.Update(c, func(tx *store.Tx) error {
		p, err := s.Load(tx, in.UserPoolID)
		if err != nil {
			return err
		}
		row, d, err := clientIn(tx, p.ID, in.ClientID)
		if err != nil {
			return err
		}
		secrets, err := tx.Secrets(in.ClientID)
		if err != nil {
			return err
		}
		if err := p.applyClient(&d.Client, in, len(secrets) > 0); err != nil {
			return err
		}
		row.Name, row.Modified = d.Client.ClientName, s.Now()
		if row.Doc, err = json.Marshal(d); err != nil {
			return err
		}
		return tx.UpdateClient(row)
	})
	if err != nil {
		return nil, err
	}
	_, client, err := s.Client(c, in.ClientID)
	if err != nil {
		return nil, err
	}
	return &wire.UpdateUserPoolClientResponse{UserPoolClient: &client.UserPoolClient}, nil
}

func (s *Service) describeClient(c *api.Call, in *wire.DescribeUserPoolClientRequest) (*wire.DescribeUserPoolClientResponse, error) {
	_, client, err := s.ClientOf(c, in.UserPoolID, in.ClientID)
	if err != nil {
		return nil, err
	}
	return &wire.DescribeUserPoolClientResponse{UserPoolClient: &client.UserPoolClient}, nil
}

func (s *Service) removeClient(c *api.Call, in *wire.DeleteUserPoolClientRequest) (*wire.Empty, error) {
	return &wire.Empty{}, s.Store.Update(c, func(tx *store.Tx) error {
		if _, _, err := clientIn(tx, in.UserPoolID, in.ClientID); err != nil {
			return err
		}
		return tx.DeleteClient(in.ClientID)
	})
}

func (s *Service) listClients(c *api.Call, in *wire.ListUserPoolClientsRequest) (*wire.ListUserPoolClientsResponse, error) {
	list, limit := api.List("clients", in.UserPoolID), api.Limit(in.MaxResults, 60)
	after, err := api.After(list, in.NextToken)
	if err != nil {
		return nil, err
	}
	var rows []store.Client
	err = s.view(c, in.UserPoolID, func(tx *store.Tx) (err error) {
		rows, err = tx.Clients(in.UserPoolID, after, limit+1)
		return err
	})
	if err != nil {
		return nil, err
	}
	out := &wire.ListUserPoolClientsResponse{UserPoolClients: []wire.UserPoolClientDescription{}}
	rows, out.NextToken = api.Cut(rows, limit, list, func(c store.Client) string { return c.ID })
	for _, row := range rows {
		out.UserPoolClients = append(out.UserPoolClients, wire.UserPoolClientDescription{ClientID: row.ID, UserPoolID: row.PoolID,
			ClientName: row.Name})
	}
	return out, nil
}

const maxSecrets = 2

func secretID(client string, millis int64) string { return fmt.Sprintf("%s--%d", client, millis) }

func (s *Service) addSecret(c *api.Call, in *wire.AddUserPoolClientSecretRequest) (*wire.AddUserPoolClientSecretResponse, error) {
	secret, now := in.ClientSecret, s.Now()
	if secret == "" {
		secret = newSecret()
	}
	id := secretID(in.ClientID, now.UnixMilli())
	err := s.Store.Update(c, func(tx *store.Tx) error {
		if _, _, err := clientIn(tx, in.UserPoolID, in.ClientID); err != nil {
			return err
		}
		have, err := tx.Secrets(in.ClientID)
		switch {
		case err != nil:
			return err
		case len(have) == 0:
			return api.InvalidParameter.Errorf("User pool client %s was created without a secret.", in.ClientID)
		case len(have) >= maxSecrets:
			return api.LimitExceeded.Errorf("A client can not have more than %d secrets.", maxSecrets)
		}
		return tx.InsertSecret(store.Secret{ID: id, ClientID: in.ClientID, Value: secret, Created: now})
	})
	if err != nil {
		return nil, err
	}
	shown := secret
	if in.ClientSecret != "" {
		shown = ""
	}
	return &wire.AddUserPoolClientSecretResponse{ClientSecretDescriptor: &wire.ClientSecretDescriptor{
		ClientSecretID: id, ClientSecretValue: shown, ClientSecretCreateDate: wire.At(now)}}, nil
}

func (s *Service) removeSecret(c *api.Call, in *wire.DeleteUserPoolClientSecretRequest) (*wire.Empty, error) {
	return &wire.Empty{}, s.Store.Update(c, func(tx *store.Tx) error {
		if _, _, err := clientIn(tx, in.UserPoolID, in.ClientID); err != nil {
			return err
		}
		have, err := tx.Secrets(in.ClientID)
		if err != nil {
			return err
		}
		for _, secret := range have {
			if secret.ID != in.ClientSecretID {
				continue
			}
			if len(have) == 1 {
				return api.InvalidParameter.Errorf("The last secret of a client can not be deleted.")
			}
			return tx.DeleteSecret(in.ClientID, in.ClientSecretID)
		}
		return api.ResourceNotFound.Errorf("Client secret %s does not exist.", in.ClientSecretID)
	})
}

func (s *Service) listSecrets(c *api.Call, in *wire.ListUserPoolClientSecretsRequest) (*wire.ListUserPoolClientSecretsResponse, error) {
	out := &wire.ListUserPoolClientSecretsResponse{ClientSecrets: []wire.ClientSecretDescriptor{}}
	return out, s.Store.View(c, func(tx *store.Tx) error {
		if _, _, err := clientIn(tx, in.UserPoolID, in.ClientID); err != nil {
			return err
		}
		have, err := tx.Secrets(in.ClientID)
		for _, secret := range have {
			out.ClientSecrets = append(out.ClientSecrets, wire.ClientSecretDescriptor{ClientSecretID: secret.ID,
				ClientSecretCreateDate: wire.At(secret.Created)})
		}
		return err
	})
}
