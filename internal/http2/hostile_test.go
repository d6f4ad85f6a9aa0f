package http2_test

import (
	"bytes"
	"encoding/binary"
	"flag"
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	xhttp2 "golang.org/x/net/http2"

	"github.com/gibbon-gateway/gibbon/header"
	"github.com/gibbon-gateway/gibbon/internal/exchange"
	"github.com/gibbon-gateway/gibbon/internal/http2"
)

var update = flag.Bool("update", false, "rewrite the table of docs/security/http2.md")

// attack is a client that has one honest stream, 1, and attacks with others.
type attack struct {
	*rawClient
	f       *front
	running *atomic.Int64 // handlers
	most    *atomic.Int64 // of them at once
}

// begin opens a connection to a server with these limits, and the honest stream.
func begin(t *testing.T, limits http2.Limits) *attack {
	t.Helper()
	a := prepare(t, limits)
	a.rawClient = a.f.raw(t)
	a.head(1, false, ":method=POST", ":scheme=http", ":authority=x", ":path=/echo")
	a.expect("HEADERS 1 :status=200")
	return a
}

// prepare starts the server alone.
func prepare(t *testing.T, limits http2.Limits) *attack {
	t.Helper()
	a := &attack{running: new(atomic.Int64), most: new(atomic.Int64)}
	a.f = serve(t, &http2.Server{Limits: limits, Handler: func(d exchange.Downstream) {
		n := a.running.Add(1)
		defer a.running.Add(-1)
		for m := a.most.Load(); n > m && !a.most.CompareAndSwap(m, n); m = a.most.Load() {
		}
		switch string(d.Request().Path) {
		case "/echo":
			echo(d)
		case "/large":
			d.WriteHead(200, nil, nil, -1)
			for range 64 {
				d.WriteBody(make([]byte, 32<<10))
			}
		case "/wait": // until the client leaves
			gone := make(chan struct{})
			d.Watch(&exchange.Watch{End: func() { close(gone) }})
			<-gone
		case "/body":
			_, err := readAll(d)
			d.WriteHead(max(exchange.StatusOf(err), 200), nil, nil, 0)
		default:
			d.WriteHead(200, nil, nil, 0)
		}
	}}, false)
	return a
}

// unharmed shows that the honest stream goes on.
func (a *attack) unharmed() {
	a.t.Helper()
	a.WriteData(1, true, []byte("honest"))
	a.expect(`DATA 1 "honest"`, `DATA 1 "" end`)
}

// ended shows that the connection has ended with code.
func (a *attack) ended(code string) {
	a.t.Helper()
	if last := a.drain(); !strings.HasPrefix(last, "GOAWAY") || strings.Fields(last)[2] != code {
		a.t.Errorf("the connection ended with %q, want %s", last, code)
	}
	if _, open := a.f.Connections(); open > 1 {
		a.t.Errorf("%d connections are open", open)
	}
}

type move func(a *attack)

// hostile runs the moves of a row, each on a connection of its own.
type hostile func(t *testing.T, limits http2.Limits)

// ends are moves after which the connection ends.
func ends(code string, moves ...move) hostile {
	return func(t *testing.T, l http2.Limits) {
		for _, m := range moves {
			a := begin(t, l)
			m(a)
			a.ended(code)
		}
	}
}

// resets are moves after which stream 3 is reset, and nothing else.
func resets(code string, moves ...move) hostile {
	return func(t *testing.T, l http2.Limits) {
		for i, m := range moves {
			a := begin(t, l)
			m(a)
			got := a.next()
			if strings.HasPrefix(got, "HEADERS 3 :status=200") {
				got = a.next()
			}
			if want := "RST_STREAM 3 " + code; got != want {
				t.Errorf("move %d: %s, want %s", i, got, want)
			}
			a.unharmed()
		}
	}
}

// answers are moves after which stream 3 gets an answer from the server itself.
func answers(status int, moves ...move) hostile {
	return func(t *testing.T, l http2.Limits) {
		for i, m := range moves {
			a := begin(t, l)
			m(a)
			if got, want := a.next(), fmt.Sprintf("HEADERS 3 :status=%d", status); !strings.HasPrefix(got, want) {
				t.Errorf("move %d: %s, want %s", i, got, want)
			}
			for a.unread(3) {
			}
			a.unharmed()
		}
	}
}

// unread reads on until the stream has ended.
func (a *attack) unread(id uint32) bool {
	got := a.next()
	return !strings.HasPrefix(got, fmt.Sprintf("RST_STREAM %d", id)) && got != "closed" && got != "nothing"
}

// all runs several.
func all(tests ...hostile) hostile {
	return func(t *testing.T, l http2.Limits) {
		for _, test := range tests {
			test(t, l)
		}
	}
}

// with sets limits.
func with(limits http2.Limits, test hostile) hostile {
	return func(t *testing.T, _ http2.Limits) { test(t, limits) }
}

// frame sends a frame as it is.
func frame(kind xhttp2.FrameType, flags xhttp2.Flags, id uint32, payload ...byte) move {
	return func(a *attack) { a.WriteRawFrame(kind, flags, id, payload) }
}

// fields sends a request on stream 3.
func fields(f ...string) move { return func(a *attack) { a.head(3, false, f...) } }

// request sends a request that is fine but for these fields.
func request(more ...string) move { return fields(append(plainGet[:4:4], more...)...) }

// pseudo sends a request whose pseudo-header fields are replaced.
func pseudo(replaced ...string) move {
	f := append([]string(nil), plainGet...)
	for _, r := range replaced {
		name, _, _ := strings.Cut(r[1:], "=")
		for i := range f {
			if strings.HasPrefix(f[i], ":"+name+"=") {
				f[i] = r
			}
		}
	}
	return fields(f...)
}

