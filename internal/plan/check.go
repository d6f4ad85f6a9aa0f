package plan

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// Check returns all that is wrong with what the rule does; nil if nothing is. Its match is checked by Match.Check. Errors name the
// field.
func (r *Rule) Check() error {
	var c checker
	for i := range r.Backends {
		c.weighted(fmt.Sprintf("backends[%d]", i), &r.Backends[i])
	}
	seen := map[string]bool{}
	for i := range r.Filters {
		at := fmt.Sprintf("filters[%d]", i)
		kind := c.filter(at, &r.Filters[i])
		if seen[kind] && (kind == "rewrite" || kind == "redirect" || kind == "cors") {
			c.add(at+"."+kind, "there is another one")
		}
		seen[kind] = true
		if len(r.Match.Paths) == 0 && r.Filters[i].editsPrefix() {
			c.add(at+"."+kind+".path.prefix", "the rule matches no path")
		}
	}
	if seen["redirect"] && seen["rewrite"] {
		c.add("filters", "redirect and rewrite exclude each other")
	}
	c.check(r.Timeouts.Request >= 0, "timeouts.request", "is negative")
	c.check(r.Timeouts.Backend >= 0, "timeouts.backend", "is negative")
	c.check(r.Timeouts.Request == 0 || r.Timeouts.Backend <= r.Timeouts.Request, "timeouts.backend", "is longer than timeouts.request")
	if t := r.Retry; t != nil {
		c.check(t.Attempts >= 0 && t.Attempts <= 1000, "retry.attempts", "is not between 0 and 1000")
		c.check(t.Backoff >= 0, "retry.backoff", "is negative")
		for i, code := range t.Codes {
			c.check(code >= 400 && code <= 599, fmt.Sprintf("retry.codes[%d]", i), "is not between 400 and 599")
		}
	}
	if a := r.Affinity; a != nil {
		c.check(a.Kind == Cookie || a.Kind == Header, "affinity.kind", "is neither cookie nor header")
		c.name("affinity.name", a.Name)
		c.check(a.TTL >= 0, "affinity.ttl", "is negative")
		c.check(a.TTL == 0 || a.Kind == Cookie, "affinity.ttl", "is for cookies only")
	}
	return c.err()
}

// Check returns all that is wrong with a match, apart from regular expressions.
func (m *Match) Check() error {
	var c checker
	known := []string{"http", "https", "grpc", "grpcs", "tcp", "tls", "udp", "tls_passthrough"}
	for i, p := range m.Protocols {
		c.check(slices.Contains(known, p), fmt.Sprintf("match.protocols[%d]", i), "is not a protocol")
	}
	c.check(len(m.Protocols) > 0, "match.protocols", "is empty")
	for i, p := range m.Paths {
		at := fmt.Sprintf("match.paths[%d]", i)
		switch p.Kind {
		case Regex:
		case Prefix, Segments, Exact:
			c.check(strings.HasPrefix(p.Value, "/"), at+".value", "does not start with /")
		default:
			c.add(at+".kind", "is not prefix, segments, exact or regex")
		}
	}
	for i, l := range m.Listeners {
		_, err := ParseListener(l)
		c.check(err == nil, fmt.Sprintf("match.listeners[%d]", i), "is not ip:port or :port")
	}
	for i := range m.Headers {
		c.condition(fmt.Sprintf("match.headers[%d]", i), &m.Headers[i])
	}
	for i := range m.Query {
		at := fmt.Sprintf("match.query[%d]", i)
		c.condition(at, &m.Query[i])
		c.check(!m.Query[i].Fold, at+".fold", "is for fields only")
	}
	return c.err()
}

// ParseListener reads one of a match's listeners. The address is not valid when any will do.
func ParseListener(s string) (netip.AddrPort, error) {
	if port, ok := strings.CutPrefix(s, ":"); ok {
		n, err := strconv.ParseUint(port, 10, 16)
		return netip.AddrPortFrom(netip.Addr{}, uint16(n)), err
	}
	return netip.ParseAddrPort(s)
}

