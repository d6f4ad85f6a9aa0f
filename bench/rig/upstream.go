package rig

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"strings"
	"time"

	"github.com/gibbon-gateway/gibbon/bench/peer"
	"github.com/gibbon-gateway/gibbon/header"
	"github.com/gibbon-gateway/gibbon/internal/http1"
)

// Kinds of upstreams.
const (
	HTTP      = "http"      // answers with 45 bytes, or 1 MiB for paths that end with /big
	GRPC      = "grpc"      // sends messages back, over cleartext HTTP/2
	WebSocket = "websocket" // sends messages back
)

var upstreams = map[string]func(net.Listener) error{HTTP: serveHTTP, GRPC: peer.ServeGRPC, WebSocket: peer.ServeWebSocket}

// StartUpstream starts this program again as an upstream, and returns its address.
func (b *Bench) StartUpstream(kind string) (addr string, err error) {
	if addr, err = FreeAddr(); err != nil {
		return "", err
	}
	self, err := os.Executable()
	if err != nil {
		return "", err
	}
	if _, err = b.Start(Others, nil, self, "-upstream", kind+","+addr); err != nil {
		return "", err
	}
	for end := time.Now().Add(20 * time.Second); ; <-time.After(20 * time.Millisecond) {
		c, err := net.Dial("tcp", addr)
		if err == nil {
			return addr, c.Close()
		}
		if time.Now().After(end) {
			return "", fmt.Errorf("the upstream does not answer: %w", err)
		}
	}
}

func serveUpstream(flag string) error {
	kind, addr, _ := strings.Cut(flag, ",")
	serve := upstreams[kind]
	if serve == nil {
		return fmt.Errorf("-upstream %s: no such kind", flag)
	}
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	return serve(l)
}

func serveHTTP(l net.Listener) error {
	var fields header.Fields
	fields.Add("Content-Type", "text/plain")
	fields.Add("Server", "upstream")
	small, big := []byte("0123456789abcdef0123456789abcdef0123456789abc"), bytes.Repeat([]byte("x"), 1<<20)
	s := &http1.Server{Raw: true, Handler: http1.HandlerFunc(func(c *http1.Conn) {
		body := small
		if bytes.HasSuffix(c.Request().Path, []byte("/big")) {
			body = big
		}
		c.WriteHead(200, nil, &fields, int64(len(body)))
		c.WriteBody(body)
	})}
	return s.Serve(l)
}
