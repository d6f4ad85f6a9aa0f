package auth

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/gibbon-gateway/gibbon/internal/idp/api"
	"github.com/gibbon-gateway/gibbon/internal/idp/grant"
	"github.com/gibbon-gateway/gibbon/internal/idp/passkey"
	"github.com/gibbon-gateway/gibbon/internal/idp/pool"
	"github.com/gibbon-gateway/gibbon/internal/idp/store"
	"github.com/gibbon-gateway/gibbon/internal/idp/wire"
)

const (
	passkeyKind   = "passkey"
	challengeKind = "passkey-challenge" // of a registration that was begun: one for each user
	maxPasskeys   = 20
	registerTime  = 5 * time.Minute
)

// savedPasskey is a passkey with what is shown of it.
type savedPasskey struct {
	passkey.Credential
	Name    string    `json:"name"`
	Party   string    `json:"party"`
	Created time.Time `json:"created"`
}

// pending is a registration that was begun.
type pending struct {
	Challenge []byte    `json:"challenge"`
	ClientID  string    `json:"client"`
	Expires   time.Time `json:"expires"`
}

// party is the pool as a relying party: what is configured, else its domain, else localhost.
func party(p *pool.Pool) passkey.Party {
	r := passkey.Party{ID: p.Custom, Verification: "preferred"}
	if r.ID == "" && p.Prefix != "" {
		r.ID = p.Prefix + ".auth." + p.Region + ".amazoncognito.com"
	}
	if w := p.MFA.WebAuthn; w != nil {
		if w.RelyingPartyID != "" {
			r.ID = w.RelyingPartyID
		}
		if w.UserVerification != "" {
			r.Verification = w.UserVerification
		}
	}
	return r
}

// passkeys lists those of a user.
func (s *Service) passkeys(ctx context.Context, p *pool.Pool, id string) (list []savedPasskey, err error) {
	err = s.Store.View(ctx, func(tx *store.Tx) (err error) {
		list, err = readPasskeys(tx, p.ID, id)
		return err
	})
	return list, err
}

func readPasskeys(tx *store.Tx, pool, id string) ([]savedPasskey, error) {
	rows, err := tx.UserObjects(pool, id, passkeyKind, "", maxPasskeys+1)
	if err != nil {
		return nil, err
	}
	list := make([]savedPasskey, len(rows))
	for i, row := range rows {
		if err := json.Unmarshal(row.Doc, &list[i]); err != nil {
			return nil, err
		}
	}
	return list, nil
}

func credentials(list []savedPasskey) []passkey.Credential {
	var all []passkey.Credential
	for _, k := range list {
		all = append(all, k.Credential)
	}
	return all
}

// webAuthn checks that a user may have passkeys.
func (s *Service) webAuthn(ctx context.Context, accessToken string) (*grant.Session, error) {
	session, err := s.Grants.Authenticate(ctx, accessToken, grant.AdminScope)
	switch {
	case err != nil:
		return nil, err
	case !session.Pool.FirstFactor("WEB_AUTHN"):
		return nil, api.WebAuthnNotEnabled.Errorf("Passkeys are not enabled for this user pool.")
	case party(session.Pool).ID == "":
		return nil, api.WebAuthnConfigurationMissing.Errorf("The user pool has no relying party ID and no domain.")
	}
	return session, nil
}

