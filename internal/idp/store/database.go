package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/gibbon-gateway/gibbon/internal/idp/seal"
	"github.com/gibbon-gateway/gibbon/internal/store/sqldb"
)

// Open opens the provider's tables, creating or migrating them. dsn is "postgres://…", or a file's path for SQLite. masterKey seals secrets;
// "" leaves them in the clear.
func Open(ctx context.Context, dsn, masterKey string) (*Store, error) {
	box, err := seal.New(masterKey)
	if err != nil {
		return nil, err
	}
	db, err := sqldb.Open(dsn, sqldb.Options{})
	if err != nil {
		return nil, fmt.Errorf("provider's database: %w", err)
	}
	return open(ctx, db, box)
}

// OpenPostgres is Open for a PostgreSQL given by its parts.
func OpenPostgres(ctx context.Context, p sqldb.Postgres, masterKey string) (*Store, error) {
	box, err := seal.New(masterKey)
	if err != nil {
		return nil, err
	}
	db, err := sqldb.OpenPostgres(p)
	if err != nil {
		return nil, fmt.Errorf("provider's database: %w", err)
	}
	return open(ctx, db, box)
}

func open(ctx context.Context, db *sqldb.DB, box *seal.Box) (*Store, error) {
	if err := db.Migrate(ctx, "idp_migrations", migrations); err != nil {
		return nil, errors.Join(fmt.Errorf("provider's database: %w", err), db.Close())
	}
	s := &Store{db: db, box: box}
	if err := s.Update(ctx, (*Tx).proveKey); err != nil {
		return nil, errors.Join(fmt.Errorf("provider's database: %w", err), db.Close())
	}
	return s, nil
}

// ErrMasterKey means that the database was sealed with another master key than the one given.
var ErrMasterKey = errors.New("its secrets are sealed with another master key (idp_master_key)")

// proveKey refuses a wrong master key when the database is opened, not when somebody signs in. The value it looks at is sealed as soon as
// there is a key.
func (tx *Tx) proveKey() error {
	const name, text = "master key", "fits"
	stored, err := one(tx, func(r row) (v []byte, err error) {
		err = r.Scan(&v)
		return v, err
	}, `SELECT value FROM idp_server_secrets WHERE name = $1`, name)
	switch {
	case errors.Is(err, ErrNotFound) || err == nil && !seal.Sealed(stored) && tx.box.Keeps():
		return tx.exec(`INSERT INTO idp_server_secrets (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value`,
			name, tx.box.Seal([]byte(text), "server "+name))
	case err != nil:
		return err
	}
	if _, err := tx.box.Open(stored, "server "+name); err != nil {
		return ErrMasterKey
	}
	return nil
}
