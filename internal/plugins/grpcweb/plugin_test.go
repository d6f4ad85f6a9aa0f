package grpcweb_test

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gibbon-gateway/gibbon/internal/plugins/grpcweb"
	"github.com/gibbon-gateway/gibbon/internal/plugins/stage"
	"github.com/gibbon-gateway/gibbon/plugin"
	"github.com/gibbon-gateway/gibbon/plugin/plugintest"
)

func TestReadme(t *testing.T) { stage.Readme(t, "README.md", grpcweb.Type) }

func TestSchema(t *testing.T) { stage.Schema(t, grpcweb.Type) }

func TestBadConfig(t *testing.T) {
	stage.BadConfig(t, grpcweb.Type, []stage.Bad{
		{Config: `{proto: nowhere.proto}`, Want: "config.proto: stat nowhere.proto: no such file or directory"},
		{Config: `{proto: README.md}`, Want: "config.proto: README.md:1:1: invalid character"},
		{Config: `{proto: /dev/zero}`, Want: "config.proto: /dev/zero is no regular file"},
		{Config: `{proto: 5}`, Want: "config.proto: expected a string"},
		{Config: `{pass_stripped_path: x}`, Want: "config.pass_stripped_path: expected a boolean"},
		{Config: `{nope: 1}`, Want: "config.nope: unknown field"},
	})
	// The file may be gone when an instance is made.
	if _, err := grpcweb.Type.New(map[string]any{"proto": "nowhere.proto"}, plugin.Env{}); err == nil || !strings.HasPrefix(err.Error(), "config.proto: ") {
		t.Errorf("got %v", err)
	}
}

const say = "/hello.HelloService/SayHello"

// frame is a frame of gRPC.
func frame(flags byte, message string) string {
	return string([]byte{flags}) + string(binary.BigEndian.AppendUint32(nil, uint32(len(message)))) + message
}

func text(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }

var (
	greeting = "\x0a\x04heya"       // HelloRequest
	reply    = "\x0a\x0ahello heya" // HelloResponse
	good     = []string{"grpc-status", "0", "grpc-message", ""}
	grpc     = []string{"Content-Type", "application/grpc"}
	ended    = frame(0x80, "grpc-status:0\r\ngrpc-message:\r\n")
)

func post(contentType, body string) plugintest.Request {
	return plugintest.Request{Method: "POST", Target: say, Header: []string{"Content-Type", contentType}, Body: body}
}

func run(t *testing.T, config string, in plugintest.Request, reply plugintest.Reply) *plugintest.Result {
	t.Helper()
	return stage.New(t).Instance(t, grpcweb.Type, config).Run(in, reply)
}

const withProto = "{proto: testdata/hello.proto}"

// Calls as in Kong's own tests, with the same bytes.
func TestCalls(t *testing.T) {
	json := `{"greeting":"heya"}`
	for _, c := range []struct{ contentType, body, want string }{
		{"application/grpc-web", frame(0, greeting), frame(0, reply) + ended},
		{"application/grpc-web+proto", frame(0, greeting), frame(0, reply) + ended},
		{"application/grpc-web-text", "AAAAAAYKBGhleWE=", "AAAAAAwKCmhlbGxvIGhleWE=gAAAAB5ncnBjLXN0YXR1czowDQpncnBjLW1lc3NhZ2U6DQo="},
		{"application/grpc-web-text+proto", "AAAAAAYKBGhleWE=", "AAAAAAwKCmhlbGxvIGhleWE=gAAAAB5ncnBjLXN0YXR1czowDQpncnBjLW1lc3NhZ2U6DQo="},
		{"application/grpc-web+json", frame(0, json), frame(0, `{"reply":"hello heya"}`) + ended},
		{"application/grpc-web-text+json", text(frame(0, json)), text(frame(0, `{"reply":"hello heya"}`)) + text(ended)},
		{"application/json", json, `{"reply":"hello heya"}`},
		{"Application/JSON; charset=utf-8", json, `{"reply":"hello heya"}`},
	} {
		r := run(t, withProto, post(c.contentType, c.body), plugintest.Reply{Header: grpc, Body: []string{frame(0, reply)}, Trailer: good})
		if r.Err != nil || r.Exited {
			t.Errorf("%s: %v, answered %d %q", c.contentType, r.Err, r.Status, r.Body)
			continue
		}
		if r.Upstream.Body != frame(0, greeting) {
			t.Errorf("%s: upstream got %q", c.contentType, r.Upstream.Body)
		}
		if diff := cmp.Diff([]string{"Content-Type: application/grpc", "TE: trailers"}, r.Upstream.Header); diff != "" {
			t.Errorf("%s: upstream (-want +got):\n%s", c.contentType, diff)
		}
		if r.Upstream.Path != say || r.Upstream.Method != "POST" {
			t.Errorf("%s: upstream was asked for %s %s", c.contentType, r.Upstream.Method, r.Upstream.Path)
		}
		if r.Status != 200 || r.Get("Content-Type") != c.contentType || r.Get("Access-Control-Allow-Origin") != "*" {
			t.Errorf("%s: got %d with %q", c.contentType, r.Status, r.Header)
		}
		if r.Body != c.want {
			t.Errorf("%s: got %q, want %q", c.contentType, r.Body, c.want)
		}
		if framed := c.contentType[12] == 'g'; framed && len(r.Trailer) > 0 {
			t.Errorf("%s: trailers %q", c.contentType, r.Trailer)
		}
	}
}

