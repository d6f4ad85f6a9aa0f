package idp_test

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gibbon-gateway/gibbon/internal/idp"
)

// The three calls of the tutorial, at every address that the pool has.
func TestTutorialCalls(t *testing.T) {
	r := start(t, nil)
	q := quick(t, r)
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {q.Client}, "client_secret": {q.Secret}, "scope": {q.Scope}}
	calls := map[string]func(at string, header http.Header) (int, doc){
		"form": func(at string, h http.Header) (int, doc) {
			h.Set("Content-Type", "application/x-www-form-urlencoded")
			return r.token(at, h, form)
		},
		"query, Basic, no body": func(at string, h http.Header) (int, doc) {
			maps.Copy(h, basic(q.Client, q.Secret))
			return r.token(at+"?grant_type=client_credentials", h, nil)
		},
		"form, Basic": func(at string, h http.Header) (int, doc) {
			maps.Copy(h, basic(q.Client, q.Secret))
			h.Set("Content-Type", "application/x-www-form-urlencoded")
			return r.token(at, h, url.Values{"grant_type": {"client_credentials"}, "scope": {q.Scope}})
		},
		"mixture, no content type": func(at string, h http.Header) (int, doc) {
			return r.token(at+"?grant_type=client_credentials&client_id="+q.Client, h, url.Values{"client_secret": {q.Secret}})
		},
	}
	port := r.origin[strings.LastIndexByte(r.origin, ':'):]
	hosts := []string{"localhost" + port, "127.0.0.1" + port, q.Domain + ".auth.us-west-2.localhost" + port,
		q.Domain + ".auth.us-west-2.amazoncognito.com", "cognito-idp.us-west-2.amazonaws.com"}
	for _, host := range hosts {
		for _, scheme := range []string{"http", "https"} {
			for name, call := range calls {
				status, out := call(scheme+"://"+host+"/oauth2/token", http.Header{})
				if status != http.StatusOK || out["token_type"] != "Bearer" || out["expires_in"] != 3600.0 || len(out) != 3 {
					t.Errorf("%s://%s, %s: %d %v", scheme, host, name, status, out)
				}
			}
		}
	}
	// By name in a header, at the plain address.
	status, out := r.token(r.origin+"/oauth2/token", http.Header{"Host": {q.Domain + ".auth.us-west-2.amazoncognito.com"}}, form)
	if status != http.StatusOK {
		t.Errorf("by Host: %d %v", status, out)
	}
	answer, _ := r.do(r.client, http.MethodPost, r.origin+"/oauth2/token", http.Header{"Host": {"other.auth.us-west-2.amazoncognito.com"}}, form.Encode())
	if answer.StatusCode != http.StatusNotFound {
		t.Errorf("by the domain of no pool: %d", answer.StatusCode)
	}
}

func TestMachineToken(t *testing.T) {
	r := start(t, nil)
	q := quick(t, r)
	_, out := r.token(r.origin+"/oauth2/token", basic(q.Client, q.Secret), url.Values{"grant_type": {"client_credentials"}})
	header, payload := claims(t, out["access_token"])
	if diff := cmp.Diff([]string{"alg", "kid"}, slices.Sorted(maps.Keys(header))); diff != "" {
		t.Error(diff)
	}
	want := []string{"auth_time", "client_id", "exp", "iat", "iss", "jti", "scope", "sub", "token_use", "version"}
	if diff := cmp.Diff(want, slices.Sorted(maps.Keys(payload))); diff != "" {
		t.Error(diff)
	}
	expected := doc{"sub": q.Client, "client_id": q.Client, "iss": r.origin + "/" + q.Pool, "scope": q.Scope, "token_use": "access", "version": 2.0}
	for name, value := range expected {
		if payload[name] != value {
			t.Errorf("%s: %v, want %v", name, payload[name], value)
		}
	}
	if payload["exp"].(float64)-payload["iat"].(float64) != 3600 {
		t.Errorf("lives from %v to %v", payload["iat"], payload["exp"])
	}
}

