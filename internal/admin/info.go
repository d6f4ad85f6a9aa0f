package admin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"net/http"
	"os"
	"runtime"
	"runtime/metrics"
	"slices"
	"strconv"
	"time"

	"github.com/gibbon-gateway/gibbon/entity"
	"github.com/gibbon-gateway/gibbon/internal/store"
)

// mountNode adds the paths that tell about this node.
func (a *api) mountNode() {
	a.on("GET /", a.about)
	a.on("GET /status", a.status)
	a.on("GET /endpoints", func(*call) (reply, error) { return ok(map[string]any{"data": a.patterns}), nil })
	a.on("GET /plugins/enabled", func(*call) (reply, error) {
		return ok(map[string]any{"enabled_plugins": a.pluginNames()}), nil
	})
	a.on("GET /tags", a.tags)
	a.on("GET /tags/{tags}", a.tags)
	a.on("GET /config", a.showConfig)
	a.on("POST /config", a.load).raw = true
}

// pluginNames returns the names of the known plugins, sorted.
func (a *api) pluginNames() []string {
	names := slices.Sorted(maps.Keys(a.Plugins))
	if names == nil {
		names = []string{}
	}
	return names
}

// about answers GET /. Clients read version, configuration and plugins; timers and pids are there as Kong has them.
func (a *api) about(c *call) (reply, error) {
	available := map[string]any{}
	for name, t := range a.Plugins {
		available[name] = map[string]any{"version": t.Version, "priority": t.Priority}
	}
	used, err := a.usedPlugins(c.r.Context())
	if err != nil {
		return reply{}, err
	}
	settings := map[string]any{}
	if a.Settings != nil {
		settings = a.Settings()
	}
	hostname, _ := os.Hostname()
	return ok(map[string]any{
		"tagline":       "Welcome to kong",
		"version":       Dialect,
		"edition":       "community",
		"gibbon":        map[string]any{"version": a.Version, "go": runtime.Version()},
		"hostname":      hostname,
		"node_id":       a.NodeID,
		"lua_version":   "none",
		"pids":          map[string]any{"master": os.Getpid(), "workers": []int{os.Getpid()}},
		"timers":        map[string]any{"running": 0, "pending": 0},
		"plugins":       map[string]any{"available_on_server": available, "enabled_in_cluster": used},
		"configuration": settings,
	}), nil
}

// usedPlugins returns the names of the plugins that are configured somewhere. Without the database it is empty: the rest
// of GET / matters more.
func (a *api) usedPlugins(ctx context.Context) ([]string, error) {
	names := map[string]bool{}
	kind := entity.KindOf("plugins")
	if kind == nil {
		return []string{}, nil
	}
	err := a.Store.View(ctx, func(tx store.Tx) error {
		clear(names)
		for q := (store.Query{Size: maxSize}); ; {
			page, err := tx.List(kind, q)
			if err != nil {
				return err
			}
			for _, raw := range page.Docs {
				var p struct{ Name string }
				if err := json.Unmarshal(raw, &p); err != nil {
					return err
				}
				names[p.Name] = true
			}
			if page.Next == "" {
				return nil
			}
			q.After = page.Next
		}
	})
	if err != nil && !errors.Is(err, store.ErrUnavailable) {
		return nil, err
	}
	return slices.AppendSeq([]string{}, slices.Values(slices.Sorted(maps.Keys(names)))), nil
}

// status answers GET /status.
func (a *api) status(c *call) (reply, error) {
	size, err := memoryText(c)
	if err != nil {
		return reply{}, err
	}
	var n Counters
	if a.Counters != nil {
		n = a.Counters()
	}
	answer := map[string]any{
		"memory": map[string]any{
			"workers_lua_vms":  []any{map[string]any{"pid": os.Getpid(), "http_allocated_gc": size}},
			"lua_shared_dicts": map[string]any{},
		},
		"server": map[string]any{
			"connections_active": n.Active, "connections_reading": n.Reading, "connections_writing": n.Writing,
			"connections_waiting": n.Waiting, "connections_accepted": n.Accepted, "connections_handled": n.Handled,
			"total_requests": n.Requests,
		},
		"database": map[string]any{"reachable": a.reachable(c.r.Context())},
		"gibbon":   map[string]any{"problems": a.problems()},
	}
	if a.Declared != nil {
		answer["configuration_hash"] = a.configHash()
	}
	return ok(answer), nil
}

// problems lists the objects that are left out of what is in force.
func (a *api) problems() []any {
	list := []any{}
	if a.Problems == nil {
		return list
	}
	for _, p := range a.Problems() {
		list = append(list, map[string]any{"entity_name": p.Kind, "entity_id": p.ID, "message": p.Err.Error()})
	}
	return list
}

// reachable asks the database for a document that does not have to be there.
func (a *api) reachable(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	err := a.Store.View(ctx, func(tx store.Tx) error {
		for _, k := range entity.Kinds() {
			_, err := tx.List(k, store.Query{Size: 1})
			return err
		}
		return nil
	})
	return err == nil
}

// units of ?unit= and how many bytes they have.
var units = map[string]struct {
	bytes float64
	name  string
}{"b": {1, "B"}, "k": {1 << 10, "KiB"}, "m": {1 << 20, "MiB"}, "g": {1 << 30, "GiB"}}

// memoryText tells the memory in use in the unit and with the digits that a request asks for.
func memoryText(c *call) (any, error) {
	name, scale := "m", 2
	if c.query.Has("unit") {
		name = c.query.Get("unit")
	}
	unit, known := units[name]
	if !known {
		return nil, fail(http.StatusBadRequest, "invalid unit '"+name+"' (expected 'k/K', 'm/M', or 'g/G')")
	}
	if c.query.Has("scale") {
		var err error
		if scale, err = strconv.Atoi(c.query.Get("scale")); err != nil || scale < 0 || scale > 3 {
			return nil, fail(http.StatusBadRequest, "scale must be an integer between 0 and 3")
		}
	}
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(sample)
	used := float64(sample[0].Value.Uint64())
	if name == "b" {
		return int64(math.Round(used)), nil
	}
	return fmt.Sprintf("%.*f %s", scale, used/unit.bytes, unit.name), nil
}
