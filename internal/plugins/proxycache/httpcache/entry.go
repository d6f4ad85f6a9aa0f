// Package httpcache is what an HTTP cache knows, apart from any gateway: what Cache-Control, Vary, Expires and conditions mean
// (RFC 9111), which stored response fits a request, and where responses are kept in memory. Its main types are Entry, a stored
// response, Policy, which decides how long it is good, and Store. It sends and receives nothing.
package httpcache

import (
	"bytes"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/gibbon-gateway/gibbon/header"
)

// Entry is a stored response. It does not change once it is in a store, and is shared by all who read it.
type Entry struct {
	Key   string // what a request must come to
	ID    string // Key for people: 64 hex digits
	URI   string // what all entries of one resource share
	Owner string // the plugin configuration that stored it

	Route, Host, Target string // of the request: for lists and purges
	Tags                []string

	Status    int
	Fields    header.Fields
	Body      []byte
	HasLength bool // Fields has the Content-Length of a body that is not there: the response to HEAD

	Asked    time.Time // when its request was sent; zero if not known
	Received time.Time // when the response head was there
	Terms    Terms
	ETag     string

	VaryNames string // as VaryNames gives them
	VaryValue string // of the request that it answers, as AppendSelecting gives it
	VaryLang  string // VaryValue if the request had wanted just the language of the response; "" if it has none

	soft    atomic.Bool  // purged softly: it counts as stale
	checked atomic.Int64 // when it was last compared with a shared store, in nanoseconds since 1970
	reads   atomic.Int32 // since the store last looked, maxReads at most
	faces   [4]atomic.Pointer[header.Fields]

	in           *queue // nil outside the store
	newer, older *Entry // in it
	newerKin     *Entry // the next and the last of the same URI
	kin          *Entry
	owner        *owner
	size         int64 // as counted
	hash         uint64
	alone        [1]*Entry // the entry itself: memory for the list of variants when there are no others
}

// overhead is about what an entry costs beside its texts, in bytes.
const overhead = 700

// Size is what the entry counts towards limits.
func (e *Entry) Size() int64 {
	n := overhead + len(e.Key) + len(e.URI) + 2*e.Fields.Len()*40 + len(e.Body) + len(e.Target) + len(e.VaryNames) + len(e.VaryValue)
	for name, value := range e.Fields.All() {
		n += 2 * (len(name) + len(value))
	}
	for _, t := range e.Tags {
		n += 16 + len(t)
	}
	return int64(n)
}

// Age returns how old the response is.
func (e *Entry) Age(now time.Time) time.Duration { return e.Terms.Age + max(now.Sub(e.Received), 0) }

// Fresh reports whether it may be used without asking the origin, request directives aside.
func (e *Entry) Fresh(age time.Duration) bool {
	return age < e.Terms.Lifetime && !e.Terms.NoCache && !e.soft.Load()
}

// Soften makes the entry count as stale.
func (e *Entry) Soften() { e.soft.Store(true) }

// Softened reports whether it was purged softly.
func (e *Entry) Softened() bool { return e.soft.Load() }

// Expired reports whether it is too old to be kept.
func (e *Entry) Expired(now time.Time) bool { return e.Age(now) >= e.Terms.Keep }

// Compact copies fields, without those that unwanted names, into memory of their own that can be shared.
func Compact(h *header.Fields, unwanted func(id header.ID, name []byte) bool, more ...string) header.Fields {
	var out header.Fields
	n, size := len(more)/2, 0
	for name, value := range h.All() {
		n++
		size += len(name) + len(value) + 4
	}
	for _, s := range more {
		size += len(s) + 2
	}
	out.Grow(n)
	wire := make([]byte, 0, size)
	add := func(id header.ID, name, value []byte) {
		start := len(wire)
		wire = append(append(wire, name...), ": "...)
		from := len(wire)
		wire = append(wire, value...)
		out.Received(id, start, start+len(name), from, len(wire))
		wire = append(wire, "\r\n"...)
	}
	for name, value := range h.All() {
		if id := header.Lookup(name); unwanted == nil || !unwanted(id, name) {
			add(id, name, value)
		}
	}
	for i := 0; i+1 < len(more); i += 2 {
		add(header.Lookup(more[i]), []byte(more[i]), []byte(more[i+1]))
	}
	out.Attach(wire)
	return out
}

// Face returns the entry's fields with some more, which depend on number alone. They are made once.
func (e *Entry) Face(number int, more func() []string) *header.Fields {
	if f := e.faces[number].Load(); f != nil {
		return f
	}
	f := Compact(&e.Fields, nil, more()...)
	e.faces[number].Store(&f)
	return &f
}

// unstored are fields that belong to a connection, or to the cache before us.
var unstored = header.IDs(header.Connection, header.KeepAlive, header.ProxyConnection, header.TE, header.Trailer,
	header.TransferEncoding, header.Upgrade, header.ProxyAuthenticate, header.ProxyAuthorization, header.Age)

