package grpcgateway

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"

	"github.com/gibbon-gateway/gibbon/header"
	"github.com/gibbon-gateway/gibbon/internal/grpcframe"
	"github.com/gibbon-gateway/gibbon/internal/protofile"
	"github.com/gibbon-gateway/gibbon/plugin"
)

// maxMessage is the longest message, in bytes, that is made JSON.
const maxMessage = 16 << 20

// statuses are those of HTTP for the codes of gRPC, as Kong has them.
var statuses = map[string]int{"0": 200, "1": 499, "2": 500, "3": 400, "4": 504, "5": 404, "6": 409, "7": 403, "8": 429, "9": 400, "10": 409, "11": 400,
	"12": 500, "13": 500, "14": 503, "15": 500, "16": 401}

// HeaderFilter makes a response of gRPC one of JSON. Others stay what they are.
func (g *gateway) HeaderFilter(x *plugin.Exchange) error {
	b, ok := x.Local().(*binding)
	r := &x.Response
	contentType, _ := r.Header.Known(header.ContentType)
	if !ok || !r.FromUpstream || r.Status != http.StatusOK || !plugin.GRPCContent(contentType) {
		return nil
	}
	r.Header.Set("Content-Type", "application/json")
	if code := r.Header.Get("grpc-status"); code != "" {
		if r.Status = statuses[code]; r.Status == 0 {
			r.Status = http.StatusInternalServerError
		}
	}
	x.FilterBody(&messages{binding: b, file: g.file, frames: grpcframe.NewDecoder(maxMessage)})
	return nil
}

// messages makes messages JSON.
type messages struct {
	*binding
	file   *protofile.File
	frames *grpcframe.Decoder
	out    []byte
	some   bool // there was a message
}

// FilterBody implements plugin.BodyFilter.
func (f *messages) FilterBody(x *plugin.Exchange, chunk []byte, last bool) ([]byte, error) {
	f.out = f.out[:0]
	f.frames.Feed(chunk)
	for {
		flags, message, ok, err := f.frames.Next()
		if err != nil {
			return nil, err
		}
		if !ok {
			break
		}
		if flags != 0 {
			return nil, fmt.Errorf("%w: 0x%02x", grpcframe.ErrFlags, flags)
		}
		if err := f.append(message); err != nil {
			return nil, fmt.Errorf("a message of the upstream: %w", err)
		}
	}
	if !last {
		return f.out, nil
	}
	if err := f.frames.End(); err != nil {
		return nil, err
	}
	f.status(x)
	return f.out, nil
}

func (f *messages) append(message []byte) error {
	m, err := f.file.Decode(f.method.Output, message)
	if err != nil {
		return err
	}
	if f.response != nil {
		f.out, err = f.file.AppendField(f.out, m, f.response)
	} else {
		f.out, err = f.file.AppendJSON(f.out, m)
	}
	if f.method.ServerStreaming {
		f.out = append(f.out, '\n')
	}
	f.some = true
	return err
}

// status tells in the body that the call has failed: alone when there was no message, else in a line of its own.
func (f *messages) status(x *plugin.Exchange) {
	h := x.Response.Trailer()
	if x.Response.Header.Has("grpc-status") {
		h = &x.Response.Header
	}
	text := h.Get("grpc-status")
	if text == "0" {
		return
	}
	message := h.Get("grpc-message")
	if text == "" {
		text, message = "13", "server closed the stream without sending trailers"
	}
	code, err := strconv.ParseUint(text, 10, 31)
	if err != nil {
		code = 2
	}
	if plain, err := url.PathUnescape(message); err == nil {
		message = plain
	}
	type status struct {
		Code    uint64 `json:"code"`
		Message string `json:"message"`
	}
	var doc any = status{code, message}
	if f.some {
		doc = map[string]any{"error": doc}
		if !f.method.ServerStreaming {
			f.out = append(f.out, '\n')
		}
	}
	if body, err := json.Marshal(doc); err == nil { // always: there is nothing in it that cannot be written
		f.out = append(f.out, body...)
	}
	if f.method.ServerStreaming {
		f.out = append(f.out, '\n')
	}
}
