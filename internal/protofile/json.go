package protofile

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/dynamicpb"

	"github.com/gibbon-gateway/gibbon/edit"
)

// maxDepth is how deep messages may be nested, in JSON and in protobuf.
const maxDepth = 100

// ReadJSON fills an empty message with JSON in protobuf's canonical mapping. Members that the type does not have are passed over, as
// Kong does.
func (f *File) ReadJSON(m proto.Message, text []byte) error {
	read := protojson.UnmarshalOptions{Resolver: f.resolver, RecursionLimit: maxDepth}.Unmarshal
	err := read(text, m)
	// Protojson's own way to pass over members also passes over wrong names of enums.
	if err != nil && strings.Contains(err.Error(), "unknown field") {
		var doc any
		d := json.NewDecoder(bytes.NewReader(text))
		d.UseNumber()
		if err := d.Decode(&doc); err != nil {
			return err
		}
		prune(doc, m.ProtoReflect().Descriptor())
		known, err := json.Marshal(doc)
		if err != nil {
			return err
		}
		proto.Reset(m)
		return plain(read(known, m))
	}
	return plain(err)
}

// prune takes the members away that a type does not have.
func prune(doc any, d protoreflect.MessageDescriptor) {
	members, ok := doc.(map[string]any)
	if !ok || hasOwnForm(d) {
		return
	}
	for name, v := range members {
		fd := d.Fields().ByJSONName(name)
		if fd == nil {
			fd = d.Fields().ByTextName(name)
		}
		switch {
		case fd == nil && strings.HasPrefix(name, "["): // an extension
		case fd == nil:
			delete(members, name)
		case fd.IsMap():
			if entries, ok := v.(map[string]any); ok && fd.MapValue().Message() != nil {
				for _, e := range entries {
					prune(e, fd.MapValue().Message())
				}
			}
		case fd.Message() == nil:
		case fd.IsList():
			list, _ := v.([]any)
			for _, e := range list {
				prune(e, fd.Message())
			}
		default:
			prune(v, fd.Message())
		}
	}
}

// plain is an error of protobuf's packages without their prefix, which is made to change from run to run.
func plain(err error) error {
	if err == nil {
		return nil
	}
	text := strings.ReplaceAll(err.Error(), "\u00a0", " ")
	return errors.New(strings.TrimPrefix(strings.TrimPrefix(text, "proto: "), "proto:"))
}

// Decode reads a message of a type.
func (f *File) Decode(d protoreflect.MessageDescriptor, b []byte) (protoreflect.Message, error) {
	m := dynamicpb.NewMessage(d)
	err := proto.UnmarshalOptions{Resolver: f.resolver, RecursionLimit: maxDepth}.Unmarshal(b, m)
	return m, plain(err)
}

// AppendJSON appends a message as JSON. It is protobuf's canonical mapping except for what Kong does in another way: fields have
// their names of the .proto file, those without presence are written when they are empty too, and integers of 64 bits are numbers.
func (f *File) AppendJSON(dst []byte, m protoreflect.Message) ([]byte, error) {
	if hasOwnForm(m.Descriptor()) {
		return f.appendWellKnown(dst, m)
	}
	dst = append(dst, '{')
	first := true
	name := func(text string) {
		if !first {
			dst = append(dst, ',')
		}
		first = false
		dst = append(append(dst, edit.Quote(text)...), ':')
	}
	var err error
	fields := m.Descriptor().Fields()
	for i := range fields.Len() {
		fd := fields.Get(i)
		if fd.HasPresence() && !m.Has(fd) {
			continue
		}
		name(fd.TextName())
		if dst, err = f.AppendField(dst, m, fd); err != nil {
			return dst, err
		}
	}
	m.Range(func(fd protoreflect.FieldDescriptor, _ protoreflect.Value) bool {
		if fd.IsExtension() {
			name("[" + string(fd.FullName()) + "]")
			dst, err = f.AppendField(dst, m, fd)
		}
		return err == nil
	})
	return append(dst, '}'), err
}

// wellKnown are the messages of google.protobuf with a form of their own in JSON.
var wellKnown = map[protoreflect.Name]bool{"Any": true, "Timestamp": true, "Duration": true, "FieldMask": true, "Struct": true, "Value": true,
	"ListValue": true, "Empty": true, "BoolValue": true, "Int32Value": true, "Int64Value": true, "UInt32Value": true, "UInt64Value": true,
	"FloatValue": true, "DoubleValue": true, "StringValue": true, "BytesValue": true}

func hasOwnForm(d protoreflect.MessageDescriptor) bool {
	return d.FullName().Parent() == "google.protobuf" && wellKnown[d.Name()]
}

