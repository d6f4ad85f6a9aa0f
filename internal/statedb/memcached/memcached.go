// Package memcached keeps values with a lifetime in memcached, for nodes that share them: sessions of the plugin openid-connect.
// Its main type is Store. It is less than a state.Store: memcached neither lists keys nor tells reliably who came first, so that
// there are no locks and no scans; and it may drop any value at any time to make room.
package memcached

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/bradfitz/gomemcache/memcache"

	"github.com/gibbon-gateway/gibbon/state"
)

// Options say where memcached is and how to talk to it.
type Options struct {
	Address string // host:port
	Socket  string // the path of a unix socket, instead of Address

	TLS        bool
	SkipVerify bool           // do not verify the certificate of the server
	RootCAs    *x509.CertPool // nil means those of the system

	// Timeout limits connecting, and each read and write. It defaults to a second.
	Timeout time.Duration
	// Prefix stands before all keys. It has no white space.
	Prefix string
	// Log gets a line when memcached goes away and when it is back. Nil logs nothing.
	Log *slog.Logger
}

// maxValue is the largest value that a memcached takes unless told otherwise, less what it adds for itself, in bytes.
const maxValue = 1<<20 - 1<<10

// maxKey is memcached's own limit, in bytes.
const maxKey = 250

// idle is how many connections are kept for the next calls.
const idle = 64

// restFor is how long a server that could not be reached in time is left alone. One that refuses costs nothing and is asked each time.
const restFor = time.Second

// Store is a memcached. Its methods are safe for concurrent use; their errors wrap those of package state.
type Store struct {
	o      Options
	client atomic.Pointer[memcache.Client]
	closed atomic.Bool
	away   atomic.Bool
	until  atomic.Int64 // nanoseconds since 1970: calls before it fail at once
}

// New returns a store. Nothing is connected yet.
func New(o Options) (*Store, error) {
	if o.Socket == "" {
		if host, port, err := net.SplitHostPort(o.Address); err != nil || host == "" || port == "" {
			return nil, fmt.Errorf("memcached: address %q is not host:port", o.Address)
		}
	}
	if strings.IndexFunc(o.Prefix, func(r rune) bool { return r <= ' ' || r == 0x7f }) >= 0 || len(o.Prefix) > maxKey/2 {
		return nil, fmt.Errorf("memcached: prefix %.200q has white space or is longer than %d bytes", o.Prefix, maxKey/2)
	}
	if o.Timeout <= 0 {
		o.Timeout = time.Second
	}
	s := &Store{o: o}
	s.client.Store(s.connect())
	return s, nil
}

// place is the server: its name is looked up at every connection, since addresses change.
type place struct{ network, address string }

func (p place) Network() string { return p.network }
func (p place) String() string  { return p.address }

// PickServer and Each implement memcache.ServerSelector.
func (p place) PickServer(string) (net.Addr, error)   { return p, nil }
func (p place) Each(visit func(net.Addr) error) error { return visit(p) }

func (s *Store) connect() *memcache.Client {
	at := place{"tcp", s.o.Address}
	if s.o.Socket != "" {
		at = place{"unix", strings.TrimPrefix(s.o.Socket, "unix:")}
	}
	c := memcache.NewFromSelector(at)
	c.Timeout, c.MaxIdleConns = s.o.Timeout, idle
	c.DialContext = (&net.Dialer{Timeout: s.o.Timeout}).DialContext
	if s.o.TLS {
		host, _, _ := net.SplitHostPort(s.o.Address)
		c.DialContext = (&tls.Dialer{NetDialer: &net.Dialer{Timeout: s.o.Timeout}, Config: &tls.Config{
			MinVersion: tls.VersionTLS12, ServerName: host, RootCAs: s.o.RootCAs,
			InsecureSkipVerify: s.o.SkipVerify, // the operator's choice
		}}).DialContext
	}
	return c
}

// do calls memcached. A connection that had ended since it was last used is no reason to fail: all are given up, and the call is
// made once more. That is why calls have to be such that a second one does no harm.
func (s *Store) do(call func(c *memcache.Client) error) error {
	if s.until.Load() > time.Now().UnixNano() {
		return fmt.Errorf("%w: memcached did not answer a moment ago", state.ErrUnavailable)
	}
	client := s.client.Load()
	err := call(client)
	if broken(err) {
		if s.client.CompareAndSwap(client, s.connect()) {
			_ = client.Close() // its idle connections: they have nothing to say
		}
		client = s.client.Load()
		err = call(client)
	}
	if s.closed.Load() {
		_ = client.Close() // no connection is kept any more
	}
	return s.judge(err)
}

