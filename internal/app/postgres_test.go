package app_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gibbon-gateway/gibbon/gibbontest"
	"github.com/gibbon-gateway/gibbon/internal/store/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

func call(t *testing.T, method, url, body string) (int, string) {
	t.Helper()
	r, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	client := &http.Client{Timeout: 20 * time.Second}
	resp, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(text)
}

func await(t *testing.T, what string, done func() bool) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(30 * time.Second); !done(); <-tick.C {
		if time.Now().After(deadline) {
			t.Fatalf("after 30 s: %s", what)
		}
	}
}

// While PostgreSQL is away, requests go on with the last configuration, writes are refused in time, /status says so, and all
// recovers by itself.
func TestPostgresGoesAway(t *testing.T) {
	if testing.Short() {
		return
	}
	db := pgtest.New(t)
	up := gibbontest.NewUpstream(t, nil)
	g := gibbontest.Start(t, "", map[string]string{"database": "postgres", "pg_host": db.Folder, "pg_port": strconv.Itoa(db.Port),
		"pg_user": pgtest.User, "pg_database": db.Database(t), "pg_timeout": "1000", "log_level": "crit"})
	for path, body := range map[string]string{"/services": `{"name":"s","url":"` + up.URL + `"}`} {
		if status, text := call(t, "POST", g.Admin+path, body); status != http.StatusCreated {
			t.Fatalf("%s: %d %s", path, status, text)
		}
	}
	if status, text := call(t, "POST", g.Admin+"/services/s/routes", `{"name":"r","paths":["/r"]}`); status != http.StatusCreated {
		t.Fatalf("route: %d %s", status, text)
	}
	proxied := func() bool { status, _ := call(t, "GET", g.Proxy+"/r", ""); return status == http.StatusOK }
	await(t, "the route is not live", proxied)

	reachable := func() bool {
		_, text := call(t, "GET", g.Admin+"/status", "")
		var status struct{ Database struct{ Reachable bool } }
		return json.Unmarshal([]byte(text), &status) == nil && status.Database.Reachable
	}
	if !reachable() {
		t.Error("/status says that the database is away")
	}
	db.Stop(t)
	await(t, "/status does not say that the database is away", func() bool { return !reachable() })
	for range 20 {
		if !proxied() {
			t.Fatal("a request failed while the database was away")
		}
	}
	began := time.Now()
	status, text := call(t, "POST", g.Admin+"/services", `{"name":"lost","host":"x"}`)
	if status != http.StatusServiceUnavailable || time.Since(began) > 10*time.Second {
		t.Errorf("a write while the database is away: %d after %v: %s", status, time.Since(began), text)
	}
	db.Start(t)
	await(t, "the database is back, but writes fail", func() bool {
		status, _ := call(t, "PUT", g.Admin+"/services/back", `{"host":"x"}`)
		return status == http.StatusOK
	})
	if status, _ := call(t, "GET", g.Admin+"/services/lost", ""); status != http.StatusNotFound {
		t.Errorf("a refused write is there: %d", status)
	}
	if status, text := call(t, "POST", g.Admin+"/services/s/routes", `{"name":"r2","paths":["/r2"]}`); status != http.StatusCreated {
		t.Fatalf("route: %d %s", status, text)
	}
	await(t, "a change after the recovery is not live", func() bool {
		status, _ := call(t, "GET", g.Proxy+"/r2", "")
		return status == http.StatusOK
	})
}
