package cli

import (
	"context"
	"fmt"
	"syscall"
	"time"

	"github.com/gibbon-gateway/gibbon/internal/app"
)

var check = command{
	name: "check", args: "[FILE] [SETTINGS]", about: "Say whether the settings are right",
	help: "Reads the settings as \"gibbon start\" would, and names everything that is wrong.\n\n" + settingsHelp,
	run: func(_ context.Context, c *call) int {
		from, _, rest, err := flags(c.args)
		if err != nil {
			return c.misused("check", "%v", err)
		}
		switch {
		case len(rest) == 1 && from.File == "":
			from.File = rest[0]
		case len(rest) > 0:
			return c.misused("check", "one file at most")
		}
		s, err := load(c, from)
		if err != nil {
			return c.fail(err)
		}
		if from.File != "" {
			fmt.Fprintf(c.stdout, "configuration at %s is valid\n", from.File)
		} else {
			fmt.Fprintf(c.stdout, "configuration is valid (data folder %s)\n", s.Prefix)
		}
		return 0
	},
}

var health = command{
	name: "health", args: "[SETTINGS]", about: "Say whether the gateway of a data folder runs and is ready",
	help: "Looks for the process that works in the data folder, and asks its status address whether it is ready.\n" +
		"Exit status 0: it is. 1: it is not.\n\n" + settingsHelp,
	run: func(ctx context.Context, c *call) int {
		from, _, _, err := flags(c.args)
		if err != nil {
			return c.misused("health", "%v", err)
		}
		s, err := load(c, from)
		if err != nil {
			return c.fail(err)
		}
		if app.Running(s.Prefix) == 0 {
			return c.fail(fmt.Errorf("not running at %s", s.Prefix))
		}
		if err := app.Ready(ctx, s); err != nil {
			return c.fail(fmt.Errorf("running at %s, but not ready: %w", s.Prefix, err))
		}
		fmt.Fprintf(c.stdout, "Gibbon is healthy at %s\n", s.Prefix)
		return 0
	},
}

var reload = command{
	name: "reload", args: "[SETTINGS]", about: "Make a running gateway read its declarative file and certificates again",
	help: "Sends SIGHUP to the process of the data folder: it reads declarative_config and the files of ssl_cert and\n" +
		"admin_ssl_cert again, and reopens its log files. " +
		"Requests under way are not touched. A file with mistakes changes nothing; they are logged.\n\n" + settingsHelp,
	run: func(ctx context.Context, c *call) int { return signalRunning(ctx, c, "reload", syscall.SIGHUP) },
}

var stop = command{
	name: "stop", args: "[SETTINGS]", about: "Stop a running gateway, when its requests are done",
	help: "Sends SIGTERM to the process of the data folder and waits until it has ended, 30 seconds at most.\n\n" + settingsHelp,
	run:  func(ctx context.Context, c *call) int { return signalRunning(ctx, c, "stop", syscall.SIGTERM) },
}

func signalRunning(ctx context.Context, c *call, name string, sig syscall.Signal) int {
	from, _, rest, err := flags(c.args)
	switch {
	case err != nil:
		return c.misused(name, "%v", err)
	case len(rest) > 0:
		return c.misused(name, "unexpected argument %q", rest[0])
	}
	s, err := load(c, from)
	if err != nil {
		return c.fail(err)
	}
	pid := app.Running(s.Prefix)
	if pid == 0 {
		return c.fail(fmt.Errorf("not running at %s", s.Prefix))
	}
	if err := syscall.Kill(pid, sig); err != nil {
		return c.fail(fmt.Errorf("signal process %d: %w", pid, err))
	}
	if sig == syscall.SIGTERM && !ended(ctx, s.Prefix) {
		return c.fail(fmt.Errorf("process %d has not ended after 30 seconds", pid))
	}
	fmt.Fprintf(c.stdout, "Gibbon %s\n", map[string]string{"stop": "stopped", "reload": "reloaded"}[name])
	return 0
}

func ended(ctx context.Context, prefix string) bool {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for app.Running(prefix) != 0 {
		select {
		case <-ctx.Done():
			return false
		case <-tick.C:
		}
	}
	return true
}

var version = command{
	name: "version", args: "[-a]", about: "Print the version",
	help: "Prints Gibbon's version. -a adds the Kong version whose API it speaks, and what it was built with.\n",
	run: func(_ context.Context, c *call) int {
		for _, line := range app.VersionLines(len(c.args) > 0 && (c.args[0] == "-a" || c.args[0] == "--all")) {
			fmt.Fprintln(c.stdout, line)
		}
		return 0
	},
}

var migrations = command{
	name: "migrations", args: "bootstrap|up|finish|list|status [SETTINGS]", about: "Make the database ready, as scripts for Kong do",
	help: "Gibbon brings its tables into shape by itself at every start. This command does the same and ends, for scripts\n" +
		"and charts that run Kong's migrations first. finish, list and status report that nothing is pending.\n\n" + settingsHelp,
	run: func(ctx context.Context, c *call) int {
		from, _, rest, err := flags(c.args, "-y", "-q", "-f", "--yes", "--quiet", "--force")
		if err != nil {
			return c.misused("migrations", "%v", err)
		}
		if len(rest) != 1 {
			return c.misused("migrations", "one of bootstrap, up, finish, list, status")
		}
		switch rest[0] {
		case "bootstrap", "up", "finish", "list", "status":
		default:
			return c.misused("migrations", "%q is not one of bootstrap, up, finish, list, status", rest[0])
		}
		s, err := load(c, from)
		if err != nil {
			return c.fail(err)
		}
		if err := app.Migrate(ctx, s); err != nil {
			return c.fail(err)
		}
		fmt.Fprintln(c.stdout, "Database is up-to-date")
		return 0
	},
}
