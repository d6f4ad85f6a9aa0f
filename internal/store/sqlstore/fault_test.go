package sqlstore_test

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gibbon-gateway/gibbon/internal/store"
	"github.com/gibbon-gateway/gibbon/internal/store/pgtest"
	"github.com/gibbon-gateway/gibbon/internal/store/sqldb"
	"github.com/gibbon-gateway/gibbon/internal/store/sqlstore"
	"github.com/gibbon-gateway/gibbon/internal/store/storetest"
)

func insert(s *sqlstore.Store, t *testing.T, n int) error {
	return s.Update(t.Context(), func(tx store.Tx) error { return tx.Insert(storetest.Parents, storetest.Doc(n)) })
}

func read(s *sqlstore.Store, t *testing.T) error {
	return s.View(t.Context(), func(tx store.Tx) error {
		_, err := tx.List(storetest.Parents, store.Query{Size: 1})
		return err
	})
}

func TestSecondProcessIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "db")
	open(t, sqlstore.Options{SQLite: path})
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(path, link); err != nil {
		t.Fatal(err)
	}
	for _, p := range []string{path, link} {
		s, err := sqlstore.Open(t.Context(), sqlstore.Options{SQLite: p})
		if err == nil {
			s.Close()
			t.Fatal("opened twice")
		}
		if !strings.Contains(err.Error(), fmt.Sprintf("in use by another process (pid %d)", os.Getpid())) {
			t.Error(err)
		}
	}
}

func TestOpenSaysWhatIsWrong(t *testing.T) {
	garbage := filepath.Join(t.TempDir(), "garbage")
	if err := os.WriteFile(garbage, []byte(strings.Repeat("no database ", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{garbage: "not a database", filepath.Join(t.TempDir(), "none", "db"): "no such file or directory", t.TempDir(): "is a directory"} {
		if _, err := sqlstore.Open(t.Context(), sqlstore.Options{SQLite: path}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", path, err)
		}
	}
}

// silent is a server that accepts connections and never answers.
func silent(t *testing.T) int {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			t.Cleanup(func() { c.Close() })
		}
	}()
	return l.Addr().(*net.TCPAddr).Port
}

func TestUnreachableServerFailsFast(t *testing.T) {
	for _, port := range []int{silent(t), 1} {
		start := time.Now()
		_, err := sqlstore.Open(t.Context(), sqlstore.Options{Postgres: &sqldb.Postgres{Host: "127.0.0.1", Port: port, User: "u", Password: "hunter2",
			Database: "d", Timeout: 300 * time.Millisecond}})
		if !errors.Is(err, store.ErrUnavailable) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("port %d: %v", port, err)
		}
		if took := time.Since(start); took > 5*time.Second {
			t.Errorf("port %d: took %v", port, took)
		}
	}
}

func TestServerGoesAwayAndComesBack(t *testing.T) {
	if testing.Short() {
		return
	}
	server := pgtest.New(t)
	s := open(t, sqlstore.Options{Postgres: postgres(server, server.Database(t)), Kinds: storetest.All, Poll: 100 * time.Millisecond})
	if err := insert(s, t, 1); err != nil {
		t.Fatal(err)
	}
	watched := make(chan error, 1)
	go func() {
		v, err := s.Watch(t.Context(), 1)
		if err == nil && v != 2 {
			err = fmt.Errorf("version %d", v)
		}
		watched <- err
	}()
	server.Stop(t)
	var calls sync.WaitGroup
	start := time.Now()
	for n := range 20 {
		calls.Go(func() {
			if err := insert(s, t, 10+n); !errors.Is(err, store.ErrUnavailable) {
				t.Error("write:", err)
			}
			if err := read(s, t); !errors.Is(err, store.ErrUnavailable) {
				t.Error("read:", err)
			}
		})
	}
	calls.Wait()
	if took := time.Since(start); took > 10*time.Second {
		t.Error("failing took", took)
	}
	select {
	case err := <-watched:
		t.Fatal("watch gave up: ", err)
	default:
	}
	server.Start(t)
	if err := read(s, t); err != nil { // at once, for no broken connection is used again
		t.Error(err)
	}
	if err := insert(s, t, 2); err != nil {
		t.Error(err)
	}
	if err := <-watched; err != nil {
		t.Error(err)
	}
	// Restarted while nobody looks: the first call afterwards succeeds, too.
	server.Stop(t)
	server.Start(t)
	if err := insert(s, t, 3); err != nil {
		t.Error(err)
	}
}

