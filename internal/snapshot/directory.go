package snapshot

import (
	"sync/atomic"

	"github.com/gibbon-gateway/gibbon/entity"
)

// Directory is the plugin.Finder of a gateway: it looks into the set of the snapshot that was entered last.
type Directory struct{ set atomic.Pointer[entity.Set] }

// Consumer implements plugin.Finder.
func (d *Directory) Consumer(key string) *entity.Consumer {
	if s := d.set.Load(); s != nil {
		return s.ConsumerNamed(key)
	}
	return nil
}

// Credential implements plugin.Finder.
func (d *Directory) Credential(kind string, key []byte) any {
	if s := d.set.Load(); s != nil {
		return s.Credential(kind, key)
	}
	return nil
}

// Entities implements plugin.Finder.
func (d *Directory) Entities() *entity.Set {
	if s := d.set.Load(); s != nil {
		return s
	}
	empty, _ := entity.NewSet(0, nil)
	return empty
}
