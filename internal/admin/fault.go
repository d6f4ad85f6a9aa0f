package admin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/gibbon-gateway/gibbon/entity"
	"github.com/gibbon-gateway/gibbon/internal/store"
	"github.com/gibbon-gateway/gibbon/schema"
)

const unexpected = "An unexpected error occurred"

// html is a body in HTML.
type html string

// fault is an error as clients see it: Kong's code, name, message and fields, or a message alone.
type fault struct {
	status  int
	code    int // 0: only the message is shown
	name    string
	message string
	fields  any
	options any // in place of fields, of code 11
	// flattened are the errors of a declarative configuration by entity.
	flattened any
}

func (f *fault) Error() string { return f.message }

func (f *fault) reply() reply {
	if f.status == http.StatusUnsupportedMediaType {
		title := strconv.Itoa(f.status) + " " + http.StatusText(f.status)
		return reply{f.status, html("<html>\r\n<head><title>" + title + "</title></head>\r\n<body>\r\n<center><h1>" + title +
			"</h1></center>\r\n</body>\r\n</html>\r\n")}
	}
	body := map[string]any{"message": f.message}
	if f.code != 0 {
		body["code"], body["name"] = f.code, f.name
	}
	if f.fields != nil {
		body["fields"] = f.fields
	}
	if f.options != nil {
		body["options"] = f.options
	}
	if f.flattened != nil {
		body["flattened_errors"] = f.flattened
	}
	return reply{f.status, body}
}

// fail is a fault with a message alone.
func fail(status int, message string) *fault { return &fault{status: status, message: message} }

var (
	notFound    = fail(http.StatusNotFound, "Not found")
	notAllowed  = fail(http.StatusMethodNotAllowed, "Method not allowed")
	unsupported = fail(http.StatusUnsupportedMediaType, "")
	badJSON     = fail(http.StatusBadRequest, "Cannot parse JSON body")
)

func invalid(errs schema.Errors) *fault {
	return &fault{status: http.StatusBadRequest, code: 2, name: "schema violation", message: errs.Message(), fields: errs}
}

func invalidKey(errs map[string]any) *fault {
	return &fault{status: http.StatusBadRequest, code: 1, name: "invalid primary key",
		message: "invalid primary key: '" + braces(errs) + "'", fields: errs}
}

func missing(field, value string) *fault {
	f := &fault{status: http.StatusNotFound, code: 6, name: "not found", fields: map[string]any{field: value}}
	if field == "id" {
		f.message = "could not find the entity with primary key '" + braces(map[string]any{field: value}) + "'"
	} else {
		f.message = "could not find the entity with '" + braces(map[string]any{field: value}) + "'"
	}
	return f
}

func badSize(message string) *fault {
	return &fault{status: http.StatusBadRequest, code: 9, name: "invalid size", message: message}
}

func badOffset(offset, why string) *fault {
	return &fault{status: http.StatusBadRequest, code: 7, name: "invalid offset",
		message: "'" + offset + "' is not a valid offset: " + why}
}

func badOption(name, why string) *fault {
	return &fault{status: http.StatusBadRequest, code: 11, name: "invalid options",
		message: "invalid option (" + name + ": " + why + ")", options: map[string]any{name: why}}
}

// readOnly is the answer to a write where there is no database.
func readOnly(verb string, k *entity.Kind, by string) *fault {
	if by != "" {
		by = " by '" + by + "'"
	}
	return &fault{status: http.StatusMethodNotAllowed, code: 12, name: "operation unsupported",
		message: fmt.Sprintf("cannot %s '%s' entities%s when not using a database", verb, k.Name, by)}
}

