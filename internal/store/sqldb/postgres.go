package sqldb

import (
	"cmp"
	"context"
	"crypto/tls"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

// Postgres says where a PostgreSQL is.
type Postgres struct {
	DSN            string // "postgres://…"; instead of Host to Verify
	Host           string // a name, an address, or the folder of its socket
	Port           int    // 0 means 5432
	User, Password string
	Database       string
	Schema         string // made if it does not exist; "" for the database's choice
	TLS            bool
	Verify         bool          // with TLS: verify the server's certificate and name
	Timeout        time.Duration // of connecting and of each statement; 0 means 5 s
	Conns          int           // at most; 0 means 16
}

// OpenPostgres prepares connections to a PostgreSQL. It does not connect yet.
func OpenPostgres(p Postgres) (*DB, error) {
	config, err := p.config()
	if err != nil {
		return nil, fmt.Errorf("postgres: %w", err)
	}
	db := &DB{config: config, schema: p.Schema, timeout: config.ConnectTimeout, writer: make(chan struct{}, 1)}
	db.writer <- struct{}{}
	db.read = stdlib.OpenDB(*config)
	conns := cmp.Or(p.Conns, 16)
	if conns < 2 {
		conns = 2 // a reader must not wait for a writer
	}
	db.read.SetMaxOpenConns(conns)
	db.read.SetMaxIdleConns(conns)
	db.read.SetConnMaxIdleTime(5 * time.Minute)
	db.write = db.read
	return db, nil
}

func (p Postgres) config() (*pgx.ConnConfig, error) {
	source := p.DSN
	if source == "" {
		mode := "disable"
		if p.TLS {
			mode = "require"
		}
		// Everything is said, so that PGHOST and the like in the environment have no say.
		source = words("host", p.Host, "port", strconv.Itoa(cmp.Or(p.Port, 5432)), "user", p.User, "dbname", p.Database, "sslmode", mode)
		if p.Password != "" {
			source += " " + words("password", p.Password)
		}
	}
	config, err := pgx.ParseConfig(source)
	if err != nil {
		return nil, err
	}
	if p.TLS && config.TLSConfig != nil {
		config.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: !p.Verify, ServerName: p.Host}
		config.Fallbacks = nil
	}
	config.ConnectTimeout = cmp.Or(max(p.Timeout, 0), 5*time.Second)
	ms := config.ConnectTimeout.Milliseconds()
	for name, value := range map[string]string{
		"application_name":  "gibbon",
		"statement_timeout": strconv.FormatInt(ms, 10),
		// A node that freezes within a transaction lets go of its locks.
		"idle_in_transaction_session_timeout": strconv.FormatInt(2*ms, 10),
	} {
		if config.RuntimeParams[name] == "" {
			config.RuntimeParams[name] = value
		}
	}
	if p.Schema != "" {
		config.RuntimeParams["search_path"] = pgx.Identifier{p.Schema}.Sanitize()
	}
	return config, nil
}

// words makes a connection string of names and values.
func words(pairs ...string) string {
	var b strings.Builder
	for i := 0; i < len(pairs); i += 2 {
		fmt.Fprintf(&b, "%s='%s' ", pairs[i], strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(pairs[i+1]))
	}
	return strings.TrimSpace(b.String())
}

// Listen calls wake whenever a notification comes in on a channel of PostgreSQL, and when a new connection may have missed some; until ctx
// ends. A connection that breaks is made again. With SQLite there is nothing to listen to: it returns.
func (db *DB) Listen(ctx context.Context, channel string, wake func()) {
	if !db.Postgres() {
		return
	}
	for pause := time.Second; ctx.Err() == nil; pause = min(2*pause, 10*time.Second) {
		if db.listen(ctx, channel, wake) {
			pause = time.Second
		}
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
	}
}

// listen listens until the connection breaks, and says whether there was one.
func (db *DB) listen(ctx context.Context, channel string, wake func()) bool {
	conn, err := pgx.ConnectConfig(ctx, db.config.Copy())
	if err != nil {
		return false
	}
	defer func() {
		end, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		conn.Close(end)
	}()
	if _, err := conn.Exec(ctx, `LISTEN `+pgx.Identifier{channel}.Sanitize()); err != nil {
		return false
	}
	for {
		wake()
		if _, err := conn.WaitForNotification(ctx); err != nil {
			return true
		}
	}
}

// makeSchema makes the schema that was asked for. It looks first: whoever may use a schema need not be allowed to make one.
func (db *DB) makeSchema(ctx context.Context, c Conn) error {
	if db.schema == "" {
		return nil
	}
	rows, err := c.QueryContext(ctx, `SELECT 1 FROM pg_namespace WHERE nspname = $1`, db.schema)
	if err != nil {
		return err
	}
	there := rows.Next()
	if err := errors.Join(rows.Err(), rows.Close()); err != nil || there {
		return err
	}
	_, err = c.ExecContext(ctx, `CREATE SCHEMA `+pgx.Identifier{db.schema}.Sanitize())
	return err
}

var _ Conn = (*sql.Tx)(nil)
