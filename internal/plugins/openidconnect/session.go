package openidconnect

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gibbon-gateway/gibbon/internal/jose"
	"github.com/gibbon-gateway/gibbon/internal/oidc"
	"github.com/gibbon-gateway/gibbon/plugin"
	"github.com/gibbon-gateway/gibbon/state"
)

// refreshLock is how long one request may take to refresh the tokens of a session before another tries.
const refreshLock = 15 * time.Second

// bind returns what is mixed into the seal of sessions (session_bind).
func (p *relyingParty) bind(x *plugin.Exchange) string {
	var parts []string
	for _, what := range p.SessionBind {
		switch what {
		case "ip":
			parts = append(parts, "ip "+x.Client.IP.String())
		case "scheme":
			parts = append(parts, "scheme "+x.Client.ForwardedScheme)
		case "user-agent":
			parts = append(parts, "user-agent "+x.Request.Header.Get("User-Agent"))
		}
	}
	return strings.Join(parts, "\x00")
}

func secure(x *plugin.Exchange) bool { return x.Client.ForwardedScheme == "https" }

// fromSession lets a request in by its session.
func (v *visit) fromSession() (*grant, error) {
	p := v.p
	s, g, err := v.openSession()
	if errors.Is(err, oidc.ErrNoSession) && p.remember != nil {
		if s, err = p.remember.Open(v.ctx, v.cookie, p.bind(v.x)); err == nil {
			v.remember = true
		}
	}
	switch {
	case errors.Is(err, oidc.ErrNoSession):
		v.trace.noSession(err)
		return nil, nil
	case errors.Is(err, state.ErrUnavailable):
		return nil, &refusal{status: http.StatusServiceUnavailable, detail: "sessions cannot be read", cause: err}
	case err != nil:
		return nil, unexpected("reading the session", err)
	}
	if g == nil {
		if g, err = v.sessionGrant(s.Data); err != nil {
			return nil, nil // of another form: as good as none
		}
	}
	if ended, err := v.endedElsewhere(g, s); err != nil || ended {
		v.trace.Note("session", "logout_uri_suffix, session_store_metadata", "it was ended by the provider or an operator")
		return nil, err
	}
	v.session = s
	if p.Reverify {
		if err := v.reverify(g); err != nil {
			return nil, err
		}
	}
	if p.expired(g) {
		v.trace.Note("session", "refresh_tokens", "its access token is over: it is refreshed, if that can be")
		return v.refreshSession(g)
	}
	return g, nil
}

// opened is a session of a cookie that was opened before.
type opened struct {
	session oidc.Session
	grant   *grant
}

// openSession opens the request's session. Sessions that lie in cookies are remembered by these, as opening costs more than a hash.
func (v *visit) openSession() (*oidc.Session, *grant, error) {
	p := v.p
	bind := p.bind(v.x)
	if p.sessions.Store != nil {
		s, err := p.sessions.Open(v.ctx, v.cookie, bind)
		return s, nil, err
	}
	text, chunks, err := p.sessions.Cookie.Join(v.cookie)
	if err != nil {
		return nil, nil, err
	}
	all := v.sessionCookies()
	key, ok := v.keyOf(&all)
	if !ok {
		return nil, nil, oidc.ErrNoSession
	}
	if known, ok := p.opened.Get(key, p.env.Now()); ok {
		s := known.session
		return &s, known.grant, p.sessions.Alive(&s)
	}
	s, err := p.sessions.OpenText(v.ctx, text, chunks, bind)
	if err != nil {
		return nil, nil, err
	}
	g, err := v.sessionGrant(s.Data)
	if err != nil {
		return s, nil, nil
	}
	p.opened.Put(key, &opened{*s, g}, p.env.Now().Add(rememberCookie), int64(len(s.Data))+g.cost())
	return s, g, nil
}

// rememberCookie is how long an opened cookie is remembered; its timeouts are checked at every use.
const rememberCookie = 10 * time.Minute

