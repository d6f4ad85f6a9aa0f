package idp_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/gibbon-gateway/gibbon/internal/idp"
	"github.com/gibbon-gateway/gibbon/internal/store/pgtest"
	"github.com/gibbon-gateway/gibbon/internal/store/sqldb"
)

// After a restart on the same database tokens are as good as before: keys, grants, revocations and unfinished sign-ins lie there.
func TestRestart(t *testing.T) {
	folder, jane := t.TempDir(), "jane@example.com"
	on := func(o *idp.Options) { o.Database, o.MasterKey = filepath.Join(folder, "idp.db"), "a master key" }
	p := startIn(t, folder, "127.0.0.1:0", on)
	a := p.newApp(nil, nil)
	a.person(jane)
	in, revoked := a.tokens(jane, good), a.tokens(jane, good)
	ctx := t.Context()
	must[*cip.RevokeTokenOutput](t)(a.RevokeToken(ctx, &cip.RevokeTokenInput{ClientId: &a.client, Token: revoked.RefreshToken}))
	must[*cip.ForgotPasswordOutput](t)(a.ForgotPassword(ctx, &cip.ForgotPasswordInput{ClientId: &a.client, Username: &jane}))
	code := p.code(jane)
	keys := p.keys(a.pool)
	address := strings.Replace(p.origin, "http://localhost", "127.0.0.1", 1)

	if _, err := idp.New(ctx, idp.Options{Folder: folder, Database: filepath.Join(folder, "idp.db"), MasterKey: "a master key"}); err == nil ||
		!strings.Contains(err.Error(), "in use by another process") {
		t.Errorf("a second provider on the file: %v", err)
	}
	p.stop()
	for _, key := range []string{"another", ""} {
		if _, err := idp.New(ctx, idp.Options{Folder: folder, Database: filepath.Join(folder, "idp.db"), MasterKey: key}); err == nil ||
			!strings.Contains(err.Error(), "idp_master_key") {
			t.Errorf("opened with master key %q: %v", key, err)
		}
	}
	p = startIn(t, folder, address, on)
	a.provider = p
	if again := p.keys(a.pool); again != keys {
		t.Errorf("keys changed:\n%s\n%s", keys, again)
	}
	if err := p.works(in.AccessToken); err != nil {
		t.Errorf("access token: %v", err)
	}
	refused(t, p.works(revoked.AccessToken), "NotAuthorizedException", "Access Token has been revoked")
	if _, err := a.refresh(in.RefreshToken); err != nil {
		t.Errorf("refresh token: %v", err)
	}
	if _, err := a.refresh(revoked.RefreshToken); err == nil {
		t.Error("a revoked refresh token is good again")
	}
	must[*cip.ConfirmForgotPasswordOutput](t)(a.ConfirmForgotPassword(ctx, &cip.ConfirmForgotPasswordInput{ClientId: &a.client, Username: &jane, ConfirmationCode: &code,
		Password: aws.String(better)}))
	a.tokens(jane, better)
	if _, err := a.bySRP(jane, better); err != nil {
		t.Error(err)
	}
}

// keys is a pool's JWKS.
func (p *provider) keys(pool string) string {
	p.t.Helper()
	answer, err := http.Get(p.origin + "/" + pool + "/.well-known/jwks.json")
	if err != nil {
		p.t.Fatal(err)
	}
	defer answer.Body.Close()
	return fmt.Sprint(decoded(p.t, answer))
}

