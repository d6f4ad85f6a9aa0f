package observe_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"github.com/gibbon-gateway/gibbon/internal/observe"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestFileKeepsEveryLine(t *testing.T) {
	path := filepath.Join(t.TempDir(), "logs", "access.log")
	f, err := observe.OpenFile(path, slog.Default())
	if err != nil {
		t.Fatal(err)
	}
	const writers, lines = 8, 2000
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for i := range lines {
				f.Append(func(b []byte) []byte { return fmt.Appendf(b, "%d %d\n", w, i) })
			}
		})
	}
	wg.Wait()
	f.Close()
	f.Append(func(b []byte) []byte { return append(b, "late\n"...) })
	next := make([]int, writers)
	for _, line := range strings.Split(strings.TrimSpace(read(t, path)), "\n") {
		var w, i int
		if _, err := fmt.Sscanf(line, "%d %d", &w, &i); err != nil || i != next[w] {
			t.Fatalf("line %q, expected number %d: %v", line, next[w], err)
		}
		next[w]++
	}
	for w, n := range next {
		if n != lines {
			t.Errorf("writer %d: %d lines", w, n)
		}
	}
}

func TestFileReopens(t *testing.T) {
	path := filepath.Join(t.TempDir(), "access.log")
	f, err := observe.OpenFile(path, slog.Default())
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintln(f, "old")
	if err := os.Rename(path, path+".1"); err != nil {
		t.Fatal(err)
	}
	if err := f.Reopen(); err != nil {
		t.Fatal(err)
	}
	fmt.Fprintln(f, "new")
	f.Close()
	if a, b := read(t, path+".1"), read(t, path); a != "old\n" || b != "new\n" {
		t.Errorf("moved %q, current %q", a, b)
	}
	if err := f.Reopen(); err == nil {
		t.Error("a closed file was reopened")
	}
}

// A full disk loses lines, never blocks, and is reported once.
func TestFileOnFullDisk(t *testing.T) {
	if _, err := os.Stat("/dev/full"); err != nil {
		t.Fatal("this test needs /dev/full:", err)
	}
	var told bytes.Buffer
	f, err := observe.OpenFile("/dev/full", observe.NewLogger(&told, slog.LevelInfo))
	if err != nil {
		t.Fatal(err)
	}
	line := strings.Repeat("x", 1023) + "\n"
	for range 10_000 {
		fmt.Fprint(f, line)
	}
	f.Close()
	if n := strings.Count(told.String(), "cannot write log"); n != 1 {
		t.Errorf("reported %d times:\n%s", n, told.String())
	}
	if !strings.Contains(told.String(), "no space left on device") || !strings.Contains(told.String(), "level=error") {
		t.Errorf("log says\n%s", told.String())
	}
}

func TestOpenFileNamesThePath(t *testing.T) {
	dir := t.TempDir()
	if _, err := observe.OpenFile(dir, slog.Default()); err == nil || !strings.Contains(err.Error(), dir) {
		t.Errorf("got %v", err)
	}
}
