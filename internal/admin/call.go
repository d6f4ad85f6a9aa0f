package admin

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
)

// call is one request.
type call struct {
	api    *api
	w      http.ResponseWriter
	r      *http.Request
	params map[string]string // of the path
	query  url.Values
	body   map[string]any // what was sent; nil if nothing was
	form   bool           // body came as text: its values have no types yet
}

// reply is what to answer: no body if it is nil, bytes as they are (HTML of an error that Kong leaves to its web server),
// anything else as JSON.
type reply struct {
	status int
	body   any
}

func ok(body any) reply { return reply{http.StatusOK, body} }

var noContent = reply{status: http.StatusNoContent}

// encode writes JSON as Kong does: compact, slashes and angle brackets as they are.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// send answers.
func (c *call) send(r reply) {
	h := c.w.Header()
	var out []byte
	switch body := r.body.(type) {
	case nil:
		c.w.WriteHeader(r.status)
		return
	case html:
		h.Set("Content-Type", "text/html; charset=UTF-8")
		out = []byte(body)
	default:
		var err error
		if out, err = encode(body); err != nil {
			c.api.Log.Error("admin: answer cannot be encoded", "path", c.r.URL.Path, "error", err)
			r.status, out = http.StatusInternalServerError, []byte(`{"message":"`+unexpected+`"}`)
		}
		h.Set("Content-Type", "application/json; charset=utf-8")
	}
	h.Set("Content-Length", strconv.Itoa(len(out)))
	c.w.WriteHeader(r.status)
	if c.r.Method != http.MethodHead {
		c.w.Write(out)
	}
}

// decode reads a stored document. Numbers stay as they are written.
func decode(raw []byte) (map[string]any, error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var doc map[string]any
	err := d.Decode(&doc)
	return doc, err
}
