package plugin

import (
	"encoding/json"
	"net/http"
	"strconv"
	"unicode/utf8"

	"github.com/gibbon-gateway/gibbon/header"
)

// A client of gRPC does not look at statuses of HTTP or at bodies that are no messages. It is refused with a response that has no
// body, status 200 and the fields grpc-status and grpc-message ("Trailers-Only" in gRPC's PROTOCOL-HTTP2.md).

// GRPCContent reports whether a Content-Type is one of gRPC: "application/grpc", maybe with a suffix ("+proto") or parameters. That
// of gRPC-Web is none.
func GRPCContent(contentType []byte) bool {
	const grpc = "application/grpc"
	if len(contentType) < len(grpc) || !header.EqualFold(contentType[:len(grpc)], grpc) {
		return false
	}
	rest := contentType[len(grpc):]
	return len(rest) == 0 || rest[0] == '+' || rest[0] == ';' || rest[0] == ' ' || rest[0] == '\t'
}

// GRPCStatus maps a status of HTTP to one of gRPC, as Kong does, except that 502 is UNAVAILABLE (14): so gRPC's own mapping has
// it, and so clients have seen it from Kong, whose 502 has a status of HTTP of its own.
func GRPCStatus(status int) int {
	switch status {
	case 400:
		return 3 // INVALID_ARGUMENT
	case 401:
		return 16 // UNAUTHENTICATED
	case 403:
		return 7 // PERMISSION_DENIED
	case 404:
		return 5 // NOT_FOUND
	case 409:
		return 6 // ALREADY_EXISTS
	case 429:
		return 8 // RESOURCE_EXHAUSTED
	case 499:
		return 1 // CANCELLED
	case 501:
		return 12 // UNIMPLEMENTED
	case 502, 503:
		return 14 // UNAVAILABLE
	case 504:
		return 4 // DEADLINE_EXCEEDED
	}
	switch status / 100 {
	case 2:
		return 0 // OK
	case 4:
		return 3 // INVALID_ARGUMENT
	case 5:
		return 13 // INTERNAL
	}
	return 2 // UNKNOWN
}

// grpcNames are what Kong says when there is no message for a status of gRPC.
var grpcNames = [...]string{"OK", "Canceled", "Unknown", "InvalidArgument", "DeadlineExceeded", "NotFound", "AlreadyExists",
	"PermissionDenied", "ResourceExhausted", "FailedPrecondition", "Aborted", "OutOfRange", "Unimplemented", "Internal", "Unavailable",
	"DataLoss", "Unauthenticated"}

// maxGRPCMessage bounds what is sent as grpc-message, in bytes after encoding: clients take 8 KiB of fields in all.
const maxGRPCMessage = 4 << 10

// GRPCMessage encodes a text for the field grpc-message: what is not printable ASCII, and "%", is percent-encoded
// (PROTOCOL-HTTP2.md). What is over 4 KiB is cut off.
func GRPCMessage(text string) string {
	const hex = "0123456789ABCDEF"
	var out []byte
	for i := 0; i < len(text); {
		n := 1
		if c := text[i]; c >= utf8.RuneSelf {
			_, n = utf8.DecodeRuneInString(text[i:])
		}
		if len(out)+3*n > maxGRPCMessage {
			break
		}
		for _, c := range []byte(text[i : i+n]) {
			if c < ' ' || c > '~' || c == '%' {
				out = append(out, '%', hex[c>>4], hex[c&15])
			} else {
				out = append(out, c)
			}
		}
		i += n
	}
	return string(out)
}

// refuseGRPC makes the answer, whose status is one of HTTP, one for a client of gRPC. A field grpc-status that is there stands.
func (x *Exchange) refuseGRPC(status int, message string) {
	r := &x.Response
	r.Status, r.body = http.StatusOK, nil
	h := &r.Header
	h.Set("Content-Type", "application/grpc")
	if h.Has("grpc-status") {
		return
	}
	code := GRPCStatus(status)
	if message == "" {
		message = grpcNames[code]
	}
	h.Set("grpc-status", strconv.Itoa(code))
	h.Set("grpc-message", GRPCMessage(message))
}

// messageOf finds the message in a body: text as it is, in anything else the member "message" or, of OAuth, "error_description".
func messageOf(body any, text encoded) string {
	if body == nil {
		return ""
	}
	if !text.json {
		return string(text.body)
	}
	var members struct {
		Message     any `json:"message"`
		Description any `json:"error_description"`
	}
	if json.Unmarshal(text.body, &members) != nil {
		return ""
	}
	for _, m := range []any{members.Message, members.Description} {
		if s, ok := m.(string); ok && s != "" {
			return s
		}
	}
	return ""
}
