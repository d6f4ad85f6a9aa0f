package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/gibbon-gateway/gibbon/internal/settings"
)

var oidcCommand = command{
	name: "oidc", args: "explain (--route NAME | --service NAME | --plugin ID) --token TOKEN|- [--json] [SETTINGS]",
	about: "Say step by step why a token is let in or refused",
	help: `Asks the Admin API of a running gateway what its openid-connect plugin makes of an access token: form, issuer,
signature, times, required claims, consumer. The token is not printed. Exit status 0: it is let in; 1: it is not.

  --route NAME        the plugin of this route (name or id)
  --service NAME      the plugin of this service
  --plugin ID         this plugin configuration
  --token TOKEN       the access token; - reads it from standard input
  --admin URL         the Admin API; as in the settings by default
  --json              print the answer as JSON

` + settingsHelp,
	run: explain,
}

func explain(ctx context.Context, c *call) int {
	if len(c.args) == 0 || c.args[0] != "explain" {
		return c.misused("oidc", "one of: explain")
	}
	own := map[string]string{"route": "", "service": "", "plugin": "", "token": "", "admin": ""}
	var rest []string
	asJSON := false
	for i := 1; i < len(c.args); i++ {
		name, value, given := strings.Cut(strings.TrimPrefix(c.args[i], "--"), "=")
		_, known := own[name]
		switch {
		case c.args[i] == "--json":
			asJSON = true
		case !strings.HasPrefix(c.args[i], "--") || !known:
			rest = append(rest, c.args[i])
		case given:
			own[name] = value
		case i+1 < len(c.args):
			i++
			own[name] = c.args[i]
		default:
			return c.misused("oidc", "--%s needs a value", name)
		}
	}
	from, _, more, err := flags(rest)
	switch {
	case err != nil:
		return c.misused("oidc", "%v", err)
	case len(more) > 0:
		return c.misused("oidc", "unexpected argument %q", more[0])
	case own["token"] == "":
		return c.misused("oidc", "--token is needed")
	}
	if own["token"] == "-" {
		text, err := io.ReadAll(io.LimitReader(c.stdin, 1<<20))
		if err != nil {
			return c.fail(err)
		}
		own["token"] = strings.TrimSpace(string(text))
	}
	if own["admin"] == "" {
		s, err := load(c, from)
		if err != nil {
			return c.fail(err)
		}
		if own["admin"], err = adminURL(s); err != nil {
			return c.fail(err)
		}
	}
	return printExplained(ctx, c, own, asJSON)
}

func adminURL(s *settings.Settings) (string, error) {
	for _, l := range s.Admin {
		if !l.TLS && l.Network == "tcp" {
			return "http://" + strings.Replace(l.Address(), "0.0.0.0", "127.0.0.1", 1), nil
		}
	}
	return "", errors.New("admin_listen has no plain address; give one with --admin")
}

// explainedToken is what /openid-connect/explain answers.
type explainedToken struct {
	Message string         `json:"message"`
	Plugin  string         `json:"plugin"`
	Issuer  string         `json:"issuer"`
	LetIn   bool           `json:"let_in"`
	Claims  map[string]any `json:"claims"`
	Steps   []struct {
		Check, Detail string
		OK            bool
	} `json:"steps"`
}

func printExplained(ctx context.Context, c *call, own map[string]string, asJSON bool) int {
	ctx, cancel := context.WithTimeout(ctx, 40*time.Second)
	defer cancel()
	query := map[string]string{"plugin": own["plugin"], "token": own["token"]}
	for _, kind := range []string{"route", "service"} {
		if own[kind] == "" {
			continue
		}
		var found struct{ ID string }
		if err := ask(ctx, http.MethodGet, own["admin"]+"/"+kind+"s/"+url.PathEscape(own[kind]), nil, &found); err != nil {
			return c.fail(fmt.Errorf("%s %s: %w", kind, own[kind], err))
		}
		query[kind] = found.ID
	}
	var answer explainedToken
	if err := ask(ctx, http.MethodPost, own["admin"]+"/openid-connect/explain", query, &answer); err != nil {
		return c.fail(err)
	}
	status := 1
	if answer.LetIn {
		status = 0
	}
	if asJSON {
		e := json.NewEncoder(c.stdout)
		e.SetIndent("", "  ")
		if err := e.Encode(answer); err != nil {
			return c.fail(err)
		}
		return status
	}
	fmt.Fprintf(c.stdout, "Plugin %s, issuer %s\n\n", answer.Plugin, answer.Issuer)
	colour := terminal(c.stdout)
	w := tabwriter.NewWriter(c.stdout, 0, 0, 2, ' ', 0)
	for _, s := range answer.Steps {
		mark := map[bool]string{true: "ok", false: "NO"}[s.OK]
		if colour {
			mark = map[bool]string{true: "\x1b[32m✓\x1b[0m", false: "\x1b[31m✗\x1b[0m"}[s.OK]
		}
		fmt.Fprintf(w, "%s\t%s\t%s\n", mark, s.Check, s.Detail)
	}
	if err := w.Flush(); err != nil {
		return c.fail(err)
	}
	fmt.Fprintf(c.stdout, "\n%s\n", map[bool]string{true: "The token is let in.", false: "The token is refused."}[answer.LetIn])
	return status
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
