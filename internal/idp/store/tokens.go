package store

import "time"

// Grant is what one sign-in allows: refresh tokens belong to it, and so do, by origin_jti, the tokens made from them.
type Grant struct {
	ID                       string // origin_jti
	PoolID, ClientID, UserID string
	EventID                  string
	Scope                    string // space separated
	Doc                      []byte // JSON, package auth's: what else later tokens repeat
	AuthTime, Expires        time.Time
	Revoked                  bool
}

const grantColumns = `id, pool_id, client_id, user_id, event_id, scope, doc, auth_time, expires, revoked`

func scanGrant(r row) (g Grant, err error) {
	err = r.Scan(&g.ID, &g.PoolID, &g.ClientID, &g.UserID, &g.EventID, &g.Scope, &g.Doc, (*millis)(&g.AuthTime), (*millis)(&g.Expires), (*flag)(&g.Revoked))
	return g, err
}

// Grant returns the grant, or ErrNotFound.
func (tx *Tx) Grant(id string) (Grant, error) {
	return one(tx, scanGrant, `SELECT `+grantColumns+` FROM idp_grants WHERE id = $1`, id)
}

// InsertGrant stores a new grant.
func (tx *Tx) InsertGrant(g Grant) error {
	return tx.insert(`INSERT INTO idp_grants (`+grantColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
		g.ID, g.PoolID, g.ClientID, g.UserID, g.EventID, g.Scope, g.Doc, millis(g.AuthTime), millis(g.Expires), flag(g.Revoked))
}

// RevokeGrant ends a grant, or returns ErrNotFound.
func (tx *Tx) RevokeGrant(id string) error {
	return tx.change(`UPDATE idp_grants SET revoked = 1 WHERE id = $1`, id)
}

// RevokeGrantsOf ends all grants of a user.
func (tx *Tx) RevokeGrantsOf(pool, user string) error {
	return tx.exec(`UPDATE idp_grants SET revoked = 1 WHERE pool_id = $1 AND user_id = $2`, pool, user)
}

// GrantsOf lists the grants of a user that are neither revoked nor expired at a time, oldest first.
func (tx *Tx) GrantsOf(pool, user string, at time.Time) ([]Grant, error) {
	return all(tx, scanGrant, `SELECT `+grantColumns+` FROM idp_grants WHERE pool_id = $1 AND user_id = $2 AND revoked = 0 AND expires > $3
		ORDER BY auth_time, id`, pool, user, millis(at))
}

// UpdateGrantDoc stores what later tokens of the grant repeat.
func (tx *Tx) UpdateGrantDoc(id string, doc []byte) error {
	return tx.change(`UPDATE idp_grants SET doc = $2 WHERE id = $1`, id, doc)
}

// RefreshToken is one refresh token of a grant, known by its hash.
type RefreshToken struct {
	Hash, GrantID string
	Created       time.Time
	Replaced      time.Time // by rotation; zero while it is the current one
}

// RefreshToken returns the token with this hash, or ErrNotFound.
func (tx *Tx) RefreshToken(hash string) (RefreshToken, error) {
	return one(tx, func(r row) (t RefreshToken, err error) {
		err = r.Scan(&t.Hash, &t.GrantID, (*millis)(&t.Created), (*millis)(&t.Replaced))
		return t, err
	}, `SELECT hash, grant_id, created, replaced FROM idp_refresh_tokens WHERE hash = $1`, hash)
}

// InsertRefreshToken stores a new token.
func (tx *Tx) InsertRefreshToken(t RefreshToken) error {
	return tx.insert(`INSERT INTO idp_refresh_tokens (hash, grant_id, created, replaced) VALUES ($1, $2, $3, $4)`,
		t.Hash, t.GrantID, millis(t.Created), millis(t.Replaced))
}

// ReplaceRefreshToken marks a token as replaced, if it is not yet, and says whether this call did.
func (tx *Tx) ReplaceRefreshToken(hash string, at time.Time) (bool, error) {
	n, err := tx.count(`UPDATE idp_refresh_tokens SET replaced = $2 WHERE hash = $1 AND replaced = 0`, hash, millis(at))
	return n == 1, err
}

