// Package sqlcount counts in the database that gateways share, for rate limits with policy cluster. Its main type is Counters, which
// implements state.Counters. One goroutine gathers what requests ask for at the same time and does it in one transaction;
// transactions of all processes follow one another, so a limit holds exactly. While the database is away, and whenever it is slow,
// nobody waits longer than a time limit, and after the first nobody waits at all until it is tried again a second later.
package sqlcount

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gibbon-gateway/gibbon/internal/store/sqldb"
	"github.com/gibbon-gateway/gibbon/state"
)

const (
	// most is how many requests are served in one transaction.
	most = 256
	// rest is how long the database is left alone after it was away.
	rest = time.Second
	// sweepEvery is how often counters that are over are removed.
	sweepEvery = time.Minute
)

// Options of New. The zero value is ready to use.
type Options struct {
	// Timeout is how long a request waits at most. It defaults to a second.
	Timeout time.Duration
	// Now is the clock that lifetimes are measured by; nil means time.Now.
	Now func() time.Time
}

// Counters are counters in a table of a database.
type Counters struct {
	db      *sqldb.DB
	timeout time.Duration
	now     func() time.Time
	work    chan *job
	rests   atomic.Int64 // until when the database is left alone; nanoseconds on the clock of the process
	stopped chan struct{}
	stop    func()
}

var _ state.Counters = (*Counters)(nil)

// job is what one call asks for.
type job struct {
	n      int64
	claims []claim
	add    bool // whatever the limits say
	ok     bool
	err    error
	done   chan struct{}
}

// claim is a state.Claim that outlives the call.
type claim struct {
	key   string
	max   int64
	ttl   time.Duration
	value int64
}

// New counts in a table of db, which is made when it is needed first. Close ends the work in the background; the database stays open.
func New(db *sqldb.DB, o Options) *Counters {
	c := &Counters{db: db, timeout: o.Timeout, now: o.Now, work: make(chan *job, most), stopped: make(chan struct{})}
	if c.timeout <= 0 {
		c.timeout = time.Second
	}
	if c.now == nil {
		c.now = time.Now
	}
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		defer close(c.stopped)
		c.run(ctx)
	}()
	c.stop = sync.OnceFunc(cancel)
	return c
}

// Close ends the work in the background. Later calls fail.
func (c *Counters) Close() error {
	c.stop()
	<-c.stopped
	return nil
}

// Add implements state.Counters.
func (c *Counters) Add(ctx context.Context, key []byte, n int64, ttl time.Duration) (int64, error) {
	j := &job{n: n, add: true, claims: []claim{{key: string(key), ttl: ttl}}}
	if err := c.do(ctx, j); err != nil {
		return 0, fmt.Errorf("add: %w", err)
	}
	return j.claims[0].value, nil
}

// Take implements state.Counters.
func (c *Counters) Take(ctx context.Context, n int64, claims []state.Claim) (bool, error) {
	if n < 1 {
		return false, fmt.Errorf("take %d: must be at least 1", n)
	}
	if len(claims) == 0 {
		return true, nil
	}
	j := &job{n: n, claims: make([]claim, len(claims))}
	for i := range claims {
		j.claims[i] = claim{key: string(claims[i].Key), max: claims[i].Max, ttl: claims[i].TTL}
	}
	if err := c.do(ctx, j); err != nil {
		return false, fmt.Errorf("take: %w", err)
	}
	for i := range claims {
		claims[i].Value = j.claims[i].value
	}
	return j.ok, nil
}

var (
	errLate   = fmt.Errorf("%w: the database gives no answer in time", state.ErrUnavailable)
	errAway   = fmt.Errorf("%w: the database was away a moment ago", state.ErrUnavailable)
	errClosed = fmt.Errorf("%w: the counters are closed", state.ErrUnavailable)
)

// start is what rests is measured from: the clock of the process does not jump.
var start = time.Now()

// do has a job done.
func (c *Counters) do(ctx context.Context, j *job) error {
	if int64(time.Since(start)) < c.rests.Load() {
		return errAway
	}
	j.done = make(chan struct{})
	limit := time.NewTimer(c.timeout)
	defer limit.Stop()
	select {
	case c.work <- j:
	case <-ctx.Done():
		return ctx.Err()
	case <-c.stopped:
		return errClosed
	case <-limit.C:
		return c.late()
	}
	select {
	case <-j.done:
		return j.err
	case <-ctx.Done():
		return ctx.Err()
	case <-c.stopped:
		return errClosed
	case <-limit.C:
		return c.late()
	}
}

// late leaves the database alone for a while: it did not answer in time.
func (c *Counters) late() error {
	c.rests.Store(int64(time.Since(start) + rest))
	return errLate
}
