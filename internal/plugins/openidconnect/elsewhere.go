package openidconnect

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gibbon-gateway/gibbon/internal/jose"
	"github.com/gibbon-gateway/gibbon/internal/oidc"
)

// Claims can lie elsewhere than in the document that is about a user (OpenID Connect Core 1.0, section 5.6.2): _claim_names says for a
// claim which of _claim_sources has it, as a JWT in place (aggregated) or at an endpoint (distributed).
//
// The document's issuer may vouch for any claim so, and name its own hosts; others only if claims_providers lists them. A JWT is verified by the
// keys of who vouches, and of its claims those are taken that the document names it for. None of them replaces a claim that is
// there, or is one that a token says about itself. Whatever fails leaves the claims out: what is required is then missing.

// Bounds of what one document may ask for.
const (
	maxSources   = 8
	sourceFailed = 5 * time.Second // how long a source that failed is not tried again
)

// aboutToken are claims that say what a document is, or by what a sender is bound to it. No other document has them.
var aboutToken = []string{"iss", "sub", "aud", "exp", "nbf", "iat", "jti", "azp", "nonce", "auth_time", "acr", "amr", "at_hash", "c_hash",
	"s_hash", "sid", "cnf", "typ", "token_use", "client_id", "scope", "scp", "active", "act", "may_act", "events", "token_introspection",
	"_claim_names", "_claim_sources"}

// prepareElsewhere finds out which claims the configuration looks at, and who may vouch for them.
func (p *relyingParty) prepareElsewhere() {
	if !p.ResolveDistributedClaims {
		return
	}
	p.resolvable, p.vouchers = map[string]bool{}, map[string]*oidc.Issuer{}
	var paths [][]string
	all := []*places{&p.claims}
	for _, at := range p.claimsOfIssuer {
		all = append(all, at)
	}
	for _, at := range all {
		paths = append(append(paths, at.credential, at.authenticatedGroups, at.consumerGroups), at.consumers...)
		for _, need := range []struct{ required, path []string }{
			{p.AudienceRequired, at.audience}, {p.ScopesRequired, at.scopes}, {p.GroupsRequired, at.groups}, {p.RolesRequired, at.roles},
		} {
			if len(need.required) > 0 {
				paths = append(paths, need.path)
			}
		}
	}
	for _, m := range append(mapping(p.UpstreamHeaders, p.UpstreamHeadersNames, p.UpstreamHeadersClaims),
		mapping(p.DownstreamHeaders, p.DownstreamHeadersNames, p.DownstreamHeadersClaims)...) {
		paths = append(paths, m.Path)
	}
	for _, name := range p.ClaimsForbidden {
		paths = append(paths, []string{name})
	}
	for _, path := range paths {
		if len(path) > 0 && !slices.Contains(aboutToken, path[0]) {
			p.resolvable[path[0]] = true
		}
	}
	for _, iss := range p.ClaimsProviders {
		p.vouchers[strings.TrimRight(iss, "/")] = p.newIssuer(iss, "", nil, false)
	}
	p.claimsFetch = p.fetch.WithoutRedirects()
}

// elsewhere is what was found of the claims of a request's documents that lie elsewhere.
type elsewhere struct {
	claims map[string]any
	failed map[string]error // by name, the claims that could not be had
}

// lacks reports whether a claim lies elsewhere and could not be had: one that is forbidden counts as there.
func (e *elsewhere) lacks(name string) bool { return e != nil && e.failed[name] != nil }

// String says which claims were found, and why others were not.
func (e *elsewhere) String() string {
	var all []string
	for _, name := range slices.Sorted(maps.Keys(e.claims)) {
		all = append(all, name+" found")
	}
	for _, name := range slices.Sorted(maps.Keys(e.failed)) {
		all = append(all, name+" left out: "+e.failed[name].Error())
	}
	return strings.Join(all, "; ")
}

// errand is one source that has claims of a document.
type errand struct {
	document map[string]any
	owner    string // the document's issuer
	source   map[string]any
	names    []string
}

