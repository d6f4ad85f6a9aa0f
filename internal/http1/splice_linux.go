//go:build linux && (amd64 || arm64)

package http1

import (
	"io"
	"syscall"
	"time"
)

const spliceSupported = true

const (
	spliceFlags = 0x1 | 0x2 // SPLICE_F_MOVE | SPLICE_F_NONBLOCK
	setPipeSize = 1031      // F_SETPIPE_SZ
	pipeSize    = 1 << 20
)

// pipe is what splice(2) moves bytes through.
type pipe struct{ r, w int }

// pipes keeps a few for the next body. Only empty ones are put back.
var pipes = make(chan pipe, 32)

func openPipe() (pipe, error) {
	select {
	case p := <-pipes:
		return p, nil
	default:
	}
	var fd [2]int
	if err := syscall.Pipe2(fd[:], syscall.O_CLOEXEC|syscall.O_NONBLOCK); err != nil {
		return pipe{}, err
	}
	syscall.Syscall(syscall.SYS_FCNTL, uintptr(fd[1]), setPipeSize, pipeSize) // a smaller one does too
	return pipe{fd[0], fd[1]}, nil
}

func (p pipe) keep(empty bool) {
	if empty {
		select {
		case pipes <- p:
			return
		default:
		}
	}
	syscall.Close(p.r)
	syscall.Close(p.w)
}

// splice moves n bytes from src to dst inside the kernel. read and write bound the waits from one success to the next. arrived, if
// not nil, is told how many bytes have been taken from src, before they go to dst.
func splice(dst, src *wire, n int64, read, write time.Duration, arrived func(int64)) (moved int64, readErr, writeErr error) {
	p, err := openPipe()
	if err != nil {
		return 0, err, nil
	}
	inPipe := 0
	defer func() { p.keep(inPipe == 0) }()
	var got int
	var failed error
	in := func(fd uintptr) bool {
		got, failed = trySplice(int(fd), p.w, int(min(n-moved, pipeSize)))
		return failed != syscall.EAGAIN
	}
	out := func(fd uintptr) bool {
		for inPipe > 0 {
			var k int
			k, failed = trySplice(p.r, int(fd), inPipe)
			if failed != nil {
				break
			}
			inPipe -= k
			moved += int64(k)
			dst.writeBy.clear(dst.nc)
		}
		if failed == syscall.EAGAIN {
			dst.writeBy.set(dst.nc, write)
			return false
		}
		return true
	}
	for moved < n {
		src.readBy.set(src.nc, read)
		err := src.sys.Read(in)
		src.readBy.clear(src.nc)
		switch {
		case err != nil:
			return moved, err, nil
		case failed != nil:
			return moved, failed, nil
		case got == 0:
			return moved, io.ErrUnexpectedEOF, nil
		}
		inPipe = got
		if arrived != nil {
			arrived(moved + int64(got))
		}
		err = dst.sys.Write(out)
		dst.writeBy.clear(dst.nc)
		if err != nil {
			return moved, nil, err
		}
		if failed != nil {
			return moved, nil, failed
		}
	}
	return moved, nil, nil
}

func trySplice(from, to, n int) (int, error) {
	for {
		k, err := syscall.Splice(from, nil, to, nil, n, spliceFlags)
		if err != syscall.EINTR {
			return int(k), err
		}
	}
}
