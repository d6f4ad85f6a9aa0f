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
		if c.SyncRate > 0 {
			l, err := acquireLagging(o, time.Duration(c.SyncRate*float64(time.Second)))
			if err != nil {
				return nil, nil, err
			}
			return l, l.release, nil
		}
		s, err := redis.Acquire(o)
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
