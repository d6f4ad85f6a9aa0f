package store_test

import (
	"testing"
	"time"

	"github.com/gibbon-gateway/gibbon/entity"
	"github.com/gibbon-gateway/gibbon/internal/store"
	"github.com/gibbon-gateway/gibbon/internal/store/storetest"
)

func TestMemory(t *testing.T) {
	storetest.Run(t, func(_ *testing.T, kinds []*entity.Kind, now func() time.Time) store.Store {
		return &store.Memory{Kinds: kinds, Now: now}
	})
}
