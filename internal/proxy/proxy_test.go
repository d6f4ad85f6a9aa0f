package proxy_test

import (
	"fmt"
	"net/netip"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gibbon-gateway/gibbon/entity"
	"github.com/gibbon-gateway/gibbon/internal/proxy"
)

// recorded is the configuration that Kong's answers were recorded with, as far as these tests need it. Ids: services 1 to 9, routes
// from 20.
func recorded(t testing.TB, up string) []entity.Object {
	host, port, _ := strings.Cut(up, ":")
	o := []entity.Object{
		object(t, "services", 1, fmt.Sprintf(`{"name":"echo","host":%q,"port":%s}`, host, port)),
		object(t, "services", 2, `{"name":"down","host":"127.0.0.1","port":1,"retries":1}`),
		object(t, "services", 3, `{"name":"viaup","host":"up.test","path":"/base"}`),
		object(t, "services", 4, `{"name":"viaempty","host":"empty.test"}`),
		object(t, "services", 5, fmt.Sprintf(`{"name":"disabled","host":%q,"port":%s,"enabled":false}`, host, port)),
		object(t, "services", 6, `{"name":"noname","host":"does-not-exist.invalid"}`),
		object(t, "upstreams", 10, `{"name":"up.test"}`),
		object(t, "upstreams", 11, `{"name":"empty.test"}`),
		object(t, "targets", 12, fmt.Sprintf(`{"target":%q,"upstream":%s}`, up, ref(10))),
	}
	for i, r := range []struct {
		service int
		fields  string
	}{
		{1, `"name":"plain","paths":["/plain"]`},
		{1, `"paths":["/nostrip"],"strip_path":false`},
		{1, `"paths":["/preserve"],"preserve_host":true`},
		{1, `"paths":["~/rx/(?<id>\\d+)$"]`},
		{1, `"hosts":["h.test"]`},
		{1, `"hosts":["*.wild.test"]`},
		{1, `"paths":["/hdr"],"headers":{"x-ver":["v2"]}`},
		{1, `"paths":["/getonly"],"methods":["GET"]`},
		{1, `"paths":["/secure"],"protocols":["https"]`},
		{1, `"paths":["/secredir"],"protocols":["https"],"https_redirect_status_code":301`},
		{1, `"paths":["/lp"]`},
		{1, `"paths":["/lp/deep"],"strip_path":false`},
		{2, `"paths":["/down"]`},
		{3, `"paths":["/viaup"]`},
		{4, `"paths":["/viaempty"]`},
		{5, `"paths":["/disabled"]`},
		{6, `"paths":["/noname"]`},
		{0, `"paths":["/noservice"]`},
	} {
		if r.service > 0 {
			r.fields += `,"service":` + ref(r.service)
		}
		o = append(o, object(t, "routes", 20+i, "{"+r.fields+"}"))
	}
	return o
}

