package openidconnect_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/gibbon-gateway/gibbon/internal/oidc/oidctest"
	"github.com/gibbon-gateway/gibbon/plugin/plugintest"
)

// A credential that stands twice is refused wherever it may come from, for the upstream may read the other; also when the one that
// counts has let a request in before.
func TestCredentialsStandOnce(t *testing.T) {
	const form, document = "application/x-www-form-urlencoded", "application/json"
	g := prepare(t)
	good, other := g.provider.Token(), g.provider.Token("sub", "other")
	machine := basic(oidctest.Machine, oidctest.MachineKey)
	const machines = "auth_methods: [client_credentials]\nscopes: []"
	for name, c := range map[string]struct {
		config string
		in     plugintest.Request
		status int
	}{
		"a field":                                {onlyBearer, plugintest.Request{Header: []string{"Authorization", "Bearer " + good, "Authorization", "Bearer " + other}}, 400},
		"a field, Basic and Bearer":              {onlyBearer, plugintest.Request{Header: []string{"Authorization", "Bearer " + good, "Authorization", machine}}, 400},
		"a field and the query":                  {onlyBearer, plugintest.Request{Target: "/?access_token=" + other, Header: []string{"Authorization", "Bearer " + good}}, 400},
		"a field and the query, the same":        {onlyBearer, plugintest.Request{Target: "/?access_token=" + good, Header: []string{"Authorization", "Bearer " + good}}, 400},
		"a field and a form, the same":           {onlyBearer, plugintest.Request{Method: "POST", Body: "access_token=" + good, Header: []string{"Authorization", "Bearer " + good, "Content-Type", form}}, 400},
		"the query":                              {onlyBearer, plugintest.Request{Target: "/?access_token=" + good + "&access_token=" + other}, 400},
		"a form":                                 {onlyBearer, plugintest.Request{Method: "POST", Body: "access_token=" + good + "&access_token=" + other, Header: []string{"Content-Type", form}}, 400},
		"a document":                             {onlyBearer, plugintest.Request{Method: "POST", Body: `{"access_token":"` + good + `","access_token":"` + other + `"}`, Header: []string{"Content-Type", document}}, 400},
		"a field of another name":                {onlyBearer, plugintest.Request{Header: []string{"Access-Token", good, "Access-Token", other}}, 400},
		"a field that is configured":             {onlyBearer + "\nbearer_token_header_name: X-Token", plugintest.Request{Header: []string{"X-Token", good, "X-Token", other}}, 400},
		"a cookie":                               {onlyBearer + "\nbearer_token_param_type: [cookie]\nbearer_token_cookie_name: tok", plugintest.Request{Header: []string{"Cookie", "tok=" + good + "; tok=" + other}}, 400},
		"a cookie and a field":                   {onlyBearer + "\nbearer_token_param_type: [header, cookie]\nbearer_token_cookie_name: tok", plugintest.Request{Header: []string{"Authorization", "Bearer " + good, "Cookie", "tok=" + other}}, 400},
		"a cookie that is not looked at":         {onlyBearer + "\nbearer_token_cookie_name: tok\nbearer_token_param_type: [header]", plugintest.Request{Header: []string{"Authorization", "Bearer " + good, "Cookie", "tok=" + other}}, 200},
		"a field that is not looked at":          {onlyBearer + "\nbearer_token_param_type: [query]", plugintest.Request{Header: []string{"Authorization", "Bearer " + good}}, 401},
		"Basic":                                  {machines, plugintest.Request{Header: []string{"Authorization", machine, "Authorization", basic("x", "y")}}, 400},
		"Basic, where tokens are in the query":   {machines + "\nbearer_token_param_type: [query]", plugintest.Request{Header: []string{"Authorization", machine, "Authorization", basic("x", "y")}}, 400},
		"Basic that is not looked at":            {machines + "\nclient_credentials_param_type: [query]", plugintest.Request{Header: []string{"Authorization", machine}}, 401},
		"client_id in the query":                 {machines, plugintest.Request{Target: "/?client_id=" + oidctest.Machine + "&client_secret=" + oidctest.MachineKey + "&client_id=x"}, 400},
		"client_secret in a form":                {machines, plugintest.Request{Method: "POST", Body: "client_id=a&client_secret=b&client_secret=c", Header: []string{"Content-Type", form}}, 400},
		"password in the query":                  {"auth_methods: [password]", plugintest.Request{Target: "/?username=a&password=b&password=c"}, 400},
		"a refresh token in the query":           {"auth_methods: [refresh_token]\nrefresh_token_param_name: rt", plugintest.Request{Target: "/?rt=a&rt=b"}, 400},
		"a refresh token in a field":             {"auth_methods: [refresh_token]\nrefresh_token_param_name: rt", plugintest.Request{Header: []string{"rt", "a", "rt", "b"}}, 400},
		"an ID token in the query":               {onlyBearer + "\nid_token_param_name: idt", plugintest.Request{Target: "/?idt=a&idt=b", Header: []string{"Authorization", "Bearer " + good}}, 400},
		"Basic, and a refresh token beside it":   {"auth_methods: [refresh_token, client_credentials]\nscopes: []\nrefresh_token_param_name: rt", plugintest.Request{Header: []string{"Authorization", machine, "rt", "used-up"}}, 401},
		"a token, and the same name elsewhere":   {onlyBearer, plugintest.Request{Target: "/?x_access=1", Header: []string{"Authorization", "Bearer " + good}}, 200},
		"a token, and the end of no login of us": {"auth_methods: [bearer, authorization_code]", plugintest.Request{Target: "/?state=x&code=y", Header: []string{"Authorization", "Bearer " + good}}, 200},
	} {
		g.with(c.config)
		for _, was := range []string{"", ", seen before"} {
			if r := g.send(c.in); r.Status != c.status || r.Exited != (c.status != 200) {
				t.Errorf("%s%s: %d, want %d", name, was, r.Status, c.status)
			}
			// Now the credentials are known, by ways that may be taken.
			for _, known := range []plugintest.Request{{Header: []string{"Authorization", "Bearer " + good}}, {Target: "/?access_token=" + good},
				{Header: []string{"Cookie", "tok=" + good}}, {Header: []string{"Authorization", machine}},
				{Target: "/?client_id=" + oidctest.Machine + "&client_secret=" + oidctest.MachineKey}} {
				g.send(known)
			}
		}
	}
}

