package grpcgateway

import (
	"encoding/json"
	"strings"
	"testing"
)

// Brief writes a JSON object without members that are empty.
func Brief(t *testing.T, text []byte) string {
	d := json.NewDecoder(strings.NewReader(string(text)))
	d.UseNumber()
	out, _, err := brief(d)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func brief(d *json.Decoder) (text string, empty bool, err error) {
	tok, err := d.Token()
	if err != nil {
		return "", false, err
	}
	var list []string
	switch tok {
	case json.Delim('{'):
		for d.More() {
			name, err := d.Token()
			if err != nil {
				return "", false, err
			}
			v, empty, err := brief(d)
			if err != nil {
				return "", false, err
			}
			if !empty {
				list = append(list, name.(string)+": "+v)
			}
		}
		_, err = d.Token()
		return "{" + strings.Join(list, ", ") + "}", false, err
	case json.Delim('['):
		for d.More() {
			v, _, err := brief(d)
			if err != nil {
				return "", false, err
			}
			list = append(list, v)
		}
		_, err = d.Token()
		return "[" + strings.Join(list, ", ") + "]", len(list) == 0, err
	}
	switch v := tok.(type) {
	case string:
		if v == "" {
			return `""`, true, nil
		}
		return v, false, nil
	case json.Number:
		return v.String(), v == "0", nil
	}
	return map[any]string{true: "true", false: "false", nil: "null"}[tok], tok != true, nil
}
