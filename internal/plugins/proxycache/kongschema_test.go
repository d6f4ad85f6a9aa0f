package proxycache

import (
	"testing"

	"github.com/gibbon-gateway/gibbon/schema"
	"github.com/gibbon-gateway/gibbon/schema/schematest"
)

// TestSchema holds Kong's part of the configuration against Kong's own schema. What testdata differs in: the strategy redis,
// and no check that the dictionary is declared, as there is nothing to declare.
func TestSchema(t *testing.T) {
	s := schema.Of[kongConfig](rules()...)
	schematest.Golden(t, schema.Plugin(s, schema.Scope{Protocols: Type.Protocols}), "testdata/schema.json")
}
