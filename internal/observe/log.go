// Package observe writes what an operator reads: the gateway's own log, and access logs. Its main types are File, a log file
// that never holds up a request and can be reopened after rotation, and AccessLog. Metrics and traces are not here.
package observe

import (
	"context"
	"io"
	"log/slog"
	"time"
)

// NewLogger returns the gateway's logger: one line per record, as key=value pairs (slog.TextHandler), with UTC times and
// nginx's names of levels, as Kong's log readers filter by them.
func NewLogger(w io.Writer, level slog.Leveler) *slog.Logger {
	return slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: level, ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
		if len(groups) > 0 {
			return a
		}
		switch a.Key {
		case slog.TimeKey:
			a.Value = slog.StringValue(a.Value.Time().UTC().Format("2006-01-02T15:04:05.000Z"))
		case slog.LevelKey:
			if l, ok := a.Value.Any().(slog.Level); ok {
				a.Value = slog.StringValue(levelName(l))
			}
		default:
			if a.Value.Kind() == slog.KindDuration {
				a.Value = slog.StringValue(a.Value.Duration().Round(10 * time.Microsecond).String())
			}
		}
		return a
	}}))
}

// LevelNotice lies between info and warn: what an operator sees by default.
const LevelNotice = slog.LevelInfo + 2

// Notice logs at LevelNotice.
func Notice(log *slog.Logger, message string, args ...any) {
	log.Log(context.Background(), LevelNotice, message, args...)
}

func levelName(l slog.Level) string {
	switch {
	case l < slog.LevelInfo:
		return "debug"
	case l < LevelNotice:
		return "info"
	case l < slog.LevelWarn:
		return "notice"
	case l < slog.LevelError:
		return "warn"
	case l < slog.LevelError+2:
		return "error"
	default:
		return "crit"
	}
}
