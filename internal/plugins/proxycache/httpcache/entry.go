// Package httpcache is what an HTTP cache knows, apart from any gateway: what Cache-Control, Vary, Expires and conditions mean
// (RFC 9111), which stored response fits a request, and where responses are kept in memory. Its main types are Entry, a stored
// response, Policy, which decides how long it is good, and Store. It sends and receives nothing.
package httpcache

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/gibbon-gateway/gibbon/header"
)

// Entry is a stored response. It does not change once it is in a store, and is shared by all who read it.
//
// A cache that is full touches an entry twice in its life, when it comes and when it goes, and by then nothing of it is in the
// processor's caches. So what the store needs stands together at the beginning, texts are one piece of memory, and what few responses
// have is elsewhere.
type Entry struct {
	reads atomic.Int32 // since the store last looked, maxReads at most
	soft  atomic.Bool  // purged softly: it counts as stale

	// Tied says that the entry goes when its URI is removed.
	Tied bool
	// HasLength says that Fields has the Content-Length of a body that is not there: the response to HEAD.
	HasLength bool

	uriLen, keyLen, hostLen, textLen uint32 // of block

	in            *queue // nil outside the store
	newer, older  *Entry // in it
	next          *Entry // the next older one at the same key
	newerKin, kin *Entry // the last and the next of the same URI, if tied
	owner         *owner
	size          int64  // as counted
	hash, ofURI   uint64 // of the key, and of the URI

	block  []byte // key, host and target, and the packed fields, one after the other; the key begins with the URI
	Owner  string // the plugin configuration that stored it
	Route  string // that the request had matched
	Status int

	Asked    time.Time // when its request was sent; zero if not known
	Received time.Time // when the response head was there
	Terms    Terms
	Body     []byte
	*Traits

	checked atomic.Int64                  // when it was last compared with a shared store, in nanoseconds since 1970
	fields  atomic.Pointer[header.Fields] // unpacked
	face    atomic.Pointer[face]          // unpacked, with more
}

// Traits are what not every response has. They are not changed.
type Traits struct {
	ETag      string
	Tags      []string
	VaryNames string // as VaryNames gives them
	VaryValue string // of the request that it answers, as AppendSelecting gives it
	VaryLang  string // VaryValue if the request had wanted just the language of the response; "" if it has none
	Proof     string // what a shared store said of purges before this node asked for the response; it is not encoded
}

// Prove sets the Proof of an entry that is in no store.
func (e *Entry) Prove(proof string) {
	t := *e.Traits
	t.Proof = proof
	e.Traits = &t
}

var plain = new(Traits)

// face is the fields of an entry with some more.
type face struct {
	number int
	fields *header.Fields
}

// Request is what an entry keeps of its request. Key is what requests have to come to that it answers, and begins with URI, which all
// entries of one resource share. Text is Key, Host and Target, one after the other.
type Request struct {
	Text                    []byte
	URILen, KeyLen, HostLen int
}

// URI returns what all entries of one resource share.
func (r *Request) URI() []byte { return r.Text[:r.URILen] }

// Key returns what requests have to come to.
func (r *Request) Key() []byte { return r.Text[:r.KeyLen] }

// Target returns the request target.
func (r *Request) Target() string { return string(r.Text[r.KeyLen+r.HostLen:]) }

// NewEntry makes an entry that is in no store, with the fields of a response but for those that drop names; it may be nil. Its Body is
// empty, with room for so many bytes.
func NewEntry(r *Request, h *header.Fields, drop func(id header.ID, name []byte) bool, room int) *Entry {
	b := append(make([]byte, 0, len(r.Text)+h.Packed()+room), r.Text...)
	b = h.AppendPacked(b, drop)
	return &Entry{block: b[:len(b):len(b)], Body: b[len(b) : len(b) : len(b)+room], uriLen: uint32(r.URILen), keyLen: uint32(r.KeyLen),
		hostLen: uint32(r.HostLen), textLen: uint32(len(r.Text)), Traits: plain}
}

