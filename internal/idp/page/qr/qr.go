// Package qr draws QR codes (ISO/IEC 18004) of short texts, such as the otpauth:// links that authenticator apps read: byte mode, error
// correction level M, versions 1 to 15. Its main function is Encode. It reads none.
package qr

import (
	"fmt"
	"strconv"
	"strings"
)

const maxVersion = 15

// By version, level M: correction bytes in a block, and blocks.
var (
	correction = [maxVersion + 1]int{0, 10, 16, 26, 18, 24, 16, 18, 22, 22, 26, 30, 22, 22, 24, 24}
	blocks     = [maxVersion + 1]int{0, 1, 1, 1, 2, 2, 4, 4, 4, 5, 5, 5, 8, 9, 9, 10}
)

// Code is a square of modules.
type Code struct {
	Size     int
	version  int
	dark     []bool
	function []bool // modules that carry no data
}

// Dark says whether the module in column x and row y is dark. Outside of the code all are light.
func (c *Code) Dark(x, y int) bool {
	return x >= 0 && y >= 0 && x < c.Size && y < c.Size && c.dark[y*c.Size+x]
}

// Encode returns the smallest code that holds the text, or an error if none of version 15 does (412 bytes).
func Encode(text string) (*Code, error) {
	for v := 1; v <= maxVersion; v++ {
		if 4+counter(v)+8*len(text) > 8*capacity(v) {
			continue
		}
		c := &Code{Size: 17 + 4*v, version: v}
		c.dark, c.function = make([]bool, c.Size*c.Size), make([]bool, c.Size*c.Size)
		c.patterns()
		c.place(interleave(v, payload(v, text)))
		c.mask()
		return c, nil
	}
	return nil, fmt.Errorf("qr: a text of %d bytes is too long", len(text))
}

// counter is the width of the length field in bits.
func counter(version int) int {
	if version < 10 {
		return 8
	}
	return 16
}

// modules counts those that carry data and correction.
func modules(v int) int {
	n := (16*v+128)*v + 64
	if v >= 2 {
		align := v/7 + 2
		n -= (25*align-10)*align - 55
		if v >= 7 {
			n -= 36
		}
	}
	return n
}

// capacity is how many bytes of data a version holds.
func capacity(v int) int { return modules(v)/8 - correction[v]*blocks[v] }

// payload is the text with its header, filled up.
func payload(v int, text string) []byte {
	var out []byte
	var acc uint32
	var bits int
	put := func(value uint32, n int) {
		acc, bits = acc<<n|value, bits+n
		for bits >= 8 {
			out = append(out, byte(acc>>(bits-8)))
			bits -= 8
		}
	}
	put(0b0100, 4)
	put(uint32(len(text)), counter(v))
	for i := range len(text) {
		put(uint32(text[i]), 8)
	}
	put(0, min(4, 8*capacity(v)-8*len(out)-bits))
	if bits > 0 {
		put(0, 8-bits)
	}
	for pad := byte(0xEC); len(out) < capacity(v); pad ^= 0xEC ^ 0x11 {
		out = append(out, pad)
	}
	return out
}

// interleave splits data into blocks, adds correction, and merges them column by column.
func interleave(v int, data []byte) []byte {
	n, ecc := blocks[v], correction[v]
	short := len(data) / n
	long := len(data) % n // so many blocks have one byte more; they come last
	generator := generator(ecc)
	parts, checks := make([][]byte, n), make([][]byte, n)
	for i := range n {
		size := short
		if i >= n-long {
			size++
		}
		parts[i], data = data[:size], data[size:]
		checks[i] = remainder(parts[i], generator)
	}
	var out []byte
	for _, columns := range [][][]byte{parts, checks} {
		for i := range len(columns[n-1]) {
			for _, p := range columns {
				if i < len(p) {
					out = append(out, p[i])
				}
			}
		}
	}
	return out
}

// multiply is multiplication in GF(256) modulo x⁸+x⁴+x³+x²+1.
func multiply(a, b byte) byte {
	var z int
	for i := 7; i >= 0; i-- {
		z = z<<1 ^ (z>>7)*0x11D
		z ^= int(b>>i&1) * int(a)
	}
	return byte(z)
}

// generator returns the coefficients of ∏(x − 2ⁱ), highest left out.
func generator(degree int) []byte {
	g := make([]byte, degree)
	g[degree-1] = 1
	root := byte(1)
	for range degree {
		for j := range g {
			g[j] = multiply(g[j], root)
			if j+1 < degree {
				g[j] ^= g[j+1]
			}
		}
		root = multiply(root, 2)
	}
	return g
}

func remainder(data, generator []byte) []byte {
	r := make([]byte, len(generator))
	for _, b := range data {
		factor := b ^ r[0]
		copy(r, r[1:])
		r[len(r)-1] = 0
		for i, g := range generator {
			r[i] ^= multiply(g, factor)
		}
	}
	return r
}

// SVG returns the code as a path, with the quiet zone of four modules that scanners need. label is read to those who cannot see it.
func (c *Code) SVG(label string) string {
	var b strings.Builder
	size := strconv.Itoa(c.Size + 8)
	escape := strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&#34;", "'", "&#39;")
	b.WriteString(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ` + size + " " + size + `" role="img" aria-label="` + escape.Replace(label) +
		`" shape-rendering="crispEdges"><rect width="` + size + `" height="` + size + `" fill="#fff"/><path fill="#000" d="`)
	for y := range c.Size {
		for x := 0; x < c.Size; x++ {
			start := x
			for c.Dark(x, y) {
				x++
			}
			if x > start {
				fmt.Fprintf(&b, "M%d %dh%dv1h-%dz", start+4, y+4, x-start, x-start)
			}
		}
	}
	b.WriteString(`"/></svg>`)
	return b.String()
}
