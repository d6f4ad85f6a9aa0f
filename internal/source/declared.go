package source

import (
	"context"
	"sync"
	"time"

	"github.com/gibbon-gateway/gibbon/entity"
)

// Declared delivers what it is given: declarative configurations, at the start, on a reload and by POST /config. The zero
// value has none yet, and delivers an empty set.
type Declared struct {
	state
	mu      sync.Mutex // held while a set is delivered
	version uint64
	current *entity.Set
	config  *Config
	deliver func(*entity.Set, []entity.Problem)
}

// Apply makes a configuration the current one. When it returns, the set is delivered, if Run runs.
func (d *Declared) Apply(c *Config) *entity.Set {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.version++
	set, _ := d.current.Next(d.version, c.Objects)
	d.current, d.config = set, c
	if d.deliver != nil {
		d.push()
	}
	return set
}

// Current returns the configuration and its set; nil if there was none yet.
func (d *Declared) Current() (*Config, *entity.Set) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.config, d.current
}

// Run delivers the current set, and every one that Apply makes, until ctx ends.
func (d *Declared) Run(ctx context.Context, deliver func(*entity.Set, []entity.Problem)) error {
	d.mu.Lock()
	d.deliver = deliver
	if d.current == nil {
		d.current, _ = entity.NewSet(0, nil)
	}
	d.push()
	d.mu.Unlock()
	<-ctx.Done()
	d.mu.Lock()
	defer d.mu.Unlock()
	d.deliver = nil
	return ctx.Err()
}

func (d *Declared) push() {
	d.deliver(d.current, d.current.Problems())
	d.delivered(d.current, time.Now())
}
