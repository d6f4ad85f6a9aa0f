package peer

import (
	"syscall"
	"time"
)

// pause sleeps; Go's timers are exact to a millisecond only.
func pause(d time.Duration) {
	if d <= 0 {
		return
	}
	ts := syscall.NsecToTimespec(int64(d))
	for syscall.Nanosleep(&ts, &ts) == syscall.EINTR {
	}
}
