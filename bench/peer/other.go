//go:build !linux

package peer

import (
	"errors"
	"time"
)

var errSystem = errors.New("load of this kind needs Linux: epoll_pwait2")

func runLoop(Spec, *tally) error { return errSystem }

func hold(Spec) (func(), error) { return nil, errSystem }

func pause(d time.Duration) { time.Sleep(d) }
