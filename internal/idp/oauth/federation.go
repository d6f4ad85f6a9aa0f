package oauth

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/gibbon-gateway/gibbon/internal/idp/api"
	"github.com/gibbon-gateway/gibbon/internal/idp/auth"
	"github.com/gibbon-gateway/gibbon/internal/idp/store"
	"github.com/gibbon-gateway/gibbon/internal/idp/wire"
	"github.com/gibbon-gateway/gibbon/internal/jose"
	"github.com/gibbon-gateway/gibbon/internal/oidc"
)

const (
	awayLife    = 10 * time.Minute
	awayTimeout = 10 * time.Second // of one request to another provider
	awayCookie  = "csrf-state-"    // and the beginning of the state, for sign-ins in two windows
	leeway      = time.Minute      // of another provider's clock
)

// away is what a browser takes along to another provider and back, by its state.
type away struct {
	Query    url.Values `json:"query"` // of the client's request
	Provider string     `json:"provider"`
	Nonce    string     `json:"nonce"`
	Verifier string     `json:"verifier"`
	Callback string     `json:"callback"`
}

// upstream is another provider that can be asked.
type upstream struct {
	idp    wire.IdentityProvider
	meta   oidc.Metadata
	issuer *oidc.Issuer
	fetch  *oidc.Fetcher
}

// issuers keeps the keys of other providers.
type issuers struct {
	mu    sync.Mutex
	known map[string]*oidc.Issuer
}

// upstream finds out where a provider is. Only those that speak OpenID Connect can be used; others are stored.
func (s *Service) upstream(ctx context.Context, idp wire.IdentityProvider) (*upstream, error) {
	d := idp.ProviderDetails
	name := d["oidc_issuer"]
	switch {
	case idp.ProviderType == "Google":
		name = "https://accounts.google.com"
	case idp.ProviderType != "OIDC":
		return nil, fmt.Errorf("provider %s: sign-in by %s is only stored here", idp.ProviderName, idp.ProviderType)
	}
	u := &upstream{idp: idp, fetch: oidc.NewFetcher(s.Transport, awayTimeout, s.Log)}
	manual := d["authorize_url"] != "" && d["token_url"] != "" && d["jwks_uri"] != ""
	at := strings.Join([]string{name, d["jwks_uri"], fmt.Sprint(manual)}, " ")
	s.issuers.mu.Lock()
	if s.issuers.known == nil {
		s.issuers.known = make(map[string]*oidc.Issuer)
	}
	u.issuer = s.issuers.known[at]
	if u.issuer == nil {
		u.issuer = oidc.NewIssuer(oidc.IssuerOptions{URL: name, JWKS: d["jwks_uri"], Pseudo: manual, TTL: time.Hour, Rediscovery: 30 * time.Second,
			Fetch: u.fetch, Log: s.Log, Now: s.Now, InBackground: func(run func(context.Context)) {
				s.working.Go(func() { run(s.ctx) })
			}})
		s.issuers.known[at] = u.issuer
	}
	s.issuers.mu.Unlock()
	doc, err := u.issuer.Document(ctx)
	if err != nil {
		return nil, fmt.Errorf("provider %s: %w", idp.ProviderName, err)
	}
	u.meta = doc.Metadata
	for key, to := range map[string]*string{"authorize_url": &u.meta.AuthorizationEndpoint, "token_url": &u.meta.TokenEndpoint,
		"attributes_url": &u.meta.UserinfoEndpoint} {
		if d[key] != "" {
			*to = d[key]
		}
	}
	if u.meta.AuthorizationEndpoint == "" || u.meta.TokenEndpoint == "" {
		return nil, fmt.Errorf("provider %s: its discovery document names no authorize or token endpoint", idp.ProviderName)
	}
	return u, nil
}

