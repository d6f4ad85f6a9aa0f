package grant

import (
	"crypto/rand"
	"errors"
	"strings"
	"time"

	"github.com/gibbon-gateway/gibbon/internal/idp/api"
	"github.com/gibbon-gateway/gibbon/internal/idp/pool"
	"github.com/gibbon-gateway/gibbon/internal/idp/store"
	"github.com/gibbon-gateway/gibbon/internal/idp/user"
	"github.com/gibbon-gateway/gibbon/internal/idp/wire"
)

// Operations are those of the API that the Service serves.
func (s *Service) Operations() []api.Operation {
	return []api.Operation{
		api.Op("GetTokensFromRefreshToken", api.Open, s.getTokens), api.Op("RevokeToken", api.Open, s.revokeToken),
		api.Op("GetClientToken", api.Open, s.clientToken), api.Op("GlobalSignOut", api.Open, s.signOut),
		api.Op("AdminUserGlobalSignOut", api.Signed, s.adminSignOut),
		api.Op("ListUserSessions", api.Open, s.listSessions), api.Op("AdminListUserSessions", api.Signed, s.adminListSessions),
		api.Op("RevokeUserSession", api.Open, s.revokeSession), api.Op("AdminRevokeUserSession", api.Signed, s.adminRevokeSession),
	}
}

// Result is what a finished sign-in answers.
func (t *Tokens) Result() *wire.AuthenticationResult {
	return &wire.AuthenticationResult{AccessToken: t.Access, ExpiresIn: &t.ExpiresIn, TokenType: "Bearer", RefreshToken: t.Refresh,
		IDToken: t.ID}
}

func (s *Service) getTokens(c *api.Call, in *wire.GetTokensFromRefreshTokenRequest) (*wire.GetTokensFromRefreshTokenResponse, error) {
	p, client, err := s.Pools.Client(c, in.ClientID)
	if err != nil {
		return nil, err
	}
	if !client.Proves(in.ClientSecret) {
		return nil, api.NotAuthorized.Errorf("Unable to verify client secret for client %s", in.ClientID)
	}
	if !client.Rotates() && !client.Allows("REFRESH_TOKEN_AUTH") {
		return nil, api.NotAuthorized.Errorf("Auth flow not enabled for this client")
	}
	t, err := s.Renew(c, Renewal{Pool: p, Client: client, Token: in.RefreshToken, DeviceKey: in.DeviceKey, Metadata: in.ClientMetadata,
		IP: c.IP(), Agent: c.Agent()})
	if err != nil {
		return nil, err
	}
	return &wire.GetTokensFromRefreshTokenResponse{AuthenticationResult: t.Result()}, nil
}

func (s *Service) revokeToken(c *api.Call, in *wire.RevokeTokenRequest) (*wire.Empty, error) {
	_, client, err := s.Pools.Client(c, in.ClientID)
	if err != nil {
		return nil, err
	}
	if !client.Proves(in.ClientSecret) {
		return nil, api.NotAuthorized.Errorf("Unable to verify client secret for client %s", in.ClientID)
	}
	return &wire.Empty{}, s.Revoke(c, client, in.Token)
}

func (s *Service) clientToken(c *api.Call, in *wire.GetClientTokenRequest) (*wire.GetClientTokenResponse, error) {
	p, client, err := s.Pools.Client(c, in.ClientID)
	if err != nil {
		return nil, err
	}
	if !client.HasSecret() || !client.Proves(in.Secret) {
		return nil, api.NotAuthorized.Errorf("Unable to verify client secret for client %s", in.ClientID)
	}
	if !client.Allows("CLIENT_TOKEN_AUTH") {
		return nil, api.NotAuthorized.Errorf("Auth flow not enabled for this client")
	}
	scopes, ok := MachineScopes(p, client, in.Scopes)
	if !ok {
		return nil, api.InvalidParameter.Errorf("Invalid scope requested.")
	}
	t, err := s.Machine(c, p, client, scopes, in.ClientMetadata)
	if err != nil {
		return nil, err
	}
	return &wire.GetClientTokenResponse{ClientAuthenticationResult: &wire.ClientAuthenticationResult{AccessToken: t.Access,
		ExpiresIn: &t.ExpiresIn,
		TokenType: "Bearer"}}, nil
}

func (s *Service) signOut(c *api.Call, in *wire.GlobalSignOutRequest) (*wire.Empty, error) {
	session, err := s.Authenticate(c, in.AccessToken, AdminScope)
	if err != nil {
		return nil, err
	}
	return &wire.Empty{}, s.SignOut(c, session.Pool, session.User.ID)
}

