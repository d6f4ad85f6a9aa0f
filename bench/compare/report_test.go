package main

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// measured are rows whose ratios differ from the ratios of their medians: each is of its own round.
func measured() []*row {
	c := benchCase{plain: 0.5, same: 0.4}
	return []*row{
		{Proxy: plainNginx, CPU: []float64{10, 20, 40}, Rate: []float64{100, 200, 400}, P99: []float64{1, 2, 4}},
		{Proxy: sameNginx, CPU: []float64{20, 40, 80}, Rate: []float64{100, 100, 100}},
		{Proxy: older, Note: "does not serve this case"},
		{Proxy: gibbon, CPU: []float64{8, 18, 8}, Rate: []float64{200, 200, 200}, P99: []float64{1, 1, 1}, Targets: c.targets()},
	}
}

func TestCells(t *testing.T) {
	rc := reportCase{Rows: measured()}
	want := [][]string{
		{"plain nginx", "20.0", "10.0–40.0", "1.00", "0.50", "–", "", "200", "1.00", "2.00", "1.00"},
		{"nginx", "40.0", "20.0–80.0", "2.00", "1.00", "–", "", "100", "0.50", "–", "–"},
		{"baseline: does not serve this case", "", "", "", "", "", "", "", "", "", ""},
		{"Gibbon", "8.0", "8.0–18.0", "0.80", "0.40", "–", "0.50 of plain nginx, 0.40 of nginx", "200", "1.00", "1.00", "0.50"},
	}
	for i, w := range rc.Rows {
		if d := cmp.Diff(want[i], rc.cells(w)); d != "" {
			t.Errorf("%s: %s", w.Proxy, d)
		}
		if missed := rc.missed(w); missed != (w.Proxy == gibbon) { // 0.8 of plain nginx is over 0.5
			t.Errorf("%s: missed is %v", w.Proxy, missed)
		}
	}
	w := &row{Proxy: gibbon, Memory: []float64{7000, 5000, 5500}, Targets: benchCase{bytes: 6000}.targets()}
	idle := reportCase{idle: true, Rows: []*row{w}}
	if d := cmp.Diff([]string{"Gibbon", "5500", "5000–7000", "–", "6000"}, idle.cells(w)); d != "" || idle.missed(w) {
		t.Errorf("missed is %v; %s", idle.missed(w), d)
	}
}

// TestReport prints to a file, which is no terminal: tables in Markdown whose lines all have the same number of cells.
func TestReport(t *testing.T) {
	dir := t.TempDir()
	out, err := os.Create(filepath.Join(dir, "out"))
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	r := newReport(out, report{Rounds: 3, Seconds: 1, Machine: "a machine"})
	r.add(benchCase{name: "first"}, measured(), nil)
	r.add(benchCase{name: "second"}, nil, errors.New("no answer\nand much of a log"))
	r.add(benchCase{name: "third", idle: true}, []*row{{Proxy: gibbon, Memory: []float64{1}}}, nil)
	text, err := os.ReadFile(out.Name())
	if err != nil {
		t.Fatal(err)
	}
	tables := strings.Split(strings.TrimSpace(string(text)), "\n\n")
	if len(tables) != 3 {
		t.Fatalf("not a line and two tables: %s", text)
	}
	for _, table := range tables[1:] {
		lines := strings.Split(table, "\n")
		for _, line := range lines {
			if strings.Count(line, "|") != strings.Count(lines[0], "|") {
				t.Errorf("another number of cells: %s", line)
			}
		}
	}
	if !strings.Contains(tables[1], "| second | refused: no answer |") || strings.Contains(string(text), "log") {
		t.Errorf("how a case was refused: %s", tables[1])
	}
	file := filepath.Join(dir, "json")
	if err := r.save(file); err != nil {
		t.Fatal(err)
	}
	saved, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var back report
	if err := json.Unmarshal(saved, &back); err != nil {
		t.Fatal(err)
	}
	if len(back.Cases) != 3 || back.Cases[1].Refused == "" || !cmp.Equal(back.Cases[0].Rows, measured()) {
		t.Errorf("%s", saved)
	}
}

func TestAlign(t *testing.T) {
	got := align([][]string{{"proxy", "µs"}, {"a", "1.5"}})
	if d := cmp.Diff([]string{"  proxy   µs", "  a      1.5"}, got); d != "" {
		t.Error(d)
	}
}

func TestChoose(t *testing.T) {
	cases := []struct {
		only, baseline string
		want           []string // nil is an error
	}{
		{"", "", []string{plainNginx, sameNginx, "HAProxy", gibbon}},
		{"", "old", []string{plainNginx, sameNginx, "HAProxy", older, gibbon}},
		{"gibbon, Plain nginx", "", []string{gibbon, plainNginx}},
		{"baseline", "", nil}, // there is none
		{"varnish", "", nil},
	}
	for _, c := range cases {
		got, err := (&bench{only: c.only, baseline: c.baseline}).choose()
		if (err == nil) != (c.want != nil) || !cmp.Equal(names(got), c.want) {
			t.Errorf("%q, %q: %v, %v", c.only, c.baseline, names(got), err)
		}
	}
}
