package rig

import (
	"bytes"
	"net"
	"os"

	"github.com/gibbon-gateway/gibbon/header"
	"github.com/gibbon-gateway/gibbon/internal/http1"
)

// Upstream is the flag by which a benchmark's program is told to be the upstream, on the address that follows.
const Upstream = "upstream"

// StartUpstream starts this program again as the upstream.
func (b *Bench) StartUpstream() (err error) {
	if b.Upstream, err = FreeAddr(); err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	if _, err = b.Start(Others, nil, self, "-"+Upstream, b.Upstream); err != nil {
		return err
	}
	return Ready("http://"+b.Upstream+"/", nil)
}

// ServeUpstream answers with 45 bytes, or 1 MiB for paths that end with /big.
func ServeUpstream(addr string) error {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
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
