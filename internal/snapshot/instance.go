package snapshot

import (
	"errors"
	"fmt"
	"reflect"
	"runtime/debug"
	"strings"

	"github.com/gibbon-gateway/gibbon/entity"
	"github.com/gibbon-gateway/gibbon/plugin"
)

// Instance is a plugin made from one configuration, with the phases that it has.
type Instance struct {
	ID, Name string
	*made

	Rewriter     plugin.Rewriter
	Accessor     plugin.Accessor
	Responder    plugin.Responder
	HeaderFilter plugin.HeaderFilter
	Recorder     plugin.Recorder

	scope     plugin.Scope
	level     int // of the scope; see levelOf
	protocols Protocols
}

// made is what is taken over from one snapshot to the next as long as configuration and scope stay the same.
type made struct {
	Plugin any // what the type's build function returned; nil if it failed

	err    error // why there is no Plugin
	id     string
	kind   *plugin.Type
	source *entity.Plugin
	tasks  *tasks
	// identity names the request fields that the plugin may set to tell who sends the request, in lower case with "-" for "_".
	identity []string
}

// Runs reports whether the instance is for requests of a protocol.
func (i *Instance) Runs(p Protocols) bool { return i.protocols&p != 0 }

// Protocols is a set of the protocols of requests.
type Protocols uint8

// The protocols.
const (
	HTTP Protocols = 1 << iota
	HTTPS
	GRPC
	GRPCS
)

func protocols(names []string) (p Protocols) {
	for _, n := range names {
		switch n {
		case "http":
			p |= HTTP
		case "https":
			p |= HTTPS
		case "grpc":
			p |= GRPC
		case "grpcs":
			p |= GRPCS
		}
	}
	return p
}

// instances makes the instances of all enabled plugins that see requests, or takes them over.
func (b *builder) instances() map[string]*Instance {
	all := entity.All[entity.Plugin](b.set)
	out := make(map[string]*Instance, len(all))
	for _, p := range all {
		if !p.Enabled || protocols(p.Protocols) == 0 {
			continue
		}
		kind := b.opts.Types[p.Name]
		if kind == nil {
			b.problem("plugins", p.ID, fmt.Errorf("plugin '%s' is not known", p.Name))
			continue
		}
		m := b.made(p, kind)
		out[p.ID] = m.instance(p)
	}
	return out
}

// made takes the previous snapshot's plugin over, or makes a new one.
func (b *builder) made(p *entity.Plugin, kind *plugin.Type) *made {
	if old := b.prev.instances[p.ID]; old != nil && old.kind == kind && old.Plugin != nil && sameInstance(old.source, p) {
		return old.made
	}
	env := b.opts.Env
	env.ID, env.Scope = p.ID, scopeOf(p)
	env.Log = env.Log.With("plugin", p.Name, "plugin_id", p.ID)
	if b.opts.Directory != nil {
		env.Find = b.opts.Directory
	}
	m := &made{id: p.ID, kind: kind, source: p, tasks: newTasks(env.Log)}
	env.Go = m.tasks.start
	var err error
	if m.Plugin, m.identity, err = build(kind, p.Config, env); err != nil {
		m.tasks.stop()
		b.problem("plugins", p.ID, fmt.Errorf("plugin '%s': %w", p.Name, err))
		m.Plugin, m.err = nil, err
	}
	return m
}

// identity returns the names of the request fields that an instance may set to tell who sends the request.
func identity(kind *plugin.Type, instance any) (names []string) {
	if kind.Auth {
		names = plugin.ConsumerFields()
	}
	if s, ok := instance.(plugin.IdentitySetter); ok {
		names = append(names, s.IdentityFields()...)
	}
	for i, name := range names {
		names[i] = strings.ReplaceAll(strings.ToLower(name), "_", "-")
	}
	return names
}

// sameInstance reports whether two configurations make the same instance.
func sameInstance(a, b *entity.Plugin) bool {
	return a == b || scopeOf(a) == scopeOf(b) && reflect.DeepEqual(a.Config, b.Config)
}

func scopeOf(p *entity.Plugin) plugin.Scope {
	return plugin.Scope{Route: idOf(p.Route), Service: idOf(p.Service), Consumer: idOf(p.Consumer), ConsumerGroup: idOf(p.ConsumerGroup)}
}

func idOf(r *entity.Ref) string {
	if r == nil {
		return ""
	}
	return r.ID
}

// instance finds the phases of a plugin.
func (m *made) instance(p *entity.Plugin) *Instance {
	i := &Instance{ID: p.ID, Name: p.Name, made: m, scope: scopeOf(p), protocols: protocols(p.Protocols)}
	i.level = levelOf(i.scope)
	if m.err != nil {
		i.Accessor = refusing{m.err}
		return i
	}
	i.Rewriter, _ = m.Plugin.(plugin.Rewriter)
	i.Accessor, _ = m.Plugin.(plugin.Accessor)
	i.Responder, _ = m.Plugin.(plugin.Responder)
	i.HeaderFilter, _ = m.Plugin.(plugin.HeaderFilter)
	i.Recorder, _ = m.Plugin.(plugin.Recorder)
	return i
}

// refusing stands in for a plugin that could not be made: what it may have protected stays closed.
type refusing struct{ err error }

func (r refusing) Access(*plugin.Exchange) error {
	return fmt.Errorf("plugin could not be started: %w", r.err)
}

// build calls a plugin's own code, which may panic.
func build(kind *plugin.Type, config map[string]any, env plugin.Env) (made any, fields []string, err error) {
	defer func() {
		if p := recover(); p != nil {
			env.Log.Error("panic while a plugin was made", "panic", p, "stack", string(debug.Stack()))
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	made, err = kind.New(config, env)
	if err == nil && made == nil {
		err = errors.New("no instance was made")
	}
	if err != nil {
		return nil, nil, err
	}
	return made, identity(kind, made), nil
}
