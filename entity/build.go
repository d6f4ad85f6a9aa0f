package entity

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"
)

// NewSet decodes documents and indexes them. Documents that cannot be decoded, and those with a reference to what is not
// there, are left out and returned as problems.
func NewSet(version uint64, objects []Object) (*Set, []Problem) {
	return (*Set)(nil).Next(version, objects)
}

// Next is NewSet that takes over what s, which may be nil, has decoded of documents that have not changed. Versions of a
// large set that differ little are made fast this way.
func (s *Set) Next(version uint64, objects []Object) (*Set, []Problem) {
	next := &Set{version: version, columns: make([]column, len(kinds))}
	perKind := make([][]Object, len(kinds))
	for _, o := range objects {
		if o.Kind == nil {
			next.leaveOut("object", o.ID, errors.New("unknown kind"))
			continue
		}
		perKind[o.Kind.index] = append(perKind[o.Kind.index], o)
	}
	for _, k := range kinds {
		list := perKind[k.index]
		slices.SortStableFunc(list, func(a, b Object) int { return strings.Compare(a.ID, b.ID) })
		var last []Object
		if s != nil {
			last = s.Objects(k)
		}
		takeOver(list, last)
		errs := decodeAll(list)
		kept := list[:0]
		for i, o := range list {
			err := errs[i]
			if err == nil && len(kept) > 0 && kept[len(kept)-1].ID == o.ID {
				err = errors.New("id occurs twice")
			}
			if err == nil {
				err = next.dangling(o)
			}
			if err != nil {
				next.leaveOut(k.Name, o.ID, err)
				continue
			}
			kept = append(kept, o)
		}
		next.columns[k.index] = column{kept, k.column(kept)}
	}
	next.index()
	return next, next.problems
}

func (s *Set) leaveOut(kind, id string, err error) {
	s.problems = append(s.problems, Problem{kind, id, fmt.Errorf("%s %s: %w", kind, id, err)})
}

// dangling returns an error if o refers to what is not in the set. The kinds that it refers to are complete.
func (s *Set) dangling(o Object) error {
	for _, r := range o.Kind.Refs {
		ref := r.of(o.Value)
		if ref == nil {
			continue
		}
		to := kindsByName[r.To]
		if s.columns[to.index].find(ref.ID) < 0 {
			return fmt.Errorf("%s refers to %s %s, which does not exist", r.Field, r.To, ref.ID)
		}
	}
	return nil
}

// takeOver gives the objects the values of equal documents. Both lists are ordered by id.
func takeOver(list, last []Object) {
	for i := range list {
		for len(last) > 0 && last[0].ID < list[i].ID {
			last = last[1:]
		}
		if len(last) == 0 {
			return
		}
		if last[0].ID == list[i].ID && bytes.Equal(last[0].Doc, list[i].Doc) {
			list[i].Doc, list[i].Value = last[0].Doc, last[0].Value
		}
	}
}

// decodeAll decodes the documents that have no value yet, on all processors. It returns an error for each, or nil.
func decodeAll(list []Object) []error {
	errs := make([]error, len(list))
	workers := min(runtime.GOMAXPROCS(0), len(list)/256+1)
	var wait sync.WaitGroup
	for w := range workers {
		from, to := len(list)*w/workers, len(list)*(w+1)/workers
		wait.Go(func() {
			for i := from; i < to; i++ {
				errs[i] = list[i].decode()
			}
		})
	}
	wait.Wait()
	return errs
}

func (o *Object) decode() error {
	if o.Value == nil {
		v, err := o.Kind.decode(o.Doc)
		if err != nil {
			return err
		}
		o.Value = v
	}
	if id := o.Kind.idOf(o.Value); id != o.ID || id == "" {
		return fmt.Errorf("the document has the id %q", id)
	}
	return nil
}

// decodeDoc decodes a processed document. Numbers of plugin configurations stay as they are written.
func decodeDoc(doc []byte, into any) error {
	if _, ok := into.(*Plugin); !ok {
		return json.Unmarshal(doc, into)
	}
	d := json.NewDecoder(bytes.NewReader(doc))
	d.UseNumber()
	return d.Decode(into)
}

// decodeKeyAuth decodes a credential, and when its time is over.
func decodeKeyAuth(doc []byte) (any, error) {
	var stored struct {
		KeyAuthCredential
		ExpiresAt *float64 `json:"expires_at"`
	}
	if err := json.Unmarshal(doc, &stored); err != nil {
		return nil, err
	}
	c := stored.KeyAuthCredential
	if stored.ExpiresAt != nil {
		c.ExpiresAt = time.UnixMilli(int64(*stored.ExpiresAt * 1000))
	}
	return &c, nil
}

// index fills the maps.
func (s *Set) index() {
	s.routesOf = make(map[string][]*Route, len(All[Service](s)))
	for _, r := range All[Route](s) {
		if r.Service != nil {
			s.routesOf[r.Service.ID] = append(s.routesOf[r.Service.ID], r)
		}
	}
	s.targetsOf = map[string][]*Target{}
	for _, t := range All[Target](s) {
		if t.Upstream != nil {
			s.targetsOf[t.Upstream.ID] = append(s.targetsOf[t.Upstream.ID], t)
		}
	}
	s.aclsOf = map[string][]*ACL{}
	for _, a := range All[ACL](s) {
		if a.Consumer != nil {
			s.aclsOf[a.Consumer.ID] = append(s.aclsOf[a.Consumer.ID], a)
		}
	}
	s.pluginsOf = map[scope][]*Plugin{}
	for _, p := range All[Plugin](s) {
		at := scope{refID(p.Route), refID(p.Service), refID(p.Consumer)}
		s.pluginsOf[at] = append(s.pluginsOf[at], p)
	}
	s.upstreams = byKey(All[Upstream](s), func(u *Upstream) string { return u.Name })
	s.snis = byKey(All[SNI](s), func(n *SNI) string { return n.Name })
	s.indexConsumers()
	s.credentials = map[string]map[string]any{
		"keyauth_credentials": anyByKey(All[KeyAuthCredential](s), func(c *KeyAuthCredential) string { return c.Key }),
		"jwt_secrets":         anyByKey(All[JWTSecret](s), func(c *JWTSecret) string { return c.Key }),
	}
}

// indexConsumers lets ids win over usernames, and these over custom ids.
func (s *Set) indexConsumers() {
	all := All[Consumer](s)
	s.consumers = make(map[string]*Consumer, 2*len(all))
	for _, key := range []func(*Consumer) string{
		func(c *Consumer) string { return c.CustomID },
		func(c *Consumer) string { return c.Username },
		func(c *Consumer) string { return c.ID },
	} {
		for _, c := range all {
			if k := key(c); k != "" {
				s.consumers[k] = c
			}
		}
	}
}

func byKey[T any](all []*T, key func(*T) string) map[string]*T {
	m := make(map[string]*T, len(all))
	for _, v := range all {
		m[key(v)] = v
	}
	return m
}

func anyByKey[T any](all []*T, key func(*T) string) map[string]any {
	m := make(map[string]any, len(all))
	for _, v := range all {
		if k := key(v); k != "" {
			m[k] = v
		}
	}
	return m
}

func refID(r *Ref) string {
	if r == nil {
		return ""
	}
	return r.ID
}
