package cache_test

import (
	"fmt"
	"slices"
	"strings"
)

// column is one program and how it did.
type column struct {
	name  string
	score *score
}

// page is docs/cache-tests.md. The first column is ours.
func page(columns []column) string {
	var b strings.Builder
	b.WriteString("# The public test suite for HTTP caches\n\n`make cache-tests` runs the suite of [cache-tests.fyi](https://cache-tests.fyi) against " +
		"a gateway with proxy-cache in the mode `rfc9111`\n(its configuration is test/cache/kong.yml), and other caches, where they are installed, beside it on the same " +
		"machine. They are set as the suite's authors\nset them for the results that they publish; Gibbon and nginx may serve stale responses besides. This page is its output.\n\n")
	ours := columns[0].score
	b.WriteString("| |" + each(columns, " ") + "\n|---|" + strings.Repeat("--:|", len(columns)) + "\n")
	for _, kind := range []string{"required", "optimal", "check"} {
		fmt.Fprintf(&b, "| %s: pass, of %d |", kind, ours.Kinds[kind].Total)
		for i, c := range columns {
			text := fmt.Sprint(c.score.Kinds[kind].Pass)
			if i == 0 {
				text = "**" + text + "**"
			}
			b.WriteString(" " + text + " |")
		}
		fmt.Fprintf(&b, "\n| %s: fail |", kind)
		for _, c := range columns {
			fmt.Fprintf(&b, " %d |", c.score.Kinds[kind].Fail)
		}
		b.WriteString("\n")
	}
	b.WriteString("\nWhat neither passes nor fails was not tried, as another test that it depends on does not pass, or its set-up did not work. The kind " +
		"\"check\" is a survey: no\nanswer is wrong.\n\n## By suite: required, optimal\n\n| suite | of |" + each(columns, " ") + "\n|---|--:|" +
		strings.Repeat("--:|", len(columns)) + "\n")
	for i, s := range ours.Suites {
		if s.Required.Total+s.Optimal.Total == 0 {
			continue
		}
		fmt.Fprintf(&b, "| %s | %d, %d |", s.ID, s.Required.Total, s.Optimal.Total)
		for _, c := range columns {
			fmt.Fprintf(&b, " %d, %d |", c.score.Suites[i].Required.Pass, c.score.Suites[i].Optimal.Pass)
		}
		b.WriteString("\n")
	}
	b.WriteString("\n## What does not pass\n\n| test | kind | |\n|---|---|---|\n")
	for _, o := range ours.Open {
		if o[1] != "check" {
			fmt.Fprintf(&b, "| %s | %s | %s |\n", o[0], o[1], strings.ReplaceAll(reason(o), "|", "\\|"))
		}
	}
	return b.String()
}

func each(columns []column, before string) (line string) {
	for _, c := range columns {
		line += before + c.name + " |"
	}
	return line
}

// reasons are why we do not want to pass some tests.
var reasons = map[string]string{
	"conditional-lm-fresh-no-lm":     "without Last-Modified the Date counts (RFC 9111, 4.3.2), and that is later than what the client asks about",
	"partial-store-partial-complete": "parts are never stored: without a strong validator they must not be joined",
}

func reason(o [4]string) string {
	if text := reasons[o[0]]; text != "" {
		return text
	}
	if slices.Contains([]string{"partial-store-partial-reuse-partial", "partial-store-partial-reuse-partial-byterange",
		"partial-store-partial-reuse-partial-absent", "partial-store-partial-reuse-partial-suffix"}, o[0]) {
		return "parts are never stored; this one says that it has six bytes, and has five"
	}
	return o[3]
}
