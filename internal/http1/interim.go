package http1

// passInterim sends an interim response that was received on to the client (RFC 9110, 15.2). 100 Continue is not: the gateway
// answers that itself. Nor is anything while the request body is still being passed on, for then that may write to the client, nor
// to a client of HTTP/1.0.
func (u *ClientConn) passInterim() {
	r, c := &u.Response, u.down
	if c == nil || r.Status == 100 || u.pump.active() || c.resp.wrote || c.resp.old {
		return
	}
	if c.Flush() != nil { // an earlier answer goes first
		return
	}
	StripResponse(&r.Header)
	out := appendStatusLine(make([]byte, 0, 512), r.Status, r.Reason)
	out = r.Header.AppendExcept(out, notCopied)
	_ = c.write(append(out, "\r\n"...), c.srv.limits.SendTimeout) // the final response will meet the same error
}