// resolve looks up the claims that the configuration asks for and that a document of the grant says lie elsewhere.
func (v *visit) resolve(g *grant) {
	v.elsewhere = nil
	if len(v.p.resolvable) == 0 || g.foreign {
		return
	}
	errands := v.errands(g)
	if len(errands) == 0 {
		return
	}
	found := &elsewhere{claims: map[string]any{}, failed: map[string]error{}}
	answers := make([]map[string]any, len(errands))
	errs := make([]error, len(errands))
	var all sync.WaitGroup
	for i, e := range errands {
		if i >= maxSources {
			errs[i] = errors.New("too many sources")
			continue
		}
		all.Go(func() { answers[i], errs[i] = v.claimsOf(e) })
	}
	all.Wait()
	for i, e := range errands {
		for _, name := range e.names {
			if value := answers[i][name]; value != nil && errs[i] == nil {
				found.claims[name] = value
			} else if errs[i] != nil {
				found.failed[name] = errs[i]
			} else {
				found.failed[name] = errors.New("the source does not have it")
			}
		}
	}
	v.elsewhere = found
	v.trace.elsewhere(found)
}

// errands lists the sources to ask, each once, in a fixed order. Of two documents that name a claim the first counts.
func (v *visit) errands(g *grant) (list []errand) {
	taken := map[string]bool{}
	docs := g.sources()
	for _, doc := range append(docs[:], v.userOf(g).user) {
		names, _ := doc["_claim_names"].(map[string]any)
		sources, _ := doc["_claim_sources"].(map[string]any)
		wanted := map[string][]string{}
		for _, name := range slices.Sorted(maps.Keys(names)) {
			if v.p.resolvable[name] && !taken[name] && v.claim(g, []string{name}) == nil {
				taken[name] = true
				source, _ := names[name].(string)
				wanted[source] = append(wanted[source], name)
			}
		}
		for _, key := range slices.Sorted(maps.Keys(wanted)) {
			source, _ := sources[key].(map[string]any)
			owner, _ := doc["iss"].(string)
			list = append(list, errand{doc, owner, source, wanted[key]})
		}
	}
	return list
}

// claimsOf returns the claims of one source, from the cache or by asking.
func (v *visit) claimsOf(e errand) (map[string]any, error) {
	p := v.p
	d, err := v.document()
	if err != nil {
		return nil, err
	}
	if p.acceptIssuer(e.owner, d) != nil {
		e.owner = d.Issuer // userinfo and introspection need not say whose they are
	}
	aggregated, _ := e.source["JWT"].(string)
	endpoint, _ := e.source["endpoint"].(string)
	token, _ := e.source["access_token"].(string)
	client := ""
	if v.client != nil {
		client = v.client.ID
	}
	key := oidc.KeyOf("claims", p.salt, client, e.owner, aggregated, endpoint, token)
	if r, ok := p.refused.Get(key, p.env.Now()); ok {
		return nil, r
	}
	g, known := p.infos.Get(key, p.env.Now())
	if !known {
		g, err = v.once(key, func(w *visit) (*grant, error) { return w.askSource(e.owner, aggregated, endpoint, token, key, d) })
	}
	if err != nil {
		p.env.Log.Warn("claims that lie elsewhere are left out", "claims", e.names, "source", hostOf(endpoint), "error", err)
		p.refused.Put(key, unauthorized("", "the source of these claims failed a moment ago", err), p.env.Now().Add(sourceFailed), 512)
		return nil, err
	}
	return g.user, sameSubject(e, g.user)
}

func hostOf(endpoint string) string {
	u, err := url.Parse(endpoint)
	if err != nil || u.Host == "" {
		return "in place"
	}
	return u.Host
}

// sameSubject refuses claims of a document's own issuer that are about somebody else. Other issuers have other names for a user.
func sameSubject(e errand, claims map[string]any) error {
	iss, there := claims["iss"].(string)
	sub, said := claims["sub"]
	if own, has := e.document["sub"]; (!there || oidc.SameIssuer(iss, e.owner)) && said && has && sub != own {
		return errors.New("the claims are about somebody else")
	}
	return nil
}

