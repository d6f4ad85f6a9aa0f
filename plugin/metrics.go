package plugin

// Metrics makes what a plugin measures known to the gateway's metrics. A name has the form of Prometheus, such as
// http_log_entries_total; all instances of a plugin that ask for a name with the same kind and labels share it. Asking for it
// otherwise is an error, and so is a name or label that Prometheus does not know.
type Metrics interface {
	// Counter is a number that grows.
	Counter(name, help string, labels ...string) (Meter, error)
	// Gauge is a number that comes and goes.
	Gauge(name, help string, labels ...string) (Meter, error)
	// Histogram counts observations by how large they are, in buckets up to each of these bounds.
	Histogram(name, help string, bounds []float64, labels ...string) (Meter, error)
}

// Meter is one metric with its labels. With returns the series of a set of values, as many as there are labels; it is kept where a
// request needs it. The number of series is bounded: those beyond it count together, with "other" for each value.
type Meter interface{ With(values ...string) Series }

// Series is what is measured. Its methods are safe for concurrent use and do not allocate.
type Series interface {
	Add(n float64)     // to a counter (n is not negative) or gauge; of a histogram it is Observe
	Set(value float64) // of a gauge; nothing else is set
	Observe(v float64) // of a histogram; of a counter or gauge it is Add
}
