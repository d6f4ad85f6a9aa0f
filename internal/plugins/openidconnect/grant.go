package openidconnect

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/gibbon-gateway/gibbon/internal/jose"
	"github.com/gibbon-gateway/gibbon/internal/kongoauth2"
	"github.com/gibbon-gateway/gibbon/internal/oidc"
)

// grant is what lets a request in: tokens and what is known of them. A grant in a cache is shared and does not change.
type grant struct {
	Method  string    `json:"method"`
	Client  int       `json:"client"` // index of the client that it was made for
	Access  string    `json:"access_token,omitempty"`
	ID      string    `json:"id_token,omitempty"`
	Refresh string    `json:"refresh_token,omitempty"`
	Type    string    `json:"token_type,omitempty"`
	Scope   string    `json:"scope,omitempty"`
	Ends    int64     `json:"exp,omitempty"` // of the access token, in seconds since 1970; 0 if unknown
	Raw     rawTokens `json:"-"`

	access, id       map[string]any  // claims
	accessKey, idKey json.RawMessage // the JWKs that verified them
	introspection    map[string]any
	introspectionRaw json.RawMessage
	introspectionJWT string
	user             map[string]any
	userRaw          json.RawMessage
	userJWT          string
	ends             time.Time
	header           http.Header            // of the token endpoint's answer
	elsewhere        bool                   // the token needs more than its signature at each use: it is bound to a key or certificate
	ready            *prepared              // what does not change between requests with this grant
	lookedUp         bool                   // userinfo was asked
	made             time.Time              // when the token endpoint gave it; zero for others
	application      *kongoauth2.Credential // whose token of the plugin oauth2 it is; nil for grants of the provider
	foreign          bool                   // a token to be exchanged, of whose issuer nothing was verified

	by         *oidc.Issuer // whose keys have verified the access token; nil if none have
	generation uint64       // of these keys
}

// current reports whether the keys that have verified the access token are still the issuer's.
func (g *grant) current() bool { return g.by == nil || g.by.Generation() == g.generation }

// rawTokens is the token endpoint's answer, for login_tokens "tokens".
type rawTokens = json.RawMessage

// cost is what a grant takes in a cache.
func (g *grant) cost() int64 {
	// Claims take several times their text.
	return int64(grantOverhead + 6*(len(g.Access)+len(g.ID)) + len(g.Refresh) + 6*(len(g.introspectionRaw)+len(g.userRaw)))
}

// sources returns the documents that claims are looked for in, in Kong's order.
func (g *grant) sources() [4]map[string]any {
	return [4]map[string]any{g.introspection, g.access, g.id, g.user}
}

// claim returns the first value of a path in the documents of a grant.
func (g *grant) claim(path []string) any {
	if len(path) == 0 {
		return nil
	}
	for _, doc := range g.sources() {
		if v := oidc.Lookup(doc, path); v != nil {
			return v
		}
	}
	return nil
}

// setEnds remembers when the access token ends: by what the provider said, else by the token itself.
func (p *relyingParty) setEnds(g *grant, lifetime time.Duration) {
	if lifetime > 0 {
		g.ends = p.env.Now().Add(lifetime)
	}
	if exp, ok := oidc.Number(g.access["exp"]); ok && exp > 0 && exp < 1<<40 {
		if own := time.Unix(int64(exp), 0); g.ends.IsZero() || own.Before(g.ends) {
			g.ends = own
		}
	}
	if !g.ends.IsZero() {
		g.Ends = g.ends.Unix()
	}
}

