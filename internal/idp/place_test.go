package idp_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/gibbon-gateway/gibbon/internal/idp"
)

// nowhere is a network that refuses.
type nowhere struct{}

var errNowhere = errors.New("went out")

func (nowhere) RoundTrip(*http.Request) (*http.Response, error) { return nil, errNowhere }

// Requests to AWS's addresses of pools that live here are answered in the process; all others go out.
func TestTransport(t *testing.T) {
	r := start(t, func(o *idp.Options) { o.Issuer = idp.AWS })
	q := quick(t, r)
	client := &http.Client{Transport: r.Transport(nowhere{})}
	issuer := "https://cognito-idp.us-west-2.amazonaws.com/" + q.Pool
	answer, err := client.Get(issuer + "/.well-known/openid-configuration")
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(answer.Body)
	answer.Body.Close()
	if err != nil || answer.StatusCode != http.StatusOK || !strings.Contains(string(text), `"issuer":"`+issuer+`"`) {
		t.Errorf("%d %s %v", answer.StatusCode, text, err)
	}
	token := "https://" + q.Domain + ".auth.us-west-2.amazoncognito.com/oauth2/token"
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {q.Client}, "client_secret": {q.Secret}}
	if answer, err = client.PostForm(token, form); err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("%v %v", answer, err)
	}
	answer.Body.Close()
	for _, address := range []string{"https://cognito-idp.us-west-2.amazonaws.com/us-west-2_Other0000/.well-known/jwks.json", "https://cognito-idp.us-west-2.amazonaws.com/",
		"https://other.auth.us-west-2.amazoncognito.com/oauth2/token", "https://" + q.Domain + ".auth.eu-west-1.amazoncognito.com/oauth2/token",
		"https://example.com/", "http://localhost:1/"} {
		if answer, err := client.Get(address); !errors.Is(err, errNowhere) {
			if err == nil {
				answer.Body.Close()
			}
			t.Errorf("%s: did not go out: %v", address, err)
		}
	}
	// What only this machine may ask is not asked from inside.
	answer, err = client.Get("https://" + q.Domain + ".auth.us-west-2.amazoncognito.com/_gibbon/outbox")
	if err != nil || answer.StatusCode != http.StatusForbidden {
		t.Errorf("outbox from inside: %v %v", answer, err)
	}
	answer.Body.Close()
}

// The extras are for this machine: not for pages of other sites, nor by a name that was made to lead here.
func TestExtrasAreGuarded(t *testing.T) {
	r := start(t, nil)
	q := quick(t, r)
	for name, header := range map[string]http.Header{
		"another site's page": {"Origin": {"https://evil.example.com"}},
		"cross-site":          {"Sec-Fetch-Site": {"cross-site"}},
		"rebound name":        {"Host": {"evil.example.com"}},
		"a pool's domain":     {"Host": {q.Domain + ".auth.us-west-2.amazoncognito.com"}},
	} {
		if answer, _ := r.do(r.client, http.MethodPost, r.origin+"/_gibbon/quickstart", header, ""); answer.StatusCode != http.StatusForbidden {
			t.Errorf("%s: %d", name, answer.StatusCode)
		}
	}
	for _, bad := range []string{"limit=0", "limit=x", "wait=1h", "wait=x"} {
		if answer, _ := r.do(r.client, http.MethodGet, r.origin+"/_gibbon/outbox?"+bad, nil, ""); answer.StatusCode != http.StatusBadRequest {
			t.Errorf("%s: %d", bad, answer.StatusCode)
		}
	}
}

// Where calls of the API must be signed, the extras are for who has the keys; the command has them by its settings.
func TestExtrasNeedKeys(t *testing.T) {
	keys := map[string]string{"AKIDEXAMPLE": "secret"}
	r := start(t, func(o *idp.Options) { o.AccessKeys = keys })
	q := quick(t, r)
	for path, want := range map[string]int{"outbox": 403, "pools/" + q.Pool: 403, "ready": 204, "ca.pem": 200} {
		if answer, _ := r.do(r.client, http.MethodGet, r.origin+"/_gibbon/"+path, nil, ""); answer.StatusCode != want {
			t.Errorf("%s: %d", path, answer.StatusCode)
		}
	}
	for want, with := range []map[string]string{keys, {"AKIDEXAMPLE": "other"}} {
		var out, problem bytes.Buffer
		status := idp.Command(t.Context(), idp.Line{Args: []string{"export", q.Pool}, Stdout: &out, Stderr: &problem,
			Options: idp.Options{Folder: t.TempDir(), Origin: r.origin, AccessKeys: with}})
		if status != want {
			t.Errorf("%v: %d %s", with, status, problem.String())
		}
	}
}