// block sends a header block as it is.
func block(b ...byte) move { return frame(xhttp2.FrameHeaders, xhttp2.FlagHeadersEndHeaders, 3, b...) }

// flood repeats a move until the server has had enough, at most n times.
func flood(n int, m func(a *attack, i uint32)) move {
	return func(a *attack) {
		done := make(chan struct{})
		go func() {
			defer close(done)
			for i := range uint32(n) {
				m(a, i)
			}
		}()
		a.t.Cleanup(func() { <-done })
	}
}

func setting(id xhttp2.SettingID, v uint32) move {
	return func(a *attack) { a.WriteSettings(xhttp2.Setting{ID: id, Val: v}) }
}

// post3 begins a request on stream 3 that the server reads the body of.
func post3(a *attack, more ...string) {
	a.head(3, false, append([]string{":method=POST", ":scheme=http", ":authority=x", ":path=/body"}, more...)...)
}

const (
	protocolError = "PROTOCOL_ERROR"
	frameSize     = "FRAME_SIZE_ERROR"
	flowControl   = "FLOW_CONTROL_ERROR"
	compression   = "COMPRESSION_ERROR"
	streamClosed  = "STREAM_CLOSED"
	calm          = "ENHANCE_YOUR_CALM"
)

var tooLong = make([]byte, 16385)