// Each mistake at the token endpoint has AWS's status and body, and no WWW-Authenticate.
func TestTokenErrors(t *testing.T) {
	r := start(t, nil)
	q := quick(t, r)
	other, err := r.Quickstart(t.Context(), "otherpool")
	if err != nil {
		t.Fatal(err)
	}
	public := r.aws("CreateUserPoolClient", doc{"UserPoolId": q.Pool, "ClientName": "public", "SupportedIdentityProviders": []string{"COGNITO"},
		"AllowedOAuthFlowsUserPoolClient": true, "AllowedOAuthFlows": []string{"code"}, "AllowedOAuthScopes": []string{"openid"},
		"CallbackURLs": []string{"http://localhost:3000/cb"}})["UserPoolClient"].(doc)["ClientId"].(string)
	off := r.aws("CreateUserPoolClient", doc{"UserPoolId": q.Pool, "ClientName": "off", "GenerateSecret": true})["UserPoolClient"].(doc)
	in := func(pairs ...string) url.Values {
		v := url.Values{}
		for i := 0; i < len(pairs); i += 2 {
			v.Add(pairs[i], pairs[i+1])
		}
		return v
	}
	good := basic(q.Client, q.Secret)
	at := "/oauth2/token"
	for name, c := range map[string]struct {
		path   string
		header http.Header
		form   url.Values
		status int
		code   string
	}{
		"nothing":                    {at, nil, nil, 400, "invalid_request"},
		"Basic, nothing else":        {at, good, nil, 400, "invalid_request"},
		"no client":                  {at, nil, in("grant_type", "client_credentials"), 400, "invalid_request"},
		"unknown grant":              {at, good, in("grant_type", "password"), 400, "unsupported_grant_type"},
		"unknown client":             {at, basic("nobody", "x"), in("grant_type", "client_credentials"), 400, "invalid_client"},
		"wrong secret":               {at, basic(q.Client, "wrong"), in("grant_type", "client_credentials"), 400, "invalid_client"},
		"empty secret":               {at, basic(q.Client, ""), in("grant_type", "client_credentials"), 400, "invalid_client"},
		"no secret":                  {at, nil, in("grant_type", "client_credentials", "client_id", q.Client), 400, "invalid_client"},
		"secret twice, differently":  {at, good, in("grant_type", "client_credentials", "client_secret", "x"), 400, "invalid_request"},
		"client twice, differently":  {at, good, in("grant_type", "client_credentials", "client_id", "x"), 400, "invalid_request"},
		"parameter with two values":  {at + "?grant_type=refresh_token", good, in("grant_type", "client_credentials"), 400, "invalid_request"},
		"unreadable body":            {at, http.Header{"X-Raw": {"1"}}, in("%zz", ""), 400, "invalid_request"},
		"Bearer":                     {at, http.Header{"Authorization": {"Bearer x"}}, in("grant_type", "client_credentials"), 400, "invalid_client"},
		"Basic of nothing":           {at, http.Header{"Authorization": {"Basic !"}}, in("grant_type", "client_credentials"), 400, "invalid_client"},
		"unknown scope":              {at, good, in("grant_type", "client_credentials", "scope", "http://kongresource/other"), 400, "invalid_scope"},
		"scope of people":            {at, good, in("grant_type", "client_credentials", "scope", "openid"), 400, "invalid_scope"},
		"public client":              {at, nil, in("grant_type", "client_credentials", "client_id", public), 400, "invalid_client"},
		"OAuth is off":               {at, basic(off["ClientId"].(string), off["ClientSecret"].(string)), in("grant_type", "client_credentials"), 400, "invalid_grant"},
		"code at a machine's client": {at, good, in("grant_type", "authorization_code", "code", "x", "redirect_uri", "http://localhost"), 400, "unauthorized_client"},
		"no code":                    {at, nil, in("grant_type", "authorization_code", "client_id", public, "redirect_uri", "http://localhost"), 400, "invalid_request"},
		"unknown code":               {at, nil, in("grant_type", "authorization_code", "client_id", public, "redirect_uri", "x", "code", "x"), 400, "invalid_grant"},
		"no refresh token":           {at, nil, in("grant_type", "refresh_token", "client_id", public), 400, "invalid_request"},
		"unknown refresh token":      {at, nil, in("grant_type", "refresh_token", "client_id", public, "refresh_token", "x"), 400, "invalid_grant"},
		"metadata is no JSON":        {at, good, in("grant_type", "client_credentials", "aws_client_metadata", "x"), 400, "invalid_request"},
	} {
		t.Run(name, func(t *testing.T) {
			status, out := r.token(r.origin+c.path, c.header, c.form)
			if status != c.status || out["error"] != c.code {
				t.Errorf("%d %v, want %d %s", status, out, c.status, c.code)
			}
		})
	}
	answer, _ := r.do(r.client, http.MethodGet, r.origin+at, nil, "")
	if answer.StatusCode != http.StatusMethodNotAllowed || answer.Header.Get("WWW-Authenticate") != "" {
		t.Errorf("GET: %d", answer.StatusCode)
	}
	answer, _ = r.do(r.client, http.MethodPost, r.origin+at, good, "grant_type=client_credentials")
	if answer.Header.Get("Access-Control-Allow-Origin") != "*" || !strings.Contains(answer.Header.Get("Cache-Control"), "no-store") {
		t.Errorf("headers: %v", answer.Header)
	}
	answer, _ = r.do(r.client, http.MethodOptions, r.origin+at, http.Header{"Access-Control-Request-Headers": {"authorization"}}, "")
	if answer.StatusCode != http.StatusOK || answer.Header.Get("Access-Control-Allow-Headers") == "" {
		t.Errorf("OPTIONS: %d %v", answer.StatusCode, answer.Header)
	}
	// The client of one pool does not exist at the domain of another.
	status, out := r.token("http://"+other.Domain+".auth.us-west-2.localhost/oauth2/token", good, in("grant_type", "client_credentials"))
	if status != 400 || out["error"] != "invalid_client" {
		t.Errorf("at another pool: %d %v", status, out)
	}
}

