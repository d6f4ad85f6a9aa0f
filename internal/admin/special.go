package admin

import (
	"encoding/json"

	"github.com/gibbon-gateway/gibbon/entity"
	"github.com/gibbon-gateway/gibbon/internal/store"
	"github.com/gibbon-gateway/gibbon/schema"
)

// special is what the Admin API does with entities of one of the gateway's own kinds beyond what the table of kinds says. Each step may be
// nil.
type special struct {
	find    func(tx store.Tx, k *entity.Kind, key string) (json.RawMessage, error) // by what stands for an id in a path
	name    func(in map[string]any, key string)                                    // makes that part of the input
	normal  func(k *entity.Kind, key, parent string) string                        // the text of a key as it is stored
	input   func(in, was map[string]any)                                           // completes what a request has sent
	patch   func(in map[string]any)                                                // the same before it is merged
	prepare func(k *entity.Kind, in map[string]any, o schema.Options) (map[string]any, schema.Errors)
	check   func(tx store.Tx, doc map[string]any) error                           // before it is stored
	saved   func(a *api, tx store.Tx, doc, in map[string]any, op schema.Op) error // after
	show    func(a *api, tx store.Tx, k *entity.Kind, doc map[string]any) (map[string]any, error)
	asIs    func(a *api) bool // show would change nothing
}

// specials are the kinds that have something special. What plugins declare has nothing: the table of kinds says it all.
var specials map[string]special

func init() {
	specials = map[string]special{
		"certificates": {find: findBySNI, name: nameCertificate,
			saved: func(a *api, tx store.Tx, doc, in map[string]any, op schema.Op) error {
				snis, given := in["snis"]
				if !given && op == update {
					return nil
				}
				return a.bindSNIs(tx, doc, snis)
			},
			show: func(_ *api, tx store.Tx, _ *entity.Kind, doc map[string]any) (map[string]any, error) {
				names, err := sniNames(tx, doc)
				doc["snis"] = names
				return doc, err
			}},
		"plugins": {check: checkProtocols,
			input: func(in, was map[string]any) {
				if in["name"] == nil && was != nil {
					in["name"] = was["name"]
				}
			},
			show: func(a *api, _ store.Tx, k *entity.Kind, doc map[string]any) (map[string]any, error) {
				return k.Schema.Show(doc, schema.Options{Sub: a.pluginSchema}), nil
			},
			asIs: func(a *api) bool { return !a.moved }},
		"upstreams": {patch: couple,
			prepare: func(k *entity.Kind, in map[string]any, o schema.Options) (map[string]any, schema.Errors) {
				if o.Op == update {
					return k.Schema.Process(in, o) // Prepare would couple what is stored, see couple
				}
				return k.Prepare(in, o)
			}},
		"targets": {normal: normalTarget},
	}
}
