package admin

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"mime"
	"net/http"
	"strings"
	"sync"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/gibbon-gateway/gibbon/entity"
	"github.com/gibbon-gateway/gibbon/internal/source"
	"github.com/gibbon-gateway/gibbon/internal/store"
)

var (
	errDatabase = fail(http.StatusBadRequest, "this endpoint is only available when Kong is configured to not use a database")
	errNoConfig = fail(http.StatusBadRequest, "expected a declarative configuration")
)

// configHash names the configuration in force: Kong's zeros while there is none.
func (a *api) configHash() string {
	if c, _ := a.Declared.Current(); c != nil {
		return c.Hash
	}
	return strings.Repeat("0", 32)
}

// showConfig answers GET /config with the configuration in force: one YAML document, lists by kind, without nulls.
func (a *api) showConfig(*call) (reply, error) {
	if a.Declared == nil {
		return reply{}, errDatabase
	}
	doc := map[string]any{"_format_version": "3.0", "_transform": false}
	if _, set := a.Declared.Current(); set != nil {
		for _, k := range entity.Kinds() {
			list := []any{}
			for _, o := range set.Objects(k) {
				var v map[string]any
				if err := json.Unmarshal(o.Doc, &v); err != nil {
					return reply{}, err
				}
				// A time to live goes on from where it is. One of less than a second would come back as one for ever.
				if !k.Show(v, time.Now()) || v["ttl"] == int64(0) {
					continue
				}
				if k.Derived {
					delete(v, "id")
				}
				list = append(list, plain(v))
			}
			if len(list) > 0 {
				doc[k.Name] = list
			}
		}
	}
	text, err := yaml.Marshal(doc)
	return ok(map[string]any{"config": string(text)}), err
}

// plain takes nulls out of a document, makes whole numbers of those that are, and writes references as ids, the form that
// files have them in.
func plain(v any) any {
	switch v := v.(type) {
	case map[string]any:
		if id, isText := v["id"].(string); isText && len(v) == 1 {
			return id
		}
		out := map[string]any{}
		for name, e := range v {
			if e != nil {
				out[name] = plain(e)
			}
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = plain(e)
		}
		return out
	case float64:
		if n := int64(v); float64(n) == v {
			return n
		}
	}
	return v
}

// load answers POST /config: it replaces the configuration.
func (a *api) load(c *call) (reply, error) {
	if a.Declared == nil {
		return reply{}, errDatabase
	}
	text, err := c.declaration()
	if err != nil {
		return reply{}, err
	}
	config, err := source.Parse(text, source.Options{Plugin: a.pluginSchema})
	if err != nil {
		return reply{}, c.invalidConfig(err)
	}
	if c.query.Get("check_hash") == "1" && config.Hash == a.configHash() {
		return reply{status: http.StatusNotModified}, nil
	}
	set := a.Declared.Apply(config)
	lists := map[string]map[string]any{}
	err = a.Store.View(c.r.Context(), func(tx store.Tx) error {
		for _, k := range entity.Kinds() {
			for _, o := range set.Objects(k) {
				if lists[k.Name] == nil {
					lists[k.Name] = map[string]any{}
				}
				shown, err := a.showRaw(tx, k, o.Doc)
				if err != nil {
					return err
				}
				lists[k.Name][o.ID] = shown
			}
		}
		return nil
	})
	return reply{http.StatusCreated, lists}, err
}

// invalidConfig is the fault for a configuration that is refused.
func (c *call) invalidConfig(err error) error {
	var invalid *source.Invalid
	if !errors.As(err, &invalid) {
		return err
	}
	f := &fault{status: http.StatusBadRequest, code: 14, name: "invalid declarative configuration", message: invalid.Error(),
		fields: invalid.Fields()}
	if c.query.Get("flatten_errors") == "1" {
		f.flattened, f.fields, f.message = flatten(invalid)
	}
	return f
}

func flatten(invalid *source.Invalid) (list, fields any, message string) {
	list, fields, message = invalid.Flatten()
	return list, fields, message
}

// declaration returns the configuration in a body: the body itself, or its field config.
func (c *call) declaration() ([]byte, error) {
	kind, _, _ := mime.ParseMediaType(c.r.Header.Get("Content-Type"))
	switch kind {
	case "application/yaml", "text/yaml", "application/x-yaml":
		text, err := c.text()
		if err == nil && len(bytes.TrimSpace(text)) == 0 {
			err = errNoConfig
		}
		return text, err
	case "application/json":
		text, err := c.text()
		if err != nil {
			return nil, err
		}
		if err := c.readJSON(text, ""); err != nil {
			return nil, err
		}
		if config, isText := c.body["config"].(string); isText {
			return []byte(config), nil
		}
		if len(c.body) == 0 {
			return nil, errNoConfig
		}
		return text, nil
	}
	if err := c.readBody(); err != nil {
		return nil, err
	}
	if text, isText := c.body["config"].(string); isText {
		return []byte(text), nil
	}
	return nil, errNoConfig
}

// fixed is a store that holds the current declarative configuration, for reading.
type fixed struct {
	declared *source.Declared
	mu       sync.Mutex
	set      *entity.Set
	memory   *store.Memory
}

// current returns a store with what is declared now.
func (f *fixed) current() (*store.Memory, error) {
	_, set := f.declared.Current()
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.memory != nil && f.set == set {
		return f.memory, nil
	}
	memory := &store.Memory{}
	if set != nil {
		err := memory.Update(context.Background(), func(tx store.Tx) error {
			for _, k := range entity.Kinds() {
				for _, o := range set.Objects(k) {
					if err := tx.Insert(k, o.Doc); err != nil {
						return err
					}
				}
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	f.set, f.memory = set, memory
	return memory, nil
}

func (f *fixed) View(ctx context.Context, fn func(store.Tx) error) error {
	memory, err := f.current()
	if err != nil {
		return err
	}
	return memory.View(ctx, fn)
}

func (f *fixed) Update(context.Context, func(store.Tx) error) error { return store.ErrReadOnly }
