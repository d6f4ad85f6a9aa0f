package snapshot_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/gibbon-gateway/gibbon/entity"
	"github.com/gibbon-gateway/gibbon/internal/balance"
	"github.com/gibbon-gateway/gibbon/internal/snapshot"
)

// collection makes n services with a route each.
func collection(tb testing.TB, n int) []entity.Object {
	services, routes := entity.KindOf("services"), entity.KindOf("routes")
	var objects []entity.Object
	for i := range n {
		service, id := entity.DeterministicID(services, fmt.Sprint(i)), entity.DeterministicID(routes, fmt.Sprint(i))
		objects = append(objects,
			entity.Object{Kind: services, ID: service, Doc: json.RawMessage(fmt.Sprintf(
				`{"id":%q,"name":"s%d","host":"10.0.%d.%d","port":80,"protocol":"http","retries":5,"connect_timeout":60000,"write_timeout":60000,"read_timeout":60000,"enabled":true}`,
				service, i, i/250, i%250))},
			entity.Object{Kind: routes, ID: id, Doc: json.RawMessage(fmt.Sprintf(
				`{"id":%q,"name":"r%d","paths":["/team%d/service%d"],"protocols":["http","https"],"strip_path":true,"https_redirect_status_code":426,"service":{"id":%q}}`,
				id, i, i/10, i%10, service))})
	}
	return objects
}

// BenchmarkChange compiles a set that differs from the last in one route of 10,000.
func BenchmarkChange(b *testing.B) {
	objects := collection(b, 10_000)
	more := append(objects[:len(objects):len(objects)], entity.Object{Kind: entity.KindOf("routes"), ID: "ffffffff-0000-4000-8000-000000000000",
		Doc: json.RawMessage(`{"id":"ffffffff-0000-4000-8000-000000000000","paths":["/new"],"protocols":["http"]}`)})
	var set [2]*entity.Set
	set[0], _ = entity.NewSet(1, objects)
	set[1], _ = set[0].Next(2, more)
	registry := balance.New(balance.Config{})
	defer registry.Close()
	o := snapshot.Options{Balance: registry}
	last, problems := buildSet(nil, set[0], o)
	if len(problems) > 0 {
		b.Fatal(problems)
	}
	b.ReportAllocs()
	for i := 1; b.Loop(); i++ {
		last, _ = buildSet(last, set[i%2], o)
		last.Sweep()
	}
}

// BenchmarkSet takes one changed document of 20,000 into a set.
func BenchmarkSet(b *testing.B) {
	objects := collection(b, 10_000)
	set, _ := entity.NewSet(1, objects)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		o := &objects[1]
		o.Doc = json.RawMessage(fmt.Sprintf(`{"id":%q,"paths":["/%d"]}`, o.ID, i))
		set, _ = set.Next(uint64(i+2), objects)
	}
}
