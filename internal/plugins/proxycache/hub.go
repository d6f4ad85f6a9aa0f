package proxycache

import (
	"context"
	"sync"
	"time"

	"github.com/gibbon-gateway/gibbon/internal/plugins/proxycache/httpcache"
	"github.com/gibbon-gateway/gibbon/plugin"
	"github.com/gibbon-gateway/gibbon/state"
)

// hub is what all configurations of a gateway share: the memory that responses are in, and what is being fetched. So entries
// outlive changes of the configuration.
type hub struct {
	store   *httpcache.Store
	flights *httpcache.Flights

	of    state.Store
	users int // guarded by hubs
	stop  context.CancelFunc
}

// hubs are those in use, by the state that their gateway keeps for this node.
var hubs = struct {
	sync.Mutex
	m map[state.Store]*hub
}{m: map[state.Store]*hub{}}

// sweepEvery is how often expired entries are looked for.
const sweepEvery = 15 * time.Second

// acquireHub returns the hub of a gateway. Its memory is limited as the gateway's is, by mem_cache_size.
func acquireHub(env plugin.Env) *hub {
	of := env.Local
	if of == nil {
		of = env.State
	}
	hubs.Lock()
	defer hubs.Unlock()
	h := hubs.m[of]
	if h == nil {
		limit := int64(0)
		if l, ok := of.(interface{ Limit() int64 }); ok {
			limit = l.Limit()
		}
		ctx, cancel := context.WithCancel(context.Background())
		h = &hub{store: httpcache.NewStore(limit), flights: httpcache.NewFlights(), of: of, stop: cancel}
		hubs.m[of] = h
		go h.sweep(ctx, env.Now)
	}
	h.users++
	return h
}

func (h *hub) sweep(ctx context.Context, now func() time.Time) {
	t := time.NewTicker(sweepEvery)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
			h.store.Sweep(now())
		}
	}
}

// release gives the hub back. The last one to do so ends it; what it holds stays usable for requests that are under way.
func (h *hub) release() {
	hubs.Lock()
	defer hubs.Unlock()
	if h.users--; h.users == 0 {
		delete(hubs.m, h.of)
		h.stop()
	}
}