func TestAsRecorded(t *testing.T) {
	up := addrOf(echo(t))
	paths(t, func(t *testing.T, raw bool) {
		g := start(t, setup{raw: raw}, recorded(t, up)...)
		id := regexp.MustCompile(`[0-9a-f]{32}`)
		for _, c := range []struct {
			name, method, path string
			fields             []string
			status             int
			body               string // of the gateway, with id for the request's id; "" means the echo's
			uri, host, prefix  string // that the upstream saw
			forwardedHost      string
		}{
			{name: "no route", path: "/unmatched", status: 404, body: jsonError("no Route matched with those values")},
			{name: "plain", path: "/plain/a/b?x=1&y=%20z", uri: "/a/b?x=1&y=%20z", prefix: "/plain"},
			{name: "nostrip", path: "/nostrip/z", uri: "/nostrip/z"},
			{name: "preserve host", path: "/preserve", fields: []string{"Host", "My.host:99"}, uri: "/", host: "My.host:99",
				prefix: "/preserve", forwardedHost: "my.host"},
			{name: "regex", path: "/rx/42", uri: "/", prefix: "/rx/42"},
			{name: "regex without match", path: "/rx/abc", status: 404, body: jsonError("no Route matched with those values")},
			{name: "by host", path: "/any/path", fields: []string{"Host", "h.test"}, uri: "/any/path", forwardedHost: "h.test"},
			{name: "by host with port", path: "/any", fields: []string{"Host", "h.test:18000"}, uri: "/any", forwardedHost: "h.test"},
			{name: "by wildcard", path: "/w", fields: []string{"Host", "a.b.wild.test"}, uri: "/w", forwardedHost: "a.b.wild.test"},
			{name: "by header", path: "/hdr", fields: []string{"x-ver", "v2"}, uri: "/", prefix: "/hdr"},
			{name: "other header", path: "/hdr", fields: []string{"x-ver", "v1"}, status: 404, body: jsonError("no Route matched with those values")},
			{name: "other method", method: "POST", path: "/getonly", status: 404, body: jsonError("no Route matched with those values")},
			{name: "https only", path: "/secure", status: 426, body: jsonError("Please use HTTPS protocol")},
			{name: "longest", path: "/lp/deep/x", uri: "/lp/deep/x"},
			{name: "boundary", path: "/plainly", uri: "/ly", prefix: "/plain"},
			{name: "encoded", path: "/plain/a%2Fb/%7Euser/%20x", uri: "/a%2Fb/~user/%20x", prefix: "/plain"},
			{name: "dots", path: "/plain/../nostrip/x", uri: "/nostrip/x"},
			{name: "slashes", path: "/plain//a///b", uri: "/a/b", prefix: "/plain"},
			{name: "question mark", path: "/plain?", uri: "/?", prefix: "/plain"},
			{name: "unusual method", method: "FOO", path: "/plain", uri: "/", prefix: "/plain"},
			{name: "html", path: "/unmatched", fields: []string{"Accept", "text/html"}, status: 404,
				body: "<!doctype html>\n<html>\n  <head>\n    <meta charset=\"utf-8\">\n    <title>Error</title>\n  </head>\n  <body>\n    <h1>Error</h1>\n" +
					"    <p>no Route matched with those values.</p>\n    <p>request_id: id</p>\n  </body>\n</html>\n"},
			{name: "plain text", path: "/unmatched", fields: []string{"Accept", "text/plain"}, status: 404,
				body: "no Route matched with those values\nrequest_id: id\n"},
			{name: "grpc to http", path: "/unmatched", fields: []string{"Content-Type", "application/grpc"}, status: 404,
				body: jsonError("no Route matched with those values")},
			{name: "down", path: "/down", fields: []string{"Accept", "*/*"}, status: 502,
				body: jsonError("An invalid response was received from the upstream server")},
			{name: "down, nothing accepted", path: "/down", status: 502,
				body: "An invalid response was received from the upstream server\nrequest_id: id\n"},
			{name: "no name", path: "/noname", status: 503, body: jsonError("name resolution failed")},
			{name: "upstream", path: "/viaup/x", uri: "/base/x", prefix: "/viaup"},
			{name: "empty upstream", path: "/viaempty/x", status: 503, body: jsonError("failure to get a peer from the ring-balancer")},
			{name: "disabled", path: "/disabled", status: 404, body: jsonError("no Route matched with those values")},
			{name: "no service", path: "/noservice", status: 503, body: jsonError("no Service found with those values")},
			{name: "above the root", path: "/plain/../../x", status: 400, body: "Bad request\nrequest_id: id\n"},
			{name: "trace", method: "TRACE", path: "/plain", status: 405, body: "Method not allowed\nrequest_id: id\n"},
		} {
			t.Run(c.name, func(t *testing.T) {
				if c.method == "" {
					c.method = "GET"
				}
				a := g.do(c.method, c.path, "", c.fields...)
				if len(a.Header["X-Kong-Request-Id"]) != 1 || !id.MatchString(a.Header.Get("X-Kong-Request-Id")) {
					t.Errorf("request id: %q", a.Header["X-Kong-Request-Id"])
				}
				if a.Header.Get("Server") != "gibbon/1.2.3" {
					t.Errorf("Server: %q", a.Header["Server"])
				}
				if c.body != "" {
					if got := strings.ReplaceAll(a.body, a.Header.Get("X-Kong-Request-Id"), "id"); a.StatusCode != c.status || got != c.body {
						t.Errorf("got %d %q", a.StatusCode, got)
					}
					asked := c.status == 502
					if has := a.Header["X-Kong-Response-Latency"] != nil; has == asked {
						t.Errorf("fields: %v", a.Header)
					}
					if has := a.Header["Via"] != nil && a.Header["X-Kong-Upstream-Latency"] != nil; has != asked {
						t.Errorf("fields: %v", a.Header)
					}
					return
				}
				if a.StatusCode != 200 || a.Header.Get("X-Upstream") != "echo" || a.Header.Get("Via") != "1.1 gibbon/1.2.3" ||
					a.Header.Get("X-Kong-Upstream-Latency") == "" || a.Header.Get("X-Kong-Proxy-Latency") == "" ||
					a.Header.Get("X-Kong-Response-Latency") != "" {
					t.Errorf("response: %d %v", a.StatusCode, a.Header)
				}
				s := a.asked(t)
				host, forwarded := up, "gw.test"
				if c.host != "" {
					host = c.host
				}
				if c.forwardedHost != "" {
					forwarded = c.forwardedHost
				}
				path, _, _ := strings.Cut(c.path, "?")
				_, port, _ := strings.Cut(g.addr, ":")
				want := map[string]string{"uri": c.uri, "host": host, "method": c.method, "X-Forwarded-Prefix": c.prefix,
					"X-Forwarded-Host": forwarded, "X-Forwarded-Path": path, "X-Forwarded-Port": port, "X-Forwarded-Proto": "http",
					"X-Forwarded-For": "127.0.0.1", "X-Real-Ip": "127.0.0.1", "Via": "1.1 gibbon/1.2.3", "Connection": "keep-alive",
					"X-Kong-Request-Id": a.Header.Get("X-Kong-Request-Id")}
				got := map[string]string{"uri": s.URI, "host": s.Host, "method": s.Method}
				for name := range want {
					if name[0] >= 'A' && name[0] <= 'Z' {
						got[name] = strings.Join(s.Header[name], "|")
					}
				}
				if d := cmp.Diff(want, got); d != "" {
					t.Error(d)
				}
			})
		}
	})
}

