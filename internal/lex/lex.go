// Package lex holds the characters and small grammars that messages of every version of HTTP share (RFC 9110, RFC 3986): tokens,
// field values, lists, lengths, hosts and request targets. It only looks at bytes, without allocating; what a message that breaks
// a rule is answered with is for the protocols to say.
package lex

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"strconv"
)

const (
	token  = 1 << iota // of methods and field names
	target             // of request targets: everything visible but "#", and bytes from 0x80
	host               // of a host's name or address
	hex
	digit
	upper
)

var class = func() (t [256]uint8) {
	set := func(bit uint8, chars string) {
		for _, c := range []byte(chars) {
			t[c] |= bit
		}
	}
	const digits = "0123456789"
	const capitals = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	const letters = "abcdefghijklmnopqrstuvwxyz" + capitals
	set(token, digits+letters+"!#$%&'*+-.^_`|~")
	set(host, digits+letters+"-._~")
	set(hex, digits+"abcdefABCDEF")
	set(digit, digits)
	set(upper, capitals)
	for c := 0x21; c < 0x100; c++ {
		if c != 0x7f && c != '#' {
			t[c] |= target
		}
	}
	return t
}()

func all(b []byte, bit uint8) bool {
	for _, c := range b {
		if class[c]&bit == 0 {
			return false
		}
	}
	return true
}

// Token reports whether b is a token: the form of methods and field names (RFC 9110, 5.6.2).
func Token(b []byte) bool { return len(b) > 0 && all(b, token) }

// LowerName reports whether s is a field name as HTTP/2 and 3 have it: a token without capitals (RFC 9113, 8.2).
func LowerName(s string) bool {
	for i := 0; i < len(s); i++ {
		if class[s[i]]&(token|upper) != token {
			return false
		}
	}
	return s != ""
}

// AppendLower appends the field name in lower case to b. It reports false, and b is as it was, when name is not a token.
func AppendLower(b, name []byte) ([]byte, bool) {
	start := len(b)
	for _, c := range name {
		t := class[c]
		if t&token == 0 {
			return b[:start], false
		}
		if t&upper != 0 {
			c |= 0x20
		}
		b = append(b, c)
	}
	return b, len(name) > 0
}

// Value reports whether b has no control character but tab. It looks at eight bytes at a time.
func Value(b []byte) bool {
	const ones, highs = 0x0101010101010101, 0x8080808080808080
	for len(b) >= 8 {
		x := binary.LittleEndian.Uint64(b)
		below := (x - ones*0x20) & ^x // high bit set in bytes below 0x20 (and maybe, after a borrow, in one above)
		d := x ^ ones*0x7f
		del := (d - ones) & ^d
		if (below|del)&highs != 0 && !valueBytes(b[:8]) {
			return false
		}
		b = b[8:]
	}
	return valueBytes(b)
}

func valueBytes(b []byte) bool {
	for _, c := range b {
		if c < 0x20 && c != '\t' || c == 0x7f {
			return false
		}
	}
	return true
}

// Space reports whether c is a space or a tab.
func Space(c byte) bool { return c == ' ' || c == '\t' }

// Trim returns b without spaces and tabs around it.
func Trim(b []byte) []byte {
	for len(b) > 0 && Space(b[0]) {
		b = b[1:]
	}
	for len(b) > 0 && Space(b[len(b)-1]) {
		b = b[:len(b)-1]
	}
	return b
}

// NextItem splits the first item off a comma-separated list; empty items are skipped. It returns nil at the end.
func NextItem(list []byte) (item, rest []byte) {
	for len(list) > 0 {
		end := 0
		for end < len(list) && list[end] != ',' {
			end++
		}
		item = Trim(list[:end])
		list = list[min(end+1, len(list)):]
		if len(item) > 0 {
			return item, list
		}
	}
	return nil, nil
}

// Length reads a Content-Length: digits only, at most 18 of them.
func Length(b []byte) (int64, bool) {
	if len(b) == 0 || len(b) > 18 {
		return 0, false
	}
	var n int64
	for _, c := range b {
		if class[c]&digit == 0 {
			return 0, false
		}
		n = n*10 + int64(c-'0')
	}
	return n, true
}

// Host reports whether b is a host with an optional port: a name, an IPv4 address, or an IPv6 address in brackets.
func Host(b []byte) bool {
	if len(b) == 0 {
		return false
	}
	i := 0
	if b[0] == '[' {
		if i = bytes.IndexByte(b, ']'); i < 0 {
			return false
		}
		if a, err := netip.ParseAddr(string(b[1:i])); err != nil || !a.Is6() || a.Zone() != "" {
			return false
		}
		i++
	} else {
		for i < len(b) && class[b[i]]&host != 0 {
			i++
		}
		if i == 0 {
			return false
		}
	}
	if i == len(b) {
		return true
	}
	port := b[i+1:]
	if b[i] != ':' || len(port) == 0 || len(port) > 5 || !all(port, digit) {
		return false
	}
	n, _ := strconv.Atoi(string(port))
	return n <= 65535
}

// Target checks the characters of a path and query: percent-encodings in the path must be complete and not encode NUL.
func Target(b []byte) bool {
	for i := 0; i < len(b); i++ {
		c := b[i]
		if class[c]&target == 0 {
			return false
		}
		if c == '?' {
			return all(b[i:], target)
		}
		if c == '%' {
			if i+2 >= len(b) || class[b[i+1]]&class[b[i+2]]&hex == 0 || b[i+1] == '0' && b[i+2] == '0' {
				return false
			}
			i += 2
		}
	}
	return true
}
