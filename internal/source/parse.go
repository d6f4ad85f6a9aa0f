package source

import (
	"bytes"
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/gibbon-gateway/gibbon/entity"
	"github.com/gibbon-gateway/gibbon/schema"
)

// Config is a declarative configuration that was read and found right.
type Config struct {
	Objects []entity.Object // complete documents
	Hash    string          // of the text, 32 hex digits
}

// Options of Parse.
type Options struct {
	// Plugin returns the schema of a plugin, nil if there is none; see schema.Options.Sub.
	Plugin func(name string) *schema.Schema
	Now    time.Time // for timestamps; the zero time means time.Now()
}

// Read parses a file. Its errors name it.
func Read(path string, o Options) (*Config, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	c, err := Parse(data, o)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return c, nil
}

// Parse reads a declarative configuration in Kong's format, YAML or JSON. The error is an *Invalid with all that is wrong.
// Entities without an id get one that is the same at every reading.
func Parse(data []byte, o Options) (*Config, error) {
	input, err := readAny(data)
	if err != nil {
		return nil, unread(err)
	}
	top, ok := input.(map[string]any)
	if !ok {
		return nil, unread(errNoObject)
	}
	if o.Now.IsZero() {
		o.Now = time.Now()
	}
	sum := md5.Sum(data) // as Kong does; it tells versions apart and protects nothing
	p := parser{options: o, errs: tree{}}
	objects := p.parse(top) // the last that is seen of it
	if p.errs.prune() {
		input, _ = readAny(data) // once more: it would take much memory until here
		top, _ = input.(map[string]any)
		return nil, &Invalid{p.errs, top}
	}
	return &Config{Objects: objects, Hash: hex.EncodeToString(sum[:])}, nil
}

// readAny reads JSON, or else YAML. Text that looks like JSON and is neither gets the error of JSON.
func readAny(data []byte) (any, error) {
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	var jsonErr error
	if t := bytes.TrimLeft(data, " \t\r\n"); len(t) > 0 && (t[0] == '{' || t[0] == '[') {
		v, err := readJSON(data)
		if err == nil {
			return v, nil
		}
		jsonErr = err
	}
	v, err := readYAML(data)
	if err != nil && jsonErr != nil {
		return nil, jsonErr
	}
	return v, err
}

// item is an entity of the file.
type item struct {
	kind   *entity.Kind
	doc    map[string]any // without what nests in it
	path   []any          // where it stands: "services", 1, "routes", 2
	parent *item
	ref    entity.Reference // to the parent
	id     string
	name   string // what others may name it by

	twice      string // why it cannot be in the file a second time
	unresolved []unresolved
	raw        json.RawMessage // the complete document; nil if it is not right
	unique     map[string]any  // what may occur once, beside names
	errs       schema.Errors
}

type parser struct {
	options Options
	errs    tree
	items   []*item
	known   directory
}

func (p *parser) parse(top map[string]any) []entity.Object {
	p.header(top)
	if v := top["_format_version"]; v == "1.1" || v == "2.1" {
		top = migrated(top)
	}
	for _, k := range entity.Kinds() {
		p.list(k, top[k.Name], []any{k.Name}, nil, entity.Reference{})
	}
	p.list(entity.KindOf("plugins"), top[groupPlugins], []any{groupPlugins}, nil, entity.Reference{})
	p.checkGroupPlugins()
	p.identify()
	p.enter()
	p.resolve()
	p.identifyMembers()
	p.prepare()
	p.report()
	return p.objects()
}

// header checks what is no entity at the top.
func (p *parser) header(top map[string]any) {
	for name, v := range top {
		switch {
		case entity.KindOf(name) != nil || name == groupPlugins:
		case name == "_format_version":
			if s, ok := v.(string); v != nil && !ok {
				p.errs[name] = "expected a string"
			} else if v != nil && !slices.Contains([]string{"1.1", "2.1", "3.0"}, s) {
				p.errs[name] = "expected one of: 1.1, 2.1, 3.0"
			}
		case name == "_transform":
			if _, ok := v.(bool); v != nil && !ok {
				p.errs[name] = "expected a boolean"
			}
		case name == "_info" || name == "_workspace" || name == "_konnect":
		default:
			if err := extra(name, v); err != "" {
				p.errs[name] = err
			}
		}
	}
	if top["_format_version"] == nil {
		p.errs["_format_version"] = "required field missing"
	}
}

