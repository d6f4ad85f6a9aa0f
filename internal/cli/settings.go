package cli

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/gibbon-gateway/gibbon/internal/settings"
)

// settingsHelp is the part about settings of every command's help that reads them.
const settingsHelp = `Settings, later ones win:
  -c, --conf FILE     kong.conf-like file: "key = value" lines; /etc/gibbon/gibbon.conf
                      and /etc/gibbon.conf are read if there and none is given
  KONG_<KEY>          environment, as Kong reads it
  GIBBON_<KEY>        environment; an unknown key is an error
  -p, --prefix DIR    the data folder (default gibbon-data)
  --<key> VALUE       any key, for example --proxy-listen 127.0.0.1:8000
`

// defaultFiles are read when no -c is given, the first that is there.
var defaultFiles = []string{"/etc/gibbon/gibbon.conf", "/etc/gibbon.conf"}

// flags takes -c, -p and --<key> out of a command line. switches are the flags without value that the command has of its
// own; what else there is, is returned in rest.
func flags(args []string, switches ...string) (from settings.From, on map[string]bool, rest []string, err error) {
	from.Set, on = map[string]string{}, map[string]bool{}
	for i := 0; i < len(args); i++ {
		arg := args[i]
		if arg == "--" {
			return from, on, append(rest, args[i+1:]...), nil
		}
		if !strings.HasPrefix(arg, "-") || arg == "-" {
			rest = append(rest, arg)
			continue
		}
		name, value, given := strings.Cut(arg, "=")
		if slices.Contains(switches, name) {
			on[name] = true
			continue
		}
		if !given {
			if i++; i == len(args) {
				return from, on, rest, fmt.Errorf("%s needs a value", arg)
			}
			value = args[i]
		}
		switch {
		case name == "-c" || name == "--conf":
			from.File = value
		case name == "-p":
			from.Set["prefix"] = value
		case strings.HasPrefix(name, "--"):
			from.Set[strings.ReplaceAll(strings.TrimPrefix(name, "--"), "-", "_")] = value
		default:
			return from, on, rest, fmt.Errorf("unknown flag %s", name)
		}
	}
	return from, on, rest, nil
}

// settingFlags takes out of a command line only -c, -p and the flags that are settings; the rest is the command's own.
func settingFlags(args []string) (from settings.From, rest []string, err error) {
	known := settings.Known()
	var ours []string
	for i := 0; i < len(args); i++ {
		name, _, given := strings.Cut(args[i], "=")
		key := strings.ReplaceAll(strings.TrimPrefix(name, "--"), "-", "_")
		if name != "-c" && name != "-p" && name != "--conf" && !(strings.HasPrefix(name, "--") && slices.Contains(known, key)) {
			rest = append(rest, args[i])
			continue
		}
		ours = append(ours, args[i])
		if !given && i+1 < len(args) {
			i++
			ours = append(ours, args[i])
		}
	}
	from, _, _, err = flags(ours)
	return from, rest, err
}

// load reads the settings and prints warnings.
func load(c *call, from settings.From) (*settings.Settings, error) {
	from.Env = c.env
	if from.File == "" {
		for _, f := range defaultFiles {
			if _, err := os.Stat(f); err == nil {
				from.File = f
				break
			}
		}
	}
	s, warnings, err := settings.Load(from)
	for _, w := range warnings {
		fmt.Fprintln(c.stderr, "gibbon: warning: "+w.String())
	}
	return s, err
}
