package app_test

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gibbon-gateway/gibbon/gibbontest"
)

// The Admin API shows the rules in force as they are, and what is not in force.
func TestRulesAreShown(t *testing.T) {
	g := gibbontest.Start(t, `_format_version: "3.0"
services:
- {name: up, url: "http://127.0.0.1:1", routes: [{name: a, id: 00000000-0000-4000-8000-000000000001, paths: [/a]}]}
- {name: down, url: "http://127.0.0.1:1", enabled: false, routes: [{name: b, id: 00000000-0000-4000-8000-000000000002, paths: [/b]}]}
`, nil)
	type rule struct {
		ID         string
		Origin     struct{ Kind, Name string }
		Programmed bool
	}
	get := func(path string, to any) int {
		res, err := http.Get(g.Admin + path)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		if err := json.NewDecoder(res.Body).Decode(to); err != nil {
			t.Fatal(err)
		}
		return res.StatusCode
	}
	var list struct{ Data []rule }
	status := get("/gibbon/rules", &list)
	want := []rule{{ID: "00000000-0000-4000-8000-000000000001", Programmed: true}, {ID: "00000000-0000-4000-8000-000000000002"}}
	want[0].Origin.Kind, want[0].Origin.Name, want[1].Origin.Kind, want[1].Origin.Name = "routes", "a", "routes", "b"
	if diff := cmp.Diff(want, list.Data); diff != "" || status != 200 {
		t.Errorf("%d %s", status, diff)
	}
	var one rule
	if status := get("/gibbon/rules/"+want[1].ID, &one); status != 200 || one != want[1] {
		t.Errorf("%d %+v", status, one)
	}
}
