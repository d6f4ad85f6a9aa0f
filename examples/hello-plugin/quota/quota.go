// Package quota is the plugin quota: it counts the requests of each consumer and refuses those that are too many. The limit is the
// configuration's, or that of an entity below the consumer: /consumers/{consumer}/quotas.
package quota

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/gibbon-gateway/gibbon/entity"
	"github.com/gibbon-gateway/gibbon/plugin"
	"github.com/gibbon-gateway/gibbon/schema"
	"github.com/gibbon-gateway/gibbon/state"
)

type config struct {
	Limit  int64   `json:"limit" conf:"required;gt=0" doc:"How many requests a consumer has in a window."`
	Window float64 `json:"window" conf:"required;default=60;gt=0" doc:"The length of a window, in seconds."`
}

// Quota is the limit of one consumer: an entity that exists for this plugin.
type Quota struct {
	ID        string      `json:"id" conf:"id"`
	CreatedAt int64       `json:"created_at" conf:"created_at"`
	Consumer  *entity.Ref `json:"consumer" conf:"foreign=consumers;required;on_delete=cascade" doc:"The consumer."`
	Limit     int64       `json:"limit" conf:"required;gt=0" doc:"How many requests it has in a window."`
}

var quotas = entity.NewKind[Quota](entity.Kind{
	Name: "quotas", Path: "quotas", Schema: schema.Of[Quota](), Unique: [][]string{{"consumer"}},
	Refs: []entity.Reference{{Field: "consumer", To: "consumers", Nested: "quotas", Cascade: true, Indexed: true}},
})

// Type is the plugin.
var Type = plugin.Define(plugin.Desc{
	Name:       "quota",
	Version:    "1.0.0",
	Priority:   900, // behind authentication
	Doc:        "Counts the requests of each consumer.",
	NoConsumer: true,
	Entities:   []*entity.Kind{quotas},
}, func(c config, env plugin.Env) (any, error) {
	return &counter{config: c, id: env.ID, counts: env.State, find: env.Find, now: env.Now}, nil
})

// counter is one configuration at work.
type counter struct {
	config
	id     string
	counts state.Counters // shared by all nodes, where the gateway's state is
	find   plugin.Finder
	now    func() time.Time
}

// Access counts the request, and ends it with 429 when there were too many.
func (q *counter) Access(x *plugin.Exchange) error {
	if x.Consumer == nil {
		return x.Error(http.StatusUnauthorized, "")
	}
	limit := q.Limit
	for _, v := range q.find.Entities().Referring("quotas", "consumer", x.Consumer.ID) {
		limit = v.(*Quota).Limit
	}
	window := time.Duration(q.Window * float64(time.Second))
	now := q.now()
	start := now.Truncate(window)
	key := "quota:" + q.id + ":" + x.Consumer.ID + ":" + strconv.FormatInt(start.UnixMilli(), 36)
	n, err := q.counts.Add(context.Background(), []byte(key), 1, window)
	if err != nil {
		return err // 500: who is not counted is not let through
	}
	x.Response.Header.Set("X-Quota-Left", strconv.FormatInt(max(limit-n, 0), 10))
	if n > limit {
		wait := start.Add(window).Sub(now) + time.Second - 1
		return x.Error(http.StatusTooManyRequests, "Quota exceeded", "Retry-After", strconv.Itoa(int(wait/time.Second)))
	}
	return nil
}
