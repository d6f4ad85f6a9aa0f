package grant

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/gibbon-gateway/gibbon/internal/idp/store"
	"github.com/gibbon-gateway/gibbon/internal/idp/token"
)

// make signs the tokens. Nothing is stored.
func (s *Service) make(ctx context.Context, m *making) (*Tokens, error) {
	o, err := s.userOverrides(ctx, m)
	if err != nil {
		return nil, err
	}
	revocable := m.Client.EnableTokenRevocation == nil || *m.Client.EnableTokenRevocation
	t := &Tokens{ExpiresIn: int(m.Client.AccessLife().Seconds())}
	access := m.access(o, revocable)
	o.access().apply(&access, m.Client.ClientID)
	if t.Access, err = s.Ring.Sign(ctx, m.Pool.ID, token.Access, access); err != nil {
		return nil, err
	}
	if m.Hosted && !slices.Contains(m.Scopes, "openid") {
		return t, nil
	}
	id := m.id(o, revocable, t.Access)
	o.id().apply(&id, "")
	t.ID, err = s.Ring.Sign(ctx, m.Pool.ID, token.ID, id)
	return t, err
}

// access lists the claims of a user's access token.
func (m *making) access(o *overrides, revocable bool) token.Claims {
	c := token.Claims{{Name: "sub", Value: m.UserID}}
	if groups := o.groups(m.groups); len(groups) > 0 {
		c.Set("cognito:groups", groups)
	}
	c.Set("iss", m.Pool.Issuer)
	if m.Hosted {
		c.Set("version", 2)
	}
	c.Set("client_id", m.Client.ClientID)
	if revocable {
		c.Set("origin_jti", m.grantID)
	}
	if m.DeviceKey != "" {
		c.Set("device_key", m.DeviceKey)
	}
	c.Set("event_id", m.EventID)
	c.Set("token_use", "access")
	if scopes := o.access().scopes(m.Scopes); len(scopes) > 0 {
		c.Set("scope", strings.Join(scopes, " "))
	}
	c.Set("auth_time", m.AuthTime.Unix())
	c.Set("exp", m.now.Add(m.Client.AccessLife()).Unix())
	c.Set("iat", m.now.Unix())
	c.Set("jti", uuid.NewString())
	c.Set("username", m.user.Username)
	return c
}

// id lists the claims of an ID token.
func (m *making) id(o *overrides, revocable bool, access string) token.Claims {
	c := token.Claims{}
	if m.Hosted && access != "" {
		sum := sha256.Sum256([]byte(access))
		c.Set("at_hash", base64.RawURLEncoding.EncodeToString(sum[:16]))
	}
	c.Set("sub", m.UserID)
	if groups := o.groups(m.groups); len(groups) > 0 {
		c.Set("cognito:groups", groups)
	}
	c.Set("iss", m.Pool.Issuer)
	c.Set("cognito:username", m.user.Username)
	roles, preferred := o.roles(m.groups)
	if preferred != "" {
		c.Set("cognito:preferred_role", preferred)
	}
	if len(roles) > 0 {
		c.Set("cognito:roles", roles)
	}
	if m.Nonce != "" {
		c.Set("nonce", m.Nonce)
	}
	for _, name := range slices.Sorted(maps.Keys(m.user.Attr)) {
		if m.shows(name) {
			c.Set(name, claim(name, m.user.Attr[name]))
		}
	}
	if len(m.user.More.Identities) > 0 {
		c.Set("identities", m.user.More.Identities)
	}
	if revocable {
		c.Set("origin_jti", m.grantID)
	}
	c.Set("aud", m.Client.ClientID)
	c.Set("event_id", m.EventID)
	c.Set("token_use", "id")
	c.Set("auth_time", m.AuthTime.Unix())
	c.Set("exp", m.now.Add(m.Client.IDLife()).Unix())
	c.Set("iat", m.now.Unix())
	c.Set("jti", uuid.NewString())
	return c
}

// shows says whether an attribute goes into the ID token.
func (m *making) shows(name string) bool {
	return m.Client.Reads(name) && !strings.HasPrefix(name, "dev:") && (!m.Hosted || ScopeShows(m.Scopes, name))
}

// ScopeShows says whether the scopes of a hosted sign-in let an attribute be seen: profile shows all that the client may read, and so does
// openid alone; email and phone show theirs.
func ScopeShows(scopes []string, attribute string) bool {
	mail, phone := slices.Contains(scopes, "email"), slices.Contains(scopes, "phone")
	if slices.Contains(scopes, "profile") || !mail && !phone {
		return true
	}
	switch attribute {
	case "email", "email_verified":
		return mail
	case "phone_number", "phone_number_verified":
		return phone
	}
	return attribute == "sub"
}

// claim is an attribute's value as ID tokens carry it: all are texts, but for two flags, the address, and a time.
func claim(name, value string) any {
	switch name {
	case "email_verified", "phone_number_verified":
		return value == "true"
	case "address":
		return map[string]string{"formatted": value}
	case "updated_at":
		return json.Number(value)
	}
	return value
}

func names(groups []store.Group) []string {
	var list []string
	for _, g := range groups {
		list = append(list, g.Name)
	}
	return list
}

// rolesOf lists the groups' roles and the one of the strongest group; two strongest with different roles have none.
func rolesOf(groups []store.Group) (roles []string, preferred string) {
	for _, g := range groups {
		if g.Role != "" && !slices.Contains(roles, g.Role) {
			roles = append(roles, g.Role)
		}
	}
	for i, g := range groups {
		if g.Precedence == nil || i > 0 && *g.Precedence > *groups[0].Precedence {
			break
		}
		switch {
		case i == 0:
			preferred = g.Role
		case g.Role != preferred:
			return roles, ""
		}
	}
	return roles, preferred
}
