package source

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// The limits of a text: how deep it may be nested, and how much aliases may add to it.
const (
	maxDepth   = 200
	maxAliased = 1_000_000 // nodes
)

// readYAML reads a document into maps, lists, strings, booleans and json.Number. As in Kong, unquoted yes, no, on and off
// are booleans.
func readYAML(data []byte) (any, error) {
	d := yaml.NewDecoder(bytes.NewReader(data))
	var doc, more yaml.Node
	if err := d.Decode(&doc); err == io.EOF {
		return nil, nil
	} else if err != nil {
		return nil, yamlError(err)
	}
	if err := d.Decode(&more); err != io.EOF {
		if err != nil {
			return nil, yamlError(err)
		}
		return nil, fmt.Errorf("line %d: a second document begins", more.Line)
	}
	r := yamlReader{open: map[*yaml.Node]bool{}}
	return r.value(&doc, 0)
}

func yamlError(err error) error { return errors.New(strings.TrimPrefix(err.Error(), "yaml: ")) }

// yamlReader turns nodes into values.
type yamlReader struct {
	open    map[*yaml.Node]bool // anchors whose value is being read
	within  int                 // how many aliases are being followed
	aliased int                 // nodes read by following aliases
}

func (r *yamlReader) value(n *yaml.Node, depth int) (any, error) {
	if depth > maxDepth {
		return nil, fmt.Errorf("line %d: nested too deep", n.Line)
	}
	if r.within > 0 {
		if r.aliased++; r.aliased > maxAliased {
			return nil, fmt.Errorf("line %d: aliases stand for too much", n.Line)
		}
	}
	switch n.Kind {
	case yaml.DocumentNode:
		return r.value(n.Content[0], depth)
	case yaml.AliasNode:
		return r.alias(n, func(n *yaml.Node) (any, error) { return r.value(n, depth+1) })
	case yaml.SequenceNode:
		list := make([]any, len(n.Content))
		for i, sub := range n.Content {
			v, err := r.value(sub, depth+1)
			if err != nil {
				return nil, err
			}
			list[i] = v
		}
		return list, nil
	case yaml.MappingNode:
		m := make(map[string]any, len(n.Content)/2)
		return m, r.mapping(n, m, depth)
	}
	return scalar(n)
}

// alias reads what an alias stands for.
func (r *yamlReader) alias(n *yaml.Node, read func(*yaml.Node) (any, error)) (any, error) {
	if r.open[n.Alias] {
		return nil, fmt.Errorf("line %d: the value of %s contains itself", n.Line, n.Value)
	}
	r.open[n.Alias] = true
	r.within++
	v, err := read(n.Alias)
	r.within--
	delete(r.open, n.Alias)
	return v, err
}

// mapping reads a map. Keys that << brings in yield to those written out.
func (r *yamlReader) mapping(n *yaml.Node, m map[string]any, depth int) error {
	var merges []*yaml.Node
	for i := 0; i < len(n.Content); i += 2 {
		key, sub := n.Content[i], n.Content[i+1]
		if key.Kind != yaml.ScalarNode || key.ShortTag() == "!!null" {
			return fmt.Errorf("line %d: a key must be a text", key.Line)
		}
		if key.ShortTag() == "!!merge" {
			merges = append(merges, sub)
			continue
		}
		if _, ok := m[key.Value]; ok {
			return fmt.Errorf("line %d: the key %q occurs twice", key.Line, key.Value)
		}
		v, err := r.value(sub, depth+1)
		if err != nil {
			return err
		}
		m[key.Value] = v
	}
	for _, sub := range merges {
		v, err := r.value(sub, depth+1)
		if err != nil {
			return err
		}
		list, ok := v.([]any)
		if !ok {
			list = []any{v}
		}
		for _, v := range list {
			from, ok := v.(map[string]any)
			if !ok {
				return fmt.Errorf("line %d: only maps can be merged", sub.Line)
			}
			for k, v := range from {
				if _, ok := m[k]; !ok {
					m[k] = v
				}
			}
		}
	}
	return nil
}

func scalar(n *yaml.Node) (any, error) {
	switch n.ShortTag() {
	case "!!null":
		return nil, nil
	case "!!bool":
		var b bool
		if err := n.Decode(&b); err != nil {
			return nil, yamlError(err)
		}
		return b, nil
	case "!!int", "!!float":
		return number(n)
	}
	if n.Style == 0 {
		switch n.Value {
		case "yes", "Yes", "YES", "on", "On", "ON":
			return true, nil
		case "no", "No", "NO", "off", "Off", "OFF":
			return false, nil
		}
	}
	return n.Value, nil
}

// number keeps numbers as they are written, if JSON can write them so.
func number(n *yaml.Node) (any, error) {
	if c := n.Value[len(n.Value)-1]; c >= '0' && c <= '9' && n.Value[0] != '+' && json.Valid([]byte(n.Value)) {
		return json.Number(n.Value), nil
	}
	var v any
	if err := n.Decode(&v); err != nil {
		return nil, yamlError(err)
	}
	switch v := v.(type) {
	case int:
		return json.Number(strconv.Itoa(v)), nil
	case int64:
		return json.Number(strconv.FormatInt(v, 10)), nil
	case uint64:
		return json.Number(strconv.FormatUint(v, 10)), nil
	case float64:
		if !math.IsInf(v, 0) && !math.IsNaN(v) {
			return json.Number(strconv.FormatFloat(v, 'g', -1, 64)), nil
		}
	}
	return nil, fmt.Errorf("line %d: %s is no number here", n.Line, n.Value)
}
