package oidc_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"database/sql"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// glewlwyd is a provider with an empty database, which its own API fills.
type glewlwyd struct {
	url   string
	admin *user
}

const (
	glewlwydTables = "/usr/share/dbconfig-common/data/glewlwyd/install/sqlite3"
	glewlwydPages  = "/usr/share/glewlwyd/webapp"
)

const glewlwydSettings = `
port=%s
bind_address="127.0.0.1"
external_url="%s"
login_url="login.html"
api_prefix="api"
static_files_path="%s"
static_files_mime_types = ( { extension = ".html" mime_type = "text/html" }, { extension = ".css" mime_type = "text/css" },
  { extension = ".js" mime_type = "application/javascript" }, { extension = ".json" mime_type = "application/json" } )
log_mode="console"
log_level="ERROR"
cookie_domain="localhost"
cookie_secure=0
session_key="GLEWLWYD2_SESSION_ID"
session_expiration=3600
admin_scope="g_admin"
profile_scope="g_profile"
user_module_path="/usr/lib/glewlwyd/user"
client_module_path="/usr/lib/glewlwyd/client"
user_auth_scheme_module_path="/usr/lib/glewlwyd/scheme"
plugin_module_path="/usr/lib/glewlwyd/plugin"
hash_algorithm="SHA512"
database = { type = "sqlite3" path = "%s" };
`

// startGlewlwyd runs glewlwyd at localhost and signs its administrator in.
func startGlewlwyd(t *testing.T, program string) *glewlwyd {
	t.Helper()
	folder := t.TempDir()
	tables, err := os.ReadFile(glewlwydTables)
	if err != nil {
		t.Fatal(err)
	}
	database := filepath.Join(folder, "glewlwyd.db")
	db, err := sql.Open("sqlite", database)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec(string(tables)); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	_, port, _ := strings.Cut(freeAddress(t), ":")
	g := &glewlwyd{url: "http://localhost:" + port}
	settings := filepath.Join(folder, "glewlwyd.conf")
	if err := os.WriteFile(settings, fmt.Appendf(nil, glewlwydSettings, port, g.url, copyPages(t, folder), database), 0o600); err != nil {
		t.Fatal(err)
	}
	run(t, nil, program, "--config-file="+settings)
	await(t, "127.0.0.1:"+port)
	g.admin = newUser(t)
	g.call(g.admin, "POST", "/auth/", map[string]any{"username": "admin", "password": "password"}, nil)
	return g
}

// copyPages copies the pages with their settings, which Debian's package keeps where its own server does not find them.
func copyPages(t *testing.T, folder string) string {
	t.Helper()
	pages := filepath.Join(folder, "pages")
	err := filepath.WalkDir(glewlwydPages, func(path string, entry fs.DirEntry, err error) error {
		name := strings.TrimPrefix(path, glewlwydPages)
		switch {
		case err != nil:
			return err
		case entry.IsDir():
			return os.MkdirAll(pages+name, 0o700)
		case name == "/config.json":
			path = "/usr/share/glewlwyd/templates/config.json"
		}
		text, err := os.ReadFile(path) // behind links, too
		if errors.Is(err, fs.ErrNotExist) {
			return nil // of a package that is only recommended
		} else if err != nil {
			return err
		}
		return os.WriteFile(pages+name, text, 0o600)
	})
	if err != nil {
		t.Fatal(err)
	}
	return pages
}