// sessionGrant reads the grant of a session's data; claims of tokens are parsed, and cached by the tokens.
func (v *visit) sessionGrant(data []byte) (*grant, error) {
	p := v.p
	key := oidc.KeyOf("session", string(data))
	if g, ok := p.verified.Get(key, p.env.Now()); ok {
		return g, nil
	}
	var stored storedGrant
	if err := json.Unmarshal(data, &stored); err != nil {
		return nil, err
	}
	if stored.Grant == nil {
		return nil, errors.New("no grant")
	}
	g := stored.Grant
	if g.Ends > 0 {
		g.ends = time.Unix(g.Ends, 0)
	}
	g.access, g.id = claimsOf(g.Access), claimsOf(g.ID) // verified before they were sealed
	if len(stored.User) > 0 {
		g.userRaw, g.lookedUp = stored.User, true
		g.user, _ = jose.DecodeObject(stored.User)
	}
	if len(stored.Introspection) > 0 {
		g.introspectionRaw = stored.Introspection
		g.introspection, _ = jose.DecodeObject(stored.Introspection)
	}
	_, g.elsewhere = g.access["cnf"]
	g.ready = v.prepare(g)
	p.verified.Put(key, g, p.env.Now().Add(p.life(0)), g.cost())
	return g, nil
}

// storedGrant is a grant in a session.
type storedGrant struct {
	Grant         *grant          `json:"g"`
	User          json.RawMessage `json:"u,omitempty"`
	Introspection json.RawMessage `json:"i,omitempty"`
}

// claimsOf reads the claims of a token that was verified before; nil if it is no JWT.
func claimsOf(token string) map[string]any {
	if token == "" || !jose.IsJWS(token) {
		return nil
	}
	t, err := jose.Parse([]byte(token))
	if err != nil {
		return nil
	}
	return t.Claims
}

// reverify checks signature and claims of a session's tokens again.
func (v *visit) reverify(g *grant) error {
	copied := *g
	if v.client = v.p.clientOf(g); v.client == nil {
		return nil
	}
	if err := v.verifyAccess(&copied, bySession); err != nil {
		return err
	}
	return v.verifyID(&copied, nil, "")
}

// clientOf returns the client that a grant was made for.
func (p *relyingParty) clientOf(g *grant) *client {
	if g.Client < len(p.clients) {
		return &p.clients[g.Client]
	}
	return nil
}

// refreshSession renews the tokens of a session. Of requests that come at once, on any node, one asks the provider; the others
// take its tokens, since a provider that rotates refresh tokens takes each only once.
func (v *visit) refreshSession(g *grant) (*grant, error) {
	p := v.p
	v.client = p.clientOf(g)
	if !p.RefreshTokens || g.Refresh == "" || v.client == nil {
		return nil, nil // the session is as good as none
	}
	key := oidc.KeyOf("refresh", p.salt, g.Refresh)
	a := v.newAsk(byRefreshToken, "refresh_token", &v.client.Client)
	a.form.Set("refresh_token", g.Refresh)
	a.user, a.cached = true, false
	fresh, err := v.once(key, func(w *visit) (*grant, error) { return w.refresh(g, a, key) })
	if err != nil {
		if p.env.Now().Before(g.ends) {
			return g, nil // leeway asked for new tokens early
		}
		if refusedBy(err) {
			p.env.Log.Info("session ended: its tokens cannot be refreshed", "reason", err.Error())
			p.dropSession(v.x)
			v.session = nil
			return nil, nil
		}
		return nil, err
	}
	v.renewed = true
	return fresh, nil
}

