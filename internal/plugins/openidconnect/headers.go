package openidconnect

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"

	"github.com/gibbon-gateway/gibbon/internal/oidc"
	"github.com/gibbon-gateway/gibbon/plugin"
)

// maxHeader is the longest header value made from a claim or document, in bytes; longer ones are left out.
const maxHeader = 16 << 10

// prepared is what is the same for every request with a grant.
type prepared struct {
	denied               *refusal // it is not authorised
	upstream, downstream []field
	credential           string   // credential_claim
	groups               []string // authenticated_groups_claim
	groupList            []byte   // the same, as a header says it
	claims               plugin.Claims
}

// sends reports whether a field goes upstream as it is.
func (p *prepared) sends(name string, value []byte) bool {
	for _, f := range p.upstream {
		if strings.EqualFold(f.name, name) && bytes.Equal(f.value, value) {
			return true
		}
	}
	return false
}

type field struct {
	name  string
	value []byte
}

// headers sets what upstream and client are told.
func (v *visit) headers(g *grant, ready *prepared) {
	p := v.p
	r, w := &v.x.Request.Header, &v.x.Response.Header
	for _, f := range ready.upstream {
		if value, _ := r.Value(f.name); !bytes.Equal(value, f.value) || count(r, f.name) != 1 {
			r.SetBytes(f.name, f.value)
		}
	}
	for _, f := range ready.downstream {
		w.SetBytes(f.name, f.value)
	}
	if v.session != nil {
		if name, _ := headerName(p.UpstreamSessionIDHeader); name != "" {
			r.Set(name, v.session.ID)
		}
		if name, _ := headerName(p.DownstreamSessionIDHeader); name != "" {
			w.Set(name, v.session.ID)
		}
		v.sessionFields(p.SessionRequestHeaders, g, r.Set)
		v.sessionFields(p.SessionResponseHeaders, g, w.Set)
	}
	v.replayHeaders(g)
}

// replayHeaders hands fields of the token endpoint's answer to the client (token_headers_replay).
func (v *visit) replayHeaders(g *grant) {
	p := v.p
	if g.header == nil || len(p.TokenHeadersReplay) == 0 || len(p.TokenHeadersGrants) > 0 && !slices.Contains(p.TokenHeadersGrants, g.Method) {
		return
	}
	for _, name := range p.TokenHeadersReplay {
		if value := g.header.Get(name); value != "" {
			v.x.Response.Header.Set(p.TokenHeadersPrefix+name, value)
		}
	}
}

// prepare computes the fields of a grant.
func (v *visit) prepare(g *grant) *prepared {
	p, at, out := v.p, v.p.placesOf(g), &prepared{denied: v.authorise(g, nil)}
	out.claims = v.tokenClaims(g)
	user := v.userOf(g)
	if words := oidc.Words(v.claim(g, at.credential)); len(words) > 0 && len(words[0]) <= 512 {
		out.credential = safe(words[0])
	}
	for _, group := range oidc.Words(v.claim(g, at.authenticatedGroups)) {
		if safe(group) == group {
			out.groups = append(out.groups, group)
		}
	}
	out.groupList = []byte(strings.Join(out.groups, ", "))
	for _, d := range []struct {
		to                                                              *[]field
		access, accessJWK, id, idJWK, refresh, in, inJWT, user, userJWT string
		mapped                                                          []claimHeader
	}{
		{&out.upstream, p.UpstreamAccessTokenHeader, p.UpstreamAccessTokenJWKHeader, p.UpstreamIDTokenHeader, p.UpstreamIDTokenJWKHeader,
			p.UpstreamRefreshTokenHeader, p.UpstreamIntrospectionHeader, p.UpstreamIntrospectionJWTHeader, p.UpstreamUserInfoHeader,
			p.UpstreamUserInfoJWTHeader, mapping(p.UpstreamHeaders, p.UpstreamHeadersNames, p.UpstreamHeadersClaims)},
		{&out.downstream, p.DownstreamAccessTokenHeader, p.DownstreamAccessTokenJWKHeader, p.DownstreamIDTokenHeader, p.DownstreamIDTokenJWKHeader,
			p.DownstreamRefreshTokenHeader, p.DownstreamIntrospectionHeader, p.DownstreamIntrospectionJWTHeader, p.DownstreamUserInfoHeader,
			p.DownstreamUserInfoJWTHeader, mapping(p.DownstreamHeaders, p.DownstreamHeadersNames, p.DownstreamHeadersClaims)},
	} {
		add := func(spec, value string) {
			name, bearer := headerName(spec)
			if name == "" || value == "" || len(value) > maxHeader {
				return
			}
			if bearer {
				value = "Bearer " + value
			}
			*d.to = append(*d.to, field{name, []byte(value)})
		}
		addDocument := func(spec string, raw json.RawMessage) {
			if spec != "" {
				add(spec, document(raw))
			}
		}
		add(d.access, g.Access)
		addDocument(d.accessJWK, g.accessKey)
		add(d.id, g.ID)
		addDocument(d.idJWK, g.idKey)
		add(d.refresh, g.Refresh)
		addDocument(d.in, g.introspectionRaw)
		add(d.inJWT, g.introspectionJWT)
		addDocument(d.user, user.userRaw)
		add(d.userJWT, user.userJWT)
		for _, m := range d.mapped {
			add(m.Header, claimText(v.claim(g, m.Path)))
		}
	}
	return out
}

