package grpcgateway

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"google.golang.org/genproto/googleapis/api/annotations"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/dynamicpb"

	"github.com/gibbon-gateway/gibbon/internal/protofile"
)

// binding is one way to call a method by HTTP.
type binding struct {
	verb     string // of HTTP, in upper case; "*" for all
	template *template
	method   *protofile.Method
	vars     [][]protoreflect.FieldDescriptor // the fields of the template's variables
	whole    bool                             // the body is the message
	body     protoreflect.FieldDescriptor     // the body is this field; nil for none
	response protoreflect.FieldDescriptor     // the response is this field of the message; nil for all of it
}

// bindings returns those of all methods, in the order of the file.
func bindings(f *protofile.File) ([]*binding, error) {
	var list []*binding
	for _, m := range f.Methods {
		for _, rule := range m.Rules {
			b, err := newBinding(m, rule)
			if err != nil {
				return nil, fmt.Errorf("google.api.http of %s: %w", m.Path, err)
			}
			list = append(list, b)
		}
	}
	if list == nil {
		return nil, errors.New("no method has the option google.api.http")
	}
	return list, nil
}

func newBinding(m *protofile.Method, rule *annotations.HttpRule) (*binding, error) {
	b := &binding{method: m}
	var path string
	switch p := rule.GetPattern().(type) {
	case *annotations.HttpRule_Get:
		b.verb, path = "GET", p.Get
	case *annotations.HttpRule_Put:
		b.verb, path = "PUT", p.Put
	case *annotations.HttpRule_Post:
		b.verb, path = "POST", p.Post
	case *annotations.HttpRule_Delete:
		b.verb, path = "DELETE", p.Delete
	case *annotations.HttpRule_Patch:
		b.verb, path = "PATCH", p.Patch
	case *annotations.HttpRule_Custom:
		b.verb, path = strings.ToUpper(p.Custom.GetKind()), p.Custom.GetPath()
	default:
		return nil, errors.New("it has no method of HTTP")
	}
	var err error
	if b.template, err = parseTemplate(path); err != nil {
		return nil, fmt.Errorf("path %q: %w", path, err)
	}
	for _, v := range b.template.vars {
		fields := protofile.Field(m.Input, v.path)
		if fields == nil {
			return nil, fmt.Errorf("path %q: %s has no field %s", path, m.Input.FullName(), v.path)
		}
		if last := fields[len(fields)-1]; last.IsList() || last.IsMap() {
			return nil, fmt.Errorf("path %q: field %s is repeated", path, v.path)
		}
		b.vars = append(b.vars, fields)
	}
	field := func(in protoreflect.MessageDescriptor, name, what string) (protoreflect.FieldDescriptor, error) {
		if name == "" {
			return nil, nil
		}
		if fields := protofile.Field(in, name); len(fields) == 1 {
			return fields[0], nil
		}
		return nil, fmt.Errorf("%s: %s has no field %s", what, in.FullName(), name)
	}
	if b.response, err = field(m.Output, rule.GetResponseBody(), "response_body"); err != nil {
		return nil, err
	}
	if b.whole = rule.GetBody() == "*"; b.whole {
		return b, nil
	}
	b.body, err = field(m.Input, rule.GetBody(), "body")
	return b, err
}

// find returns the binding for a request, and what its variables get. A path that ends with a verb (":cancel") belongs to a binding
// with that verb; else the first in the file that fits counts.
func find(list []*binding, verb, path string) (*binding, []value) {
	for _, withVerb := range []bool{true, false} {
		for _, b := range list {
			if b.verb != verb && b.verb != "*" || (b.template.verb != "") != withVerb {
				continue
			}
			if values, ok := b.template.match(path); ok {
				return b, values
			}
		}
	}
	return nil, nil
}

// message makes the message of a request.
func (b *binding) message(f *protofile.File, values []value, query string, body []byte) ([]byte, error) {
	m := dynamicpb.NewMessage(b.method.Input)
	if err := b.read(f, m, body); err != nil {
		return nil, err
	}
	if !b.whole {
		if err := b.query(f, m, query); err != nil {
			return nil, err
		}
	}
	// The path is set last: what was matched, and maybe checked, is what is sent.
	for i, v := range values {
		if err := f.SetText(m, b.vars[i], v.text); err != nil {
			return nil, err
		}
	}
	return proto.Marshal(m)
}

// read reads the body, if there is one.
func (b *binding) read(f *protofile.File, m *dynamicpb.Message, body []byte) error {
	switch {
	case len(body) == 0 || !b.whole && b.body == nil:
		return nil
	case !json.Valid(body):
		return errors.New("the body is not JSON")
	case b.body != nil:
		name, err := json.Marshal(b.body.TextName())
		if err != nil {
			return err
		}
		doc := append(append(append(append([]byte{'{'}, name...), ':'), body...), '}')
		return f.ReadJSON(m, doc)
	case body[firstByte(body)] != '{':
		return errors.New("body must be a table")
	}
	return f.ReadJSON(m, body)
}

// firstByte says where the white space of a JSON text ends.
func firstByte(body []byte) int {
	for i, c := range body {
		if c != ' ' && c != '\t' && c != '\r' && c != '\n' {
			return i
		}
	}
	return 0
}

// query sets the fields that a query names. Parameters that name none are passed over; so are those of the body's field and of the path's.
func (b *binding) query(f *protofile.File, m *dynamicpb.Message, query string) error {
	seen := map[string]bool{}
	for param := range strings.SplitSeq(query, "&") {
		if param == "" {
			continue
		}
		rawName, rawText, has := strings.Cut(param, "=")
		name, err := url.QueryUnescape(rawName)
		if err != nil {
			return fmt.Errorf("query: %w", err)
		}
		fields := protofile.Field(b.method.Input, name)
		if fields == nil || fields[0] == b.body || b.bound(fields) {
			continue
		}
		text, err := url.QueryUnescape(rawText)
		if err != nil {
			return fmt.Errorf("query: %w", err)
		}
		last := fields[len(fields)-1]
		if !has && last.Kind() == protoreflect.BoolKind {
			text = "true"
		}
		if !last.IsList() {
			key := pathOf(fields)
			if seen[key] {
				return fmt.Errorf("field %s: more than one value", last.FullName())
			}
			seen[key] = true
		}
		if err := f.SetText(m, fields, text); err != nil {
			return err
		}
	}
	return nil
}

// bound reports whether the path sets a field.
func (b *binding) bound(fields []protoreflect.FieldDescriptor) bool {
	for _, v := range b.vars {
		if pathOf(v) == pathOf(fields) {
			return true
		}
	}
	return false
}

func pathOf(fields []protoreflect.FieldDescriptor) string {
	names := make([]string, len(fields))
	for i, fd := range fields {
		names[i] = string(fd.Name())
	}
	return strings.Join(names, ".")
}
