package peer

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"net"

	"golang.org/x/net/http2/hpack"
)

// ServeGRPC answers every call over cleartext HTTP/2 by sending its messages back as they come, and ends with status 0 when the client ends.
func ServeGRPC(l net.Listener) error {
	for {
		c, err := l.Accept()
		if err != nil {
			return err
		}
		go func() {
			defer c.Close()
			newGRPCConn(c).serve()
		}()
	}
}

// grpcConn is a connection of a gRPC client. What arrives together is answered together.
type grpcConn struct {
	net.Conn
	windows
	block   bytes.Buffer
	enc     *hpack.Encoder
	out     []byte
	streams map[uint32]*echo
	waiting []*echo // for a window, in the order of their data
}

// echo is a call.
type echo struct {
	id     uint32
	window int64
	unsent []byte
	ended  bool
}

func newGRPCConn(c net.Conn) *grpcConn {
	g := &grpcConn{Conn: c, windows: windows{send: firstWindow, first: firstWindow}, streams: map[uint32]*echo{}}
	g.enc = hpack.NewEncoder(&g.block)
	return g
}

func (g *grpcConn) serve() error {
	in := make([]byte, 256<<10)
	if _, err := io.ReadFull(g, in[:len(preface)]); err != nil {
		return err
	}
	g.out = appendSettings(g.out)
	for n := 0; ; {
		if _, err := g.Write(g.out); err != nil {
			return err
		}
		g.out = g.out[:0]
		got, err := g.Read(in[n:])
		if err != nil {
			return err
		}
		n += got
		used := 0
		for {
			f, size := nextFrame(in[used:n])
			if size == 0 {
				break
			}
			used += size
			if err := g.frame(f); err != nil {
				return err
			}
		}
		n = copy(in, in[used:n])
	}
}

func (g *grpcConn) frame(f frame) error {
	switch f.kind {
	case frameHeaders:
		if g.streams[f.stream] == nil { // else these are trailers
			g.streams[f.stream] = &echo{id: f.stream, window: g.first}
			g.headers(f.stream, 0, ":status", "200", "content-type", "application/grpc")
		}
		return g.ended(f)
	case frameData:
		g.out = g.took(g.out, len(f.payload))
		if e := g.streams[f.stream]; e != nil {
			e.unsent = append(e.unsent, f.content()...)
			g.send1(e)
		}
		return g.ended(f)
	case frameReset:
		delete(g.streams, f.stream)
	case frameSettings:
		if f.flags&flagEnd == 0 {
			f.settings(g.setting)
			g.out = appendFrame(g.out, frameSettings, flagEnd, 0, nil)
		}
	case framePing:
		if f.flags&flagEnd == 0 {
			g.out = appendFrame(g.out, framePing, flagEnd, 0, f.payload)
		}
	case frameWindowUpdate:
		g.wider(f.stream, int64(binary.BigEndian.Uint32(f.payload)))
	case frameGoAway:
		return fmt.Errorf("goaway: %x", f.payload)
	}
	return nil
}

func (g *grpcConn) setting(id uint16, value uint32) {
	switch id {
	case settingTableSize:
		g.enc.SetMaxDynamicTableSizeLimit(value)
	case settingWindow:
		for _, e := range g.streams {
			e.window += int64(value) - g.first
		}
		g.first = int64(value)
		g.wider(0, 0)
	}
}

func (g *grpcConn) wider(stream uint32, by int64) {
	if e := g.streams[stream]; e != nil {
		e.window += by
	} else if stream == 0 {
		g.send += by
	}
	all := g.waiting
	g.waiting = nil
	for _, e := range all {
		if g.streams[e.id] == e {
			g.send1(e)
		}
	}
}

// ended sends the trailers of a call whose client has ended, once its messages are sent.
func (g *grpcConn) ended(f frame) error {
	if e := g.streams[f.stream]; e != nil && f.flags&flagEnd != 0 {
		e.ended = true
		g.send1(e)
	}
	return nil
}

// send1 sends what the windows allow of a call.
func (g *grpcConn) send1(e *echo) {
	for len(e.unsent) > 0 {
		n := min(int64(len(e.unsent)), e.window, g.send, frameMost)
		if n <= 0 {
			g.waiting = append(g.waiting, e)
			return
		}
		g.out = appendFrame(g.out, frameData, 0, e.id, e.unsent[:n])
		e.window -= n
		g.send -= n
		e.unsent = append(e.unsent[:0], e.unsent[n:]...)
	}
	if e.ended {
		g.headers(e.id, flagEnd, "grpc-status", "0")
		delete(g.streams, e.id)
	}
}

func (g *grpcConn) headers(stream uint32, flags byte, pairs ...string) {
	g.block.Reset()
	for i := 0; i < len(pairs); i += 2 {
		g.enc.WriteField(hpack.HeaderField{Name: pairs[i], Value: pairs[i+1]})
	}
	g.out = appendFrame(g.out, frameHeaders, flags|flagEndHeaders, stream, g.block.Bytes())
}
