package plugintest

import "github.com/gibbon-gateway/gibbon/entity"

// Directory is a plugin.Finder that holds what a test puts into it.
type Directory struct {
	Consumers   []*entity.Consumer
	Credentials map[string]map[string]any // by kind and key; others are looked up in Set
	Set         *entity.Set               // what Entities returns; nil is an empty one
}

// Entities implements plugin.Finder.
func (d *Directory) Entities() *entity.Set {
	if d.Set == nil {
		d.Set, _ = entity.NewSet(0, nil)
	}
	return d.Set
}

// Consumer implements plugin.Finder.
func (d *Directory) Consumer(key string) *entity.Consumer {
	for _, is := range []func(c *entity.Consumer) bool{
		func(c *entity.Consumer) bool { return c.ID == key },
		func(c *entity.Consumer) bool { return c.Username == key },
		func(c *entity.Consumer) bool { return c.CustomID == key },
	} {
		for _, c := range d.Consumers {
			if is(c) {
				return c
			}
		}
	}
	return nil
}

// Credential implements plugin.Finder.
func (d *Directory) Credential(kind string, key []byte) any {
	if c, ok := d.Credentials[kind][string(key)]; ok {
		return c
	}
	return d.Entities().Credential(kind, key)
}
