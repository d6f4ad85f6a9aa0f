// Package app wires the gateway: Run takes settings, opens logs, databases and listeners, compiles every set that a source
// delivers and hands it to the proxy, and stops everything in order. Its main type is gateway. It is the only package that
// knows all others; it decides nothing about requests.
package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/gibbon-gateway/gibbon/entity"
	"github.com/gibbon-gateway/gibbon/internal/balance"
	"github.com/gibbon-gateway/gibbon/internal/idp"
	"github.com/gibbon-gateway/gibbon/internal/metrics"
	"github.com/gibbon-gateway/gibbon/internal/observe"
	"github.com/gibbon-gateway/gibbon/internal/plan"
	"github.com/gibbon-gateway/gibbon/internal/protocols"
	"github.com/gibbon-gateway/gibbon/internal/proxy"
	"github.com/gibbon-gateway/gibbon/internal/settings"
	"github.com/gibbon-gateway/gibbon/internal/snapshot"
	"github.com/gibbon-gateway/gibbon/internal/source"
	"github.com/gibbon-gateway/gibbon/internal/store"
	"github.com/gibbon-gateway/gibbon/plugin"
	"github.com/gibbon-gateway/gibbon/state"
)

// drain is how long requests under way may take when the gateway stops.
const drain = 20 * time.Second

// Options of Run.
type Options struct {
	Log   *slog.Logger    // nil: as the settings say
	Types plugin.Types    // the plugins that settings may name, as Known returns them; nil means the bundled ones
	Ready func(Addresses) // called once, when the first configuration is in force and everything listens; may be nil
}

// Addresses are where a gateway is reached; "" where it does not listen. URLs, with localhost-like hosts as bound.
type Addresses struct {
	Prefix                                    string
	Proxy, ProxyTLS, Admin, Status, IDP, Demo string
}

// gateway is everything that runs.
type gateway struct {
	settings *settings.Settings
	log      *slog.Logger
	logs     []*observe.File
	adminLog *observe.File // nil for off
	nodeID   string
	started  time.Time

	types        plugin.Types
	store        store.Store      // nil with database off
	declared     *source.Declared // nil otherwise
	source       source.Source
	state, local state.Store
	cluster      state.Counters // in the database; nil without one
	ledger       plugin.Ledger
	secret       func(name string) ([]byte, error)
	registry     *balance.Registry
	directory    *snapshot.Directory
	pool         *protocols.Upstreams
	proxy        *proxy.Proxy
	provider     *idp.Provider // nil with idp_listen off
	build        snapshot.Options

	metrics metrics.Registry

	certs, adminCerts snapshot.Certificates // of the listeners

	problems  atomic.Pointer[[]entity.Problem]
	reported  map[string]bool // problems that were logged
	wantsCert atomic.Bool     // a plugin looks at client certificates
	ready     atomic.Bool

	closers []func() error // in the order of opening
}

// Run runs a gateway until ctx ends or something it cannot do without fails. Errors name the setting where one is to blame.
func Run(ctx context.Context, s *settings.Settings, o Options) error {
	if s.Workers > 0 {
		runtime.GOMAXPROCS(s.Workers)
	}
	g := &gateway{settings: s, started: time.Now(), reported: map[string]bool{}}
	defer g.close()
	if err := g.prepare(o); err != nil {
		return err
	}
	listening, err := g.listen()
	if err != nil {
		return err
	}
	if err := g.open(ctx, listening); err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var tasks sync.WaitGroup
	task := func(name string, run func(ctx context.Context) error) {
		tasks.Go(func() {
			if err := run(ctx); err != nil && ctx.Err() == nil {
				cancel(fmt.Errorf("%s: %w", name, err))
			}
		})
	}
	first := make(chan struct{})
	task("configuration", func(ctx context.Context) error {
		return g.source.Run(ctx, func(set *entity.Set, left []entity.Problem) {
			g.apply(set, left)
			if g.ready.CompareAndSwap(false, true) {
				close(first)
			}
		})
	})
	task("signals", func(ctx context.Context) error { return g.signals(ctx) })
	// Nothing is served before the first configuration is in force; a database that is away is waited for.
	select {
	case <-first:
	case <-ctx.Done():
	}
	servers := g.serve(listening, task)
	if ctx.Err() == nil {
		observe.Notice(g.log, "gateway is ready", "version", Version(), "proxy", listening.text(listening.proxy), "admin", listening.text(listening.admin),
			"database", s.Database, "routes", g.proxy.Current().Routes(), "took", time.Since(g.started))
		if o.Ready != nil {
			o.Ready(listening.addresses(s.Prefix))
		}
	}
	<-ctx.Done()
	observe.Notice(g.log, "gateway stops")
	servers.shutdown(g.log)
	tasks.Wait()
	if err := context.Cause(ctx); !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}

// apply compiles a set and puts it in force.
func (g *gateway) apply(set *entity.Set, left []entity.Problem) {
	began := time.Now()
	snap, problems := snapshot.Build(g.proxy.Current(), plan.Translate(set, g.proxy.Current().Config()), g.build)
	g.proxy.Swap(snap)
	all := append(append([]entity.Problem{}, left...), problems...)
	g.problems.Store(&all)
	g.report(all)
	g.wantsCert.Store(wantsCertificates(snap, g.types))
	g.log.Debug("configuration in force", "version", set.Version(), "routes", snap.Routes(), "took", time.Since(began))
}

// report logs problems that are new, once.
func (g *gateway) report(all []entity.Problem) {
	now := map[string]bool{}
	for _, p := range all {
		key := p.Kind + " " + p.ID + " " + p.Err.Error()
		now[key] = true
		if !g.reported[key] {
			g.log.Warn("object left out of the configuration", "kind", p.Kind, "id", p.ID, "error", p.Err)
		}
	}
	g.reported = now
}

func (g *gateway) left() []entity.Problem {
	if all := g.problems.Load(); all != nil {
		return *all
	}
	return nil
}

// rules returns what requests are matched to.
func (g *gateway) rules() []plan.Status {
	if s := g.proxy.Current(); s != nil {
		return s.Rules()
	}
	return nil
}

// wantsCertificates reports whether an instance looks at the certificates of TLS clients, which are asked for only then:
// browsers that have some show a dialog.
func wantsCertificates(s *snapshot.Snapshot, types plugin.Types) bool {
	for name := range types {
		for _, i := range s.Instances(name) {
			if c, ok := i.(plugin.CertificateReader); ok && c.ReadsClientCertificate() {
				return true
			}
		}
	}
	return false
}

// signals serves SIGHUP: log files are opened again, certificates and the declarative file are read again.
func (g *gateway) signals(ctx context.Context) error {
	hup := make(chan os.Signal, 1)
	signal.Notify(hup, syscall.SIGHUP)
	defer signal.Stop(hup)
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-hup:
			for _, f := range g.logs {
				if err := f.Reopen(); err != nil {
					g.log.Error("log file not opened again", "error", err)
				}
			}
			if err := g.readCertificates(); err != nil {
				g.log.Error("certificates not taken over", "error", err)
			}
			if err := g.reload(); err != nil {
				g.log.Error("declarative configuration not taken over", "error", err)
			}
		}
	}
}

func (g *gateway) onClose(f func() error) { g.closers = append(g.closers, f) }

// close ends what open opened, last first.
func (g *gateway) close() {
	for i := len(g.closers) - 1; i >= 0; i-- {
		if err := g.closers[i](); err != nil && !errors.Is(err, net.ErrClosed) && g.log != nil {
			g.log.Error("closing", "error", err)
		}
	}
}
