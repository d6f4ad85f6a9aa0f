package schema_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/gibbon-gateway/gibbon/schema"
)

type typed struct {
	Port         int      `json:"port" conf:"port"`
	Timeout      int      `json:"timeout" conf:"timeout"`
	Host         string   `json:"host" conf:"host"`
	HostPort     string   `json:"host_with_optional_port" conf:"host_with_optional_port"`
	SNI          string   `json:"sni" conf:"sni"`
	WildcardHost string   `json:"wildcard_host" conf:"wildcard_host"`
	IP           string   `json:"ip" conf:"ip"`
	IPOrCIDR     string   `json:"ip_or_cidr" conf:"ip_or_cidr"`
	CIDR         string   `json:"cidr_v4" conf:"cidr_v4"`
	Path         string   `json:"path" conf:"path"`
	RouterPath   string   `json:"router_path" conf:"router_path"`
	RouterHost   string   `json:"router_host" conf:"router_host"`
	URL          string   `json:"url" conf:"url"`
	Method       string   `json:"http_method" conf:"http_method"`
	Protocol     string   `json:"protocol" conf:"protocol"`
	HeaderName   string   `json:"header_name" conf:"header_name"`
	CookieName   string   `json:"cookie_name" conf:"cookie_name"`
	Name         string   `json:"name" conf:"name"`
	UTF8Name     string   `json:"utf8_name" conf:"utf8_name"`
	Tags         []string `json:"tags" conf:"tags"`
	Certificate  string   `json:"certificate" conf:"certificate"`
	Key          string   `json:"key" conf:"key;referenceable"`
	Regex        string   `json:"regex" conf:"is_regex"`
	Contains     []string `json:"contains" conf:"contains=a"`
	LenEq        string   `json:"len_eq" conf:"len_eq=2"`
	LenMax       []int    `json:"len_max" conf:"len_max=2"`
	Empty        string   `json:"empty" conf:"len_min=0"`
	Ne           string   `json:"ne" conf:"ne=x"`
	NotMatch     string   `json:"not_match" conf:"not_match=^x"`
	MatchAny     string   `json:"match_any" conf:"match_any=^a,^b,"`
	Gt           float64  `json:"gt" conf:"gt=0.5"`
	Err          string   `json:"err" conf:"one_of=a;err=say a"`
}

