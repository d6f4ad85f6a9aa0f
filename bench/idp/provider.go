package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/gibbon-gateway/gibbon/bench/rig"
)

// provider is a gibbon that runs.
type provider struct {
	*exec.Cmd
	origin string
	ready  time.Duration // from its start to its first answer
	cpu    time.Duration // that it took until then
}

// serve starts "gibbon idp", or "gibbon start", on a folder and waits for its first answer.
func (b *bench) serve(command, folder string, env ...string) (*provider, error) {
	var addresses [3]string
	for i := range addresses {
		var err error
		if addresses[i], err = rig.FreeAddr(); err != nil {
			return nil, err
		}
	}
	env = append([]string{"GIBBON_PREFIX=" + folder, "GIBBON_IDP_LISTEN=" + addresses[0], "GIBBON_PROXY_LISTEN=" + addresses[1], "GIBBON_ADMIN_LISTEN=" + addresses[2],
		"GIBBON_STATUS_LISTEN=off", "GIBBON_CONSOLE_LISTEN=off"}, env...)
	began := time.Now()
	cmd, err := b.Start(rig.Measured, env, b.gibbon, command)
	if err != nil {
		return nil, err
	}
	p := &provider{Cmd: cmd, origin: "http://" + addresses[0]}
	for {
		answer, err := http.Get(p.origin + "/_gibbon/ready")
		if err == nil {
			answer.Body.Close()
			p.ready = time.Since(began)
			p.cpu, err = taken(cmd.Process.Pid)
			return p, err
		}
		if time.Since(began) > 30*time.Second {
			return nil, fmt.Errorf("gibbon %s does not answer: %w", command, err)
		}
		<-time.After(time.Millisecond)
	}
}

// taken is the CPU time of all threads of a process so far.
func taken(pid int) (time.Duration, error) {
	files, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", pid))
	if err != nil || len(files) == 0 {
		return 0, fmt.Errorf("no threads of process %d: %w", pid, err)
	}
	var sum int64
	for _, f := range files {
		text, err := os.ReadFile(f)
		if errors.Is(err, os.ErrNotExist) {
			continue // the thread has just ended
		}
		if err != nil {
			return 0, err
		}
		fields := strings.Fields(string(text))
		if len(fields) == 0 {
			return 0, fmt.Errorf("%s: %q", f, text)
		}
		n, err := strconv.ParseInt(fields[0], 10, 64)
		if err != nil {
			return 0, fmt.Errorf("%s: %q", f, text)
		}
		sum += n
	}
	return time.Duration(sum), nil
}

// spent is the CPU time that the provider takes while fn runs.
func (p *provider) spent(fn func() error) (time.Duration, error) {
	before, err := taken(p.Process.Pid)
	if err == nil {
		err = fn()
	}
	if err != nil {
		return 0, err
	}
	after, err := taken(p.Process.Pid)
	return after - before, err
}

// quiet waits until the provider has nothing more to do: keys for the next pools are made in the background.
func (p *provider) quiet() error {
	for {
		used, err := p.spent(func() error { <-time.After(300 * time.Millisecond); return nil })
		if err != nil || used < 3*time.Millisecond {
			return err
		}
	}
}

// doc is a JSON object.
type doc = map[string]any

// call calls an operation of the API, unsigned.
func (p *provider) call(operation string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	r, err := http.NewRequest(http.MethodPost, p.origin, bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/x-amz-json-1.1")
	r.Header.Set("X-Amz-Target", "AWSCognitoIdentityProviderService."+operation)
	return answer(r, out)
}

// answer sends a request and reads what comes back.
func answer(r *http.Request, out any) error {
	got, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer got.Body.Close()
	text, err := io.ReadAll(got.Body)
	if err != nil {
		return err
	}
	if got.StatusCode != http.StatusOK {
		return fmt.Errorf("%s %s: %s: %s", r.Method, r.URL, got.Status, text)
	}
	return json.Unmarshal(text, out)
}
