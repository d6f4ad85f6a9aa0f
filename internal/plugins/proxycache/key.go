package proxycache

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"slices"
	"strings"
	"sync"

	"github.com/gibbon-gateway/gibbon/header"
	"github.com/gibbon-gateway/gibbon/internal/plugins/proxycache/httpcache"
	"github.com/gibbon-gateway/gibbon/plugin"
)

// scratch is memory for the key of one request.
type scratch struct {
	uri, key []byte
	vary     []byte
	args     [][]byte
	variants []*httpcache.Entry
	digits   [24]byte
	id       [2 * sha256.Size]byte
	names    string // that responses to the key vary by, if something is in memory
	saw      seen   // of the shared store
}

// name returns the ID of entries with a key, for a moment.
func (s *scratch) name(key []byte) []byte { return httpcache.AppendID(s.id[:0], key) }

// choose returns the one of the variants that may answer a request, or nil, and forgets them.
func (s *scratch) choose(h *header.Fields, byLanguage bool) (e *httpcache.Entry) {
	e, s.vary = httpcache.Select(s.variants, h, byLanguage, s.vary)
	clear(s.variants)
	return e
}

var scratches = sync.Pool{New: func() any {
	return &scratch{uri: make([]byte, 0, 256), key: make([]byte, 0, 512), vary: make([]byte, 0, 256)}
}}

// maxBody is the longest request body that takes part in a key.
const maxBody = 1 << 20

// errNoKey says that no key can be made of a request; it is proxied.
var errNoKey = errors.New("request has no key")

// identify makes the key of a request. Each part stands behind its length, so no two requests that differ in a part have the
// same key. method is the one to key by, withBody says that the body takes part.
func (c *cache) identify(s *scratch, x *plugin.Exchange, method string, withBody bool) error {
	r, k := &x.Request, &x.Client
	u := part(s.uri[:0], c.id)
	u = lower(u, r.Host)
	u = c.appendPath(u, r.Target)
	u = c.appendQuery(s, u, r.Query())
	s.uri = u

	b := append(s.key[:0], u...)
	if x.Route != nil {
		b = part(b, x.Route.ID)
	} else {
		b = part(b, "")
	}
	if x.Consumer != nil {
		b = part(b, x.Consumer.ID)
	} else {
		b = part(b, "")
	}
	b = part(b, method)
	b = part(b, k.ForwardedScheme)
	b = lower(b, k.ForwardedHost)
	b = binary.BigEndian.AppendUint32(b, uint32(k.ForwardedPort))
	path, host := r.Rewritten()
	b = part(part(b, path), host)
	for _, name := range c.headers {
		start := len(b)
		b = append(b, 0, 0, 0, 0)
		for v := range r.Header.Values(name) {
			b = append(append(b, ','), v...)
		}
		if httpcache.Secret(name) {
			sum := sha256.Sum256(b[start+4:])
			b = append(b[:start+4], sum[:]...)
		}
		binary.BigEndian.PutUint32(b[start:], uint32(len(b)-start))
	}
	b, ok := c.appendClaims(b, x)
	if !ok {
		b = c.appendCredentials(b, x)
	}
	if withBody && r.Length != 0 {
		body, err := r.Body(maxBody)
		if errors.Is(err, plugin.ErrBodyTooLarge) {
			s.key = b
			return errNoKey
		}
		if err != nil {
			return err
		}
		sum := sha256.Sum256(body)
		b = append(append(b, 'b'), sum[:]...)
	}
	s.key = b
	return nil
}

func part[T string | []byte](b []byte, s T) []byte {
	return append(binary.BigEndian.AppendUint32(b, uint32(len(s))), s...)
}

// lower is part in lower case.
func lower[T string | []byte](b []byte, s T) []byte {
	return appendLower(binary.BigEndian.AppendUint32(b, uint32(len(s))), s)
}

func appendLower[T string | []byte](b []byte, s T) []byte {
	for i := 0; i < len(s); i++ {
		ch := s[i]
		if 'A' <= ch && ch <= 'Z' {
			ch |= 0x20
		}
		b = append(b, ch)
	}
	return b
}

// pathOf cuts the path, as received, out of a request target.
func pathOf(target []byte) []byte {
	if i := bytes.IndexByte(target, '?'); i >= 0 {
		target = target[:i]
	}
	if i := bytes.Index(target, []byte("://")); i > 0 {
		target = target[i+3:]
		if i = bytes.IndexByte(target, '/'); i < 0 {
			return nil
		}
		target = target[i:]
	}
	return target
}

