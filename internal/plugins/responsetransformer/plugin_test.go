package responsetransformer_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gibbon-gateway/gibbon/internal/plugins/responsetransformer"
	"github.com/gibbon-gateway/gibbon/internal/plugins/stage"
	"github.com/gibbon-gateway/gibbon/plugin"
	"github.com/gibbon-gateway/gibbon/plugin/plugintest"
)

func TestReadme(t *testing.T) { stage.Readme(t, "README.md", responsetransformer.Type) }

func TestSchema(t *testing.T) { stage.Schema(t, responsetransformer.Type) }

func TestBadConfig(t *testing.T) {
	stage.BadConfig(t, responsetransformer.Type, []stage.Bad{
		{Config: `{add: {headers: [x]}}`, Want: "invalid value: x"},
		{Config: `{add: {headers: [":x"]}}`, Want: "invalid value: :x"},
		{Config: `{rename: {json: [x]}}`, Want: "invalid value: x"},
		{Config: `{rename: {headers: ["a:b c"]}}`, Want: "'b c' is not a valid header"},
		{Config: `{rename: {headers: ["a b:c"]}}`, Want: "'a b' is not a valid header"},
		{Config: `{add: {json: ["a:1"], json_types: [integer]}}`, Want: "expected one of: boolean, number, string"},
		{Config: `{remove: {json: 5}}`, Want: "config.remove.json: expected an array"},
		{Config: `{if_status: ["500"]}`, Want: "config.if_status: unknown field"},
		{Config: `{remove: null}`, Want: "config.remove: required field missing"},
	})
}

func run(t *testing.T, config string, reply plugintest.Reply) *plugintest.Result {
	t.Helper()
	r := stage.New(t).Instance(t, responsetransformer.Type, config).Run(plugintest.Request{}, reply)
	if r.Err != nil {
		t.Fatal(r.Err)
	}
	return r
}

func TestHeaders(t *testing.T) {
	in := []string{"A", "1", "B", "2", "B", "3", "C", "4"}
	for _, c := range []struct {
		config string
		want   []string
	}{
		{"{}", []string{"A: 1", "B: 2", "B: 3", "C: 4"}},
		{"{remove: {headers: [b, nope]}}", []string{"A: 1", "C: 4"}},
		{`{remove: {headers: ["a:x"]}}`, []string{"B: 2", "B: 3", "C: 4"}},
		{`{rename: {headers: ["b:N", "nope:X"]}}`, []string{"A: 1", "C: 4", "N: 2", "N: 3"}},
		{`{rename: {headers: ["a:B"]}}`, []string{"C: 4", "B: 1"}},
		{`{rename: {headers: ["a:A"]}}`, []string{"B: 2", "B: 3", "C: 4", "A: 1"}},
		{`{replace: {headers: ["b:x:y", "nope:z", "c:"]}}`, []string{"A: 1", "C: 4", "b: x:y"}},
		{`{add: {headers: ["b:x", "n:y", "e:"]}}`, []string{"A: 1", "B: 2", "B: 3", "C: 4", "n: y"}},
		{`{append: {headers: ["b:x", "n:y"]}}`, []string{"A: 1", "B: 2", "B: 3", "C: 4", "b: x", "n: y"}},
		{`{remove: {headers: [a]}, add: {headers: ["a:new"]}}`, []string{"B: 2", "B: 3", "C: 4", "a: new"}},
		{`{rename: {headers: ["a:n"]}, replace: {headers: ["n:r"]}, append: {headers: ["n:s"]}}`, []string{"B: 2", "B: 3", "C: 4", "n: r", "n: s"}},
		{"{add: {headers: [\"x:a\\r\\nb\"]}}", []string{"A: 1", "B: 2", "B: 3", "C: 4", "x: a  b"}},
	} {
		if diff := cmp.Diff(c.want, run(t, c.config, plugintest.Reply{Header: in}).Header); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.config, diff)
		}
	}
}

func TestJSON(t *testing.T) {
	const in = `{"a":1,"b":"x","c":[1, 2],"d":{"e":null},"f":false}`
	for _, c := range []struct{ config, want string }{
		{`{remove: {json: [a, nope, e]}}`, `{"b":"x","c":[1, 2],"d":{"e":null},"f":false}`},
		{`{rename: {json: ["a:z", "nope:y", "b:c"]}}`, `{"z":1,"c":"x","d":{"e":null},"f":false}`},
		{`{replace: {json: ["a:2", "nope:1", "f:t"]}}`, `{"a":"2","b":"x","c":[1, 2],"d":{"e":null},"f":"t"}`},
		{`{replace: {json: ["a:1e3", "b:true", "c:x"], json_types: [number, boolean]}}`, `{"a":1e3,"b":true,"c":"x","d":{"e":null},"f":false}`},
		{`{add: {json: ["a:2", "n:1"]}}`, `{"a":1,"b":"x","c":[1, 2],"d":{"e":null},"f":false,"n":"1"}`},
		{`{add: {json: ["n:0x10", "m:.5", "o:x", "p:+1", "q: 7 "], json_types: [number, number, number, number, number]}}`,
			`{"a":1,"b":"x","c":[1, 2],"d":{"e":null},"f":false,"n":16,"m":0.5,"p":1,"q":7}`},
		{`{add: {json: ["i:inf", "n:nan", "h:1e999", "e:"], json_types: [number, number, number, number]}}`, in},
		{`{add: {json: ["y:true", "n:yes"], json_types: [boolean, boolean]}}`,
			`{"a":1,"b":"x","c":[1, 2],"d":{"e":null},"f":false,"y":true,"n":false}`},
		{`{add: {json: ['q:a "b" <c> / \ d:e']}}`, `{"a":1,"b":"x","c":[1, 2],"d":{"e":null},"f":false,"q":"a \"b\" <c> / \\ d:e"}`},
		{`{append: {json: ["a:2", "b:y", "c:3", "n:1"], json_types: [number, string, number, number]}}`,
			`{"a":[1,2],"b":["x","y"],"c":[1, 2,3],"d":{"e":null},"f":false,"n":[1]}`},
		{`{remove: {json: [a]}, rename: {json: ["b:a"]}, replace: {json: ["a:r"]}, add: {json: ["a:no"]}, append: {json: ["a:s"]}}`,
			`{"a":["r","s"],"c":[1, 2],"d":{"e":null},"f":false}`},
	} {
		r := run(t, c.config, plugintest.Reply{Header: []string{"Content-Type", "application/json"}, Body: []string{in[:5], in[5:]}})
		if diff := cmp.Diff(c.want, r.Body); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.config, diff)
		}
	}
}

