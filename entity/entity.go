// Package entity holds the nouns: services, routes, consumers, … as plain structs, the table of their kinds, and Set, all
// entities at one version. Kind describes a kind of entity: names, schema, unique fields, references. The package does not
// store anything.
package entity

// Ref is a reference to another entity.
type Ref struct {
	ID string `json:"id"`
}

// Service is an upstream API. Timeouts are in milliseconds.
type Service struct {
	ID, Name, Protocol, Host, Path            string
	Port, Retries                             int
	ConnectTimeout, WriteTimeout, ReadTimeout int
	Tags                                      []string
	ClientCertificate                         *Ref
	TLSVerify                                 *bool
	TLSVerifyDepth                            *int
	CACertificates                            []string
	Enabled                                   bool
	CreatedAt, UpdatedAt                      int64
}

// Route sends requests to a service.
type Route struct {
	ID, Name                               string
	Protocols, Methods, Hosts, Paths, SNIs []string
	Headers                                map[string][]string
	Sources, Destinations                  []Endpoint
	HTTPSRedirectStatusCode, RegexPriority int
	StripPath, PreserveHost                bool
	RequestBuffering, ResponseBuffering    bool
	PathHandling                           string
	Tags                                   []string
	Service                                *Ref
	CreatedAt, UpdatedAt                   int64
}

// Endpoint is an address that a stream route matches.
type Endpoint struct {
	IP   string
	Port *int
}

// Consumer is a client of the gateway.
type Consumer struct {
	ID, Username, CustomID string
	Tags                   []string
	CreatedAt, UpdatedAt   int64
}

// Plugin is a configuration of a plugin, for everything or for a service, route or consumer.
type Plugin struct {
	ID, Name, InstanceName   string
	Route, Service, Consumer *Ref
	Config                   map[string]any // a processed document
	Protocols                []string
	Enabled                  bool
	Tags                     []string
	CreatedAt, UpdatedAt     int64
}

// Target is an address behind an upstream.
type Target struct {
	ID                   string
	Upstream             *Ref
	Target               string // host:port
	Weight               int
	Tags                 []string
	CreatedAt, UpdatedAt float64
}

// Certificate is a TLS certificate with its key, in PEM; the Alt pair has another key type.
type Certificate struct {
	ID, Cert, Key, CertAlt, KeyAlt string
	Tags                           []string
	CreatedAt, UpdatedAt           int64
}

// SNI binds a server name to a certificate.
type SNI struct {
	ID, Name             string
	Certificate          *Ref
	Tags                 []string
	CreatedAt, UpdatedAt int64
}

// CACertificate is a certificate that upstreams may be verified with.
type CACertificate struct {
	ID, Cert, CertDigest string
	Tags                 []string
	CreatedAt, UpdatedAt int64
}

// KeyAuthCredential is a consumer's API key.
type KeyAuthCredential struct {
	ID        string
	Consumer  *Ref
	Key       string
	TTL       *int64
	Tags      []string
	CreatedAt int64
}
