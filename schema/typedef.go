package schema

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"
)

// typedefs are conf words that stand for Kong's types of the same name:
//
//	port timeout                        numbers from 0 to 65535; milliseconds below 2^31-1
//	host host_with_optional_port        a name or an address
//	sni wildcard_host                   a name that is no address; with at most one wildcard, at an end
//	ip ip_or_cidr cidr_v4               addresses and networks
//	path router_path router_host        of services; of routes: also regular expressions (Go's), wildcards
//	url http_method protocol            a URL with scheme and host; upper-case letters; http, tls, …
//	header_name cookie_name             names that HTTP allows
//	name utf8_name tag utf8             names of entities (unique), tags (required), valid UTF-8
//	certificate key                     PEM
//	id created_at updated_at            what all entities have
//	tags protocols                      of entities: sets
var typedefs map[string]func(f *Field) error

func init() {
	conf := func(words string, custom ...func(string) error) func(*Field) error {
		return func(f *Field) error {
			for _, c := range custom {
				f.checkText(c)
			}
			return f.apply(words)
		}
	}
	const segments = "match_none=//,must not have empty segments"
	typedefs = map[string]func(*Field) error{
		"port":                    conf("between=0,65535"),
		"timeout":                 conf("between=0,2147483646"),
		"host":                    conf("", checkHost),
		"host_with_optional_port": conf("", func(s string) error { _, err := parseHost(s); return err }),
		"sni":                     conf("", checkSNI),
		"wildcard_host":           conf("", checkWildcardHost),
		"ip":                      conf("", checkIP),
		"ip_or_cidr":              conf("", checkIPOrCIDR),
		"cidr_v4":                 conf("", checkCIDRv4),
		"path":                    conf("starts_with=/;"+segments, checkPath),
		"router_path": conf("match_any=^/,^~/,should start with: / (fixed path) or ~/ (regex path);"+segments,
			checkRouterPath),
		"router_host": conf("match_all=^[^*]*%*?[^*]*$,invalid wildcard: must have at most one wildcard;"+
			"match_any=^%*%.,%.%*$,^[^*]*$,invalid wildcard: must be placed at leftmost or rightmost label",
			func(s string) error { _, err := parseHost(strings.ReplaceAll(s, "*", "abc")); return err }),
		"url":         conf("", checkURL),
		"http_method": conf("match=^%u+$"),
		"protocol":    conf("one_of=grpc,grpcs,http,https,tcp,tls,tls_passthrough,udp"),
		"header_name": conf("", checkHeaderName),
		"cookie_name": conf("", checkToken),
		"name":        conf("unique", checkName),
		"utf8_name":   conf("unique", checkUTF8, checkUTF8Name),
		"utf8":        conf("", checkUTF8),
		"tag":         conf("required", checkUTF8, checkTag),
		"certificate": conf("", checkCertificate),
		"key":         conf("", checkKey),
		"id":          conf("uuid;auto"),
		"created_at":  conf("auto;timestamp"),
		"updated_at":  conf("auto;timestamp"),
		"tags":        conf("set;elements.tag"),
		"protocols":   conf("set;required;default=grpc,grpcs,http,https;elements.protocol"),
	}
}

func (f *Field) checkText(c func(string) error) {
	f.custom = append(f.custom, func(v any) error {
		if s, ok := v.(string); ok {
			return c(s)
		}
		return nil
	})
}

// host is a parsed host: of kind ipv4, ipv6 or name, with a port or -1.
type host struct {
	kind string
	port int
}

var errPort = errors.New("invalid port number")

// parseHost reads a name or an address, with or without port. What it accepts, and its errors, are Kong's.
func parseHost(s string) (host, error) {
	switch {
	case strings.Count(s, ":") > 1:
		return parseIPv6(s)
	case strings.Trim(strings.ReplaceAll(s, ":", ""), "0123456789.") == "" && s != "" && s != ":":
		return parseIPv4(s)
	}
	return parseName(s)
}

