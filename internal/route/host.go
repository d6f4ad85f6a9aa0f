package route

import (
	"bytes"
	"strconv"
	"strings"
)

// hostCondition is one of a route's hosts.
type hostCondition struct {
	kind hostKind
	text string // without port and "*"
	port int    // 0: any
}

type hostKind uint8

const (
	hostExact  hostKind = iota
	hostSuffix          // "*.a.com"
	hostPrefix          // "a.*"
)

func hostConditions(hosts []string) []hostCondition {
	if len(hosts) == 0 {
		return nil
	}
	conditions := make([]hostCondition, len(hosts))
	for i, h := range hosts {
		c := &conditions[i]
		c.text, c.port = splitPort(h)
		if text, ok := strings.CutPrefix(c.text, "*"); ok {
			c.kind, c.text = hostSuffix, text
		} else if text, ok := strings.CutSuffix(c.text, "*"); ok {
			c.kind, c.text = hostPrefix, text
		}
	}
	return conditions
}

// accepts compares a request's host, without port, and port. Case counts, as it does in Kong.
func (c *hostCondition) accepts(host []byte, port int) bool {
	if c.port != 0 && c.port != port || len(host) < len(c.text) {
		return false
	}
	switch c.kind {
	case hostSuffix:
		return string(host[len(host)-len(c.text):]) == c.text
	case hostPrefix:
		return string(host[:len(c.text)]) == c.text
	}
	return string(host) == c.text
}

// splitPort cuts the port off a host. What follows the first colon must be a number, so that an IPv6 address in brackets stays
// whole, port and all.
func splitPort(host string) (string, int) {
	name, text, ok := strings.Cut(host, ":")
	if !ok {
		return host, 0
	}
	port, err := strconv.ParseUint(text, 10, 16)
	if err != nil {
		return host, 0
	}
	return name, int(port)
}

// splitHost is splitPort for a request; without a port in the field it is the listener's.
func splitHost(host []byte, listener int) ([]byte, int) {
	i := bytes.IndexByte(host, ':')
	if i < 0 || i == len(host)-1 || len(host)-i > 6 {
		return host, listener
	}
	port := 0
	for _, c := range host[i+1:] {
		if c < '0' || c > '9' {
			return host, listener
		}
		port = port*10 + int(c-'0')
	}
	return host[:i], port
}

// hostIndex files matchers under their hosts. A lookup asks the exact host, every suffix and prefix that ends at a dot, and
// the matchers that are not filed by host.
type hostIndex struct {
	exact, suffix, prefix  map[string]*node
	longSuffix, longPrefix int // longest key; what is longer is not looked up
	others                 *node
}

// search looks everywhere where a matcher for the request can be.
func (x *hostIndex) search(s *search) {
	if n := x.exact[string(s.host)]; n != nil {
		n.search(s)
	}
	if len(x.suffix) > 0 {
		for i := len(s.host) - 1; i >= 0 && len(s.host)-i <= x.longSuffix; i-- {
			if s.host[i] == '.' {
				if n := x.suffix[string(s.host[i:])]; n != nil {
					n.search(s)
				}
			}
		}
	}
	if len(x.prefix) > 0 {
		for i := 0; i < len(s.host) && i < x.longPrefix; i++ {
			if s.host[i] == '.' {
				if n := x.prefix[string(s.host[:i+1])]; n != nil {
					n.search(s)
				}
			}
		}
	}
	if x.others != nil {
		x.others.search(s)
	}
}

// hostBuilder collects matchers by host before the trees are built.
type hostBuilder struct {
	exact, suffix, prefix map[string][]filed
	others                []filed
}

// add files a matcher under each of its hosts.
func (b *hostBuilder) add(rank uint32, m *matcher) {
	hosts := m.hosts
	if len(hosts) == 0 {
		b.others = appendFiled(b.others, rank, m, false)
		return
	}
	for i := range hosts {
		c := &hosts[i]
		to := &b.exact
		switch {
		case c.kind == hostSuffix && strings.HasPrefix(c.text, "."):
			to = &b.suffix
		case c.kind == hostPrefix && strings.HasSuffix(c.text, "."):
			to = &b.prefix
		case c.kind != hostExact: // a wildcard of another form, which cannot be looked up by dots
			b.others = appendFiled(b.others, rank, m, true)
			continue
		}
		if *to == nil {
			*to = make(map[string][]filed)
		}
		(*to)[c.text] = appendFiled((*to)[c.text], rank, m, c.port != 0)
	}
}

func (b *hostBuilder) empty() bool {
	return len(b.exact)+len(b.suffix)+len(b.prefix)+len(b.others) == 0
}

func (b *hostBuilder) build(matchers []*matcher) hostIndex {
	var x hostIndex
	x.exact, _ = buildHosts(b.exact, matchers)
	x.suffix, x.longSuffix = buildHosts(b.suffix, matchers)
	x.prefix, x.longPrefix = buildHosts(b.prefix, matchers)
	if len(b.others) > 0 {
		x.others = buildTree(b.others, matchers)
	}
	return x
}

func buildHosts(from map[string][]filed, matchers []*matcher) (nodes map[string]*node, longest int) {
	nodes = make(map[string]*node, len(from))
	for host, list := range from {
		nodes[host] = buildTree(list, matchers)
		longest = max(longest, len(host))
	}
	return nodes, longest
}
