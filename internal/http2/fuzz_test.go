package http2_test

import (
	"bytes"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	xhttp2 "golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"github.com/gibbon-gateway/gibbon/internal/exchange"
	"github.com/gibbon-gateway/gibbon/internal/http2"
)

// script makes the frames of some requests out of arbitrary bytes.
type script struct {
	bytes []byte
	wire  bytes.Buffer
	fr    *xhttp2.Framer
	block bytes.Buffer
	enc   *hpack.Encoder
	plain map[uint32]bool // whether a request is one that every server has to serve
	tame  bool            // all of them are
}

func newScript(b []byte) *script {
	s := &script{bytes: b, plain: map[uint32]bool{}}
	s.fr = xhttp2.NewFramer(&s.wire, nil)
	s.fr.AllowIllegalWrites = true
	s.enc = hpack.NewEncoder(&s.block)
	s.wire.WriteString(xhttp2.ClientPreface)
	s.fr.WriteSettings()
	return s
}

// pick takes a number below n from the bytes.
func (s *script) pick(n int) int {
	if len(s.bytes) == 0 {
		return 0
	}
	b := int(s.bytes[0])
	s.bytes = s.bytes[1:]
	return b % n
}

// text takes up to 8 arbitrary bytes.
func (s *script) text() string {
	n := min(s.pick(9), len(s.bytes))
	t := s.bytes[:n]
	s.bytes = s.bytes[n:]
	return string(t)
}

func (s *script) field(name, value string) {
	s.enc.WriteField(hpack.HeaderField{Name: name, Value: value, Sensitive: s.pick(4) == 0})
}

// odd picks one of the plain values, or now and then an arbitrary one.
func (s *script) odd(id uint32, plain ...string) string {
	if !s.tame && s.pick(12) == 11 {
		s.plain[id] = false
		return s.text()
	}
	return plain[s.pick(len(plain))]
}

// headers sends what is in the block, in one or more frames.
func (s *script) headers(id uint32, end bool) {
	b := bytes.Clone(s.block.Bytes())
	s.block.Reset()
	parts := 1 + s.pick(4)
	for i := range parts {
		n := len(b) / (parts - i)
		if i == 0 {
			s.fr.WriteHeaders(xhttp2.HeadersFrameParam{StreamID: id, BlockFragment: b[:n], EndStream: end, EndHeaders: parts == 1, PadLength: uint8(s.pick(3))})
		} else {
			s.fr.WriteContinuation(id, i == parts-1, b[:n])
		}
		b = b[n:]
	}
}

// begin sends the head of a request, and returns what of its body is to follow.
func (s *script) begin(id uint32) (pieces []string, trailers bool) {
	s.plain[id] = true
	method := s.odd(id, "GET", "POST", "PUT", "HEAD", "OPTIONS", "PURGE")
	hasBody := s.pick(2) == 1
	declared := s.pick(2) == 1
	if hasBody {
		for range s.pick(5) {
			pieces = append(pieces, strings.Repeat(string(rune('a'+s.pick(26))), s.pick(200)))
		}
		trailers = s.pick(3) == 0
	}
	pseudos := [][2]string{{":method", method}, {":scheme", s.odd(id, "http", "https")}, {":authority", s.odd(id, "x", "example.com:8443", "[::1]:80")},
		{":path", s.odd(id, "/", "/a/b?c=d&e", "/%41%20", "/a//b/../c;d=1", "/\xc3\xa4", "/?")}}
	for range s.pick(4) { // in any order
		i, j := s.pick(4), s.pick(4)
		pseudos[i], pseudos[j] = pseudos[j], pseudos[i]
	}
	for _, p := range pseudos {
		s.field(p[0], p[1])
	}
	for range s.pick(8) {
		s.field(s.odd(id, "a", "accept", "x-long-name-of-a-field", "cookie", "user-agent", "x_y", "priority", "referer"),
			s.odd(id, "", "1", "a, b", "tab\tinside", "\xff\xfe", strings.Repeat("v", 300), "x=y; z=\"1\""))
	}
	if declared && hasBody {
		n := len(strings.Join(pieces, ""))
		if !s.tame && s.pick(10) == 9 {
			s.plain[id] = false
			n++
		}
		s.field("content-length", fmt.Sprint(n))
	}
	if trailers {
		s.field("trailer", "x-sum")
	}
	if s.pick(5) == 0 {
		s.field("te", "trailers")
	}
	s.headers(id, !hasBody)
	if !hasBody {
		return nil, false
	}
	return append(pieces, ""), trailers
}

