package snapshot_test

import (
	"slices"
	"testing"

	"github.com/gibbon-gateway/gibbon/entity"
	"github.com/gibbon-gateway/gibbon/plugin"
)

// teller is a plugin that tells the upstream who sends the request.
type teller struct{ fields []string }

func (*teller) Access(*plugin.Exchange) error { return nil }
func (t *teller) IdentityFields() []string    { return t.fields }

func TestIdentityFieldsOfAChain(t *testing.T) {
	type config struct {
		Fields []string `json:"fields"`
	}
	tell := func(c config, _ plugin.Env) (any, error) { return &teller{c.Fields}, nil }
	opts := options(t, plugin.Types{
		"tells":    plugin.Define(plugin.Desc{Name: "tells"}, tell),
		"auth":     plugin.Define(plugin.Desc{Name: "auth", Auth: true}, func(config, plugin.Env) (any, error) { return &tester{}, nil }),
		"tellauth": plugin.Define(plugin.Desc{Name: "tellauth", Auth: true}, tell),
		"broken": plugin.Define(plugin.Desc{Name: "broken"}, func(config, plugin.Env) (any, error) {
			return struct{ plugin.IdentitySetter }{}, nil // asking it panics
		}),
	})
	consumer := []string{"x-anonymous-consumer", "x-consumer-custom-id", "x-consumer-id", "x-consumer-username", "x-credential-identifier"}
	for name, c := range map[string]struct {
		plugins, config []string
		want            []string
	}{
		"nobody":                                {},
		"named":                                 {plugins: []string{"tells"}, config: []string{`{"fields":["X-User_Info","X-A","x-a"]}`}, want: []string{"x-a", "x-user-info"}},
		"an authentication plugin that is mute": {plugins: []string{"auth"}, config: []string{`{}`}, want: consumer},
		"several": {plugins: []string{"tellauth", "auth", "tells"}, config: []string{`{"fields":["X-B"]}`, `{}`, `{"fields":["X-Consumer-ID"]}`},
			want: append([]string{"x-anonymous-consumer", "x-b"}, consumer[1:]...)},
	} {
		t.Run(name, func(t *testing.T) {
			all := []entity.Object{object(t, "services", 1, `{"host":"127.0.0.1"}`), object(t, "routes", 2, `{"paths":["/"],"service":`+ref(1)+`}`)}
			for i, p := range c.plugins {
				all = append(all, pluginOf(10+i, p, c.config[i], `,"route":`+ref(2)))
			}
			s, problems := buildSet(nil, setOf(t, all...), opts)
			if len(problems) > 0 {
				t.Fatal(problems)
			}
			defer s.Close()
			if got := match(s, "/").Chain.Identity; !slices.Equal(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
	s, problems := buildSet(nil, setOf(t, pluginOf(10, "broken", `{}`, ""), pluginOf(11, "tells", `{"fields":["X-User_Info"]}`, "")), opts)
	defer s.Close()
	if len(problems) != 1 {
		t.Errorf("problems of a plugin that panics when it is asked: %v", problems)
	}
	for name, want := range map[string]bool{"x-user-info": true, "X_USER_INFO": true, "X-User-Info": true, "X-User-Inf": false, "X-UserxInfo": false, "": false} {
		if got := s.Global.IsIdentity([]byte(name)); got != want {
			t.Errorf("%q: %v", name, got)
		}
	}
}
