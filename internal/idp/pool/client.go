package pool

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/gibbon-gateway/gibbon/internal/idp/api"
	"github.com/gibbon-gateway/gibbon/internal/idp/store"
	"github.com/gibbon-gateway/gibbon/internal/idp/wire"
)

// Client is an app client. It is shared and must not be changed.
type Client struct {
	wire.UserPoolClient // as DescribeUserPoolClient shows it
	Secrets             []string
	SSOMinutes          int // how long a sign-in in a browser lasts
}

// HasSecret says whether the client must prove itself.
func (c *Client) HasSecret() bool { return len(c.Secrets) > 0 }

// Proves says, in constant time for each, whether the secret is one of the client's. A client without secret accepts none but "".
func (c *Client) Proves(secret string) bool {
	if len(c.Secrets) == 0 {
		return secret == ""
	}
	var good bool
	for _, s := range c.Secrets {
		good = hmac.Equal([]byte(s), []byte(secret)) || good
	}
	return good
}

// SecretHash is SECRET_HASH for a username by the client's first secret; "" for a client without.
func (c *Client) SecretHash(username string) string {
	if len(c.Secrets) == 0 {
		return ""
	}
	return secretHash(c.Secrets[0], username, c.ClientID)
}

func secretHash(secret, username, client string) string {
	m := hmac.New(sha256.New, []byte(secret))
	m.Write([]byte(username + client))
	return base64.StdEncoding.EncodeToString(m.Sum(nil))
}

// CheckHash checks SECRET_HASH for one of the names that a user may be called by.
func (c *Client) CheckHash(hash string, names ...string) error {
	switch {
	case !c.HasSecret() && hash == "":
		return nil
	case !c.HasSecret():
		return api.NotAuthorized.Errorf("Unable to verify secret hash for client %s", c.ClientID)
	case hash == "":
		return api.NotAuthorized.Errorf("Client %s is configured with secret but SECRET_HASH was not received", c.ClientID)
	}
	for _, secret := range c.Secrets {
		for _, name := range names {
			if hmac.Equal([]byte(secretHash(secret, name, c.ClientID)), []byte(hash)) {
				return nil
			}
		}
	}
	return api.NotAuthorized.Errorf("Unable to verify secret hash for client %s", c.ClientID)
}

// HidesUsers says whether errors must not tell who exists.
func (c *Client) HidesUsers() bool { return c.PreventUserExistenceErrors == "ENABLED" }

// Rotates says whether refresh tokens are replaced at use.
func (c *Client) Rotates() bool {
	return c.RefreshTokenRotation != nil && c.RefreshTokenRotation.Feature == "ENABLED"
}

// Grace is how long a replaced refresh token may be repeated.
func (c *Client) Grace() time.Duration {
	if c.RefreshTokenRotation == nil || c.RefreshTokenRotation.RetryGracePeriodSeconds == nil {
		return 0
	}
	return time.Duration(*c.RefreshTokenRotation.RetryGracePeriodSeconds) * time.Second
}

// Allows says whether the client may use an authentication flow, by its name without ALLOW_.
func (c *Client) Allows(flow string) bool {
	flows := c.ExplicitAuthFlows
	if len(flows) == 0 {
		flows = []string{"ALLOW_REFRESH_TOKEN_AUTH", "ALLOW_USER_SRP_AUTH", "ALLOW_CUSTOM_AUTH"}
	}
	if slices.Contains(flows, "ALLOW_"+flow) {
		return true
	}
	if strings.HasPrefix(flows[0], "ALLOW_") {
		return false
	}
	// The names of before 2019: all but these three were always allowed.
	switch flow {
	case "ADMIN_USER_PASSWORD_AUTH":
		return slices.Contains(flows, "ADMIN_NO_SRP_AUTH")
	case "USER_PASSWORD_AUTH":
		return slices.Contains(flows, "USER_PASSWORD_AUTH")
	case "USER_SRP_AUTH":
		return !slices.Contains(flows, "CUSTOM_AUTH_FLOW_ONLY")
	case "CUSTOM_AUTH", "REFRESH_TOKEN_AUTH":
		return true
	}
	return false
}

// Reads says whether the client may see an attribute.
func (c *Client) Reads(name string) bool {
	if c.ReadAttributes == nil {
		return IsStandard(name) || strings.HasPrefix(name, "custom:")
	}
	return name == "sub" || name == "identities" || slices.Contains(c.ReadAttributes, name)
}

// Writes says whether a user may set an attribute through the client.
func (c *Client) Writes(name string) bool {
	switch name {
	case "sub", "email_verified", "phone_number_verified", "identities":
		return false
	}
	if c.WriteAttributes == nil {
		return IsStandard(name) || strings.HasPrefix(name, "custom:")
	}
	return slices.Contains(c.WriteAttributes, name)
}