// headerName reads "authorization:bearer".
func headerName(spec string) (name string, bearer bool) {
	name, kind, _ := strings.Cut(spec, ":")
	return strings.TrimSpace(name), strings.EqualFold(strings.TrimSpace(kind), "bearer")
}

// mapping joins the records of upstream_headers with the two older lists.
func mapping(records []claimHeader, names, claims []string) []claimHeader {
	all := append([]claimHeader(nil), records...)
	for i, name := range names {
		if i < len(claims) {
			all = append(all, claimHeader{Header: name, Path: []string{claims[i]}})
		}
	}
	return all
}

// document returns a JSON document as base64.
func document(raw json.RawMessage) string {
	if len(raw) == 0 || string(raw) == "null" {
		return ""
	}
	return base64.StdEncoding.EncodeToString(raw)
}

// claimText returns a claim as it stands in a header: text as it is, lists of words joined by commas, objects as base64 of
// their JSON. Text that cannot stand in a header is base64 too.
func claimText(v any) string {
	switch c := v.(type) {
	case nil:
		return ""
	case string:
		return safe(c)
	case map[string]any:
		return document(encodeJSON(c))
	case []any:
		if list := oidc.Strings(c); list != nil {
			return safe(strings.Join(list, ","))
		}
		return document(encodeJSON(c))
	}
	if words := oidc.Words(v); len(words) == 1 {
		return words[0]
	}
	return ""
}

// safe returns text that can stand in a header field: ASCII without controls as it is, other text as base64, since programs differ
// in how they read other bytes there.
func safe(s string) string {
	if strings.IndexFunc(s, func(r rune) bool { return r < 0x20 && r != '\t' || r > 0x7e }) < 0 {
		return s
	}
	return base64.StdEncoding.EncodeToString([]byte(s))
}

// ownedHeaders lists the request fields that only this plugin may set, beside those that say who the consumer is.
func (c *config) ownedHeaders() []string {
	owned := []string{"X-Authenticated-Groups"}
	for _, spec := range []string{c.UpstreamAccessTokenJWKHeader, c.UpstreamIDTokenHeader, c.UpstreamIDTokenJWKHeader,
		c.UpstreamRefreshTokenHeader, c.UpstreamIntrospectionHeader, c.UpstreamIntrospectionJWTHeader, c.UpstreamUserInfoHeader,
		c.UpstreamUserInfoJWTHeader, c.UpstreamSessionIDHeader, c.UpstreamAccessTokenHeader} {
		if name, _ := headerName(spec); name != "" && !strings.EqualFold(name, "Authorization") {
			owned = append(owned, name)
		}
	}
	for _, m := range mapping(c.UpstreamHeaders, c.UpstreamHeadersNames, c.UpstreamHeadersClaims) {
		owned = append(owned, m.Header)
	}
	for _, name := range c.SessionRequestHeaders {
		owned = append(owned, "Session-"+name)
	}
	return owned
}
