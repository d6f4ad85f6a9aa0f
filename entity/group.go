package entity

import (
	"cmp"
	"slices"

	"github.com/gibbon-gateway/gibbon/schema"
)

// ConsumerGroup is a number of consumers that plugins may be bound to.
type ConsumerGroup struct {
	ID        string   `json:"id" conf:"id"`
	CreatedAt int64    `json:"created_at" conf:"created_at"`
	UpdatedAt int64    `json:"updated_at" conf:"updated_at"`
	Name      string   `json:"name" conf:"required;unique" doc:"The name of the group."`
	Tags      []string `json:"tags" conf:"tags" doc:"Labels to group and filter by."`
}

// Member says that a consumer is in a consumer group. Its id follows from the two.
type Member struct {
	ID            string `json:"id" conf:"id"`
	CreatedAt     int64  `json:"created_at" conf:"created_at"`
	Consumer      *Ref   `json:"consumer" conf:"foreign=consumers;required;on_delete=cascade" doc:"The consumer."`
	ConsumerGroup *Ref   `json:"consumer_group" conf:"foreign=consumer_groups;required;on_delete=cascade" doc:"The group that it is in."`
}

func consumerGroupSchema() *schema.Schema { return schema.Of[ConsumerGroup]() }

func memberSchema() *schema.Schema { return schema.Of[Member]() }

// MemberID returns the id of the membership of a consumer in a group. What is there once cannot be there under another id.
func MemberID(consumer, group string) string {
	return DeterministicID(KindOf("consumer_group_consumers"), consumer, group)
}

// identifyMember gives a membership its id, whatever id the input has chosen.
func identifyMember(doc map[string]any, _ schema.Options) schema.Errors {
	id := func(field string) string {
		ref, _ := doc[field].(map[string]any)
		text, _ := ref["id"].(string)
		return text
	}
	doc["id"] = MemberID(id("consumer"), id("consumer_group"))
	return nil
}

// indexMembers files the groups under their consumers, ordered by name.
func (s *Set) indexMembers() {
	members := All[Member](s)
	groups := make(map[string]*ConsumerGroup, len(s.groups))
	for _, g := range s.groups {
		groups[g.ID] = g
	}
	s.groupsOf = make(map[string][]*ConsumerGroup)
	for _, m := range members {
		if g := groups[refID(m.ConsumerGroup)]; g != nil && m.Consumer != nil {
			s.groupsOf[m.Consumer.ID] = append(s.groupsOf[m.Consumer.ID], g)
		}
	}
	for _, list := range s.groupsOf {
		SortConsumerGroups(list)
	}
}

// SortConsumerGroups orders groups by name, as Kong does: where a consumer is in several that a plugin is bound to, the first
// one's configuration is used.
func SortConsumerGroups(list []*ConsumerGroup) {
	slices.SortFunc(list, func(a, b *ConsumerGroup) int { return cmp.Compare(a.Name, b.Name) })
}
