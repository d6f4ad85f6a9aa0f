package keyauth

import (
	"time"

	"github.com/gibbon-gateway/gibbon/entity"
	"github.com/gibbon-gateway/gibbon/schema"
)

// kind is the kind of entity that keys are.
const kind = "keyauth_credentials"

// Credential is a consumer's API key.
type Credential struct {
	ID        string      `json:"id" conf:"id"`
	CreatedAt int64       `json:"created_at" conf:"created_at"`
	Consumer  *entity.Ref `json:"consumer" conf:"foreign=consumers;required;on_delete=cascade" doc:"The consumer that the key stands for."`
	Key       string      `json:"key" conf:"optional;unique;auto" doc:"The key. One is made up if it is missing."`
	Tags      []string    `json:"tags" conf:"tags" doc:"Labels to group and filter by."`

	Vanishes time.Time `json:"-"` // zero if the key does not expire
}

var keys = entity.NewKind[Credential](entity.Kind{
	Name: kind, Path: "key-auths", Endpoint: "key", Keyed: true, TTL: true,
	Schema: schema.Of[Credential](), Unique: [][]string{{"key"}},
	Refs: []entity.Reference{{Field: "consumer", To: "consumers", Nested: "key-auth", Cascade: true}},
})
