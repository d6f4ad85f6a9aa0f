package redis

import (
	"context"
	"fmt"
	"time"

	"github.com/redis/rueidis"

	"github.com/gibbon-gateway/gibbon/state"
)

const (
	// restless is how soon after a fall another one makes the link stay down for rest.
	restless = 5 * time.Second
	rest     = time.Second
	// Redis is tried after firstWait, then after twice as long each time, up to lastWait.
	firstWait = 50 * time.Millisecond
	lastWait  = time.Second
	// A client that has failed so many tries is replaced: it may know addresses that are no more.
	patience = 3
	// logEvery is how often at most it is logged that Redis is away.
	logEvery = 10 * time.Second
)

// keep brings the link up, and up again, until ctx ends.
func (l *link) keep(ctx context.Context) {
	var client rueidis.Client
	defer func() {
		if client != nil {
			client.Close()
		}
	}()
	var fell, logged time.Time
	reported := false // the present absence is in the log
	report := func(err error) {
		if !reported && time.Since(logged) >= logEvery {
			reported, logged = true, time.Now()
			l.log.Error("redis cannot be reached", "error", err)
		}
	}
	var lost *era
	for ctx.Err() == nil {
		if client = l.reach(ctx, client, lost, report); client == nil {
			return
		}
		if reported {
			l.log.Info("redis is back")
			reported = false
		}
		up := newEra(client, nil)
		l.turn(up)
		select {
		case <-ctx.Done():
			return
		case <-up.ctx.Done():
		}
		lost = up
		report(context.Cause(up.ctx))
		if time.Since(fell) < restless && !pause(ctx, rest) {
			return
		}
		fell = time.Now()
	}
}

// reach tries until Redis answers about what the era was lost over, and returns the client to use; nil when ctx has ended.
func (l *link) reach(ctx context.Context, client rueidis.Client, lost *era, report func(error)) rueidis.Client {
	if client != nil && lost != nil && lost.rebuild {
		client.Close()
		client = nil
	}
	wait := firstWait
	for tries := 1; ; tries++ {
		var err error
		if client == nil {
			client, err = l.connect()
		} else {
			err = l.ask(ctx, client, lost.key)
		}
		if err == nil {
			return client
		}
		if ctx.Err() != nil {
			break
		}
		err = fmt.Errorf("%w: %w", state.ErrUnavailable, err)
		report(err)
		l.turn(newEra(nil, err))
		if client != nil && tries%patience == 0 {
			client.Close()
			client = nil
		}
		if !pause(ctx, wait) {
			break
		}
		wait = min(2*wait, lastWait)
	}
	if client != nil {
		client.Close()
	}
	return nil
}

// connect makes a client that is connected.
func (l *link) connect() (rueidis.Client, error) {
	client, err := rueidis.NewClient(l.client)
	if err != nil {
		if client != nil {
			client.Close()
		}
		return nil, err
	}
	return client, nil
}

// ask reports whether Redis answers about a key. Any answer will do, but for those that say it is not ready.
func (l *link) ask(ctx context.Context, client rueidis.Client, key string) error {
	ctx, cancel := context.WithTimeout(ctx, l.timeout)
	defer cancel()
	err := client.Do(ctx, client.B().Exists().Key(key).Build()).Error()
	if reply, ok := rueidis.IsRedisErr(err); ok && !reply.IsLoading() && !reply.IsClusterDown() {
		return nil
	}
	return err
}

// pause waits for d; it reports false when ctx has ended.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