// refresh asks the provider for new tokens, or takes those that another request or node got a moment ago.
func (v *visit) refresh(g *grant, a *ask, key oidc.Key) (*grant, error) {
	p := v.p
	if found, ok := p.granted.Get(key, p.env.Now()); ok && !p.outlived(found, g.Refresh) {
		return found, nil
	}
	unlock, found := v.lockRefresh(key, g.Refresh)
	if found != nil {
		return found, nil
	}
	defer unlock()
	fresh, err := v.fetch(a)
	if err != nil {
		return nil, err
	}
	fresh.Method = g.Method
	if fresh.Refresh == "" {
		fresh.Refresh = g.Refresh
	}
	if fresh.ID == "" {
		fresh.ID, fresh.id, fresh.idKey = g.ID, g.id, g.idKey
	}
	if g.id != nil && (fresh.id["sub"] != g.id["sub"] || fresh.id["iss"] != g.id["iss"]) {
		return nil, unauthorized(invalidToken, "the refreshed ID token is about somebody else", nil)
	}
	fresh.ready = v.prepare(fresh)
	p.granted.Put(key, fresh, p.env.Now().Add(30*time.Second), fresh.cost())
	v.publishRefresh(key, fresh)
	return fresh, nil
}

// outlived reports whether what a refresh token brought a moment ago is over already. Providers that do not rotate refresh tokens are asked
// by the same one again.
func (p *relyingParty) outlived(g *grant, token string) bool {
	return g.Refresh == token && !g.ends.IsZero() && !p.env.Now().Before(g.ends)
}

// sealedRefresh is where a refreshed grant waits for other nodes, encrypted by the refresh token it was got with.
func sealedRefresh(key oidc.Key) []byte { name, _, _ := address("refreshed", key); return name }

// lockRefresh makes this node the one that refreshes, across nodes that share state. If another one is at it, its result is
// waited for.
func (v *visit) lockRefresh(key oidc.Key, token string) (unlock func(), found *grant) {
	p := v.p
	none := func() {}
	if p.env.State == nil {
		return none, nil
	}
	name, _, err := address("refreshing", key)
	if err != nil {
		return none, nil
	}
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(refreshLock); time.Now().Before(deadline); {
		if sealed, err := p.env.State.Get(v.ctx, sealedRefresh(key)); err == nil {
			if g := v.openRefresh(key, sealed); g != nil && !p.outlived(g, token) {
				return none, g
			}
		}
		mine, err := p.env.State.PutNew(v.ctx, name, []byte{1}, refreshLock)
		if err != nil {
			return none, nil // no shared state now: each node for itself
		}
		if mine {
			return func() { _ = p.env.State.Delete(v.ctx, name) }, nil // it ends by itself otherwise
		}
		select {
		case <-tick.C:
		case <-v.ctx.Done():
			return none, nil
		}
	}
	return none, nil
}

func (v *visit) publishRefresh(key oidc.Key, g *grant) {
	if v.p.env.State == nil {
		return
	}
	text, err := json.Marshal(g)
	if err != nil {
		return
	}
	name, aead, err := address("refreshed", key)
	if err != nil {
		return
	}
	_ = v.p.env.State.Put(v.ctx, name, sealWith(aead, text), 30*time.Second) // others ask for themselves otherwise
}

func (v *visit) openRefresh(key oidc.Key, sealed []byte) *grant {
	_, aead, err := address("refreshed", key)
	if err != nil || len(sealed) < aead.NonceSize() {
		return nil
	}
	plain, err := aead.Open(nil, sealed[:aead.NonceSize()], sealed[aead.NonceSize():], nil)
	if err != nil {
		return nil
	}
	g, err := v.revive(plain)
	if err != nil {
		return nil
	}
	return g
}

// keep starts, saves or touches the session of a request that was let in.
func (v *visit) keep(g *grant) error {
	p := v.p
	if v.session != nil {
		return v.keepSession(g)
	}
	if !v.fresh || g.Method == byRefreshToken || slices.Contains(p.DisableSession, g.Method) || !p.methods[bySession] || !startsSession(g.Method) {
		return nil
	}
	data, err := json.Marshal(storedGrant{Grant: g, User: v.userOf(g).userRaw, Introspection: g.introspectionRaw})
	if err != nil {
		return unexpected("writing the session", err)
	}
	v.session = p.sessions.New(data)
	if err := v.save(p.sessions, v.session); err != nil {
		return err
	}
	if p.remember != nil {
		if err := v.save(p.remember, p.remember.New(data)); err != nil {
			return err
		}
	}
	return v.index(g)
}

