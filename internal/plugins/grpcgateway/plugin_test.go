package grpcgateway_test

import (
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/dynamicpb"

	"github.com/gibbon-gateway/gibbon/internal/plugins/grpcgateway"
	"github.com/gibbon-gateway/gibbon/internal/plugins/stage"
	"github.com/gibbon-gateway/gibbon/internal/protofile"
	"github.com/gibbon-gateway/gibbon/plugin"
	"github.com/gibbon-gateway/gibbon/plugin/plugintest"
)

func TestReadme(t *testing.T) { stage.Readme(t, "README.md", grpcgateway.Type) }

func TestSchema(t *testing.T) { stage.Schema(t, grpcgateway.Type) }

func TestBadConfig(t *testing.T) {
	dir := t.TempDir()
	service := func(name, options string) string {
		path := filepath.Join(dir, name+".proto")
		text := "syntax = \"proto3\"; package p; import \"google/api/annotations.proto\";\nmessage A { string a = 1; repeated string l = 2; A s = 3; }\n" +
			"service S { rpc M(A) returns (A) { " + options + " } }\n"
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return "{proto: " + path + "}"
	}
	list := []stage.Bad{
		{Config: `{proto: nowhere.proto}`, Want: "config.proto: stat nowhere.proto: no such file or directory"},
		{Config: `{proto: README.md}`, Want: "config.proto: README.md:1:1: invalid character"},
		{Config: `{proto: 5}`, Want: "config.proto: expected a string"},
		{Config: `{nope: 1}`, Want: "config.nope: unknown field"},
		{Config: service("none", ""), Want: "config.proto: no method has the option google.api.http"},
	}
	for i, c := range []struct{ option, want string }{
		{`body: "*"`, "it has no method of HTTP"},
		{`get: "v1"`, `path "v1": it does not start with "/"`},
		{`get: "/v1/{a"`, `path "/v1/{a": "{" without "}"`},
		{`get: "/v1//a"`, "an empty segment"},
		{`get: "/v1/"`, "an empty segment"},
		{`get: "/v1:"`, `nothing behind ":"`},
		{`get: "/v1/{a}x"`, `expected "/" before "x"`},
		{`get: "/v1/x{a}"`, `"x{a}" is no segment`},
		{`get: "/v1/**/**"`, `more than one "**"`},
		{`get: "/v1/{a}/{a}"`, "variable a is there twice"},
		{`get: "/v1/{b}"`, "p.A has no field b"},
		{`get: "/v1/{a.b}"`, "p.A has no field a.b"},
		{`get: "/v1/{l}"`, "field l is repeated"},
		{`post: "/v1" body: "b"`, "body: p.A has no field b"},
		{`post: "/v1" body: "s.a"`, "body: p.A has no field s.a"},
		{`get: "/v1" response_body: "b"`, "response_body: p.A has no field b"},
		{`get: "/v1" additional_bindings { get: "x" }`, `path "x"`},
	} {
		list = append(list, stage.Bad{Config: service(string(rune('a'+i)), "option (google.api.http) = { "+c.option+" };"), Want: c.want})
	}
	stage.BadConfig(t, grpcgateway.Type, list)
	if _, err := grpcgateway.Type.New(map[string]any{"proto": "nowhere.proto"}, plugin.Env{}); err == nil || !strings.HasPrefix(err.Error(), "config.proto: ") {
		t.Errorf("got %v", err)
	}
}

// frame is a frame of gRPC.
func frame(flags byte, message string) string {
	return string([]byte{flags}) + string(binary.BigEndian.AppendUint32(nil, uint32(len(message)))) + message
}

const config = "{proto: testdata/shop.proto}"

func run(t *testing.T, in plugintest.Request, reply plugintest.Reply) *plugintest.Result {
	t.Helper()
	return stage.New(t).Instance(t, grpcgateway.Type, config).Run(in, reply)
}

