package openidconnect

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/gibbon-gateway/gibbon/edit"
	"github.com/gibbon-gateway/gibbon/header"
	"github.com/gibbon-gateway/gibbon/plugin"
)

// maxFormBody is the longest request body in which credentials and callback parameters are looked for, in bytes.
const maxFormBody = 256 << 10

// maxBasic is the longest Basic credential that is looked at, in bytes.
const maxBasic = 8 << 10

// request is what the plugin reads of a request: its parameters, wherever they are.
type request struct {
	x       *plugin.Exchange
	query   *edit.Form
	doc     edit.Doc // of the body: *edit.Form, *edit.Object; nil if it is neither
	read    bool     // the body was looked at
	cookies []cookie
	parsed  bool // cookies were
}

type cookie struct{ name, value string }

func (r *request) queryArg(name string) (string, int) {
	if r.query == nil {
		r.query = edit.ParseForm(bytes.Clone(r.x.Request.Query()))
	}
	return r.query.Get(name)
}

// body returns the request body as a document of names and values, or nil if it is none, is too long, or there is none.
func (r *request) body() (edit.Doc, error) {
	if r.read {
		return r.doc, nil
	}
	r.read = true
	t, _ := r.x.Request.Header.Known(header.ContentType)
	media, _, _ := strings.Cut(string(t), ";")
	media = strings.ToLower(strings.TrimSpace(media))
	if media != "application/x-www-form-urlencoded" && media != "application/json" {
		return nil, nil
	}
	text, err := r.x.Request.Body(maxFormBody)
	if errors.Is(err, plugin.ErrBodyTooLarge) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if media == "application/json" {
		if object, err := edit.ParseObject(text); err == nil {
			r.doc = object
		}
		return r.doc, nil
	}
	r.doc = edit.ParseForm(bytes.Clone(text))
	return r.doc, nil
}

// bodyArg returns a value of the body and how many there are.
func (r *request) bodyArg(name string) (string, int, error) {
	doc, err := r.body()
	if err != nil || doc == nil {
		return "", 0, err
	}
	switch d := doc.(type) {
	case *edit.Form:
		v, n := d.Get(name)
		return v, n, nil
	case *edit.Object:
		if v, ok := objectText(d, name); ok {
			return v, d.Count(name), nil
		}
	}
	return "", 0, nil
}

// cookie returns the first cookie of a name (RFC 6265, section 5.4: the most specific one comes first).
func (r *request) cookie(name string) (string, bool) {
	value, n := r.cookieArg(name)
	return value, n > 0
}

// cookieArg is cookie, with how many of that name there are.
func (r *request) cookieArg(name string) (value string, n int) {
	if !r.parsed {
		r.parsed = true
		for line := range r.x.Request.Header.Values("Cookie") {
			for part := range strings.SplitSeq(string(line), ";") {
				n, v, ok := strings.Cut(strings.TrimSpace(part), "=")
				if ok {
					r.cookies = append(r.cookies, cookie{n, strings.Trim(v, `"`)})
				}
			}
		}
	}
	for _, c := range r.cookies {
		if c.name != name {
			continue
		}
		if n++; n == 1 {
			value = c.value
		}
	}
	return value, n
}

// dropCookies takes cookies out of what goes upstream.
func (r *request) dropCookies(ours func(name []byte) bool) {
	h := &r.x.Request.Header
	if !h.HasID(header.Cookie) {
		return
	}
	found := false
	for line := range h.Values("Cookie") {
		for len(line) > 0 && !found {
			var part []byte
			part, line = nextCookie(line)
			name, _, _ := bytes.Cut(part, []byte("="))
			found = ours(name)
		}
	}
	if !found {
		return
	}
	var kept []byte
	for line := range h.Values("Cookie") {
		for len(line) > 0 {
			var part []byte
			part, line = nextCookie(line)
			if name, _, _ := bytes.Cut(part, []byte("=")); ours(name) || len(part) == 0 {
				continue
			}
			if len(kept) > 0 {
				kept = append(kept, "; "...)
			}
			kept = append(kept, part...)
		}
	}
	if len(kept) == 0 {
		h.Del("Cookie")
	} else {
		h.SetBytes("Cookie", kept)
	}
}

