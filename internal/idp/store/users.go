package store

import "time"

// User is a row of a pool's users. ID is the sub.
type User struct {
	PoolID, ID        string
	Username          string
	Key               string // the username as it is compared: lower case where the pool ignores case
	Status            string // CONFIRMED and so on
	Enabled           bool
	Attributes        []byte // JSON object of texts, package user's
	Doc               []byte // JSON, package user's: what else a user has
	Hash              string // argon2id; "" for a user without password
	Salt, Verifier    []byte // SRP, beside the hash
	PasswordSet       time.Time
	Failures          int       // wrong passwords in a row
	LockedUntil       time.Time // after too many
	SignedOut         time.Time // tokens of before are revoked
	Created, Modified time.Time
}

// Search is one searchable attribute of a user.
type Search struct{ Name, Value string }

// Alias is another name that a user signs in with, as it is compared. Unique in a pool, by kind.
type Alias struct{ Kind, Key string }

const userColumns = `pool_id, id, username, username_key, status, enabled, attributes, doc, hash, salt, verifier, password_set,
	failures, locked_until, signed_out, created, modified`

func scanUser(r row) (u User, err error) {
	err = r.Scan(&u.PoolID, &u.ID, &u.Username, &u.Key, &u.Status, (*flag)(&u.Enabled), &u.Attributes, &u.Doc, &u.Hash, &u.Salt, &u.Verifier,
		(*millis)(&u.PasswordSet), &u.Failures, (*millis)(&u.LockedUntil), (*millis)(&u.SignedOut), (*millis)(&u.Created), (*millis)(&u.Modified))
	return u, err
}

// User returns the user with this sub, or ErrNotFound.
func (tx *Tx) User(pool, id string) (User, error) {
	return one(tx, scanUser, `SELECT `+userColumns+` FROM idp_users WHERE pool_id = $1 AND id = $2`, pool, id)
}

// UserByName returns the user with this username, as it is compared, or ErrNotFound.
func (tx *Tx) UserByName(pool, key string) (User, error) {
	return one(tx, scanUser, `SELECT `+userColumns+` FROM idp_users WHERE pool_id = $1 AND username_key = $2`, pool, key)
}

// UserByAlias returns the user who has this alias, or ErrNotFound.
func (tx *Tx) UserByAlias(pool string, a Alias) (User, error) {
	return one(tx, scanUser, `SELECT `+userColumns+` FROM idp_users WHERE pool_id = $1 AND id =
		(SELECT user_id FROM idp_user_aliases WHERE pool_id = $1 AND kind = $2 AND alias_key = $3)`, pool, a.Kind, a.Key)
}