// checker collects errors.
type checker struct{ errs []error }

func (c *checker) add(at, what string) { c.errs = append(c.errs, errors.New(at+" "+what)) }

func (c *checker) check(ok bool, at, what string) {
	if !ok {
		c.add(at, what)
	}
}

func (c *checker) err() error { return errors.Join(c.errs...) }

func (c *checker) condition(at string, n *Condition) {
	c.check(n.Name != "", at+".name", "is empty")
	c.check(n.Fold || len(n.Values)+len(n.Patterns) > 0, at, "has neither values nor patterns")
}

func (c *checker) weighted(at string, w *Weighted) {
	c.check(w.Weight >= 0 && w.Weight <= 1_000_000, at+".weight", "is not between 0 and 1000000")
	switch {
	case w.Backend == nil:
		c.check(w.Invalid != "", at, "has no backend and does not say why")
	default:
		c.check(w.Invalid == "", at, "has a backend and says why not")
		c.backend(at+".backend", w.Backend)
	}
	seen := map[string]bool{}
	for i := range w.Filters {
		at := fmt.Sprintf("%s.filters[%d]", at, i)
		kind := c.filter(at, &w.Filters[i])
		if kind != "request_header" && kind != "response_header" && kind != "rewrite" && kind != "" {
			c.add(at+"."+kind, "is not for backends")
		}
		if seen[kind] && kind == "rewrite" {
			c.add(at+"."+kind, "there is another one")
		}
		seen[kind] = true
	}
}

func (c *checker) backend(at string, b *Backend) {
	c.check(b.ID != "", at+".id", "is empty")
	c.check(b.Host != "" || b.Pool != "", at+".host", "is empty")
	c.check(b.Pool != "" || b.Port > 0 && b.Port <= 65535, at+".port", "is not between 1 and 65535")
	c.check(b.Tries >= 1, at+".tries", "is not at least 1")
	c.check(b.Connect >= 0 && b.Write >= 0 && b.Read >= 0, at, "has a negative timeout")
	switch b.Protocol {
	case "http", "grpc", "h2c":
		c.check(b.TLS == nil, at+".tls", "is for https and grpcs only")
	case "https", "grpcs":
		c.check(b.TLS != nil, at+".tls", "is missing")
	default:
		c.add(at+".protocol", "is not http, https, grpc, grpcs or h2c")
	}
}

// filter checks a filter and returns its kind, "" if it has not just one.
func (c *checker) filter(at string, f *Filter) (kind string) {
	n := 0
	is := func(set bool, name string) bool {
		if set {
			n++
			kind = name
		}
		return set
	}
	if is(f.RequestHeader != nil, "request_header") {
		c.headerEdit(at+".request_header", f.RequestHeader)
	}
	if is(f.ResponseHeader != nil, "response_header") {
		c.headerEdit(at+".response_header", f.ResponseHeader)
	}
	if is(f.Rewrite != nil, "rewrite") {
		c.check(f.Rewrite.Host != "" || f.Rewrite.Path != nil, at+".rewrite", "changes nothing")
		c.check(hostName(f.Rewrite.Host), at+".rewrite.host", "is not a host")
		c.pathEdit(at+".rewrite.path", f.Rewrite.Path)
	}
	if is(f.Redirect != nil, "redirect") {
		c.redirect(at+".redirect", f.Redirect)
	}
	if is(f.Mirror != nil, "mirror") {
		c.mirror(at+".mirror", f.Mirror)
	}
	if is(f.CORS != nil, "cors") {
		c.cors(at+".cors", f.CORS)
	}
	if n != 1 {
		c.add(at, fmt.Sprintf("has %d kinds, not one", n))
		return ""
	}
	return kind
}

func (f *Filter) editsPrefix() bool {
	return f.Rewrite != nil && f.Rewrite.Path != nil && f.Rewrite.Path.Prefix != nil ||
		f.Redirect != nil && f.Redirect.Path != nil && f.Redirect.Path.Prefix != nil
}