// askSource gets the claims of a source and verifies them.
func (v *visit) askSource(owner, aggregated, endpoint, token string, key oidc.Key, d *oidc.Document) (*grant, error) {
	p := v.p
	if g, ok := p.infos.Get(key, p.env.Now()); ok {
		return g, nil
	}
	var t *jose.Token
	var err error
	voucher := owner
	switch {
	case aggregated != "":
		t, err = jose.Parse([]byte(aggregated))
	case endpoint != "":
		if voucher = p.voucherAt(endpoint, owner, d); voucher == "" {
			return nil, fmt.Errorf("%s is no host of the issuer or of claims_providers", hostOf(endpoint))
		}
		t, err = p.claimsFetch.Claims(v.ctx, endpoint, token)
	default:
		err = errors.New("the source has neither JWT nor endpoint")
	}
	if err != nil {
		return nil, err
	}
	if err := v.verifyClaims(t, owner, voucher, d); err != nil {
		return nil, err
	}
	g := &grant{user: t.Claims, userRaw: encodeJSON(t.Claims)}
	life := p.life(0)
	if exp, ok := oidc.Number(t.Claims["exp"]); ok {
		left := time.Unix(int64(min(exp, 1<<40)), 0).Sub(p.env.Now())
		life = min(left, p.life(left))
	}
	if p.CacheUserInfo && life > 0 {
		p.infos.Put(key, g, p.env.Now().Add(life), g.cost())
	}
	return g, nil
}

// voucherAt returns the issuer whose endpoint an address is: the document's own, by its host or those that it is discovered to use, or one
// of claims_providers, by its host; "" if it is nobody's. Nothing else is asked, so that a document cannot make the gateway ask for
// what only the gateway can reach.
func (p *relyingParty) voucherAt(endpoint, owner string, d *oidc.Document) string {
	u, err := url.Parse(endpoint)
	if err != nil || u.User != nil || u.Scheme != "https" && u.Scheme != "http" {
		return ""
	}
	own := []string{owner}
	if oidc.SameIssuer(owner, d.Issuer) {
		own = append(own, d.UserinfoEndpoint, d.JWKSURI)
	}
	if slices.ContainsFunc(own, func(a string) bool { return oidc.SameHost(a, endpoint) }) {
		return owner
	}
	for iss := range p.vouchers {
		if oidc.SameHost(iss, endpoint) {
			return iss
		}
	}
	return ""
}

// verifyClaims checks who has signed claims, when, and for whom. A JWT that does not say whose it is has to be voucher's.
func (v *visit) verifyClaims(t *jose.Token, owner, voucher string, d *oidc.Document) error {
	p := v.p
	iss, _ := t.Claims["iss"].(string)
	if iss == "" {
		iss = voucher
	}
	other := p.vouchers[strings.TrimRight(iss, "/")]
	own := oidc.SameIssuer(iss, owner)
	if !own && (other == nil || !oidc.SameIssuer(voucher, owner) && !oidc.SameIssuer(voucher, iss)) {
		return fmt.Errorf("%.200q is neither the issuer nor among claims_providers: %w", iss, oidc.ErrIssuer)
	}
	if p.VerifySignature {
		var err error
		if own {
			_, err = v.signature(t, owner, d)
		} else {
			_, err = other.VerifySignature(v.ctx, t, iss, p.algs)
		}
		if err != nil {
			return err
		}
	}
	if !p.VerifyClaims {
		return nil
	}
	if aud := t.Claims["aud"]; aud != nil && len(p.clients) > 0 {
		ours := func(id string) bool { return slices.ContainsFunc(p.clients, func(c client) bool { return c.ID == id }) }
		if !slices.ContainsFunc(oidc.Strings(aud), ours) {
			return errors.New("the claims are for another client")
		}
	}
	return oidc.CheckTimes(t.Claims, p.env.Now(), seconds(p.Leeway))
}
