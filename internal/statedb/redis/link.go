package redis

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/rueidis"

	"github.com/gibbon-gateway/gibbon/state"
)

// link is the way to Redis. It is up or down. While it is up, calls are made, each under the time limit. The first one that
// gets no answer takes the link down, and all that are under way fail with it. While it is down, calls fail at once, and
// one goroutine, the keeper, tries to reach Redis until it answers again. So however many requests come, they wait for one
// time limit when Redis goes away and for none after that. When the link falls again soon, it stays down for a second.
//
// One silent node of a Cluster takes the whole link down: the keeper asks for the key that got no answer, until a replica
// has taken over or the node is back.
type link struct {
	client  rueidis.ClientOption
	timeout time.Duration
	log     *slog.Logger
	now     atomic.Pointer[era]
	closed  atomic.Bool
	stop    func()
}

// era is a time in which the link is connecting (the first one only), up or down.
type era struct {
	client rueidis.Client // while up
	err    error          // while down; wraps state.ErrUnavailable
	ctx    context.Context
	end    context.CancelCauseFunc

	// Set before end, by the call that got no answer:
	key     string // what it was about
	rebuild bool   // the client does not know who is master
}

func newEra(client rueidis.Client, err error) *era {
	e := &era{client: client, err: err}
	e.ctx, e.end = context.WithCancelCause(context.Background())
	return e
}

var errClosed = fmt.Errorf("%w: the store is closed", state.ErrUnavailable)

func newLink(client rueidis.ClientOption, o Options) *link {
	l := &link{client: client, timeout: o.timeout(), log: o.Log}
	if l.log == nil {
		l.log = slog.New(slog.DiscardHandler)
	}
	l.now.Store(newEra(nil, nil))
	ctx, cancel := context.WithCancel(context.Background())
	l.client.DialCtxFn = func(_ context.Context, address string, d *net.Dialer, config *tls.Config) (net.Conn, error) {
		return dial(ctx, address, d, config)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		l.keep(ctx)
	}()
	l.stop = sync.OnceFunc(func() {
		cancel()
		<-done
	})
	return l
}

// dial connects. It does not end with the call that needed the connection, for others may be waiting for it, too; it ends
// with the link.
func dial(ctx context.Context, address string, d *net.Dialer, config *tls.Config) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, d.Timeout)
	defer cancel()
	if config == nil {
		return d.DialContext(ctx, "tcp", address)
	}
	return (&tls.Dialer{NetDialer: d, Config: config}).DialContext(ctx, "tcp", address)
}

func (l *link) close() {
	l.closed.Store(true)
	l.turn(newEra(nil, errClosed))
	l.stop()
	l.turn(newEra(nil, errClosed)) // the keeper may have been about to turn it
}

// turn begins another era and returns the old one.
func (l *link) turn(e *era) *era {
	if l.closed.Load() && e.err == nil {
		e = newEra(nil, errClosed)
	}
	old := l.now.Swap(e)
	old.end(e.err)
	return old
}

// do makes one call, which is about key. Errors are those of the answer, or wrap state.ErrUnavailable.
func (l *link) do(ctx context.Context, key string, call func(ctx context.Context, c rueidis.Client) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	e := l.now.Load()
	if e.err == nil && e.client == nil {
		if e = l.first(ctx, e); e == nil {
			return ctx.Err()
		}
	}
	if e.err != nil {
		return e.err
	}
	limited, cancel := context.WithTimeout(e.ctx, l.timeout)
	defer cancel()
	if ctx.Done() != nil {
		defer context.AfterFunc(ctx, cancel)()
	}
	return l.judge(ctx, e, key, call(limited, e.client))
}

// first waits until the link is connected for the first time or has failed to, or the time limit is over. It returns nil
// when ctx has ended before.
func (l *link) first(ctx context.Context, e *era) *era {
	limit := time.NewTimer(l.timeout)
	defer limit.Stop()
	select {
	case <-e.ctx.Done():
		return l.now.Load()
	case <-limit.C:
		return newEra(nil, fmt.Errorf("%w: not connected yet", state.ErrUnavailable))
	case <-ctx.Done():
		return nil
	}
}

// judge turns the result of a call into what the caller is told, and takes the link down if Redis did not answer.
func (l *link) judge(ctx context.Context, e *era, key string, err error) error {
	if err == nil || rueidis.IsRedisNil(err) || errors.Is(err, state.ErrKind) || errors.Is(err, state.ErrUnavailable) {
		return err
	}
	if reply, ok := rueidis.IsRedisErr(err); ok {
		return l.judgeReply(e, key, reply)
	}
	if ctxErr := ctx.Err(); ctxErr != nil && e.ctx.Err() == nil {
		if errors.Is(ctxErr, context.DeadlineExceeded) {
			return fmt.Errorf("%w: %w", state.ErrUnavailable, ctxErr)
		}
		return ctxErr
	}
	return l.fall(e, key, err, false)
}

func (l *link) judgeReply(e *era, key string, reply *rueidis.RedisError) error {
	switch text := reply.Error(); {
	case strings.HasPrefix(text, "WRONGTYPE"), strings.Contains(text, "not an integer"):
		return state.ErrKind
	case strings.Contains(text, "would overflow"):
		return reply
	case strings.Contains(text, "READONLY"):
		return l.fall(e, key, reply, true)
	}
	return fmt.Errorf("%w: %w", state.ErrUnavailable, reply)
}

// fall takes the link down, unless another call has done so. It returns why calls fail now.
func (l *link) fall(e *era, key string, err error, rebuild bool) error {
	if errors.Is(err, context.DeadlineExceeded) {
		err = fmt.Errorf("no answer within %s", l.timeout)
	}
	down := newEra(nil, fmt.Errorf("%w: %w", state.ErrUnavailable, err))
	if !l.now.CompareAndSwap(e, down) {
		if cause := context.Cause(e.ctx); errors.Is(cause, state.ErrUnavailable) {
			return cause
		}
		return down.err
	}
	e.key, e.rebuild = key, rebuild
	e.end(down.err)
	return down.err
}
