package protofile_test

import (
	"encoding/json"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/dynamicpb"

	"github.com/gibbon-gateway/gibbon/internal/protofile"
)

// read makes an Item of JSON, by way of its bytes.
func read(t testing.TB, f *protofile.File, text string) (string, error) {
	t.Helper()
	m := dynamicpb.NewMessage(f.Method("/shop.v1.Shop/Get").Input)
	if err := f.ReadJSON(m, []byte(text)); err != nil {
		return "", err
	}
	return again(t, f, m), nil
}

func again(t testing.TB, f *protofile.File, m *dynamicpb.Message) string {
	t.Helper()
	b, err := proto.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	back, err := f.Decode(m.Descriptor(), b)
	if err != nil {
		t.Fatal(err)
	}
	out, err := f.AppendJSON(nil, back)
	if err != nil {
		t.Fatal(err)
	}
	if !json.Valid(out) {
		t.Errorf("not JSON: %s", out)
	}
	return string(out)
}

// empty is what an Item looks like without anything in it.
const empty = `{"name":"","small":0,"big":0,"huge":0,"price":0,"weight":0,"sold":false,"data":"","colour":"NONE",` +
	`"tags":[],"counts":[],"stock":{},"parts":{},"nothing":null,"u":0,"times":[]}`

func TestJSON(t *testing.T) {
	f := load(t)
	got, err := read(t, f, `{}`)
	if got != empty || err != nil {
		t.Errorf("empty: %s, %v", got, err)
	}
	for _, c := range []struct{ in, want string }{
		{`{"name":"a<b>\"\n\u0000é"}`, `"name":"a<b>\"\n\u0000é"`},
		{`{"small":-5,"big":9223372036854775807,"huge":"18446744073709551615"}`, `"small":-5,"big":9223372036854775807,"huge":18446744073709551615`},
		{`{"price":0.1,"weight":0.1}`, `"price":0.1,"weight":0.1`},
		{`{"price":1e300,"weight":1e-7}`, `"price":1e+300,"weight":1e-07`},
		{`{"price":"NaN","weight":"-Infinity"}`, `"price":"NaN","weight":"-Infinity"`},
		{`{"price":"Infinity"}`, `"price":"Infinity"`},
		{`{"data":"AP8="}`, `"data":"AP8="`},
		{`{"colour":"RED"}`, `"colour":"RED"`},
		{`{"colour":1}`, `"colour":"RED"`},
		{`{"colour":7}`, `"colour":7`},
		{`{"parent":{"name":"p"}}`, `"parent":{"name":"p",`},
		{`{"tags":["a",""],"counts":[1,"2"]}`, `"tags":["a",""],"counts":[1,2]`},
		{`{"stock":{"b":2,"a":1}}`, `"stock":{"a":1,"b":2}`},
		{`{"parts":{"3":{"name":"x"}}}`, `"parts":{"3":{"name":"x",`},
		{`{"note":""}`, `"note":""`},
		{`{"left":""}`, `"left":""`},
		{`{"right":0}`, `"right":0`},
		{`{"made":"2026-01-02T03:04:05.5+01:00"}`, `"made":"2026-01-02T02:04:05.500Z"`},
		{`{"lasts":"-1.25s","mask":"a,bC"}`, `"lasts":"-1.250s","mask":"a,bC"`},
		{`{"extra":{"a":[1,null,{"b":true}]},"any_value":[1,"x"]}`, `"extra":{"a":[1,null,{"b":true}]},"any_value":[1,"x"]`},
		{`{"maybeCount":"5","maybe_sold":false,"maybe_name":""}`, `"maybe_count":5,"maybe_sold":false,"maybe_name":""`},
		{`{"what":{"@type":"type.googleapis.com/shop.lib.Size","wideMm":3}}`, `"what":{"@type":"type.googleapis.com/shop.lib.Size","wide_mm":3}`},
		{`{"longSize":{"wide_mm":-4}}`, `"long_size":{"wide_mm":-4}`},
		{`{"unknown":{"a":1},"name":null}`, `"name":""`},
		{`{"list":[]}`, `"list":[]`},
		{`{"parent":{"no":1,"name":"p"},"parts":{"3":{"no":{},"name":"x"}},"huge":18446744073709551615,"extra":{"no":1},"no":[]}`,
			`"huge":18446744073709551615,`},
		{`{"no":1,"times":["2026-01-02T03:04:05Z"],"parts":{"3":{"no":{},"name":"x"}},"extra":{"no":1.50}}`, `"extra":{"no":1.5}`},
	} {
		got, err := read(t, f, c.in)
		if err != nil || !strings.Contains(got, c.want) {
			t.Errorf("%s: got %s, %v; want %s", c.in, got, err, c.want)
		}
	}
}

