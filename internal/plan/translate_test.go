package plan_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"github.com/gibbon-gateway/gibbon/entity"
	"github.com/gibbon-gateway/gibbon/internal/plan"
	"github.com/gibbon-gateway/gibbon/schema"
)

var update = flag.Bool("update", false, "write testdata/*.out.yaml again")

func uuid(n any) string { return fmt.Sprintf("00000000-0000-4000-8000-%012v", n) }

// object makes a stored document. Numbers stand for ids.
func object(t testing.TB, kind string, doc map[string]any) entity.Object {
	t.Helper()
	k := entity.KindOf(kind)
	doc["id"] = uuid(doc["id"])
	for _, ref := range []string{"service", "upstream"} {
		if n, ok := doc[ref]; ok {
			doc[ref] = map[string]any{"id": uuid(n)}
		}
	}
	text, err := json.Marshal(doc) // as the Admin API gets it
	if err != nil {
		t.Fatal(err)
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	clear(doc)
	if err := d.Decode(&doc); err != nil {
		t.Fatal(err)
	}
	full, errs := k.Prepare(doc, schema.Options{Op: schema.Create})
	if len(errs) > 0 {
		t.Fatalf("%s %v: %s", kind, doc, errs.Message())
	}
	if text, err = json.Marshal(full); err != nil {
		t.Fatal(err)
	}
	return entity.Object{Kind: k, ID: full["id"].(string), Doc: text}
}

// objects reads a file of documents by kind.
func objects(t testing.TB, file string) (out []entity.Object) {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var docs map[string][]map[string]any
	if err := yaml.Unmarshal(b, &docs); err != nil {
		t.Fatal(err)
	}
	for kind, list := range docs {
		for _, doc := range list {
			out = append(out, object(t, kind, doc))
		}
	}
	return out
}

func setOf(t testing.TB, objects []entity.Object) *entity.Set {
	t.Helper()
	set, problems := entity.NewSet(1, objects)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	return set
}

// written is a configuration as text.
func written(t testing.TB, c *plan.Config) []byte {
	t.Helper()
	text, err := json.Marshal(map[string]any{"rules": c.Rules, "pools": c.Pools})
	if err != nil {
		t.Fatal(err)
	}
	var doc yaml.Node
	if err := yaml.Unmarshal(text, &doc); err != nil {
		t.Fatal(err)
	}
	block(&doc)
	var out bytes.Buffer
	e := yaml.NewEncoder(&out)
	e.SetIndent(2)
	if err := e.Encode(&doc); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// block gives a node the usual style of YAML.
func block(n *yaml.Node) {
	n.Style = 0
	for _, sub := range n.Content {
		block(sub)
	}
}

func TestTranslate(t *testing.T) {
	files, _ := filepath.Glob("testdata/*.in.yaml")
	if len(files) < 4 {
		t.Fatal(files)
	}
	for _, in := range files {
		got := written(t, plan.Translate(setOf(t, objects(t, in)), nil))
		out := strings.TrimSuffix(in, ".in.yaml") + ".out.yaml"
		if *update {
			if err := os.WriteFile(out, got, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(out)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), string(got)); diff != "" {
			t.Errorf("%s (-want +got)\n%s", in, diff)
		}
	}
}

// What did not change is the same object; what did has what is kept of it: a rule of a changed service keeps its match.
func TestTranslateKeeps(t *testing.T) {
	all := objects(t, "testdata/services.in.yaml")
	set := setOf(t, all)
	before := plan.Translate(set, nil)
	find := func(c *plan.Config, id int) *plan.Rule {
		i := slices.IndexFunc(c.Rules, func(r *plan.Rule) bool { return r.ID == uuid(id) })
		return c.Rules[i]
	}
	for _, c := range []struct {
		name   string
		change entity.Object
		rules  map[int]bool // whether they are the same object
	}{
		{"nothing of it", object(t, "consumers", map[string]any{"id": 41, "username": "c"}), map[int]bool{11: true, 12: true, 13: true, 15: true}},
		{"a service", object(t, "services", map[string]any{"id": 1, "host": "other.example"}), map[int]bool{11: false, 12: true, 15: false}},
		{"a target", object(t, "targets", map[string]any{"id": 33, "upstream": 21, "target": "10.0.0.9:1"}), map[int]bool{11: true, 12: true}},
		{"an upstream for a service", object(t, "upstreams", map[string]any{"id": 23, "name": "up.example"}), map[int]bool{11: false, 12: true, 15: false}},
		{"a route", object(t, "routes", map[string]any{"id": 11, "paths": []string{"/new"}, "service": 1}), map[int]bool{11: false, 12: true, 15: true}},
		{"a route is gone", entity.Object{Kind: entity.KindOf("routes"), ID: uuid(13)}, map[int]bool{12: true, 14: true}},
	} {
		next, _ := set.Change(2, []entity.Object{c.change})
		after := plan.Translate(next, before)
		for id, same := range c.rules {
			old, now := find(before, id), find(after, id)
			if (old == now) != same {
				t.Errorf("%s: rule %d is the same: %v", c.name, id, !same)
			}
			if kept := old.Match == now.Match; kept != (same || c.change.Kind.Name != "routes") {
				t.Errorf("%s: match of %d is the same: %v", c.name, id, kept)
			}
		}
		if diff := cmp.Diff(string(written(t, plan.Translate(next, nil))), string(written(t, after))); diff != "" {
			t.Errorf("%s: (-alone +after)\n%s", c.name, diff)
		}
	}
}

func TestOrigin(t *testing.T) {
	for want, o := range map[string]plan.Origin{
		"route 1":            {Kind: "routes", ID: "1", Name: "n"},
		"HTTPRoute ns/web":   {Kind: "HTTPRoute", ID: "uid", Name: "web", Namespace: "ns"},
		"Ingress default/in": {Kind: "Ingress", ID: "uid", Name: "in", Namespace: "default"},
		"GatewayClass uid":   {Kind: "GatewayClass", ID: "uid", Name: "g"},
	} {
		if got := o.String(); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}
