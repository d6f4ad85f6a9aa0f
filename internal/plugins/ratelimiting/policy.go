package ratelimiting

import (
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"

	"github.com/gibbon-gateway/gibbon/internal/statedb/redis"
	"github.com/gibbon-gateway/gibbon/plugin"
	"github.com/gibbon-gateway/gibbon/state"
)

// countersOf returns where a configuration counts, and what gives it back when the configuration goes; nil if nothing does.
func countersOf(c *config, env plugin.Env) (state.Counters, func() error, error) {
	switch c.Policy {
	case "redis":
		o := c.Redis.options(env)
		open := func() (state.Store, error) { return redis.Acquire(o) }
		if own, ok := env.State.(interface{ Knows(address string) bool }); ok && own.Knows(o.Addresses[0]) {
			open = func() (state.Store, error) { return lent{env.State}, nil }
		}
		if c.SyncRate > 0 {
			l, err := acquireLagging(o, time.Duration(c.SyncRate*float64(time.Second)), open)
			if err != nil {
				return nil, nil, err
			}
			return l, l.release, nil
		}
		s, err := open()
		if err != nil {
			return nil, nil, err
		}
		return s, s.Close, nil
	case "cluster":
		if env.Cluster == nil {
			return nil, nil, errors.New("config.policy: policy 'cluster' needs a database, and there is none")
		}
		return env.Cluster, nil, nil
	case "local", "":
		if env.Local != nil {
			return env.Local, nil, nil
		}
		return env.State, nil, nil
	}
	return nil, nil, fmt.Errorf("config.policy: unknown policy %q", c.Policy)
}

// lent is the state of the gateway, for a configuration whose Redis is one of those that this is in: a Sentinel, or a node of a Cluster,
// which the configuration cannot name by itself.
type lent struct{ state.Store }

// Close does nothing: others use the store.
func (lent) Close() error { return nil }

// options returns how to reach Redis.
func (r *redisConfig) options(env plugin.Env) redis.Options {
	return redis.Options{
		Addresses:  []string{net.JoinHostPort(r.Host, strconv.Itoa(r.Port))},
		Username:   r.Username,
		Password:   r.Password,
		Database:   r.Database,
		TLS:        r.SSL,
		SkipVerify: !r.SSLVerify,
		ServerName: r.ServerName,
		Timeout:    time.Duration(r.Timeout) * time.Millisecond,
		Prefix:     "gibbon:ratelimit:",
		Log:        env.Log,
	}
}
