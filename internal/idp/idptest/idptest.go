// Package idptest runs the provider's API in a test, with the AWS SDK as its client, a clock that the test moves and an outbox that it
// reads. Its main type is Server. The hosted pages and OAuth endpoints are not part of it.
package idptest

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"

	"github.com/gibbon-gateway/gibbon/internal/idp/account"
	"github.com/gibbon-gateway/gibbon/internal/idp/api"
	"github.com/gibbon-gateway/gibbon/internal/idp/auth"
	"github.com/gibbon-gateway/gibbon/internal/idp/grant"
	"github.com/gibbon-gateway/gibbon/internal/idp/message"
	"github.com/gibbon-gateway/gibbon/internal/idp/password"
	"github.com/gibbon-gateway/gibbon/internal/idp/pool"
	"github.com/gibbon-gateway/gibbon/internal/idp/store"
	"github.com/gibbon-gateway/gibbon/internal/idp/token"
	"github.com/gibbon-gateway/gibbon/internal/idp/trigger"
)

// Region is where the client's calls go.
const Region = "us-east-1"

// Server is a provider.
type Server struct {
	URL     string
	Client  *cip.Client
	Handler *api.Handler
	Store   *store.Store
	Ring    *token.Ring
	Pools   *pool.Service
	Grants  *grant.Service
	Auth    *auth.Service
	Account *account.Service

	mu       sync.Mutex
	offset   time.Duration
	messages []store.Message
}

// key is the one RSA key of all pools of tests, under different names: making them takes too long.
var key = sync.OnceValue(func() []byte {
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		panic(err)
	}
	return der
})

// New starts a provider on a database of its own; dsn "" is a SQLite file.
func New(t testing.TB, dsn string) *Server {
	t.Helper()
	if dsn == "" {
		dsn = filepath.Join(t.TempDir(), "idp.db")
	}
	st, err := store.Open(t.Context(), dsn, "a master key")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	s := &Server{Store: st}
	log := slog.New(slog.NewTextHandler(t.Output(), nil))
	err = st.Update(t.Context(), func(tx *store.Tx) error {
		for range 100 {
			name := make([]byte, 32)
			rand.Read(name)
			if err := tx.PutKey(store.Key{ID: base64.StdEncoding.EncodeToString(name), Private: key(), Created: time.Now()}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	s.Ring = token.NewRing(st, log, s.Now)
	t.Cleanup(s.Ring.Close)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, account.ImportPath) {
			s.Account.ServeHTTP(w, r)
			return
		}
		s.Handler.ServeHTTP(w, r)
	}))
	s.URL = "http://" + server.Listener.Addr().String()
	caller := trigger.New(trigger.Options{Log: log})
	post := message.New(message.Options{Triggers: caller, Now: s.Now, PageURL: func(p *pool.Pool) string { return s.URL }, Sent: s.sent})
	s.Pools = pool.New(pool.Options{Store: st, Ring: s.Ring, Now: s.Now, Issuer: func(region, id string) string {
		return "https://cognito-idp." + region + ".amazonaws.com/" + id
	}})
	s.Grants = grant.New(grant.Options{Store: st, Ring: s.Ring, Pools: s.Pools, Triggers: caller, Now: s.Now})
	s.Auth = auth.New(auth.Options{Store: st, Pools: s.Pools, Grants: s.Grants, Messages: post, Triggers: caller, Now: s.Now,
		Log: log, Cost: password.Cheap})
	s.Account = account.New(account.Options{Store: st, Pools: s.Pools, Grants: s.Grants, Auth: s.Auth, Messages: post,
		Triggers: caller, Now: s.Now,
		Cost: password.Cheap, BaseURL: s.URL})
	s.Handler = api.New(api.Config{Region: Region, Log: log, Now: s.Now}, s.Pools.Operations(), s.Grants.Operations(), s.Auth.Operations(),
		s.Account.Operations())
	server.Start()
	t.Cleanup(server.Close)
	s.Client = cip.New(cip.Options{Region: Region, BaseEndpoint: aws.String(s.URL), RetryMaxAttempts: 1,
		Credentials: credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "secret", "")})
	return s
}

// Now is the provider's time.
func (s *Server) Now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return time.Now().Add(s.offset)
}

// Advance moves the provider's clock.
func (s *Server) Advance(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.offset += d
}

