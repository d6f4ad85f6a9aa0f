package grpcweb

import (
	"bytes"
	"encoding/base64"
	"errors"
	"strings"
)

// content is how a body is made.
type content struct {
	text   bool // base64
	framed bool // messages are in frames, and a last one has the trailers
	json   bool // messages are JSON; else protobuf
}

var contents = map[string]content{
	"application/grpc-web":            {framed: true},
	"application/grpc-web+proto":      {framed: true},
	"application/grpc-web+json":       {framed: true, json: true},
	"application/grpc-web-text":       {framed: true, text: true},
	"application/grpc-web-text+proto": {framed: true, text: true},
	"application/grpc-web-text+json":  {framed: true, text: true, json: true},
	"application/json":                {json: true},
}

// contentOf returns what a Content-Type, which may have parameters, says about a body.
func contentOf(contentType string) (content, bool) {
	name, _, _ := strings.Cut(contentType, ";")
	c, ok := contents[strings.ToLower(strings.TrimSpace(name))]
	return c, ok
}

var errText = errors.New("the body is not base64")

// decodeText decodes base64 that may be padded wherever its sender has flushed, not only at its end, and need not be padded there.
func decodeText(in []byte) ([]byte, error) {
	if bytes.ContainsAny(in, "\r\n") { // which the library passes over
		return nil, errText
	}
	out := make([]byte, 0, base64.StdEncoding.DecodedLen(len(in)))
	var err error
	for len(in) > 0 {
		end := len(in)
		encoding := base64.RawStdEncoding
		if i := bytes.IndexByte(in, '='); i >= 0 {
			encoding = base64.StdEncoding
			if end = (i/4 + 1) * 4; end > len(in) {
				return nil, errText
			}
		}
		if out, err = encoding.AppendDecode(out, in[:end]); err != nil {
			return nil, errText
		}
		in = in[end:]
	}
	return out, nil
}

// appendText appends base64, padded so that it can be flushed.
func appendText(dst, in []byte) []byte { return base64.StdEncoding.AppendEncode(dst, in) }
