package openidconnect

import (
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/gibbon-gateway/gibbon/plugin"
)

// question is what /openid-connect/explain is asked: a request, and what it would meet.
type question struct {
	Plugin      string            `json:"plugin"` // id of a configuration; or
	Route       string            `json:"route"`  // id or name; or
	Service     string            `json:"service"`
	Token       string            `json:"token"` // access token
	DPoP        string            `json:"dpop"`  // the proof that comes with it
	Basic       string            `json:"basic"` // name:password
	Certificate string            `json:"certificate"`
	Cookie      string            `json:"cookie"`
	Method      string            `json:"method"`
	Path        string            `json:"path"` // with query
	Host        string            `json:"host"` // with port
	Scheme      string            `json:"scheme"`
	IP          string            `json:"ip"`
	Trusted     bool              `json:"trusted"` // the peer counts as one of trusted_ips
	Headers     map[string]string `json:"headers"`
	Body        string            `json:"body"`
}

// explain says step by step what a request would meet, by walking it through Access as the proxy does. No upstream is asked; the
// provider is, and state is kept, as for a request. The answer has no secrets of the request.
func explain(env plugin.AdminEnv) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var q question
		d := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<20))
		d.DisallowUnknownFields()
		if err := d.Decode(&q); err != nil {
			answerJSON(w, http.StatusBadRequest, map[string]any{"message": "the body is not as it should be: " + err.Error()})
			return
		}
		if _, err := d.Token(); !errors.Is(err, io.EOF) {
			answerJSON(w, http.StatusBadRequest, map[string]any{"message": "the body is more than one JSON object"})
			return
		}
		if err := q.check(); err != nil {
			answerJSON(w, http.StatusBadRequest, map[string]any{"message": err.Error()})
			return
		}
		t, err := env.Pick(plugin.Pick{Plugin: q.Plugin, Route: q.Route, Service: q.Service, Scheme: q.Scheme})
		if err != nil {
			answerJSON(w, http.StatusNotFound, map[string]any{"message": err.Error()})
			return
		}
		p, _ := t.Accessor.(*relyingParty) // nil if it could not be started
		if err := q.fill(t, p); err != nil {
			answerJSON(w, http.StatusBadRequest, map[string]any{"message": err.Error()})
			return
		}
		t.Trace = plugin.NewTrace()
		x, failed := t.Run()
		if x == nil {
			answerJSON(w, http.StatusBadRequest, map[string]any{"message": "path: " + failed.Error()})
			return
		}
		answerJSON(w, http.StatusOK, explained(t, p, x, failed, q.Token))
	}
}

// check refuses what contradicts itself.
func (q *question) check() error {
	named := 0
	for _, name := range []string{q.Plugin, q.Route, q.Service} {
		if name != "" {
			named++
		}
	}
	authorization := slices.ContainsFunc(headerNames(q.Headers), func(name string) bool { return strings.EqualFold(name, "Authorization") })
	_, _, pair := strings.Cut(q.Basic, ":")
	switch {
	case named != 1:
		return errors.New("exactly one of plugin, route and service is needed")
	case q.Token != "" && q.Basic != "":
		return errors.New("basic: a request has one Authorization field, and token is there")
	case authorization && q.Token+q.Basic != "":
		return errors.New("headers: Authorization is there already, by token or basic")
	case q.Basic != "" && !pair:
		return errors.New("basic: not of the form name:password")
	case q.Path != "" && !strings.HasPrefix(q.Path, "/"):
		return errors.New(`path: it has to begin with "/"`)
	case q.Scheme != "" && q.Scheme != "http" && q.Scheme != "https":
		return errors.New("scheme: neither http nor https")
	case strings.ContainsFunc(q.Path+q.Host+q.Method, func(r rune) bool { return r <= ' ' || r == 0x7f }):
		return errors.New("path, host and method have no spaces or control characters")
	}
	for name, value := range q.Headers {
		if name == "" || strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r >= 0x7f || r == ':' }) || strings.EqualFold(name, "Host") {
			return fmt.Errorf("headers: %q cannot stand here", name)
		}
		if err := oneLine("headers: "+name, value); err != nil {
			return err
		}
	}
	return errors.Join(oneLine("token", q.Token), oneLine("dpop", q.DPoP), oneLine("cookie", q.Cookie))
}

