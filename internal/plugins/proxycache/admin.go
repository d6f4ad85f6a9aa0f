package proxycache

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/gibbon-gateway/gibbon/internal/plugins/proxycache/httpcache"
	"github.com/gibbon-gateway/gibbon/plugin"
)

// admin serves the paths of one name of the plugin.
type admin struct{ env plugin.AdminEnv }

// adminRoutes are Kong's paths, and three of ours: lists, and purges of some entries.
func adminRoutes(name string, env plugin.AdminEnv) []plugin.AdminRoute {
	a := &admin{env}
	route := func(pattern string, h http.HandlerFunc) plugin.AdminRoute {
		method, path, _ := strings.Cut(pattern, " ")
		return plugin.AdminRoute{Pattern: method + " /" + name + path, Handler: h}
	}
	return []plugin.AdminRoute{
		route("DELETE ", a.purge),
		route("GET ", a.list),
		route("GET /{cache_key}", a.read),
		route("DELETE /{cache_key}", a.remove),
		route("GET /{plugin_id}/caches", a.list),
		route("DELETE /{plugin_id}/caches", a.purge),
		route("GET /{plugin_id}/caches/{cache_key}", a.read),
		route("DELETE /{plugin_id}/caches/{cache_key}", a.remove),
	}
}

// caches returns the configurations that a request is about: one, or all, in the order of their ids. It answers the request when
// there is no such one.
func (a *admin) caches(w http.ResponseWriter, r *http.Request) (list []*cache, ok bool) {
	all := a.env.Instances()
	if id := r.PathValue("plugin_id"); id != "" {
		if c, ok := all[id].(*cache); ok {
			return []*cache{c}, true
		}
		w.WriteHeader(http.StatusNotFound)
		return nil, false
	}
	for _, p := range all {
		if c, ok := p.(*cache); ok {
			list = append(list, c)
		}
	}
	slices.SortFunc(list, func(a, b *cache) int { return strings.Compare(a.id, b.id) })
	return list, true
}

// visitAll calls yield with every entry of a configuration, from memory and from the shared store. at is where it is in the latter, or
// nil.
func (c *cache) visitAll(ctx context.Context, yield func(e *httpcache.Entry, at []byte) bool) error {
	more := true
	c.hub.store.Each(c.now(), func(e *httpcache.Entry) bool {
		if e.Owner == c.id {
			more = yield(e, nil)
		}
		return more
	})
	if c.remote == nil || !more {
		return nil
	}
	return c.remote.each(ctx, c.id+":", func(e *httpcache.Entry, at, _ []byte) bool { return yield(e, at) })
}

// read answers with a stored response, in Kong's form.
func (a *admin) read(w http.ResponseWriter, r *http.Request) {
	list, ok := a.caches(w, r)
	if !ok {
		return
	}
	for _, c := range list {
		e, err := c.byID(r.Context(), r.PathValue("cache_key"))
		switch {
		case err != nil:
			unavailable(w, err)
			return
		case e != nil:
			reply(w, http.StatusOK, stored(e))
			return
		}
	}
	w.WriteHeader(http.StatusNotFound)
}

// remove removes the responses at one key.
func (a *admin) remove(w http.ResponseWriter, r *http.Request) {
	list, ok := a.caches(w, r)
	if !ok {
		return
	}
	for _, c := range list {
		// First what is shared: what this node reads there meanwhile goes with the rest.
		id, found := r.PathValue("cache_key"), false
		var err error
		if c.remote != nil {
			found, err = c.remote.remove(r.Context(), c.id, id)
		}
		c.hub.store.Floor(c.id, c.now())
		c.hub.store.Each(c.now(), func(e *httpcache.Entry) bool {
			if e.Owner == c.id && e.ID() == id {
				c.hub.store.Remove(e)
				found = true
			}
			return true
		})
		if err != nil {
			unavailable(w, err)
			return
		}
		if found {
			w.WriteHeader(http.StatusNoContent)
			return
		}
	}
	w.WriteHeader(http.StatusNotFound)
}

// byID finds the newest entry at a key, or nil.
func (c *cache) byID(ctx context.Context, id string) (found *httpcache.Entry, err error) {
	c.hub.store.Each(c.now(), func(e *httpcache.Entry) bool {
		if e.Owner == c.id && e.ID() == id && (found == nil || e.Received.After(found.Received)) {
			found = e
		}
		return true
	})
	if found != nil || c.remote == nil {
		return found, nil
	}
	at := address(c.id, id)
	got, err := c.remote.store.GetAll(ctx, at)
	if err != nil || got[0] == nil {
		return nil, err
	}
	if found = opened(got[0], "", ""); found != nil {
		return found, nil
	}
	err = c.remote.each(ctx, string(at)+":", func(e *httpcache.Entry, _, _ []byte) bool {
		found = e
		return false
	})
	return found, err
}

// filter is which entries a list or a purge is about.
type filter struct{ prefix, host, route, tag string }

func filterOf(r *http.Request) filter {
	q := r.URL.Query()
	return filter{q.Get("prefix"), strings.ToLower(q.Get("host")), q.Get("route"), q.Get("tag")}
}