// However the upstream's body is cut into pieces, the client gets the same.
func TestPieces(t *testing.T) {
	stream := frame(0, "\x0a\x01a") + frame(0, "") + frame(0, "\x0a\x02bc")
	for contentType, want := range map[string]string{
		"application/grpc-web":      stream + ended,
		"application/grpc-web-text": stream + ended, // decoded
		"application/grpc-web+json": frame(0, `{"reply":"a"}`) + frame(0, `{"reply":""}`) + frame(0, `{"reply":"bc"}`) + ended,
		"application/json":          `{"reply":"a"}` + "\n" + `{"reply":""}` + "\n" + `{"reply":"bc"}` + "\n",
	} {
		for n := 1; n <= len(stream); n++ {
			in := post(contentType, "")
			in.Target = "/hello.HelloService/LotsOfReplies"
			switch contentType {
			case "application/grpc-web+json":
				in.Body = frame(0, "{}")
			case "application/json":
				in.Body = "{}"
			}
			var pieces []string
			for p := range slices.Chunk([]byte(stream), n) {
				pieces = append(pieces, string(p))
			}
			r := run(t, withProto, in, plugintest.Reply{Header: grpc, Body: pieces, Trailer: good})
			got := r.Body
			if strings.Contains(contentType, "text") {
				b, err := grpcweb.DecodeText([]byte(got))
				if err != nil {
					t.Fatalf("%v in %q", err, got)
				}
				got = string(b)
			}
			if r.Err != nil || got != want {
				t.Fatalf("%s, pieces of %d: got %q, %v; want %q", contentType, n, got, r.Err, want)
			}
		}
	}
}

// Each piece goes to the client when it comes.
func TestStreamed(t *testing.T) {
	i := stage.New(t).Instance(t, grpcweb.Type, withProto).Plugin.(interface {
		plugin.Accessor
		plugin.HeaderFilter
	})
	x := plugintest.Exchange(post("application/grpc-web-text", "AAAAAAYKBGhleWE="))
	d := plugin.Drive(x)
	if err := i.Access(x); err != nil {
		t.Fatal(err)
	}
	x.Response.Status, x.Response.FromUpstream = 200, true
	x.Response.Header.Set("Content-Type", "application/grpc")
	if err := i.HeaderFilter(x); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		out, err := d.Filter([]byte(frame(0, reply)), false)
		if err != nil || string(out) != text(frame(0, reply)) {
			t.Errorf("got %q, %v", out, err)
		}
	}
}

