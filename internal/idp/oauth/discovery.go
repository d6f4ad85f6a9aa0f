package oauth

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"github.com/gibbon-gateway/gibbon/internal/idp/api"
	"github.com/gibbon-gateway/gibbon/internal/idp/pool"
	"github.com/gibbon-gateway/gibbon/internal/idp/store"
)

// discovery is the document that describes an issuer, members in the order of the service.
type discovery struct {
	Authorization string   `json:"authorization_endpoint"`
	EndSession    string   `json:"end_session_endpoint"`
	Algorithms    []string `json:"id_token_signing_alg_values_supported"`
	Issuer        string   `json:"issuer"`
	JWKS          string   `json:"jwks_uri"`
	ResponseTypes []string `json:"response_types_supported"`
	Revocation    string   `json:"revocation_endpoint"`
	Scopes        []string `json:"scopes_supported"`
	SubjectTypes  []string `json:"subject_types_supported"`
	Token         string   `json:"token_endpoint"`
	Methods       []string `json:"token_endpoint_auth_methods_supported"`
	UserInfo      string   `json:"userinfo_endpoint"`
}

// Endpoints is where the OAuth endpoints of a pool are: beside its issuer if that is ours, under its domain if it has the shape of AWS.
func Endpoints(p *pool.Pool) string {
	origin, ok := strings.CutSuffix(p.Issuer, "/"+p.ID)
	aws := strings.HasSuffix(p.Issuer, ".amazonaws.com/"+p.ID)
	switch {
	case !ok || !aws:
		return strings.TrimSuffix(origin, "/") + "/oauth2"
	case p.Custom != "":
		return "https://" + p.Custom + "/oauth2"
	case p.Prefix != "":
		return "https://" + p.Prefix + ".auth." + p.Region + ".amazoncognito.com/oauth2"
	}
	return p.Issuer // as the service says for a pool without domain; nothing is there
}

// WellKnown serves /{pool}/.well-known/openid-configuration and jwks.json; name is the last part.
func (s *Service) WellKnown(w http.ResponseWriter, r *http.Request, id, name string) {
	if open(w, r, http.MethodGet, http.MethodHead) {
		return
	}
	var body []byte
	p, err := s.Pools.Pool(r.Context(), id)
	if err == nil {
		switch name {
		case "jwks.json":
			body, err = s.Ring.JWKS(r.Context(), p.ID)
		case "openid-configuration":
			body, err = json.Marshal(describe(p))
		default:
			err = store.ErrNotFound
		}
	}
	if api.ResourceNotFound.Is(err) || errors.Is(err, store.ErrNotFound) {
		answer(w, http.StatusNotFound, map[string]string{"message": "User pool " + id + " does not exist."})
		return
	}
	if err != nil {
		answerError(w, s.asError(r, err))
		return
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "public, max-age=300")
	h.Set("X-Content-Type-Options", "nosniff")
	w.Write(body)
}

func describe(p *pool.Pool) discovery {
	at := Endpoints(p)
	return discovery{Authorization: at + "/authorize", EndSession: strings.TrimSuffix(at, "/oauth2") + "/logout", Algorithms: []string{"RS256"},
		Issuer: p.Issuer, JWKS: p.Issuer + "/.well-known/jwks.json", ResponseTypes: []string{"code", "token"}, Revocation: at + "/revoke",
		Scopes: []string{"openid", "email", "phone", "profile"}, SubjectTypes: []string{"public"}, Token: at + "/token",
		Methods: []string{"client_secret_basic", "client_secret_post"}, UserInfo: at + "/userInfo"}
}