func TestTypes(t *testing.T) {
	s := schema.Of[typed](schema.Conf("err", `err=say a\; or b`))
	cert, key := selfSigned(t)
	for _, c := range []struct {
		field string
		value any
		want  string
	}{
		{"port", 65535, ""}, {"port", 65536, "value should be between 0 and 65535"}, {"port", -1, "value should be between 0 and 65535"},
		{"port", 1.5, "expected an integer"}, {"port", true, "expected an integer"}, {"port", "80", "expected an integer"},
		{"timeout", 2147483647, "value should be between 0 and 2147483646"},
		{"host", "example.com", ""}, {"host", "example.com.", ""}, {"host", "a_b-c", ""}, {"host", "127.0.0.1", ""}, {"host", "::1", ""}, {"host", "[::1]", ""},
		{"host", "example.com:80", "must not have a port"}, {"host", "127.0.0.1:80", "must not have a port"}, {"host", "[::1]:80", "must not have a port"},
		{"host", "a b", "invalid value: a b"}, {"host", "a..b", "invalid value: a..b"}, {"host", "a-.b", "invalid value: a-.b"}, {"host", "1.2.3.256", "invalid value: 1.2.3.256"},
		{"host", "h:70000", "must not have a port"}, {"host", "1.2.3", "invalid value: 1.2.3"}, {"host", ":::", "invalid value: :::"}, {"host", "/", "invalid value: /"},
		{"host", ":", "invalid value: :"}, {"host", ":80", "invalid value: :80"}, {"host", "[::1", "invalid value: [::1"},
		{"host_with_optional_port", "h:80", ""}, {"host_with_optional_port", "h:70000", "invalid port number"}, {"host_with_optional_port", "x y", "invalid hostname: x y"},
		{"host_with_optional_port", "1.2.3.4:99999999999999999999", "invalid port number"}, {"host_with_optional_port", "1.2.3.4:", "invalid ipv4 address: 1.2.3.4:"},
		{"host_with_optional_port", "[::1]:x", "invalid ipv6 address"}, {"host_with_optional_port", "[::g]", "invalid ipv6 address: [::g]"},
		{"sni", "a.b", ""}, {"sni", "1.2.3.4", "must not be an IP"}, {"sni", "a:1", "must not have a port"}, {"sni", "*.a", "invalid value: *.a"},
		{"wildcard_host", "*.a", ""}, {"wildcard_host", "a.*", ""}, {"wildcard_host", "a.*.b", "wildcard must be leftmost or rightmost character"},
		{"wildcard_host", "*.a.*", "only one wildcard must be specified"},
		{"ip", "1.2.3.4", ""}, {"ip", "1.2.3.4/8", "not an ip address: 1.2.3.4/8"}, {"ip", "fe80::1%eth0", "not an ip address: fe80::1%eth0"},
		{"ip_or_cidr", "1.2.3.4/8", ""}, {"ip_or_cidr", "::/0", ""}, {"ip_or_cidr", "1.2.3.4/33", "invalid ip or cidr range: '1.2.3.4/33'"},
		{"cidr_v4", "1.2.3.4", ""}, {"cidr_v4", "::/0", "invalid ipv4 cidr range: '::/0'"},
		{"path", "/a%20b", ""}, {"path", "a", "should start with: /"}, {"path", "/a//b", "must not have empty segments"},
		{"path", "/a b", "invalid path: '/a b' (characters outside of the reserved list of RFC 3986 found)"},
		{"path", "/a%2", "invalid url-encoded value: '%2'"}, {"path", "/a%zz1", "invalid url-encoded value: '%zz'"},
		{"router_path", "/a b", ""}, {"router_path", "~/a(b)$", ""}, {"router_path", "a", "should start with: / (fixed path) or ~/ (regex path)"},
		{"router_path", "~/a(", `invalid regex: '/a(' (PCRE returned: pcre2_compile() failed: missing closing parenthesis in "/a(")`},
		{"router_path", "/a/../b", "non-normalized path, consider use '/b' instead"}, {"router_path", "/a/./b/", "non-normalized path, consider use '/a/b/' instead"},
		{"router_path", "/%61", "non-normalized path, consider use '/a' instead"}, {"router_path", "/%2f", "non-normalized path, consider use '/%2F' instead"},
		{"router_path", "/a%2", "invalid url-encoded value: '%2'"}, {"router_path", "/a//", "must not have empty segments"}, {"router_path", "/..", "non-normalized path, consider use '/' instead"},
		{"router_host", "*.a:80", ""}, {"router_host", "a.*", ""}, {"router_host", "*.*", "invalid wildcard: must have at most one wildcard"},
		{"router_host", "a*.b", "invalid wildcard: must be placed at leftmost or rightmost label"}, {"router_host", "x y", "invalid hostname: x y"},
		{"url", "http://a/b", ""}, {"url", "a", "missing host in url"}, {"url", "//a", "missing scheme in url"}, {"url", "http://a:b", `could not parse url. invalid port ":b" after host`},
		{"http_method", "GET", ""}, {"http_method", "get", "invalid value: get"},
		{"protocol", "ftp", "expected one of: grpc, grpcs, http, https, tcp, tls, tls_passthrough, udp"},
		{"header_name", "x-A_1", ""}, {"header_name", "a b", "bad header name 'a b', allowed characters are A-Z, a-z, 0-9, '_', and '-'"},
		{"cookie_name", "a!", ""}, {"cookie_name", "a=b", "'a=b' contains one or more invalid characters. ASCII control characters (0-31;127), space, tab and the characters ()<>@,;:\\\"/?={}[] are not allowed."},
		{"name", "a.b-c_d~", ""}, {"name", "é", "invalid value 'é': it must only contain alphanumeric and '., -, _, ~' characters"},
		{"utf8_name", "é", ""}, {"utf8_name", "a b/c", "invalid value 'a b/c': the only accepted ascii characters are alphanumerics or ., -, _, and ~"},
		{"utf8_name", "a\xff", "invalid utf-8 character sequence detected at position 2"},
		{"tags", []any{"a b!", "é", "+-.0~"}, ""}, {"tags", []any{"a", "a,b"}, "[<nil> invalid tag 'a,b': expected printable ascii (except `,` and `/`) or valid utf-8 sequences]"},
		{"tags", []any{"a/b", ""}, "[invalid tag 'a/b': expected printable ascii (except `,` and `/`) or valid utf-8 sequences length must be at least 1]"},
		{"certificate", cert, ""}, {"certificate", "x", "invalid certificate: not in PEM format"}, {"certificate", key, "invalid certificate: "},
		{"key", key, ""}, {"key", "x", "invalid key: not in PEM format"}, {"key", cert, "invalid key: no known format"}, {"key", "{vault://env/key}", ""},
		{"key", "{vault://env/key", "invalid key: not in PEM format"},
		{"regex", "a(", "not a valid regex: a("}, {"regex", "a+", ""},
		{"contains", []string{"b", "a"}, ""}, {"contains", []string{"b"}, "expected to contain: a"}, {"contains", 7, "expected an array"}, {"contains", "a", "expected an array"},
		{"len_eq", "ab", ""}, {"len_eq", "", "length must be 2"}, {"len_max", []int{1, 2, 3}, "length must be at most 2"}, {"len_max", []int{1, 2}, ""},
		{"empty", "", ""}, {"ne", "x", "value must not be x"}, {"ne", "y", ""}, {"not_match", "xy", "invalid value: xy"}, {"match_any", "c", "invalid value: c"},
		{"gt", 0.5, "value must be greater than 0.5"}, {"gt", 1, ""}, {"gt", "1", "expected a number"}, {"err", "c", "say a; or b"}, {"err", 1, "expected a string"},
	} {
		_, errs := s.Process(map[string]any{c.field: c.value}, schema.Options{})
		got := ""
		if errs != nil {
			got = fmt.Sprint(errs[c.field])
		}
		if got != c.want && (!strings.HasSuffix(c.want, ": ") || !strings.HasPrefix(got, c.want)) {
			t.Errorf("%s %#v: %q, want %q", c.field, c.value, got, c.want)
		}
	}
}

