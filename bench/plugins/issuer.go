package main

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"time"
)

// manyTokens is so many that the plugin's cache of tokens (32 MiB) has forgotten each when it comes again: they are asked for in a circle.
const manyTokens = 12_000

// issuer signs the tokens of requests of which none was seen before. It publishes its key and nothing else.
type issuer struct {
	url    string
	server *http.Server
	key    *rsa.PrivateKey
	tokens []string
	raw    float64 // what verifying one signature takes, in µs
}

// startIssuer starts an issuer, signs its tokens on all cores, and measures what the bare verification of one takes on one.
func startIssuer() (*issuer, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	i := &issuer{url: "http://" + l.Addr().String()}
	if i.key, err = rsa.GenerateKey(rand.Reader, 2048); err != nil {
		return nil, err
	}
	i.server = &http.Server{Handler: i, ReadHeaderTimeout: 10 * time.Second}
	go i.server.Serve(l) // it ends with Close
	if err := i.sign(); err != nil {
		return nil, err
	}
	i.measure()
	return i, nil
}

func (i *issuer) Close() error { return i.server.Close() }

// ServeHTTP implements http.Handler: the discovery document and the key set.
func (i *issuer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	doc := map[string]any{"issuer": i.url, "jwks_uri": i.url + "/keys", "authorization_endpoint": i.url + "/a", "token_endpoint": i.url + "/t"}
	if r.URL.Path == "/keys" {
		doc = map[string]any{"keys": []any{map[string]any{"kty": "RSA", "kid": "k", "alg": "RS256", "use": "sig", "e": "AQAB",
			"n": base64.RawURLEncoding.EncodeToString(i.key.N.Bytes())}}}
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(doc) // the gateway says so if it gets none
}

// sign makes tokens of the size of Cognito's.
func (i *issuer) sign() error {
	i.tokens = make([]string, manyTokens)
	errs := make([]error, runtime.NumCPU())
	var all sync.WaitGroup
	for worker := range errs {
		all.Go(func() {
			for n := worker; n < manyTokens && errs[worker] == nil; n += len(errs) {
				i.tokens[n], errs[worker] = i.token(n)
			}
		})
	}
	all.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func (i *issuer) token(n int) (string, error) {
	now := time.Now().Unix()
	claims, err := json.Marshal(map[string]any{"sub": fmt.Sprintf("9f0c1d7e-1111-2222-3333-%012d", n), "iss": i.url, "client_id": machine,
		"version": 2, "token_use": "access", "scope": "http://bench/read openid email", "auth_time": now, "iat": now, "exp": now + 24*3600,
		"jti": fmt.Sprintf("5a0c1d7e-1111-2222-3333-%012d", n), "username": "jane", "cognito:groups": []string{"staff", "admins"}})
	if err != nil {
		return "", err
	}
	text := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"RS256","kid":"k"}`)) + "." + base64.RawURLEncoding.EncodeToString(claims)
	sum := sha256.Sum256([]byte(text))
	signature, err := rsa.SignPKCS1v15(nil, i.key, crypto.SHA256, sum[:])
	return text + "." + base64.RawURLEncoding.EncodeToString(signature), err
}

// measure finds out what hashing a token and checking its signature take: the best of some tries, as the rows do.
func (i *issuer) measure() {
	for range 12 {
		const each = 2000
		began := time.Now()
		for _, t := range i.tokens[:each] {
			dot := strings.LastIndexByte(t, '.')
			signature, err := base64.RawURLEncoding.DecodeString(t[dot+1:])
			sum := sha256.Sum256([]byte(t[:dot]))
			if err != nil || rsa.VerifyPKCS1v15(&i.key.PublicKey, crypto.SHA256, sum[:], signature) != nil {
				panic("a token of ours is not signed")
			}
		}
		if took := float64(time.Since(began).Microseconds()) / each; i.raw == 0 || took < i.raw {
			i.raw = took
		}
	}
}
