package idp

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/gibbon-gateway/gibbon/internal/idp/ca"
	"github.com/gibbon-gateway/gibbon/internal/idp/outbox"
)

// Usage is the help of "gibbon idp".
const Usage = `Without a command it runs the identity provider alone, until it is stopped.

  quickstart [NAME] [--json]      make the pool of the tutorial (kongpool): domain, API with a scope, app client;
                                  print its ids and the calls that get a token
  outbox [--pool ID] [--to ADDRESS] [--wait 30s] [--json]
                                  show the mails and text messages that were composed
  export POOL                     print a pool with its clients, groups and users as YAML
  import FILE                     make the pools of a YAML file (- for standard input); what is there is updated
  ca [--file]                     print the certificate that makes https to the provider trusted; --file: where it lies

The commands ask the provider that runs; where none runs, they work on its database.
`

// Line is one call of "gibbon idp". Settings were taken off the arguments.
type Line struct {
	Args           []string
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	Terminal       bool // Stdout is one
	Listen         []string
	Options        Options
}

// Command runs "gibbon idp …" and returns the exit status: 1 for what failed, 2 for what was not understood.
func Command(ctx context.Context, l Line) int {
	if err := l.Options.complete(); err != nil {
		return l.fail(err)
	}
	name, args := "", l.Args
	if len(args) > 0 {
		name, args = args[0], args[1:]
	}
	run, known := map[string]func(context.Context, []string) error{"": l.run, "quickstart": l.quickstart, "outbox": l.outbox, "export": l.export,
		"import": l.restore, "ca": l.certificate}[name]
	if !known {
		return l.misused(fmt.Errorf("unknown command %q", name))
	}
	err := run(ctx, args)
	var misuse misuse
	switch {
	case errors.As(err, &misuse):
		return l.misused(err)
	case err != nil:
		return l.fail(err)
	}
	return 0
}

// misuse is an error of the command line.
type misuse struct{ error }

func (l *Line) fail(err error) int {
	fmt.Fprintln(l.Stderr, "gibbon: "+strings.ReplaceAll(err.Error(), "\n", "\n        "))
	return 1
}

func (l *Line) misused(err error) int {
	fmt.Fprintf(l.Stderr, "gibbon idp: %v\n\nUsage: gibbon idp [COMMAND]\n\n%s", err, Usage)
	return 2
}

// flags reads the flags of a command wherever they stand, and returns the other arguments, at most so many.
func flags(set *flag.FlagSet, args []string, most int) ([]string, error) {
	set.SetOutput(io.Discard)
	var rest []string
	for {
		if err := set.Parse(args); err != nil {
			return nil, misuse{fmt.Errorf("%s: %w", set.Name(), err)}
		}
		if args = set.Args(); len(args) == 0 {
			break
		}
		rest, args = append(rest, args[0]), args[1:]
	}
	if len(rest) > most {
		return nil, misuse{fmt.Errorf("%s: unexpected argument %q", set.Name(), rest[most])}
	}
	return rest, nil
}

// run is the provider alone.
func (l *Line) run(ctx context.Context, args []string) error {
	if _, err := flags(flag.NewFlagSet("idp", flag.ContinueOnError), args, 0); err != nil {
		return err
	}
	p, err := New(ctx, l.Options)
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	failed := make(chan error, len(l.Listen))
	for _, address := range l.Listen {
		listener, err := net.Listen("tcp", address)
		if err != nil {
			return errors.Join(fmt.Errorf("idp_listen: %w", err), p.Close())
		}
		go func() { failed <- p.Serve(ctx, listener) }()
	}
	fmt.Fprintf(l.Stdout, "The identity provider is ready at %s. Ctrl-C stops it.\n", l.Options.Origin)
	for range l.Listen {
		err = errors.Join(err, <-failed)
		stop()
	}
	return errors.Join(err, p.Close())
}

// asked is how commands reach a provider: the one that runs, or its database.
type asked struct {
	base string
	send func(*http.Request) (*http.Response, error)
	stop func() error
}