func (f filter) takes(e *httpcache.Entry) bool {
	host := e.Host()
	if i := strings.LastIndexByte(host, ':'); i >= 0 && !strings.Contains(f.host, ":") {
		host = host[:i]
	}
	return strings.HasPrefix(e.Target(), f.prefix) && (f.host == "" || f.host == host) && (f.route == "" || f.route == e.Route) &&
		(f.tag == "" || e.Tagged(f.tag))
}

// purge removes entries: all, or those with ?prefix, ?host, ?route or ?tag. With ?soft=true they stay, but are stale.
func (a *admin) purge(w http.ResponseWriter, r *http.Request) {
	list, ok := a.caches(w, r)
	if !ok {
		return
	}
	for name := range r.URL.Query() {
		if !slices.Contains([]string{"prefix", "host", "route", "tag", "soft"}, name) {
			reply(w, http.StatusBadRequest, map[string]string{"message": "unknown parameter '" + name + "'; known are prefix, host, route, tag and soft"})
			return
		}
	}
	soft, err := strconv.ParseBool(r.URL.Query().Get("soft"))
	if err != nil && r.URL.Query().Has("soft") {
		reply(w, http.StatusBadRequest, map[string]string{"message": "soft: expected true or false"})
		return
	}
	f := filterOf(r)
	for _, c := range list {
		if err := c.purge(r.Context(), f, soft); err != nil {
			unavailable(w, err)
			return
		}
	}
	w.WriteHeader(http.StatusNoContent)
}

// purge removes entries, or makes them stale. First those that are shared: what this node reads there meanwhile goes with the rest.
func (c *cache) purge(ctx context.Context, f filter, soft bool) (err error) {
	if c.remote != nil {
		err = c.remote.purge(ctx, c.id, f.takes, soft, c.now())
	}
	now := c.now()
	c.hub.store.Floor(c.id, now)
	c.hub.store.Each(now, func(e *httpcache.Entry) bool {
		switch {
		case e.Owner != c.id || !f.takes(e):
		case soft:
			e.Soften()
		default:
			c.hub.store.Remove(e)
		}
		return true
	})
	return err
}

// listed is an entry in a list.
type listed struct {
	Key    string   `json:"cache_key"`
	Plugin string   `json:"plugin_id"`
	Route  string   `json:"route_id"`
	Host   string   `json:"host"`
	Target string   `json:"target"`
	Status int      `json:"status"`
	Bytes  int      `json:"body_len"`
	Age    int64    `json:"age"`
	TTL    int64    `json:"ttl"`
	Fresh  bool     `json:"fresh"`
	Vary   string   `json:"vary,omitempty"`
	Tags   []string `json:"tags,omitempty"`
}

// listMax is how many entries a list has at most; ?size=N asks for fewer.
const listMax = 1000

// list answers with the entries that ?prefix, ?host, ?route and ?tag name, without bodies.
func (a *admin) list(w http.ResponseWriter, r *http.Request) {
	caches, ok := a.caches(w, r)
	if !ok {
		return
	}
	size := 100
	if text := r.URL.Query().Get("size"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > listMax {
			reply(w, http.StatusBadRequest, map[string]string{"message": "size: expected a number between 1 and 1000"})
			return
		}
		size = n
	}
	f := filterOf(r)
	list, seen := []listed{}, map[string]bool{}
	for _, c := range caches {
		err := c.visitAll(r.Context(), func(e *httpcache.Entry, _ []byte) bool {
			if name := e.ID() + e.VaryValue; f.takes(e) && !seen[name] {
				seen[name] = true
				list = append(list, c.listed(e))
			}
			return len(list) < size
		})
		if err != nil {
			unavailable(w, err)
			return
		}
		if len(list) >= size {
			break
		}
	}
	reply(w, http.StatusOK, map[string]any{"data": list, "bytes_in_memory": a.bytes(caches)})
}

func (a *admin) bytes(caches []*cache) (n int64) {
	for _, c := range caches {
		n += c.hub.store.Used(c.id)
	}
	return n
}

func (c *cache) listed(e *httpcache.Entry) listed {
	age := e.Age(c.now())
	return listed{Key: e.ID(), Plugin: e.Owner, Route: e.Route, Host: e.Host(), Target: e.Target(), Status: e.Status, Bytes: len(e.Body),
		Age: int64(age.Seconds()), TTL: int64(e.Terms.Lifetime.Seconds()), Fresh: e.Fresh(age), Vary: e.VaryNames, Tags: e.Tags}
}

// stored is an entry in Kong's form.
func stored(e *httpcache.Entry) map[string]any {
	headers := map[string]any{}
	for name, value := range e.Fields().All() {
		n, v := string(name), string(value)
		switch old := headers[n].(type) {
		case nil:
			headers[n] = v
		case string:
			headers[n] = []string{old, v}
		case []string:
			headers[n] = append(old, v)
		}
	}
	return map[string]any{"status": e.Status, "headers": headers, "body": string(e.Body), "body_len": len(e.Body),
		"timestamp": e.Received.Unix(), "ttl": int64(e.Terms.Lifetime.Seconds()), "version": 1}
}

func unavailable(w http.ResponseWriter, err error) {
	reply(w, http.StatusServiceUnavailable, map[string]string{"message": "the shared store cannot be reached: " + err.Error()})
}

func reply(w http.ResponseWriter, status int, body any) {
	text, err := json.Marshal(body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(text) // the client is gone
}
