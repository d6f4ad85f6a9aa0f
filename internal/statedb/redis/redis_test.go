package redis_test

import (
	"fmt"
	"os"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/gibbon-gateway/gibbon/internal/statedb/redis"
	"github.com/gibbon-gateway/gibbon/internal/statedb/redistest"
	"github.com/gibbon-gateway/gibbon/internal/statedb/statetest"
)

// TestMain looks for goroutines that stay. Those in which the driver drops connections of a Cluster end after five seconds.
func TestMain(m *testing.M) {
	code := m.Run()
	err := goleak.Find()
	for limit := time.Now().Add(8 * time.Second); err != nil && time.Now().Before(limit); {
		<-time.After(200 * time.Millisecond)
		err = goleak.Find()
	}
	if err != nil && code == 0 {
		fmt.Fprintln(os.Stderr, "goroutines are left over:", err)
		code = 1
	}
	os.Exit(code)
}

// unit is a lifetime that can be told from twice as long on a busy machine.
const unit = time.Second

// contract runs the suite; each case has a prefix of its own, and so an empty store. Most cases wait for lifetimes: all run at once.
func contract(t *testing.T, o redis.Options) {
	var cases atomic.Int64
	t.Run("all", func(t *testing.T) {
		statetest.Run(t, func(t *testing.T) statetest.Harness {
			t.Parallel()
			o := o
			o.Prefix = "case" + strconv.FormatInt(cases.Add(1), 10) + ":*[x]:"
			return statetest.Harness{Store: open(t, o), Unit: unit, Advance: func(d time.Duration) { <-time.After(d) }}
		})
	})
}

// open makes a store with more patience than calls need here.
func open(t testing.TB, o redis.Options) *redis.Store {
	t.Helper()
	if o.Timeout == 0 {
		o.Timeout = 5 * time.Second
	}
	s, err := redis.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func TestContractServer(t *testing.T) {
	if testing.Short() {
		return
	}
	t.Parallel()
	s := redistest.StartWithPassword(t, "pass word")
	contract(t, redis.Options{Addresses: []string{s.Addr}, Password: "pass word", Database: 3})
	if got := s.Do("INFO", "keyspace"); !contains(got, "db3:") || contains(got, "db0:") {
		t.Errorf("the keys are not in database 3: %s", got)
	}
}

func TestContractCluster(t *testing.T) {
	if testing.Short() {
		return
	}
	t.Parallel()
	c := redistest.StartCluster(t, 3, 0)
	contract(t, redis.Options{Addresses: c.Addrs(), Cluster: true})
	for _, m := range c.Masters {
		if m.Do("DBSIZE") == "0" {
			t.Errorf("%s has no key: they are not spread", m.Addr)
		}
	}
}

func TestContractSentinel(t *testing.T) {
	if testing.Short() {
		return
	}
	t.Parallel()
	w := redistest.StartWatched(t)
	contract(t, redis.Options{Addresses: w.Addrs(), Master: w.Name})
}
