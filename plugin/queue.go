package plugin

import (
	"context"
	"errors"
	"sync"
	"time"
)

// QueueConfig is Kong's record queue, as plugins have it in their configuration:
//
//	Queue plugin.QueueConfig `json:"queue"`
//
// Times are in seconds.
type QueueConfig struct {
	MaxBatchSize       int     `json:"max_batch_size" conf:"default=1;between=1,1000000" doc:"How many entries are sent at a time, at most."`
	MaxCoalescingDelay float64 `json:"max_coalescing_delay" conf:"default=1;between=0,3600" doc:"How many seconds a batch waits for more entries."`
	MaxEntries         int     `json:"max_entries" conf:"default=10000;between=1,1000000" doc:"How many entries wait, at most. One more, and the oldest is dropped."`
	MaxBytes           *int    `json:"max_bytes" doc:"How many bytes the waiting entries have, at most. More, and the oldest are dropped."`
	MaxRetryTime       float64 `json:"max_retry_time" conf:"default=60" doc:"For how many seconds a batch is tried again before it is dropped."`
	InitialRetryDelay  float64 `json:"initial_retry_delay" conf:"default=0.01;between=0.001,1000000" doc:"How many seconds pass before the second try. Each further wait is twice as long."`
	MaxRetryDelay      float64 `json:"max_retry_delay" conf:"default=60;between=0.001,1000000" doc:"The longest wait between tries, in seconds."`
	ConcurrencyLimit   int     `json:"concurrency_limit" conf:"default=1;one_of=-1,1" doc:"How many batches are sent at the same time: one, or, with -1, as many as there are."`
}

// ErrQueueEntry is what Queue.Add gives for an entry that is longer than max_bytes altogether.
var ErrQueueEntry = errors.New("plugin: the entry is longer than the queue's max_bytes")

// drainTime is for how long what still waits is sent when the queue ends.
const drainTime = 5 * time.Second

// Queue collects entries and sends them in batches, in the background. Memory is bounded: when it is full the oldest entries are
// dropped, which is logged once until a batch was sent again. It is safe for concurrent use.
type Queue[T any] struct {
	c    QueueConfig
	env  Env
	name string
	size func(T) int
	send func(ctx context.Context, batch []T) error

	mu      sync.Mutex // guards what follows
	entries []T
	bytes   int
	dropped int  // since a batch was sent
	ended   bool // nothing is sent any more

	wake    chan struct{}
	sending sync.WaitGroup // batches, with concurrency_limit -1
}

// NewQueue starts a queue, which ends with the instance: what waits then is sent once more, for five seconds at most. size returns the
// length of an entry in bytes. send gets a batch that is its own; an error means that it is to be called again with the same. The
// context that it gets ends with the instance.
func NewQueue[T any](env Env, name string, c QueueConfig, size func(T) int, send func(ctx context.Context, batch []T) error) *Queue[T] {
	q := &Queue[T]{c: c, env: env, name: name, size: size, send: send, wake: make(chan struct{}, 1)}
	env.Go("queue "+name, q.run)
	return q
}

// Add puts an entry at the end, and drops the oldest ones if there is no room. It does not block.
func (q *Queue[T]) Add(entry T) error {
	n := q.size(entry)
	if q.c.MaxBytes != nil && n > *q.c.MaxBytes {
		return ErrQueueEntry
	}
	q.mu.Lock()
	if q.ended {
		q.dropped++
		q.mu.Unlock()
		return nil
	}
	lost := 0
	for len(q.entries) >= q.c.MaxEntries || q.c.MaxBytes != nil && len(q.entries) > 0 && q.bytes+n > *q.c.MaxBytes {
		q.take(1)
		lost++
	}
	first := lost > 0 && q.dropped == 0
	q.dropped += lost
	q.entries, q.bytes = append(q.entries, entry), q.bytes+n
	q.mu.Unlock()
	if first {
		q.env.Log.Error("queue full, dropping old entries until processing is successful again", "queue", q.name)
	}
	select {
	case q.wake <- struct{}{}:
	default:
	}
	return nil
}

