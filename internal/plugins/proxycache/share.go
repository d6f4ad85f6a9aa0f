package proxycache

import (
	"context"

	"github.com/gibbon-gateway/gibbon/internal/plugins/proxycache/httpcache"
	"github.com/gibbon-gateway/gibbon/plugin"
)

// fetch asks the shared store, and notes what it says.
func (c *cache) fetch(s *scratch, x *plugin.Exchange) (*httpcache.Entry, error) {
	uri := s.uri
	if !c.rfc {
		uri = nil
	}
	e, saw, err := c.remote.ask(c.id, httpcache.ID(s.key), uri, &x.Request.Header, s.names)
	if err != nil {
		c.failed("get", err)
		return nil, err
	}
	s.saw = saw
	if e != nil && (string(e.Key()) != string(s.key) || string(e.URI()) != string(s.uri)) {
		return nil, nil
	}
	return e, nil
}

// look asks the shared store before the upstream is asked, if find has not done so.
func (c *cache) look(s *scratch, x *plugin.Exchange, v *visit) {
	if c.remote == nil {
		return
	}
	if s.saw.guard == "" {
		_, _ = c.fetch(s, x) // which logs failures; then nothing is shared
	}
	v.saw = s.saw
}

// keep stores an entry in memory, and behind the answer in the shared store.
func (c *cache) keep(e *httpcache.Entry, saw seen) bool {
	now := c.now()
	if c.remote != nil {
		e.Recheck(now, c.remote.tier)
		e.Prove(saw.proof())
	}
	kept := c.hub.store.Put(e, c.quota, now)
	if c.remote == nil || c.hub.store.Outdated(e) {
		return kept
	}
	room := c.remote.later(func(ctx context.Context) {
		switch stored, err := c.remote.put(ctx, e, saw, c.now()); {
		case err != nil:
			c.failed("put", err)
		case !stored:
			c.hub.store.Remove(e) // purged on another node since the upstream was asked
		}
	})
	return kept || room
}

// changed removes all entries of a URI. Other nodes do not believe theirs when this has returned.
func (c *cache) changed(uri []byte) {
	c.hub.store.RemoveURI(uri, c.now())
	if c.remote == nil {
		return
	}
	if err := c.remote.change(context.Background(), c.id, uri); err != nil {
		c.failed("invalidate", err)
	}
	c.hub.store.RemoveURI(uri, c.now()) // what others have read there meanwhile
}
