// Package pgtest starts a real PostgreSQL for tests, from the programs installed on the machine: without privileges, on a free port and a
// socket in a folder of its own, without flushing to disk. Its main type is Server. Shared gives the tests of a process one server, each
// with a database of its own; New gives one that a test may stop and start. Packages that use it call Main in their TestMain.
package pgtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// User is the superuser of servers. It needs no password.
const User = "gibbon"

// Server is a PostgreSQL.
type Server struct {
	Folder  string // of the socket: a host as libpq understands it
	Port    int    // of the socket, and on 127.0.0.1
	bin     string
	owner   *syscall.Credential
	process *os.Process
	ended   <-chan error
	log     *os.File
}

var shared struct {
	sync.Mutex
	server *Server
	err    error
}

var databases atomic.Int64

// Main runs the tests of a package, stops the shared server and ends the process.
func Main(m *testing.M) {
	code := m.Run()
	shared.Lock()
	if shared.server != nil {
		shared.server.remove()
	}
	os.Exit(code)
}

// Shared returns the server of this process.
func Shared(t testing.TB) *Server {
	t.Helper()
	shared.Lock()
	defer shared.Unlock()
	if shared.server == nil && shared.err == nil {
		shared.server, shared.err = start()
	}
	if shared.err != nil {
		t.Fatal(shared.err)
	}
	return shared.server
}

// New returns a server for this test alone.
func New(t testing.TB) *Server {
	t.Helper()
	s, err := start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.remove)
	return s
}

// Database makes a database, empty and for this test alone, and returns its name.
func (s *Server) Database(t testing.TB) string {
	t.Helper()
	name := fmt.Sprintf("test_%d", databases.Add(1))
	s.Exec(t, "postgres", `CREATE DATABASE `+name)
	return name
}

// DSN returns the address of a database.
func (s *Server) DSN(database string) string {
	query := url.Values{"host": {s.Folder}, "port": {strconv.Itoa(s.Port)}, "sslmode": {"disable"}}
	return (&url.URL{Scheme: "postgres", User: url.User(User), Path: "/" + database, RawQuery: query.Encode()}).String()
}

// Exec runs statements in a database.
func (s *Server) Exec(t testing.TB, database, statements string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	conn, err := pgx.Connect(ctx, s.DSN(database))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	if _, err := conn.PgConn().Exec(ctx, statements).ReadAll(); err != nil {
		t.Fatal(err)
	}
}

// Stop stops the server; open connections break.
func (s *Server) Stop(t testing.TB) {
	t.Helper()
	if err := s.stop(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
}

// Start starts the server again, on the same port, and waits until it answers.
func (s *Server) Start(t testing.TB) {
	t.Helper()
	if err := s.run(); err != nil {
		t.Fatal(err)
	}
}

// programs returns the folder of PostgreSQL's programs: the newest version's.
func programs() (string, error) {
	if path, err := exec.LookPath("initdb"); err == nil {
		if path, err = filepath.EvalSymlinks(path); err == nil {
			return filepath.Dir(path), nil
		}
	}
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if len(found) == 0 {
		return "", errors.New("PostgreSQL is not installed (make deps installs it)")
	}
	version := func(path string) int {
		n, _ := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(path))))
		return n
	}
	return filepath.Dir(slices.MaxFunc(found, func(a, b string) int { return version(a) - version(b) })), nil
}

// start makes a server's files and starts it.
func start() (*Server, error) {
	sweep()
	bin, err := programs()
	if err != nil {
		return nil, err
	}
	// Not below TMPDIR, whose name may be too long for a socket.
	folder, err := os.MkdirTemp("/tmp", fmt.Sprintf("gibbon-pg-%d-", os.Getpid()))
	if err != nil {
		return nil, err
	}
	s := &Server{Folder: folder, bin: bin}
	if err := s.init(); err != nil {
		s.remove()
		return nil, err
	}
	if err := s.run(); err != nil {
		s.remove()
		return nil, err
	}
	return s, nil
}