// Away sends the browser to another provider.
func (s *Service) Away(w http.ResponseWriter, r *http.Request, at Place, a *Authorization, name string) {
	idp, _ := a.Pool.Provider(name)
	u, err := s.upstream(r.Context(), idp)
	if err != nil {
		s.Log.Warn("provider: sign-in elsewhere failed", "pool", a.Pool.ID, "error", err)
		s.Fail(w, r, a.Refuse("invalid_request", "identity provider "+name+" cannot be reached or used"))
		return
	}
	state := rand.Text()
	trip := away{Query: a.Query.Values, Provider: name, Nonce: rand.Text(), Verifier: rand.Text() + rand.Text(), Callback: at.Origin + "/oauth2/idpresponse"}
	if err := s.keep(r.Context(), state, kindAway, a.Pool, a.Client.ClientID, "", trip, awayLife); err != nil {
		s.Fail(w, r, err)
		return
	}
	challenge := sha256.Sum256([]byte(trip.Verifier))
	to, err := url.Parse(u.meta.AuthorizationEndpoint)
	if err != nil {
		s.Fail(w, r, err)
		return
	}
	q := to.Query()
	for key, value := range map[string]string{"client_id": idp.ProviderDetails["client_id"], "redirect_uri": trip.Callback, "response_type": "code",
		"scope": idp.ProviderDetails["authorize_scopes"], "state": state, "nonce": trip.Nonce, "code_challenge_method": "S256",
		"code_challenge": base64.RawURLEncoding.EncodeToString(challenge[:]), "login_hint": a.Query.Get("login_hint")} {
		if value != "" {
			q.Set(key, value)
		}
	}
	to.RawQuery = q.Encode()
	http.SetCookie(w, Cookie(at, awayCookieName(state), state, awayLife))
	Redirect(w, to.String())
}

func awayCookieName(state string) string {
	return awayCookie + strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			return r
		}
		return -1 // no state of ours
	}, state[:min(8, len(state))])
}

// Back serves /oauth2/idpresponse: the browser returns from another provider.
func (s *Service) Back(w http.ResponseWriter, r *http.Request, at Place) {
	q, err := Read(r)
	if err != nil {
		s.Fail(w, r, &Problem{Code: "invalid_request"})
		return
	}
	state := q.Get("state")
	cookie, err := r.Cookie(awayCookieName(state))
	if err != nil || state == "" || subtle.ConstantTimeCompare([]byte(cookie.Value), []byte(state)) != 1 {
		s.Fail(w, r, &Problem{Code: "invalid_request", Description: "This browser did not begin the sign-in."})
		return
	}
	http.SetCookie(w, Cookie(at, awayCookieName(state), "", 0))
	var trip away
	row, err := s.look(r.Context(), state, kindAway, &trip)
	if errors.Is(err, store.ErrNotFound) || err == nil && at.Pool != nil && at.Pool.ID != row.PoolID {
		s.Fail(w, r, &Problem{Code: "invalid_request", Description: "The sign-in took too long."})
		return
	}
	first := false
	if err == nil {
		err = s.Store.Update(r.Context(), func(tx *store.Tx) (err error) {
			first, err = tx.UseSession(key(kindAway, state))
			return err
		})
	}
	if err == nil && !first {
		err = &Problem{Code: "invalid_request", Description: "The sign-in was used already."}
	}
	if err != nil {
		s.Fail(w, r, err)
		return
	}
	a, err := s.Check(r.Context(), at, Parameters{trip.Query})
	if err != nil {
		s.Fail(w, r, err)
		return
	}
	done, err := s.arrive(r, a, trip, q)
	if err != nil {
		var theirs *api.Error
		why := "the sign-in at " + trip.Provider + " failed"
		if errors.As(err, &theirs) {
			why = theirs.Message
		}
		s.Log.Warn("provider: sign-in elsewhere failed", "pool", a.Pool.ID, "provider", trip.Provider, "error", err)
		s.Fail(w, r, a.Refuse("invalid_request", why))
		return
	}
	s.Complete(w, r, at, a, *done, trip.Provider)
}

