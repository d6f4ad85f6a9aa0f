package proxy

import (
	"bytes"
	"cmp"
	"strconv"
	"strings"

	"github.com/gibbon-gateway/gibbon/internal/plan"
	"github.com/gibbon-gateway/gibbon/internal/route"
)

// appendEdited appends the path of the request with an edit, escaped.
func (f *matched) appendEdited(out []byte, e *plan.PathEdit) []byte {
	start := len(out)
	if e.Full != nil {
		out = route.EscapePath(out, *e.Full)
	} else {
		out = route.EscapePath(out, strings.TrimRight(*e.Prefix, "/"))
		rest := f.Rest()
		if len(rest) > 0 && rest[0] != '/' && (len(out) == start || bytes.HasSuffix(f.Prefix, slash)) {
			out = append(out, '/')
		}
		out = route.EscapePath(out, rest)
	}
	if len(out) == start {
		out = append(out, '/')
	}
	return out
}

var slash = []byte("/")

// redirect answers with another place.
func (w *walk) redirect(to *plan.Redirect) {
	c := &w.x.Client
	scheme, port := cmp.Or(to.Scheme, c.ForwardedScheme), to.Port
	if port == 0 && to.Scheme == "" {
		port = c.ForwardedPort
	}
	if port == 80 && scheme == "http" || port == 443 && scheme == "https" {
		port = 0
	}
	var out []byte
	if host := cmp.Or(to.Host, c.ForwardedHost); host != "" { // HTTP/1.0 may name none
		out = append(append(append(out, scheme...), "://"...), host...)
		if port != 0 {
			out = strconv.AppendInt(append(out, ':'), int64(port), 10)
		}
	}
	path, query, has := bytes.Cut(w.q.Path, question)
	if to.Path != nil {
		out = w.found.appendEdited(out, to.Path)
	} else {
		out = append(out, path...)
	}
	out = appendQuery(out, query, has)
	w.x.Exit(cmp.Or(to.Status, 302), nil, "Location", string(out))
}
