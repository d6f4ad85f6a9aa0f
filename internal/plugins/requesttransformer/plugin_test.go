package requesttransformer_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gibbon-gateway/gibbon/internal/plugins/requesttransformer"
	"github.com/gibbon-gateway/gibbon/internal/plugins/stage"
	"github.com/gibbon-gateway/gibbon/plugin/plugintest"
)

func TestReadme(t *testing.T) { stage.Readme(t, "README.md", requesttransformer.Type) }

func TestSchema(t *testing.T) { stage.Schema(t, requesttransformer.Type) }

func TestBadConfig(t *testing.T) {
	stage.BadConfig(t, requesttransformer.Type, []stage.Bad{
		{Config: `{http_method: get}`, Want: "config.http_method: invalid value: get"},
		{Config: `{foo: 1}`, Want: "config.foo: unknown field"},
		{Config: `{add: {headers: [x]}}`, Want: "invalid value: x"},
		{Config: `{add: {headers: ["a b:c"]}}`, Want: "'a b' is not a valid header"},
		{Config: `{remove: {headers: ["a b"]}}`, Want: "'a b' is not a valid header"},
		{Config: `{rename: {headers: ["a:b c"]}}`, Want: "'b c' is not a valid header"},
		{Config: `{rename: {headers: ["a:$(headers.b)"]}}`, Want: "is not a valid header"},
		{Config: `{add: {body: [x]}}`, Want: "key 'x' has no value"},
		{Config: `{append: {querystring: ["x:"]}}`, Want: "key 'x' has no value"},
		{Config: `{rename: {body: ["x"]}}`, Want: "key 'x' has no value"},
		{Config: `{add: {querystring: ["x:$(foo)"]}}`, Want: "value '$(foo)' is not in supported format, error:'foo' is not supported"},
		{Config: `{replace: {headers: ["x:$(foo)"]}}`, Want: "value '$(foo)' is not in supported format"},
		{Config: `{replace: {uri: "/$(headers.x"}}`, Want: "config.replace.uri: value '/$(headers.x' is not in supported format"},
		{Config: `{remove: {body: x}}`, Want: "config.remove.body: expected an array"},
	})
}

func run(t *testing.T, config string, in plugintest.Request) *plugintest.Result {
	t.Helper()
	return stage.New(t).Instance(t, requesttransformer.Type, config).Run(in, plugintest.Reply{})
}

func TestHeaders(t *testing.T) {
	in := []string{"A", "1", "B", "2", "B", "3", "C", "4"}
	for _, c := range []struct {
		config string
		want   []string
	}{
		{"{}", []string{"A: 1", "B: 2", "B: 3", "C: 4"}},
		{"{remove: {headers: [b, nope]}}", []string{"A: 1", "C: 4"}},
		{`{rename: {headers: ["b:N", "nope:X"]}}`, []string{"A: 1", "C: 4", "N: 2", "N: 3"}},
		{`{rename: {headers: ["a:B"]}}`, []string{"C: 4", "B: 1"}},
		{`{replace: {headers: ["b:x:y", "nope:z"]}}`, []string{"A: 1", "C: 4", "b: x:y"}},
		{`{add: {headers: ["b:x", "n:y"]}}`, []string{"A: 1", "B: 2", "B: 3", "C: 4", "n: y"}},
		{`{append: {headers: ["b:x", "n:y"]}}`, []string{"A: 1", "B: 2", "B: 3", "C: 4", "b: x", "n: y"}},
		{`{remove: {headers: [a]}, add: {headers: ["n:$(headers.a)"]}}`, []string{"B: 2", "B: 3", "C: 4", "n: 1"}},
		{`{add: {headers: ["n:$(headers.none)"]}}`, []string{"A: 1", "B: 2", "B: 3", "C: 4", "n: "}},
	} {
		r := run(t, c.config, plugintest.Request{Header: in})
		if diff := cmp.Diff(c.want, r.Upstream.Header); r.Err != nil || diff != "" {
			t.Errorf("%s: %v (-want +got):\n%s", c.config, r.Err, diff)
		}
	}
}

func TestHost(t *testing.T) {
	for config, want := range map[string]string{
		`{replace: {headers: ["Host:other.test"]}}`:             "other.test",
		`{replace: {headers: ["host:$(query_params.t).test"]}}`: "x.test",
		`{add: {headers: ["Host:other.test"]}}`:                 "example.com",
		`{append: {headers: ["host:other.test"]}}`:              "example.com",
		`{remove: {headers: [host]}}`:                           "example.com",
	} {
		r := run(t, config, plugintest.Request{Target: "/?t=x"})
		if r.Upstream.Host != want || len(r.Upstream.Header) > 0 {
			t.Errorf("%s: host %q, header %q, want %q", config, r.Upstream.Host, r.Upstream.Header, want)
		}
	}
}