// verifyAccess checks an access token that is a signed JWT. Tokens of other forms are the provider's secret and are let be.
func (v *visit) verifyAccess(g *grant, method string) error {
	if !jose.IsJWS(g.Access) {
		return nil
	}
	t, err := jose.Parse([]byte(g.Access))
	if err != nil {
		if method == byBearer {
			err := unauthorized(invalidToken, "the access token cannot be read", err)
			v.trace.Refuse("form", "", err)
			return err
		}
		return nil // three parts by chance
	}
	err = accessType(t)
	v.trace.form(t, err)
	if err != nil {
		return err
	}
	if s := v.p.subjectIssuer(t); s != nil && method == byBearer {
		return v.verifySubject(g, t, s)
	}
	domains := v.p.Domains
	if g.ID != "" {
		domains = nil // the ID token says it
	}
	by, err := v.verify(t, method, domains)
	if err != nil {
		return err
	}
	if _, ends := t.Claims["exp"]; !ends && method == byBearer && v.p.VerifyClaims {
		err := unauthorized(invalidToken, "the token has no end", nil) // as signed answers of userinfo have none
		v.trace.Refuse("end", "verify_claims", err)
		return err
	}
	g.access = t.Claims
	g.accessKey, g.by, g.generation = by.json(), by.issuer, by.generation
	_, g.elsewhere = t.Claims["cnf"]
	return nil
}

// notAccess are the kinds of signed tokens that are something else than an access token, though well signed by the provider.
var notAccess = []string{"logout+jwt", "dpop+jwt", "jarm+jwt", "oauth-authz-req+jwt", "token-introspection+jwt", "secevent+jwt"}

// accessType refuses tokens that say that they are for something else.
func accessType(t *jose.Token) error {
	kind := strings.TrimPrefix(strings.ToLower(t.Type), "application/")
	for _, no := range notAccess {
		if kind == no {
			return unauthorized(invalidToken, "a token of type "+kind+" is no access token", nil)
		}
	}
	if _, logout := t.Claims["events"]; logout {
		return unauthorized(invalidToken, "a logout token is no access token", nil)
	}
	_, hashed := t.Claims["at_hash"]
	if t.Claims["token_use"] == "id" || t.Claims["typ"] == "ID" || hashed { // the marks of Cognito, of Keycloak, of all
		return unauthorized(invalidToken, "an ID token is no access token", nil)
	}
	_, state := t.Claims["state"]
	_, code := t.Claims["code"]
	_, introspection := t.Claims["token_introspection"]
	if state && code || introspection || t.Claims["typ"] == "Refresh" || t.Claims["typ"] == "Logout" {
		return unauthorized(invalidToken, "an answer of the provider is no access token", nil)
	}
	return nil
}

// verifier is what has verified a signature: a key of an issuer, of one generation; nothing of it for shared secrets.
type verifier struct {
	key        *jose.Key
	issuer     *oidc.Issuer
	generation uint64
}

func (b verifier) json() json.RawMessage {
	if b.key == nil {
		return nil
	}
	return b.key.JSON
}

// verify checks issuer, signature and times of a token, as far as the configuration says for the method.
func (v *visit) verify(t *jose.Token, method string, domains []string) (by verifier, err error) {
	p := v.p
	d, err := v.document()
	if err != nil {
		return by, err
	}
	iss, _ := t.Claims["iss"].(string)
	if p.VerifyClaims || len(p.IssuersAllowed) > 0 {
		if err := v.acceptIssuer(iss, d); err != nil {
			return by, err
		}
	} else {
		v.trace.Omit("issuer", "verify_claims", "it is off")
	}
	if p.VerifySignature && !slices.Contains(p.IgnoreSignature, method) {
		by, err = v.signature(t, iss, d)
		v.trace.signature(t, err)
		if err != nil {
			return by, err
		}
	} else {
		v.trace.Omit("signature", "verify_signature, ignore_signature", "not verified")
	}
	if !p.VerifyClaims {
		v.trace.Omit("times", "verify_claims", "it is off")
		return by, nil
	}
	if err := oidc.Check(t, oidc.Checks{Now: p.env.Now(), Leeway: seconds(p.Leeway), MaxAge: -1, Domains: domains}); err != nil {
		err := unauthorized(invalidToken, "the claims of the token are not acceptable", err)
		v.trace.Refuse("times", "verify_claims, leeway, domains", err)
		return by, err
	}
	v.trace.times(p, t.Claims)
	return by, nil
}

