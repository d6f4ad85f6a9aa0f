// Package redistest starts real Redis servers for tests: single ones, a Cluster, a master with a replica and Sentinels. Its
// main type is Server, which a test can stop, start again, pause and ask. It needs the program redis-server. Servers keep
// nothing on disk and end with the test.
package redistest

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"testing"
	"time"
)

// patience is how long a server may take to do what it was told.
const patience = 20 * time.Second

// Server is one process.
type Server struct {
	Addr string // 127.0.0.1 and a port
	Port int

	tb         testing.TB
	args       []string
	configured bool // by a file: args are complete
	password   string
	overTLS    bool // Do cannot ask
	cmd        *exec.Cmd
	log        bytes.Buffer
}

// Start starts a server; args are options in the form of its command line.
func Start(tb testing.TB, args ...string) *Server {
	tb.Helper()
	port := FreePort(tb)
	return launch(tb, &Server{Port: port, args: append([]string{"--port", strconv.Itoa(port)}, args...)})
}

// StartWithPassword starts a server that wants a password.
func StartWithPassword(tb testing.TB, password string, args ...string) *Server {
	tb.Helper()
	port := FreePort(tb)
	args = append([]string{"--port", strconv.Itoa(port), "--requirepass", password}, args...)
	return launch(tb, &Server{Port: port, args: args, password: password})
}

func launch(tb testing.TB, s *Server) *Server {
	tb.Helper()
	s.tb, s.Addr = tb, net.JoinHostPort("127.0.0.1", strconv.Itoa(s.Port))
	dir, err := os.MkdirTemp("", "redis")
	if err != nil {
		tb.Fatal(err)
	}
	base := []string{"--bind", "127.0.0.1", "--dir", dir, "--save", "", "--appendonly", "no", "--loglevel", "warning"}
	if !s.configured {
		s.args = append(s.args, base...)
	}
	tb.Cleanup(func() {
		s.Stop()
		if err := os.RemoveAll(dir); err != nil {
			tb.Error(err)
		}
	})
	s.Start()
	return s
}

// FreePort returns a port that nobody listens on.
func FreePort(tb testing.TB) int {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// Start starts a stopped server again. It is empty.
func (s *Server) Start() {
	s.tb.Helper()
	s.log.Reset()
	s.cmd = exec.Command("redis-server", s.args...)
	s.cmd.Stdout, s.cmd.Stderr = &s.log, &s.log
	if err := s.cmd.Start(); err != nil {
		s.tb.Fatalf("start redis-server: %v", err)
	}
	s.Await("to answer", func() bool {
		if s.overTLS {
			c, err := net.Dial("tcp", s.Addr)
			if err == nil {
				c.Close()
			}
			return err == nil
		}
		answer, err := s.ask("PING")
		return err == nil && answer == "PONG"
	})
}

// Stop kills the server.
func (s *Server) Stop() {
	if s.cmd == nil {
		return
	}
	_ = s.cmd.Process.Kill()
	_ = s.cmd.Wait() // its status says that it was killed
	s.cmd = nil
}

// Pause makes the server silent: connections are still accepted, by the kernel.
func (s *Server) Pause() { s.signal(syscall.SIGSTOP) }

// Resume ends a pause.
func (s *Server) Resume() { s.signal(syscall.SIGCONT) }

func (s *Server) signal(sig syscall.Signal) {
	s.tb.Helper()
	if err := s.cmd.Process.Signal(sig); err != nil {
		s.tb.Fatal(err)
	}
}

// Do asks the server; lists are written with spaces.
func (s *Server) Do(args ...string) string {
	s.tb.Helper()
	answer, err := s.ask(args...)
	for tries := 0; err != nil && !errors.As(err, new(refusal)) && tries < 3; tries++ {
		answer, err = s.ask(args...) // Sentinels break the connections of servers whose part they change
	}
	if err != nil {
		s.tb.Fatalf("%s %q: %v", s.Addr, args, err)
	}
	return answer
}

// Await polls until ready is true.
func (s *Server) Await(what string, ready func() bool) {
	s.tb.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for limit := time.After(patience); !ready(); {
		select {
		case <-tick.C:
		case <-limit:
			s.Stop() // so that its output is whole
			s.tb.Fatalf("redis at %s did not come %s within %s:\n%s", s.Addr, what, patience, s.log.String())
		}
	}
}

func (s *Server) ask(args ...string) (string, error) {
	c, err := net.DialTimeout("tcp", s.Addr, time.Second)
	if err != nil {
		return "", err
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(5 * time.Second)); err != nil {
		return "", err
	}
	if s.password != "" {
		if answer, err := converse(c, "AUTH", s.password); err != nil || answer != "OK" {
			return answer, fmt.Errorf("log in: %w", err)
		}
	}
	return converse(c, args...)
}
