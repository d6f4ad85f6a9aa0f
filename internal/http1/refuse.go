package http1

import "errors"

// refusal is why a message is not accepted, with the status that a client is answered with. Refusals are fixed values, so that
// refusing costs nothing.
type refusal struct {
	status int
	text   string
}

func (r *refusal) Error() string { return "http1: " + r.text }

// errMore means that what was received so far is fine but not complete. It never leaves the package.
var errMore = errors.New("http1: incomplete")

var (
	errBareLF        = &refusal{400, "line ends without carriage return"}
	errRequestLine   = &refusal{400, "malformed request line"}
	errMethod        = &refusal{400, "malformed method"}
	errTarget        = &refusal{400, "malformed request target"}
	errConnect       = &refusal{405, "method CONNECT is not served"}
	errVersion       = &refusal{505, "HTTP version is not supported"}
	errLineTooLong   = &refusal{414, "request line is too long"}
	errFieldTooLong  = &refusal{431, "header field is too long"}
	errHeadTooLong   = &refusal{431, "header is too long"}
	errTooManyFields = &refusal{431, "too many header fields"}
	errFolded        = &refusal{400, "folded header field"}
	errFieldName     = &refusal{400, "malformed header field name"}
	errFieldValue    = &refusal{400, "control character in header field value"}
	errNoHost        = &refusal{400, "no Host field"}
	errManyHosts     = &refusal{400, "more than one Host field"}
	errHost          = &refusal{400, "malformed host"}
	errLength        = &refusal{400, "malformed Content-Length"}
	errManyLengths   = &refusal{400, "more than one Content-Length"}
	errCoding        = &refusal{400, "malformed Transfer-Encoding"}
	errUnknownCoding = &refusal{501, "Transfer-Encoding is not supported"}
	errBothFramings  = &refusal{400, "both Content-Length and Transfer-Encoding"}
	errOldCoding     = &refusal{400, "Transfer-Encoding in HTTP/1.0"}
	errExpect        = &refusal{417, "expectation is not supported"}
	errManyUpgrades  = &refusal{400, "more than one Upgrade field"}
	errBodyTooLong   = &refusal{413, "request body is too long"}
	errChunkSize     = &refusal{400, "malformed chunk size"}
	errChunkEnd      = &refusal{400, "chunk does not end where it should"}
	errChunkExt      = &refusal{400, "chunk extensions are too long"}
	errTrailer       = &refusal{400, "malformed trailer"}
	errTrailerLong   = &refusal{431, "trailers are too long"}
	errHeadTimeout   = &refusal{408, "request head took too long"}
	errBodyTimeout   = &refusal{408, "request body took too long"}
	errStatusLine    = &refusal{400, "malformed status line"}
)

// StatusOf returns the status that an error of the request parser or of ReadBody is answered with, or 0.
func StatusOf(err error) int {
	var r *refusal
	if errors.As(err, &r) {
		return r.status
	}
	return 0
}