// unresolved is a reference by name whose name nobody has. fields holds texts by name below the field of the reference.
func unresolved(fields map[string]map[string]any) *fault {
	var texts []string
	for _, field := range slices.Sorted(maps.Keys(fields)) {
		for _, name := range slices.Sorted(maps.Keys(fields[field])) {
			texts = append(texts, fmt.Sprintf("%s.%s: %s", field, name, fields[field][name]))
		}
	}
	what := "foreign key unresolved"
	if len(texts) > 1 {
		what = strconv.Itoa(len(texts)) + " foreign keys unresolved"
	}
	return &fault{status: http.StatusBadRequest, code: 13, name: "foreign keys unresolved",
		message: what + " (" + strings.Join(texts, "; ") + ")", fields: fields}
}

// braces writes values as Kong's messages have them: {consumer=null,name="key-auth",service={id="…"}}.
func braces(m map[string]any) string {
	var b strings.Builder
	b.WriteByte('{')
	for i, name := range slices.Sorted(maps.Keys(m)) {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(name + "=")
		switch v := m[name].(type) {
		case map[string]any:
			b.WriteString(braces(v))
		case string:
			b.WriteString(`"` + v + `"`)
		case entity.Ref:
			b.WriteString(`{id="` + v.ID + `"}`)
		case *entity.Ref:
			b.WriteString(`{id="` + v.ID + `"}`)
		default:
			text, _ := json.Marshal(v)
			b.Write(text)
		}
	}
	b.WriteByte('}')
	return b.String()
}

// stored is the fault for an error of the store, or nil if it is none that a client caused.
func stored(err error) *fault {
	var (
		unique     *store.UniqueError
		primary    *store.PrimaryKeyError
		reference  *store.ReferenceError
		referenced *store.ReferencedError
	)
	switch {
	case errors.As(err, &unique):
		return &fault{status: http.StatusConflict, code: 5, name: "unique constraint violation",
			message: "UNIQUE violation detected on '" + braces(unique.Fields) + "'", fields: unique.Fields}
	case errors.As(err, &primary):
		key := map[string]any{"id": primary.ID}
		return &fault{status: http.StatusBadRequest, code: 3, name: "primary key violation",
			message: "primary key violation on key '" + braces(key) + "'", fields: key}
	case errors.As(err, &reference):
		key := map[string]any{"id": reference.ID}
		return &fault{status: http.StatusBadRequest, code: 4, name: "foreign key violation",
			message: "the foreign key '" + braces(key) + "' does not reference an existing '" + reference.To.Name + "' entity.",
			fields:  map[string]any{reference.Field: key}}
	case errors.As(err, &referenced):
		return &fault{status: http.StatusBadRequest, code: 4, name: "foreign key violation",
			message: fmt.Sprintf("an existing '%s' entity references this '%s' entity", referenced.By.Name, referenced.Kind.Name),
			fields:  map[string]any{"@referenced_by": referenced.By.Name}}
	case errors.Is(err, store.ErrNotFound):
		return notFound
	}
	return nil
}

// refuse answers with an error. What the client has not caused is logged, and shown only as far as it helps.
func (c *call) refuse(err error) {
	var f *fault
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &f):
	case errors.As(err, &tooLarge):
		f = fail(http.StatusRequestEntityTooLarge, "Payload too large")
	case errors.Is(err, store.ErrUnavailable), errors.Is(err, context.DeadlineExceeded):
		c.api.Log.Error("admin: database unavailable", "method", c.r.Method, "path", c.r.URL.Path, "error", err)
		f = &fault{status: http.StatusServiceUnavailable, code: 8, name: "database error",
			message: "the database cannot be reached; try again later"}
		c.w.Header().Set("Retry-After", "5")
	case c.r.Context().Err() != nil: // nobody waits for the answer
		f = fail(http.StatusServiceUnavailable, unexpected)
	default:
		if f = stored(err); f == nil {
			c.api.Log.Error("admin: unexpected error", "method", c.r.Method, "path", c.r.URL.Path, "error", err)
			f = fail(http.StatusInternalServerError, unexpected)
		}
	}
	c.send(f.reply())
}
