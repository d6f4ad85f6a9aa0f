package cli

import (
	"context"

	"github.com/gibbon-gateway/gibbon/internal/app"
	"github.com/gibbon-gateway/gibbon/internal/idp"
	"github.com/gibbon-gateway/gibbon/internal/observe"
)

var idpCommand = command{
	name: "idp", args: "[COMMAND] [SETTINGS]", about: "Run the identity provider alone, or work with its pools",
	help: idp.Usage + "\n" + settingsHelp,
	run: func(ctx context.Context, c *call) int {
		from, rest, err := settingFlags(c.args)
		if err != nil {
			return c.misused("idp", "%v", err)
		}
		s, err := load(c, from)
		if err != nil {
			return c.fail(err)
		}
		options := app.ProviderOptions(s)
		options.Log = observe.NewLogger(c.stderr, s.Level)
		var listen []string
		for _, l := range s.IDP {
			listen = append(listen, l.Address())
		}
		return idp.Command(ctx, idp.Line{Args: rest, Stdin: c.stdin, Stdout: c.stdout, Stderr: c.stderr, Terminal: terminal(c.stdout),
			Listen: listen, Options: options})
	},
}