func (f *File) appendWellKnown(dst []byte, m protoreflect.Message) ([]byte, error) {
	switch m.Descriptor().Name() {
	case "Int64Value", "UInt64Value":
		fd := m.Descriptor().Fields().ByName("value")
		return f.appendValue(dst, fd, m.Get(fd))
	}
	text, err := protojson.MarshalOptions{UseProtoNames: true, EmitDefaultValues: true, Resolver: f.resolver}.Marshal(m.Interface())
	if err != nil {
		return dst, plain(err)
	}
	var out bytes.Buffer // without the white space that protojson puts in at random
	if err := json.Compact(&out, text); err != nil {
		return dst, err
	}
	return append(dst, out.Bytes()...), nil
}

// AppendField appends the value of a field of m as JSON.
func (f *File) AppendField(dst []byte, m protoreflect.Message, fd protoreflect.FieldDescriptor) ([]byte, error) {
	v := m.Get(fd)
	switch {
	case fd.IsList():
		return f.appendList(dst, fd, v.List())
	case fd.IsMap():
		return f.appendMap(dst, fd, v.Map())
	}
	return f.appendValue(dst, fd, v)
}

func (f *File) appendList(dst []byte, fd protoreflect.FieldDescriptor, l protoreflect.List) ([]byte, error) {
	var err error
	dst = append(dst, '[')
	for i := range l.Len() {
		if i > 0 {
			dst = append(dst, ',')
		}
		if dst, err = f.appendValue(dst, fd, l.Get(i)); err != nil {
			return dst, err
		}
	}
	return append(dst, ']'), nil
}

func (f *File) appendMap(dst []byte, fd protoreflect.FieldDescriptor, m protoreflect.Map) ([]byte, error) {
	keys := make([]protoreflect.MapKey, 0, m.Len())
	m.Range(func(k protoreflect.MapKey, _ protoreflect.Value) bool {
		keys = append(keys, k)
		return true
	})
	slices.SortFunc(keys, func(a, b protoreflect.MapKey) int { return strings.Compare(a.String(), b.String()) })
	var err error
	dst = append(dst, '{')
	for i, k := range keys {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(append(dst, edit.Quote(k.String())...), ':')
		if dst, err = f.appendValue(dst, fd.MapValue(), m.Get(k)); err != nil {
			return dst, err
		}
	}
	return append(dst, '}'), nil
}

// appendValue appends a value that is no list and no map.
func (f *File) appendValue(dst []byte, fd protoreflect.FieldDescriptor, v protoreflect.Value) ([]byte, error) {
	switch fd.Kind() {
	case protoreflect.BoolKind:
		return strconv.AppendBool(dst, v.Bool()), nil
	case protoreflect.StringKind:
		return append(dst, edit.Quote(v.String())...), nil
	case protoreflect.BytesKind:
		dst = append(dst, '"')
		return append(base64.StdEncoding.AppendEncode(dst, v.Bytes()), '"'), nil
	case protoreflect.EnumKind:
		return appendEnum(dst, fd.Enum(), v.Enum()), nil
	case protoreflect.FloatKind:
		return appendFloat(dst, v.Float(), 32), nil
	case protoreflect.DoubleKind:
		return appendFloat(dst, v.Float(), 64), nil
	case protoreflect.MessageKind, protoreflect.GroupKind:
		return f.AppendJSON(dst, v.Message())
	case protoreflect.Uint32Kind, protoreflect.Fixed32Kind, protoreflect.Uint64Kind, protoreflect.Fixed64Kind:
		return strconv.AppendUint(dst, v.Uint(), 10), nil
	case protoreflect.Int32Kind, protoreflect.Sint32Kind, protoreflect.Sfixed32Kind,
		protoreflect.Int64Kind, protoreflect.Sint64Kind, protoreflect.Sfixed64Kind:
		return strconv.AppendInt(dst, v.Int(), 10), nil
	}
	return dst, fmt.Errorf("field %s has an unknown kind", fd.FullName())
}

func appendEnum(dst []byte, d protoreflect.EnumDescriptor, n protoreflect.EnumNumber) []byte {
	if d.FullName() == "google.protobuf.NullValue" {
		return append(dst, "null"...)
	}
	if v := d.Values().ByNumber(n); v != nil {
		return append(dst, edit.Quote(string(v.Name()))...)
	}
	return strconv.AppendInt(dst, int64(n), 10)
}

func appendFloat(dst []byte, v float64, bits int) []byte {
	switch {
	case math.IsNaN(v):
		return append(dst, `"NaN"`...)
	case math.IsInf(v, 1):
		return append(dst, `"Infinity"`...)
	case math.IsInf(v, -1):
		return append(dst, `"-Infinity"`...)
	}
	format := byte('f')
	if abs := math.Abs(v); abs != 0 && (abs < 1e-6 || abs >= 1e21) {
		format = 'e'
	}
	return strconv.AppendFloat(dst, v, format, -1, bits)
}
