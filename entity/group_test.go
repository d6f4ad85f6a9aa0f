package entity_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/gibbon-gateway/gibbon/entity"
	"github.com/gibbon-gateway/gibbon/schema"
)

// TestConsumerGroups checks who is in which group, and in which order groups count, as members come and go and groups get
// other names.
func TestConsumerGroups(t *testing.T) {
	group := func(n int, name string) entity.Object {
		return object(t, "consumer_groups", n, fmt.Sprintf(`{"name":%q}`, name))
	}
	member := func(consumer, group int) entity.Object {
		doc, errs := entity.KindOf("consumer_group_consumers").Prepare(map[string]any{"id": id(99), "consumer": map[string]any{"id": id(consumer)},
			"consumer_group": map[string]any{"id": id(group)}}, schema.Options{Op: schema.Create})
		if len(errs) > 0 || doc["id"] != entity.MemberID(id(consumer), id(group)) {
			t.Fatal(doc, errs)
		}
		return entity.Object{Kind: entity.KindOf("consumer_group_consumers"), ID: doc["id"].(string), Doc: fmt.Appendf(nil,
			`{"id":%q,"created_at":1,"consumer":%s,"consumer_group":%s}`, doc["id"], ref(consumer), ref(group))}
	}
	names := func(s *entity.Set, consumer int) (list []string) {
		for _, g := range s.ConsumerGroupsOf(id(consumer)) {
			list = append(list, g.Name)
		}
		return list
	}
	s, problems := entity.NewSet(1, []entity.Object{object(t, "consumers", 1, `{"username":"a"}`), object(t, "consumers", 2, `{"username":"b"}`),
		group(11, "gold"), group(12, "basic"), member(1, 11), member(1, 12), member(2, 11), member(7, 11)})
	if len(problems) != 1 || !slices.Equal(names(s, 1), []string{"basic", "gold"}) || !slices.Equal(names(s, 2), []string{"gold"}) || names(s, 7) != nil {
		t.Error(names(s, 1), names(s, 2), problems)
	}
	if g := s.ConsumerGroupNamed("gold"); g == nil || g.ID != id(11) || s.ConsumerGroupNamed("silver") != nil {
		t.Error(g)
	}
	s, _ = s.Change(2, []entity.Object{group(11, "a-new-name")})
	if !slices.Equal(names(s, 1), []string{"a-new-name", "basic"}) {
		t.Error(names(s, 1))
	}
	gone := member(1, 12)
	gone.Doc = nil
	s, _ = s.Change(3, []entity.Object{gone})
	if !slices.Equal(names(s, 1), []string{"a-new-name"}) {
		t.Error(names(s, 1))
	}
}

// TestPluginScopes checks what a plugin may be bound to, and that one without a group is stored as it was before there were any.
func TestPluginScopes(t *testing.T) {
	k := entity.KindOf("plugins")
	prepare := func(doc map[string]any) (map[string]any, schema.Errors) {
		return k.Prepare(doc, schema.Options{Op: schema.Create})
	}
	group, consumer := map[string]any{"id": id(1)}, map[string]any{"id": id(2)}
	doc, errs := prepare(map[string]any{"name": "x", "consumer_group": nil})
	if _, has := doc["consumer_group"]; has || len(errs) > 0 || doc["consumer"] != nil {
		t.Error(doc, errs)
	}
	if doc, errs = prepare(map[string]any{"name": "x", "consumer_group": group}); len(errs) > 0 || doc["consumer_group"] == nil {
		t.Error(doc, errs)
	}
	if _, errs = prepare(map[string]any{"name": "x", "consumer_group": group, "consumer": consumer}); errs["consumer_group"] != "cannot be set together with 'consumer'" {
		t.Error(errs)
	}
	has := func(fields ...string) func(string) bool {
		return func(f string) bool { return slices.Contains(fields, f) }
	}
	if got := fmt.Sprint(k.UniqueSets(has("name")), k.UniqueSets(has("name", "consumer_group"))); got !=
		"[[instance_name] [name route service consumer]] [[instance_name] [name route service consumer consumer_group]]" {
		t.Error(got)
	}
	if len(k.Unique[1]) != 5 {
		t.Error("the kind has changed")
	}
}
