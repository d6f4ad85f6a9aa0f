package requesttermination_test

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gibbon-gateway/gibbon/entity"
	"github.com/gibbon-gateway/gibbon/internal/plugins/requesttermination"
	"github.com/gibbon-gateway/gibbon/internal/plugins/stage"
	"github.com/gibbon-gateway/gibbon/plugin/plugintest"
)

func TestReadme(t *testing.T) { stage.Readme(t, "README.md", requesttermination.Type) }

func TestSchema(t *testing.T) { stage.Schema(t, requesttermination.Type) }

func TestBadConfig(t *testing.T) {
	stage.BadConfig(t, requesttermination.Type, []stage.Bad{
		{Config: `{status_code: 99}`, Want: "config.status_code: value should be between 100 and 599"},
		{Config: `{status_code: 600}`, Want: "config.status_code: value should be between 100 and 599"},
		{Config: `{status_code: 200.5}`, Want: "config.status_code: expected an integer"},
		{Config: `{status_code: x}`, Want: "config.status_code: expected an integer"},
		{Config: `{message: m, body: b}`, Want: "config: message cannot be used with content_type or body"},
		{Config: `{message: m, content_type: text/plain}`, Want: "config: message cannot be used with content_type or body"},
		{Config: `{content_type: text/plain}`, Want: "config: content_type requires a body"},
		{Config: `{echo: true, body: b}`, Want: "config: echo cannot be used with content_type and body"},
		{Config: `{trigger: "a b"}`, Want: "config.trigger: bad header name 'a b', allowed characters are A-Z, a-z, 0-9, '_', and '-'"},
		{Config: `{foo: 1}`, Want: "config.foo: unknown field"},
	})
}

func TestAnswers(t *testing.T) {
	const jsonType = "application/json; charset=utf-8"
	for _, c := range []struct {
		config, body, contentType string
		status                    int
	}{
		{"{}", `{"message":"Service unavailable"}`, jsonType, 503},
		{"{status_code: 401}", `{"message":"Unauthorized"}`, jsonType, 401},
		{"{status_code: 404}", `{"message":"Not found"}`, jsonType, 404},
		{"{status_code: 405}", `{"message":"Method not allowed"}`, jsonType, 405},
		{"{status_code: 500}", `{"message":"An unexpected error occurred"}`, jsonType, 500},
		{"{status_code: 502}", `{"message":"Bad Gateway"}`, jsonType, 502},
		{"{status_code: 418}", "", "", 418},
		{"{status_code: 204}", "", "", 204},
		{`{status_code: 200, message: "a <b> \"c\""}`, `{"message":"a <b> \"c\""}`, jsonType, 200},
		{"{status_code: 200, body: raw}", "raw", "", 200},
		{"{status_code: 200, body: <p>, content_type: text/html}", "<p>", "text/html", 200},
	} {
		t.Run(c.config, func(t *testing.T) {
			// Accept does not change it: the answer is of the compact kind.
			in := plugintest.Request{Header: []string{"Accept", "text/html"}}
			r := stage.New(t).Instance(t, requesttermination.Type, c.config).Run(in, plugintest.Reply{})
			if !r.Exited || r.Err != nil || r.Status != c.status || r.Body != c.body || r.Get("Content-Type") != c.contentType {
				t.Errorf("got %d %q %q, %v, want %d %q %q", r.Status, r.Get("Content-Type"), r.Body, r.Err, c.status, c.contentType, c.body)
			}
		})
	}
}

func TestTrigger(t *testing.T) {
	p := stage.New(t).Instance(t, requesttermination.Type, "{trigger: X-Stop}")
	for _, c := range []struct {
		in   plugintest.Request
		want bool
	}{
		{plugintest.Request{}, false},
		{plugintest.Request{Header: []string{"x-stop", ""}}, true},
		{plugintest.Request{Header: []string{"x-other", "x-stop"}}, false},
		{plugintest.Request{Target: "/?X-Stop"}, true},
		{plugintest.Request{Target: "/?a=1&X-Stop=no"}, true},
		{plugintest.Request{Target: "/?x-stop"}, false}, // names in a query have a case
	} {
		if r := p.Run(c.in, plugintest.Reply{}); r.Exited != c.want {
			t.Errorf("%+v: ended %v, want %v", c.in, r.Exited, c.want)
		}
	}
}

func TestEcho(t *testing.T) {
	p := stage.New(t).Instance(t, requesttermination.Type, "{echo: true, status_code: 200, message: here}")
	r := p.Run(plugintest.Request{
		Method: "POST", Target: "/a/b?x=1&x=2&y&z=%20", Host: "api.test:8000",
		Header:   []string{"Content-Type", "application/json", "X-Many", "1", "X-Many", "2"},
		Body:     `{"n":1.50}`,
		Captures: map[string]string{"0": "/a/b"},
		Route:    &entity.Route{ID: "r-1"}, Service: &entity.Service{ID: "s-1"},
	}, plugintest.Reply{})
	if r.Status != 200 || r.Get("Content-Type") != "application/json; charset=utf-8" {
		t.Errorf("%d %s", r.Status, r.Get("Content-Type"))
	}
	var got struct {
		Message string
		Kong    struct {
			PID      int `json:"worker_pid"`
			Hostname string
		}
		Request map[string]any
		Route   map[string]any `json:"matched_route"`
		Service map[string]any `json:"matched_service"`
	}
	if err := json.Unmarshal([]byte(r.Body), &got); err != nil {
		t.Fatalf("%v in %s", err, r.Body)
	}
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	if got.Message != "here" || got.Kong.PID != os.Getpid() || got.Kong.Hostname != host {
		t.Errorf("message %q, kong %+v", got.Message, got.Kong)
	}
	want := map[string]any{
		"scheme": "http", "host": "api.test", "port": float64(8000), "method": "POST", "path": "/a/b",
		"headers":  map[string]any{"host": "api.test:8000", "content-type": "application/json", "x-many": []any{"1", "2"}},
		"query":    map[string]any{"x": []any{"1", "2"}, "y": true, "z": " "},
		"body":     map[string]any{"n": 1.5},
		"raw_body": `{"n":1.50}`,
	}
	if diff := cmp.Diff(want, got.Request); diff != "" {
		t.Errorf("request (-want +got):\n%s", diff)
	}
	if id(got.Route) != "r-1" || id(got.Service) != "s-1" {
		t.Errorf("route %v, service %v", got.Route, got.Service)
	}
	form := p.Run(plugintest.Request{Method: "POST", Header: []string{"Content-Type", "application/x-www-form-urlencoded"}, Body: "a=1"}, plugintest.Reply{})
	got.Request = nil
	if err := json.Unmarshal([]byte(form.Body), &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]any{"a": "1"}, got.Request["body"]); diff != "" {
		t.Errorf("form (-want +got):\n%s", diff)
	}
}

func id(doc map[string]any) any {
	if v, ok := doc["id"]; ok {
		return v
	}
	return doc["ID"]
}
