package app

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"

	"github.com/gibbon-gateway/gibbon/internal/settings"
)

// bound is a listener that is open, and what it is for.
type bound struct {
	net.Listener
	spec settings.Listener
	key  string // setting that named it
}

// bind opens the listeners of one setting. Sockets are not shared (the flag reuseport is accepted without effect), so that a
// second gateway on the same port is refused and not given half of the connections.
func bind(key string, all []settings.Listener) ([]bound, error) {
	var open []bound
	for _, l := range all {
		if l.Network == "unix" {
			if err := removeStale(l.Path); err != nil {
				closeAll(open)
				return nil, fmt.Errorf("%s: %w", key, err)
			}
		}
		// Keep-alive probes are off: they cost four system calls for every connection, and idle ones are closed anyway.
		// Multipath TCP is off: it makes every accept dearer, and its sockets take no filter, which a shutdown without resets needs.
		lc := net.ListenConfig{KeepAlive: -1}
		lc.SetMultipathTCP(false)
		if key == "proxy_listen" && l.Network == "tcp" {
			lc.Control = func(_, _ string, c syscall.RawConn) error { return deferAccept(c) }
		}
		nl, err := lc.Listen(context.Background(), l.Network, l.Address())
		if err != nil {
			closeAll(open)
			return nil, fmt.Errorf("%s: %w", key, plain(l, err))
		}
		open = append(open, bound{Listener: nl, spec: l, key: key})
	}
	return open, nil
}

func plain(l settings.Listener, err error) error {
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return fmt.Errorf("%s is in use by another process", l.Address())
	case errors.Is(err, syscall.EACCES):
		return fmt.Errorf("%s: permission denied; ports below 1024 need root or CAP_NET_BIND_SERVICE", l.Address())
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return fmt.Errorf("%s is no address of this machine", l.Address())
	}
	return err
}

// removeStale removes a socket that nobody listens on any more.
func removeStale(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return nil // nothing there; Listen reports what else is wrong
	}
	if info.Mode()&os.ModeSocket == 0 {
		return fmt.Errorf("%s exists and is no socket", path)
	}
	if c, err := net.Dial("unix", path); err == nil {
		c.Close()
		return fmt.Errorf("%s is in use by another process", path)
	}
	return os.Remove(path)
}

func closeAll(all []bound) {
	for _, b := range all {
		b.Listener.Close()
	}
}
