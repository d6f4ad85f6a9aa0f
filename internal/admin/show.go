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
	if k.Name == "plugins" {
		name, _ := doc["name"].(string)
		if config, ok := doc["config"].(map[string]any); ok {
			a.configShape(name).showOld(config)
		}
	}
	if k.Name == "certificates" {
		names, err := sniNames(tx, doc)
		if err != nil {
			return nil, err
		}
		doc["snis"] = names
	}
	return doc, nil
}

// showRaw is show for a document that is not decoded yet. Most kinds are shown as they are stored.
func (a *api) showRaw(tx store.Tx, k *entity.Kind, raw json.RawMessage) (any, error) {
	if !k.TTL && k.Name != "certificates" && (k.Name != "plugins" || !a.oldNames) {
		return raw, nil
	}
	doc, err := decode(raw)
	if err != nil {
		return nil, err
	}
	return a.show(tx, k, doc)
}
