package source_test

import (
	"encoding/json"
	"testing"

	"github.com/gibbon-gateway/gibbon/internal/source"
)

func FuzzDocumentsAreWrittenAsJSON(f *testing.F) {
	for _, text := range []string{`null`, `{}`, `[]`, `{"b":[1,-0.5,1e9,true,null,{"a":"<é\u0000\u007f\"\\&>\u2028"}],"a":"plain text ~","":{}}`, `["\ud800"]`, `12345678901234567890`} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		v, err := source.ReadJSON(text)
		if err != nil {
			return
		}
		want, err := json.Marshal(v)
		if err != nil {
			return
		}
		if got, err := source.AppendDoc(nil, v); err != nil || string(got) != string(want) {
			t.Errorf("%s, want %s, %v", got, want, err)
		}
	})
}

func TestDocumentsOfOtherTypes(t *testing.T) {
	for _, v := range []any{int64(-5), 7, 1.5, []string{"a"}, map[string]int{"x": 1}, map[string]any(nil), []any(nil), map[string]any{"f": 1e30, "n": json.Number("1.50")}} {
		want, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := source.AppendDoc(nil, v); err != nil || string(got) != string(want) {
			t.Errorf("%s, want %s, %v", got, want, err)
		}
	}
	if _, err := source.AppendDoc(nil, map[string]any{"a": []any{func() {}}}); err == nil {
		t.Error("a function is written")
	}
}
