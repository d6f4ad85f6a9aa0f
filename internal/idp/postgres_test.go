package idp_test

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/gibbon-gateway/gibbon/internal/idp"
	"github.com/gibbon-gateway/gibbon/internal/store/pgtest"
)

// All of it on PostgreSQL: a machine's token, a sign-in by the pages, a code that is tried twice.
func TestPostgreSQL(t *testing.T) {
	if testing.Short() {
		return // starts a database
	}
	server := pgtest.New(t)
	dsn := server.DSN(server.Database(t))
	r := start(t, func(o *idp.Options) { o.Database, o.MasterKey = dsn, "a master key of enough entropy" })
	q := quick(t, r)
	if status, out := r.token(r.origin+"/oauth2/token", basic(q.Client, q.Secret), url.Values{"grant_type": {"client_credentials"}}); status != http.StatusOK {
		t.Fatalf("%d %v", status, out)
	}
	s := newSite(t, r, nil)
	s.person()
	code := s.signIn(s.query()).Query().Get("code")
	status, out := s.exchange(code)
	if status != http.StatusOK {
		t.Fatalf("%d %v", status, out)
	}
	if status, _ := s.exchange(code); status != http.StatusBadRequest {
		t.Errorf("twice: %d", status)
	}
	form := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {out["refresh_token"].(string)}}
	if status, _ := s.token(s.origin+"/oauth2/token", basic(s.client, s.secret), form); status != http.StatusBadRequest {
		t.Errorf("what it gave: %d", status)
	}
	// The database goes away, and comes back.
	server.Stop(t)
	if status, out := r.token(r.origin+"/oauth2/token", basic("unknown", "x"), url.Values{"grant_type": {"client_credentials"}}); status != http.StatusServiceUnavailable || out["error"] != "temporarily_unavailable" {
		t.Errorf("without a database: %d %v", status, out)
	}
	server.Start(t)
	if status, _ := r.token(r.origin+"/oauth2/token", basic(q.Client, q.Secret), url.Values{"grant_type": {"client_credentials"}}); status != http.StatusOK {
		t.Errorf("with the database again: %d", status)
	}
}
