// Package audit is the plugin audit: it sends what it knows of each request to an HTTP server, in batches, in the background.
package audit

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"

	"github.com/gibbon-gateway/gibbon/plugin"
)

type config struct {
	URL   string             `json:"url" conf:"required;url" doc:"Where to send the entries: a POST with a JSON array."`
	Queue plugin.QueueConfig `json:"queue"`
}

// Type is the plugin.
var Type = plugin.Define(plugin.Desc{
	Name:     "audit",
	Version:  "1.0.0",
	Priority: 10,
	Doc:      "Sends log entries to an HTTP server.",
}, build)

// auditor is one configuration at work.
type auditor struct {
	url     string
	client  *http.Client
	entries *plugin.Queue[[]byte]
	lost    plugin.Series
}

func build(c config, env plugin.Env) (any, error) {
	lost, err := env.Metrics.Counter("audit_entries_lost_total", "Entries that did not fit into the queue.", "plugin_id")
	if err != nil {
		return nil, err
	}
	a := &auditor{url: c.URL, client: env.HTTPClient(plugin.HTTPOptions{}), lost: lost.With(env.ID)}
	a.entries = plugin.NewQueue(env, "audit", c.Queue, func(entry []byte) int { return len(entry) }, a.send)
	return a, nil
}

// Record runs when the response was sent. It must not block: it leaves the entry in the queue.
func (a *auditor) Record(x *plugin.Exchange) {
	entry, err := json.Marshal(x.LogEntry())
	if err == nil {
		err = a.entries.Add(entry)
	}
	if err != nil {
		a.lost.Add(1)
	}
}

// send is called by the queue, and again with the same batch after an error.
func (a *auditor) send(ctx context.Context, batch [][]byte) error {
	body := append(append([]byte("["), bytes.Join(batch, []byte(","))...), ']')
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, a.url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	answer, err := a.client.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(answer.Body, 1<<20)) // so that the connection can be used again
	if answer.StatusCode >= 300 {
		return fmt.Errorf("the server answered %s", answer.Status)
	}
	return nil
}

// Close runs when the configuration is gone and the queue has sent what it had.
func (a *auditor) Close() error {
	a.client.CloseIdleConnections()
	return nil
}