// written are the fields that the gateway writes itself, or that frame a message: editing them would have no effect, or a bad one.
var written = []string{"host", "connection", "content-length", "transfer-encoding", "te", "trailer", "upgrade", "keep-alive",
	"proxy-connection", "via", "x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "x-forwarded-port", "x-forwarded-path",
	"x-forwarded-prefix", "x-real-ip"}

func (c *checker) headerEdit(at string, e *HeaderEdit) {
	c.check(len(e.Set)+len(e.Add)+len(e.Remove) > 0, at, "changes nothing")
	field := func(at, name, value string) {
		c.name(at+".name", name)
		c.check(!slices.Contains(written, strings.ToLower(name)), at+".name", "is a field that the gateway writes itself")
		c.check(!strings.ContainsFunc(value, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }), at+".value", "has control characters")
	}
	for i, f := range e.Set {
		field(fmt.Sprintf("%s.set[%d]", at, i), f.Name, f.Value)
	}
	for i, f := range e.Add {
		field(fmt.Sprintf("%s.add[%d]", at, i), f.Name, f.Value)
	}
	for i, name := range e.Remove {
		field(fmt.Sprintf("%s.remove[%d]", at, i), name, "")
	}
}

// name checks the name of a field or cookie.
func (c *checker) name(at, s string) {
	bad := func(r rune) bool { return r <= ' ' || r >= 0x7f || strings.ContainsRune(`()<>@,;:\"/[]?={}`, r) }
	c.check(s != "" && !strings.ContainsFunc(s, bad), at, "is not a name")
}

func (c *checker) pathEdit(at string, e *PathEdit) {
	if e == nil {
		return
	}
	c.check((e.Full == nil) != (e.Prefix == nil), at, "has not just one of full and prefix")
	for _, p := range []*string{e.Full, e.Prefix} {
		if p != nil {
			c.check(*p == "" || strings.HasPrefix(*p, "/"), at, "does not start with /")
			c.check(!strings.ContainsAny(*p, "?#"), at, "has a query or fragment")
		}
	}
}

func (c *checker) redirect(at string, r *Redirect) {
	c.check(r.Scheme == "" || r.Scheme == "http" || r.Scheme == "https", at+".scheme", "is neither http nor https")
	c.check(hostName(r.Host), at+".host", "is not a host")
	c.check(r.Port >= 0 && r.Port <= 65535, at+".port", "is not between 1 and 65535")
	c.check(slices.Contains([]int{0, 301, 302, 303, 307, 308}, r.Status), at+".status", "is not 301, 302, 303, 307 or 308")
	c.pathEdit(at+".path", r.Path)
}

// hostName reports whether s can stand in a Host field or a URL.
func hostName(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r >= 0x7f || strings.ContainsRune(`/?#@\"<>`, r) })
}

func (c *checker) mirror(at string, m *Mirror) {
	if m.Backend == nil {
		c.add(at+".backend", "is missing")
	} else {
		c.backend(at+".backend", m.Backend)
	}
	c.check(m.Numerator >= 0 && m.Denominator >= 0 && m.Numerator <= max(m.Denominator, 0) && m.Denominator <= 1_000_000, at,
		"does not have a numerator between 0 and its denominator, or one above 1000000")
}

func (c *checker) cors(at string, o *CORS) {
	for i, origin := range o.AllowOrigins {
		scheme, host, ok := strings.Cut(origin, "://")
		c.check(origin == "*" || ok && scheme != "" && host != "" && hostName(host) && strings.LastIndexByte(host, '*') <= 0,
			fmt.Sprintf("%s.allow_origins[%d]", at, i), "is not an origin")
	}
	for _, l := range []struct {
		name string
		list []string
	}{{"allow_methods", o.AllowMethods}, {"allow_headers", o.AllowHeaders}, {"expose_headers", o.ExposeHeaders}} {
		for i, s := range l.list {
			c.name(fmt.Sprintf("%s.%s[%d]", at, l.name, i), s)
		}
	}
	c.check(o.MaxAge >= 0, at+".max_age", "is negative")
}