func (s *Server) sent(m store.Message) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.messages = append(s.messages, m)
}

// Outbox returns the messages that were sent so far, oldest first.
func (s *Server) Outbox() []store.Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]store.Message(nil), s.messages...)
}

// Code is the code in the newest message.
func (s *Server) Code(t testing.TB) string {
	t.Helper()
	list := s.Outbox()
	if len(list) == 0 {
		t.Fatal("no message was sent")
	}
	return list[len(list)-1].Code
}

// Failure is an error of the API as it came over the wire.
type Failure struct {
	Status  int
	Type    string `json:"__type"`
	Message string `json:"message"`
	Header  http.Header
}

// Post calls an operation without the SDK. The failure is nil if it succeeded; out may be nil.
func (s *Server) Post(t testing.TB, operation string, in, out any) *Failure {
	t.Helper()
	body, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	if raw, ok := in.(string); ok {
		body = []byte(raw)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-amz-json-1.1")
	r.Header.Set("X-Amz-Target", "AWSCognitoIdentityProviderService."+operation)
	w, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Body.Close()
	answer, err := io.ReadAll(w.Body)
	if err != nil {
		t.Fatal(err)
	}
	if w.StatusCode != http.StatusOK {
		f := &Failure{Status: w.StatusCode, Header: w.Header}
		if err := json.Unmarshal(answer, f); err != nil {
			t.Fatalf("%s: %s", operation, answer)
		}
		return f
	}
	if out != nil {
		if err := json.Unmarshal(answer, out); err != nil {
			t.Fatalf("%s: %s", operation, answer)
		}
	}
	return nil
}

// Must is Post for a call that has to succeed.
func (s *Server) Must(t testing.TB, operation string, in, out any) {
	t.Helper()
	if f := s.Post(t, operation, in, out); f != nil {
		t.Fatalf("%s: %s: %s", operation, f.Type, f.Message)
	}
}

// Refused is Post for a call that has to fail in this way.
func (s *Server) Refused(t testing.TB, operation string, in any, kind, text string) {
	t.Helper()
	f := s.Post(t, operation, in, nil)
	switch {
	case f == nil:
		t.Errorf("%s succeeded, want %s: %s", operation, kind, text)
	case f.Type != kind || f.Message != text:
		t.Errorf("%s: got %s: %s\nwant %s: %s", operation, f.Type, f.Message, kind, text)
	case f.Header.Get("x-amzn-ErrorType") != kind+":":
		t.Errorf("%s: x-amzn-ErrorType is %q", operation, f.Header.Get("x-amzn-ErrorType"))
	case f.Status != http.StatusBadRequest:
		t.Errorf("%s: status %d, want 400", operation, f.Status)
	}
}

// M is a JSON object.
type M = map[string]any

// Pool makes a pool and returns its id.
func (s *Server) Pool(t testing.TB, in M) string {
	t.Helper()
	var out struct{ UserPool struct{ Id string } }
	all := M{"PoolName": "pool"}
	for k, v := range in {
		all[k] = v
	}
	s.Must(t, "CreateUserPool", all, &out)
	return out.UserPool.Id
}

// App makes a client of a pool and returns its id and secret.
func (s *Server) App(t testing.TB, pool string, in M) (id, secret string) {
	t.Helper()
	var out struct {
		UserPoolClient struct{ ClientId, ClientSecret string }
	}
	all := M{"UserPoolId": pool, "ClientName": "app"}
	for k, v := range in {
		all[k] = v
	}
	s.Must(t, "CreateUserPoolClient", all, &out)
	return out.UserPoolClient.ClientId, out.UserPoolClient.ClientSecret
}

// Claims reads a token's header and claims without checking it.
func Claims(t testing.TB, raw string) (header string, claims M) {
	t.Helper()
	parts := strings.Split(raw, ".")
	if len(parts) != 3 {
		t.Fatalf("not a token: %q", raw)
	}
	h, err := base64.RawURLEncoding.DecodeString(parts[0])
	if err != nil {
		t.Fatal(err)
	}
	b, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &claims); err != nil {
		t.Fatal(err)
	}
	return string(h), claims
}

// Call is the context of a call made within the program.
func Call(ctx context.Context) *api.Call { return &api.Call{Context: ctx, Region: Region} }
