package admin

import (
	"encoding/json"
	"slices"

	"github.com/gibbon-gateway/gibbon/entity"
	"github.com/gibbon-gateway/gibbon/internal/store"
	"github.com/gibbon-gateway/gibbon/schema"
)

// checkProtocols refuses a plugin that could never run: one whose protocols its route, or all routes of its service, do
// not have. References to what does not exist are left to the store.
func checkProtocols(tx store.Tx, doc map[string]any) error {
	has := protocolsOf(doc)
	routes := entity.KindOf("routes")
	if id := refOf(doc, "route"); id != "" {
		raw, err := tx.Get(routes, id)
		if err != nil {
			return ignoreMissing(err)
		}
		if common, err := shares(raw, has); common || err != nil {
			return err
		}
		return invalid(schema.Errors{"protocols": "must match the associated route's protocols"})
	}
	id := refOf(doc, "service")
	if id == "" {
		return nil
	}
	for q := (store.Query{Size: maxSize, Ref: "service", RefID: id}); ; {
		page, err := tx.List(routes, q)
		if err != nil {
			return err
		}
		if len(page.Docs) == 0 && q.After == "" {
			return nil
		}
		for _, raw := range page.Docs {
			if common, err := shares(raw, has); common || err != nil {
				return err
			}
		}
		if page.Next == "" {
			return invalid(schema.Errors{
				"protocols": "must match the protocols of at least one route pointing to this Plugin's service"})
		}
		q.After = page.Next
	}
}

func ignoreMissing(err error) error {
	if absent(err) == notFound {
		return nil
	}
	return err
}

// protocolsOf returns the protocols of a processed document.
func protocolsOf(doc map[string]any) []string {
	var out []string
	switch list := doc["protocols"].(type) {
	case []string:
		out = list
	case []any:
		for _, v := range list {
			if s, ok := v.(string); ok {
				out = append(out, s)
			}
		}
	}
	return out
}

// shares reports whether a route has one of the protocols.
func shares(raw json.RawMessage, protocols []string) (bool, error) {
	var route struct{ Protocols []string }
	if err := json.Unmarshal(raw, &route); err != nil {
		return false, err
	}
	return slices.ContainsFunc(route.Protocols, func(p string) bool { return slices.Contains(protocols, p) }), nil
}
