// Package redis keeps state in Redis, where all nodes see it: one server, a master that Sentinels watch, or a Cluster. Its main
// type is Store, which implements state.Store. While Redis is away calls fail at once with state.ErrUnavailable; link.go says
// how. The package does not keep copies: what must be fast belongs into a tier above it.
//
// A value is a string that starts with "v"; a counter is a decimal number. Counters are exact up to 2^53.
package redis

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/redis/rueidis"

	"github.com/gibbon-gateway/gibbon/state"
)

// Store is a state.Store in Redis.
type Store struct {
	link    *link
	prefix  string
	cluster bool
	fleet   []string // addresses of Sentinels, or of nodes of a Cluster
}

var _ state.Store = (*Store)(nil)

// New makes a store. It connects in the background: Redis may be away, now and at any time later. An error is about the
// options. Close ends the connections.
func New(o Options) (*Store, error) {
	client, err := o.client()
	if err != nil {
		return nil, err
	}
	s := &Store{link: newLink(client, o), prefix: o.prefix(), cluster: o.Cluster}
	if o.Cluster || o.Master != "" {
		s.fleet = slices.Clone(o.Addresses)
	}
	return s, nil
}

// Knows reports whether the options name host:port as a Sentinel or a node of the Cluster.
func (s *Store) Knows(address string) bool { return slices.Contains(s.fleet, address) }

// mark is the first byte of values.
const mark = 'v'

func (s *Store) key(key []byte) string { return s.prefix + string(key) }

// encode copies a value into what is stored.
func encode(value []byte) string {
	b := make([]byte, 0, 1+len(value))
	b = append(b, mark)
	return rueidis.BinaryString(append(b, value...))
}

// millis returns a lifetime in the unit of Redis; 0 is none.
func millis(ttl time.Duration) int64 {
	if ttl <= 0 {
		return 0
	}
	return max(1, int64((ttl+time.Millisecond-1)/time.Millisecond))
}

// maxValue is the longest value, in bytes: what a server takes by default, less the mark.
const maxValue = 512<<20 - 1

func checkSize(value []byte) error {
	if len(value) > maxValue {
		return fmt.Errorf("put %d bytes: %w", len(value), state.ErrTooLarge)
	}
	return nil
}

// Add implements state.Store.
func (s *Store) Add(ctx context.Context, key []byte, n int64, ttl time.Duration) (sum int64, err error) {
	k := s.key(key)
	err = s.link.do(ctx, k, func(ctx context.Context, c rueidis.Client) (err error) {
		if n == 0 {
			sum, err = count(c.Do(ctx, c.B().Get().Key(k).Build()).ToString())
			return err
		}
		args := []string{strconv.FormatInt(n, 10), strconv.FormatInt(millis(ttl), 10)}
		sum, err = addScript.Exec(ctx, c, []string{k}, args).AsInt64()
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("add: %w", err)
	}
	return sum, nil
}

// count reads what GET answered for a counter.
func count(text string, err error) (int64, error) {
	if rueidis.IsRedisNil(err) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0, state.ErrKind
	}
	return n, nil
}

// Take implements state.Store with a script. In a Cluster the keys must lie together, see state.Store.
func (s *Store) Take(ctx context.Context, n int64, claims []state.Claim) (bool, error) {
	if n < 1 {
		return false, fmt.Errorf("take %d: must be at least 1", n)
	}
	if len(claims) == 0 {
		return true, nil
	}
	if err := s.together(claims); err != nil {
		return false, err
	}
	keys, args := make([]string, len(claims)), make([]string, 1, 1+2*len(claims))
	args[0] = strconv.FormatInt(n, 10)
	for i := range claims {
		keys[i] = s.key(claims[i].Key)
		args = append(args, strconv.FormatInt(claims[i].Max, 10), strconv.FormatInt(millis(claims[i].TTL), 10))
	}
	var answer []int64
	err := s.link.do(ctx, keys[0], func(ctx context.Context, c rueidis.Client) (err error) {
		answer, err = takeScript.Exec(ctx, c, keys, args).AsIntSlice()
		return err
	})
	if err == nil && len(answer) != 1+len(claims) {
		err = fmt.Errorf("got %d numbers", len(answer))
	}
	if err != nil {
		return false, fmt.Errorf("take: %w", err)
	}
	for i := range claims {
		claims[i].Value = answer[1+i]
	}
	return answer[0] == 1, nil
}

// together checks that a Cluster has all keys of a Take in one place.
func (s *Store) together(claims []state.Claim) error {
	if !s.cluster {
		return nil
	}
	first := state.Tag(claims[0].Key)
	for i := range claims {
		if !bytes.Equal(state.Tag(claims[i].Key), first) {
			return errors.New("take: the tags of the keys differ")
		}
	}
	return nil
}