func TestTrailers(t *testing.T) {
	for _, c := range []struct {
		name            string
		header, trailer []string
		want            string
	}{
		{"message", grpc, []string{"grpc-message", "no%0Asuch", "grpc-status", "5", "X-Cost", "3", "grpc-status-details-bin", "CAU"},
			"grpc-status:5\r\ngrpc-message:no%0Asuch\r\nx-cost:3\r\ngrpc-status-details-bin:CAU\r\n"},
		{"line breaks", grpc, []string{"grpc-status", "0\r\nx:y", "A", "b\nc\x00"}, "grpc-status:0  x:y\r\ngrpc-message:\r\na:b c \r\n"},
		{"in the head", append(slices.Clone(grpc), "grpc-status", "7", "grpc-message", "no"), nil, "grpc-status:7\r\ngrpc-message:no\r\n"},
		{"none", grpc, nil, "grpc-status:13\r\ngrpc-message:server closed the stream without sending trailers\r\n"},
	} {
		r := run(t, "{}", post("application/grpc-web", frame(0, greeting)), plugintest.Reply{Header: c.header, Trailer: c.trailer})
		if want := frame(0x80, c.want); r.Err != nil || r.Body != want || len(r.Trailer) > 0 {
			t.Errorf("%s: got %q, trailers %q, %v; want %q", c.name, r.Body, r.Trailer, r.Err, want)
		}
	}
}

// What is not of gRPC becomes a status in the last frame, whoever made it.
func TestOtherResponses(t *testing.T) {
	for _, c := range []struct {
		name   string
		reply  plugintest.Reply
		status string
		text   string
	}{
		{"a proxy's page", plugintest.Reply{Status: 502, Header: []string{"Content-Type", "text/html"}, Body: []string{"<h1>"}}, "14",
			"unexpected HTTP status code received from server: 502 (Bad Gateway)"},
		{"404", plugintest.Reply{Status: 404}, "12", "unexpected HTTP status code received from server: 404 (Not Found)"},
		{"no gRPC", plugintest.Reply{Header: []string{"Content-Type", "text/html"}, Body: []string{"<h1>"}}, "2",
			`unexpected content-type "text/html" received from server`},
	} {
		for _, contentType := range []string{"application/grpc-web", "application/grpc-web-text"} {
			body := frame(0, greeting)
			want := frame(0x80, "grpc-status:"+c.status+"\r\ngrpc-message:"+c.text+"\r\n")
			if strings.Contains(contentType, "text") {
				body, want = text(body), text(want)
			}
			r := run(t, "{}", post(contentType, body), c.reply)
			if r.Status != 200 || r.Body != want || r.Get("Content-Type") != contentType {
				t.Errorf("%s: got %d, %q, %q; want %q", c.name, r.Status, r.Header, r.Body, want)
			}
		}
	}
	r := run(t, withProto, post("application/json", "{}"), plugintest.Reply{Status: 502, Header: []string{"Content-Type", "text/html"}, Body: []string{"<h1>"}})
	if r.Status != 502 || r.Body != "<h1>" || r.Get("Content-Type") != "text/html" {
		t.Errorf("JSON: got %d, %q, %q", r.Status, r.Header, r.Body)
	}
}

// refuser refuses after grpc-web has let a call through, as the gateway does without an upstream.
type refuser struct {
	*plugintest.Instance
	refuse func(x *plugin.Exchange) error
}

func (r refuser) Access(x *plugin.Exchange) error {
	if err := r.Plugin.(plugin.Accessor).Access(x); err != nil {
		return err
	}
	return r.refuse(x)
}

func (r refuser) HeaderFilter(x *plugin.Exchange) error {
	return r.Plugin.(plugin.HeaderFilter).HeaderFilter(x)
}

