package http2_test

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	xhttp2 "golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// rawClient is a client that may break every rule: it writes frames and tells what comes back.
type rawClient struct {
	*xhttp2.Framer
	t     testing.TB
	nc    net.Conn
	enc   *hpack.Encoder
	block bytes.Buffer
	heads *hpack.Decoder
	noise bool // tell of SETTINGS, WINDOW_UPDATE and PING as well
}

// raw opens a connection with preface and settings.
func (f *front) raw(t testing.TB, settings ...xhttp2.Setting) *rawClient {
	t.Helper()
	r := f.silent(t)
	r.write([]byte(xhttp2.ClientPreface))
	if err := r.WriteSettings(settings...); err != nil {
		t.Fatal(err)
	}
	return r
}

// silent opens a connection and says nothing.
func (f *front) silent(t testing.TB) *rawClient {
	t.Helper()
	nc := f.dial(t)
	r := &rawClient{Framer: xhttp2.NewFramer(nc, nc), t: t, nc: nc}
	r.AllowIllegalWrites, r.AllowIllegalReads = true, false
	r.enc, r.heads = newCodec(&r.block)
	if c, ok := nc.(*tls.Conn); ok {
		if err := c.Handshake(); err != nil {
			t.Fatal(err)
		}
	}
	return r
}

func newCodec(block *bytes.Buffer) (*hpack.Encoder, *hpack.Decoder) {
	return hpack.NewEncoder(block), hpack.NewDecoder(4096, nil)
}

func (r *rawClient) write(b []byte) {
	r.t.Helper()
	if _, err := r.nc.Write(b); err != nil {
		r.t.Fatal(err)
	}
}

// encode encodes "name=value" pairs.
func (r *rawClient) encode(fields ...string) []byte {
	r.block.Reset()
	for _, f := range fields {
		i := strings.IndexByte(f[1:], '=') + 1
		r.enc.WriteField(hpack.HeaderField{Name: f[:i], Value: f[i+1:]})
	}
	return r.block.Bytes()
}

var plainGet = []string{":method=GET", ":scheme=http", ":authority=x", ":path=/"}

// get sends a request without a body.
func (r *rawClient) get(id uint32, more ...string) {
	r.head(id, true, append(plainGet[:4:4], more...)...)
}

// post begins a request with a body.
func (r *rawClient) post(id uint32, more ...string) {
	r.head(id, false, append([]string{":method=POST", ":scheme=http", ":authority=x", ":path=/"}, more...)...)
}

// head sends a HEADERS frame.
func (r *rawClient) head(id uint32, end bool, fields ...string) {
	r.WriteHeaders(xhttp2.HeadersFrameParam{StreamID: id, BlockFragment: r.encode(fields...), EndStream: end, EndHeaders: true})
}

// next describes the next frame.
func (r *rawClient) next() string {
	r.nc.SetReadDeadline(time.Now().Add(10 * time.Second))
	for {
		f, err := r.ReadFrame()
		if err != nil {
			if t, ok := err.(net.Error); ok && t.Timeout() {
				return "nothing"
			}
			return "closed"
		}
		if s := r.describe(f); s != "" {
			return s
		}
	}
}

func (r *rawClient) describe(f xhttp2.Frame) string {
	h := f.Header()
	end := map[bool]string{true: " end"}[h.Flags.Has(xhttp2.FlagDataEndStream)]
	switch f := f.(type) {
	case *xhttp2.HeadersFrame:
		fields, err := r.heads.DecodeFull(f.HeaderBlockFragment())
		if err != nil {
			r.t.Error(err)
		}
		var b strings.Builder
		for _, f := range fields {
			if f.Name != "date" {
				fmt.Fprintf(&b, " %s=%s", f.Name, f.Value)
			}
		}
		return fmt.Sprintf("HEADERS %d%s%s", h.StreamID, b.String(), end)
	case *xhttp2.DataFrame:
		if len(f.Data()) > 40 {
			return fmt.Sprintf("DATA %d %d bytes%s", h.StreamID, len(f.Data()), end)
		}
		return fmt.Sprintf("DATA %d %q%s", h.StreamID, f.Data(), end)
	case *xhttp2.RSTStreamFrame:
		return fmt.Sprintf("RST_STREAM %d %s", h.StreamID, f.ErrCode)
	case *xhttp2.GoAwayFrame:
		return strings.TrimSpace(fmt.Sprintf("GOAWAY %d %s %s", f.LastStreamID, f.ErrCode, f.DebugData()))
	}
	if !r.noise {
		return ""
	}
	switch f := f.(type) {
	case *xhttp2.SettingsFrame:
		if f.IsAck() {
			return "SETTINGS ack"
		}
		var b strings.Builder
		f.ForeachSetting(func(s xhttp2.Setting) error {
			fmt.Fprintf(&b, " %d=%d", s.ID, s.Val)
			return nil
		})
		return "SETTINGS" + b.String()
	case *xhttp2.WindowUpdateFrame:
		return fmt.Sprintf("WINDOW_UPDATE %d %d", h.StreamID, f.Increment)
	case *xhttp2.PingFrame:
		return fmt.Sprintf("PING %s%s", f.Data, map[bool]string{true: " ack"}[f.IsAck()])
	}
	return h.String()
}

// expect reads as many frames as there are descriptions, each of which must begin so.
func (r *rawClient) expect(want ...string) {
	r.t.Helper()
	for _, w := range want {
		if got := r.next(); !strings.HasPrefix(got, w) {
			r.t.Fatalf("got %q, want %q", got, w)
		}
	}
}

// alive shows that the connection still serves.
func (r *rawClient) alive(id uint32) {
	r.t.Helper()
	r.get(id)
	for {
		got := r.next()
		if strings.HasPrefix(got, fmt.Sprintf("HEADERS %d :status=200", id)) {
			return
		}
		if got == "closed" || got == "nothing" || strings.HasPrefix(got, "GOAWAY") {
			r.t.Fatalf("%s, want the answer to stream %d", got, id)
		}
	}
}

// drain reads until the connection is closed, and returns the last frame.
func (r *rawClient) drain() (last string) {
	for {
		got := r.next()
		if got == "closed" {
			return last
		}
		if got == "nothing" {
			r.t.Error("the connection is not closed")
			return last
		}
		last = got
	}
}
