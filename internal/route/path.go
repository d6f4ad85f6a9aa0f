package route

// NormalizePath appends the normal form of a request path (the target without query) to dst: percent-encoded triplets decoded
// except those of reserved characters, dot segments removed, slashes merged. dst must not overlap src. It reports false, and
// the request is to be answered with 400, for a path that does not start with "/", has a broken triplet or an encoded NUL, or
// climbs above the root.
func NormalizePath(dst, src []byte) ([]byte, bool) { return append(dst, src...), true }

// UpstreamPath appends the path to ask the service for, escaped for the wire: base is the service's path ("" is "/"), the rest
// comes from the match. Plugins that change the path replace the outcome.
func (r *Result) UpstreamPath(dst []byte, base string) []byte { return dst }

// ForwardedPrefix returns the stripped prefix for X-Forwarded-Prefix; empty when there is none to send.
func (r *Result) ForwardedPrefix() []byte { return nil }

// EscapePath appends path to dst with every byte that may not stand in a request target percent-encoded.
func EscapePath(dst, path []byte) []byte { return append(dst, path...) }
