package store

import "time"

// Object is a small thing of a pool (an identity provider, terms, a branding) or of a user (a device, a passkey, an event), told apart by
// kind and id. Doc is JSON of the package that owns the kind.
type Object struct {
	PoolID            string
	UserID            string // "" for things of the pool
	Kind, ID          string
	Doc               []byte
	Created, Modified time.Time
}

const (
	poolObjectColumns = `pool_id, '', kind, id, doc, created, modified`
	userObjectColumns = `pool_id, user_id, kind, id, doc, created, modified`
)

func scanObject(r row) (o Object, err error) {
	err = r.Scan(&o.PoolID, &o.UserID, &o.Kind, &o.ID, &o.Doc, (*millis)(&o.Created), (*millis)(&o.Modified))
	return o, err
}

// Object returns a thing of the pool, or ErrNotFound.
func (tx *Tx) Object(pool, kind, id string) (Object, error) {
	return one(tx, scanObject, `SELECT `+poolObjectColumns+` FROM idp_pool_objects WHERE pool_id = $1 AND kind = $2 AND id = $3`, pool, kind, id)
}

// Objects lists the things of a kind in a pool behind an id.
func (tx *Tx) Objects(pool, kind, after string, limit int) ([]Object, error) {
	return all(tx, scanObject, `SELECT `+poolObjectColumns+` FROM idp_pool_objects WHERE pool_id = $1 AND kind = $2 AND id > $3 ORDER BY id LIMIT $4`,
		pool, kind, after, limit)
}

// InsertObject stores a new thing of the pool: ErrExists if kind and id are taken.
func (tx *Tx) InsertObject(o Object) error {
	tx.configured()
	return tx.insert(`INSERT INTO idp_pool_objects (pool_id, kind, id, doc, created, modified) VALUES ($1, $2, $3, $4, $5, $6)`,
		o.PoolID, o.Kind, o.ID, o.Doc, millis(o.Created), millis(o.Modified))
}

// PutObject stores a thing of the pool, replacing the document of one with the same kind and id.
func (tx *Tx) PutObject(o Object) error {
	tx.configured()
	return tx.exec(`INSERT INTO idp_pool_objects (pool_id, kind, id, doc, created, modified) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (pool_id, kind, id) DO UPDATE SET doc = excluded.doc, modified = excluded.modified`,
		o.PoolID, o.Kind, o.ID, o.Doc, millis(o.Created), millis(o.Modified))
}

// DeleteObject removes a thing of the pool, or returns ErrNotFound.
func (tx *Tx) DeleteObject(pool, kind, id string) error {
	tx.configured()
	return tx.change(`DELETE FROM idp_pool_objects WHERE pool_id = $1 AND kind = $2 AND id = $3`, pool, kind, id)
}

// UserObject returns a thing of the user, or ErrNotFound.
func (tx *Tx) UserObject(pool, user, kind, id string) (Object, error) {
	return one(tx, scanObject, `SELECT `+userObjectColumns+` FROM idp_user_objects WHERE pool_id = $1 AND user_id = $2 AND kind = $3 AND id = $4`,
		pool, user, kind, id)
}

// UserObjects lists the things of a kind of a user behind an id.
func (tx *Tx) UserObjects(pool, user, kind, after string, limit int) ([]Object, error) {
	return all(tx, scanObject, `SELECT `+userObjectColumns+` FROM idp_user_objects WHERE pool_id = $1 AND user_id = $2 AND kind = $3 AND id > $4
		ORDER BY id LIMIT $5`, pool, user, kind, after, limit)
}

// PutUserObject stores a thing of the user, replacing the document of one with the same kind and id.
func (tx *Tx) PutUserObject(o Object) error {
	return tx.exec(`INSERT INTO idp_user_objects (`+userObjectColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT (pool_id, user_id, kind, id) DO UPDATE SET doc = excluded.doc, modified = excluded.modified`,
		o.PoolID, o.UserID, o.Kind, o.ID, o.Doc, millis(o.Created), millis(o.Modified))
}

// DeleteUserObject removes a thing of the user, or returns ErrNotFound.
func (tx *Tx) DeleteUserObject(pool, user, kind, id string) error {
	return tx.change(`DELETE FROM idp_user_objects WHERE pool_id = $1 AND user_id = $2 AND kind = $3 AND id = $4`, pool, user, kind, id)
}

// TrimUserObjects keeps the newest of a kind of a user, by id, and removes the rest.
func (tx *Tx) TrimUserObjects(pool, user, kind string, keep int) error {
	return tx.exec(`DELETE FROM idp_user_objects WHERE pool_id = $1 AND user_id = $2 AND kind = $3 AND id NOT IN
		(SELECT id FROM idp_user_objects WHERE pool_id = $1 AND user_id = $2 AND kind = $3 ORDER BY id DESC LIMIT $4)`, pool, user, kind, keep)
}

// Seal encrypts a secret that lies within a document, for its place there, as far as there is a master key. Base64 it before it goes into
// JSON.
func (tx *Tx) Seal(plain []byte, place string) []byte { return tx.box.Seal(plain, place) }

// Open decrypts what Seal made.
func (tx *Tx) Open(sealed []byte, place string) ([]byte, error) { return tx.box.Open(sealed, place) }
