package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/gibbon-gateway/gibbon/internal/app"
	"github.com/gibbon-gateway/gibbon/internal/source"
)

var config = command{
	name: "config", args: "parse FILE [SETTINGS]", about: "Check a declarative configuration",
	help: "Reads a declarative file (YAML or JSON, _format_version 1.1, 2.1 or 3.0) and names everything that is wrong.\n" +
		"Nothing is applied: with database off, \"gibbon reload\" or POST /config does that.\n\n" + settingsHelp,
	run: func(_ context.Context, c *call) int {
		from, _, rest, err := flags(c.args)
		switch {
		case err != nil:
			return c.misused("config", "%v", err)
		case len(rest) == 0 || rest[0] != "parse":
			return c.misused("config", "one of: parse")
		case len(rest) != 2:
			return c.misused("config", "parse takes one file")
		}
		s, err := load(c, from)
		if err != nil {
			return c.fail(err)
		}
		config, err := app.ParseFile(s, c.types, rest[1])
		if err != nil {
			return c.fail(explained(err))
		}
		fmt.Fprintf(c.stdout, "parse successful (%d entities)\n", len(config.Objects))
		return 0
	},
}

// explained turns the errors of a declarative file into lines.
func explained(err error) error {
	if invalid := (*source.Invalid)(nil); errors.As(err, &invalid) {
		return fmt.Errorf("declarative config is invalid:\n%s", invalid.Text())
	}
	return err
}