// Get implements state.Store.
func (s *Store) Get(ctx context.Context, key []byte) (value []byte, err error) {
	k := s.key(key)
	err = s.link.do(ctx, k, func(ctx context.Context, c rueidis.Client) (err error) {
		value, err = c.Do(ctx, c.B().Get().Key(k).Build()).AsBytes()
		return err
	})
	switch {
	case rueidis.IsRedisNil(err):
		return nil, state.ErrNotFound
	case err == nil && (len(value) == 0 || value[0] != mark):
		err = state.ErrKind
	}
	if err != nil {
		return nil, fmt.Errorf("get: %w", err)
	}
	return value[1:], nil
}

// Put implements state.Store.
func (s *Store) Put(ctx context.Context, key, value []byte, ttl time.Duration) error {
	if err := checkSize(value); err != nil {
		return err
	}
	k, v := s.key(key), encode(value)
	err := s.link.do(ctx, k, func(ctx context.Context, c rueidis.Client) error {
		set := c.B().Set().Key(k).Value(v)
		if ms := millis(ttl); ms > 0 {
			return c.Do(ctx, set.PxMilliseconds(ms).Build()).Error()
		}
		return c.Do(ctx, set.Build()).Error()
	})
	if err != nil {
		return fmt.Errorf("put: %w", err)
	}
	return nil
}

// PutNew implements state.Store.
func (s *Store) PutNew(ctx context.Context, key, value []byte, ttl time.Duration) (bool, error) {
	if err := checkSize(value); err != nil {
		return false, err
	}
	k, v := s.key(key), encode(value)
	err := s.link.do(ctx, k, func(ctx context.Context, c rueidis.Client) error {
		set := c.B().Set().Key(k).Value(v).Nx()
		if ms := millis(ttl); ms > 0 {
			return c.Do(ctx, set.PxMilliseconds(ms).Build()).Error()
		}
		return c.Do(ctx, set.Build()).Error()
	})
	if rueidis.IsRedisNil(err) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("put new: %w", err)
	}
	return true, nil
}

// Swap implements state.Store with a script.
func (s *Store) Swap(ctx context.Context, key, old, value []byte, ttl time.Duration) (swapped bool, err error) {
	if err := checkSize(value); err != nil {
		return false, err
	}
	k := s.key(key)
	args := []string{encode(old), encode(value), strconv.FormatInt(millis(ttl), 10)}
	err = s.link.do(ctx, k, func(ctx context.Context, c rueidis.Client) error {
		n, err := swapScript.Exec(ctx, c, []string{k}, args).AsInt64()
		swapped = n == 1
		return err
	})
	if err != nil {
		return false, fmt.Errorf("swap: %w", err)
	}
	return swapped, nil
}

// batch is how many keys are asked for or deleted in one go.
const batch = 256

// Delete implements state.Store.
func (s *Store) Delete(ctx context.Context, keys ...[]byte) error {
	for len(keys) > 0 {
		some := keys[:min(batch, len(keys))]
		keys = keys[len(some):]
		err := s.link.do(ctx, s.key(some[0]), func(ctx context.Context, c rueidis.Client) error {
			commands := make([]rueidis.Completed, len(some))
			for i, key := range some {
				commands[i] = c.B().Del().Key(s.key(key)).Build()
			}
			for _, r := range c.DoMulti(ctx, commands...) {
				if err := r.Error(); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("delete %d keys: %w", len(some), err)
		}
	}
	return nil
}

// Scan implements state.Store. It visits all masters of a Cluster.
func (s *Store) Scan(ctx context.Context, prefix []byte, yield func(key []byte) bool) error {
	var nodes []rueidis.Client
	err := s.link.do(ctx, s.prefix, func(ctx context.Context, c rueidis.Client) (err error) {
		nodes, err = masters(ctx, s.link.timeout, c)
		return err
	})
	if err != nil {
		return fmt.Errorf("scan: %w", err)
	}
	pattern := glob.Replace(s.key(prefix)) + "*"
	for _, node := range nodes {
		for entry, more := (rueidis.ScanEntry{}), true; more; more = entry.Cursor != 0 {
			err := s.link.do(ctx, s.prefix, func(ctx context.Context, _ rueidis.Client) (err error) {
				entry, err = node.Do(ctx, node.B().Scan().Cursor(entry.Cursor).Match(pattern).Count(batch).Build()).AsScanEntry()
				return err
			})
			if err != nil {
				return fmt.Errorf("scan: %w", err)
			}
			for _, k := range entry.Elements {
				if !yield([]byte(k[len(s.prefix):])) {
					return nil
				}
			}
		}
	}
	return nil
}

// glob takes the special meaning from what a pattern has.
var glob = strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`, "[", `\[`, "]", `\]`)

// Close ends the connections. Later calls fail.
func (s *Store) Close() error {
	s.link.close()
	return nil
}
