// Package idp_test walks through what people and programs do with the identity provider, by AWS's SDK for Go and over real connections:
// sign-up to sign-out, administration, tokens checked by others' libraries, and what must not work. Files are subjects; each test has a
// provider of its own.
package idp_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/aws/smithy-go"

	"github.com/gibbon-gateway/gibbon/internal/idp"
	"github.com/gibbon-gateway/gibbon/internal/idp/outbox"
	"github.com/gibbon-gateway/gibbon/internal/idp/password"
	"github.com/gibbon-gateway/gibbon/internal/store/pgtest"
	"github.com/gibbon-gateway/gibbon/test/idp/srpclient"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

const (
	region = "us-west-2"
	good   = "Passw0rd!"
	better = "N3w-Passw0rd!"
)

// provider is a provider that listens, with a client.
type provider struct {
	*cip.Client
	t      testing.TB
	origin string
	offset *atomic.Int64 // of its clock
	stop   func()
}

// start runs a provider in a folder of its own until the test ends.
func start(t testing.TB, change func(*idp.Options)) *provider {
	t.Helper()
	folder := t.TempDir()
	return startIn(t, folder, "127.0.0.1:0", func(o *idp.Options) {
		o.Database = filepath.Join(folder, "idp.db")
		if change != nil {
			change(o)
		}
	})
}

// startIn runs a provider with a folder and an address that others may have had before it.
func startIn(t testing.TB, folder, address string, change func(*idp.Options)) *provider {
	t.Helper()
	l, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	p := &provider{t: t, origin: fmt.Sprintf("http://localhost:%d", l.Addr().(*net.TCPAddr).Port), offset: new(atomic.Int64)}
	o := idp.Options{Folder: folder, Origin: p.origin, Cost: password.Cheap, Now: p.now}
	change(&o)
	running, err := idp.New(context.Background(), o)
	if err != nil {
		l.Close()
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- running.Serve(ctx, l) }()
	stopped := false
	p.stop = func() {
		if stopped {
			return
		}
		stopped = true
		http.DefaultClient.CloseIdleConnections()
		cancel()
		if err := errors.Join(<-served, running.Close()); err != nil {
			t.Error(err)
		}
	}
	t.Cleanup(p.stop)
	p.Client = client(p.origin)
	return p
}

// client is an SDK client that tries once.
func client(origin string) *cip.Client {
	return cip.New(cip.Options{Region: region, BaseEndpoint: aws.String(origin), RetryMaxAttempts: 1, HTTPClient: http.DefaultClient,
		Credentials: credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "secret", "")})
}

func (p *provider) now() time.Time { return time.Now().Add(time.Duration(p.offset.Load())) }

// advance moves the provider's clock.
func (p *provider) advance(d time.Duration) { p.offset.Add(int64(d)) }

// code waits for the newest message to an address and returns its code.
func (p *provider) code(to string) string {
	p.t.Helper()
	return p.mail(to).Code
}

func (p *provider) mail(to string) outbox.Message {
	p.t.Helper()
	answer, err := http.Get(p.origin + "/_gibbon/outbox?wait=10s&to=" + url.QueryEscape(to))
	if err != nil {
		p.t.Fatal(err)
	}
	defer answer.Body.Close()
	var list outbox.List
	if err := json.NewDecoder(answer.Body).Decode(&list); err != nil || len(list.Messages) == 0 {
		p.t.Fatalf("no message to %s: %v", to, err)
	}
	return list.Messages[len(list.Messages)-1]
}

// must is for calls that have to succeed: must(t)(p.X(…)).
func must[T any](t testing.TB) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// refused checks that a call failed with an exception and its text; text "" is any.
func refused(t testing.TB, err error, kind, text string) {
	t.Helper()
	var e smithy.APIError
	switch {
	case err == nil:
		t.Errorf("succeeded, want %s: %s", kind, text)
	case !errors.As(err, &e):
		t.Errorf("got %v, want %s", err, kind)
	case e.ErrorCode() != kind || text != "" && e.ErrorMessage() != text:
		t.Errorf("got %s: %s\nwant %s: %s", e.ErrorCode(), e.ErrorMessage(), kind, text)
	}
}

// app is a pool with a client.
type app struct {
	*provider
	pool, client, secret string
}

// newApp makes a pool whose users are named by e-mail, and a client without secret that allows every flow by password.
func (p *provider) newApp(changePool func(*cip.CreateUserPoolInput), changeClient func(*cip.CreateUserPoolClientInput)) *app {
	p.t.Helper()
	in := &cip.CreateUserPoolInput{PoolName: aws.String("pool"), UsernameAttributes: []types.UsernameAttributeType{"email"},
		AutoVerifiedAttributes: []types.VerifiedAttributeType{"email"}, UsernameConfiguration: &types.UsernameConfigurationType{CaseSensitive: aws.Bool(false)}}
	if changePool != nil {
		changePool(in)
	}
	ctx := p.t.Context()
	a := &app{provider: p, pool: *must[*cip.CreateUserPoolOutput](p.t)(p.CreateUserPool(ctx, in)).UserPool.Id}
	more := &cip.CreateUserPoolClientInput{UserPoolId: &a.pool, ClientName: aws.String("app"), ExplicitAuthFlows: []types.ExplicitAuthFlowsType{
		"ALLOW_USER_PASSWORD_AUTH", "ALLOW_USER_SRP_AUTH", "ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"}, PreventUserExistenceErrors: "ENABLED"}
	if changeClient != nil {
		changeClient(more)
	}
	made := must[*cip.CreateUserPoolClientOutput](p.t)(p.CreateUserPoolClient(ctx, more)).UserPoolClient
	a.client, a.secret = *made.ClientId, aws.ToString(made.ClientSecret)
	return a
}