// hostileRows is the table of docs/security/http2.md.
var hostileRows = []struct {
	area, input, result string
	test                hostile
}{
	{"start", "HTTP/1.1, or other bytes, instead of the preface", "GOAWAY PROTOCOL_ERROR, the connection is closed",
		func(t *testing.T, l http2.Limits) {
			for _, text := range []string{"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "PRI * HTTP/2.0\r\n\r\nSN", "\x16\x03\x01"} {
				a := prepare(t, l)
				a.rawClient = a.f.silent(t)
				a.write([]byte(text))
				a.ended(protocolError)
			}
		}},
	{"start", "a preface, or the SETTINGS behind it, that does not come in `HeadTimeout`", "GOAWAY ENHANCE_YOUR_CALM",
		with(http2.Limits{HeadTimeout: time.Millisecond}, func(t *testing.T, l http2.Limits) {
			for _, text := range []string{"", "PRI * HTTP/2.0", xhttp2.ClientPreface, xhttp2.ClientPreface + "\x00\x00\x06\x04"} {
				a := prepare(t, l)
				a.rawClient = a.f.silent(t)
				a.write([]byte(text))
				a.ended(calm)
			}
		})},
	{"start", "another frame than SETTINGS behind the preface", "GOAWAY PROTOCOL_ERROR",
		func(t *testing.T, l http2.Limits) {
			for _, m := range []move{func(a *attack) { a.get(1) }, func(a *attack) { a.WritePing(false, [8]byte{}) }, func(a *attack) { a.WriteSettingsAck() }} {
				a := prepare(t, l)
				a.rawClient = a.f.silent(t)
				a.write([]byte(xhttp2.ClientPreface))
				m(a)
				a.ended(protocolError)
			}
		}},
	{"frames", "a frame longer than 16384 bytes, of any type", "GOAWAY FRAME_SIZE_ERROR as soon as its header is read",
		ends(frameSize, frame(xhttp2.FrameData, 0, 1, tooLong...), frame(xhttp2.FrameHeaders, 4, 3, tooLong...),
			frame(xhttp2.FrameSettings, 0, 0, tooLong...), frame(99, 0, 0, tooLong...),
			func(a *attack) { a.write([]byte{0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 1}) })},
	{"frames", "PING, RST_STREAM, WINDOW_UPDATE, SETTINGS, GOAWAY of the wrong size; SETTINGS with ACK and values", "GOAWAY FRAME_SIZE_ERROR",
		ends(frameSize, frame(xhttp2.FramePing, 0, 0, 1), frame(xhttp2.FramePing, 0, 0, make([]byte, 9)...), frame(xhttp2.FrameRSTStream, 0, 1, 1),
			frame(xhttp2.FrameWindowUpdate, 0, 0, 1, 2, 3), frame(xhttp2.FrameWindowUpdate, 0, 1, 1, 2, 3, 4, 5), frame(xhttp2.FrameSettings, 0, 0, 1),
			frame(xhttp2.FrameSettings, xhttp2.FlagSettingsAck, 0, 0, 1, 0, 0, 0, 0), frame(xhttp2.FrameGoAway, 0, 0, 1),
			frame(xhttp2.FrameHeaders, xhttp2.FlagHeadersPriority|xhttp2.FlagHeadersEndHeaders, 3, 1, 2),
			frame(xhttp2.FrameData, xhttp2.FlagDataPadded, 1))},
	{"frames", "DATA, HEADERS, PRIORITY, RST_STREAM, CONTINUATION without a stream; SETTINGS, PING, GOAWAY with one", "GOAWAY PROTOCOL_ERROR",
		ends(protocolError, frame(xhttp2.FrameData, 0, 0, 1), frame(xhttp2.FrameHeaders, 4, 0, 0x82), frame(xhttp2.FramePriority, 0, 0, 0, 0, 0, 0, 0),
			frame(xhttp2.FrameRSTStream, 0, 0, 0, 0, 0, 0), frame(xhttp2.FrameContinuation, 4, 0), frame(xhttp2.FrameSettings, 0, 1),
			frame(xhttp2.FramePing, 0, 1, make([]byte, 8)...), frame(xhttp2.FrameGoAway, 0, 1, make([]byte, 8)...))},
	{"frames", "padding longer than the frame", "GOAWAY PROTOCOL_ERROR",
		ends(protocolError, frame(xhttp2.FrameData, xhttp2.FlagDataPadded, 1, 9, 1, 2), frame(xhttp2.FrameHeaders, 0xc, 3, 9, 0x82))},
	{"frames", "PUSH_PROMISE from a client", "GOAWAY PROTOCOL_ERROR",
		ends(protocolError, frame(xhttp2.FramePushPromise, 4, 1, 0, 0, 0, 2, 0x82))},
	{"frames", "frames of unknown types, and with unknown flags", "ignored; a flood of them: GOAWAY ENHANCE_YOUR_CALM",
		func(t *testing.T, l http2.Limits) {
			a := begin(t, l)
			for i := range 100 {
				a.WriteRawFrame(xhttp2.FrameType(0x20+i), 0xff, uint32(i), []byte("x"))
			}
			a.WriteRawFrame(xhttp2.FramePing, 0xfe, 0, make([]byte, 8))
			a.unharmed()
			ends(calm, flood(5000, func(a *attack, _ uint32) { a.WriteRawFrame(0x20, 0, 0, nil) }))(t, l)
		}},
	{"frames", "a frame that does not come to its end in `HeadTimeout`", "GOAWAY ENHANCE_YOUR_CALM; other connections are served",
		with(http2.Limits{HeadTimeout: time.Millisecond}, func(t *testing.T, l http2.Limits) {
			for _, b := range [][]byte{{0, 0}, {0, 0, 8, 6, 0, 0, 0, 0, 0, 1}, {0, 0, 50, 1, 5, 0, 0, 0, 3, 0x82}} {
				a := begin(t, l)
				a.write(b)
				a.ended(calm)
			}
		})},

	{"header blocks", "endless CONTINUATION frames (CVE-2024-27316), full or empty", "GOAWAY ENHANCE_YOUR_CALM behind 16 of them, or twice the limit of a header; nothing is decoded",
		ends(calm, flood(100000, func(a *attack, i uint32) {
			if i == 0 {
				a.WriteHeaders(xhttp2.HeadersFrameParam{StreamID: 3, BlockFragment: []byte{0x82}})
			}
			a.WriteContinuation(3, false, nil)
		}), flood(1000, func(a *attack, i uint32) {
			if i == 0 {
				a.WriteHeaders(xhttp2.HeadersFrameParam{StreamID: 3, BlockFragment: []byte{0x82}})
			}
			a.WriteContinuation(3, false, tooLong[:16384])
		}))},
	{"header blocks", "a header block with another frame, or another stream's, inside; CONTINUATION without HEADERS", "GOAWAY PROTOCOL_ERROR",
		ends(protocolError,
			func(a *attack) {
				a.WriteHeaders(xhttp2.HeadersFrameParam{StreamID: 3, BlockFragment: []byte{0x82}})
				a.WritePing(false, [8]byte{})
			}, func(a *attack) {
				a.WriteHeaders(xhttp2.HeadersFrameParam{StreamID: 3, BlockFragment: []byte{0x82}})
				a.WriteContinuation(5, true, nil)
			}, frame(xhttp2.FrameContinuation, 4, 1, 0x82))},
	{"header blocks", "a header block that does not come to its end in `HeadTimeout`", "GOAWAY ENHANCE_YOUR_CALM",
		with(http2.Limits{HeadTimeout: time.Millisecond}, ends(calm, frame(xhttp2.FrameHeaders, 0, 3, 0x82)))},
	{"header blocks", "an HPACK bomb: one large table entry, 16,000 references to it", "431, and less than 300 KB of memory (`TestDecodeBomb`)",
		answers(431, func(a *attack) {
			a.WriteHeaders(xhttp2.HeadersFrameParam{StreamID: 3, BlockFragment: append(a.encode(append(plainGet[:4:4], "bomb="+strings.Repeat("x", 3000))...),
				bytes.Repeat([]byte{0x80 | 62}, 12000)...), EndHeaders: true})
		})},
	{"header blocks", "an index that is not there, broken Huffman code, an endless integer, a table larger than allowed, a block that breaks off", "GOAWAY COMPRESSION_ERROR",
		ends(compression, block(0xff, 0x80, 0x01), block(0x40, 0x81, 0xff, 0x81, 0xff), block(append([]byte{0xff}, bytes.Repeat([]byte{0xff}, 20)...)...),
			block(0x3f, 0xe2, 0x1f), block(0x40, 0x05, 'a'), block(0x80))},
	{"header blocks", "a field over `Field`, a header over `Head`, more fields than `Fields`", "431, or 414 for `:path`",
		with(http2.Limits{Field: 1000, Head: 4000, Fields: 20}, all(
			answers(431, request("a="+strings.Repeat("x", 1000)), request(strings.Fields(strings.Repeat("a=1 ", 21))...),
				request(strings.Fields(strings.Repeat("a="+strings.Repeat("x", 900)+" ", 5))...)),
			answers(414, pseudo(":path=/"+strings.Repeat("x", 1000)))))},
	{"header blocks", "a header block over twice of `Head`, in one field or in all", "GOAWAY ENHANCE_YOUR_CALM",
		with(http2.Limits{Head: 4000}, ends(calm, request("a="+strings.Repeat("\xff", 9000)), func(a *attack) {
			var many []string
			for i := range 10 {
				many = append(many, fmt.Sprintf("a%d=%s", i, strings.Repeat("\xff", 900)))
			}
			request(many...)(a)
		}))},
	{"header blocks", "names with capitals, spaces, colons, or without a character", "RST_STREAM PROTOCOL_ERROR",
		resets(protocolError, request("A=1"), request("a b=1"), request("a:b=1"), request("a\x00=1"), func(a *attack) {
			a.WriteHeaders(xhttp2.HeadersFrameParam{StreamID: 3, BlockFragment: append(a.encode(plainGet...), 0, 0, 1, 'x'), EndHeaders: true})
		})},
	{"header blocks", "CR, LF, NUL and other control characters in values, spaces around them", "RST_STREAM PROTOCOL_ERROR",
		resets(protocolError, request("a=1\r\nb: 2"), request("a=1\n"), request("a=\x00"), request("a=\x7f"), request("a= 1"), request("a=1 "),
			pseudo(":path=/\r\nHost: y"), pseudo(":authority=x\ny"))},
	{"header blocks", "Connection, Keep-Alive, Proxy-Connection, Transfer-Encoding, Upgrade; TE other than trailers", "RST_STREAM PROTOCOL_ERROR",
		resets(protocolError, request("connection=close"), request("keep-alive=1"), request("proxy-connection=x"), request("transfer-encoding=chunked"),
			request("upgrade=h2c"), request("te=gzip"), request("te=trailers, gzip"))},
	{"header blocks", "pseudo-header fields that are missing, empty, unknown, there twice, behind others, of responses; `:protocol` without CONNECT", "RST_STREAM PROTOCOL_ERROR",
		resets(protocolError, fields(":method=GET", ":scheme=http", ":authority=x"), fields(":method=GET", ":path=/", ":authority=x"),
			fields(":scheme=http", ":path=/", ":authority=x"), pseudo(":path="), request(":path=/"), fields("a=1", ":method=GET", ":scheme=http", ":path=/"),
			fields(append([]string{":status=200"}, plainGet...)...), fields(append([]string{":other=200"}, plainGet...)...),
			fields(append([]string{":protocol=websocket"}, plainGet...)...))},
	{"header blocks", "`:path` with a space, a fragment, without slash, with a broken encoding or an encoded NUL, `*` with GET", "400",
		answers(400, pseudo(":path=/a b"), pseudo(":path=/a#b"), pseudo(":path=a"), pseudo(":path=http://x/"), pseudo(":path=/%0"), pseudo(":path=/%00"), pseudo(":path=*"))},
	{"header blocks", "`:authority` with userinfo, a path, a space, a broken port; a Host that differs, two of them, none at all", "400",
		answers(400, pseudo(":authority=u@x"), pseudo(":authority=x/a"), pseudo(":authority=x y"), pseudo(":authority=x:y"), pseudo(":authority=[::1"), pseudo(":authority="),
			request("host=y"), request("host=x", "host=x"), fields(":method=GET", ":scheme=http", ":path=/"))},
	{"header blocks", "`:method` with a space or a slash, or of 33 characters; a scheme other than http and https", "400; plain CONNECT: 405",
		all(answers(400, pseudo(":method=GET /"), pseudo(":method=A/B"), pseudo(":method="+strings.Repeat("A", 33)), pseudo(":scheme=file")),
			answers(405, fields(":method=CONNECT", ":authority=x:1")))},
	{"header blocks", "Content-Length twice, with a sign, empty, of 19 digits", "RST_STREAM PROTOCOL_ERROR",
		resets(protocolError, request("content-length=1", "content-length=1"), request("content-length=+1"), request("content-length="), request("content-length=1, 1"),
			request("content-length=9999999999999999999"))},
	{"header blocks", "extended CONNECT for another protocol than websocket, without `:path`, with a length", "501; RST_STREAM PROTOCOL_ERROR",
		all(answers(501, fields(":method=CONNECT", ":protocol=connect-udp", ":scheme=https", ":authority=x", ":path=/")),
			resets(protocolError, fields(":method=CONNECT", ":protocol=websocket", ":scheme=https", ":authority=x"),
				fields(":method=CONNECT", ":protocol=websocket", ":scheme=https", ":path=/"),
				fields(":method=CONNECT", ":protocol=websocket", ":scheme=https", ":authority=x", ":path=/", "content-length=3")))},
	{"header blocks", "trailers without END_STREAM, with pseudo-header fields, with capitals", "RST_STREAM PROTOCOL_ERROR",
		resets(protocolError, func(a *attack) { post3(a); a.head(3, false, "a=1") }, func(a *attack) { post3(a); a.head(3, true, ":path=/") },
			func(a *attack) { post3(a); a.head(3, true, "A=1") })},
	{"header blocks", "trailers with framing, routing, authentication or identity fields", "those fields are left out (`TestRequests`, `TestDecodeBlock`)",
		func(t *testing.T, l http2.Limits) {
			got := make(chan string, 1)
			f := serve(t, &http2.Server{Handler: func(d exchange.Downstream) {
				readAll(d)
				got <- string(d.RequestTrailer().AppendTo(nil))
				d.WriteHead(200, nil, nil, 0)
			}}, false)
			r := f.raw(t)
			r.post(1)
			r.head(1, true, "host=y", "content-length=3", "authorization=x", "x-forwarded-for=1", "x-consumer-id=1", "cookie=a", "grpc-status=0")
			if s := <-got; s != "grpc-status: 0\r\n" {
				t.Errorf("%q", s)
			}
		}},

	{"streams", "a stream number that is even, or smaller than one before", "GOAWAY PROTOCOL_ERROR; STREAM_CLOSED",
		all(ends(protocolError, func(a *attack) { a.get(2) }, frame(xhttp2.FrameData, 0, 2, 1)),
			ends(streamClosed, func(a *attack) { a.get(5); a.get(3) }))},
	{"streams", "DATA, RST_STREAM, WINDOW_UPDATE for a stream that was never opened", "GOAWAY PROTOCOL_ERROR",
		ends(protocolError, frame(xhttp2.FrameData, 0, 3, 1), frame(xhttp2.FrameRSTStream, 0, 3, 0, 0, 0, 0), frame(xhttp2.FrameWindowUpdate, 0, 3, 0, 0, 0, 1))},
	{"streams", "DATA behind END_STREAM or RST_STREAM of the client; HEADERS behind END_STREAM", "RST_STREAM STREAM_CLOSED",
		resets(streamClosed,
			func(a *attack) {
				a.head(3, true, ":method=GET", ":scheme=http", ":authority=x", ":path=/wait")
				a.WriteData(3, false, []byte("x"))
			},
			func(a *attack) {
				a.head(3, true, ":method=GET", ":scheme=http", ":authority=x", ":path=/wait")
				a.head(3, true, "a=1")
			},
			func(a *attack) {
				post3(a)
				a.WriteRSTStream(3, xhttp2.ErrCodeCancel)
				a.WriteData(3, false, []byte("x"))
			})},
	{"streams", "HEADERS for a stream that has ended", "GOAWAY STREAM_CLOSED",
		ends(streamClosed, func(a *attack) {
			a.get(3)
			a.expect("HEADERS 3 :status=200")
			a.head(3, true, "a=1")
		}, func(a *attack) {
			post3(a)
			a.WriteRSTStream(3, xhttp2.ErrCodeCancel)
			a.head(3, true, "a=1")
		})},
	{"streams", "DATA, trailers and RST_STREAM for a stream that the server has reset", "ignored, since they may have been on their way; the connection's window is given back",
		func(t *testing.T, l http2.Limits) {
			a := begin(t, l)
			post3(a, "content-length=1")
			a.WriteData(3, false, []byte("xx"))
			a.expect("RST_STREAM 3 PROTOCOL_ERROR")
			for range 200 { // more than the windows together
				a.WriteData(3, false, tooLong[:10000])
			}
			a.head(3, true, "a=1")
			a.WriteRSTStream(3, xhttp2.ErrCodeCancel)
			a.unharmed()
		}},
	{"streams", "a stream that depends on itself (HEADERS, PRIORITY); PRIORITY of the wrong size", "RST_STREAM PROTOCOL_ERROR, FRAME_SIZE_ERROR; GOAWAY if the stream is not open",
		all(resets(protocolError, func(a *attack) {
			a.WriteHeaders(xhttp2.HeadersFrameParam{StreamID: 3, BlockFragment: a.encode(plainGet...), EndHeaders: true, Priority: xhttp2.PriorityParam{StreamDep: 3, Weight: 1}})
		}, func(a *attack) { post3(a); a.WritePriority(3, xhttp2.PriorityParam{StreamDep: 3}) }),
			resets(frameSize, func(a *attack) { post3(a); a.WriteRawFrame(xhttp2.FramePriority, 0, 3, []byte{1}) }),
			ends(protocolError, func(a *attack) { a.WritePriority(3, xhttp2.PriorityParam{StreamDep: 3}) }),
			ends(frameSize, frame(xhttp2.FramePriority, 0, 3, 1)))},
	{"streams", "more streams than `MaxConcurrentStreams`", "RST_STREAM REFUSED_STREAM: they can be sent again; a flood of them: GOAWAY ENHANCE_YOUR_CALM",
		with(http2.Limits{MaxConcurrentStreams: 3}, all(
			func(t *testing.T, l http2.Limits) {
				a := begin(t, l)
				a.post(3)
				a.head(5, false, ":method=GET", ":scheme=http", ":authority=x", ":path=/wait")
				a.expect("HEADERS 3 :status=200 content-length=0 end", "RST_STREAM 3 NO_ERROR")
				a.head(7, false, ":method=GET", ":scheme=http", ":authority=x", ":path=/wait")
				a.get(9)
				a.expect("RST_STREAM 9 REFUSED_STREAM")
				a.WriteRSTStream(7, xhttp2.ErrCodeCancel)
				a.alive(11)
				a.unharmed()
			},
			ends(calm, flood(5000, func(a *attack, i uint32) {
				a.head(2*i+3, false, ":method=GET", ":scheme=http", ":authority=x", ":path=/wait")
			}))))},

	{"bodies", "more DATA than Content-Length, less, or none", "RST_STREAM PROTOCOL_ERROR",
		resets(protocolError, func(a *attack) { post3(a, "content-length=1"); a.WriteData(3, false, []byte("xx")) },
			func(a *attack) { post3(a, "content-length=3"); a.WriteData(3, true, []byte("xx")) },
			func(a *attack) {
				post3(a, "content-length=3")
				a.WriteData(3, false, []byte("xx"))
				a.head(3, true, "a=1")
			},
			func(a *attack) { a.head(3, true, append(plainGet[:4:4], "content-length=1")...) })},
	{"bodies", "a body over `Body`, announced or not", "413; what comes behind it is thrown away",
		with(http2.Limits{Body: 100}, answers(413, func(a *attack) { post3(a, "content-length=101") },
			func(a *attack) {
				post3(a)
				a.WriteData(3, false, tooLong[:101])
				a.WriteData(3, false, tooLong[:10000])
			}))},
	{"bodies", "a stream that is opened and never continued", "408 after `BodyTimeout` when the body is waited for",
		with(http2.Limits{BodyTimeout: 10 * time.Second}, func(t *testing.T, l http2.Limits) {
			l.BodyTimeout = 300 * time.Millisecond
			a := prepare(t, l)
			a.rawClient = a.f.raw(t)
			post3(a)
			a.expect("HEADERS 3 :status=408", "RST_STREAM 3 NO_ERROR")
		})},
	{"bodies", "DATA frames without data (CVE-2019-9518), or with nothing but padding", "GOAWAY ENHANCE_YOUR_CALM",
		ends(calm, flood(5000, func(a *attack, _ uint32) { a.WriteData(1, false, nil) }),
			flood(5000, func(a *attack, _ uint32) { a.WriteDataPadded(1, false, nil, make([]byte, 5)) }))},
	{"bodies", "padding", "counts for the windows, and is given back at once",
		func(t *testing.T, l http2.Limits) {
			a := begin(t, l)
			for range 400 { // 100 KB of padding, more than the stream's first window
				a.WriteDataPadded(1, false, []byte("x"), make([]byte, 255))
				a.expect(`DATA 1 "x`)
			}
			a.unharmed()
		}},

	{"flow control", "more DATA than the window of a stream", "RST_STREAM FLOW_CONTROL_ERROR",
		resets(flowControl, func(a *attack) {
			a.head(3, false, ":method=POST", ":scheme=http", ":authority=x", ":path=/wait")
			for range 5 {
				a.WriteData(3, false, tooLong[:16000])
			}
		})},
	{"flow control", "more DATA than the window of the connection", "GOAWAY FLOW_CONTROL_ERROR",
		with(http2.Limits{ConnWindow: 65535}, ends(flowControl, func(a *attack) {
			for id := uint32(3); id < 8; id += 2 {
				a.head(id, false, ":method=POST", ":scheme=http", ":authority=x", ":path=/wait")
				a.WriteData(id, false, tooLong[:16384])
				a.WriteData(id, false, tooLong[:16384])
			}
		}))},
	{"flow control", "bodies that nobody reads", "at most `ConnWindow` bytes wait in memory for a connection, and 65535 for such a stream",
		func(t *testing.T, l http2.Limits) {
			a := begin(t, l)
			a.noise = true
			a.head(3, false, ":method=POST", ":scheme=http", ":authority=x", ":path=/wait")
			for range 4 {
				a.WriteData(3, false, tooLong[:16000])
			}
			a.WritePing(false, [8]byte{1})
			for got := a.next(); got != "PING \x01\x00\x00\x00\x00\x00\x00\x00 ack"; got = a.next() {
				if strings.HasPrefix(got, "WINDOW_UPDATE 3") || strings.HasPrefix(got, "RST") {
					t.Error(got)
				}
			}
			a.noise = false
			a.unharmed()
		}},
	{"flow control", "WINDOW_UPDATE of zero", "RST_STREAM, or for the connection GOAWAY, PROTOCOL_ERROR",
		all(resets(protocolError, func(a *attack) { post3(a); a.WriteWindowUpdate(3, 0) }), ends(protocolError, func(a *attack) { a.WriteWindowUpdate(0, 0) }))},
	{"flow control", "WINDOW_UPDATE over 2^31-1 in sum", "RST_STREAM, or for the connection GOAWAY, FLOW_CONTROL_ERROR",
		all(resets(flowControl, func(a *attack) { post3(a); a.WriteWindowUpdate(3, 1<<31-1) }), ends(flowControl, func(a *attack) { a.WriteWindowUpdate(0, 1<<31-1) }))},
	{"flow control", "SETTINGS_INITIAL_WINDOW_SIZE over 2^31-1, or one that makes a window so large", "GOAWAY FLOW_CONTROL_ERROR",
		ends(flowControl, setting(xhttp2.SettingInitialWindowSize, 1<<31), func(a *attack) {
			a.WriteWindowUpdate(1, 1<<31-1-65535)
			a.WriteSettings(xhttp2.Setting{ID: xhttp2.SettingInitialWindowSize, Val: 65536})
		})},
	{"flow control", "SETTINGS_INITIAL_WINDOW_SIZE that makes windows negative", "the stream waits until its window is positive again; not a byte too much is sent",
		func(t *testing.T, l http2.Limits) {
			a := begin(t, l)
			a.head(3, true, ":method=GET", ":scheme=http", ":authority=x", ":path=/large")
			a.expect("HEADERS 3 :status=200")
			for n := 0; n < 65535; {
				var m int
				fmt.Sscanf(a.next(), "DATA 3 %d bytes", &m)
				n += m
			}
			a.WriteWindowUpdate(0, 1<<20)
			a.WriteSettings(xhttp2.Setting{ID: xhttp2.SettingInitialWindowSize, Val: 0}) // the window is -65535
			a.WriteWindowUpdate(3, 65535)                                                // 0
			a.WriteWindowUpdate(1, 100)
			a.unharmed()
			a.WriteWindowUpdate(3, 3)                                                    // 3
			a.expect(`DATA 3 "\x00"`, `DATA 3 "\x00\x00"`)                               // the rest of what the handler wrote at once, and the next
			a.WriteSettings(xhttp2.Setting{ID: xhttp2.SettingInitialWindowSize, Val: 5}) // 5
			a.expect(`DATA 3 "\x00\x00\x00\x00\x00"`)
		}},
	{"flow control", "a window that is never opened (CVE-2019-9517), or by a byte at a time", "the stream waits alone, and is reset with CANCEL after `SendTimeout`",
		with(http2.Limits{SendTimeout: 300 * time.Millisecond}, func(t *testing.T, l http2.Limits) {
			a := prepare(t, l)
			a.rawClient = a.f.raw(t, xhttp2.Setting{ID: xhttp2.SettingInitialWindowSize, Val: 0})
			a.head(3, true, ":method=GET", ":scheme=http", ":authority=x", ":path=/large")
			a.expect("HEADERS 3 :status=200")
			a.WriteWindowUpdate(3, 1)
			a.expect(`DATA 3 "\x00"`)
			a.get(5)
			a.expect("HEADERS 5 :status=200", "RST_STREAM 3 CANCEL")
			a.get(7)
			a.expect("HEADERS 7 :status=200")
		})},
	{"flow control", "a client that sends requests and reads no answer", "at most 64 KB of them wait; after `SendTimeout` the connection is closed",
		with(http2.Limits{SendTimeout: 300 * time.Millisecond, Requests: 1 << 30}, func(t *testing.T, l http2.Limits) {
			a := begin(t, l)
			a.WriteSettings(xhttp2.Setting{ID: xhttp2.SettingInitialWindowSize, Val: 1<<31 - 1})
			a.WriteWindowUpdate(0, 1<<30)
			before := memory()
			for id := uint32(3); id < 100; id += 2 {
				a.head(id, true, ":method=GET", ":scheme=http", ":authority=x", ":path=/large")
			}
			waitFor(t, func() bool { _, open := a.f.Connections(); return open == 0 })
			if after := memory(); after > before+(8<<20) {
				t.Errorf("%d KB for a client that reads nothing", (after-before)>>10)
			}
		})},

	{"floods", "streams that are opened and reset at once (rapid reset, CVE-2023-44487)", "GOAWAY ENHANCE_YOUR_CALM; never more than twice `MaxConcurrentStreams` handlers run",
		func(t *testing.T, l http2.Limits) {
			a := begin(t, l)
			flood(20000, func(a *attack, i uint32) {
				a.head(2*i+3, true, ":method=GET", ":scheme=http", ":authority=x", ":path=/wait")
				a.WriteRSTStream(2*i+3, xhttp2.ErrCodeCancel)
			})(a)
			a.ended(calm)
			waitFor(t, func() bool { return a.running.Load() == 0 })
			if most := a.most.Load(); most > 256 {
				t.Errorf("%d handlers at once", most)
			}
		}},
	{"floods", "streams that the server is made to reset (MadeYouReset, CVE-2025-8671), by any break of the rules", "count as those that the client resets: GOAWAY ENHANCE_YOUR_CALM; their handlers count until they have ended",
		func(t *testing.T, l http2.Limits) {
			for _, m := range []func(a *attack, id uint32){
				func(a *attack, id uint32) { a.WriteWindowUpdate(id, 0) },
				func(a *attack, id uint32) { a.WriteWindowUpdate(id, 1<<31-1) },
				func(a *attack, id uint32) { a.WriteData(id, false, []byte("x")) },
				func(a *attack, id uint32) { a.head(id, true, "a=1") },
				func(a *attack, id uint32) { a.WritePriority(id, xhttp2.PriorityParam{StreamDep: id}) },
			} {
				a := begin(t, l)
				flood(20000, func(a *attack, i uint32) {
					a.head(2*i+3, true, ":method=GET", ":scheme=http", ":authority=x", ":path=/wait")
					m(a, 2*i+3)
				})(a)
				a.ended(calm)
				waitFor(t, func() bool { return a.running.Load() == 0 })
				if most := a.most.Load(); most > 256 {
					t.Errorf("%d handlers at once", most)
				}
			}
		}},
	{"floods", "malformed requests, one behind the other", "GOAWAY ENHANCE_YOUR_CALM",
		ends(calm, flood(20000, func(a *attack, i uint32) { a.head(2*i+3, true, append(plainGet[:4:4], "A=1")...) }))},
	{"floods", "PING (CVE-2019-9512), with or without ACK", "GOAWAY ENHANCE_YOUR_CALM",
		ends(calm, flood(20000, func(a *attack, _ uint32) { a.WritePing(false, [8]byte{}) }), flood(20000, func(a *attack, _ uint32) { a.WritePing(true, [8]byte{}) }))},
	{"floods", "SETTINGS (CVE-2019-9515), empty, full, or with ACK", "GOAWAY ENHANCE_YOUR_CALM; a frame changes the windows once, whatever it holds",
		ends(calm, flood(20000, func(a *attack, _ uint32) { a.WriteSettings() }), flood(20000, func(a *attack, _ uint32) { a.WriteSettingsAck() }),
			flood(2000, func(a *attack, i uint32) {
				var b []byte
				for j := range uint32(2700) {
					b = binary.BigEndian.AppendUint32(append(b, 0, 4), (i+j)%1000)
				}
				a.WriteRawFrame(xhttp2.FrameSettings, 0, 0, b)
			}))},
	{"floods", "PRIORITY (CVE-2019-9513)", "GOAWAY ENHANCE_YOUR_CALM; priorities are not looked at, and nothing is kept of them",
		ends(calm, flood(20000, func(a *attack, i uint32) { a.WritePriority(i|1, xhttp2.PriorityParam{StreamDep: 2*i + 100}) }))},
	{"floods", "WINDOW_UPDATE of one byte", "GOAWAY ENHANCE_YOUR_CALM",
		ends(calm, flood(20000, func(a *attack, _ uint32) { a.WriteWindowUpdate(0, 1) }), flood(20000, func(a *attack, _ uint32) { a.WriteWindowUpdate(1, 1) }))},
	{"floods", "RST_STREAM for streams that have ended; GOAWAY", "GOAWAY ENHANCE_YOUR_CALM",
		ends(calm, func(a *attack) {
			a.get(3)
			a.expect("HEADERS 3 :status=200")
			flood(20000, func(a *attack, _ uint32) { a.WriteRSTStream(3, xhttp2.ErrCodeCancel) })(a)
		}, flood(20000, func(a *attack, _ uint32) { a.WriteGoAway(0, xhttp2.ErrCodeNo, nil) }))},
	{"floods", "frames that ask for answers, from a client that does not read them", "at most 256 KB of answers wait, then the connection is closed",
		with(http2.Limits{SendTimeout: time.Second, Linger: time.Millisecond}, func(t *testing.T, l http2.Limits) {
			a := begin(t, l)
			before := memory()
			for range 1000000 {
				if a.WritePing(false, [8]byte{}) != nil {
					break
				}
			}
			waitFor(t, func() bool { _, open := a.f.Connections(); return open == 0 })
			if after := memory(); after > before+(8<<20) {
				t.Errorf("%d KB", (after-before)>>10)
			}
		})},
	{"floods", "an honest client that cancels half of its streams, pings, and updates windows for every frame", "is served: what is of use earns what is not",
		func(t *testing.T, l http2.Limits) {
			l.Requests = 1 << 30
			a := begin(t, l)
			for i := range uint32(3000) {
				id := 4*i + 3
				a.head(id, true, ":method=GET", ":scheme=http", ":authority=x", ":path=/wait")
				a.WriteRSTStream(id, xhttp2.ErrCodeCancel)
				a.get(id + 2)
				a.WritePing(false, [8]byte{})
				a.WriteWindowUpdate(0, 1)
				a.expect(fmt.Sprintf("HEADERS %d :status=200", id+2))
			}
			a.unharmed()
		}},
	{"settings", "ENABLE_PUSH or ENABLE_CONNECT_PROTOCOL of 2, MAX_FRAME_SIZE under 16384 or over 2^24-1", "GOAWAY PROTOCOL_ERROR",
		ends(protocolError, setting(xhttp2.SettingEnablePush, 2), setting(xhttp2.SettingEnableConnectProtocol, 2), setting(xhttp2.SettingMaxFrameSize, 100),
			setting(xhttp2.SettingMaxFrameSize, 1<<24))},
	{"settings", "HEADER_TABLE_SIZE of 0 or 2^32-1, MAX_HEADER_LIST_SIZE of 0, unknown settings", "taken; responses use no table",
		func(t *testing.T, l http2.Limits) {
			a := begin(t, l)
			a.WriteSettings(xhttp2.Setting{ID: xhttp2.SettingHeaderTableSize, Val: 0}, xhttp2.Setting{ID: xhttp2.SettingHeaderTableSize, Val: 1<<32 - 1},
				xhttp2.Setting{ID: xhttp2.SettingMaxHeaderListSize, Val: 0}, xhttp2.Setting{ID: 0xff, Val: 1})
			a.alive(3)
			a.unharmed()
		}},
	{"responses", "a plugin or upstream whose response has names that are no tokens, pseudo-header fields, control characters in values, fields of HTTP/1.1", "left out; control characters become spaces",
		func(t *testing.T, l http2.Limits) {
			f := serve(t, &http2.Server{Handler: func(d exchange.Downstream) {
				var h header.Fields
				for _, n := range []string{":status", "a b", "Connection", "Transfer-Encoding", "Upgrade", "Keep-Alive", "Content-Length", ""} {
					h.Add(n, "1")
				}
				h.Add("Good", "1\x01\r\n2")
				d.WriteHead(200, nil, &h, 0)
			}}, false)
			r := f.raw(t)
			r.get(1)
			r.expect("HEADERS 1 :status=200 content-length=0 good=1   2 end")
		}},
}

