//go:build !(linux && (amd64 || arm64))

package http1

import (
	"errors"
	"time"
)

const spliceSupported = false

func splice(dst, src *wire, n int64, read, write time.Duration, arrived func(int64)) (moved int64, readErr, writeErr error) {
	return 0, errors.ErrUnsupported, nil
}