func oneLine(field, value string) error {
	if strings.ContainsAny(value, "\r\n\x00") {
		return errors.New(field + ": it has more than one line")
	}
	return nil
}

func headerNames(headers map[string]string) (names []string) {
	for name := range headers {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// fill makes the question the request of a trial. p says where a token is looked for; it may be nil.
func (q *question) fill(t *plugin.Trial, p *relyingParty) error {
	t.Method, t.Target, t.Host, t.Body = q.Method, q.Path, q.Host, []byte(q.Body)
	if t.Route != nil {
		t.Target = cmp.Or(t.Target, plainOf(t.Route.Paths))
		t.Host = cmp.Or(t.Host, plainOf(t.Route.Hosts))
	}
	for _, name := range headerNames(q.Headers) {
		t.Header.Add(name, q.Headers[name])
	}
	if t.Client.HTTPVersion == "2" && !t.Header.Has("Content-Type") { // a route of gRPC takes nothing else
		t.Method = cmp.Or(t.Method, http.MethodPost)
		t.Header.Add("Content-Type", "application/grpc")
	}
	if q.Cookie != "" {
		t.Header.Add("Cookie", q.Cookie)
	}
	if q.Basic != "" {
		t.Header.Add("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(q.Basic)))
	}
	if q.DPoP != "" {
		t.Header.Add("DPoP", q.DPoP)
	}
	if q.Token != "" {
		q.place(t, p)
	}
	c := &t.Client
	c.Trusted = q.Trusted
	if q.IP != "" {
		ip, err := netip.ParseAddr(q.IP)
		if err != nil {
			return fmt.Errorf("ip: %q is no address", q.IP)
		}
		c.IP = ip
	}
	if c.Scheme == "https" {
		c.TLS = new(tls.ConnectionState)
	}
	if q.Certificate == "" {
		return nil
	}
	if c.TLS == nil {
		return errors.New("certificate: the request does not come by https; give scheme https")
	}
	block, _ := pem.Decode([]byte(q.Certificate))
	if block == nil {
		return errors.New("certificate: not in PEM")
	}
	certificate, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return fmt.Errorf("certificate: %w", err)
	}
	c.TLS.PeerCertificates = []*x509.Certificate{certificate}
	return nil
}

// plainOf returns the first of a route's paths or hosts that is no pattern, or "".
func plainOf(list []string) string {
	for _, s := range list {
		if !strings.HasPrefix(s, "~") && !strings.Contains(s, "*") {
			return s
		}
	}
	return ""
}

// place puts the access token where the configuration looks for one first.
func (q *question) place(t *plugin.Trial, p *relyingParty) {
	if q.DPoP != "" {
		t.Header.Add("Authorization", "DPoP "+q.Token)
		return
	}
	places := []string{"header"}
	if p != nil && len(p.BearerTokenParamType) > 0 {
		places = p.BearerTokenParamType
	}
	switch place := places[0]; {
	case slices.Contains(places, "header") && p != nil && p.BearerTokenHeaderName != "":
		t.Header.Add(p.BearerTokenHeaderName, q.Token)
	case slices.Contains(places, "header"):
		t.Header.Add("Authorization", "Bearer "+q.Token)
	case place == "cookie":
		t.Header.Add("Cookie", p.BearerTokenCookieName+"="+q.Token)
	case place == "query":
		separator := "?"
		if t.Target = cmp.Or(t.Target, "/"); strings.Contains(t.Target, "?") {
			separator = "&"
		}
		t.Target += separator + "access_token=" + url.QueryEscape(q.Token)
	case q.Body == "":
		t.Method, t.Body = cmp.Or(t.Method, http.MethodPost), []byte(url.Values{"access_token": {q.Token}}.Encode())
		t.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
}
