package route

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/gibbon-gateway/gibbon/internal/plan"
)

// matcher is what a request is held against: a rule, or, of a rule with several paths, its regular expressions or its other paths
// of one kind and length. It does not change, and is taken over from one router to the next.
type matcher struct {
	of       *plan.Match
	priority uint64
	id       string // decides between equal priorities: the larger one is first
	key      string // of plan.Order
	tier     int
	kind     plan.PathKind // of its paths; "" without
	plain    []string      // its paths, but for regular expressions
	pathLen  int32         // their length; 0 without
	mode     protocols
	byPath   bool
	patterns []*pattern // of the paths
	methods  []string
	hosts    []hostCondition
	headers  []headerCondition
	query    []queryCondition
	snis     []string

	listeners []netip.AddrPort
	fold      bool // hosts are in lower case, and compared so
}

// splitSpace is the namespace of the ids that Kong gives to the parts of a split route.
var splitSpace = uuid.MustParse("7f145bf9-0dce-4f91-98eb-debbce4b9f6b")

// compile makes the matchers of a rule. It splits it the way Kong does: with more than one path, all regular expressions
// together make one part, and the other paths of each kind and length one. A part's id is derived from the rule's and the name of
// the part.
func compile(rule *plan.Rule, made *patternSet) (parts []*matcher, err error) {
	of := rule.Match
	if err := of.Check(); err != nil {
		return nil, err
	}
	mode := protocolsOf(of)
	if mode == 0 {
		return nil, nil
	}
	m := matcher{
		of: of, id: rule.ID, key: of.Order.Key, tier: of.Order.Tier, mode: mode,
		methods: of.Methods, hosts: hostConditions(of.Hosts), snis: sniNames(of.SNIs),
	}
	if m.fold = of.FoldHosts && len(of.Hosts) > 0; m.fold {
		m.hosts = hostConditions(lowered(of.Hosts))
	}
	for _, l := range of.Listeners {
		addr, _ := plan.ParseListener(l) // checked
		m.listeners = append(m.listeners, addr)
	}
	if m.headers, err = headerConditions(of.Headers, made); err != nil {
		return nil, err
	}
	if m.query, err = queryConditions(of.Query, made); err != nil {
		return nil, err
	}
	if len(of.Paths) == 0 {
		m.priority = priority(of, &m)
		return []*matcher{&m}, nil
	}
	m.byPath = true
	part := func(kind plan.PathKind, length int) *matcher {
		i := slices.IndexFunc(parts, func(p *matcher) bool { return kind == p.kind && int(p.pathLen) == length })
		if i >= 0 {
			return parts[i]
		}
		p := m
		p.kind, p.pathLen = kind, int32(length)
		p.priority, p.id = priority(of, &p), partID(rule, kind, length)
		parts = append(parts, &p)
		return &p
	}
	for _, path := range of.Paths {
		switch path.Kind {
		case plan.Regex:
			p, err := made.ofPath(path.Value)
			if err != nil {
				return nil, fmt.Errorf("path %q: %w", "~"+path.Value, err)
			}
			to := part(plan.Regex, 0)
			to.patterns = append(to.patterns, p)
		case plan.Segments:
			text := strings.TrimRight(path.Value, "/")
			to := part(plan.Segments, len(text))
			to.plain = append(to.plain, text)
		default:
			to := part(path.Kind, len(path.Value))
			to.plain = append(to.plain, path.Value)
		}
	}
	return parts, nil
}

// partID is the id of the part of the rule that holds its regular expressions or its other paths of one kind and length.
func partID(rule *plan.Rule, kind plan.PathKind, length int) string {
	if len(rule.Match.Paths) == 1 {
		return rule.ID
	}
	name := fmt.Sprintf("%s#%d", rule.ID, length)
	switch kind {
	case plan.Regex:
		name = rule.ID + "#true"
	case plan.Exact, plan.Segments:
		name += "#" + string(kind)
	}
	return uuid.NewSHA1(splitSpace, []byte(name)).String()
}

// priority is Kong's 64-bit number, from the top: 3 bits how many attributes are set, 1 bit hosts without wildcard, 8 bits
// number of headers, 1 bit regular expression, 32 bits regex_priority, 19 bits length of the plain path. A negative
// regex_priority wraps into the higher bits, as it does there.
func priority(of *plan.Match, m *matcher) uint64 {
	var p uint64
	for _, n := range [...]int{len(of.Methods), len(of.Hosts), len(of.Headers), len(of.SNIs), len(of.Paths)} {
		if n > 0 {
			p++
		}
	}
	p <<= 61
	if len(of.Hosts) > 0 && !slices.ContainsFunc(of.Hosts, func(h string) bool { return strings.Contains(h, "*") }) {
		p |= 1 << 60
	}
	p |= uint64(min(len(of.Headers), 255)) << 52
	if m.kind == plan.Regex {
		return p | 1<<51 | uint64(of.Order.RegexPriority)<<19
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
