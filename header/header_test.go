package header_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gibbon-gateway/gibbon/header"
)

// received returns fields that stand in wire lines, as a parser leaves them.
func received(lines ...string) *header.Fields {
	f := &header.Fields{}
	wire := strings.Join(lines, "\r\n") + "\r\n\r\n"
	f.Attach([]byte(wire))
	at := 0
	for _, l := range lines {
		name, value, _ := strings.Cut(l, ":")
		trimmed := strings.TrimSpace(value)
		start := at + strings.Index(l, trimmed)
		if trimmed == "" {
			start = at + len(l)
		}
		f.Received(header.Lookup(name), at, at+len(name), start, start+len(trimmed))
		at += len(l) + len("\r\n")
	}
	return f
}

func TestAppendWritesEachFieldOnce(t *testing.T) {
	for _, c := range []struct {
		name   string
		fields func() *header.Fields
		skip   header.IDSet
		want   string
	}{
		{"received", func() *header.Fields { return received("Host: a", "X-B: c", "Accept: */*") }, 0, "Host: a|X-B: c|Accept: */*|"},
		{"skipped between", func() *header.Fields { return received("X-A: 1", "Host: a", "X-B: 2") }, header.IDs(header.Host), "X-A: 1|X-B: 2|"},
		{"odd spacing", func() *header.Fields { return received("X-A:1", "X-B:   2  ", "X-C: 3") }, 0, "X-A: 1|X-B: 2|X-C: 3|"},
		{"empty value", func() *header.Fields { return received("X-A: 1", "X-B:", "X-C: 3") }, 0, "X-A: 1|X-B: |X-C: 3|"},
		{"added behind received", func() *header.Fields {
			f := received("X-A: 1", "X-B: 2")
			f.Add("X-C", "3")
			f.AddID(header.Via, []byte("1.1 x"))
			return f
		}, 0, "X-A: 1|X-B: 2|X-C: 3|Via: 1.1 x|"},
		{"removed among added", func() *header.Fields {
			f := &header.Fields{}
			f.Add("X-A", "1")
			f.Add("X-B", "2")
			f.Add("X-C", "3")
			f.Del("x-b")
			return f
		}, 0, "X-A: 1|X-C: 3|"},
		{"a value cannot end its line", func() *header.Fields {
			f := &header.Fields{}
			f.Add("X-A", "1\r\nX-Evil: 2")
			f.End(header.Via, append(f.Begin(header.Via), "a\nb"...))
			return f
		}, 0, "X-A: 1  X-Evil: 2|Via: a b|"},
		{"begun and ended", func() *header.Fields {
			f := received("X-A: 1")
			f.End(header.XRealIP, append(f.Begin(header.XRealIP), "192.0.2.1"...))
			f.End(header.Via, append(f.Begin(header.Via), "1.1 x"...))
			return f
		}, 0, "X-A: 1|X-Real-IP: 192.0.2.1|Via: 1.1 x|"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := strings.ReplaceAll(string(c.fields().AppendExcept(nil, c.skip)), "\r\n", "|")
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestBegunFieldsAreFound(t *testing.T) {
	f := received("X-A: 1")
	f.End(header.Via, append(f.Begin(header.Via), "1.1 x"...))
	copied := &header.Fields{}
	copied.CopyFrom(f)
	if v, ok := copied.Known(header.Via); !ok || string(v) != "1.1 x" {
		t.Errorf("Via is %q", v)
	}
	if v := copied.Get("x-a"); v != "1" {
		t.Errorf("X-A is %q", v)
	}
}
