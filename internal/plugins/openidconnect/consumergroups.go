package openidconnect

import (
	"slices"
	"strings"

	"github.com/gibbon-gateway/gibbon/entity"
	"github.com/gibbon-gateway/gibbon/internal/oidc"
)

// consumerGroups finds the consumer groups that the claims name, ordered by name, where consumer_groups_claim is set. Of the names in the
// claim those that no group has do not matter as long as there is one. nil means that the groups of the consumer count, if there is one.
func (v *visit) consumerGroups(g *grant) ([]*entity.ConsumerGroup, error) {
	p, path := v.p, v.p.placesOf(g).consumerGroups
	if len(path) == 0 {
		return nil, nil
	}
	found := groupsNamed(p.env.Find.Entities(), v.claim(g, path), nil)
	if len(found) == 0 && !p.ConsumerGroupsOptional {
		return nil, forbidden("", "no consumer group belongs to the claims")
	}
	entity.SortConsumerGroups(found)
	return found, nil
}

// groupsNamed appends the groups that a claim names to those that are known already. Text is a name as a whole, which may have spaces,
// or else a name at every word.
func groupsNamed(set *entity.Set, claim any, known []*entity.ConsumerGroup) []*entity.ConsumerGroup {
	add := func(name string) bool {
		group := set.ConsumerGroupNamed(name)
		if group != nil && !slices.Contains(known, group) {
			known = append(known, group)
		}
		return group != nil
	}
	switch v := claim.(type) {
	case []any:
		for _, e := range v {
			known = groupsNamed(set, e, known)
		}
	case string:
		if add(v) || !strings.ContainsAny(v, " \t\r\n") {
			return known
		}
		for _, word := range oidc.Words(v) {
			add(word)
		}
	default:
		for _, word := range oidc.Words(v) {
			add(word)
		}
	}
	return known
}
