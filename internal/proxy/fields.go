package proxy

import (
	"strings"

	"github.com/gibbon-gateway/gibbon/header"
	"github.com/gibbon-gateway/gibbon/plugin"
)

// sentFields says which fields of its own the proxy adds to responses.
type sentFields struct {
	server, via, requestID, upstreamStatus         bool
	proxyLatency, responseLatency, upstreamLatency bool
}

func sentBy(header func(name string) bool) sentFields {
	if header == nil {
		header = func(name string) bool { return name != "X-Kong-Upstream-Status" }
	}
	return sentFields{
		server: header("Server"), via: header("Via"), requestID: header("X-Kong-Request-Id"),
		upstreamStatus: header("X-Kong-Upstream-Status"), proxyLatency: header("X-Kong-Proxy-Latency"),
		responseLatency: header("X-Kong-Response-Latency"), upstreamLatency: header("X-Kong-Upstream-Latency"),
	}
}

func formNamed(mediaType string) plugin.Form {
	switch mediaType {
	case "application/json":
		return plugin.JSON
	case "text/html":
		return plugin.HTML
	case "application/xml":
		return plugin.XML
	}
	return plugin.Plain
}

// ours are the request fields that the proxy writes itself.
var ours = header.IDs(header.Host, header.Connection, header.ContentLength, header.TransferEncoding, header.Via,
	header.XForwardedFor, header.XForwardedProto, header.XForwardedHost, header.XForwardedPort, header.XForwardedPath,
	header.XForwardedPrefix, header.XRealIP)

// framing are the request fields that plugins do not see.
var framing = header.IDs(header.Host, header.ContentLength)

// methods holds the usual names, so that no copy has to be made of them.
func methodName(m []byte) string {
	switch string(m) {
	case "GET":
		return "GET"
	case "POST":
		return "POST"
	case "PUT":
		return "PUT"
	case "PATCH":
		return "PATCH"
	case "DELETE":
		return "DELETE"
	case "HEAD":
		return "HEAD"
	case "OPTIONS":
		return "OPTIONS"
	}
	return string(m)
}

// idempotent reports whether a request may be sent again when it is not known what became of it.
func idempotent(method string) bool {
	switch method {
	case "POST", "PATCH", "LOCK":
		return false
	}
	return true
}

// phrase returns the reason phrases in which nginx, and so Kong, differs from the usual ones; nil otherwise.
func phrase(status int) []byte {
	switch status {
	case 413:
		return phrase413
	case 414:
		return phrase414
	case 503:
		return phrase503
	case 504:
		return phrase504
	}
	return nil
}

var (
	phrase413 = []byte("Request Entity Too Large")
	phrase414 = []byte("Request-URI Too Large")
	phrase503 = []byte("Service Temporarily Unavailable")
	phrase504 = []byte("Gateway Time-out")
)

// hostOnly cuts the port off a Host field, and brackets stay.
func hostOnly(host string) string {
	if i := strings.LastIndexByte(host, ':'); i >= 0 && !strings.Contains(host[i:], "]") {
		return host[:i]
	}
	return host
}

// names keeps copies of strings that come again and again, such as host names.
type names [64]string

// get returns b as a string.
func (n *names) get(b []byte) string {
	h := uint32(2166136261)
	for _, c := range b {
		h = (h ^ uint32(c)) * 16777619
	}
	s := &n[(h^h>>16)%uint32(len(n))]
	if *s != string(b) {
		*s = string(b)
	}
	return *s
}

// lower returns s in lower case.
func lower(s string) string {
	for i := 0; i < len(s); i++ {
		if 'A' <= s[i] && s[i] <= 'Z' {
			return strings.ToLower(s)
		}
	}
	return s
}
