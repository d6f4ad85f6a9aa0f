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
	ID                string   `json:"id" conf:"id"`
	CreatedAt         int64    `json:"created_at" conf:"created_at"`
	UpdatedAt         int64    `json:"updated_at" conf:"updated_at"`
	Name              string   `json:"name" conf:"utf8_name" doc:"The name of the service."`
	Retries           int      `json:"retries" conf:"default=5;between=0,32767" doc:"How often a request is tried again when the upstream does not answer."`
	Protocol          string   `json:"protocol" conf:"required;default=http;protocol" doc:"The protocol to speak with the upstream."`
	Host              string   `json:"host" conf:"host;required" doc:"The host of the upstream: a name, an address, or the name of an upstream entity."`
	Port              int      `json:"port" conf:"port;required;default=80" doc:"The port of the upstream."`
	Path              string   `json:"path" conf:"path" doc:"The path that requests to the upstream begin with."`
	ConnectTimeout    int      `json:"connect_timeout" conf:"default=60000;between=1,2147483646" doc:"The time in milliseconds for a connection to the upstream."`
	WriteTimeout      int      `json:"write_timeout" conf:"default=60000;between=1,2147483646" doc:"The time in milliseconds between two writes of a request."`
	ReadTimeout       int      `json:"read_timeout" conf:"default=60000;between=1,2147483646" doc:"The time in milliseconds between two reads of a response."`
	Tags              []string `json:"tags" conf:"tags" doc:"Labels to group and filter by."`
	ClientCertificate *Ref     `json:"client_certificate" conf:"foreign=certificates" doc:"The certificate to show to the upstream."`
	TLSVerify         *bool    `json:"tls_verify" doc:"Whether the certificate of the upstream is verified."`
	TLSVerifyDepth    *int     `json:"tls_verify_depth" conf:"default=null;between=0,64" doc:"How long the chain of the upstream's certificate may be."`
	CACertificates    []string `json:"ca_certificates" conf:"elements.uuid" doc:"The CA certificates, by id, that the upstream's certificate is verified with."`
	Enabled           bool     `json:"enabled" conf:"required;default=true" doc:"Whether the routes of the service are in force."`
}

// Route sends requests to a service.
type Route struct {
	ID                      string              `json:"id" conf:"id"`
	CreatedAt               int64               `json:"created_at" conf:"created_at"`
	UpdatedAt               int64               `json:"updated_at" conf:"updated_at"`
	Name                    string              `json:"name" conf:"utf8_name" doc:"The name of the route."`
	Protocols               []string            `json:"protocols" conf:"set;required;default=http,https;len_min=1;elements.protocol" doc:"The protocols that the route takes."`
	HTTPSRedirectStatusCode int                 `json:"https_redirect_status_code" conf:"required;default=426;one_of=426,301,302,307,308" doc:"The status code of answers to requests that match but for the protocol."`
	StripPath               bool                `json:"strip_path" conf:"required;default=true" doc:"Whether the path that matched is cut off."`
	PreserveHost            bool                `json:"preserve_host" conf:"required;default=false" doc:"Whether the upstream gets the Host of the request."`
	RequestBuffering        bool                `json:"request_buffering" conf:"required;default=true" doc:"Whether request bodies are buffered."`
	ResponseBuffering       bool                `json:"response_buffering" conf:"required;default=true" doc:"Whether response bodies are buffered."`
	Tags                    []string            `json:"tags" conf:"tags" doc:"Labels to group and filter by."`
	Service                 *Ref                `json:"service" conf:"foreign=services" doc:"The service that gets the requests."`
	SNIs                    []string            `json:"snis" conf:"set;elements.wildcard_host" doc:"The server names of TLS that match."`
	Sources                 []Endpoint          `json:"sources" conf:"set" doc:"The addresses of clients that match, for streams."`
	Destinations            []Endpoint          `json:"destinations" conf:"set" doc:"The addresses of ours that match, for streams."`
	Methods                 []string            `json:"methods" conf:"set;elements.http_method" doc:"The methods that match."`
	Hosts                   []string            `json:"hosts" conf:"elements.router_host" doc:"The hosts that match; one label at an edge may be a star."`
	Paths                   []string            `json:"paths" conf:"elements.router_path" doc:"The paths that match: prefixes, or regular expressions after a ~."`
	Headers                 map[string][]string `json:"headers" conf:"keys.header_name" doc:"The header fields that match, and their values."`
	RegexPriority           int                 `json:"regex_priority" conf:"default=0" doc:"Which of several routes with regular expressions comes first: the higher."`
	PathHandling            string              `json:"path_handling" conf:"default=v0;one_of=v0,v1" doc:"How the paths of service and request are joined."`
}

// Endpoint is an address that a stream route matches.
type Endpoint struct {
	IP   string `json:"ip" conf:"ip_or_cidr" doc:"An address or a range of addresses."`
	Port *int   `json:"port" conf:"port" doc:"A port."`
}

