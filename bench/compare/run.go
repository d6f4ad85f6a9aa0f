package main

import (
	"bytes"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// bench holds what runs.
type bench struct {
	options
	dir      string
	upstream string // its address
	running  []*exec.Cmd
}

// server is a proxy that runs.
type server struct {
	name string
	addr string
	cmd  *exec.Cmd
}

// measured is the outcome of one measurement.
type measured struct{ cpu, rate float64 } // µs of CPU for a request, requests a second

// start runs a program, on the given core if cores are pinned.
func (b *bench) start(core int, env []string, program string, args ...string) (*exec.Cmd, error) {
	cmd := exec.Command(program, args...)
	if taskset, err := exec.LookPath("taskset"); err == nil && b.pin {
		cmd = exec.Command(taskset, append([]string{"-c", strconv.Itoa(core), program}, args...)...)
	}
	cmd.Env = append(os.Environ(), env...)
	log, err := os.Create(filepath.Join(b.dir, fmt.Sprintf("%s-%d.log", filepath.Base(program), len(b.running))))
	if err != nil {
		return nil, err
	}
	defer log.Close()
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	b.running = append(b.running, cmd)
	return cmd, nil
}

// stop ends everything that was started.
func (b *bench) stop() {
	for _, cmd := range b.running {
		end(cmd)
	}
}

func end(cmd *exec.Cmd) {
	if cmd.ProcessState != nil {
		return
	}
	cmd.Process.Signal(os.Interrupt)
	t := time.AfterFunc(5*time.Second, func() { cmd.Process.Kill() })
	defer t.Stop()
	cmd.Wait()
}

func freeAddr() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}

func (b *bench) startUpstream() (err error) {
	if b.upstream, err = freeAddr(); err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	if _, err = b.start(1, nil, self, "-upstream", b.upstream); err != nil {
		return err
	}
	return ready("http://"+b.upstream+"/", nil)
}

// ready waits until an address answers with 200.
func ready(url string, header map[string]string) error {
	var last error
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); <-time.After(50 * time.Millisecond) {
		q, err := http.NewRequest("GET", url, nil)
		if err != nil {
			return err
		}
		for k, v := range header {
			if k == "Host" {
				q.Host = v
			}
			q.Header.Set(k, v)
		}
		res, err := http.DefaultClient.Do(q)
		if err != nil {
			last = err
			continue
		}
		res.Body.Close()
		if res.StatusCode == 200 {
			<-time.After(settle)
			return nil
		}
		last = fmt.Errorf("status %d", res.StatusCode)
	}
	return fmt.Errorf("%s does not answer: %w", url, last)
}

// startProxies starts nginx and Gibbon with the routes of a case.
func (b *bench) startProxies(c benchCase) ([2]*server, error) {
	var two [2]*server
	for i, start := range []func(addr string, c benchCase) (*exec.Cmd, error){b.startNginx, b.startGibbon} {
		addr, err := freeAddr()
		if err != nil {
			return two, err
		}
		cmd, err := start(addr, c)
		if err != nil {
			return two, err
		}
		two[i] = &server{name: [...]string{"nginx", "Gibbon"}[i], addr: addr, cmd: cmd}
		err = ready("http://"+addr+"/p0"+c.path, map[string]string{"Host": "h0.example.com", "apikey": benchKey})
		if err != nil {
			return two, fmt.Errorf("%s: %w\n%s", two[i].name, err, b.logs())
		}
	}
	return two, nil
}

// logs returns the ends of what the programs have said.
func (b *bench) logs() string {
	var out strings.Builder
	files, _ := filepath.Glob(filepath.Join(b.dir, "*.log"))
	for _, f := range files {
		text, _ := os.ReadFile(f)
		fmt.Fprintf(&out, "%s:\n%s\n", filepath.Base(f), text[max(0, len(text)-2000):])
	}
	return out.String()
}

func (b *bench) stopProxies(two [2]*server) {
	for _, s := range two {
		if s != nil {
			end(s.cmd)
		}
	}
}

