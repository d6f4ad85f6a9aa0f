package entity

import (
	"errors"
	"unicode/utf8"

	"github.com/gibbon-gateway/gibbon/schema"
)

// Upstream is a balanced group of targets. Intervals and timeouts are in seconds.
type Upstream struct {
	ID                   string       `json:"id" conf:"id"`
	CreatedAt            int64        `json:"created_at" conf:"created_at"`
	Name                 string       `json:"name" conf:"required;unique" doc:"The name of the upstream, which services use as their host."`
	UpdatedAt            int64        `json:"updated_at" conf:"updated_at"`
	Algorithm            string       `json:"algorithm" conf:"default=round-robin;one_of=consistent-hashing,least-connections,round-robin,latency" doc:"How a target is chosen."`
	HashOn               string       `json:"hash_on" conf:"default=none;one_of=none,consumer,ip,header,cookie,path,query_arg,uri_capture" doc:"What of a request consistent hashing hashes."`
	HashFallback         string       `json:"hash_fallback" conf:"default=none;one_of=none,consumer,ip,header,cookie,path,query_arg,uri_capture" doc:"What it hashes when that is missing."`
	HashOnHeader         string       `json:"hash_on_header" conf:"header_name" doc:"The header field to hash."`
	HashFallbackHeader   string       `json:"hash_fallback_header" conf:"header_name" doc:"The header field to hash instead."`
	HashOnCookie         string       `json:"hash_on_cookie" conf:"cookie_name" doc:"The cookie to hash."`
	HashOnCookiePath     string       `json:"hash_on_cookie_path" conf:"path;default=/" doc:"The path of the cookie when it has to be set."`
	HashOnQueryArg       string       `json:"hash_on_query_arg" conf:"len_min=1" doc:"The query argument to hash."`
	HashFallbackQueryArg string       `json:"hash_fallback_query_arg" conf:"len_min=1" doc:"The query argument to hash instead."`
	HashOnURICapture     string       `json:"hash_on_uri_capture" conf:"len_min=1" doc:"The group of the route's path to hash."`
	HashFallbackCapture  string       `json:"hash_fallback_uri_capture" conf:"len_min=1" doc:"The group of the route's path to hash instead."`
	Slots                int          `json:"slots" conf:"default=10000;between=10,65536" doc:"The number of slots of consistent hashing."`
	Healthchecks         Healthchecks `json:"healthchecks" conf:"required" doc:"How targets are found healthy or not."`
	Tags                 []string     `json:"tags" conf:"tags" doc:"Labels to group and filter by."`
	HostHeader           string       `json:"host_header" conf:"host_with_optional_port" doc:"The Host that targets get."`
	ClientCertificate    *Ref         `json:"client_certificate" conf:"foreign=certificates" doc:"The certificate to show to targets."`
	UseSRVName           bool         `json:"use_srv_name" conf:"default=false" doc:"Whether targets get the name of their SRV record as Host."`
}

// Healthchecks of an upstream.
type Healthchecks struct {
	Active    ActiveCheck  `json:"active" conf:"required" doc:"Requests of our own that probe targets."`
	Passive   PassiveCheck `json:"passive" conf:"required" doc:"What is learned from the requests of clients."`
	Threshold float64      `json:"threshold" conf:"default=0;between=0,100" doc:"The share of weight, in percent, that has to be healthy for the upstream to be."`
}

// ActiveCheck probes targets.
type ActiveCheck struct {
	Headers                map[string][]string `json:"headers" conf:"optional;keys.header_name" doc:"Header fields of the probes."`
	Concurrency            int                 `json:"concurrency" conf:"default=10;between=1,2147483648" doc:"How many targets are probed at a time."`
	Healthy                Healthy             `json:"healthy" conf:"required" doc:"What makes a target healthy."`
	Unhealthy              Unhealthy           `json:"unhealthy" conf:"required" doc:"What makes a target unhealthy."`
	HTTPPath               string              `json:"http_path" conf:"path;default=/" doc:"The path to ask for."`
	HTTPSSNI               string              `json:"https_sni" conf:"optional;sni" doc:"The server name of TLS."`
	HTTPSVerifyCertificate bool                `json:"https_verify_certificate" conf:"required;default=true" doc:"Whether the certificate of the target is verified."`
	Type                   string              `json:"type" conf:"default=http;one_of=tcp,http,https,grpc,grpcs" doc:"How a target is probed."`
	Timeout                float64             `json:"timeout" conf:"default=1;between=0,65535" doc:"The time for a probe in seconds."`
}

