// Package stage helps to test the bundled plugins: it makes instances of configurations that went through the schema, checks
// their schemas and refusals, and runs the samples of their README.md files. Its main type is Stage. Running a request is
// plugintest's part.
package stage

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/gibbon-gateway/gibbon/entity"
	"github.com/gibbon-gateway/gibbon/internal/metrics"
	"github.com/gibbon-gateway/gibbon/internal/statedb/memory"
	"github.com/gibbon-gateway/gibbon/internal/store"
	"github.com/gibbon-gateway/gibbon/internal/store/ledger"
	"github.com/gibbon-gateway/gibbon/plugin"
	"github.com/gibbon-gateway/gibbon/plugin/plugintest"
	"github.com/gibbon-gateway/gibbon/schema"
	"github.com/gibbon-gateway/gibbon/schema/schematest"
	"github.com/gibbon-gateway/gibbon/state"
)

// Stage is what instances get from their gateway. Fields may be changed before an instance is made.
type Stage struct {
	plugintest.Directory
	State   state.Store
	Cluster state.Counters
	Store   *store.Memory // of the entities that Put has stored, and of what plugins issue
	Secret  func(name string) ([]byte, error)
	Now     func() time.Time
	Log     io.Writer
	Scope   plugin.Scope

	issued sync.Once
	ledger *ledger.Ledger
}

// New makes an empty stage with a state in memory.
func New(t testing.TB) *Stage {
	local := memory.New(memory.Options{SweepEvery: -1})
	t.Cleanup(func() {
		if err := local.Close(); err != nil {
			t.Error(err)
		}
	})
	log := &lasting{w: t.Output()}
	t.Cleanup(log.end)
	return &Stage{State: local, Store: new(store.Memory), Now: time.Now, Log: log}
}

// lasting is a test's output until the test ends: background work of an instance may log a little longer.
type lasting struct {
	mu sync.Mutex
	w  io.Writer
}

// Write implements io.Writer.
func (l *lasting) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(p)
}

func (l *lasting) end() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.w = io.Discard
}

// Process puts a configuration, in YAML, through the schema of a plugin.
func Process(typ *plugin.Type, config string) (map[string]any, schema.Errors) {
	doc := map[string]any{}
	if err := yaml.Unmarshal([]byte(config), &doc); err != nil {
		return nil, schema.Errors{"yaml": err.Error()}
	}
	return typ.Config.Process(doc, schema.Options{Op: schema.Create, Now: time.Now()})
}

// Make makes an instance of a configuration, in YAML.
func (s *Stage) Make(typ *plugin.Type, config string) (any, error) {
	doc, errs := Process(typ, config)
	if len(errs) > 0 {
		return nil, errors.New(errs.Message())
	}
	return typ.New(doc, plugin.Env{
		ID:      PluginID,
		Scope:   s.Scope,
		Log:     slog.New(slog.NewTextHandler(s.Log, nil)),
		State:   s.State,
		Cluster: s.Cluster,
		Secret:  s.Secret,
		Find:    &s.Directory,
		Ledger:  s.Ledger(),
		Now:     s.Now,
		Metrics: new(metrics.Registry),
	})
}

// PluginID is the id of all instances.
const PluginID = "00000000-0000-4000-8000-000000000001"

// Ledger returns the ledger that instances get, over Store.
func (s *Stage) Ledger() *ledger.Ledger {
	s.issued.Do(func() {
		if s.Store == nil {
			s.Store = new(store.Memory)
		}
		s.Store.Now = func() time.Time { return s.Now() }
		s.ledger = ledger.New(s.Store, s.Store.Now)
	})
	return s.ledger
}

// Put completes an entity, stores it, and makes it found by what Directory looks up. It returns the entity.
func (s *Stage) Put(t testing.TB, kind string, doc map[string]any) any {
	t.Helper()
	k := entity.KindOf(kind)
	if kind != "plugins" {
		done, errs := k.Prepare(doc, schema.Options{Op: schema.Create, Now: s.Now()})
		if len(errs) > 0 {
			t.Fatalf("%s: %s", kind, errs.Message())
		}
		doc = done
	}
	raw, err := json.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Ledger().Update(t.Context(), func(tx store.Tx) error { return tx.Put(k, raw) }); err != nil {
		t.Fatal(err)
	}
	if s.Set, err = s.Store.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.Consumers = entity.All[entity.Consumer](s.Set)
	v, err := k.Decode(raw)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// Instance is Make for a configuration that must be right. The test closes the instance.
func (s *Stage) Instance(t testing.TB, typ *plugin.Type, config string) *plugintest.Instance {
	t.Helper()
	p, err := s.Make(typ, config)
	if err != nil {
		t.Fatalf("%s: %v", typ.Name, err)
	}
	if c, ok := p.(plugin.Closer); ok {
		t.Cleanup(func() {
			if err := c.Close(); err != nil {
				t.Errorf("close %s: %v", typ.Name, err)
			}
		})
	}
	return &plugintest.Instance{Plugin: p, T: t}
}

// Schema compares what GET /schemas/plugins/{name} answers with Kong's answer in testdata/schema.json.
func Schema(t *testing.T, typ *plugin.Type) {
	t.Helper()
	schematest.Golden(t, typ.Schema(), "testdata/schema.json")
}

// Bad is a configuration, in YAML, and a part of what is said about it: "config.field: text".
type Bad struct{ Config, Want string }

// BadConfig checks that configurations are refused, each with the right words and at the right field.
func BadConfig(t *testing.T, typ *plugin.Type, list []Bad) {
	t.Helper()
	for _, bad := range list {
		doc := map[string]any{}
		if err := yaml.Unmarshal([]byte(bad.Config), &doc); err != nil {
			t.Fatalf("%v in %s", err, bad.Config)
		}
		_, errs := typ.Schema().Process(map[string]any{"config": doc}, schema.Options{Op: schema.Create, Now: time.Now()})
		if said := flatten("", errs); !slices.ContainsFunc(said, func(s string) bool { return strings.Contains(s, bad.Want) }) {
			t.Errorf("%s: got %q, want %q", bad.Config, said, bad.Want)
		}
	}
}

// flatten writes errors as "path: text".
func flatten(path string, v any) (said []string) {
	switch v := v.(type) {
	case schema.Errors:
		return flatten(path, map[string]any(v))
	case map[string]any:
		for name, e := range v {
			said = append(said, flatten(strings.TrimPrefix(path+"."+name, "."), e)...)
		}
	case []any:
		for i, e := range v {
			said = append(said, flatten(fmt.Sprintf("%s[%d]", path, i+1), e)...)
		}
	case []string:
		for _, e := range v {
			said = append(said, path+": "+e)
		}
	case string:
		said = append(said, path+": "+v)
	}
	slices.Sort(said)
	return said
}