func TestWhichBodies(t *testing.T) {
	const in = `{"a":1}`
	for _, c := range []struct {
		contentType, body, want string
	}{
		{"application/json", in, `{"b":1}`},
		{"application/json; charset=utf-8", in, `{"b":1}`},
		{"APPLICATION/JSON", in, `{"b":1}`},
		{"text/plain, application/json", in, `{"b":1}`},
		{"application/jsonx", in, in},
		{"application/vnd.api+json", in, in},
		{"text/html", in, in},
		{"", in, in},
		{"application/json", "", ""},
		{"application/json", "not json", "not json"},
		{"application/json", `{"a":1`, `{"a":1`},
		{"application/json", `[{"a":1}]`, `[{"a":1}]`},
		{"application/json", "\x1f\x8b\x08\x00", "\x1f\x8b\x08\x00"},
	} {
		reply := plugintest.Reply{Body: []string{c.body}}
		if c.contentType != "" {
			reply.Header = []string{"Content-Type", c.contentType}
		}
		if r := run(t, `{rename: {json: ["a:b"]}}`, reply); r.Body != c.want {
			t.Errorf("%s %q: got %q, want %q", c.contentType, c.body, r.Body, c.want)
		}
	}
	// The type that the upstream sent counts, not what the plugin makes of it.
	r := run(t, `{rename: {json: ["a:b"]}, replace: {headers: ["Content-Type:text/plain"]}}`,
		plugintest.Reply{Header: []string{"Content-Type", "application/json"}, Body: []string{in}})
	if r.Body != `{"b":1}` || r.Get("Content-Type") != "text/plain" {
		t.Errorf("got %s %s", r.Get("Content-Type"), r.Body)
	}
}

func TestTooLongBodyBreaksOff(t *testing.T) {
	chunk := strings.Repeat("x", 1<<20)
	reply := plugintest.Reply{Header: []string{"Content-Type", "application/json"}, Body: []string{`{"secret":"`}}
	for range 64 {
		reply.Body = append(reply.Body, chunk)
	}
	r := stage.New(t).Instance(t, responsetransformer.Type, "{remove: {json: [secret]}}").Run(plugintest.Request{}, reply)
	if r.Err == nil || r.Body != "" {
		t.Errorf("got %v and %d bytes, want an error and nothing", r.Err, len(r.Body))
	}
}

func FuzzJSON(f *testing.F) {
	for _, s := range []string{`{"a":1,"b":[2]}`, `{"a":`, `[]`, `{"a":{"a":1}}`, "{\"\xff\":1}", `{"b":""}`} {
		f.Add([]byte(s), uint8(3))
	}
	p, err := (&stage.Stage{}).Make(responsetransformer.Type,
		`{remove: {json: [r]}, rename: {json: ["a:z"]}, replace: {json: ["b:1"], json_types: [number]}, add: {json: ["c:x"]}, append: {json: ["d:y"]}}`)
	if err != nil {
		f.Fatal(err)
	}
	filter := p.(plugin.HeaderFilter)
	f.Fuzz(func(t *testing.T, body []byte, cut uint8) {
		x := plugintest.Exchange(plugintest.Request{})
		x.Response.Header.Set("Content-Type", "application/json")
		if err := filter.HeaderFilter(x); err != nil {
			t.Fatal(err)
		}
		d := plugin.Drive(x)
		at := min(int(cut), len(body))
		first, err := d.Filter(append([]byte(nil), body[:at]...), false)
		if err != nil || len(first) > 0 {
			t.Fatalf("%v, and %q before the end", err, first)
		}
		out, err := d.Filter(append([]byte(nil), body[at:]...), true)
		if err != nil {
			t.Fatal(err)
		}
		var doc map[string]any
		if json.Unmarshal(body, &doc) != nil || doc == nil {
			if string(out) != string(body) {
				t.Fatalf("%q became %q", body, out)
			}
			return
		}
		if !json.Valid(out) {
			t.Fatalf("%q became %q", body, out)
		}
	})
}
