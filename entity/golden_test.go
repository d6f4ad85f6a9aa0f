package entity_test

import (
	"testing"

	"github.com/gibbon-gateway/gibbon/entity"
	"github.com/gibbon-gateway/gibbon/schema/schematest"
)

func TestSchemasAreKongs(t *testing.T) {
	for _, k := range entity.Kinds() {
		t.Run(k.Name, func(t *testing.T) { schematest.Golden(t, k.Schema, "testdata/schemas/"+k.Name+".json") })
	}
}
