package grpcframe_test

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"github.com/gibbon-gateway/gibbon/internal/grpcframe"
)

// decode takes a body apart that comes in pieces of n bytes.
func decode(body []byte, n, limit int) (messages []string, flags []byte, err error) {
	d := grpcframe.NewDecoder(limit)
	for piece := range slices.Chunk(body, n) {
		d.Feed(piece)
		for {
			f, m, ok, err := d.Next()
			if err != nil {
				return messages, flags, err
			}
			if !ok {
				break
			}
			messages, flags = append(messages, string(m)), append(flags, f)
		}
	}
	return messages, flags, d.End()
}

func scan(body []byte, n int) error {
	var s grpcframe.Scanner
	for piece := range slices.Chunk(body, n) {
		if err := s.Scan(piece); err != nil {
			return err
		}
	}
	return s.End()
}

func TestFrames(t *testing.T) {
	whole := grpcframe.Append(grpcframe.Append(grpcframe.Append(nil, 0, []byte("hello")), 1, nil), 0, bytes.Repeat([]byte("x"), 300))
	for _, c := range []struct {
		name     string
		body     []byte
		messages []string
		err      error // of the decoder
		scanErr  error // where it is another one
	}{
		{name: "nothing"},
		{name: "three", body: whole, messages: []string{"hello", "", string(bytes.Repeat([]byte("x"), 300))}},
		{name: "head cut", body: whole[:3], err: grpcframe.ErrTruncated},
		{name: "message cut", body: whole[:9], err: grpcframe.ErrTruncated},
		{name: "cut behind a frame", body: whole[:12], messages: []string{"hello"}, err: grpcframe.ErrTruncated},
		{name: "huge", body: []byte("\x00\xff\xff\xff\xffabc"), err: grpcframe.ErrTooLarge, scanErr: grpcframe.ErrTruncated},
		{name: "one over the limit", body: []byte("\x00\x00\x00\x01\x2d"), err: grpcframe.ErrTooLarge, scanErr: grpcframe.ErrTruncated},
		{name: "trailers", body: []byte("\x80\x00\x00\x00\x00"), messages: []string{""}, scanErr: grpcframe.ErrFlags},
		{name: "flags", body: []byte("\x02\x00\x00\x00\x01a"), messages: []string{"a"}, scanErr: grpcframe.ErrFlags},
	} {
		for _, n := range []int{1, 2, 5, 7, 1000} {
			messages, _, err := decode(c.body, n, 300)
			if !slices.Equal(messages, c.messages) || !errors.Is(err, c.err) {
				t.Errorf("%s, pieces of %d: got %q, %v", c.name, n, messages, err)
			}
			want := c.scanErr
			if want == nil {
				want = c.err
			}
			if err := scan(c.body, n); !errors.Is(err, want) {
				t.Errorf("%s, pieces of %d: the scanner says %v, want %v", c.name, n, err, want)
			}
		}
	}
	if _, flags, _ := decode(whole, 4, 300); !slices.Equal(flags, []byte{0, 1, 0}) {
		t.Errorf("flags %v", flags)
	}
}

// However a body is cut into pieces, the same frames come out; what comes out was in it; and the scanner agrees.
func FuzzDecoder(f *testing.F) {
	f.Add([]byte("\x00\x00\x00\x00\x01a\x01\x00\x00\x00\x00"), uint8(1))
	f.Add([]byte("\x00\xff\xff\xff\xff"), uint8(3))
	f.Add([]byte("\x80\x00\x00\x00\x02ab"), uint8(2))
	f.Fuzz(func(t *testing.T, body []byte, size uint8) {
		const limit = 64
		n := int(size)%16 + 1
		messages, flags, err := decode(body, n, limit)
		again, _, whole := decode(body, len(body)+1, limit)
		if !slices.Equal(messages, again) || (err == nil) != (whole == nil) {
			t.Fatalf("pieces of %d: %q, %v; whole: %q, %v", n, messages, err, again, whole)
		}
		var back []byte
		for i, m := range messages {
			back = grpcframe.Append(back, flags[i], []byte(m))
		}
		if !bytes.HasPrefix(body, back) || err == nil && len(back) != len(body) {
			t.Fatalf("%q was made of %q", back, body)
		}
		sane := !slices.ContainsFunc(flags, func(f byte) bool { return f > 1 })
		if scanned := scan(body, n); err == nil && (scanned == nil) != sane {
			t.Fatalf("the scanner says %v of %q", scanned, body)
		}
	})
}
