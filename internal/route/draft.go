package route

import (
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/gibbon-gateway/gibbon/entity"
)

// matcher is what a request is held against: a route, or, of a route with several paths, its regular expressions or its plain
// paths of one length. It does not change, and is taken over from one router to the next.
type matcher struct {
	priority uint64
	id       string   // decides between equal priorities: the larger one is first
	plain    []string // its plain paths
	pathLen  int32    // their length; 0 without
	mode     protocols
	byPath   bool
	patterns []*pattern // of the paths
	methods  []string
	hosts    []hostCondition
	headers  []headerCondition
	snis     []string
}

// splitSpace is the namespace of the ids that Kong gives to the parts of a split route.
var splitSpace = uuid.MustParse("7f145bf9-0dce-4f91-98eb-debbce4b9f6b")

// compile makes the matchers of a route. It splits it the way Kong does: with more than one path, all regular expressions
// together make one part, and the plain paths of each length one. A part's id is derived from the route's and the name of the
// part.
func compile(route *entity.Route, made *patternSet) (parts []*matcher, err error) {
	mode := protocolsOf(route)
	if mode == 0 {
		return nil, nil
	}
	headers, err := headerConditions(route.Headers, made)
	if err != nil {
		return nil, err
	}
	m := matcher{
		id: route.ID, mode: mode, headers: headers,
		methods: route.Methods, hosts: hostConditions(route.Hosts), snis: sniNames(route.SNIs),
	}
	if len(route.Paths) == 0 {
		m.priority = priority(route, &m, false)
		return []*matcher{&m}, nil
	}
	m.byPath = true
	part := func(regex bool, length int) *matcher {
		i := slices.IndexFunc(parts, func(p *matcher) bool { return regex == (len(p.patterns) > 0) && int(p.pathLen) == length })
		if i >= 0 {
			return parts[i]
		}
		p := m
		p.pathLen = int32(length)
		p.priority, p.id = priority(route, &p, regex), partID(route, regex, length)
		parts = append(parts, &p)
		return &p
	}
	for _, path := range route.Paths {
		if expr, ok := strings.CutPrefix(path, "~"); ok {
			p, err := made.ofPath(expr)
			if err != nil {
				return nil, fmt.Errorf("path %q: %w", path, err)
			}
			to := part(true, 0)
			to.patterns = append(to.patterns, p)
			continue
		}
		to := part(false, len(path))
		to.plain = append(to.plain, path)
	}
	return parts, nil
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
