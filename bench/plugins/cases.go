package main

import (
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// benchCase is one row of the table.
type benchCase struct {
	name   string
	target float64 // the ratio that the design asks for; 0 is none
	route  string  // its route has this name and, with a slash, this path
	plugin string  // of the route, in YAML; what stands in braces is filled in
	query  string  // of the requests; "" is none, and "new" another one for each request
	// fields returns what requests have beside a browser's usual header fields.
	fields func(g *gateway, c benchCase) ([][2]string, error)
	// seen says what is wrong with an answer, if the plugin has not done what is to be measured.
	seen     func(h http.Header) string
	programs []string
	// unseen says that each request has a token that was not seen before. The ratio is then what the plugin adds, over what verifying one
	// signature takes.
	unseen bool
	// fill is for how many seconds the route is loaded before: a cache that misses is usually full, and then takes no new memory.
	fill int
}

// What the provider is seeded with.
const (
	pool          = "us-west-2_Bench0001"
	machine       = "1benchmachine00000000000"
	machineSecret = "benchsecret000000000000000000000000000000000000000000"
	web           = "1benchweb000000000000000"
	webSecret     = "benchsecret111111111111111111111111111111111111111111"
	person        = "jane@example.com"
	password      = "Passw0rd!"
)

const (
	relyingParty = `{name: openid-connect, config: {issuer: "{ISSUER}", client_id: [%s], client_secret: [%s], scopes: [%s]}}`
	limit        = `{name: rate-limiting, config: {minute: 1000000000, policy: %s}}`
	cache        = `{name: proxy-cache, config: {strategy: memory, content_type: ["text/plain"], cache_ttl: 3600}}`
)

var cases = []benchCase{
	{name: "openid-connect, bearer token seen before", target: 1.15, route: "bearer", fields: bearerToken,
		plugin: fmt.Sprintf(relyingParty, machine, machineSecret, "http://bench/read")},
	{name: "openid-connect, Basic client credentials, token cached", target: 1.2, route: "basic", fields: basicCredential,
		plugin: fmt.Sprintf(relyingParty, machine, machineSecret, "http://bench/read")},
	{name: "openid-connect, session cookie", target: 1.5, route: "session", fields: sessionCookie,
		plugin: fmt.Sprintf(relyingParty, web, webSecret, "openid, email")},
	{name: "openid-connect, RS256 token never seen, over its bare verification", target: 1.2, route: "unseen", fields: firstToken, unseen: true,
		plugin: `{name: openid-connect, config: {issuer: "{SIGNER}", auth_methods: [bearer]}}`},
	{name: "rate-limiting local", target: 1.1, route: "local", fields: nothing, seen: counted, plugin: fmt.Sprintf(limit, "local")},
	{name: "rate-limiting redis, sync_rate 1", target: 1.15, route: "redis", fields: nothing, seen: counted, programs: []string{"redis-server"},
		plugin: fmt.Sprintf(limit, "redis, sync_rate: 1, redis: {host: 127.0.0.1, port: {REDIS}}")},
	{name: "proxy-cache, miss", target: 1.15, route: "miss", query: "new", fields: nothing, seen: cached("Miss"), plugin: cache, fill: 16},
	{name: "proxy-cache, hit", route: "hit", query: "a=1", fields: nothing, seen: cached("Hit"), plugin: cache},
}

func nothing(*gateway, benchCase) ([][2]string, error) { return nil, nil }

func bearerToken(g *gateway, _ benchCase) ([][2]string, error) {
	token, err := g.token()
	return [][2]string{{"Authorization", "Bearer " + token}}, err
}

// firstToken is a token of those that the script sends.
func firstToken(g *gateway, _ benchCase) ([][2]string, error) {
	return [][2]string{{"Authorization", "Bearer " + g.signer.tokens[0]}}, nil
}

func basicCredential(*gateway, benchCase) ([][2]string, error) {
	return [][2]string{{"Authorization", "Basic " + base64.StdEncoding.EncodeToString([]byte(machine+":"+machineSecret))}}, nil
}

func sessionCookie(g *gateway, c benchCase) ([][2]string, error) {
	cookie, err := g.signIn("/" + c.route + path)
	return [][2]string{{"Cookie", cookie}}, err
}

func counted(h http.Header) string {
	if h.Get("X-RateLimit-Remaining-Minute") == "" {
		return "nothing was counted"
	}
	return ""
}

func cached(status string) func(h http.Header) string {
	return func(h http.Header) string {
		if got := h.Get("X-Cache-Status"); got != status {
			return fmt.Sprintf("X-Cache-Status is %q", got)
		}
		return ""
	}
}

// path is what all requests ask for, behind the path of the route.
const path = "/v1/items"

// check asks twice, and looks at the second answer. Where the case sends a credential, a request without it must be refused, or sent to the login.
func (g *gateway) check(c benchCase, fields [][2]string, round int) error {
	if len(fields) > 0 {
		status, _, err := g.ask(c, nil, "")
		if err != nil {
			return err
		}
		if status != http.StatusUnauthorized && status != http.StatusFound {
			return fmt.Errorf("without credential: status %d", status)
		}
	}
	for i := range 2 {
		status, header, err := g.ask(c, fields, fmt.Sprintf("check=%d.%d", round, i))
		if err != nil {
			return err
		}
		if status != http.StatusOK {
			return fmt.Errorf("status %d\n%s", status, g.Logs())
		}
		if i == 1 && c.seen != nil {
			if wrong := c.seen(header); wrong != "" {
				return fmt.Errorf("%s: %v", wrong, header)
			}
		}
	}
	return nil
}

func (g *gateway) ask(c benchCase, fields [][2]string, fresh string) (int, http.Header, error) {
	query := c.query
	if query == "new" {
		query = fresh
	}
	r, err := http.NewRequest(http.MethodGet, "http://"+g.server.Addr+"/"+c.route+path+"?"+query, nil)
	if err != nil {
		return 0, nil, err
	}
	for _, f := range fields {
		r.Header.Set(f[0], f[1])
	}
	stay := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	answer, err := stay.Do(r)
	if err != nil {
		return 0, nil, err
	}
	defer answer.Body.Close()
	_, err = io.Copy(io.Discard, answer.Body)
	return answer.StatusCode, answer.Header, err
}

// script says in Lua what wrk asks: as a browser would, with these fields too.
func (g *gateway) script(c benchCase, route string, fields [][2]string, round int) string {
	if c.unseen {
		return g.tokenScript(route, round)
	}
	var more strings.Builder
	for _, f := range fields {
		fmt.Fprintf(&more, "h[%q] = %q\n", f[0], f[1])
	}
	target := route + path
	if c.query != "" && c.query != "new" {
		target += "?" + c.query
	}
	out := browserFields + fmt.Sprintf("%sfunction init() whole = wrk.format(\"GET\", %q, h) end\n", more.String(), target)
	if c.query != "new" {
		return out + "function request() return whole end\n"
	}
	return out + fmt.Sprintf(`local n = 0
local first, last
function request()
  if not first then first, last = whole:match("^(GET %%S+)(.*)$") end
  n = n + 1
  return first .. "?n=%d." .. n .. last
end
`, round)
}

// browserFields are those of a browser, in Lua.
const browserFields = `local h = {["User-Agent"] = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
  ["Accept"] = "application/json, text/plain, */*", ["Accept-Language"] = "en-GB,en;q=0.9",
  ["Accept-Encoding"] = "gzip, deflate, br", ["X-Request-ID"] = "3f1c9c1e-1111-2222-3333-444455556666"}
`

// tokenScript says in Lua that each request has the next token, from where the round before may have ended.
func (g *gateway) tokenScript(route string, round int) string {
	var tokens strings.Builder
	for _, t := range g.signer.tokens {
		fmt.Fprintf(&tokens, "%q,\n", t)
	}
	return browserFields + fmt.Sprintf(`local tokens = {%s}
local all, n = {}, %d
function init()
  for i, t in ipairs(tokens) do
    h["Authorization"] = "Bearer " .. t
    all[i] = wrk.format("GET", %q, h)
  end
end
function request()
  n = n %% #all + 1
  return all[n]
end
`, tokens.String(), round*7919%len(g.signer.tokens), route+path)
}
