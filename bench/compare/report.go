package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/gibbon-gateway/gibbon/bench/rig"
)

// report is all that a run has measured; -json writes it.
type report struct {
	Machine string       `json:"machine"`
	Rounds  int          `json:"rounds"`
	Seconds int          `json:"seconds"`
	Pinned  bool         `json:"pinned"`
	Cases   []reportCase `json:"cases"`

	out      io.Writer
	terminal bool // for people: aligned and coloured; else a table in Markdown
}

type reportCase struct {
	Name    string `json:"name"`
	Machine string `json:"machine"` // as it was after the case
	Rows    []*row `json:"rows"`
	Refused string `json:"refused,omitzero"` // why nothing was measured
}

// columns of the table. The ratios are medians of those of each round.
var columns = []string{"case", "proxy", "CPU µs", "middle half", "of plain nginx", "of nginx", "of baseline", "at most", "req/s", "of plain nginx"}

// newReport begins a table.
func newReport(out *os.File, r report) *report {
	r.out = out
	if info, err := out.Stat(); err == nil && info.Mode()&os.ModeCharDevice != 0 {
		r.terminal = true
	}
	fmt.Fprintf(out, "%d rounds of %d s, %d routes, one core each, %s\n", r.Rounds, r.Seconds, hosts*prefixes, r.Machine)
	if !r.terminal {
		fmt.Fprintf(out, "\n| %s |\n| --- | --- |%s\n", strings.Join(columns, " | "), strings.Repeat(" --: |", len(columns)-2))
	}
	return &r
}

// add prints the lines of a case.
func (r *report) add(c benchCase, rows []*row, err error) {
	rc := reportCase{Name: c.name, Machine: rig.Machine(), Rows: rows}
	if err != nil {
		rc.Refused = err.Error()
	}
	r.Cases = append(r.Cases, rc)
	if r.terminal {
		r.people(c, rc)
		return
	}
	for _, w := range rows {
		fmt.Fprintf(r.out, "| %s | %s |\n", c.name, strings.Join(cells(w, rows), " | "))
	}
	if err != nil {
		fmt.Fprintf(r.out, "| %s | refused |%s\n", c.name, strings.Repeat(" |", len(columns)-2))
	}
}

// cells of a row, from the column of the proxy's name on.
func cells(w *row, rows []*row) []string {
	if w.Note != "" {
		return append([]string{w.Proxy + ": " + w.Note}, make([]string, len(columns)-2)...)
	}
	plain, same := find(rows, plainNginx), find(rows, sameNginx)
	cpu := spreadOf(w.CPU)
	var most []string
	for _, t := range w.Targets {
		most = append(most, fmt.Sprintf("%.2f of %s", t.Most, t.Of))
	}
	return []string{w.Proxy, fmt.Sprintf("%.1f", cpu.median), fmt.Sprintf("%.1f–%.1f", cpu.low, cpu.high), number(ratios(w.CPU, plain.CPU), 2),
		number(ratios(w.CPU, same.CPU), 2), number(ratios(w.CPU, find(rows, older).CPU), 2), strings.Join(most, ", "), number(w.Rate, 0), number(ratios(w.Rate, plain.Rate), 2)}
}

// find returns a proxy's row, which is empty if it was not measured.
func find(rows []*row, name string) *row {
	if i := slices.IndexFunc(rows, func(w *row) bool { return w.Proxy == name }); i >= 0 {
		return rows[i]
	}
	return &row{}
}

// missed says whether a row takes more than it may.
func missed(w *row, rows []*row) bool {
	return slices.ContainsFunc(w.Targets, func(t target) bool {
		v := ratios(w.CPU, find(rows, t.Of).CPU)
		return len(v) > 0 && rig.Median(v) > t.Most
	})
}

// people prints a case for a terminal: its name, and its lines aligned below it, ours in bold, in red where it misses a target.
func (r *report) people(c benchCase, rc reportCase) {
	const bold, red, plain = "\x1b[1m", "\x1b[1;31m", "\x1b[0m"
	paint := func(colour, text string) string {
		if os.Getenv("NO_COLOR") != "" {
			return text
		}
		return colour + text + plain
	}
	fmt.Fprintf(r.out, "\n%s  (%s)\n", paint(bold, c.name), rc.Machine)
	if rc.Refused != "" {
		fmt.Fprintf(r.out, "  %s\n", paint(red, "refused: "+rc.Refused))
		return
	}
	lines := [][]string{columns[1:]}
	for _, w := range rc.Rows {
		lines = append(lines, cells(w, rc.Rows))
	}
	width := make([]int, len(columns)-1)
	for _, line := range lines {
		for i, cell := range line {
			width[i] = max(width[i], utf8.RuneCountInString(cell))
		}
	}
	for n, line := range lines {
		var text strings.Builder
		for i, cell := range line {
			pad := strings.Repeat(" ", width[i]-utf8.RuneCountInString(cell))
			if i == 0 {
				fmt.Fprintf(&text, "  %s%s", cell, pad)
			} else {
				fmt.Fprintf(&text, "  %s%s", pad, cell)
			}
		}
		switch {
		case n > 0 && missed(rc.Rows[n-1], rc.Rows):
			fmt.Fprintln(r.out, paint(red, text.String()))
		case n > 0 && rc.Rows[n-1].Proxy == gibbon:
			fmt.Fprintln(r.out, paint(bold, text.String()))
		default:
			fmt.Fprintln(r.out, text.String())
		}
	}
}

// save writes the figures.
func (r *report) save(file string) error {
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(file, append(text, '\n'), 0o644)
}