// item makes an Item of JSON.
func item(t *testing.T, text string) string {
	t.Helper()
	f, err := protofile.Load("testdata/shop.proto")
	if err != nil {
		t.Fatal(err)
	}
	m := dynamicpb.NewMessage(f.Method("/shop.Shop/Get").Output)
	if err := f.ReadJSON(m, []byte(text)); err != nil {
		t.Fatal(err)
	}
	b, err := proto.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// What requests become.
func TestRequests(t *testing.T) {
	f, err := protofile.Load("testdata/shop.proto")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ verb, target, body, method, want string }{
		{verb: "GET", target: "/v1/items/ball", method: "Get", want: `{name: ball}`},
		{verb: "GET", target: "/v1/legacy/ball", method: "Get", want: `{name: ball}`},
		{verb: "GET", target: "/v1/items/a%20b%2Fc%25", method: "Get", want: `{name: a b/c%}`},
		{verb: "GET", target: "/v1/items/%C3%BC", method: "Get", want: `{name: ü}`},
		{verb: "GET", target: "/v1/items/ball:cancel", method: "Get", want: `{name: ball:cancel}`},
		{verb: "GET", target: "/v1/items/ball?full=true&depth=-3&tags=a&tags=b&tags=&page_size=9007199254740993", method: "Get",
			want: `{name: ball, full: true, depth: -3, tags: [a, b, ""], page_size: 9007199254740993}`},
		{verb: "GET", target: "/v1/items/ball?pageSize=3&full", method: "Get", want: `{name: ball, full: true, page_size: 3}`},
		{verb: "GET", target: "/v1/items/ball?parent.inner.name=p&parent.count=2&parent.tags=t", method: "Get", want: `{name: ball, parent: {count: 2, tags: [t], inner: {name: p}}}`},
		{verb: "GET", target: "/v1/items/ball?since=2026-01-02T03:04:05%2B00:00", method: "Get", want: `{name: ball, since: 2026-01-02T03:04:05Z}`},
		{verb: "GET", target: "/v1/items/ball?name=other&apikey=x&arg2.test=2&&full=1&=", method: "Get", want: `{name: ball, full: true}`},
		{verb: "GET", target: "/v1/items/ball", body: `{"name":"x"}`, method: "Get", want: `{name: ball}`},
		{verb: "GET", target: "/v1/shelves/a/b/c%2Fd/of/x", method: "Get", want: `{name: x, parent: {name: shelves/a/b/c%2Fd}}`},
		{verb: "GET", target: "/v1/shelves/a/of/of/x", method: "Get", want: `{name: x, parent: {name: shelves/a/of}}`},
		{verb: "POST", target: "/v1/shelves/s/items?dry_run=true&item.name=no", body: `{"name":"n","count":"5"}`, method: "Create", want: `{shelf: s, item: {name: n, count: 5}, dry_run: true}`},
		{verb: "POST", target: "/v1/shelves/s/items", method: "Create", want: `{shelf: s}`},
		{verb: "POST", target: "/v1/shelves/s/items", body: ` null `, method: "Create", want: `{shelf: s}`},
		{verb: "PUT", target: "/v1/items/ball?count=5", body: ` {"tags":["a"],"inner":{"name":"i"},"no":1}`, method: "Replace", want: `{name: ball, tags: [a], inner: {name: i}}`},
		{verb: "PUT", target: "/v1/items/ball", body: `{"name":"other"}`, method: "Replace", want: `{name: ball}`},
		{verb: "PUT", target: "/v1/items/ball", method: "Replace", want: `{name: ball}`},
		{verb: "POST", target: "/v1/items/ball:cancel", body: `{}`, method: "Cancel", want: `{name: ball}`},
		{verb: "POST", target: "/v1/items/ball", body: `{}`, method: "Change", want: `{name: ball}`},
		{verb: "POST", target: "/v1/items/ball:other", body: `{}`, method: "Change", want: `{name: ball:other}`},
		{verb: "DELETE", target: "/v1/items/a/b%2fc/d", method: "Delete", want: `{name: a/b%2fc/d}`},
		{verb: "PURGE", target: "/any?name=x", method: "Any", want: `{name: x}`},
	} {
		in := plugintest.Request{Method: c.verb, Target: c.target, Body: c.body,
			Header: []string{"Content-Type", "application/json", "grpc-accept-encoding", "gzip", "X-Meta", "m"}}
		r := run(t, in, plugintest.Reply{})
		name := c.verb + " " + c.target
		if r.Err != nil || r.Exited {
			t.Errorf("%s: %v, answered %d %q", name, r.Err, r.Status, r.Body)
			continue
		}
		u := r.Upstream
		if u.Method != "POST" || u.Path != "/shop.Shop/"+c.method || u.Query != "" {
			t.Errorf("%s: upstream was asked for %s %s?%s", name, u.Method, u.Path, u.Query)
		}
		if diff := cmp.Diff([]string{"X-Meta: m", "Content-Type: application/grpc", "TE: trailers"}, u.Header); diff != "" {
			t.Errorf("%s: upstream (-want +got):\n%s", name, diff)
		}
		m, err := f.Decode(f.Method(u.Path).Input, []byte(u.Body[5:]))
		if err != nil || u.Body != frame(0, u.Body[5:]) {
			t.Errorf("%s: %v, upstream got %q", name, err, u.Body)
			continue
		}
		if got := brief(t, f, m.Interface().(*dynamicpb.Message)); got != c.want {
			t.Errorf("%s: upstream got %s, want %s", name, got, c.want)
		}
	}
}

