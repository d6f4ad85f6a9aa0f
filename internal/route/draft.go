package route

import (
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/gibbon-gateway/gibbon/entity"
)

// matcher is what a request is held against: a route, or, of a route with several paths, its regular expressions or its plain
// paths of one length.
type matcher struct {
	rule     int32
	pathLen  int32 // length of the plain paths; 0 without
	mode     protocols
	byPath   bool
	patterns []*pattern // of the paths
	methods  []string
	hosts    []hostCondition
	headers  []headerCondition
	snis     []string
}

// draft is a matcher that is not filed yet.
type draft struct {
	matcher  matcher
	priority uint64
	id       string   // decides between equal priorities: the larger one is first
	plain    []string // its plain paths
}

// splitSpace is the namespace of the ids that Kong gives to the parts of a split route.
var splitSpace = uuid.MustParse("7f145bf9-0dce-4f91-98eb-debbce4b9f6b")

// appendDrafts compiles a route and splits it the way Kong does: with more than one path, all regular expressions together
// make one part, and the plain paths of each length one. A part's id is derived from the route's and the name of the part.
func appendDrafts(drafts []draft, rule int, route *entity.Route, made *patternSet) ([]draft, error) {
	mode := protocolsOf(route)
	if mode == 0 {
		return drafts, nil
	}
	headers, err := headerConditions(route.Headers, made)
	if err != nil {
		return drafts, err
	}
	m := matcher{
		rule: int32(rule), mode: mode, headers: headers,
		methods: route.Methods, hosts: hostConditions(route.Hosts), snis: sniNames(route.SNIs),
	}
	if len(route.Paths) == 0 {
		return append(drafts, draft{matcher: m, priority: priority(route, &m, false), id: route.ID}), nil
	}
	m.byPath = true
	start := len(drafts)
	part := func(regex bool, length int) *draft {
		i := slices.IndexFunc(drafts[start:], func(d draft) bool {
			return regex == (len(d.matcher.patterns) > 0) && int(d.matcher.pathLen) == length
		})
		if i >= 0 {
			return &drafts[start+i]
		}
		m.pathLen = int32(length)
		drafts = append(drafts, draft{matcher: m, priority: priority(route, &m, regex), id: partID(route, regex, length)})
		return &drafts[len(drafts)-1]
	}
	for _, path := range route.Paths {
		if expr, ok := strings.CutPrefix(path, "~"); ok {
			p, err := made.ofPath(expr)
			if err != nil {
				return drafts[:start], fmt.Errorf("path %q: %w", path, err)
			}
			d := part(true, 0)
			d.matcher.patterns = append(d.matcher.patterns, p)
			continue
		}
		d := part(false, len(path))
		d.plain = append(d.plain, path)
	}
	return drafts, nil
}

// partID is the id of the part of the route that holds its regular expressions or its plain paths of one length.
func partID(route *entity.Route, regex bool, length int) string {
	if len(route.Paths) == 1 {
		return route.ID
	}
	name := fmt.Sprintf("%s#%d", route.ID, length)
	if regex {
		name = route.ID + "#true"
	}
	return uuid.NewSHA1(splitSpace, []byte(name)).String()
}

// priority is Kong's 64-bit number, from the top: 3 bits how many attributes are set, 1 bit hosts without wildcard, 8 bits
// number of headers, 1 bit regular expression, 32 bits regex_priority, 19 bits length of the plain path. A negative
// regex_priority wraps into the higher bits, as it does there.
func priority(route *entity.Route, m *matcher, regex bool) uint64 {
	var p uint64
	for _, n := range [...]int{len(route.Methods), len(route.Hosts), len(route.Headers), len(route.SNIs), len(route.Paths)} {
		if n > 0 {
			p++
		}
	}
	p <<= 61
	if len(route.Hosts) > 0 && !slices.ContainsFunc(route.Hosts, func(h string) bool { return strings.Contains(h, "*") }) {
		p |= 1 << 60
	}
	p |= uint64(min(len(route.Headers), 255)) << 52
	if regex {
		return p | 1<<51 | uint64(route.RegexPriority)<<19
	}
	return p | uint64(m.pathLen)&(1<<19-1)
}

// sniNames drops the final dot of fully qualified names.
func sniNames(snis []string) []string {
	if !slices.ContainsFunc(snis, func(s string) bool { return strings.HasSuffix(s, ".") }) {
		return snis
	}
	out := make([]string, len(snis))
	for i, s := range snis {
		out[i] = s
		if len(s) > 1 {
			out[i] = strings.TrimSuffix(s, ".")
		}
	}
	return out
}
