package plugin

import (
	"errors"
	"strings"

	"github.com/gibbon-gateway/gibbon/edit"
	"github.com/gibbon-gateway/gibbon/header"
)

// Arg returns the first argument called name of the upstream request's query, unescaped, and how many there are. It is nil for an
// argument without "=". The bytes may be borrowed.
func (r *Request) Arg(name string) (value []byte, count int) { return edit.Find(r.query, name) }

// DelArg removes every argument called name from the query, and reports whether there was one. The rest keeps its text.
func (r *Request) DelArg(name string) bool {
	if _, count := r.Arg(name); count == 0 {
		return false
	}
	form := edit.ParseForm(r.query)
	form.Del(name)
	r.SetQuery(form.AppendTo(nil))
	return true
}

// Document returns the request body as a document of names and values: *edit.Form, *edit.Multipart or *edit.Object, as Content-Type
// says. It is nil, without an error, for any other type, for a body over limit bytes (which is still forwarded) and for one
// that is broken. A document that was changed goes upstream by SetBody(doc.AppendTo(nil)).
func (r *Request) Document(limit int) (edit.Doc, error) {
	contentType, _ := r.Header.Known(header.ContentType)
	kind := strings.ToLower(string(contentType))
	form, parts := strings.Contains(kind, "application/x-www-form-urlencoded"), strings.Contains(kind, "multipart/form-data")
	if !form && !parts && !strings.Contains(kind, "application/json") {
		return nil, nil
	}
	data, err := r.Body(limit)
	switch {
	case errors.Is(err, ErrBodyTooLarge):
		return nil, nil
	case err != nil:
		return nil, err
	}
	switch {
	case form:
		return edit.ParseForm(data), nil
	case parts:
		if doc, err := edit.ParseMultipart(string(contentType), data); err == nil {
			return doc, nil
		}
	default:
		if doc, err := edit.ParseObject(data); err == nil {
			return doc, nil
		}
	}
	return nil, nil
}