// brief writes a message without what is empty.
func brief(t *testing.T, f *protofile.File, m *dynamicpb.Message) string {
	t.Helper()
	text, err := f.AppendJSON(nil, m)
	if err != nil {
		t.Fatal(err)
	}
	return grpcgateway.Brief(t, text)
}

func TestRefused(t *testing.T) {
	for _, c := range []struct {
		verb, target, body string
		status             int
		want               string
	}{
		{"GET", "/v1/items", "", 400, `failed to transcode .proto file Unknown path "/v1/items"`},
		{"GET", "/v1/items/", "", 400, "Unknown path"},
		{"GET", "/v1/items/a/b", "", 400, "Unknown path"},
		{"GET", "/x/v1/items/a", "", 400, "Unknown path"},
		{"GET", "/V1/items/a", "", 400, "Unknown path"},
		{"GET", "/shop.Shop/NotByHTTP", "", 400, "Unknown path"},
		{"GET", "/v1/shelves/of/x", "", 400, "Unknown path"},
		{"DELETE", "/v1/items/", "", 400, "Unknown path"},
		{"GET", "/v1/items/%zz", "", 400, "Unknown path"},
		{"GET", "/v1/items/%ff", "", 400, `failed to encode payload: field shop.GetRequest.name: "\xff" is no UTF-8`},
		{"GET", "/v1/items/a?depth=x", "", 400, `failed to encode payload: field shop.GetRequest.depth: "x" is no int32`},
		{"GET", "/v1/items/a?depth=1&depth=2", "", 400, "field shop.GetRequest.depth: more than one value"},
		{"GET", "/v1/items/a?page_size=1&pageSize=2", "", 400, "field shop.GetRequest.page_size: more than one value"},
		{"GET", "/v1/items/a?full=maybe", "", 400, `"maybe" is no boolean`},
		{"GET", "/v1/items/a?parent=x", "", 400, "a value for a message of type shop.Item"},
		{"GET", "/v1/items/a?full=%zz", "", 400, "query: invalid URL escape"},
		{"GET", "/v1/items/a?%zz=1", "", 400, "query: invalid URL escape"},
		{"POST", "/v1/shelves/s/items", `{"name":5}`, 400, "failed to encode payload: "},
		{"POST", "/v1/shelves/s/items", `{},"shelf":"x"`, 400, "the body is not JSON"},
		{"POST", "/v1/shelves/s/items", `5`, 400, "failed to encode payload: "},
		{"PUT", "/v1/items/a", `[]`, 400, "failed to encode payload: body must be a table"},
		{"PUT", "/v1/items/a", `"x"`, 400, "body must be a table"},
		{"PUT", "/v1/items/a", `{`, 400, "the body is not JSON"},
		{"PUT", "/v1/items/a", ` `, 400, "the body is not JSON"},
		{"PUT", "/v1/items/a", `{"tags":"x"}`, 400, `unexpected token "x"`},
		{"PUT", "/v1/items/a", `{"count":9223372036854775808}`, 400, "count"},
		{"PUT", "/v1/items/a", strings.Repeat(`{"inner":`, 200) + "{}" + strings.Repeat("}", 200), 400, "recursion"},
		{"PUT", "/v1/items/a", strings.Repeat(`{"x":`, 20_000) + "1" + strings.Repeat("}", 20_000), 400, "the body is not JSON"},
		{"PUT", "/v1/items/a", `"` + strings.Repeat("x", 4<<20) + `"`, 413, "the body has more than 4194304 bytes"},
	} {
		r := run(t, plugintest.Request{Method: c.verb, Target: c.target, Body: c.body}, plugintest.Reply{})
		if r.Err != nil || !r.Exited || r.Status != c.status || !strings.Contains(r.Body, c.want) || r.Get("Access-Control-Allow-Origin") != "*" {
			t.Errorf("%s %s %.40s: got %d, %.200q, %v; want %d, %q", c.verb, c.target, c.body, r.Status, r.Body, r.Err, c.status, c.want)
		}
	}
	r := stage.New(t).Instance(t, grpcgateway.Type, "{}").Run(plugintest.Request{}, plugintest.Reply{})
	if r.Status != 400 || r.Body != "transcoding requests require a .proto file defining the service" {
		t.Errorf("without a file: %d %q", r.Status, r.Body)
	}
	broken := errors.New("reset")
	if r := run(t, plugintest.Request{Target: "/v1/items/a", BodyErr: broken}, plugintest.Reply{}); !errors.Is(r.Err, broken) {
		t.Errorf("a body that cannot be read: %v", r.Err)
	}
}

