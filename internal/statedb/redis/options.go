package redis

import (
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"time"

	"github.com/redis/rueidis"
)

// Options say where Redis is and how to talk to it.
type Options struct {
	// Addresses are host:port. One is the server. With Master they are Sentinels, with Cluster some of its nodes.
	Addresses []string
	Cluster   bool
	Master    string // the name that the Sentinels watch the master under

	Username, Password                 string
	SentinelUsername, SentinelPassword string // of the Sentinels
	Database                           int    // not with Cluster

	TLS        bool
	SkipVerify bool           // do not verify the certificate of the server
	ServerName string         // what the certificate is for; defaults to the host
	RootCAs    *x509.CertPool // nil means those of the system

	// Timeout limits every call and every try to connect. It defaults to a second.
	Timeout time.Duration
	// Prefix stands before all keys. It defaults to "gibbon:", and has no braces.
	Prefix string
	// Log gets a line when Redis goes away and when it is back. Nil logs nothing.
	Log *slog.Logger
}

// defaultPrefix stands before keys unless told otherwise.
const defaultPrefix = "gibbon:"

func (o *Options) prefix() string { return cmp.Or(o.Prefix, defaultPrefix) }

func (o *Options) timeout() time.Duration { return cmp.Or(o.Timeout, time.Second) }

// check returns what is wrong with the options.
func (o *Options) check() error {
	var errs []error
	bad := func(format string, a ...any) { errs = append(errs, fmt.Errorf("redis: "+format, a...)) }
	for _, a := range o.Addresses {
		if host, port, err := net.SplitHostPort(a); err != nil || host == "" || port == "" {
			bad("address %q is not host:port", a)
		}
	}
	switch {
	case len(o.Addresses) == 0:
		bad("no address")
	case o.Cluster && o.Master != "":
		bad("it is a cluster or watched by Sentinels, not both")
	case len(o.Addresses) > 1 && !o.Cluster && o.Master == "":
		bad("%d addresses, but it is neither a cluster nor watched by Sentinels", len(o.Addresses))
	}
	if o.Database < 0 || o.Database > 0 && o.Cluster {
		bad("database %d cannot be chosen", o.Database)
	}
	if o.Timeout < 0 {
		bad("timeout %s is negative", o.Timeout)
	}
	if strings.ContainsAny(o.Prefix, "{}") {
		bad("prefix %q has a brace", o.Prefix)
	}
	return errors.Join(errs...)
}

// client returns the options as the driver wants them.
func (o *Options) client() (rueidis.ClientOption, error) {
	if err := o.check(); err != nil {
		return rueidis.ClientOption{}, err
	}
	c := rueidis.ClientOption{
		InitAddress:       o.Addresses,
		Username:          o.Username,
		Password:          o.Password,
		ClientName:        "gibbon",
		SelectDB:          o.Database,
		ForceSingleClient: !o.Cluster && o.Master == "",
		Sentinel: rueidis.SentinelOption{
			MasterSet: o.Master, Username: o.SentinelUsername, Password: o.SentinelPassword,
			TopologyRefreshInterval: 5 * time.Second,
		},
		ConnWriteTimeout: o.timeout(),
		// Nothing is tried twice: the caller learns at once, and link looks after the server.
		DisableRetry:        true,
		DisableCache:        true,
		ReadBufferEachConn:  64 << 10,
		WriteBufferEachConn: 64 << 10,
		PipelineMultiplex:   1,
	}
	c.ClusterOption = rueidis.ClusterOption{MaxMovedRedirections: 5, ShardsRefreshInterval: 10 * time.Second}
	c.Dialer.Timeout = o.timeout()
	c.Dialer.KeepAlive = time.Second // idle connections are tried so often
	c.Sentinel.Dialer = c.Dialer
	if o.TLS {
		c.TLSConfig = o.tls()
		c.Sentinel.TLSConfig = c.TLSConfig
	}
	return c, nil
}

func (o *Options) tls() *tls.Config {
	return &tls.Config{
		MinVersion:         tls.VersionTLS12,
		ServerName:         o.ServerName,
		RootCAs:            o.RootCAs,
		InsecureSkipVerify: o.SkipVerify, // the operator's choice
	}
}
