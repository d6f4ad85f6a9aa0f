package proxycache

import (
	"bytes"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/gibbon-gateway/gibbon/header"
	"github.com/gibbon-gateway/gibbon/internal/plugins/proxycache/httpcache"
	"github.com/gibbon-gateway/gibbon/plugin"
)

// accessRFC is Access of a full HTTP cache (RFC 9111, 4).
func (c *cache) accessRFC(x *plugin.Exchange) error {
	h := &x.Request.Header
	method, safe := x.Request.Method, false
	switch method {
	case "GET", "HEAD":
		method, safe = "GET", true
	case "QUERY":
		safe = true
	case "OPTIONS", "TRACE", "CONNECT":
		return c.passRFC(x, "method")
	}
	s := scratches.Get().(*scratch)
	defer scratches.Put(s)
	if !safe {
		return c.accessUnsafe(x, s)
	}
	cc := httpcache.ParseControl(h)
	if cc.NoStore || uncached.In(h) != "" {
		return c.passRFC(x, "request")
	}
	if err := c.identify(s, x, method, true); err != nil {
		if err == errNoKey {
			return c.passRFC(x, "request")
		}
		return err
	}
	now := c.now()
	e, err := c.find(s, x, now)
	if e != nil && c.fit(e, &cc, now) {
		return c.answerRFC(x, s, h, e, now, "")
	}
	if cc.OnlyIfCached {
		return x.Exit(504, nil)
	}
	v := c.visit(s, x, now)
	v.entry = e
	// A part, or an answer to a condition, is not what others want.
	v.store = x.Request.Method != "HEAD" && err == nil && !c.poisonous(x)
	if v.store || e != nil {
		c.look(s, x, v)
	}
	shared := v.store && !h.HasID(header.Range) && !httpcache.Conditional(h) && !v.authorized && !cc.NoCache && cc.MaxAge != 0
	if e != nil {
		if !cc.NoCache && c.whileRefreshing(x, v, now) {
			return c.answerRFC(x, s, h, e, now, "; detail=stale-while-revalidate")
		}
		shared = shared && !e.Terms.NoCache && e.Terms.Lifetime > 0
	}
	if shared {
		if got := c.await(s, x, v, &cc); got != nil {
			return c.answerRFC(x, s, h, got, c.now(), "; collapsed")
		}
	}
	status := miss
	switch {
	case err != nil:
		status = bypass
	case e != nil:
		status = refresh
		if x.Request.Method != "HEAD" {
			v.validate(h)
		}
	}
	c.announce(x, status, s.name(s.key))
	x.SetLocal(v)
	return nil
}

// passRFC lets a request through that the cache has nothing to do with.
func (c *cache) passRFC(x *plugin.Exchange, why string) error {
	if c.send.status {
		x.Response.Header.Add("Cache-Status", "gibbon; fwd="+why)
	}
	return c.pass(x)
}

// accessUnsafe lets a request through that changes what is stored, if it succeeds (RFC 9111, 4.4).
func (c *cache) accessUnsafe(x *plugin.Exchange, s *scratch) error {
	if err := c.identify(s, x, "GET", false); err != nil {
		return err
	}
	v := c.visit(s, x, c.now())
	v.unsafe = true
	v.store = x.Request.Method == "POST" && !c.poisonous(x)
	x.SetLocal(v)
	return c.passRFC(x, "method")
}

// fit reports whether an entry may answer a request without a word with the origin.
func (c *cache) fit(e *httpcache.Entry, cc *httpcache.Control, now time.Time) bool {
	age := e.Age(now)
	if cc.NoCache || cc.MaxAge == 0 || cc.MaxAge > 0 && age > time.Duration(cc.MaxAge)*time.Second {
		return false
	}
	if e.Fresh(age) {
		return cc.MinFresh < 0 || e.Terms.Lifetime-age >= time.Duration(cc.MinFresh)*time.Second
	}
	return cc.MaxStale >= 0 && !e.Softened() && !e.Terms.NoCache && !e.Terms.MustRevalidate &&
		age-e.Terms.Lifetime <= time.Duration(cc.MaxStale)*time.Second
}

