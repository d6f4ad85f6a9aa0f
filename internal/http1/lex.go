package http1

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"strconv"
)

// Character classes of RFC 9110 and 3986, one bit each.
const (
	classToken  = 1 << iota // of methods and field names
	classTarget             // of request targets: everything visible but "#", and bytes from 0x80
	classHost               // of a host's name or address
	classHex
	classDigit
)

var class = func() (t [256]uint8) {
	set := func(bit uint8, chars string) {
		for _, c := range []byte(chars) {
			t[c] |= bit
		}
	}
	const digits = "0123456789"
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	set(classToken, digits+letters+"!#$%&'*+-.^_`|~")
	set(classHost, digits+letters+"-._~")
	set(classHex, digits+"abcdefABCDEF")
	set(classDigit, digits)
	for c := 0x21; c < 0x100; c++ {
		if c != 0x7f && c != '#' {
			t[c] |= classTarget
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

// validValue reports whether b has no control character but tab. It looks at eight bytes at a time.
func validValue(b []byte) bool {
	const ones, highs = 0x0101010101010101, 0x8080808080808080
	for len(b) >= 8 {
		x := binary.LittleEndian.Uint64(b)
		below := (x - ones*0x20) & ^x // high bit set in bytes below 0x20 (and maybe, after a borrow, in one above)
		d := x ^ ones*0x7f
		del := (d - ones) & ^d
		if (below|del)&highs != 0 && !validBytes(b[:8]) {
			return false
		}
		b = b[8:]
	}
	return validBytes(b)
}

func validBytes(b []byte) bool {
	for _, c := range b {
		if c < 0x20 && c != '\t' || c == 0x7f {
			return false
		}
	}
	return true
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' }

func trim(b []byte) []byte {
	for len(b) > 0 && isSpace(b[0]) {
		b = b[1:]
	}
	for len(b) > 0 && isSpace(b[len(b)-1]) {
		b = b[:len(b)-1]
	}
	return b
}

// nextItem splits the first item off a comma-separated list; empty items are skipped. It returns nil at the end.
func nextItem(list []byte) (item, rest []byte) {
	for len(list) > 0 {
		end := 0
		for end < len(list) && list[end] != ',' {
			end++
		}
		item = trim(list[:end])
		list = list[min(end+1, len(list)):]
		if len(item) > 0 {
			return item, list
		}
	}
	return nil, nil
}

// parseLength reads a Content-Length: digits only, at most 18 of them.
func parseLength(b []byte) (int64, bool) {
	if len(b) == 0 || len(b) > 18 {
		return 0, false
	}
	var n int64
	for _, c := range b {
		if class[c]&classDigit == 0 {
			return 0, false
		}
		n = n*10 + int64(c-'0')
	}
	return n, true
}

// validHost reports whether b is a host with an optional port: a name, an IPv4 address, or an IPv6 address in brackets.
func validHost(b []byte) bool {
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
		for i < len(b) && class[b[i]]&classHost != 0 {
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
	if b[i] != ':' || len(port) == 0 || len(port) > 5 || !all(port, classDigit) {
		return false
	}
	n, _ := strconv.Atoi(string(port))
	return n <= 65535
}

// validTarget checks the characters of a path and query: percent-encodings in the path must be complete and not encode NUL.
func validTarget(b []byte) bool {
	for i := 0; i < len(b); i++ {
		c := b[i]
		if class[c]&classTarget == 0 {
			return false
		}
		if c == '?' {
			return all(b[i:], classTarget)
		}
		if c == '%' {
			if i+2 >= len(b) || class[b[i+1]]&class[b[i+2]]&classHex == 0 || b[i+1] == '0' && b[i+2] == '0' {
				return false
			}
			i += 2
		}
	}
	return true
}

// appendInt appends n in decimal.
func appendInt(b []byte, n int64) []byte { return strconv.AppendInt(b, n, 10) }

// appendHex appends n in hexadecimal.
func appendHex(b []byte, n int) []byte { return strconv.AppendUint(b, uint64(n), 16) }
