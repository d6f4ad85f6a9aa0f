package ratelimiting_test

import (
	"testing"

	"github.com/gibbon-gateway/gibbon/internal/statedb/memory"
	"github.com/gibbon-gateway/gibbon/state"
)

func newStore(t testing.TB, c *clock) state.Store {
	s := memory.New(memory.Options{Now: c.Now, SweepEvery: -1})
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}