func jsonError(message string) string {
	return "{\n  \"message\":\"" + message + "\",\n  \"request_id\":\"id\"\n}"
}

func TestRedirectToHTTPS(t *testing.T) {
	g := start(t, setup{}, recorded(t, "127.0.0.1:1")...)
	a := g.do("GET", "/secredir/x?a=b", "", "Host", "h.example:8000")
	if a.StatusCode != 301 || a.Header.Get("Location") != "https://h.example/secredir/x?a=b" || len(a.body) != 134 ||
		a.Header.Get("Content-Type") != "text/html" || a.Header.Get("X-Kong-Response-Latency") == "" {
		t.Errorf("%d %v %q", a.StatusCode, a.Header, a.body)
	}
	if a = g.do("GET", "/secure", ""); a.Header.Get("Upgrade") != "TLS/1.2, HTTP/1.1" ||
		strings.Join(a.Header["Connection"], "|") != "keep-alive|Upgrade" {
		t.Errorf("%v", a.Header)
	}
}

func TestRequestFields(t *testing.T) {
	up := addrOf(echo(t))
	paths(t, func(t *testing.T, raw bool) {
		g := start(t, setup{raw: raw}, to(t, up, "")...)
		for name, c := range map[string]struct {
			fields []string
			want   map[string]string
		}{
			"forwarded by nobody who is trusted": {
				[]string{"X-Forwarded-For", "1.2.3.4", "X-Forwarded-Proto", "https", "X-Forwarded-Host", "evil", "X-Forwarded-Prefix", "/evil",
					"X-Forwarded-Path", "/evil", "X-Forwarded-Port", "1", "X-Real-IP", "6.6.6.6"},
				map[string]string{"X-Forwarded-For": "1.2.3.4, 127.0.0.1", "X-Forwarded-Proto": "http", "X-Forwarded-Host": "gw.test",
					"X-Forwarded-Prefix": "/up", "X-Forwarded-Path": "/up", "X-Real-Ip": "127.0.0.1"},
			},
			"hop by hop": {
				[]string{"Connection", "close, X-Hop", "X-Hop", "1", "Keep-Alive", "5", "TE", "trailers", "Upgrade", "foo",
					"Proxy-Authorization", "x", "Proxy-Connection", "y", "Proxy", "http://evil"},
				map[string]string{"Connection": "keep-alive", "X-Hop": "", "Keep-Alive": "", "Te": "trailers", "Upgrade": "",
					"Proxy-Authorization": "x", "Proxy-Connection": "", "Proxy": ""},
			},
			"through other proxies": {
				[]string{"Via", "1.1 a", "Via", "1.1 b"}, map[string]string{"Via": "1.1 a, 1.1 b, 1.1 gibbon/1.2.3"},
			},
			"several forwarded fields": {
				[]string{"X-Forwarded-For", "1.1.1.1", "X-Forwarded-For", "2.2.2.2"},
				map[string]string{"X-Forwarded-For": "1.1.1.1, 2.2.2.2, 127.0.0.1"},
			},
			"own fields sent by a client": {
				[]string{"X-Kong-Request-Id", "mine", "X-Consumer-Username", "root"},
				map[string]string{"X-Consumer-Username": "root"},
			},
		} {
			t.Run(name, func(t *testing.T) {
				a := g.do("GET", "/up", "", c.fields...)
				s := a.asked(t)
				for f, want := range c.want {
					if got := strings.Join(s.Header[f], "|"); got != want {
						t.Errorf("%s: %q, not %q", f, got, want)
					}
				}
				if got := s.Header["X-Kong-Request-Id"]; len(got) != 1 || got[0] != a.Header.Get("X-Kong-Request-Id") {
					t.Errorf("request id %q", got)
				}
			})
		}
	})
}

