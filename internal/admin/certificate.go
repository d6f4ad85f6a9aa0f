package admin

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/gibbon-gateway/gibbon/entity"
	"github.com/gibbon-gateway/gibbon/internal/store"
	"github.com/gibbon-gateway/gibbon/schema"
)

// errNoSNI says that no certificate has the server name of a path.
var errNoSNI = fail(http.StatusNotFound, "SNI not found")

// findBySNI returns the certificate that a server name is bound to.
func findBySNI(tx store.Tx, k *entity.Kind, name string) (json.RawMessage, error) {
	raw, err := tx.Find(entity.KindOf("snis"), "name", name)
	if errors.Is(err, store.ErrNotFound) {
		return nil, errNoSNI
	}
	if err != nil {
		return nil, err
	}
	sni, err := decode(raw)
	if err != nil {
		return nil, err
	}
	return tx.Get(k, refOf(sni, "certificate"))
}

// nameCertificate adds the server name of a path to those that the body gives.
func nameCertificate(in map[string]any, name string) {
	if names, ok := in["snis"].([]any); ok && !slices.Contains(names, any(name)) {
		in["snis"] = append(slices.Clone(names), name)
	}
}

// snisOf returns the SNIs of a certificate: ids by name.
func snisOf(tx store.Tx, certificate string) (map[string]string, error) {
	ids := map[string]string{}
	for q := (store.Query{Size: maxSize, Ref: "certificate", RefID: certificate}); ; {
		page, err := tx.List(entity.KindOf("snis"), q)
		if err != nil {
			return nil, err
		}
		for _, raw := range page.Docs {
			var sni struct{ ID, Name string }
			if err := json.Unmarshal(raw, &sni); err != nil {
				return nil, err
			}
			ids[sni.Name] = sni.ID
		}
		if page.Next == "" {
			return ids, nil
		}
		q.After = page.Next
	}
}

// sniNames returns the server names of a certificate, sorted.
func sniNames(tx store.Tx, certificate map[string]any) ([]string, error) {
	id, _ := certificate["id"].(string)
	ids, err := snisOf(tx, id)
	names := make([]string, 0, len(ids))
	for name := range ids {
		names = append(names, name)
	}
	slices.Sort(names)
	return names, err
}

// bindSNIs makes the SNIs of a certificate those that input has named.
func (a *api) bindSNIs(tx store.Tx, certificate map[string]any, input any) error {
	kind := entity.KindOf("snis")
	id, _ := certificate["id"].(string)
	has, err := snisOf(tx, id)
	if err != nil {
		return err
	}
	wants, err := sniInput(input)
	if err != nil {
		return err
	}
	for name, sni := range has {
		if !slices.Contains(wants, name) {
			if err := tx.Delete(kind, sni); err != nil {
				return err
			}
		}
	}
	for _, name := range wants {
		if has[name] != "" {
			continue
		}
		raw, err := tx.Find(kind, "name", name)
		if err == nil {
			other, err := decode(raw)
			if err != nil {
				return err
			}
			return invalid(schema.Errors{"snis": fmt.Sprintf("%s already associated with existing certificate '%s'", name,
				refOf(other, "certificate"))})
		}
		if !errors.Is(err, store.ErrNotFound) {
			return err
		}
		doc, errs := a.prepare(kind, map[string]any{"name": name, "certificate": map[string]any{"id": id}}, schema.Options{Op: insert})
		if len(errs) > 0 {
			return invalid(schema.Errors{"snis": errs["name"]})
		}
		text, err := encode(doc)
		if err != nil {
			return err
		}
		if err := tx.Insert(kind, text); err != nil {
			return err
		}
	}
	return nil
}

// sniInput returns the names in a field snis that has passed the schema.
func sniInput(v any) ([]string, error) {
	var names []string
	text, err := json.Marshal(v)
	if err == nil {
		err = json.Unmarshal(text, &names)
	}
	if err != nil {
		return nil, invalid(schema.Errors{"snis": "expected a set"})
	}
	for i, name := range names {
		if slices.Contains(names[:i], name) {
			return nil, invalid(schema.Errors{"snis": name + " is duplicated"})
		}
	}
	return names, nil
}
