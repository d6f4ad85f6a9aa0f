package app_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/gibbon-gateway/gibbon/gibbontest"
)

// cognito calls an operation of the provider's API.
func cognito(t *testing.T, address, operation string, in map[string]any) map[string]any {
	t.Helper()
	text, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequest("POST", address, bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-amz-json-1.1")
	r.Header.Set("X-Amz-Target", "AWSCognitoIdentityProviderService."+operation)
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=local/20260101/us-west-2/cognito-idp/aws4_request, SignedHeaders=host, Signature=00")
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("%s: %d %s", operation, resp.StatusCode, body)
	}
	out := map[string]any{}
	if err := json.Unmarshal(body, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

var (
	formAction = regexp.MustCompile(`(?s)<form[^>]*action="([^"]*)"[^>]*>(.*?)</form>`)
	hidden     = regexp.MustCompile(`<input[^>]*type="hidden"[^>]*>`)
	attribute  = regexp.MustCompile(`(name|value)="([^"]*)"`)
)

// submit fills in the login form of a page and sends it, as a browser without scripts does.
func submit(t *testing.T, browser *http.Client, page *http.Response, fields map[string]string) *http.Response {
	t.Helper()
	text, err := io.ReadAll(page.Body)
	page.Body.Close()
	if err != nil {
		t.Fatal(err)
	}
	for _, form := range formAction.FindAllStringSubmatch(string(text), -1) {
		if !strings.Contains(form[2], `name="password"`) {
			continue
		}
		values := url.Values{}
		for _, input := range hidden.FindAllString(form[2], -1) {
			named := map[string]string{}
			for _, a := range attribute.FindAllStringSubmatch(input, -1) {
				named[a[1]] = strings.ReplaceAll(a[2], "&amp;", "&")
			}
			values.Set(named["name"], named["value"])
		}
		for name, value := range fields {
			values.Set(name, value)
		}
		target, err := page.Request.URL.Parse(strings.ReplaceAll(form[1], "&amp;", "&"))
		if err != nil {
			t.Fatal(err)
		}
		resp, err := browser.PostForm(target.String(), values)
		if err != nil {
			t.Fatal(err)
		}
		return resp
	}
	t.Fatalf("%s has no login form:\n%s", page.Request.URL, text)
	return nil
}

// A user signs in at the hosted page of a pool that lives here, and is let in by openid-connect with a session.
func TestBrowserLogin(t *testing.T) {
	if testing.Short() {
		return
	}
	up := gibbontest.NewUpstream(t, nil)
	g := gibbontest.Start(t, "", map[string]string{"idp_listen": "127.0.0.1:0"})
	idp := strings.Replace(g.IDP, "127.0.0.1", "localhost", 1)
	proxy := strings.Replace(g.Proxy, "127.0.0.1", "localhost", 1)

	pool := cognito(t, idp, "CreateUserPool", map[string]any{"PoolName": "kongpool", "UsernameAttributes": []string{"email"},
		"AutoVerifiedAttributes": []string{"email"}})["UserPool"].(map[string]any)["Id"].(string)
	client := cognito(t, idp, "CreateUserPoolClient", map[string]any{"UserPoolId": pool, "ClientName": "web", "GenerateSecret": true,
		"AllowedOAuthFlowsUserPoolClient": true, "AllowedOAuthFlows": []string{"code"}, "AllowedOAuthScopes": []string{"openid", "email"},
		"CallbackURLs": []string{proxy + "/private"}, "SupportedIdentityProviders": []string{"COGNITO"}})["UserPoolClient"].(map[string]any)
	cognito(t, idp, "CreateUserPoolDomain", map[string]any{"UserPoolId": pool, "Domain": "kongdomain"})
	cognito(t, idp, "AdminCreateUser", map[string]any{"UserPoolId": pool, "Username": "anna@example.com", "MessageAction": "SUPPRESS",
		"UserAttributes": []map[string]string{{"Name": "email", "Value": "anna@example.com"}, {"Name": "email_verified", "Value": "true"}}})
	cognito(t, idp, "AdminSetUserPassword", map[string]any{"UserPoolId": pool, "Username": "anna@example.com", "Password": "Correct-horse-7", "Permanent": true})

	post(t, g.Admin+"/services", map[string]any{"name": "s", "url": up.URL})
	post(t, g.Admin+"/services/s/routes", map[string]any{"name": "r", "paths": []string{"/private"}})
	post(t, g.Admin+"/routes/r/plugins", map[string]any{"name": "openid-connect", "config": map[string]any{
		"issuer": "https://cognito-idp.us-west-2.amazonaws.com/" + pool, "client_id": []any{client["ClientId"]},
		"client_secret": []any{client["ClientSecret"]}, "scopes": []string{"openid", "email"}, "redirect_uri": []string{proxy + "/private"},
		"upstream_headers": []any{map[string]any{"header": "X-Email", "path": []string{"email"}}}, "logout_uri_suffix": "/logout",
		"logout_methods": []string{"GET"}, "logout_redirect_uri": []string{proxy + "/private"},
	}})
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	browser := &http.Client{Jar: jar}
	var page *http.Response
	await(t, "no login page", func() bool {
		if page, err = browser.Get(proxy + "/private"); err != nil {
			t.Fatal(err)
		}
		return strings.Contains(page.Request.URL.Path, "/login")
	})
	before := len(up.Seen()) // the route may have been live before its plugin was
	wrong := submit(t, browser, page, map[string]string{"username": "anna@example.com", "password": "wrong"})
	if !strings.Contains(wrong.Request.URL.Path, "/login") {
		t.Fatalf("a wrong password leads to %s", wrong.Request.URL)
	}
	in := submit(t, browser, wrong, map[string]string{"username": "anna@example.com", "password": "Correct-horse-7"})
	in.Body.Close()
	if in.StatusCode != http.StatusOK || !strings.HasPrefix(in.Request.URL.String(), proxy+"/private") {
		t.Fatalf("after the login: %d at %s", in.StatusCode, in.Request.URL)
	}
	seen := up.Seen()
	first := seen[len(seen)-1]
	if len(seen) != before+1 || first.Header.Get("X-Email") != "anna@example.com" || !strings.HasPrefix(first.Header.Get("Authorization"), "Bearer ey") ||
		strings.Contains(first.Target, "code=") || strings.Contains(first.Header.Get("Cookie"), "session") {
		t.Errorf("the upstream saw %d requests: %+v", len(seen), first)
	}
	// The session lets later requests in; without it, the login page again.
	again, err := browser.Get(proxy + "/private")
	if err != nil {
		t.Fatal(err)
	}
	again.Body.Close()
	if again.StatusCode != http.StatusOK || len(up.Seen()) != before+2 {
		t.Errorf("with the session: %d, %d requests at the upstream", again.StatusCode, len(up.Seen()))
	}
	out, err := (&http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}).Get(proxy + "/private/logout")
	if err != nil {
		t.Fatal(err)
	}
	out.Body.Close()
	if to := out.Header.Get("Location"); out.StatusCode != http.StatusFound || !strings.Contains(to, "/logout?") || !strings.Contains(to, "logout_uri=") {
		t.Errorf("logout: %d to %s", out.StatusCode, to)
	}
	after, err := (&http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}).Get(proxy + "/private")
	if err != nil {
		t.Fatal(err)
	}
	after.Body.Close()
	if after.StatusCode != http.StatusFound {
		t.Errorf("after the logout: %d", after.StatusCode)
	}
}
