package route

import "bytes"

// NormalizePath appends the normal form of a request path (the target without query) to dst: percent-encoded triplets decoded
// except those of reserved characters, which get upper-case digits, then slashes merged and dot segments removed. Normal form
// again is itself. dst must not overlap src. It reports false, and the request is to be answered with 400, for a path that
// does not start with "/", has a broken triplet or a NUL, or climbs above the root, also when an encoded slash takes part in
// the climb. Those never reach the router in Kong either, for nginx refuses them.
func NormalizePath(dst, src []byte) ([]byte, bool) {
	if len(src) == 0 || src[0] != '/' {
		return dst, false
	}
	base := len(dst)
	if plainPath(src) {
		return append(dst, src...), true
	}
	dst, ok := decodePath(dst, src)
	if !ok || climbs(dst[base:]) {
		return dst[:base], false
	}
	n, ok := removeDots(dst[base:])
	return dst[:base+n], ok
}

// plainPath reports whether the path is in normal form already, as far as can be seen from pairs of bytes; it is for all but
// a few requests.
func plainPath(p []byte) bool {
	last := byte(0)
	for _, c := range p {
		if c == '%' || c == 0 || last == '/' && (c == '/' || c == '.') {
			return false
		}
		last = c
	}
	return true
}

// decodePath appends src to dst with the triplets decoded that do not stand for reserved characters.
func decodePath(dst, src []byte) ([]byte, bool) {
	for i := 0; i < len(src); i++ {
		c := src[i]
		if c == 0 {
			return dst, false
		}
		if c != '%' {
			dst = append(dst, c)
			continue
		}
		if i+2 >= len(src) {
			return dst, false
		}
		hi, lo := hexValue[src[i+1]], hexValue[src[i+2]]
		if hi > 15 || lo > 15 {
			return dst, false
		}
		d := hi<<4 | lo
		switch {
		case d == 0:
			return dst, false
		case reserved[d]:
			dst = append(dst, '%', hexDigits[hi], hexDigits[lo])
		default:
			dst = append(dst, d)
		}
		i += 2
	}
	return dst, true
}

// climbs reports whether the path leaves the root when encoded slashes count as slashes.
func climbs(p []byte) bool {
	if !bytes.Contains(p, []byte("%2F")) || !bytes.Contains(p, []byte("..")) {
		return false
	}
	depth := 0
	for len(p) > 0 {
		if p[0] == '/' {
			p = p[1:]
		} else if bytes.HasPrefix(p, []byte("%2F")) {
			p = p[3:]
		}
		n := len(p)
		if i := bytes.IndexByte(p, '/'); i >= 0 {
			n = i
		}
		if i := bytes.Index(p[:n], []byte("%2F")); i >= 0 {
			n = i
		}
		switch string(p[:n]) {
		case "", ".":
		case "..":
			if depth--; depth < 0 {
				return true
			}
		default:
			depth++
		}
		p = p[n:]
	}
	return false
}

// removeDots merges slashes and removes dot segments in place. It returns the new length, and false if ".." left the root.
// p starts with "/". What is written never passes what was read, as each segment is written with one slash and was read with
// at least one.
func removeDots(p []byte) (int, bool) {
	w, open := 0, false // open: the last segment was empty or dots, so that the path ends with "/"
	for i := 0; i < len(p); {
		i++ // the slash
		n := bytes.IndexByte(p[i:], '/')
		if n < 0 {
			n = len(p) - i
		}
		segment := p[i : i+n]
		i += n
		open = true
		switch string(segment) {
		case "", ".":
		case "..":
			if w == 0 {
				return 0, false
			}
			w = bytes.LastIndexByte(p[:w], '/')
		default:
			p[w] = '/'
			w += 1 + copy(p[w+1:], segment)
			open = false
		}
	}
	if open {
		p[w] = '/'
		w++
	}
	return w, true
}

// EscapePath appends path to dst with every byte percent-encoded that may not stand in a request target. "%" stays, as it
// starts a triplet in a normal path.
func EscapePath[P []byte | string](dst []byte, path P) []byte {
	start := 0
	for i := 0; i < len(path); i++ {
		if c := path[i]; !sendable[c] {
			dst = append(dst, path[start:i]...)
			dst = append(dst, '%', hexDigits[c>>4], hexDigits[c&15])
			start = i + 1
		}
	}
	return append(dst, path[start:]...)
}

const hexDigits = "0123456789ABCDEF"

var hexValue, reserved, sendable = pathTables()

func pathTables() (hex [256]byte, keep, send [256]bool) {
	for c := range hex {
		hex[c] = 255
	}
	for i := range 16 {
		hex[hexDigits[i]] = byte(i)
		hex[hexDigits[i]|0x20] = byte(i)
	}
	for _, c := range []byte("!*'();:@&=+$,/?%#[]") {
		keep[c], send[c] = true, true
	}
	for c := range 256 {
		letter := c|0x20 >= 'a' && c|0x20 <= 'z'
		if letter || c >= '0' && c <= '9' || c == '-' || c == '_' || c == '.' || c == '~' {
			send[c] = true
		}
	}
	return hex, keep, send
}
