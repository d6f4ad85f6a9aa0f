// Package cli is the command line of a gateway: it starts it, checks its settings and configuration, and talks to one that runs.
// Its one function is Main. Each command is a file here and an entry in commands; the work is done in internal/app and below.
package cli

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/gibbon-gateway/gibbon/internal/app"
	"github.com/gibbon-gateway/gibbon/plugin"
)

// command is one word after "gibbon".
type command struct {
	name, args, about string
	// help follows the usage line in "gibbon help name".
	help string
	run  func(ctx context.Context, c *call) int
}

// call is one run of a command.
type call struct {
	args           []string
	stdin          io.Reader
	stdout, stderr io.Writer
	env            []string
	types          plugin.Types // that are in the program, bundled or not
}

// fail says what went wrong and returns the exit status 1.
func (c *call) fail(err error) int {
	fmt.Fprintln(c.stderr, "gibbon: "+strings.ReplaceAll(err.Error(), "\n", "\n        "))
	return 1
}

// misused is fail for a command line that cannot be understood.
func (c *call) misused(name, format string, args ...any) int {
	fmt.Fprintf(c.stderr, "gibbon %s: %s\nTry: gibbon help %s\n", name, fmt.Sprintf(format, args...), name)
	return 2
}

func commands() []command {
	return []command{start, check, health, reload, stop, config, migrations, idpCommand, oidcCommand, version}
}

// Main runs the command that the program's arguments name, with these plugins beside the bundled ones, and ends the program.
func Main(types ...*plugin.Type) {
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	c := &call{args: os.Args[1:], stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr, env: os.Environ()}
	status := 1
	if known, err := app.Known(types...); err != nil {
		c.fail(err)
	} else {
		c.types = known
		status = run(ctx, c)
	}
	cancel()
	os.Exit(status)
}

// run finds the command that c's first argument names, and runs it.
func run(ctx context.Context, c *call) int {
	if len(c.args) == 0 {
		usage(c.stderr)
		return 2
	}
	name, rest := c.args[0], c.args[1:]
	switch name {
	case "help", "-h", "--help":
		if len(rest) == 0 {
			usage(c.stdout)
			return 0
		}
		name, rest = rest[0], []string{"--help"}
	case "-v", "--version":
		name = "version"
	}
	for _, cmd := range commands() {
		if cmd.name != name {
			continue
		}
		if cmd.help != "" && (len(rest) > 0 && (rest[0] == "-h" || rest[0] == "--help")) {
			fmt.Fprintf(c.stdout, "Usage: gibbon %s %s\n\n%s", cmd.name, cmd.args, cmd.help)
			return 0
		}
		c.args = rest
		return cmd.run(ctx, c)
	}
	fmt.Fprintf(c.stderr, "gibbon: unknown command %q\n\n", name)
	usage(c.stderr)
	return 2
}

func usage(w io.Writer) {
	fmt.Fprint(w, "Gibbon is an API gateway that speaks Kong's Admin API, with a local Cognito inside.\n\nUsage: gibbon COMMAND [ARGUMENTS]\n\n")
	for _, cmd := range commands() {
		fmt.Fprintf(w, "  %-11s %s\n", cmd.name, cmd.about)
	}
	fmt.Fprint(w, "\n\"gibbon help COMMAND\" says more. Settings: a file (-c), variables GIBBON_<KEY> or KONG_<KEY>, flags --<key>.\n")
}