// validate turns the request into one that asks whether the entry is still good. What the client asked instead is kept.
func (v *visit) validate(h *header.Fields) {
	lm, hasModified := v.entry.Fields().Value("Last-Modified")
	if v.entry.ETag == "" && !hasModified {
		return
	}
	v.validating = true
	for _, name := range [...]string{"If-None-Match", "If-Modified-Since", "Range", "If-Range"} {
		for value := range h.Values(name) {
			v.client.AddBytes(name, value)
		}
		h.Del(name)
	}
	setConditions(h, v.entry.ETag, lm)
}

func setConditions(h *header.Fields, etag string, modified []byte) {
	if etag != "" {
		h.Set("If-None-Match", etag)
	}
	if len(modified) > 0 {
		h.SetBytes("If-Modified-Since", modified)
	}
}

// answerRFC serves an entry, or the part of it that the client wants. client holds the client's conditions, more is added to
// Cache-Status; one that begins with " fwd" says that the upstream was asked.
func (c *cache) answerRFC(x *plugin.Exchange, s *scratch, client *header.Fields, e *httpcache.Entry, now time.Time, more string) error {
	known := strings.HasPrefix(more, "; fwd") // the response of the upstream is replaced
	fields := c.face(e, known)
	var err error
	h := &x.Response.Header
	part, verdict := e.RangeOf(client)
	switch {
	case e.Status == 200 && e.NotModified(client, now):
		err = x.Serve(304, fields, nil)
	case verdict == httpcache.Part:
		err = x.Serve(206, fields, e.Body[part.First:part.End])
		h.Set("Content-Range", e.ContentRange(part))
	case verdict == httpcache.Unsatisfied:
		err = x.Exit(416, nil, "Content-Range", "bytes */"+strconv.Itoa(len(e.Body)))
	case x.Request.Method == "HEAD":
		err = x.Serve(e.Status, fields, nil)
		h.AddID(header.ContentLength, strconv.AppendInt(s.digits[:0], int64(len(e.Body)), 10))
	default:
		err = x.Serve(e.Status, fields, e.Body)
	}
	if known {
		c.announce(x, hit, []byte(e.ID()))
	}
	age := e.Age(now)
	if c.send.age {
		h.AddID(header.Age, strconv.AppendInt(s.digits[:0], int64(age/time.Second), 10))
	}
	if c.send.status {
		b := append(s.vary[:0], "gibbon; hit; ttl="...)
		b = strconv.AppendInt(b, int64((e.Terms.Lifetime-age)/time.Second), 10)
		s.vary = append(b, more...)
		h.AddBytes("Cache-Status", s.vary)
	}
	return err
}

// tell adds Cache-Status (RFC 9211) to a response of the upstream.
func (c *cache) tell(x *plugin.Exchange, v *visit, stored bool) {
	if !c.rfc || !c.send.status || v.unsafe {
		return
	}
	text := "gibbon; fwd=miss"
	switch {
	case v.validating:
		text = "gibbon; fwd=stale; fwd-status=" + strconv.Itoa(x.Response.Status)
	case v.entry != nil:
		text = "gibbon; fwd=stale"
	case len(c.variants(v)) > 0:
		text = "gibbon; fwd=vary-miss"
	}
	if stored {
		text += "; stored"
	}
	x.Response.Header.Add("Cache-Status", text)
}

// variants returns what is in memory at the key of a visit.
func (c *cache) variants(v *visit) []*httpcache.Entry {
	return c.hub.store.Variants(nil, v.request.URI(), v.request.Key())
}

// worthRFC decides whether a response is kept as RFC 9111 has it.
func (c *cache) worthRFC(x *plugin.Exchange, v *visit) bool {
	h := &x.Response.Header
	if v.unsafe {
		cc, _ := httpcache.ResponseControl(h)
		if x.Response.Status != 200 || cc.MaxAge <= 0 && cc.SMaxAge <= 0 || !c.sameURI(x, h.Get("Content-Location")) {
			return false
		}
	}
	v.terms = c.policy.TermsOf(x.Response.Status, h, v.asked, v.received)
	return c.policy.Storable(x.Response.Status, h, &v.terms, v.authorized)
}

