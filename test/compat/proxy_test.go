package compat_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestProxy(t *testing.T) {
	for name, start := range starts {
		t.Run(name, func(t *testing.T) { replayProxied(t, start) })
	}
}

// replayProxied asks a proxy all that Kong's was asked.
func replayProxied(t *testing.T, start func(t *testing.T, configYAML string) (proxyURL string)) {
	t.Helper()
	p := &proxied{upstream: startEcho(t)}
	config, err := os.ReadFile("testdata/proxy.yml")
	if err != nil {
		t.Fatal(err)
	}
	fill := strings.NewReplacer("{upstream}", p.upstream, "{closed}", closedAddress(t))
	u, err := url.Parse(start(t, fill.Replace(string(config))))
	if err != nil {
		t.Fatal(err)
	}
	p.proxy, p.port = u.Host, u.Port()
	total, equal := 0, 0
	for _, e := range read(t, "proxy.txt") {
		total++
		if left := time.Until(time.Now().Truncate(time.Minute).Add(time.Minute)); e.name == "p070-rl-1" && left < 2*time.Second {
			<-time.After(left) // the limits of those that follow count within one minute
		}
		d := p.compare(e, p.ask(t, e))
		if d == "" {
			equal++
		}
		verdict(t, e, d)
	}
	t.Logf("%d of %d exchanges are answered as Kong did", equal, total)
}

// proxied is where things are: host and port of the proxy and of the echo upstream.
type proxied struct{ proxy, port, upstream string }

var repeated = regexp.MustCompile(`\{(.)\*(\d+)\}`)

// ask sends the request of an exchange, byte for byte, on a connection of its own.
func (p *proxied) ask(t *testing.T, e *exchange) answer {
	t.Helper()
	body := e.body
	head := strings.Join(e.request, "\r\n") + "\r\n\r\n"
	head = strings.NewReplacer("{proxy}", p.proxy, "{port}", p.port).Replace(head)
	head = repeated.ReplaceAllStringFunc(head, func(s string) string {
		m := repeated.FindStringSubmatch(s)
		n, _ := strconv.Atoi(m[2])
		return strings.Repeat(m[1], n)
	})
	if strings.Contains(head, "Transfer-Encoding: chunked") {
		body = fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(body), body)
	}
	conn, err := net.DialTimeout("tcp", p.proxy, 5*time.Second)
	if err != nil {
		t.Fatalf("%s: %v", e.name, err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(10 * time.Second))
	go io.WriteString(conn, head+body)
	method, _, _ := strings.Cut(e.request[0], " ")
	res, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: method})
	if err != nil {
		return answer{body: fmt.Sprint("no answer: ", err)}
	}
	text, err := io.ReadAll(res.Body)
	if err != nil {
		return answer{body: fmt.Sprint("broken answer: ", err)}
	}
	if res.Close { // which ReadResponse has taken out of the header
		res.Header.Set("Connection", "close")
	}
	return answer{res.StatusCode, res.Header, string(text)}
}

// compare describes how an answer of the proxy differs from Kong's. Fields that Kong did not send are differences too.
func (p *proxied) compare(e *exchange, got answer) string {
	d := differ("status", strconv.Itoa(e.status), strconv.Itoa(got.status))
	want := map[string][]string{}
	for _, f := range e.header {
		want[http.CanonicalHeaderKey(f[0])] = append(want[http.CanonicalHeaderKey(f[0])], f[1])
	}
	here := p.fields(want, got.header)
	for _, name := range slices.Sorted(maps.Keys(want)) {
		d += differ(name, strings.Join(want[name], ", "), strings.Join(here[name], ", "))
	}
	for _, name := range slices.Sorted(maps.Keys(here)) {
		if want[name] == nil {
			d += differ(name, "(none)", strings.Join(here[name], ", "))
		}
	}
	return d + p.body(e, got)
}

// Values that differ from run to run.
var (
	gateway = regexp.MustCompile(`gibbon/[^\s",]+`)
	digits  = regexp.MustCompile(`^\d+$`)
)

// fields returns the header fields of an answer in the words of the exchanges. Content-Length is that of Kong's answer
// where ours is true to our body; "Connection: keep-alive" says nothing in HTTP/1.1.
func (p *proxied) fields(want map[string][]string, header http.Header) map[string][]string {
	out := map[string][]string{}
	request := header.Get("X-Kong-Request-Id")
	for name, values := range header {
		if name == "Date" || name == "Content-Length" && want[name] == nil {
			continue
		}
		for _, v := range values {
			if name == "Connection" && v == "keep-alive" {
				continue
			}
			v = p.words(v, request)
			switch {
			case strings.HasSuffix(name, "-Latency") && digits.MatchString(v):
				v = "{ms}"
			case (name == "Ratelimit-Reset" || name == "Retry-After") && digits.MatchString(v):
				v = "{s}"
			}
			out[name] = append(out[name], v)
		}
	}
	return out
}

// words puts the words of the exchanges in place of what differs from run to run.
func (p *proxied) words(s, request string) string {
	if request != "" {
		s = strings.ReplaceAll(s, request, "{request}")
	}
	s = gateway.ReplaceAllString(s, "{gateway}")
	return strings.ReplaceAll(s, p.upstream, "{upstream}")
}

// body compares bodies: what the echo upstream saw as JSON, everything else as text.
func (p *proxied) body(e *exchange, got answer) string {
	here := p.words(got.body, got.header.Get("X-Kong-Request-Id"))
	if got.header.Get("X-Upstream") == "" || e.answer == "" {
		return differ("body", e.answer, strings.Trim(strings.ReplaceAll(here, "\r\n", "\n"), "\n"))
	}
	var w, g map[string]any
	if json.Unmarshal([]byte(e.answer), &w) != nil || json.Unmarshal([]byte(here), &g) != nil {
		return differ("body", e.answer, here)
	}
	p.saw(w, g)
	if d := cmp.Diff(w, g); d != "" {
		return "what the upstream saw (-Kong +here):\n" + d
	}
	return ""
}

// saw makes equal in what the upstream saw what differs from run to run.
func (p *proxied) saw(w, g map[string]any) {
	if n, ok := g["count"].(string); ok && digits.MatchString(n) {
		g["count"] = "{n}"
	}
	theirs, _ := w["headers"].(map[string]any)
	ours, _ := g["headers"].(map[string]any)
	if text, _ := json.Marshal(ours["Connection"]); bytes.Equal(text, []byte(`["keep-alive"]`)) {
		delete(ours, "Connection")
	}
	for name, values := range ours {
		list, _ := values.([]any)
		kongs, _ := theirs[name].([]any)
		for i := range min(len(list), len(kongs)) {
			v, _ := list[i].(string)
			switch {
			case kongs[i] == "{port}" && v == p.port:
				list[i] = "{port}"
			case kongs[i] == "{uuid}" && uuid.MatchString(v):
				list[i] = "{uuid}"
			}
		}
	}
}