func TestQuery(t *testing.T) {
	for config, want := range map[string]string{
		"{}":                                     "a=1&b=%20&a=2&c",
		"{remove: {querystring: [a]}}":           "b=%20&c",
		`{rename: {querystring: ["b:x"]}}`:       "a=1&x=%20&a=2&c",
		`{replace: {querystring: ["a:9"]}}`:      "a=9&b=%20&c",
		`{add: {querystring: ["a:9", "d:e f"]}}`: "a=1&b=%20&a=2&c&d=e%20f",
		`{append: {querystring: ["a:3"]}}`:       "a=1&b=%20&a=2&c&a=3",
	} {
		if r := run(t, config, plugintest.Request{Target: "/p?a=1&b=%20&a=2&c"}); r.Upstream.Query != want {
			t.Errorf("%s: got %q, want %q", config, r.Upstream.Query, want)
		}
	}
}

func TestPathAndMethod(t *testing.T) {
	captures := map[string]string{"0": "/u/7", "1": "7", "id": "7"}
	for _, c := range []struct{ config, path, method string }{
		{"{}", "", "POST"},
		{"{replace: {uri: /new}}", "/new", "POST"},
		{`{replace: {uri: "/v2/$(uri_captures.id)/$(uri_captures[1])"}}`, "/v2/7/7", "POST"},
		{"{http_method: PUT}", "", "PUT"},
	} {
		r := run(t, c.config, plugintest.Request{Method: "POST", Target: "/u/7", Captures: captures})
		if r.Err != nil || r.Upstream.Path != c.path || r.Upstream.Method != c.method {
			t.Errorf("%s: %v, %q %q", c.config, r.Err, r.Upstream.Method, r.Upstream.Path)
		}
	}
	// What a client sends must not choose another place than a path.
	for _, to := range []string{"$(headers.x)", "http://evil.test$(headers.x)"} {
		r := run(t, "{replace: {uri: '"+to+"'}}", plugintest.Request{Header: []string{"X", "evil"}})
		if r.Err == nil {
			t.Errorf("%s: went upstream with %q", to, r.Upstream.Path)
		}
	}
}

func TestMethodMovesForm(t *testing.T) {
	form := []string{"Content-Type", "application/x-www-form-urlencoded"}
	for _, c := range []struct {
		method, contentType, query string
	}{
		{"GET", "application/x-www-form-urlencoded", "q=1&a=b&c"},
		{"HEAD", "application/x-www-form-urlencoded", "q=1&a=b&c"},
		{"PUT", "application/x-www-form-urlencoded", "q=1"},
		{"GET", "text/plain", "q=1"},
	} {
		form[1] = c.contentType
		in := plugintest.Request{Method: "POST", Target: "/?q=1", Header: slices.Clone(form), Body: "a=b&c"}
		if r := run(t, "{http_method: "+c.method+"}", in); r.Upstream.Query != c.query || r.Upstream.Method != c.method {
			t.Errorf("%s %s: %s ?%s, want ?%s", c.method, c.contentType, r.Upstream.Method, r.Upstream.Query, c.query)
		}
	}
}

func TestBodies(t *testing.T) {
	const config = `{remove: {body: [r]}, rename: {body: ["o:n"]}, replace: {body: ["p:2"]}, add: {body: ["a:3", "p:x"]}, append: {body: ["t:y"]}}`
	for _, c := range []struct{ contentType, body, want string }{
		{"application/json", `{"r":1,"o":[1, 2],"p":0,"k":1.0}`, `{"n":[1, 2],"p":"2","k":1.0,"a":"3","t":["y"]}`},
		{"application/json; charset=utf-8", "", `{"a":"3","p":"x","t":["y"]}`},
		{"application/json", `[1]`, `[1]`},
		{"application/json", `{"r":`, `{"r":`},
		{"application/x-www-form-urlencoded", "r=1&o=2&p=0&k=%7e", "n=2&p=2&k=%7e&a=3&t=y"},
		{"multipart/form-data; boundary=B", "--B\r\nContent-Disposition: form-data; name=\"r\"\r\n\r\n1\r\n--B--\r\n",
			"--B\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n3\r\n--B\r\nContent-Disposition: form-data; name=\"p\"\r\n\r\nx\r\n" +
				"--B\r\nContent-Disposition: form-data; name=\"t\"\r\n\r\ny\r\n--B--\r\n"},
		{"multipart/form-data", "r=1", "r=1"},
		{"text/plain", "r=1", "r=1"},
		{"", "r=1", "r=1"},
	} {
		in := plugintest.Request{Method: "POST", Body: c.body}
		if c.contentType != "" {
			in.Header = []string{"Content-Type", c.contentType}
		}
		r := run(t, config, in)
		if diff := cmp.Diff(c.want, r.Upstream.Body); r.Err != nil || diff != "" {
			t.Errorf("%s %q: %v (-want +got):\n%s", c.contentType, c.body, r.Err, diff)
		}
	}
}

func TestBodyThatCannotBeRead(t *testing.T) {
	const config = "{remove: {body: [secret]}}"
	json := []string{"Content-Type", "application/json"}
	r := run(t, config, plugintest.Request{Method: "POST", Header: json, Body: `{"secret":"` + strings.Repeat("x", 16<<20) + `"}`})
	if r.Status != 413 {
		t.Errorf("too long: %d, %v, want 413", r.Status, r.Err)
	}
	gone := errors.New("client went away")
	if r := run(t, config, plugintest.Request{Method: "POST", Header: json, BodyErr: gone}); !errors.Is(r.Err, gone) {
		t.Errorf("got %v, want %v", r.Err, gone)
	}
}
