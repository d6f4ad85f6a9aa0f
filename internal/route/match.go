package route

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/gibbon-gateway/gibbon/internal/plan"
)

// search is one lookup under way.
type search struct {
	matchers []*matcher
	in       *Request
	host     []byte // without port
	port     int
	method   methodSet
	best     uint32 // rank of the best matcher found, none at first
	prefix   []byte // if that matched by regular expression: the text, and the expression
	pattern  *pattern
	scratch  []byte
}

// Match finds the matcher of best rank that accepts the request, fills out and reports true; or reports false. It does not
// allocate once out has been used for some requests.
func (r *Router) Match(in *Request, out *Result) bool {
	s := search{matchers: r.matchers, in: in, best: none, method: methodOf(in.Method), scratch: out.scratch}
	s.host, s.port = splitHost(in.Host, in.Port)
	r.hosts.search(&s)
	if r.folded != nil {
		out.host = appendLower(out.host[:0], s.host)
		s.host = out.host
		r.folded.search(&s)
	}
	*out = Result{scratch: s.scratch, host: out.host}
	if s.best == none {
		return false
	}
	m, number := r.matchers[s.best], int(r.ruleOf[s.best])
	out.Match, out.Rule = m.of, number
	out.mode, out.byPath, out.path = m.mode, m.byPath, in.Path
	if len(m.patterns) > 0 {
		out.Prefix, out.pattern = s.prefix, s.pattern
	} else {
		out.Prefix = in.Path[:m.pathLen]
	}
	return true
}

// accepts checks what is left to check of a matcher.
func (s *search) accepts(e *entry) bool {
	if e.need == 0 {
		return true
	}
	m := s.matchers[e.rank]
	if e.need&needMethod != 0 && (e.methods&s.method == 0 || s.method == otherMethod && !s.hasMethod(m)) {
		return false
	}
	if e.need&needHost != 0 && !s.hasHost(m) {
		return false
	}
	if e.need&needSNI != 0 && s.in.Secure && !slices.ContainsFunc(m.snis, s.sniIs) {
		return false
	}
	if e.need&needHeader != 0 && !s.hasHeaders(m) {
		return false
	}
	if e.need&(needEnd|needQuery|needListener) != 0 && !s.acceptsMore(e, m) {
		return false
	}
	return e.need&needPattern == 0 || s.hasPattern(m)
}

// acceptsMore checks what Kong's routes do not ask for.
func (s *search) acceptsMore(e *entry, m *matcher) (ok bool) {
	if e.need&needEnd != 0 {
		rest := s.in.Path[m.pathLen:]
		if len(rest) > 0 && (m.kind == plan.Exact || rest[0] != '/') {
			return false
		}
	}
	if e.need&needListener != 0 && !slices.ContainsFunc(m.listeners, s.cameTo) {
		return false
	}
	if e.need&needQuery == 0 {
		return true
	}
	for i := range m.query {
		if ok, s.scratch = m.query[i].accepts(s.in.Query, s.scratch); !ok {
			return false
		}
	}
	return true
}

func (s *search) cameTo(l netip.AddrPort) bool {
	return l.Port() == s.in.Local.Port() && (!l.Addr().IsValid() || l.Addr() == s.in.Local.Addr().Unmap())
}

func (s *search) hasMethod(m *matcher) bool {
	for _, method := range m.methods {
		if string(s.in.Method) == method {
			return true
		}
	}
	return false
}

func (s *search) hasHost(m *matcher) bool {
	for i := range m.hosts {
		if m.hosts[i].accepts(s.host, s.port) {
			return true
		}
	}
	return false
}

// sniIs compares the SNI with one of a route's, which may have a wildcard like a host.
func (s *search) sniIs(want string) bool {
	if text, ok := strings.CutPrefix(want, "*"); ok {
		return strings.HasSuffix(s.in.SNI, text)
	}
	if text, ok := strings.CutSuffix(want, "*"); ok {
		return strings.HasPrefix(s.in.SNI, text)
	}
	return s.in.SNI == want
}

func wildcardName(name string) bool { return strings.Contains(name, "*") }

func (s *search) hasHeaders(m *matcher) (ok bool) {
	if s.in.Header == nil {
		return false
	}
	for i := range m.headers {
		if ok, s.scratch = m.headers[i].accepts(s.in.Header, s.scratch); !ok {
			return false
		}
	}
	return true
}

// hasPattern keeps what the first pattern that matches found.
func (s *search) hasPattern(m *matcher) bool {
	for _, p := range m.patterns {
		if text := p.find(s.in.Path); text != nil {
			s.prefix, s.pattern = text, p
			return true
		}
	}
	return false
}
