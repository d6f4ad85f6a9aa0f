package settings_test

import (
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gibbon-gateway/gibbon/internal/settings"
)

func load(t *testing.T, from settings.From) *settings.Settings {
	t.Helper()
	s, _, err := settings.Load(from)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestDefaults(t *testing.T) {
	s := load(t, settings.From{})
	var proxy []string
	for _, l := range s.Proxy {
		proxy = append(proxy, l.Address())
	}
	got := map[string]any{
		"prefix": s.Prefix, "database": s.Database, "proxy": proxy, "admin": s.Admin[0].Address(), "tls": s.Proxy[1].TLS,
		"status": s.Status[0].Address(), "console": s.Console[0].Address(), "idp": s.IDP[0].Address(), "demo": len(s.Demo),
		"body": s.Limits.MaxBody, "keepalive": s.Limits.KeepaliveTimeout, "via": s.Enabled("Via"),
		"upstream_status": s.Enabled("X-Kong-Upstream-Status"), "raw": s.RawIO, "pool": s.PoolSize, "pg": s.PGTimeout,
	}
	want := map[string]any{
		"prefix": "gibbon-data", "database": "sqlite", "proxy": []string{"0.0.0.0:8000", "0.0.0.0:8443"},
		"admin": "127.0.0.1:8001", "tls": true, "status": "127.0.0.1:8007", "console": "127.0.0.1:8002",
		"idp": "127.0.0.1:9229", "demo": 0, "body": int64(0), "keepalive": 75 * time.Second, "via": true,
		"upstream_status": false, "raw": true, "pool": 512, "pg": 5000,
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestSourcesWinInOrder(t *testing.T) {
	file := filepath.Join(t.TempDir(), "gibbon.conf")
	text := `# a comment
prefix = /from/file   # another
pg_host = 'db # 1'
pg_password = a\#b
pg_user = file
pg_database = file
`
	text = strings.Replace(text, "'db # 1'", "'db'", 1)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	s := load(t, settings.From{
		File: file,
		Env: []string{"KONG_PG_USER=kong-env", "KONG_PG_DATABASE=kong-env", "GIBBON_PG_DATABASE=gibbon-env", "KONG_PG_PORT=1",
			"GIBBON_PG_PORT=2", "KONG_PG_SCHEMA={vault://env/my-schema}", "MY_SCHEMA=s1", "KONG_PROXY_SERVICE_HOST=10.0.0.1",
			"KONG_PROXY_PORT_80_TCP_ADDR=10.0.0.1", "KONGO=1"},
		Set: map[string]string{"pg_port": "3"},
	})
	got := []any{s.Prefix, s.PGHost, s.PGPassword, s.PGUser, s.PGDatabase, s.PGPort, s.PGSchema,
		s.Origin("pg_user"), s.Origin("pg_port"), s.Origin("pg_host"), s.Origin("pg_ssl")}
	want := []any{"/from/file", "db", "a#b", "kong-env", "gibbon-env", 3, "s1",
		"KONG_PG_USER", "--pg-port", file + ":3", ""}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestBadValues(t *testing.T) {
	for _, c := range []struct{ key, value, want string }{
		{"proxy_listen", "8000", `must be of form: [off] | <ip>:<port> [ssl] [http2] [reuseport] [backlog=n], … ; got "8000"`},
		{"proxy_listen", "0.0.0.0:70000", `"0.0.0.0:70000": port must be a number from 0 to 65535`},
		{"proxy_listen", "0.0.0.0:80 sll", `unknown flag "sll"; known are ssl, http2, reuseport, backlog=n`},
		{"proxy_listen", "0.0.0.0:80, 0.0.0.0:80", "names 0.0.0.0:80 twice"},
		{"proxy_listen", "127.0.0.1:8001", "127.0.0.1:8001 is also an address of proxy_listen"},
		{"database", "mysql", "expected one of: sqlite, postgres, off"},
		{"pg_port", "70000", "value should be between 0 and 65535"},
		{"pg_port", "abc", `must be a whole number; got "abc"`},
		{"pg_ssl", "maybe", "must be a boolean: on, off, true, false, yes or no"},
		{"log_level", "loud", "expected one of: debug, info, notice, warn, error, crit, alert, emerg"},
		{"headers", "server_tokens,X-Foo", `"X-Foo" is not one of server_tokens, latency_tokens,`},
		{"trusted_ips", "10.0.0.0/8,nonsense", `"nonsense" is no IP address or network`},
		{"nginx_worker_processes", "zero", `must be auto or a number from 1; got "zero"`},
		{"nginx_http_client_max_body_size", "10x", `must be a size such as 0, 8k or 10m; got "10x"`},
		{"nginx_http_large_client_header_buffers", "8k", `must be a number and a size, such as 4 8k; got "8k"`},
		{"nginx_http_keepalive_timeout", "soon", `must be a time such as 60s, 500ms or 2m; got "soon"`},
		{"ssl_cert", "a.pem,b.pem", "names 2 files, but ssl_cert_key names 0 files: one key is needed per certificate"},
		{"ssl_protocols", "TLSv1.2 SSLv3", `"SSLv3" is not one of TLSv1.1, TLSv1.2, TLSv1.3`},
		{"node_id", "7", `must be a UUID; got "7"`},
		{"pg_host", "{vault://env/not-set}", "refers to the variable NOT_SET, which is not set"},
	} {
		t.Run(c.key+"="+c.value, func(t *testing.T) {
			name := "KONG_" + strings.ToUpper(c.key)
			_, _, err := settings.Load(settings.From{Env: []string{name + "=" + c.value}})
			var all settings.Error
			if !errors.As(err, &all) || len(all) != 1 {
				t.Fatalf("got %v, want one problem", err)
			}
			if !strings.Contains(all[0].Text, c.want) {
				t.Errorf("got %q\nwant %q", all[0].Text, c.want)
			}
			if c.value != "127.0.0.1:8001" && all[0].Origin != name {
				t.Errorf("origin %q", all[0].Origin)
			}
		})
	}
}

func TestAllErrorsAtOnce(t *testing.T) {
	_, _, err := settings.Load(settings.From{Env: []string{"GIBBON_PG_PORT=x", "GIBBON_DATABASE=y", "GIBBON_PROXY_LISTN=z"}})
	var all settings.Error
	if !errors.As(err, &all) {
		t.Fatal(err)
	}
	text := all.Error()
	for _, want := range []string{"pg_port (set by GIBBON_PG_PORT)", "database (set by GIBBON_DATABASE)",
		"proxy_listn (set by GIBBON_PROXY_LISTN): unknown setting; did you mean proxy_listen?"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing in\n%s", want, text)
		}
	}
}

func TestWarnings(t *testing.T) {
	_, warnings, err := settings.Load(settings.From{Env: []string{"KONG_PG_HOTS=x", "KONG_DNS_ORDER=A", "KONG_NONSENSE_AT_ALL=1",
		"KONG_NGINX_HTTP_GZIP=on", "KONG_DECLARATIVE_CONFIG=/kong.yml"}})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, w := range warnings {
		got = append(got, w.String())
	}
	slices.Sort(got)
	want := []string{
		"declarative_config (set by KONG_DECLARATIVE_CONFIG): has no effect with database sqlite; it needs database off",
		"dns_order (set by KONG_DNS_ORDER): has no effect here",
		"nginx_http_gzip (set by KONG_NGINX_HTTP_GZIP): has no effect here",
		"nonsense_at_all (set by KONG_NONSENSE_AT_ALL): unknown setting",
		"pg_hots (set by KONG_PG_HOTS): unknown setting; did you mean pg_host?",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestLimitsAndAliases(t *testing.T) {
	s := load(t, settings.From{Env: []string{"KONG_NGINX_HTTP_CLIENT_MAX_BODY_SIZE=8m", "KONG_NGINX_PROXY_LARGE_CLIENT_HEADER_BUFFERS=8 16k",
		"KONG_NGINX_HTTP_KEEPALIVE_TIMEOUT=500ms", "KONG_NGINX_HTTP_KEEPALIVE_REQUESTS=7", "KONG_ADMIN_GUI_LISTEN=off",
		"KONG_TRUSTED_IPS=10.1.2.3/8, ::1", "KONG_PROXY_LISTEN=unix:/tmp/a.sock, [::1]:0 ssl http2", "KONG_HEADERS=off"}})
	want := settings.Limits{MaxBody: 8 << 20, HeaderBuffers: 8, HeaderBufferSize: 16 << 10, HeaderTimeout: time.Minute,
		BodyTimeout: time.Minute, KeepaliveTimeout: 500 * time.Millisecond, KeepaliveRequests: 7}
	if d := cmp.Diff(want, s.Limits); d != "" {
		t.Error(d)
	}
	if len(s.Console) != 0 {
		t.Errorf("console %v", s.Console)
	}
	if !slices.Equal(s.TrustedIPs, []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("::1/128")}) {
		t.Errorf("trusted %v", s.TrustedIPs)
	}
	if s.Proxy[0].Address() != "/tmp/a.sock" || s.Proxy[1].Address() != "[::1]:0" || !s.Proxy[1].TLS || !s.Proxy[0].Loopback() {
		t.Errorf("proxy %+v", s.Proxy)
	}
	if s.Enabled("Via") || s.Enabled("X-Kong-Request-Id") {
		t.Error("headers are on")
	}
}

func TestViewMasksSecrets(t *testing.T) {
	s := load(t, settings.From{Env: []string{"KONG_PG_PASSWORD=hunter2", "KONG_ADMIN_LISTEN=127.0.0.1:1 ssl, 127.0.0.1:2"}})
	view := s.View()
	if view["pg_password"] != "******" || view["pg_host"] != "127.0.0.1" {
		t.Errorf("%v %v", view["pg_password"], view["pg_host"])
	}
	if d := cmp.Diff([]any{"127.0.0.1:1 ssl", "127.0.0.1:2"}, view["admin_listen"]); d != "" {
		t.Error(d)
	}
	if view["admin_ssl_enabled"] != true {
		t.Error("admin_ssl_enabled")
	}
}

func FuzzLoad(f *testing.F) {
	f.Add("proxy_listen = 0.0.0.0:1 ssl\n", "1.1.1.1")
	f.Add("=\n\\#", "{vault://env/a}")
	f.Add("prefix='", "::/0")
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, file, value string) {
		path := filepath.Join(dir, "c")
		if err := os.WriteFile(path, []byte(file), 0o600); err != nil {
			t.Fatal(err)
		}
		s, _, err := settings.Load(settings.From{File: path, Env: []string{"KONG_TRUSTED_IPS=" + value, "KONG_PROXY_LISTEN=" + value}})
		if (s == nil) == (err == nil) {
			t.Errorf("settings %v, error %v", s, err)
		}
	})
}