// startsSession reports whether a method starts a session: those by which a user signs in. Machines that send their credential
// with every request get none.
func startsSession(method string) bool { return method == byCode || method == byPassword }

func (v *visit) keepSession(g *grant) error {
	p, s := v.p, v.session
	store := p.sessions
	if v.remember {
		data := s.Data
		s, v.renewed = store.New(data), true // the remember cookie starts an ordinary session
	}
	rolls := store.Rolls(s) && !slices.Contains(p.DisableSession, bySession)
	if rolls && !v.remember {
		if err := store.Renew(v.ctx, s); err != nil {
			return unexpected("renewing the session", err)
		}
	}
	switch {
	case v.renewed:
		data, err := json.Marshal(storedGrant{Grant: g, User: g.userRaw, Introspection: g.introspectionRaw})
		if err != nil {
			return unexpected("writing the session", err)
		}
		s.Data = data
	case !rolls && !store.Due(s):
		return nil
	}
	v.session = s
	return v.save(store, s)
}

func (v *visit) save(store *oidc.Sessions, s *oidc.Session) error {
	fields, err := store.Save(v.ctx, s, v.p.bind(v.x), secure(v.x))
	switch {
	case errors.Is(err, state.ErrUnavailable):
		return &refusal{status: http.StatusServiceUnavailable, detail: "sessions cannot be kept", cause: err}
	case err != nil:
		return unexpected("keeping the session", err)
	}
	v.setCookies(fields)
	return nil
}

func (v *visit) setCookies(fields []string) {
	for _, f := range fields {
		v.x.Response.Header.Add("Set-Cookie", f)
	}
	if len(fields) > 0 {
		v.x.Response.Header.Set("Cache-Control", "no-store")
	}
}

// dropSession ends the session of a request, if it has one, and removes its cookies.
func (p *relyingParty) dropSession(x *plugin.Exchange) {
	v := &visit{request: request{x: x}, p: p}
	ctx, cancel := backgroundTimeout(p)
	defer cancel()
	v.ctx = ctx
	for _, store := range []*oidc.Sessions{p.sessions, p.remember} {
		if store == nil {
			continue
		}
		if _, has := v.cookie(store.Cookie.Name); !has {
			continue
		}
		s, err := store.Open(ctx, v.cookie, p.bind(x))
		if err != nil {
			s = nil
		}
		fields, err := store.Destroy(ctx, s, secure(x))
		if err != nil {
			p.env.Log.Warn("session not ended in its store", "error", err)
		}
		v.setCookies(fields)
	}
}

// sessionFields are the Session-* headers that session_request_headers and session_response_headers can name.
func (v *visit) sessionFields(names []string, g *grant, set func(name, value string)) {
	s, store := v.session, v.p.sessions
	if s == nil {
		return
	}
	now := v.p.env.Now()
	left := func(since time.Time, limit time.Duration) string {
		return strconv.Itoa(int(max(limit-now.Sub(since), 0) / time.Second))
	}
	for _, name := range names {
		switch name {
		case "id":
			set("Session-Id", s.ID)
		case "audience":
			set("Session-Audience", v.p.SessionAudience)
		case "subject":
			if sub, ok := g.claim([]string{"sub"}).(string); ok {
				set("Session-Subject", sub)
			}
		case "timeout":
			set("Session-Timeout", strconv.Itoa(int(store.Left(s)/time.Second)))
		case "idling-timeout":
			set("Session-Idling-Timeout", left(s.Seen, store.Idle))
		case "rolling-timeout":
			set("Session-Rolling-Timeout", left(s.Renewed, store.Rolling))
		case "absolute-timeout":
			set("Session-Absolute-Timeout", left(s.Created, store.Absolute))
		}
	}
}
