package proxy_test

import (
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/gibbon-gateway/gibbon/internal/proxy"
)

func TestHeadersSetting(t *testing.T) {
	up := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(202) }))
	t.Cleanup(up.Close)
	for name, c := range map[string]struct {
		on               string
		proxied, refused string // fields that are there
	}{
		"off": {"", "", ""},
		"default": {"Server Via X-Kong-Proxy-Latency X-Kong-Response-Latency X-Kong-Upstream-Latency X-Kong-Request-Id",
			"Server Via X-Kong-Proxy-Latency X-Kong-Upstream-Latency X-Kong-Request-Id", "Server X-Kong-Response-Latency X-Kong-Request-Id"},
		"upstream status": {"X-Kong-Upstream-Status", "X-Kong-Upstream-Status", ""},
		"one":             {"Via", "Via", ""},
	} {
		t.Run(name, func(t *testing.T) {
			on := func(field string) bool { return strings.Contains(" "+c.on+" ", " "+field+" ") }
			g := start(t, setup{options: proxy.Options{Header: on}}, to(t, addrOf(up), "")...)
			for path, want := range map[string]string{"/up": c.proxied, "/nowhere": c.refused} {
				a := g.do("GET", path, "")
				for _, f := range strings.Fields("Server Via X-Kong-Proxy-Latency X-Kong-Response-Latency X-Kong-Upstream-Latency X-Kong-Request-Id X-Kong-Upstream-Status") {
					if has := a.Header.Get(f) != ""; has != strings.Contains(" "+want+" ", " "+f+" ") {
						t.Errorf("%s: %s is there: %v", path, f, has)
					}
				}
				if path == "/up" && on("X-Kong-Upstream-Status") && a.Header.Get("X-Kong-Upstream-Status") != "202" {
					t.Errorf("%v", a.Header)
				}
			}
		})
	}
}

func TestDebugFields(t *testing.T) {
	up := addrOf(echo(t))
	for _, allowed := range []bool{false, true} {
		g := start(t, setup{options: proxy.Options{AllowDebug: allowed}}, to(t, up, `"name":"svc"`)...)
		a := g.do("GET", "/up", "", "Kong-Debug", "1")
		if got := a.Header.Get("Kong-Route-Id") == uuid(2) && a.Header.Get("Kong-Service-Id") == uuid(1) &&
			a.Header.Get("Kong-Service-Name") == "svc"; got != allowed {
			t.Errorf("allowed %v: %v", allowed, a.Header)
		}
		if a := g.do("GET", "/up", ""); a.Header.Get("Kong-Route-Id") != "" {
			t.Errorf("not asked for: %v", a.Header)
		}
	}
}

func TestAccessLog(t *testing.T) {
	up := addrOf(echo(t))
	paths(t, func(t *testing.T, raw bool) {
		logs := &lines{got: make(chan struct{}, 10)}
		g := start(t, setup{raw: raw, options: proxy.Options{AccessLog: logs}}, to(t, up, "")...)
		a := g.do("GET", "/up?a=\"b\"", "", "User-Agent", "te\"st", "Referer", "http://r")
		<-logs.got
		g.raw("GARBAGE\r\n\r\n")
		<-logs.got
		got := strings.SplitAfter(logs.text(), "\n")
		want := regexp.MustCompile(`^127\.0\.0\.1 - - \[\d\d/\w{3}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}\] "GET /up\?a=\\x22b\\x22 HTTP/1\.1" 200 (\d+) "http://r" "te\\x22st" kong_request_id: "` +
			a.Header.Get("X-Kong-Request-Id") + "\"\n$")
		m := want.FindStringSubmatch(got[0])
		if m == nil || m[1] != a.Header.Get("Content-Length") {
			t.Errorf("%q", got[0])
		}
		if !strings.Contains(got[1], `" 400 57 "-" "-" kong_request_id: "`) {
			t.Errorf("%q", got[1])
		}
	})
}
