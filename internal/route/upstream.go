package route

import "bytes"

// UpstreamPath appends the path to ask the service for to dst, escaped for the wire. base is the service's path; "" is "/".
// The rest comes from the match: the rule's StripPath, the request path and the matched prefix. path_handling is not looked
// at: "v1" behaves as "v0" in this flavour of Kong's router.
func (r *Result) UpstreamPath(dst []byte, base string) []byte {
	if base == "" {
		base = "/"
	}
	slash := base[len(base)-1] == '/'
	if !r.Match.StripPath {
		return r.keepPath(dst, base, slash)
	}
	rest := r.Rest()
	switch {
	case len(rest) == 0:
		return r.baseOnly(dst, base, slash)
	case slash && rest[0] == '/':
		rest = rest[1:]
	case !slash && rest[0] != '/':
		dst = EscapePath(dst, base)
		dst = append(dst, '/')
		return EscapePath(dst, rest)
	}
	dst = EscapePath(dst, base)
	return EscapePath(dst, rest)
}

// keepPath joins base and the whole request path.
func (r *Result) keepPath(dst []byte, base string, slash bool) []byte {
	dst = EscapePath(dst, base)
	switch {
	case slash:
		return EscapePath(dst, r.path[1:])
	case len(r.path) == 1:
		return dst
	}
	return EscapePath(dst, r.path)
}

// baseOnly is the path when stripping left nothing: base, with a final slash just if the request had one, unless base is "/".
func (r *Result) baseOnly(dst []byte, base string, slash bool) []byte {
	open := len(r.path) > 1 && r.path[len(r.path)-1] == '/'
	if slash && len(base) > 1 && r.path[len(r.path)-1] != '/' {
		base = base[:len(base)-1]
	}
	dst = EscapePath(dst, base)
	if !slash && open {
		dst = append(dst, '/')
	}
	return dst
}

// Rest returns what is left of the path without the matched prefix, or without its first slash if the route has no paths. One
// dot segment that the cut laid open is dropped, so that it cannot climb.
func (r *Result) Rest() []byte {
	rest := r.path[1:]
	if r.byPath {
		rest = r.path[min(len(r.Prefix), len(r.path)):]
	}
	switch {
	case string(rest) == "." || string(rest) == "..":
		return nil
	case bytes.HasPrefix(rest, []byte("./")):
		return rest[2:]
	case bytes.HasPrefix(rest, []byte("../")):
		return rest[3:]
	}
	return rest
}

// ForwardedPrefix returns the stripped prefix for X-Forwarded-Prefix; empty when there is none to send.
func (r *Result) ForwardedPrefix() []byte {
	if !r.Match.StripPath || string(r.Prefix) == "/" {
		return nil
	}
	return r.Prefix
}
