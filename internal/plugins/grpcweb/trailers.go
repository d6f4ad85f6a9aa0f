package grpcweb

import (
	"bytes"
	"strings"

	"github.com/gibbon-gateway/gibbon/header"
	"github.com/gibbon-gateway/gibbon/plugin"
)

// trailersOf takes the upstream's trailers, which have their place in the body now, and writes them as the last frame has them. Those of
// a response without messages (Trailers-Only) are in its head, and stay there.
func trailersOf(x *plugin.Exchange) []byte {
	t := x.Response.Trailer()
	defer t.Reset()
	if status, ok := t.Value("grpc-status"); ok {
		return appendTrailers(nil, string(status), t.Get("grpc-message"), t)
	}
	if h := &x.Response.Header; h.Has("grpc-status") {
		return appendTrailers(nil, h.Get("grpc-status"), h.Get("grpc-message"), t)
	}
	return appendTrailers(nil, "13", "server closed the stream without sending trailers", t)
}

// appendTrailers writes trailers as lines, status and message first. Names are in lower case.
func appendTrailers(dst []byte, status, message string, more *header.Fields) []byte {
	dst = appendLine(dst, "grpc-status", status)
	dst = appendLine(dst, "grpc-message", message)
	if more == nil {
		return dst
	}
	for name, value := range more.All() {
		switch n := strings.ToLower(string(name)); n {
		case "grpc-status", "grpc-message":
		default:
			dst = appendLine(dst, n, string(value))
		}
	}
	return dst
}

// appendLine writes a trailer. What would begin another line becomes a space.
func appendLine(dst []byte, name, value string) []byte {
	dst = append(append(dst, name...), ':')
	start := len(dst)
	dst = append(dst, value...)
	for i := range dst[start:] {
		if bytes.IndexByte([]byte("\r\n\x00"), dst[start+i]) >= 0 {
			dst[start+i] = ' '
		}
	}
	return append(dst, "\r\n"...)
}