// body sends the next piece of a body, and reports whether there are more.
func (s *script) body(id uint32, pieces []string, trailers bool) []string {
	last := len(pieces) == 1
	if last && trailers {
		s.field(s.odd(id, "x-sum", "x-sum", "x-other"), s.odd(id, "1", "two"))
		s.headers(id, true)
		return nil
	}
	pad := []byte(nil)
	if s.pick(3) == 0 {
		pad = make([]byte, s.pick(256))
	}
	s.fr.WriteDataPadded(id, last, []byte(pieces[0]), pad)
	return pieces[1:]
}

// run makes the frames of all requests.
func (s *script) run() {
	type open struct {
		id       uint32
		pieces   []string
		trailers bool
	}
	var streams []open
	s.tame = s.pick(2) == 0
	next := uint32(1)
	for next < 12 && len(s.bytes) > 0 {
		if s.pick(2) == 0 || len(streams) == 0 {
			o := open{id: next}
			if o.pieces, o.trailers = s.begin(next); o.pieces != nil {
				streams = append(streams, o)
			}
			next += 2
			continue
		}
		i := s.pick(len(streams))
		if streams[i].pieces = s.body(streams[i].id, streams[i].pieces, streams[i].trailers); len(streams[i].pieces) == 0 {
			streams = slices.Delete(streams, i, i+1)
		}
		switch s.pick(20) {
		case 1:
			s.fr.WritePing(false, [8]byte{})
		case 2:
			s.fr.WriteWindowUpdate(0, 1000)
		case 3:
			s.fr.WriteSettings(xhttp2.Setting{ID: xhttp2.SettingInitialWindowSize, Val: 100000})
		case 4:
			s.fr.WriteRawFrame(0x44, 0, 0, []byte("unknown"))
		}
	}
	for _, o := range streams {
		for len(o.pieces) > 0 {
			o.pieces = s.body(o.id, o.pieces, o.trailers)
		}
	}
}

// describeRequest is what both servers tell of a request.
func describeRequest(method, target, host string, fields, trailers []string, body []byte) []byte {
	slices.Sort(fields)
	slices.Sort(trailers)
	return fmt.Appendf(nil, "%s %s %s %q [%s] %q", method, target, host, fields, body, trailers)
}

// hidden are fields that the two servers show in different places.
var hidden = []string{"host", "content-length", "te", "trailer"}

func ourServer(nc net.Conn) {
	s := &http2.Server{Handler: func(d exchange.Downstream) {
		q := d.Request()
		var fields, trailers []string
		for n, v := range q.Header.All() {
			if name := strings.ToLower(string(n)); !slices.Contains(hidden, name) {
				fields = append(fields, name+"="+string(v))
			}
		}
		body, err := readAll(d)
		if err != io.EOF {
			d.Abort(exchange.Broken)
			return
		}
		if t := d.RequestTrailer(); t != nil {
			for n, v := range t.All() {
				if string(n) == "x-sum" {
					trailers = append(trailers, string(n)+"="+string(v))
				}
			}
		}
		text := describeRequest(string(q.Method), string(q.Target), string(q.Host), fields, trailers, body)
		d.WriteHead(200, nil, nil, -1)
		d.WriteBody(text)
	}}
	s.ServeConn(nc, nil, exchange.Peer{})
	s.Close()
}

func theirServer(nc net.Conn) {
	var only http.Protocols
	only.SetUnencryptedHTTP2(true)
	s := &http.Server{Protocols: &only, ErrorLog: log.New(io.Discard, "", 0), Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var fields, trailers []string
		for n, vs := range r.Header {
			if name := strings.ToLower(n); !slices.Contains(hidden, name) {
				for _, v := range vs {
					fields = append(fields, name+"="+v)
				}
			}
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		for n, vs := range r.Trailer {
			for _, v := range vs {
				trailers = append(trailers, strings.ToLower(n)+"="+v)
			}
		}
		w.Write(describeRequest(r.Method, r.RequestURI, r.Host, fields, trailers, body))
	})}
	l := &oneConn{Conn: nc, closed: make(chan struct{})}
	s.Serve(l)
	s.Close()
}

// oneConn is a listener that accepts itself, once, and ends when the connection does.
type oneConn struct {
	net.Conn
	accepted bool
	once     sync.Once
	closed   chan struct{}
}

func (o *oneConn) Accept() (net.Conn, error) {
	if !o.accepted {
		o.accepted = true
		return o, nil
	}
	<-o.closed
	return nil, net.ErrClosed
}

func (o *oneConn) Close() error {
	o.once.Do(func() { close(o.closed) })
	return o.Conn.Close()
}

func (o *oneConn) Addr() net.Addr { return o.LocalAddr() }

