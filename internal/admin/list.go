package admin

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/gibbon-gateway/gibbon/entity"
	"github.com/gibbon-gateway/gibbon/internal/store"
)

// Sizes of pages.
const (
	defaultSize = 100
	maxSize     = 1000
	maxTags     = 5
)

// pageSize reads the parameter size.
func (c *call) pageSize() (int, error) {
	if !c.query.Has("size") {
		return defaultSize, nil
	}
	n, err := strconv.ParseFloat(c.query.Get("size"), 64)
	if err != nil || n != n {
		return 0, badSize("size must be a number")
	}
	if n != float64(int(n)) || n < 1 || n > maxSize {
		return 0, badSize("size must be an integer between 1 and 1000")
	}
	return int(n), nil
}

// pageStart reads the parameter offset: a list with one text, in JSON, in base64. ids says that the text has to be an id.
func (c *call) pageStart(ids bool) (string, error) {
	offset := c.query.Get("offset")
	if offset == "" {
		return "", nil
	}
	text, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(offset, "="))
	if err != nil {
		return "", badOffset(offset, "bad base64 encoding")
	}
	var start []string
	if json.Unmarshal(text, &start) != nil {
		return "", badOffset(offset, "bad json encoding")
	}
	if len(start) != 1 || start[0] == "" || ids && !isUUID(start[0]) {
		return "", badOffset(offset, "bad value")
	}
	return start[0], nil
}

// offsetOf is the offset that continues behind start.
func offsetOf(start string) string {
	text, _ := encode([]string{start})
	return base64.RawURLEncoding.EncodeToString(text)
}

// tagFilter reads the parameter tags: all of "a,b", any of "a/b".
func (c *call) tagFilter(q *store.Query) error {
	if !c.query.Has("tags") {
		return nil
	}
	tags := c.query.Get("tags")
	and, or := strings.Contains(tags, ","), strings.Contains(tags, "/")
	switch {
	case tags == "":
		return badOption("tags", "cannot be null")
	case and && or:
		return badOption("tags", "invalid filter syntax")
	case or:
		q.Tags, q.AnyTag = strings.Split(tags, "/"), true
	default:
		q.Tags = strings.Split(tags, ",")
	}
	for _, tag := range q.Tags {
		if tag == "" || !store.Storable(tag) {
			return badOption("tags", "invalid filter syntax")
		}
	}
	if len(q.Tags) > maxTags {
		return badOption("tags", "not more than 5 tags can be asked for")
	}
	return nil
}

// listing is a page as it is shown. Offset is missing on the last one.
type listing struct {
	Data   []any   `json:"data"`
	Next   *string `json:"next"`
	Offset string  `json:"offset,omitempty"`
}

// continues tells where the next page is. path is the list's own; query what else of the request it needs.
func (l *listing) continues(path, next, query string) {
	if next == "" {
		return
	}
	l.Offset = offsetOf(next)
	link := path + "?offset=" + l.Offset + query
	l.Next = &link
}

// list answers with a page of a place.
func (a *api) list(c *call, p place) (reply, error) {
	for _, alias := range p.kind.Aliases {
		if c.query.Has(alias) {
			return a.byAlias(c, p.kind, alias)
		}
	}
	l := listing{Data: []any{}}
	err := a.Store.View(c.r.Context(), func(tx store.Tx) error {
		l.Data = l.Data[:0]
		parent, err := p.above(tx, c)
		if err != nil {
			return err
		}
		page, err := a.page(tx, c, p, parent)
		if err != nil {
			return err
		}
		for _, raw := range page.Docs {
			shown, err := a.showRaw(tx, p.kind, raw)
			if errors.Is(err, store.ErrNotFound) {
				continue
			}
			if err != nil {
				return err
			}
			l.Data = append(l.Data, shown)
		}
		l.continues(p.path(c), page.Next, p.carry(c))
		return nil
	})
	return ok(l), err
}

// page reads the page of a place that a request asks for.
func (a *api) page(tx store.Tx, c *call, p place, parent string) (store.Page, error) {
	q := store.Query{Newest: p.kind.NewestFirst}
	if p.parent != nil {
		q.Ref, q.RefID = p.ref.Field, parent
	}
	var err error
	if q.Size, err = c.pageSize(); err != nil {
		return store.Page{}, err
	}
	if q.After, err = c.pageStart(!q.Newest); err != nil {
		return store.Page{}, err
	}
	if err = c.tagFilter(&q); err != nil {
		return store.Page{}, err
	}
	page, err := tx.List(p.kind, q)
	return page, c.offsetError(err)
}

// offsetError is the fault for an offset that the store does not take.
func (c *call) offsetError(err error) error {
	if errors.Is(err, store.ErrOffset) {
		return badOffset(c.query.Get("offset"), "bad value")
	}
	return err
}

// path is where a place is listed, for links.
func (p place) path(c *call) string {
	if p.parent == nil {
		return "/" + p.kind.Path
	}
	return "/" + p.parent.Path + "/" + url.PathEscape(c.params[p.parent.Name]) + "/" + p.ref.Nested
}

// carry is what links of a list take over from the request. Kong's nested lists take nothing.
func (p place) carry(c *call) string {
	out := ""
	if p.parent != nil {
		return out
	}
	for _, name := range []string{"tags", "size"} {
		if v := c.query.Get(name); v != "" {
			out += "&" + name + "=" + strings.NewReplacer("%2C", ",", "%2F", "/").Replace(url.QueryEscape(v))
		}
	}
	return out
}

// byAlias answers with the entities that have an alias: at most one.
func (a *api) byAlias(c *call, k *entity.Kind, alias string) (reply, error) {
	value := c.query.Get(alias)
	if value == "" {
		return reply{}, fail(http.StatusBadRequest, alias+" must be an unempty string")
	}
	l := listing{Data: []any{}}
	err := a.Store.View(c.r.Context(), func(tx store.Tx) error {
		raw, err := tx.Find(k, alias, value)
		if absent(err) == notFound {
			return nil
		}
		if err != nil {
			return err
		}
		shown, err := a.showRaw(tx, k, raw)
		l.Data = []any{shown}
		return err
	})
	return ok(l), err
}

// tags answers with the rows of all tags, or of the one in the path.
func (a *api) tags(c *call) (reply, error) {
	type row struct {
		Tag  string `json:"tag"`
		Kind string `json:"entity_name"`
		ID   string `json:"entity_id"`
	}
	size, err := c.pageSize()
	if err != nil {
		return reply{}, err
	}
	start, err := c.pageStart(false)
	if err != nil {
		return reply{}, err
	}
	l := listing{}
	err = a.Store.View(c.r.Context(), func(tx store.Tx) error {
		rows, next, err := tx.Tags(c.params["tags"], size, start)
		if err != nil {
			return c.offsetError(err)
		}
		l.Data = []any{}
		for _, r := range rows {
			l.Data = append(l.Data, row{r.Tag, r.Kind, r.ID})
		}
		path := "/tags"
		if tag := c.params["tags"]; tag != "" {
			path += "/" + url.PathEscape(tag)
		}
		query := ""
		if c.query.Has("size") {
			query = "&size=" + strconv.Itoa(size)
		}
		l.continues(path, next, query)
		return nil
	})
	return ok(l), err
}
