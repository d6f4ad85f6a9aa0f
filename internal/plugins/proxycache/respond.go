package proxycache

import (
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/gibbon-gateway/gibbon/header"
	"github.com/gibbon-gateway/gibbon/internal/plugins/proxycache/httpcache"
	"github.com/gibbon-gateway/gibbon/plugin"
)

// Respond decides whether the response is kept. It replaces one that says that the stored response is still good, and one that says
// that the upstream has failed while the stored one may be used.
func (c *cache) Respond(x *plugin.Exchange) error {
	v, _ := x.Local().(*visit)
	if v == nil || v.c != c {
		return nil
	}
	v.received = c.now()
	r := &x.Response
	if v.unsafe {
		c.invalidate(x, v)
	}
	if v.entry != nil && (!r.FromUpstream || r.Status >= 500) && c.staleOnError(v) {
		v.land(false)
		return c.instead(x, v, v.entry, true)
	}
	if v.validating && r.FromUpstream && r.Status == 304 {
		return c.stillGood(x, v)
	}
	if c.rfc && v.method == "HEAD" && v.entry != nil && r.FromUpstream {
		c.compare(v, r)
	}
	if !v.store {
		return nil
	}
	if !r.FromUpstream || !c.worth(x, v) || c.tooLarge(&r.Header) {
		v.land(false)
		if c.send.status {
			r.Header.Set("X-Cache-Status", bypass)
		}
		c.tell(x, v, false)
		return nil
	}
	v.make(r.Status, &r.Header, &x.Request.Header)
	if x.Route != nil {
		v.made.Route = x.Route.ID
	}
	c.tell(x, v, true)
	x.ObserveBody(v)
	return nil
}

// unstored says which fields of a response are not kept. Content-Length is kept where there is no body to count.
func (c *cache) unstored(v *visit) func(id header.ID, name []byte) bool {
	return func(id header.ID, name []byte) bool {
		return httpcache.Unstored(id, name) || id == header.ContentLength && v.method != "HEAD"
	}
}

func (c *cache) tooLarge(h *header.Fields) bool {
	n, ok := lengthOf(h)
	return ok && n > c.maxObject
}

// lengthOf returns what Content-Length says; one that cannot be read is longer than all that is kept.
func lengthOf(h *header.Fields) (int64, bool) {
	v, ok := h.Known(header.ContentLength)
	if !ok {
		return 0, false
	}
	n, err := strconv.ParseInt(string(v), 10, 64)
	if err != nil {
		n = math.MaxInt64
	}
	return n, true
}

// worth reports whether a response may be kept, and notes on what terms.
func (c *cache) worth(x *plugin.Exchange, v *visit) bool {
	r := &x.Response
	if c.pathType && misnamed(x.Request.Target, &r.Header) {
		return false
	}
	if c.rfc {
		return c.worthRFC(x, v)
	}
	h := &r.Header
	switch {
	case !slices.Contains(c.codes, r.Status), r.Status == 206, r.Status == 304, h.HasID(header.ContentRange):
		return false
	case !c.typed(h), !c.cookies && h.HasID(header.SetCookie), !c.noVary && httpcache.VaryAny(h):
		return false
	}
	ttl := c.ttl
	if r.Status >= 400 && c.negative >= 0 {
		ttl = c.negative
	}
	if c.control {
		var ok bool
		if ttl, ok = c.saidTTL(h, v.received); !ok {
			return false
		}
	}
	v.terms = httpcache.Terms{Lifetime: ttl, Keep: ttl, SWR: c.policy.StaleWhileRevalidate, SIE: c.policy.StaleIfError,
		Date: v.received.Unix()}
	if c.storage > 0 {
		v.terms.Keep = c.storage
	}
	if stale := max(v.terms.SWR, v.terms.SIE); stale > 0 {
		v.terms.Keep = max(v.terms.Keep, ttl+stale)
	}
	return true
}

