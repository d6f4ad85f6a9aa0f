package entity

import (
	"strconv"
	"strings"

	"github.com/gibbon-gateway/gibbon/schema"
)

func serviceSchema() *schema.Schema {
	const noTLS = "not_one_of=https,tls"
	return schema.Of[Service](
		schema.If("protocol", "one_of=tcp,tls,udp,grpc,grpcs").Then("path", "eq=null"),
		schema.If("protocol", noTLS).Then("client_certificate", "eq=null"),
		schema.If("protocol", noTLS).Then("tls_verify", "eq=null"),
		schema.If("protocol", noTLS).Then("tls_verify_depth", "eq=null"),
		schema.If("protocol", noTLS).Then("ca_certificates", "eq=null"),
	)
}

// expandURL puts the parts of a service's url where they belong. They win over the fields.
func expandURL(doc map[string]any, _ schema.Options) schema.Errors {
	v, ok := doc["url"]
	if !ok {
		return nil
	}
	delete(doc, "url")
	if v == nil {
		return nil
	}
	text, ok := v.(string)
	if !ok {
		return schema.Errors{"url": "expected a string"}
	}
	if text == "" {
		return nil
	}
	u := cutURL(text)
	protocol := u.scheme
	if protocol == "" {
		protocol = map[string]string{"443": "https"}[u.port]
	}
	if protocol == "" {
		protocol = "http"
	}
	doc["protocol"], doc["host"], doc["path"] = protocol, orNull(u.host), orNull(u.path)
	switch n, err := strconv.ParseInt(u.port, 10, 64); {
	case u.hasPort && err == nil:
		doc["port"] = n
	case u.hasPort:
		doc["port"] = u.port // refused by the schema
	case protocol == "https":
		doc["port"] = int64(443)
	default:
		doc["port"] = int64(80)
	}
	return nil
}

type urlParts struct {
	scheme, host, port, path string
	hasPort                  bool
}

// cutURL cuts a URL into parts without judging them, for the schema does. Text without a scheme and slashes is a path.
func cutURL(s string) (u urlParts) {
	if i := strings.IndexByte(s, ':'); i > 0 && isAlnum(s[0]) && strings.IndexFunc(s[:i], notScheme) < 0 {
		u.scheme, s = s[:i], s[i+1:]
	}
	authority, has := "", false
	if rest, ok := strings.CutPrefix(s, "//"); ok {
		has = true
		authority, s = rest, ""
		if i := strings.IndexByte(rest, '/'); i >= 0 {
			authority, s = rest[:i], rest[i:]
		}
	}
	if i := strings.IndexAny(s, "#?;"); i >= 0 {
		s = s[:i]
	}
	u.path = s
	if !has {
		return u
	}
	if i := strings.IndexByte(authority, '@'); i >= 0 {
		authority = authority[i+1:]
	}
	if i := strings.LastIndexByte(authority, ':'); i >= 0 && !strings.Contains(authority[i:], "]") {
		u.port, authority, u.hasPort = authority[i+1:], authority[:i], true
	}
	if strings.HasPrefix(authority, "[") && strings.HasSuffix(authority, "]") {
		authority = authority[1 : len(authority)-1]
	}
	u.host = authority
	return u
}

func notScheme(c rune) bool {
	return c > 127 || !isAlnum(byte(c)) && c != '+' && c != '-' && c != '.'
}

func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}
