package proxycache

import (
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/gibbon-gateway/gibbon/header"
	"github.com/gibbon-gateway/gibbon/internal/plugins/proxycache/httpcache"
	"github.com/gibbon-gateway/gibbon/plugin"
)

// The values of X-Cache-Status.
const (
	hit     = "Hit"
	miss    = "Miss"
	refresh = "Refresh"
	bypass  = "Bypass"
)

// visit is a request that was not answered from the cache, on its way to the upstream and back.
type visit struct {
	c       *cache
	request httpcache.Request

	asked      time.Time
	method     string // of the client
	authorized bool
	store      bool             // the response may be kept
	unsafe     bool             // a good response removes what is stored for the URI
	entry      *httpcache.Entry // stale, or to be validated
	validating bool             // the upstream was asked whether entry is still good
	client     header.Fields    // conditions and range of the client, taken off the request
	flight     httpcache.Flight
	leads      bool
	saw        seen // of the shared store, before the upstream is asked

	// for the response
	received time.Time
	terms    httpcache.Terms
	made     *httpcache.Entry // what is to be kept, but for the body
	body     []byte           // memory for a body whose length is not known before
	whole    bool             // the entry's own memory has room for the body
	over     bool             // the body is too large
}

// visits are those that have ended: most requests of a cache that does not hit need one.
var visits = sync.Pool{New: func() any { return new(visit) }}

// spareBody is how large a body's memory is at most that the next visit gets.
const spareBody = 64 << 10

// end gives the visit's memory to another one.
func (v *visit) end() {
	text, body, client := v.request.Text[:0], v.body[:0], v.client
	client.Reset()
	if cap(body) > spareBody {
		body = nil
	}
	if cap(text) > spareBody {
		text = nil
	}
	*v = visit{body: body, client: client, request: httpcache.Request{Text: text}}
	visits.Put(v)
}

// Access answers from the cache, or prepares to keep what the upstream will answer.
func (c *cache) Access(x *plugin.Exchange) error {
	if c.rfc {
		return c.accessRFC(x)
	}
	h := &x.Request.Header
	var cc httpcache.Control
	if !slices.Contains(c.methods, x.Request.Method) || uncached.In(h) != "" {
		return c.pass(x)
	}
	if c.control {
		if cc = httpcache.ParseControl(h); cc.NoStore || cc.NoCache {
			return c.pass(x)
		}
	}
	s := scratches.Get().(*scratch)
	defer scratches.Put(s)
	if err := c.identify(s, x, x.Request.Method, true); err != nil {
		if err == errNoKey {
			return c.pass(x)
		}
		return err
	}
	now := c.now()
	e, err := c.find(s, x, now)
	if e != nil && c.usable(e, &cc, now) {
		return c.answer(x, s, e, now, false)
	}
	v := c.visit(s, x, now)
	v.store, v.entry = true, e
	if e != nil {
		c.look(s, x, v)
	}
	status := miss
	switch {
	case e != nil:
		status = refresh
		if c.whileRefreshing(x, v, now) {
			return c.answer(x, s, e, now, false)
		}
	case cc.OnlyIfCached:
		return x.Exit(504, nil)
	case err != nil:
		v.store, status = false, ""
		if c.onErr {
			status = bypass
		}
	case c.poisonous(x):
		v.store, status = false, bypass
	}
	if v.store {
		if e := c.await(s, x, v, &cc); e != nil {
			return c.answer(x, s, e, c.now(), false)
		}
		c.look(s, x, v)
	}
	c.announce(x, status, s.name(s.key))
	x.SetLocal(v)
	return nil
}

// pass lets a request through that the cache has nothing to do with.
func (c *cache) pass(x *plugin.Exchange) error {
	c.announce(x, bypass, nil)
	return nil
}

// announce adds the fields about the cache to a response that is not known yet.
func (c *cache) announce(x *plugin.Exchange, status string, id []byte) {
	if c.send.status && status != "" {
		x.Response.Header.Set("X-Cache-Status", status)
	}
	if c.send.key && len(id) > 0 {
		x.Response.Header.SetBytes("X-Cache-Key", id)
	}
}

// visit notes a request that goes to the upstream.
func (c *cache) visit(s *scratch, x *plugin.Exchange, now time.Time) *visit {
	v := visits.Get().(*visit)
	key := len(s.key)
	b := appendLower(append(v.request.Text[:0], s.key...), x.Request.Host)
	host := len(b) - key
	b = append(b, x.Request.Target...)
	v.c, v.asked = c, now
	v.request = httpcache.Request{Text: b, URILen: len(s.uri), KeyLen: key, HostLen: host}
	v.method, v.authorized = x.Request.Method, x.Request.Header.HasID(header.Authorization)
	return v
}

// usable reports whether an entry answers a request in Kong's mode.
func (c *cache) usable(e *httpcache.Entry, cc *httpcache.Control, now time.Time) bool {
	age := e.Age(now) / time.Second * time.Second
	if e.Softened() {
		return false
	}
	if !c.control {
		ttl := c.ttl
		if e.Status >= 400 && c.negative >= 0 {
			ttl = c.negative
		}
		return age <= ttl
	}
	left := int64((e.Terms.Lifetime - age) / time.Second)
	return !(cc.MaxAge >= 0 && int64(age/time.Second) > cc.MaxAge || cc.MaxStale >= 0 && -left > cc.MaxStale ||
		cc.MinFresh >= 0 && left < cc.MinFresh)
}