// reach finds the provider.
func (l *Line) reach(ctx context.Context) (*asked, error) {
	client := &http.Client{Timeout: 70 * time.Second}
	probe, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(probe, http.MethodGet, l.Options.Origin+extrasAt+"ready", nil)
	if err != nil {
		return nil, err
	}
	answer, err := client.Do(r)
	if err == nil {
		answer.Body.Close()
		if answer.StatusCode != http.StatusNoContent {
			return nil, fmt.Errorf("%s is no provider of ours: it answered %s", l.Options.Origin, answer.Status)
		}
		return &asked{l.Options.Origin, client.Do, func() error { return nil }}, nil
	}
	if !errors.Is(err, syscall.ECONNREFUSED) {
		return nil, fmt.Errorf("the provider at %s cannot be asked: %w", l.Options.Origin, err)
	}
	p, err := New(ctx, l.Options)
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(l.Stderr, "No provider runs at %s: working on its database. Start one to use what is in it: gibbon idp\n", l.Options.Origin)
	return &asked{l.Options.Origin, func(r *http.Request) (*http.Response, error) { return within(p.extras, r) }, p.Close}, nil
}

// ask sends one request and returns the answer's body.
func (l *Line) ask(ctx context.Context, method, path string, q url.Values, body []byte) (text []byte, err error) {
	to, err := l.reach(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, to.stop()) }()
	r, err := http.NewRequestWithContext(ctx, method, to.base+extrasAt+path+"?"+q.Encode(), bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	if password := extrasPassword(l.Options.AccessKeys); password != "" {
		r.Header.Set("Authorization", password)
	}
	answer, err := to.send(r)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	if text, err = io.ReadAll(answer.Body); err != nil {
		return nil, err
	}
	if answer.StatusCode >= 300 {
		return nil, errors.New(strings.TrimSpace(string(text)))
	}
	return text, nil
}

func (l *Line) quickstart(ctx context.Context, args []string) error {
	set := flag.NewFlagSet("quickstart", flag.ContinueOnError)
	plain := set.Bool("json", false, "")
	rest, err := flags(set, args, 1)
	if err != nil {
		return err
	}
	name := "kongpool"
	if len(rest) > 0 {
		name = rest[0]
	}
	text, err := l.ask(ctx, http.MethodPost, "quickstart", url.Values{"name": {name}}, nil)
	if err != nil {
		return err
	}
	var q Quick
	if err := json.Unmarshal(text, &q); err != nil {
		return err
	}
	if *plain {
		e := json.NewEncoder(l.Stdout)
		e.SetIndent("", "  ")
		return e.Encode(q)
	}
	return l.showQuick(q)
}

// showQuick prints what a quickstart made, and how to use it.
func (l *Line) showQuick(q Quick) error {
	bold, dim, off := "", "", ""
	if l.Terminal {
		bold, dim, off = "\x1b[1m", "\x1b[2m", "\x1b[0m"
	}
	rows := [][2]string{{"User pool", q.Pool + "  (" + q.Name + ")"}, {"Issuer", q.Issuer}, {"Domain", q.Domain}, {"App client id", q.Client},
		{"App client secret", q.Secret}, {"Scope", q.Scope}, {"Token endpoint", q.TokenURL}}
	var b strings.Builder
	if l.Terminal {
		what := "is ready"
		if !q.Created {
			what = "was there already"
		}
		fmt.Fprintf(&b, "\n%sUser pool %s %s%s\n\n", bold, q.Name, what, off)
	}
	rule := func(left, middle, right string) {
		if l.Terminal {
			fmt.Fprintf(&b, "%s%s%s%s%s%s%s\n", dim, left, strings.Repeat("─", 19), middle, strings.Repeat("─", widest(rows)+2), right, off)
		}
	}
	rule("┌", "┬", "┐")
	for _, row := range rows {
		if l.Terminal {
			fmt.Fprintf(&b, "%s│%s %-17s %s│%s %-*s %s│%s\n", dim, off, row[0], dim, off, widest(rows), row[1], dim, off)
		} else {
			fmt.Fprintf(&b, "%-18s %s\n", row[0], row[1])
		}
	}
	rule("└", "┴", "┘")
	fmt.Fprintf(&b, "\n%sThree ways to get a token:%s\n\n", bold, off)
	basic := q.Client + ":" + q.Secret
	scope := strings.Fields(q.Scope)
	one := ""
	if len(scope) > 0 {
		one = scope[0]
	}
	for _, call := range [][]string{
		{"curl " + q.TokenURL, "-d grant_type=client_credentials", "-d client_id=" + q.Client, "-d client_secret=" + q.Secret, "-d scope=" + one},
		{"curl -X POST '" + q.TokenURL + "?grant_type=client_credentials'", "-u " + basic},
		{"curl " + q.TokenURL, "-u " + basic, "-d grant_type=client_credentials", "-d scope=" + one},
	} {
		fmt.Fprintf(&b, "  %s\n\n", strings.Join(call, " \\\n    "))
	}
	if q.DomainURL != "" {
		fmt.Fprintf(&b, "%sThe same by the pool's domain:%s %s\n", bold, off, q.DomainURL)
	}
	fmt.Fprintf(&b, "%sDiscovery:%s %s\n", bold, off, q.DiscoveryURL)
	_, err := io.WriteString(l.Stdout, b.String())
	return err
}

