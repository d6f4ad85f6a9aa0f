package store

import "github.com/gibbon-gateway/gibbon/entity"

// Catalog finds kinds by name, for implementations of Store.
type Catalog map[string]*entity.Kind

// NewCatalog returns a catalog of kinds; of entity.Kinds if there are none.
func NewCatalog(kinds []*entity.Kind) Catalog {
	if len(kinds) == 0 {
		kinds = entity.Kinds()
	}
	c := Catalog{}
	for _, k := range kinds {
		c[k.Name] = k
	}
	return c
}

// Kind returns the kind with this name; one that is but a name if this program does not know it.
func (c Catalog) Kind(name string) *entity.Kind {
	if k := c[name]; k != nil {
		return k
	}
	return &entity.Kind{Name: name}
}

// HasTTL says whether documents of some kind may vanish.
func (c Catalog) HasTTL() bool {
	for _, k := range c {
		if k.TTL {
			return true
		}
	}
	return false
}

// Ledgers returns the names of the kinds that are not part of sets.
func (c Catalog) Ledgers() (names []string) {
	for name, k := range c {
		if k.Ledger {
			names = append(names, name)
		}
	}
	return names
}

// Key names a document.
type Key struct{ Kind, ID string }

// Referrer is a document that refers to another by a field.
type Referrer struct {
	Key
	Field string
}

// Doomed returns what is deleted when a document is: itself first, then those that belong to it. It fails with ReferencedError if
// one that is not deleted too refers to one that is.
func (c Catalog) Doomed(of Key, referrers func(Key) ([]Referrer, error)) ([]Key, error) {
	type bond struct{ from, to Key }
	list, in := []Key{of}, map[Key]bool{of: true}
	var bonds []bond
	for i := 0; i < len(list); i++ {
		found, err := referrers(list[i])
		if err != nil {
			return nil, err
		}
		for _, r := range found {
			if !c.cascades(r) {
				bonds = append(bonds, bond{r.Key, list[i]})
			} else if !in[r.Key] {
				in[r.Key] = true
				list = append(list, r.Key)
			}
		}
	}
	for _, b := range bonds {
		if !in[b.from] {
			return nil, &ReferencedError{Kind: c.Kind(b.to.Kind), By: c.Kind(b.from.Kind)}
		}
	}
	return list, nil
}

func (c Catalog) cascades(r Referrer) bool {
	for _, ref := range c.Kind(r.Kind).Refs {
		if ref.Field == r.Field {
			return ref.Cascade
		}
	}
	return false
}
