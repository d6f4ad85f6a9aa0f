package httpcache

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"strings"

	"github.com/gibbon-gateway/gibbon/header"
)

// maxVary is how many fields a response may vary by; one that names more is not kept.
const maxVary = 16

// VaryAny reports whether a response varies by something that is no request field, or by too much.
func VaryAny(h *header.Fields) bool {
	if !h.HasID(header.Vary) {
		return false
	}
	n := 0
	for v := range h.Values("Vary") {
		for item := range bytes.SplitSeq(v, []byte(",")) {
			item = bytes.Trim(item, " \t")
			if string(item) == "*" {
				return true
			}
			if n++; n > maxVary {
				return true
			}
		}
	}
	return false
}

// VaryNames returns the request fields that a response varies by: in lower case, sorted, joined by commas.
func VaryNames(h *header.Fields) string {
	if !h.HasID(header.Vary) {
		return ""
	}
	var names []string
	for v := range h.Values("Vary") {
		for item := range strings.SplitSeq(string(v), ",") {
			if item = strings.ToLower(strings.Trim(item, " \t")); item != "" {
				names = append(names, item)
			}
		}
	}
	slices.Sort(names)
	return strings.Join(slices.Compact(names), ",")
}

// AppendSelecting appends the request fields that names (as VaryNames gives them) lists, in a normal form: two requests for which it
// is the same may get the same response. Each part stands behind its length. language, if not "", stands in for Accept-Language.
func AppendSelecting(out []byte, names string, h *header.Fields, language string) []byte {
	for name := range strings.SplitSeq(names, ",") {
		if name == "" {
			continue
		}
		start := len(out)
		out = append(out, 0, 0, 0, 0)
		switch {
		case name == "accept-language" && language != "":
			out = append(append(out, "= "...), language...)
		case name == "accept-language":
			out = appendSorted(out, h, name, true)
		case name == "accept-encoding":
			out = appendSorted(out, h, name, false)
		default:
			out = appendCombined(out, h, name)
			if Secret(name) {
				sum := sha256.Sum256(out[start+4:])
				out = append(out[:start+4], sum[:]...)
			}
		}
		binary.BigEndian.PutUint32(out[start:], uint32(len(out)-start))
	}
	return out
}

// Secret reports whether values of a request field, in lower case, are not to be kept as they are.
func Secret(name string) bool {
	switch name {
	case "authorization", "proxy-authorization", "cookie", "apikey", "x-api-key", "api-key":
		return true
	}
	return false
}

// appendCombined appends all fields called name as one, without space around commas. A field that is not there differs
// from an empty one.
func appendCombined(out []byte, h *header.Fields, name string) []byte {
	for v := range h.Values(name) {
		out = append(out, ',')
		for i, c := range v {
			if (c == ' ' || c == '\t') && (edge(v, i, -1) || edge(v, i, 1)) {
				continue
			}
			out = append(out, c)
		}
	}
	return out
}

// edge reports whether only space lies between position i and the end of v, or a comma, in one direction.
func edge(v []byte, i, step int) bool {
	for i += step; i >= 0 && i < len(v); i += step {
		switch v[i] {
		case ' ', '\t':
		case ',':
			return true
		default:
			return false
		}
	}
	return true
}

// accepted is a member of Accept-Encoding or Accept-Language.
type accepted struct {
	name string
	q    int // in thousandths
}

// accepting reads Accept-Encoding or Accept-Language. Members come with the most wanted first, equal ones by name.
func accepting(h *header.Fields, field string) (list []accepted, given bool) {
	for v := range h.Values(field) {
		given = true
		for item := range strings.SplitSeq(strings.ToLower(string(v)), ",") {
			name, params, _ := strings.Cut(item, ";")
			if name = strings.Trim(name, " \t"); name == "" {
				continue
			}
			if name == "x-gzip" {
				name = "gzip"
			}
			list = append(list, accepted{name, quality(params)})
			if len(list) == 64 {
				return list, true
			}
		}
	}
	slices.SortFunc(list, func(a, b accepted) int {
		return cmp.Or(cmp.Compare(b.q, a.q), strings.Compare(a.name, b.name))
	})
	return slices.Compact(list), given
}

// quality reads "q=0.5"; 1000 when there is none.
func quality(params string) int {
	for p := range strings.SplitSeq(params, ";") {
		name, value, _ := strings.Cut(strings.Trim(p, " \t"), "=")
		if strings.Trim(name, " \t") != "q" {
			continue
		}
		q, scale := 0, 1000
		for _, c := range strings.Trim(value, " \t") {
			switch {
			case c == '.':
				continue
			case c < '0' || c > '9' || scale == 0:
				return min(q, 1000)
			}
			q += int(c-'0') * scale
			scale /= 10
		}
		return min(q, 1000)
	}
	return 1000
}

// usual are values of Accept-Encoding that need no work, as they are what browsers send.
const usual = "gzip, deflate, br, zstd"

// appendSorted appends Accept-Encoding or Accept-Language regardless of order, case and space; weights count only for languages.
func appendSorted(out []byte, h *header.Fields, field string, weights bool) []byte {
	if !weights {
		if v, ok := h.Known(header.AcceptEncoding); ok && (string(v) == usual || string(v) == usual[:17]) {
			if string(v) == usual {
				return append(out, ",br,deflate,gzip,zstd"...)
			}
			return append(out, ",br,deflate,gzip"...)
		}
	}
	list, given := accepting(h, field)
	if given && len(list) == 0 {
		out = append(out, ',')
	}
	if !weights {
		for i := range list {
			list[i].q = min(list[i].q, 1) * 1000
		}
		slices.SortFunc(list, func(a, b accepted) int { return strings.Compare(a.name, b.name) })
	}
	for _, a := range list {
		out = append(append(out, ','), a.name...)
		if a.q < 1000 {
			out = append(out, ';', byte('0'+a.q/100%10), byte('0'+a.q/10%10), byte('0'+a.q%10))
		}
	}
	return out
}

// PreferredLanguage returns the one language that a request wants most; "" when there is none or are several.
func PreferredLanguage(h *header.Fields) string {
	list, _ := accepting(h, "Accept-Language")
	if len(list) == 0 || list[0].q == 0 || list[0].name == "*" || len(list) > 1 && list[1].q == list[0].q {
		return ""
	}
	return list[0].name
}
