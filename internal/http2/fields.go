package http2

import (
	"golang.org/x/net/http2/hpack"

	"github.com/gibbon-gateway/gibbon/header"
	"github.com/gibbon-gateway/gibbon/internal/exchange"
	"github.com/gibbon-gateway/gibbon/internal/lex"
)

// Refusals of header blocks that are well formed in HTTP/2's own terms.
var (
	errHeadLong      = &exchange.Refusal{Status: 431, Text: "header is too long"}
	errFieldLong     = &exchange.Refusal{Status: 431, Text: "header field is too long"}
	errTooManyFields = &exchange.Refusal{Status: 431, Text: "too many header fields"}
	errManyHosts     = &exchange.Refusal{Status: 400, Text: "more than one Host field"}
	errHostDiffers   = &exchange.Refusal{Status: 400, Text: "Host differs from :authority"}
	errPathLong      = &exchange.Refusal{Status: 414, Text: "request target is too long"}
)

// blockKind says what a header block belongs to, and so what may stand in it.
type blockKind uint8

const (
	requestBlock blockKind = iota
	responseBlock
	trailerBlock
)

// pseudo is a pseudo-header field (RFC 9113, 8.3).
type pseudo uint8

const (
	method pseudo = iota
	scheme
	authority
	path
	protocol // RFC 8441
	status
	pseudos
)

func lookupPseudo(name string) pseudo {
	switch name {
	case ":method":
		return method
	case ":scheme":
		return scheme
	case ":authority":
		return authority
	case ":path":
		return path
	case ":protocol":
		return protocol
	case ":status":
		return status
	}
	return pseudos
}

// allowed are the pseudo-header fields of each kind of block, one bit each.
var allowed = [...]uint8{
	requestBlock:  1<<method | 1<<scheme | 1<<authority | 1<<path | 1<<protocol,
	responseBlock: 1 << status,
	trailerBlock:  0,
}

var (
	// connectionFields must not be in HTTP/2 messages (RFC 9113, 8.2.2).
	connectionFields = header.IDs(header.Connection, header.KeepAlive, header.ProxyConnection, header.TransferEncoding, header.Upgrade)

	// notInTrailers are fields about framing, routing, authentication and content, which must be known before the body.
	notInTrailers = connectionFields.With(header.Host, header.ContentLength, header.TE, header.Trailer, header.Expect, header.Via,
		header.Forwarded, header.XForwardedFor, header.XForwardedProto, header.XForwardedHost, header.XForwardedPort,
		header.XForwardedPath, header.XForwardedPrefix, header.XRealIP, header.Authorization, header.ProxyAuthorization,
		header.ProxyAuthenticate, header.WWWAuthenticate, header.APIKey, header.Cookie, header.SetCookie, header.CacheControl,
		header.Age, header.Vary, header.ContentType, header.ContentEncoding, header.ContentRange, header.Range, header.Location,
		header.Date, header.Origin, header.XConsumerID, header.XConsumerCustomID, header.XConsumerUsername,
		header.XCredentialIdentifier, header.XAnonymousConsumer, header.KongDebug)
)

// block is a decoded header block.
type block struct {
	wire   []byte // what the spans and the fields point into: pseudo-header fields, then the others as lines
	fields *header.Fields
	pseudo [pseudos]struct{ start, end int }
	has    uint8 // pseudo-header fields that are there, one bit each

	length         int64 // content-length, or -1
	trailers       bool  // TE: trailers
	expectContinue bool
	expectOther    bool

	crumbs []byte // memory to join cookies in
}

// reset empties the block and keeps its memory.
func (b *block) reset() {
	b.fields.Reset()
	*b = block{wire: b.wire[:0], fields: b.fields, length: -1, crumbs: b.crumbs}
}

// value returns a pseudo-header field, nil if it is not there. It is borrowed from wire.
func (b *block) value(p pseudo) []byte {
	if b.has>>p&1 == 0 {
		return nil
	}
	s := b.pseudo[p]
	return b.wire[s.start:s.end:s.end]
}

// fieldLimits bound a header block.
type fieldLimits struct {
	list   int // bytes of all names and values and 32 for each, as SETTINGS_MAX_HEADER_LIST_SIZE counts (RFC 9113, 6.5.2)
	field  int // bytes of one name and its value
	fields int // number
}

// decoder decodes the header blocks that a connection receives (RFC 7541).
type decoder struct {
	hp  *hpack.Decoder
	lim fieldLimits

	b       *block // nil: nobody wants it
	kind    blockKind
	size    int
	count   int
	regular bool // a field that is no pseudo-header field was there
	host    int  // offset behind the Host field made of :authority, 0 without one
	hosts   int  // Host fields received
	cookies int
	err     error
}

func newDecoder(lim fieldLimits) *decoder {
	d := &decoder{lim: lim}
	d.hp = hpack.NewDecoder(4096, d.field)
	d.hp.SetMaxStringLength(d.maxBlock())
	return d
}

// maxBlock is the most bytes of an encoded header block that are decoded at all. What is longer cannot be within the limits.
func (d *decoder) maxBlock() int { return 2 * d.lim.list }

// decode decodes a whole header block into b, which is empty; b may be nil, then it is only kept in step with the other side.
//
// A *connFault means that the connection cannot go on. Another error is about this message alone: a *streamFault if it is malformed, an
// *exchange.Refusal if it is over a limit; b holds what stood in front of the offence.
func (d *decoder) decode(b *block, kind blockKind, encoded []byte) error {
	if len(encoded) > d.maxBlock() {
		return errBlockLong
	}
	*d = decoder{hp: d.hp, lim: d.lim, b: b, kind: kind}
	d.hp.SetEmitEnabled(b != nil)
	_, err := d.hp.Write(encoded)
	if err == nil {
		err = d.hp.Close()
	}
	if err != nil {
		if err == hpack.ErrStringLength {
			return errBlockLong
		}
		return errHpack
	}
	if b == nil {
		return nil
	}
	if !d.regular && d.err == nil {
		d.addHost()
	}
	b.fields.Attach(b.wire)
	if d.cookies > 1 {
		b.joinCookies()
	}
	d.b = nil
	return d.err
}

