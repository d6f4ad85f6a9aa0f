package http1

import "sync"

// inbound is the memory of a connection while bytes of a request are there, and how far it is used.
type inbound struct {
	m    *memory // nil while the connection is idle, on the raw path and with TLS
	r, w int     // m.in[r:w] was received and is not used yet
}

// memory is what a connection needs while bytes of a request are there.
type memory struct {
	in  []byte // its whole length can be read into
	out []byte // response bytes to be sent
	req Request
	dec chunks // of the request body
}

const (
	inSize     = 8 << 10
	outSize    = 16 << 10
	keepAtMost = 64 << 10 // larger buffers are not kept
)

var memories = sync.Pool{New: func() any {
	return &memory{in: make([]byte, inSize), out: make([]byte, 0, outSize)}
}}

func (b *inbound) take() {
	if b.m == nil {
		b.m = memories.Get().(*memory)
	}
}

func (b *inbound) give() {
	m := b.m
	if m == nil {
		return
	}
	b.m, b.r, b.w = nil, 0, 0
	if len(m.in) > keepAtMost || cap(m.out) > keepAtMost {
		m.in, m.out = make([]byte, inSize), make([]byte, 0, outSize)
	}
	m.out = m.out[:0]
	m.req.reset()
	memories.Put(m)
}

// makeRoom makes sure that something can be read behind m.in[w]. No request is being served.
func (b *inbound) makeRoom() {
	m := b.m
	if b.w < len(m.in) {
		return
	}
	if b.r > 0 {
		b.w = copy(m.in, m.in[b.r:b.w])
		b.r = 0
		return
	}
	m.in = append(m.in, make([]byte, len(m.in))...)
}
