package requesttransformer

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/gibbon-gateway/gibbon/edit"
	"github.com/gibbon-gateway/gibbon/plugin"
)

// maxBody is the longest body, in bytes, that is changed. A request with a longer one is answered with 413: what was to be
// removed from it must not go upstream.
const maxBody = 16 << 20

// format is how a body is written.
type format int

const (
	other format = iota
	form
	multipart
	jsonObject
)

func formatOf(contentType string) format {
	switch t := strings.ToLower(contentType); {
	case strings.Contains(t, "application/json"):
		return jsonObject
	case strings.Contains(t, "multipart/form-data"):
		return multipart
	case strings.Contains(t, "application/x-www-form-urlencoded"):
		return form
	}
	return other
}

// readBody returns the body of the request, or ends the request if it is too long.
func readBody(x *plugin.Exchange) ([]byte, error) {
	body, err := x.Request.Body(maxBody)
	if errors.Is(err, plugin.ErrBodyTooLarge) {
		return nil, x.Error(http.StatusRequestEntityTooLarge, "Payload too large")
	}
	return body, err
}

// setPath changes the path of the upstream request.
func setPath(x *plugin.Exchange, path string) error {
	if !strings.HasPrefix(path, "/") {
		return fmt.Errorf("replace.uri became %q, which does not start with '/'", path)
	}
	x.Request.SetPath(path)
	return nil
}

// changeHeaders applies the changes of headers. The host can only be replaced.
func (t *transformer) changeHeaders(x *plugin.Exchange, rendered []string) {
	h := &x.Request.Header
	for _, name := range t.headers.remove {
		h.Del(name)
	}
	for _, p := range t.headers.rename {
		var values []string
		for v := range h.Values(p.name) {
			values = append(values, string(v))
		}
		if values == nil {
			continue
		}
		to := p.of(rendered)
		h.Del(p.name)
		h.Del(to)
		for _, v := range values {
			h.Add(to, v)
		}
	}
	for _, p := range t.headers.replace {
		switch {
		case isHost(p.name):
			x.Request.SetHost(p.of(rendered))
		case h.Has(p.name):
			h.Set(p.name, p.of(rendered))
		}
	}
	for _, p := range t.headers.add {
		if !isHost(p.name) && !h.Has(p.name) {
			h.Set(p.name, p.of(rendered))
		}
	}
	for _, p := range t.headers.append {
		if !isHost(p.name) {
			h.Add(p.name, p.of(rendered))
		}
	}
}

func isHost(name string) bool { return strings.EqualFold(name, "host") }

// changeQuery applies the changes of the query.
func (t *transformer) changeQuery(x *plugin.Exchange, rendered []string) {
	if t.query.empty() {
		return
	}
	f := edit.ParseForm(x.Request.Query())
	if t.query.apply(f, rendered, true) {
		x.Request.SetQuery(f.AppendTo(nil))
	}
}

// changeBody applies the changes of the body, if it is of a known format. One that cannot be read is left alone.
func (t *transformer) changeBody(x *plugin.Exchange, rendered []string) error {
	if t.body.empty() {
		return nil
	}
	contentType := x.Request.Header.Get("Content-Type")
	f := formatOf(contentType)
	if f == other {
		return nil
	}
	body, err := readBody(x)
	if err != nil {
		return err
	}
	var doc edit.Doc
	switch f {
	case form:
		doc = edit.ParseForm(body)
	case multipart:
		doc, err = edit.ParseMultipart(contentType, body)
	case jsonObject:
		if len(body) == 0 {
			doc = &edit.Object{}
		} else {
			doc, err = edit.ParseObject(body)
		}
	}
	if err != nil {
		return nil
	}
	if t.body.apply(doc, rendered, len(body) > 0) {
		x.Request.SetBody(doc.AppendTo(nil))
	}
	return nil
}

// apply changes a document and reports whether anything changed. Without content there is only something to add.
func (e *edits) apply(d edit.Doc, rendered []string, content bool) (changed bool) {
	if content {
		for _, name := range e.remove {
			changed = d.Del(name) || changed
		}
		for _, p := range e.rename {
			changed = d.Rename(p.name, p.of(rendered)) || changed
		}
		for _, p := range e.replace {
			if d.Has(p.name) {
				d.Set(p.name, p.of(rendered))
				changed = true
			}
		}
	}
	for _, p := range e.add {
		if !d.Has(p.name) {
			d.Set(p.name, p.of(rendered))
			changed = true
		}
	}
	for _, p := range e.append {
		d.Append(p.name, p.of(rendered))
		changed = true
	}
	return changed
}
