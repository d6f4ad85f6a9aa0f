package plugin_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gibbon-gateway/gibbon/entity"
	"github.com/gibbon-gateway/gibbon/plugin"
	"github.com/gibbon-gateway/gibbon/plugin/plugintest"
)

type passConfig struct {
	Anonymous      string `json:"anonymous"`
	Hide           bool   `json:"hide_credentials"`
	RunOnPreflight bool   `json:"run_on_preflight" conf:"default=true"`
	Realm          string `json:"realm"`
}

// pass lets requests in that say who they are in the argument or field "pass".
type pass struct {
	plugin.Authenticator
	find plugin.Finder
}

var passType = plugin.Define(plugin.Desc{Name: "pass", Auth: true}, func(c passConfig, env plugin.Env) (any, error) {
	return &pass{find: env.Find, Authenticator: plugin.NewAuthenticator(plugin.Authentication{Anonymous: c.Anonymous, HideCredentials: c.Hide,
		SkipPreflight: !c.RunOnPreflight, Scheme: "Pass", Realm: c.Realm, Fields: []string{"X-Pass-Rank"}}, env)}, nil
})

func (p *pass) Access(x *plugin.Exchange) error {
	if p.Skips(x) {
		return nil
	}
	doc, err := x.Request.Document(1000)
	if err != nil {
		return err
	}
	name, _ := x.Request.Arg("pass")
	if len(name) == 0 {
		name, _ = x.Request.Header.Value("pass")
	}
	if c := p.find.Consumer(string(name)); c != nil && len(name) > 0 {
		p.Hide(x, "pass", doc)
		p.Accept(x, c, plugin.Credential{ID: "c1", ConsumerID: c.ID})
		x.Request.Header.Set("X-Pass-Rank", "7")
		return nil
	}
	if done, err := p.LetInAnonymous(x); done {
		return err
	}
	return x.Error(http.StatusUnauthorized, "", "WWW-Authenticate", p.Challenge())
}

func TestAuthenticator(t *testing.T) {
	people := &plugintest.Directory{Consumers: []*entity.Consumer{{ID: "id-1", Username: "ann"}, {ID: "id-2", Username: "guest", CustomID: "custom"}}}
	forged := []string{"X-Consumer-ID", "root", "X_Consumer_Username", "root", "x-pass-rank", "1", "X_PASS_RANK", "1", "Accept", "*/*"}
	anonymous := []string{"Accept: */*", "X-Consumer-ID: id-2", "X-Consumer-Custom-ID: custom", "X-Consumer-Username: guest", "X-Anonymous-Consumer: true"}
	for name, c := range map[string]struct {
		config  string
		request plugintest.Request
		fields  []string // that go upstream
		query   string
		body    string
		status  int // of an answer
		message string
		answer  string // WWW-Authenticate
	}{
		"let in": {request: plugintest.Request{Target: "/?pass=ann&a=1"}, query: "pass=ann&a=1",
			fields: []string{"Accept: */*", "X-Consumer-ID: id-1", "X-Consumer-Username: ann", "X-Pass-Rank: 7"}},
		"hidden in every place": {config: `{"hide_credentials":true}`, query: "a=1", body: "b=2", request: plugintest.Request{Method: "POST",
			Target: "/?pass=ann&a=1&pass=x", Header: []string{"pass", "y", "Content-Type", "application/x-www-form-urlencoded"}, Body: "pass=z&b=2"},
			fields: []string{"Content-Type: application/x-www-form-urlencoded", "Accept: */*", "X-Consumer-ID: id-1", "X-Consumer-Username: ann", "X-Pass-Rank: 7"}},
		"refused":                    {config: `{"realm":"here"}`, status: 401, message: "Unauthorized", answer: `Pass realm="here"`},
		"refused without realm":      {status: 401, message: "Unauthorized", answer: `Pass`},
		"anonymous by name":          {config: `{"anonymous":"guest"}`, fields: anonymous},
		"anonymous by id":            {config: `{"anonymous":"id-2"}`, fields: anonymous},
		"anonymous by custom_id":     {config: `{"anonymous":"custom"}`, status: 500, message: "anonymous consumer custom is configured but doesn't exist"},
		"anonymous who is not there": {config: `{"anonymous":"nobody"}`, status: 500, message: "anonymous consumer nobody is configured but doesn't exist"},
		"a preflight":                {config: `{"run_on_preflight":false}`, request: plugintest.Request{Method: "OPTIONS"}, fields: []string{"Accept: */*"}},
		"a preflight needs a pass":   {request: plugintest.Request{Method: "OPTIONS"}, status: 401, message: "Unauthorized", answer: "Pass"},
		"another plugin was no excuse": {request: plugintest.Request{Consumer: people.Consumers[0], Credential: plugin.Credential{ID: "k"}}, status: 401,
			message: "Unauthorized", answer: "Pass"},
		"another plugin was enough": {config: `{"anonymous":"guest"}`, request: plugintest.Request{Consumer: people.Consumers[0],
			Credential: plugin.Credential{Identifier: "token without id"}},
			fields: []string{"X_Consumer_Username: root", "Accept: */*", "X-Consumer-ID: id-1", "X-Consumer-Username: ann", "X-Credential-Identifier: token without id"}},
	} {
		t.Run(name, func(t *testing.T) {
			c.request.Header = append(c.request.Header, forged...)
			i := plugintest.New(t, passType, c.config, plugin.Env{Find: people})
			r := i.Run(c.request, plugintest.Reply{})
			if r.Err != nil {
				t.Fatal(r.Err)
			}
			if c.status != 0 {
				if r.Status != c.status || r.Get("WWW-Authenticate") != c.answer || messageOf(t, r.Body) != c.message {
					t.Errorf("%d %q %s", r.Status, r.Get("WWW-Authenticate"), r.Body)
				}
				return
			}
			if d := cmp.Diff(c.fields, r.Upstream.Header); d != "" {
				t.Errorf("fields (-want +got):\n%s", d)
			}
			if r.Upstream.Query != c.query || r.Upstream.Body != c.body {
				t.Errorf("query %q, body %q", r.Upstream.Query, r.Upstream.Body)
			}
		})
	}
	i := plugintest.New(t, passType, "", plugin.Env{Find: people})
	want := []string{"x-consumer-id", "x-consumer-custom-id", "x-consumer-username", "x-credential-identifier", "x-anonymous-consumer", "x-pass-rank"}
	if got := i.Plugin.(plugin.IdentitySetter).IdentityFields(); !slices.Equal(got, want) {
		t.Errorf("identity fields %q", got)
	}
}

