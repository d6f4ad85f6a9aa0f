// Package house_test holds the rules of the repository that a compiler does not check: imports point down, files stay short,
// packages say what they are for, dependencies have a reason.
package house_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"go/parser"
	"go/token"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/gibbon-gateway/gibbon"

// mayImport says, for every package or tree of packages (with /…), which of our packages its code imports at most. Tests may
// import more. A package that is missing here fails the test: give it a place.
var mayImport = map[string]string{
	"header":            "",
	"schema":            "",
	"schema/schematest": "schema",
	"state":             "",
	"entity":            "schema",
	"edit":              "",
	"plugin":            "schema entity state header edit",
	"plugin/plugintest": "plugin schema entity state header internal/metrics internal/statedb/memory",

	"internal/exchange":  "header",
	"internal/grpcframe": "",
	"internal/protofile": "edit",
	"internal/dial":      "header internal/exchange",
	"internal/lex":       "",
	"internal/http1":     "header internal/exchange internal/dial",
	"internal/http2":     "header internal/exchange internal/dial internal/lex",
	"internal/observe":   "",
	"internal/metrics":   "plugin",
	"internal/demo":      "",
	"internal/settings":  "schema",
	"internal/plan":      "entity",
	"internal/route":     "header internal/plan",
	"internal/balance":   "entity",
	"internal/statedb/…": "state internal/statedb/servertest",
	"internal/kongredis": "schema internal/statedb/redis",
	// Applications, codes and tokens: the plugin oauth2 issues them, openid-connect takes them.
	"internal/kongoauth2": "entity schema",

	"internal/plugins":             "plugin internal/plugins/…",
	"internal/plugins/…":           "plugin schema entity state header edit internal/statedb/memory plugin/plugintest schema/schematest",
	"internal/plugins/grpcweb":     "plugin schema header internal/grpcframe internal/protofile",
	"internal/plugins/grpcgateway": "plugin schema header internal/grpcframe internal/protofile",
	"internal/plugins/jwt":         "plugin schema entity edit internal/jose",
	"internal/plugins/oauth2":      "plugin schema entity header edit internal/kongoauth2",
	// Plugins that issue tokens are tested with a store in memory.
	"internal/plugins/stage": "plugin schema entity state internal/metrics internal/statedb/memory plugin/plugintest schema/schematest internal/store internal/store/ledger",
	// Policy redis has a server of its own, whatever the gateway's state is.
	// Tokens and sessions are shared in a Redis of their own, too.
	// Sessions in memcached as well.
	"internal/plugins/openidconnect": "plugin schema entity state header edit internal/jose internal/kongoauth2 internal/oidc internal/statedb/redis internal/statedb/memcached internal/kongredis",
	"internal/plugins/ratelimiting":  "plugin state schema internal/statedb/redis",
	// Strategy redis too.
	"internal/plugins/proxycache":           "plugin state schema header internal/statedb/redis internal/kongredis internal/plugins/proxycache/httpcache",
	"internal/plugins/proxycache/httpcache": "header",

	"internal/store":           "entity",
	"internal/store/…":         "entity schema internal/store internal/store/…",
	"internal/store/storetest": "entity schema internal/kongoauth2 internal/plugins internal/store", // of kinds that plugins have
	"internal/store/sqlcount":  "state internal/store/sqldb",
	"internal/store/ledger":    "plugin entity schema internal/store",
	"internal/source":          "entity schema internal/store",
	"internal/protocols":       "internal/exchange internal/dial internal/http1 internal/http2 internal/proxy",
	"internal/snapshot":        "entity plugin schema state header internal/plan internal/route internal/balance internal/exchange",
	"internal/proxy":           "entity plugin header internal/plan internal/route internal/balance internal/snapshot internal/exchange",
	"internal/admin":           "entity plugin schema internal/plan internal/store internal/source",
	"internal/jose":            "",
	"internal/oidc":            "internal/jose state",
	"internal/oidc/…":          "internal/jose internal/oidc",
	// The provider is a relying party itself, of other providers.
	"internal/idp":   "internal/idp/… internal/store/sqldb",
	"internal/idp/…": "internal/idp/… internal/store/sqldb internal/jose internal/oidc",

	"internal/app":       "…",
	"gibbontest":         "internal/app internal/settings",
	"internal/cli":       "plugin internal/app internal/settings internal/source internal/idp internal/observe",
	".":                  "plugin internal/cli",
	"cmd/gibbon":         ".",
	"test/idp/srpclient": "internal/idp/srp",
	"bench/idp":          "internal/idp internal/idp/… bench/rig test/idp/srpclient",
	"bench/…":            "internal/http1 internal/exchange header bench/rig bench/peer",
}

// longFiles may be over 600 lines, each for a reason.
var longFiles = map[string]string{}

