package schema_test

import (
	"encoding/json"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gibbon-gateway/gibbon/schema"
)

type secret string

type base struct {
	ID string `json:"id"`
}

type point struct {
	X, Y int
	Name string `json:"name"`
}

type bound struct {
	base
	S       secret              `json:"s"`
	B       bool                `json:"b"`
	PB      *bool               `json:"pb"`
	I8      int8                `json:"i8"`
	U       uint                `json:"u"`
	I64     int64               `json:"i64"`
	F       float64             `json:"f"`
	PF      *float64            `json:"pf"`
	List    []string            `json:"list"`
	Ints    []int               `json:"ints"`
	Map     map[string]int      `json:"map"`
	Headers map[string][]string `json:"headers"`
	Rec     struct {
		N int `json:"n" conf:"default=1"`
	} `json:"rec"`
	PRec   *point         `json:"prec"`
	Recs   []point        `json:"recs"`
	Any    any            `json:"any"`
	Config map[string]any `json:"config"`
	Ref    *base          `json:"ref" conf:"foreign=services"`
	Left   string
	Dash   string `json:"-"`
}

const full = `{"id":"i","s":"t","b":true,"pb":false,"i8":-8,"u":9,"i64":9007199254740993,"f":0.5,"pf":3,"list":["a","b"],"ints":[1,2.0],
	"map":{"a":1},"headers":{"x":["1"]},"rec":{"n":4},"prec":{"name":"p"},"recs":[{"name":"q"},{"name":null}],"any":[1,"x",{"y":2.5}],
	"config":{"a":{"b":[true,null]}},"ref":{"id":"11111111-1111-4111-8111-111111111111"}}`

func TestBind(t *testing.T) {
	s := schema.Of[bound]()
	doc := object(t, full)
	no, three := false, 3.0
	want := bound{base: base{"i"}, S: "t", B: true, PB: &no, I8: -8, U: 9, I64: 9007199254740993, F: 0.5, PF: &three, List: []string{"a", "b"},
		Ints: []int{1, 2}, Map: map[string]int{"a": 1}, Headers: map[string][]string{"x": {"1"}}, PRec: &point{Name: "p"},
		Recs: []point{{Name: "q"}, {}}, Any: []any{int64(1), "x", map[string]any{"y": 2.5}},
		Config: map[string]any{"a": map[string]any{"b": []any{true, nil}}}, Ref: &base{"11111111-1111-4111-8111-111111111111"}, Left: "kept"}
	want.Rec.N = 4
	processed, errs := s.Process(doc, schema.Options{})
	if len(errs) > 0 {
		t.Fatal(errs.Message())
	}
	for name, doc := range map[string]map[string]any{"as read": doc, "processed": processed} {
		got := bound{Left: "kept"}
		if err := s.Bind(doc, &got); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(bound{})); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	if got := text(t, processed["i64"]); got != "9007199254740993" {
		t.Errorf("i64 is %s", got)
	}
	empty, errs := s.Process(map[string]any{}, schema.Options{})
	if len(errs) > 0 {
		t.Fatal(errs.Message())
	}
	var got bound
	if err := s.Bind(empty, &got); err != nil {
		t.Fatal(err)
	}
	want = bound{}
	want.Rec.N = 1
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(bound{})); diff != "" {
		t.Errorf("null (-want +got):\n%s", diff)
	}
}

// What Bind returns must not change when the document does.
func TestBindCopies(t *testing.T) {
	s := schema.Of[bound]()
	doc := object(t, full)
	var a bound
	if err := s.Bind(doc, &a); err != nil {
		t.Fatal(err)
	}
	doc["config"].(map[string]any)["a"].(map[string]any)["b"].([]any)[0] = "changed"
	if diff := cmp.Diff(map[string]any{"a": map[string]any{"b": []any{true, nil}}}, a.Config); diff != "" {
		t.Error(diff)
	}
}

func TestBindErrors(t *testing.T) {
	s := schema.Of[bound]()
	for doc, want := range map[string]string{
		`{"s":1}`:                      "s: expected a string, have a number",
		`{"b":"true"}`:                 "b: expected a boolean, have a string",
		`{"i8":200}`:                   "i8: 200 is too large",
		`{"i8":1.5}`:                   "i8: expected an integer, have a number",
		`{"u":-1}`:                     "u: -1 is out of range",
		`{"f":true}`:                   "f: expected a number, have a boolean",
		`{"list":{"a":1}}`:             "list: expected a list, have a map",
		`{"list":["a",1]}`:             "list: 2: expected a string, have a number",
		`{"map":[1]}`:                  "map: expected a map, have a list",
		`{"headers":{"x":["1",true]}}`: "headers: x: 2: expected a string, have a boolean",
		`{"prec":"x"}`:                 "prec: expected a record, have a string",
		`{"config":[1]}`:               "config: expected a map, have a list",
	} {
		var b bound
		if err := s.Bind(object(t, doc), &b); err == nil || err.Error() != want {
			t.Errorf("%s: %v, want %s", doc, err, want)
		}
	}
	for _, into := range []any{nil, bound{}, (*bound)(nil), new(string)} {
		if err := s.Bind(map[string]any{}, into); err == nil {
			t.Errorf("bind into %T: no error", into)
		}
	}
}

func TestNumbers(t *testing.T) {
	s := schema.Of[struct {
		I int64   `json:"i"`
		F float64 `json:"f"`
	}]()
	for _, c := range []struct {
		value any
		i, f  string
	}{
		{json.Number("5"), "5", "5"},
		{json.Number("5.0"), "5", "5"},
		{json.Number("5e2"), "500", "500"},
		{json.Number("9223372036854775807"), "9223372036854775807", ""},
		{json.Number("9223372036854775808"), "expected an integer", ""},
		{json.Number("1e400"), "expected an integer", "expected a number"},
		{json.Number("x"), "expected an integer", "expected a number"},
		{json.Number("-0.5"), "expected an integer", "-0.5"},
		{uint64(math.MaxUint64), "expected an integer", ""},
		{uint8(7), "7", "7"},
		{int32(-7), "-7", "-7"},
		{float32(0.5), "expected an integer", "0.5"},
		{math.Inf(1), "expected an integer", "expected a number"},
		{math.NaN(), "expected an integer", "expected a number"},
		{"5", "expected an integer", "expected a number"},
		{true, "expected an integer", "expected a number"},
	} {
		for field, want := range map[string]string{"i": c.i, "f": c.f} {
			if want == "" {
				continue
			}
			out, errs := s.Process(map[string]any{field: c.value}, schema.Options{})
			got := ""
			if errs != nil {
				got, _ = errs[field].(string)
			} else {
				got = text(t, out[field])
			}
			if got != want {
				t.Errorf("%s of %T %v: %s, want %s", field, c.value, c.value, got, want)
			}
		}
	}
}