func parsePort(s string) (int, error) {
	n, err := strconv.ParseUint(s, 10, 32)
	if err != nil && !errors.Is(err, strconv.ErrRange) {
		return 0, err
	}
	if err != nil || n > 65535 {
		return 0, errPort
	}
	return int(n), nil
}

func parseIPv4(s string) (host, error) {
	h := host{"ipv4", -1}
	invalid := fmt.Errorf("invalid ipv4 address: %s", s)
	addr, port, hasPort := strings.Cut(s, ":")
	parts := strings.Split(addr, ".")
	if len(parts) != 4 || hasPort && port == "" {
		return h, invalid
	}
	for _, p := range parts {
		if n, err := strconv.Atoi(p); err != nil || len(p) > 3 || n > 255 {
			return h, invalid
		}
	}
	if !hasPort {
		return h, nil
	}
	n, err := parsePort(port)
	switch {
	case errors.Is(err, errPort):
		return h, err
	case err != nil:
		return h, invalid
	}
	h.port = n
	return h, nil
}

func parseIPv6(s string) (host, error) {
	h := host{"ipv6", -1}
	addr := s
	if rest, ok := strings.CutPrefix(s, "["); ok {
		in, after, closed := strings.Cut(rest, "]")
		if closed {
			addr = in
		}
		if after != "" {
			port, ok := strings.CutPrefix(after, ":")
			n, err := parsePort(port)
			switch {
			case !ok || err != nil && !errors.Is(err, errPort):
				return h, errors.New("invalid ipv6 address")
			case err != nil:
				return h, err
			}
			h.port = n
		}
	}
	if ip, err := netip.ParseAddr(addr); err != nil || !ip.Is6() || ip.Zone() != "" || strings.Contains(addr, ".") {
		return h, fmt.Errorf("invalid ipv6 address: %s", s)
	}
	return h, nil
}

var (
	hostnameChars = mustPattern("^[%d%a%-%.%_]+$")
	endsInPort    = mustPattern(":%d+$")
)

func parseName(s string) (host, error) {
	h := host{"name", -1}
	invalid := fmt.Errorf("invalid hostname: %s", s)
	name := s
	if endsInPort.match(s) {
		at := strings.LastIndexByte(s, ':')
		n, err := parsePort(s[at+1:])
		if err != nil {
			return h, err
		}
		name, h.port = s[:at], n
	}
	if !hostnameChars.match(name) {
		return h, invalid
	}
	labels := strings.Split(name, ".")
	for i, l := range labels {
		if strings.HasSuffix(l, "-") || l == "" && i < len(labels)-1 {
			return h, invalid
		}
	}
	return h, nil
}

func checkHost(s string) error {
	h, err := parseHost(s)
	if err != nil && !errors.Is(err, errPort) {
		return fmt.Errorf("invalid value: %s", s)
	}
	if err != nil || h.port >= 0 {
		return errors.New("must not have a port")
	}
	return nil
}

func checkSNI(s string) error {
	h, err := parseHost(s)
	switch {
	case err != nil && !errors.Is(err, errPort):
		return fmt.Errorf("invalid value: %s", s)
	case err == nil && h.kind != "name":
		return errors.New("must not be an IP")
	case err != nil || h.port >= 0:
		return errors.New("must not have a port")
	}
	return nil
}

func checkWildcardHost(s string) error {
	if at := strings.IndexByte(s, '*'); at >= 0 {
		if at != 0 && at != len(s)-1 {
			return errors.New("wildcard must be leftmost or rightmost character")
		}
		if strings.Count(s, "*") > 1 {
			return errors.New("only one wildcard must be specified")
		}
		s = strings.Replace(s, "*", "wildcard", 1)
	}
	return checkSNI(s)
}

func isIP(s string) bool {
	ip, err := netip.ParseAddr(s)
	return err == nil && ip.Zone() == ""
}

func isCIDR(s string) bool {
	_, err := netip.ParsePrefix(s)
	return err == nil
}