func TestBadJSON(t *testing.T) {
	f := load(t)
	for in, want := range map[string]string{
		``:                           "unexpected",
		`[]`:                         "unexpected token [",
		`5`:                          "unexpected token 5",
		`{"small":"x"}`:              "small",
		`{"small":1.5}`:              "small",
		`{"small":2147483648}`:       "small",
		`{"huge":-1}`:                "huge",
		`{"sold":"true"}`:            "sold",
		`{"name":5}`:                 "name",
		`{"name":"a","name":"b"}`:    "duplicate field",
		`{"left":"a","right":1}`:     "either",
		`{"data":"*"}`:               "data",
		`{"colour":"BLUE"}`:          "colour",
		`{"made":"yesterday"}`:       "google.protobuf.Timestamp",
		`{"what":{"@type":"x/y.Z"}}`: "y.Z",
		`{"name":"a"} x`:             "invalid value x",
		`{"name":"\ud800"}`:          "unexpected EOF",
		`{"no":1,"colour":"BLUE"}`:   "colour",
		strings.Repeat(`{"parent":`, 200) + `{}` + strings.Repeat(`}`, 200):             "recursion",
		`{"extra":{"a":` + strings.Repeat(`[`, 200) + strings.Repeat(`]`, 200) + `}}`:   "recursion",
		`{"unknown":` + strings.Repeat(`[`, 20000) + strings.Repeat(`]`, 20000) + `}`:   "max depth",
		`{"any_value":` + strings.Repeat(`{"a":`, 150) + `1` + strings.Repeat(`}`, 151): "recursion",
	} {
		_, err := read(t, f, in)
		if err == nil || !strings.Contains(err.Error(), want) || strings.HasPrefix(err.Error(), "proto") {
			t.Errorf("%.60s: got %v, want %q", in, err, want)
		}
	}
}

