package snapshot

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"

	"github.com/gibbon-gateway/gibbon/plugin"
)

// tasks are the background tasks of a plugin.
type tasks struct {
	log    *slog.Logger
	ctx    context.Context
	cancel context.CancelFunc

	mu      sync.Mutex // guards ended, and running against a start while it is waited for
	ended   bool
	running sync.WaitGroup
}

func newTasks(log *slog.Logger) *tasks {
	ctx, cancel := context.WithCancel(context.Background())
	return &tasks{log: log, ctx: ctx, cancel: cancel}
}

// start runs a task. After stop it does nothing.
func (t *tasks) start(name string, run func(ctx context.Context)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.ended {
		return
	}
	t.running.Go(func() {
		defer func() {
			if p := recover(); p != nil {
				t.log.Error("panic in a background task", "task", name, "panic", p, "stack", string(debug.Stack()))
			}
		}()
		run(t.ctx)
	})
}

// stop ends the tasks and waits for them.
func (t *tasks) stop() {
	t.cancel()
	t.mu.Lock()
	t.ended = true
	t.mu.Unlock()
	t.running.Wait()
}

// stop ends plugins that left the configuration. Requests in flight may still call them.
func stop(log *slog.Logger, left []*made) {
	for _, m := range left {
		m.tasks.stop()
		if c, ok := m.Plugin.(plugin.Closer); ok {
			if err := closePlugin(c); err != nil {
				log.Error("cannot close a plugin", "plugin", m.kind.Name, "plugin_id", m.id, "error", err)
			}
		}
	}
}

func closePlugin(c plugin.Closer) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	return c.Close()
}