// extra returns what is wrong with a field that is in no schema: _comment and _ignore may stand anywhere.
func extra(name string, v any) string {
	switch name {
	case "_comment":
		if _, ok := v.(string); v != nil && !ok {
			return "expected a string"
		}
	case "_ignore":
		if _, ok := v.([]any); v != nil && !ok {
			return "expected an array"
		}
	default:
		return "unknown field"
	}
	return ""
}

// list takes the entities of a list and those that nest in them.
func (p *parser) list(k *entity.Kind, v any, path []any, parent *item, ref entity.Reference) {
	if v == nil {
		return
	}
	list, ok := v.([]any)
	if !ok {
		p.fault(path, "expected an array")
		return
	}
	for i, v := range list {
		at := append(slices.Clip(path), i+1)
		doc, ok := v.(map[string]any)
		if !ok {
			p.fault(at, "expected a record")
			continue
		}
		it := &item{kind: k, doc: make(map[string]any, len(doc)), path: at, parent: parent, ref: ref}
		p.items = append(p.items, it)
		for name, v := range doc {
			if name == "_comment" || name == "_ignore" {
				if err := extra(name, v); err != "" {
					p.fault(append(slices.Clip(at), name), err)
				}
			} else if child, _ := nested(k, name); child == nil && !isMemberList(k, name) {
				it.doc[name] = v
			}
		}
		for _, child := range entity.Kinds() {
			if _, ref := nested(k, child.Name); ref.Field != "" {
				p.list(child, doc[child.Name], append(slices.Clip(at), child.Name), it, ref)
			}
		}
		p.members(it, doc[memberLists[k.Name].name])
	}
}

func (p *parser) fault(path []any, text string) {
	p.errs.at(path[:len(path)-1]...).set(path[len(path)-1], text)
}

// nested returns the kind of what nests under a name in entities of a kind, and how it refers to them; nil if nothing does.
func nested(k *entity.Kind, name string) (*entity.Kind, entity.Reference) {
	child := entity.KindOf(name)
	if child == nil {
		return nil, entity.Reference{}
	}
	for _, r := range child.Refs {
		if r.To == k.Name && r.List == name {
			return child, r
		}
	}
	return nil, entity.Reference{}
}

// prepare completes and checks the documents, on all processors.
func (p *parser) prepare() {
	o := schema.Options{Op: schema.Declare, Now: p.options.Now, Sub: p.options.Plugin}
	workers := min(runtime.GOMAXPROCS(0), len(p.items)/64+1)
	var wait sync.WaitGroup
	for w := range workers {
		part := p.items[len(p.items)*w/workers : len(p.items)*(w+1)/workers]
		wait.Go(func() {
			for _, it := range part {
				it.prepare(o)
			}
		})
	}
	wait.Wait()
	for _, it := range p.items {
		if len(it.errs) > 0 {
			p.errs.at(it.path...).put(it.errs)
		}
	}
}

func (it *item) prepare(o schema.Options) {
	var done map[string]any
	if done, it.errs = it.kind.Prepare(it.doc, o); len(it.errs) > 0 {
		return
	}
	raw, err := appendDoc(make([]byte, 0, 1024), done)
	if err != nil {
		it.errs = schema.Errors{"@entity": []string{err.Error()}}
		return
	}
	it.raw = bytes.Clone(raw)
	it.unique, it.doc = uniqueFields(it.kind, done), nil // the rest is in the document
}

// objects returns the documents, if all are right.
func (p *parser) objects() []entity.Object {
	if len(p.errs) > 0 {
		return nil
	}
	objects := make([]entity.Object, len(p.items))
	for i, it := range p.items {
		objects[i] = entity.Object{Kind: it.kind, ID: it.id, Doc: it.raw}
	}
	return objects
}

func plainKey(key any) string {
	if n, ok := key.(int); ok {
		return strconv.Itoa(n)
	}
	return key.(string)
}