// Messages nested too deep, or not of protobuf at all, are refused before they take memory.
func TestBadMessage(t *testing.T) {
	f := load(t)
	item := f.Method("/shop.v1.Shop/Get").Input
	deep := []byte{}
	for range 200 {
		deep = append([]byte{10<<3 | 2, byte(len(deep)&0x7f | 0x80), byte(len(deep) >> 7)}, deep...)
	}
	for name, b := range map[string][]byte{
		"deep":         deep,
		"cut":          {0x0a, 0x05, 'a'},
		"huge length":  {0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f},
		"not UTF-8":    {0x0a, 0x01, 0xff},
		"bad tag":      {0x07},
		"endless tag":  {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff},
		"lonely group": {0x0c},
	} {
		if _, err := f.Decode(item, b); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestSetText(t *testing.T) {
	f := load(t)
	item := f.Method("/shop.v1.Shop/Get").Input
	for _, c := range []struct{ path, text, want, err string }{
		{path: "name", text: "a b", want: `"name":"a b"`},
		{path: "small", text: "-5", want: `"small":-5`},
		{path: "big", text: "9223372036854775807", want: `"big":9223372036854775807`},
		{path: "huge", text: "18446744073709551615", want: `"huge":18446744073709551615`},
		{path: "u", text: "7", want: `"u":7`},
		{path: "price", text: "1.5", want: `"price":1.5`},
		{path: "weight", text: "-2", want: `"weight":-2`},
		{path: "sold", text: "1", want: `"sold":true`},
		{path: "sold", text: "false", want: `"sold":false`},
		{path: "data", text: "_-8", want: `"data":"/+8="`},
		{path: "data", text: "/+8=", want: `"data":"/+8="`},
		{path: "colour", text: "RED", want: `"colour":"RED"`},
		{path: "colour", text: "1", want: `"colour":"RED"`},
		{path: "parent.parent.name", text: "x", want: `"parent":{"name":"x"`},
		{path: "longSize.wideMm", text: "3", want: `"long_size":{"wide_mm":3}`},
		{path: "tags", text: "a", want: `"tags":["a"]`},
		{path: "made", text: "2026-01-02T03:04:05Z", want: `"made":"2026-01-02T03:04:05Z"`},
		{path: "times", text: "2026-01-02T03:04:05Z", want: `"times":["2026-01-02T03:04:05Z"]`},
		{path: "lasts", text: "3s", want: `"lasts":"3s"`},
		{path: "mask", text: "a,b", want: `"mask":"a,b"`},
		{path: "maybe_count", text: "5", want: `"maybe_count":5`},
		{path: "maybe_sold", text: "true", want: `"maybe_sold":true`},
		{path: "maybe_name", text: "x\"y", want: `"maybe_name":"x\"y"`},
		{path: "extra", text: `{"a":1}`, want: `"extra":{"a":1}`},
		{path: "left", text: "l", want: `"left":"l"`},

		{path: "name", text: "\xff", err: `field shop.v1.Item.name: "\xff" is no UTF-8`},
		{path: "small", text: "2147483648", err: `"2147483648" is no int32`},
		{path: "huge", text: "-1", err: `"-1" is no uint64`},
		{path: "u", text: "x", err: `"x" is no uint32`},
		{path: "price", text: "x", err: `"x" is no double`},
		{path: "sold", text: "yes", err: `"yes" is no boolean`},
		{path: "data", text: "*", err: `"*" is no base64`},
		{path: "colour", text: "BLUE", err: `"BLUE" is no value of shop.v1.Colour`},
		{path: "parent", text: "x", err: "a value for a message of type shop.v1.Item"},
		{path: "stock", text: "x", err: "field shop.v1.Item.stock is a map"},
		{path: "made", text: "x", err: "field shop.v1.Item.made: "},
		{path: "maybe_sold", text: "1,", err: "field shop.v1.Item.maybe_sold: "},
		{path: "extra", text: "{", err: "no JSON for a message of type google.protobuf.Struct"},
		{path: "list", text: "[1] ", want: `"list":[1]`},
	} {
		m := dynamicpb.NewMessage(item)
		path := protofile.Field(item, c.path)
		if path == nil {
			t.Errorf("%s: not found", c.path)
			continue
		}
		err := f.SetText(m, path, c.text)
		if c.err != "" {
			if err == nil || !strings.Contains(err.Error(), c.err) {
				t.Errorf("%s=%s: got %v, want %q", c.path, c.text, err, c.err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s=%s: %v", c.path, c.text, err)
		} else if got := again(t, f, m); !strings.Contains(got, c.want) {
			t.Errorf("%s=%s: got %s, want %s", c.path, c.text, got, c.want)
		}
	}
	for _, path := range []string{"", "nope", "name.x", "tags.x", "parts.name", "parent..name", ".name", "times.seconds",
		strings.Repeat("parent.", 200) + "name"} {
		if got := protofile.Field(item, path); got != nil {
			t.Errorf("%s: found %v", path, got)
		}
	}
}

// What is read from JSON is read again from what it is written as, and is the same.
func FuzzJSON(f *testing.F) {
	file := load(f)
	for _, text := range []string{`{}`, `{"name":"a","parts":{"1":{"tags":["x"]}},"made":"2026-01-02T03:04:05Z"}`,
		`{"extra":{"a":[1,{"b":null}]},"what":{"@type":"a/shop.lib.Size","wide_mm":1},"huge":"1"}`} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		once, err := read(t, file, string(text))
		if err != nil {
			return
		}
		twice, err := read(t, file, once)
		if err != nil || once != twice {
			t.Fatalf("%s became %s, %v", once, twice, err)
		}
	})
}
