package change_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/gibbon-gateway/gibbon/entity"
	"github.com/gibbon-gateway/gibbon/gibbontest"
	"github.com/gibbon-gateway/gibbon/internal/store"
	"github.com/gibbon-gateway/gibbon/internal/store/sqlstore"
	"github.com/gibbon-gateway/gibbon/schema"
)

// routes is how many routes there are, each with a service of its own.
const routes = 10_000

// BenchmarkChange adds a route and asks the proxy for it until it answers. An operation is one change.
func BenchmarkChange(b *testing.B) {
	up := gibbontest.NewUpstream(b, nil)
	g := start(b, up.URL)
	next := 0
	for _, load := range []bool{false, true} {
		b.Run(map[bool]string{false: "quiet", true: "under load"}[load], func(b *testing.B) {
			var slowest time.Duration
			if load {
				stop := requests(b, g.Proxy+"/path0")
				defer func() {
					slowest = stop()
					b.ReportMetric(ms(slowest), "slowest-request-ms")
				}()
			}
			var took []time.Duration
			var cpu time.Duration
			pace := time.NewTicker(300 * time.Millisecond) // so that each change comes after a quiet time
			defer pace.Stop()
			for b.Loop() {
				<-pace.C
				next++
				before := used()
				took = append(took, change(b, g, next))
				cpu += used() - before
			}
			slices.Sort(took)
			b.ReportMetric(ms(took[len(took)/2]), "median-ms")
			b.ReportMetric(ms(took[len(took)-1]), "max-ms")
			b.ReportMetric(ms(cpu)/float64(len(took)), "cpu-ms")
		})
	}
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// start runs a gateway whose SQLite file holds the routes.
func start(b *testing.B, upstream string) *gibbontest.Gateway {
	file := filepath.Join(b.TempDir(), "routes.db")
	db, err := sqlstore.Open(b.Context(), sqlstore.Options{SQLite: file})
	if err != nil {
		b.Fatal(err)
	}
	insert := func(tx store.Tx, kind string, doc map[string]any) error {
		k := entity.KindOf(kind)
		doc["id"] = entity.DeterministicID(k, doc["name"].(string))
		done, errs := k.Prepare(doc, schema.Options{Op: schema.Create})
		if len(errs) > 0 {
			return fmt.Errorf("%v", errs)
		}
		raw, err := json.Marshal(done)
		if err != nil {
			return err
		}
		return tx.Insert(k, raw)
	}
	err = db.Update(b.Context(), func(tx store.Tx) error {
		for i := range routes {
			url := fmt.Sprintf("http://10.0.%d.%d", i/250, i%250)
			if i == 0 {
				url = upstream
			}
			if err := insert(tx, "services", map[string]any{"name": fmt.Sprint("s", i), "url": url}); err != nil {
				return err
			}
			if err := insert(tx, "routes", map[string]any{"name": fmt.Sprint("r", i), "paths": []any{fmt.Sprint("/path", i)},
				"service": map[string]any{"id": entity.DeterministicID(entity.KindOf("services"), fmt.Sprint("s", i))}}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	if err := db.Close(); err != nil {
		b.Fatal(err)
	}
	return gibbontest.Start(b, "", map[string]string{"sqlite_path": file})
}

// change adds a route by the Admin API and returns how long after the answer the proxy knows it.
func change(b *testing.B, g *gibbontest.Gateway, n int) time.Duration {
	path := fmt.Sprintf("/new%06d", n) // none is the start of another
	r, err := http.Post(g.Admin+"/services/s0/routes", "application/json", strings.NewReader(fmt.Sprintf(`{"paths":[%q]}`, path)))
	if err != nil {
		b.Fatal(err)
	}
	text, _ := io.ReadAll(r.Body)
	r.Body.Close()
	if r.StatusCode != http.StatusCreated {
		b.Fatalf("%d %s", r.StatusCode, text)
	}
	begun := time.Now()
	for tick := time.NewTicker(time.Millisecond); ; <-tick.C {
		switch status := get(b.Context(), g.Proxy+path); {
		case status == http.StatusOK:
			tick.Stop()
			return time.Since(begun)
		case status != http.StatusNotFound || time.Since(begun) > 10*time.Second:
			b.Fatalf("the proxy answers %d", status)
		}
	}
}

// get returns the status of a request, 0 if there was no answer.
func get(ctx context.Context, url string) int {
	q, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0
	}
	r, err := http.DefaultClient.Do(q)
	if err != nil {
		return 0
	}
	defer r.Body.Close()
	if _, err := io.Copy(io.Discard, r.Body); err != nil {
		return 0
	}
	return r.StatusCode
}

// requests makes some requests a second until stop, which returns how long the slowest took. None may fail.
func requests(b *testing.B, url string) (stop func() time.Duration) {
	ctx, cancel := context.WithCancel(context.Background())
	var clients sync.WaitGroup
	var slowest atomic.Int64
	for range 4 {
		clients.Go(func() {
			tick := time.NewTicker(4 * time.Millisecond)
			defer tick.Stop()
			for ctx.Err() == nil {
				begun := time.Now()
				if status := get(context.Background(), url); status != http.StatusOK {
					b.Errorf("a request got %d", status)
				}
				if took := int64(time.Since(begun)); took > slowest.Load() {
					slowest.Store(took)
				}
				<-tick.C
			}
		})
	}
	return func() time.Duration {
		cancel()
		clients.Wait()
		return time.Duration(slowest.Load())
	}
}

// used returns the CPU time of the process so far.
func used() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkStart starts a gateway with a declarative configuration of all the routes. An operation is one start and stop.
func BenchmarkStart(b *testing.B) {
	var config strings.Builder
	config.WriteString(`{"_format_version":"3.0","services":[`)
	for i := range routes {
		fmt.Fprintf(&config, `%s{"name":"s%d","url":"http://10.0.%d.%d:8780/base","routes":[{"name":"r%d","paths":["/team%d/service%d"],"hosts":["h%d.test"]}]}`,
			strings.Repeat(",", min(i, 1)), i, i/250, i%250, i, i/10, i%10, i/10)
	}
	config.WriteString("]}")
	var cpu time.Duration
	for b.Loop() {
		before := used()
		once := &scope{TB: b}
		gibbontest.Start(once, config.String(), nil)
		cpu += used() - before
		once.end()
	}
	b.ReportMetric(ms(cpu)/float64(b.N), "cpu-ms")
}

// scope is a part of a benchmark that ends before it.
type scope struct {
	testing.TB
	ends []func()
}

func (s *scope) Cleanup(end func()) { s.ends = append(s.ends, end) }

func (s *scope) end() {
	for _, end := range slices.Backward(s.ends) {
		end()
	}
}
