package http2_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/summerwind/h2spec/config"
	"github.com/summerwind/h2spec/generic"
	"github.com/summerwind/h2spec/hpack"
	h2spechttp2 "github.com/summerwind/h2spec/http2"
	"github.com/summerwind/h2spec/spec"

	"github.com/gibbon-gateway/gibbon/internal/exchange"
	"github.com/gibbon-gateway/gibbon/internal/http2"
)

// h2spec in full, strict cases included, on cleartext and TLS.
func TestH2Spec(t *testing.T) {
	for _, withTLS := range []bool{false, true} {
		t.Run(map[bool]string{false: "cleartext", true: "tls"}[withTLS], func(t *testing.T) {
			f := serve(t, &http2.Server{Handler: func(d exchange.Downstream) {
				readAll(d)
				d.WriteHead(200, nil, nil, 12)
				d.WriteBody([]byte("hello world\n"))
			}}, withTLS)
			c := &config.Config{Host: "127.0.0.1", Port: f.addr.Port, Path: "/", Timeout: 2 * time.Second, MaxHeaderLen: 4000,
				Strict: true, TLS: withTLS, Insecure: true}
			n := 0
			for _, group := range []*spec.TestGroup{generic.Spec(), h2spechttp2.Spec(), hpack.Spec()} {
				n += h2specGroup(t, c, group)
			}
			if n < 140 {
				t.Errorf("h2spec has only %d cases", n)
			}
		})
	}
}

func h2specGroup(t *testing.T, c *config.Config, g *spec.TestGroup) (n int) {
	for i, tc := range append(g.Tests, g.StrictTests...) {
		n++
		t.Run(fmt.Sprintf("%s/%d", g.ID(), i+1), func(t *testing.T) {
			t.Parallel()
			conn, err := spec.Dial(c)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			if err := tc.Run(c, conn); err != nil {
				t.Errorf("%s: %v", tc.Desc, err)
			}
		})
	}
	for _, g := range g.Groups {
		n += h2specGroup(t, c, g)
	}
	return n
}

// readAll reads the request body to its end.
func readAll(d exchange.Downstream) (body []byte, err error) {
	buf := make([]byte, 32<<10)
	for {
		n, err := d.ReadBody(buf)
		body = append(body, buf[:n]...)
		if err != nil {
			return body, err
		}
	}
}