func (s *Service) startRegistration(c *api.Call, in *wire.StartWebAuthnRegistrationRequest) (*wire.StartWebAuthnRegistrationResponse, error) {
	session, err := s.webAuthn(c, in.AccessToken)
	if err != nil {
		return nil, err
	}
	p, u := session.Pool, session.User
	have, err := s.passkeys(c, p, u.ID)
	if err != nil {
		return nil, err
	}
	if len(have) >= maxPasskeys {
		return nil, api.LimitExceeded.Errorf("A user can not have more than %d passkeys.", maxPasskeys)
	}
	now := s.Now()
	begun := pending{Challenge: passkey.NewChallenge(), ClientID: session.Client.ClientID, Expires: now.Add(registerTime)}
	name := u.Username
	if v := u.Attr["email"]; v != "" {
		name = v
	}
	options, err := passkey.CreationOptions(party(p), begun.Challenge, u.ID, name, name, credentials(have))
	if err != nil {
		return nil, err
	}
	body, err := json.Marshal(begun)
	if err != nil {
		return nil, err
	}
	return &wire.StartWebAuthnRegistrationResponse{CredentialCreationOptions: options}, s.Store.Update(c, func(tx *store.Tx) error {
		return tx.PutUserObject(store.Object{PoolID: p.ID, UserID: u.ID, Kind: challengeKind, ID: "1", Doc: body, Created: now, Modified: now})
	})
}

func (s *Service) completeRegistration(c *api.Call, in *wire.CompleteWebAuthnRegistrationRequest) (*wire.Empty, error) {
	session, err := s.webAuthn(c, in.AccessToken)
	if err != nil {
		return nil, err
	}
	p, u, now := session.Pool, session.User, s.Now()
	credential := in.Credential
	var text string
	if json.Unmarshal(credential, &text) == nil { // some clients send the document as a text
		credential = json.RawMessage(text)
	}
	return &wire.Empty{}, s.Store.Update(c, func(tx *store.Tx) error {
		row, err := tx.UserObject(p.ID, u.ID, challengeKind, "1")
		if errors.Is(err, store.ErrNotFound) {
			return api.WebAuthnChallengeNotFound.Errorf("No passkey registration was started.")
		}
		if err != nil {
			return err
		}
		var begun pending
		if err := json.Unmarshal(row.Doc, &begun); err != nil {
			return err
		}
		switch {
		case !now.Before(begun.Expires):
			return api.WebAuthnChallengeNotFound.Errorf("The passkey registration has expired.")
		case begun.ClientID != session.Client.ClientID:
			return api.WebAuthnClientMismatch.Errorf("The passkey registration was started by another client.")
		}
		fresh, err := passkey.Register(credential, party(p), begun.Challenge)
		if err != nil {
			return passkeyError(err)
		}
		have, err := readPasskeys(tx, p.ID, u.ID)
		if err != nil {
			return err
		}
		if len(have) >= maxPasskeys {
			return api.LimitExceeded.Errorf("A user can not have more than %d passkeys.", maxPasskeys)
		}
		body, err := json.Marshal(savedPasskey{Credential: *fresh, Name: "Passkey " + now.UTC().Format(time.DateOnly),
			Party: party(p).ID, Created: now})
		if err != nil {
			return err
		}
		if err := tx.DeleteUserObject(p.ID, u.ID, challengeKind, "1"); err != nil {
			return err
		}
		return tx.PutUserObject(store.Object{PoolID: p.ID, UserID: u.ID, Kind: passkeyKind, ID: keyName(fresh.ID), Doc: body,
			Created: now, Modified: now})
	})
}

func passkeyError(err error) error {
	switch {
	case errors.Is(err, passkey.ErrChallenge):
		return api.WebAuthnChallengeNotFound.Errorf("The challenge is not the one of the registration.")
	case errors.Is(err, passkey.ErrOrigin):
		return api.WebAuthnOriginNotAllowed.Errorf("The origin is not allowed.")
	case errors.Is(err, passkey.ErrParty):
		return api.WebAuthnRelyingPartyMismatch.Errorf("The relying party does not match.")
	case errors.Is(err, passkey.ErrUnsupported):
		return api.WebAuthnCredentialUnsupported.Errorf("The credential is not supported.")
	}
	return api.InvalidParameter.Errorf("The credential is not valid.")
}

func keyName(id []byte) string { return base64.RawURLEncoding.EncodeToString(id) }

