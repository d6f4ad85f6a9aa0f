package schema

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"math/big"
	"strings"
	"time"
)

// run is one call of Process.
type run struct {
	o      Options
	now    time.Time
	auto   bool // fill in auto fields
	create bool
	update bool
}

func newRun(o Options) *run {
	return &run{o: o, now: o.Now, auto: !o.NoAuto, create: o.Op != Update, update: o.Op == Update}
}

func (r *run) time() time.Time {
	if r.now.IsZero() {
		r.now = time.Now()
	}
	return r.now
}

const (
	missing = "required field missing"
	unknown = "unknown field"
)

// record processes a record. The error is Errors or, for the record as a whole, a text.
func (r *run) record(f *Field, in map[string]any) (map[string]any, any) {
	var errs Errors
	fail := func(name string, err any) {
		if errs == nil {
			errs = Errors{}
		}
		errs[name] = err
	}
	if len(f.moved) > 0 {
		in, errs = r.translate(f, in)
	}
	sub, err := r.sub(f, in)
	if err != nil {
		return copyJSON(in).(map[string]any), err
	}
	out := make(map[string]any, len(f.fields))
	known, invalid := 0, false
	for _, field := range f.fields {
		v, present := in[field.Name]
		if present {
			known++
		}
		if sub != nil {
			if own := sub.byName[field.Name]; own != nil {
				field = own
			}
		}
		v, err := r.value(field, r.fill(field, v, present))
		out[field.Name] = v
		if err != nil {
			invalid = true
			fail(field.Name, err)
		}
	}
	if known < len(in) {
		for name := range in {
			if f.byName[name] == nil {
				fail(name, unknown)
			}
		}
	}
	if n := len(f.rules) + len(f.inner); n > 0 || sub != nil {
		if errs == nil {
			errs = Errors{}
		}
		r.rules(f.rules, out, errs, invalid)
		r.rules(f.inner, out, errs, invalid)
		if sub != nil {
			r.rules(sub.rules, out, errs, invalid)
		}
	}
	if len(errs) > 0 {
		return out, errs
	}
	for _, check := range f.records {
		if err := check(out); err != nil {
			return out, err.Error()
		}
	}
	return out, nil
}

// sub finds the schema that says what an abstract field holds; its fields replace those of f.
func (r *run) sub(f *Field, in map[string]any) (*Field, any) {
	if f.abstractField() == nil || r.o.Sub == nil {
		return nil, nil
	}
	name, ok := in["name"].(string)
	if in["name"] == nil {
		return nil, Errors{"name": missing}
	}
	if !ok {
		return nil, Errors{"name": "expected a string"}
	}
	s := r.o.Sub(name)
	if s == nil {
		text, ok := f.abstractField().attrs["@abstract_err"].(string)
		if !ok {
			text = "plugin '%s' not enabled; add it to the 'plugins' configuration property"
		}
		return nil, Errors{"name": strings.ReplaceAll(text, "%s", name)}
	}
	return s.subFor(f), nil
}

// subFor returns a whole plugin's record, from a whole plugin's schema or that of its config.
func (s *Schema) subFor(f *Field) *Field {
	if s.whole {
		return s.root
	}
	s.once.Do(func() {
		name := f.abstractField().Name
		s.hoisted = &Field{Type: "record"}
		s.hoisted.addConfig(name, s.root)
	})
	return s.hoisted
}

func (f *Field) abstractField() *Field {
	for _, sub := range f.fields {
		if sub.abstract {
			return sub
		}
	}
	return nil
}

// fill returns what stands for a value that is not there.
func (r *run) fill(f *Field, v any, present bool) any {
	if f.auto && r.auto {
		v = r.fillAuto(f, v)
		present = present || v != nil
	}
	switch {
	case present:
		return v
	case f.hasDefault:
		return f.def
	case f.Type == "record" && f.required && !f.abstract:
		return map[string]any{}
	}
	return nil
}

func (r *run) fillAuto(f *Field, v any) any {
	switch {
	case f.uuid || f.Type == "string":
		if v != nil || !r.create {
			return v
		}
		if f.uuid {
			return newUUID()
		}
		return randomKey()
	case f.Name == "created_at":
		if v != nil || !r.create {
			return v
		}
	case f.Name != "updated_at" || v != nil && r.o.Op == Declare:
		return v
	}
	if f.Type == "number" {
		return float64(r.time().UnixMilli()) / 1000
	}
	return r.time().Unix()
}

// newUUID returns a random UUID, version 4.
func newUUID() string {
	var b [16]byte
	_, _ = rand.Read(b[:])
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// randomKey returns 32 random letters and digits.
func randomKey() string {
	var b [24]byte
	_, _ = rand.Read(b[:])
	key := []byte(base64.StdEncoding.EncodeToString(b[:]))
	for i, c := range key {
		if c == '/' || c == '+' {
			n, _ := rand.Int(rand.Reader, big.NewInt(26))
			key[i] = 'a' + byte(n.Int64())
			if c == '/' {
				key[i] -= 'a' - 'A'
			}
		}
	}
	return string(key)
}
