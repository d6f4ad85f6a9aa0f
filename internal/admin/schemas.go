package admin

import (
	"net/http"

	"github.com/gibbon-gateway/gibbon/entity"
	"github.com/gibbon-gateway/gibbon/schema"
)

// mountSchemas adds the paths that tell the schemas, and check documents by them without storing anything.
func (a *api) mountSchemas() {
	a.on("GET /schemas/{name}", func(c *call) (reply, error) {
		k := entity.KindOf(c.params["name"])
		if k == nil {
			return reply{}, fail(http.StatusNotFound, "No entity named '"+c.params["name"]+"'")
		}
		return ok(k.Schema.Kong()), nil
	})
	a.on("POST /schemas/{db_entity_name}/validate", func(c *call) (reply, error) { return a.validate(c, c.params["db_entity_name"]) })
	a.on("GET /schemas/plugins/{name}", func(c *call) (reply, error) {
		s := a.pluginSchema(c.params["name"])
		if s == nil {
			return reply{}, fail(http.StatusNotFound, "No plugin named '"+c.params["name"]+"'")
		}
		return ok(s.Kong()), nil
	})
	a.on("POST /schemas/plugins/validate", func(c *call) (reply, error) { return a.validate(c, "plugins") })
}

// pluginSchema returns the schema of entities of a plugin, or nil if there is no such plugin.
func (a *api) pluginSchema(name string) *schema.Schema { return a.whole[name] }

// validate checks a document alone: not whether what it refers to exists, nor whether its names are taken.
func (a *api) validate(c *call, kind string) (reply, error) {
	k := entity.KindOf(kind)
	if k == nil {
		return reply{}, fail(http.StatusNotFound, "No entity named '"+kind+"'")
	}
	in := c.body
	if c.form {
		in = a.coerce(k, in)
	}
	if _, errs := a.prepare(k, in, schema.Options{Op: insert}); len(errs) > 0 {
		return reply{}, invalid(errs)
	}
	return ok(map[string]any{"message": "schema validation successful"}), nil
}
