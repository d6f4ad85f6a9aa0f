package main

import (
	"flag"
	"log"
	"net"
	"net/http"
	_ "net/http/pprof"
	"strings"

	"github.com/gibbon-gateway/gibbon/header"
	"github.com/gibbon-gateway/gibbon/internal/http1"
)

var body = []byte(strings.Repeat("0123456789abcdef0123456789abcdef0123456789abc", 1))
var big = []byte(strings.Repeat("x", 1<<20))
var framed = header.IDs(header.Host, header.ContentLength)

type lean struct{ group *http1.Group }

func (f *lean) ServeHTTP1(c *http1.Conn) {
	q := c.Request
	http1.StripRequest(&q.Header)
	out := append(q.Scratch[:0], q.Method...)
	out = append(out, ' ')
	out = append(out, q.Path...)
	out = append(out, " HTTP/1.1\r\nHost: upstream\r\nConnection: keep-alive\r\n"...)
	out = q.Header.AppendExcept(out, framed)
	if v, ok := q.Header.Known(header.ContentLength); ok {
		out = append(append(append(out, "Content-Length: "...), v...), "\r\n"...)
	}
	out = append(out, "X-Forwarded-For: 127.0.0.1\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: abc\r\nX-Real-IP: 127.0.0.1\r\nVia: 1.1 gibbon\r\n\r\n"...)
	q.Scratch = out[:0]
	u, err := f.group.Get(nil, http1.Timeouts{})
	if err != nil {
		c.WriteHead(502, nil, nil, 0)
		return
	}
	defer u.Release()
	if err := u.Forward(c, out); err != nil {
		c.WriteHead(502, nil, nil, 0)
		return
	}
	r := &u.Response
	http1.StripResponse(&r.Header)
	r.Header.Add("X-Kong-Proxy-Latency", "1")
	r.Header.Add("X-Kong-Upstream-Latency", "1")
	r.Header.Add("Via", "1.1 gibbon")
	c.WriteHead(r.Status, r.Reason, &r.Header, r.Length)
	c.Relay(u)
}

func main() {
	listen := flag.String("l", "127.0.0.1:7001", "")
	up := flag.String("u", "", "")
	raw := flag.Bool("raw", true, "")
	pp := flag.String("pprof", "", "")
	flag.Parse()
	if *pp != "" {
		go http.ListenAndServe(*pp, nil)
	}
	l, err := net.Listen("tcp", *listen)
	if err != nil {
		log.Fatal(err)
	}
	s := &http1.Server{Raw: *raw}
	if *up == "" {
		var h header.Fields
		h.Add("Content-Type", "text/plain")
		h.Add("Server", "up")
		s.Handler = http1.HandlerFunc(func(c *http1.Conn) {
			b := body
			if strings.HasSuffix(string(c.Request.Path), "/big") {
				b = big
			}
			c.WriteHead(200, nil, &h, int64(len(b)))
			c.WriteBody(b)
		})
	} else {
		p := &http1.Pool{Raw: *raw}
		s.Handler = &lean{p.Group(http1.Key{Addr: *up})}
	}
	log.Fatal(s.Serve(l))
}
