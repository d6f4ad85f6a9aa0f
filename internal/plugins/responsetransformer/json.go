package responsetransformer

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/gibbon-gateway/gibbon/edit"
	"github.com/gibbon-gateway/gibbon/plugin"
)

// jsonEdits are the changes of a JSON body.
type jsonEdits struct {
	remove               []string
	rename               []pair
	replace, add, append []jsonPair
}

// jsonPair is a member; its value is JSON text.
type jsonPair struct {
	name  string
	value []byte
}

// newJSONEdits returns nil if the configuration changes no JSON.
func newJSONEdits(c config) *jsonEdits {
	e := &jsonEdits{
		remove:  names(c.Remove.JSON),
		rename:  pairs(c.Rename.JSON),
		replace: jsonPairs(c.Replace),
		add:     jsonPairs(c.Add),
		append:  jsonPairs(c.Append),
	}
	if len(e.remove)+len(e.rename)+len(e.replace)+len(e.add)+len(e.append) == 0 {
		return nil
	}
	return e
}

// jsonPairs gives every entry its type. An entry whose value is not of its type is left out.
func jsonPairs(c changes) []jsonPair {
	var list []jsonPair
	for i, e := range c.JSON {
		name, value, _ := strings.Cut(e, ":")
		value = strings.TrimLeft(value, ":")
		kind := "string"
		if i < len(c.JSONTypes) {
			kind = c.JSONTypes[i]
		}
		if v := jsonValue(kind, value); v != nil {
			list = append(list, jsonPair{name, v})
		}
	}
	return list
}

// jsonValue writes a value as JSON; nil if it is not of the type.
func jsonValue(kind, value string) []byte {
	switch kind {
	case "boolean": // all that is not true is false, as in Kong
		return strconv.AppendBool(nil, value == "true")
	case "number":
		value = strings.TrimSpace(value)
		var n json.Number
		if err := json.Unmarshal([]byte(value), &n); err == nil && value[0] != '"' {
			if _, err := n.Float64(); err != nil { // such as 1e999, which readers may not take
				return nil
			}
			return []byte(n)
		}
		if f, err := strconv.ParseFloat(value, 64); err == nil { // such as 0x1p4, .5 or +1
			if b, err := json.Marshal(f); err == nil { // not for Inf and NaN
				return b
			}
		}
		if i, err := strconv.ParseInt(value, 0, 64); err == nil { // such as 0x10
			return strconv.AppendInt(nil, i, 10)
		}
		return nil
	}
	return edit.Quote(value)
}

// apply changes an object, in Kong's order.
func (e *jsonEdits) apply(o *edit.Object) {
	for _, name := range e.remove {
		o.Del(name)
	}
	for _, p := range e.rename {
		o.Rename(p.name, p.value)
	}
	for _, p := range e.replace {
		if o.Has(p.name) {
			o.SetJSON(p.name, p.value)
		}
	}
	for _, p := range e.add {
		if !o.Has(p.name) {
			o.SetJSON(p.name, p.value)
		}
	}
	for _, p := range e.append {
		o.AppendJSON(p.name, p.value)
	}
}

// maxBody is the longest body, in bytes, that is changed. It is held in memory as a whole. A longer one breaks the response
// off: what was to be removed from it must not reach the client.
const maxBody = 64 << 20

var errTooLong = fmt.Errorf("response body is longer than %d bytes and cannot be changed", maxBody)

// bodyFilter keeps the body of one response until it is whole, and sends the changed one.
type bodyFilter struct {
	edits *jsonEdits
	body  []byte
}

// FilterBody implements plugin.BodyFilter. A body that is no JSON object passes as it is.
func (f *bodyFilter) FilterBody(_ *plugin.Exchange, chunk []byte, last bool) ([]byte, error) {
	if len(f.body)+len(chunk) > maxBody {
		return nil, errTooLong
	}
	f.body = append(f.body, chunk...)
	if !last {
		return nil, nil
	}
	o, err := edit.ParseObject(f.body)
	if err != nil {
		return f.body, nil
	}
	f.edits.apply(o)
	return o.AppendTo(slices.Grow([]byte(nil), len(f.body)+256)), nil
}
