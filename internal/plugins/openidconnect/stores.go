package openidconnect

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strconv"
	"time"

	"github.com/gibbon-gateway/gibbon/internal/kongredis"
	"github.com/gibbon-gateway/gibbon/internal/oidc"
	"github.com/gibbon-gateway/gibbon/internal/statedb/memcached"
	"github.com/gibbon-gateway/gibbon/internal/statedb/redis"
	"github.com/gibbon-gateway/gibbon/state"
)

// open opens a Redis that a record describes; all who describe the same one share its connections. field names the record in errors.
func (r *redisRecord) open(field, prefix string, log *slog.Logger) (state.Store, error) {
	if r.CloudAuthentication != nil && r.CloudAuthentication.AuthProvider != "" {
		return nil, fmt.Errorf("%s.cloud_authentication: logins of cloud vendors are not available; use username and password", field)
	}
	o := kongredis.Options(&r.Server, &r.Fleet)
	o.TLS, o.SkipVerify, o.ServerName, o.Prefix, o.Log = r.SSL, !r.SSLVerify, r.ServerName, prefix, log
	store, err := redis.Acquire(o)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", field, err)
	}
	return store, nil
}

// storeSessions chooses where sessions lie.
func (p *relyingParty) storeSessions(s *oidc.Sessions) error {
	switch p.SessionStorage {
	case "memory":
		if p.env.State == nil {
			return errors.New("session_storage: the gateway has no state")
		}
		s.Store, s.Prefix = p.env.State, "oidc:session:"
	case "redis":
		if p.Redis == nil {
			p.Redis = &sessionRedis{redisRecord: redisRecord{Server: kongredis.Local()}}
		}
		if p.Redis.Socket != "" {
			return errors.New("redis.socket: unix sockets are not available; use host and port")
		}
		store, err := p.Redis.open("redis", p.Redis.Prefix, p.env.Log)
		if err != nil {
			return err
		}
		s.Store, s.Prefix, p.sessionStore = store, "session:", store
	case "memcached", "memcache":
		store, err := memcached.New(memcached.Options{
			Address: net.JoinHostPort(p.SessionMemcachedHost, strconv.Itoa(p.SessionMemcachedPort)), Socket: p.SessionMemcachedSocket,
			TLS: p.SessionMemcachedSSL != nil && *p.SessionMemcachedSSL, SkipVerify: !p.SessionMemcachedSSLVerify,
			Prefix: p.SessionMemcachedPrefix, Log: p.env.Log, Timeout: 2 * time.Second, // as Redis has by default
		})
		if err != nil {
			return fmt.Errorf("session_memcached: %w", err)
		}
		s.Store, s.Prefix, p.sessionStore = store, "session:", store
	}
	return nil
}