// proxy passes bytes on to a server until it is frozen: then nothing comes through, and nothing is closed.
func proxy(t *testing.T, to string) (port int, freeze func()) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	frozen := make(chan struct{})
	ended := t.Context().Done()
	pass := func(into, from net.Conn) {
		buffer := make([]byte, 4096)
		for {
			n, err := from.Read(buffer)
			select {
			case <-frozen:
				<-ended
			default:
			}
			if err != nil {
				into.Close()
				return
			}
			if _, err := into.Write(buffer[:n]); err != nil {
				return
			}
		}
	}
	go func() {
		for {
			from, err := l.Accept()
			if err != nil {
				return
			}
			into, err := net.Dial("tcp", to)
			if err != nil {
				from.Close()
				continue
			}
			t.Cleanup(func() { into.Close(); from.Close() })
			go pass(into, from)
			go pass(from, into)
		}
	}()
	return l.Addr().(*net.TCPAddr).Port, func() { close(frozen) }
}

func TestFrozenNetworkHoldsUpNobody(t *testing.T) {
	if testing.Short() {
		return
	}
	server := pgtest.Shared(t)
	port, freeze := proxy(t, fmt.Sprintf("127.0.0.1:%d", server.Port))
	s := open(t, sqlstore.Options{Kinds: storetest.All, Postgres: &sqldb.Postgres{Host: "127.0.0.1", Port: port, User: pgtest.User,
		Database: server.Database(t), Timeout: 2 * time.Second, Conns: 3}})
	if err := insert(s, t, 1); err != nil {
		t.Fatal(err)
	}
	freeze()
	start := time.Now()
	var calls sync.WaitGroup
	for n := range 10 {
		calls.Go(func() {
			if err := insert(s, t, 10+n); !errors.Is(err, store.ErrUnavailable) {
				t.Error("write:", err)
			}
		})
		calls.Go(func() {
			if err := read(s, t); !errors.Is(err, store.ErrUnavailable) {
				t.Error("read:", err)
			}
		})
	}
	calls.Wait()
	if took := time.Since(start); took > 12*time.Second {
		t.Error("failing took", took)
	}
}

// Two nodes on one database: each learns of the other's writes at once, by notification, and both have the same secrets.
func TestNodesShareADatabase(t *testing.T) {
	if testing.Short() {
		return
	}
	server := pgtest.Shared(t)
	p := postgres(server, server.Database(t))
	p.Schema = `odd "schema"`
	nodes := make([]*sqlstore.Store, 4)
	var opened sync.WaitGroup
	for i := range nodes { // at once: one migrates
		opened.Go(func() {
			s, err := sqlstore.Open(t.Context(), sqlstore.Options{Postgres: p, Kinds: storetest.All, Poll: time.Minute})
			if err != nil {
				t.Error(err)
			}
			nodes[i] = s
		})
	}
	opened.Wait()
	if t.Failed() {
		return
	}
	for _, s := range nodes {
		defer s.Close()
	}
	start := time.Now()
	for v := range uint64(20) {
		from, to := nodes[v%4], nodes[(v+1)%4]
		moved := make(chan error, 1)
		go func() {
			got, err := to.Watch(t.Context(), v)
			if err == nil && got != v+1 {
				err = fmt.Errorf("version %d, want %d", got, v+1)
			}
			moved <- err
		}()
		if err := insert(from, t, int(v)); err != nil {
			t.Fatal(err)
		}
		if err := <-moved; err != nil {
			t.Fatal(err)
		}
	}
	if took := time.Since(start); took > 30*time.Second {
		t.Errorf("took %v: notifications do not wake", took)
	}
	a, err := nodes[0].Secret(t.Context(), "x")
	b, err2 := nodes[1].Secret(t.Context(), "x")
	if err != nil || err2 != nil || string(a) != string(b) {
		t.Error(err, err2)
	}
	if err := nodes[2].Close(); err != nil {
		t.Error(err)
	}
	if err := read(nodes[2], t); err == nil || errors.Is(err, store.ErrUnavailable) {
		t.Error("after close:", err)
	}
}