// InsertUser stores a new user with aliases and searchable attributes: ErrExists if the username or an alias is taken.
func (tx *Tx) InsertUser(u User, aliases []Alias, search []Search) error {
	err := tx.insert(`INSERT INTO idp_users (`+userColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)`,
		u.PoolID, u.ID, u.Username, u.Key, u.Status, flag(u.Enabled), u.Attributes, u.Doc, u.Hash, u.Salt, u.Verifier, millis(u.PasswordSet),
		u.Failures, millis(u.LockedUntil), millis(u.SignedOut), millis(u.Created), millis(u.Modified))
	if err != nil {
		return err
	}
	return tx.names(u, aliases, search)
}

// UpdateUser stores a changed user; username and sub stay. Aliases and searchable attributes are replaced: ErrExists if an alias is taken.
func (tx *Tx) UpdateUser(u User, aliases []Alias, search []Search) error {
	if err := tx.UpdateUserState(u); err != nil {
		return err
	}
	if err := tx.exec(`UPDATE idp_users SET attributes = $3, modified = $4 WHERE pool_id = $1 AND id = $2`, u.PoolID, u.ID, u.Attributes, millis(u.Modified)); err != nil {
		return err
	}
	for _, table := range []string{"idp_user_aliases", "idp_user_search"} {
		if err := tx.exec(`DELETE FROM `+table+` WHERE pool_id = $1 AND user_id = $2`, u.PoolID, u.ID); err != nil {
			return err
		}
	}
	return tx.names(u, aliases, search)
}

// UpdateUserState stores all of a user but the attributes.
func (tx *Tx) UpdateUserState(u User) error {
	return tx.change(`UPDATE idp_users SET status = $3, enabled = $4, doc = $5, hash = $6, salt = $7, verifier = $8, password_set = $9,
		failures = $10, locked_until = $11, signed_out = $12, modified = $13 WHERE pool_id = $1 AND id = $2`,
		u.PoolID, u.ID, u.Status, flag(u.Enabled), u.Doc, u.Hash, u.Salt, u.Verifier, millis(u.PasswordSet),
		u.Failures, millis(u.LockedUntil), millis(u.SignedOut), millis(u.Modified))
}

func (tx *Tx) names(u User, aliases []Alias, search []Search) error {
	for _, a := range aliases {
		err := tx.insert(`INSERT INTO idp_user_aliases (pool_id, kind, alias_key, user_id) VALUES ($1, $2, $3, $4)`, u.PoolID, a.Kind, a.Key, u.ID)
		if err != nil {
			return err
		}
	}
	for _, s := range search {
		err := tx.insert(`INSERT INTO idp_user_search (pool_id, name, value, user_id) VALUES ($1, $2, $3, $4)`, u.PoolID, s.Name, s.Value, u.ID)
		if err != nil {
			return err
		}
	}
	return nil
}

// DeleteUser removes the user and, by cascade, all that is theirs.
func (tx *Tx) DeleteUser(pool, id string) error {
	return tx.change(`DELETE FROM idp_users WHERE pool_id = $1 AND id = $2`, pool, id)
}

// CountUsers counts the users of a pool.
func (tx *Tx) CountUsers(pool string) (int, error) {
	return one(tx, scanInt, `SELECT count(*) FROM idp_users WHERE pool_id = $1`, pool)
}

// Users lists users by sub, behind one.
func (tx *Tx) Users(pool, after string, limit int) ([]User, error) {
	return all(tx, scanUser, `SELECT `+userColumns+` FROM idp_users WHERE pool_id = $1 AND id > $2 ORDER BY id LIMIT $3`, pool, after, limit)
}

// Position is where a filtered list goes on: behind this value and sub.
type Position struct{ Value, ID string }

// FindUsers lists the users whose searchable attribute is, or begins with, a value, ordered by it, behind a position.
// It returns with each user the value by which it was found.
func (tx *Tx) FindUsers(pool, name, value string, prefix bool, after Position, limit int) ([]User, []Position, error) {
	upper := value
	if prefix {
		upper = value + "\U0010FFFF"
	}
	if after.Value < value {
		after = Position{Value: value} // in front of all who have it
	}
	// One lower bound of both columns, so that the index leads to a deep page as fast as to the first; one query for the page, for a query
	// takes longer than a row.
	type found struct {
		User
		Position
	}
	list, err := all(tx, func(r row) (f found, err error) {
		f.User, err = scanUser(behind{r, []any{&f.Value, &f.Position.ID}})
		return f, err
	}, `SELECT value, user_id, `+userColumns+` FROM (SELECT value, user_id FROM idp_user_search
		WHERE pool_id = $1 AND name = $2 AND (value, user_id) > ($3, $4) AND value <= $5 ORDER BY value, user_id LIMIT $6) AS found
		JOIN idp_users ON pool_id = $1 AND id = user_id ORDER BY value, user_id`, pool, name, after.Value, after.ID, upper, limit)
	if err != nil {
		return nil, nil, err
	}
	users, places := make([]User, len(list)), make([]Position, len(list))
	for i, f := range list {
		users[i], places[i] = f.User, f.Position
	}
	return users, places, nil
}

// behind scans columns in front of those that its user knows.
type behind struct {
	row
	front []any
}

func (b behind) Scan(into ...any) error { return b.row.Scan(append(b.front, into...)...) }

func scanInt(r row) (n int, err error) {
	err = r.Scan(&n)
	return n, err
}