// results runs the frames against a server, and returns what each stream got. broken tells that the connection ended before.
func results(t *testing.T, wire []byte, streams map[uint32]bool, serving *sync.WaitGroup, serve func(net.Conn)) (got map[uint32]string, broken bool) {
	a, b := net.Pipe()
	serving.Go(func() { serve(b) })
	var writing sync.WaitGroup
	writing.Go(func() { a.Write(wire) })
	got = map[uint32]string{}
	ended := map[uint32]bool{}
	heads := hpack.NewDecoder(4096, nil)
	fr := xhttp2.NewFramer(nil, a)
	a.SetReadDeadline(time.Now().Add(20 * time.Second))
	for len(ended) < len(streams) && !broken {
		f, err := fr.ReadFrame()
		if err != nil {
			broken = true
			if e, ok := err.(net.Error); ok && e.Timeout() {
				t.Errorf("no result of some of %v: %v", streams, got)
			}
			break
		}
		id := f.Header().StreamID
		switch f := f.(type) {
		case *xhttp2.HeadersFrame:
			fields, err := heads.DecodeFull(f.HeaderBlockFragment())
			if err != nil {
				t.Fatal(err)
			}
			got[id] += fields[0].Value + " "
			if f.StreamEnded() {
				ended[id] = true
			}
		case *xhttp2.DataFrame:
			got[id] += string(f.Data())
			if f.StreamEnded() {
				ended[id] = true
			}
		case *xhttp2.GoAwayFrame:
			broken = true
		case *xhttp2.RSTStreamFrame:
			if !ended[id] {
				got[id] = "reset"
			}
			ended[id] = true
		}
	}
	a.Close()
	writing.Wait()
	for id := range got {
		if !ended[id] {
			delete(got, id)
		}
	}
	return got, broken
}

// FuzzAgainstNetHTTP sends the same frames to our server and to Go's own. Requests that are plain get the same
// result; others, if ours serves them at all, are understood as the other understands them.
func FuzzAgainstNetHTTP(f *testing.F) {
	var theirServers sync.WaitGroup // they take a second to end after an error
	f.Cleanup(theirServers.Wait)
	random := rand.NewChaCha8([32]byte{1})
	for n := range 150 {
		b := make([]byte, 20+4*n)
		random.Read(b)
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		s := newScript(b)
		s.run()
		if len(s.plain) == 0 {
			return
		}
		var ourServers sync.WaitGroup
		ours, broken := results(t, s.wire.Bytes(), s.plain, &ourServers, ourServer)
		ourServers.Wait()
		if broken {
			t.Error("our server has ended the connection")
		}
		theirs, broken := results(t, s.wire.Bytes(), s.plain, &theirServers, theirServer)
		if s.tame && broken {
			t.Error("their server has ended the connection")
		}
		for id, plain := range s.plain {
			served := strings.HasPrefix(ours[id], "200 ")
			if plain && !served {
				t.Errorf("stream %d: %s, want it to be served as %q", id, ours[id], theirs[id])
			}
			if served && ours[id] != theirs[id] && (theirs[id] != "" || !broken) {
				t.Errorf("stream %d:\nours   %q\ntheirs %q", id, ours[id], theirs[id])
			}
		}
	})
}

// FuzzFrames sends arbitrary frames: whatever comes, the server ends, and every handler with it.
func FuzzFrames(f *testing.F) {
	f.Add([]byte{0, 0, 0, 4, 0, 0, 0, 0, 0})
	f.Add([]byte{0, 0, 4, 8, 0, 0, 0, 0, 0, 0, 0, 0, 1})
	block := encode(plainGet...)
	f.Add(append([]byte{0, 0, byte(len(block)), 1, 5, 0, 0, 0, 1}, block...))
	f.Add(append(append([]byte{0, 0, byte(len(block)), 1, 4, 0, 0, 0, 1}, block...), 0, 0, 3, 0, 8, 0, 0, 0, 1, 1, 'x', 'y'))
	f.Fuzz(func(t *testing.T, b []byte) {
		s := &http2.Server{Handler: describing, Limits: http2.Limits{Linger: time.Millisecond}}
		x, y := net.Pipe()
		done := make(chan struct{}, 2)
		go func() { s.ServeConn(y, nil, exchange.Peer{}); done <- struct{}{} }()
		go func() { io.Copy(io.Discard, x); done <- struct{}{} }()
		x.SetWriteDeadline(time.Now().Add(20 * time.Second))
		x.Write([]byte(xhttp2.ClientPreface + "\x00\x00\x00\x04\x00\x00\x00\x00\x00"))
		x.Write(b)
		x.Close()
		<-done
		<-done
		s.Close()
	})
}