func root(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

type listed struct {
	ImportPath, Dir, Name string
	GoFiles, Imports      []string
}

func list(t *testing.T) []listed {
	t.Helper()
	cmd := exec.Command("go", "list", "-json=ImportPath,Dir,Name,GoFiles,Imports", "./...")
	cmd.Dir = root(t)
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var all []listed
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listed
		if err := d.Decode(&p); err == io.EOF {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		if len(p.GoFiles) > 0 {
			all = append(all, p)
		}
	}
}

// inModule returns the path of a package inside the module, "." for the package at its root.
func inModule(importPath string) (path string, ours bool) {
	if importPath == module {
		return ".", true
	}
	return strings.CutPrefix(importPath, module+"/")
}

func covers(pattern, path string) bool {
	if tree, ok := strings.CutSuffix(pattern, "…"); ok {
		return strings.HasPrefix(path, tree)
	}
	return pattern == path
}

func TestImportsPointDown(t *testing.T) {
	seen := map[string]bool{}
	for _, p := range list(t) {
		path, _ := inModule(p.ImportPath)
		rule, allowed := "", ""
		for pattern, to := range mayImport {
			if covers(pattern, path) && (rule == "" || len(strings.TrimSuffix(pattern, "…")) > len(strings.TrimSuffix(rule, "…"))) {
				rule, allowed = pattern, to
			}
		}
		if rule == "" {
			t.Errorf("%s: not in mayImport", path)
			continue
		}
		seen[rule] = true
		for _, imported := range p.Imports {
			imported, ours := inModule(imported)
			if ours && !slices.ContainsFunc(strings.Fields(allowed), func(a string) bool { return covers(a, imported) }) {
				t.Errorf("%s imports %s; it may import only: %s", path, imported, allowed)
			}
		}
	}
	for pattern := range mayImport {
		if !seen[pattern] {
			t.Errorf("mayImport names %s, which has no package", pattern)
		}
	}
}

// A plugin stands alone: what two of them need is below them.
func TestPluginsDoNotImportEachOther(t *testing.T) {
	prefix := module + "/internal/plugins/"
	for _, p := range list(t) {
		name, ok := strings.CutPrefix(p.ImportPath, prefix)
		if !ok {
			continue
		}
		for _, imported := range p.Imports {
			if other, ok := strings.CutPrefix(imported, prefix); ok && other != "stage" && !strings.HasPrefix(other, name+"/") {
				t.Errorf("plugin %s imports plugin %s", name, other)
			}
		}
	}
}

func TestPackagesSayWhatTheyAreFor(t *testing.T) {
	banned := []string{"util", "utils", "common", "helper", "helpers", "types", "models", "misc"}
	for _, p := range list(t) {
		if slices.Contains(banned, p.Name) {
			t.Errorf("%s: a package is named for what it holds, not %s", p.ImportPath, p.Name)
		}
		documented := false
		for _, file := range p.GoFiles {
			f, err := parser.ParseFile(token.NewFileSet(), filepath.Join(p.Dir, file), nil, parser.ParseComments|parser.PackageClauseOnly)
			if err != nil {
				t.Fatal(err)
			}
			documented = documented || f.Doc != nil && len(f.Doc.Text()) > 40
		}
		if !documented {
			t.Errorf("%s: no package comment", p.ImportPath)
		}
	}
}

func goFiles(t *testing.T) []string {
	t.Helper()
	cmd := exec.Command("git", "ls-files", "--cached", "--others", "--exclude-standard", "*.go")
	cmd.Dir = root(t)
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("git ls-files: %v", err)
	}
	return slices.DeleteFunc(strings.Fields(string(out)), func(f string) bool {
		_, err := os.Stat(filepath.Join(root(t), f))
		return err != nil
	})
}

func TestFilesAreShort(t *testing.T) {
	for _, file := range goFiles(t) {
		if strings.HasSuffix(file, "_test.go") || longFiles[file] != "" {
			continue
		}
		b, err := os.ReadFile(filepath.Join(root(t), file))
		if err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(string(b), "\n"); n > 600 {
			t.Errorf("%s has %d lines; 600 is the limit", file, n)
		}
	}
}

// Markers of unfinished work and tests that wait for the clock do not belong into main.
func TestNothingIsLeftOver(t *testing.T) {
	left := regexp.MustCompile(`\b(TO` + `DO|FIX` + `ME|XX` + `X)\b|not imple` + `mented|\bt\.Sk` + `ip(Now|f)?\(`)
	sleep := regexp.MustCompile(`\btime\.Sl` + `eep\(`)
	for _, file := range goFiles(t) {
		b, err := os.ReadFile(filepath.Join(root(t), file))
		if err != nil {
			t.Fatal(err)
		}
		for i, line := range strings.Split(string(b), "\n") {
			if left.MatchString(line) || strings.HasSuffix(file, "_test.go") && sleep.MatchString(line) {
				t.Errorf("%s:%d: %s", file, i+1, strings.TrimSpace(line))
			}
		}
	}
}

func TestDependenciesHaveReasons(t *testing.T) {
	gomod, err := os.Open(filepath.Join(root(t), "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	defer gomod.Close()
	doc, err := os.ReadFile(filepath.Join(root(t), "DEPENDENCIES.md"))
	if err != nil {
		t.Fatal(err)
	}
	row := regexp.MustCompile("(?m)^\\| `([^`]+)` \\| [^|]{15,} \\|$")
	reasons := map[string]bool{}
	for _, m := range row.FindAllStringSubmatch(string(doc), -1) {
		reasons[m[1]] = true
	}
	direct := 0
	for s := bufio.NewScanner(gomod); s.Scan(); {
		fields := strings.Fields(strings.TrimPrefix(s.Text(), "require "))
		if len(fields) != 2 || !strings.Contains(fields[0], ".") || !strings.HasPrefix(fields[1], "v") {
			continue
		}
		direct++
		if !reasons[fields[0]] {
			t.Errorf("%s: no reason in DEPENDENCIES.md", fields[0])
		}
		delete(reasons, fields[0])
	}
	for name := range reasons {
		t.Errorf("DEPENDENCIES.md names %s, which go.mod does not need directly", name)
	}
	if direct == 0 || direct > 30 {
		t.Error(fmt.Sprint("direct dependencies: ", direct))
	}
}
