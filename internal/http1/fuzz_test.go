package http1_test

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gibbon-gateway/gibbon/header"
	"github.com/gibbon-gateway/gibbon/internal/http1"
)

// headFacts are what two parsers must agree on.
type headFacts struct {
	Method, Target, Host string
	Minor                int
	Fields               map[string][]string
	Chunked, Close       bool
	Length               int64
}

// comparable removes the fields that net/http takes out of its map or adds to it.
func comparable(h http.Header) map[string][]string {
	for _, n := range []string{"Host", "Transfer-Encoding", "Content-Length", "Trailer", "Cache-Control", "Pragma", "Connection"} {
		h.Del(n)
	}
	return h
}

func fieldsOf(f *header.Fields) http.Header {
	h := http.Header{}
	for n, v := range f.All() {
		h.Add(string(n), string(v))
	}
	return h
}

func ours(q *http1.Request) headFacts {
	return headFacts{Method: string(q.Method), Target: string(q.Target), Host: string(q.Host), Minor: q.Minor,
		Fields: comparable(fieldsOf(&q.Header)), Chunked: q.Body == http1.BodyChunked, Close: q.Close, Length: q.Length}
}

func theirs(r *http.Request) headFacts {
	return headFacts{Method: r.Method, Target: r.RequestURI, Host: r.Host, Minor: r.ProtoMinor, Fields: comparable(r.Header),
		Chunked: len(r.TransferEncoding) == 1 && r.TransferEncoding[0] == "chunked", Close: r.Close, Length: r.ContentLength}
}

// FuzzRequest checks that whatever the parser accepts, net/http accepts too, with the same meaning and the same end; and that it
// makes no difference how the bytes arrive. The parser is meant to refuse more: everything in hostile and hostileBodies.
func FuzzRequest(f *testing.F) {
	for _, h := range hostile {
		f.Add([]byte(h.request))
	}
	for _, h := range hostileBodies {
		f.Add([]byte("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" + h.body))
	}
	for _, a := range accepted {
		f.Add([]byte(a.request))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) > 4096 {
			return
		}
		var q, slow http1.Request
		end, err := http1.ParseRequest(&q, b, http1.Limits{})
		slowEnd, slowErr := http1.ParseRequestSlowly(&slow, b, http1.Limits{})
		if err != slowErr || err == nil && end != slowEnd {
			t.Fatalf("at once: %d, %v; byte by byte: %d, %v", end, err, slowEnd, slowErr)
		}
		if err != nil {
			return
		}
		mine := ours(&q)
		if diff := cmp.Diff(mine, ours(&slow)); diff != "" {
			t.Fatal(diff)
		}
		br := bufio.NewReader(bytes.NewReader(b))
		r, err := http.ReadRequest(br)
		if err != nil {
			if strings.Contains(err.Error(), "bad trailer key") {
				return // the Trailer field is never passed on
			}
			t.Fatalf("net/http refuses it: %v", err)
		}
		if diff := cmp.Diff(mine, theirs(r)); diff != "" {
			t.Fatalf("net/http reads it otherwise (-ours +theirs):\n%s", diff)
		}
		body, used, complete := bodyOf(&q, b[end:])
		if !complete {
			return
		}
		want, err := io.ReadAll(r.Body)
		if err != nil {
			t.Fatalf("net/http refuses the body: %v", err)
		}
		if !bytes.Equal(body, want) {
			t.Fatalf("body %q, net/http reads %q", body, want)
		}
		rest, _ := io.ReadAll(br)
		if !bytes.Equal(rest, b[end+used:]) {
			t.Fatalf("behind the request %q, net/http has %q", b[end+used:], rest)
		}
	})
}

func bodyOf(q *http1.Request, b []byte) (body []byte, used int, complete bool) {
	switch q.Body {
	case http1.BodyLength:
		if int64(len(b)) < q.Length {
			return nil, 0, false
		}
		return b[:q.Length], int(q.Length), true
	case http1.BodyChunked:
		body, used, _, err := http1.ReadChunks(b, 1<<20)
		return body, used, err == nil
	}
	return nil, 0, true
}

// FuzzResponse does the same for response heads.
func FuzzResponse(f *testing.F) {
	for _, r := range responses {
		f.Add([]byte(r.bytes), false)
	}
	f.Fuzz(func(t *testing.T, b []byte, toHead bool) {
		if len(b) > 4096 {
			return
		}
		var r, slow http1.Response
		end, err := http1.ParseResponse(&r, b, toHead)
		slowEnd, slowErr := http1.ParseResponseSlowly(&slow, b, toHead)
		if err != slowErr || err == nil && end != slowEnd {
			t.Fatalf("at once: %d, %v; byte by byte: %d, %v", end, err, slowEnd, slowErr)
		}
		if err != nil {
			return
		}
		method := "GET"
		if toHead {
			method = "HEAD"
		}
		their, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(b)), &http.Request{Method: method})
		if err != nil {
			if strings.Contains(err.Error(), "bad trailer key") ||
				strings.Contains(err.Error(), "unsupported transfer encoding") && r.Close && r.Body != http1.BodyChunked {
				return
			}
			t.Fatalf("net/http refuses it: %v", err)
		}
		if r.Status != their.StatusCode || r.Minor != their.ProtoMinor {
			t.Fatalf("status %d of 1.%d, net/http reads %s %s", r.Status, r.Minor, their.Proto, their.Status)
		}
		if diff := cmp.Diff(comparable(fieldsOf(&r.Header)), comparable(their.Header)); diff != "" {
			t.Fatalf("net/http reads other fields (-ours +theirs):\n%s", diff)
		}
		chunked := len(their.TransferEncoding) == 1
		if !toHead && r.Status >= 200 && r.Status != 204 && r.Status != 304 &&
			(chunked != (r.Body == http1.BodyChunked) || their.ContentLength != r.Length) {
			t.Fatalf("body %d of length %d, net/http reads %v of length %d", r.Body, r.Length, their.TransferEncoding, their.ContentLength)
		}
	})
}

// FuzzChunks checks the chunk decoder against net/http's, and that it makes no difference how the bytes arrive.
func FuzzChunks(f *testing.F) {
	for _, h := range hostileBodies {
		f.Add([]byte(h.body), 3)
	}
	f.Add([]byte("5\r\nhello\r\n0\r\nA: b\r\n\r\nrest"), 1)
	f.Fuzz(func(t *testing.T, b []byte, size int) {
		if len(b) > 1<<16 || size < 1 {
			return
		}
		body, used, trailer, err := http1.ReadChunks(b, 1<<20)
		body2, used2, trailer2, err2 := http1.ReadChunks(b, size)
		if !errors.Is(err2, err) || err == nil && (used != used2 || !bytes.Equal(body, body2)) {
			t.Fatalf("at once: %q, %d, %v; in pieces of %d: %q, %d, %v", body, used, err, size, body2, used2, err2)
		}
		if err != nil {
			return
		}
		if diff := cmp.Diff(fieldsOf(trailer), fieldsOf(trailer2)); diff != "" {
			t.Fatal(diff)
		}
		r := &http.Request{}
		br := bufio.NewReader(io.MultiReader(strings.NewReader("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"), bytes.NewReader(b)))
		if r, err = http.ReadRequest(br); err != nil {
			t.Fatal(err)
		}
		want, err := io.ReadAll(r.Body)
		if err != nil || !bytes.Equal(want, body) {
			t.Fatalf("%q, net/http reads %q, %v", body, want, err)
		}
	})
}
