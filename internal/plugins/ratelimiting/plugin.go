// Package ratelimiting is the plugin rate-limiting: it lets through so many requests a second, minute, hour, day, month or
// year, and answers the others with 429. Its main type is limiter. Counters live in state.Counters: in memory, in Redis or in
// the database. They are taken in one atomic step, so that exactly the limit passes however many requests come at once; a refused request counts nowhere.
package ratelimiting

import (
	"context"
	"fmt"
	"log/slog"
	"math"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gibbon-gateway/gibbon/plugin"
	"github.com/gibbon-gateway/gibbon/state"
)

// Type is the plugin.
var Type = plugin.Define(plugin.Desc{
	Name:     "rate-limiting",
	Priority: 910,
	Doc:      "Lets through so many requests per second, minute, hour, day, month or year, and answers the others with 429.",
}, build, rules()...)

// limiter is one configuration at work.
type limiter struct {
	limits  []limit
	by      func(l *limiter, x *plugin.Exchange, b []byte) (kind byte, identifier []byte)
	header  string
	path    string
	scope   []byte // the part of keys that is the same for all requests
	status  int
	message string
	hide    bool
	open    bool // let requests through while the counters cannot be reached

	state    state.Counters
	release  func() error // gives state back; may be nil
	now      func() time.Time
	log      *slog.Logger
	calendar calendar
	logged   atomic.Int64 // when a failure of the state was last logged, in seconds since 1970
}

// limit is the limit of one period.
type limit struct {
	period        period
	max           int64   // how many requests pass
	value         float64 // as configured; requests pass while fewer than this were counted
	text          string  // value for headers
	limitHeader   string
	remainHeader  string
	fractionalMax bool // value is not a whole number
}

// logEvery is how often, in seconds, failures of the state are logged.
const logEvery = 10

func build(c config, env plugin.Env) (any, error) {
	counters, release, err := countersOf(&c, env)
	if err != nil {
		return nil, err
	}
	l := &limiter{
		by:      identifiers[c.LimitBy],
		header:  c.HeaderName,
		path:    c.Path,
		scope:   keyScope(env.Scope),
		status:  int(c.ErrorCode),
		message: c.ErrorMessage,
		hide:    c.HideClientHeaders,
		open:    c.FaultTolerant,
		state:   counters,
		release: release,
		now:     env.Now,
		log:     env.Log,
	}
	if l.by == nil {
		l.by = byIP
	}
	if l.status == 0 {
		l.status = http.StatusTooManyRequests
	}
	for p, v := range c.limits() {
		if v > 0 {
			l.limits = append(l.limits, newLimit(period(p), v))
		}
	}
	return l, nil
}

// Close gives up what the configuration holds. Requests that are under way can still be counted.
func (l *limiter) Close() error {
	if l.release == nil {
		return nil
	}
	return l.release()
}

// headerNames are how periods are written in headers.
var headerNames = [periods]string{"Second", "Minute", "Hour", "Day", "Month", "Year"}

func newLimit(p period, v float64) limit {
	return limit{
		period:        p,
		max:           int64(min(math.Ceil(v), 1<<53)),
		value:         v,
		text:          strconv.FormatFloat(v, 'f', -1, 64),
		limitHeader:   "X-RateLimit-Limit-" + headerNames[p],
		remainHeader:  "X-RateLimit-Remaining-" + headerNames[p],
		fractionalMax: v != math.Trunc(v),
	}
}

// scratch is the memory of one check.
type scratch struct {
	claims     [periods]state.Claim
	starts     [periods]int64
	keys       []byte
	identifier [64]byte
	digits     [32]byte
}

var scratches = sync.Pool{New: func() any { return &scratch{keys: make([]byte, 0, 256)} }}

// Access counts the request, tells the client its limits, and ends the request when it is over one.
func (l *limiter) Access(x *plugin.Exchange) error {
	s := scratches.Get().(*scratch)
	defer scratches.Put(s)

	now := l.now().Unix()
	claims := l.claim(x, s, now)
	ok, err := l.state.Take(context.Background(), 1, claims)
	if err != nil {
		return l.failed(now, err)
	}
	if !l.hide {
		l.tell(x, s, now, ok)
	}
	if !ok {
		return x.Error(l.status, l.message)
	}
	return nil
}

// claim fills in what the request asks of each counter.
func (l *limiter) claim(x *plugin.Exchange, s *scratch, now int64) []state.Claim {
	kind, identifier := l.by(l, x, s.identifier[:0])
	keys := s.keys[:0]
	for i := range l.limits {
		lim := &l.limits[i]
		w := l.calendar.at(lim.period, now)
		start := len(keys)
		keys = appendKey(keys, l.scope, kind, identifier, lim.period, w.start)
		s.starts[i] = w.start
		s.claims[i] = state.Claim{
			Key: keys[start:len(keys):len(keys)],
			Max: lim.max,
			// One second more than the window has left: the clock of the state may be a little ahead.
			TTL: time.Duration(w.end-now+1) * time.Second,
		}
	}
	s.keys = keys
	return s.claims[:len(l.limits)]
}

// tell sets the headers about limits. The short ones are about the period that will stop the client first: the one with
// the fewest requests left, of equals the longest.
func (l *limiter) tell(x *plugin.Exchange, s *scratch, now int64, passed bool) {
	h := &x.Response.Header
	tightest, fewest := 0, math.Inf(1)
	for i := range l.limits {
		lim := &l.limits[i]
		left := max(0, lim.value-float64(s.claims[i].Value))
		if left <= fewest {
			tightest, fewest = i, left
		}
		h.Set(lim.limitHeader, lim.text)
		h.SetBytes(lim.remainHeader, lim.appendLeft(s.digits[:0], left))
	}
	lim := &l.limits[tightest]
	h.Set("RateLimit-Limit", lim.text)
	h.SetBytes("RateLimit-Remaining", lim.appendLeft(s.digits[:0], fewest))
	wait := strconv.AppendInt(s.digits[:0], reset(lim.period, s.starts[tightest], now), 10)
	h.SetBytes("RateLimit-Reset", wait)
	if !passed {
		h.SetBytes("Retry-After", wait)
	}
}

func (lim *limit) appendLeft(b []byte, left float64) []byte {
	if lim.fractionalMax {
		return strconv.AppendFloat(b, left, 'g', 14, 64)
	}
	return strconv.AppendInt(b, int64(left), 10)
}

// failed decides about a request that could not be counted.
func (l *limiter) failed(now int64, err error) error {
	if !l.open {
		return fmt.Errorf("count request: %w", err)
	}
	if last := l.logged.Load(); now-last >= logEvery && l.logged.CompareAndSwap(last, now) {
		l.log.Error("cannot count requests, they pass without limit", "error", err)
	}
	return nil
}
