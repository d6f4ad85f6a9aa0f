package plugin

import (
	"bytes"
	"encoding/json"
	"strings"

	"github.com/gibbon-gateway/gibbon/header"
)

// Response is what goes to the client. Fields added to Header before the response is known (in Access) stay on whatever
// response is sent; from HeaderFilter on it holds the response's own fields too.
type Response struct {
	Status int
	Header header.Fields
	// FromUpstream is true when the upstream (or a cache) made the response, false when the gateway or a plugin did.
	FromUpstream bool
	body         []byte
	shared       bool // body belongs to someone else and must not be changed
	trailer      header.Fields
}

// Body returns the body of a response that the gateway or a plugin made. That of an upstream passes through FilterBody.
func (r *Response) Body() []byte { return r.body }

// Exit ends the request with this response, in the compact form of Kong's kong.response.exit: a nil body sends none, a
// string or []byte is sent as it is, anything else as JSON. header holds names and values in turn.
//
// A client of gRPC (Client.GRPC) is answered with 200, a grpc-status that fits (GRPCStatus) and the text, or the member "message" of
// anything else, as grpc-message; unless header has a Content-Type, which says that the body is meant to be sent.
func (x *Exchange) Exit(status int, body any, header ...string) error {
	text, err := encode(body)
	if err != nil {
		return err
	}
	x.begin(status, header)
	if x.Client.GRPC && !given(header, "Content-Type") {
		x.refuseGRPC(status, messageOf(body, text))
		return ErrExit
	}
	x.Response.body = text.body
	if text.json && !given(header, "Content-Type") {
		x.Response.Header.Set("Content-Type", "application/json; charset=utf-8")
	}
	return ErrExit
}

// Error ends the request with a message in the form that the client accepts: JSON unless Accept says HTML, XML or plain
// text, each with the request's id. An empty message is Kong's usual one for the status. header holds names and values in
// turn. A client of gRPC (Client.GRPC) is answered with 200, a grpc-status that fits (GRPCStatus), and the message as grpc-message.
func (x *Exchange) Error(status int, message string, header ...string) error {
	if message == "" {
		message = Message(status)
	}
	x.begin(status, header)
	h := &x.Response.Header
	if x.Client.GRPC && !given(header, "Content-Type") {
		x.refuseGRPC(status, message)
		return ErrExit
	}
	form := Negotiate(&x.Request.Header)
	if given(header, "Content-Type") {
		form = formOf(h.Get("Content-Type"))
	} else {
		h.Set("Content-Type", form.ContentType())
	}
	x.Response.body = form.Append(nil, message, x.RequestID())
	return ErrExit
}

// Serve ends the request with a stored response: it counts as the upstream's. h (maybe nil) holds its fields; framing and
// connection fields among them are left out, except that Content-Length stands when body is nil and the request is HEAD or the
// status 304. Neither is copied: both must stay as they are until the exchange ends, and may serve other exchanges meanwhile.
func (x *Exchange) Serve(status int, h *header.Fields, body []byte) error {
	x.begin(status, nil)
	r := &x.Response
	r.FromUpstream, r.body, r.shared = true, body, true
	switch {
	case h == nil:
	case r.Header.Len() == 0:
		r.Header.CopyFrom(h)
	default:
		r.Header.Extend(h)
	}
	return ErrExit
}

// begin makes the response the gateway's. What an earlier answer left is gone, except its fields. A known response is replaced
// with its fields: only those that were added before it was known stay.
func (x *Exchange) begin(status int, header []string) {
	x.exited = true
	x.Response.Status, x.Response.FromUpstream, x.Response.body, x.Response.shared = status, false, nil, false
	x.Response.trailer.Reset()
	if x.known {
		x.Response.Header.CopyFrom(&x.early)
	}
	for i := 0; i+1 < len(header); i += 2 {
		x.Response.Header.Set(header[i], header[i+1])
	}
}

func given(header []string, name string) bool {
	for i := 0; i+1 < len(header); i += 2 {
		if strings.EqualFold(header[i], name) {
			return true
		}
	}
	return false
}

type encoded struct {
	body []byte
	json bool
}

func encode(body any) (encoded, error) {
	switch b := body.(type) {
	case nil:
		return encoded{}, nil
	case []byte:
		return encoded{body: b}, nil
	case string:
		return encoded{body: []byte(b)}, nil
	}
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	if err := e.Encode(body); err != nil {
		return encoded{}, err
	}
	return encoded{bytes.TrimSuffix(out.Bytes(), []byte("\n")), true}, nil
}
