package house_test

import (
	"bytes"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gibbon-gateway/gibbon/internal/plugins"
	"github.com/gibbon-gateway/gibbon/internal/settings"
)

var update = flag.Bool("update", false, "write generated documentation again")

const generated = "<!-- Written by `make docs`; edit the tags in the code. -->\n\n"

// TestDocs holds the generated pages in docs/ against the code.
func TestDocs(t *testing.T) {
	pages := map[string]string{}
	var b bytes.Buffer
	b.WriteString("# Settings\n\n" + generated + `Keys are kong.conf's where Kong has them; ours are marked. Each may stand in a file (` + "`key = value`" + `, given with -c), in a variable
` + "`KONG_<KEY>` or `GIBBON_<KEY>`, or in a flag `--<key>`" + `; later ones of this list win. Lists are separated by commas. A key that Kong knows and
Gibbon has no use for is accepted with a warning; one that nobody knows is an error in a GIBBON_ variable or flag, with the nearest
right key named.

`)
	if err := settings.Markdown(&b); err != nil {
		t.Fatal(err)
	}
	pages["docs/settings.md"] = b.String()
	all := plugins.All()
	index := "# Plugins\n\n" + generated + "| plugin | what it does | priority |\n|---|---|---|\n"
	for _, name := range slices.Sorted(maps.Keys(all)) {
		p := all[name]
		b.Reset()
		folder := "../../internal/plugins/" + strings.ReplaceAll(name, "-", "")
		fmt.Fprintf(&b, "# %s\n\n%s%s\n\nPriority %d. [How to use it](%s/README.md), with samples.\n\n## Fields of config\n\n", name, generated, p.Doc, p.Priority, folder)
		if err := p.Config.Markdown(&b); err != nil {
			t.Fatal(err)
		}
		pages["docs/plugins/"+name+".md"] = b.String()
		index += fmt.Sprintf("| [%s](%s.md) | %s | %d |\n", name, name, p.Doc, p.Priority)
	}
	pages["docs/plugins/README.md"] = index
	for path, want := range pages {
		file := filepath.Join(root(t), path)
		if *update {
			if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		got, err := os.ReadFile(file)
		if err != nil {
			t.Errorf("%s: %v (make docs writes it)", path, err)
			continue
		}
		if d := cmp.Diff(string(got), want); d != "" {
			t.Errorf("%s is not what the code says (make docs writes it):\n%s", path, d)
		}
	}
}