// Healthy says what makes a probed target healthy.
type Healthy struct {
	Interval     float64 `json:"interval" conf:"default=0;between=0,65535" doc:"The time in seconds between probes of a healthy target; 0 probes none."`
	Successes    int     `json:"successes" conf:"default=0;between=0,255" doc:"How many successes make it healthy; 0 means that they do not."`
	HTTPStatuses []int   `json:"http_statuses" conf:"default=200,302;elements.between=100,999" doc:"The status codes that are successes."`
}

// Unhealthy says what makes a probed target unhealthy.
type Unhealthy struct {
	Timeouts     int     `json:"timeouts" conf:"default=0;between=0,255" doc:"How many timeouts make it unhealthy; 0 means that they do not."`
	HTTPFailures int     `json:"http_failures" conf:"default=0;between=0,255" doc:"How many status codes of http_statuses make it unhealthy; 0 means that they do not."`
	Interval     float64 `json:"interval" conf:"default=0;between=0,65535" doc:"The time in seconds between probes of an unhealthy target; 0 probes none."`
	HTTPStatuses []int   `json:"http_statuses" conf:"default=429,404,500,501,502,503,504,505;elements.between=100,999" doc:"The status codes that are failures."`
	TCPFailures  int     `json:"tcp_failures" conf:"default=0;between=0,255" doc:"How many failed connections make it unhealthy; 0 means that they do not."`
}

// PassiveCheck watches proxied requests.
type PassiveCheck struct {
	Healthy   PassiveHealthy   `json:"healthy" conf:"required" doc:"What makes a target healthy."`
	Unhealthy PassiveUnhealthy `json:"unhealthy" conf:"required" doc:"What makes a target unhealthy."`
	Type      string           `json:"type" conf:"default=http;one_of=tcp,http,https,grpc,grpcs" doc:"What is watched."`
}

// PassiveHealthy says what proxied requests make a target healthy.
type PassiveHealthy struct {
	Successes    int   `json:"successes" conf:"default=0;between=0,255" doc:"How many successes make it healthy; 0 means that they do not."`
	HTTPStatuses []int `json:"http_statuses" conf:"default=200,201,202,203,204,205,206,207,208,226,300,301,302,303,304,305,306,307,308;elements.between=100,999" doc:"The status codes that are successes."`
}

// PassiveUnhealthy says what proxied requests make a target unhealthy.
type PassiveUnhealthy struct {
	Timeouts     int   `json:"timeouts" conf:"default=0;between=0,255" doc:"How many timeouts make it unhealthy; 0 means that they do not."`
	HTTPFailures int   `json:"http_failures" conf:"default=0;between=0,255" doc:"How many status codes of http_statuses make it unhealthy; 0 means that they do not."`
	HTTPStatuses []int `json:"http_statuses" conf:"default=429,500,503;elements.between=100,999" doc:"The status codes that are failures."`
	TCPFailures  int   `json:"tcp_failures" conf:"default=0;between=0,255" doc:"How many failed connections make it unhealthy; 0 means that they do not."`
}

// The defaults of health checks, which Kong also tells for the records as a whole.
const (
	activeHealthy   = `{"interval":0,"successes":0,"http_statuses":[200,302]}`
	activeUnhealthy = `{"interval":0,"http_statuses":[429,404,500,501,502,503,504,505],"tcp_failures":0,"timeouts":0,"http_failures":0}`
	activeCheck     = `{"type":"http","timeout":1,"concurrency":10,"http_path":"/","https_verify_certificate":true,"healthy":` +
		activeHealthy + `,"unhealthy":` + activeUnhealthy + `}`
	passiveHealthy   = `{"successes":0,"http_statuses":[200,201,202,203,204,205,206,207,208,226,300,301,302,303,304,305,306,307,308]}`
	passiveUnhealthy = `{"http_statuses":[429,500,503],"tcp_failures":0,"timeouts":0,"http_failures":0}`
	passiveCheck     = `{"type":"http","healthy":` + passiveHealthy + `,"unhealthy":` + passiveUnhealthy + `}`
)