// Consumer is a client of the gateway.
type Consumer struct {
	ID        string   `json:"id" conf:"id"`
	CreatedAt int64    `json:"created_at" conf:"created_at"`
	UpdatedAt int64    `json:"updated_at" conf:"updated_at"`
	Username  string   `json:"username" conf:"unique" doc:"The name of the consumer. It needs this or a custom_id."`
	CustomID  string   `json:"custom_id" conf:"unique" doc:"The id that the consumer has elsewhere."`
	Tags      []string `json:"tags" conf:"tags" doc:"Labels to group and filter by."`
}

// Plugin is a configuration of a plugin, for everything or for a service, route, consumer or consumer group.
type Plugin struct {
	ID           string `json:"id" conf:"id"`
	Name         string `json:"name" conf:"required" doc:"The name of the plugin."`
	InstanceName string `json:"instance_name" conf:"utf8_name" doc:"A name for this configuration of it."`
	CreatedAt    int64  `json:"created_at" conf:"created_at"`
	UpdatedAt    int64  `json:"updated_at" conf:"updated_at"`
	Route        *Ref   `json:"route" conf:"foreign=routes;on_delete=cascade;default=null" doc:"The only route that it works for."`
	Service      *Ref   `json:"service" conf:"foreign=services;on_delete=cascade;default=null" doc:"The only service that it works for."`
	Consumer     *Ref   `json:"consumer" conf:"foreign=consumers;on_delete=cascade;default=null" doc:"The only consumer that it works for."`
	// ConsumerGroup is no field of Kong's free edition: documents, and what /schemas shows, are without it where it is not set.
	ConsumerGroup *Ref `json:"consumer_group" conf:"foreign=consumer_groups;on_delete=cascade;default=null;hidden" doc:"The only consumer group that it works for."`

	Config    map[string]any `json:"config" conf:"abstract" doc:"What the plugin is set to."` // a processed document
	Protocols []string       `json:"protocols" conf:"protocols" doc:"The protocols of requests that it works for."`
	Enabled   bool           `json:"enabled" conf:"required;default=true" doc:"Whether the plugin works."`
	Tags      []string       `json:"tags" conf:"tags" doc:"Labels to group and filter by."`
}

// Target is an address behind an upstream.
type Target struct {
	ID        string   `json:"id" conf:"id"`
	CreatedAt float64  `json:"created_at" conf:"created_at"`
	UpdatedAt float64  `json:"updated_at" conf:"updated_at"`
	Upstream  *Ref     `json:"upstream" conf:"foreign=upstreams;required;on_delete=cascade" doc:"The upstream that the target belongs to."`
	Target    string   `json:"target" conf:"required" doc:"The address: a host and a port."` // stored with its port
	Weight    int      `json:"weight" conf:"default=100;between=0,65535" doc:"The share of requests that the target gets, relative to the others."`
	Tags      []string `json:"tags" conf:"tags" doc:"Labels to group and filter by."`
}

// Certificate is a TLS certificate with its key, in PEM; the Alt pair has another key type.
type Certificate struct {
	ID        string   `json:"id" conf:"id"`
	CreatedAt int64    `json:"created_at" conf:"created_at"`
	UpdatedAt int64    `json:"updated_at" conf:"updated_at"`
	Cert      string   `json:"cert" conf:"required;referenceable" doc:"The certificate and its chain, in PEM."`
	Key       string   `json:"key" conf:"required;referenceable;encrypted" doc:"The private key, in PEM."`
	CertAlt   string   `json:"cert_alt" conf:"optional;referenceable" doc:"A certificate with another type of key."`
	KeyAlt    string   `json:"key_alt" conf:"optional;referenceable;encrypted" doc:"The private key of cert_alt."`
	Tags      []string `json:"tags" conf:"tags" doc:"Labels to group and filter by."`
	// SNIs are the names of SNI entities as input gives them; stored documents are without.
	SNIs []string `json:"snis" conf:"optional;transient;elements.wildcard_host" doc:"The server names that the certificate is for."`
}

// SNI binds a server name to a certificate.
type SNI struct {
	ID          string   `json:"id" conf:"id"`
	Name        string   `json:"name" conf:"wildcard_host;required;unique;unique_across_ws" doc:"The server name; its first or last character may be a star."`
	CreatedAt   int64    `json:"created_at" conf:"created_at"`
	UpdatedAt   int64    `json:"updated_at" conf:"updated_at"`
	Tags        []string `json:"tags" conf:"tags" doc:"Labels to group and filter by."`
	Certificate *Ref     `json:"certificate" conf:"foreign=certificates;required" doc:"The certificate to show to clients."`
}

// CACertificate is a certificate that upstreams may be verified with.
type CACertificate struct {
	ID         string   `json:"id" conf:"id"`
	CreatedAt  int64    `json:"created_at" conf:"created_at"`
	UpdatedAt  int64    `json:"updated_at" conf:"updated_at"`
	Cert       string   `json:"cert" conf:"required" doc:"The certificate, in PEM."`
	CertDigest string   `json:"cert_digest" conf:"unique" doc:"The SHA-256 of the certificate, in hex."`
	Tags       []string `json:"tags" conf:"tags" doc:"Labels to group and filter by."`
}
