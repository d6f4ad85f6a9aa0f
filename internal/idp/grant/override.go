package grant

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/gibbon-gateway/gibbon/internal/idp/api"
	"github.com/gibbon-gateway/gibbon/internal/idp/message"
	"github.com/gibbon-gateway/gibbon/internal/idp/pool"
	"github.com/gibbon-gateway/gibbon/internal/idp/store"
	"github.com/gibbon-gateway/gibbon/internal/idp/token"
	"github.com/gibbon-gateway/gibbon/internal/idp/trigger"
)

// overrides is what the PreTokenGeneration trigger answered. The nil overrides change nothing.
type overrides struct {
	ID     *changes   `json:"idTokenGeneration"`
	Access *changes   `json:"accessTokenGeneration"`
	Groups *groupList `json:"groupOverrideDetails"`
}

// changes are those of one token.
type changes struct {
	Set            map[string]any `json:"claimsToAddOrOverride"`
	Drop           []string       `json:"claimsToSuppress"`
	ScopesToAdd    []string       `json:"scopesToAdd"`
	ScopesToRemove []string       `json:"scopesToSuppress"`
}

type groupList struct {
	Groups    []string `json:"groupsToOverride"`
	Roles     []string `json:"iamRolesToOverride"`
	Preferred *string  `json:"preferredRole"`
}

func (o *overrides) id() *changes {
	if o == nil {
		return nil
	}
	return o.ID
}

func (o *overrides) access() *changes {
	if o == nil {
		return nil
	}
	return o.Access
}

func (o *overrides) groups(have []store.Group) []string {
	if o == nil || o.Groups == nil || o.Groups.Groups == nil {
		return names(have)
	}
	return o.Groups.Groups
}

func (o *overrides) roles(have []store.Group) (roles []string, preferred string) {
	roles, preferred = rolesOf(have)
	if o == nil || o.Groups == nil {
		return roles, preferred
	}
	if o.Groups.Roles != nil {
		roles = o.Groups.Roles
	}
	if o.Groups.Preferred != nil {
		preferred = *o.Groups.Preferred
	}
	return roles, preferred
}

// scopes adds and removes. What a scope means to the provider itself cannot be had this way.
func (c *changes) scopes(have []string) []string {
	if c == nil {
		return have
	}
	list := slices.DeleteFunc(slices.Clone(have), func(s string) bool { return slices.Contains(c.ScopesToRemove, s) })
	for _, s := range c.ScopesToAdd {
		if s != "" && s != AdminScope && !strings.ContainsAny(s, " \t\r\n") && !slices.Contains(list, s) {
			list = append(list, s)
		}
	}
	return list
}

// fixed are claims that a trigger cannot touch.
var fixed = strings.Fields(`acr amr at_hash auth_time azp cognito:username client_id device_key event_id exp iat identities iss jti nonce nbf
	origin_jti refresh scope sub token_use username version`)

// apply sets and drops claims. client is the client of an access token, whose aud may be set to it; "" for an ID token.
func (c *changes) apply(claims *token.Claims, client string) {
	if c == nil {
		return
	}
	free := func(name string) bool {
		return !slices.Contains(fixed, name) && !strings.HasPrefix(name, "dev:") && !strings.HasPrefix(name, "cognito:")
	}
	for _, name := range slices.Sorted(maps.Keys(c.Set)) {
		if name == "aud" && (client == "" || c.Set[name] != client) || !free(name) {
			continue
		}
		claims.Set(name, c.Set[name])
	}
	for _, name := range c.Drop {
		if free(name) && name != "aud" {
			claims.Drop(name)
		}
	}
}

// generator is the pool's trigger: "" for none.
func generator(p *pool.Pool) (arn string, version int) {
	if c := p.LambdaConfig.PreTokenGenerationConfig; c != nil {
		return c.LambdaARN, map[string]int{"V1_0": 1, "V2_0": 2, "V3_0": 3}[c.LambdaVersion]
	}
	return p.LambdaConfig.PreTokenGeneration, 1
}

// userOverrides asks the trigger about a user's tokens.
func (s *Service) userOverrides(ctx context.Context, m *making) (*overrides, error) {
	arn, version := generator(m.Pool)
	if arn == "" {
		return nil, nil
	}
	roles, preferred := rolesOf(m.groups)
	request := map[string]any{"userAttributes": message.Attributes(m.user),
		"groupConfiguration": map[string]any{"groupsToOverride": orEmpty(names(m.groups)), "iamRolesToOverride": orEmpty(roles), "preferredRole": orNil(preferred)}}
	if m.Metadata != nil {
		request["clientMetadata"] = m.Metadata
	}
	if version > 1 {
		request["scopes"] = m.Scopes
	}
	e := trigger.Event{TriggerSource: "TokenGeneration_" + m.Source, UserName: m.user.Username, Request: request}
	return s.generate(ctx, m.Pool, m.Client, arn, version, e)
}

// machineOverrides asks the trigger, of version 3 alone, about a machine's token.
func (s *Service) machineOverrides(ctx context.Context, p *pool.Pool, c *pool.Client, scopes []string,
	metadata map[string]string) (*changes, error) {
	arn, version := generator(p)
	if arn == "" || version < 3 {
		return nil, nil
	}
	request := map[string]any{"scopes": scopes, "userAttributes": map[string]string{}, "groupConfiguration": map[string]any{}}
	if metadata != nil {
		request["clientMetadata"] = metadata
	}
	e := trigger.Event{TriggerSource: "TokenGeneration_ClientCredentials", UserName: "ClientCredentials", Request: request}
	o, err := s.generate(ctx, p, c, arn, version, e)
	return o.access(), err
}

func (s *Service) generate(ctx context.Context, p *pool.Pool, c *pool.Client, arn string, version int, e trigger.Event) (*overrides, error) {
	e.Version, e.Region, e.UserPoolID = map[int]string{1: "1", 2: "2", 3: "3"}[version], p.Region, p.ID
	e.CallerContext.ClientID = c.ClientID
	if version == 1 {
		var response struct {
			Details *struct {
				Set    map[string]any `json:"claimsToAddOrOverride"`
				Drop   []string       `json:"claimsToSuppress"`
				Groups *groupList     `json:"groupOverrideDetails"`
			} `json:"claimsOverrideDetails"`
		}
		if err := s.Triggers.Call(ctx, "PreTokenGeneration", arn, e, &response); err != nil || response.Details == nil {
			return nil, err
		}
		d := response.Details
		for name, v := range d.Set {
			if _, ok := v.(string); !ok {
				return nil, api.InvalidLambdaResponse.Errorf("Claim %s must be a string.", name)
			}
		}
		return &overrides{ID: &changes{Set: d.Set, Drop: d.Drop}, Groups: d.Groups}, nil
	}
	var response struct {
		Details *overrides `json:"claimsAndScopeOverrideDetails"`
	}
	err := s.Triggers.Call(ctx, "PreTokenGeneration", arn, e, &response)
	return response.Details, err
}

func orEmpty(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}

func orNil(s string) any {
	if s == "" {
		return nil
	}
	return s
}