func (c *cache) appendPath(b, target []byte) []byte {
	if c.foldCase {
		return lower(b, pathOf(target))
	}
	return part(b, pathOf(target))
}

// appendQuery appends the parameters of a query, sorted by name, or those that vary_query_params lists. Values of one name keep
// their order, for it may matter to the upstream. All of them count, however many there are.
func (c *cache) appendQuery(s *scratch, b, query []byte) []byte {
	if len(query) == 0 {
		return append(b, 0, 0, 0, 0)
	}
	if c.params == nil && bytes.IndexByte(query, '&') < 0 {
		return part(append(b, 0, 0, 0, 1), query)
	}
	args := s.args[:0]
	for arg := range bytes.SplitSeq(query, []byte("&")) {
		if len(arg) == 0 || c.params != nil && !slices.ContainsFunc(c.params, func(p string) bool { return p == string(nameOf(arg)) }) {
			continue
		}
		args = append(args, arg)
	}
	slices.SortStableFunc(args, func(a, b []byte) int { return bytes.Compare(nameOf(a), nameOf(b)) })
	b = binary.BigEndian.AppendUint32(b, uint32(len(args)))
	for _, arg := range args {
		b = part(b, arg)
	}
	clear(args)
	s.args = args[:0]
	return b
}

func nameOf(arg []byte) []byte {
	if i := bytes.IndexByte(arg, '='); i >= 0 {
		return arg[:i]
	}
	return arg
}

// unkeyed are request fields that some frameworks take for the path, the host or the method, and that are in no key: a response to
// a request that has one is for that request alone. The forwarding fields are written by the gateway itself.
var unkeyed = []string{"X-Original-URL", "X-Rewrite-URL", "X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override", "X-Host",
	"X-Forwarded-Server", "X-Forwarded-Scheme", "X-Original-Host", "Forwarded"}

// unkeyedBut returns the set of those that are in no key.
func unkeyedBut(keyed []string) httpcache.Names {
	return httpcache.NamesOf(slices.DeleteFunc(slices.Clone(unkeyed), func(name string) bool {
		return slices.Contains(keyed, strings.ToLower(name))
	})...)
}

// poisonous reports whether a request has such a field. A trusted proxy may send Forwarded.
func (c *cache) poisonous(x *plugin.Exchange) bool {
	if x.Client.Trusted {
		return c.unkeyedTrusted.In(&x.Request.Header) != ""
	}
	return c.unkeyed.In(&x.Request.Header) != ""
}

// uncached are fields of requests that the cache has nothing to do with: upgrades, and conditions that only the origin can decide
// about.
var uncached = httpcache.NamesOf("Sec-WebSocket-Key", "If-Match", "If-Unmodified-Since")

// sortedParams reads the parameters of a media type.
func sortedParams(s string) (string, bool) {
	var list []string
	for p := range strings.SplitSeq(s, ";") {
		if p = strings.TrimSpace(p); p == "" {
			continue
		}
		name, value, ok := strings.Cut(p, "=")
		if !ok || name == "" {
			return "", false
		}
		if len(value) >= 2 && value[0] == '"' && value[len(value)-1] == '"' {
			value = value[1 : len(value)-1]
		}
		list = append(list, ";"+strings.ToLower(name)+"="+strings.ToLower(value))
	}
	slices.Sort(list)
	return strings.Join(list, ""), true
}

// misnamed reports whether a path ends like a file that no browser takes for a page, but the response is a page or data: then
// somebody may have made up the ending, to have private data kept (web cache deception).
func misnamed(target []byte, response *header.Fields) bool {
	path := pathOf(target)
	if i := bytes.LastIndexByte(path, '/'); i >= 0 {
		path = path[i+1:]
	}
	if bytes.IndexByte(path, '%') >= 0 {
		path = bytes.ReplaceAll(bytes.ReplaceAll(path, []byte("%2e"), []byte(".")), []byte("%2E"), []byte("."))
	}
	i := bytes.LastIndexByte(path, '.')
	if i < 0 || len(path)-i > 7 {
		return false
	}
	switch strings.ToLower(string(path[i+1:])) {
	case "css", "js", "mjs", "png", "jpg", "jpeg", "gif", "webp", "avif", "ico", "svg", "bmp", "woff", "woff2", "ttf", "otf", "eot",
		"mp4", "webm", "mp3", "ogg", "wav", "zip", "gz", "pdf", "wasm":
	default:
		return false
	}
	m, ok := parseMediaType(response.Get("Content-Type"))
	return ok && (m.minor == "html" || m.minor == "xhtml+xml" || m.minor == "json" || strings.HasSuffix(m.minor, "+json"))
}
