package http2_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	xhttp2 "golang.org/x/net/http2"

	"github.com/gibbon-gateway/gibbon/header"
	"github.com/gibbon-gateway/gibbon/internal/exchange"
	"github.com/gibbon-gateway/gibbon/internal/http2"
)

// client is Go's own client, which shows that another implementation gets along with the server.
func (f *front) client(t testing.TB) *http.Client {
	var only http.Protocols
	only.SetHTTP2(f.tls)
	only.SetUnencryptedHTTP2(!f.tls)
	tr := &http.Transport{Protocols: &only, TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
	t.Cleanup(tr.CloseIdleConnections)
	return &http.Client{Transport: tr}
}

func (f *front) url(path string) string {
	return map[bool]string{false: "http://", true: "https://"}[f.tls] + f.addr.String() + path
}

// eachWay runs a test on cleartext and on TLS.
func eachWay(t *testing.T, test func(t *testing.T, withTLS bool)) {
	t.Run("cleartext", func(t *testing.T) { test(t, false) })
	t.Run("tls", func(t *testing.T) { test(t, true) })
}

// describe tells what the server understood of a request, body included.
func describe(d exchange.Downstream) string {
	q := d.Request()
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s path=%s host=%s %s body=%t/%d upgrade=%q te=%t", q.Method, q.Target, q.Path, q.Host, q.Version, q.HasBody, q.Length,
		q.Upgrade, q.Trailers)
	for n, v := range q.Header.All() {
		fmt.Fprintf(&b, " %s=%q", n, v)
	}
	body, err := readAll(d)
	fmt.Fprintf(&b, " [%s]", body)
	if err != io.EOF {
		fmt.Fprintf(&b, " error %v", err)
	}
	if t := d.RequestTrailer(); t != nil {
		for n, v := range t.All() {
			fmt.Fprintf(&b, " %s=%q", n, v)
		}
	}
	return b.String()
}

func describing(d exchange.Downstream) {
	text := describe(d)
	d.WriteHead(200, nil, nil, int64(len(text)))
	d.WriteBody([]byte(text))
}

