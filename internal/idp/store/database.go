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
	return &Store{db: db, box: box}, nil
}
