package entity_test

import (
	"testing"

	"github.com/gibbon-gateway/gibbon/entity"
	"github.com/gibbon-gateway/gibbon/schema/schematest"
)

// TestSchemasAreKongs compares with what a Kong has answered. Those of consumer groups, which that Kong does not have, follow its
// public documents and clients.
func TestSchemasAreKongs(t *testing.T) {
	for _, k := range kongs {
		t.Run(k.Name, func(t *testing.T) { schematest.Golden(t, k.Schema, "testdata/schemas/"+k.Name+".json") })
	}
}

// kongs are the kinds that Kong has; tests declare more.
var kongs = entity.Kinds()