// PostgreSQL stops while calls come in: they are answered with 5xx in time, all is well again by itself when it is back, and no user whose
// creation was acknowledged is lost or half there.
func TestPostgresGoesAway(t *testing.T) {
	if testing.Short() {
		return
	}
	const timeout = time.Second
	db := pgtest.New(t)
	dsn := db.DSN(db.Database(t))
	p := startIn(t, t.TempDir(), "127.0.0.1:0", func(o *idp.Options) { o.Postgres = &sqldb.Postgres{DSN: dsn, Timeout: timeout} })
	ctx := t.Context()
	const callback = "https://app.example.com/cb"
	a := p.newApp(nil, func(in *cip.CreateUserPoolClientInput) {
		in.AllowedOAuthFlowsUserPoolClient, in.AllowedOAuthFlows = true, []types.OAuthFlowType{"code"}
		in.AllowedOAuthScopes, in.CallbackURLs, in.SupportedIdentityProviders = []string{"openid"}, []string{callback}, []string{"COGNITO"}
	})
	a.person("jane@example.com")
	must[*cip.CreateResourceServerOutput](t)(a.CreateResourceServer(ctx, &cip.CreateResourceServerInput{UserPoolId: &a.pool, Identifier: aws.String("api"),
		Name: aws.String("api"), Scopes: scopes("read")}))
	m := must[*cip.CreateUserPoolClientOutput](t)(a.CreateUserPoolClient(ctx, machine(a.pool, "api/read"))).UserPoolClient
	in := a.tokens("jane@example.com", good)

	created := map[string]bool{}
	var mu sync.Mutex
	n := 0
	name := func() string {
		mu.Lock()
		defer mu.Unlock()
		n++
		return fmt.Sprintf("user%05d@example.com", n)
	}
	create := func() error {
		to := name()
		_, err := a.SignUp(ctx, &cip.SignUpInput{ClientId: &a.client, Username: &to, Password: aws.String(good)})
		if err == nil {
			mu.Lock()
			created[to] = true
			mu.Unlock()
		}
		return err
	}
	calls := map[string]func() error{
		"SignUp":  create,
		"sign-in": func() error { _, err := a.byPassword("jane@example.com", good); return err },
		"refresh": func() error { _, err := a.refresh(in.RefreshToken); return err },
		"GetUser": func() error { return p.works(in.AccessToken) },
		"list": func() error {
			_, err := a.ListUsers(ctx, &cip.ListUsersInput{UserPoolId: &a.pool, Limit: aws.Int32(1)})
			return err
		},
		"token": func() error {
			return p.get(func() (*http.Response, error) {
				return http.PostForm(p.origin+"/oauth2/token", url.Values{"grant_type": {"refresh_token"}, "client_id": {a.client}, "refresh_token": {*in.RefreshToken}})
			})
		},
		"machine": func() error {
			return p.get(func() (*http.Response, error) {
				return http.PostForm(p.origin+"/oauth2/token", url.Values{"grant_type": {"client_credentials"}, "client_id": {*m.ClientId}, "client_secret": {*m.ClientSecret}})
			})
		},
		"keys": func() error {
			return p.get(func() (*http.Response, error) { return http.Get(p.origin + "/" + a.pool + "/.well-known/jwks.json") })
		},
		"discovery": func() error {
			return p.get(func() (*http.Response, error) {
				return http.Get(p.origin + "/" + a.pool + "/.well-known/openid-configuration")
			})
		},
		"outbox": func() error {
			return p.get(func() (*http.Response, error) { return http.Get(p.origin + "/_gibbon/outbox") })
		},
		"page": func() error {
			return p.get(func() (*http.Response, error) {
				return http.Get(p.origin + "/login?client_id=" + a.client + "&response_type=code&redirect_uri=" + callback)
			})
		},
	}
	for name, call := range calls {
		if err := call(); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	run, end := context.WithCancel(ctx)
	var writers sync.WaitGroup
	for range 2 {
		writers.Go(func() {
			for run.Err() == nil {
				if create() != nil { // a little slower than as fast as possible while nothing works
					select {
					case <-time.After(20 * time.Millisecond):
					case <-run.Done():
					}
				}
			}
		})
	}
	<-time.After(300 * time.Millisecond)
	db.Stop(t)
	p.advance(time.Minute) // nothing in memory is fresh
	var all sync.WaitGroup
	for name, call := range calls {
		all.Go(func() {
			for range 2 {
				began := time.Now()
				err := call()
				if took := time.Since(began); took > 4*timeout+5*time.Second {
					t.Errorf("%s took %s while PostgreSQL was away", name, took)
				}
				var status *smithyhttp.ResponseError
				switch {
				case errors.As(err, &status) && status.HTTPStatusCode() == http.StatusServiceUnavailable && strings.Contains(err.Error(), "database cannot be reached"):
				case err != nil && strings.HasPrefix(err.Error(), "503 "):
				default:
					t.Errorf("%s while PostgreSQL was away: %v", name, err)
				}
			}
		})
	}
	all.Wait()
	db.Start(t)
	back := time.Now()
	for name, call := range calls {
		tick := time.NewTicker(20 * time.Millisecond)
		for err := call(); err != nil; err = call() {
			if time.Since(back) > 15*time.Second {
				t.Fatalf("%s does not recover: %v", name, err)
			}
			<-tick.C
		}
		tick.Stop()
	}
	t.Logf("recovered %s after PostgreSQL", time.Since(back).Round(time.Millisecond))
	end()
	writers.Wait()
	a.whole(created)
}

// get makes an error of an answer that is not 2xx.
func (p *provider) get(ask func() (*http.Response, error)) error {
	answer, err := ask()
	if err != nil {
		return err
	}
	answer.Body.Close()
	if answer.StatusCode >= 300 {
		return fmt.Errorf("%s", answer.Status)
	}
	return nil
}

// whole checks that users whose creation was acknowledged are there, and that all who are there are whole: found by each of their names,
// and able to go on.
func (a *app) whole(created map[string]bool) {
	a.t.Helper()
	ctx := a.t.Context()
	if len(created) < 5 {
		a.t.Fatalf("only %d users were acknowledged", len(created))
	}
	there, _ := a.found("", 60)
	have := map[string]bool{}
	for _, name := range there {
		if have[name] {
			a.t.Errorf("%s is there twice", name)
		}
		have[name] = true
		byName, err := a.AdminGetUser(ctx, &cip.AdminGetUserInput{UserPoolId: &a.pool, Username: &name})
		if err != nil {
			a.t.Errorf("%s is half there: %v", name, err)
			continue
		}
		if found, _ := a.found(`email = "`+name+`"`, 60); len(found) != 1 {
			a.t.Errorf("%s is found %d times", name, len(found))
		}
		if byName.UserStatus == "UNCONFIRMED" {
			if m := a.mail(name); m.Code == "" || m.UserID != *byName.Username {
				a.t.Errorf("%s got no code", name)
			}
			if _, err := a.byPassword(name, good); text(err) != "UserNotConfirmedException: User is not confirmed." {
				a.t.Errorf("%s: %v", name, err)
			}
		}
	}
	for name := range created {
		if !have[name] {
			a.t.Errorf("%s was acknowledged, and is lost", name)
		}
	}
	a.t.Logf("%d users acknowledged, %d there", len(created), len(have))
}
