package qr

import (
	"bytes"
	"encoding/xml"
	"io"
	"strings"
	"testing"
)

// Each code is read back: unmasked, put in order, checked by its correction bytes.
func TestEncode(t *testing.T) {
	for n := 0; n <= 410; n += 7 {
		text := strings.Repeat("otpauth://", 50)[:n]
		c, err := Encode(text)
		if err != nil {
			t.Fatal(n, err)
		}
		if got := read(t, c); got != text {
			t.Fatalf("version %d: read %q, want %q", c.version, got, text)
		}
	}
	if _, err := Encode(strings.Repeat("a", 413)); err == nil {
		t.Error("413 bytes fit")
	}
}

func read(t *testing.T, c *Code) string {
	mask := 0
	for mask = range 8 {
		again := &Code{Size: c.Size, version: c.version, dark: make([]bool, c.Size*c.Size), function: make([]bool, c.Size*c.Size)}
		again.format(mask)
		same := true
		for i, f := range again.function {
			same = same && (!f || again.dark[i] == c.dark[i])
		}
		if same {
			break
		}
	}
	c.apply(mask)
	var bits []byte
	c.zigzag(func(at int) {
		b := byte(0)
		if c.dark[at] {
			b = 1
		}
		bits = append(bits, b)
	})
	if len(bits) != modules(c.version) {
		t.Fatalf("version %d: %d modules, want %d", c.version, len(bits), modules(c.version))
	}
	stream := make([]byte, len(bits)/8)
	for i := range stream {
		for j := range 8 {
			stream[i] = stream[i]<<1 | bits[8*i+j]
		}
	}
	n, ecc := blocks[c.version], correction[c.version]
	data := len(stream) - n*ecc
	parts := make([][]byte, n)
	i := 0
	for column := 0; i < data; column++ {
		for b := range n {
			if column < data/n || b >= n-data%n {
				parts[b] = append(parts[b], stream[i])
				i++
			}
		}
	}
	var all []byte
	for b := range parts {
		all = append(all, parts[b]...)
	}
	for range ecc {
		for b := range n {
			parts[b] = append(parts[b], stream[i])
			i++
		}
	}
	for b, block := range parts {
		root := byte(1)
		for range ecc { // every root of the generator is one of the block
			sum := byte(0)
			for _, v := range block {
				sum = multiply(sum, root) ^ v
			}
			if sum != 0 {
				t.Fatalf("version %d: block %d is not corrected", c.version, b)
			}
			root = multiply(root, 2)
		}
	}
	var acc []byte
	for i := range len(all) - 1 { // drop the four bits of the mode
		acc = append(acc, all[i]<<4|all[i+1]>>4)
	}
	if c.version < 10 {
		return string(acc[1 : 1+int(acc[0])])
	}
	length := int(acc[0])<<8 | int(acc[1])
	return string(acc[2 : 2+length])
}

func TestSVG(t *testing.T) {
	c, err := Encode("otpauth://totp/a?secret=B")
	if err != nil {
		t.Fatal(err)
	}
	svg := c.SVG(`"><script>`)
	d := xml.NewDecoder(bytes.NewReader([]byte(svg)))
	for {
		tok, err := d.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if e, ok := tok.(xml.StartElement); ok && e.Name.Local == "script" {
			t.Error("the label was not escaped")
		}
	}
}
