package idp

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"sync"
	"time"
)

const (
	headerTimeout = 10 * time.Second // also for the first byte of a connection
	readTimeout   = time.Minute      // of a whole request
	writeTimeout  = 2 * time.Minute  // of its answer; waiting for a message takes up to one
	idleTimeout   = 2 * time.Minute
	stopTimeout   = 5 * time.Second
	maxHeader     = 64 << 10
)

// Serve answers on a listener, plain and TLS alike, until ctx ends. Then it lets requests under way finish.
func (p *Provider) Serve(ctx context.Context, l net.Listener) error {
	server := &http.Server{Handler: p, ReadHeaderTimeout: headerTimeout, ReadTimeout: readTimeout, WriteTimeout: writeTimeout, IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeader, ErrorLog: quiet(p.log)}
	stopped := make(chan error, 1)
	stop := context.AfterFunc(ctx, func() {
		ctx, cancel := context.WithTimeout(context.Background(), stopTimeout)
		defer cancel()
		p.box.Stop()
		err := server.Shutdown(ctx)
		if err != nil {
			err = errors.Join(err, server.Close())
		}
		stopped <- err
	})
	err := server.Serve(p.Listener(l))
	if stop() {
		return err // it failed by itself
	}
	if err := <-stopped; err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return nil
}

// Listener makes a listener take both plain and TLS connections: it looks at the first byte of each.
func (p *Provider) Listener(l net.Listener) net.Listener {
	s := &sniffer{Listener: l, config: p.TLS(), ready: make(chan net.Conn), failed: make(chan struct{}), closed: make(chan struct{})}
	s.working.Go(s.accept)
	return s
}

// TLS is the configuration of TLS connections: the certificate fits the name that the client asks for.
func (p *Provider) TLS() *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"}, GetCertificate: func(h *tls.ClientHelloInfo) (*tls.Certificate, error) {
		name := h.ServerName
		if name == "" {
			name = "127.0.0.1"
			if host, _, err := net.SplitHostPort(h.Conn.LocalAddr().String()); err == nil {
				name = host
			}
		} else if !p.serves(h.Context(), name) {
			return nil, errors.New("no pool is reached by the name that was asked for")
		}
		return p.ca.Certificate(name)
	}}
}

// sniffer tells TLS connections from plain ones.
type sniffer struct {
	net.Listener
	config  *tls.Config
	ready   chan net.Conn
	failed  chan struct{} // closed when Accept of the listener failed
	closed  chan struct{}
	once    sync.Once
	working sync.WaitGroup
	err     error // why failed
}

func (s *sniffer) accept() {
	defer close(s.failed)
	for {
		c, err := s.Listener.Accept()
		if err != nil {
			var temporary net.Error
			if errors.As(err, &temporary) && temporary.Timeout() {
				continue
			}
			s.err = err
			return
		}
		s.working.Go(func() { s.look(c) })
	}
}

// look waits for the first byte of a connection and hands it on.
func (s *sniffer) look(c net.Conn) {
	abort := make(chan struct{})
	go func() { // a connection that says nothing does not hold up Close
		select {
		case <-s.closed:
			c.SetReadDeadline(time.Unix(1, 0))
		case <-abort:
		}
	}()
	c.SetReadDeadline(time.Now().Add(headerTimeout))
	r := bufio.NewReaderSize(c, 1<<10)
	first, err := r.Peek(1)
	close(abort)
	if err != nil {
		c.Close()
		return
	}
	c.SetReadDeadline(time.Time{})
	var conn net.Conn = &peeked{c, r}
	if first[0] == 0x16 { // a TLS handshake
		conn = tls.Server(conn, s.config)
	}
	select {
	case s.ready <- conn:
	case <-s.failed:
		c.Close()
	case <-s.closed:
		c.Close()
	}
}

// Accept returns the next connection.
func (s *sniffer) Accept() (net.Conn, error) {
	select {
	case c := <-s.ready:
		return c, nil
	case <-s.failed:
		return nil, s.err
	case <-s.closed:
		return nil, net.ErrClosed
	}
}

// Close ends the listener and what waits in it.
func (s *sniffer) Close() error {
	var err error
	s.once.Do(func() {
		close(s.closed)
		err = s.Listener.Close()
		s.working.Wait()
	})
	return err
}

// peeked is a connection whose first bytes were read into a buffer.
type peeked struct {
	net.Conn
	r *bufio.Reader
}

func (p *peeked) Read(b []byte) (int, error) { return p.r.Read(b) }
