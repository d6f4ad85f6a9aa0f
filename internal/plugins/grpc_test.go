package plugins_test

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/gibbon-gateway/gibbon/entity"
	"github.com/gibbon-gateway/gibbon/internal/plugins"
	"github.com/gibbon-gateway/gibbon/internal/plugins/stage"
	"github.com/gibbon-gateway/gibbon/plugin"
	"github.com/gibbon-gateway/gibbon/plugin/plugintest"
)

// What plugins refuse is told to clients of gRPC by gRPC's means.
func TestGRPCRefusals(t *testing.T) {
	issuer := httptest.NewServer(nil)
	defer issuer.Close()
	issuer.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `{"issuer":%q,"authorization_endpoint":"%[1]s/a","token_endpoint":"%[1]s/t","jwks_uri":"%[1]s/k"}`, issuer.URL)
	})
	oidc := fmt.Sprintf("issuer: %s, client_id: [a], client_secret: [b]", issuer.URL)
	for _, c := range []struct {
		plugin, config  string
		fields          []string
		consumer        *entity.Consumer
		status, message string
	}{
		{plugin: "key-auth", status: "16", message: "No API key found in request"},
		{plugin: "key-auth", fields: []string{"apikey", "x"}, status: "16", message: "Unauthorized"},
		{plugin: "jwt", status: "16", message: "Unauthorized"},
		{plugin: "oauth2", config: "{scopes: [a], enable_client_credentials: true}", status: "16", message: "The access token is missing"},
		{plugin: "acl", config: "{allow: [a]}", status: "16", message: "Unauthorized"},
		{plugin: "acl", config: "{allow: [a]}", consumer: &entity.Consumer{ID: "11111111-1111-4111-8111-111111111111", Username: "bob"},
			status: "7", message: "You cannot consume this service"},
		{plugin: "rate-limiting", config: "{minute: 1}", status: "8", message: "API rate limit exceeded"},
		{plugin: "rate-limiting", config: "{minute: 1, error_code: 503, error_message: busy}", status: "14", message: "busy"},
		{plugin: "request-termination", status: "14", message: "Service unavailable"},
		{plugin: "request-termination", config: "{status_code: 403, message: So long}", status: "7", message: "So long"},
		{plugin: "request-termination", config: "{status_code: 404, body: So long}", status: "5", message: "So long"},
		{plugin: "request-termination", config: "{status_code: 418}", status: "3", message: "InvalidArgument"},
		{plugin: "openid-connect", config: "{" + oidc + "}", status: "16", message: "Unauthorized"},
		{plugin: "openid-connect", config: "{" + oidc + ", unauthorized_redirect_uri: ['https://x/']}", status: "16", message: "Unauthorized"},
		{plugin: "openid-connect", config: "{" + oidc + "}", fields: []string{"Authorization", "Bearer x.y.z"}, status: "16", message: "Unauthorized"},
	} {
		t.Run(c.plugin+" "+c.config, func(t *testing.T) {
			s := stage.New(t)
			secret := make([]byte, 32)
			_, _ = rand.Read(secret)
			s.Secret = func(string) ([]byte, error) { return secret, nil }
			i := s.Instance(t, plugins.All()[c.plugin], c.config)
			in := plugintest.Request{Method: "POST", Target: "/hello.HelloService/SayHello", HTTP: "2", Consumer: c.consumer,
				Header: append([]string{"content-type", "application/grpc", "accept", "text/html"}, c.fields...)}
			if c.consumer != nil {
				in.Credential = plugin.Credential{ID: "1"}
			}
			var r *plugintest.Result
			for range 2 {
				r = i.Run(in, plugintest.Reply{})
			}
			if r.Err != nil || !r.Exited {
				t.Fatalf("not refused: %v", r.Err)
			}
			if r.Status != 200 || r.Body != "" || r.Get("content-type") != "application/grpc" || r.Get("grpc-status") != c.status ||
				r.Get("grpc-message") != c.message {
				t.Errorf("got %d %q with %q; want grpc-status %s, %q", r.Status, r.Body, r.Header, c.status, c.message)
			}
		})
	}
}