// fail notes the first offence. The rest of the block is decoded without looking at it, for the sake of the header table.
func (d *decoder) fail(err error) {
	d.err = err
	d.hp.SetEmitEnabled(false)
}

// field takes one field of the block.
func (d *decoder) field(f hpack.HeaderField) {
	d.size += len(f.Name) + len(f.Value) + 32
	d.count++
	switch {
	case f.IsPseudo():
		d.pseudoField(f)
	case !lex.LowerName(f.Name):
		d.fail(errName)
	case d.size > d.lim.list:
		d.fail(errHeadLong)
	case d.count > d.lim.fields:
		d.fail(errTooManyFields)
	case len(f.Name)+len(f.Value) > d.lim.field:
		d.fail(errFieldLong)
	default:
		if !d.regular {
			d.regular = true
			d.addHost()
		}
		d.regularField(f)
	}
}

func (d *decoder) pseudoField(f hpack.HeaderField) {
	b, p := d.b, lookupPseudo(f.Name)
	switch {
	case d.regular:
		d.fail(errPseudoOrder)
	case p == pseudos || allowed[d.kind]>>p&1 == 0:
		d.fail(errPseudoUnknown)
	case b.has>>p&1 != 0:
		d.fail(errPseudoTwice)
	case len(f.Value) > d.lim.field && p == path:
		d.fail(errPathLong)
	case len(f.Value) > d.lim.field:
		d.fail(errFieldLong)
	default:
		start := len(b.wire)
		b.wire = append(b.wire, f.Value...)
		b.pseudo[p].start, b.pseudo[p].end = start, len(b.wire)
		b.has |= 1 << p
		if !lex.Value(b.wire[start:]) {
			d.fail(errValue)
		}
	}
}

// addHost makes the Host field of :authority.
func (d *decoder) addHost() {
	if d.kind == requestBlock && d.b.has>>authority&1 != 0 {
		a := d.b.pseudo[authority]
		start := len(d.b.wire)
		d.b.wire = append(d.b.wire, "host: "...)
		d.b.wire = append(d.b.wire, d.b.wire[a.start:a.end]...)
		d.line(header.Host, start, len("host"))
		d.host = len(d.b.wire)
	}
}

// line ends the line that starts at wire[start], with a name of n bytes.
func (d *decoder) line(id header.ID, start, n int) {
	d.b.fields.Received(id, start, start+n, start+n+2, len(d.b.wire))
	d.b.wire = append(d.b.wire, "\r\n"...)
}

func (d *decoder) regularField(f hpack.HeaderField) {
	b := d.b
	start := len(b.wire)
	b.wire = append(append(b.wire, f.Name...), ": "...)
	value := len(b.wire)
	b.wire = append(b.wire, f.Value...)
	v := b.wire[value:]
	if len(v) > 0 && (lex.Space(v[0]) || lex.Space(v[len(v)-1])) || !lex.Value(v) {
		b.wire = b.wire[:start]
		d.fail(errValue)
		return
	}
	id := header.Lookup(f.Name)
	if id != header.Other {
		keep, err := d.known(id, v)
		if err != nil {
			d.fail(err)
		}
		if !keep {
			b.wire = b.wire[:start]
			return
		}
	}
	d.line(id, start, len(f.Name))
}

// known looks at a field with an id. keep is false for one that is taken out.
func (d *decoder) known(id header.ID, v []byte) (keep bool, err error) {
	b := d.b
	switch {
	case connectionFields.Has(id):
		return false, errConnectionName
	case id == header.TE && d.kind != responseBlock:
		b.trailers = header.EqualFold(v, "trailers")
		if !b.trailers {
			return false, errConnectionName
		}
		return false, nil
	case d.kind == trailerBlock:
		return !notInTrailers.Has(id), nil
	}
	switch id {
	case header.ContentLength:
		n, ok := lex.Length(v)
		if !ok || b.length >= 0 {
			return false, errLength
		}
		b.length = n
	case header.Host:
		return d.hostField(v)
	case header.Expect:
		if d.kind == requestBlock {
			if header.EqualFold(v, "100-continue") {
				b.expectContinue = true
			} else {
				b.expectOther = true
			}
			return false, nil
		}
	case header.Cookie:
		if d.kind == requestBlock {
			d.cookies++
		}
	}
	return true, nil
}

// hostField compares a Host field with :authority, which it must not contradict (RFC 9113, 8.3.1).
func (d *decoder) hostField(v []byte) (keep bool, err error) {
	if d.kind != requestBlock {
		return true, nil
	}
	d.hosts++
	switch {
	case d.hosts > 1:
		return false, errManyHosts
	case d.host == 0:
		return true, nil
	case !header.EqualFold(v, d.b.value(authority)):
		return false, errHostDiffers
	}
	return false, nil
}

// joinCookies makes one field of several cookies (RFC 9113, 8.2.3).
func (b *block) joinCookies() {
	b.crumbs = b.crumbs[:0]
	for id, v := range b.fields.AllIDs() {
		if id == header.Cookie {
			b.crumbs = append(append(b.crumbs, v...), "; "...)
		}
	}
	b.fields.SetID(header.Cookie, b.crumbs[:len(b.crumbs)-len("; ")])
}
