package source_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gibbon-gateway/gibbon/entity"
)

// groups tells who is in what and which plugins are bound to which group, as lines.
func groups(s *entity.Set) (lines []string) {
	for _, c := range entity.All[entity.Consumer](s) {
		for _, g := range s.ConsumerGroupsOf(c.ID) {
			lines = append(lines, c.Username+c.CustomID+" in "+g.Name)
		}
	}
	for _, p := range entity.All[entity.Plugin](s) {
		if p.ConsumerGroup != nil {
			lines = append(lines, p.Name+" of "+entity.Get[entity.ConsumerGroup](s, p.ConsumerGroup.ID).Name)
		}
	}
	return lines
}

// TestMembers reads memberships in all the forms that decK and Kong's Kubernetes controller write: each file says the same.
func TestMembers(t *testing.T) {
	const entities = `
_format_version: "3.0"
`
	files := map[string]string{
		"nested in groups": `
consumers: [{username: alice}, {username: bob}, {custom_id: c}]
consumer_groups:
- name: gold
  consumers: [{username: alice}, bob]
  plugins: [{name: http-log, config: {http_endpoint: "http://x.test"}}]
- {name: free, consumers: [{custom_id: c, tags: [a], created_at: 5}, {username: alice, custom_id: null}]}
`,
		"nested in consumers": `
consumers:
- {username: alice, groups: [{name: gold}, {name: free, tags: [x]}]}
- {username: bob, groups: [gold]}
- {custom_id: c, groups: [{name: free}]}
consumer_groups: [{name: free}, {name: gold}]
plugins: [{name: http-log, consumer_group: gold, config: {http_endpoint: "http://x.test"}}]
`,
		"both": `
consumers:
- {username: alice, groups: [{name: gold}, {name: free}]}
- {username: bob, groups: [{name: gold}]}
- {custom_id: c}
consumer_groups:
- {name: gold, consumers: [{username: alice}, {username: bob}]}
- {name: free, consumers: [{custom_id: c}]}
consumer_group_plugins: [{name: http-log, consumer_group: gold, config: {http_endpoint: "http://x.test"}}]
`,
		"flat": `
consumers: [{username: alice}, {username: bob}, {custom_id: c}]
consumer_groups: [{name: gold}, {name: free}]
consumer_group_consumers:
- {consumer: alice, consumer_group: gold}
- {consumer: alice, consumer_group: {name: free}}
- {consumer: {username: bob}, consumer_group: gold}
- {consumer: c, consumer_group: free, created_at: 7}
plugins: [{name: http-log, consumer_group: {name: gold}, config: {http_endpoint: "http://x.test"}}]
`,
	}
	var first []entity.Object
	for name, file := range files {
		t.Run(name, func(t *testing.T) {
			c, s := parse(t, entities+file)
			want := []string{"alice in free", "alice in gold", "bob in gold", "c in free", "http-log of gold"}
			got := groups(s)
			for _, line := range want {
				if !strings.Contains(fmt.Sprint(got), line) || len(got) != len(want) {
					t.Fatal(got)
				}
			}
			ids := map[string]bool{}
			for _, o := range first {
				ids[o.ID] = true
			}
			for _, o := range c.Objects {
				if len(first) > 0 && !ids[o.ID] && o.Kind.Name != "plugins" { // theirs depend on how the group is named, as in Kong
					t.Errorf("%s %s has another id than in another form", o.Kind.Name, o.ID)
				}
			}
			first = c.Objects
		})
	}
}

func TestMemberErrors(t *testing.T) {
	for _, test := range []struct{ file, want string }{
		{`consumers: [{username: a, groups: [{name: none}]}]`,
			`{consumers={{groups={{consumer_group="invalid reference 'consumer_group: none' (no such entry in 'consumer_groups')"}}}}}`},
		{`consumer_groups: [{name: g, consumers: [{username: a}, {}]}]`,
			`{consumer_groups={{consumers={{consumer="invalid reference 'consumer: a' (no such entry in 'consumers')"},` +
				`"expected the id or username of one of the 'consumers'"}}}}`},
		{`consumer_groups: [{name: g, consumers: a}]`, `{consumer_groups={{consumers="expected an array"}}}`},
		{`consumer_groups: [{consumers: []}]`, `{consumer_groups={{name="required field missing"}}}`},
		{`consumer_groups: [{name: g}, {name: g}]`, `{consumer_groups={[2]="uniqueness violation: 'consumer_groups' entity with name set to 'g' already declared"}}`},
		{`consumer_group_consumers: [{consumer: a}]`, `{consumer_group_consumers={{consumer="invalid reference 'consumer: a' (no such entry in 'consumers')",` +
			`consumer_group="required field missing"}}}`},
		{`consumer_group_plugins: [{name: http-log, config: {http_endpoint: "http://x.test"}}]`, `{consumer_group_plugins={{consumer_group="required field missing"}}}`},
		{"routes: [{name: a, paths: [/a]}, {name: b, paths: [/b]}]\nplugins: [{name: key-auth, route: {name: a}}, {name: key-auth, route: {name: b}}, {name: 5}]",
			`{plugins={[3]={name="expected a string"}}}`},
		{`consumer_groups: [{name: g, plugins: [{name: key-auth}]}]`, `{consumer_groups={{plugins={{consumer_group="value must be null"}}}}}`},
	} {
		got := strings.TrimPrefix(invalid(t, "\n_format_version: \"3.0\"\n"+test.file+"\n").Error(), "declarative config is invalid: ")
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s\n%s", test.file, diff)
		}
	}
}
