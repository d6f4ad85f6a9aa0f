package httpcache_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gibbon-gateway/gibbon/header"
	"github.com/gibbon-gateway/gibbon/internal/plugins/proxycache/httpcache"
)

func fields(pairs ...string) *header.Fields {
	h := new(header.Fields)
	for i := 0; i+1 < len(pairs); i += 2 {
		h.Add(pairs[i], pairs[i+1])
	}
	return h
}

func TestControl(t *testing.T) {
	none := httpcache.ParseControl(fields())
	for text, change := range map[string]func(c *httpcache.Control){
		"":                                   func(*httpcache.Control) {},
		"max-age=5":                          func(c *httpcache.Control) { c.MaxAge = 5 },
		"MAX-AGE=5, s-maxage=6":              func(c *httpcache.Control) { c.MaxAge, c.SMaxAge = 5, 6 },
		`max-age="5"`:                        func(c *httpcache.Control) { c.MaxAge = 5 },
		"max-age=005":                        func(c *httpcache.Control) { c.MaxAge = 5 },
		"max-age='5'":                        func(c *httpcache.Control) { c.MaxAge = 0 },
		"max-age=-5":                         func(c *httpcache.Control) { c.MaxAge = 0 },
		"max-age=5.5":                        func(c *httpcache.Control) { c.MaxAge = 0 },
		"max-age= 5":                         func(c *httpcache.Control) { c.MaxAge = 0 },
		"max-age =5":                         func(*httpcache.Control) {},
		"max-age":                            func(c *httpcache.Control) { c.MaxAge = 0 },
		"max-age=":                           func(c *httpcache.Control) { c.MaxAge = 0 },
		"max-age=9, max-age=5":               func(c *httpcache.Control) { c.MaxAge = 5 },
		"max-age=99999999999999999999999999": func(c *httpcache.Control) { c.MaxAge = httpcache.Forever },
		`x="max-age=9", max-age=5`:           func(c *httpcache.Control) { c.MaxAge = 5 },
		`x="a\",max-age=9", no-store`:        func(c *httpcache.Control) { c.NoStore = true },
		`x="no end, no-store`:                func(*httpcache.Control) {},
		`no-cache="Set-Cookie"`:              func(c *httpcache.Control) { c.NoCache = true },
		"max-stale":                          func(c *httpcache.Control) { c.MaxStale = httpcache.Forever },
		"max-stale=3, min-fresh=x":           func(c *httpcache.Control) { c.MaxStale, c.MinFresh = 3, 0 },
		",, ,public,=,;;":                    func(c *httpcache.Control) { c.Public = true },
	} {
		want := none
		change(&want)
		if diff := cmp.Diff(want, httpcache.ParseControl(fields("Cache-Control", text))); diff != "" {
			t.Errorf("%s: %s", text, diff)
		}
	}
}

func TestTargeted(t *testing.T) {
	for text, ok := range map[string]bool{
		"max-age=5": true, "foo": true, `foo="a\"b";x=1, max-age=5`: true, "foo=(a b;c 1);d": true, "foo=?1": true, "a=:aGk=:": true,
		"a=1.5": true, "a=-1": true, "*a=b/c:d": true, "max-age=99999999999": true,
		"": false, "max-age=5,": false, "max-age=5, &": false, `max-age="5"`: false, "Max-Age=5": false, "max-age= 5": false, "max-age =5": false,
		"a=1.": false, "a=1234567890123456": false, `a="x`: false, "a=(": false, "a=?2": false, "a=:x": false, "a b": false, "a;=1": false,
	} {
		if _, targeted := httpcache.ResponseControl(fields("CDN-Cache-Control", text)); targeted != ok {
			t.Errorf("%q: %v, want %v", text, targeted, ok)
		}
	}
}