// Unstored reports whether a response field is not kept.
func Unstored(id header.ID, name []byte) bool {
	if id != header.Other {
		return unstored.Has(id)
	}
	switch len(name) {
	case len("Trailers"):
		return is(name, "trailers")
	case len("X-Cache-Key"):
		return is(name, "x-cache-key")
	case len("X-Cache-Status"):
		return is(name, "x-cache-status")
	case len("Proxy-Authentication-Info"):
		return is(name, "proxy-authentication-info")
	}
	return len(name) >= len("ratelimit-remaining") && bytes.Contains(bytes.ToLower(name), []byte("ratelimit-remaining"))
}

// notUpdated reports whether a field of a 304 says nothing about the stored body (RFC 9111, 3.2).
func notUpdated(id header.ID, name []byte) bool {
	switch id {
	case header.ContentLength, header.ContentEncoding, header.ContentRange:
		return true
	}
	return Unstored(id, name) || is(name, "content-md5")
}

// Freshen returns a copy of e whose fields are updated by those of a 304 (RFC 9111, 3.2). Its terms are the caller's to set.
func (e *Entry) Freshen(h *header.Fields) *Entry {
	update := Compact(h, notUpdated)
	fields := Compact(&e.Fields, func(_ header.ID, name []byte) bool { return update.Has(string(name)) })
	fields.Extend(&update)
	f := e.Clone()
	f.Fields = Compact(&fields, nil)
	f.ETag = f.Fields.Get("ETag")
	return f
}

// Clone returns a copy that is in no store.
func (e *Entry) Clone() *Entry {
	return &Entry{Key: e.Key, ID: e.ID, URI: e.URI, Owner: e.Owner, Route: e.Route, Host: e.Host, Target: e.Target, Tags: e.Tags,
		Status: e.Status, Fields: e.Fields, Body: e.Body, HasLength: e.HasLength, Asked: e.Asked, Received: e.Received, Terms: e.Terms, ETag: e.ETag,
		VaryNames: e.VaryNames, VaryValue: e.VaryValue, VaryLang: e.VaryLang}
}

// SetVary notes what the response varies by, for the request whose fields are request.
func (e *Entry) SetVary(request *header.Fields) {
	e.VaryNames, e.VaryValue, e.VaryLang = VaryNames(&e.Fields), "", ""
	if e.VaryNames == "" {
		return
	}
	e.VaryValue = string(AppendSelecting(nil, e.VaryNames, request, ""))
	if lang := strings.ToLower(e.Fields.Get("Content-Language")); lang != "" && strings.Contains(e.VaryNames, "accept-language") {
		e.VaryLang = string(AppendSelecting(nil, e.VaryNames, request, lang))
	}
}

// Select returns the newest of the variants that may answer a request, or nil. With byLanguage a response in the language that the
// request wants most will do. scratch is memory that may be used.
func Select(variants []*Entry, h *header.Fields, byLanguage bool, scratch []byte) (*Entry, []byte) {
	names := ""
	for _, e := range variants {
		if e.VaryNames == "" {
			return e, scratch
		}
		if e.VaryNames != names {
			names = e.VaryNames
			scratch = AppendSelecting(scratch[:0], names, h, "")
		}
		if string(scratch) == e.VaryValue {
			return e, scratch
		}
	}
	if !byLanguage || len(variants) == 0 {
		return nil, scratch
	}
	lang := ""
	for _, e := range variants {
		if e.VaryLang == "" {
			continue
		}
		if lang == "" {
			if lang = PreferredLanguage(h); lang == "" {
				return nil, scratch
			}
		}
		scratch = AppendSelecting(scratch[:0], e.VaryNames, h, lang)
		if string(scratch) == e.VaryLang {
			return e, scratch
		}
	}
	return nil, scratch
}

// Tagged reports whether the entry has a tag.
func (e *Entry) Tagged(tag string) bool {
	for _, t := range e.Tags {
		if t == tag {
			return true
		}
	}
	return false
}

// TagsOf reads the tags of a response: Surrogate-Key lists them with spaces, Cache-Tag with commas. At most 64 count.
func TagsOf(h *header.Fields) (tags []string) {
	for _, name := range [...]string{"Surrogate-Key", "Cache-Tag"} {
		for v := range h.Values(name) {
			for _, t := range strings.FieldsFunc(string(v), func(c rune) bool { return c == ',' || c == ' ' || c == '\t' }) {
				if len(tags) == 64 {
					return tags
				}
				tags = append(tags, t)
			}
		}
	}
	return tags
}

// ContentRange returns the value of Content-Range for a part of the body.
func (e *Entry) ContentRange(r Range) string {
	return "bytes " + strconv.FormatInt(r.First, 10) + "-" + strconv.FormatInt(r.End-1, 10) + "/" + strconv.Itoa(len(e.Body))
}

// Recheck reports whether the entry is to be compared with a shared store now, and takes this on for the caller: others are told
// no until every has gone by.
func (e *Entry) Recheck(now time.Time, every time.Duration) bool {
	at, n := e.checked.Load(), now.UnixNano()
	return n-at >= int64(every) && e.checked.CompareAndSwap(at, n)
}
