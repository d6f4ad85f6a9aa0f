package plugin_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gibbon-gateway/gibbon/plugin"
	"github.com/gibbon-gateway/gibbon/plugin/plugintest"
)

// answer is a plugin that answers by itself.
type answer func(x *plugin.Exchange) error

func (a answer) Access(x *plugin.Exchange) error { return a(x) }

func fails(status int, message string, fields ...string) answer {
	return func(x *plugin.Exchange) error { return x.Error(status, message, fields...) }
}

func exits(status int, body any, fields ...string) answer {
	return func(x *plugin.Exchange) error { return x.Exit(status, body, fields...) }
}

// A client of gRPC gets 200, no body, and the status and message of gRPC.
func TestGRPCAnswers(t *testing.T) {
	long := strings.Repeat("ü", 1000)
	for name, c := range map[string]struct {
		answer          answer
		status, message string
		more            []string
	}{
		"400":                        {fails(400, ""), "3", "Bad request", nil},
		"401":                        {fails(401, ""), "16", "Unauthorized", nil},
		"401 with a challenge":       {fails(401, "no", "WWW-Authenticate", "Key"), "16", "no", []string{"WWW-Authenticate: Key"}},
		"403":                        {fails(403, "You cannot consume this service"), "7", "You cannot consume this service", nil},
		"404":                        {fails(404, "no Route matched with those values"), "5", "no Route matched with those values", nil},
		"405":                        {fails(405, ""), "3", "Method not allowed", nil},
		"409":                        {fails(409, ""), "6", "Conflict", nil},
		"413":                        {fails(413, ""), "3", "Payload too large", nil},
		"429":                        {fails(429, "API rate limit exceeded"), "8", "API rate limit exceeded", nil},
		"499":                        {fails(499, ""), "1", "The upstream server responded with 499", nil},
		"500":                        {fails(500, ""), "13", "An unexpected error occurred", nil},
		"501":                        {fails(501, ""), "12", "Not implemented", nil},
		"502":                        {fails(502, ""), "14", "An invalid response was received from the upstream server", nil},
		"503":                        {fails(503, ""), "14", "The upstream server is currently unavailable", nil},
		"504":                        {fails(504, ""), "4", "The upstream server is timing out", nil},
		"505":                        {fails(505, ""), "13", "HTTP version not supported", nil},
		"exit, message":              {exits(401, map[string]string{"message": "no"}), "16", "no", nil},
		"exit, error of OAuth":       {exits(401, map[string]string{"error": "e", "error_description": "d"}), "16", "d", nil},
		"exit, other members":        {exits(403, map[string]string{"a": "b"}), "7", "PermissionDenied", nil},
		"exit, message is no string": {exits(403, map[string]any{"message": 5}), "7", "PermissionDenied", nil},
		"exit, list":                 {exits(403, []int{1}), "7", "PermissionDenied", nil},
		"exit, text":                 {exits(503, "So long"), "14", "So long", nil},
		"exit, bytes":                {exits(503, []byte("So long")), "14", "So long", nil},
		"exit, nothing":              {exits(429, nil), "8", "ResourceExhausted", nil},
		"exit, good":                 {exits(200, nil), "0", "OK", nil},
		"exit, created":              {exits(201, "made"), "0", "made", nil},
		"exit, redirect":             {exits(302, nil, "Location", "/"), "2", "Unknown", []string{"Location: /"}},
		"line breaks":                {fails(403, "a\r\nb: c"), "7", "a%0D%0Ab: c", nil},
		"percent":                    {fails(403, "100%"), "7", "100%25", nil},
		"not ASCII":                  {fails(403, "für\x00\x7f\xff"), "7", "f%C3%BCr%00%7F%FF", nil},
		"long, cut between letters":  {fails(403, long), "7", strings.Repeat("%C3%BC", 682), nil},
	} {
		t.Run(name, func(t *testing.T) {
			r := (&plugintest.Instance{Plugin: c.answer, T: t}).Run(plugintest.Request{Method: "POST", HTTP: "2",
				Header: []string{"content-type", "application/grpc+proto", "accept", "text/html"}}, plugintest.Reply{})
			want := append(c.more, "Content-Type: application/grpc", "grpc-status: "+c.status, "grpc-message: "+c.message)
			if diff := cmp.Diff(want, r.Header); diff != "" || r.Status != 200 || r.Body != "" {
				t.Errorf("%d %q (-want +got):\n%s", r.Status, r.Body, diff)
			}
		})
	}
}

// A plugin that says what it sends, or what the status is, is obeyed.
func TestGRPCAnswersAsSaid(t *testing.T) {
	for name, c := range map[string]struct {
		answer answer
		status int
		body   string
		fields []string
	}{
		"type":    {exits(503, "<p>", "Content-Type", "text/html"), 503, "<p>", []string{"Content-Type: text/html"}},
		"grpc":    {exits(200, nil, "Content-Type", "application/grpc", "grpc-status", "1"), 200, "", []string{"Content-Type: application/grpc", "grpc-status: 1"}},
		"status":  {exits(403, nil, "grpc-status", "9"), 200, "", []string{"grpc-status: 9", "Content-Type: application/grpc"}},
		"message": {fails(403, "m", "Content-Type", "text/plain"), 403, "m\nrequest_id: 0123456789abcdef0123456789abcdef\n", []string{"Content-Type: text/plain"}},
	} {
		t.Run(name, func(t *testing.T) {
			r := (&plugintest.Instance{Plugin: c.answer, T: t}).Run(plugintest.Request{HTTP: "2",
				Header: []string{"Content-Type", "application/grpc"}}, plugintest.Reply{})
			if diff := cmp.Diff(c.fields, r.Header); diff != "" || r.Status != c.status || r.Body != c.body {
				t.Errorf("%d %q (-want +got):\n%s", r.Status, r.Body, diff)
			}
		})
	}
}

// Who speaks gRPC: HTTP/2 and a type of gRPC, as the client sent it.
func TestGRPCClient(t *testing.T) {
	for _, c := range []struct {
		version, contentType string
		want                 bool
	}{
		{"2", "application/grpc", true},
		{"2", "Application/GRPC", true},
		{"2", "application/grpc+proto", true},
		{"2", "application/grpc; charset=utf-8", true},
		{"2", "application/grpc ; a=b", true},
		{"2", "application/grpc-web", false},
		{"2", "application/grpc-web-text+proto", false},
		{"2", "application/grpcx", false},
		{"2", "application/grp", false},
		{"2", "application/json", false},
		{"2", "", false},
		{"1.1", "application/grpc", false},
	} {
		x := plugintest.Exchange(plugintest.Request{HTTP: c.version, Header: []string{"Content-Type", c.contentType}})
		if x.Client.GRPC != c.want {
			t.Errorf("HTTP/%s %q: got %v", c.version, c.contentType, x.Client.GRPC)
		}
		x.Request.Header.Set("Content-Type", "application/grpc")
		_ = x.Error(403, "no")
		if got := x.Response.Header.Get("grpc-status") != ""; got != c.want {
			t.Errorf("HTTP/%s %q, changed by a plugin: answered by gRPC's form: %v", c.version, c.contentType, got)
		}
	}
}
