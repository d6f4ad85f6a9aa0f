package grpcweb

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"

	"github.com/gibbon-gateway/gibbon/header"
	"github.com/gibbon-gateway/gibbon/internal/grpcframe"
	"github.com/gibbon-gateway/gibbon/plugin"
)

// maxMessage is the longest message, in bytes, that is made JSON.
const maxMessage = 16 << 20

// HeaderFilter makes a response one of gRPC-Web.
func (b *bridge) HeaderFilter(x *plugin.Exchange) error {
	r := &x.Response
	r.Header.Set("Access-Control-Allow-Origin", b.AllowOriginHeader)
	c, ok := x.Local().(*call)
	if !ok {
		return nil
	}
	contentType, _ := r.Header.Known(header.ContentType)
	grpc := r.FromUpstream && r.Status == http.StatusOK && plugin.GRPCContent(contentType)
	if !c.framed {
		if grpc {
			r.Header.Set("Content-Type", c.contentType)
			x.FilterBody(&messages{call: c, frames: grpcframe.NewDecoder(maxMessage)})
		}
		return nil
	}
	if !grpc {
		status, message := refusal(r)
		r.Status = http.StatusOK
		r.Header.Del("Content-Encoding")
		x.FilterBody(&refused{call: c, status: status, message: message})
	} else if c.json {
		x.FilterBody(&messages{call: c, frames: grpcframe.NewDecoder(maxMessage)})
	} else {
		x.FilterBody(&frames{call: c})
	}
	r.Header.Set("Content-Type", c.contentType)
	return nil
}

// refusal finds the status and message of a response that is not of gRPC: the gateway's, a plugin's, or one of an upstream that does
// not speak gRPC.
func refusal(r *plugin.Response) (status, message string) {
	if r.FromUpstream && r.Status == http.StatusOK {
		return "2", plugin.GRPCMessage(fmt.Sprintf("unexpected content-type %q received from server", r.Header.Get("Content-Type")))
	}
	if r.FromUpstream {
		return strconv.Itoa(foreign(r.Status)), plugin.GRPCMessage(fmt.Sprintf("unexpected HTTP status code received from server: %d (%s)",
			r.Status, http.StatusText(r.Status)))
	}
	if s := r.Header.Get("grpc-status"); s != "" {
		return s, r.Header.Get("grpc-message")
	}
	text := string(r.Body())
	var body struct {
		Message string `json:"message"`
	}
	if contentType, _ := r.Header.Known(header.ContentType); len(contentType) > 0 {
		text = plugin.Message(r.Status)
		if json.Unmarshal(r.Body(), &body) == nil && body.Message != "" {
			text = body.Message
		}
	}
	return strconv.Itoa(plugin.GRPCStatus(r.Status)), plugin.GRPCMessage(text)
}

// foreign maps a status of an upstream that does not speak gRPC (http-grpc-status-mapping.md of gRPC).
func foreign(status int) int {
	switch status {
	case 400:
		return 13
	case 401:
		return 16
	case 403:
		return 7
	case 404:
		return 12
	case 429, 502, 503, 504:
		return 14
	}
	return 2
}

// refused drops a body and sends trailers instead.
type refused struct {
	*call
	status, message string
}

// FilterBody implements plugin.BodyFilter.
func (f *refused) FilterBody(x *plugin.Exchange, _ []byte, last bool) ([]byte, error) {
	if !last {
		return nil, nil
	}
	x.Response.Trailer().Reset()
	return f.end(nil, appendTrailers(nil, f.status, f.message, nil)), nil
}

// end appends the frame of trailers to what is to be sent, in the client's form.
func (c *call) end(out, trailers []byte) []byte {
	frame := grpcframe.Append(nil, grpcframe.Trailers, trailers)
	if c.text {
		return appendText(out, frame)
	}
	return append(out, frame...)
}

// frames passes frames on as they come.
type frames struct {
	*call
	scan grpcframe.Scanner
	out  []byte
}

// FilterBody implements plugin.BodyFilter.
func (f *frames) FilterBody(x *plugin.Exchange, chunk []byte, last bool) ([]byte, error) {
	err := f.scan.Scan(chunk)
	if err == nil && last {
		err = f.scan.End()
	}
	if err != nil {
		return nil, fmt.Errorf("the upstream's answer is not of gRPC: %w", err)
	}
	if f.text {
		f.out = appendText(f.out[:0], chunk)
	} else {
		f.out = append(f.out[:0], chunk...)
	}
	if last {
		f.out = f.end(f.out, trailersOf(x))
	}
	return f.out, nil
}

// messages makes messages JSON.
type messages struct {
	*call
	frames  *grpcframe.Decoder
	out     []byte
	failure error // of a message; then nothing but trailers follows
}

// FilterBody implements plugin.BodyFilter.
func (f *messages) FilterBody(x *plugin.Exchange, chunk []byte, last bool) ([]byte, error) {
	out := f.out[:0]
	if f.failure == nil {
		out, f.failure = f.convert(out, chunk, last)
		f.out = out
	}
	if f.failure != nil && !f.framed { // there is no other way to tell
		return nil, f.failure
	}
	if f.text {
		out = appendText(nil, out)
	}
	if !last || !f.framed {
		return out, nil
	}
	trailers := trailersOf(x)
	if f.failure != nil {
		trailers = appendTrailers(nil, "13", plugin.GRPCMessage(f.failure.Error()), nil)
	}
	return f.end(out, trailers), nil
}

func (f *messages) convert(out, chunk []byte, last bool) ([]byte, error) {
	f.frames.Feed(chunk)
	for {
		flags, message, ok, err := f.frames.Next()
		if err != nil {
			return out, err
		}
		if !ok {
			break
		}
		if flags != 0 {
			return out, fmt.Errorf("%w: 0x%02x", grpcframe.ErrFlags, flags)
		}
		m, err := f.file.Decode(f.method.Output, message)
		if err != nil {
			return out, fmt.Errorf("a message of the upstream: %w", err)
		}
		text, err := f.file.AppendJSON(nil, m)
		if err != nil {
			return out, fmt.Errorf("a message of the upstream: %w", err)
		}
		switch {
		case f.framed:
			out = grpcframe.Append(out, 0, text)
		case f.method.ServerStreaming:
			out = append(append(out, text...), '\n')
		default:
			out = append(out, text...)
		}
	}
	if last {
		return out, f.frames.End()
	}
	return out, nil
}
