package schema_test

import (
	"testing"
	"time"

	"github.com/gibbon-gateway/gibbon/schema"
)

type boundService struct {
	ID       string   `json:"id"`
	Name     string   `json:"name"`
	Host     string   `json:"host"`
	Path     *string  `json:"path"`
	Port     int      `json:"port"`
	Tags     []string `json:"tags"`
	Protocol string   `json:"protocol"`
	Enabled  bool     `json:"enabled"`
	Created  int64    `json:"created_at"`
}

// Snapshots of 10,000 objects are made on every change: checking and reading them must not be what takes the time.
func TestManyDocuments(t *testing.T) {
	const n = 10_000
	services, limits := recordedSchemas["services"], recordedSchemas["plugins"]
	service := object(t, `{"name":"svc","host":"example.com","port":8080,"path":"/a/b","tags":["a","b"]}`)
	limit := object(t, `{"name":"rate-limiting","config":{"minute":5,"redis":{"host":"redis.test"}}}`)
	best := func(run func()) time.Duration {
		least := time.Hour
		for range 3 {
			start := time.Now()
			run()
			least = min(least, time.Since(start))
		}
		return least
	}
	var doc map[string]any
	process := best(func() {
		for range n / 2 {
			doc, _ = services.Process(service, schema.Options{Now: now})
			if _, errs := limits.Process(limit, schema.Options{Now: now, Sub: sub}); len(errs) > 0 {
				t.Fatal(errs.Message())
			}
		}
	})
	bind := best(func() {
		for range n {
			var s boundService
			if err := services.Bind(doc, &s); err != nil {
				t.Fatal(err)
			}
		}
	})
	t.Logf("process %v, bind %v", process, bind)
	if limit := 2 * time.Second; process > limit || bind > limit { // far above what it takes, for busy machines
		t.Errorf("process %v, bind %v: too slow", process, bind)
	}
}

func BenchmarkProcess(b *testing.B) {
	doc := object(b, `{"name":"svc","host":"example.com","port":8080,"path":"/a/b","tags":["a","b"]}`)
	b.ReportAllocs()
	for b.Loop() {
		recordedSchemas["services"].Process(doc, schema.Options{Now: now})
	}
}
