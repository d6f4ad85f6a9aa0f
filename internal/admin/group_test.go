package admin_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/gibbon-gateway/gibbon/internal/admin"
	"github.com/gibbon-gateway/gibbon/internal/plugins"
	"github.com/gibbon-gateway/gibbon/internal/source"
)

// named returns the names of what is in a list of an answer, sorted.
func named(answer map[string]any, list, field string) string {
	docs, _ := answer[list].([]any)
	var names []string
	for _, d := range docs {
		names = append(names, d.(map[string]any)[field].(string))
	}
	slices.Sort(names)
	return strings.Join(names, " ")
}

func keys(m map[string]any) string { return strings.Join(slices.Sorted(maps.Keys(m)), " ") }

// TestConsumerGroups goes through the paths that Kong documents for groups and members.
func TestConsumerGroups(t *testing.T) {
	a := newTester(t)
	if got := keys(a.want(201, "POST", "/consumer_groups", "name=gold&tags=a")); got != "created_at id name tags updated_at" {
		t.Error(got)
	}
	a.want(200, "PUT", "/consumer_groups/free", "")
	a.message(409, `UNIQUE violation detected on '{name="gold"}'`, "POST", "/consumer_groups", "name=gold")
	a.message(400, "schema violation (name: required field missing)", "POST", "/consumer_groups", "")
	a.equal(a.want(200, "PATCH", "/consumer_groups/free", "tags=b"), "tags", `["b"]`)
	for _, name := range []string{"alice", "bob", "carol", "dave"} {
		a.want(201, "POST", "/consumers", "username="+name)
	}
	if got := named(a.want(200, "GET", "/consumer_groups", ""), "data", "name"); got != "free gold" {
		t.Error(got)
	}

	// Members, from either side: one or several.
	got := a.want(201, "POST", "/consumer_groups/gold/consumers", "consumer=alice")
	if keys(got) != "consumer_group consumers" || named(got, "consumers", "username") != "alice" {
		t.Error(got)
	}
	a.equal(got, "consumer_group.name", `"gold"`)
	got = a.want(201, "POST", "/consumer_groups/gold/consumers", `{"consumer":["bob","carol"]}`)
	if named(got, "consumers", "username") != "bob carol" {
		t.Error(got)
	}
	got = a.want(201, "POST", "/consumers/alice/consumer_groups", "group=free")
	if keys(got) != "consumer consumer_groups" || named(got, "consumer_groups", "name") != "free" {
		t.Error(got)
	}
	a.want(201, "POST", "/consumers/dave/consumer_groups", "group[]=free&group[]=gold")
	if got := a.want(200, "GET", "/consumer_groups/gold/consumers", ""); named(got, "data", "username") != "alice bob carol dave" || got["next"] != nil {
		t.Error(got)
	}
	if got := a.want(200, "GET", "/consumers/alice/consumer_groups", ""); named(got, "data", "name") != "free gold" {
		t.Error(got)
	}
	page := a.want(200, "GET", "/consumer_groups/gold/consumers?size=3", "")
	if len(page["data"].([]any)) != 3 || !strings.HasPrefix(page["next"].(string), "/consumer_groups/gold/consumers?offset=") {
		t.Error(page)
	}
	if rest := a.want(200, "GET", page["next"].(string), ""); len(rest["data"].([]any)) != 1 || rest["next"] != nil {
		t.Error(rest)
	}

	// What is wrong is said, and then nobody is a member.
	a.message(404, "consumer 'eve' not found", "POST", "/consumer_groups/free/consumers", `{"consumer":["bob","eve"]}`)
	a.message(404, "group 'none' not found", "POST", "/consumers/bob/consumer_groups", "group=none")
	a.message(404, "Not found", "POST", "/consumer_groups/none/consumers", "consumer=bob")
	a.message(404, "Not found", "GET", "/consumer_groups/none/consumers", "")
	a.message(404, "Not found", "GET", "/consumer_groups/none", "")
	a.message(400, "schema violation (consumer: required field missing)", "POST", "/consumer_groups/free/consumers", "")
	a.message(400, "schema violation (consumer: expected a string)", "POST", "/consumer_groups/free/consumers", `{"consumer":[1]}`)
	a.message(400, "2 schema violations (consumer: required field missing; consumers: unknown field)", "POST", "/consumer_groups/free/consumers", `{"consumers":["bob"]}`)
	if w := a.do("POST", "/consumer_groups/gold/consumers", "consumer=alice"); w.Code != 409 {
		t.Error(w.Code, w.Body)
	}
	if got := named(a.want(200, "GET", "/consumer_groups/free/consumers", ""), "data", "username"); got != "alice dave" {
		t.Error(got)
	}

	// Plugins of a group.
	p := a.want(201, "POST", "/consumer_groups/gold/plugins", "name=rate-limiting&config.minute=5&instance_name=g")
	id := a.want(200, "GET", "/consumer_groups/gold", "")["consumer_group"].(map[string]any)["id"].(string)
	a.equal(p, "consumer_group.id", fmt.Sprintf("%q", id))
	a.want(201, "POST", "/plugins", "name=rate-limiting&config.minute=1&consumer_group.name=free")
	global := a.want(201, "POST", "/plugins", "name=rate-limiting&config.minute=1")
	if _, has := global["consumer_group"]; has {
		t.Error("a plugin without a group shows one")
	}
	a.message(409, fmt.Sprintf(`UNIQUE violation detected on '{consumer=null,consumer_group={id="%s"},name="rate-limiting",route=null,service=null}'`, id),
		"POST", "/consumer_groups/gold/plugins", "name=rate-limiting&config.minute=7")
	a.message(409, `UNIQUE violation detected on '{consumer=null,name="rate-limiting",route=null,service=null}'`, "POST", "/plugins", "name=rate-limiting&config.minute=1")
	a.message(400, "schema violation (consumer_group: value must be null)", "POST", "/consumer_groups/gold/plugins", "name=key-auth")
	a.message(400, "schema violation (consumer_group: cannot be set together with 'consumer')", "POST", "/consumer_groups/gold/plugins",
		`{"name":"rate-limiting","config":{"minute":7},"consumer":{"username":"bob"}}`)
	a.equal(a.want(200, "GET", "/plugins/g/consumer_group", ""), "name", `"gold"`)
	if got := named(a.want(200, "GET", "/consumer_groups/gold/plugins", ""), "data", "instance_name"); got != "g" {
		t.Error(got)
	}

	// A group as a whole.
	got = a.want(200, "GET", "/consumer_groups/"+id, "")
	if keys(got) != "consumer_group consumers plugins" || named(got, "consumers", "username") != "alice bob carol dave" || named(got, "plugins", "name") != "rate-limiting" {
		t.Error(got)
	}
	if got := a.want(200, "GET", "/consumer_groups/gold?list_consumers=false", ""); keys(got) != "consumer_group plugins" {
		t.Error(got)
	}
	if got := keys(a.want(200, "GET", "/schemas/consumer_groups", "")); got != "entity_checks fields" {
		t.Error(got)
	}
	if got := a.do("GET", "/tags/a", "").Body.String(); !strings.Contains(got, `"entity_name":"consumer_groups"`) {
		t.Error(got)
	}

	// Members leave, and what is deleted takes memberships and plugins along.
	a.want(204, "DELETE", "/consumer_groups/gold/consumers/carol", "")
	a.message(404, "Not found", "DELETE", "/consumer_groups/gold/consumers/carol", "")
	a.want(204, "DELETE", "/consumers/dave/consumer_groups/gold", "")
	a.want(204, "DELETE", "/consumers/bob", "")
	if got := named(a.want(200, "GET", "/consumer_groups/gold/consumers", ""), "data", "username"); got != "alice" {
		t.Error(got)
	}
	a.want(204, "DELETE", "/consumers/dave/consumer_groups", "")
	if got := a.want(200, "GET", "/consumers/dave/consumer_groups", ""); len(got["data"].([]any)) != 0 {
		t.Error(got)
	}
	a.want(204, "DELETE", "/consumer_groups/gold", "")
	a.message(404, "Not found", "GET", "/plugins/g", "")
	if got := named(a.want(200, "GET", "/consumers/alice/consumer_groups", ""), "data", "name"); got != "free" {
		t.Error(got)
	}
	a.want(201, "POST", "/consumers/carol/consumer_groups", "group=free")
	a.want(204, "DELETE", "/consumer_groups/free/consumers", "")
	if got := keys(a.want(200, "GET", "/consumer_groups/free", "")); got != "consumer_group plugins" {
		t.Error(got)
	}
	// A plugin can leave its group.
	free := a.want(200, "GET", "/consumer_groups/free/plugins", "")["data"].([]any)[0].(map[string]any)["id"].(string)
	a.want(204, "DELETE", "/plugins/"+global["id"].(string), "")
	if _, has := a.want(200, "PATCH", "/plugins/"+free, `{"consumer_group":null}`)["consumer_group"]; has {
		t.Error("the plugin is still bound to the group")
	}
}

