package oauth

import (
	"context"
	"crypto/rand"
	"errors"
	"net/http"
	"time"

	"github.com/gibbon-gateway/gibbon/internal/idp/api"
	"github.com/gibbon-gateway/gibbon/internal/idp/auth"
	"github.com/gibbon-gateway/gibbon/internal/idp/grant"
	"github.com/gibbon-gateway/gibbon/internal/idp/pool"
	"github.com/gibbon-gateway/gibbon/internal/idp/store"
)

// browser is what the cookie of a signed-in browser stands for. It is good for every client of the pool.
type browser struct {
	Done     auth.Done `json:"done"`
	Provider string    `json:"provider"` // COGNITO, or the name of the other one
}

// CookieName is that of the sign-in cookie: cognito, and where pools share a host, with the pool behind.
func CookieName(at Place, p *pool.Pool) string {
	if at.Pool != nil {
		return "cognito"
	}
	return "cognito." + p.Short()
}

// Cookie makes one that scripts and other sites do not see.
func Cookie(at Place, name, value string, life time.Duration) *http.Cookie {
	c := &http.Cookie{Name: name, Value: value, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: at.Secure(), MaxAge: int(life / time.Second)}
	if life <= 0 {
		c.MaxAge = -1
	}
	return c
}

// browser returns what the request's cookie stands for, or nil.
func (s *Service) browser(r *http.Request, at Place, p *pool.Pool) (*browser, error) {
	cookie, err := r.Cookie(CookieName(at, p))
	if err != nil {
		return nil, nil
	}
	var b browser
	row, err := s.look(r.Context(), cookie.Value, kindBrowser, &b)
	if errors.Is(err, store.ErrNotFound) || err == nil && (row.PoolID != p.ID || row.Used) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	u, err := s.Auth.Current(r.Context(), p, b.Done.UserID)
	if isKind(err, api.UserNotFound, api.NotAuthorized, api.ResourceNotFound) || errors.Is(err, store.ErrNotFound) || err == nil && !u.Enabled {
		return nil, nil
	}
	return &b, err
}

// remember keeps a browser signed in.
func (s *Service) remember(w http.ResponseWriter, r *http.Request, at Place, a *Authorization, done auth.Done, provider string) error {
	text, life := rand.Text(), time.Duration(a.Client.SSOMinutes)*time.Minute
	if err := s.keep(r.Context(), text, kindBrowser, a.Pool, a.Client.ClientID, done.UserID, browser{done, provider}, life); err != nil {
		return err
	}
	http.SetCookie(w, Cookie(at, CookieName(at, a.Pool), text, life))
	return nil
}

// forget ends the sign-in of a browser.
func (s *Service) forget(w http.ResponseWriter, r *http.Request, at Place, p *pool.Pool) error {
	name := CookieName(at, p)
	cookie, err := r.Cookie(name)
	if err != nil {
		return nil
	}
	http.SetCookie(w, Cookie(at, name, "", 0))
	return s.Store.Update(r.Context(), func(tx *store.Tx) error {
		_, err := tx.UseSession(key(kindBrowser, cookie.Value))
		return err
	})
}

// Who returns who the browser is signed in as, or nil.
func (s *Service) Who(r *http.Request, at Place, a *Authorization) (*auth.Done, error) {
	b, err := s.signedIn(r, at, a)
	if err != nil || b == nil {
		return nil, err
	}
	return &b.Done, nil
}

// OwnToken is an access token by which a page acts for the one who is signed in.
func (s *Service) OwnToken(ctx context.Context, a *Authorization, done auth.Done) (string, error) {
	t, err := s.Grants.Issue(ctx, grant.User{Pool: a.Pool, Client: a.Client, UserID: done.UserID, EventID: done.EventID, AuthTime: done.AuthTime,
		Scopes: []string{grant.AdminScope}, NoRefresh: true})
	if err != nil {
		return "", err
	}
	return t.Access, nil
}

// Vouch notes that the browser which holds the returned text has just chosen the password of a user.
func (s *Service) Vouch(ctx context.Context, a *Authorization, username string) (text string, err error) {
	text = rand.Text()
	return text, s.keep(ctx, text, kindVouched, a.Pool, a.Client.ClientID, "", username, vouchLife)
}

// Vouched spends what Vouch noted, and says whether it is of this user.
func (s *Service) Vouched(ctx context.Context, a *Authorization, text, username string) (bool, error) {
	var of string
	row, err := s.look(ctx, text, kindVouched, &of)
	if errors.Is(err, store.ErrNotFound) || err == nil && (row.PoolID != a.Pool.ID || row.ClientID != a.Client.ClientID || of != username) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	var first bool
	err = s.Store.Update(ctx, func(tx *store.Tx) (err error) {
		first, err = tx.UseSession(key(kindVouched, text))
		return err
	})
	return first, err
}