func selfSigned(t *testing.T) (cert, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})),
		string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8}))
}

func TestBadTags(t *testing.T) {
	type inner struct {
		A string `json:"a"`
	}
	type twice struct {
		inner
		B string `json:"a"`
	}
	type pointed struct{ *inner }
	type recursive struct {
		A []typed      `json:"a"`
		B map[int]bool `json:"b"`
	}
	for name, c := range map[string]struct {
		of   func()
		want string
	}{
		"unknown word": {func() {
			schema.Of[struct {
				A string `json:"a" conf:"portt"`
			}]()
		}, `conf "portt": unknown word`},
		"unknown assignment": {func() {
			schema.Of[struct {
				A string `json:"a" conf:"defaul=1"`
			}]()
		}, `conf "defaul=1": unknown word`},
		"bad default": {func() {
			schema.Of[struct {
				A int `json:"a" conf:"default=x"`
			}]()
		}, `"x" is no number`},
		"bad pattern": {func() {
			schema.Of[struct {
				A string `json:"a" conf:"match=[a"`
			}]()
		}, "missing ']'"},
		"set of scalar": {func() {
			schema.Of[struct {
				A string `json:"a" conf:"set"`
			}]()
		}, "is no list"},
		"elements of scalar": {func() {
			schema.Of[struct {
				A string `json:"a" conf:"elements.port"`
			}]()
		}, "a string has no elements"},
		"conf without name": {func() {
			schema.Of[struct {
				A string `conf:"port"`
			}]()
		}, "has conf but no json name"},
		"same name": {func() { schema.Of[twice]() }, `has two fields "a"`},
		"keys":      {func() { schema.Of[recursive]() }, "keys of map[int]bool are not strings"},
		"pointer":   {func() { schema.Of[pointed]() }, "embeds a pointer"},
		"no struct": {func() { schema.Of[string]() }, "string is no struct"},
		"channel": {func() {
			schema.Of[struct {
				A chan int `json:"a"`
			}]()
		}, "chan int cannot be decoded"},
		"rule path":    {func() { schema.Of[typed](schema.AtLeastOneOf("prot")) }, `a rule names "prot", which is no field`},
		"condition":    {func() { schema.Of[typed](schema.If("port", "eq=x").Then("host", "required")) }, `"x" is no number`},
		"moved":        {func() { schema.Of[typed](schema.Moved("port", "host", "m", "4.0")) }, "port cannot be a shorthand"},
		"at no record": {func() { schema.Of[typed](schema.At("port")) }, "port is no record"},
		"bad conf":     {func() { schema.Of[typed](schema.Conf("port", "between=1")) }, "two numbers are needed"},
		"bad gt":       {func() { schema.Of[typed](schema.Conf("port", "gt=a")) }, `a number is needed`},
		"bad len":      {func() { schema.Of[typed](schema.Conf("port", "len_min=a")) }, `invalid syntax`},
		"match_any":    {func() { schema.Of[typed](schema.Conf("host", "match_any=a")) }, "after the last comma"},
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if text := fmt.Sprint(recover()); !strings.Contains(text, c.want) {
					t.Errorf("panic %q, want %q", text, c.want)
				}
			}()
			c.of()
		})
	}
}
