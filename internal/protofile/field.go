package protofile

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/gibbon-gateway/gibbon/edit"
)

// Field finds the field of a dotted path of names, in the form of the .proto file or of JSON; nil if there is none, or the path goes
// through a list, a map or something else than a message.
func Field(d protoreflect.MessageDescriptor, path string) []protoreflect.FieldDescriptor {
	var list []protoreflect.FieldDescriptor
	for name := range strings.SplitSeq(path, ".") {
		if d == nil || len(list) == maxDepth {
			return nil
		}
		fd := d.Fields().ByName(protoreflect.Name(name))
		if fd == nil {
			fd = d.Fields().ByJSONName(name)
		}
		if fd == nil {
			return nil
		}
		if n := len(list); n > 0 && (list[n-1].IsList() || list[n-1].IsMap()) {
			return nil
		}
		list = append(list, fd)
		d = fd.Message()
	}
	return list
}

// SetText sets the field at a path that Field has found to a text, as it stands in a URL; in a list it becomes the last element. A
// message has to be one whose JSON is a single value, as a Timestamp.
func (f *File) SetText(m protoreflect.Message, path []protoreflect.FieldDescriptor, text string) error {
	last := len(path) - 1
	for _, fd := range path[:last] {
		m = m.Mutable(fd).Message()
	}
	fd := path[last]
	if fd.IsMap() {
		return fmt.Errorf("field %s is a map", fd.FullName())
	}
	var v protoreflect.Value
	var err error
	if fd.Message() != nil {
		v, err = f.messageOf(m, fd, text)
	} else {
		v, err = scalarOf(fd, text)
	}
	if err != nil {
		return fmt.Errorf("field %s: %w", fd.FullName(), err)
	}
	if fd.IsList() {
		m.Mutable(fd).List().Append(v)
	} else {
		m.Set(fd, v)
	}
	return nil
}

func (f *File) messageOf(m protoreflect.Message, fd protoreflect.FieldDescriptor, text string) (protoreflect.Value, error) {
	name := fd.Message().FullName()
	if !hasOwnForm(fd.Message()) {
		return protoreflect.Value{}, fmt.Errorf("a value for a message of type %s", name)
	}
	var v protoreflect.Value
	if fd.IsList() {
		v = m.Mutable(fd).List().NewElement()
	} else {
		v = m.NewField(fd)
	}
	doc := edit.Quote(text)
	switch name.Name() {
	case "BoolValue":
		doc = []byte(text)
	case "Struct", "ListValue", "Any", "Empty":
		doc = []byte(text)
		if !json.Valid(doc) {
			return v, fmt.Errorf("no JSON for a message of type %s", name)
		}
	}
	return v, f.ReadJSON(v.Message().Interface(), doc)
}

func scalarOf(fd protoreflect.FieldDescriptor, text string) (protoreflect.Value, error) {
	bad := func(what string) (protoreflect.Value, error) {
		return protoreflect.Value{}, fmt.Errorf("%q is no %s", text, what)
	}
	switch fd.Kind() {
	case protoreflect.StringKind:
		if !utf8.ValidString(text) {
			return bad("UTF-8")
		}
		return protoreflect.ValueOfString(text), nil
	case protoreflect.BytesKind:
		b, ok := decodeBase64(text)
		if !ok {
			return bad("base64")
		}
		return protoreflect.ValueOfBytes(b), nil
	case protoreflect.BoolKind:
		switch text {
		case "true", "1":
			return protoreflect.ValueOfBool(true), nil
		case "false", "0":
			return protoreflect.ValueOfBool(false), nil
		}
		return bad("boolean")
	case protoreflect.EnumKind:
		if v := fd.Enum().Values().ByName(protoreflect.Name(text)); v != nil {
			return protoreflect.ValueOfEnum(v.Number()), nil
		}
		n, err := strconv.ParseInt(text, 10, 32)
		if err != nil {
			return bad("value of " + string(fd.Enum().FullName()))
		}
		return protoreflect.ValueOfEnum(protoreflect.EnumNumber(n)), nil
	}
	return numberOf(fd, text)
}

func numberOf(fd protoreflect.FieldDescriptor, text string) (v protoreflect.Value, err error) {
	var i int64
	var u uint64
	var x float64
	switch fd.Kind() {
	case protoreflect.Int32Kind, protoreflect.Sint32Kind, protoreflect.Sfixed32Kind:
		i, err = strconv.ParseInt(text, 10, 32)
		v = protoreflect.ValueOfInt32(int32(i))
	case protoreflect.Int64Kind, protoreflect.Sint64Kind, protoreflect.Sfixed64Kind:
		i, err = strconv.ParseInt(text, 10, 64)
		v = protoreflect.ValueOfInt64(i)
	case protoreflect.Uint32Kind, protoreflect.Fixed32Kind:
		u, err = strconv.ParseUint(text, 10, 32)
		v = protoreflect.ValueOfUint32(uint32(u))
	case protoreflect.Uint64Kind, protoreflect.Fixed64Kind:
		u, err = strconv.ParseUint(text, 10, 64)
		v = protoreflect.ValueOfUint64(u)
	case protoreflect.FloatKind:
		x, err = strconv.ParseFloat(text, 32)
		v = protoreflect.ValueOfFloat32(float32(x))
	default:
		x, err = strconv.ParseFloat(text, 64)
		v = protoreflect.ValueOfFloat64(x)
	}
	if err != nil {
		return v, fmt.Errorf("%q is no %s", text, fd.Kind())
	}
	return v, nil
}

// decodeBase64 takes both alphabets, with and without padding.
func decodeBase64(text string) ([]byte, bool) {
	text = strings.TrimRight(strings.NewReplacer("-", "+", "_", "/").Replace(text), "=")
	b, err := base64.RawStdEncoding.DecodeString(text)
	return b, err == nil
}
