package header

// ID names a field that the gateway itself looks at, so that it is found without comparing names. Zero is any other field.
type ID uint8

// The fields that have an id.
const (
	Other ID = iota
	Host
	Connection
	KeepAlive
	ProxyConnection
	TransferEncoding
	ContentLength
	TE
	Trailer
	Upgrade
	Expect
	Via
	Forwarded
	XForwardedFor
	XForwardedProto
	XForwardedHost
	XForwardedPort
	XForwardedPath
	XForwardedPrefix
	XRealIP
	Authorization
	ProxyAuthorization
	ProxyAuthenticate
	WWWAuthenticate
	APIKey
	Accept
	AcceptEncoding
	ContentType
	ContentEncoding
	Cookie
	SetCookie
	Date
	Server
	Location
	CacheControl
	Age
	ETag
	Vary
	Range
	IfNoneMatch
	Origin
	UserAgent
	RetryAfter
	XKongRequestID
	XKongUpstreamLatency
	XKongProxyLatency
	XKongResponseLatency
	XKongUpstreamStatus
	KongDebug
	XConsumerID
	XConsumerCustomID
	XConsumerUsername
	XCredentialIdentifier
	XAnonymousConsumer
	ContentRange
	last
)

// names holds the usual spelling of each id.
var names = [last]string{
	Host: "Host", Connection: "Connection", KeepAlive: "Keep-Alive", ProxyConnection: "Proxy-Connection",
	TransferEncoding: "Transfer-Encoding", ContentLength: "Content-Length", TE: "TE", Trailer: "Trailer",
	Upgrade: "Upgrade", Expect: "Expect", Via: "Via", Forwarded: "Forwarded", XForwardedFor: "X-Forwarded-For",
	XForwardedProto: "X-Forwarded-Proto", XForwardedHost: "X-Forwarded-Host", XForwardedPort: "X-Forwarded-Port",
	XForwardedPath: "X-Forwarded-Path", XForwardedPrefix: "X-Forwarded-Prefix", XRealIP: "X-Real-IP",
	Authorization: "Authorization", ProxyAuthorization: "Proxy-Authorization", ProxyAuthenticate: "Proxy-Authenticate",
	WWWAuthenticate: "WWW-Authenticate", APIKey: "apikey", Accept: "Accept", AcceptEncoding: "Accept-Encoding",
	ContentType: "Content-Type", ContentEncoding: "Content-Encoding", Cookie: "Cookie", SetCookie: "Set-Cookie",
	Date: "Date", Server: "Server", Location: "Location", CacheControl: "Cache-Control", Age: "Age", ETag: "ETag",
	Vary: "Vary", Range: "Range", IfNoneMatch: "If-None-Match", Origin: "Origin", UserAgent: "User-Agent",
	RetryAfter: "Retry-After", XKongRequestID: "X-Kong-Request-Id", XKongUpstreamLatency: "X-Kong-Upstream-Latency",
	XKongProxyLatency: "X-Kong-Proxy-Latency", XKongResponseLatency: "X-Kong-Response-Latency",
	XKongUpstreamStatus: "X-Kong-Upstream-Status", KongDebug: "Kong-Debug", XConsumerID: "X-Consumer-ID",
	XConsumerCustomID: "X-Consumer-Custom-ID", XConsumerUsername: "X-Consumer-Username",
	XCredentialIdentifier: "X-Credential-Identifier", XAnonymousConsumer: "X-Anonymous-Consumer",
	ContentRange: "Content-Range",
}

// String returns the usual spelling of the field's name, "" for Other.
func (id ID) String() string {
	if id < last {
		return names[id]
	}
	return ""
}

// IDSet is a set of ids, one bit each; so there can be no more than 64 ids.
type IDSet uint64

// IDs makes a set of ids.
func IDs(ids ...ID) IDSet {
	var s IDSet
	for _, id := range ids {
		s |= 1 << id
	}
	return s
}

// Has reports whether id is in s.
func (s IDSet) Has(id ID) bool { return s>>id&1 != 0 }

// With returns s and ids together.
func (s IDSet) With(ids ...ID) IDSet { return s | IDs(ids...) }

// byLength lists the ids whose names have a given length: few enough to try one after another.
var byLength = func() (t [32][]ID) {
	for id := Other + 1; id < last; id++ {
		n := len(names[id])
		t[n] = append(t[n], id)
	}
	return t
}()

// Lookup returns the id of a field name, in any case. It does not allocate.
func Lookup[S []byte | string](name S) ID {
	n := len(name)
	if n == 0 || n >= len(byLength) {
		return Other
	}
	for _, id := range byLength[n] {
		s := names[id]
		if s[0]|0x20 == name[0]|0x20 && s[n-1]|0x20 == name[n-1]|0x20 && EqualFold(name, s) {
			return id
		}
	}
	return Other
}

// EqualFold compares two field names or tokens, ignoring the case of ASCII letters.
func EqualFold[A, B []byte | string](a A, b B) bool {
	if len(a) != len(b) {
		return false
	}
	for i := 0; i < len(a); i++ {
		c, d := a[i], b[i]
		if c != d && (c|0x20 != d|0x20 || c|0x20 < 'a' || c|0x20 > 'z') {
			return false
		}
	}
	return true
}
