package idp_test

import (
	"flag"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the generated part of docs/idp.md")

// docs/idp.md lists every operation that is served.
func TestDocsListOperations(t *testing.T) {
	r := start(t, nil)
	var b strings.Builder
	b.WriteString("| operation | | operation | | operation | |\n|---|---|---|---|---|---|\n")
	all := r.API.Operations()
	rows := (len(all) + 2) / 3
	for i := range rows {
		b.WriteString("|")
		for column := range 3 {
			name, note := "", ""
			if at := column*rows + i; at < len(all) {
				name = all[at].Name
				if all[at].Stored {
					note = "kept"
				}
			}
			b.WriteString(" " + name + " | " + note + " |")
		}
		b.WriteString("\n")
	}
	const file = "../../docs/idp.md"
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(text), "-update -->\n")
	_, after, found := strings.Cut(rest, "<!-- end -->")
	if !ok || !found {
		t.Fatal("docs/idp.md has no place for the operations")
	}
	want := before + "-update -->\n" + b.String() + "<!-- end -->" + after
	if want == string(text) {
		return
	}
	if !*update {
		t.Fatal("docs/idp.md lists other operations; run the test with -update")
	}
	if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
		t.Fatal(err)
	}
}