// TestDeclaredGroups reads groups of a declarative configuration, and writes it out so that it can be read again.
func TestDeclaredGroups(t *testing.T) {
	d := &source.Declared{}
	a := newTester(t, func(o *admin.Options) { o.Store, o.Declared, o.Plugins = nil, d, plugins.All() })
	config := `{"_format_version":"3.0","consumers":[{"username":"carol"},{"username":"alice"},{"username":"bob","groups":[{"name":"gold"}]}],
		"consumer_groups":[{"name":"gold","consumers":[{"username":"alice"}],"plugins":[{"name":"rate-limiting","config":{"minute":5}}]}]}`
	a.want(201, "POST", "/config", config)
	before := a.want(200, "GET", "/consumer_groups/gold", "")
	if named(before, "consumers", "username") != "alice bob" || named(before, "plugins", "name") != "rate-limiting" {
		t.Error(before)
	}
	a.message(405, "cannot create 'consumer_group_consumers' entities when not using a database", "POST", "/consumers/carol/consumer_groups", "group=gold")
	a.message(405, "cannot remove 'consumer_group_consumers' entities when not using a database", "DELETE", "/consumers/alice/consumer_groups/gold", "")
	a.message(405, "cannot create 'consumer_groups' entities when not using a database", "POST", "/consumer_groups", "name=x")

	written := a.want(200, "GET", "/config", "")["config"].(string)
	if strings.Count(written, "consumer_group:") != 3 || strings.Contains(written, "\n    id: "+"\n") {
		t.Error(written)
	}
	body, err := json.Marshal(map[string]any{"config": written})
	if err != nil {
		t.Fatal(err)
	}
	a.want(201, "POST", "/config", string(body))
	if after := a.want(200, "GET", "/consumer_groups/gold", ""); fmt.Sprint(after) != fmt.Sprint(before) {
		t.Errorf("%v\n%v", before, after)
	}
}
