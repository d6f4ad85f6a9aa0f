// Package redistest starts real Redis servers for tests: single ones, a Cluster, a master with a replica and Sentinels. Its
// main type is Server, which a test can stop, start again, pause and ask. It needs the program redis-server. Servers keep
// nothing on disk and end with the test.
package redistest

import (
	"errors"
	"fmt"
	"net"
	"strconv"
	"testing"
	"time"

	"github.com/gibbon-gateway/gibbon/internal/statedb/servertest"
)

// Server is one process.
type Server struct {
	servertest.Process
	Addr string // 127.0.0.1 and a port
	Port int

	configured bool // by a file: args are complete
	password   string
	overTLS    bool // Do cannot ask
}

// Start starts a server; args are options in the form of its command line.
func Start(tb testing.TB, args ...string) *Server {
	tb.Helper()
	port := servertest.FreePort(tb)
	return launch(tb, &Server{Port: port}, append([]string{"--port", strconv.Itoa(port)}, args...))
}

// StartWithPassword starts a server that wants a password.
func StartWithPassword(tb testing.TB, password string, args ...string) *Server {
	tb.Helper()
	port := servertest.FreePort(tb)
	args = append([]string{"--port", strconv.Itoa(port), "--requirepass", password}, args...)
	return launch(tb, &Server{Port: port, password: password}, args)
}

func launch(tb testing.TB, s *Server, args []string) *Server {
	tb.Helper()
	s.Addr = net.JoinHostPort("127.0.0.1", strconv.Itoa(s.Port))
	base := []string{"--bind", "127.0.0.1", "--dir", servertest.Folder(tb, "redis"), "--save", "", "--appendonly", "no", "--loglevel", "warning"}
	if !s.configured {
		args = append(args, base...)
	}
	s.Process = servertest.Process{TB: tb, Program: "redis-server", Args: args}
	tb.Cleanup(s.Stop)
	s.Start()
	return s
}

// Start starts a stopped server again. It is empty.
func (s *Server) Start() {
	s.TB.Helper()
	s.Launch(func() bool {
		if s.overTLS {
			return servertest.Listens("tcp", s.Addr)
		}
		answer, err := s.ask("PING")
		return err == nil && answer == "PONG"
	})
}

// Do asks the server; lists are written with spaces.
func (s *Server) Do(args ...string) string {
	s.TB.Helper()
	answer, err := s.ask(args...)
	for tries := 0; err != nil && !errors.As(err, new(refusal)) && tries < 3; tries++ {
		answer, err = s.ask(args...) // Sentinels break the connections of servers whose part they change
	}
	if err != nil {
		s.TB.Fatalf("%s %q: %v", s.Addr, args, err)
	}
	return answer
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
