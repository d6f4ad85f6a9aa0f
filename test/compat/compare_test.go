package compat_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
	"strings"

	"github.com/google/go-cmp/cmp"
)

// comparison compares JSON. What cannot be equal is made so where it is of the same kind: times, generated keys, and ids
// that Kong made up, which are taken for those made up here from their first use on.
type comparison struct {
	ids map[string]string // ours → Kong's
}

var (
	uuid    = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)
	anyUUID = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)
	madeUp  = regexp.MustCompile(`^[0-9A-Za-z]{32}$`)
)

// json describes how two JSON texts differ.
func (c *comparison) json(want, got string) string {
	var w, g any
	if err := json.Unmarshal([]byte(want), &w); err != nil {
		return differ("body", want, got)
	}
	got = anyUUID.ReplaceAllStringFunc(got, func(id string) string {
		if kongs, ok := c.ids[id]; ok {
			return kongs
		}
		return id
	})
	if err := json.Unmarshal([]byte(got), &g); err != nil {
		return differ("body", want, got)
	}
	if m, ok := w.(map[string]any); ok && m["fields"] != nil && m["code"] == nil {
		unmark(w)
		unmark(g)
	}
	reorder(w, g, c.ids)
	w, g = c.align("", w, g)
	if d := cmp.Diff(w, g); d != "" {
		return "body (-Kong +here):\n" + d
	}
	return ""
}

// align makes values equal that need not be.
func (c *comparison) align(name string, w, g any) (any, any) {
	switch w := w.(type) {
	case map[string]any:
		g, ok := g.(map[string]any)
		if !ok {
			return w, g
		}
		for k := range w {
			if _, has := g[k]; has {
				w[k], g[k] = c.align(k, w[k], g[k])
			}
		}
		delete(w, "description")
		delete(g, "description")
		return w, g
	case []any:
		g, ok := g.([]any)
		if !ok || len(w) != len(g) {
			return w, g
		}
		for i := range w {
			w[i], g[i] = c.align(name, w[i], g[i])
		}
		return w, g
	case float64:
		g, ok := g.(float64)
		switch {
		case ok && (name == "created_at" || name == "updated_at") && g > 1e9 && g < 1e10:
			return 0.0, 0.0
		case ok && name == "ttl" && math.Abs(w-g) <= 2:
			return w, w
		}
		return w, g
	case string:
		g, ok := g.(string)
		switch {
		case ok && uuid.MatchString(w) && uuid.MatchString(g) && w != g && !slices.Contains(slices.Collect(maps.Values(c.ids)), w):
			c.ids[g] = w
			return w, w
		case ok && name == "key" && madeUp.MatchString(w) && madeUp.MatchString(g):
			return w, w
		}
		return w, g
	}
	return w, g
}

// reorder brings a list that holds ids of ours, and so has an order of ours, into Kong's order.
func reorder(w, g any, ids map[string]string) {
	wm, ok1 := w.(map[string]any)
	gm, ok2 := g.(map[string]any)
	if !ok1 || !ok2 || len(ids) == 0 {
		return
	}
	wl, ok1 := wm["data"].([]any)
	gl, ok2 := gm["data"].([]any)
	if !ok1 || !ok2 {
		return
	}
	place := map[string]int{}
	for i, v := range wl {
		place[id(v)] = i
	}
	if !slices.ContainsFunc(wl, func(v any) bool { return slices.Contains(slices.Collect(maps.Values(ids)), id(v)) }) {
		return
	}
	slices.SortStableFunc(gl, func(a, b any) int { return place[id(a)] - place[id(b)] })
}

func id(v any) string {
	m, _ := v.(map[string]any)
	s, _ := m["id"].(string)
	return s
}

// special compares answers that cannot be equal as a whole: they tell what a node is made of.
var special = map[string]func(want, got map[string]any) []string{
	"a001-root":            compareRoot,
	"a002-status":          compareStatus,
	"a003-endpoints":       compareEndpoints,
	"a073-tags-list":       compareTags,
	"c020-plugins-enabled": comparePlugins,
}