// memory returns how much of the heap is in use.
func memory() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// waitFor waits until something is so.
func waitFor(t testing.TB, so func() bool) {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !so() {
		if time.Now().After(deadline) {
			t.Fatal("it never happened")
		}
		<-tick.C
	}
}

func TestHostile(t *testing.T) {
	for i, row := range hostileRows {
		t.Run(fmt.Sprintf("row-%02d-%s", i+1, strings.ReplaceAll(row.area, " ", "-")), func(t *testing.T) { row.test(t, http2.Limits{}) })
	}
}

const document = "../../docs/security/http2.md"

// The table in the documentation is that of the rows.
func TestHostileTable(t *testing.T) {
	var b strings.Builder
	b.WriteString("| # | area | input | result |\n|---|---|---|---|\n")
	for i, r := range hostileRows {
		fmt.Fprintf(&b, "| %d | %s | %s | %s |\n", i+1, r.area, r.input, r.result)
	}
	text, err := os.ReadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	const first, last = "<!-- rows -->\n", "<!-- end of rows -->"
	before, rest, ok := strings.Cut(string(text), first)
	_, after, ok2 := strings.Cut(rest, last)
	if !ok || !ok2 {
		t.Fatalf("%s has no place for the rows", document)
	}
	want := before + first + b.String() + last + after
	if want == string(text) {
		return
	}
	if !*update {
		t.Fatalf("the table in %s is another one; run the test with -update", document)
	}
	if err := os.WriteFile(document, []byte(want), 0o666); err != nil {
		t.Fatal(err)
	}
}
