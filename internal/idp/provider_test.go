package idp_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/gibbon-gateway/gibbon/internal/idp"
	"github.com/gibbon-gateway/gibbon/internal/idp/password"
	"github.com/gibbon-gateway/gibbon/internal/idp/store"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// running is a provider that listens.
type running struct {
	*idp.Provider
	t      testing.TB
	origin string // http://localhost:port
	addr   string
	client *http.Client // goes to the provider whatever the host is, follows nothing
}

// start runs a provider in a folder of its own.
func start(t testing.TB, change func(*idp.Options)) *running {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	o := idp.Options{Database: filepath.Join(folder, "idp.db"), Folder: folder, Origin: "http://localhost:" + port, Cost: password.Cheap}
	if change != nil {
		change(&o)
	}
	keep(t, o)
	p, err := idp.New(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- p.Serve(ctx, l) }()
	r := &running{Provider: p, t: t, origin: "http://localhost:" + port, addr: l.Addr().String()}
	r.client = r.browser(nil)
	t.Cleanup(func() {
		r.client.CloseIdleConnections()
		stop()
		if err := <-served; err != nil {
			t.Error(err)
		}
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	return r
}

// keys are two RSA keys, for all pools of tests: making them takes too long.
var keys = sync.OnceValue(func() (all [2][]byte) {
	for i := range all {
		key, err := rsa.GenerateKey(rand.Reader, 2048)
		if err == nil {
			all[i], err = x509.MarshalPKCS8PrivateKey(key)
		}
		if err != nil {
			panic(err)
		}
	}
	return all
})

// keep lays spare keys into a provider's database, under different names.
func keep(t testing.TB, o idp.Options) {
	t.Helper()
	s, err := store.Open(context.Background(), o.Database, o.MasterKey)
	if err != nil {
		t.Fatal(err)
	}
	err = s.Update(context.Background(), func(tx *store.Tx) error {
		for i := range 12 {
			name := sha256.Sum256([]byte{byte(i)})
			k := store.Key{ID: base64.StdEncoding.EncodeToString(name[:]), Private: keys()[i%2], Created: time.Unix(int64(i), 0)}
			if err := tx.PutKey(k); err != nil {
				return err
			}
		}
		return nil
	})
	if err := errors.Join(err, s.Close()); err != nil {
		t.Fatal(err)
	}
}

// browser is a client with cookies of its own that follows no redirects.
func (r *running) browser(jar http.CookieJar) *http.Client {
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(r.CA())
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, r.addr)
	}}
	r.t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

func newJar(t testing.TB) http.CookieJar {
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return jar
}

// aws calls the API over HTTP, and fails the test if it refuses.
func (r *running) aws(operation string, in any) map[string]any {
	r.t.Helper()
	var out map[string]any
	if err := r.Invoke(context.Background(), "us-west-2", operation, in, &out); err != nil {
		r.t.Fatalf("%s: %v", operation, err)
	}
	return out
}

// doc is a JSON object.
type doc = map[string]any

func (r *running) do(client *http.Client, method, to string, header http.Header, body string) (*http.Response, string) {
	r.t.Helper()
	req, err := http.NewRequest(method, to, strings.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	for name, values := range header {
		req.Header[name] = values
		if name == "Host" {
			req.Host = values[0]
		}
	}
	answer, err := client.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	return answer, string(text)
}

// token posts to a token endpoint.
func (r *running) token(to string, header http.Header, form url.Values) (int, doc) {
	r.t.Helper()
	body := ""
	if form != nil {
		body = form.Encode()
	}
	answer, text := r.do(r.client, http.MethodPost, to, header, body)
	var out doc
	if text != "" {
		if err := json.Unmarshal([]byte(text), &out); err != nil {
			r.t.Fatalf("%d %q: %v", answer.StatusCode, text, err)
		}
	}
	return answer.StatusCode, out
}

func basic(id, secret string) http.Header {
	return http.Header{"Authorization": {"Basic " + base64.StdEncoding.EncodeToString([]byte(id+":"+secret))}}
}

// claims reads a token without checking it.
func claims(t testing.TB, token any) (header, payload doc) {
	t.Helper()
	text, _ := token.(string)
	parts := strings.Split(text, ".")
	if len(parts) != 3 {
		t.Fatalf("%q is no token", text)
	}
	for i, into := range []*doc{&header, &payload} {
		b, err := base64.RawURLEncoding.DecodeString(parts[i])
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(b, into); err != nil {
			t.Fatal(err)
		}
	}
	return header, payload
}

func quick(t testing.TB, r *running) *idp.Quick {
	t.Helper()
	q, err := r.Quickstart(context.Background(), "kongpool")
	if err != nil {
		t.Fatal(err)
	}
	return q
}

// get reads a JSON document.
func (r *running) get(from string, into any) {
	r.t.Helper()
	answer, text := r.do(r.client, http.MethodGet, from, nil, "")
	if answer.StatusCode != http.StatusOK {
		r.t.Fatalf("%s: %d %s", from, answer.StatusCode, text)
	}
	if err := json.Unmarshal([]byte(text), into); err != nil {
		r.t.Fatal(err)
	}
}