// arrive turns the other provider's code into a user of the pool.
func (s *Service) arrive(r *http.Request, a *Authorization, trip away, q Parameters) (*auth.Done, error) {
	if problem := q.Get("error"); problem != "" {
		return nil, fmt.Errorf("the provider answered %.100q, %.200q", problem, q.Get("error_description"))
	}
	idp, ok := a.Pool.Provider(trip.Provider)
	if !ok || q.Get("code") == "" {
		return nil, errors.New("the provider sent no code, or is gone")
	}
	ctx, cancel := context.WithTimeout(r.Context(), 2*awayTimeout)
	defer cancel()
	u, err := s.upstream(ctx, idp)
	if err != nil {
		return nil, err
	}
	claims, err := s.claims(ctx, u, trip, q.Get("code"))
	if err != nil {
		return nil, err
	}
	subject, texts := told(idp.AttributeMapping, claims)
	if subject == "" {
		return nil, errors.New("the provider's claims have no subject")
	}
	return s.Auth.Federated(ctx, auth.Request{Pool: a.Pool, Client: a.Client, Hosted: true, IP: Address(r), Agent: r.UserAgent()}, trip.Provider, subject, texts)
}

// claims asks the other provider who is there: by its ID token, and its userinfo where there is one.
func (s *Service) claims(ctx context.Context, u *upstream, trip away, code string) (map[string]any, error) {
	d := u.idp.ProviderDetails
	client := &oidc.Client{ID: d["client_id"], Secret: d["client_secret"]}
	endpoint := oidc.Endpoint{Name: "token", URL: u.meta.TokenEndpoint, Method: client.ChooseMethod("", u.meta.TokenAuthMethods), Audience: u.issuer.Name(),
		Fetch: u.fetch, Now: s.Now}
	t, err := endpoint.Token(ctx, client, url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {trip.Callback},
		"code_verifier": {trip.Verifier}}, nil)
	if err != nil {
		return nil, err
	}
	id, err := jose.Parse([]byte(t.ID))
	if err != nil {
		return nil, fmt.Errorf("ID token: %w", err)
	}
	if iss, _ := id.Claims["iss"].(string); !oidc.SameIssuer(iss, u.meta.Issuer) {
		return nil, fmt.Errorf("ID token is of issuer %.200q", iss)
	}
	if _, err := u.issuer.VerifySignature(ctx, id, u.meta.Issuer, jose.Asymmetric); err != nil {
		return nil, fmt.Errorf("ID token: %w", err)
	}
	err = oidc.Check(id, oidc.Checks{Now: s.Now(), Leeway: leeway, IDToken: true, Audience: client.ID, Nonce: trip.Nonce, MaxAge: -1, AccessToken: t.Access, Code: code})
	if err != nil {
		return nil, fmt.Errorf("ID token: %w", err)
	}
	if nonce, _ := id.Claims["nonce"].(string); nonce != trip.Nonce {
		return nil, errors.New("ID token without our nonce")
	}
	if u.meta.UserinfoEndpoint == "" {
		return id.Claims, nil
	}
	about := oidc.Endpoint{Name: "userinfo", URL: u.meta.UserinfoEndpoint, Fetch: u.fetch, Now: s.Now}
	more, _, _, err := about.Userinfo(ctx, t.Access, nil, nil, func(ctx context.Context, t *jose.Token) error {
		_, err := u.issuer.VerifySignature(ctx, t, u.meta.Issuer, jose.Asymmetric)
		return err
	})
	if err != nil {
		return nil, err
	}
	if more["sub"] != id.Claims["sub"] {
		return nil, errors.New("userinfo is of somebody else")
	}
	for name, value := range more {
		if _, there := id.Claims[name]; !there {
			id.Claims[name] = value
		}
	}
	return id.Claims, nil
}

// told are the provider's claims as texts, and who they are of by the pool's mapping.
func told(mapping map[string]string, claims map[string]any) (subject string, texts map[string]string) {
	texts = make(map[string]string)
	for name, value := range claims {
		texts[name] = text(value)
	}
	name := mapping["username"]
	if name == "" {
		name = "sub"
	}
	return texts[name], texts
}

// text writes a claim as the text of an attribute.
func text(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case bool, json.Number:
		return fmt.Sprint(v)
	}
	b, err := json.Marshal(v)
	if err != nil {
		return ""
	}
	return string(b)
}

// Address is the caller's IP address.
func Address(r *http.Request) string {
	host := r.RemoteAddr
	if i := strings.LastIndexByte(host, ':'); i > 0 {
		host = host[:i]
	}
	return strings.Trim(host, "[]")
}
