package store

import "time"

// Key is a signing key. Kept keys are published and verify; Current ones sign.
type Key struct {
	ID      string // kid
	PoolID  string // "" while it is a spare, made ahead
	Use     string // "access" or "id"; "" for a spare
	Current bool
	Private []byte // PKCS #8
	Created time.Time
}

const keyColumns = `kid, pool_id, use_for, current, private, created`

func scanKey(tx *Tx) func(row) (Key, error) {
	return func(r row) (k Key, err error) {
		var pool *string
		if err := r.Scan(&k.ID, &pool, &k.Use, (*flag)(&k.Current), &k.Private, (*millis)(&k.Created)); err != nil {
			return k, err
		}
		if pool != nil {
			k.PoolID = *pool
		}
		k.Private, err = tx.box.Open(k.Private, "key "+k.ID)
		return k, err
	}
}

// Keys returns the keys of a pool, newest first.
func (tx *Tx) Keys(pool string) ([]Key, error) {
	return all(tx, scanKey(tx), `SELECT `+keyColumns+` FROM idp_keys WHERE pool_id = $1 ORDER BY created DESC, kid`, pool)
}

// SpareKeys returns up to limit keys that belong to no pool yet.
func (tx *Tx) SpareKeys(limit int) ([]Key, error) {
	return all(tx, scanKey(tx), `SELECT `+keyColumns+` FROM idp_keys WHERE pool_id IS NULL ORDER BY created, kid LIMIT $1`, limit)
}

// PutKey stores a key, replacing the one of its id.
func (tx *Tx) PutKey(k Key) error {
	tx.configured()
	var pool any
	if k.PoolID != "" {
		pool = k.PoolID
	}
	return tx.exec(`INSERT INTO idp_keys (`+keyColumns+`) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (kid) DO UPDATE SET pool_id = excluded.pool_id, use_for = excluded.use_for, current = excluded.current`,
		k.ID, pool, k.Use, flag(k.Current), tx.box.Seal(k.Private, "key "+k.ID), millis(k.Created))
}

// DeleteKey removes a key, or returns ErrNotFound.
func (tx *Tx) DeleteKey(id string) error {
	tx.configured()
	return tx.change(`DELETE FROM idp_keys WHERE kid = $1`, id)
}

// ServerSecret returns a secret of the installation by name; the first to ask stores fresh.
func (tx *Tx) ServerSecret(name string, fresh []byte) ([]byte, error) {
	err := tx.exec(`INSERT INTO idp_server_secrets (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING`,
		name, tx.box.Seal(fresh, "server "+name))
	if err != nil {
		return nil, err
	}
	return one(tx, func(r row) (v []byte, err error) {
		if err := r.Scan(&v); err != nil {
			return nil, err
		}
		return tx.box.Open(v, "server "+name)
	}, `SELECT value FROM idp_server_secrets WHERE name = $1`, name)
}
