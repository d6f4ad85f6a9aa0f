package plugin

import (
	"crypto/tls"
	"net/url"
	"strconv"
	"strings"

	"github.com/gibbon-gateway/gibbon/entity"
	"github.com/gibbon-gateway/gibbon/header"
)

// LogEntry is what Kong's log plugins send of a request: kong.log.serialize(), with its names.
type LogEntry struct {
	Request             LogRequest       `json:"request"`
	UpstreamURI         string           `json:"upstream_uri"`              // path and query; "" if no upstream was asked
	UpstreamStatus      string           `json:"upstream_status,omitempty"` // of the last one that answered
	Response            LogResponse      `json:"response"`
	Latencies           LogLatencies     `json:"latencies"`
	Tries               []LogTry         `json:"tries"`
	AuthenticatedEntity *LogCredential   `json:"authenticated_entity,omitempty"`
	Route               *entity.Route    `json:"route,omitempty"`
	Service             *entity.Service  `json:"service,omitempty"`
	Consumer            *entity.Consumer `json:"consumer,omitempty"`
	ClientIP            string           `json:"client_ip"`
	StartedAt           int64            `json:"started_at"` // in milliseconds since 1970
	Source              string           `json:"source"`     // of the response: "upstream" or "kong"
	WorkspaceName       string           `json:"workspace_name"`
}

// LogRequest is the request as plugins have left it.
type LogRequest struct {
	ID          string         `json:"id"`
	URI         string         `json:"uri"` // the target as received
	URL         string         `json:"url"`
	QueryString map[string]any `json:"querystring"` // a text, a list of texts, or true for an argument without value
	Method      string         `json:"method"`
	Headers     map[string]any `json:"headers"` // by lower-case name: a text or a list of texts; Authorization is "REDACTED"
	Size        int64          `json:"size"`    // of the body, in bytes
	TLS         *LogTLS        `json:"tls,omitempty"`
}

// LogTLS is the client's connection.
type LogTLS struct {
	Version      string `json:"version"` // "TLSv1.3"
	Cipher       string `json:"cipher"`
	ClientVerify string `json:"client_verify"` // "NONE", or "SUCCESS" when there is a verified certificate
}

// LogResponse is what the client got.
type LogResponse struct {
	Status  int            `json:"status"`
	Headers map[string]any `json:"headers"`
	Size    int64          `json:"size"` // in bytes, head included
}

// LogLatencies are in milliseconds.
type LogLatencies struct {
	Kong    int64 `json:"kong"`    // of the gateway
	Proxy   int64 `json:"proxy"`   // until the upstream's response head; -1 if none was asked
	Request int64 `json:"request"` // from the first byte read until the last one sent
	Receive int64 `json:"receive"` // of the response behind its head
}

// LogTry is the last address that was asked. Kong tells all; Outcome.Tries says how many there were.
type LogTry struct {
	IP   string `json:"ip"`
	Port int    `json:"port"`
}

// LogCredential is what the consumer was identified by.
type LogCredential struct {
	ID         string `json:"id"`
	ConsumerID string `json:"consumer_id,omitempty"`
}

// LogEntry returns what log plugins tell of the exchange. It is called by a Recorder; the entry shares nothing with the exchange and may be
// kept. Entities in it must not be changed.
func (x *Exchange) LogEntry() *LogEntry {
	o := &x.Outcome
	e := &LogEntry{
		Request: LogRequest{ID: x.RequestID(), URI: string(x.Request.Target), Method: x.Request.Method, QueryString: arguments(x.Request.query),
			Headers: fields(&x.Request.Header), Size: o.Received, TLS: logTLS(x.Client.TLS)},
		UpstreamURI: string(o.Target),
		Response:    LogResponse{Status: x.Response.Status, Headers: fields(&x.Response.Header), Size: o.Sent},
		Latencies:   LogLatencies{Kong: o.Gateway.Milliseconds(), Proxy: -1, Request: o.Total.Milliseconds()},
		Tries:       []LogTry{}, Route: x.Route, Service: x.Service, Consumer: x.Consumer,
		ClientIP: x.Client.IP.String(), StartedAt: x.Started.UnixMilli(), Source: "kong", WorkspaceName: "default",
	}
	e.Request.URL = x.Client.ForwardedScheme + "://" + x.Client.ForwardedHost + ":" + strconv.Itoa(x.Client.ForwardedPort) + e.Request.URI
	if x.Request.Host != "" {
		e.Request.Headers["host"] = x.Request.Host
	}
	if x.Response.FromUpstream {
		e.Source = "upstream"
	}
	if o.Tries > 0 {
		e.Latencies.Proxy = o.Upstream.Milliseconds()
		e.Latencies.Receive = max(o.Total-o.Gateway-o.Upstream, 0).Milliseconds()
		e.Tries = append(e.Tries, LogTry{o.Address.Addr().String(), int(o.Address.Port())})
	}
	if o.Status > 0 {
		e.UpstreamStatus = strconv.Itoa(o.Status)
	}
	if x.Credential.ID != "" {
		e.AuthenticatedEntity = &LogCredential{x.Credential.ID, x.Credential.ConsumerID}
	}
	return e
}

// fields returns header fields by lower-case name. What signs a client in is not told.
func fields(f *header.Fields) map[string]any {
	out := make(map[string]any, f.Len())
	for name, value := range f.All() {
		key := strings.ToLower(string(name))
		if key == "authorization" || key == "proxy-authorization" {
			out[key] = "REDACTED"
			continue
		}
		add(out, key, string(value))
	}
	return out
}

// arguments returns those of a query.
func arguments(query []byte) map[string]any {
	out := map[string]any{}
	for pair := range strings.SplitSeq(string(query), "&") {
		if pair == "" {
			continue
		}
		name, value, has := strings.Cut(pair, "=")
		if text, err := url.QueryUnescape(name); err == nil {
			name = text
		}
		if !has {
			add(out, name, true)
			continue
		}
		if text, err := url.QueryUnescape(value); err == nil {
			value = text
		}
		add(out, name, value)
	}
	return out
}

// add makes a list of values with the same name.
func add(to map[string]any, name string, value any) {
	switch old := to[name].(type) {
	case nil:
		to[name] = value
	case []any:
		to[name] = append(old, value)
	default:
		to[name] = []any{old, value}
	}
}

func logTLS(s *tls.ConnectionState) *LogTLS {
	if s == nil {
		return nil
	}
	t := &LogTLS{Version: strings.Replace(tls.VersionName(s.Version), "TLS ", "TLSv", 1), Cipher: tls.CipherSuiteName(s.CipherSuite), ClientVerify: "NONE"}
	if len(s.VerifiedChains) > 0 {
		t.ClientVerify = "SUCCESS"
	}
	return t
}