func TestDates(t *testing.T) {
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	for text, want := range map[string]string{
		"Sun, 06 Nov 1994 08:49:37 GMT":    "1994-11-06T08:49:37Z",
		"SUN, 06 nOV 1994 08:49:37 gmt":    "1994-11-06T08:49:37Z",
		"Sunday, 06-Nov-94 08:49:37 GMT":   "1994-11-06T08:49:37Z",
		"Thursday, 18-Aug-50 02:01:18 GMT": "2050-08-18T02:01:18Z",
		"Sun Nov  6 08:49:37 1994":         "1994-11-06T08:49:37Z",
		"Sun, 06 Nov 1994 08:49:37 UTC":    "", "Sun, 06 Nov 94 08:49:37 GMT": "", "Sun 06 Nov 1994 08:49:37 GMT": "",
		"Sun, 06  Nov  1994 08:49:37 GMT": "", "Sun, 06-Nov-1994 08:49:37 GMT": "", "Sun, 06 Nov 1994 8:49:37 GMT": "",
		"Sun, 06 Nov 1994 08.49.37 GMT": "", "0": "", "": "", "Sun, 66 Nov 1994 08:49:37 GMT": "", strings.Repeat("x", 100): "",
	} {
		got := ""
		if d, ok := httpcache.ParseDate([]byte(text), now); ok {
			got = d.Format(time.RFC3339)
		}
		if got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestSelecting(t *testing.T) {
	same := [][2]*header.Fields{
		{fields("Foo", "1, 2"), fields("Foo", "1", "Foo", "2")},
		{fields("Foo", "1,2"), fields("Foo", " 1 , 2 ")},
		{fields("Accept-Language", "en, de"), fields("Accept-Language", "De,EN")},
		{fields("Accept-Language", "en;q=0.5, de"), fields("Accept-Language", "de, en;q=0.500")},
		{fields("Accept-Encoding", "gzip, deflate, br"), fields("Accept-Encoding", "br;q=0.5,x-gzip , deflate")},
		{fields("Accept-Encoding", "gzip, deflate, br, zstd"), fields("Accept-Encoding", "zstd,br,gzip,deflate")},
		{fields(), fields("Other", "x")},
	}
	differ := [][2]*header.Fields{
		{fields("Foo", ""), fields()},
		{fields("Foo", "a b"), fields("Foo", "ab")},
		{fields("Foo", "A"), fields("Foo", "a")},
		{fields("Foo", "1,2"), fields("Foo", "2,1")},
		{fields("Accept-Language", "en;q=0.5, de"), fields("Accept-Language", "en, de")},
		{fields("Accept-Encoding", "gzip;q=0"), fields("Accept-Encoding", "gzip")},
		{fields("Accept-Encoding", "gzip"), fields()},
		{fields("Accept-Encoding", ""), fields()},
		{fields("Foo", "a", "Bar", ""), fields("Foo", "", "Bar", "a")},
	}
	names := httpcache.VaryNames(fields("Vary", "foo, BAR", "Vary", "Accept-Language,Accept-Encoding,foo"))
	if names != "accept-encoding,accept-language,bar,foo" {
		t.Errorf("names are %q", names)
	}
	value := func(h *header.Fields) string { return string(httpcache.AppendSelecting(nil, names, h, "")) }
	for i, p := range same {
		if value(p[0]) != value(p[1]) {
			t.Errorf("%d: %q and %q should be the same", i, value(p[0]), value(p[1]))
		}
	}
	for i, p := range differ {
		if value(p[0]) == value(p[1]) {
			t.Errorf("%d: %q should not be the same", i, value(p[0]))
		}
	}
	for text, want := range map[string]string{"fr;q=0.5, de;q=1.0": "de", "en, de": "", "": "", "*": "", "de;q=0": "", "De": "de"} {
		if got := httpcache.PreferredLanguage(fields("Accept-Language", text)); got != want {
			t.Errorf("%q prefers %q, want %q", text, got, want)
		}
	}
}

func TestRange(t *testing.T) {
	e := entry("k", "o", 0)
	e.Body, e.Traits = []byte("0123456789"), &httpcache.Traits{ETag: `"a"`}
	for text, want := range map[string]string{
		"bytes=0-1": "01", "bytes=8-": "89", "bytes=-2": "89", "bytes=-20": "0123456789", "bytes=5-100": "56789", "BYTES=0-0": "0",
		"bytes=10-": "416", "bytes=-0": "416", "bytes=10-12": "416",
		"bytes=2-1": "all", "bytes=0-1,3-4": "all", "lines=0-1": "all", "bytes=a-b": "all", "bytes=": "all", "bytes=-": "all", "": "all",
	} {
		got := "all"
		switch r, v := e.RangeOf(fields("Range", text)); v {
		case httpcache.Part:
			got = string(e.Body[r.First:r.End])
		case httpcache.Unsatisfied:
			got = "416"
		}
		if got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
	for tag, verdict := range map[string]httpcache.RangeVerdict{`"a"`: httpcache.Part, `"b"`: httpcache.Whole, `W/"a"`: httpcache.Whole} {
		if _, v := e.RangeOf(fields("Range", "bytes=0-1", "If-Range", tag)); v != verdict {
			t.Errorf("If-Range %s: %v", tag, v)
		}
	}
}

func TestNotModified(t *testing.T) {
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	e := &httpcache.Entry{Traits: &httpcache.Traits{ETag: `W/"a,b"`}, Terms: httpcache.Terms{LastModified: now.Unix() - 100}}
	for _, c := range []struct {
		h    *header.Fields
		want bool
	}{
		{fields("If-None-Match", `"a,b"`), true}, {fields("If-None-Match", `"x", W/"a,b"`), true}, {fields("If-None-Match", `"a", "b"`), false},
		{fields("If-None-Match", "*"), true}, {fields("If-None-Match", `"`), false}, {fields("If-None-Match", ""), false},
		{fields("If-Modified-Since", now.Add(-100*time.Second).Format("Mon, 02 Jan 2006 15:04:05 GMT")), true},
		{fields("If-Modified-Since", now.Add(-101*time.Second).Format("Mon, 02 Jan 2006 15:04:05 GMT")), false},
		{fields("If-None-Match", `"x"`, "If-Modified-Since", now.Format("Mon, 02 Jan 2006 15:04:05 GMT")), false},
		{fields("If-Modified-Since", "now"), false}, {fields(), false},
	} {
		if got := e.NotModified(c.h, now); got != c.want {
			t.Errorf("%q: %v", c.h.AppendTo(nil), got)
		}
	}
}

func entry(key, owner string, size int) *httpcache.Entry {
	return part(key, key, owner, size)
}

// part is an entry of a URI, with which its key begins.
func part(uri, key, owner string, size int) *httpcache.Entry {
	e := httpcache.NewEntry(&httpcache.Request{Text: []byte(key), URILen: len(uri), KeyLen: len(key)}, fields(), nil, 0)
	e.Owner, e.Status, e.Body, e.Received, e.Tied = owner, 200, make([]byte, size), time.Unix(1000, 0), true
	e.Terms = httpcache.Terms{Lifetime: time.Hour, Keep: time.Hour}
	return e
}

func TestEncoding(t *testing.T) {
	e := httpcache.NewEntry(&httpcache.Request{Text: []byte("k\x00hostt"), URILen: 1, KeyLen: 2, HostLen: 4},
		fields("A", "1", "A", "2", "Content-Type", "x\xff"), nil, 0)
	e.Status, e.Owner, e.Body, e.Received = 200, "o", []byte("abc"), time.Unix(1000, 0)
	e.Traits = &httpcache.Traits{Tags: []string{"a", "b"}, ETag: `"e"`, VaryNames: "foo", VaryValue: "\x00\x01"}
	e.HasLength = true
	e.Terms = httpcache.Terms{Age: 1, Lifetime: 2, SWR: 3, SIE: 4, Keep: 5, NoCache: true, MustRevalidate: true, LastModified: 6, Date: -7}
	e.Soften()
	b := e.Encode()
	d, err := httpcache.Decode(b)
	if err != nil {
		t.Fatal(err)
	}
	if string(d.Encode()) != string(b) || !d.Softened() || d.Fields().Get("content-type") != "x\xff" || string(d.Key()) != "k\x00" || d.Host() != "host" || d.Target() != "t" {
		t.Errorf("decoded: %q", d.Encode())
	}
	for i := range b {
		if _, err := httpcache.Decode(b[:i]); err == nil {
			t.Errorf("the first %d bytes were taken for an entry", i)
		}
	}
	if _, err := httpcache.Decode(append(b, 0)); err == nil {
		t.Error("a byte more was taken")
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(entry("k", "o", 3).Encode())
	f.Fuzz(func(_ *testing.T, b []byte) {
		if e, err := httpcache.Decode(b); err == nil {
			e.Encode()
			e.Size()
		}
	})
}

func TestLimits(t *testing.T) {
	now := time.Unix(1000, 0)
	const limit = 1 << 20
	s := httpcache.NewStore(limit)
	if s.Put(entry("huge", "a", limit), 0, now) {
		t.Error("an entry over the limit was stored")
	}
	for i := range 5000 {
		s.Put(entry(fmt.Sprint(i), "a", 1000+i%500), 0, now)
		if n := s.Bytes(); n > limit {
			t.Fatalf("%d bytes after %d entries", n, i)
		}
	}
	if n := s.Bytes(); n < limit*9/10 {
		t.Errorf("only %d bytes are used", n)
	}
	s = httpcache.NewStore(limit)
	for i := range 300 {
		s.Put(entry(fmt.Sprint("b", i), "b", 1000), 0, now)
	}
	before := s.Used("b")
	for i := range 1000 {
		s.Put(entry(fmt.Sprint("a", i), "a", 1000), 100_000, now)
	}
	if s.Used("a") > 100_000 || s.Used("a") < 50_000 || s.Used("b") != before {
		t.Errorf("a has %d, b has %d of %d", s.Used("a"), s.Used("b"), before)
	}
	s.Sweep(now.Add(2 * time.Hour))
	if s.Bytes() != 0 || s.Used("a") != 0 {
		t.Errorf("%d bytes are left", s.Bytes())
	}
	one := entry("same", "a", 10)
	for range 3 {
		s.Put(entry("same", "a", 10), 0, now)
	}
	s.Put(one, 0, now)
	if s.Bytes() != one.Size() {
		t.Errorf("%d bytes for one entry of %d", s.Bytes(), one.Size())
	}
	s.RemoveURI([]byte("same"), now)
	s.Remove(one)
	if s.Bytes() != 0 {
		t.Errorf("%d bytes are left", s.Bytes())
	}
}

// TestTogether stores, reads, removes and purges the same keys from many sides; in the end the counts are right.
func TestTogether(t *testing.T) {
	now := time.Unix(1000, 0)
	s := httpcache.NewStore(200_000)
	f := httpcache.NewFlights()
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			r := rand.New(rand.NewPCG(uint64(g), 1))
			for range 3000 {
				uri := fmt.Sprint("u", r.IntN(40))
				key := uri + fmt.Sprint(r.IntN(3))
				switch r.IntN(10) {
				case 0:
					s.RemoveURI([]byte(uri), now)
				case 1:
					for _, e := range s.Variants(nil, []byte(uri), []byte(key)) {
						s.Remove(e)
					}
				case 2:
					s.Each(now, func(e *httpcache.Entry) bool { e.Soften(); return r.IntN(20) > 0 })
				case 3, 4, 5:
					e := part(uri, key, fmt.Sprint("o", r.IntN(2)), r.IntN(5000))
					if r.IntN(2) == 0 {
						e.Traits = &httpcache.Traits{VaryNames: "x", VaryValue: fmt.Sprint(r.IntN(5))}
					}
					s.Put(e, 100_000, now)
				case 6:
					var l httpcache.Flight
					if lead, wait := f.Join(&l, []byte(key), now); lead {
						l.Land(r.IntN(2) == 0, now)
					} else if wait != nil {
						<-wait
					}
				default:
					for _, e := range s.Variants(nil, []byte(uri), []byte(key)) {
						e.Touch()
					}
				}
			}
		})
	}
	wg.Wait()
	sum := int64(0)
	s.Each(now, func(e *httpcache.Entry) bool { sum += e.Size(); return true })
	if s.Bytes() != sum || s.Bytes() != s.Used("o0")+s.Used("o1") || s.Bytes() > 200_000 {
		t.Errorf("%d bytes are counted, %d and %d by owner, %d are there", s.Bytes(), s.Used("o0"), s.Used("o1"), sum)
	}
	for i := range 40 {
		s.RemoveURI(fmt.Append(nil, "u", i), now)
	}
	if s.Bytes() != 0 || s.Used("o0") != 0 {
		t.Errorf("%d bytes are left", s.Bytes())
	}
}
