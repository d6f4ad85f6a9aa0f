package openidconnect

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/google/uuid"

	"github.com/gibbon-gateway/gibbon/internal/oidc"
	"github.com/gibbon-gateway/gibbon/plugin"
)

// directory is what the instances of a process share: issuers with their documents and keys, and the gateway's own keys for
// private_key_jwt, and the room for what is remembered.
type directory struct {
	mu      sync.Mutex
	issuers map[string]*knownIssuer
	parties map[*relyingParty]bool
	own     ownKeys
	caches  caches
}

func newDirectory() *directory { return &directory{caches: newCaches()} }

// knownIssuer is an issuer and how many seconds ago it was first used.
type knownIssuer struct {
	*oidc.Issuer
	id      string
	created int64
}

// issuerSpace is the namespace of the ids of issuers: version 5 UUIDs of their URLs.
var issuerSpace = uuid.NewSHA1(uuid.NameSpaceURL, []byte("openid-connect issuers"))

// issuer returns the issuer with these options, shared by all instances with the same ones. how stands for what is not in o.
func (d *directory) issuer(o oidc.IssuerOptions, how string) *oidc.Issuer {
	name := oidc.NormalizeIssuer(o.URL)
	key := strings.Join([]string{o.URL, o.JWKS, strings.Join(o.ExtraJWKS, " "), strings.Join(o.Allowed, " "), fmt.Sprint(o.Pseudo, o.Strict, o.Header, o.Rediscovery, o.TTL), how}, "\x00")
	d.mu.Lock()
	defer d.mu.Unlock()
	if i, ok := d.issuers[key]; ok {
		return i.Issuer
	}
	// A fetch ends by its own timeout; nothing else runs for an issuer.
	o.InBackground = func(run func(ctx context.Context)) { go run(context.Background()) }
	if d.issuers == nil {
		d.issuers = map[string]*knownIssuer{}
	}
	i := &knownIssuer{oidc.NewIssuer(o), uuid.NewSHA1(issuerSpace, []byte(name)).String(), o.Now().Unix()}
	d.issuers[key] = i
	return i.Issuer
}

func (d *directory) enter(p *relyingParty) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.parties == nil {
		d.parties = map[*relyingParty]bool{}
	}
	d.parties[p] = true
}

// leave forgets an instance, and the issuers that none is left for.
func (d *directory) leave(p *relyingParty) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.parties, p)
	for key, i := range d.issuers {
		used := false
		for other := range d.parties {
			used = used || other.uses(i.Issuer)
		}
		if !used {
			delete(d.issuers, key)
		}
	}
}

// uses reports whether an issuer is one of the instance's.
func (p *relyingParty) uses(i *oidc.Issuer) bool {
	return p.issuer == i || slices.Contains(slices.Collect(maps.Values(p.others)), i) ||
		slices.Contains(slices.Collect(maps.Values(p.subjects)), i) || slices.Contains(slices.Collect(maps.Values(p.vouchers)), i)
}

func (d *directory) list() []*knownIssuer {
	d.mu.Lock()
	defer d.mu.Unlock()
	var all []*knownIssuer
	for _, i := range d.issuers {
		all = append(all, i)
	}
	slices.SortFunc(all, func(a, b *knownIssuer) int { return strings.Compare(a.id, b.id) })
	return all
}

