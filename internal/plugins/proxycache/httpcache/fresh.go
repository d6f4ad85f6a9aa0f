package httpcache

import (
	"bytes"
	"time"

	"github.com/gibbon-gateway/gibbon/header"
)

// Policy is what a cache adds to what responses say.
type Policy struct {
	// Heuristic is the share of the time since Last-Modified for which a response that says nothing is fresh, HeuristicMax the most
	// it may become. 0 means that such a response is stale at once.
	Heuristic    float64
	HeuristicMax time.Duration
	// StaleWhileRevalidate and StaleIfError are for responses that do not say; StaleMax is the most that is believed.
	StaleWhileRevalidate, StaleIfError, StaleMax time.Duration
	// Keep is how long a response is kept after it has become stale, if it can be validated. 0 means a day.
	Keep time.Duration
	// SetCookie says that responses that set cookies are kept.
	SetCookie bool
}

// Terms are what follows for a stored response.
type Terms struct {
	Age            time.Duration // when it was received
	Lifetime       time.Duration // how old it may be and fresh
	SWR, SIE       time.Duration // how long it may be used after that: while it is refreshed, when that fails
	NoCache        bool          // it is validated before every use
	MustRevalidate bool          // it is never used stale
	Keep           time.Duration // how old it may become in the store
	LastModified   int64         // seconds since 1970; 0 when not known
	Date           int64         // seconds since 1970
}

// TermsOf works out the terms of a response (RFC 9111, 4.2): asked and received are when its request was sent and when its head
// was there.
func (p *Policy) TermsOf(status int, h *header.Fields, asked, received time.Time) Terms {
	c, targeted := ResponseControl(h)
	date, hasDate, _ := dateOf(h, "Date", received)
	if !hasDate {
		date = received
	}
	t := Terms{Date: date.Unix()}
	t.Age = max(time.Duration(max(received.Unix()-date.Unix(), 0))*time.Second, ageOf(h)+max(received.Sub(asked), 0))
	modified, hasModified, _ := dateOf(h, "Last-Modified", received)
	if hasModified {
		t.LastModified = modified.Unix()
	}
	expires, validExpires, hasExpires := dateOf(h, "Expires", received)
	switch {
	case c.SMaxAge >= 0:
		t.Lifetime = time.Duration(c.SMaxAge) * time.Second
	case c.MaxAge >= 0:
		t.Lifetime = time.Duration(c.MaxAge) * time.Second
	case hasExpires && !targeted:
		if validExpires {
			t.Lifetime = min(max(time.Duration(expires.Unix()-date.Unix()), 0), Forever) * time.Second
		}
	case p.Heuristic > 0 && hasModified && (heuristicStatus(status) || c.Public):
		since := max(date.Unix()-modified.Unix(), 0)
		t.Lifetime = min(time.Duration(float64(min(since, Forever))*p.Heuristic)*time.Second, p.HeuristicMax)
	}
	t.NoCache = c.NoCache
	// s-maxage says that a shared cache must not use it stale, as proxy-revalidate does (RFC 9111, 5.2.2.10).
	t.MustRevalidate = c.MustRevalidate || c.ProxyRevalidate || c.SMaxAge >= 0 && !targeted
	if !t.NoCache && !t.MustRevalidate {
		t.SWR = p.stale(c.StaleWhileRevalidate, p.StaleWhileRevalidate)
		t.SIE = p.stale(c.StaleIfError, p.StaleIfError)
	}
	t.Keep = t.Lifetime + max(t.SWR, t.SIE)
	if h.HasID(header.ETag) || hasModified {
		keep := p.Keep
		if keep == 0 {
			keep = 24 * time.Hour
		}
		t.Keep = max(t.Keep, t.Lifetime+keep)
	}
	return t
}

func (p *Policy) stale(said int64, usual time.Duration) time.Duration {
	if said < 0 {
		return usual
	}
	return min(time.Duration(said)*time.Second, p.StaleMax)
}

// ageOf reads Age: the first value of the first field, if it is a number.
func ageOf(h *header.Fields) time.Duration {
	v, ok := h.Known(header.Age)
	if !ok {
		return 0
	}
	if i := bytes.IndexByte(v, ','); i >= 0 {
		v = v[:i]
	}
	n, _ := digits(bytes.Trim(v, " \t"))
	return time.Duration(n) * time.Second
}

// Storable reports whether a shared cache may keep the response to a GET (RFC 9111, 3), and has any use for it. authorized says that
// the request carried Authorization.
func (p *Policy) Storable(status int, h *header.Fields, t *Terms, authorized bool) bool {
	c, targeted := ResponseControl(h)
	switch {
	case status < 200 || status == 206 || status == 304 || status > 599:
		return false
	case c.MustUnderstand && !understood(status), c.NoStore && !c.MustUnderstand, c.Private:
		return false
	case authorized && !c.Public && c.SMaxAge < 0 && !c.MustRevalidate:
		return false
	case !p.SetCookie && h.HasID(header.SetCookie), VaryAny(h):
		return false
	}
	explicit := c.MaxAge >= 0 || c.SMaxAge >= 0 || c.Public || !targeted && h.Has("Expires")
	if !explicit && !heuristicStatus(status) {
		return false
	}
	useful := t.SWR+t.SIE > 0 || h.HasID(header.ETag) || t.LastModified > 0 // when it is stale
	return t.Age < t.Lifetime && !t.NoCache || t.Age < t.Keep && useful
}

// heuristicStatus reports whether responses with the status may be kept without being told so (RFC 9110, 15.1).
func heuristicStatus(status int) bool {
	switch status {
	case 200, 203, 204, 206, 300, 301, 308, 404, 405, 410, 414, 501:
		return true
	}
	return false
}

// understood reports whether the meaning of a status for caches is known here.
func understood(status int) bool {
	switch status {
	case 200, 201, 202, 203, 204, 205, 300, 301, 302, 303, 307, 308, 400, 401, 402, 403, 404, 405, 406, 407, 408, 409, 410, 411, 412,
		413, 414, 415, 416, 417, 421, 422, 424, 425, 426, 428, 429, 431, 451, 500, 501, 502, 503, 504, 505, 507, 508, 511:
		return true
	}
	return false
}