// locate returns path and query of a reference in a response, if it is on the request's own host.
func locate(x *plugin.Exchange, ref string) (target []byte, ok bool) {
	if ref == "" {
		return nil, false
	}
	base, err := url.Parse(x.Client.Scheme + "://" + x.Request.Host + string(targetOf(x.Request.Target)))
	if err != nil {
		return nil, false
	}
	u, err := base.Parse(ref)
	if err != nil || !strings.EqualFold(u.Host, x.Request.Host) {
		return nil, false
	}
	return []byte(u.RequestURI()), true
}

// targetOf is a request target without scheme and host.
func targetOf(target []byte) []byte {
	path := pathOf(target)
	if i := bytes.IndexByte(target, '?'); i >= 0 {
		return append(append([]byte(nil), path...), target[i:]...)
	}
	return path
}

func (c *cache) sameURI(x *plugin.Exchange, ref string) bool {
	target, ok := locate(x, ref)
	return ok && bytes.Equal(target, targetOf(x.Request.Target))
}

// invalidate removes what a successful unsafe request has changed: its URI, and those that the response names on the same host.
func (c *cache) invalidate(x *plugin.Exchange, v *visit) {
	r := &x.Response
	if !r.FromUpstream || r.Status < 200 || r.Status >= 400 {
		return
	}
	c.changed(v.request.URI())
	for _, name := range [...]string{"Location", "Content-Location"} {
		target, ok := locate(x, r.Header.Get(name))
		if !ok || bytes.Equal(target, targetOf(x.Request.Target)) {
			continue
		}
		s := scratches.Get().(*scratch)
		path, query, _ := bytes.Cut(target, []byte("?"))
		u := c.appendPath(lower(part(s.uri[:0], c.id), x.Request.Host), path)
		u = c.appendQuery(s, u, query)
		c.changed(u)
		s.uri = u
		scratches.Put(s)
	}
	// What a response to the request itself holds is newer than what was removed.
	v.asked = c.now()
	if v.store && c.remote != nil {
		var err error
		if _, v.saw, err = c.remote.ask(c.id, httpcache.ID(v.request.Key()), v.request.URI(), &x.Request.Header, ""); err != nil {
			c.failed("get", err)
		}
	}
}

// stillGood renews the entry by a 304, and serves it.
func (c *cache) stillGood(x *plugin.Exchange, v *visit) error {
	e := c.renew(v, &x.Response.Header)
	return c.instead(x, v, e, false)
}

// renew stores the entry again with the fields of a 304, or removes it if these forbid to keep it.
func (c *cache) renew(v *visit, h *header.Fields) *httpcache.Entry {
	e := v.entry.Freshen(h)
	e.Asked, e.Received = v.asked, v.received
	// An Age of the stored response is not kept; what the 304 says of its own counts.
	var all header.Fields
	all.CopyFrom(e.Fields())
	if age, ok := h.Known(header.Age); ok {
		all.AddID(header.Age, age)
	}
	e.Terms = c.policy.TermsOf(e.Status, &all, v.asked, v.received)
	if c.policy.Storable(e.Status, &all, &e.Terms, v.authorized) {
		v.land(c.keep(e, v.saw))
	} else {
		c.hub.store.Remove(v.entry)
		v.land(false)
	}
	return e
}

// instead serves an entry in the place of what the upstream has sent.
func (c *cache) instead(x *plugin.Exchange, v *visit, e *httpcache.Entry, failed bool) error {
	s := scratches.Get().(*scratch)
	defer scratches.Put(s)
	if !c.rfc {
		return c.answer(x, s, e, v.received, true)
	}
	more := "; fwd=stale; fwd-status=" + strconv.Itoa(x.Response.Status)
	if failed {
		more += "; detail=stale-if-error"
	}
	return c.answerRFC(x, s, &v.client, e, v.received, more)
}

// compare renews the stored response to a GET by the response to a HEAD, or makes it stale when they differ (RFC 9111, 4.3.5).
func (c *cache) compare(v *visit, r *plugin.Response) {
	if r.Status != 200 || v.entry.Status != 200 {
		return
	}
	same := true
	for _, name := range [...]string{"ETag", "Last-Modified"} {
		if now := r.Header.Get(name); now != "" && now != v.entry.Fields().Get(name) {
			same = false
		}
	}
	if n, ok := r.Header.Known(header.ContentLength); ok && string(n) != strconv.Itoa(len(v.entry.Body)) {
		same = false
	}
	if !same {
		v.entry.Soften()
		return
	}
	c.renew(v, &r.Header)
}
