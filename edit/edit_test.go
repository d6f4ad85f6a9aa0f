package edit_test

import (
	"encoding/json"
	"errors"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/gibbon-gateway/gibbon/edit"
)

// Each case changes a document, written as JSON, as a form and as multipart.
func TestChanges(t *testing.T) {
	cases := []struct {
		name   string
		change func(d edit.Doc)
		json   string
		form   string
	}{
		{"nothing", func(edit.Doc) {}, `{"a":"1","b":["x","y"],"c":"3"}`, "a=1&b=x&b=y&c=3"},
		{"del", func(d edit.Doc) { d.Del("b") }, `{"a":"1","c":"3"}`, "a=1&c=3"},
		{"del missing", func(d edit.Doc) { d.Del("z") }, `{"a":"1","b":["x","y"],"c":"3"}`, "a=1&b=x&b=y&c=3"},
		{"rename", func(d edit.Doc) { d.Rename("b", "n") }, `{"a":"1","n":["x","y"],"c":"3"}`, "a=1&n=x&n=y&c=3"},
		{"rename over another", func(d edit.Doc) { d.Rename("c", "b") }, `{"a":"1","b":"3"}`, "a=1&b=3"},
		{"rename missing", func(d edit.Doc) { d.Rename("z", "a") }, `{"a":"1","b":["x","y"],"c":"3"}`, "a=1&b=x&b=y&c=3"},
		{"rename to itself", func(d edit.Doc) { d.Rename("a", "a") }, `{"a":"1","b":["x","y"],"c":"3"}`, "a=1&b=x&b=y&c=3"},
		{"set", func(d edit.Doc) { d.Set("a", "2 & <3>") }, `{"a":"2 & <3>","b":["x","y"],"c":"3"}`, "a=2%20%26%20%3C3%3E&b=x&b=y&c=3"},
		{"set many", func(d edit.Doc) { d.Set("b", "z") }, `{"a":"1","b":"z","c":"3"}`, "a=1&b=z&c=3"},
		{"set missing", func(d edit.Doc) { d.Set("n", "ü\"") }, `{"a":"1","b":["x","y"],"c":"3","n":"ü\""}`, "a=1&b=x&b=y&c=3&n=%C3%BC%22"},
		{"append", func(d edit.Doc) { d.Append("a", "2") }, `{"a":["1","2"],"b":["x","y"],"c":"3"}`, "a=1&b=x&b=y&c=3&a=2"},
		{"append to many", func(d edit.Doc) { d.Append("b", "z") }, `{"a":"1","b":["x","y","z"],"c":"3"}`, "a=1&b=x&b=y&c=3&b=z"},
		{"append missing", func(d edit.Doc) { d.Append("n", "1") }, `{"a":"1","b":["x","y"],"c":"3","n":["1"]}`, "a=1&b=x&b=y&c=3&n=1"},
		{"del, then set", func(d edit.Doc) { d.Del("a"); d.Set("a", "9") }, `{"b":["x","y"],"c":"3","a":"9"}`, "b=x&b=y&c=3&a=9"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			o, err := edit.ParseObject([]byte(` {"a" : "1", "b":["x","y"] ,"c":"3"} `))
			if err != nil {
				t.Fatal(err)
			}
			f := edit.ParseForm([]byte("a=1&b=x&b=y&c=3"))
			m, err := edit.ParseMultipart("multipart/form-data; boundary=B", multipartOf("a=1&b=x&b=y&c=3"))
			if err != nil {
				t.Fatal(err)
			}
			c.change(o)
			c.change(f)
			c.change(m)
			if diff := cmp.Diff(c.json, string(o.AppendTo(nil))); diff != "" {
				t.Errorf("JSON (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(c.form, string(f.AppendTo(nil))); diff != "" {
				t.Errorf("form (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(string(multipartOf(c.form)), string(m.AppendTo(nil))); diff != "" {
				t.Errorf("multipart (-want +got):\n%s", diff)
			}
		})
	}
}

// multipartOf writes a form with boundary B.
func multipartOf(form string) []byte {
	var b strings.Builder
	for p := range strings.SplitSeq(form, "&") {
		k, v, _ := strings.Cut(p, "=")
		if u, err := url.PathUnescape(v); err == nil {
			v = u
		}
		b.WriteString("--B\r\nContent-Disposition: form-data; name=\"" + k + "\"\r\n\r\n" + v + "\r\n")
	}
	b.WriteString("--B--\r\n")
	return []byte(b.String())
}

func TestReports(t *testing.T) {
	o, err := edit.ParseObject([]byte(`{"a":1}`))
	if err != nil {
		t.Fatal(err)
	}
	m, err := edit.ParseMultipart("multipart/form-data; boundary=B", multipartOf("a=1"))
	if err != nil {
		t.Fatal(err)
	}
	for name, d := range map[string]edit.Doc{"object": o, "form": edit.ParseForm([]byte("a=1")), "multipart": m} {
		if !d.Has("a") || d.Has("b") || d.Has("") {
			t.Errorf("%s: Has", name)
		}
		if d.Rename("a", "a") || d.Rename("b", "c") || !d.Rename("a", "b") || d.Has("a") || !d.Has("b") {
			t.Errorf("%s: Rename", name)
		}
		if d.Del("a") || !d.Del("b") || d.Has("b") {
			t.Errorf("%s: Del", name)
		}
	}
}

func TestObjectKeepsText(t *testing.T) {
	const in = `{"big":12345678901234567890,"float":1.0e+2,"nested":{"z":1,"a":{"b":[ ]}},"html":"<a&b>","n":null,"t":true,"esc":"\u00e9\/"}`
	o, err := edit.ParseObject([]byte(in))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(in, string(o.AppendTo(nil))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	o.SetJSON("n", []byte("1.50"))
	o.AppendJSON("t", []byte("false"))
	o.AppendJSON("big", []byte("1"))
	if got := string(o.JSON("n")); got != "1.50" {
		t.Errorf("n is %s", got)
	}
	if got := string(o.JSON("t")); got != "[true,false]" {
		t.Errorf("t is %s", got)
	}
	if got := o.JSON("none"); got != nil {
		t.Errorf("none is %s", got)
	}
	empty, err := edit.ParseObject([]byte(`{"a":[ ]}`))
	if err != nil {
		t.Fatal(err)
	}
	empty.Append("a", "x")
	if got := string(empty.AppendTo(nil)); got != `{"a":["x"]}` {
		t.Errorf("append to an empty array: %s", got)
	}
}

// Count tells what stood twice, however its name was written.
func TestObjectCount(t *testing.T) {
	o, err := edit.ParseObject([]byte(`{"a":1,"b":2,"\u0061":3,"a":4,"b":5}`))
	if err != nil {
		t.Fatal(err)
	}
	if a, b, c := o.Count("a"), o.Count("b"), o.Count("c"); a != 3 || b != 2 || c != 0 || string(o.JSON("a")) != "4" {
		t.Errorf("%d %d %d, a is %s", a, b, c, o.JSON("a"))
	}
	o.Set("a", "x")
	o.Del("b")
	o.Append("c", "y")
	if a, b, c := o.Count("a"), o.Count("b"), o.Count("c"); a != 1 || b != 0 || c != 1 {
		t.Errorf("after changes: %d %d %d", a, b, c)
	}
}

func TestParseObjectErrors(t *testing.T) {
	for _, in := range []string{"", "{", `{"a":1`, `{"a":1}x`, `{"a":1} {}`, `{a:1}`, `{"a":}`, "\x1f\x8b\x08", "[1,2", "nul"} {
		if _, err := edit.ParseObject([]byte(in)); err == nil || errors.Is(err, edit.ErrNotObject) {
			t.Errorf("%q: got %v, want a syntax error", in, err)
		}
	}
	for _, in := range []string{"[1]", `"x"`, "1", "null", " true "} {
		if _, err := edit.ParseObject([]byte(in)); !errors.Is(err, edit.ErrNotObject) {
			t.Errorf("%q: got %v, want ErrNotObject", in, err)
		}
	}
}

func TestForm(t *testing.T) {
	f := edit.ParseForm([]byte("a=%41+b&&bare&=x&bad=%zz%4&a=2&e="))
	want := []string{"a|A b|", "bare||bare", "|x|", "bad|%zz%4|", "a|2|", "e||"}
	var got []string
	for i := range f.Len() {
		n, v, bare := f.At(i)
		s := n + "|" + v + "|"
		if bare {
			s += "bare"
		}
		got = append(got, s)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("pairs (-want +got):\n%s", diff)
	}
	if v, n := f.Get("a"); v != "A b" || n != 2 {
		t.Errorf("a is %q, %d times", v, n)
	}
	f.Rename("bare", "b r")
	if got, want := string(f.AppendTo(nil)), "a=%41+b&b%20r&=x&bad=%zz%4&a=2&e="; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestFind(t *testing.T) {
	for _, c := range []struct {
		text, name, value string
		bare              bool
		count             int
	}{
		{"a=1&b=2", "a", "1", false, 1},
		{"a=1&b=2", "b", "2", false, 1},
		{"a=1&b=2", "c", "", true, 0},
		{"", "a", "", true, 0},
		{"&&", "", "", true, 0},
		{"=x", "", "x", false, 1},
		{"a", "a", "", true, 1},
		{"a=", "a", "", false, 1},
		{"a&a=2", "a", "", true, 2},
		{"a=1&a=2&A=3", "a", "1", false, 2},
		{"x=a=1&a=b=c", "a", "b=c", false, 1},
		{"%61=1%20+x", "a", "1  x", false, 1},
		{"a%=1", "a%", "1", false, 1},
	} {
		v, n := edit.Find([]byte(c.text), c.name)
		if string(v) != c.value || n != c.count || (v == nil) != c.bare {
			t.Errorf("%q in %q: %q, %d times, want %q, %d", c.name, c.text, v, n, c.value, c.count)
		}
	}
	text := []byte("z=1&apikey=alice-key&b=%20")
	if n := testing.AllocsPerRun(100, func() { edit.Find(text, "apikey") }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestMultipartKeepsBytes(t *testing.T) {
	body := "preamble\r\n--B \r\n" +
		"content-disposition: form-data; name=\"file\"; filename=\"x.bin\"\r\nContent-Type: application/octet-stream\r\n\r\n\x00\r\n--b\r\n\xff\r\n" +
		"--B\r\n\r\nno head\r\n" +
		"--B\r\nX: y\r\n\r\n\r\n" +
		"--B--\r\nepilogue"
	m, err := edit.ParseMultipart(`multipart/form-data; boundary="B"`, []byte(body))
	if err != nil {
		t.Fatal(err)
	}
	if v, n := m.Get("file"); n != 1 || v != "\x00\r\n--b\r\n\xff" {
		t.Errorf("file is %q, %d times", v, n)
	}
	m.Append("we\"ird\r\n", "v")
	want := "--B\r\ncontent-disposition: form-data; name=\"file\"; filename=\"x.bin\"\r\nContent-Type: application/octet-stream\r\n\r\n\x00\r\n--b\r\n\xff\r\n" +
		"--B\r\n\r\nno head\r\n" +
		"--B\r\nX: y\r\n\r\n\r\n" +
		"--B\r\nContent-Disposition: form-data; name=\"we%22ird%0D%0A\"\r\n\r\nv\r\n" +
		"--B--\r\n"
	if diff := cmp.Diff(want, string(m.AppendTo(nil))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestParseMultipartErrors(t *testing.T) {
	for _, c := range []struct{ contentType, body string }{
		{"multipart/form-data", "--B--"},
		{"multipart/form-data; boundary=", "--B--"},
		{";", ""},
		{"multipart/form-data; boundary=B", "no boundary"},
		{"multipart/form-data; boundary=B", "--B\r\n"},
		{"multipart/form-data; boundary=B", "--Bx\r\n"},
		{"multipart/form-data; boundary=B", "--B\r\nname\r\n--B--"},
		{"multipart/form-data; boundary=B", "--B\r\nA: b\r\n\r\nbody"},
		{"multipart/form-data; boundary=B", "--B\r\n--B--"},
	} {
		if _, err := edit.ParseMultipart(c.contentType, []byte(c.body)); err == nil {
			t.Errorf("%s, %q: want an error", c.contentType, c.body)
		}
	}
	m, err := edit.ParseMultipart("multipart/form-data; boundary=B", nil)
	if err != nil || string(m.AppendTo(nil)) != "--B--\r\n" {
		t.Errorf("no body: %v, %v", m, err)
	}
}

func FuzzObject(f *testing.F) {
	for _, s := range []string{`{}`, `{"a":1}`, `{"a":{"b":[1,2]},"a":null}`, `[]`, `{"\u00e9":"x"}`, "{\"\xff\":1}", `{"a":1}}`} {
		f.Add([]byte(s), "a", "b")
	}
	f.Fuzz(func(t *testing.T, data []byte, a, b string) {
		o, err := edit.ParseObject(data)
		if err != nil || !utf8.ValidString(a) || !utf8.ValidString(b) {
			return
		}
		o.Rename(a, b)
		o.Append(b, a)
		o.Set(a, b)
		o.AppendJSON(a, []byte("1"))
		out := o.AppendTo(nil)
		if !json.Valid(out) {
			t.Fatalf("%q became %q", data, out)
		}
		again, err := edit.ParseObject(out)
		if err != nil {
			t.Fatal(err)
		}
		if got := again.AppendTo(nil); string(got) != string(out) {
			t.Fatalf("not stable: %q, %q", out, got)
		}
	})
}

func FuzzForm(f *testing.F) {
	for _, s := range []string{"a=1&b=2", "a", "=", "&&", "%", "a=%2", "a=%41+&b"} {
		f.Add([]byte(s), "a", "b")
	}
	f.Fuzz(func(t *testing.T, data []byte, a, b string) {
		form := edit.ParseForm(data)
		form.Rename(a, b)
		form.Append(b, a)
		form.Set(a, b)
		again := edit.ParseForm(form.AppendTo(nil))
		parsed := edit.ParseForm(data)
		v1, n1 := parsed.Get(a)
		if v2, n2 := edit.Find(data, a); v1 != string(v2) || n1 != n2 {
			t.Fatalf("%q in %q: Get says %q, %d, Find %q, %d", a, data, v1, n1, v2, n2)
		}
		if v, n := again.Get(a); n != 1 || v != b {
			t.Fatalf("%q: %q is %q, %d times", data, a, v, n)
		}
		if strings.ContainsAny(string(edit.ParseForm(nil).AppendTo(nil)), "&=") {
			t.Fatal("an empty form is not empty")
		}
	})
}

func FuzzMultipart(f *testing.F) {
	f.Add("B", multipartOf("a=1&b=2"), "a", "b")
	f.Add("B", []byte("--B\r\n\r\n\r\n--B--"), "", "x")
	f.Fuzz(func(t *testing.T, boundary string, data []byte, a, b string) {
		m, err := edit.ParseMultipart("multipart/form-data; boundary=\""+boundary+"\"", data)
		if err != nil {
			return
		}
		m.Rename(a, b)
		m.Append(b, a)
		m.Set(a, b)
		m.Del(b)
		_ = m.AppendTo(nil)
	})
}