func (s *Service) listPasskeys(c *api.Call, in *wire.ListWebAuthnCredentialsRequest) (*wire.ListWebAuthnCredentialsResponse, error) {
	session, err := s.Grants.Authenticate(c, in.AccessToken, grant.AdminScope)
	if err != nil {
		return nil, err
	}
	have, err := s.passkeys(c, session.Pool, session.User.ID)
	if err != nil {
		return nil, err
	}
	list := api.List("passkeys", session.User.ID)
	after, err := api.After(list, in.NextToken)
	if err != nil {
		return nil, err
	}
	for len(have) > 0 && after != "" && keyName(have[0].ID) <= after {
		have = have[1:]
	}
	out := &wire.ListWebAuthnCredentialsResponse{Credentials: []wire.WebAuthnCredentialDescription{}}
	have, out.NextToken = api.Cut(have, api.Limit(in.MaxResults, maxPasskeys), list, func(k savedPasskey) string { return keyName(k.ID) })
	for _, k := range have {
		transports := k.Transports
		if transports == nil {
			transports = []string{}
		}
		out.Credentials = append(out.Credentials, wire.WebAuthnCredentialDescription{CredentialID: keyName(k.ID), FriendlyCredentialName: k.Name,
			RelyingPartyID: k.Party, AuthenticatorAttachment: k.Attachment, AuthenticatorTransports: transports, CreatedAt: wire.At(k.Created)})
	}
	return out, nil
}

func (s *Service) deletePasskey(c *api.Call, in *wire.DeleteWebAuthnCredentialRequest) (*wire.Empty, error) {
	session, err := s.Grants.Authenticate(c, in.AccessToken, grant.AdminScope)
	if err != nil {
		return nil, err
	}
	err = s.Store.Update(c, func(tx *store.Tx) error {
		return tx.DeleteUserObject(session.Pool.ID, session.User.ID, passkeyKind, strings.TrimRight(in.CredentialID, "="))
	})
	if errors.Is(err, store.ErrNotFound) {
		err = api.ResourceNotFound.Errorf("Passkey does not exist.")
	}
	return &wire.Empty{}, err
}

// askPasskey asks for a signature by one of the user's passkeys.
func (x *exchange) askPasskey(ctx context.Context) (*Step, error) {
	have, err := x.s.passkeys(ctx, x.Pool, x.user.ID)
	if err != nil {
		return nil, err
	}
	x.state.Challenge = passkey.NewChallenge()
	options, err := passkey.RequestOptions(party(x.Pool), x.state.Challenge, credentials(have))
	if err != nil {
		return nil, err
	}
	return x.challenge(ctx, "WEB_AUTHN", map[string]string{"CREDENTIAL_REQUEST_OPTIONS": string(options)})
}

func (x *exchange) answerPasskey(ctx context.Context, answers map[string]string) (*Step, error) {
	raw := []byte(answers["CREDENTIAL"])
	if len(raw) == 0 {
		return nil, missing("CREDENTIAL")
	}
	id, err := passkey.ID(raw)
	if err != nil || x.user == nil {
		return nil, x.spend(ctx, incorrect())
	}
	have, err := x.s.passkeys(ctx, x.Pool, x.user.ID)
	if err != nil {
		return nil, err
	}
	for _, k := range have {
		if !bytes.Equal(k.ID, id) {
			continue
		}
		count, err := passkey.Verify(raw, party(x.Pool), x.state.Challenge, k.Credential)
		if err != nil {
			break
		}
		k.Count = count
		body, err := json.Marshal(k)
		if err != nil {
			return nil, err
		}
		x.do(func(tx *store.Tx) error {
			return tx.PutUserObject(store.Object{PoolID: x.Pool.ID, UserID: x.user.ID, Kind: passkeyKind, ID: keyName(k.ID), Doc: body,
				Created: k.Created, Modified: x.now})
		})
		x.state.Trusted = true // nothing stronger could follow
		return x.afterFirst(ctx)
	}
	x.event(ctx, "SignIn", "Fail")
	return nil, x.spend(ctx, incorrect())
}
