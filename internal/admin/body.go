package admin

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
)

// Limits of request bodies, Kong's.
const (
	maxBody      = 10 << 20
	maxArguments = 1000
)

// readBody reads the body of a request that writes, by its content type, into c.body.
func (c *call) readBody() error {
	switch c.r.Method {
	case http.MethodPost, http.MethodPut, http.MethodPatch:
	default:
		return nil
	}
	contentType := c.r.Header.Get("Content-Type")
	if contentType == "" {
		if c.r.ContentLength == 0 {
			return nil
		}
		return unsupported
	}
	kind, params, err := mime.ParseMediaType(contentType)
	if err != nil && !errors.Is(err, mime.ErrInvalidMediaParameter) {
		return unsupported
	}
	read := map[string]func([]byte, string) error{
		"application/json":                  c.readJSON,
		"application/x-www-form-urlencoded": c.readForm,
		"multipart/form-data":               c.readMultipart,
	}[kind]
	if read == nil {
		return unsupported
	}
	text, err := c.text()
	if err != nil {
		return err
	}
	return read(text, params["boundary"])
}

// text reads the whole body.
func (c *call) text() ([]byte, error) {
	return io.ReadAll(http.MaxBytesReader(c.w, c.r.Body, maxBody))
}

func (c *call) readJSON(text []byte, _ string) error {
	v, err := parseJSON(text)
	if err != nil {
		return badJSON
	}
	doc, isObject := v.(map[string]any)
	if !isObject {
		return fail(http.StatusBadRequest, "Cannot parse JSON body: an object is expected")
	}
	c.body = doc
	return nil
}

// parseJSON reads exactly one value.
func parseJSON(text []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, err
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errors.New("more than one value")
	}
	return v, nil
}

func (c *call) readForm(text []byte, _ string) error {
	args := &arguments{}
	for part := range strings.SplitSeq(string(text), "&") {
		if part == "" {
			continue
		}
		name, value, _ := strings.Cut(part, "=")
		if err := args.add(unescape(name), unescape(value)); err != nil {
			return err
		}
	}
	return c.take(args)
}

// unescape resolves percent escapes and "+"; what is not an escape stands for itself.
func unescape(s string) string {
	if out, err := url.QueryUnescape(s); err == nil {
		return out
	}
	return s
}

func (c *call) readMultipart(text []byte, boundary string) error {
	args := &arguments{}
	bad := fail(http.StatusBadRequest, "Cannot parse multipart body")
	if boundary == "" {
		return bad
	}
	for r := multipart.NewReader(bytes.NewReader(text), boundary); ; {
		part, err := r.NextPart()
		if err == io.EOF {
			return c.take(args)
		}
		if err != nil {
			return bad
		}
		content, err := io.ReadAll(part)
		if err != nil {
			return bad
		}
		var value any = string(content)
		if kind, _, _ := mime.ParseMediaType(part.Header.Get("Content-Type")); kind == "application/json" {
			if value, err = parseJSON(content); err != nil {
				return badJSON
			}
		}
		if err := args.add(part.FormName(), value); err != nil {
			return err
		}
	}
}

func (c *call) take(args *arguments) error {
	doc, err := args.document()
	if err != nil {
		return err
	}
	c.body, c.form = doc, true
	return nil
}
