package httpcache

import (
	"bytes"

	"github.com/gibbon-gateway/gibbon/header"
)

// ResponseControl reads what a response says to shared caches: CDN-Cache-Control (RFC 9213) when it is there and well
// formed, else Cache-Control. targeted says that the former was used; then Expires does not count either.
func ResponseControl(h *header.Fields) (c Control, targeted bool) {
	if h.Has("CDN-Cache-Control") {
		var all []byte
		for v := range h.Values("CDN-Cache-Control") {
			if len(all) > 0 {
				all = append(all, ',')
			}
			all = append(all, v...)
		}
		if c, ok := parseTargeted(all); ok {
			return c, true
		}
	}
	return ParseControl(h), false
}

// parseTargeted reads a dictionary of structured fields (RFC 9651). It reports false for one that is empty or broken, or gives a
// directive a value of the wrong type: such a field is ignored.
func parseTargeted(s []byte) (Control, bool) {
	c := noControl
	p := dictionary{s: bytes.Trim(s, " ")}
	if len(p.s) == 0 {
		return c, false
	}
	for {
		name, kind, value, ok := p.member()
		if !ok || !c.setTargeted(name, kind, value) {
			return noControl, false
		}
		p.space()
		if len(p.s) == 0 {
			return c, true
		}
		if p.s[0] != ',' {
			return noControl, false
		}
		p.s = p.s[1:]
		p.space()
		if len(p.s) == 0 {
			return noControl, false // a comma at the end
		}
	}
}

// setTargeted takes a member over. The last one of a name counts.
func (c *Control) setTargeted(name []byte, kind byte, value []byte) bool {
	var d *int64
	switch string(name) {
	case "max-age":
		d = &c.MaxAge
	case "s-maxage":
		d = &c.SMaxAge
	case "stale-while-revalidate":
		d = &c.StaleWhileRevalidate
	case "stale-if-error":
		d = &c.StaleIfError
	default:
		if kind == 'b' && string(value) == "1" {
			c.set(name, nil)
		}
		return true
	}
	if kind != 'i' {
		return false
	}
	*d = seconds(value) // a negative one is 0
	return true
}

// dictionary is what is left to parse.
type dictionary struct{ s []byte }

func (p *dictionary) space() {
	p.s = bytes.TrimLeft(p.s, " \t")
}

// member reads a key and its value: kind 'i' an integer, 'b' a boolean ("1" or "0"), 'o' something else.
func (p *dictionary) member() (name []byte, kind byte, value []byte, ok bool) {
	if name, ok = p.key(); !ok {
		return nil, 0, nil, false
	}
	kind, value = 'b', []byte("1")
	if len(p.s) > 0 && p.s[0] == '=' {
		p.s = p.s[1:]
		if len(p.s) > 0 && p.s[0] == '(' {
			kind, value = 'o', nil
			ok = p.list()
		} else {
			kind, value, ok = p.bare()
		}
	}
	return name, kind, value, ok && p.parameters()
}

func (p *dictionary) key() ([]byte, bool) {
	n := 0
	for ; n < len(p.s); n++ {
		c := p.s[n]
		lower := 'a' <= c && c <= 'z' || c == '*'
		if !lower && (n == 0 || (c < '0' || c > '9') && c != '_' && c != '-' && c != '.') {
			break
		}
	}
	k := p.s[:n]
	p.s = p.s[n:]
	return k, n > 0
}

func (p *dictionary) parameters() bool {
	for len(p.s) > 0 && p.s[0] == ';' {
		p.s = bytes.TrimLeft(p.s[1:], " ")
		if _, ok := p.key(); !ok {
			return false
		}
		if len(p.s) > 0 && p.s[0] == '=' {
			p.s = p.s[1:]
			if _, _, ok := p.bare(); !ok {
				return false
			}
		}
	}
	return true
}

// list reads an inner list.
func (p *dictionary) list() bool {
	p.s = p.s[1:]
	for {
		p.s = bytes.TrimLeft(p.s, " ")
		if len(p.s) == 0 {
			return false
		}
		if p.s[0] == ')' {
			p.s = p.s[1:]
			return true
		}
		if _, _, ok := p.bare(); !ok || !p.parameters() || len(p.s) == 0 || p.s[0] != ' ' && p.s[0] != ')' {
			return false
		}
	}
}

// bare reads a bare item.
func (p *dictionary) bare() (kind byte, value []byte, ok bool) {
	if len(p.s) == 0 {
		return 0, nil, false
	}
	switch c := p.s[0]; {
	case c == '-' || '0' <= c && c <= '9':
		return p.number()
	case c == '"':
		for n := 1; n < len(p.s); n++ {
			switch c := p.s[n]; {
			case c == '\\' && n+1 < len(p.s) && (p.s[n+1] == '"' || p.s[n+1] == '\\'):
				n++
			case c == '\\' || c < ' ' || c > '~':
				return 0, nil, false
			case c == '"':
				p.s = p.s[n+1:]
				return 'o', nil, true
			}
		}
		return 0, nil, false
	case c == '?':
		if len(p.s) < 2 || p.s[1] != '0' && p.s[1] != '1' {
			return 0, nil, false
		}
		value = p.s[1:2]
		p.s = p.s[2:]
		return 'b', value, true
	case c == ':':
		n := bytes.IndexByte(p.s[1:], ':')
		if n < 0 {
			return 0, nil, false
		}
		p.s = p.s[n+2:]
		return 'o', nil, true
	case c == '*' || 'a' <= c|0x20 && c|0x20 <= 'z':
		n := 1
		for n < len(p.s) && (tokenByte(p.s[n]) || p.s[n] == ':' || p.s[n] == '/') {
			n++
		}
		p.s = p.s[n:]
		return 'o', nil, true
	}
	return 0, nil, false
}

func (p *dictionary) number() (kind byte, value []byte, ok bool) {
	n := 0
	if p.s[0] == '-' {
		n++
	}
	start, point := n, false
	for ; n < len(p.s) && ('0' <= p.s[n] && p.s[n] <= '9' || p.s[n] == '.' && !point); n++ {
		point = point || p.s[n] == '.'
	}
	value = p.s[:n]
	p.s = p.s[n:]
	if n == start || n-start > 15 || value[n-1] == '.' || value[start] == '.' {
		return 0, nil, false
	}
	if point {
		return 'o', nil, true
	}
	return 'i', value, true
}

// tokenByte reports whether c may stand in a token of HTTP.
func tokenByte(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'z' || bytes.IndexByte([]byte("!#$%&'*+-.^_`|~"), c) >= 0
}