func upstreamSchema() *schema.Schema {
	rules := []schema.Rule{
		schema.Conf("healthchecks", `default={"active":`+activeCheck+`,"passive":`+passiveCheck+`}`),
		schema.Conf("healthchecks.active", "default="+activeCheck),
		schema.Conf("healthchecks.active.healthy", "default="+activeHealthy),
		schema.Conf("healthchecks.active.unhealthy", "default="+activeUnhealthy),
		schema.Conf("healthchecks.passive", "default="+passiveCheck),
		schema.Conf("healthchecks.passive.healthy", "default="+passiveHealthy),
		schema.Conf("healthchecks.passive.unhealthy", "default="+passiveUnhealthy),
		schema.CheckField("name", checkUpstreamName),
	}
	need := func(field, value, other string) {
		rules = append(rules, schema.If(field, "match=^"+value+"$").Then(other, "required"))
	}
	fallback := func(value, one string) {
		rules = append(rules, schema.If("hash_on", "match=^"+value+"$").Then("hash_fallback", "one_of="+one))
	}
	need("hash_on", "header", "hash_on_header")
	need("hash_fallback", "header", "hash_fallback_header")
	need("hash_on", "cookie", "hash_on_cookie")
	need("hash_fallback", "cookie", "hash_on_cookie")
	fallback("none", "none")
	fallback("cookie", "none")
	fallback("consumer", "none,ip,header,cookie,path,query_arg,uri_capture")
	fallback("ip", "none,consumer,header,cookie,path,query_arg,uri_capture")
	fallback("path", "none,consumer,header,cookie,query_arg,ip,uri_capture")
	rules = append(rules, schema.Distinct("hash_on_header", "hash_fallback_header"))
	need("hash_on", "query_arg", "hash_on_query_arg")
	need("hash_fallback", "query_arg", "hash_fallback_query_arg")
	rules = append(rules, schema.Distinct("hash_on_query_arg", "hash_fallback_query_arg"))
	need("hash_on", "uri_capture", "hash_on_uri_capture")
	need("hash_fallback", "uri_capture", "hash_fallback_uri_capture")
	rules = append(rules, schema.Distinct("hash_on_uri_capture", "hash_fallback_uri_capture"))
	return schema.Of[Upstream](rules...)
}

// coupleHashing makes algorithm and hash_on agree, as Kong does: algorithms that do not hash take hash_on back, hash_on
// asks for an algorithm.
func coupleHashing(doc map[string]any, o schema.Options) schema.Errors {
	errs := schema.Errors{}
	for _, field := range []string{"algorithm", "hash_on"} {
		if v, ok := doc[field]; ok && v != nil && !isString(v) {
			errs[field] = "expected a string"
		}
	}
	if len(errs) > 0 {
		return errs
	}
	if doc["algorithm"] == "least-connections" || doc["algorithm"] == "latency" {
		doc["hash_on"] = nil
	}
	switch on, ok := doc["hash_on"]; {
	case ok && on == nil:
		doc["hash_on"] = "none"
	case ok && on == "none":
		doc["algorithm"] = "round-robin"
	case ok:
		doc["algorithm"] = "consistent-hashing"
	}
	return nil
}

// checkUpstreamName wants a hostname.
func checkUpstreamName(v any) error {
	name, _ := v.(string)
	shown := "Invalid name"
	if utf8.ValidString(name) {
		shown += " ('" + name + "')"
	}
	a, err := parseAddress(name)
	switch {
	case err != nil:
		return errors.New(shown + "; must be a valid hostname")
	case a.kind != hostname:
		return errors.New(shown + "; no ip addresses allowed")
	case a.port >= 0:
		return errors.New(shown + "; no port allowed")
	}
	return nil
}
