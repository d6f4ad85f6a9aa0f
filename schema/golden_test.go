package schema_test

import (
	"testing"

	"github.com/gibbon-gateway/gibbon/schema/schematest"
)

func TestKongsSchemas(t *testing.T) {
	for name, s := range recorded() {
		t.Run(name, func(t *testing.T) { schematest.Golden(t, s, "testdata/schemas/"+name+".json") })
	}
}
