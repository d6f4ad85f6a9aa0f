package http2

import (
	"strconv"

	"github.com/gibbon-gateway/gibbon/header"
	"github.com/gibbon-gateway/gibbon/internal/lex"
)

// Header blocks are encoded without the dynamic table and without Huffman codes (RFC 7541, 6.2.2 and 6.2.3), as nginx does for
// responses: then a block depends on no other, is made without a lock, and nothing of it is kept.

// staticNames holds the index in HPACK's static table of each field that has one (RFC 7541, appendix A).
var staticNames = [64]uint8{
	header.Accept: 19, header.AcceptEncoding: 16, header.Age: 21, header.Authorization: 23, header.CacheControl: 24,
	header.ContentEncoding: 26, header.ContentLength: 28, header.ContentRange: 30, header.ContentType: 31, header.Cookie: 32,
	header.Date: 33, header.ETag: 34, header.Expect: 35, header.Host: 38, header.IfNoneMatch: 41, header.Location: 46,
	header.ProxyAuthenticate: 48, header.ProxyAuthorization: 49, header.Range: 50, header.RetryAfter: 53, header.Server: 54,
	header.SetCookie: 55, header.TransferEncoding: 57, header.UserAgent: 58, header.Vary: 59, header.Via: 60,
	header.WWWAuthenticate: 61,
}

// Indexes in the static table of pseudo-header fields.
const (
	staticAuthority = 1
	staticMethod    = 2
	staticPath      = 4
	staticScheme    = 6
	staticStatus    = 8
)

// neverIndexed are fields that nobody on the way may put into a table, where they could be guessed (RFC 7541, 7.1.3).
var neverIndexed = header.IDs(header.Authorization, header.ProxyAuthorization, header.Cookie, header.SetCookie, header.APIKey)

// appendTableSize announces, at the start of a connection's first block, that the dynamic table will not be used. Then no change of
// SETTINGS_HEADER_TABLE_SIZE concerns this side any more.
func appendTableSize(b []byte) []byte { return append(b, 0x20) }

// appendNumber appends an integer with a prefix of n bits, the other bits of the first byte being those of first (RFC 7541, 5.1).
func appendNumber(b []byte, first byte, n uint, i int) []byte {
	most := 1<<n - 1
	if i < most {
		return append(b, first|byte(i))
	}
	b = append(b, first|byte(most))
	for i -= most; i >= 128; i >>= 7 {
		b = append(b, byte(i)|0x80)
	}
	return append(b, byte(i))
}

// appendText appends a string as it is. Control characters become spaces: no peer would take them.
func appendText(b, text []byte) []byte {
	b = appendNumber(b, 0, 7, len(text))
	start := len(b)
	b = append(b, text...)
	if !lex.Value(b[start:]) {
		for i, c := range b[start:] {
			if c < 0x20 && c != '\t' || c == 0x7f {
				b[start+i] = ' '
			}
		}
	}
	return b
}

// appendNamed appends a field whose name is in the static table.
func appendNamed(b []byte, index int, value []byte) []byte {
	return appendText(appendNumber(b, 0, 4, index), value)
}

// appendStatus appends :status.
func appendStatus(b []byte, code int) []byte {
	switch code {
	case 200:
		return append(b, 0x80|8)
	case 204:
		return append(b, 0x80|9)
	case 206:
		return append(b, 0x80|10)
	case 304:
		return append(b, 0x80|11)
	case 400:
		return append(b, 0x80|12)
	case 404:
		return append(b, 0x80|13)
	case 500:
		return append(b, 0x80|14)
	}
	return strconv.AppendInt(append(b, staticStatus, 3), int64(code), 10)
}

// appendLength appends content-length.
func appendLength(b []byte, n int64) []byte {
	b = appendNumber(b, 0, 4, int(staticNames[header.ContentLength]))
	start := len(b)
	b = strconv.AppendInt(append(b, 0), n, 10) // of at most 19 digits
	b[start] = byte(len(b) - start - 1)
	return b
}

// appendField appends a field, its name in lower case. A field whose name is not a token is left out: it could be taken for a pseudo-header
// field.
func appendField(b []byte, id header.ID, name, value []byte) []byte {
	first := byte(0)
	if neverIndexed.Has(id) {
		first = 0x10
	}
	start := len(b)
	if index := staticNames[id]; index > 0 {
		b = appendNumber(b, first, 4, int(index))
	} else {
		b = appendNumber(append(b, first), 0, 7, len(name))
		var ok bool
		if b, ok = lex.AppendLower(b, name); !ok {
			return b[:start]
		}
	}
	return appendText(b, lex.Trim(value))
}

// appendFields appends the fields of f but those in skip, those of HTTP/1.1 connections, and TE if it asks for anything but trailers.
func appendFields(b []byte, f *header.Fields, skip header.IDSet) []byte {
	skip = (skip | connectionFields) &^ header.IDs(header.Other)
	f.Each(func(id header.ID, name, value []byte) {
		if skip.Has(id) || id == header.TE && !header.EqualFold(value, "trailers") {
			return
		}
		b = appendField(b, id, name, value)
	})
	return b
}
