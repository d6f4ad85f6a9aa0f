package plan

import "github.com/gibbon-gateway/gibbon/entity"

// Weighted is a backend with its share of the requests.
type Weighted struct {
	Weight  int      `json:"weight"`
	Backend *Backend `json:"backend,omitempty"`
	// Invalid is why there is no Backend: its share of the requests is answered with 500.
	Invalid string `json:"invalid,omitempty"`
	// Filters are for the requests of this backend alone, after those of the rule: header edits and rewrites.
	Filters []Filter `json:"filters,omitempty"`
}

// Backend is where requests are sent, and how. Rules share backends. Those of equal ID share connections from one snapshot to the next.
type Backend struct {
	ID     string `json:"id"`
	Origin Origin `json:"origin"`
	// Protocol is http, https, grpc, grpcs, or h2c: HTTP/2 without TLS.
	Protocol string `json:"protocol"`
	Host     string `json:"host,omitempty"` // name or address; with a Pool it is not asked
	Port     int    `json:"port,omitempty"`
	Path     string `json:"path,omitempty"` // that upstream paths begin with
	Pool     string `json:"pool,omitempty"` // ID of the Config's pool that has the addresses; "": those of Host
	TLS      *TLS   `json:"tls,omitempty"`  // for https and grpcs
	// Connect, Write and Read bound the waiting of one try: for the connection, between two writes, between two reads. Zero is 60 s.
	Connect Duration `json:"connect_timeout,omitempty"`
	Write   Duration `json:"write_timeout,omitempty"`
	Read    Duration `json:"read_timeout,omitempty"`
	Tries   int      `json:"tries"` // at most; at least 1
	// Service is what plugins see as the exchange's service. Without one they see a service of the backend's ID, protocol, host and port.
	Service *entity.Service `json:"-"`
}

// TLS says how connections to a backend are secured.
type TLS struct {
	// ServerName is asked for and verified; "" means the name of the Host field that is sent.
	ServerName string `json:"server_name,omitempty"`
	Verify     *bool  `json:"verify,omitempty"` // nil: as the gateway's settings say
	Depth      *int   `json:"depth,omitempty"`  // certificates between leaf and root at most; nil: any number
	// CACertificates and ClientCertificate are ids of entities of the Config's set.
	CACertificates    []string `json:"ca_certificates,omitempty"`
	ClientCertificate string   `json:"client_certificate,omitempty"`
}

// Pool is a set of addresses that share requests. Pools of equal ID are one, from one snapshot to the next.
type Pool struct {
	ID         string `json:"id"`
	Origin     Origin `json:"origin"`
	Name       string `json:"name,omitempty"`
	HostHeader string `json:"host_header,omitempty"` // Host field to send; "" means that of the address
	// ClientCertificate is the id of the certificate entity for backends that name none.
	ClientCertificate string   `json:"client_certificate,omitempty"`
	Targets           []Target `json:"targets,omitempty"`
}

// Target is a place of a pool.
type Target struct {
	Target string `json:"target"` // host:port
	Weight int    `json:"weight"` // 0 to 65535; 0 gets no requests
}

// Config is all that a snapshot is built from. It does not change.
type Config struct {
	// Set holds consumers, credentials, plugins and certificates.
	Set   *entity.Set
	Rules []*Rule
	// Pools are there whether a rule uses them or not.
	Pools []*Pool

	memory *memory // of Translate
}

// Status is a rule and what became of it.
type Status struct {
	*Rule
	Programmed bool   `json:"programmed"`
	Reason     string `json:"reason,omitempty"` // why it is not
}
