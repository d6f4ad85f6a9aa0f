package http2

import (
	"fmt"
	"strings"

	"github.com/gibbon-gateway/gibbon/header"
)

// Kinds of header blocks.
const (
	RequestBlock  = requestBlock
	ResponseBlock = responseBlock
	TrailerBlock  = trailerBlock
)

// BlockDecoder decodes header blocks with small limits, and describes them.
type BlockDecoder struct{ d *decoder }

func NewBlockDecoder(list, field, fields int) BlockDecoder {
	return BlockDecoder{newDecoder(fieldLimits{list: list, field: field, fields: fields})}
}

// Decode describes a block: pseudo-header fields, then lines, then the error.
func (d BlockDecoder) Decode(kind blockKind, encoded []byte) string {
	b := block{fields: new(header.Fields)}
	b.reset()
	err := d.d.decode(&b, kind, encoded)
	var s strings.Builder
	for p := range pseudos {
		if v := b.value(p); v != nil {
			fmt.Fprintf(&s, "%d=%s ", p, v)
		}
	}
	s.WriteString(strings.ReplaceAll(string(b.fields.AppendTo(nil)), "\r\n", "|"))
	if b.length >= 0 {
		fmt.Fprintf(&s, " length=%d", b.length)
	}
	if b.trailers {
		s.WriteString(" te")
	}
	if b.expectContinue {
		s.WriteString(" continue")
	}
	if b.expectOther {
		s.WriteString(" expect")
	}
	if err != nil {
		fmt.Fprintf(&s, " error: %v", err)
	}
	return strings.TrimSpace(s.String())
}

// EncodeFields encodes fields as a message's header block, without pseudo-header fields.
func EncodeFields(f *header.Fields, skip header.IDSet) []byte { return appendFields(nil, f, skip) }

// EncodeStatus encodes a status and a length.
func EncodeStatus(status int, length int64) []byte {
	return appendLength(appendStatus(appendTableSize(nil), status), length)
}

// FinishBlock frames a header block.
func FinishBlock(block []byte, end bool, id uint32) []byte {
	return finishBlock(append(make([]byte, frameHeaderSize), block...), 0, end, id)
}

// Window is a window of what may be sent.
type Window = window

func (w *window) Add(n int64) bool { return w.add(n) }

// Credit is a window of what may be received.
type Credit struct{ credit }

func NewCredit(size int32) *Credit      { return &Credit{newCredit(size)} }
func (c *Credit) Receive(n int) bool    { return c.receive(n) }
func (c *Credit) Refund(n int) int32    { return c.refund(n) }
func (c *Credit) Grow(size int32) int32 { return c.grow(size) }
