package http1

import (
	"bytes"

	"github.com/gibbon-gateway/gibbon/header"
)

// headLimits bound a head.
type headLimits struct {
	line, field, total, fields int
}

// head reads the fields of a message, line by line, and collects what they say about framing and connection. It can stop at
// every byte and go on when there are more: lines that were read are not read again.
type head struct {
	pos       int  // offset of the first line not read
	firstLine bool // the request or status line has been read
	end       int  // offset behind the empty line, when complete

	hosts, lengths, codings, upgrades int
	length                            int64
	unknownCoding, compressed         bool
	close, keepAlive, upgrade         bool
	teTrailers                        bool
	expect, expectOther               bool
	host                              [2]int // value of the Host field
	upgradeTo                         [2]int // value of the Upgrade field
}

func (h *head) reset() { *h = head{length: -1} }

// line finds the line that starts at pos. It returns its end without CRLF and where the next one starts.
func (h *head) line(b []byte, limit int, tooLong error, total int) (end, next int, err error) {
	rest := b[h.pos:]
	i := bytes.IndexByte(rest, '\n')
	if i < 0 {
		switch {
		case len(rest) > limit:
			return 0, 0, tooLong
		case len(b) > total:
			return 0, 0, errHeadTooLong
		}
		return 0, 0, errMore
	}
	switch {
	case i+1 > limit:
		return 0, 0, tooLong
	case i == 0 || rest[i-1] != '\r':
		return 0, 0, errBareLF
	case h.pos+i+1 > total:
		return 0, 0, errHeadTooLong
	}
	return h.pos + i - 1, h.pos + i + 1, nil
}

// fields reads field lines up to and including the empty one. b starts at the message's first byte; f is attached to it.
func (h *head) fields(b []byte, f *header.Fields, count *int, lim *headLimits) error {
	for {
		end, next, err := h.line(b, lim.field, errFieldTooLong, lim.total)
		if err != nil {
			return err
		}
		if end == h.pos {
			h.pos, h.end = next, next
			return nil
		}
		id, name, vs, ve, err := fieldLine(b, h.pos, end)
		if err != nil {
			return err
		}
		if *count++; *count > lim.fields {
			return errTooManyFields
		}
		f.Received(id, h.pos, name, vs, ve)
		if id != header.Other {
			if err := h.note(id, b, vs, ve); err != nil {
				return err
			}
		}
		h.pos = next
	}
}

// fieldLine takes the line b[start:end] apart: where its name ends, and where its value starts and ends.
func fieldLine(b []byte, start, end int) (id header.ID, name, vs, ve int, err error) {
	if isSpace(b[start]) {
		return 0, 0, 0, 0, errFolded
	}
	l := b[start:end]
	n := 0
	for n < len(l) && class[l[n]]&classToken != 0 {
		n++
	}
	if n == 0 || n == len(l) || l[n] != ':' {
		return 0, 0, 0, 0, errFieldName
	}
	s, e := n+1, len(l)
	for s < e && isSpace(l[s]) {
		s++
	}
	for e > s && isSpace(l[e-1]) {
		e--
	}
	if !validValue(l[s:e]) {
		return 0, 0, 0, 0, errFieldValue
	}
	return header.Lookup(l[:n]), start + n, start + s, start + e, nil
}

// note keeps what a field says about framing and connection.
func (h *head) note(id header.ID, b []byte, vs, ve int) error {
	v := b[vs:ve]
	switch id {
	case header.Host:
		if h.hosts++; h.hosts > 1 {
			return errManyHosts
		}
		h.host = [2]int{vs, ve}
	case header.ContentLength:
		if h.lengths++; h.lengths > 1 {
			return errManyLengths
		}
		n, ok := parseLength(v)
		if !ok {
			return errLength
		}
		h.length = n
	case header.TransferEncoding:
		if h.codings++; h.codings > 1 {
			return errCoding
		}
		if !header.EqualFold(v, "chunked") {
			if len(v) == 0 || !all(v, classToken) {
				return errCoding
			}
			h.unknownCoding, h.compressed = true, compression(v)
		}
	case header.Connection:
		for t, rest := nextItem(v); t != nil; t, rest = nextItem(rest) {
			switch {
			case header.EqualFold(t, "close"):
				h.close = true
			case header.EqualFold(t, "keep-alive"):
				h.keepAlive = true
			case header.EqualFold(t, "upgrade"):
				h.upgrade = true
			}
		}
	case header.Upgrade:
		if h.upgrades++; h.upgrades > 1 {
			return errManyUpgrades
		}
		h.upgradeTo = [2]int{vs, ve}
	case header.TE:
		for t, rest := nextItem(v); t != nil; t, rest = nextItem(rest) {
			if header.EqualFold(t, "trailers") {
				h.teTrailers = true
			}
		}
	case header.Expect:
		if header.EqualFold(v, "100-continue") {
			h.expect = true
		} else {
			h.expectOther = true
		}
	}
	return nil
}

// framing checks that the fields agree on where the body ends. Upstream and client are held to the same rules, but for codings other
// than chunked: a request that has one has no end, a response ends with its connection (RFC 9112, 6.3).
func (h *head) framing(minor int) error {
	switch {
	case h.codings > 0 && h.lengths > 0:
		return errBothFramings
	case h.codings > 0 && minor == 0:
		return errOldCoding
	}
	return nil
}

// compression reports whether a transfer coding is one of those that compress (RFC 9112, 7.2).
func compression(v []byte) bool {
	for _, name := range [...]string{"gzip", "x-gzip", "deflate", "compress", "x-compress"} {
		if header.EqualFold(v, name) {
			return true
		}
	}
	return false
}
