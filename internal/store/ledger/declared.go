package ledger

import (
	"context"

	"github.com/gibbon-gateway/gibbon/entity"
	"github.com/gibbon-gateway/gibbon/plugin"
)

// Declared is the ledger of a gateway without a database: it finds what the declarative configuration has, by the field that credentials
// are found by, and takes nothing.
type Declared struct{ Set func() *entity.Set }

// Find implements plugin.Ledger.
func (d Declared) Find(_ context.Context, kind, field string, value []byte) (any, error) {
	if k := entity.KindOf(kind); k == nil || field != k.Endpoint {
		return nil, nil
	}
	return d.Set().Credential(kind, value), nil
}

// Change implements plugin.Ledger.
func (Declared) Change(context.Context, func(plugin.LedgerTx) error) error { return plugin.ErrReadOnly }
