package openidconnect

import (
	"bytes"
	"context"
	"crypto/sha256"

	"github.com/gibbon-gateway/gibbon/internal/oidc"
)

// isQuickSession reports whether a session that was opened before lets a request in without anything else to look at: its cookies hold all
// of it, and nothing but its times can end it.
func (p *relyingParty) isQuickSession() bool {
	return p.quick && p.methods[bySession] && p.sessions.Store == nil && !p.Reverify && !p.SessionStoreMetadata && !p.VerifyParameters
}

// maxSessionCookies is how many cookies a session has at most, as in oidc.
const maxSessionCookies = 9

// sessionCookies are the values of the cookies that hold a session, borrowed; nil where there is none.
type sessionCookies [maxSessionCookies][]byte

// sessionCookies returns the cookies of the request's session. The first is nil if there is none.
func (v *visit) sessionCookies() (all sessionCookies) {
	base := v.p.SessionCookieName
	for line := range v.x.Request.Header.Values("Cookie") {
		for len(line) > 0 {
			var part []byte
			part, line = nextCookie(line)
			name, value, ok := bytes.Cut(part, []byte("="))
			if !ok || len(name) < len(base) || string(name[:len(base)]) != base {
				continue
			}
			n := 0
			switch rest := name[len(base):]; {
			case len(rest) == 0:
			case len(rest) == 1 && rest[0] >= '2' && rest[0] < '1'+maxSessionCookies:
				n = int(rest[0] - '1')
			default:
				continue
			}
			if all[n] != nil {
				continue // the first of a name counts
			}
			if all[n] = bytes.Trim(value, `"`); all[n] == nil {
				all[n] = value[:0]
			}
		}
	}
	return all
}

// nextCookie splits the first cookie off a Cookie field.
func nextCookie(line []byte) (part, rest []byte) {
	part, rest, _ = bytes.Cut(line, []byte(";"))
	return bytes.TrimSpace(part), rest
}

// rememberedSession returns the grant of a session that was opened before, if nothing else in the request is to be looked at first.
func (v *visit) rememberedSession(all *sessionCookies) (*grant, bool) {
	p, r := v.p, &v.x.Request
	if !p.quickSession || isForm(&r.Header) || bytes.Contains(r.Query(), []byte("state")) || bytes.Contains(r.Query(), []byte("response")) {
		return nil, false // it may be the end of a login
	}
	key, ok := v.keyOf(all)
	if !ok {
		return nil, false
	}
	o, ok := p.opened.Get(key, p.env.Now())
	if !ok || p.sessions.Alive(&o.session) != nil || p.expired(o.grant) {
		return nil, false
	}
	session := o.session
	v.session, v.ctx = &session, context.Background()
	return o.grant, true
}

// keyOf hashes what a session is read from: its cookies, and what it is bound to. It is not ok where cookies are missing.
func (v *visit) keyOf(all *sessionCookies) (key oidc.Key, ok bool) {
	first := all[0]
	if len(first) < 2 || first[0] < '1' || first[0] > '0'+maxSessionCookies || first[1] != '.' {
		return key, false
	}
	var room [(maxSessionCookies + 1) * sha256.Size]byte
	sums := room[:0]
	add := func(b []byte) {
		sum := sha256.Sum256(b)
		sums = append(sums, sum[:]...)
	}
	for _, value := range all[:first[0]-'0'] {
		if value == nil {
			return key, false
		}
		add(value)
	}
	if len(v.p.SessionBind) > 0 {
		add([]byte(v.p.bind(v.x)))
	}
	return sha256.Sum256(sums), true
}