// find looks for an entry that fits the request, however old: in memory, then in the shared store. An error says that the latter
// could not be asked, and nothing is in memory.
func (c *cache) find(s *scratch, x *plugin.Exchange, now time.Time) (e *httpcache.Entry, err error) {
	h := &x.Request.Header
	s.saw, s.names = seen{}, ""
	if s.variants = c.hub.store.Variants(s.variants[:0], s.uri, s.key); len(s.variants) > 0 {
		s.names = s.variants[0].VaryNames
		e = s.choose(h, c.rfc)
		if e != nil && e.Expired(now) {
			c.hub.store.Remove(e)
			e = nil
		}
		if e != nil {
			e.Touch()
			if c.remote == nil || c.remote.tier > 0 && !e.Recheck(now, c.remote.tier) {
				return e, nil
			}
		}
	}
	if c.remote == nil {
		return nil, nil
	}
	r, err := c.fetch(s, x)
	switch {
	case err != nil && e != nil:
		return e, nil // the store is away: memory is the best there is
	case err != nil:
		return nil, err
	case r == nil && e != nil && s.saw.proves(e.Proof):
		return e, nil // it is not there, or not yet, but nobody has purged
	case r == nil || r.Expired(now):
		if e != nil {
			c.hub.store.Remove(e) // purged elsewhere
		}
		return nil, nil
	}
	// What differs is what counts, even if it looks older: clocks differ, too.
	if e != nil && r.Received.Equal(e.Received) && r.Softened() == e.Softened() {
		return e, nil
	}
	r.Recheck(now, c.remote.tier)
	r.Asked = now // a purge since then meets it, too
	c.hub.store.Put(r, c.quota, now)
	return r, nil
}

// await makes the request the one that fetches what it wants, or waits for the one that does: then it returns the entry that came
// of that, or nil if none did, or not in time.
func (c *cache) await(s *scratch, x *plugin.Exchange, v *visit, cc *httpcache.Control) *httpcache.Entry {
	if c.collapse == 0 {
		return nil
	}
	var wait <-chan struct{}
	if v.leads, wait = c.flights.Join(&v.flight, v.request.Key(), v.asked); wait != nil {
		limit := time.NewTimer(c.collapse)
		defer limit.Stop()
		select {
		case <-wait:
		case <-limit.C:
			v.asked = c.now()
			return nil
		}
		v.asked = c.now()
	}
	// Who leads looks again too: what it wants may have come in between.
	s.variants = c.hub.store.Variants(s.variants[:0], s.uri, s.key)
	e := s.choose(&x.Request.Header, c.rfc)
	if e != nil && c.remote != nil && c.remote.tier == 0 {
		e, _ = c.find(s, x, v.asked) // it may have been purged elsewhere while it was fetched
	}
	if e == nil || e.Expired(v.asked) {
		return nil
	}
	if c.rfc && !c.fit(e, cc, v.asked) || !c.rfc && !c.usable(e, cc, v.asked) {
		return nil
	}
	v.land(true)
	return e
}

// answer serves an entry. known says that the upstream was asked, and its answer is replaced.
func (c *cache) answer(x *plugin.Exchange, s *scratch, e *httpcache.Entry, now time.Time, known bool) error {
	fields := c.face(e, known)
	body := e.Body
	if e.HasLength {
		body = nil
	}
	err := x.Serve(e.Status, fields, body)
	if known {
		c.announce(x, hit, []byte(e.ID()))
	}
	if c.send.age {
		x.Response.Header.AddID(header.Age, strconv.AppendInt(s.digits[:0], int64(e.Age(now)/time.Second), 10))
	}
	return err
}

// face returns the fields that an entry is served with: its own, and if the upstream was not asked those about the cache.
func (c *cache) face(e *httpcache.Entry, known bool) *header.Fields {
	if n := c.send.number(); n != 0 && !known {
		return e.Face(n, func() []string { return c.faceFields(e) })
	}
	return e.Fields()
}

// faceFields are the fields about the cache that a hit has.
func (c *cache) faceFields(e *httpcache.Entry) (list []string) {
	if c.send.status {
		list = append(list, "X-Cache-Status", hit)
	}
	if c.send.key {
		list = append(list, "X-Cache-Key", e.ID())
	}
	return list
}

// whileRefreshing reports whether a stale entry may be served while it is fetched again, and sees to the latter.
func (c *cache) whileRefreshing(x *plugin.Exchange, v *visit, now time.Time) bool {
	e := v.entry
	if e.Terms.SWR == 0 || e.Age(now) >= e.Terms.Lifetime+e.Terms.SWR || e.Terms.NoCache || e.Terms.MustRevalidate || c.spawn == nil {
		return false
	}
	return c.refreshBehind(x, v)
}
