package edit_test

import (
	"testing"

	"github.com/gibbon-gateway/gibbon/edit"
)

func TestIsFieldName(t *testing.T) {
	for name, want := range map[string]bool{
		"X-Tenant": true, "x_tenant": true, "9": true, "": false, "a b": false, "a:b": false, "a\r\n": false, "ä": false, "a.b": false,
	} {
		if got := edit.IsFieldName(name); got != want {
			t.Errorf("%q: %v, want %v", name, got, want)
		}
	}
}
