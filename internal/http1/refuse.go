package http1

import (
	"errors"

	"github.com/gibbon-gateway/gibbon/internal/exchange"
)

// Refusals of what a client sends are *exchange.Refusal: fixed values, so that refusing costs nothing.

// errMore means that what was received so far is fine but not complete. It never leaves the package.
var errMore = errors.New("http1: incomplete")

// errHTTP2 means that the client speaks HTTP/2.
var errHTTP2 = errors.New("http1: HTTP/2")

var (
	errBareLF        = &exchange.Refusal{Status: 400, Text: "line ends without carriage return"}
	errRequestLine   = &exchange.Refusal{Status: 400, Text: "malformed request line"}
	errMethod        = &exchange.Refusal{Status: 400, Text: "malformed method"}
	errTarget        = &exchange.Refusal{Status: 400, Text: "malformed request target"}
	errConnect       = &exchange.Refusal{Status: 405, Text: "method CONNECT is not served"}
	errVersion       = &exchange.Refusal{Status: 505, Text: "HTTP version is not supported"}
	errLineTooLong   = &exchange.Refusal{Status: 414, Text: "request line is too long"}
	errFieldTooLong  = &exchange.Refusal{Status: 431, Text: "header field is too long"}
	errHeadTooLong   = &exchange.Refusal{Status: 431, Text: "header is too long"}
	errTooManyFields = &exchange.Refusal{Status: 431, Text: "too many header fields"}
	errFolded        = &exchange.Refusal{Status: 400, Text: "folded header field"}
	errFieldName     = &exchange.Refusal{Status: 400, Text: "malformed header field name"}
	errFieldValue    = &exchange.Refusal{Status: 400, Text: "control character in header field value"}
	errNoHost        = &exchange.Refusal{Status: 400, Text: "no Host field"}
	errManyHosts     = &exchange.Refusal{Status: 400, Text: "more than one Host field"}
	errHost          = &exchange.Refusal{Status: 400, Text: "malformed host"}
	errLength        = &exchange.Refusal{Status: 400, Text: "malformed Content-Length"}
	errManyLengths   = &exchange.Refusal{Status: 400, Text: "more than one Content-Length"}
	errCoding        = &exchange.Refusal{Status: 400, Text: "malformed Transfer-Encoding"}
	errUnknownCoding = &exchange.Refusal{Status: 501, Text: "Transfer-Encoding is not supported"}
	errBothFramings  = &exchange.Refusal{Status: 400, Text: "both Content-Length and Transfer-Encoding"}
	errOldCoding     = &exchange.Refusal{Status: 400, Text: "Transfer-Encoding in HTTP/1.0"}
	errExpect        = &exchange.Refusal{Status: 417, Text: "expectation is not supported"}
	errManyUpgrades  = &exchange.Refusal{Status: 400, Text: "more than one Upgrade field"}
	errBodyTooLong   = &exchange.Refusal{Status: 413, Text: "request body is too long"}
	errChunkSize     = &exchange.Refusal{Status: 400, Text: "malformed chunk size"}
	errChunkEnd      = &exchange.Refusal{Status: 400, Text: "chunk does not end where it should"}
	errChunkExt      = &exchange.Refusal{Status: 400, Text: "chunk extensions are too long"}
	errTrailer       = &exchange.Refusal{Status: 400, Text: "malformed trailer"}
	errTrailerLong   = &exchange.Refusal{Status: 431, Text: "trailers are too long"}
	errHeadTimeout   = &exchange.Refusal{Status: 408, Text: "request head took too long"}
	errBodyTimeout   = &exchange.Refusal{Status: 408, Text: "request body took too long"}
	errStatusLine    = &exchange.Refusal{Status: 400, Text: "malformed status line"}
)