// Nothing of one pool is good in another.
func TestPoolsAreApart(t *testing.T) {
	r := start(t, nil)
	s := newSite(t, r, nil)
	s.person()
	other, err := r.Quickstart(t.Context(), "otherpool")
	if err != nil {
		t.Fatal(err)
	}
	at := "http://" + other.Domain + ".auth.us-west-2.localhost"
	answer, _ := s.do(s.http, http.MethodGet, at+"/login?"+s.query().Encode(), nil, "")
	if answer.StatusCode != http.StatusBadRequest {
		t.Errorf("sign-in page of another pool's client: %d", answer.StatusCode)
	}
	code := s.signIn(s.query()).Query().Get("code")
	form := url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {callback}}
	if status, out := r.token(at+"/oauth2/token", basic(s.client, s.secret), form); status == http.StatusOK {
		t.Errorf("code: %v", out)
	}
	_, out := s.exchange(code)
	bearer := http.Header{"Authorization": {"Bearer " + out["access_token"].(string)}}
	if answer, _ := r.do(r.client, http.MethodGet, at+"/oauth2/userInfo", bearer, ""); answer.StatusCode != http.StatusUnauthorized {
		t.Errorf("access token: %d", answer.StatusCode)
	}
	if answer, _ := r.do(r.client, http.MethodGet, r.origin+"/oauth2/userInfo", bearer, ""); answer.StatusCode != http.StatusOK {
		t.Errorf("at home: %d", answer.StatusCode)
	}
	for _, text := range []string{out["id_token"].(string), out["access_token"].(string) + "x", "x.y.z", "x"} {
		bearer.Set("Authorization", "Bearer "+text)
		if answer, _ := r.do(r.client, http.MethodGet, r.origin+"/oauth2/userInfo", bearer, ""); answer.StatusCode != http.StatusUnauthorized {
			t.Errorf("%.20s…: %d", text, answer.StatusCode)
		}
	}
	refresh := url.Values{"token": {out["refresh_token"].(string)}}
	if answer, _ := r.do(r.client, http.MethodPost, at+"/oauth2/revoke", basic(s.client, s.secret), refresh.Encode()); answer.StatusCode != http.StatusUnauthorized {
		t.Errorf("revoke at another pool: %d", answer.StatusCode)
	}
	for form, want := range map[string]int{"": 400, "token=" + out["access_token"].(string): 400, "token=unknown": 200, refresh.Encode(): 200} {
		if answer, body := r.do(r.client, http.MethodPost, r.origin+"/oauth2/revoke", basic(s.client, s.secret), form); answer.StatusCode != want {
			t.Errorf("revoke %.30s: %d %s, want %d", form, answer.StatusCode, body, want)
		}
	}
	if answer, _ := r.do(r.client, http.MethodPost, r.origin+"/oauth2/revoke", basic(s.client, "wrong"), "token=x"); answer.StatusCode != http.StatusUnauthorized {
		t.Errorf("revoke with a wrong secret: %d", answer.StatusCode)
	}
	// A browser that is signed in at one pool is nobody at another.
	web := r.aws("CreateUserPoolClient", doc{"UserPoolId": other.Pool, "ClientName": "web", "SupportedIdentityProviders": []string{"COGNITO"}, "AllowedOAuthFlowsUserPoolClient": true,
		"AllowedOAuthFlows": []string{"code"}, "AllowedOAuthScopes": []string{"openid"}, "CallbackURLs": []string{callback}})["UserPoolClient"].(doc)
	for _, cookie := range s.http.Jar.Cookies(&url.URL{Scheme: "http", Host: "localhost", Path: "/"}) {
		if strings.HasPrefix(cookie.Name, "cognito") {
			cookie.Name = "cognito." + other.Pool[len("us-west-2_"):]
			s.http.Jar.SetCookies(&url.URL{Scheme: "http", Host: "localhost", Path: "/"}, []*http.Cookie{cookie})
		}
	}
	answer, _ = s.get("/oauth2/authorize", s.query("client_id", web["ClientId"].(string), "scope", "openid", "prompt", "none"))
	if to := location(t, answer); to.Query().Get("error") != "login_required" {
		t.Errorf("browser: %s", to)
	}
}