// sameShape wants everything of w in g, of the same type; values of names in equal are equal.
func sameShape(path string, w, g any, equal ...string) (wrong []string) {
	if slices.Contains(equal, path) {
		if d := cmp.Diff(w, g); d != "" {
			wrong = append(wrong, path+": "+d)
		}
		return wrong
	}
	wm, isMap := w.(map[string]any)
	if !isMap {
		if fmt.Sprintf("%T", w) != fmt.Sprintf("%T", g) && w != nil {
			wrong = append(wrong, fmt.Sprintf("%s: Kong has a %T, here is a %T", path, w, g))
		}
		return wrong
	}
	gm, _ := g.(map[string]any)
	for name, v := range wm {
		below := strings.TrimPrefix(path+"."+name, ".")
		if _, has := gm[name]; !has {
			wrong = append(wrong, below+" is missing")
			continue
		}
		wrong = append(wrong, sameShape(below, v, gm[name], equal...)...)
	}
	return wrong
}

func compareRoot(want, got map[string]any) []string {
	kongs := want["plugins"].(map[string]any)["available_on_server"].(map[string]any)
	ours, _ := got["plugins"].(map[string]any)["available_on_server"].(map[string]any)
	var wrong []string
	for name, v := range ours {
		if k, has := kongs[name]; has {
			wrong = append(wrong, sameShape("plugins."+name, k, v, "plugins."+name)...)
		}
	}
	want["plugins"].(map[string]any)["available_on_server"] = map[string]any{}
	delete(want, "configuration") // the settings are another package's; it has its own test
	return append(wrong, sameShape("", want, got, "version", "tagline", "edition")...)
}

func compareStatus(want, got map[string]any) []string {
	want["memory"].(map[string]any)["lua_shared_dicts"] = map[string]any{}
	return sameShape("", want, got, "database.reachable")
}

// compareEndpoints wants no paths that Kong does not have, and those that Kong has but for what belongs to plugins and
// kinds of entities that are listed as missing.
func compareEndpoints(want, got map[string]any) (wrong []string) {
	ours := got["data"].([]any)
	if !slices.IsSortedFunc(ours, func(a, b any) int { return strings.Compare(a.(string), b.(string)) }) {
		wrong = append(wrong, "the list is not sorted")
	}
	for _, p := range ours {
		if !slices.Contains(want["data"].([]any), p) && !ownPath.MatchString(p.(string)) {
			wrong = append(wrong, fmt.Sprint("Kong has no ", p))
		}
	}
	for _, p := range want["data"].([]any) {
		if !slices.Contains(ours, p) && !missingPath.MatchString(p.(string)) {
			wrong = append(wrong, fmt.Sprint("missing: ", p))
		}
	}
	return wrong
}

func comparePlugins(want, got map[string]any) (wrong []string) {
	for _, p := range got["enabled_plugins"].([]any) {
		if !slices.Contains(want["enabled_plugins"].([]any), p) && !slices.Contains(ownPlugins, p.(string)) {
			wrong = append(wrong, fmt.Sprint("Kong has no ", p))
		}
	}
	return wrong
}

// compareTags does not look at the order: Kong's rows are ordered by entity, ours by tag.
func compareTags(want, got map[string]any) []string {
	byText := func(a, b any) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) }
	for _, m := range []map[string]any{want, got} {
		if rows, ok := m["data"].([]any); ok {
			slices.SortFunc(rows, byText)
		}
	}
	if d := cmp.Diff(want, got); d != "" {
		return []string{d}
	}
	return nil
}

// unmark takes out of a schema what Kong's has only after it has checked values by it: that texts are not empty, elements
// required. Kong's schemas as they are at its start are goldens of the packages entity and plugins.
func unmark(schema any) {
	switch s := schema.(type) {
	case []any:
		for _, v := range s {
			unmark(v)
		}
	case map[string]any:
		if s["len_min"] == 1.0 {
			delete(s, "len_min")
		}
		for name, v := range s {
			if m, ok := v.(map[string]any); ok && (name == "elements" || name == "keys" || name == "values") {
				delete(m, "required")
			}
			unmark(v)
		}
	}
}
