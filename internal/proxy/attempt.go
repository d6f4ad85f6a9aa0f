package proxy

import (
	"context"
	"errors"
	"net/netip"
	"time"

	"github.com/gibbon-gateway/gibbon/header"
	"github.com/gibbon-gateway/gibbon/internal/balance"
	"github.com/gibbon-gateway/gibbon/internal/exchange"
	"github.com/gibbon-gateway/gibbon/internal/snapshot"
)

// attempt asks upstreams for one request until one answers: it picks an address, gets a connection, sends, judges a failure, and reports to
// the balancer. The exchange of a client has one, and so has every request that runs apart from its exchange.
type attempt struct {
	p       *Proxy
	service *snapshot.Service
	client  exchange.Client // who waits; nil if nobody does
	head    exchange.Head
	extra   header.Fields // head.Extra
	body    exchange.Body
	host    string // Host that is asked for; "" means the target's
	path    []byte // memory of head.Path and head.Authority
	name    []byte

	ruled *ruled // what the rule asks for beside; nil for nothing

	pick     balance.Pick
	conn     exchange.Upstream // that answered
	asked    time.Time         // when an upstream was first asked
	answered time.Time         // when its response head was there
}

// reset forgets the request and keeps the memory.
func (a *attempt) reset() {
	a.service, a.client, a.ruled, a.host = nil, nil, nil, ""
	a.asked, a.answered = zero, zero
	a.head = exchange.Head{}
	a.body = exchange.Body{}
	a.extra.Reset()
	a.pick.Reset()
	if cap(a.path) > keepScratch {
		a.path = nil
	}
}

// keepScratch is the size up to which memory is kept for the next request.
const keepScratch = 16 << 10

// run asks until an upstream answers. No other error means that the last one is the answer; one that wraps balance.ErrNoPeer or
// balance.ErrResolve, that there was nobody to ask.
func (a *attempt) run(ctx context.Context) (last error) {
	a.pick.Reset()
	tries := a.service.Tries
	if a.ruled != nil {
		tries = a.ruled.begin(&a.pick, tries)
	}
	for n := range tries {
		if a.ruled != nil {
			if err := a.ruled.pause(a, n); err != nil {
				return errors.Join(err, last)
			}
		}
		if err := ctx.Err(); err != nil {
			return errors.Join(last, err)
		}
		if err := a.service.Balancer.Next(&a.pick); err != nil {
			if last == nil {
				return err
			}
			break
		}
		if a.asked.IsZero() {
			a.asked = time.Now()
		}
		if last = a.try(ctx); last == nil {
			a.answered = time.Now()
			a.pick.Report(balance.Answered)
			if a.ruled != nil && n+1 < tries && a.ruled.again(a) {
				a.release()
				continue
			}
			return nil
		}
		if !a.goOn(last) {
			break
		}
	}
	a.answered = time.Now()
	return last
}

// maxStale is how many kept connections that turn out to be dead are given up before a new one is made.
const maxStale = 8

// try asks the picked address. A kept connection that turns out to be dead is replaced by another, which is no further try.
func (a *attempt) try(ctx context.Context) error {
	if a.ruled != nil {
		var cancel context.CancelFunc
		ctx, cancel = a.ruled.bound(ctx)
		defer cancel()
	}
	conns := a.conns()
	t := exchange.Timeouts{Connect: a.service.Connect, Write: a.service.Write, Read: a.service.Read}
	a.name = a.appendAuthority(a.name[:0])
	a.head.Authority = a.name
	for stale := 0; ; stale++ {
		u, err := a.connection(ctx, conns, t, stale > maxStale)
		if err != nil {
			return a.ruled.blame(err)
		}
		if a.ruled != nil {
			a.ruled.watch(u)
		}
		if err = u.Send(&a.head, &a.body, a.client); err == nil {
			a.conn = u
			return nil
		}
		if a.ruled != nil {
			err = a.ruled.blame(err)
			a.ruled.guard.stop()
		}
		u.Release()
		var e *exchange.Error
		switch {
		case !errors.As(err, &e) || stale > maxStale:
			return err
		case e.Unsent:
		case e.Stale && a.repeatable():
			stale = maxStale // the next one is new
		default:
			return err
		}
	}
}

func (a *attempt) connection(ctx context.Context, c exchange.Conns, t exchange.Timeouts, fresh bool) (exchange.Upstream, error) {
	if fresh || a.head.Upgrade != "" {
		return c.Fresh(ctx, t)
	}
	return c.Get(ctx, t)
}

// repeatable reports whether the request can be sent again when it is not known what became of it.
func (a *attempt) repeatable() bool { return a.body.Stream == nil && idempotent(a.head.Method) }

// goOn reports a failed try to the balancer, and whether another one may follow: when nothing was sent, or when the request can be
// sent again without harm.
func (a *attempt) goOn(err error) bool {
	var e *exchange.Error
	if !errors.As(err, &e) {
		a.pick.Report(balance.Failed)
		return false
	}
	switch {
	case errors.Is(e, exchange.ErrCanceled), errors.Is(e, exchange.ErrBody):
		return false
	case e.Timeout:
		a.pick.Report(balance.TimedOut)
	default:
		a.pick.Report(balance.Failed)
	}
	if errors.Is(e, exchange.ErrConnect) || e.Unsent {
		return true
	}
	return !errors.Is(e, exchange.ErrResponse) && a.repeatable()
}

// conns returns the connections to the picked address.
func (a *attempt) conns() exchange.Conns {
	key := connKey{addr: a.pick.Addr, upgrade: a.head.Upgrade != ""}
	if a.service.TLS != nil {
		key.name = a.serverName()
	}
	return a.p.conns(a.service, key)
}

// appendAuthority appends the Host field for the present pick.
func (a *attempt) appendAuthority(out []byte) []byte {
	if a.host != "" {
		return append(out, a.host...)
	}
	return appendHostPort(out, a.pick.Hostname, a.pick.Port, a.service.DefaultPort())
}

// serverName returns the name that TLS asks for and verifies: the Host field without port.
func (a *attempt) serverName() string {
	switch {
	case a.service.TLS.Name != "":
		return a.service.TLS.Name
	case a.host != "":
		return hostOnly(a.host)
	}
	return a.pick.Hostname
}

// address returns where the request was sent last.
func (a *attempt) address() netip.AddrPort { return a.pick.Addr }

// release gives the upstream connection back.
func (a *attempt) release() {
	if a.conn != nil {
		if a.ruled != nil {
			a.ruled.guard.stop()
		}
		a.conn.Release()
		a.conn = nil
	}
}
