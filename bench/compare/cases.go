package main

import (
	"fmt"
	"strings"
)

// benchCase is one row of the table: what is asked, and what of.
type benchCase struct {
	name   string
	plain  float64 // CPU time at most, of a plain nginx's; 0 is no aim
	same   float64 // CPU time at most, of an nginx's that does the same work; 0 is no aim
	one    bool    // one route is asked, not all in turn
	plugin bool    // with key-auth and rate-limiting
	path   string  // behind the prefix of the route
	fields [][2]string
}

var cases = []benchCase{
	{name: "proxy, one route asked", plain: 0.8, same: 0.72, one: true, path: "/v1/items"},
	{name: "proxy, 1,000 routes", plain: 0.8, same: 0.72, path: "/v1/items"},
	{name: "key-auth + rate-limiting", same: 0.8, plugin: true, path: "/v1/items", fields: [][2]string{{"apikey", benchKey}}},
	{name: "new connection per request", plain: 1, path: "/v1/items", fields: [][2]string{{"Connection", "close"}}},
	{name: "1 MiB body", plain: 0.36, path: "/big"},
}

const (
	benchKey = "0123456789abcdef0123456789abcdef"
	hosts    = 100
	prefixes = 10
)

// luaScript makes wrk ask all routes in turn, or one.
func (c benchCase) luaScript() string {
	var fields strings.Builder
	for _, f := range c.fields {
		fmt.Fprintf(&fields, "  h[%q] = %q\n", f[0], f[1])
	}
	step := 7
	if c.one {
		step = 0
	}
	return fmt.Sprintf(`local all, n = {}, 0
for i = 0, %[1]d do
  local h = {["Host"] = "h" .. math.floor(i / %[2]d) .. ".example.com",
    ["User-Agent"] = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    ["Accept"] = "application/json, text/plain, */*", ["Accept-Language"] = "en-GB,en;q=0.9",
    ["Accept-Encoding"] = "gzip, deflate, br", ["X-Request-ID"] = "3f1c9c1e-1111-2222-3333-444455556666"}
%[3]s  all[i] = wrk.format("GET", "/p" .. (i %% %[2]d) .. %[4]q, h)
end
function request()
  n = (n + %[5]d) %% %[6]d
  return all[n]
end
`, hosts*prefixes-1, prefixes, fields.String(), c.path, step, hosts*prefixes)
}
