package redis

import "time"

// SetGrace changes how long stores that nobody holds stay usable, until the test ends.
func SetGrace(tb interface{ Cleanup(func()) }, d time.Duration) {
	old := grace
	grace = d
	tb.Cleanup(func() { grace = old })
}
