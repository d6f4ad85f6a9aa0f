package snapshot_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/gibbon-gateway/gibbon/entity"
	"github.com/gibbon-gateway/gibbon/internal/plan"
	"github.com/gibbon-gateway/gibbon/internal/snapshot"
	"github.com/gibbon-gateway/gibbon/plugin"
)

type passing struct{}

func (*passing) Access(*plugin.Exchange) error { return nil }

// quiet has no Access.
type quiet struct{}

func (*quiet) HeaderFilter(*plugin.Exchange) error { return nil }

// A request on trial meets the configuration that a request would.
func TestPick(t *testing.T) {
	type config struct {
		Fail bool `json:"fail"`
	}
	types := plugin.Types{
		"auth": plugin.Define(plugin.Desc{Name: "auth", Auth: true}, func(c config, _ plugin.Env) (any, error) {
			if c.Fail {
				return nil, errors.New("on purpose")
			}
			return &passing{}, nil
		}),
		"late": plugin.Define(plugin.Desc{Name: "late"}, func(config, plugin.Env) (any, error) { return &quiet{}, nil }),
	}
	secure := object(t, "routes", 14, `{"name":"secure","paths":["/s"],"protocols":["https"],"service":`+ref(1)+`}`)
	objects := []entity.Object{
		object(t, "services", 1, `{"name":"s","host":"127.0.0.1"}`), object(t, "services", 2, `{"name":"other","host":"127.0.0.1"}`),
		object(t, "services", 3, `{"name":"off","host":"127.0.0.1","enabled":false}`),
		object(t, "routes", 10, `{"name":"own","paths":["/own"],"service":`+ref(1)+`}`), object(t, "routes", 11, `{"name":"plain","paths":["/plain"],"service":`+ref(1)+`}`),
		object(t, "routes", 12, `{"name":"elsewhere","paths":["/else"],"service":`+ref(2)+`}`), object(t, "routes", 13, `{"name":"alone","paths":["/alone"]}`),
		secure, object(t, "routes", 15, `{"name":"down","paths":["/down"],"service":`+ref(3)+`}`), object(t, "routes", 16, `{"name":"both","paths":["/both"],"service":`+ref(1)+`}`),
		object(t, "routes", 17, `{"name":"broken","paths":["/broken"],"service":`+ref(1)+`}`), object(t, "routes", 18, `{"paths":["/nameless"],"service":`+ref(2)+`}`),
		object(t, "routes", 19, `{"name":"plainplugin","paths":["/pp"],"service":`+ref(2)+`}`),
		object(t, "routes", 31, `{"name":"calls","paths":["/c"],"protocols":["grpc","grpcs"],"service":`+ref(2)+`}`),
		{Kind: entity.KindOf("plugins"), ID: uuid(32), Doc: []byte(`{"id":"` + uuid(32) + `","name":"auth","enabled":true,"protocols":["grpc"],"route":` + ref(31) + `,"config":{}}`)},
		object(t, "consumers", 30, `{"username":"c"}`),
		pluginOf(20, "auth", `{}`, `,"route":`+ref(10)), pluginOf(21, "auth", `{}`, `,"service":`+ref(1)), pluginOf(22, "auth", `{}`, ``),
		pluginOf(23, "auth", `{}`, `,"route":`+ref(16)), pluginOf(24, "auth", `{}`, `,"route":`+ref(16)+`,"service":`+ref(1)),
		pluginOf(25, "auth", `{}`, `,"consumer":`+ref(30)), pluginOf(26, "auth", `{"fail":true}`, `,"route":`+ref(17)), pluginOf(27, "late", `{}`, ``),
		{Kind: entity.KindOf("plugins"), ID: uuid(28), Doc: []byte(`{"id":"` + uuid(28) + `","name":"auth","enabled":false,"protocols":["http"],"config":{}}`)},
		{Kind: entity.KindOf("plugins"), ID: uuid(29), Doc: []byte(`{"id":"` + uuid(29) + `","name":"auth","enabled":true,"protocols":["https"],"route":` + ref(19) + `,"config":{}}`)},
	}
	s, _ := snapshot.Build(nil, plan.Translate(setOf(t, objects...), nil), options(t, types))
	defer s.Close()
	none, _ := snapshot.Build(nil, plan.Translate(setOf(t, objects[0], objects[3]), nil), options(t, types))
	defer none.Close()
	for name, c := range map[string]struct {
		by             plugin.Pick
		of             string // plugin type; "" is auth
		in             *snapshot.Snapshot
		want           int // id of the configuration
		scheme, fails  string
		version        string // of HTTP; "" leaves it open
		route, service string
	}{
		"of the route":                  {by: plugin.Pick{Route: "own"}, want: 20, scheme: "http", route: "own", service: "s"},
		"of the route, by id":           {by: plugin.Pick{Route: uuid(10)}, want: 20, scheme: "http", route: "own", service: "s"},
		"of route and service together": {by: plugin.Pick{Route: "both"}, want: 24, scheme: "http", route: "both", service: "s"},
		"of the route's service":        {by: plugin.Pick{Route: "plain"}, want: 21, scheme: "http", route: "plain", service: "s"},
		"global":                        {by: plugin.Pick{Route: "elsewhere"}, want: 22, scheme: "http", route: "elsewhere", service: "other"},
		"global, without service":       {by: plugin.Pick{Route: "alone"}, want: 22, scheme: "http", route: "alone"},
		"by https alone":                {by: plugin.Pick{Route: "secure"}, want: 21, scheme: "https", route: "secure", service: "s"},
		"by https, as wished":           {by: plugin.Pick{Route: "plain", Scheme: "https"}, want: 21, scheme: "https", route: "plain", service: "s"},
		"the plugin is for https alone": {by: plugin.Pick{Route: "plainplugin"}, want: 29, scheme: "https", route: "plainplugin", service: "other"},
		"of a route of gRPC":            {by: plugin.Pick{Route: "calls"}, want: 32, scheme: "http", version: "2", route: "calls", service: "other"},
		"not of grpcs":                  {by: plugin.Pick{Route: "calls", Scheme: "https"}, fails: "unseen"},
		"of a service":                  {by: plugin.Pick{Service: "s"}, want: 21, scheme: "http", service: "s"},
		"of a service, by id":           {by: plugin.Pick{Service: uuid(2)}, want: 22, scheme: "http", service: "other"},
		"of a name of no service":       {by: plugin.Pick{Service: "x"}, fails: `service "x": not found`},
		"of a service that is off":      {by: plugin.Pick{Service: "off"}, fails: `service "off" takes no requests`},
		"by its id":                     {by: plugin.Pick{Plugin: uuid(20)}, want: 20, scheme: "http", route: "own", service: "s"},
		"by its id, of a service":       {by: plugin.Pick{Plugin: uuid(21)}, want: 21, scheme: "http", service: "s"},
		"by its id, of a consumer":      {by: plugin.Pick{Plugin: uuid(25)}, want: 25, scheme: "http"},
		"by an id of nothing":           {by: plugin.Pick{Plugin: uuid(99)}, fails: "not found"},
		"by the id of another plugin":   {by: plugin.Pick{Plugin: uuid(27)}, fails: "is not auth but late"},
		"by the id of one that is off":  {by: plugin.Pick{Plugin: uuid(28)}, fails: "not enabled"},
		"no route of that name":         {by: plugin.Pick{Route: "nobody"}, fails: `route "nobody": not found`},
		"a route that is down":          {by: plugin.Pick{Route: "down"}, fails: `route "down" takes no requests`},
		"by http, where https is asked": {by: plugin.Pick{Route: "secure", Scheme: "http"}, fails: "has to come by https"},
		"the plugin is not for http":    {by: plugin.Pick{Route: "plainplugin", Scheme: "http"}, fails: "unseen"},
		"a scheme of no kind":           {by: plugin.Pick{Route: "own", Scheme: "ftp"}, fails: "neither http nor https"},
		"nothing named":                 {fails: "named"},
		"no such plugin anywhere":       {by: plugin.Pick{Route: "own"}, in: none, fails: `a request of route "own" meets no plugin auth`},
		"a plugin without Access":       {by: plugin.Pick{Route: "own"}, of: "late", fails: "before the upstream is asked"},
		"one that could not be started": {by: plugin.Pick{Route: "broken"}, want: 26, scheme: "http", route: "broken", service: "s"},
	} {
		from, of := s, "auth"
		if c.in != nil {
			from = c.in
		}
		if c.of != "" {
			of = c.of
		}
		got, err := from.Pick(of, c.by)
		if c.fails != "" || err != nil {
			if err == nil || c.fails == "" || !strings.Contains(err.Error(), c.fails) {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		route, service := "", ""
		if got.Route != nil {
			route = got.Route.Name
		}
		if got.Service != nil {
			service = got.Service.Name
		}
		if got.ID != uuid(c.want) || got.Name != of || got.Client.Scheme != c.scheme || got.Client.HTTPVersion != c.version || route != c.route || service != c.service {
			t.Errorf("%s: plugin %s by %s, route %q, service %q", name, got.ID, got.Client.Scheme, route, service)
		}
		got.Target = "/a//b/../c"
		x, err := got.Run()
		if broken := c.want == 26; broken != (err != nil) || broken && x.Response.Status != http.StatusInternalServerError || string(x.Request.Path) != "/a/c" {
			t.Errorf("%s: %v, path %s", name, err, x.Request.Path)
		}
	}
	var nothing *snapshot.Snapshot
	if _, err := nothing.Pick("auth", plugin.Pick{Route: "own"}); err == nil {
		t.Error("picked from no configuration")
	}
}
