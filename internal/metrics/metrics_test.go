package metrics_test

import (
	"fmt"
	"math"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gibbon-gateway/gibbon/internal/metrics"
	"github.com/gibbon-gateway/gibbon/plugin"
)

var _ plugin.Metrics = (*metrics.Registry)(nil)

func meter(t *testing.T) func(m plugin.Meter, err error) plugin.Meter {
	return func(m plugin.Meter, err error) plugin.Meter {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
}

func TestText(t *testing.T) {
	var r metrics.Registry
	must := meter(t)
	sent := must(r.Counter("sent_total", "What was\nsent.", "route", "code"))
	sent.With("a", "200").Add(2)
	sent.With("a", "200").Observe(1)
	sent.With("a", "200").Add(-5)         // a counter does not shrink,
	sent.With("a", "200").Set(9)          // nor is it set
	sent.With("a", "200").Add(math.NaN()) // nor spoilt
	sent.With(`q"\` + "\n").Add(0.5)
	must(r.Counter("sent_total", "", "route", "code")).With("a", "200", "more").Add(1)
	g := must(r.Gauge("waiting", "How many wait.")).With()
	g.Add(3)
	g.Add(-1)
	must(r.Gauge("level", "Set.")).With().Set(-2.5)
	h := must(r.Histogram("took_seconds", "How long it took.", []float64{0.1, 1})).With()
	for _, v := range []float64{0.1, 0.5, 7, math.NaN()} {
		h.Observe(v)
	}
	want := `# HELP level Set.
# TYPE level gauge
level -2.5
# HELP sent_total What was\nsent.
# TYPE sent_total counter
sent_total{route="a",code="200"} 4
sent_total{route="q\"\\\n",code=""} 0.5
# HELP took_seconds How long it took.
# TYPE took_seconds histogram
took_seconds_bucket{le="0.1"} 1
took_seconds_bucket{le="1"} 2
took_seconds_bucket{le="+Inf"} 3
took_seconds_sum 7.6
took_seconds_count 3
# HELP waiting How many wait.
# TYPE waiting gauge
waiting 2
`
	if d := cmp.Diff(want, string(r.Append(nil))); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

func TestRefused(t *testing.T) {
	var r metrics.Registry
	if _, err := r.Counter("a", "", "x"); err != nil {
		t.Fatal(err)
	}
	for want, ask := range map[string]func() (plugin.Meter, error){
		`metric a: it is a counter with the labels ["x"] elsewhere`:  func() (plugin.Meter, error) { return r.Gauge("a", "", "x") },
		`metric a: it is a counter with the labels ["x"] elsewhere `: func() (plugin.Meter, error) { return r.Counter("a", "", "y") },
		`metric "a b": this is no name of a metric`:                  func() (plugin.Meter, error) { return r.Counter("a b", "") },
		`metric b: "le" cannot be a label`:                           func() (plugin.Meter, error) { return r.Counter("b", "", "le") },
		`metric b: "x" cannot be a label`:                            func() (plugin.Meter, error) { return r.Counter("b", "", "x", "x") },
		`metric b: the bounds of a histogram have to ascend`:         func() (plugin.Meter, error) { return r.Histogram("b", "", []float64{2, 1}) },
		`metric b: the bounds of a histogram have to ascend  `:       func() (plugin.Meter, error) { return r.Histogram("b", "", []float64{1, 1}) },
		`metric b: the bounds of a histogram have to ascend   `:      func() (plugin.Meter, error) { return r.Histogram("b", "", nil) },
	} {
		if _, err := ask(); err == nil || err.Error() != strings.TrimRight(want, " ") {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

// Values that clients choose cannot fill the memory.
func TestSeriesAreBounded(t *testing.T) {
	var r metrics.Registry
	m := meter(t)(r.Counter("a", "", "who"))
	for i := range metrics.MaxSeries + 50 {
		m.With(fmt.Sprint(i)).Add(1)
	}
	text := string(r.Append(nil))
	if n := strings.Count(text, "\na{"); n != metrics.MaxSeries+1 || !strings.Contains(text, `a{who="other"} 50`) {
		t.Errorf("%d series", n)
	}
}

func TestConcurrentUse(t *testing.T) {
	var r metrics.Registry
	m := meter(t)(r.Counter("a", "", "who"))
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for i := range 1000 {
				m.With(fmt.Sprint(i % 3)).Add(1)
				if i%100 == 0 {
					r.Append(nil)
				}
			}
		})
	}
	wg.Wait()
	if text := string(r.Append(nil)); !strings.Contains(text, `a{who="0"} 2672`) || !strings.Contains(text, `a{who="2"} 2664`) {
		t.Error(text)
	}
	s := m.With("0")
	if n := testing.AllocsPerRun(100, func() { s.Add(1) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
