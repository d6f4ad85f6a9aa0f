package proxycache

import (
	"context"
	"io"
	"slices"

	"github.com/gibbon-gateway/gibbon/header"
	"github.com/gibbon-gateway/gibbon/plugin"
)

// refreshBehind fetches the stale entry of a visit again, apart from the request, unless somebody does so already. It reports false
// when too much is fetched that way.
func (c *cache) refreshBehind(x *plugin.Exchange, v *visit) bool {
	if v.leads, _ = c.flights.Join(&v.flight, v.request.Key(), v.asked); !v.leads {
		return true // it is being fetched, or could not be a moment ago
	}
	if !slices.Contains(c.variants(v), v.entry) {
		v.land(true) // it came in a moment ago
		return true
	}
	select {
	case c.refresh <- struct{}{}:
	default:
		v.land(true)
		return false
	}
	d := x.Detach()
	for _, name := range [...]string{"If-None-Match", "If-Modified-Since", "Range", "If-Range"} {
		d.Header.Del(name)
	}
	request := header.Unpack(d.Header.AppendPacked(nil, nil))
	if c.rfc {
		lm, _ := v.entry.Fields().Value("Last-Modified")
		if v.validating = v.entry.ETag != "" || len(lm) > 0; v.validating {
			setConditions(&d.Header, v.entry.ETag, lm)
		}
	}
	if d.Method == "HEAD" && c.rfc {
		d.Method = "GET"
	}
	v.method = d.Method
	c.spawn("proxy-cache refresh", func(ctx context.Context) {
		defer func() { <-c.refresh }()
		defer v.land(false)
		got, err := d.Do(ctx)
		if err != nil {
			c.log.Warn("a stale response could not be fetched again", "target", v.request.Target(), "error", err)
			return
		}
		defer got.Body.Close()
		c.take(v, got, request)
	})
	return true
}

// take stores what a fetch apart from a request has brought.
func (c *cache) take(v *visit, got *plugin.Fetched, request *header.Fields) {
	v.received = c.now()
	if v.validating && got.Status == 304 {
		c.renew(v, &got.Header)
		return
	}
	x := &plugin.Exchange{}
	x.Request.Target = []byte(v.request.Target())
	x.Response.Status, x.Response.FromUpstream = got.Status, true
	x.Response.Header.CopyFrom(&got.Header)
	if got.Status >= 500 || !c.worth(x, v) || got.Length > c.maxObject {
		if got.Status < 500 {
			c.hub.store.Remove(v.entry) // it is not what the upstream would send now
		}
		return
	}
	body, err := io.ReadAll(io.LimitReader(got.Body, c.maxObject+1))
	if err != nil || int64(len(body)) > c.maxObject {
		return
	}
	v.make(got.Status, &got.Header, request)
	v.made.Body, v.made.Route = body, v.entry.Route
	v.land(c.keep(v.made, v.saw))
}