// hash is SECRET_HASH, nil for a client without secret.
func (a *app) hash(name string) *string {
	if a.secret == "" {
		return nil
	}
	m := hmac.New(sha256.New, []byte(a.secret))
	m.Write([]byte(name + a.client))
	return aws.String(base64.StdEncoding.EncodeToString(m.Sum(nil)))
}

// parameters adds SECRET_HASH to parameters, if the client has a secret.
func (a *app) parameters(name string, pairs ...string) map[string]string {
	m := map[string]string{"USERNAME": name}
	for i := 0; i < len(pairs); i += 2 {
		m[pairs[i]] = pairs[i+1]
	}
	if h := a.hash(name); h != nil {
		m["SECRET_HASH"] = *h
	}
	return m
}

// person is a confirmed user with the password good, made by an administrator.
func (a *app) person(name string) {
	a.t.Helper()
	ctx := a.t.Context()
	_, err := a.AdminCreateUser(ctx, &cip.AdminCreateUserInput{UserPoolId: &a.pool, Username: &name, MessageAction: "SUPPRESS",
		UserAttributes: []types.AttributeType{{Name: aws.String("email"), Value: &name}, {Name: aws.String("email_verified"), Value: aws.String("true")}}})
	if err == nil {
		_, err = a.AdminSetUserPassword(ctx, &cip.AdminSetUserPasswordInput{UserPoolId: &a.pool, Username: &name, Password: aws.String(good), Permanent: true})
	}
	if err != nil {
		a.t.Fatal(err)
	}
}

// byPassword signs in by USER_PASSWORD_AUTH.
func (a *app) byPassword(name, password string) (*cip.InitiateAuthOutput, error) {
	return a.InitiateAuth(a.t.Context(), &cip.InitiateAuthInput{ClientId: &a.client, AuthFlow: "USER_PASSWORD_AUTH",
		AuthParameters: a.parameters(name, "PASSWORD", password)})
}

// bySRP signs in by USER_SRP_AUTH.
func (a *app) bySRP(name, password string) (*cip.RespondToAuthChallengeOutput, error) {
	ctx, attempt := a.t.Context(), srpclient.New(a.pool)
	step, err := a.InitiateAuth(ctx, &cip.InitiateAuthInput{ClientId: &a.client, AuthFlow: "USER_SRP_AUTH",
		AuthParameters: a.parameters(name, "SRP_A", attempt.A())})
	if err != nil {
		return nil, err
	}
	if step.ChallengeName != "PASSWORD_VERIFIER" {
		return nil, fmt.Errorf("challenge %s", step.ChallengeName)
	}
	answers, err := attempt.Answers(step.ChallengeParameters, password, a.now())
	if err != nil {
		return nil, err
	}
	if h := a.hash(answers["USERNAME"]); h != nil {
		answers["SECRET_HASH"] = *h
	}
	return a.RespondToAuthChallenge(ctx, &cip.RespondToAuthChallengeInput{ClientId: &a.client, ChallengeName: step.ChallengeName, Session: step.Session,
		ChallengeResponses: answers})
}

// tokens signs in and returns the tokens.
func (a *app) tokens(name, password string) *types.AuthenticationResultType {
	a.t.Helper()
	out, err := a.byPassword(name, password)
	if err != nil {
		a.t.Fatal(err)
	}
	if out.AuthenticationResult == nil {
		a.t.Fatalf("challenge %s in place of tokens", out.ChallengeName)
	}
	return out.AuthenticationResult
}

// refresh asks new tokens.
func (a *app) refresh(token *string) (*cip.InitiateAuthOutput, error) {
	return a.InitiateAuth(a.t.Context(), &cip.InitiateAuthInput{ClientId: &a.client, AuthFlow: "REFRESH_TOKEN_AUTH",
		AuthParameters: map[string]string{"REFRESH_TOKEN": *token}})
}

// works says whether an access token still lets its bearer in.
func (p *provider) works(access *string) error {
	_, err := p.GetUser(p.t.Context(), &cip.GetUserInput{AccessToken: access})
	return err
}

// claims reads a token without checking it.
func claims(t testing.TB, token *string) map[string]any {
	t.Helper()
	parts := strings.Split(aws.ToString(token), ".")
	if len(parts) != 3 {
		t.Fatalf("%q is no token", aws.ToString(token))
	}
	b, err := base64.RawURLEncoding.DecodeString(parts[1])
	var c map[string]any
	if err == nil {
		err = json.Unmarshal(b, &c)
	}
	if err != nil {
		t.Fatal(err)
	}
	return c
}
