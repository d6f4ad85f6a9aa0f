package plugin

import (
	"context"
	"crypto/tls"
	"net/http"
	"time"
)

// HTTPOptions say how a plugin's HTTP client behaves.
type HTTPOptions struct {
	Timeout    time.Duration // of a request with its response; zero means ten seconds
	SkipVerify bool          // certificates of servers are not verified
	Redirects  int           // how many redirects are followed; zero: none, the redirect is the answer
}

// HTTPClient returns a client for requests of the plugin's own. It reaches the provider inside this process (Env.Transport). Connections
// are kept for a minute; whoever closes the instance calls CloseIdleConnections.
func (e Env) HTTPClient(o HTTPOptions) *http.Client {
	if o.Timeout <= 0 {
		o.Timeout = 10 * time.Second
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.TLSClientConfig = &tls.Config{InsecureSkipVerify: o.SkipVerify}
	transport.IdleConnTimeout, transport.MaxIdleConnsPerHost = time.Minute, 32
	var next http.RoundTripper = transport
	if e.Transport != nil {
		next = e.Transport(next)
	}
	return &http.Client{Transport: next, Timeout: o.Timeout, CheckRedirect: func(_ *http.Request, via []*http.Request) error {
		if len(via) > o.Redirects {
			return http.ErrUseLastResponse
		}
		return nil
	}}
}

// now is Now, or the clock of this machine.
func (e Env) now() time.Time {
	if e.Now == nil {
		return time.Now()
	}
	return e.Now()
}

// Sleep waits. It returns the context's error if that ends first.
func (e Env) Sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Every runs something each time d has passed, until the instance ends. What takes longer than d delays the next run.
func (e Env) Every(name string, d time.Duration, run func(ctx context.Context)) {
	e.Go(name, func(ctx context.Context) {
		t := time.NewTicker(d)
		defer t.Stop()
		for {
			select {
			case <-t.C:
				run(ctx)
			case <-ctx.Done():
				return
			}
		}
	})
}
