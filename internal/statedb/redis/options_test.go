package redis_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/gibbon-gateway/gibbon/internal/statedb/redis"
	"github.com/gibbon-gateway/gibbon/internal/statedb/redistest"
	"github.com/gibbon-gateway/gibbon/state"
)

func contains(s, part string) bool { return strings.Contains(s, part) }

func TestBadOptions(t *testing.T) {
	one := []string{"redis.test:6379"}
	for _, c := range []struct {
		o    redis.Options
		want string
	}{
		{redis.Options{}, "no address"},
		{redis.Options{Addresses: []string{"redis.test"}}, `address "redis.test" is not host:port`},
		{redis.Options{Addresses: []string{":6379"}}, `address ":6379" is not host:port`},
		{redis.Options{Addresses: []string{"a:1", "b:1"}}, "2 addresses, but it is neither"},
		{redis.Options{Addresses: one, Cluster: true, Master: "m"}, "not both"},
		{redis.Options{Addresses: one, Cluster: true, Database: 1}, "database 1"},
		{redis.Options{Addresses: one, Database: -1}, "database -1"},
		{redis.Options{Addresses: one, Timeout: -1}, "negative"},
		{redis.Options{Addresses: one, Prefix: "a{b"}, "brace"},
	} {
		if _, err := redis.New(c.o); err == nil || !contains(err.Error(), c.want) {
			t.Errorf("%+v: got %v, want %q", c.o, err, c.want)
		}
	}
}

// reach says whether a store can be used.
func reach(t *testing.T, o redis.Options) error {
	t.Helper()
	return open(t, o).Put(t.Context(), []byte("k"), nil, time.Minute)
}

func TestTLS(t *testing.T) {
	if testing.Short() {
		return
	}
	s, pool := redistest.StartTLS(t)
	at := []string{s.Addr}
	for name, c := range map[string]struct {
		o    redis.Options
		want string // a part of the error
	}{
		"verified":      {redis.Options{Addresses: at, TLS: true, RootCAs: pool, ServerName: "redis.test"}, ""},
		"not verified":  {redis.Options{Addresses: at, TLS: true, SkipVerify: true}, ""},
		"wrong name":    {redis.Options{Addresses: at, TLS: true, RootCAs: pool, ServerName: "other.test"}, "certificate is valid for redis.test"},
		"unknown to us": {redis.Options{Addresses: at, TLS: true, ServerName: "redis.test"}, "certificate"},
		"without TLS":   {redis.Options{Addresses: at}, "state: unavailable"},
	} {
		err := reach(t, c.o)
		if c.want == "" && err != nil || c.want != "" && (!errors.Is(err, state.ErrUnavailable) || !contains(err.Error(), c.want)) {
			t.Errorf("%s: got %v, want %q", name, err, c.want)
		}
	}
}

func TestUsers(t *testing.T) {
	if testing.Short() {
		return
	}
	s := redistest.StartWithPassword(t, "secret")
	s.Do("ACL", "SETUSER", "gibbon", "on", ">other", "~mine:*", "+@all")
	at := []string{s.Addr}
	for name, c := range map[string]struct {
		o    redis.Options
		want string
	}{
		"password":          {redis.Options{Addresses: at, Password: "secret"}, ""},
		"user":              {redis.Options{Addresses: at, Username: "gibbon", Password: "other", Prefix: "mine:"}, ""},
		"keys of others":    {redis.Options{Addresses: at, Username: "gibbon", Password: "other", Prefix: "theirs:"}, "NOPERM"},
		"wrong password":    {redis.Options{Addresses: at, Password: "guess"}, "WRONGPASS"},
		"no password":       {redis.Options{Addresses: at}, "NOAUTH"},
		"unknown user":      {redis.Options{Addresses: at, Username: "who", Password: "secret"}, "WRONGPASS"},
		"database too high": {redis.Options{Addresses: at, Password: "secret", Database: 99}, "out of range"},
	} {
		err := reach(t, c.o)
		if c.want == "" && err != nil || c.want != "" && (!errors.Is(err, state.ErrUnavailable) || !contains(err.Error(), c.want)) {
			t.Errorf("%s: got %v, want %q", name, err, c.want)
		}
		if err != nil && (contains(err.Error(), "secret") || contains(err.Error(), "guess")) {
			t.Errorf("%s: the error tells the password: %v", name, err)
		}
	}
}
