package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/gibbon-gateway/gibbon/internal/settings"
)

var oidcCommand = command{
	name: "oidc", args: "explain (--route NAME | --service NAME | --id PLUGIN) [REQUEST] [--json] [SETTINGS]",
	about: "Say step by step why a request is let in or refused",
	help: `Asks the Admin API of a running gateway what its openid-connect plugin makes of a request: which checks it meets, how each
goes, and which field of the configuration decides. The request takes the way of a client's through the plugin, under the configuration in
force on that node: the provider is asked, proofs are used up, sessions go on as by a request. No upstream is asked. Credentials are not
printed. Exit status 0: it would be let in; 1: it would not; 2: this cannot be told.

Which plugin:
  --route NAME        the one that a request of this route meets (name or id)
  --service NAME      the one that requests of this service's other routes meet
  --id PLUGIN         this plugin configuration; also --plugin

The request. Values that begin with @ are read from a file, "-" from standard input:
  --token TOKEN       an access token, put where the configuration looks for one
  --dpop PROOF        the DPoP proof that comes with it
  --basic NAME:PASS   a Basic credential
  --cookie TEXT       the Cookie field: a session
  --certificate FILE  the client's certificate (PEM), by TLS
  --method NAME       GET by default
  --path PATH         with query; by default the first path of the route
  --host NAME[:PORT]  as clients ask for it; by default the first host of the route
  --scheme SCHEME     http or https; by default the first that the route takes, https with --certificate
  --ip ADDRESS        of the client
  --trusted           the peer counts as one of trusted_ips
  --header 'NAME: V'  another field; may be repeated
  --body TEXT         the body

  --admin URL         the Admin API; as in the settings by default
  --json              print the answer as JSON

` + settingsHelp,
	run: explain,
}

// secretFlags are those whose values may come from files or standard input, so that they need not be in a command line.
var secretFlags = []string{"token", "dpop", "basic", "cookie", "body", "certificate"}

// explainFlags reads the command line: what to ask, for the Admin API, and what is left for the settings.
func explainFlags(c *call) (question map[string]any, admin string, asJSON bool, rest []string, err error) {
	question, headers := map[string]any{}, map[string]string{}
	names := append([]string{"route", "service", "plugin", "id", "method", "path", "host", "scheme", "ip", "header", "admin"}, secretFlags...)
	for i := 1; i < len(c.args); i++ {
		name, value, given := strings.Cut(strings.TrimPrefix(c.args[i], "--"), "=")
		switch {
		case c.args[i] == "--json":
			asJSON = true
			continue
		case c.args[i] == "--trusted":
			question["trusted"] = true
			continue
		case !strings.HasPrefix(c.args[i], "--") || !slices.Contains(names, name):
			rest = append(rest, c.args[i])
			continue
		case given:
		case i+1 < len(c.args):
			i++
			value = c.args[i]
		default:
			return nil, "", false, nil, fmt.Errorf("--%s needs a value", name)
		}
		switch {
		case name == "admin":
			admin = value
			continue
		case name == "header":
			field, text, ok := strings.Cut(value, ":")
			if !ok {
				return nil, "", false, nil, fmt.Errorf("--header %q: not of the form NAME: VALUE", value)
			}
			if headers[field] != "" {
				return nil, "", false, nil, fmt.Errorf("--header %s is given twice", field)
			}
			headers[field] = strings.TrimSpace(text)
			question["headers"] = headers
			continue
		case name == "id":
			name = "plugin"
		case name == "certificate" && value != "-" && !strings.HasPrefix(value, "@"):
			value = "@" + value
		}
		if question[name] != nil {
			return nil, "", false, nil, fmt.Errorf("--%s is given twice", name)
		}
		if slices.Contains(secretFlags, name) {
			if value, err = readValue(c, value); err != nil {
				return nil, "", false, nil, fmt.Errorf("--%s: %w", name, err)
			}
		}
		if value == "" {
			return nil, "", false, nil, fmt.Errorf("--%s is empty", name)
		}
		question[name] = value
	}
	if question["certificate"] != nil && question["scheme"] == nil {
		question["scheme"] = "https"
	}
	return question, admin, asJSON, rest, nil
}

// readValue returns what a value names: a file, standard input, or itself.
func readValue(c *call, value string) (string, error) {
	var text []byte
	var err error
	switch path, file := strings.CutPrefix(value, "@"); {
	case value == "-":
		text, err = io.ReadAll(io.LimitReader(c.stdin, 1<<20))
	case file:
		text, err = os.ReadFile(path)
	default:
		return value, nil
	}
	return strings.TrimSpace(string(text)), err
}

func explain(ctx context.Context, c *call) int {
	if len(c.args) == 0 || c.args[0] != "explain" {
		return c.misused("oidc", "one of: explain")
	}
	question, admin, asJSON, rest, err := explainFlags(c)
	if err != nil {
		return c.misused("oidc", "%v", err)
	}
	from, more, err := settingFlags(rest)
	switch {
	case err != nil:
		return c.misused("oidc", "%v", err)
	case len(more) > 0:
		return c.misused("oidc", "unexpected argument %q", more[0])
	case question["route"] == nil && question["service"] == nil && question["plugin"] == nil:
		return c.misused("oidc", "one of --route, --service and --id is needed")
	}
	if admin == "" {
		s, err := load(c, from)
		if err == nil {
			admin, err = adminURL(s)
		}
		if err != nil {
			c.fail(err)
			return 2
		}
	}
	ctx, cancel := context.WithTimeout(ctx, 40*time.Second)
	defer cancel()
	var text json.RawMessage
	var answer explanation
	err = ask(ctx, http.MethodPost, strings.TrimRight(admin, "/")+"/openid-connect/explain", question, &text)
	if err == nil {
		err = json.Unmarshal(text, &answer)
	}
	if err == nil && asJSON {
		err = printJSON(c.stdout, text)
	} else if err == nil {
		err = answer.print(c.stdout, terminal(c.stdout))
	}
	switch {
	case err != nil:
		c.fail(err)
		return 2
	case answer.LetIn:
		return 0
	}
	return 1
}

func adminURL(s *settings.Settings) (string, error) {
	for _, l := range s.Admin {
		if !l.TLS && l.Network == "tcp" {
			return "http://" + strings.Replace(l.Address(), "0.0.0.0", "127.0.0.1", 1), nil
		}
	}
	return "", errors.New("admin_listen has no plain address; give one with --admin")
}

// ask calls the Admin API once with a JSON body, and reads a JSON answer.
func ask(ctx context.Context, method, address string, body, into any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(text))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if text, err = io.ReadAll(io.LimitReader(resp.Body, 4<<20)); err != nil {
		return err
	}
	if resp.StatusCode >= 300 {
		var fault struct{ Message string }
		if json.Unmarshal(text, &fault) == nil && fault.Message != "" {
			return errors.New(fault.Message)
		}
		return fmt.Errorf("the Admin API answered %s", resp.Status)
	}
	return json.Unmarshal(text, into)
}
