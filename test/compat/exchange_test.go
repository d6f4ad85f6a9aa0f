// Package compat_test replays exchanges with a real Kong 3.9.3 against Gibbon: what the Admin API and the proxy answered
// there, they have to answer here. The exchanges are facts, in testdata/*.txt; differences_test.go lists those that differ
// on purpose, and why.
//
// A file holds exchanges in their order, which matters. One is a line "### name", the request behind "> " (method and path,
// then header fields) with its body below, and the answer behind "< " (status, then header fields) with its body below. An
// exchange without an answer only prepares those behind it.
package compat_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// exchange is a request, and what Kong answered.
type exchange struct {
	name    string
	request []string // lines of the head
	body    string
	status  int // 0: the answer does not matter
	header  [][2]string
	answer  string
}

// read reads a file of exchanges.
func read(t *testing.T, file string) []*exchange {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", file))
	if err != nil {
		t.Fatal(err)
	}
	var all []*exchange
	var e *exchange
	for n, line := range strings.Split(string(text), "\n") {
		name, isName := strings.CutPrefix(line, "### ")
		sent, isSent := strings.CutPrefix(line, "> ")
		got, isGot := strings.CutPrefix(line, "< ")
		switch {
		case isName:
			e = &exchange{name: name}
			all = append(all, e)
		case e == nil:
			t.Fatalf("%s:%d: text before the first exchange", file, n+1)
		case isSent:
			e.request = append(e.request, sent)
		case isGot && e.status == 0:
			if e.status, err = strconv.Atoi(got); err != nil {
				t.Fatalf("%s:%d: %v", file, n+1, err)
			}
		case isGot:
			field, value, _ := strings.Cut(got, ": ")
			e.header = append(e.header, [2]string{field, value})
		case e.status == 0:
			e.body += line + "\n"
		default:
			e.answer += line + "\n"
		}
	}
	for _, e := range all {
		if len(e.request) == 0 {
			t.Fatalf("%s: %s has no request", file, e.name)
		}
		e.body, e.answer = strings.Trim(e.body, "\n"), strings.Trim(e.answer, "\n")
	}
	return all
}

// verdict says what a difference between answers means for the test.
func verdict(t *testing.T, e *exchange, differs string) {
	t.Helper()
	reason, listed := differences[e.name]
	switch {
	case differs == "" && listed:
		t.Errorf("%s: answered as Kong did, though it is listed as different: %s", e.name, reason)
	case differs != "" && !listed:
		t.Errorf("%s: %s\n%s", e.name, strings.Join(e.request, " | "), differs)
	}
}

// differ describes two texts that should be equal.
func differ(what, want, got string) string {
	if want == got {
		return ""
	}
	return fmt.Sprintf("%s:\n  Kong: %s\n  here: %s\n", what, want, got)
}
