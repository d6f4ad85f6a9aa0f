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
	terminal bool   // for people: aligned and coloured; else tables in Markdown
	head     string // of the table that was begun
}

type reportCase struct {
	Name    string `json:"name"`
	Machine string `json:"machine"` // as it was after the case
	Rows    []*row `json:"rows"`
	Refused string `json:"refused,omitzero"` // why nothing was measured

	idle bool
}

// newReport begins.
func newReport(out *os.File, r report) *report {
	r.out = out
	if info, err := out.Stat(); err == nil && info.Mode()&os.ModeCharDevice != 0 {
		r.terminal = true
	}
	fmt.Fprintf(out, "%d rounds of %d s, %d routes, one core each, %s\n", r.Rounds, r.Seconds, hosts*prefixes, r.Machine)
	return &r
}

// add prints the lines of a case.
func (r *report) add(c benchCase, rows []*row, err error) {
	rc := reportCase{Name: c.name, Machine: rig.Machine(), Rows: rows, idle: c.idle}
	if err != nil {
		rc.Refused = err.Error()
	}
	r.Cases = append(r.Cases, rc)
	if r.terminal {
		r.people(rc)
	} else {
		r.markdown(rc)
	}
}

// columns of a case's table. Ratios are medians of those of each round.
func (rc reportCase) columns() []string {
	if rc.idle {
		return []string{"proxy", "bytes", "middle half", "of baseline", "at most"}
	}
	return []string{"proxy", "CPU µs", "middle half", "of plain nginx", "of nginx", "of baseline", "at most", "req/s", "of plain nginx", "p99 ms", "of plain nginx"}
}

// cells of a row.
func (rc reportCase) cells(w *row) []string {
	if w.Note != "" {
		return append([]string{w.Proxy + ": " + w.Note}, make([]string, len(rc.columns())-1)...)
	}
	plain, same, before := rc.find(plainNginx), rc.find(sameNginx), rc.find(older)
	var most []string
	for _, t := range w.Targets {
		if t.Of == "" {
			most = append(most, fmt.Sprintf("%.0f", t.Most))
		} else {
			most = append(most, fmt.Sprintf("%.2f of %s", t.Most, t.Of))
		}
	}
	aims := strings.Join(most, ", ")
	if rc.idle {
		return []string{w.Proxy, number(w.Memory, 0), half(w.Memory, 0), number(ratios(w.Memory, before.Memory), 2), aims}
	}
	return []string{w.Proxy, number(w.CPU, 1), half(w.CPU, 1), number(ratios(w.CPU, plain.CPU), 2), number(ratios(w.CPU, same.CPU), 2),
		number(ratios(w.CPU, before.CPU), 2), aims, number(w.Rate, 0), number(ratios(w.Rate, plain.Rate), 2), number(w.P99, 2), number(ratios(w.P99, plain.P99), 2)}
}

// find returns a proxy's row, which is empty if it was not measured.
func (rc reportCase) find(name string) *row {
	if i := slices.IndexFunc(rc.Rows, func(w *row) bool { return w.Proxy == name }); i >= 0 {
		return rc.Rows[i]
	}
	return &row{}
}

// missed says whether a row takes more than it may.
func (rc reportCase) missed(w *row) bool {
	return slices.ContainsFunc(w.Targets, func(t target) bool {
		v := ratios(w.CPU, rc.find(t.Of).CPU)
		if t.Of == "" {
			v = w.Memory
		}
		return len(v) > 0 && rig.Median(v) > t.Most
	})
}

// ratios divides the values of two rows round by round. It is empty if one of them was not measured.
func ratios(of, by []float64) []float64 {
	var r []float64
	for i := range min(len(of), len(by)) {
		r = append(r, of[i]/by[i])
	}
	return r
}

// number prints the median.
func number(v []float64, digits int) string {
	if len(v) == 0 {
		return "–"
	}
	return fmt.Sprintf("%.*f", digits, rig.Median(v))
}

// half prints what the middle half of values lies between.
func half(v []float64, digits int) string {
	if len(v) == 0 {
		return "–"
	}
	return fmt.Sprintf("%.*f–%.*f", digits, rig.Quarter(v), digits, rig.UpperQuarter(v))
}

// markdown prints a case as lines of a table.
func (r *report) markdown(rc reportCase) {
	columns := rc.columns()
	if head := strings.Join(columns, " | "); head != r.head {
		r.head = head
		fmt.Fprintf(r.out, "\n| case | %s | load |\n| --- | --- |%s\n", head, strings.Repeat(" --: |", len(columns)))
	}
	for _, w := range rc.Rows {
		fmt.Fprintf(r.out, "| %s | %s | %s |\n", rc.Name, strings.Join(rc.cells(w), " | "), rig.LoadAverage())
	}
	if rc.Refused != "" {
		reason, _, _ := strings.Cut(rc.Refused, "\n")
		fmt.Fprintf(r.out, "| %s | refused: %s |%s\n", rc.Name, reason, strings.Repeat(" |", len(columns)))
	}
}

// people prints a case for a terminal: its name, and its lines aligned below it, ours in bold, in red where it misses a target.
func (r *report) people(rc reportCase) {
	const bold, red, plain = "\x1b[1m", "\x1b[1;31m", "\x1b[0m"
	paint := func(colour, text string) string {
		if os.Getenv("NO_COLOR") != "" {
			return text
		}
		return colour + text + plain
	}
	fmt.Fprintf(r.out, "\n%s  (%s)\n", paint(bold, rc.Name), rc.Machine)
	if rc.Refused != "" {
		fmt.Fprintf(r.out, "  %s\n", paint(red, "refused: "+rc.Refused))
		return
	}
	lines := [][]string{rc.columns()}
	for _, w := range rc.Rows {
		lines = append(lines, rc.cells(w))
	}
	for n, line := range align(lines) {
		switch {
		case n > 0 && rc.missed(rc.Rows[n-1]):
			line = paint(red, line)
		case n > 0 && rc.Rows[n-1].Proxy == gibbon:
			line = paint(bold, line)
		}
		fmt.Fprintln(r.out, line)
	}
}

// align pads cells to columns, the first to the left and the others to the right.
func align(lines [][]string) []string {
	width := make([]int, len(lines[0]))
	for _, line := range lines {
		for i, cell := range line {
			width[i] = max(width[i], utf8.RuneCountInString(cell))
		}
	}
	var out []string
	for _, line := range lines {
		var text strings.Builder
		for i, cell := range line {
			pad := strings.Repeat(" ", width[i]-utf8.RuneCountInString(cell))
			if i == 0 {
				cell, pad = pad, cell
			}
			text.WriteString("  " + pad + cell)
		}
		out = append(out, text.String())
	}
	return out
}

// save writes the figures.
func (r *report) save(file string) error {
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(file, append(text, '\n'), 0o644)
}