// A method that no binding has is named.
func TestUnknownMethod(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.proto")
	if err := os.WriteFile(path, []byte(`syntax = "proto3"; import "google/api/annotations.proto"; message A {}
service S { rpc M(A) returns (A) { option (google.api.http) = { get: "/a" }; } }`), 0o600); err != nil {
		t.Fatal(err)
	}
	r := stage.New(t).Instance(t, grpcgateway.Type, "{proto: "+path+"}").Run(plugintest.Request{Method: "POST", Target: "/a"}, plugintest.Reply{})
	if want := `failed to transcode .proto file Unknown method "post"`; r.Status != 400 || r.Body != want {
		t.Errorf("got %d %q", r.Status, r.Body)
	}
}

func TestPreflight(t *testing.T) {
	r := run(t, plugintest.Request{Method: "OPTIONS", Target: "/v1/items/a"}, plugintest.Reply{})
	want := []string{"Access-Control-Allow-Headers: content-type", "Access-Control-Allow-Methods: GET,POST,PATCH,DELETE",
		"Access-Control-Allow-Origin: *", "Content-Type: application/json"}
	slices.Sort(r.Header)
	if diff := cmp.Diff(want, r.Header); diff != "" || r.Status != 200 || r.Body != "OK" {
		t.Errorf("%d %q (-want +got):\n%s", r.Status, r.Body, diff)
	}
}

var (
	grpc = []string{"Content-Type", "application/grpc"}
	good = []string{"grpc-status", "0"}
)

