package sqlstore

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/gibbon-gateway/gibbon/entity"
	"github.com/gibbon-gateway/gibbon/internal/store"
	"github.com/gibbon-gateway/gibbon/internal/store/sqldb"
)

// tx is a transaction: a store.Tx.
type tx struct {
	ctx      context.Context
	conn     sqldb.Conn
	catalog  store.Catalog
	now      int64 // milliseconds since 1970
	readOnly bool

	swept    bool               // what is over is gone
	changed  map[store.Key]bool // what was written or removed; nil: the version stays
	expiring bool               // a document with an end was written
}

// row is what a query's function scans.
type row interface{ Scan(into ...any) error }

func (tx *tx) exec(query string, args ...any) error {
	_, err := tx.conn.ExecContext(tx.ctx, query, args...)
	return err
}

func (tx *tx) query(scan func(row) error, query string, args ...any) error {
	rows, err := tx.conn.QueryContext(tx.ctx, query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// text runs a query for one text; "" and false if there is no row.
func (tx *tx) text(query string, args ...any) (value string, found bool, err error) {
	err = tx.query(func(r row) error {
		found = true
		return r.Scan(&value)
	}, query, args...)
	return value, found, err
}

// Get implements store.Tx.
func (tx *tx) Get(k *entity.Kind, id string) (json.RawMessage, error) {
	if !store.Storable(id) {
		return nil, store.ErrNotFound
	}
	doc, found, err := tx.text(`SELECT doc FROM config_documents WHERE kind = $1 AND id = $2 AND (expires = 0 OR expires > $3)`, k.Name, id, tx.now)
	if err == nil && !found {
		err = store.ErrNotFound
	}
	if err != nil {
		return nil, err
	}
	return json.RawMessage(doc), nil
}

// Find implements store.Tx.
func (tx *tx) Find(k *entity.Kind, field, value string) (json.RawMessage, error) {
	if !store.Findable(k, field) {
		return nil, store.ErrNotFound
	}
	id, found, err := tx.text(`SELECT id FROM config_uniques WHERE kind = $1 AND fields = $2 AND value = $3`, k.Name, field, short(store.FindKey(value)))
	if err == nil && !found {
		err = store.ErrNotFound
	}
	if err != nil {
		return nil, err
	}
	return tx.Get(k, id)
}

// short makes a key of unique values one that fits into an index: long ones, and those that a text column does not take, by their hash.
func short(key string) string {
	if len(key) <= 512 && store.Storable(key) {
		return key
	}
	sum := sha256.Sum256([]byte(key))
	return "#" + hex.EncodeToString(sum[:])
}

// statement is a query that grows.
type statement struct {
	from, where strings.Builder
	args        []any
}

// arg adds an argument and returns its placeholder.
func (s *statement) arg(v any) string {
	s.args = append(s.args, v)
	return fmt.Sprintf("$%d", len(s.args))
}

func (s *statement) list(values []string) string {
	holders := make([]string, len(values))
	for i, v := range values {
		holders[i] = s.arg(v)
	}
	return strings.Join(holders, ", ")
}

// List implements store.Tx.
func (tx *tx) List(k *entity.Kind, q store.Query) (page store.Page, err error) {
	if !slices.ContainsFunc(q.Tags, store.Storable) && len(q.Tags) > 0 || q.Ref != "" && !store.Storable(q.RefID) {
		return page, nil
	}
	query, args, err := tx.listQuery(k, q)
	if err != nil || query == "" {
		return page, err
	}
	var last string
	err = tx.query(func(r row) error {
		var id string
		var doc []byte
		var created int64
		if err := r.Scan(&id, &created, &doc); err != nil {
			return err
		}
		if len(page.Docs) == q.Size {
			page.Next = last
			return nil
		}
		page.Docs = append(page.Docs, doc)
		if last = id; q.Newest {
			last = store.FormatNewest(created, id)
		}
		return nil
	}, query, args...)
	if err != nil {
		return store.Page{}, err
	}
	return page, nil
}

// listQuery makes the query of a list; "" if nothing can match.
func (tx *tx) listQuery(k *entity.Kind, q store.Query) (string, []any, error) {
	var s statement
	kind := s.arg(k.Name)
	s.from.WriteString(`config_documents d`)
	fmt.Fprintf(&s.where, `d.kind = %s AND (d.expires = 0 OR d.expires > %s)`, kind, s.arg(tx.now))
	id := "d.id" // what is ordered by: a column of the index that decides
	if q.Ref != "" {
		to := ""
		for _, ref := range k.Refs {
			if ref.Field == q.Ref {
				to = ref.To
			}
		}
		s.from.WriteString(` JOIN config_refs r ON r.kind = d.kind AND r.id = d.id`)
		fmt.Fprintf(&s.where, ` AND r.to_kind = %s AND r.to_id = %s AND r.kind = %s AND r.field = %s`, s.arg(to), s.arg(q.RefID), kind, s.arg(q.Ref))
		id = "r.id"
	}
	tags := slices.DeleteFunc(slices.Clone(q.Tags), func(t string) bool { return !store.Storable(t) })
	slices.Sort(tags)
	switch tags = slices.Compact(tags); {
	case len(q.Tags) == 0:
	case q.AnyTag:
		fmt.Fprintf(&s.where, ` AND d.id IN (SELECT t.id FROM config_tags t WHERE t.tag IN (%s) AND t.kind = %s)`, s.list(tags), kind)
	case slices.ContainsFunc(q.Tags, func(t string) bool { return !store.Storable(t) }):
		return "", nil, nil
	default:
		// The first leads through the index. The others are counted: neither database likes to join as many tables as there may be tags.
		s.from.WriteString(` JOIN config_tags t ON t.kind = d.kind AND t.id = d.id`)
		fmt.Fprintf(&s.where, ` AND t.tag = %s AND t.kind = %s`, s.arg(tags[0]), kind)
		if more := tags[1:]; len(more) > 0 {
			fmt.Fprintf(&s.where, ` AND (SELECT count(*) FROM config_tags o WHERE o.tag IN (%s) AND o.kind = %s AND o.id = d.id) = %d`,
				s.list(more), kind, len(more))
		}
		if q.Ref == "" {
			id = "t.id"
		}
	}
	order := id
	if q.Newest {
		created, after, err := store.ParseNewest(q.After)
		if err != nil {
			return "", nil, err
		}
		if q.After != "" {
			fmt.Fprintf(&s.where, ` AND (d.created, d.id) < (%s, %s)`, s.arg(created), s.arg(after))
		}
		order = `d.created DESC, d.id DESC`
	} else if q.After != "" {
		if !store.Storable(q.After) {
			return "", nil, store.ErrOffset
		}
		fmt.Fprintf(&s.where, ` AND %s > %s`, id, s.arg(q.After))
	}
	return fmt.Sprintf(`SELECT d.id, d.created, d.doc FROM %s WHERE %s ORDER BY %s LIMIT %d`, s.from.String(), s.where.String(), order, q.Size+1), s.args, nil
}

// Tags implements store.Tx.
func (tx *tx) Tags(tag string, size int, after string) (rows []store.TagRow, next string, err error) {
	behind, err := store.ParseTagRow(after)
	if err != nil || !store.Storable(tag) {
		return nil, "", err
	}
	var s statement
	fmt.Fprintf(&s.where, `(d.expires = 0 OR d.expires > %s)`, s.arg(tx.now))
	if tag != "" {
		fmt.Fprintf(&s.where, ` AND t.tag = %s`, s.arg(tag))
	}
	if after != "" {
		fmt.Fprintf(&s.where, ` AND (t.tag, t.kind, t.id) > (%s, %s, %s)`, s.arg(behind.Tag), s.arg(behind.Kind), s.arg(behind.ID))
	}
	err = tx.query(func(r row) error {
		var t store.TagRow
		if err := r.Scan(&t.Tag, &t.Kind, &t.ID); err != nil {
			return err
		}
		if len(rows) == size {
			next = store.FormatTagRow(rows[size-1])
			return nil
		}
		rows = append(rows, t)
		return nil
	}, fmt.Sprintf(`SELECT t.tag, t.kind, t.id FROM config_tags t JOIN config_documents d ON d.kind = t.kind AND d.id = t.id
		WHERE %s ORDER BY t.tag, t.kind, t.id LIMIT %d`, s.where.String(), size+1), s.args...)
	return rows, next, err
}
