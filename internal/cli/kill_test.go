package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// process is a gibbon that runs as a process of its own.
type process struct {
	*exec.Cmd
	admin, proxy, status string
	stderr               *bytes.Buffer
	done                 chan struct{}
}

// startProcess runs "gibbon start" of the test binary with a data folder and further settings, and waits until it is ready.
func startProcess(t *testing.T, folder string, env ...string) *process {
	t.Helper()
	p := &process{stderr: new(bytes.Buffer), done: make(chan struct{})}
	for _, to := range []*string{&p.admin, &p.proxy, &p.status} {
		*to = freeAddress(t)
	}
	p.Cmd = exec.Command(os.Args[0], "start")
	p.Args[0] = "gibbon" // testscript.Main looks at the name
	p.Env = append(append(os.Environ(), "GIBBON_PREFIX="+folder, "GIBBON_ADMIN_LISTEN="+p.admin, "GIBBON_PROXY_LISTEN="+p.proxy,
		"GIBBON_STATUS_LISTEN="+p.status, "GIBBON_IDP_LISTEN=off"), env...)
	p.Stderr = p.stderr
	p.Path = linked(t)
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { p.Wait(); close(p.done) }()
	t.Cleanup(func() { p.Process.Kill(); <-p.done })
	p.await(t, "http://"+p.status+"/status/ready")
	return p
}

// linked returns a name of the test binary under which it runs as gibbon.
func linked(t *testing.T) string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "gibbon")
	if err := os.Symlink(self, path); err != nil {
		t.Fatal(err)
	}
	return path
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// await asks an address until it answers 200.
func (p *process) await(t *testing.T, address string) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(60 * time.Second); ; <-tick.C {
		if resp, err := http.Get(address); err == nil {
			resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return
			}
		}
		select {
		case <-p.done:
			t.Fatalf("gibbon ended: %s", p.stderr)
		default:
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s does not answer: %s", address, p.stderr)
		}
	}
}

func (p *process) call(method, path, body string) (int, string, error) {
	r, err := http.NewRequest(method, "http://"+p.admin+path, strings.NewReader(body))
	if err != nil {
		return 0, "", err
	}
	r.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, "", err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(text), err
}

// A process that is killed while several clients write loses no acknowledged write, and starts again with whole ones.
func TestKillLosesNothing(t *testing.T) {
	if testing.Short() {
		return
	}
	folder := filepath.Join(t.TempDir(), "data")
	acknowledged := map[string]bool{}
	for round := range 3 {
		p := startProcess(t, folder)
		var mu sync.Mutex
		var writers sync.WaitGroup
		for w := range 4 {
			writers.Go(func() {
				for i := 0; ; i++ {
					name := fmt.Sprintf("s-%d-%d-%d", round, w, i)
					status, _, err := p.call("POST", "/services", `{"name":"`+name+`","host":"example.com","tags":["t`+name+`"]}`)
					if err != nil {
						return
					}
					if status == http.StatusCreated {
						mu.Lock()
						acknowledged[name] = true
						mu.Unlock()
					}
				}
			})
		}
		<-time.After(time.Duration(300+round*250) * time.Millisecond)
		p.Process.Kill()
		writers.Wait()
		<-p.done
	}
	p := startProcess(t, folder)
	if len(acknowledged) < 10 {
		t.Fatalf("only %d writes were acknowledged", len(acknowledged))
	}
	for name := range acknowledged {
		status, body, err := p.call("GET", "/services/"+name, "")
		var s struct {
			Host string
			Tags []string
		}
		if err != nil || status != http.StatusOK || json.Unmarshal([]byte(body), &s) != nil || s.Host != "example.com" || len(s.Tags) != 1 {
			t.Errorf("%s: status %d, %v: %s", name, status, err, body)
		}
	}
	t.Logf("%d acknowledged writes are there", len(acknowledged))
}
