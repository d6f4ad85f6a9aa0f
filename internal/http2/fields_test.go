package http2_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	xhttp2 "golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"github.com/google/go-cmp/cmp"

	"github.com/gibbon-gateway/gibbon/header"
	"github.com/gibbon-gateway/gibbon/internal/http2"
)

// encode makes a header block of "name=value" pairs.
func encode(fields ...string) []byte {
	var b bytes.Buffer
	e := hpack.NewEncoder(&b)
	for _, f := range fields {
		i := strings.IndexByte(f[1:], '=') + 1
		e.WriteField(hpack.HeaderField{Name: f[:i], Value: f[i+1:]})
	}
	return b.Bytes()
}

func TestDecodeBlock(t *testing.T) {
	const req, resp, trailer = http2.RequestBlock, http2.ResponseBlock, http2.TrailerBlock
	for _, c := range []struct {
		name   string
		block  []byte
		kind   any
		result string
	}{
		{"request", encode(":method=GET", ":scheme=https", ":path=/a?b", ":authority=x", "a=1", "b="), req,
			"0=GET 1=https 2=x 3=/a?b host: x|a: 1|b: |"},
		{"only pseudo fields", encode(":method=GET", ":authority=x"), req, "0=GET 2=x host: x|"},
		{"host without authority", encode(":method=GET", "host=y"), req, "0=GET host: y|"},
		{"same host", encode(":authority=x", "host=X"), req, "2=x host: x|"},
		{"other host", encode(":authority=x", "host=y"), req, "2=x host: x| error: Host differs from :authority"},
		{"two hosts", encode("host=y", "host=y"), req, "host: y| error: more than one Host field"},
		{"cookies", encode("cookie=a=1", "x=2", "cookie=b=2", "cookie=c=3"), req, "x: 2|Cookie: a=1; b=2; c=3|"},
		{"one cookie", encode("cookie=a=1", "x=2"), req, "cookie: a=1|x: 2|"},
		{"content-length", encode("content-length=12"), req, "content-length: 12| length=12"},
		{"content-length twice", encode("content-length=12", "content-length=12"), req,
			"content-length: 12| length=12 error: PROTOCOL_ERROR: malformed or repeated content-length"},
		{"content-length signed", encode("content-length=+1"), req, "error: PROTOCOL_ERROR: malformed or repeated content-length"},
		{"te trailers and expect are taken out", encode("te=trailers", "expect=100-continue", "trailer=a", "a=1"), req, "trailer: a|a: 1| te continue"},
		{"other expectation", encode("expect=more"), req, "expect"},
		{"te gzip", encode("te=gzip"), req, "error: PROTOCOL_ERROR: field of HTTP/1.1 connections"},
		{"connection", encode("connection=close"), req, "error: PROTOCOL_ERROR: field of HTTP/1.1 connections"},
		{"proxy-connection", encode("proxy-connection=close"), req, "error: PROTOCOL_ERROR: field of HTTP/1.1 connections"},
		{"keep-alive", encode("keep-alive=1"), req, "error: PROTOCOL_ERROR: field of HTTP/1.1 connections"},
		{"transfer-encoding", encode("transfer-encoding=chunked"), resp, "error: PROTOCOL_ERROR: field of HTTP/1.1 connections"},
		{"upgrade", encode("upgrade=h2c"), req, "error: PROTOCOL_ERROR: field of HTTP/1.1 connections"},
		{"upper case", encode("A=1"), req, "error: PROTOCOL_ERROR: malformed field name"},
		{"space in name", encode("a b=1"), req, "error: PROTOCOL_ERROR: malformed field name"},
		{"colon in name", encode("a:b=1"), req, "error: PROTOCOL_ERROR: malformed field name"},
		{"line feed in value", encode("a=1\nb"), req, "error: PROTOCOL_ERROR: malformed field value"},
		{"NUL in value", encode("a=1\x00b"), req, "error: PROTOCOL_ERROR: malformed field value"},
		{"carriage return in :path", encode(":path=/\r\na: b"), req, "3=/\r\na: b  error: PROTOCOL_ERROR: malformed field value"},
		{"space in front of value", encode("a= 1"), req, "error: PROTOCOL_ERROR: malformed field value"},
		{"tab behind value", encode("a=1\t"), req, "error: PROTOCOL_ERROR: malformed field value"},
		{"pseudo field behind others", encode("a=1", ":path=/"), req, "a: 1| error: PROTOCOL_ERROR: pseudo-header field behind other fields"},
		{"unknown pseudo field", encode(":a=1"), req, "error: PROTOCOL_ERROR: pseudo-header field that is not known here"},
		{"status in request", encode(":status=200"), req, "error: PROTOCOL_ERROR: pseudo-header field that is not known here"},
		{"pseudo field twice", encode(":path=/", ":path=/"), req, "3=/  error: PROTOCOL_ERROR: pseudo-header field stands twice"},
		{"pseudo field in trailers", encode(":path=/"), trailer, "error: PROTOCOL_ERROR: pseudo-header field that is not known here"},
		{"trailers", encode("a=1", "content-length=3", "authorization=x", "x-consumer-id=1", "grpc-status=0"), trailer, "a: 1|grpc-status: 0|"},
		{"response", encode(":status=200", "trailer=a", "set-cookie=a", "set-cookie=b"), resp, "5=200 trailer: a|set-cookie: a|set-cookie: b|"},
		{"path in response", encode(":path=/"), resp, "error: PROTOCOL_ERROR: pseudo-header field that is not known here"},
		{"long field", encode("a=" + strings.Repeat("x", 100)), req, "error: header field is too long"},
		{"long path", encode(":path=/" + strings.Repeat("x", 100)), req, "error: request target is too long"},
		{"many fields", encode(strings.Fields(strings.Repeat("a=1 ", 11))...), req, strings.Repeat("a: 1|", 10) + " error: too many header fields"},
		{"long list", encode("a="+strings.Repeat("x", 90), "b="+strings.Repeat("x", 90), "c="+strings.Repeat("x", 90), "d="+strings.Repeat("x", 90)), req,
			"a: " + strings.Repeat("x", 90) + "|b: " + strings.Repeat("x", 90) + "|c: " + strings.Repeat("x", 90) + "| error: header is too long"},
		{"far too long", encode("a=" + strings.Repeat("\xff", 900)), req, "error: ENHANCE_YOUR_CALM: header block is too long"},
		{"index that is not there", []byte{0xff, 0x80, 0x01}, req, "error: COMPRESSION_ERROR: header block cannot be decoded"},
		{"block that breaks off", []byte{0x40, 0x05, 'a'}, req, "error: COMPRESSION_ERROR: header block cannot be decoded"},
	} {
		d := http2.NewBlockDecoder(400, 100, 10)
		var got string
		switch c.kind {
		case req:
			got = d.Decode(req, c.block)
		case resp:
			got = d.Decode(resp, c.block)
		default:
			got = d.Decode(trailer, c.block)
		}
		if diff := cmp.Diff(c.result, got); diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
	}
}