func (s *Server) init() error {
	if os.Geteuid() == 0 { // PostgreSQL refuses to run as root
		account, err := user.Lookup("postgres")
		if err != nil {
			if account, err = user.Lookup("nobody"); err != nil {
				return err
			}
		}
		uid, err := strconv.ParseUint(account.Uid, 10, 32)
		if err != nil {
			return err
		}
		gid, err := strconv.ParseUint(account.Gid, 10, 32)
		if err != nil {
			return err
		}
		s.owner = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
		if err := os.Chown(s.Folder, int(uid), int(gid)); err != nil {
			return err
		}
	}
	var err error
	if s.log, err = os.Create(filepath.Join(s.Folder, "log")); err != nil {
		return err
	}
	cmd := s.command("initdb", "-D", s.data(), "-U", User, "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")
	ended, err := startChild(cmd)
	if err == nil {
		err = <-ended
	}
	if err != nil {
		return s.failed("initdb", err)
	}
	return nil
}

func (s *Server) data() string { return filepath.Join(s.Folder, "data") }

func (s *Server) command(program string, args ...string) *exec.Cmd {
	cmd := exec.Command(filepath.Join(s.bin, program), args...)
	cmd.Dir = s.Folder
	cmd.Env = []string{"PATH=" + s.bin + ":/usr/bin:/bin", "LC_ALL=C.UTF-8", "TZ=UTC"}
	cmd.Stdout, cmd.Stderr = s.log, s.log
	// It does not outlive a test that is killed: SIGQUIT makes it stop at once.
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: s.owner, Pdeathsig: syscall.SIGQUIT, Setpgid: true}
	return cmd
}

// startChild starts a program from a thread that lasts as long as the program, for a death of the thread counts as one of the parent. The
// channel delivers how it ended, and is closed.
func startChild(cmd *exec.Cmd) (<-chan error, error) {
	started, ended := make(chan error), make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		defer close(ended)
		err := cmd.Start()
		started <- err
		if err == nil {
			ended <- cmd.Wait()
		}
	}()
	return ended, <-started
}

// run starts the server, on its port or, at first, on a free one.
func (s *Server) run() error {
	var err error
	for range 5 {
		port := s.Port
		if port == 0 {
			if port, err = freePort(); err != nil {
				return err
			}
		}
		if err = s.runOn(port); err == nil {
			s.Port = port
			return nil
		}
	}
	return err
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

func (s *Server) runOn(port int) error {
	cmd := s.command("postgres", "-D", s.data(), "-p", strconv.Itoa(port), "-c", "unix_socket_directories="+s.Folder,
		"-c", "listen_addresses=127.0.0.1", "-c", "fsync=off", "-c", "full_page_writes=off", "-c", "synchronous_commit=off",
		"-c", "max_connections=80", "-c", "shared_buffers=16MB", "-c", "autovacuum=off")
	ended, err := startChild(cmd)
	if err != nil {
		return err
	}
	deadline := time.After(30 * time.Second)
	for {
		if s.answers(port) {
			s.process, s.ended = cmd.Process, ended
			return nil
		}
		select {
		case err := <-ended:
			return s.failed("postgres", err)
		case <-deadline:
			cmd.Process.Kill()
			return s.failed("postgres", errors.New("does not answer"))
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func (s *Server) answers(port int) bool {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	conn, err := pgx.Connect(ctx, (&Server{Folder: s.Folder, Port: port}).DSN("postgres"))
	if err != nil {
		return false
	}
	return conn.Close(ctx) == nil
}

func (s *Server) failed(program string, err error) error {
	log, _ := os.ReadFile(filepath.Join(s.Folder, "log"))
	return fmt.Errorf("%s: %v\n%s", program, err, bytes.TrimSpace(log[max(0, len(log)-2000):]))
}

// stop sends a signal and waits until the server's process is gone.
func (s *Server) stop(signal syscall.Signal) error {
	if s.process == nil {
		return nil
	}
	process := s.process
	s.process = nil
	process.Signal(signal) // fails if it is gone already
	select {
	case <-s.ended:
		return nil
	case <-time.After(30 * time.Second):
		process.Kill()
		<-s.ended
		return errors.New("PostgreSQL does not stop")
	}
}

func (s *Server) remove() {
	s.stop(syscall.SIGQUIT)
	if s.log != nil {
		s.log.Close()
	}
	os.RemoveAll(s.Folder)
}

// sweep removes what test processes left that were killed.
func sweep() {
	folders, _ := filepath.Glob("/tmp/gibbon-pg-*-*")
	for _, folder := range folders {
		pid, err := strconv.Atoi(strings.Split(filepath.Base(folder), "-")[2])
		if err == nil && syscall.Kill(pid, 0) == syscall.ESRCH {
			os.RemoveAll(folder)
		}
	}
}