func TestRefusedLater(t *testing.T) {
	for _, c := range []struct {
		name   string
		refuse func(x *plugin.Exchange) error
		want   string
	}{
		{"gateway", func(x *plugin.Exchange) error { return x.Error(503, "failure to get a peer") }, "14 failure to get a peer"},
		{"usual", func(x *plugin.Exchange) error { return x.Error(504, "") }, "4 The upstream server is timing out"},
		{"exit", func(x *plugin.Exchange) error { return x.Exit(403, map[string]string{"message": "100%"}) }, "7 100%25"},
		{"page", func(x *plugin.Exchange) error { return x.Exit(429, "<p>", "Content-Type", "text/html") }, "8 Too many requests"},
		{"status", func(x *plugin.Exchange) error { return x.Exit(200, nil, "grpc-status", "1", "grpc-message", "m") }, "1 m"},
		{"nothing", func(x *plugin.Exchange) error { return x.Exit(401, nil) }, "16 "},
	} {
		for _, version := range []string{"1.1", "2"} {
			in := post("application/grpc-web", frame(0, greeting))
			in.HTTP = version
			r := (&plugintest.Instance{T: t, Plugin: refuser{stage.New(t).Instance(t, grpcweb.Type, "{}"), c.refuse}}).Run(in, plugintest.Reply{})
			status, message, _ := strings.Cut(c.want, " ")
			if want := frame(0x80, "grpc-status:"+status+"\r\ngrpc-message:"+message+"\r\n"); r.Status != 200 || r.Body != want {
				t.Errorf("%s: got %d, %q, want %q", c.name, r.Status, r.Body, want)
			}
		}
	}
}

// Requests that are answered without the upstream.
func TestRefused(t *testing.T) {
	json := func(body string) plugintest.Request { return post("application/json", body) }
	huge := "\x00\xff\xff\xff\xff"
	for _, c := range []struct {
		name, config string
		in           plugintest.Request
		status       int
		want         string // of the body; for gRPC-Web of the trailers
	}{
		{"no type", "{}", plugintest.Request{Method: "POST", Target: say}, 400, "transcoding requests require a .proto file defining the service"},
		{"gRPC", "{}", post("application/grpc", frame(0, greeting)), 400, "transcoding requests require a .proto file defining the service"},
		{"JSON without a file", "{}", json("{}"), 400, "transcoding requests require a .proto file defining the service"},
		{"framed JSON without a file", "{}", post("application/grpc-web+json", frame(0, "{}")), 400, "transcoding requests require a .proto file"},
		{"other type", withProto, post("text/html", "x"), 415, "the Content-Type is none of gRPC-Web"},
		{"almost the type", withProto, post("application/grpc-webx", "x"), 415, "the Content-Type is none of gRPC-Web"},
		{"unknown method", withProto, plugintest.Request{Method: "POST", Target: "/hello.HelloService/Nope", Header: []string{"Content-Type", "application/json"}},
			400, `Unkown path "/hello.HelloService/Nope"`},
		{"another case", withProto, plugintest.Request{Method: "POST", Target: "/Hello.helloservice/sayhello", Header: []string{"Content-Type", "application/json"}},
			400, "Unkown path"},
		{"longer path", withProto, plugintest.Request{Method: "POST", Target: "/x" + say, Header: []string{"Content-Type", "application/json"}}, 400, "Unkown path"},
		{"GET", "{}", plugintest.Request{Target: say, Header: []string{"Content-Type", "application/grpc-web"}}, 405, "calls of gRPC-Web use the method POST"},
		{"bad JSON", withProto, json(`{"greeting":`), 400, "failed to encode payload: "},
		{"no JSON", withProto, json(``), 400, "failed to encode payload: "},
		{"wrong type", withProto, json(`{"greeting":5}`), 400, "greeting"},
		{"deep JSON", withProto, json(strings.Repeat(`{"a":`, 20_000)), 400, "failed to encode payload: "},
		{"long JSON", withProto, json(`{"greeting":"` + strings.Repeat("x", 4<<20) + `"}`), 413, "the body has more than 4194304 bytes"},
		{"long", "{}", post("application/grpc-web", strings.Repeat("\x00", 16<<20+1)), 200, "grpc-status:3\r\ngrpc-message:the body has more than 16777216 bytes\r\n"},
		{"bad base64", "{}", post("application/grpc-web-text", "AA*A"), 200, "grpc-status:3\r\ngrpc-message:the body is not base64\r\n"},
		{"base64 cut", "{}", post("application/grpc-web-text", "AAAAA"), 200, "the body is not base64"},
		{"padding cut", "{}", post("application/grpc-web-text", "AAAAAA="), 200, "the body is not base64"},
		{"padding first", "{}", post("application/grpc-web-text", "=AAA"), 200, "the body is not base64"},
		{"line breaks", "{}", post("application/grpc-web-text", "AAAA\r\nAAYKBGhleWE="), 200, "the body is not base64"},
		{"URL's base64", "{}", post("application/grpc-web-text", "AAAAAAY_BGhl"), 200, "the body is not base64"},
		{"frame cut", "{}", post("application/grpc-web", frame(0, greeting)[:8]), 200, "the body ends within a frame"},
		{"head cut", "{}", post("application/grpc-web", "\x00\x00"), 200, "the body ends within a frame"},
		{"huge length", "{}", post("application/grpc-web", huge), 200, "the body ends within a frame"},
		{"huge length, JSON", withProto, post("application/grpc-web+json", huge), 200, "message over the limit: 4294967295 bytes"},
		{"trailers", "{}", post("application/grpc-web", frame(0x80, "a:b\r\n")), 200, "frame with unknown flags: 0x80"},
		{"flags", "{}", post("application/grpc-web", frame(0x42, "")), 200, "frame with unknown flags: 0x42"},
		{"no frame, JSON", withProto, post("application/grpc-web+json", ""), 200, "the body ends within a frame"},
		{"two frames, JSON", withProto, post("application/grpc-web+json", frame(0, "{}")+frame(0, "{}")), 200, "the body has more than one message"},
		{"compressed JSON", withProto, post("application/grpc-web+json", frame(1, "{}")), 200, "got 0x01"},
	} {
		r := run(t, c.config, c.in, plugintest.Reply{})
		if strings.HasPrefix(r.Get("Content-Type"), "application/grpc-web-text") {
			b, err := grpcweb.DecodeText([]byte(r.Body))
			if err != nil {
				t.Errorf("%s: %v", c.name, err)
			}
			r.Body = string(b)
		}
		if r.Err != nil || !r.Exited || r.Status != c.status || !strings.Contains(r.Body, c.want) {
			t.Errorf("%s: got %d, %.200q, %v; want %d, %q", c.name, r.Status, r.Body, r.Err, c.status, c.want)
		}
	}
	broken := errors.New("reset")
	in := post("application/grpc-web", "")
	in.BodyErr = broken
	if r := run(t, "{}", in, plugintest.Reply{}); !errors.Is(r.Err, broken) {
		t.Errorf("a body that cannot be read: %v", r.Err)
	}
}

