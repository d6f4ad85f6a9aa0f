package schema

import (
	"errors"
	"fmt"
	"regexp/syntax"
	"strings"
)

var (
	pathChars = mustPattern("^/[%w%.%-%_%~%/%%%:%@%!%$%&%'%(%)%*%+%,%;%=]*$")
	hexEscape = mustPattern("^%%%x%x")
)

func checkPath(s string) error {
	if !pathChars.match(s) {
		return fmt.Errorf("invalid path: '%s' (characters outside of the reserved list of RFC 3986 found)", s)
	}
	return checkEscapes(s)
}

func checkEscapes(s string) error {
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && !hexEscape.match(s[i:]) {
			return fmt.Errorf("invalid url-encoded value: '%s'", s[i:min(i+3, len(s))])
		}
	}
	return nil
}

// checkRouterPath checks the path of a route. Paths with characters that RFC 3986 does not know pass, as in Kong.
func checkRouterPath(s string) error {
	if expr, ok := strings.CutPrefix(s, "~"); ok {
		if _, err := syntax.Parse(expr, syntax.Perl); err != nil {
			return fmt.Errorf("invalid regex: '%s' (PCRE returned: pcre2_compile() failed: %s)", expr, regexpText(expr, err))
		}
		return nil
	}
	if pathChars.match(s) {
		if err := checkEscapes(s); err != nil {
			return err
		}
	}
	if n := NormalizePath(s); n != s {
		return fmt.Errorf("non-normalized path, consider use '%s' instead", n)
	}
	return nil
}

// regexpText words an error as PCRE does, where it is the same error.
func regexpText(expr string, err error) string {
	var e *syntax.Error
	if errors.As(err, &e) && e.Code == syntax.ErrMissingParen {
		return `missing closing parenthesis in "` + expr + `"`
	}
	return strings.TrimPrefix(err.Error(), "error parsing regexp: ")
}

// NormalizePath decodes percent escapes of characters that are not reserved, writes the others in upper case, resolves "."
// and ".." segments and merges slashes.
func NormalizePath(path string) string {
	path = decodeUnreserved(path)
	if !strings.Contains(path, ".") && !strings.Contains(path, "//") {
		return path
	}
	var out []string
	parts := strings.Split(path, "/")
	for i, p := range parts {
		last := i == len(parts)-1
		switch {
		case p == "." || p == "..":
			if p == ".." && len(out) > 1 {
				out = out[:len(out)-1]
			}
			if last {
				out = append(out, "")
			}
		case p == "" && i > 0 && !last:
		default:
			out = append(out, p)
		}
	}
	if len(out) == 1 && out[0] == "" {
		return "/"
	}
	return strings.Join(out, "/")
}

func decodeUnreserved(path string) string {
	if !strings.Contains(path, "%") {
		return path
	}
	var b strings.Builder
	for i := 0; i < len(path); i++ {
		if path[i] != '%' || !hexEscape.match(path[i:]) {
			b.WriteByte(path[i])
			continue
		}
		c := unhex(path[i+1])<<4 | unhex(path[i+2])
		if strings.IndexByte("!*'();:@&=+$,/?%#[]", c) >= 0 {
			b.WriteString(strings.ToUpper(path[i : i+3]))
		} else {
			b.WriteByte(c)
		}
		i += 2
	}
	return b.String()
}

func unhex(c byte) byte {
	switch {
	case c <= '9':
		return c - '0'
	case c >= 'a':
		return c - 'a' + 10
	}
	return c - 'A' + 10
}