func (e *Entry) request() *Request {
	return &Request{Text: e.block[:e.textLen], URILen: int(e.uriLen), KeyLen: int(e.keyLen), HostLen: int(e.hostLen)}
}

// Key is what a request must come to.
func (e *Entry) Key() []byte { return e.block[:e.keyLen] }

// URI is what all entries of one resource share.
func (e *Entry) URI() []byte { return e.block[:e.uriLen] }

// Host is the host of the request, in lower case.
func (e *Entry) Host() string { return string(e.block[e.keyLen : e.keyLen+e.hostLen]) }

// Target is the target of the request.
func (e *Entry) Target() string { return string(e.block[e.keyLen+e.hostLen : e.textLen]) }

// packed returns the fields of the response as AppendPacked writes them.
func (e *Entry) packed() []byte { return e.block[e.textLen:] }

// Fields returns the fields of the response.
func (e *Entry) Fields() *header.Fields {
	f := e.fields.Load()
	if f == nil {
		f = header.Unpack(e.packed())
		e.fields.Store(f)
	}
	return f
}

// ID is Key for people: 64 hex digits.
func (e *Entry) ID() string { return ID(e.Key()) }

// ID returns the ID of entries with a key.
func ID(key []byte) string { return string(AppendID(make([]byte, 0, 2*sha256.Size), key)) }

// AppendID appends the ID of entries with a key.
func AppendID(b, key []byte) []byte {
	sum := sha256.Sum256(key)
	return hex.AppendEncode(b, sum[:])
}

// overhead is about what an entry costs beside its texts, in bytes.
const overhead = 700

// Size is what the entry counts towards limits.
func (e *Entry) Size() int64 {
	n := overhead + len(e.block) + 3*len(e.packed()) + len(e.Body) + len(e.VaryNames) + len(e.VaryValue)
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

// Face returns the entry's fields with some more, which depend on number alone. They are made once, unless the number changes.
func (e *Entry) Face(number int, more func() []string) *header.Fields {
	f := e.face.Load()
	if f == nil || f.number != number {
		pairs := more()
		b := append(make([]byte, 0, len(e.packed())+128), e.packed()...)
		for i := 0; i+1 < len(pairs); i += 2 {
			b = append(append(b, pairs[i]...), ": "...)
			b = append(append(b, pairs[i+1]...), "\r\n"...)
		}
		f = &face{number, header.Unpack(b)}
		e.face.Store(f)
	}
	return f.fields
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
	update := header.Unpack(h.AppendPacked(nil, notUpdated))
	fields := header.Unpack(e.Fields().AppendPacked(nil, func(_ header.ID, name []byte) bool { return update.Has(string(name)) }))
	fields.Extend(update)
	f := NewEntry(e.request(), fields, nil, 0)
	f.Owner, f.Route, f.Status, f.Body, f.HasLength, f.Tied, f.Traits = e.Owner, e.Route, e.Status, e.Body, e.HasLength, e.Tied, new(*e.Traits)
	f.ETag = fields.Get("ETag")
	return f
}

// Describe reads the traits out of a response's fields. request has those of the request; nil says that Vary does not count.
func (e *Entry) Describe(h, request *header.Fields) {
	t := Traits{ETag: h.Get("ETag"), Tags: TagsOf(h)}
	if request != nil {
		t.VaryNames = VaryNames(h)
	}
	if t.VaryNames != "" {
		t.VaryValue = string(AppendSelecting(nil, t.VaryNames, request, ""))
		if lang := strings.ToLower(h.Get("Content-Language")); lang != "" && strings.Contains(t.VaryNames, "accept-language") {
			t.VaryLang = string(AppendSelecting(nil, t.VaryNames, request, lang))
		}
	}
	if e.Traits = plain; t.ETag != "" || t.VaryNames != "" || len(t.Tags) > 0 {
		e.Traits = new(t)
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
