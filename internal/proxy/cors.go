package proxy

import (
	"slices"
	"strconv"
	"strings"

	"github.com/gibbon-gateway/gibbon/header"
	"github.com/gibbon-gateway/gibbon/internal/plan"
)

// corsFields are the response fields of the Fetch standard's CORS protocol.
var corsFields = []string{"Access-Control-Allow-Origin", "Access-Control-Allow-Credentials", "Access-Control-Allow-Methods",
	"Access-Control-Allow-Headers", "Access-Control-Expose-Headers", "Access-Control-Max-Age"}

// preflight reports whether the request is one of CORS that asks what may be asked.
func (w *walk) preflight() bool {
	h := &w.q.Header
	return w.x.Request.Method == "OPTIONS" && h.Has("Origin") && h.Has("Access-Control-Request-Method")
}

// addCORS sets the fields of whatever response is sent, in place of what a backend has set. Plugins do not see them: a cache would keep
// them for pages of other origins.
func (w *walk) addCORS(c *plan.CORS) {
	asked, h := &w.q.Header, &w.x.Response.Header
	for _, name := range corsFields {
		h.Del(name)
	}
	every := slices.Contains(c.AllowOrigins, "*")
	if !every || c.AllowCredentials {
		h.Add("Vary", "Origin")
	}
	origin := asked.Get("Origin")
	if origin == "" || !every && !slices.ContainsFunc(c.AllowOrigins, func(allowed string) bool { return isOrigin(allowed, origin) }) {
		return
	}
	if every && !c.AllowCredentials {
		origin = "*"
	}
	h.Set("Access-Control-Allow-Origin", origin)
	if c.AllowCredentials {
		h.Set("Access-Control-Allow-Credentials", "true")
	}
	if !w.preflight() {
		if len(c.ExposeHeaders) > 0 {
			h.Set("Access-Control-Expose-Headers", strings.Join(c.ExposeHeaders, ", "))
		}
		return
	}
	allow(h, "Access-Control-Allow-Methods", c.AllowMethods, c.AllowCredentials, asked.Get("Access-Control-Request-Method"))
	allow(h, "Access-Control-Allow-Headers", c.AllowHeaders, c.AllowCredentials, asked.Get("Access-Control-Request-Headers"))
	if c.MaxAge > 0 {
		h.Set("Access-Control-Max-Age", strconv.Itoa(c.MaxAge))
	}
}

// allow sets a list of a preflight's answer. With credentials "*" means itself, so that what was asked for is named instead.
func allow(h *header.Fields, name string, list []string, credentials bool, asked string) {
	switch {
	case len(list) == 0:
	case !slices.Contains(list, "*"):
		h.Set(name, strings.Join(list, ", "))
	case !credentials:
		h.Set(name, "*")
	case asked != "":
		h.Set(name, asked)
	}
}

// isOrigin compares an origin with an allowed one, which may have "*" for the first labels of its host.
func isOrigin(allowed, origin string) bool {
	if strings.EqualFold(allowed, origin) {
		return true
	}
	scheme, suffix, ok := strings.Cut(allowed, "://*")
	if !ok {
		return false
	}
	theirs, host, ok := strings.Cut(origin, "://")
	return ok && strings.EqualFold(scheme, theirs) && len(host) > len(suffix) &&
		strings.EqualFold(host[len(host)-len(suffix):], suffix)
}
