// Package jose reads, verifies and makes signed JSON Web Tokens (RFC 7515, 7517, 7518, 7519), strictly: one form is
// accepted, the compact one, and whatever two programs could read in two ways is refused. Its main types are Token, a token
// that was read and not yet believed, and Key. It does not fetch keys and does not know which claims are wanted.
package jose

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"hash/maphash"
	"sync/atomic"
)

// MaxToken is the longest token that Parse reads, in bytes.
const MaxToken = 64 << 10

// maxDepth is how deep objects and arrays of a header or claims may nest.
const maxDepth = 16

// ErrMalformed is wrapped by errors about text that is no signed token in the compact form.
var ErrMalformed = errors.New("malformed token")

// Token is a token that was read. Nothing in it may be believed before Verify.
type Token struct {
	Alg  string // header alg
	Kid  string // header kid, "" if absent
	X5T  string // header x5t, "" if absent
	Type string // header typ, "" if absent

	Header map[string]any // shared by tokens with the same header: not to be changed
	Claims map[string]any // numbers are json.Number

	signed, signature []byte
}

// IsJWS reports whether text has the shape of a signed token: three parts between dots.
func IsJWS[T string | []byte](text T) bool {
	dots := 0
	for i := range len(text) {
		if text[i] == '.' {
			dots++
		}
	}
	return len(text) > 4 && dots == 2
}

// Parse reads a token. The bytes are copied where the token keeps them. An error wraps ErrMalformed.
func Parse(raw []byte) (*Token, error) {
	if len(raw) > MaxToken {
		return nil, fmt.Errorf("%w: longer than %d bytes", ErrMalformed, MaxToken)
	}
	parts := bytes.Split(raw, []byte("."))
	if len(parts) != 3 {
		return nil, fmt.Errorf("%w: %d parts instead of 3", ErrMalformed, len(parts))
	}
	t := &Token{signed: bytes.Clone(raw[:len(parts[0])+1+len(parts[1])])}
	var err error
	if t.Header, err = headerOf(parts[0]); err != nil {
		return nil, err
	}
	if t.Claims, err = decodePart("claims", parts[1]); err != nil {
		return nil, err
	}
	if t.signature, err = decode64(parts[2]); err != nil {
		return nil, fmt.Errorf("%w: signature: %w", ErrMalformed, err)
	}
	return t, t.readHeader()
}

// readHeader takes what is needed out of the header. Extensions that must be understood are not (RFC 7515, section 4.1.11).
func (t *Token) readHeader() error {
	for _, field := range [...]struct {
		name string
		to   *string
	}{{"alg", &t.Alg}, {"kid", &t.Kid}, {"x5t", &t.X5T}, {"typ", &t.Type}} {
		v, there := t.Header[field.name]
		if !there {
			continue
		}
		s, ok := v.(string)
		if !ok {
			return fmt.Errorf("%w: header %s is no string", ErrMalformed, field.name)
		}
		*field.to = s
	}
	if t.Alg == "" {
		return fmt.Errorf("%w: no alg", ErrMalformed)
	}
	for _, name := range []string{"crit", "b64"} {
		if _, there := t.Header[name]; there {
			return fmt.Errorf("%w: header %s is not supported", ErrMalformed, name)
		}
	}
	return nil
}

// headers are those that were read last: an issuer's tokens differ in claims and signature alone.
var headers [256]atomic.Pointer[keptHeader]

type keptHeader struct {
	part   string
	header map[string]any
}

var headersSeed = maphash.MakeSeed()

// longHeader is from which length on a header is not kept.
const longHeader = 512

func headerOf(part []byte) (map[string]any, error) {
	if len(part) > longHeader {
		return decodePart("header", part)
	}
	kept := &headers[maphash.Bytes(headersSeed, part)%uint64(len(headers))]
	if h := kept.Load(); h != nil && h.part == string(part) {
		return h.header, nil
	}
	header, err := decodePart("header", part)
	if err == nil {
		kept.Store(&keptHeader{string(part), header})
	}
	return header, err
}

func decodePart(what string, part []byte) (map[string]any, error) {
	text, err := decode64(part)
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrMalformed, what, err)
	}
	object, err := DecodeObject(text)
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrMalformed, what, err)
	}
	return object, nil
}

var strict64 = base64.RawURLEncoding.Strict()

func decode64(part []byte) ([]byte, error) {
	if bytes.IndexByte(part, '\n') >= 0 || bytes.IndexByte(part, '\r') >= 0 { // which package base64 skips
		return nil, errors.New("line break in base64")
	}
	out := make([]byte, strict64.DecodedLen(len(part)))
	n, err := strict64.Decode(out, part)
	return out[:n], err
}