// A secret is percent-encoded or not, and a plus sign is never a space.
func TestBasicIsDecoded(t *testing.T) {
	r := start(t, nil)
	q := quick(t, r)
	secret := "a+b_c" + strings.Repeat("e", 30)
	id := r.aws("CreateUserPoolClient", doc{"UserPoolId": q.Pool, "ClientName": "own", "ClientSecret": secret, "AllowedOAuthFlowsUserPoolClient": true,
		"AllowedOAuthFlows": []string{"client_credentials"}, "AllowedOAuthScopes": []string{q.Scope}})["UserPoolClient"].(doc)["ClientId"].(string)
	form := url.Values{"grant_type": {"client_credentials"}}
	for _, written := range []string{secret, url.QueryEscape(secret), url.PathEscape(secret), strings.ReplaceAll(secret, "+", "%2B")} {
		if status, out := r.token(r.origin+"/oauth2/token", basic(id, written), form); status != http.StatusOK {
			t.Errorf("%s: %d %v", written, status, out)
		}
	}
	if status, _ := r.token(r.origin+"/oauth2/token", basic(id, strings.ReplaceAll(secret, "+", " ")), form); status == http.StatusOK {
		t.Error("a space was a plus sign")
	}
}

// A scope that its resource server has lost is dropped; without any left there is no token.
func TestLostScopes(t *testing.T) {
	r := start(t, nil)
	q := quick(t, r)
	two := []doc{{"ScopeName": "scope1", "ScopeDescription": "1"}, {"ScopeName": "scope2", "ScopeDescription": "2"}}
	r.aws("UpdateResourceServer", doc{"UserPoolId": q.Pool, "Identifier": "http://kongresource", "Name": "x", "Scopes": two})
	c := r.aws("CreateUserPoolClient", doc{"UserPoolId": q.Pool, "ClientName": "two", "GenerateSecret": true, "AllowedOAuthFlowsUserPoolClient": true,
		"AllowedOAuthFlows": []string{"client_credentials"}, "AllowedOAuthScopes": []string{"http://kongresource/scope2", "http://kongresource/scope1"}})["UserPoolClient"].(doc)
	ask := func(scope string) any {
		form := url.Values{"grant_type": {"client_credentials"}}
		if scope != "" {
			form.Set("scope", scope)
		}
		status, out := r.token(r.origin+"/oauth2/token", basic(c["ClientId"].(string), c["ClientSecret"].(string)), form)
		if status != http.StatusOK {
			return out["error"]
		}
		_, payload := claims(t, out["access_token"])
		return payload["scope"]
	}
	if got := ask("http://kongresource/scope1 http://kongresource/scope2"); got != "http://kongresource/scope1 http://kongresource/scope2" {
		t.Errorf("in the order asked: %v", got)
	}
	r.aws("UpdateResourceServer", doc{"UserPoolId": q.Pool, "Identifier": "http://kongresource", "Name": "x", "Scopes": two[:1]})
	for scope, want := range map[string]string{"": "http://kongresource/scope1", "http://kongresource/scope2 http://kongresource/scope1": "http://kongresource/scope1",
		"http://kongresource/scope2": "invalid_scope"} {
		if got := ask(scope); got != want {
			t.Errorf("scope %q: %v, want %s", scope, got, want)
		}
	}
}

