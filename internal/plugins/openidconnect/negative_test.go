package openidconnect_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/gibbon-gateway/gibbon/internal/oidc/oidctest"
)

var update = flag.Bool("update", false, "rewrite the table of docs/security/oidc.md")

// row is one bad input, or a family of them, and what becomes of it.
type row struct {
	number      int
	area, input string
	does        string // the result, for the table
	run         func(t *testing.T, g *gateway)
	config      string // of the gateway that run gets
}

func rows() []row {
	return slices.Concat(tokenRows(), providerRows(), requestRows(), claimRows(), kongRows())
}

var notWord = regexp.MustCompile(`[^a-z0-9]+`)

func (r row) name() string {
	words := strings.Trim(notWord.ReplaceAllString(strings.ToLower(r.area+" "+r.input), "-"), "-")
	return fmt.Sprintf("row-%02d-%s", r.number, strings.TrimRight(words[:min(len(words), 50)], "-"))
}

// Nothing that an attacker, a broken provider or a broken client sends lets anybody in, or shows a secret in the log.
func TestNegative(t *testing.T) {
	for _, r := range rows() {
		t.Run(r.name(), func(t *testing.T) {
			g := start(t, r.config)
			r.run(t, g)
			for _, secret := range []string{oidctest.Secret, oidctest.MachineKey, oidctest.Password, "eyJhbGciOi"} {
				if strings.Contains(g.log.String(), secret) {
					t.Errorf("the log shows %q", secret)
				}
			}
		})
	}
}

// The tests that the documentation names for what it claims are there.
func TestClaimsTable(t *testing.T) {
	text, err := os.ReadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := strings.Cut(string(text), "<!-- claims -->")
	table, _, ok2 := strings.Cut(rest, "<!-- end of claims -->")
	named := regexp.MustCompile(`\bTest[A-Za-z]+`).FindAllString(table, -1)
	if !ok || !ok2 || len(named) < 40 {
		t.Fatalf("%s has no table of claims", document)
	}
	files, err := filepath.Glob("*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	var code strings.Builder
	for _, f := range files {
		source, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		code.Write(source)
	}
	for _, name := range named {
		if !strings.Contains(code.String(), "\nfunc "+name+"(t *testing.T) {") {
			t.Errorf("%s names %s, which is not there", document, name)
		}
	}
}

const document = "../../../docs/security/oidc.md"

// The table in the documentation is that of the rows.
func TestNegativeTable(t *testing.T) {
	var b strings.Builder
	b.WriteString("| # | area | input | result |\n|---|---|---|---|\n")
	for i, r := range rows() {
		if r.number != i+1 {
			t.Fatalf("row %d stands at %d", r.number, i+1)
		}
		fmt.Fprintf(&b, "| %d | %s | %s | %s |\n", r.number, r.area, r.input, r.does)
	}
	text, err := os.ReadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	const begin, end = "<!-- rows -->\n", "<!-- end of rows -->"
	before, rest, ok := strings.Cut(string(text), begin)
	_, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatalf("%s has no place for the rows", document)
	}
	want := before + begin + b.String() + end + after
	if want == string(text) {
		return
	}
	if !*update {
		t.Fatalf("the table in %s is another one; run the test with -update", document)
	}
	if err := os.WriteFile(document, []byte(want), 0o666); err != nil {
		t.Fatal(err)
	}
}
