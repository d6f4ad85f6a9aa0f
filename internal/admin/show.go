package admin

import (
	"encoding/json"
	"time"

	"github.com/gibbon-gateway/gibbon/entity"
	"github.com/gibbon-gateway/gibbon/internal/store"
)

// show returns a stored document as clients see it.
func (a *api) show(tx store.Tx, k *entity.Kind, doc map[string]any) (map[string]any, error) {
	if !k.Show(doc, time.Now()) {
		return nil, store.ErrNotFound // its time is over; the store has not removed it yet
	}
	if show := specials[k.Name].show; show != nil {
		return show(a, tx, k, doc)
	}
	return doc, nil
}

// showRaw is show for a document that is not decoded yet. Most kinds are shown as they are stored.
func (a *api) showRaw(tx store.Tx, k *entity.Kind, raw json.RawMessage) (any, error) {
	if s := specials[k.Name]; !k.TTL && (s.show == nil || s.asIs != nil && s.asIs(a)) {
		return raw, nil
	}
	doc, err := decode(raw)
	if err != nil {
		return nil, err
	}
	return a.show(tx, k, doc)
}
