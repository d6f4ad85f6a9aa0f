package schematest_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gibbon-gateway/gibbon/schema"
	"github.com/gibbon-gateway/gibbon/schema/schematest"
)

// recorder is a test that keeps what it is told.
type recorder struct {
	testing.TB
	said string
}

func (r *recorder) Helper()                           {}
func (r *recorder) Errorf(format string, args ...any) { r.said += fmt.Sprintf(format, args...) }
func (r *recorder) Fatal(args ...any)                 { panic(fmt.Sprint(args...)) }

type config struct {
	A           int    `json:"a" conf:"default=1" doc:"Ours."`
	Description string `json:"description" conf:"required"`
}

func TestGolden(t *testing.T) {
	s := schema.Of[config](schema.AtLeastOneOf("a", "description"))
	const right = `{"entity_checks":[{"at_least_one_of":["a","description"]}],"fields":[
		{"description":{"type":"string","required":true}},{"a":{"type":"integer","default":1,"description":"Kong's."}}]}`
	for _, c := range []struct{ recorded, said string }{
		{right, ""},
		{strings.Replace(right, `"default":1,`, "", 1), "default"},
		{strings.Replace(right, `"required":true`, `"required":false`, 1), "required"},
		{strings.Replace(right, `"a","description"`, `"description","a"`, 1), "at_least_one_of"},
		{strings.Replace(right, `{"a":`, `{"b":`, 1), `"b"`},
	} {
		path := filepath.Join(t.TempDir(), "schema.json")
		if err := os.WriteFile(path, []byte(c.recorded), 0o600); err != nil {
			t.Fatal(err)
		}
		r := &recorder{TB: t}
		schematest.Golden(r, s, path)
		if (c.said == "") != (r.said == "") || !strings.Contains(r.said, c.said) {
			t.Errorf("%s\nsaid %q", c.recorded, r.said)
		}
	}
	defer func() {
		if recover() == nil {
			t.Error("a missing file was accepted")
		}
	}()
	schematest.Golden(&recorder{TB: t}, s, "missing.json")
}