// Answers of the upstream that cannot be passed on break the response off, or end it with a status of their own.
func TestHostileUpstream(t *testing.T) {
	for _, c := range []struct{ name, body, want string }{
		{"frame cut", frame(0, reply)[:9], "the body ends within a frame"},
		{"trailers", frame(0x80, "grpc-status:0\r\n"), "unknown flags: 0x80"},
		{"huge", "\x00\xff\xff\xff\xff", "the body ends within a frame"},
	} {
		r := run(t, "{}", post("application/grpc-web", frame(0, greeting)), plugintest.Reply{Header: grpc, Body: []string{c.body}, Trailer: good})
		if r.Err == nil || !strings.Contains(r.Err.Error(), c.want) {
			t.Errorf("%s: got %q, %v; want %q", c.name, r.Body, r.Err, c.want)
		}
	}
	for _, c := range []struct{ name, body, want string }{
		{"frame cut", frame(0, reply)[:9], "the body ends within a frame"},
		{"huge", "\x00\xff\xff\xff\xff", "message over the limit"},
		{"compressed", frame(1, reply), "frame with unknown flags: 0x01"},
		{"not protobuf", frame(0, "\xff"), "a message of the upstream: "},
		{"not UTF-8", frame(0, "\x0a\x01\xff"), "a message of the upstream: "},
	} {
		reply := plugintest.Reply{Header: grpc, Body: []string{frame(0, reply), c.body}, Trailer: good}
		r := run(t, withProto, post("application/grpc-web+json", frame(0, "{}")), reply)
		if first := frame(0, `{"reply":"hello heya"}`); r.Err != nil || !strings.HasPrefix(r.Body, first+"\x80") || !strings.Contains(r.Body, "grpc-status:13\r\n") ||
			!strings.Contains(r.Body, c.want) {
			t.Errorf("%s: got %q, %v; want %q", c.name, r.Body, r.Err, c.want)
		}
		r = run(t, withProto, post("application/json", "{}"), reply)
		if r.Err == nil || !strings.Contains(r.Err.Error(), c.want) {
			t.Errorf("%s, JSON: got %q, %v; want %q", c.name, r.Body, r.Err, c.want)
		}
	}
}

