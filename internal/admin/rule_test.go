package admin_test

import (
	"fmt"
	"testing"

	"github.com/gibbon-gateway/gibbon/internal/admin"
	"github.com/gibbon-gateway/gibbon/internal/plan"
)

func TestRules(t *testing.T) {
	to := "/new"
	rules := []plan.Status{
		{Rule: &plan.Rule{ID: "a", Origin: plan.Origin{Kind: "routes", ID: "a", Name: "n"}, Off: "service s is disabled",
			Match: &plan.Match{Protocols: []string{"http"}, Paths: []plan.Path{{Kind: plan.Prefix, Value: "/a"}}}}, Reason: "service s is disabled"},
		{Rule: &plan.Rule{ID: "b/1", Origin: plan.Origin{Kind: "HTTPRoute", ID: "u", Name: "web", Namespace: "default"},
			Match:    &plan.Match{Protocols: []string{"http"}, Query: []plan.Condition{{Name: "q", Values: []string{"1"}}}},
			Backends: []plan.Weighted{{Weight: 9, Backend: &plan.Backend{ID: "up", Protocol: "http", Host: "h", Port: 80, Tries: 1}}, {Weight: 1, Invalid: "no such service"}},
			Filters:  []plan.Filter{{Redirect: &plan.Redirect{Path: &plan.PathEdit{Full: &to}}}}}, Programmed: true},
	}
	for i := range 3 {
		rules = append(rules, plan.Status{Rule: &plan.Rule{ID: fmt.Sprint("c", i), Match: &plan.Match{}}, Programmed: true})
	}
	a := newTester(t, func(o *admin.Options) { o.Rules = func() []plan.Status { return rules } })
	got := a.want(200, "GET", "/gibbon/rules?size=2", "")
	a.equal(got, "data", `[
		{"id":"a","origin":{"kind":"routes","id":"a","name":"n"},"off":"service s is disabled","match":{"protocols":["http"],"paths":[{"kind":"prefix","value":"/a"}]},
		 "backends":null,"programmed":false,"reason":"service s is disabled"},
		{"id":"b/1","origin":{"kind":"HTTPRoute","id":"u","name":"web","namespace":"default"},
		 "match":{"protocols":["http"],"query":[{"name":"q","values":["1"]}]},
		 "backends":[{"weight":9,"backend":{"id":"up","origin":{"kind":"","id":""},"protocol":"http","host":"h","port":80,"tries":1}},{"weight":1,"invalid":"no such service"}],
		 "filters":[{"redirect":{"path":{"full":"/new"}}}],"programmed":true}]`)
	seen := 2
	for next, _ := got["next"].(string); next != ""; {
		got = a.want(200, "GET", next, "")
		seen += len(got["data"].([]any))
		next, _ = got["next"].(string)
	}
	if seen != 5 {
		t.Errorf("%d rules on all pages", seen)
	}
	a.equal(a.want(200, "GET", "/gibbon/rules/b%2F1", ""), "origin.name", `"web"`)
	a.message(404, "Not found", "GET", "/gibbon/rules/b", "")
	a.message(405, "Method not allowed", "DELETE", "/gibbon/rules/a", "")
	a.message(400, "size must be an integer between 1 and 1000", "GET", "/gibbon/rules?size=0", "")
}

func TestNoRules(t *testing.T) {
	a := newTester(t)
	a.message(404, "Not found", "GET", "/gibbon/rules", "")
	a = newTester(t, func(o *admin.Options) { o.Rules = func() []plan.Status { return nil } })
	a.equal(a.want(200, "GET", "/gibbon/rules", ""), "data", `[]`)
}
