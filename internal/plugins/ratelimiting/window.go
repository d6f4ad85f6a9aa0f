package ratelimiting

import (
	"sync/atomic"
	"time"
)

// period is a length of window. Windows are aligned to the calendar in UTC.
type period int

const (
	second period = iota
	minute
	hour
	day
	month
	year
	periods // how many there are
)

var periodNames = [periods]string{"second", "minute", "hour", "day", "month", "year"}

// lengths holds what counts as the length of a window in seconds when the time to its reset is told: as in Kong a month
// always has 30 days and a year 365.
var lengths = [periods]int64{1, 60, 3600, 86400, 30 * 86400, 365 * 86400}

// span is a window from start to before end, in seconds since 1970.
type span struct{ start, end int64 }

// calendar knows the windows of any time. It remembers the month and the year, which are slow to compute.
type calendar struct{ current atomic.Pointer[[2]span] }

// at returns the window of a period that holds now, in seconds since 1970.
func (c *calendar) at(p period, now int64) span {
	if p < month {
		start := now - now%lengths[p]
		return span{start, start + lengths[p]}
	}
	known := c.current.Load()
	if known == nil || now < known[0].start || now >= known[0].end {
		known = dates(now)
		c.current.Store(known)
	}
	return known[p-month]
}

// dates returns the month and the year that hold now.
func dates(now int64) *[2]span {
	t := time.Unix(now, 0).UTC()
	y, m, _ := t.Date()
	on := func(y int, m time.Month) int64 { return time.Date(y, m, 1, 0, 0, 0, 0, time.UTC).Unix() }
	return &[2]span{
		{on(y, m), on(y, m+1)},
		{on(y, time.January), on(y+1, time.January)},
	}
}

// reset returns the seconds until the window that started at start is over, at least 1.
func reset(p period, start, now int64) int64 { return max(1, lengths[p]-(now-start)) }