func (s *Service) adminSignOut(c *api.Call, in *wire.AdminUserGlobalSignOutRequest) (*wire.Empty, error) {
	p, err := s.Pools.Pool(c, in.UserPoolID)
	if err != nil {
		return nil, err
	}
	u, err := s.find(c, p, in.Username)
	if err != nil {
		return nil, err
	}
	return &wire.Empty{}, s.SignOut(c, p, u.ID)
}

func (s *Service) find(c *api.Call, p *pool.Pool, name string) (u *user.User, err error) {
	err = s.Store.View(c, func(tx *store.Tx) (err error) {
		u, err = user.Find(tx, p, name)
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		err = api.UserNotFound.Errorf("User does not exist.")
	}
	return u, err
}

// SignOut ends all grants of a user.
func (s *Service) SignOut(c *api.Call, p *pool.Pool, id string) error {
	return s.Store.Update(c, func(tx *store.Tx) error {
		u, err := user.ByID(tx, p, id)
		if err != nil {
			return err
		}
		u.SignedOut = s.Now()
		if err := u.SaveState(tx); err != nil {
			return err
		}
		return tx.RevokeGrantsOf(p.ID, id)
	})
}

// newSessionID returns a name for a grant that may be shown: tkn and 25 small letters and digits.
func newSessionID() string { return "tkn" + strings.ToLower(rand.Text()[:25]) }

func (s *Service) sessions(c *api.Call, p *pool.Pool, id, current string) ([]wire.SessionDescription, error) {
	if p.Sessions.UserSessionTracking != "ENABLED" {
		return nil, api.InvalidParameter.Errorf("User session tracking is not enabled for this user pool.")
	}
	list := []wire.SessionDescription{}
	err := s.Store.View(c, func(tx *store.Tx) error {
		grants, err := tx.GrantsOf(p.ID, id, s.Now())
		for _, g := range grants {
			d := docOf(g)
			list = append(list, wire.SessionDescription{SessionID: d.SessionID, SessionType: "TOKEN", ClientID: g.ClientID,
				CreateDate:     wire.At(d.Created),
				LastActiveDate: wire.At(d.Active), DeviceType: agent(d.Agent), LastIPAddress: d.IP, IsCurrentSession: new(g.ID == current)})
		}
		return err
	})
	return list, err
}

func agent(s string) string {
	if s == "" {
		return "unknown"
	}
	return s[:min(len(s), 1024)]
}

func (s *Service) revokeSessionOf(c *api.Call, p *pool.Pool, id, session string) error {
	if p.Sessions.UserSessionTracking != "ENABLED" {
		return api.InvalidParameter.Errorf("User session tracking is not enabled for this user pool.")
	}
	return s.Store.Update(c, func(tx *store.Tx) error {
		grants, err := tx.GrantsOf(p.ID, id, time.Time{})
		if err != nil {
			return err
		}
		for _, g := range grants {
			if docOf(g).SessionID == session {
				return tx.RevokeGrant(g.ID)
			}
		}
		return api.ResourceNotFound.Errorf("Session does not exist.")
	})
}

func (s *Service) listSessions(c *api.Call, in *wire.ListUserSessionsRequest) (*wire.ListUserSessionsResponse, error) {
	session, err := s.Authenticate(c, in.AccessToken, AdminScope)
	if err != nil {
		return nil, err
	}
	list, err := s.sessions(c, session.Pool, session.User.ID, session.Claims.OriginJTI)
	return &wire.ListUserSessionsResponse{Sessions: list}, err
}

func (s *Service) adminListSessions(c *api.Call, in *wire.AdminListUserSessionsRequest) (*wire.AdminListUserSessionsResponse, error) {
	p, err := s.Pools.Pool(c, in.UserPoolID)
	if err != nil {
		return nil, err
	}
	u, err := s.find(c, p, in.Username)
	if err != nil {
		return nil, err
	}
	list, err := s.sessions(c, p, u.ID, "-")
	return &wire.AdminListUserSessionsResponse{Sessions: list}, err
}

func (s *Service) revokeSession(c *api.Call, in *wire.RevokeUserSessionRequest) (*wire.Empty, error) {
	session, err := s.Authenticate(c, in.AccessToken, AdminScope)
	if err != nil {
		return nil, err
	}
	return &wire.Empty{}, s.revokeSessionOf(c, session.Pool, session.User.ID, in.SessionID)
}

func (s *Service) adminRevokeSession(c *api.Call, in *wire.AdminRevokeUserSessionRequest) (*wire.Empty, error) {
	p, err := s.Pools.Pool(c, in.UserPoolID)
	if err != nil {
		return nil, err
	}
	u, err := s.find(c, p, in.Username)
	if err != nil {
		return nil, err
	}
	return &wire.Empty{}, s.revokeSessionOf(c, p, u.ID, in.SessionID)
}
