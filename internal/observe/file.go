package observe

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"
)

const (
	flushEvery = 500 * time.Millisecond // a line is in the file at the latest this long after it was written
	bufferSize = 64 << 10
	maxBuffer  = 4 << 20 // lines waiting for a stuck disk; beyond it they are dropped and counted
)

// File is a log file that many goroutines append to. Lines are collected in memory and written by a goroutine of its own, so
// that a slow or full disk never holds up a request: what cannot be written is dropped, counted, and reported once it works
// again.
type File struct {
	path string // "" for a stream that is not reopened
	log  *slog.Logger

	mu      sync.Mutex
	pending []byte
	dropped int
	closed  bool

	out    io.WriteCloser
	wake   chan struct{}
	reopen chan chan error
	done   chan struct{}
}

// OpenFile opens a log: a path (its folder is made), /dev/stdout or /dev/stderr. log is told about lines that were lost.
func OpenFile(path string, log *slog.Logger) (*File, error) {
	f := &File{log: log, wake: make(chan struct{}, 1), reopen: make(chan chan error), done: make(chan struct{})}
	switch path {
	case "/dev/stdout":
		f.out = keepOpen{os.Stdout}
	case "/dev/stderr":
		f.out = keepOpen{os.Stderr}
	default:
		f.path = path
		out, err := openAppend(path)
		if err != nil {
			return nil, err
		}
		f.out = out
	}
	go f.run()
	return f, nil
}

type keepOpen struct{ io.Writer }

func (keepOpen) Close() error { return nil }

func openAppend(path string) (*os.File, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, fmt.Errorf("opening log: %w", err)
	}
	out, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, fmt.Errorf("opening log: %w", err)
	}
	return out, nil
}

// Append adds a line. add appends it, with its newline, to the slice that it is given and returns the result, as the
// append functions of package strconv do.
func (f *File) Append(add func(b []byte) []byte) {
	f.mu.Lock()
	if f.closed || len(f.pending) > maxBuffer {
		f.dropped++
		f.mu.Unlock()
		return
	}
	f.pending = add(f.pending)
	full := len(f.pending) >= bufferSize
	f.mu.Unlock()
	if full {
		select {
		case f.wake <- struct{}{}:
		default:
		}
	}
}

// Write implements io.Writer for loggers; it reports success also for lines that are dropped.
func (f *File) Write(p []byte) (int, error) {
	f.Append(func(b []byte) []byte { return append(b, p...) })
	return len(p), nil
}

// Reopen closes the file and opens it by its name again, after a log rotation has moved it. If it cannot be opened, lines go
// on into the old one.
func (f *File) Reopen() error {
	if f.path == "" {
		return nil
	}
	answer := make(chan error, 1)
	select {
	case f.reopen <- answer:
		return <-answer
	case <-f.done:
		return errors.New("log is closed")
	}
}

// Close writes what is left and closes the file.
func (f *File) Close() error {
	f.mu.Lock()
	if f.closed {
		f.mu.Unlock()
		return nil
	}
	f.closed = true
	f.mu.Unlock()
	close(f.wake)
	<-f.done
	return nil
}

func (f *File) run() {
	defer close(f.done)
	defer func() { f.out.Close() }()
	tick := time.NewTicker(flushEvery)
	defer tick.Stop()
	buffer, lost, failing := make([]byte, 0, bufferSize), 0, false
	flush := func() {
		f.mu.Lock()
		buffer, f.pending = f.pending, buffer[:0]
		lost, f.dropped = lost+f.dropped, 0
		f.mu.Unlock()
		if len(buffer) == 0 {
			return
		}
		if n, err := f.out.Write(buffer); err != nil {
			lost += bytes.Count(buffer[n:], []byte{'\n'})
			if !failing {
				failing = true
				f.log.Error("cannot write log", "file", f.path, "error", err)
			}
			return
		}
		failing = false
		if lost > 0 {
			f.log.Error("log lines were lost", "file", f.path, "lines", lost)
			lost = 0
		}
	}
	for {
		select {
		case <-tick.C:
			flush()
		case answer := <-f.reopen:
			flush()
			out, err := openAppend(f.path)
			if err == nil {
				f.out.Close()
				f.out = out
			}
			answer <- err
		case _, open := <-f.wake:
			flush()
			if !open {
				return
			}
		}
	}
}
