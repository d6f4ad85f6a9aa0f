package plugin_test

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gibbon-gateway/gibbon/entity"
	"github.com/gibbon-gateway/gibbon/plugin"
	"github.com/gibbon-gateway/gibbon/plugin/plugintest"
)

// What log plugins send has Kong's names.
func TestLogEntry(t *testing.T) {
	w := &walker{}
	var entry *plugin.LogEntry
	w.record = func(x *plugin.Exchange) {
		x.Started = time.UnixMilli(1700000000123)
		x.Outcome = plugin.Outcome{Total: 30 * time.Millisecond, Gateway: 2 * time.Millisecond, Upstream: 20 * time.Millisecond, Tries: 2,
			Address: netip.MustParseAddrPort("10.0.0.7:8080"), Target: []byte("/up/a?x=1"), Status: 201, Received: 4, Sent: 120}
		entry = x.LogEntry()
	}
	consumer := &entity.Consumer{ID: "c-1", Username: "ann"}
	run := func(in plugintest.Request) map[string]any {
		i := &plugintest.Instance{Plugin: w, T: t}
		if r := i.Run(in, plugintest.Reply{Status: 201, Header: []string{"X-A", "1", "x-a", "2"}}); r.Err != nil {
			t.Fatal(r.Err)
		}
		text, err := json.Marshal(entry)
		if err != nil {
			t.Fatal(err)
		}
		var doc map[string]any
		if err := json.Unmarshal(text, &doc); err != nil {
			t.Fatal(err)
		}
		return doc
	}
	got := run(plugintest.Request{Method: "POST", Target: "/a?x=1&y&z=a%20b&x=2", Body: "body", Consumer: consumer,
		TLS:        &tls.ConnectionState{Version: tls.VersionTLS13, CipherSuite: tls.TLS_AES_128_GCM_SHA256, VerifiedChains: [][]*x509.Certificate{{}}},
		Credential: plugin.Credential{ID: "k-1", ConsumerID: "c-1"}, Header: []string{"Authorization", "Basic secret", "Proxy-Authorization", "x", "Accept", "*/*"}})
	var want map[string]any
	if err := json.Unmarshal([]byte(`{
		"request": {"id": "0123456789abcdef0123456789abcdef", "uri": "/a?x=1&y&z=a%20b&x=2", "url": "https://example.com:8000/a?x=1&y&z=a%20b&x=2",
			"querystring": {"x": ["1", "2"], "y": true, "z": "a b"}, "method": "POST", "size": 4,
			"headers": {"authorization": "REDACTED", "proxy-authorization": "REDACTED", "accept": "*/*", "host": "example.com",
				"x-consumer-id": "c-1", "x-consumer-username": "ann"},
			"tls": {"version": "TLSv1.3", "cipher": "TLS_AES_128_GCM_SHA256", "client_verify": "SUCCESS"}},
		"upstream_uri": "/up/a?x=1", "upstream_status": "201", "response": {"status": 201, "headers": {"x-a": ["1", "2"]}, "size": 120},
		"latencies": {"kong": 2, "proxy": 20, "request": 30, "receive": 8}, "tries": [{"ip": "10.0.0.7", "port": 8080}],
		"authenticated_entity": {"id": "k-1", "consumer_id": "c-1"},
		"consumer": {"id": "c-1", "username": "ann", "custom_id": "", "created_at": 0, "updated_at": 0, "tags": null},
		"client_ip": "203.0.113.9", "started_at": 1700000000123, "source": "upstream", "workspace_name": "default"}`), &want); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	// An answer of the gateway's own: no upstream was asked.
	w.access = func(x *plugin.Exchange) error { return x.Exit(403, nil) }
	w.record = func(x *plugin.Exchange) {
		x.Outcome = plugin.Outcome{Total: time.Millisecond, Gateway: time.Millisecond}
		entry = x.LogEntry()
	}
	got = run(plugintest.Request{})
	if d := cmp.Diff(map[string]any{"kong": 1.0, "proxy": -1.0, "request": 1.0, "receive": 0.0}, got["latencies"]); d != "" || got["source"] != "kong" ||
		got["upstream_uri"] != "" || got["upstream_status"] != nil || len(got["tries"].([]any)) != 0 || got["request"].(map[string]any)["tls"] != nil {
		t.Errorf("%v %s", got, d)
	}
}
