package openidconnect_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/gibbon-gateway/gibbon/entity"
)

// withGroups is prepare with some consumer groups.
func withGroups(t *testing.T) *gateway {
	g := prepare(t)
	var objects []entity.Object
	add := func(kind, id string, doc map[string]any) {
		doc["id"] = id
		objects = append(objects, entity.Object{Kind: entity.KindOf(kind), ID: id, Doc: json.RawMessage(jsonText(doc))})
	}
	for _, c := range g.stage.Consumers {
		add("consumers", c.ID, map[string]any{"username": c.Username})
	}
	for i, name := range []string{"gold", "free", "power users", "7"} {
		add("consumer_groups", "33333333-3333-4333-8333-33333333333"+string(rune('0'+i)), map[string]any{"name": name})
	}
	set, problems := entity.NewSet(1, objects)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	g.stage.Set = set
	return g
}

// TestConsumerGroups lets claims say which consumer groups a request counts to, with a consumer and without.
func TestConsumerGroups(t *testing.T) {
	g := withGroups(t)
	for _, c := range []struct {
		config string
		claims []any
		status int
		want   string // names; "-" where those of the consumer count
	}{
		{"", []any{"groups", []any{"gold"}}, 200, "-"},
		{"consumer_groups_claim: [groups]", []any{"groups", []any{"silver", "gold", "free", "gold"}}, 200, "free gold"},
		{"consumer_groups_claim: [groups]", []any{"groups", "gold free"}, 200, "free gold"},
		{"consumer_groups_claim: [groups]", []any{"groups", "power users"}, 200, "power users"},
		{"consumer_groups_claim: [groups]", []any{"groups", []any{"power users", "gold"}}, 200, "gold power users"},
		{"consumer_groups_claim: [realm, level]", []any{"realm", map[string]any{"level": 7}}, 200, "7"},
		{"consumer_groups_claim: [groups]", []any{"groups", []any{"silver"}}, 403, ""},
		{"consumer_groups_claim: [groups]", []any{"groups", map[string]any{"gold": true}}, 403, ""},
		{"consumer_groups_claim: [groups]", nil, 403, ""},
		{"consumer_groups_claim: [groups]\nconsumer_groups_optional: true", []any{"groups", []any{"silver"}}, 200, "-"},
		{"consumer_groups_claim: [groups]\nconsumer_claims: [[sub]]", []any{"groups", "gold"}, 200, "gold"},
		{"consumer_groups_claim: [groups]\nconsumer_claims: [[sub]]", []any{"groups", "silver"}, 403, ""},
		{"consumer_groups_claim: [groups]\nanonymous: guest", []any{"groups", "silver"}, 200, "-"},
	} {
		g.with("auth_methods: [bearer]\n" + c.config)
		token := g.provider.Token(c.claims...)
		for range 2 { // the second one is remembered
			r := g.bearer(token)
			if r.Status != c.status {
				t.Errorf("%s %v: status %d, want %d", c.config, c.claims, r.Status, c.status)
				continue
			}
			var names []string
			for _, group := range r.Exchange.ConsumerGroups {
				names = append(names, group.Name)
			}
			got := strings.Join(names, " ")
			if r.Exchange.ConsumerGroups == nil && c.status == 200 {
				got = "-"
			}
			if got != c.want {
				t.Errorf("%s %v: %q, want %q", c.config, c.claims, got, c.want)
			}
			if has := r.Exchange.Consumer != nil; c.status == 200 && has != strings.Contains(c.config+c.want, "consumer_claims") && !strings.Contains(c.config, "anonymous") {
				t.Errorf("%s: consumer %v", c.config, r.Exchange.Consumer)
			}
		}
	}
}

func TestExplainConsumerGroups(t *testing.T) {
	g := withGroups(t)
	g.with("auth_methods: [bearer]\nconsumer_groups_claim: [groups]")
	for claim, want := range map[string]string{"free gold": "accepted free, gold", "silver": "refused no consumer group belongs to the claims"} {
		_, doc := g.admin("POST", "/openid-connect/explain",
			`{"plugin":"00000000-0000-4000-8000-000000000001","token":"`+g.provider.Token("groups", claim)+`"}`)
		steps := doc["steps"].([]any)
		last := steps[len(steps)-1].(map[string]any)
		if got := fmt.Sprint(last["outcome"], " ", last["detail"]); last["check"] != "consumer groups" || got != want {
			t.Errorf("%s: %v", claim, last)
		}
	}
}
