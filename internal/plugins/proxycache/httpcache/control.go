package httpcache

import (
	"bytes"

	"github.com/gibbon-gateway/gibbon/header"
)

// Control is what Cache-Control says. Durations are in seconds, -1 when not given.
type Control struct {
	NoStore, NoCache, Private, Public, MustRevalidate, ProxyRevalidate, MustUnderstand, OnlyIfCached bool

	MaxAge, SMaxAge, StaleWhileRevalidate, StaleIfError, MaxStale, MinFresh int64
}

// Forever is more seconds than anything is kept: durations above it, and a max-stale without a value, are this long.
const Forever = 1 << 31

var noControl = Control{MaxAge: -1, SMaxAge: -1, StaleWhileRevalidate: -1, StaleIfError: -1, MaxStale: -1, MinFresh: -1}

// ParseControl reads Cache-Control of a request or response. What cannot be read as a directive is passed over; a duration that is
// no number counts as 0, so that a response with it is stale. Of durations that are given twice the shorter one counts.
// no-cache and private with field names count as without.
func ParseControl(h *header.Fields) Control {
	c := noControl
	if !h.HasID(header.CacheControl) {
		return c
	}
	for v := range h.Values("Cache-Control") {
		for len(v) > 0 {
			var name, value []byte
			name, value, v = nextDirective(v)
			c.set(name, value)
		}
	}
	return c
}

// set takes a directive over; value is nil without "=".
func (c *Control) set(name, value []byte) {
	switch {
	case len(name) == 0:
	case is(name, "no-store"):
		c.NoStore = true
	case is(name, "no-cache"):
		c.NoCache = true
	case is(name, "private"):
		c.Private = true
	case is(name, "public"):
		c.Public = true
	case is(name, "must-revalidate"):
		c.MustRevalidate = true
	case is(name, "proxy-revalidate"):
		c.ProxyRevalidate = true
	case is(name, "must-understand"):
		c.MustUnderstand = true
	case is(name, "only-if-cached"):
		c.OnlyIfCached = true
	case is(name, "max-age"):
		shorter(&c.MaxAge, seconds(value))
	case is(name, "s-maxage"):
		shorter(&c.SMaxAge, seconds(value))
	case is(name, "stale-while-revalidate"):
		shorter(&c.StaleWhileRevalidate, seconds(value))
	case is(name, "stale-if-error"):
		shorter(&c.StaleIfError, seconds(value))
	case is(name, "min-fresh"):
		c.MinFresh = max(c.MinFresh, seconds(value))
	case is(name, "max-stale"):
		if value == nil {
			shorter(&c.MaxStale, Forever)
		} else {
			shorter(&c.MaxStale, seconds(value))
		}
	}
}

func is(name []byte, want string) bool { return header.EqualFold(name, want) }

func shorter(d *int64, v int64) {
	if *d < 0 || v < *d {
		*d = v
	}
}

// seconds reads a duration; what is none counts as 0.
func seconds(v []byte) int64 {
	if n, ok := digits(v); ok {
		return n
	}
	return 0
}

// digits reads a number that is not negative, Forever at most.
func digits(v []byte) (int64, bool) {
	if len(v) == 0 {
		return 0, false
	}
	n := int64(0)
	for _, c := range v {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = min(n*10+int64(c-'0'), Forever)
	}
	return n, true
}

// nextDirective splits the first directive off. A quoted value comes without its quotes; value is nil when there is none.
func nextDirective(v []byte) (name, value, rest []byte) {
	end := 0
	for quoted := false; end < len(v) && (quoted || v[end] != ','); end++ {
		switch {
		case v[end] == '\\' && quoted:
			end++
		case v[end] == '"':
			quoted = !quoted
		}
	}
	end = min(end, len(v))
	item := bytes.Trim(v[:end], " \t")
	rest = v[min(end+1, len(v)):]
	i := bytes.IndexByte(item, '=')
	if i < 0 {
		return item, nil, rest
	}
	name, value = item[:i], item[i+1:]
	if len(value) >= 2 && value[0] == '"' && value[len(value)-1] == '"' {
		value = value[1 : len(value)-1]
	}
	if value == nil {
		value = item[len(item):]
	}
	return name, value, rest
}