// basic reads an Authorization field of the scheme Basic. The pair is accepted without its base64 too, as Kong does. The
// parts are as sent: not form-decoded.
func basic(h *header.Fields) (user, password string, ok bool) {
	v, found := h.Known(header.Authorization)
	rest, found2 := scheme(v, "basic")
	if !found || !found2 || len(rest) > maxBasic {
		return "", "", false
	}
	text := string(rest)
	if raw, err := base64.StdEncoding.DecodeString(text); err == nil {
		text = string(raw)
	}
	user, password, ok = strings.Cut(text, ":")
	if !ok || user == "" || password == "" || !printable(user) || !printable(password) {
		return "", "", false
	}
	return user, password, true
}

func printable(s string) bool {
	return utf8.ValidString(s) && strings.IndexFunc(s, func(r rune) bool { return r < 0x20 || r == 0x7f }) < 0
}

// scheme returns what follows an authentication scheme, in any case, and at least one space.
func scheme(v []byte, name string) ([]byte, bool) {
	if len(v) <= len(name) || !header.EqualFold(v[:len(name)], name) || v[len(name)] != ' ' && v[len(name)] != '\t' {
		return nil, false
	}
	rest := bytes.Trim(v[len(name):], " \t")
	return rest, len(rest) > 0
}

// isScheme reports whether a field begins with an authentication scheme, whatever follows.
func isScheme(v []byte, name string) bool {
	return len(v) >= len(name) && header.EqualFold(v[:len(name)], name) && (len(v) == len(name) || v[len(name)] == ' ' || v[len(name)] == '\t')
}

// count returns how many fields of a name there are.
func count(h *header.Fields, name string) (n int) {
	for range h.Values(name) {
		n++
	}
	return n
}

// errTwice is answered with 400 (RFC 6750, section 2): a credential may be sent in one way only, and once, for whoever comes behind
// may read the other.
var errTwice = errors.New("a credential was sent more than once")

// bearer finds the access token of a request, in the places that bearer_token_param_type names. dpop says that it came by the
// scheme DPoP.
func (r *request) bearer(c *config) (token string, dpop bool, err error) {
	take := func(t string) {
		if t == "" {
			return
		}
		if token != "" {
			err = errTwice
		}
		token = t
	}
	for _, place := range c.BearerTokenParamType {
		switch place {
		case "header":
			t, d, e := r.headerToken(c)
			if e != nil {
				return "", false, e
			}
			dpop = d
			take(t)
		case "query":
			t, n := r.queryArg("access_token")
			if n > 1 {
				return "", false, errTwice
			}
			take(t)
		case "cookie":
			if c.BearerTokenCookieName != "" {
				t, n := r.cookieArg(c.BearerTokenCookieName)
				if n > 1 {
					return "", false, errTwice
				}
				take(t)
			}
		case "body":
			if token != "" && !isForm(&r.x.Request.Header) {
				continue // RFC 6750 knows tokens in forms only
			}
			t, n, e := r.bodyArg("access_token")
			if e != nil {
				return "", false, e
			}
			if n > 1 {
				return "", false, errTwice
			}
			take(t)
		}
	}
	return token, dpop, err
}

func (r *request) headerToken(c *config) (token string, dpop bool, err error) {
	h := &r.x.Request.Header
	if c.BearerTokenHeaderName != "" {
		if count(h, c.BearerTokenHeaderName) > 1 {
			return "", false, errTwice
		}
		v, _ := h.Value(c.BearerTokenHeaderName)
		if rest, ok := scheme(v, "bearer"); ok {
			v = rest
		}
		return string(bytes.TrimSpace(v)), false, nil
	}
	if count(h, "Authorization") > 1 {
		return "", false, errTwice
	}
	v, _ := h.Known(header.Authorization)
	if rest, ok := scheme(v, "bearer"); ok {
		return string(rest), false, nil
	}
	if rest, ok := scheme(v, "dpop"); ok {
		return string(rest), true, nil
	}
	for _, name := range []string{"Access-Token", "X-Access-Token"} {
		if v, ok := h.Value(name); ok && len(v) > 0 {
			if count(h, name) > 1 {
				return "", false, errTwice
			}
			return string(v), false, nil
		}
	}
	return "", false, nil
}