// An answer of the provider counts for the question that it was the answer to: what a client adds to the question is part of it, and
// so is the client that asks.
func TestAnswersOfOtherQuestions(t *testing.T) {
	g := prepare(t)
	g.provider.Know("opaque", g.provider.Claims())
	g.provider.Clients["one"], g.provider.Clients["two"] = "1", "2"
	g.provider.Introspection = func(claims map[string]any) {
		id, _, _ := strings.Cut(g.provider.Form("/introspect").Get("tenant"), "-")
		claims["tenant"] = id + g.provider.Header("/introspect").Get("X-Tenant")
	}
	g.provider.Userinfo = map[string]any{"sub": oidctest.User}
	for name, c := range map[string]struct {
		config, path string
		headers      [2][]string
	}{
		"form":            {"auth_methods: [introspection]\nintrospection_post_args_client: [tenant]", "/introspect", [2][]string{{"tenant", "a"}, {"tenant", "b"}}},
		"form, of fields": {"auth_methods: [introspection]\nintrospection_post_args_client_headers: [tenant]", "/introspect", [2][]string{{"tenant", "a"}, {"tenant", "b"}}},
		"fields":          {"auth_methods: [introspection]\nintrospection_headers_client: [X-Tenant]", "/introspect", [2][]string{{"X-Tenant", "a"}, {"X-Tenant", "b"}}},
		"client":          {"auth_methods: [introspection]\nclient_id: [one, two]\nclient_secret: [\"1\", \"2\"]", "/introspect", [2][]string{{"client-id", "one"}, {"client-id", "two"}}},
		"userinfo":        {"auth_methods: [userinfo]\nuserinfo_headers_client: [X-Tenant]", "/userinfo", [2][]string{{"X-Tenant", "a"}, {"X-Tenant", "b"}}},
		"userinfo, query": {"auth_methods: [userinfo]\nuserinfo_query_args_client: [tenant]", "/userinfo", [2][]string{{"tenant", "a"}, {"tenant", "b"}}},
	} {
		g.with(c.config)
		before := g.provider.Calls(c.path)
		for range 2 {
			for i, header := range c.headers {
				if r := g.ask("/", append([]string{"Authorization", "Bearer opaque"}, header...)...); r.Status != 200 {
					t.Errorf("%s %d: %d", name, i, r.Status)
				}
			}
		}
		if n := g.provider.Calls(c.path) - before; n != 2 {
			t.Errorf("%s: asked %d times, want one for each question", name, n)
		}
	}
}

// The order in which fields are walked does not make a question another one.
func TestOneQuestion(t *testing.T) {
	var names []string
	for i := range 8 {
		names = append(names, fmt.Sprintf("X-N%d", i))
	}
	g := start(t, "auth_methods: [client_credentials]\nscopes: []\ntoken_headers_client: ["+strings.Join(names, ", ")+"]")
	header := []string{"Authorization", basic(oidctest.Machine, oidctest.MachineKey)}
	for _, name := range names {
		header = append(header, name, "v")
	}
	for range 20 {
		if r := g.ask("/", header...); r.Status != http.StatusOK {
			t.Fatalf("%d", r.Status)
		}
	}
	if n := g.provider.Calls("/token"); n != 1 {
		t.Errorf("asked %d times", n)
	}
}
