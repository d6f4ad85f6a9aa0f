package acl

import (
	"github.com/gibbon-gateway/gibbon/entity"
	"github.com/gibbon-gateway/gibbon/schema"
)

// kind is the kind of entity that puts consumers into groups.
const kind = "acls"

// Group puts a consumer into a group.
type Group struct {
	ID        string      `json:"id" conf:"id"`
	CreatedAt int64       `json:"created_at" conf:"created_at"`
	Consumer  *entity.Ref `json:"consumer" conf:"foreign=consumers;required;on_delete=cascade" doc:"The consumer."`
	Group     string      `json:"group" conf:"required" doc:"The group."`
	Tags      []string    `json:"tags" conf:"tags" doc:"Labels to group and filter by."`
}

var groups = entity.NewKind[Group](entity.Kind{
	Name: kind, Path: "acls", Within: "group", Schema: schema.Of[Group](), Unique: [][]string{{"consumer", "group"}},
	Refs: []entity.Reference{{Field: "consumer", To: "consumers", Nested: "acls", Cascade: true, Indexed: true}},
})