func widest(rows [][2]string) (n int) {
	for _, row := range rows {
		n = max(n, len([]rune(row[1])))
	}
	return n
}

func (l *Line) outbox(ctx context.Context, args []string) error {
	set := flag.NewFlagSet("outbox", flag.ContinueOnError)
	pool, to, wait, plain := set.String("pool", "", ""), set.String("to", "", ""), set.String("wait", "", ""), set.Bool("json", false, "")
	if _, err := flags(set, args, 0); err != nil {
		return err
	}
	q := url.Values{"limit": {"1000"}}
	for name, value := range map[string]string{"pool": *pool, "to": *to, "wait": *wait} {
		if value != "" {
			q.Set(name, value)
		}
	}
	text, err := l.ask(ctx, http.MethodGet, "outbox", q, nil)
	if err != nil {
		return err
	}
	if *plain {
		_, err := l.Stdout.Write(text)
		return err
	}
	var list outbox.List
	if err := json.Unmarshal(text, &list); err != nil {
		return err
	}
	for _, m := range list.Messages {
		subject := cmp.Or(m.Subject, m.Body)
		fmt.Fprintf(l.Stdout, "%s  %-5s  %-30s  %-10s  %s\n", m.Created.Local().Format("2006-01-02 15:04:05"), m.Medium, m.To, cmp.Or(m.Code, "-"), subject)
	}
	return nil
}

func (l *Line) export(ctx context.Context, args []string) error {
	rest, err := flags(flag.NewFlagSet("export", flag.ContinueOnError), args, 1)
	if err == nil && len(rest) == 0 {
		err = misuse{errors.New("export: which pool?")}
	}
	if err != nil {
		return err
	}
	text, err := l.ask(ctx, http.MethodGet, "pools/"+url.PathEscape(rest[0]), nil, nil)
	if err != nil {
		return err
	}
	_, err = l.Stdout.Write(text)
	return err
}

func (l *Line) restore(ctx context.Context, args []string) error {
	rest, err := flags(flag.NewFlagSet("import", flag.ContinueOnError), args, 1)
	if err == nil && len(rest) == 0 {
		err = misuse{errors.New("import: which file?")}
	}
	if err != nil {
		return err
	}
	var text []byte
	if rest[0] == "-" {
		text, err = io.ReadAll(l.Stdin)
	} else {
		text, err = os.ReadFile(rest[0])
	}
	if err != nil {
		return err
	}
	answer, err := l.ask(ctx, http.MethodPost, "pools", nil, text)
	if err != nil {
		return err
	}
	var pools []string
	if err := json.Unmarshal(answer, &pools); err != nil {
		return err
	}
	fmt.Fprintln(l.Stdout, strings.Join(pools, "\n"))
	return nil
}

func (l *Line) certificate(ctx context.Context, args []string) error {
	set := flag.NewFlagSet("ca", flag.ContinueOnError)
	where := set.Bool("file", false, "")
	if _, err := flags(set, args, 0); err != nil {
		return err
	}
	text, err := l.ask(ctx, http.MethodGet, "ca.pem", nil, nil)
	if err != nil {
		return err
	}
	if *where {
		text = []byte(ca.File(l.Options.Folder) + "\n")
	}
	_, err = l.Stdout.Write(text)
	return err
}
