package plugin

import (
	"bytes"
	"strconv"
	"strings"

	"github.com/gibbon-gateway/gibbon/header"
)

// Form is how an error is told to a client.
type Form uint8

// The forms of Kong.
const (
	JSON Form = iota
	HTML
	XML
	Plain
)

// ContentType returns the media type of the form.
func (f Form) ContentType() string {
	switch f {
	case HTML:
		return "text/html; charset=utf-8"
	case XML:
		return "application/xml; charset=utf-8"
	case Plain:
		return "text/plain; charset=utf-8"
	}
	return "application/json; charset=utf-8"
}

// Append appends an error message and the id of the request to dst. As in Kong the message is not escaped.
func (f Form) Append(dst []byte, message, id string) []byte {
	t := &templates[f]
	dst = append(dst, t[0]...)
	dst = append(dst, message...)
	dst = append(dst, t[1]...)
	dst = append(dst, id...)
	return append(dst, t[2]...)
}

// templates are what stands before, between and behind message and id.
var templates = [...][3]string{
	JSON: {"{\n  \"message\":\"", "\",\n  \"request_id\":\"", "\"\n}"},
	HTML: {
		"<!doctype html>\n<html>\n  <head>\n    <meta charset=\"utf-8\">\n    <title>Error</title>\n  </head>\n" +
			"  <body>\n    <h1>Error</h1>\n    <p>",
		".</p>\n    <p>request_id: ",
		"</p>\n  </body>\n</html>\n",
	},
	XML: {
		"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<error>\n  <message>",
		"</message>\n  <requestid>",
		"</requestid>\n</error>\n",
	},
	Plain: {"", "\nrequest_id: ", "\n"},
}

// Negotiate returns the form that the request's Accept prefers: the highest quality, the first of equal ones. What is not
// known counts as JSON.
func Negotiate(h *header.Fields) Form {
	best, form := 0, JSON
	for v := range h.Values("Accept") {
		for len(v) > 0 {
			item := v
			if i := bytes.IndexByte(v, ','); i >= 0 {
				item, v = v[:i], v[i+1:]
			} else {
				v = nil
			}
			if t, q := mediaRange(item); q > best {
				best, form = q, formOf(t)
			}
		}
	}
	return form
}

// NegotiateRefusal is Negotiate for a request that could not be read or passed on: without Accept the type of its body
// decides, and without that, fallback.
func NegotiateRefusal(h *header.Fields, fallback Form) Form {
	if h.HasID(header.Accept) {
		return Negotiate(h)
	}
	if t, ok := h.Known(header.ContentType); ok {
		name, _ := mediaRange(t)
		return formOf(name)
	}
	return fallback
}

// mediaRange reads "type/subtype;q=0.5": the type, and its quality in thousandths.
func mediaRange(item []byte) (name []byte, quality int) {
	name, rest, _ := bytes.Cut(bytes.TrimSpace(item), []byte(";"))
	name = bytes.TrimSpace(name)
	if !bytes.Contains(name, []byte("/")) {
		return name, 0
	}
	param := bytes.TrimSpace(rest)
	if len(param) < 2 || param[0]|0x20 != 'q' {
		return name, 1000
	}
	value, ok := bytes.CutPrefix(bytes.TrimSpace(param[1:]), []byte("="))
	if !ok {
		return name, 1000
	}
	value, _, _ = bytes.Cut(value, []byte(";"))
	q, err := strconv.ParseFloat(string(bytes.TrimSpace(value)), 64)
	if err != nil || q < 0 || q > 1 {
		return name, 1000
	}
	return name, int(q * 1000)
}

// formOf returns the form of a media type, which may have parameters.
func formOf[T []byte | string](t T) Form {
	name, _, _ := strings.Cut(string(t), ";")
	switch strings.ToLower(strings.TrimSpace(name)) {
	case "text/html":
		return HTML
	case "application/xml":
		return XML
	case "text/plain", "text/*":
		return Plain
	}
	return JSON
}

// Message returns Kong's usual text for a status.
func Message(status int) string {
	if m := messages[status]; m != "" {
		return m
	}
	return "The upstream server responded with " + strconv.Itoa(status)
}

var messages = map[int]string{
	400: "Bad request",
	401: "Unauthorized",
	402: "Payment required",
	403: "Forbidden",
	404: "Not found",
	405: "Method not allowed",
	406: "Not acceptable",
	407: "Proxy authentication required",
	408: "Request timeout",
	409: "Conflict",
	410: "Gone",
	411: "Length required",
	412: "Precondition failed",
	413: "Payload too large",
	414: "URI too long",
	415: "Unsupported media type",
	416: "Range not satisfiable",
	417: "Expectation failed",
	418: "I'm a teapot",
	421: "Misdirected request",
	422: "Unprocessable entity",
	423: "Locked",
	424: "Failed dependency",
	425: "Too early",
	426: "Upgrade required",
	428: "Precondition required",
	429: "Too many requests",
	431: "Request header fields too large",
	451: "Unavailable for legal reasons",
	494: "Request header or cookie too large",
	500: "An unexpected error occurred",
	501: "Not implemented",
	502: "An invalid response was received from the upstream server",
	503: "The upstream server is currently unavailable",
	504: "The upstream server is timing out",
	505: "HTTP version not supported",
}