// Len returns how many entries wait.
func (q *Queue[T]) Len() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.entries)
}

// take removes the first n entries and returns them. The lock is held.
func (q *Queue[T]) take(n int) []T {
	batch := append([]T(nil), q.entries[:n]...)
	for _, e := range batch {
		q.bytes -= q.size(e)
	}
	clear(q.entries[:n])
	if q.entries = q.entries[n:]; len(q.entries) == 0 {
		q.entries = nil
	}
	return batch
}

// batch returns the next batch, empty if nothing waits.
func (q *Queue[T]) batch() []T {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.take(min(len(q.entries), q.c.MaxBatchSize))
}

// run sends until the instance ends.
func (q *Queue[T]) run(ctx context.Context) {
	for q.collect(ctx) {
		batch := q.batch()
		switch {
		case len(batch) == 0:
		case q.c.ConcurrencyLimit < 0:
			q.sending.Go(func() { q.deliver(ctx, batch) })
		default:
			q.deliver(ctx, batch)
		}
	}
	q.sending.Wait()
	q.drain()
}

// collect waits until a batch is full, or its time is over. It reports false when the instance ends.
func (q *Queue[T]) collect(ctx context.Context) bool {
	for q.Len() == 0 {
		select {
		case <-q.wake:
		case <-ctx.Done():
			return false
		}
	}
	if q.Len() >= q.c.MaxBatchSize || q.c.MaxCoalescingDelay <= 0 {
		return ctx.Err() == nil
	}
	delay := time.NewTimer(seconds(q.c.MaxCoalescingDelay))
	defer delay.Stop()
	for q.Len() < q.c.MaxBatchSize {
		select {
		case <-q.wake:
		case <-delay.C:
			return true
		case <-ctx.Done():
			return false
		}
	}
	return true
}

// deliver sends a batch, again and again until it was taken or its time is over.
func (q *Queue[T]) deliver(ctx context.Context, batch []T) {
	begun, wait := q.env.now(), seconds(q.c.InitialRetryDelay)
	for {
		err := q.send(ctx, batch)
		if err == nil {
			q.sent()
			return
		}
		if ctx.Err() != nil {
			q.back(batch)
			return
		}
		if q.env.now().Sub(begun)+wait > seconds(q.c.MaxRetryTime) {
			q.env.Log.Error("could not send entries, giving up", "queue", q.name, "lost", len(batch), "error", err)
			return
		}
		q.env.Log.Warn("could not send entries", "queue", q.name, "entries", len(batch), "error", err, "again_in", wait)
		if q.env.Sleep(ctx, wait) != nil {
			q.back(batch)
			return
		}
		wait = min(2*wait, seconds(q.c.MaxRetryDelay))
	}
}

// sent says that the other side takes entries.
func (q *Queue[T]) sent() {
	q.mu.Lock()
	lost := q.dropped
	q.dropped = 0
	q.mu.Unlock()
	if lost > 0 {
		q.env.Log.Info("queue resumed processing", "queue", q.name, "dropped", lost)
	}
}

// back puts a batch in front again, for drain.
func (q *Queue[T]) back(batch []T) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.entries = append(batch, q.entries...)
	for _, e := range batch {
		q.bytes += q.size(e)
	}
}

// drain sends what waits, each batch once.
func (q *Queue[T]) drain() {
	ctx, cancel := context.WithTimeout(context.Background(), drainTime)
	defer cancel()
	lost := 0
	for {
		q.mu.Lock()
		batch := q.take(min(len(q.entries), q.c.MaxBatchSize))
		q.ended = len(batch) == 0
		q.mu.Unlock()
		if len(batch) == 0 {
			break
		}
		if ctx.Err() != nil || q.send(ctx, batch) != nil {
			lost += len(batch)
		}
	}
	if lost > 0 {
		q.env.Log.Error("entries were not sent before the end", "queue", q.name, "lost", lost)
	}
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }
