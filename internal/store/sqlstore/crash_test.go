package sqlstore_test

import (
	"bufio"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/gibbon-gateway/gibbon/internal/store"
	"github.com/gibbon-gateway/gibbon/internal/store/sqlstore"
	"github.com/gibbon-gateway/gibbon/internal/store/storetest"
)

// childFile names the variable that makes this test binary a child that works with a file. childLimit limits the size of its files.
const (
	childFile  = "GIBBON_TEST_STORE"
	childLimit = "GIBBON_TEST_LIMIT"
)

// family inserts documents that belong together.
func family(n int, padding string) func(store.Tx) error {
	id := storetest.ID(n)
	doc := func(fields string) json.RawMessage { return json.RawMessage(`{"id":"` + id + `",` + fields + `}`) }
	return func(tx store.Tx) error {
		return errors.Join(tx.Insert(storetest.Parents, doc(fmt.Sprintf(`"name":"p%d","tags":["t","u"],"padding":"%s"`, n, padding))),
			tx.Insert(storetest.Children, doc(fmt.Sprintf(`"name":"c%d","parent":{"id":"%s"},"slot":%d`, n, id, n))),
			tx.Insert(storetest.Toys, doc(fmt.Sprintf(`"child":{"id":"%s"},"tags":["v"]`, id))))
	}
}

// child inserts until it is killed, and prints what is stored. With a limit, it meets a disk that is full, and one that is not any more.
func child(path string) {
	ctx := context.Background()
	s, err := sqlstore.Open(ctx, sqlstore.Options{SQLite: path, Kinds: storetest.All})
	if err != nil {
		fmt.Println("open:", err)
		os.Exit(1)
	}
	limit, _ := strconv.ParseUint(os.Getenv(childLimit), 10, 64)
	if limit == 0 {
		for n := 0; ; n++ {
			if err := s.Update(ctx, family(n, "")); err != nil {
				fmt.Println("update:", err)
				os.Exit(1)
			}
			fmt.Println(n)
		}
	}
	signal.Ignore(syscall.SIGXFSZ)
	set := func(size uint64) {
		var l syscall.Rlimit
		if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &l); err != nil {
			panic(err)
		}
		l.Cur = size
		if size == 0 {
			l.Cur = l.Max
		}
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &l); err != nil {
			panic(err)
		}
	}
	set(limit)
	n := 0
	for ; err == nil && n < 10_000; n++ {
		if err = s.Update(ctx, family(n, strings.Repeat("x", 20_000))); err == nil {
			fmt.Println(n)
		}
	}
	fmt.Println("full:", err)
	set(0)
	if err := s.Update(ctx, family(n, "")); err != nil {
		fmt.Println("update:", err)
		os.Exit(1)
	}
	fmt.Println(n)
	s.Close()
}

// start runs a child, and passes on what it prints to each until it returns false; then the child is killed.
func start(t *testing.T, path, limit string, each func(line string) bool) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), childFile+"="+path, childLimit+"="+limit)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines, killed := bufio.NewScanner(out), false
	for lines.Scan() {
		if !each(lines.Text()) && !killed {
			killed = true
			cmd.Process.Kill() // what it has printed until then is read on: it was acknowledged
		}
	}
	cmd.Wait()
}

// whole checks that a file holds whole families only, among them those.
func whole(t *testing.T, path string, acknowledged []int) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	count := func(query string) (n int) {
		t.Helper()
		if err := db.QueryRow(query).Scan(&n); err != nil {
			t.Fatal(query, err)
		}
		return n
	}
	var check string
	if err := db.QueryRow(`PRAGMA integrity_check`).Scan(&check); err != nil || check != "ok" {
		t.Fatal(check, err)
	}
	families := count(`SELECT count(*) FROM config_documents WHERE kind = 'parents'`)
	for query, each := range map[string]int{
		`SELECT count(*) FROM config_documents`: 3,
		`SELECT count(*) FROM config_refs r JOIN config_documents d ON d.kind = r.to_kind AND d.id = r.to_id`: 2,
		`SELECT count(*) FROM config_refs`:                2,
		`SELECT count(*) FROM config_uniques`:             3,
		`SELECT count(*) FROM config_tags`:                3,
		`SELECT version FROM config_version`:              1,
		`SELECT count(DISTINCT id) FROM config_documents`: 1,
	} {
		if got := count(query); got != each*families {
			t.Errorf("%s: %d, want %d for %d families", query, got, each*families, families)
		}
	}
	for _, n := range acknowledged {
		if count(`SELECT count(*) FROM config_documents WHERE id = '`+storetest.ID(n)+`'`) != 3 {
			t.Errorf("%d was acknowledged and is not there", n)
		}
	}
}

func TestKilledProcessLosesNothing(t *testing.T) {
	if testing.Short() {
		return
	}
	for range 4 {
		path := filepath.Join(t.TempDir(), "db")
		var acknowledged []int
		enough := 1 + rand.IntN(150)
		start(t, path, "", func(line string) bool {
			n, err := strconv.Atoi(line)
			if err != nil {
				t.Error(line)
			}
			acknowledged = append(acknowledged, n)
			return len(acknowledged) < enough
		})
		if len(acknowledged) < enough {
			t.Fatalf("child stopped after %d", len(acknowledged))
		}
		whole(t, path, acknowledged)
		s := open(t, sqlstore.Options{SQLite: path, Kinds: storetest.All}) // the lock went with the process
		if err := s.Update(t.Context(), family(1_000_000, "")); err != nil {
			t.Error(err)
		}
	}
}

func TestFullDisk(t *testing.T) {
	if testing.Short() {
		return
	}
	path := filepath.Join(t.TempDir(), "db")
	var acknowledged []int
	var full string
	start(t, path, "1000000", func(line string) bool {
		if n, err := strconv.Atoi(line); err == nil {
			acknowledged = append(acknowledged, n)
		} else {
			full += line
		}
		return true
	})
	if !strings.Contains(full, "full: the disk is full or the database's file cannot be written") {
		t.Error(full)
	}
	if len(acknowledged) < 3 {
		t.Fatal(acknowledged)
	}
	whole(t, path, acknowledged)
}