func TestDocument(t *testing.T) {
	const parts = "--B\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--B--\r\n"
	for _, c := range []struct{ contentType, body, want string }{
		{"application/x-www-form-urlencoded", "a=1", "*edit.Form"},
		{"Application/JSON; charset=utf-8", `{"a":1}`, "*edit.Object"},
		{"application/json", `[1]`, "<nil>"},
		{"application/json", `{"a":"` + string(make([]byte, 1000)) + `"}`, "<nil>"},
		{"multipart/form-data; boundary=B", parts, "*edit.Multipart"},
		{"multipart/form-data", parts, "<nil>"},
		{"text/plain", "a=1", "<nil>"},
		{"", "a=1", "<nil>"},
	} {
		x := plugintest.Exchange(plugintest.Request{Method: "POST", Header: []string{"Content-Type", c.contentType}, Body: c.body})
		doc, err := x.Request.Document(500)
		if got := typeName(doc); err != nil || got != c.want {
			t.Errorf("%s: %s, %v; want %s", c.contentType, got, err, c.want)
		}
		if doc != nil && !doc.Has("a") {
			t.Errorf("%s: no a", c.contentType)
		}
	}
	gone := plugintest.Request{Method: "POST", Header: []string{"Content-Type", "application/json"}, BodyErr: http.ErrBodyNotAllowed}
	if _, err := plugintest.Exchange(gone).Request.Document(500); err != http.ErrBodyNotAllowed {
		t.Errorf("the client's failure: %v", err)
	}
}

func TestArg(t *testing.T) {
	x := plugintest.Exchange(plugintest.Request{Target: "/?a=1&b=%20x&a=2&c"})
	if v, n := x.Request.Arg("a"); string(v) != "1" || n != 2 {
		t.Errorf("a: %q %d", v, n)
	}
	if v, n := x.Request.Arg("b"); string(v) != " x" || n != 1 {
		t.Errorf("b: %q %d", v, n)
	}
	if x.Request.DelArg("z") || !x.Request.DelArg("a") || string(x.Request.Query()) != "b=%20x&c" {
		t.Errorf("query %q", x.Request.Query())
	}
}

func typeName(v any) string { return fmt.Sprintf("%T", v) }

func messageOf(t *testing.T, body string) string {
	t.Helper()
	var answer struct{ Message string }
	if err := json.Unmarshal([]byte(body), &answer); err != nil {
		t.Fatalf("%v in %q", err, body)
	}
	return answer.Message
}
