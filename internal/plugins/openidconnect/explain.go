package openidconnect

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/gibbon-gateway/gibbon/internal/jose"
	"github.com/gibbon-gateway/gibbon/internal/oidc"
)

// Step is one check of a token, as /openid-connect/explain answers it.
type Step struct {
	Check  string `json:"check"`
	OK     bool   `json:"ok"`
	Detail string `json:"detail"`
}

// explain says step by step why a token would be let in or refused: {"plugin": id of a plugin configuration, "token": …}, or
// {"route": id, …} or {"service": id, …} instead of the plugin. Tokens are not repeated in the answer; claims are.
func (d *directory) explain(w http.ResponseWriter, r *http.Request) {
	var in struct{ Plugin, Route, Service, Token string }
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 256<<10)).Decode(&in); err != nil || in.Token == "" {
		answerJSON(w, http.StatusBadRequest, map[string]any{"message": `a JSON body with "token" and "plugin", "route" or "service" is needed`})
		return
	}
	p := d.party(in.Plugin, in.Route, in.Service)
	if p == nil {
		answerJSON(w, http.StatusNotFound, map[string]any{"message": "no openid-connect plugin applies"})
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), 3*p.fetch.Timeout)
	defer cancel()
	steps, claims := p.explain(ctx, in.Token)
	answerJSON(w, http.StatusOK, map[string]any{
		"plugin": p.env.ID, "issuer": p.issuer.Name(), "steps": steps, "claims": withoutSecrets(claims),
		"let_in": !slices.ContainsFunc(steps, func(s Step) bool { return !s.OK }),
	})
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

func (d *directory) party(id, route, service string) *relyingParty {
	d.mu.Lock()
	defer d.mu.Unlock()
	var best *relyingParty
	rank := 0
	for p, entered := range d.parties {
		s, fit := p.env.Scope, 0
		switch {
		case id != "" && p.env.ID == id, id == "" && route != "" && s.Route == route:
			fit = 3
		case id == "" && service != "" && s.Service == service && s.Route == "":
			fit = 2
		case id == "" && s.Route == "" && s.Service == "":
			fit = 1
		}
		// Of two instances of one configuration the newer counts: the other is about to go.
		if fit > rank || fit > 0 && fit == rank && entered > d.parties[best] {
			best, rank = p, fit
		}
	}
	return best
}

// explain runs the checks of an access token one by one, on even where one fails.
func (p *relyingParty) explain(ctx context.Context, token string) (steps []Step, claims map[string]any) {
	v := &visit{p: p, ctx: ctx, client: p.clientNamed("")}
	add := func(check string, err error, good string) {
		s := Step{Check: check, OK: err == nil, Detail: good}
		if err != nil {
			s.Detail = err.Error()
		}
		steps = append(steps, s)
	}
	if p.methods[byKongOAuth2] && !(p.methods[byBearer] && jose.IsJWS(token)) {
		if g, is := p.explainKong(ctx, v, token, add); g != nil {
			return steps, g.access
		} else if is {
			return steps, nil
		}
	}
	g := &grant{Method: byBearer, Access: token}
	if !jose.IsJWS(token) {
		add("form", nil, "not a signed JWT: the provider is asked about it")
		if !p.methods[byIntrospection] {
			add("method", unauthorized("", "introspection is not among auth_methods", nil), "")
			return steps, nil
		}
		d, err := p.issuer.Document(ctx)
		if err == nil && v.client != nil {
			var in *oidc.Introspection
			in, err = p.endpoint(introspectionEndpoint, d, v.client).Introspect(ctx, &v.client.Client,
				map[string][]string{p.IntrospectionTokenParamName: {token}}, nil, p.IntrospectionAccept, v.verifyIntrospection)
			if err == nil {
				g, err = v.introspected(token, in, oidc.KeyOf("explain", token))
			}
		}
		add("introspection", err, "active")
		if err != nil {
			return steps, nil
		}
		v.explainClaims(g, add)
		return steps, g.introspection
	}
	t, err := jose.Parse([]byte(token))
	add("form", err, "signed JWT")
	if err != nil {
		return steps, nil
	}
	add("method", boolError(p.methods[byBearer], "bearer is not among auth_methods"), "bearer is enabled")
	add("type", accessType(t), "typ "+cmp.Or(t.Type, "is absent"))
	d, err := p.issuer.Document(ctx)
	add("discovery", err, p.issuer.Name())
	if err != nil {
		return steps, t.Claims
	}
	iss, _ := t.Claims["iss"].(string)
	add("issuer", p.acceptIssuer(iss, d), iss)
	_, err = v.signature(t, iss, d)
	add("signature", err, fmt.Sprintf("%s by key %s", t.Alg, t.Kid))
	add("times", oidc.CheckTimes(t.Claims, p.env.Now(), seconds(p.Leeway)), lifetime(t.Claims, p.env.Now()))
	g.access = t.Claims
	v.explainClaims(g, add)
	return steps, t.Claims
}

func (v *visit) explainClaims(g *grant, add func(check string, err error, good string)) {
	p := v.p
	required := func(name string, list []string) string {
		if len(list) == 0 {
			return ""
		}
		return name + ": " + strings.Join(list, " or ") + "; "
	}
	need := required("scopes", p.ScopesRequired) + required("audience", p.AudienceRequired) + required("groups", p.GroupsRequired) +
		required("roles", p.RolesRequired)
	v.resolve(g)
	if v.elsewhere != nil {
		add("claims elsewhere", nil, v.elsewhere.String())
	}
	var denied error
	if r := v.authorise(g); r != nil {
		denied = r
	}
	add("authorisation", denied, cmp.Or(strings.TrimSuffix(need, "; "), "nothing is required"))
	consumer, err := v.consumer(g)
	detail := "no consumer is looked for"
	if consumer != nil {
		detail = "consumer " + cmp.Or(consumer.Username, consumer.CustomID, consumer.ID)
	}
	add("consumer", err, detail)
	groups, err := v.consumerGroups(g)
	detail = "those of the consumer"
	if groups != nil {
		names := make([]string, len(groups))
		for i := range groups {
			names[i] = groups[i].Name
		}
		detail = strings.Join(names, ", ")
	}
	add("consumer groups", err, detail)
}

func boolError(ok bool, text string) error {
	if ok {
		return nil
	}
	return unauthorized("", text, nil)
}

func lifetime(claims map[string]any, now time.Time) string {
	exp, ok := oidc.Number(claims["exp"])
	if !ok {
		return "the token has no end"
	}
	return fmt.Sprintf("good for another %s", time.Unix(int64(exp), 0).Sub(now).Round(time.Second))
}
