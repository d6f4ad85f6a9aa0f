package settings

import (
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"
)

var errBool = errors.New("must be a boolean: on, off, true, false, yes or no")

// coerce turns the text of a key into what its schema takes: Kong's booleans, numbers, and lists separated by commas.
func coerce(key, text string) (any, error) {
	text = strings.TrimSpace(text)
	kind := fields[key].kind
	switch kind.Kind() {
	case reflect.Bool:
		return parseBool(text)
	case reflect.Int:
		n, err := strconv.Atoi(text)
		if err != nil {
			return nil, fmt.Errorf("must be a whole number; got %q", text)
		}
		return n, nil
	case reflect.Float64:
		f, err := strconv.ParseFloat(text, 64)
		if err != nil || f < 0 {
			return nil, fmt.Errorf("must be a number that is not negative; got %q", text)
		}
		return f, nil
	case reflect.Slice:
		return list(text), nil
	default:
		if text == "" {
			return nil, nil
		}
		return text, nil
	}
}

func parseBool(text string) (any, error) {
	switch strings.ToLower(text) {
	case "on", "true", "yes":
		return true, nil
	case "off", "false", "no":
		return false, nil
	}
	return nil, errBool
}

func list(text string) []any {
	all := []any{}
	for _, item := range strings.Split(text, ",") {
		if item = strings.TrimSpace(item); item != "" {
			all = append(all, item)
		}
	}
	return all
}

// bytes reads nginx's sizes: 10, 8k, 1m, 2g.
func bytes(text string) (int64, error) {
	unit := int64(1)
	digits := strings.ToLower(strings.TrimSpace(text))
	for suffix, n := range map[string]int64{"k": 1 << 10, "m": 1 << 20, "g": 1 << 30} {
		if rest, ok := strings.CutSuffix(digits, suffix); ok {
			digits, unit = rest, n
		}
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || n < 0 || n > 1<<62/unit {
		return 0, fmt.Errorf("must be a size such as 0, 8k or 10m; got %q", text)
	}
	return n * unit, nil
}
