package sqlcount

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"strings"
	"time"

	"github.com/gibbon-gateway/gibbon/internal/store/sqldb"
	"github.com/gibbon-gateway/gibbon/state"
)

// table keeps counters; expires is in milliseconds since 1970, 0 is never.
const table = "gibbon_counters"

var migrations = []string{`
CREATE TABLE gibbon_counters (key {bytes} PRIMARY KEY, value BIGINT NOT NULL, expires BIGINT NOT NULL);
CREATE INDEX gibbon_counters_expires ON gibbon_counters (expires)`}

// turn is what transactions of all processes wait for, so that one follows another.
var turn = func() int64 {
	h := fnv.New64a()
	h.Write([]byte(table))
	return int64(h.Sum64())
}()

// run does jobs until ctx ends.
func (c *Counters) run(ctx context.Context) {
	ready := false // the table is there
	sweep := time.NewTicker(sweepEvery)
	defer sweep.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-sweep.C:
			if ready {
				_ = c.sweep(ctx) // what it leaves is over, and removed the next time
			}
		case first := <-c.work:
			jobs := c.gather(first)
			err := c.prepare(ctx, &ready)
			if err == nil {
				err = c.serve(ctx, jobs)
			}
			c.finish(jobs, err)
		}
	}
}

// gather takes what else is asked for at this time.
func (c *Counters) gather(first *job) []*job {
	jobs := []*job{first}
	for len(jobs) < most {
		select {
		case j := <-c.work:
			jobs = append(jobs, j)
		default:
			return jobs
		}
	}
	return jobs
}

func (c *Counters) prepare(ctx context.Context, ready *bool) error {
	if *ready {
		return nil
	}
	if err := c.db.Migrate(ctx, table+"_version", migrations); err != nil {
		return fmt.Errorf("make the table of counters: %w", err)
	}
	*ready = true
	return nil
}

// finish tells those that wait.
func (c *Counters) finish(jobs []*job, err error) {
	if err != nil && !errors.Is(err, state.ErrUnavailable) {
		err = fmt.Errorf("%w: %w", state.ErrUnavailable, err)
	}
	if err != nil {
		c.rests.Store(int64(time.Since(start) + rest))
	}
	for _, j := range jobs {
		j.err = err
		close(j.done)
	}
}

// row is a counter in the table.
type row struct {
	value, expires int64
	there, changed bool
}

// serve does jobs in one transaction, one after the other.
func (c *Counters) serve(ctx context.Context, jobs []*job) error {
	return c.db.UpdateAlone(ctx, turn, func(conn sqldb.Conn) error {
		rows, err := read(ctx, conn, jobs)
		if err != nil {
			return err
		}
		now := c.now().UnixMilli()
		for _, j := range jobs {
			j.apply(rows, now)
		}
		return write(ctx, conn, rows)
	})
}

// read returns the counters that jobs are about.
func read(ctx context.Context, conn sqldb.Conn, jobs []*job) (map[string]*row, error) {
	rows := map[string]*row{}
	var keys []any
	for _, j := range jobs {
		for i := range j.claims {
			if key := j.claims[i].key; rows[key] == nil {
				rows[key] = &row{}
				keys = append(keys, []byte(key))
			}
		}
	}
	found, err := conn.QueryContext(ctx, `SELECT key, value, expires FROM `+table+` WHERE key IN (`+places(1, len(keys))+`)`, keys...)
	if err != nil {
		return nil, err
	}
	defer found.Close()
	for found.Next() {
		var key []byte
		r := row{there: true}
		if err := found.Scan(&key, &r.value, &r.expires); err != nil {
			return nil, err
		}
		rows[string(key)] = &r
	}
	return rows, found.Err()
}

// places returns "$1,$2,…" from first on.
func places(first, n int) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, "$%d", first+i)
	}
	return b.String()
}

// apply does a job on the counters.
func (j *job) apply(rows map[string]*row, now int64) {
	j.ok = true
	for i := range j.claims {
		claim := &j.claims[i]
		r := rows[claim.key]
		if r.expires != 0 && r.expires <= now {
			*r = row{}
		}
		claim.value = r.value
		j.ok = j.ok && (j.add || r.value+j.n <= claim.max)
	}
	if !j.ok || j.n == 0 {
		return
	}
	for i := range j.claims {
		claim := &j.claims[i]
		r := rows[claim.key]
		if !r.there && claim.ttl > 0 {
			r.expires = now + max(1, claim.ttl.Milliseconds())
		}
		r.value += j.n
		r.there, r.changed = true, true
		claim.value = r.value
	}
}

// write stores the counters that have changed.
func write(ctx context.Context, conn sqldb.Conn, rows map[string]*row) error {
	var b strings.Builder
	var args []any
	for key, r := range rows {
		if !r.changed {
			continue
		}
		if len(args) > 0 {
			b.WriteByte(',')
		}
		b.WriteString("(" + places(len(args)+1, 3) + ")")
		args = append(args, []byte(key), r.value, r.expires)
	}
	if len(args) == 0 {
		return nil
	}
	_, err := conn.ExecContext(ctx, `INSERT INTO `+table+` (key, value, expires) VALUES `+b.String()+
		` ON CONFLICT (key) DO UPDATE SET value = excluded.value, expires = excluded.expires`, args...)
	return err
}

// sweep removes counters that are over.
func (c *Counters) sweep(ctx context.Context) error {
	return c.db.UpdateAlone(ctx, turn, func(conn sqldb.Conn) error {
		_, err := conn.ExecContext(ctx, `DELETE FROM `+table+` WHERE expires <> 0 AND expires <= $1`, c.now().UnixMilli())
		return err
	})
}
