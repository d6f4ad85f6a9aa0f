package snapshot_test

import (
	"fmt"
	"testing"

	"github.com/gibbon-gateway/gibbon/entity"
)

// member puts a consumer into a group.
func member(t testing.TB, consumer, group int) entity.Object {
	return object(t, "consumer_group_consumers", 0, `{"consumer":`+ref(consumer)+`,"consumer_group":`+ref(group)+`}`)
}

// TestLevels compares every two of the twelve levels of precedence, in Kong's order.
func TestLevels(t *testing.T) {
	r, s, c, g := `,"route":`+ref(2), `,"service":`+ref(1), `,"consumer":`+ref(3), `,"consumer_group":`+ref(4)
	levels := []string{r + s + c, r + s + g, r + c, s + c, r + g, s + g, r + s, c, g, r, s, ""}
	base := []entity.Object{object(t, "services", 1, `{"host":"127.0.0.1"}`), object(t, "routes", 2, `{"paths":["/"],"service":`+ref(1)+`}`),
		object(t, "consumers", 3, `{"username":"u"}`), object(t, "consumer_groups", 4, `{"name":"g"}`), member(t, 3, 4)}
	for i := range levels {
		for j := range i {
			closed := 0
			snap, problems := buildSet(nil, setOf(t, append(base, pluginOf(50+i, "a", `{}`, levels[i]), pluginOf(50+j, "a", `{}`, levels[j]))...),
				options(t, testTypes(&closed)))
			if len(problems) > 0 {
				t.Fatal(problems)
			}
			slot := &match(snap, "/").Chain.Slots[0]
			if got := slot.Pick(entity.Get[entity.Consumer](snap.Set, uuid(3)), snap.Set.ConsumerGroupsOf(uuid(3))); got == nil || got.ID != uuid(50+j) {
				t.Errorf("level %d against %d: %v", j+1, i+1, got)
			}
			snap.Close()
		}
	}
}

// TestSeveralGroups checks what a consumer of several groups gets: what is bound to more, and then the group that comes first by name.
func TestSeveralGroups(t *testing.T) {
	closed := 0
	base := []entity.Object{object(t, "services", 1, `{"host":"127.0.0.1"}`), object(t, "routes", 2, `{"paths":["/"],"service":`+ref(1)+`}`),
		object(t, "consumers", 3, `{"username":"u"}`)}
	for i, name := range []string{"silver", "gold", "bronze"} {
		base = append(base, object(t, "consumer_groups", 10+i, fmt.Sprintf(`{"name":%q}`, name)), member(t, 3, 10+i))
	}
	for _, c := range []struct {
		plugins []entity.Object
		want    int
	}{
		{[]entity.Object{pluginOf(50, "a", `{}`, `,"consumer_group":`+ref(10)), pluginOf(51, "a", `{}`, `,"consumer_group":`+ref(11))}, 51},
		{[]entity.Object{pluginOf(50, "a", `{}`, `,"consumer_group":`+ref(12)), pluginOf(51, "a", `{}`, `,"consumer_group":`+ref(11))}, 50},
		{[]entity.Object{pluginOf(50, "a", `{}`, `,"consumer_group":`+ref(12)), pluginOf(51, "a", `{}`, `,"route":`+ref(2)+`,"consumer_group":`+ref(10))}, 51},
	} {
		snap, _ := buildSet(nil, setOf(t, append(base, c.plugins...)...), options(t, testTypes(&closed)))
		slot := &match(snap, "/").Chain.Slots[0]
		got := slot.Pick(entity.Get[entity.Consumer](snap.Set, uuid(3)), snap.Set.ConsumerGroupsOf(uuid(3)))
		if !slot.Grouped() || got == nil || got.ID != uuid(c.want) || slot.Pick(nil, nil) != nil {
			t.Errorf("want %d, got %v", c.want, got)
		}
		snap.Close()
	}
}
