// Package stage helps to test the bundled plugins: it makes instances of configurations that went through the schema, and
// runs the samples of their README.md files. Its main type is Stage. Running a request is plugintest's part.
package stage

import (
	"errors"
	"io"
	"log/slog"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/gibbon-gateway/gibbon/internal/statedb/memory"
	"github.com/gibbon-gateway/gibbon/plugin"
	"github.com/gibbon-gateway/gibbon/plugin/plugintest"
	"github.com/gibbon-gateway/gibbon/schema"
	"github.com/gibbon-gateway/gibbon/state"
)

// Stage is what instances get from their gateway. Fields may be changed before an instance is made.
type Stage struct {
	plugintest.Directory
	State state.Store
	Now   func() time.Time
	Log   io.Writer
	Scope plugin.Scope
}

// New makes an empty stage with a state in memory.
func New(t testing.TB) *Stage {
	store := memory.New(memory.Options{SweepEvery: -1})
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	return &Stage{State: store, Now: time.Now, Log: t.Output()}
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
		ID:    "00000000-0000-4000-8000-000000000001",
		Scope: s.Scope,
		Log:   slog.New(slog.NewTextHandler(s.Log, nil)),
		State: s.State,
		Find:  &s.Directory,
		Now:   s.Now,
	})
}

// Instance is Make for a configuration that must be right.
func (s *Stage) Instance(t testing.TB, typ *plugin.Type, config string) *plugintest.Instance {
	t.Helper()
	p, err := s.Make(typ, config)
	if err != nil {
		t.Fatalf("%s: %v", typ.Name, err)
	}
	return &plugintest.Instance{Plugin: p, T: t}
}