// call sends a document to the API and reads the answer into another one.
func (g *glewlwyd) call(u *user, method, path string, doc, answer any) {
	u.t.Helper()
	text, err := json.Marshal(doc)
	if err != nil {
		u.t.Fatal(err)
	}
	r, err := http.NewRequest(method, g.url+"/api"+path, bytes.NewReader(text))
	if err != nil {
		u.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	response, err := u.Do(r)
	if err != nil {
		u.t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		u.t.Fatal(err)
	}
	if response.StatusCode != http.StatusOK {
		u.t.Fatalf("%s %s: %d %s", method, path, response.StatusCode, body)
	}
	if answer != nil {
		if err := json.Unmarshal(body, answer); err != nil {
			u.t.Fatalf("%s %s: %v in %s", method, path, err, body)
		}
	}
}

// settle makes the scope read, the users alice and bob, and two providers: oidc, which signs by RSA, and brief, which signs by ECDSA and whose access
// tokens live for two seconds.
func (g *glewlwyd) settle() {
	// Clients have only the properties that their module is told of.
	var module map[string]any
	g.call(g.admin, "GET", "/mod/client/database", nil, &module)
	format := module["parameters"].(map[string]any)["data-format"].(map[string]any)
	format["post_logout_redirect_uris"] = map[string]any{"multiple": true, "read": true, "write": true}
	format["dpop_bound"] = map[string]any{"multiple": false, "read": true, "write": true}
	g.call(g.admin, "PUT", "/mod/client/database", module, nil)
	g.call(g.admin, "PUT", "/mod/client/database/reset", nil, nil)

	g.call(g.admin, "POST", "/scope/", map[string]any{"name": "read", "display_name": "read", "description": "read", "password_required": true, "password_max_age": 0}, nil)
	for name, password := range map[string]string{"alice": "wonderland", "bob": "looking-glass"} {
		g.call(g.admin, "POST", "/user/", map[string]any{"username": name, "name": name, "email": name + "@example.com", "password": password,
			"scope": []string{"g_profile", "openid", "read"}, "enabled": true}, nil)
	}
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		g.admin.t.Fatal(err)
	}
	ecKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		g.admin.t.Fatal(err)
	}
	for _, p := range []struct {
		name, kind string
		key        crypto.Signer
		life       int
	}{{"oidc", "rsa", rsaKey, 600}, {"brief", "ecdsa", ecKey, 2}} {
		private, public := pems(g.admin.t, p.key)
		parameters := map[string]any{
			"iss": g.url + "/api/" + p.name, "jwt-type": p.kind, "jwt-key-size": "256", "key": private, "cert": public, "jwks-show": true,
			"access-token-duration": p.life, "refresh-token-duration": 3600, "code-duration": 60, "refresh-token-one-use": "always",
			"session-cookie-name": "sid_" + p.name, "session-cookie-expiration": 3600, "oauth-dpop-iat-duration": 60,
			"oauth-dpop-dpop_bound_access_tokens-property": "dpop_bound", "oauth-par-request_uri-prefix": "urn:glewlwyd:", "oauth-par-duration": 60,
			"pkce-required": true, "pkce-method-plain-allowed": false, "request-maximum-exp": 3600,
			"client-jwks-parameter": "jwks", "client-jwks_uri-parameter": "jwks_uri", "client-pubkey-parameter": "pubkey",
			"name-claim": "mandatory", "email-claim": "mandatory", "scope-claim": "no", "allowed-scope": []string{"openid", "read"},
			"introspection-revocation-auth-scope": []string{},
		}
		for _, allowed := range []string{"allow-non-oidc", "auth-type-code-enabled", "auth-type-client-enabled", "auth-type-password-enabled", "auth-type-refresh-enabled",
			"auth-type-code-revoke-replayed", "pkce-allowed", "introspection-revocation-allowed", "introspection-revocation-allow-target-client",
			"session-management-allowed", "front-channel-logout-allowed", "back-channel-logout-allowed", "request-parameter-allow", "oauth-par-allowed",
			"oauth-dpop-allowed", "oauth-fapi-allow-jarm"} {
			parameters[allowed] = true
		}
		// Forms with its answer (response_mode: form_post) have the issuer percent-encoded, which is another issuer.
		parameters["oauth-as-iss-id"] = p.name == "oidc"
		g.call(g.admin, "POST", "/mod/plugin/", map[string]any{"module": "oidc", "name": p.name, "display_name": p.name, "enabled": true, "parameters": parameters}, nil)
	}
}

// client makes a client with the secret of all clients here.
func (g *glewlwyd) client(id string, more map[string]any) {
	doc := map[string]any{"client_id": id, "name": id, "confidential": true, "client_secret": secret, "enabled": true, "scope": []string{"read"},
		"authorization_type": []string{"code", "refresh_token", "client_credentials", "password"}, "token_endpoint_auth_method": []string{"client_secret_basic"}}
	maps.Copy(doc, more)
	g.call(g.admin, "POST", "/client/", doc, nil)
}

// page is what the script of glewlwyd's login page does: ask for name and password, ask whether the client may have the scopes, go on; or,
// at the end of a session, tell the clients and end it.
func (g *glewlwyd) page(u *user, at *url.URL) (next string) {
	if at.Path != "/login.html" {
		return ""
	}
	q := at.Query()
	if q.Get("prompt") == "end_session" {
		var session struct {
			Client []struct {
				URI string `json:"frontchannel_logout_uri"`
			} `json:"client"`
			SID, Iss string
			Return   string `json:"post_redirect_to"` // only where the client has sent a state
		}
		path := "/" + q.Get("plugin") + "/session/" + q.Get("sid")
		g.call(u, "GET", path+"/"+q.Get("client_id")+"?"+url.Values{"post_redirect_to": q["post_redirect_to"]}.Encode(), nil, &session)
		for _, c := range session.Client { // in iframes
			response, err := u.Get(c.URI + "?iss=" + url.QueryEscape(session.Iss) + "&sid=" + url.QueryEscape(session.SID))
			if err != nil {
				u.t.Fatal(err)
			}
			response.Body.Close()
			if response.StatusCode != http.StatusOK {
				u.t.Errorf("front-channel logout: %d", response.StatusCode)
			}
		}
		g.call(u, "DELETE", path, nil, nil)
		g.call(u, "DELETE", "/auth/", nil, nil)
		if session.Return == "" {
			return ""
		}
		return q.Get("callback_url")
	}
	if q.Get("callback_url") == "" {
		u.t.Fatalf("glewlwyd has nothing to ask: %s", at)
	}
	u.asked++
	g.call(u, "POST", "/auth/", map[string]any{"username": "alice", "password": "wonderland"}, nil)
	g.call(u, "PUT", "/auth/grant/"+q.Get("client_id"), map[string]any{"scope": q.Get("scope")}, nil)
	return q.Get("callback_url") + "&g_continue"
}

// pems returns a private key and its public one.
func pems(t *testing.T, key crypto.Signer) (private, public string) {
	t.Helper()
	a, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	b, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: a})), string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: b}))
}
