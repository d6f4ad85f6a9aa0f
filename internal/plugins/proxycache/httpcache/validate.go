package httpcache

import (
	"bytes"
	"time"

	"github.com/gibbon-gateway/gibbon/header"
)

// Conditional reports whether a request asks for something only under a condition that concerns the stored response.
func Conditional(h *header.Fields) bool {
	return h.HasID(header.IfNoneMatch) || h.Has("If-Modified-Since")
}

// Names is a set of field names that is looked for in one pass.
type Names struct {
	lengths uint64 // a bit for each length
	names   []string
}

// NamesOf makes a set of names, each shorter than 64 bytes.
func NamesOf(names ...string) Names {
	n := Names{names: names}
	for _, name := range names {
		n.lengths |= 1 << len(name)
	}
	return n
}

// In returns a name of the set that h has, or "".
func (n *Names) In(h *header.Fields) string {
	for name := range h.All() {
		if len(name) >= 64 || n.lengths>>len(name)&1 == 0 {
			continue
		}
		for _, want := range n.names {
			if is(name, want) {
				return want
			}
		}
	}
	return ""
}

// NotModified reports whether a conditional request has what e holds already (RFC 9110, 13.2.2): the answer is 304.
func (e *Entry) NotModified(h *header.Fields, now time.Time) bool {
	if h.HasID(header.IfNoneMatch) {
		return e.ETag != "" && matchAny(h, e.ETag)
	}
	since, ok, _ := dateOf(h, "If-Modified-Since", now)
	if !ok {
		return false
	}
	modified := e.Terms.LastModified
	if modified == 0 {
		modified = e.Terms.Date // it cannot have changed since it was sent
	}
	return modified <= since.Unix()
}

// matchAny compares an entity tag with those of If-None-Match, weakly. Tags that lack their quotes match only themselves.
func matchAny(h *header.Fields, tag string) bool {
	tag = opaque(tag)
	for v := range h.Values("If-None-Match") {
		if string(v) == "*" {
			return true
		}
		for len(v) > 0 {
			var item []byte
			item, v = nextTag(v)
			if len(item) > 0 && opaque(string(item)) == tag {
				return true
			}
		}
	}
	return false
}

// nextTag splits the first entity tag off a list; commas within quotes belong to the tag.
func nextTag(v []byte) (tag, rest []byte) {
	quoted := false
	for i, c := range v {
		switch {
		case c == '"':
			quoted = !quoted
		case c == ',' && !quoted:
			return bytes.Trim(v[:i], " \t"), v[i+1:]
		}
	}
	return bytes.Trim(v, " \t"), nil
}

// opaque cuts the mark of weakness off.
func opaque(tag string) string {
	if len(tag) > 2 && tag[0] == 'W' && tag[1] == '/' {
		return tag[2:]
	}
	return tag
}

// Range is a part of a body: from First up to, without, End.
type Range struct{ First, End int64 }

// RangeVerdict says what to do with a Range field.
type RangeVerdict uint8

// The verdicts.
const (
	Whole       RangeVerdict = iota // there is none, or none that is understood: send everything
	Part                            // send the part
	Unsatisfied                     // answer 416
)

// RangeOf reads which part of the stored response a request wants (RFC 9110, 14). Several parts, and other units, get everything.
func (e *Entry) RangeOf(h *header.Fields) (Range, RangeVerdict) {
	v, ok := h.Known(header.Range)
	if !ok || e.Status != 200 || !e.ifRange(h) {
		return Range{}, Whole
	}
	size := int64(len(e.Body))
	if len(v) < 6 || !header.EqualFold(v[:6], "bytes=") {
		return Range{}, Whole
	}
	first, last, ok := bytes.Cut(bytes.Trim(v[6:], " \t"), []byte("-"))
	if !ok {
		return Range{}, Whole
	}
	if len(first) == 0 {
		n, ok := digits(last)
		switch {
		case !ok:
			return Range{}, Whole
		case n == 0 || size == 0:
			return Range{}, Unsatisfied
		}
		return Range{max(size-n, 0), size}, Part
	}
	from, ok := digits(first)
	if !ok {
		return Range{}, Whole
	}
	to := size - 1
	if len(last) > 0 {
		n, ok := digits(last)
		if !ok || n < from {
			return Range{}, Whole
		}
		to = min(to, n)
	}
	if from >= size {
		return Range{}, Unsatisfied
	}
	return Range{from, to + 1}, Part
}

// ifRange reports whether If-Range, if it is there, names exactly what is stored.
func (e *Entry) ifRange(h *header.Fields) bool {
	v, ok := h.Value("If-Range")
	if !ok {
		return true
	}
	if len(v) > 0 && v[0] == '"' {
		return string(v) == e.ETag
	}
	lm, _ := e.Fields().Value("Last-Modified")
	// A date is a strong validator only if the response was sent a while after it (RFC 9110, 8.8.2.2).
	return len(lm) > 0 && string(v) == string(lm) && e.Terms.LastModified+60 <= e.Terms.Date
}