func checkIP(s string) error {
	if !isIP(s) {
		return fmt.Errorf("not an ip address: %s", s)
	}
	return nil
}

func checkIPOrCIDR(s string) error {
	if !isIP(s) && !isCIDR(s) {
		return fmt.Errorf("invalid ip or cidr range: '%s'", s)
	}
	return nil
}

func checkCIDRv4(s string) error {
	if !isIP(s) && !isCIDR(s) || strings.Contains(s, ":") {
		return fmt.Errorf("invalid ipv4 cidr range: '%s'", s)
	}
	return nil
}

func checkURL(s string) error {
	u, err := url.Parse(s)
	if err != nil {
		return fmt.Errorf("could not parse url. %w", errors.Unwrap(err))
	}
	switch {
	case u.Hostname() == "":
		return errors.New("missing host in url")
	case u.Scheme == "":
		return errors.New("missing scheme in url")
	}
	return nil
}

var headerChars, tokenChars, nameChars, utf8NameChars, tagChars = mustPattern("^[%w_-]+$"), mustPattern("^[%w!#$%%&'*+.^_`|~-]+$"),
	mustPattern("^[%w%.%-%_~]+$"), mustPattern("^[%w%.%-%_~\x80-\xf4]+$"), mustPattern("^[ !-+\x2d\x2e\x30-\x7e\x80-\xf4]+$")

func checkHeaderName(s string) error {
	if !headerChars.match(s) {
		return fmt.Errorf("bad header name '%s', allowed characters are A-Z, a-z, 0-9, '_', and '-'", s)
	}
	return nil
}

func checkToken(s string) error {
	if !tokenChars.match(s) {
		//lint:ignore ST1005 the text is Kong's
		return fmt.Errorf("'%s' contains one or more invalid characters. ASCII control characters (0-31;127), space, tab and the "+
			"characters ()<>@,;:\\\"/?={}[] are not allowed.", s)
	}
	return nil
}

func checkName(s string) error {
	if !nameChars.match(s) {
		return fmt.Errorf("invalid value '%s': it must only contain alphanumeric and '., -, _, ~' characters", s)
	}
	return nil
}

func checkUTF8(s string) error {
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && n == 1 {
			return fmt.Errorf("invalid utf-8 character sequence detected at position %d", i+1)
		}
		i += n
	}
	return nil
}

func checkUTF8Name(s string) error {
	if !utf8NameChars.match(s) {
		return fmt.Errorf("invalid value '%s': the only accepted ascii characters are alphanumerics or ., -, _, and ~", s)
	}
	return nil
}

func checkTag(s string) error {
	if !tagChars.match(s) {
		return fmt.Errorf("invalid tag '%s': expected printable ascii (except `,` and `/`) or valid utf-8 sequences", s)
	}
	return nil
}

func checkCertificate(s string) error {
	block, _ := pem.Decode([]byte(s))
	if block == nil {
		return errors.New("invalid certificate: not in PEM format")
	}
	if _, err := x509.ParseCertificate(block.Bytes); err != nil {
		return fmt.Errorf("invalid certificate: %w", err)
	}
	return nil
}

func checkKey(s string) error {
	block, _ := pem.Decode([]byte(s))
	if block == nil {
		return errors.New("invalid key: not in PEM format")
	}
	for _, parse := range []func() error{
		func() error { _, err := x509.ParsePKCS8PrivateKey(block.Bytes); return err },
		func() error { _, err := x509.ParsePKCS1PrivateKey(block.Bytes); return err },
		func() error { _, err := x509.ParseECPrivateKey(block.Bytes); return err },
		func() error { _, err := x509.ParsePKIXPublicKey(block.Bytes); return err },
		func() error { _, err := x509.ParsePKCS1PublicKey(block.Bytes); return err },
	} {
		if parse() == nil {
			return nil
		}
	}
	return errors.New("invalid key: no known format")
}
