// Package metrics counts inside the process. Its main type is Registry, which implements plugin.Metrics and writes what was measured in the
// text format of Prometheus. It does not serve it.
package metrics

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/gibbon-gateway/gibbon/plugin"
)

// MaxSeries is how many series a metric has at most, and one more for the rest.
const MaxSeries = 10000

// Registry holds metrics by name. The zero value is empty and ready; it is safe for concurrent use.
type Registry struct {
	mu      sync.Mutex
	metrics map[string]*metric
}

// metric is a metric with its series.
type metric struct {
	name, help, kind string
	labels           []string
	bounds           []float64

	mu     sync.RWMutex
	series map[string]*series // by the values of the labels
}

// series is a number, or a histogram: count is the sum of observations then.
type series struct {
	m       *metric
	values  []string
	number  atomic.Uint64 // the bits of a float64
	buckets []atomic.Uint64
}

var nameForm, labelForm = regexp.MustCompile(`^[a-zA-Z_:][a-zA-Z0-9_:]*$`), regexp.MustCompile(`^[a-zA-Z_][a-zA-Z0-9_]*$`)

// Counter implements plugin.Metrics.
func (r *Registry) Counter(name, help string, labels ...string) (plugin.Meter, error) {
	return r.metric(name, help, "counter", nil, labels)
}

// Gauge implements plugin.Metrics.
func (r *Registry) Gauge(name, help string, labels ...string) (plugin.Meter, error) {
	return r.metric(name, help, "gauge", nil, labels)
}

// Histogram implements plugin.Metrics.
func (r *Registry) Histogram(name, help string, bounds []float64, labels ...string) (plugin.Meter, error) {
	if len(bounds) == 0 || !slices.IsSorted(bounds) || len(slices.Compact(slices.Clone(bounds))) != len(bounds) {
		return nil, fmt.Errorf("metric %s: the bounds of a histogram have to ascend", name)
	}
	return r.metric(name, help, "histogram", slices.Clone(bounds), labels)
}

func (r *Registry) metric(name, help, kind string, bounds []float64, labels []string) (plugin.Meter, error) {
	if !nameForm.MatchString(name) {
		return nil, fmt.Errorf("metric %q: this is no name of a metric", name)
	}
	for i, l := range labels {
		if !labelForm.MatchString(l) || strings.HasPrefix(l, "__") || l == "le" || slices.Contains(labels[:i], l) {
			return nil, fmt.Errorf("metric %s: %q cannot be a label", name, l)
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	m := r.metrics[name]
	if m == nil {
		m = &metric{name: name, help: help, kind: kind, labels: slices.Clone(labels), bounds: bounds, series: map[string]*series{}}
		if r.metrics == nil {
			r.metrics = map[string]*metric{}
		}
		r.metrics[name] = m
	}
	if m.kind != kind || !slices.Equal(m.labels, labels) || !slices.Equal(m.bounds, bounds) {
		return nil, fmt.Errorf("metric %s: it is a %s with the labels %q elsewhere", name, m.kind, m.labels)
	}
	return m, nil
}

// With implements plugin.Meter. Values that are missing are empty, those beyond the labels are ignored.
func (m *metric) With(values ...string) plugin.Series {
	full := make([]string, len(m.labels))
	copy(full, values)
	key := strings.Join(full, "\xff")
	m.mu.RLock()
	s := m.series[key]
	m.mu.RUnlock()
	if s != nil {
		return s
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.series) >= MaxSeries && m.series[key] == nil {
		for i := range full {
			full[i] = "other"
		}
		key = strings.Join(full, "\xff")
	}
	if s = m.series[key]; s == nil {
		s = &series{m: m, values: full}
		if m.bounds != nil {
			s.buckets = make([]atomic.Uint64, len(m.bounds)+1)
		}
		m.series[key] = s
	}
	return s
}

// Add implements plugin.Series.
func (s *series) Add(n float64) {
	if s.buckets != nil {
		s.Observe(n)
		return
	}
	if n < 0 && s.m.kind == "counter" || math.IsNaN(n) {
		return
	}
	s.grow(n)
}

// Set implements plugin.Series.
func (s *series) Set(v float64) {
	if s.m.kind == "gauge" {
		s.number.Store(math.Float64bits(v))
	}
}

// Observe implements plugin.Series.
func (s *series) Observe(v float64) {
	if s.buckets == nil {
		s.Add(v)
		return
	}
	if math.IsNaN(v) {
		return
	}
	i, _ := slices.BinarySearch(s.m.bounds, v)
	s.buckets[i].Add(1)
	s.grow(v)
}

func (s *series) grow(n float64) {
	for {
		old := s.number.Load()
		if s.number.CompareAndSwap(old, math.Float64bits(math.Float64frombits(old)+n)) {
			return
		}
	}
}

// Append appends all metrics in the text format of Prometheus, ordered by name and values.
func (r *Registry) Append(b []byte) []byte {
	r.mu.Lock()
	all := make([]*metric, 0, len(r.metrics))
	for _, m := range r.metrics {
		all = append(all, m)
	}
	r.mu.Unlock()
	slices.SortFunc(all, func(a, b *metric) int { return strings.Compare(a.name, b.name) })
	for _, m := range all {
		b = m.append(b)
	}
	return b
}

var helpText = strings.NewReplacer(`\`, `\\`, "\n", `\n`)

func (m *metric) append(b []byte) []byte {
	b = append(b, "# HELP "+m.name+" "+helpText.Replace(m.help)+"\n# TYPE "+m.name+" "+m.kind+"\n"...)
	m.mu.RLock()
	all := make([]*series, 0, len(m.series))
	for _, s := range m.series {
		all = append(all, s)
	}
	m.mu.RUnlock()
	slices.SortFunc(all, func(a, b *series) int { return slices.Compare(a.values, b.values) })
	for _, s := range all {
		number := math.Float64frombits(s.number.Load())
		if s.buckets == nil {
			b = s.line(b, "", "", number)
			continue
		}
		total := uint64(0)
		for i := range s.buckets {
			total += s.buckets[i].Load()
			le := "+Inf"
			if i < len(m.bounds) {
				le = strconv.FormatFloat(m.bounds[i], 'g', -1, 64)
			}
			b = s.line(b, "_bucket", le, float64(total))
		}
		b = s.line(b, "_sum", "", number)
		b = s.line(b, "_count", "", float64(total))
	}
	return b
}

var labelText = strings.NewReplacer(`\`, `\\`, "\n", `\n`, `"`, `\"`)

func (s *series) line(b []byte, suffix, le string, number float64) []byte {
	b = append(append(b, s.m.name...), suffix...)
	between := byte('{')
	label := func(name, value string) {
		b = append(append(b, between), name+`="`+labelText.Replace(value)+`"`...)
		between = ','
	}
	for i, name := range s.m.labels {
		label(name, s.values[i])
	}
	if le != "" {
		label("le", le)
	}
	if between == ',' {
		b = append(b, '}')
	}
	b = append(b, ' ')
	return append(strconv.AppendFloat(b, number, 'g', -1, 64), '\n')
}
