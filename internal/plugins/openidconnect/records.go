package openidconnect

import "github.com/gibbon-gateway/gibbon/internal/kongredis"

// jwkRecord is a JSON Web Key (RFC 7517) of the client.
type jwkRecord struct {
	Issuer  string   `json:"issuer" doc:"Who the key is for."`
	Kty     string   `json:"kty" doc:"The type of key."`
	Use     string   `json:"use" doc:"What the key is for."`
	KeyOps  []string `json:"key_ops" doc:"What the key may do."`
	Alg     string   `json:"alg" doc:"The algorithm of the key."`
	Kid     string   `json:"kid" doc:"The id of the key."`
	X5U     string   `json:"x5u" doc:"Where the certificate is."`
	X5C     []string `json:"x5c" doc:"The certificates."`
	X5T     string   `json:"x5t" doc:"The SHA-1 thumbprint of the certificate."`
	X5TS256 string   `json:"x5t#S256" doc:"The SHA-256 thumbprint of the certificate."`
	K       string   `json:"k" conf:"referenceable;encrypted" doc:"A shared secret."`
	N       string   `json:"n" doc:"RSA: the modulus."`
	E       string   `json:"e" doc:"RSA: the public exponent."`
	D       string   `json:"d" conf:"referenceable;encrypted" doc:"The private exponent or key."`
	P       string   `json:"p" conf:"referenceable;encrypted" doc:"RSA: the first prime."`
	Q       string   `json:"q" conf:"referenceable;encrypted" doc:"RSA: the second prime."`
	DP      string   `json:"dp" conf:"referenceable;encrypted" doc:"RSA: the first exponent."`
	DQ      string   `json:"dq" conf:"referenceable;encrypted" doc:"RSA: the second exponent."`
	QI      string   `json:"qi" conf:"referenceable;encrypted" doc:"RSA: the coefficient."`
	Oth     string   `json:"oth" conf:"referenceable;encrypted" doc:"RSA: further primes."`
	R       string   `json:"r" conf:"referenceable;encrypted" doc:"RSA: a further prime."`
	T       string   `json:"t" conf:"referenceable;encrypted" doc:"RSA: the coefficient of a further prime."`
	Crv     string   `json:"crv" doc:"The curve."`
	X       string   `json:"x" doc:"The x coordinate, or the public key."`
	Y       string   `json:"y" doc:"The y coordinate."`
}

// claimHeader sends a claim as a header.
type claimHeader struct {
	Header string   `json:"header" conf:"required" doc:"The name of the header."`
	Path   []string `json:"path" conf:"required;len_min=1" doc:"The path of the claim."`
}

// redisRecord says how to reach Redis.
type redisRecord struct {
	kongredis.Server
	SSL                 bool   `json:"ssl" conf:"default=false" doc:"Whether to use TLS."`
	SSLVerify           bool   `json:"ssl_verify" conf:"default=true" doc:"Whether to verify the certificate of Redis."`
	ServerName          string `json:"server_name" conf:"referenceable" doc:"The name to ask for in TLS."`
	ConnectionIsProxied bool   `json:"connection_is_proxied" conf:"default=false" doc:"Accepted without effect."`
	kongredis.Fleet
	CloudAuthentication *cloudAuthentication `json:"cloud_authentication" doc:"Logins of cloud vendors. Cannot be used here."`
}

// sessionRedis is redisRecord with what sessions add.
type sessionRedis struct {
	redisRecord
	Prefix string `json:"prefix" doc:"What keys begin with."`
	Socket string `json:"socket" doc:"The path of a unix socket, instead of a host."`
}

type cloudAuthentication struct {
	AuthProvider         string `json:"auth_provider" conf:"one_of=aws,gcp,azure;referenceable" doc:"The vendor."`
	AWSCacheName         string `json:"aws_cache_name" conf:"referenceable" doc:"AWS: the name of the cache."`
	AWSRegion            string `json:"aws_region" conf:"referenceable" doc:"AWS: the region."`
	AWSIsServerless      bool   `json:"aws_is_serverless" conf:"default=true" doc:"AWS: whether the cache is serverless."`
	AWSAccessKeyID       string `json:"aws_access_key_id" conf:"referenceable;encrypted" doc:"AWS: the access key."`
	AWSSecretAccessKey   string `json:"aws_secret_access_key" conf:"referenceable;encrypted" doc:"AWS: the secret key."`
	AWSAssumeRoleARN     string `json:"aws_assume_role_arn" conf:"referenceable;encrypted" doc:"AWS: the role."`
	AWSRoleSessionName   string `json:"aws_role_session_name" conf:"referenceable;encrypted" doc:"AWS: the session of the role."`
	AzureClientID        string `json:"azure_client_id" conf:"referenceable;encrypted" doc:"Azure: the client."`
	AzureClientSecret    string `json:"azure_client_secret" conf:"referenceable;encrypted" doc:"Azure: its secret."`
	AzureTenantID        string `json:"azure_tenant_id" conf:"referenceable;encrypted" doc:"Azure: the tenant."`
	GCPServiceAccountKey string `json:"gcp_service_account_json" conf:"referenceable;encrypted" doc:"GCP: the service account."`
}

