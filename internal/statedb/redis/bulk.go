package redis

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"github.com/redis/rueidis"

	"github.com/gibbon-gateway/gibbon/state"
)

// GetAll returns the values at some keys, nil where there is none, in one round trip: by one command, unless a Cluster has the keys in
// several places.
func (s *Store) GetAll(ctx context.Context, keys ...[]byte) (values [][]byte, err error) {
	names, together := make([]string, len(keys)), true
	for i, key := range keys {
		names[i] = s.key(key)
		together = together && (!s.cluster || bytes.Equal(state.Tag(key), state.Tag(keys[0])))
	}
	values = make([][]byte, len(keys))
	err = s.link.do(ctx, names[0], func(ctx context.Context, c rueidis.Client) error {
		if together {
			list, err := c.Do(ctx, c.B().Mget().Key(names...).Build()).ToArray()
			for i := range list {
				if values[i], err = unmarked(list[i].AsBytes()); err != nil {
					return err
				}
			}
			return err
		}
		commands := make([]rueidis.Completed, len(names))
		for i, name := range names {
			commands[i] = c.B().Get().Key(name).Build()
		}
		for i, r := range c.DoMulti(ctx, commands...) {
			var err error
			if values[i], err = unmarked(r.AsBytes()); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("get %d keys: %w", len(keys), err)
	}
	return values, nil
}

// unmarked takes the mark off what is stored; it is nil for what is none of our values.
func unmarked(value []byte, err error) ([]byte, error) {
	if rueidis.IsRedisNil(err) {
		return nil, nil
	}
	if err != nil || len(value) == 0 || value[0] != mark {
		return nil, err
	}
	return value[1:], nil
}

// Item is one value to be stored.
type Item struct {
	Key, Value []byte
	TTL        time.Duration
}

// PutIf stores values if there is still want at the key guard, and reports whether it did. It is one atomic step, so in a Cluster all
// keys must have one tag (see state.Tag).
func (s *Store) PutIf(ctx context.Context, guard, want []byte, items ...Item) (stored bool, err error) {
	keys, args := make([]string, 1, 1+len(items)), make([]string, 1, 1+2*len(items))
	keys[0], args[0] = s.key(guard), encode(want)
	for i := range items {
		if err := checkSize(items[i].Value); err != nil {
			return false, err
		}
		keys = append(keys, s.key(items[i].Key))
		args = append(args, encode(items[i].Value), fmt.Sprint(millis(items[i].TTL)))
	}
	err = s.link.do(ctx, keys[0], func(ctx context.Context, c rueidis.Client) error {
		n, err := putIfScript.Exec(ctx, c, keys, args).AsInt64()
		stored = n == 1
		return err
	})
	if err != nil {
		return false, fmt.Errorf("put if: %w", err)
	}
	return stored, nil
}