func TestTrustedProxies(t *testing.T) {
	up := addrOf(echo(t))
	trusted := []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("10.0.0.0/8")}
	for name, c := range map[string]struct {
		options proxy.Options
		fields  []string
		want    map[string]string
	}{
		"passed through": {
			proxy.Options{}, []string{"X-Forwarded-Proto", "https", "X-Forwarded-Host", "a.example", "X-Forwarded-Port", "443",
				"X-Forwarded-Path", "/orig", "X-Forwarded-Prefix", "/p", "X-Real-IP", "9.9.9.9"},
			map[string]string{"X-Forwarded-Proto": "https", "X-Forwarded-Host": "a.example", "X-Forwarded-Port": "443",
				"X-Forwarded-Path": "/orig", "X-Forwarded-Prefix": "/p", "X-Real-Ip": "9.9.9.9", "X-Forwarded-For": "9.9.9.9"},
		},
		"last address": {
			proxy.Options{RealIPHeader: "X-Forwarded-For"}, []string{"X-Forwarded-For", "9.9.9.9, 10.0.0.1"},
			map[string]string{"X-Real-Ip": "10.0.0.1", "X-Forwarded-For": "9.9.9.9, 10.0.0.1, 127.0.0.1"},
		},
		"recursive": {
			proxy.Options{RealIPHeader: "X-Forwarded-For", RealIPRecursive: true},
			[]string{"X-Forwarded-For", "6.6.6.6, 9.9.9.9:1234, 10.0.0.1"},
			map[string]string{"X-Real-Ip": "9.9.9.9"},
		},
		"nonsense": {
			proxy.Options{RealIPHeader: "X-Forwarded-For", RealIPRecursive: true},
			[]string{"X-Forwarded-For", "6.6.6.6, what"}, map[string]string{"X-Real-Ip": "127.0.0.1"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			c.options.TrustedIPs = trusted
			g := start(t, setup{options: c.options}, to(t, up, "")...)
			s := g.do("GET", "/up", "", c.fields...).asked(t)
			for f, want := range c.want {
				if got := strings.Join(s.Header[f], "|"); got != want {
					t.Errorf("%s: %q, not %q", f, got, want)
				}
			}
		})
	}
}

func TestRefusals(t *testing.T) {
	paths(t, func(t *testing.T, raw bool) {
		g := start(t, setup{raw: raw}, to(t, "127.0.0.1:1", "")...)
		for name, c := range map[string]struct{ request, want, message string }{
			"malformed":    {"GET / HTTP/1.1\r\nBad Header\r\n\r\n", "400", "Bad request\nrequest_id: "},
			"garbage":      {"GARBAGE\r\n\r\n", "400", "Bad request\nrequest_id: "},
			"no host":      {"GET /up HTTP/1.1\r\n\r\n", "400", "Bad request\nrequest_id: "},
			"empty host":   {"GET /up HTTP/1.1\r\nAccept: */*\r\nHost:\r\n\r\n", "400", "\"message\":\"Bad request\""},
			"long field":   {"GET /up HTTP/1.1\r\nHost: a\r\nAccept: */*\r\nX: " + strings.Repeat("a", 40000) + "\r\n\r\n", "400", "Request header or cookie too large"},
			"long target":  {"GET /" + strings.Repeat("a", 40000) + " HTTP/1.1\r\nHost: a\r\n\r\n", "414", "URI too long"},
			"connect":      {"CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n", "405", "Method not allowed"},
			"version":      {"GET / HTTP/3.0\r\nHost: a\r\n\r\n", "505", "HTTP version not supported"},
			"two framings": {"POST /up HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400", "Bad request"},
		} {
			t.Run(name, func(t *testing.T) {
				got := g.raw(c.request)
				for _, want := range []string{"HTTP/1.1 " + c.want + " ", "\r\nServer: gibbon/1.2.3\r\n", "\r\nX-Kong-Request-Id: ",
					"\r\nX-Kong-Response-Latency: ", "\r\nConnection: close\r\n", c.message} {
					if !strings.Contains(got, want) {
						t.Errorf("%q is missing in %q", want, got)
					}
				}
			})
		}
	})
}

func TestOldClient(t *testing.T) {
	g := start(t, setup{}, to(t, addrOf(echo(t)), "")...)
	got := g.raw("GET /up HTTP/1.0\r\n\r\n")
	if !strings.HasPrefix(got, "HTTP/1.1 200 OK\r\n") || !strings.Contains(got, "Connection: close\r\n") ||
		!strings.Contains(got, `"Via":["1 gibbon/1.2.3"]`) {
		t.Errorf("%q", got)
	}
}
