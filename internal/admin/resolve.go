package admin

import (
	"errors"

	"github.com/gibbon-gateway/gibbon/entity"
	"github.com/gibbon-gateway/gibbon/internal/store"
)

// resolve replaces references by name ({"name": "x"}) by those by id.
func resolve(tx store.Tx, k *entity.Kind, in map[string]any) error {
	failed := map[string]map[string]any{}
	for _, ref := range k.Refs {
		named, isMap := in[ref.Field].(map[string]any)
		target := ref.Target()
		if id, _ := named["id"].(string); !isMap || target == nil || isUUID(id) {
			continue
		}
		for _, field := range names(target) {
			value, _ := named[field].(string)
			if value == "" {
				continue
			}
			raw, err := tx.Find(target, field, value)
			if errors.Is(err, store.ErrNotFound) {
				if failed[ref.Field] == nil {
					failed[ref.Field] = map[string]any{}
				}
				failed[ref.Field][field] = "the foreign key cannot be resolved with '" + braces(map[string]any{field: value}) +
					"' for an existing '" + target.Name + "' entity"
				continue
			}
			if err != nil {
				return err
			}
			id, err := idOf(raw)
			if err != nil {
				return err
			}
			in[ref.Field] = map[string]any{"id": id}
			delete(failed, ref.Field)
			break
		}
	}
	if len(failed) > 0 {
		return unresolved(failed)
	}
	return nil
}

// names returns the fields that entities of a kind can be found by.
func names(k *entity.Kind) []string {
	var out []string
	for _, fields := range k.Unique {
		if len(fields) == 1 {
			out = append(out, fields[0])
		}
	}
	return out
}
