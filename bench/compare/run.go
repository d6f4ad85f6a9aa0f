package main

import (
	"fmt"
	"os/exec"
	"strings"

	"github.com/gibbon-gateway/gibbon/bench/rig"
)

// bench holds the flags and what runs.
type bench struct {
	rig.Options
	*rig.Bench
}

// startProxies starts nginx and Gibbon with the routes of a case.
func (b *bench) startProxies(c benchCase) ([2]*rig.Server, error) {
	var two [2]*rig.Server
	for i, start := range []func(addr string, c benchCase) (*exec.Cmd, error){b.startNginx, b.startGibbon} {
		addr, err := rig.FreeAddr()
		if err != nil {
			return two, err
		}
		cmd, err := start(addr, c)
		if err != nil {
			return two, err
		}
		two[i] = &rig.Server{Name: [...]string{"nginx", "Gibbon"}[i], Addr: addr, Cmd: cmd}
		err = rig.Ready("http://"+addr+"/p0"+c.path, map[string]string{"Host": "h0.example.com", "apikey": benchKey})
		if err != nil {
			return two, fmt.Errorf("%s: %w\n%s", two[i].Name, err, b.Logs())
		}
	}
	return two, nil
}

func (b *bench) stopProxies(two [2]*rig.Server) {
	for _, s := range two {
		if s != nil {
			rig.End(s.Cmd)
		}
	}
}

// luaScript makes wrk ask all routes in turn.
func luaScript(c benchCase) string {
	var fields strings.Builder
	for _, f := range c.fields {
		fmt.Fprintf(&fields, "  h[%q] = %q\n", f[0], f[1])
	}
	return fmt.Sprintf(`local all, n = {}, 0
for i = 0, %d do
  local h = {["Host"] = "h" .. math.floor(i / %d) .. ".example.com",
    ["User-Agent"] = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    ["Accept"] = "application/json, text/plain, */*", ["Accept-Language"] = "en-GB,en;q=0.9",
    ["Accept-Encoding"] = "gzip, deflate, br", ["X-Request-ID"] = "3f1c9c1e-1111-2222-3333-444455556666"}
%s  all[i] = wrk.format("GET", "/p" .. (i %% %d) .. %q, h)
end
function request()
  n = (n + 7) %% %d
  return all[n]
end
`, hosts*prefixes-1, prefixes, fields.String(), prefixes, c.path, hosts*prefixes)
}
