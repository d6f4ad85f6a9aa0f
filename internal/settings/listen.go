package settings

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// Listener is one address of a *_listen setting with its flags, as in Kong's "0.0.0.0:8443 ssl reuseport backlog=16384".
type Listener struct {
	Network   string // "tcp" or "unix"
	Host      string // IP address or host name without brackets; "" for unix
	Port      int    // 0 to 65535; 0 asks the system for a free port
	Path      string // of a unix socket
	TLS       bool   // flag ssl
	HTTP2     bool   // flag http2
	ReusePort bool   // flag reuseport
	Backlog   int    // flag backlog=n; 0 means the system's default
	Text      string // as written
}

// Address returns what net.Listen takes.
func (l Listener) Address() string {
	if l.Network == "unix" {
		return l.Path
	}
	return net.JoinHostPort(l.Host, strconv.Itoa(l.Port))
}

// Loopback reports whether only this machine can reach the address.
func (l Listener) Loopback() bool {
	if l.Network == "unix" || l.Host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(l.Host)
	return err == nil && ip.IsLoopback()
}

// Flags of nginx that say how the kernel treats the socket. They are accepted; Go's listeners need none of them.
var inertFlags = []string{"deferred", "bind", "fastopen", "default_server", "setfib", "rcvbuf", "sndbuf"}

// parseListen reads the value of a *_listen setting: addresses separated by commas, each with flags; "off" is none.
func parseListen(value string) ([]Listener, error) {
	value = strings.TrimSpace(value)
	if value == "" || value == "off" {
		return nil, nil
	}
	var all []Listener
	for _, item := range strings.Split(value, ",") {
		fields := strings.Fields(item)
		if len(fields) == 0 {
			return nil, fmt.Errorf("has an empty address")
		}
		l, err := parseAddress(fields[0])
		if err != nil {
			return nil, err
		}
		l.Text = strings.Join(fields, " ")
		for _, flag := range fields[1:] {
			if err := l.flag(flag); err != nil {
				return nil, err
			}
		}
		if l.Network == "tcp" && l.Port != 0 && slices.ContainsFunc(all, func(o Listener) bool {
			return o.Host == l.Host && o.Port == l.Port && o.Network == "tcp"
		}) {
			return nil, fmt.Errorf("names %s twice", l.Address())
		}
		all = append(all, l)
	}
	return all, nil
}

func parseAddress(text string) (Listener, error) {
	if path, ok := strings.CutPrefix(text, "unix:"); ok {
		if path == "" {
			return Listener{}, fmt.Errorf("unix: needs a path")
		}
		return Listener{Network: "unix", Path: path}, nil
	}
	host, port, err := net.SplitHostPort(text)
	if err != nil {
		return Listener{}, fmt.Errorf("must be of form: [off] | <ip>:<port> [ssl] [http2] [reuseport] [backlog=n], … ; got %q", text)
	}
	n, err := strconv.Atoi(port)
	if err != nil || n < 0 || n > 65535 {
		return Listener{}, fmt.Errorf("%q: port must be a number from 0 to 65535", text)
	}
	if host == "" {
		host = "0.0.0.0"
	}
	if _, err := netip.ParseAddr(host); err != nil && strings.ContainsAny(host, ":[]/ ") {
		return Listener{}, fmt.Errorf("%q: %q is no IP address or host name", text, host)
	}
	return Listener{Network: "tcp", Host: host, Port: n}, nil
}

func (l *Listener) flag(flag string) error {
	name, value, valued := strings.Cut(flag, "=")
	switch {
	case flag == "ssl":
		l.TLS = true
	case flag == "http2":
		l.HTTP2 = true
	case flag == "reuseport":
		l.ReusePort = true
	case name == "backlog" && valued:
		n, err := strconv.Atoi(value)
		if err != nil || n < 1 {
			return fmt.Errorf("%q: backlog must be a positive number", flag)
		}
		l.Backlog = n
	case (name == "ipv6only" || name == "so_keepalive") && valued:
	case slices.Contains(inertFlags, name):
	case flag == "proxy_protocol", flag == "udp":
		return fmt.Errorf("flag %q is not supported", flag)
	default:
		return fmt.Errorf("unknown flag %q; known are ssl, http2, reuseport, backlog=n", flag)
	}
	return nil
}
