package ratelimiting

import (
	"fmt"

	"github.com/gibbon-gateway/gibbon/schema"
)

type config struct {
	Second            float64     `json:"second" conf:"gt=0" doc:"The number of HTTP requests that can be made per second."`
	Minute            float64     `json:"minute" conf:"gt=0" doc:"The number of HTTP requests that can be made per minute."`
	Hour              float64     `json:"hour" conf:"gt=0" doc:"The number of HTTP requests that can be made per hour."`
	Day               float64     `json:"day" conf:"gt=0" doc:"The number of HTTP requests that can be made per day."`
	Month             float64     `json:"month" conf:"gt=0" doc:"The number of HTTP requests that can be made per month."`
	Year              float64     `json:"year" conf:"gt=0" doc:"The number of HTTP requests that can be made per year."`
	LimitBy           string      `json:"limit_by" conf:"default=consumer;one_of=consumer,credential,ip,service,header,path" doc:"What requests are counted by. Where it is not there (no consumer, no such header, another path), the client's IP address is used."`
	HeaderName        string      `json:"header_name" conf:"header_name" doc:"The header to count by, with limit_by 'header'."`
	Path              string      `json:"path" conf:"path" doc:"The path to count by, with limit_by 'path'."`
	Policy            string      `json:"policy" conf:"default=local;len_min=0;one_of=local,cluster,redis" doc:"Where counters are kept: by each node for itself in memory, in the database of the gateway, or in Redis."`
	FaultTolerant     bool        `json:"fault_tolerant" conf:"required;default=true" doc:"Whether requests pass, without limit and without headers, while the counters cannot be reached. If false they are answered with 500."`
	Redis             redisConfig `json:"redis" conf:"required" doc:"How to reach Redis, for policy 'redis'."`
	HideClientHeaders bool        `json:"hide_client_headers" conf:"required;default=false" doc:"Leaves out the headers that tell clients their limits."`
	ErrorCode         float64     `json:"error_code" conf:"default=429;gt=0" doc:"The status of the answer to requests over the limit."`
	ErrorMessage      string      `json:"error_message" conf:"default=API rate limit exceeded" doc:"The message of the answer to requests over the limit."`
	SyncRate          float64     `json:"sync_rate" conf:"required;default=-1" doc:"How often counters are exchanged with Redis, in seconds, for policy 'redis'. With -1 or 0 each request counts there, and exactly the limit passes."`
}

type redisConfig struct {
	Host       string `json:"host" conf:"host" doc:"A host name or an IP address."`
	Port       int    `json:"port" conf:"default=6379;between=0,65535" doc:"A port."`
	Timeout    int    `json:"timeout" conf:"default=2000;between=0,2147483646" doc:"How long to wait for Redis, in milliseconds."`
	Username   string `json:"username" conf:"referenceable" doc:"The user, with Redis 6 or newer."`
	Password   string `json:"password" conf:"encrypted;referenceable;len_min=0" doc:"The password; none means no authentication."`
	Database   int    `json:"database" conf:"default=0" doc:"The number of the database."`
	SSL        bool   `json:"ssl" conf:"optional;default=false" doc:"Whether to use TLS."`
	SSLVerify  bool   `json:"ssl_verify" conf:"optional;default=false" doc:"Whether to verify the certificate of Redis."`
	ServerName string `json:"server_name" conf:"optional;sni" doc:"The name to ask for in TLS."`
}

// rules are the checks of several fields, and the names that fields had before.
func rules() []schema.Rule {
	rules := []schema.Rule{
		schema.AtLeastOneOf(periodNames[:]...),
		schema.If("policy", "eq=redis").Then("redis.host", "required"),
		schema.If("policy", "eq=redis").Then("redis.port", "required"),
		schema.If("policy", "eq=redis").Then("redis.timeout", "required"),
		schema.If("limit_by", "eq=header").Then("header_name", "required"),
		schema.If("limit_by", "eq=path").Then("path", "required"),
		schema.CheckRecord(checkConfig),
	}
	for _, name := range []string{"host", "port", "password", "username", "ssl", "ssl_verify", "server_name", "timeout", "database"} {
		var conf []string
		if name == "password" {
			conf = []string{"len_min=0"}
		}
		rules = append(rules, schema.Moved("redis_"+name, "redis."+name,
			"rate-limiting: config.redis_"+name+" is deprecated, please use config.redis."+name+" instead", "4.0", conf...))
	}
	return rules
}

// limits returns the limit of each period; 0 is none.
func (c *config) limits() [periods]float64 {
	return [periods]float64{c.Second, c.Minute, c.Hour, c.Day, c.Month, c.Year}
}

// number reads a number of a document, which may be null or of the wrong type.
func number(v any) (float64, bool) {
	switch n := v.(type) {
	case float64:
		return n, true
	case int64:
		return float64(n), true
	case interface{ Float64() (float64, error) }:
		f, err := n.Float64()
		return f, err == nil
	}
	return 0, false
}

// checkConfig checks what concerns several fields, in Kong's words.
func checkConfig(c map[string]any) error {
	for i, lower := range periodNames {
		low, ok := number(c[lower])
		if !ok {
			continue
		}
		for _, upper := range periodNames[i+1:] {
			if up, ok := number(c[upper]); ok && up < low {
				//lint:ignore ST1005 clients know the text from Kong
				return fmt.Errorf("The limit for %s(%.1f) cannot be lower than the limit for %s(%.1f)", upper, up, lower, low)
			}
		}
	}
	rate, ok := number(c["sync_rate"])
	switch {
	case !ok || rate == -1:
	case c["policy"] != "redis":
		return fmt.Errorf("sync_rate can only be used with the redis policy")
	case rate != 0 && rate < 0.02: // Kong refuses 0
		return fmt.Errorf("sync_rate must be greater than 0.02, or -1 to disable")
	}
	return nil
}