// isForm reports whether the body says that it is a form.
func isForm(h *header.Fields) bool {
	const form = "application/x-www-form-urlencoded"
	t, _ := h.Known(header.ContentType)
	return len(t) >= len(form) && header.EqualFold(t[:len(form)], form)
}

// find returns a parameter from the places a *_param_type names, in their order.
func (r *request) find(places []string, name string) (string, error) {
	value, _, err := r.findIn(places, name)
	return value, err
}

// findIn is find, with the place.
func (r *request) findIn(places []string, name string) (value, in string, err error) {
	if name == "" {
		return "", "", nil
	}
	for _, place := range places {
		switch place {
		case "header":
			if v, ok := r.x.Request.Header.Value(name); ok && len(v) > 0 {
				return once(string(v), place, count(&r.x.Request.Header, name))
			}
		case "query":
			if v, n := r.queryArg(name); n > 0 && v != "" {
				return once(v, place, n)
			}
		case "body":
			v, n, err := r.bodyArg(name)
			if err != nil {
				return "", "", err
			}
			if n > 0 && v != "" {
				return once(v, place, n)
			}
		}
	}
	return "", "", nil
}

// once returns a parameter that stands n times in a place.
func once(value, place string, n int) (string, string, error) {
	if n > 1 {
		return "", "", errTwice
	}
	return value, place, nil
}

// errBasic is answered with 401: what stands behind Basic is no credential.
var errBasic = unauthorized(invalidToken, "the Basic credential cannot be read", nil)

// pair finds two parameters that belong together, such as username and password: by Basic in the header, else by name.
func (r *request) pair(places []string, first, second string) (a, b, place string, err error) {
	for _, place := range places {
		switch place {
		case "header":
			if count(&r.x.Request.Header, "Authorization") > 1 {
				return "", "", "", errTwice
			}
			if a, b, ok := basic(&r.x.Request.Header); ok {
				return a, b, place, nil
			}
			if v, _ := r.x.Request.Header.Known(header.Authorization); isScheme(v, "basic") {
				return "", "", "", errBasic
			}
		case "query":
			a, n := r.queryArg(first)
			b, m := r.queryArg(second)
			if n > 1 || m > 1 {
				return "", "", "", errTwice
			}
			if n == 1 && m == 1 && a != "" && b != "" {
				return a, b, place, nil
			}
		case "body":
			a, n, err := r.bodyArg(first)
			if err != nil {
				return "", "", "", err
			}
			b, m, err := r.bodyArg(second)
			if err != nil {
				return "", "", "", err
			}
			if n > 1 || m > 1 {
				return "", "", "", errTwice
			}
			if n == 1 && m == 1 && a != "" && b != "" {
				return a, b, place, nil
			}
		}
	}
	return "", "", "", nil
}

// objectText returns a member of a JSON object that is text.
func objectText(o *edit.Object, name string) (string, bool) {
	raw := o.JSON(name)
	if raw == nil {
		return "", false
	}
	var s string
	if err := json.Unmarshal(raw, &s); err != nil {
		return "", false
	}
	return s, true
}

// escapePath percent-encodes what may not stand in the path of a URL; "%" stays, as it starts a triplet in a normal path.
func escapePath(path string) string {
	var b strings.Builder
	for i := range len(path) {
		c := path[i]
		if c > 0x20 && c < 0x7f && !strings.ContainsRune("\"<>\\^`{|}?#", rune(c)) {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}