// A message that is over a limit or malformed does not disturb the table that later ones depend on.
func TestDecodeKeepsTable(t *testing.T) {
	var b bytes.Buffer
	e := hpack.NewEncoder(&b)
	d := http2.NewBlockDecoder(400, 100, 10)
	e.WriteField(hpack.HeaderField{Name: "Bad", Value: "1"})
	e.WriteField(hpack.HeaderField{Name: "later", Value: "indexed"})
	if got := d.Decode(http2.RequestBlock, b.Bytes()); !strings.Contains(got, "malformed field name") {
		t.Error(got)
	}
	b.Reset()
	e.WriteField(hpack.HeaderField{Name: "later", Value: "indexed"})
	if b.Len() != 1 {
		t.Fatalf("% x is not an index", b.Bytes())
	}
	if got := d.Decode(http2.RequestBlock, b.Bytes()); got != "later: indexed|" {
		t.Error(got)
	}
}

// A thousand references to one large table entry cost no memory.
func TestDecodeBomb(t *testing.T) {
	d := http2.NewBlockDecoder(32768, 8192, 1000)
	block := encode("bomb=" + strings.Repeat("x", 3000))
	block = append(block, bytes.Repeat([]byte{0x80 | 62}, 16000)...)
	allocated := testing.Benchmark(func(b *testing.B) {
		for b.Loop() {
			if got := d.Decode(http2.RequestBlock, block); !strings.HasSuffix(got, "error: header is too long") {
				b.Fatal(got)
			}
		}
	}).AllocedBytesPerOp()
	if allocated > 300<<10 {
		t.Errorf("%d bytes for one block", allocated)
	}
}

func TestEncodeFields(t *testing.T) {
	var f header.Fields
	f.Add("X-Custom-Name", " a b ")
	f.Add("Content-Type", "text/plain")
	f.Add("Set-Cookie", "a=1")
	f.Add("Connection", "close")
	f.Add("Transfer-Encoding", "chunked")
	f.Add("TE", "gzip")
	f.Add("te", "Trailers")
	f.Add(":status", "100")
	f.Add("bad name", "1")
	f.Add("Server", "s")
	f.Add("X-Control", "a\x01b\x7f\tc")
	f.Add("X-Long", strings.Repeat("y", 20000))
	block := append(http2.EncodeStatus(421, 1<<40), http2.EncodeFields(&f, header.IDs(header.Server))...)
	wire := http2.FinishBlock(block, true, 7)
	fr := xhttp2.NewFramer(nil, bytes.NewReader(wire))
	fr.ReadMetaHeaders = hpack.NewDecoder(0, nil)
	got, err := fr.ReadFrame()
	if err != nil {
		t.Fatal(err)
	}
	h := got.(*xhttp2.MetaHeadersFrame)
	if !h.StreamEnded() || h.StreamID != 7 {
		t.Error(h.FrameHeader)
	}
	var lines []string
	for _, f := range h.Fields {
		lines = append(lines, fmt.Sprintf("%s=%s %t", f.Name, f.Value, f.Sensitive))
	}
	want := []string{":status=421 false", "content-length=1099511627776 false", "x-custom-name=a b false", "content-type=text/plain false",
		"set-cookie=a=1 true", "te=Trailers false", "x-control=a b \tc false", "x-long=" + strings.Repeat("y", 20000) + " false"}
	if diff := cmp.Diff(want, lines); diff != "" {
		t.Error(diff)
	}
}
