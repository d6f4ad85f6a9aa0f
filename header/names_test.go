package header_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/gibbon-gateway/gibbon/header"
)

func TestNames(t *testing.T) {
	n := header.NewNames("X-Consumer-ID", "x_userinfo", "", "X-Userinfo", "X-"+strings.Repeat("long", 20))
	if got, want := n.All(), []string{"x-consumer-id", "x-userinfo", "x-" + strings.Repeat("long", 20)}; !slices.Equal(got, want) {
		t.Errorf("names %q", got)
	}
	var f header.Fields
	for _, name := range []string{"X-Consumer-ID", "Accept", "x_consumer_id", "X-Consumer-IDs", "X_UserInfo", "X-Userinfo", "Xauserinfo", "",
		"X-" + strings.Repeat("LONG", 20), strings.Repeat("a", 18)} {
		f.Add(name, "1")
	}
	n.DropFrom(&f)
	var left []string
	for name := range f.All() {
		left = append(left, string(name))
	}
	if want := []string{"Accept", "X-Consumer-IDs", "Xauserinfo", "", strings.Repeat("a", 18)}; !slices.Equal(left, want) {
		t.Errorf("left %q, want %q", left, want)
	}
	var none header.Names
	none.DropFrom(&f)
	if f.Len() != 5 || none.Has([]byte("accept")) || none.Has(nil) {
		t.Error("the empty set has names")
	}
	if a := testing.AllocsPerRun(100, func() { n.DropFrom(&f) }); a != 0 {
		t.Errorf("%v allocations", a)
	}
}