// typed reports whether the one Content-Type of a response is in config.content_type.
func (c *cache) typed(h *header.Fields) bool {
	var value []byte
	n := 0
	for v := range h.Values("Content-Type") {
		value = v
		n++
	}
	if n != 1 {
		return false
	}
	if slices.ContainsFunc(c.given, func(t string) bool { return t == string(value) }) {
		return true
	}
	m, ok := parseMediaType(string(value))
	return ok && slices.ContainsFunc(c.types, func(t mediaType) bool { return t.takes(&m) })
}

// saidTTL is how long a response says that it is fresh, as Kong reads it: Date and Age do not count.
func (c *cache) saidTTL(h *header.Fields, now time.Time) (time.Duration, bool) {
	cc := httpcache.ParseControl(h)
	if cc.Private || cc.NoStore || cc.NoCache {
		return 0, false
	}
	switch {
	case cc.SMaxAge >= 0:
		return time.Duration(cc.SMaxAge) * time.Second, cc.SMaxAge > 0
	case cc.MaxAge >= 0:
		return time.Duration(cc.MaxAge) * time.Second, cc.MaxAge > 0
	}
	var last []byte
	for v := range h.Values("Expires") {
		last = v
	}
	t, ok := httpcache.ParseDate(last, now)
	if !ok {
		return 0, false
	}
	ttl := min(t.Unix()-now.Unix(), httpcache.Forever)
	return time.Duration(ttl) * time.Second, ttl > 0
}

// make begins the entry that comes of the visit; its body is still to come.
func (v *visit) make(status int, h, request *header.Fields) {
	c := v.c
	room := 0
	if n, ok := lengthOf(h); ok && n <= c.maxObject && v.method != "HEAD" {
		room, v.whole = int(n), true
	}
	e := httpcache.NewEntry(&v.request, h, c.unstored(v), room)
	e.Owner, e.Status, e.Asked, e.Received, e.Terms, e.Tied = c.id, status, v.asked, v.received, v.terms, c.rfc
	e.HasLength = v.method == "HEAD" && !c.rfc
	if c.noVary && !c.rfc {
		request = nil
	}
	e.Describe(h, request)
	v.made = e
}

// ObserveBody collects the body.
func (v *visit) ObserveBody(_ *plugin.Exchange, chunk []byte) {
	if v.over {
		return
	}
	body := &v.body
	if v.whole {
		body = &v.made.Body
	}
	if int64(len(*body)+len(chunk)) > v.c.maxObject {
		v.over, v.body, v.made = true, nil, nil
		v.land(false) // nobody needs to wait for the rest
		return
	}
	*body = append(*body, chunk...)
}

// EndBody stores the response if it came whole.
func (v *visit) EndBody(x *plugin.Exchange, complete bool) {
	if !complete || v.over {
		v.land(false)
		return
	}
	v.land(v.c.keep(v.finish(), v.saw))
}

// finish gives the entry its body.
func (v *visit) finish() *httpcache.Entry {
	e := v.made
	switch {
	case v.whole:
	case cap(v.body) <= spareBody || cap(v.body) > len(v.body)+len(v.body)/8:
		e.Body = slices.Clone(v.body)
	default:
		e.Body, v.body = v.body, nil
	}
	return e
}

// Record ends what the exchange has begun, however it went.
func (c *cache) Record(x *plugin.Exchange) {
	if v, _ := x.Local().(*visit); v != nil {
		v.land(false)
		x.SetLocal(nil)
		v.end()
	}
}

// land tells those who wait that the fetch is over.
func (v *visit) land(kept bool) {
	if v.leads {
		v.flight.Land(kept, v.c.now())
		v.leads = false
	}
}

// staleOnError reports whether the stored response may stand in for an upstream that has failed.
func (c *cache) staleOnError(v *visit) bool {
	t := &v.entry.Terms
	return t.SIE > 0 && !t.NoCache && !t.MustRevalidate && v.entry.Age(v.received) < t.Lifetime+t.SIE
}
