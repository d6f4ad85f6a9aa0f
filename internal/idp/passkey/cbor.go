package passkey

import (
	"encoding/binary"
	"errors"
)

var errCBOR = errors.New("passkey: malformed CBOR")

const maxDepth = 8

// item reads one CBOR item of the kinds that WebAuthn uses: numbers as int64, byte strings as []byte, texts as string, arrays as []any,
// maps as map[any]any with numbers or texts as keys, and true, false and null. It returns what follows the item.
func item(b []byte, depth int) (v any, rest []byte, err error) {
	if len(b) == 0 || depth > maxDepth {
		return nil, nil, errCBOR
	}
	kind, small := b[0]>>5, b[0]&31
	b = b[1:]
	var n uint64
	switch {
	case small < 24:
		n = uint64(small)
	case small <= 27:
		size := 1 << (small - 24)
		if len(b) < size {
			return nil, nil, errCBOR
		}
		var full [8]byte
		copy(full[8-size:], b[:size])
		n, b = binary.BigEndian.Uint64(full[:]), b[size:]
	default:
		return nil, nil, errCBOR // of unknown length
	}
	switch kind {
	case 0, 1:
		if n > 1<<62 {
			return nil, nil, errCBOR
		}
		if kind == 1 {
			return -1 - int64(n), b, nil
		}
		return int64(n), b, nil
	case 2, 3:
		if n > uint64(len(b)) {
			return nil, nil, errCBOR
		}
		if kind == 3 {
			return string(b[:n]), b[n:], nil
		}
		return b[:n:n], b[n:], nil
	case 4:
		return array(b, n, depth)
	case 5:
		return table(b, n, depth)
	case 7:
		switch small {
		case 20, 21:
			return small == 21, b, nil
		case 22:
			return nil, b, nil
		}
	}
	return nil, nil, errCBOR
}

func array(b []byte, n uint64, depth int) (any, []byte, error) {
	if n > uint64(len(b)) {
		return nil, nil, errCBOR
	}
	list := make([]any, n)
	var err error
	for i := range list {
		if list[i], b, err = item(b, depth+1); err != nil {
			return nil, nil, err
		}
	}
	return list, b, nil
}

func table(b []byte, n uint64, depth int) (any, []byte, error) {
	if n > uint64(len(b)) {
		return nil, nil, errCBOR
	}
	m := make(map[any]any, n)
	for range n {
		var k, v any
		var err error
		if k, b, err = item(b, depth+1); err != nil {
			return nil, nil, err
		}
		switch k.(type) {
		case int64, string:
		default:
			return nil, nil, errCBOR
		}
		if _, twice := m[k]; twice {
			return nil, nil, errCBOR
		}
		if v, b, err = item(b, depth+1); err != nil {
			return nil, nil, err
		}
		m[k] = v
	}
	return m, b, nil
}