// Session is the state of an unfinished sign-in, known by the hash of what the client holds.
type Session struct {
	Hash, PoolID, ClientID string
	UserID                 string // "" for a simulated sign-in of a user who does not exist
	Kind                   string // what may use it: a challenge's name
	State                  []byte // JSON, of the package that made it
	Expires                time.Time
	Used                   bool
}

// Session returns the session with this hash, or ErrNotFound.
func (tx *Tx) Session(hash string) (Session, error) {
	return one(tx, func(r row) (s Session, err error) {
		var sealed []byte
		if err := r.Scan(&s.Hash, &s.PoolID, &s.ClientID, &s.UserID, &s.Kind, &sealed, (*millis)(&s.Expires), (*flag)(&s.Used)); err != nil {
			return s, err
		}
		s.State, err = tx.box.Open(sealed, "session "+s.Hash)
		return s, err
	}, `SELECT hash, pool_id, client_id, user_id, kind, state, expires, used FROM idp_sessions WHERE hash = $1`, hash)
}

// InsertSession stores a new session.
func (tx *Tx) InsertSession(s Session) error {
	return tx.insert(`INSERT INTO idp_sessions (hash, pool_id, client_id, user_id, kind, state, expires, used) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		s.Hash, s.PoolID, s.ClientID, s.UserID, s.Kind, tx.box.Seal(s.State, "session "+s.Hash), millis(s.Expires), flag(s.Used))
}

// UseSession spends a session and says whether this call did: of two answers at once, one wins.
func (tx *Tx) UseSession(hash string) (bool, error) {
	n, err := tx.count(`UPDATE idp_sessions SET used = 1 WHERE hash = $1 AND used = 0`, hash)
	return n == 1, err
}

// UpdateSession stores what an unused session knows and how long it lives.
func (tx *Tx) UpdateSession(s Session) error {
	return tx.change(`UPDATE idp_sessions SET state = $2, expires = $3 WHERE hash = $1`, s.Hash, tx.box.Seal(s.State, "session "+s.Hash), millis(s.Expires))
}

// Code is a one-time code that was sent to a user for a purpose; a new one replaces the old.
type Code struct {
	PoolID, UserID, Purpose string
	Value                   string
	Doc                     []byte // JSON, of the package that made it
	Failures                int    // wrong answers so far
	Expires                 time.Time
}

// Code returns the code of a user for a purpose, or ErrNotFound.
func (tx *Tx) Code(pool, user, purpose string) (Code, error) {
	return one(tx, func(r row) (c Code, err error) {
		err = r.Scan(&c.PoolID, &c.UserID, &c.Purpose, &c.Value, &c.Doc, &c.Failures, (*millis)(&c.Expires))
		return c, err
	}, `SELECT pool_id, user_id, purpose, value, doc, failures, expires FROM idp_codes WHERE pool_id = $1 AND user_id = $2 AND purpose = $3`, pool, user, purpose)
}

// PutCode stores a code, replacing the one for the same purpose.
func (tx *Tx) PutCode(c Code) error {
	return tx.exec(`INSERT INTO idp_codes (pool_id, user_id, purpose, value, doc, failures, expires) VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT (pool_id, user_id, purpose) DO UPDATE SET value = excluded.value, doc = excluded.doc, failures = excluded.failures, expires = excluded.expires`,
		c.PoolID, c.UserID, c.Purpose, c.Value, c.Doc, c.Failures, millis(c.Expires))
}

// DeleteCode removes a code, if there is one.
func (tx *Tx) DeleteCode(pool, user, purpose string) error {
	return tx.exec(`DELETE FROM idp_codes WHERE pool_id = $1 AND user_id = $2 AND purpose = $3`, pool, user, purpose)
}

// Sweep removes what expired before a time.
func (tx *Tx) Sweep(before time.Time) error {
	for _, table := range []string{"idp_sessions", "idp_codes", "idp_grants"} {
		if err := tx.exec(`DELETE FROM `+table+` WHERE expires < $1`, millis(before)); err != nil {
			return err
		}
	}
	return nil
}
