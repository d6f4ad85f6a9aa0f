package ratelimiting

import (
	"strings"
	"testing"

	"github.com/gibbon-gateway/gibbon/plugin"
	"github.com/gibbon-gateway/gibbon/state"
)

// What is counted for one request lies together on a Redis Cluster, and nothing is mixed up.
func TestKeys(t *testing.T) {
	seen := map[string]bool{}
	tags := map[string]bool{}
	scopes := []plugin.Scope{{}, {Route: "7b7d7b7d-7b7d-4b7d-bb7d-7b7d7b7d7b7d"}, {Service: "7b7d7b7d-7b7d-4b7d-bb7d-7b7d7b7d7b7d"}}
	identifiers := []string{"192.0.2.1", "192.0.2.2", "{", "{}", "a}b", "}", "}{", strings.Repeat("}", 100), strings.Repeat("}", 101)}
	for _, scope := range scopes {
		for _, kind := range []byte("ch") {
			for _, id := range identifiers {
				var first string
				for p := range periods {
					key := appendKey(nil, keyScope(scope), kind, []byte(id), p, 1795541254)
					if seen[string(key)] {
						t.Errorf("%q twice", key)
					}
					seen[string(key)] = true
					tag := string(state.Tag(key))
					if p == 0 {
						first = tag
					}
					if tag != first || tag == string(key) {
						t.Errorf("%q has the tag %q, another period %q", key, tag, first)
					}
					tags[tag] = true
				}
			}
		}
	}
	if want := len(scopes) * 2 * 5; len(tags) < want {
		t.Errorf("%d tags, want at least %d: counters are not spread", len(tags), want)
	}
}
