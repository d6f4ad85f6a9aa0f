package sqldb

import (
	"context"
	"fmt"
	"hash/fnv"
	"strings"
	"time"
)

// migrationTime is how long a step of migrating may take, waiting for another process that migrates included.
const migrationTime = 10 * time.Minute

// Migrate runs those of the migrations that did not run yet, in order, all in one transaction; table keeps how many did. A migration
// is statements, separated by semicolons; {bytes} stands for the type of byte strings, {C} makes a text column compare by its bytes.
func (db *DB) Migrate(ctx context.Context, table string, migrations []string) error {
	replace := strings.NewReplacer("{bytes}", "BLOB", "{C}", "")
	if db.Postgres() {
		replace = strings.NewReplacer("{bytes}", "BYTEA", "{C}", `COLLATE "C"`)
	}
	key := fnv.New64a()
	key.Write([]byte(table))
	return db.updateAlone(ctx, int64(key.Sum64()), db.migrationTimeout(), func(c Conn) error {
		exec := func(query string, args ...any) error {
			_, err := c.ExecContext(ctx, query, args...)
			return err
		}
		if db.Postgres() {
			if err := db.makeSchema(ctx, c); err != nil {
				return fmt.Errorf("make schema %s: %w", db.schema, err)
			}
		}
		if err := exec(`CREATE TABLE IF NOT EXISTS ` + table + ` (version INTEGER PRIMARY KEY)`); err != nil {
			return err
		}
		done, err := migrated(ctx, c, table)
		if err != nil {
			return err
		}
		if done > len(migrations) {
			return fmt.Errorf("the tables are of version %d, this program knows %d: it is too old", done, len(migrations))
		}
		for i := done; i < len(migrations); i++ {
			for _, statement := range strings.Split(replace.Replace(migrations[i]), ";") {
				if strings.TrimSpace(statement) == "" {
					continue
				}
				if err := exec(statement); err != nil {
					return fmt.Errorf("migration %d: %w", i+1, err)
				}
			}
			if err := exec(`INSERT INTO `+table+` (version) VALUES ($1)`, i+1); err != nil {
				return err
			}
		}
		return nil
	})
}

// migrationTimeout is longer than that of other transactions. Whether the database is there at all, the timeout of connecting decides.
func (db *DB) migrationTimeout() time.Duration {
	if db.timeout == 0 {
		return 0
	}
	return migrationTime
}

func migrated(ctx context.Context, c Conn, table string) (n int, err error) {
	rows, err := c.QueryContext(ctx, `SELECT coalesce(max(version), 0) FROM `+table)
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	for rows.Next() {
		if err := rows.Scan(&n); err != nil {
			return 0, err
		}
	}
	return n, rows.Err()
}