// Both shapes of issuer: what tokens, discovery and keys say fits together, and is served where it says.
func TestIssuers(t *testing.T) {
	for name, change := range map[string]func(*idp.Options){
		"local": nil,
		"aws":   func(o *idp.Options) { o.Issuer = idp.AWS },
		"own":   func(o *idp.Options) { o.Issuer = "https://login.example.com/" },
	} {
		t.Run(name, func(t *testing.T) {
			r := start(t, change)
			q := quick(t, r)
			_, out := r.token(r.origin+"/oauth2/token", basic(q.Client, q.Secret), url.Values{"grant_type": {"client_credentials"}})
			header, payload := claims(t, out["access_token"])
			issuer := payload["iss"].(string)
			want := map[string]string{"local": r.origin, "aws": "https://cognito-idp.us-west-2.amazonaws.com", "own": "https://login.example.com"}[name] + "/" + q.Pool
			if issuer != want {
				t.Fatalf("iss %s, want %s", issuer, want)
			}
			answer, _ := r.do(r.client, http.MethodGet, issuer+"/.well-known/openid-configuration", nil, "")
			if answer.StatusCode != http.StatusOK || answer.Header.Get("Access-Control-Allow-Origin") != "*" || answer.Header.Get("Cache-Control") == "" {
				t.Errorf("discovery: %d %v", answer.StatusCode, answer.Header)
			}
			var d map[string]any
			r.get(issuer+"/.well-known/openid-configuration", &d)
			if d["issuer"] != issuer {
				t.Errorf("discovery names %v", d["issuer"])
			}
			if len(d) != 12 || d["code_challenge_methods_supported"] != nil {
				t.Errorf("discovery has %v", slices.Sorted(maps.Keys(d)))
			}
			if status, _ := r.token(d["token_endpoint"].(string), basic(q.Client, q.Secret), url.Values{"grant_type": {"client_credentials"}}); status != http.StatusOK {
				t.Errorf("token endpoint %v: %d", d["token_endpoint"], status)
			}
			var keys struct{ Keys []map[string]string }
			r.get(d["jwks_uri"].(string), &keys)
			if len(keys.Keys) != 2 || !slices.ContainsFunc(keys.Keys, func(k map[string]string) bool { return k["kid"] == header["kid"] }) {
				t.Errorf("keys: %v", keys)
			}
		})
	}
}
