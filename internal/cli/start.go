package cli

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/gibbon-gateway/gibbon/internal/app"
)

var start = command{
	name: "start", args: "[--demo] [SETTINGS]", about: "Run the gateway until it is stopped",
	help: `Runs in the foreground. Ctrl-C or SIGTERM stops it when the requests under way are done; SIGHUP reads the
declarative file and certificates again and reopens log files.

  --demo              also serve a sample upstream on 127.0.0.1:8780, and print what to try

` + settingsHelp,
	run: func(ctx context.Context, c *call) int {
		from, on, rest, err := flags(c.args, "--demo")
		switch {
		case err != nil:
			return c.misused("start", "%v", err)
		case len(rest) > 0:
			return c.misused("start", "unexpected argument %q", rest[0])
		}
		s, err := load(c, from)
		if err == nil && on["--demo"] && len(s.Demo) == 0 {
			from.Set["demo_listen"] = "127.0.0.1:8780"
			s, err = load(&call{stderr: io.Discard, env: c.env}, from)
		}
		if err != nil {
			return c.fail(err)
		}
		err = app.Run(ctx, s, app.Options{
			Types: c.types,
			Ready: func(a app.Addresses) {
				if on["--demo"] {
					welcome(c.stdout, a, terminal(c.stdout))
				}
			},
		})
		if err != nil {
			return c.fail(err)
		}
		return 0
	},
}

// terminal reports whether w is one, for colours and line drawing.
func terminal(w any) bool {
	f, ok := w.(*os.File)
	if !ok || os.Getenv("NO_COLOR") != "" {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

func welcome(w io.Writer, a app.Addresses, colour bool) {
	bold, dim, off := "", "", ""
	if colour {
		bold, dim, off = "\x1b[1m", "\x1b[2m", "\x1b[0m"
	}
	fmt.Fprintf(w, "\n%sGibbon %s is ready.%s Data folder: %s\n\n", bold, app.Version(), off, a.Prefix)
	for _, row := range [][2]string{
		{"Proxy", a.Proxy}, {"Proxy, TLS", a.ProxyTLS}, {"Admin API", a.Admin}, {"Status", a.Status},
		{"Identity provider", a.IDP}, {"Sample upstream", a.Demo},
	} {
		if row[1] != "" {
			fmt.Fprintf(w, "  %-18s %s\n", row[0], row[1])
		}
	}
	if a.Admin == "" || a.Proxy == "" || a.Demo == "" {
		fmt.Fprintln(w)
		return
	}
	fmt.Fprintf(w, "\n%sTry, in another terminal%s (httpie; curl -d works as well):\n\n", bold, off)
	admin, proxy := short(a.Admin), short(a.Proxy)
	for _, line := range []string{
		"http " + admin + "/services name=oidcservice url='" + a.Demo + "'",
		"http " + admin + "/services/oidcservice/routes name='oidcroute' paths:='[\"/oidcroute\"]'",
		"http " + proxy + "/oidcroute/get",
		"http " + proxy + "/oidcroute/hello",
	} {
		fmt.Fprintf(w, "  %s\n", line)
	}
	if a.IDP != "" {
		fmt.Fprintf(w, "\nA user pool with an app client, and the calls that get a token from it:\n\n  %s idp quickstart kongpool\n", os.Args[0])
	}
	fmt.Fprintf(w, "\n%sCtrl-C stops it.%s\n\n", dim, off)
}

// short writes an address of this machine as httpie's users do: ":8001".
func short(url string) string { return strings.Replace(url, "http://127.0.0.1:", ":", 1) }