// tokenExchange says which tokens of other issuers are exchanged for one of ours (RFC 8693).
type tokenExchange struct {
	SubjectTokenIssuers []subjectIssuer  `json:"subject_token_issuers" conf:"required;len_min=1" doc:"Whose tokens are exchanged."`
	Request             *exchangeRequest `json:"request" doc:"What is asked for."`
	Cache               *exchangeCache   `json:"cache" doc:"How long exchanged tokens are kept."`
}

type subjectIssuer struct {
	Issuer          string              `json:"issuer" conf:"required" doc:"The issuer of the tokens."`
	VerifySignature bool                `json:"verify_signature" conf:"default=false" doc:"Whether the signature is verified here before the exchange."`
	JWKSURI         string              `json:"jwks_uri" doc:"The keys of the issuer; unset: discovered."`
	Conditions      *exchangeConditions `json:"conditions" doc:"When a token is exchanged."`
}

type exchangeConditions struct {
	HasAudience     []string `json:"has_audience" doc:"The token is for one of these."`
	MissingAudience []string `json:"missing_audience" doc:"The token is for none of these."`
	HasScopes       []string `json:"has_scopes" doc:"The token has one of these scopes."`
	MissingScopes   []string `json:"missing_scopes" doc:"The token has none of these scopes."`
}

type exchangeRequest struct {
	Scopes        []string `json:"scopes" doc:"Scopes to ask for, instead of config.scopes."`
	Audience      []string `json:"audience" doc:"Audiences to ask for, instead of config.audience."`
	EmptyScopes   bool     `json:"empty_scopes" conf:"default=false" doc:"Ask for no scope."`
	EmptyAudience bool     `json:"empty_audience" conf:"default=false" doc:"Ask for no audience."`
}

type exchangeCache struct {
	Enabled bool `json:"enabled" conf:"default=true" doc:"Whether exchanged tokens are kept."`
	TTL     *int `json:"ttl" doc:"How long at most, in seconds; a shorter lifetime of the token wins."`
}

// headerCertificate says how a proxy in front passes a client's certificate.
type headerCertificate struct {
	CertificateHeaderName   string   `json:"certificate_header_name" conf:"required" doc:"The header."`
	CertificateHeaderFormat string   `json:"certificate_header_format" conf:"default=url_encoded;one_of=url_encoded,base64_encoded" doc:"How the certificate is written."`
	CACertificates          []string `json:"ca_certificates" conf:"required;len_min=1;elements.uuid" doc:"Ids of CA certificates that it has to come from."`
	AllowPartialChain       bool     `json:"allow_partial_chain" conf:"default=false" doc:"Whether an intermediate certificate suffices."`
	SecureSource            bool     `json:"secure_source" conf:"default=true" doc:"Whether only peers in trusted_ips may send the header."`
	RevocationCheckMode     string   `json:"revocation_check_mode" conf:"default=IGNORE_CA_ERROR;one_of=SKIP,IGNORE_CA_ERROR,STRICT" doc:"Accepted; revocation is not checked, so that STRICT is refused."`
	CertCacheTTL            int      `json:"cert_cache_ttl" conf:"default=60000" doc:"Accepted without effect."`
	HTTPTimeout             int      `json:"http_timeout" conf:"default=30000" doc:"Accepted without effect."`
	SSLVerify               bool     `json:"ssl_verify" conf:"default=true" doc:"Accepted without effect."`
	HTTPProxyHost           string   `json:"http_proxy_host" doc:"Accepted without effect."`
	HTTPProxyPort           *int     `json:"http_proxy_port" doc:"Accepted without effect."`
	HTTPSProxyHost          string   `json:"https_proxy_host" doc:"Accepted without effect."`
	HTTPSProxyPort          *int     `json:"https_proxy_port" doc:"Accepted without effect."`
}

type principals struct {
	Enabled             bool     `json:"enabled" conf:"default=false" doc:"Cannot be true here."`
	Directory           string   `json:"directory" conf:"default=default" doc:"Accepted without effect."`
	PrincipalClaim      []string `json:"principal_claim" doc:"Accepted without effect."`
	PrincipalBy         string   `json:"principal_by" doc:"Accepted without effect."`
	MatchConsumer       bool     `json:"match_consumer" conf:"default=true" doc:"Accepted without effect."`
	MatchConsumerGroups bool     `json:"match_consumer_groups" conf:"default=true" doc:"Accepted without effect."`
	ErrorOnMiss         bool     `json:"error_on_miss" conf:"default=true" doc:"Accepted without effect."`
}
