package idp

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"

	"github.com/gibbon-gateway/gibbon/internal/idp/account"
	"github.com/gibbon-gateway/gibbon/internal/idp/api"
	"github.com/gibbon-gateway/gibbon/internal/idp/oauth"
)

const (
	wellKnown = ".well-known/"
	extrasAt  = "/_gibbon/"
)

func (p *Provider) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path := r.URL.Path
	switch {
	case strings.HasPrefix(path, account.ImportPath):
		p.Accounts.ServeHTTP(w, r)
		return
	case strings.HasPrefix(path, extrasAt):
		p.ownMachine(w, r)
		return
	case api.Wants(r):
		p.API.ServeHTTP(w, r)
		return
	}
	if id, name, ok := strings.Cut(strings.TrimPrefix(path, "/"), "/"+wellKnown); ok && !strings.Contains(id, "/") {
		p.oauth.WellKnown(w, r, id, name)
		return
	}
	at, err := p.place(r)
	if errors.Is(err, errNowhere) {
		http.Error(w, "There is no user pool with this domain here.", http.StatusNotFound)
		return
	}
	if err != nil {
		p.log.Error("provider: request failed", "host", r.Host, "error", err)
		http.Error(w, "Something went wrong.", http.StatusServiceUnavailable)
		return
	}
	p.serve(w, r, at, path)
}

// serve answers what is not the API's.
func (p *Provider) serve(w http.ResponseWriter, r *http.Request, at oauth.Place, path string) {
	switch path {
	case "/oauth2/token":
		p.oauth.Token(w, r, at)
	case "/oauth2/authorize":
		p.oauth.Authorize(w, r, at)
	case "/oauth2/userInfo", "/oauth2/userinfo":
		p.oauth.UserInfo(w, r, at)
	case "/oauth2/revoke":
		p.oauth.Revoke(w, r, at)
	case "/oauth2/idpresponse":
		p.oauth.Back(w, r, at)
	case "/logout":
		p.oauth.Logout(w, r, at)
	case "/":
		p.hello(w)
	default:
		name, known := strings.CutPrefix(path, "/"+wellKnown)
		switch {
		case p.pages.Has(path):
			p.pages.Serve(w, r, at)
		case known && at.Pool != nil:
			p.oauth.WellKnown(w, r, at.Pool.ID, name)
		default:
			http.Error(w, "There is no such page.", http.StatusNotFound)
		}
	}
}

func (p *Provider) hello(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	fmt.Fprintf(w, `This is Gibbon's identity provider. It speaks Amazon Cognito's user pools API, OAuth 2.0 and OpenID Connect.

API        aws --endpoint-url %[1]s cognito-idp list-user-pools --max-results 10
Tokens     %[1]s/oauth2/token
Discovery  %[1]s/<pool id>/.well-known/openid-configuration
Outbox     %[1]s/_gibbon/outbox
`, p.base)
}

// ownMachine serves what is for this machine alone. Pages of other sites, which browsers here would lead to it, are refused.
func (p *Provider) ownMachine(w http.ResponseWriter, r *http.Request) {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	ip := net.ParseIP(host)
	if err != nil || ip == nil || !ip.IsLoopback() || !read(r.Host).ours || r.Header.Get("Origin") != "" || r.Header.Get("Sec-Fetch-Site") == "cross-site" {
		http.Error(w, "This is served to this machine only.", http.StatusForbidden)
		return
	}
	open := r.URL.Path == extrasAt+"ready" || r.URL.Path == extrasAt+"ca.pem"
	if !open && p.password != "" && !hmac.Equal([]byte(r.Header.Get("Authorization")), []byte(p.password)) {
		http.Error(w, "Calls to this provider must prove idp_access_keys: use gibbon idp with the same settings.", http.StatusForbidden)
		return
	}
	p.extras.ServeHTTP(w, r)
}

// extrasPassword is the Authorization that calls of the extras need where the API's calls must be signed: who has the keys can make it.
// Without keys it is "".
func extrasPassword(keys map[string]string) string {
	if len(keys) == 0 {
		return ""
	}
	ids := slices.Sorted(maps.Keys(keys))
	m := hmac.New(sha256.New, []byte(keys[ids[0]]))
	m.Write([]byte("gibbon idp extras\n" + ids[0]))
	return "Bearer " + hex.EncodeToString(m.Sum(nil))
}

// Invoke calls an operation of the API from inside, unsigned, with all its checks. out may be nil.
func (p *Provider) Invoke(ctx context.Context, region, operation string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://cognito-idp."+region+".amazonaws.com/", bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("X-Amz-Target", "AWSCognitoIdentityProviderService."+operation)
	r.Header.Set("Content-Type", "application/x-amz-json-1.1")
	answer, err := within(p.inner, r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	d := json.NewDecoder(answer.Body)
	if answer.StatusCode != http.StatusOK {
		var e struct {
			Type    api.Kind `json:"__type"`
			Message string   `json:"message"`
		}
		if err := d.Decode(&e); err != nil {
			return fmt.Errorf("%s: status %d", operation, answer.StatusCode)
		}
		return &api.Error{Kind: e.Type, Message: e.Message}
	}
	if out == nil {
		return nil
	}
	return d.Decode(out)
}
