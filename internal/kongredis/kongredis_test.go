package kongredis_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gibbon-gateway/gibbon/internal/kongredis"
	"github.com/gibbon-gateway/gibbon/internal/statedb/redis"
	"github.com/gibbon-gateway/gibbon/schema"
)

type record struct {
	kongredis.Server
	kongredis.Fleet
}

func TestOptions(t *testing.T) {
	s := schema.Of[record]()
	for name, c := range map[string]struct {
		doc  map[string]any
		want redis.Options
	}{
		"defaults": {map[string]any{}, redis.Options{Addresses: []string{"127.0.0.1:6379"}, Timeout: 2 * time.Second}},
		"one": {map[string]any{"host": "::1", "port": 1, "username": "u", "password": "p", "database": 2, "read_timeout": 3000},
			redis.Options{Addresses: []string{"[::1]:1"}, Username: "u", Password: "p", Database: 2, Timeout: 3 * time.Second}},
		"sentinels": {map[string]any{"sentinel_master": "m", "sentinel_nodes": []any{map[string]any{"host": "a", "port": 1}, map[string]any{"host": "b"}},
			"sentinel_username": "u", "sentinel_password": "p"},
			redis.Options{Addresses: []string{"a:1", "b:6379"}, Master: "m", SentinelUsername: "u", SentinelPassword: "p", Timeout: 2 * time.Second}},
		"cluster": {map[string]any{"cluster_nodes": []any{map[string]any{"ip": "10.0.0.1", "port": 1}}},
			redis.Options{Addresses: []string{"10.0.0.1:1"}, Cluster: true, Timeout: 2 * time.Second}},
	} {
		doc, errs := s.Process(c.doc, schema.Options{Op: schema.Create})
		if len(errs) > 0 {
			t.Fatal(name, errs.Message())
		}
		var r record
		if err := s.Bind(doc, &r); err != nil {
			t.Fatal(name, err)
		}
		if d := cmp.Diff(c.want, kongredis.Options(&r.Server, &r.Fleet)); d != "" {
			t.Errorf("%s:\n%s", name, d)
		}
	}
}

func TestCheck(t *testing.T) {
	list := []any{"x"}
	for _, c := range []struct {
		doc  map[string]any
		want string // the field that is named
	}{
		{nil, ""}, {map[string]any{"host": "a", "sentinel_nodes": nil}, ""}, {map[string]any{"sentinel_master": "m", "sentinel_addresses": list}, ""},
		{map[string]any{"sentinel_master": "m"}, "sentinel_nodes"}, {map[string]any{"sentinel_nodes": list}, "sentinel_master"},
		{map[string]any{"sentinel_master": "m", "sentinel_nodes": list, "cluster_addresses": list}, "cluster_nodes"},
	} {
		errs := kongredis.Check(c.doc)
		named := make([]string, 0, 1)
		for field := range errs {
			named = append(named, field)
		}
		if (c.want == "") != (errs == nil) || c.want != "" && !slices.Equal(named, []string{c.want}) {
			t.Errorf("%v: %v, want %q", c.doc, errs, c.want)
		}
	}
}