// measure loads a proxy and sees what it takes.
func (b *bench) measure(s *server, c benchCase) (measured, error) {
	script := filepath.Join(b.dir, "requests.lua")
	if err := os.WriteFile(script, []byte(luaScript(c)), 0o644); err != nil {
		return measured{}, err
	}
	if _, _, err := b.load(s, script, 1); err != nil { // warm up
		return measured{}, err
	}
	before, err := cpuOf(s.cmd.Process.Pid)
	if err != nil {
		return measured{}, err
	}
	requests, seconds, err := b.load(s, script, b.seconds)
	if err != nil {
		return measured{}, fmt.Errorf("%s: %w", s.name, err)
	}
	after, err := cpuOf(s.cmd.Process.Pid)
	if err != nil {
		return measured{}, err
	}
	return measured{cpu: (after - before) * 1e6 / requests, rate: requests / seconds}, nil
}

var (
	wrkDone   = regexp.MustCompile(`(\d+) requests in ([\d.]+)s`)
	wrkErrors = regexp.MustCompile(`Non-2xx or 3xx responses: \d+|Socket errors: .*`)
)

// load runs wrk and returns the number of requests and the seconds that they took.
func (b *bench) load(s *server, script string, seconds int) (requests, took float64, err error) {
	wrk, err := lookPath("wrk")
	if err != nil {
		return 0, 0, err
	}
	args := []string{"-t1", "-c64", "-d" + strconv.Itoa(seconds) + "s", "-s", script, "http://" + s.addr}
	cmd := exec.Command(wrk, args...)
	if taskset, err := exec.LookPath("taskset"); err == nil && b.pin {
		cmd = exec.Command(taskset, append([]string{"-c", "1", wrk}, args...)...)
	}
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err != nil {
		return 0, 0, fmt.Errorf("wrk: %w: %s", err, out.String())
	}
	m := wrkDone.FindStringSubmatch(out.String())
	if m == nil {
		return 0, 0, fmt.Errorf("wrk said %q", out.String())
	}
	if bad := wrkErrors.FindString(out.String()); bad != "" {
		return 0, 0, fmt.Errorf("wrk: %s", bad)
	}
	requests, _ = strconv.ParseFloat(m[1], 64)
	took, _ = strconv.ParseFloat(m[2], 64)
	return requests, took, nil
}

// luaScript makes wrk ask all routes in turn.
func luaScript(c benchCase) string {
	var fields strings.Builder
	for _, f := range c.fields {
		fmt.Fprintf(&fields, "  h[%q] = %q\n", f[0], f[1])
	}
	return fmt.Sprintf(`local all, n = {}, 0
for i = 0, %d do
  local h = {["Host"] = "h" .. math.floor(i / %d) .. ".example.com",
    ["User-Agent"] = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    ["Accept"] = "application/json, text/plain, */*", ["Accept-Language"] = "en-GB,en;q=0.9",
    ["Accept-Encoding"] = "gzip, deflate, br", ["X-Request-ID"] = "3f1c9c1e-1111-2222-3333-444455556666"}
%s  all[i] = wrk.format("GET", "/p" .. (i %% %d) .. %q, h)
end
function request()
  n = (n + 7) %% %d
  return all[n]
end
`, hosts*prefixes-1, prefixes, fields.String(), prefixes, c.path, hosts*prefixes)
}

// ticks of /proc/<pid>/stat in a second: fixed in Linux's interface.
const ticks = 100

// cpuOf returns the seconds of CPU of a process and its children.
func cpuOf(pid int) (float64, error) {
	sum, err := cpuOfOne(pid)
	if err != nil {
		return 0, err
	}
	children, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	for _, child := range strings.Fields(string(children)) {
		if n, err := strconv.Atoi(child); err == nil {
			one, _ := cpuOfOne(n)
			sum += one
		}
	}
	return sum, nil
}

func cpuOfOne(pid int) (float64, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	f := strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:]))
	if len(f) < 13 {
		return 0, fmt.Errorf("/proc/%d/stat: %q", pid, b)
	}
	user, err1 := strconv.ParseFloat(f[11], 64)
	system, err2 := strconv.ParseFloat(f[12], 64)
	if err1 != nil || err2 != nil {
		return 0, fmt.Errorf("/proc/%d/stat: %q", pid, b)
	}
	return (user + system) / ticks, nil
}

func contains(name, part string) bool { return part == "" || strings.Contains(name, part) }