// acceptIssuer is the plugin's, with its step.
func (v *visit) acceptIssuer(iss string, d *oidc.Document) error {
	err := v.p.acceptIssuer(iss, d)
	v.trace.issuer(v.p, iss, err)
	return err
}

// acceptIssuer checks a token's iss: the provider's own, or one of issuers_allowed when that is set.
func (p *relyingParty) acceptIssuer(iss string, d *oidc.Document) error {
	if len(p.IssuersAllowed) > 0 {
		for _, allowed := range p.IssuersAllowed {
			if iss != "" && oidc.SameIssuer(iss, allowed) {
				return nil
			}
		}
	} else if iss != "" && oidc.SameIssuer(iss, d.Issuer) {
		return nil
	}
	return unauthorized(invalidToken, fmt.Sprintf("the token is of another issuer: %.200q", iss), oidc.ErrIssuer)
}

func (v *visit) signature(t *jose.Token, iss string, d *oidc.Document) (by verifier, err error) {
	p := v.p
	if slices.Contains(jose.Symmetric, t.Alg) {
		secret := ""
		if v.client != nil {
			secret = v.client.Secret
		}
		if !p.EnableHSSignatures || len(secret) < 2 {
			return by, unauthorized(invalidToken, "signatures by a shared secret are not accepted", nil)
		}
		if err := t.Verify([]byte(secret), jose.Symmetric); err != nil {
			return by, unauthorized(invalidToken, "the signature is wrong", err)
		}
		return by, nil
	}
	if iss == "" {
		iss = d.Issuer
	}
	try := func(issuer *oidc.Issuer) (err error) {
		by.issuer, by.generation = issuer, issuer.Generation()
		by.key, err = issuer.VerifySignature(v.ctx, t, iss, p.algs)
		return err
	}
	// An issuer of issuers_allowed has keys of its own. If it was never found at its URL, it is another name of the main one.
	if other := p.others[strings.TrimRight(iss, "/")]; other != nil && !oidc.SameIssuer(iss, d.Issuer) {
		if err = try(other); errors.Is(err, oidc.ErrUnreachable) && other.Known() == nil {
			err = try(p.issuer)
		}
	} else {
		err = try(p.issuer)
	}
	if err != nil {
		return by, unauthorized(invalidToken, "the signature is wrong", err)
	}
	return by, nil
}

// maxLoginAge is how old an ID token may be when a login ends.
const maxLoginAge = time.Hour

// verifyID checks an ID token (OpenID Connect Core 1.0, section 3.1.3.7). login is nil outside a login.
func (v *visit) verifyID(g *grant, login *loginState, code string) error {
	p := v.p
	if g.ID == "" {
		return nil
	}
	t, err := jose.Parse([]byte(g.ID))
	if err != nil {
		return unauthorized(invalidToken, "the ID token cannot be read", err)
	}
	by, err := v.verify(t, g.Method, p.Domains)
	if err != nil {
		return err
	}
	g.idKey = by.json()
	g.id = t.Claims
	if !p.VerifyClaims {
		return nil
	}
	if d := p.issuer.Known(); d != nil && len(d.IDTokenAlgs) > 0 && !slices.Contains(d.IDTokenAlgs, t.Alg) {
		return unauthorized(invalidToken, "the ID token is signed in a way that the provider says it does not use", nil)
	}
	c := oidc.Checks{Now: p.env.Now(), Leeway: seconds(p.Leeway), IDToken: true, MaxAge: -1, AccessToken: g.Access, Code: code}
	if v.client != nil {
		c.Audience = v.client.ID
	}
	if login != nil {
		if iat, ok := oidc.Number(t.Claims["iat"]); ok && float64(p.env.Now().Unix())-iat > maxLoginAge.Seconds() {
			return unauthorized(invalidToken, "the ID token is not of this login", nil)
		}
		if p.VerifyNonce {
			c.Nonce = login.Nonce
		}
		if p.MaxAge != nil {
			c.MaxAge = int64(*p.MaxAge)
		}
	}
	if err := oidc.Check(t, c); err != nil {
		return unauthorized(invalidToken, "the ID token is not acceptable", err)
	}
	return nil
}