// AccessLife is how long access tokens last.
func (c *Client) AccessLife() time.Duration {
	return life(c.AccessTokenValidity, c.units().AccessToken, "hours", time.Hour)
}

// IDLife is how long ID tokens last.
func (c *Client) IDLife() time.Duration {
	return life(c.IDTokenValidity, c.units().IDToken, "hours", time.Hour)
}

// RefreshLife is how long refresh tokens last.
func (c *Client) RefreshLife() time.Duration {
	return life(c.RefreshTokenValidity, c.units().RefreshToken, "days", 30*24*time.Hour)
}

// SessionLife is how long a step of a sign-in may take.
func (c *Client) SessionLife() time.Duration {
	if c.AuthSessionValidity == nil {
		return 3 * time.Minute
	}
	return time.Duration(*c.AuthSessionValidity) * time.Minute
}

func (c *Client) units() wire.TokenValidityUnits {
	if c.TokenValidityUnits == nil {
		return wire.TokenValidityUnits{}
	}
	return *c.TokenValidityUnits
}

var unitOf = map[string]time.Duration{"seconds": time.Second, "minutes": time.Minute, "hours": time.Hour, "days": 24 * time.Hour}

func life(n *int, unit, usual string, otherwise time.Duration) time.Duration {
	if n == nil || *n == 0 {
		return otherwise
	}
	return time.Duration(*n) * unitOf[or(unit, usual)]
}

// noClient is the error for a client that is not there.
func noClient(id string) error {
	return api.ResourceNotFound.Errorf("User pool client %s does not exist.", id)
}

// Client returns an app client with its pool, or ResourceNotFoundException.
func (s *Service) Client(ctx context.Context, id string) (*Pool, *Client, error) {
	c, err := s.clients.get(s, ctx, id, func(tx *store.Tx) (*Client, error) { return loadClient(tx, id) })
	if err != nil {
		return nil, nil, err
	}
	p, err := s.Pool(ctx, c.UserPoolID)
	return p, c, err
}

// ClientOf is Client, but refuses a client of another pool.
func (s *Service) ClientOf(ctx context.Context, pool, id string) (*Pool, *Client, error) {
	if _, err := s.Pool(ctx, pool); err != nil {
		return nil, nil, err
	}
	p, c, err := s.Client(ctx, id)
	if err == nil && p.ID != pool {
		err = noClient(id)
	}
	return p, c, err
}

func loadClient(tx *store.Tx, id string) (*Client, error) {
	row, err := tx.Client(id)
	if errors.Is(err, store.ErrNotFound) {
		return nil, noClient(id)
	}
	if err != nil {
		return nil, err
	}
	d, err := decodeClient(row)
	if err != nil {
		return nil, err
	}
	c := &Client{UserPoolClient: d.Client, SSOMinutes: 60}
	if d.SSOMinutes != nil {
		c.SSOMinutes = *d.SSOMinutes
	}
	c.CreationDate, c.LastModifiedDate = wire.At(row.Created), wire.At(row.Modified)
	secrets, err := tx.Secrets(id)
	if err != nil {
		return nil, err
	}
	for _, secret := range secrets {
		c.Secrets = append(c.Secrets, secret.Value)
	}
	if len(secrets) > 0 {
		c.ClientSecret = secrets[len(secrets)-1].Value
	}
	return c, nil
}

// clientDoc is what lies in the column doc of a client.
type clientDoc struct {
	Client     wire.UserPoolClient `json:"client"`
	SSOMinutes *int                `json:"ssoMinutes,omitempty"`
}

func decodeClient(row store.Client) (d clientDoc, err error) {
	if err := json.Unmarshal(row.Doc, &d); err != nil {
		return d, fmt.Errorf("client %s: stored document: %w", row.ID, err)
	}
	return d, nil
}

// clientIn returns the row of a client of the pool within a transaction.
func clientIn(tx *store.Tx, pool, id string) (store.Client, clientDoc, error) {
	if err := exists(tx, pool); err != nil {
		return store.Client{}, clientDoc{}, err
	}
	row, err := tx.Client(id)
	if errors.Is(err, store.ErrNotFound) || err == nil && row.PoolID != pool {
		return row, clientDoc{}, noClient(id)
	}
	if err != nil {
		return row, clientDoc{}, err
	}
	d, err := decodeClient(row)
	return row, d, err
}

// editClient changes a client's document within a transaction.
func (s *Service) editClient(ctx context.Context, pool, id string, change func(*store.Tx, *clientDoc) error) error {
	return s.Store.Update(ctx, func(tx *store.Tx) error {
		row, d, err := clientIn(tx, pool, id)
		if err != nil {
			return err
		}
		if err := change(tx, &d); err != nil {
			return err
		}
		row.Name, row.Modified = d.Client.ClientName, s.Now()
		if row.Doc, err = json.Marshal(d); err != nil {
			return err
		}
		return tx.UpdateClient(row)
	})
}
