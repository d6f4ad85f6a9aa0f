package entity

import (
	"errors"
	"strconv"
	"strings"
)

// addressKind says what an address looks like.
type addressKind int

const (
	hostname addressKind = iota
	ipv4
	ipv6
)

// address is a host, and a port or -1.
type address struct {
	kind addressKind
	host string // IPv4 without leading zeros, IPv6 with all its digits and no brackets, names as written
	port int
}

// errPort is returned for a port over 65535.
var errPort = errors.New("invalid port number")

// parseAddress reads what Kong takes for an address: a name, an IPv4 address or an IPv6 address in brackets, each with or
// without a port, or an IPv6 address alone. Kong decides by the look of the text what it is; so does this.
func parseAddress(s string) (address, error) {
	switch colons := strings.Count(s, ":"); {
	case colons > 1:
		return parseIPv6(s)
	case strings.Trim(s, "0123456789.:") == "" && strings.Trim(s, ":") != "":
		return parseIPv4(s)
	}
	return parseName(s)
}

func parseIPv4(s string) (address, error) {
	bad := errors.New("invalid ipv4 address: " + s)
	host, port, err := cutPort(s)
	if err == errPort {
		return address{}, err
	}
	parts := strings.Split(host, ".")
	if err != nil || len(parts) != 4 {
		return address{}, bad
	}
	for i, part := range parts {
		n, err := strconv.ParseUint(part, 10, 8)
		if err != nil || len(part) > 3 {
			return address{}, bad
		}
		parts[i] = strconv.FormatUint(n, 10)
	}
	return address{ipv4, strings.Join(parts, "."), port}, nil
}

func parseIPv6(s string) (address, error) {
	bad := errors.New("invalid ipv6 address: " + s)
	host, port := s, -1
	if rest, ok := strings.CutPrefix(s, "["); ok {
		inner, tail, ok := strings.Cut(rest, "]")
		if !ok {
			return address{}, bad
		}
		host = inner
		if tail != "" {
			var err error
			var before string
			if before, port, err = cutPort(tail); err == errPort {
				return address{}, err
			} else if err != nil || before != "" || port < 0 {
				return address{}, bad
			}
		}
	}
	groups, ok := expandIPv6(host)
	if !ok {
		return address{}, bad
	}
	return address{ipv6, strings.Join(groups, ":"), port}, nil
}

// expandIPv6 returns the eight groups of an address with four digits each.
func expandIPv6(s string) ([]string, bool) {
	head, tail, short := strings.Cut(s, "::")
	var groups []string
	if head != "" {
		groups = strings.Split(head, ":")
	}
	if short {
		var last []string
		if tail != "" {
			last = strings.Split(tail, ":")
		}
		if len(groups)+len(last) > 7 {
			return nil, false
		}
		for len(groups)+len(last) < 8 {
			groups = append(groups, "0")
		}
		groups = append(groups, last...)
	}
	if len(groups) != 8 {
		return nil, false
	}
	for i, g := range groups {
		if _, err := strconv.ParseUint(g, 16, 16); err != nil || len(g) > 4 {
			return nil, false
		}
		groups[i] = strings.ToLower("0000"[len(g):] + g)
	}
	return groups, true
}

func parseName(s string) (address, error) {
	bad := errors.New("invalid hostname: " + s)
	host, port, err := cutPort(s)
	if err == errPort {
		return address{}, err
	}
	if err != nil || host == "" {
		return address{}, bad
	}
	for _, c := range []byte(host) {
		if !isAlnum(c) && c != '-' && c != '.' && c != '_' {
			return address{}, bad
		}
	}
	labels := strings.Split(host, ".")
	for i, label := range labels {
		if strings.HasSuffix(label, "-") || label == "" && i != len(labels)-1 {
			return address{}, bad
		}
	}
	return address{hostname, host, port}, nil
}

// cutPort cuts off a colon and the digits behind it. The port is -1 if there is no colon.
func cutPort(s string) (host string, port int, err error) {
	i := strings.LastIndexByte(s, ':')
	if i < 0 {
		return s, -1, nil
	}
	digits := s[i+1:]
	if digits == "" || strings.Trim(digits, "0123456789") != "" {
		return "", 0, errors.New("no port")
	}
	if port, err = strconv.Atoi(digits); err != nil || port > 65535 {
		return "", 0, errPort
	}
	return s[:i], port, nil
}

// withPort writes the address with its port, or with the one given if it has none.
func (a address) withPort(port int) string {
	if a.port >= 0 {
		port = a.port
	}
	if a.kind == ipv6 {
		return "[" + a.host + "]:" + strconv.Itoa(port)
	}
	return a.host + ":" + strconv.Itoa(port)
}

func isAlnum(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

func isString(v any) bool {
	_, ok := v.(string)
	return ok
}
