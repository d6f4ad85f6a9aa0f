package http1

import "github.com/gibbon-gateway/gibbon/internal/exchange"

// Response is the head of a received response, and what only HTTP/1 knows of it.
type Response struct {
	exchange.Response
	Minor   int
	Body    BodyKind
	Close   bool   // the connection cannot serve another exchange
	Upgrade []byte // value of the Upgrade field when Connection names it

	head   head
	count  int
	reason [2]int
}

func (r *Response) reset() {
	r.Header.Reset()
	r.head.reset()
	r.Status, r.Minor, r.count = 0, 1, 0
	r.Reason, r.Upgrade = nil, nil
	r.Body, r.Length, r.Declared, r.HasBody, r.Close = BodyNone, 0, -1, false, false
	r.Version = exchange.HTTP11
}

// parse reads the response head at the start of b, the answer to a HEAD request if toHead. See Request.parse.
func (r *Response) parse(b []byte, lim *headLimits, toHead bool) error {
	h := &r.head
	if !h.firstLine {
		end, next, err := h.line(b, lim.line, errHeadTooLong, lim.total)
		if err != nil {
			return err
		}
		if err := r.statusLine(b[:end]); err != nil {
			return err
		}
		h.pos, h.firstLine = next, true
	}
	r.Header.Attach(b)
	if err := h.fields(b, &r.Header, &r.count, lim); err != nil {
		return err
	}
	return r.conclude(b, toHead)
}

// statusLine reads "HTTP/1.x SP status [SP reason]".
func (r *Response) statusLine(l []byte) error {
	if len(l) < 12 || string(l[:7]) != "HTTP/1." || l[7] != '1' && l[7] != '0' || l[8] != ' ' {
		return errStatusLine
	}
	if !all(l[9:12], classDigit) || l[9] == '0' {
		return errStatusLine
	}
	if r.Minor = int(l[7] - '0'); r.Minor == 0 {
		r.Version = exchange.HTTP10
	}
	r.Status = int(l[9]-'0')*100 + int(l[10]-'0')*10 + int(l[11]-'0')
	r.reason = [2]int{len(l), len(l)}
	if len(l) > 12 {
		if l[12] != ' ' || !validValue(l[13:]) {
			return errStatusLine
		}
		r.reason[0] = 13
	}
	return nil
}

func (r *Response) conclude(b []byte, toHead bool) error {
	h := &r.head
	r.Reason = b[r.reason[0]:r.reason[1]]
	if err := h.framing(r.Minor); err != nil {
		return err
	}
	r.Declared = h.length
	r.Close = h.close || r.Minor == 0 && !h.keepAlive
	if h.upgrade && h.upgrades == 1 {
		r.Upgrade = b[h.upgradeTo[0]:h.upgradeTo[1]]
	}
	switch {
	case toHead || r.Status < 200 || r.Status == 204 || r.Status == 304:
		r.Body, r.Length = BodyNone, 0
	case h.compressed:
		return errUnknownCoding // the client would take what is compressed for the content
	case h.codings > 0 && !h.unknownCoding:
		r.Body, r.Length = BodyChunked, -1
	case h.length == 0:
		r.Body, r.Length = BodyNone, 0
	case h.length > 0:
		r.Body, r.Length = BodyLength, h.length
	default:
		r.Body, r.Length, r.Close = BodyUntilClose, -1, true
	}
	r.HasBody = r.Body != BodyNone
	return nil
}
