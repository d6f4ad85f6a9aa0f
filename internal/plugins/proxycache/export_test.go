package proxycache

import (
	"iter"

	"github.com/gibbon-gateway/gibbon/internal/plugins/proxycache/httpcache"
)

// Entries yields what is kept, encoded.
func Entries(p any) iter.Seq[[]byte] {
	c := p.(*cache)
	return func(yield func([]byte) bool) {
		c.hub.store.Each(c.now(), func(e *httpcache.Entry) bool { return yield(e.Encode()) })
	}
}