func TestPaths(t *testing.T) {
	for _, c := range []struct{ config, target, stripped, want string }{
		{"{}", "/a/b", "/b", "/a/b"},
		{"{pass_stripped_path: true}", "/a/b", "/b", "/b"},
		{"{pass_stripped_path: true, proto: testdata/hello.proto}", "/prefix" + say, say, say},
	} {
		in := post("application/grpc-web", frame(0, greeting))
		if strings.Contains(c.config, "proto:") {
			in = post("application/json", "{}")
		}
		in.Target, in.Upstream = c.target, c.stripped
		r := run(t, c.config, in, plugintest.Reply{})
		if r.Upstream.Path != c.want {
			t.Errorf("%s %s: got %q, %d %q", c.config, c.target, r.Upstream.Path, r.Status, r.Body)
		}
	}
}

func TestOrigin(t *testing.T) {
	const config = "{allow_origin_header: https://example.com}"
	r := run(t, config, plugintest.Request{Method: "OPTIONS", Target: say}, plugintest.Reply{})
	want := []string{"Content-Type: application/grpc-web-text+proto", "Access-Control-Allow-Origin: https://example.com",
		"Access-Control-Allow-Methods: POST", "Access-Control-Allow-Headers: content-type,x-grpc-web,x-user-agent"}
	slices.Sort(want)
	slices.Sort(r.Header)
	if diff := cmp.Diff(want, r.Header); diff != "" || r.Status != 200 || r.Body != "OK" {
		t.Errorf("%d %q (-want +got):\n%s", r.Status, r.Body, diff)
	}
	r = run(t, config, post("application/grpc-web", ""), plugintest.Reply{Header: append(slices.Clone(grpc), "Access-Control-Allow-Origin", "x")})
	if got := r.Get("Access-Control-Allow-Origin"); got != "https://example.com" {
		t.Errorf("got %q", got)
	}
}

func TestDecodeText(t *testing.T) {
	for in, want := range map[string]string{
		"": "", "YQ==": "a", "YQ": "a", "YWI=": "ab", "YWI": "ab", "YWJj": "abc", "YQ==YQ==": "aa", "YWI=YQ==YWJj": "abaabc", "YQ==YQ": "aa", "YWJjYQ==YWJj": "abcaabc",
	} {
		if got, err := grpcweb.DecodeText([]byte(in)); err != nil || string(got) != want {
			t.Errorf("%q: got %q, %v", in, got, err)
		}
	}
	for _, in := range []string{"Y", "YQ=", "=", "====", "Y===", "YQ=a", "YQ==Y", "YQ==\n", "Y Q=", "YQ==="} {
		if got, err := grpcweb.DecodeText([]byte(in)); err == nil {
			t.Errorf("%q: got %q", in, got)
		}
	}
}

// What was encoded in pieces is decoded again, wherever it was flushed.
func FuzzText(f *testing.F) {
	f.Add([]byte("hello"), uint8(1), []byte("YQ==YWI="))
	f.Fuzz(func(t *testing.T, data []byte, size uint8, other []byte) {
		var in []byte
		for piece := range slices.Chunk(data, int(size)%7+1) {
			in = base64.StdEncoding.AppendEncode(in, piece)
		}
		if got, err := grpcweb.DecodeText(in); err != nil || string(got) != string(data) {
			t.Fatalf("%q: got %q, %v", in, got, err)
		}
		if got, err := grpcweb.DecodeText(other); err == nil && len(got) > len(other)/4*3+3 {
			t.Fatalf("%q gave %d bytes", other, len(got))
		}
	})
}
