package settings

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// limits reads the nginx directives that have an effect here. nginx's defaults, as in Kong 3.9's nginx-kong template, stand
// in defaultLimits.
var limits = map[string]func(l *Limits, value string) error{
	"client_max_body_size": func(l *Limits, value string) (err error) {
		l.MaxBody, err = bytes(value)
		return err
	},
	"large_client_header_buffers": func(l *Limits, value string) error {
		number, size, ok := strings.Cut(strings.TrimSpace(value), " ")
		n, err := strconv.Atoi(number)
		b, sizeErr := bytes(strings.TrimSpace(size))
		if !ok || err != nil || sizeErr != nil || n < 1 || n > 1024 || b < 512 || b > 16<<20 {
			return fmt.Errorf("must be a number and a size, such as 4 8k; got %q", value)
		}
		l.HeaderBuffers, l.HeaderBufferSize = n, int(b)
		return nil
	},
	"client_header_timeout": func(l *Limits, v string) error { return period(&l.HeaderTimeout, v) },
	"client_body_timeout":   func(l *Limits, v string) error { return period(&l.BodyTimeout, v) },
	"keepalive_timeout":     func(l *Limits, v string) error { return period(&l.KeepaliveTimeout, v) },
	"keepalive_requests": func(l *Limits, v string) error {
		n, err := strconv.Atoi(v)
		if err != nil || n < 0 {
			return fmt.Errorf("must be a whole number; got %q", v)
		}
		l.KeepaliveRequests = n
		return nil
	},
}

func defaultLimits() Limits {
	return Limits{
		HeaderBuffers: 4, HeaderBufferSize: 8 << 10,
		HeaderTimeout: 60 * time.Second, BodyTimeout: 60 * time.Second, KeepaliveTimeout: 75 * time.Second,
		KeepaliveRequests: 10000,
	}
}

// directive returns the nginx directive of a key such as nginx_http_client_max_body_size, if it has an effect here.
func directive(key string) (string, bool) {
	m := nginxKey.FindStringSubmatch(key)
	if m == nil || m[1] != "http" && m[1] != "proxy" {
		return "", false
	}
	_, ok := limits[m[2]]
	return m[2], ok
}

// period reads nginx's times: 60, 60s, 500ms, 2m, 1h, 1d. A keepalive_timeout's second value, for the Keep-Alive header, is
// not used.
func period(d *time.Duration, text string) error {
	number, _, _ := strings.Cut(strings.TrimSpace(text), " ")
	units := []struct {
		suffix string
		unit   time.Duration
	}{{"ms", time.Millisecond}, {"s", time.Second}, {"m", time.Minute}, {"h", time.Hour}, {"d", 24 * time.Hour}, {"", time.Second}}
	for _, u := range units {
		digits, ok := strings.CutSuffix(number, u.suffix)
		if !ok {
			continue
		}
		n, err := strconv.Atoi(digits)
		if err != nil || n < 0 || int64(n) > int64(100*365*24*time.Hour/u.unit) {
			break
		}
		*d = time.Duration(n) * u.unit
		return nil
	}
	return fmt.Errorf("must be a time such as 60s, 500ms or 2m; got %q", text)
}
