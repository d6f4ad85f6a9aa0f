package schema

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"
)

// toInt returns v as an integer. Whole numbers with a fraction of zero count, as in Lua.
func toInt(v any) (int64, bool) {
	switch n := v.(type) {
	case int64:
		return n, true
	case int:
		return int64(n), true
	case json.Number:
		if i, err := strconv.ParseInt(string(n), 10, 64); err == nil {
			return i, true
		}
		f, err := strconv.ParseFloat(string(n), 64)
		if err != nil {
			return 0, false
		}
		return wholeInt(f)
	case float64:
		return wholeInt(n)
	case float32:
		return wholeInt(float64(n))
	case int32:
		return int64(n), true
	case int16:
		return int64(n), true
	case int8:
		return int64(n), true
	case uint8:
		return int64(n), true
	case uint16:
		return int64(n), true
	case uint32:
		return int64(n), true
	case uint:
		return int64(n), uint64(n) <= math.MaxInt64
	case uint64:
		return int64(n), n <= math.MaxInt64
	}
	return 0, false
}

func wholeInt(f float64) (int64, bool) {
	if f != math.Trunc(f) || f < -1<<63 || f >= 1<<63 {
		return 0, false
	}
	return int64(f), true
}

// toFloat returns v as a finite number.
func toFloat(v any) (float64, bool) {
	switch n := v.(type) {
	case float64:
		return n, !math.IsInf(n, 0) && !math.IsNaN(n)
	case float32:
		return toFloat(float64(n))
	case json.Number:
		f, err := strconv.ParseFloat(string(n), 64)
		return f, err == nil && !math.IsInf(f, 0) && !math.IsNaN(f)
	case uint64:
		return float64(n), true
	case uint:
		return float64(n), true
	}
	i, ok := toInt(v)
	return float64(i), ok
}

// luaNumber reads a number as Lua's tonumber does, without infinities.
func luaNumber(text string) (any, bool) {
	text = strings.Trim(text, " \t\n\v\f\r")
	if strings.ContainsRune(text, '_') {
		return nil, false
	}
	if i, err := strconv.ParseInt(text, 10, 64); err == nil {
		return i, true
	}
	if body := strings.ToLower(strings.TrimLeft(text, "+-")); strings.HasPrefix(body, "0x") && !strings.ContainsAny(body, ".p") {
		i, err := strconv.ParseInt(text, 0, 64)
		return i, err == nil
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsInf(f, 0) || math.IsNaN(f) {
		return nil, false
	}
	if i, whole := wholeInt(f); whole && math.Abs(f) < 1<<53 {
		return i, true
	}
	return f, true
}

// numberText writes a number as Lua does: 0.5, 1000000.
func numberText(f float64) string { return strconv.FormatFloat(f, 'g', 14, 64) }
