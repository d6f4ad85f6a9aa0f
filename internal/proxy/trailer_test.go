package proxy_test

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gibbon-gateway/gibbon/internal/proxy"
	"github.com/gibbon-gateway/gibbon/plugin"
)

// trailerProbe is a plugin that reads and changes trailers, and claims an identity field.
type trailerProbe struct{ seen chan string }

func (p *trailerProbe) IdentityFields() []string { return []string{"X-Userinfo"} }

func (p *trailerProbe) Access(x *plugin.Exchange) error {
	if x.Request.Header.Has("X-Read") {
		if _, err := x.Request.Body(1 << 20); err != nil {
			return err
		}
		x.Request.Trailer().Del("X-Gone")
	}
	x.Request.Trailer().Add("X-Plugin", "request")
	return nil
}

func (p *trailerProbe) HeaderFilter(x *plugin.Exchange) error {
	if x.Request.Header.Has("X-Filter") {
		x.FilterBody(p)
	}
	return nil
}

func (p *trailerProbe) FilterBody(x *plugin.Exchange, chunk []byte, last bool) ([]byte, error) {
	if last {
		x.Response.Trailer().Add("X-Filtered", x.Response.Trailer().Get("X-Up"))
	}
	return chunk, nil
}

func (p *trailerProbe) Record(x *plugin.Exchange) {
	p.seen <- x.Request.Trailer().Get("X-Sum") + " " + x.Response.Trailer().Get("X-Up")
}

func names(h http.Header) []string {
	var all []string
	for n, v := range h {
		all = append(all, n+"="+strings.Join(v, ","))
	}
	slices.Sort(all)
	return all
}

// TestTrailers sends trailers both ways, past a plugin that reads and changes them. What would tell the upstream who asks does not
// get through, in any spelling.
func TestTrailers(t *testing.T) {
	var got http.Header
	up := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		got = r.Trailer.Clone()
		w.Header().Set("Trailer", "X-Up")
		io.WriteString(w, "body")
		w.(http.Flusher).Flush()
		w.Header().Set("X-Up", "end")
	}))
	t.Cleanup(up.Close)
	p := &trailerProbe{seen: make(chan string, 1)}
	type config struct{}
	kind := plugin.Define(plugin.Desc{Name: "trailer-probe", Priority: 10}, func(config, plugin.Env) (any, error) { return p, nil })
	const sent = "X-Sum: 42\r\nX-Gone: 1\r\nX-Consumer-ID: forged\r\nX-Userinfo: forged\r\nx_userinfo: forged\r\n" +
		"Authorization: forged\r\nContent-Length: 9\r\n"
	for _, c := range []struct {
		name, fields, body string
		upstream           []string
		client             []string
	}{
		{"small", "", "5\r\nhello\r\n", []string{"X-Gone=1", "X-Plugin=request", "X-Sum=42"}, []string{"X-Up=end"}},
		{"read by the plugin", "X-Read: 1\r\n", "5\r\nhello\r\n", []string{"X-Plugin=request", "X-Sum=42"}, []string{"X-Up=end"}},
		{"streamed", "", "11170\r\n" + strings.Repeat("x", 0x11170) + "\r\n", []string{"X-Gone=1", "X-Plugin=request", "X-Sum=42"}, []string{"X-Up=end"}},
		{"filtered", "X-Filter: 1\r\n", "5\r\nhello\r\n", []string{"X-Gone=1", "X-Plugin=request", "X-Sum=42"}, []string{"X-Filtered=end", "X-Up=end"}},
	} {
		paths(t, func(t *testing.T, raw bool) {
			t.Run(c.name, func(t *testing.T) {
				g := start(t, setup{raw: raw, options: proxy.Options{Log: slog.Default()}, types: plugin.Types{"trailer-probe": kind}},
					append(to(t, addrOf(up), ""), object(t, "plugins", 3, `{"name":"trailer-probe","route":`+ref(2)+`}`))...)
				conn, r := g.dial()
				defer conn.Close()
				fmt.Fprintf(conn, "POST /up HTTP/1.1\r\nHost: a\r\nTE: trailers\r\nTransfer-Encoding: chunked\r\n%s\r\n%s0\r\n%s\r\n", c.fields, c.body, sent)
				a := read(t, r, "POST")
				if diff := cmp.Diff(c.upstream, names(got)); diff != "" {
					t.Errorf("upstream: %s", diff)
				}
				if diff := cmp.Diff(c.client, names(a.Trailer)); diff != "" {
					t.Errorf("client: %s", diff)
				}
				if s := <-p.seen; s != "42 end" {
					t.Errorf("recorded: %q", s)
				}
			})
		})
	}
}