func TestRequests(t *testing.T) {
	f := serve(t, &http2.Server{Handler: describing}, false)
	for _, c := range []struct {
		name string
		send func(r *rawClient)
		want string
	}{
		{"plain", func(r *rawClient) { r.get(1, "a=1") },
			`GET / path=/ host=x 2 body=false/0 upgrade="" te=false host="x" a="1" []`},
		{"asterisk", func(r *rawClient) { r.head(1, true, ":method=OPTIONS", ":scheme=http", ":authority=x", ":path=*") },
			`OPTIONS * path=* host=x 2 body=false/0 upgrade="" te=false host="x" []`},
		{"host field only", func(r *rawClient) { r.head(1, true, ":method=GET", ":scheme=https", ":path=/a?b", "host=h:1") },
			`GET /a?b path=/a?b host=h:1 2 body=false/0 upgrade="" te=false host="h:1" []`},
		{"body with length", func(r *rawClient) {
			r.post(1, "content-length=5", "te=trailers")
			r.WriteData(1, false, []byte("he"))
			r.WriteData(1, true, []byte("llo"))
		}, `POST / path=/ host=x 2 body=true/5 upgrade="" te=true host="x" content-length="5" [hello]`},
		{"body without length, with padding and trailers", func(r *rawClient) {
			r.post(1)
			r.WriteDataPadded(1, false, []byte("hello"), make([]byte, 200))
			r.head(1, true, "a=1", "authorization=x", "x-consumer-id=2")
		}, `POST / path=/ host=x 2 body=true/-1 upgrade="" te=false host="x" [hello] a="1"`},
		{"empty body", func(r *rawClient) {
			r.post(1)
			r.WriteData(1, true, nil)
		}, `POST / path=/ host=x 2 body=true/-1 upgrade="" te=false host="x" []`},
		{"head in CONTINUATION frames", func(r *rawClient) {
			b := r.encode(append(plainGet[:4:4], "a=1")...)
			r.WriteHeaders(xhttp2.HeadersFrameParam{StreamID: 1, BlockFragment: b[:3], EndStream: true, PadLength: 7,
				Priority: xhttp2.PriorityParam{StreamDep: 9, Weight: 3}})
			r.WriteContinuation(1, false, b[3:5])
			r.WriteContinuation(1, true, b[5:])
		}, `GET / path=/ host=x 2 body=false/0 upgrade="" te=false host="x" a="1" []`},
		{"cookies", func(r *rawClient) { r.get(1, "cookie=a=1", "cookie=b=2") },
			`GET / path=/ host=x 2 body=false/0 upgrade="" te=false host="x" Cookie="a=1; b=2" []`},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := f.raw(t)
			c.send(r)
			r.expect("HEADERS 1 :status=200")
			got := ""
			for !strings.HasSuffix(got, "end") {
				frame, err := r.ReadFrame()
				if err != nil {
					t.Fatal(err)
				}
				if d, ok := frame.(*xhttp2.DataFrame); ok {
					if got += string(d.Data()); d.StreamEnded() {
						break
					}
				}
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// A client that gives the connection's first bytes to the listener, one at a time, is served as well.
func TestReceived(t *testing.T) {
	s := &http2.Server{Handler: describing}
	a, b := net.Pipe()
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.ServeConn(b, []byte(xhttp2.ClientPreface[:10]), exchange.Peer{})
	}()
	var wire bytes.Buffer
	fr := xhttp2.NewFramer(&wire, a)
	fr.WriteSettings()
	fr.WriteHeaders(xhttp2.HeadersFrameParam{StreamID: 1, BlockFragment: encode(plainGet...), EndStream: true, EndHeaders: true})
	go func() {
		for _, c := range append([]byte(xhttp2.ClientPreface[10:]), wire.Bytes()...) {
			a.Write([]byte{c})
		}
	}()
	for {
		f, err := fr.ReadFrame()
		if err != nil {
			t.Fatal(err)
		}
		if f.Header().Type == xhttp2.FrameHeaders {
			break
		}
	}
	a.Close()
	<-done
	s.Close()
}

// The answers that handlers write, as a client sees them.
func TestAnswers(t *testing.T) {
	fields := func(pairs ...string) *header.Fields {
		var f header.Fields
		for i := 0; i < len(pairs); i += 2 {
			f.Add(pairs[i], pairs[i+1])
		}
		return &f
	}
	for _, c := range []struct {
		name    string
		method  string
		handler func(d exchange.Downstream) error
		want    []string
		err     string
	}{
		{"small", "GET", func(d exchange.Downstream) error {
			d.WriteHead(200, []byte("Fine"), fields("Server", "s", "Connection", "close", "Upgrade", "x", "Content-Length", "9"), 2)
			d.WriteBody([]byte("o"))
			d.WriteBody([]byte("k"))
			return d.Finish(nil)
		}, []string{`HEADERS 1 :status=200 content-length=2 server=s`, `DATA 1 "ok" end`}, ""},
		{"empty", "GET", func(d exchange.Downstream) error { d.WriteHead(404, nil, nil, 0); return d.Finish(nil) },
			[]string{`HEADERS 1 :status=404 content-length=0 end`}, ""},
		{"HEAD", "HEAD", func(d exchange.Downstream) error {
			d.WriteHead(200, nil, nil, 7)
			d.WriteBody([]byte("ignored"))
			return d.Finish(nil)
		}, []string{`HEADERS 1 :status=200 content-length=7 end`}, ""},
		{"204", "GET", func(d exchange.Downstream) error { d.WriteHead(204, nil, nil, 0); return d.Finish(nil) },
			[]string{`HEADERS 1 :status=204 end`}, ""},
		{"304", "GET", func(d exchange.Downstream) error { d.WriteHead(304, nil, nil, 5); return d.Finish(nil) },
			[]string{`HEADERS 1 :status=304 content-length=5 end`}, ""},
		{"trailers", "GET", func(d exchange.Downstream) error {
			d.WriteHead(200, nil, nil, -1)
			d.WriteBody([]byte("x"))
			return d.Finish(fields("Grpc-Status", "0", "Content-Length", "3", "Connection", "close"))
		}, []string{`HEADERS 1 :status=200`, `DATA 1 "x"`, `HEADERS 1 grpc-status=0 end`}, ""},
		{"trailers without body", "GET", func(d exchange.Downstream) error {
			d.WriteHead(200, nil, nil, -1)
			return d.Finish(fields("Grpc-Status", "5"))
		}, []string{`HEADERS 1 :status=200`, `HEADERS 1 grpc-status=5 end`}, ""},
		{"empty trailers", "GET", func(d exchange.Downstream) error { d.WriteHead(200, nil, nil, -1); return d.Finish(fields()) },
			[]string{`HEADERS 1 :status=200 end`}, ""},
		{"flushed pieces", "GET", func(d exchange.Downstream) error {
			d.WriteHead(200, nil, nil, -1)
			d.Flush()
			d.WriteBody([]byte("a"))
			d.Flush()
			d.WriteBody([]byte("b"))
			d.Flush()
			return d.Finish(nil)
		}, []string{`HEADERS 1 :status=200`, `DATA 1 "a"`, `DATA 1 "b"`, `DATA 1 "" end`}, ""},
		{"interim", "GET", func(d exchange.Downstream) error {
			d.Interim(103, fields("Link", "</a>"))
			d.Interim(100, nil)
			d.Interim(101, nil)
			d.WriteHead(200, nil, nil, 0)
			d.Interim(103, nil)
			return d.Finish(nil)
		}, []string{`HEADERS 1 :status=103 link=</a>`, `HEADERS 1 :status=200 content-length=0 end`}, ""},
		{"too much", "GET", func(d exchange.Downstream) error {
			d.WriteHead(200, nil, nil, 2)
			d.Flush()
			return d.WriteBody([]byte("abc"))
		}, []string{`HEADERS 1 :status=200 content-length=2`, `RST_STREAM 1 INTERNAL_ERROR`}, "longer than declared"},
		{"too little", "GET", func(d exchange.Downstream) error {
			d.WriteHead(200, nil, nil, 2)
			d.WriteBody([]byte("a"))
			return d.Finish(nil)
		}, []string{`HEADERS 1 :status=200 content-length=2`, `DATA 1 "a"`, `RST_STREAM 1 INTERNAL_ERROR`}, "shorter than declared"},
		{"no head", "GET", func(d exchange.Downstream) error { return d.WriteBody([]byte("a")) },
			[]string{`RST_STREAM 1 INTERNAL_ERROR`}, "before its head"},
		{"head twice", "GET", func(d exchange.Downstream) error { d.WriteHead(200, nil, nil, 0); return d.WriteHead(200, nil, nil, 0) },
			[]string{`HEADERS 1 :status=200 content-length=0 end`}, "written twice"},
		{"status 101 without upgrade", "GET", func(d exchange.Downstream) error { return d.WriteHead(101, nil, nil, -1) },
			[]string{`RST_STREAM 1 INTERNAL_ERROR`}, "invalid response status"},
		{"panic", "GET", func(d exchange.Downstream) error { d.WriteHead(200, nil, nil, 3); d.Flush(); panic("handler") },
			[]string{`HEADERS 1 :status=200 content-length=3`, `RST_STREAM 1 INTERNAL_ERROR`}, "-"},
		{"abort", "GET", func(d exchange.Downstream) error { d.Abort(exchange.Broken); return d.Finish(nil) },
			[]string{`RST_STREAM 1 INTERNAL_ERROR`}, ""},
		{"abort in the middle", "GET", func(d exchange.Downstream) error {
			d.WriteHead(200, nil, nil, -1)
			d.WriteBody([]byte("a"))
			d.Flush()
			d.Abort(exchange.Canceled)
			return d.Finish(nil)
		}, []string{`HEADERS 1 :status=200`, `DATA 1 "a"`, `RST_STREAM 1 CANCEL`}, "aborted"},
		{"refuse", "GET", func(d exchange.Downstream) error { d.Abort(exchange.Refused); return nil }, []string{`RST_STREAM 1 REFUSED_STREAM`}, ""},
		{"slow", "GET", func(d exchange.Downstream) error { d.Abort(exchange.Slow); return nil }, []string{`RST_STREAM 1 ENHANCE_YOUR_CALM`}, ""},
		{"abort behind the end", "GET", func(d exchange.Downstream) error {
			d.WriteHead(200, nil, nil, 0)
			d.Finish(nil)
			d.Abort(exchange.Broken)
			return d.Finish(nil)
		}, []string{`HEADERS 1 :status=200 content-length=0 end`}, ""},
		{"body not read", "POST", func(d exchange.Downstream) error { d.WriteHead(200, nil, nil, 0); return d.Finish(nil) },
			[]string{`HEADERS 1 :status=200 content-length=0 end`, `RST_STREAM 1 NO_ERROR`}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			failed := make(chan string, 1)
			f := serve(t, &http2.Server{Handler: func(d exchange.Downstream) {
				if string(d.Request().Path) != "/" {
					d.WriteHead(200, nil, nil, 0)
					return
				}
				defer func() {
					if p := recover(); p != nil {
						failed <- "-"
						panic(p)
					}
				}()
				failed <- fmt.Sprint(c.handler(d))
			}}, false)
			r := f.raw(t)
			r.head(1, c.method != "POST", ":method="+c.method, ":scheme=http", ":authority=x", ":path=/")
			got := []string{}
			for range c.want {
				got = append(got, r.next())
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
			if err := <-failed; c.err == "" && err != "<nil>" || !strings.Contains(err, c.err) {
				t.Errorf("error %s, want %s", err, c.err)
			}
			r.head(3, true, ":method=GET", ":scheme=http", ":authority=x", ":path=/next")
			r.expect("HEADERS 3 :status=200")
		})
	}
}

// A small answer leaves in one write: one TLS record, one segment.
func TestSmallAnswerIsOneWrite(t *testing.T) {
	s := &http2.Server{Handler: func(d exchange.Downstream) {
		d.WriteHead(200, nil, nil, 2)
		d.WriteBody([]byte("ok"))
	}}
	a, b := net.Pipe()
	writes := make(chan []byte, 10)
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.ServeConn(writeRecorder{b, writes}, nil, exchange.Peer{})
	}()
	var wire bytes.Buffer
	wire.WriteString(xhttp2.ClientPreface)
	fr := xhttp2.NewFramer(&wire, nil)
	fr.WriteSettings()
	go io.Copy(io.Discard, a)
	fr.WriteHeaders(xhttp2.HeadersFrameParam{StreamID: 1, BlockFragment: encode(plainGet...), EndStream: true, EndHeaders: true})
	a.Write(wire.Bytes())
	for found := false; !found; {
		var kinds []xhttp2.FrameType
		for in := xhttp2.NewFramer(nil, bytes.NewReader(<-writes)); ; {
			f, err := in.ReadFrame()
			if err != nil {
				break
			}
			kinds = append(kinds, f.Header().Type)
			if f.Header().Type == xhttp2.FrameHeaders {
				found = true
			}
			if found && f.Header().Flags.Has(xhttp2.FlagDataEndStream) != (f.Header().Type == xhttp2.FrameData) {
				t.Error(f)
			}
		}
		if n := len(kinds); found && (n < 2 || kinds[n-2] != xhttp2.FrameHeaders || kinds[n-1] != xhttp2.FrameData) {
			t.Errorf("written at once: %v", kinds)
		}
	}
	a.Close()
	<-done
	s.Close()
}

type writeRecorder struct {
	net.Conn
	writes chan<- []byte
}

func (w writeRecorder) Write(p []byte) (int, error) {
	w.writes <- bytes.Clone(p)
	return w.Conn.Write(p)
}

// echo sends the body back as it comes.
func echo(d exchange.Downstream) {
	d.WriteHead(200, nil, nil, -1)
	d.Flush()
	buf := make([]byte, 20000)
	for {
		n, err := d.ReadBody(buf)
		if n > 0 && d.WriteBody(buf[:n]) != nil {
			return
		}
		d.Flush()
		if err != nil {
			if err != io.EOF {
				d.Abort(exchange.Broken)
			}
			d.Finish(d.RequestTrailer())
			return
		}
	}
}

// Bodies larger than all windows go both ways at once, unchanged, with trailers.
func TestLargeBodies(t *testing.T) {
	eachWay(t, func(t *testing.T, withTLS bool) {
		f := serve(t, &http2.Server{Handler: echo}, withTLS)
		c := f.client(t)
		body := bytes.Repeat([]byte("0123456789abcdef"), 1<<18) // 4 MiB
		errs := make(chan error)
		for range 4 {
			go func() {
				errs <- func() error {
					req, _ := http.NewRequest("POST", f.url("/"), io.MultiReader(bytes.NewReader(body)))
					req.Trailer = http.Header{"X-Check": {"sum"}}
					resp, err := c.Do(req)
					if err != nil {
						return err
					}
					defer resp.Body.Close()
					got, err := io.ReadAll(resp.Body)
					switch {
					case err != nil:
						return err
					case !bytes.Equal(got, body):
						return fmt.Errorf("%d other bytes", len(got))
					case resp.Trailer.Get("X-Check") != "sum":
						return fmt.Errorf("trailers %v", resp.Trailer)
					}
					return nil
				}()
			}()
		}
		for range 4 {
			if err := <-errs; err != nil {
				t.Error(err)
			}
		}
	})
}

func TestContinue(t *testing.T) {
	f := serve(t, &http2.Server{Handler: describing}, false)
	r := f.raw(t)
	r.post(1, "expect=100-continue")
	r.expect("HEADERS 1 :status=100")
	r.WriteData(1, true, []byte("x"))
	r.expect("HEADERS 1 :status=200")
}

func TestEarlyHints(t *testing.T) {
	f := serve(t, &http2.Server{Handler: func(d exchange.Downstream) {
		var h header.Fields
		h.Add("Link", "</style.css>")
		d.Interim(103, &h)
		d.WriteHead(200, nil, nil, 0)
	}}, true)
	hints := ""
	ctx := httptrace.WithClientTrace(context.Background(), &httptrace.ClientTrace{
		Got1xxResponse: func(code int, h textproto.MIMEHeader) error {
			hints = fmt.Sprint(code, h.Get("Link"))
			return nil
		}})
	req, _ := http.NewRequestWithContext(ctx, "GET", f.url("/"), nil)
	resp, err := f.client(t).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if hints != "103</style.css>" {
		t.Errorf("hints %q", hints)
	}
}

// WholeBody is there when the body is, and never before.
func TestWholeBody(t *testing.T) {
	type result struct {
		early, late string
		read        int64
	}
	results := make(chan result)
	step := make(chan struct{})
	f := serve(t, &http2.Server{Handler: func(d exchange.Downstream) {
		var r result
		b, ok := d.WholeBody()
		r.early = fmt.Sprintf("%q %t", b, ok)
		step <- struct{}{}
		for {
			if b, ok = d.WholeBody(); ok {
				break
			}
			<-step
		}
		r.late = fmt.Sprintf("%q %t", b, ok)
		r.read = d.BodyRead()
		results <- r
		d.WriteHead(200, nil, nil, 0)
	}}, false)
	r := f.raw(t)
	r.post(1)
	<-step
	r.WriteData(1, true, []byte("hello"))
	want := result{`"" false`, `"hello" true`, 0}
	for {
		select {
		case step <- struct{}{}:
			continue
		case got := <-results:
			if got != want {
				t.Errorf("%v, want %v", got, want)
			}
		}
		break
	}
	r.expect("HEADERS 1 :status=200")
}

// StopBody ends a ReadBody that waits in another goroutine.
func TestStopBody(t *testing.T) {
	errs := make(chan error, 2)
	f := serve(t, &http2.Server{Handler: func(d exchange.Downstream) {
		started := make(chan struct{})
		go func() {
			close(started)
			_, err := d.ReadBody(make([]byte, 1))
			errs <- err
		}()
		<-started
		d.StopBody()
		errs <- <-errs
		_, err := d.ReadBody(make([]byte, 1))
		errs <- err
		d.WriteHead(200, nil, nil, 0)
	}}, false)
	r := f.raw(t)
	r.post(1)
	r.expect("HEADERS 1 :status=200")
	for range 2 {
		if err := <-errs; err == nil || err == io.EOF {
			t.Errorf("error %v", err)
		}
	}
}

// A client that leaves, in whatever way, ends the watch and what waits.
func TestWatch(t *testing.T) {
	for _, c := range []struct {
		name  string
		leave func(r *rawClient)
	}{
		{"reset", func(r *rawClient) { r.WriteRSTStream(1, xhttp2.ErrCodeCancel) }},
		{"closed connection", func(r *rawClient) { r.nc.Close() }},
		{"break of the rules in the stream", func(r *rawClient) { r.WriteWindowUpdate(1, 0) }},
		{"break of the rules in the connection", func(r *rawClient) { r.WriteWindowUpdate(0, 0) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			waiting, result := make(chan struct{}), make(chan string, 1)
			f := serve(t, &http2.Server{Handler: func(d exchange.Downstream) {
				ended := make(chan struct{})
				if !d.Watch(&exchange.Watch{End: func() { close(ended) }}) || d.Gone() {
					t.Error("the client has not left yet")
				}
				close(waiting)
				<-ended
				_, read := d.ReadBody(make([]byte, 1))
				result <- fmt.Sprint(d.Gone(), d.Watch(nil), read != nil && read != io.EOF, d.WriteHead(200, nil, nil, 1), d.WriteBody([]byte("x")),
					d.Finish(nil) != nil)
			}}, false)
			r := f.raw(t)
			r.post(1)
			<-waiting
			c.leave(r)
			if got, want := <-result, "true false true <nil> <nil> true"; got != want {
				t.Errorf("%s, want %s", got, want)
			}
		})
	}
	t.Run("taken back", func(t *testing.T) {
		f := serve(t, &http2.Server{Handler: func(d exchange.Downstream) {
			d.Watch(&exchange.Watch{End: func() { t.Error("ended") }})
			if !d.Watch(nil) {
				t.Error("nobody has left")
			}
			d.WriteHead(200, nil, nil, 0)
		}}, false)
		r := f.raw(t)
		r.get(1)
		r.expect("HEADERS 1 :status=200")
	})
	t.Run("gone before", func(t *testing.T) {
		reset, done := make(chan struct{}), make(chan struct{})
		f := serve(t, &http2.Server{Handler: func(d exchange.Downstream) {
			<-reset
			for !d.Gone() {
				d.WholeBody()
			}
			ended := make(chan struct{})
			d.Watch(&exchange.Watch{End: func() { close(ended) }})
			<-ended
			close(done)
		}}, false)
		r := f.raw(t)
		r.get(1)
		r.WriteRSTStream(1, xhttp2.ErrCodeCancel)
		close(reset)
		<-done
	})
}

// Extended CONNECT is an upgrade, and then a tunnel (RFC 8441).
func TestExtendedConnect(t *testing.T) {
	f := serve(t, &http2.Server{Handler: func(d exchange.Downstream) {
		q := d.Request()
		if key := q.Header.Get("Sec-WebSocket-Key"); string(q.Method) != "GET" || string(q.Upgrade) != "websocket" || q.HasBody || len(key) != 24 {
			t.Errorf("%s %s %t %s", q.Method, q.Upgrade, q.HasBody, key)
		}
		if n, err := d.ReadBody(make([]byte, 10)); n != 0 || err != io.EOF {
			t.Errorf("%d %v before the tunnel is open", n, err)
		}
		if string(q.Path) == "/no" {
			d.WriteHead(403, nil, nil, 0)
			return
		}
		var h header.Fields
		h.Add("Sec-WebSocket-Accept", "x")
		h.Add("Sec-WebSocket-Protocol", "chat")
		h.Add("Upgrade", "websocket")
		if err := d.WriteHead(101, nil, &h, -1); err != nil {
			t.Error(err)
		}
		body, err := readAll(d)
		if string(body) != "ping" || err != io.EOF {
			t.Errorf("%q %v", body, err)
		}
		d.WriteBody([]byte("pong"))
	}}, false)
	r := f.raw(t)
	r.noise = true
	r.expect("SETTINGS 3=128 6=32768 8=1 9=1")
	r.noise = false
	open := []string{":method=CONNECT", ":protocol=websocket", ":scheme=https", ":authority=x"}
	r.head(1, false, append(open, ":path=/chat")...)
	r.expect("HEADERS 1 :status=200 sec-websocket-protocol=chat")
	r.WriteData(1, false, []byte("pi"))
	r.WriteData(1, true, []byte("ng"))
	r.expect(`DATA 1 "pong" end`)
	r.head(3, false, append(open, ":path=/no")...)
	r.expect("HEADERS 3 :status=403 content-length=0 end", "RST_STREAM 3 NO_ERROR")
}

// Requests that are refused get an answer, from BadRequest if there is one.
func TestBadRequest(t *testing.T) {
	get := func(path string, more ...string) []string {
		return append([]string{":method=GET", ":scheme=http", ":authority=x", ":path=" + path}, more...)
	}
	cases := []struct {
		name   string
		fields []string
		status int
		text   string
	}{
		{"space in path", get("/a b"), 400, "malformed request target"},
		{"fragment", get("/a#b"), 400, "malformed request target"},
		{"path without slash", get("a"), 400, "malformed request target"},
		{"absolute path", get("http://x/"), 400, "malformed request target"},
		{"encoded NUL", get("/%00"), 400, "malformed request target"},
		{"asterisk with GET", get("*"), 400, "malformed request target"},
		{"long path", get("/" + strings.Repeat("a", 8192)), 414, "request target is too long"},
		{"long field", get("/", "a="+strings.Repeat("a", 8192)), 431, "header field is too long"},
		{"long head", get("/", "a="+strings.Repeat("a", 8000), "b="+strings.Repeat("a", 8000), "c="+strings.Repeat("a", 8000),
			"d="+strings.Repeat("a", 8000), "e="+strings.Repeat("a", 8000)), 431, "header is too long"},
		{"host that differs", get("/", "host=y"), 400, "Host differs from :authority"},
		{"userinfo", []string{":method=GET", ":scheme=http", ":authority=u@x", ":path=/"}, 400, "malformed host"},
		{"no host", []string{":method=GET", ":scheme=http", ":path=/"}, 400, "no :authority and no Host field"},
		{"other scheme", []string{":method=GET", ":scheme=ftp", ":authority=x", ":path=/"}, 400, "malformed scheme"},
		{"space in method", []string{":method=GET /", ":scheme=http", ":authority=x", ":path=/"}, 400, "malformed method"},
		{"CONNECT", []string{":method=CONNECT", ":authority=x"}, 405, "method CONNECT is not served"},
		{"expectation", get("/", "expect=more"), 417, "expectation is not supported"},
		{"other protocol", []string{":method=CONNECT", ":protocol=connect-udp", ":scheme=https", ":authority=x", ":path=/"}, 501, "protocol is not supported"},
		{"body over the limit", get("/", "content-length=1001"), 413, "request body is too long"},
	}
	t.Run("own text", func(t *testing.T) {
		f := serve(t, &http2.Server{Limits: http2.Limits{Body: 1000}, Handler: func(exchange.Downstream) { t.Error("served") }}, false)
		r := f.raw(t)
		for i, c := range cases {
			id := uint32(2*i + 1)
			block := r.encode(c.fields...)
			r.WriteHeaders(xhttp2.HeadersFrameParam{StreamID: id, BlockFragment: block[:min(len(block), 16000)], EndHeaders: len(block) <= 16000})
			for rest := block[min(len(block), 16000):]; len(rest) > 0; {
				n := min(len(rest), 16000)
				r.WriteContinuation(id, n == len(rest), rest[:n])
				rest = rest[n:]
			}
			if got, want := r.next(), fmt.Sprintf("HEADERS %d :status=%d content-length=%d", id, c.status, len(c.text)+1); got != want {
				t.Errorf("%s: %s, want %s", c.name, got, want)
			}
			r.expect(fmt.Sprintf("DATA %d %q end", id, c.text+"\n"), fmt.Sprintf("RST_STREAM %d NO_ERROR", id))
		}
	})
	t.Run("text of the gateway", func(t *testing.T) {
		f := serve(t, &http2.Server{Handler: func(exchange.Downstream) { t.Error("served") }, BadRequest: func(d exchange.Downstream, status int, err error) {
			if status != exchange.StatusOf(err) || string(d.Request().Host) != "x" || string(d.Request().Path) != "/a b" {
				t.Errorf("%d %v %s", status, err, d.Request().Host)
			}
			d.WriteHead(status+4, nil, nil, 0)
		}}, false)
		r := f.raw(t)
		r.head(1, true, get("/a b")...)
		r.expect("HEADERS 1 :status=404 content-length=0 end")
	})
}

// The body limit holds for bodies without a length, too.
func TestBodyLimit(t *testing.T) {
	f := serve(t, &http2.Server{Limits: http2.Limits{Body: 10}, Handler: func(d exchange.Downstream) {
		body, err := readAll(d)
		d.WriteHead(exchange.StatusOf(err), nil, nil, 0)
		if len(body) > 10 {
			t.Errorf("%d bytes read", len(body))
		}
	}}, false)
	r := f.raw(t)
	r.post(1)
	r.WriteData(1, false, []byte("0123456789"))
	r.WriteData(1, false, []byte("0"))
	r.expect("HEADERS 1 :status=413")
}

func TestBodyTimeout(t *testing.T) {
	f := serve(t, &http2.Server{Limits: http2.Limits{BodyTimeout: time.Millisecond}, Handler: func(d exchange.Downstream) {
		_, err := readAll(d)
		d.WriteHead(exchange.StatusOf(err), nil, nil, 0)
	}}, false)
	r := f.raw(t)
	r.post(1)
	r.expect("HEADERS 1 :status=408 content-length=0 end", "RST_STREAM 1 NO_ERROR")
	r.get(3)
}

func TestSent(t *testing.T) {
	sent := make(chan string, 1)
	f := serve(t, &http2.Server{Handler: func(d exchange.Downstream) {
		d.WriteHead(200, nil, nil, 5)
		d.WriteBody([]byte("hello"))
		d.Finish(nil)
		all, body := d.Sent()
		sent <- fmt.Sprint(all > 9+9+5+30, body, d.Wrote())
	}}, false)
	r := f.raw(t)
	r.get(1)
	r.expect("HEADERS 1", "DATA 1")
	if got := <-sent; got != "true 5 true" {
		t.Error(got)
	}
}