func TestResponses(t *testing.T) {
	ball := item(t, `{"name":"ball","count":9007199254740993,"tags":["a","b"]}`)
	const ballJSON = `{"name":"ball","count":9007199254740993,"tags":["a","b"]}`
	const empty = `{"name":"","count":0,"tags":[]}`
	create := plugintest.Request{Method: "POST", Target: "/v1/shelves/s/items"}
	get, watch := plugintest.Request{Target: "/v1/items/ball"}, plugintest.Request{Target: "/v1/watch"}
	failed := []string{"grpc-status", "9", "grpc-message", "a%22b%0A"}
	for _, c := range []struct {
		name    string
		in      plugintest.Request
		body    []string
		trailer []string
		want    string
	}{
		{"message", get, []string{frame(0, ball)}, good, ballJSON},
		{"empty message", get, []string{frame(0, "")}, good, empty},
		{"one field", create, []string{frame(0, ball)}, good, `["a","b"]`},
		{"stream", watch, []string{frame(0, ball) + frame(0, ""), frame(0, ball)}, good, ballJSON + "\n" + empty + "\n" + ballJSON + "\n"},
		{"empty stream", watch, nil, good, ""},
		{"failed later", get, []string{frame(0, ball)}, failed, ballJSON + "\n" + `{"error":{"code":9,"message":"a\"b\n"}}`},
		{"failed without a message", get, nil, failed, `{"code":9,"message":"a\"b\n"}`},
		{"stream that failed", watch, []string{frame(0, ball)}, failed, ballJSON + "\n" + `{"error":{"code":9,"message":"a\"b\n"}}` + "\n"},
		{"no status", get, nil, nil, `{"code":13,"message":"server closed the stream without sending trailers"}`},
		{"status is no number", get, nil, []string{"grpc-status", "x"}, `{"code":2,"message":""}`},
	} {
		whole := strings.Join(c.body, "")
		for n := 0; n <= len(whole); n++ {
			pieces := c.body
			if n > 0 {
				pieces = nil
				for p := range slices.Chunk([]byte(whole), n) {
					pieces = append(pieces, string(p))
				}
			}
			r := run(t, c.in, plugintest.Reply{Header: grpc, Body: pieces, Trailer: c.trailer})
			if r.Err != nil || r.Status != 200 || r.Body != c.want || r.Get("Content-Type") != "application/json" {
				t.Fatalf("%s, pieces of %d: got %d, %q, %q, %v; want %q", c.name, n, r.Status, r.Header, r.Body, r.Err, c.want)
			}
		}
	}
}

func TestStatuses(t *testing.T) {
	for code, status := range map[string]int{"0": 200, "1": 499, "2": 500, "3": 400, "4": 504, "5": 404, "6": 409, "7": 403, "8": 429, "9": 400,
		"10": 409, "11": 400, "12": 500, "13": 500, "14": 503, "15": 500, "16": 401, "17": 500, "x": 500} {
		r := run(t, plugintest.Request{Target: "/v1/items/ball"}, plugintest.Reply{Header: append(slices.Clone(grpc), "grpc-status", code, "grpc-message", "m")})
		want := `{"code":` + code + `,"message":"m"}`
		switch code {
		case "0":
			want = ""
		case "x":
			want = `{"code":2,"message":"m"}`
		}
		if r.Err != nil || r.Status != status || r.Body != want || r.Get("grpc-status") != code || r.Get("grpc-message") != "m" {
			t.Errorf("%s: got %d, %q, %q, %v; want %d", code, r.Status, r.Header, r.Body, r.Err, status)
		}
	}
}

// Responses that are not of gRPC pass.
func TestOtherResponses(t *testing.T) {
	for _, reply := range []plugintest.Reply{
		{Status: 502, Header: []string{"Content-Type", "text/html"}, Body: []string{"<h1>"}},
		{Status: 200, Header: []string{"Content-Type", "text/html"}, Body: []string{"<h1>"}},
		{Status: 503, Header: grpc, Body: []string{"<h1>"}},
	} {
		r := run(t, plugintest.Request{Target: "/v1/items/ball"}, reply)
		if r.Err != nil || r.Status != reply.Status || r.Body != "<h1>" || r.Get("Content-Type") != reply.Header[1] {
			t.Errorf("got %d, %q, %q, %v", r.Status, r.Header, r.Body, r.Err)
		}
	}
}

func TestHostileUpstream(t *testing.T) {
	for _, c := range []struct{ name, body, want string }{
		{"frame cut", frame(0, "\x0a\x01a")[:7], "the body ends within a frame"},
		{"huge", "\x00\xff\xff\xff\xff", "message over the limit"},
		{"compressed", frame(1, ""), "frame with unknown flags: 0x01"},
		{"trailers", frame(0x80, ""), "frame with unknown flags: 0x80"},
		{"not protobuf", frame(0, "\xff"), "a message of the upstream: "},
	} {
		r := run(t, plugintest.Request{Target: "/v1/items/ball"}, plugintest.Reply{Header: grpc, Body: []string{c.body}, Trailer: good})
		if r.Err == nil || !strings.Contains(r.Err.Error(), c.want) {
			t.Errorf("%s: got %q, %v; want %q", c.name, r.Body, r.Err, c.want)
		}
	}
}