// People of one pool sign in at another, which trusts it as any OpenID provider; both run here.
func TestFederation(t *testing.T) {
	r := start(t, func(o *idp.Options) { o.Issuer = idp.AWS; o.Transport = nowhere{} })
	upstream := newSite(t, r, nil)
	upstream.person()
	down, err := r.Quickstart(t.Context(), "downpool")
	if err != nil {
		t.Fatal(err)
	}
	q := quick(t, r)
	r.aws("UpdateUserPoolClient", doc{"UserPoolId": upstream.pool, "ClientId": upstream.client, "SupportedIdentityProviders": []string{"COGNITO"},
		"AllowedOAuthFlowsUserPoolClient": true, "AllowedOAuthFlows": []string{"code"}, "AllowedOAuthScopes": []string{"openid", "email", "profile"},
		"CallbackURLs": []string{"https://" + down.Domain + ".auth.us-west-2.amazoncognito.com/oauth2/idpresponse"}})
	r.aws("CreateIdentityProvider", doc{"UserPoolId": down.Pool, "ProviderName": "Corp", "ProviderType": "OIDC",
		"ProviderDetails": doc{"client_id": upstream.client, "client_secret": upstream.secret, "authorize_scopes": "openid email profile",
			"oidc_issuer": "https://cognito-idp.us-west-2.amazonaws.com/" + q.Pool, "attributes_request_method": "GET"},
		"AttributeMapping": doc{"username": "sub", "email": "email", "given_name": "given_name", "family_name": "family_name"}})
	web := r.aws("CreateUserPoolClient", doc{"UserPoolId": down.Pool, "ClientName": "web", "SupportedIdentityProviders": []string{"COGNITO", "Corp"},
		"AllowedOAuthFlowsUserPoolClient": true, "AllowedOAuthFlows": []string{"code"}, "AllowedOAuthScopes": []string{"openid", "email", "profile"},
		"CallbackURLs": []string{callback}})["UserPoolClient"].(doc)["ClientId"].(string)
	s := &site{running: r, pool: down.Pool, client: web, http: r.browser(newJar(t))}
	base := "https://" + down.Domain + ".auth.us-west-2.amazoncognito.com"
	get := func(to string) (*http.Response, string) { return s.do(s.http, http.MethodGet, to, nil, "") }
	_, page := get(base + "/login?" + s.query().Encode())
	if !strings.Contains(page, `id="idp-Corp"`) || !strings.Contains(page, "Continue with Corp") {
		t.Errorf("page without the provider: %s", page)
	}
	var subs []any
	for range 2 {
		answer, _ := get(base + "/oauth2/authorize?" + s.query("identity_provider", "Corp", "prompt", "login", "scope", "openid email profile").Encode())
		to := location(t, answer)
		if to.Host != q.Domain+".auth.us-west-2.amazoncognito.com" || to.Query().Get("redirect_uri") != base+"/oauth2/idpresponse" || to.Query().Get("nonce") == "" {
			t.Fatalf("sent to %s", to)
		}
		if answer, _ = get(to.String()); location(t, answer).Path == "/login" {
			_, page = get(location(t, answer).String())
			action := action.FindStringSubmatch(page)
			form := url.Values{"username": {jane}, "password": {secretWord}}
			for _, m := range hidden.FindAllStringSubmatch(page, -1) {
				form.Set(m[1], plain(m[2]))
			}
			answer, page = s.do(s.http, http.MethodPost, "https://"+to.Host+plain(action[1]), nil, form.Encode())
			if answer.StatusCode != http.StatusFound {
				t.Fatalf("upstream: %d %s", answer.StatusCode, page)
			}
		}
		back := location(t, answer)
		// Another browser cannot end what this one began.
		stranger, _ := s.do(r.browser(newJar(t)), http.MethodGet, back.String(), nil, "")
		if to := location(t, stranger); to.Path != "/error" {
			t.Errorf("stranger: %s", to)
		}
		answer, _ = get(back.String())
		end := location(t, answer)
		if end.Query().Get("code") == "" || end.Query().Get("state") != "s t&ate" {
			t.Fatalf("ends at %s", end)
		}
		if answer, _ = get(back.String()); location(t, answer).Path != "/error" {
			t.Error("the way back was taken twice")
		}
		form := url.Values{"grant_type": {"authorization_code"}, "client_id": {web}, "code": {end.Query().Get("code")}, "redirect_uri": {callback}}
		_, out := r.token(base+"/oauth2/token", nil, form)
		_, id := claims(t, out["id_token"])
		if id["email"] != jane || id["given_name"] != "Jane" || !strings.HasPrefix(id["cognito:username"].(string), "Corp_") {
			t.Errorf("ID token %v", id)
		}
		identities, _ := id["identities"].([]any)
		if len(identities) != 1 || identities[0].(doc)["providerName"] != "Corp" || identities[0].(doc)["primary"] != "true" {
			t.Errorf("identities %v", id["identities"])
		}
		if groups, _ := id["cognito:groups"].([]any); len(groups) != 1 || groups[0] != down.Pool+"_Corp" {
			t.Errorf("groups %v", groups)
		}
		subs = append(subs, id["sub"])
	}
	if subs[0] != subs[1] {
		t.Errorf("two users: %v", subs)
	}
	// Who came from there once goes straight back.
	if answer, _ := get(base + "/oauth2/authorize?" + s.query("identity_provider", "Corp").Encode()); location(t, answer).Query().Get("code") == "" {
		t.Errorf("signed in already: %s", location(t, answer))
	}
	// What fails elsewhere is told to the client.
	answer, _ := get(base + "/oauth2/authorize?" + s.query("identity_provider", "Corp", "prompt", "login").Encode())
	state := location(t, answer).Query().Get("state")
	answer, _ = get(base + "/oauth2/idpresponse?error=access_denied&state=" + state)
	if to := location(t, answer); !strings.HasPrefix(to.String(), callback) || to.Query().Get("error") != "invalid_request" {
		t.Errorf("refused elsewhere: %s", to)
	}
}
