package http1

import (
	"github.com/gibbon-gateway/gibbon/header"
	"github.com/gibbon-gateway/gibbon/internal/exchange"
)

// BodyKind says how the end of a body is found.
type BodyKind uint8

// The kinds of body.
const (
	BodyNone       BodyKind = iota // there is none
	BodyLength                     // Length bytes
	BodyChunked                    // chunks, then trailers
	BodyUntilClose                 // until the connection ends; only in responses
)

// Form is the form of a request target.
type Form uint8

// The forms that are accepted. CONNECT's authority form is refused.
const (
	OriginForm   Form = iota // /path?query
	AbsoluteForm             // http://host/path?query
	AsteriskForm             // *
)

// Request is the head of a received request, and what only HTTP/1 knows of it.
type Request struct {
	exchange.Request
	Minor  int // 0 or 1: HTTP/1.0 or HTTP/1.1
	Form   Form
	Body   BodyKind // BodyNone, BodyLength or BodyChunked
	Close  bool     // the client does not want another exchange on the connection
	Expect bool     // the client waits for 100 Continue

	head   head
	count  int
	method [2]int
	target [2]int
	slash  []byte // memory for Path when an absolute target has none
}

// reset forgets the request but keeps its memory and what belongs to the handler.
func (q *Request) reset() {
	q.Header.Reset()
	q.head.reset()
	q.Method, q.Target, q.Path, q.Host, q.Upgrade = nil, nil, nil, nil, nil
	q.Minor, q.Form, q.Body, q.Length, q.count = 1, OriginForm, BodyNone, 0, 0
	q.Version, q.HasBody = exchange.HTTP11, false
	q.Close, q.Expect, q.Trailers = false, false, false
}

// parse reads the request head at the start of b. It returns errMore when b ends before the head does; it is then called again
// with a longer b. Otherwise q.head.end says where the body starts, or the error is a *refusal.
func (q *Request) parse(b []byte, lim *headLimits) error {
	h := &q.head
	if !h.firstLine {
		end, next, err := h.line(b, lim.line, errLineTooLong, lim.total)
		if err != nil {
			return err
		}
		if err := q.requestLine(b[:end]); err != nil {
			return err
		}
		h.pos, h.firstLine = next, true
	}
	q.Header.Attach(b)
	if err := h.fields(b, &q.Header, &q.count, lim); err != nil {
		q.view(b)
		return err
	}
	q.view(b)
	return q.conclude(b)
}

// view sets the slices that show parts of the request line.
func (q *Request) view(b []byte) {
	q.Method = b[q.method[0]:q.method[1]]
	q.Target = b[q.target[0]:q.target[1]]
}

// requestLine reads "method SP target SP HTTP/1.x", with exactly these spaces.
func (q *Request) requestLine(l []byte) error {
	m := 0
	for m < len(l) && class[l[m]]&classToken != 0 {
		m++
	}
	if m == 0 || m == len(l) || l[m] != ' ' {
		return errRequestLine
	}
	if m > 32 {
		return errMethod
	}
	v := len(l) - len("HTTP/1.1")
	if v <= m+2 || l[v-1] != ' ' || string(l[v:v+5]) != "HTTP/" || l[v+6] != '.' ||
		class[l[v+5]]&classDigit == 0 || class[l[v+7]]&classDigit == 0 {
		return errRequestLine
	}
	if l[v+5] != '1' || l[v+7] > '1' {
		return errVersion
	}
	if q.Minor = int(l[v+7] - '0'); q.Minor == 0 {
		q.Version = exchange.HTTP10
	}
	q.method = [2]int{0, m}
	q.target = [2]int{m + 1, v - 1}
	if !all(l[m+1:v-1], classTarget) {
		return errTarget
	}
	return nil
}

// conclude checks the complete head.
func (q *Request) conclude(b []byte) error {
	h := &q.head
	if err := q.targetForm(); err != nil {
		return err
	}
	if h.hosts == 0 && q.Minor == 1 {
		return errNoHost
	}
	if h.hosts == 1 {
		host := b[h.host[0]:h.host[1]]
		if !validHost(host) {
			return errHost
		}
		if q.Form != AbsoluteForm {
			q.Host = host
		}
	}
	if err := h.framing(q.Minor); err != nil {
		return err
	}
	if h.unknownCoding {
		return errUnknownCoding
	}
	if q.Minor == 1 {
		if h.expectOther {
			return errExpect
		}
		q.Expect = h.expect
	}
	switch {
	case h.codings > 0:
		q.Body, q.Length = BodyChunked, -1
	case h.length > 0:
		q.Body, q.Length = BodyLength, h.length
	default:
		q.Expect = false // there is nothing to wait for
	}
	q.HasBody = h.codings > 0 || h.lengths > 0
	q.Close = h.close || q.Minor == 0 && !h.keepAlive
	q.Trailers = h.teTrailers
	if h.upgrade && h.upgrades == 1 && q.Minor == 1 {
		q.Upgrade = b[h.upgradeTo[0]:h.upgradeTo[1]]
	}
	return nil
}

// targetForm finds the form of the target, and in it the path, and the host if there is one.
func (q *Request) targetForm() error {
	t := q.Target
	if string(q.Method) == "CONNECT" {
		return errConnect
	}
	switch {
	case t[0] == '/':
		q.Form, q.Path = OriginForm, t
	case len(t) == 1 && t[0] == '*':
		if string(q.Method) != "OPTIONS" {
			return errTarget
		}
		q.Form, q.Path = AsteriskForm, t
		return nil
	default:
		return q.absolute(t)
	}
	if !validTarget(q.Path) {
		return errTarget
	}
	return nil
}

func (q *Request) absolute(t []byte) error {
	n := 0
	switch {
	case len(t) > 7 && header.EqualFold(t[:7], "http://"):
		n = 7
	case len(t) > 8 && header.EqualFold(t[:8], "https://"):
		n = 8
	default:
		return errTarget
	}
	rest := t[n:]
	i := 0
	for i < len(rest) && rest[i] != '/' && rest[i] != '?' {
		i++
	}
	if !validHost(rest[:i]) {
		return errHost
	}
	q.Form, q.Host, q.Path = AbsoluteForm, rest[:i], rest[i:]
	if len(q.Path) == 0 || q.Path[0] == '?' {
		q.slash = append(append(q.slash[:0], '/'), q.Path...)
		q.Path = q.slash
	}
	if !validTarget(q.Path) {
		return errTarget
	}
	return nil
}
