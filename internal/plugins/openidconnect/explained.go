package openidconnect

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/gibbon-gateway/gibbon/header"
	"github.com/gibbon-gateway/gibbon/plugin"
)

// explanation is the answer of /openid-connect/explain.
type explanation struct {
	Plugin  string         `json:"plugin"` // id of the configuration
	Issuer  string         `json:"issuer"`
	Route   *named         `json:"route"`
	Service *named         `json:"service"`
	Method  string         `json:"method"`
	URL     string         `json:"url"` // without query
	Steps   []explainedWhy `json:"steps"`
	// LetIn: the request would go on to the upstream.
	LetIn bool `json:"let_in"`
	// Status is what the client would get; null where that is the upstream's.
	Status  *int   `json:"status"`
	Message string `json:"message,omitempty"`

	Consumer  *named           `json:"consumer"`
	Groups    []string         `json:"consumer_groups"`
	Upstream  []explainedField `json:"upstream_headers"` // those that the upstream would see
	Response  []explainedField `json:"response_headers"` // those that this plugin adds or answers with
	Claims    map[string]any   `json:"claims"`
	Anonymous bool             `json:"anonymous"`
}

type named struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

type explainedWhy struct {
	Check   string             `json:"check"`
	Outcome plugin.StepOutcome `json:"outcome"`
	Detail  string             `json:"detail"`
	Field   string             `json:"field"`
	AtMS    float64            `json:"at_ms"` // milliseconds since the request began
}

type explainedField struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// explained says what came of a trial.
func explained(t *plugin.Trial, p *relyingParty, x *plugin.Exchange, failed error, token string) *explanation {
	e := &explanation{Plugin: t.ID, Method: x.Request.Method, URL: origin(x) + string(x.Request.Path), LetIn: !plugin.Drive(x).Exited(),
		Groups: []string{}, Upstream: []explainedField{}, Response: []explainedField{}}
	if t.Route != nil {
		e.Route = &named{t.Route.ID, t.Route.Name}
	}
	if t.Service != nil {
		e.Service = &named{t.Service.ID, t.Service.Name}
	}
	if failed != nil {
		t.Trace.Check("plugin", "", failed, "")
	}
	if e.LetIn && t.Route != nil && t.Service == nil {
		t.Trace.Note("upstream", "", "the route has no service: the gateway answers by itself")
		status := 503
		e.Status = &status
	}
	if !e.LetIn {
		e.Status, e.Message = &x.Response.Status, messageOf(x)
	}
	for _, s := range t.Trace.Steps() {
		e.Steps = append(e.Steps, explainedWhy{s.Check, s.Outcome, s.Detail, s.Field, float64(s.At.Microseconds()) / 1000})
	}
	e.Claims = withoutSecrets(claimsOf(token))
	if p == nil {
		return e
	}
	e.Issuer = p.issuer.Name()
	shown := shownFields(&p.config)
	e.Response = redacted(&x.Response.Header, nil, shown)
	if !e.LetIn {
		return e
	}
	e.Upstream = redacted(&x.Request.Header, &t.Header, shown)
	if x.Consumer != nil {
		e.Consumer, e.Anonymous = &named{x.Consumer.ID, x.Consumer.Username}, x.Credential == plugin.Credential{}
		if e.Consumer.Name == "" {
			e.Consumer.Name = x.Consumer.CustomID
		}
	}
	groups := x.ConsumerGroups
	if groups == nil && x.Consumer != nil {
		groups = p.env.Find.Entities().ConsumerGroupsOf(x.Consumer.ID)
	}
	for _, g := range groups {
		e.Groups = append(e.Groups, g.Name)
	}
	if docs, ok := x.Shared(plugin.TokenClaims).(tokenClaims); ok {
		e.Claims = docs.merged()
	}
	return e
}

// merged returns the claims of all documents; those of the first that has them count.
func (t tokenClaims) merged() map[string]any {
	all := map[string]any{}
	for _, doc := range slices.Backward(t) {
		maps.Copy(all, withoutSecrets(doc))
	}
	return all
}

// withoutSecrets leaves out what claims hold that lets somebody in: access tokens and signed claims of other providers.
func withoutSecrets(claims map[string]any) map[string]any {
	sources, there := claims["_claim_sources"].(map[string]any)
	if !there {
		return claims
	}
	masked := map[string]any{}
	for name, s := range sources {
		source, _ := s.(map[string]any)
		shown := map[string]any{}
		for field, value := range source {
			if shown[field] = value; field != "endpoint" {
				shown[field] = "***"
			}
		}
		masked[name] = shown
	}
	claims = maps.Clone(claims)
	claims["_claim_sources"] = masked
	return claims
}

// messageOf returns what an error says to the client. Other answers, which may hold tokens, are not shown.
func messageOf(x *plugin.Exchange) string {
	var body struct{ Message string }
	if x.Response.Status < 400 || json.Unmarshal(x.Response.Body(), &body) != nil {
		return ""
	}
	return body.Message
}

// shownFields are the fields whose values are no secrets: they say who the client is, in lower case.
func shownFields(c *config) map[string]bool {
	shown := map[string]bool{"x-authenticated-groups": true, "www-authenticate": true, "content-type": true, "cache-control": true, "dpop-nonce": true,
		"grpc-status": true, "grpc-message": true}
	for _, name := range plugin.ConsumerFields() {
		shown[strings.ToLower(name)] = true
	}
	for _, m := range slices.Concat(mapping(c.UpstreamHeaders, c.UpstreamHeadersNames, c.UpstreamHeadersClaims),
		mapping(c.DownstreamHeaders, c.DownstreamHeadersNames, c.DownstreamHeadersClaims)) {
		if len(m.Path) > 0 && m.Path[0] != "_claim_sources" {
			shown[strings.ToLower(m.Header)] = true
		}
	}
	return shown
}

// redacted lists fields. Values that are not shown are replaced: those that the client sent just so, and all others, of which the scheme
// of a credential and the address of a redirect stay.
func redacted(h, sent *header.Fields, shown map[string]bool) []explainedField {
	list := []explainedField{}
	for name, value := range h.All() {
		f := explainedField{string(name), string(value)}
		switch lower := strings.ToLower(f.Name); {
		case sent != nil && sent.Get(f.Name) == f.Value:
			f.Value = "(as sent)"
		case lower == "authorization":
			scheme, _, _ := strings.Cut(f.Value, " ")
			f.Value = scheme + " ***"
		case lower == "location":
			if address, _, more := strings.Cut(f.Value, "?"); more {
				f.Value = address + "?***"
			}
			if address, _, more := strings.Cut(f.Value, "#"); more {
				f.Value = address + "#***"
			}
		case lower == "set-cookie":
			cookie, _, _ := strings.Cut(f.Value, "=")
			f.Value = cookie + "=***"
		case !shown[lower]:
			f.Value = "***"
		}
		list = append(list, f)
	}
	return list
}
