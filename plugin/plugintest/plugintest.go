// Package plugintest runs one plugin without a proxy, for the tests of plugins: New makes an instance of a JSON
// configuration the way the gateway does, Run takes a request through its phases and says what the upstream would have been
// asked and what the client would have got. It does not match routes, pick among configurations, or forward.
package plugintest

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/gibbon-gateway/gibbon/internal/metrics"
	"github.com/gibbon-gateway/gibbon/plugin"
	"github.com/gibbon-gateway/gibbon/schema"
)

// Config returns the processed configuration of a JSON document, or the schema's errors.
func Config(t *plugin.Type, config string) (map[string]any, schema.Errors) {
	doc := map[string]any{}
	if config != "" {
		d := json.NewDecoder(bytes.NewReader([]byte(config)))
		d.UseNumber()
		if err := d.Decode(&doc); err != nil {
			return nil, schema.Errors{"@json": err.Error()}
		}
	}
	return t.Config.Process(doc, schema.Options{Op: schema.Create})
}

// New makes an instance of a JSON configuration; "" is an empty one. The test fails if the configuration is not valid. Empty fields
// of env get useful values; the test ends background tasks and closes the instance.
func New(tb testing.TB, t *plugin.Type, config string, env plugin.Env) *Instance {
	tb.Helper()
	doc, errs := Config(t, config)
	if len(errs) > 0 {
		tb.Fatalf("configuration of %s: %s", t.Name, errs.Message())
	}
	var p any
	tb.Cleanup(func() { // runs behind that of complete: background tasks have ended when Close is called
		if c, ok := p.(plugin.Closer); ok {
			if err := c.Close(); err != nil {
				tb.Errorf("close %s: %v", t.Name, err)
			}
		}
	})
	p, err := t.New(doc, complete(tb, env))
	if err != nil {
		tb.Fatalf("make %s: %v", t.Name, err)
	}
	return &Instance{Plugin: p, T: tb}
}

func complete(tb testing.TB, env plugin.Env) plugin.Env {
	if env.ID == "" {
		env.ID = "00000000-0000-4000-8000-000000000001"
	}
	if env.Log == nil {
		env.Log = slog.New(slog.DiscardHandler)
	}
	if env.Now == nil {
		env.Now = time.Now
	}
	if env.Find == nil {
		env.Find = &Directory{}
	}
	if env.Metrics == nil {
		env.Metrics = new(metrics.Registry)
	}
	if env.Go == nil {
		ctx, cancel := context.WithCancel(context.Background())
		var tasks sync.WaitGroup
		tb.Cleanup(func() { cancel(); tasks.Wait() })
		env.Go = func(_ string, run func(context.Context)) { tasks.Go(func() { run(ctx) }) }
	}
	return env
}
