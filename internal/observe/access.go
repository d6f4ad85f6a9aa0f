package observe

import (
	"net"
	"net/http"
	"strconv"
	"time"
)

// Access returns a handler that writes a line to f for every request of h, in nginx's combined format.
func Access(h http.Handler, f *File) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := &counted{ResponseWriter: w, status: http.StatusOK}
		h.ServeHTTP(c, r)
		peer, _, err := net.SplitHostPort(r.RemoteAddr)
		if err != nil {
			peer = "-"
		}
		f.Append(func(b []byte) []byte {
			b = append(b, peer...)
			b = append(b, " - - ["...)
			b = time.Now().UTC().AppendFormat(b, "02/Jan/2006:15:04:05 -0700")
			b = append(b, "] "...)
			b = strconv.AppendQuote(b, r.Method+" "+r.RequestURI+" "+r.Proto)
			b = append(b, ' ')
			b = strconv.AppendInt(b, int64(c.status), 10)
			b = append(b, ' ')
			b = strconv.AppendInt(b, c.bytes, 10)
			b = append(b, ' ')
			b = strconv.AppendQuote(b, orDash(r.Referer()))
			b = append(b, ' ')
			b = strconv.AppendQuote(b, orDash(r.UserAgent()))
			return append(b, '\n')
		})
	})
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// counted counts what a handler writes.
type counted struct {
	http.ResponseWriter
	status int
	bytes  int64
}

func (c *counted) WriteHeader(status int) {
	c.status = status
	c.ResponseWriter.WriteHeader(status)
}

func (c *counted) Write(p []byte) (int, error) {
	n, err := c.ResponseWriter.Write(p)
	c.bytes += int64(n)
	return n, err
}

// Unwrap is for http.ResponseController.
func (c *counted) Unwrap() http.ResponseWriter { return c.ResponseWriter }
