package audit_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"example.com/hello-gateway/audit"

	"github.com/gibbon-gateway/gibbon/plugin"
	"github.com/gibbon-gateway/gibbon/plugin/plugintest"
)

func TestAudit(t *testing.T) {
	bodies := make(chan []byte, 10)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		bodies <- body
	}))
	t.Cleanup(server.Close)
	a := plugintest.New(t, audit.Type, `{"url":"`+server.URL+`","queue":{"max_batch_size":2,"max_coalescing_delay":60}}`, plugin.Env{})
	for _, target := range []string{"/a", "/b"} {
		a.Run(plugintest.Request{Target: target}, plugintest.Reply{Status: 204})
	}
	select {
	case body := <-bodies:
		var entries []plugin.LogEntry
		if err := json.Unmarshal(body, &entries); err != nil {
			t.Fatal(err)
		}
		if len(entries) != 2 || entries[1].Request.URI != "/b" || entries[1].Response.Status != 204 {
			t.Errorf("got %s", body)
		}
	case <-time.After(time.Minute):
		t.Fatal("nothing was sent")
	}
}