// broken reports whether an error says that a connection has ended, rather than that none can be made.
func broken(err error) bool {
	var dial *net.OpError
	if errors.As(err, &dial) && dial.Op == "dial" {
		return false
	}
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) ||
		errors.Is(err, net.ErrClosed)
}

// judge turns an error of the client into one of package state, and tells the log about changes.
func (s *Store) judge(err error) error {
	switch {
	case err == nil:
	case errors.Is(err, memcache.ErrCacheMiss):
		err = state.ErrNotFound
	case strings.Contains(err.Error(), "too large"): // the server's own limit (option -I) is smaller than ours
		err = fmt.Errorf("%w: memcached does not take it", state.ErrTooLarge)
	default:
		var timeout *memcache.ConnectTimeoutError
		var late net.Error
		if errors.As(err, &timeout) || errors.As(err, &late) && late.Timeout() || errors.Is(err, os.ErrDeadlineExceeded) {
			s.until.Store(time.Now().Add(restFor).UnixNano())
		}
		if !s.away.Swap(true) && s.o.Log != nil {
			s.o.Log.Error("memcached cannot be used", "address", s.address(), "error", err)
		}
		return fmt.Errorf("%w: memcached: %w", state.ErrUnavailable, err)
	}
	if s.away.Load() && s.away.Swap(false) && s.o.Log != nil {
		s.o.Log.Info("memcached can be used again", "address", s.address())
	}
	return err
}

func (s *Store) address() string {
	if s.o.Socket != "" {
		return s.o.Socket
	}
	return s.o.Address
}

func (s *Store) key(key []byte) (string, error) {
	k := s.o.Prefix + string(key)
	if len(k) > maxKey {
		return "", fmt.Errorf("memcached: key of %d bytes is too long", len(k))
	}
	return k, nil
}

// Get returns a copy of the value at key, or state.ErrNotFound.
func (s *Store) Get(_ context.Context, key []byte) (value []byte, err error) {
	k, err := s.key(key)
	if err != nil {
		return nil, err
	}
	err = s.do(func(c *memcache.Client) error {
		item, err := c.Get(k)
		if err == nil {
			value = item.Value
		}
		return err
	})
	return value, err
}

// Put stores a copy of value at key, for a lifetime in whole seconds, rounded up; zero or less is without end. A value that does not
// fit is refused with state.ErrTooLarge.
func (s *Store) Put(_ context.Context, key, value []byte, ttl time.Duration) error {
	k, err := s.key(key)
	if err != nil {
		return err
	}
	if len(value) > maxValue {
		return fmt.Errorf("%w: %d bytes; memcached takes %d", state.ErrTooLarge, len(value), maxValue)
	}
	return s.do(func(c *memcache.Client) error {
		return c.Set(&memcache.Item{Key: k, Value: value, Expiration: expiration(ttl, time.Now())})
	})
}

// expiration says a lifetime as memcached wants it: up to 30 days in seconds, beyond that as a time, in seconds since 1970.
func expiration(ttl time.Duration, now time.Time) int32 {
	const month = 30 * 24 * time.Hour
	if ttl <= 0 {
		return 0
	}
	n := (ttl + time.Second - 1) / time.Second
	if ttl > month {
		n += time.Duration(now.Unix())
	}
	return int32(min(n, 1<<31-1))
}

// Delete removes keys; those that are not there are ignored.
func (s *Store) Delete(_ context.Context, keys ...[]byte) error {
	for _, key := range keys {
		k, err := s.key(key)
		if err != nil {
			return err
		}
		if err := s.do(func(c *memcache.Client) error { return c.Delete(k) }); err != nil && !errors.Is(err, state.ErrNotFound) {
			return err
		}
	}
	return nil
}

// Close ends the connections. Later calls work, each with a connection of its own: requests under way with an older configuration
// are answered.
func (s *Store) Close() error {
	s.closed.Store(true)
	return s.client.Load().Close()
}