// admin serves /openid-connect/… of the Admin API.
func (d *directory) admin(env plugin.AdminEnv) []plugin.AdminRoute {
	route := func(pattern string, h http.HandlerFunc) plugin.AdminRoute {
		return plugin.AdminRoute{Pattern: pattern, Handler: h}
	}
	return append(d.keyRoutes(env), []plugin.AdminRoute{
		route("GET /openid-connect/issuers", func(w http.ResponseWriter, _ *http.Request) {
			data := []any{}
			for _, i := range d.list() {
				data = append(data, view(i))
			}
			answerJSON(w, http.StatusOK, map[string]any{"data": data, "next": nil})
		}),
		route("GET /openid-connect/issuers/{issuer...}", func(w http.ResponseWriter, r *http.Request) {
			if i := d.find(r.PathValue("issuer")); i != nil {
				answerJSON(w, http.StatusOK, view(i))
				return
			}
			answerJSON(w, http.StatusNotFound, map[string]any{"message": "Not found"})
		}),
		route("DELETE /openid-connect/issuers", func(w http.ResponseWriter, _ *http.Request) {
			for _, i := range d.list() {
				d.forget(i)
			}
			w.WriteHeader(http.StatusNoContent)
		}),
		route("DELETE /openid-connect/issuers/{issuer...}", func(w http.ResponseWriter, r *http.Request) {
			i := d.find(r.PathValue("issuer"))
			if i == nil {
				answerJSON(w, http.StatusNotFound, map[string]any{"message": "Not found"})
				return
			}
			d.forget(i)
			w.WriteHeader(http.StatusNoContent)
		}),
		route("GET /openid-connect/sessions", listSessions(env)),
		route("POST /openid-connect/logout", d.logoutSubject(env)),
		route("POST /openid-connect/explain", explain(env)),
	}...)
}

func (d *directory) find(name string) *knownIssuer {
	name = strings.Replace(name, ":/", "://", 1)
	name = strings.Replace(name, ":///", "://", 1)
	for _, i := range d.list() {
		if i.id == name || i.Name() == oidc.NormalizeIssuer(name) {
			return i
		}
	}
	return nil
}

// forget drops what is known of an issuer, and what was verified by it.
func (d *directory) forget(i *knownIssuer) {
	i.Forget()
	d.mu.Lock()
	defer d.mu.Unlock()
	for p := range d.parties {
		if p.uses(i.Issuer) {
			p.verified.Clear()
			p.granted.Clear()
			p.infos.Clear()
		}
	}
}

func view(i *knownIssuer) map[string]any {
	v := map[string]any{"id": i.id, "issuer": i.Name(), "created_at": i.created, "configuration": nil, "keys": []any{}}
	if doc := i.Known(); doc != nil {
		if len(doc.Raw) > 0 {
			v["configuration"] = doc.Raw
		}
		keys := []any{}
		for _, k := range doc.Keys {
			keys = append(keys, k.JSON)
		}
		v["keys"] = keys
	}
	return v
}

// logoutSubject ends all sessions of a subject: {"issuer": …, "subject": …} or {"issuer": …, "sid": …}.
func (d *directory) logoutSubject(env plugin.AdminEnv) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var in struct{ Issuer, Subject, SID string }
		if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 64<<10)).Decode(&in); err != nil || in.Issuer == "" || in.Subject == "" && in.SID == "" {
			answerJSON(w, http.StatusBadRequest, map[string]any{"message": `a JSON body with "issuer" and "subject" or "sid" is needed`})
			return
		}
		ended := 0
		d.mu.Lock()
		parties := make([]*relyingParty, 0, len(d.parties))
		for p := range d.parties {
			parties = append(parties, p)
		}
		d.mu.Unlock()
		for _, p := range parties {
			if p.env.State == nil || !p.SessionStoreMetadata && p.LogoutURISuffix == "" {
				continue
			}
			if err := p.markEnded(r.Context(), in.Issuer, in.SID, in.Subject, p.env.Now()); err != nil {
				answerJSON(w, http.StatusServiceUnavailable, map[string]any{"message": "the state of the gateway cannot be reached"})
				return
			}
			ended++
		}
		if ended == 0 {
			answerJSON(w, http.StatusNotFound, map[string]any{"message": "no openid-connect plugin with session_store_metadata or logout_uri_suffix"})
			return
		}
		w.WriteHeader(http.StatusNoContent)
	}
}

func answerJSON(w http.ResponseWriter, status int, body any) {
	text, err := json.Marshal(body)
	if err != nil {
		status, text = http.StatusInternalServerError, []byte(`{"message":"An unexpected error occurred"}`)
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	w.Write(text)
}
