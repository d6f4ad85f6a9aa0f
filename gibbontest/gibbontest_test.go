package gibbontest_test

import (
	"crypto/tls"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gibbon-gateway/gibbon/gibbontest"
)

func get(t *testing.T, client *http.Client, url string) (int, string) {
	t.Helper()
	resp, err := client.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

func TestDeclared(t *testing.T) {
	up := gibbontest.NewUpstream(t, nil)
	g := gibbontest.Start(t, `
_format_version: "3.0"
services:
- name: s
  url: `+up.URL+`/base
  routes:
  - name: r
    paths: [/r]
`, nil)
	if status, body := get(t, http.DefaultClient, g.Proxy+"/r/x?y=1"); status != 200 || body != "ok" {
		t.Errorf("%d %s", status, body)
	}
	insecure := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
	defer insecure.CloseIdleConnections()
	if status, body := get(t, insecure, g.ProxyTLS+"/r"); status != 200 || body != "ok" {
		t.Errorf("by TLS: %d %s", status, body)
	}
	seen := up.Seen()
	if len(seen) != 2 || seen[0].Target != "/base/x?y=1" || seen[1].Header.Get("X-Forwarded-Proto") != "https" {
		t.Errorf("upstream saw %+v", seen)
	}
	if status, body := get(t, http.DefaultClient, g.Status+"/status/ready"); status != 200 || !strings.Contains(body, "ready") {
		t.Errorf("status: %d %s", status, body)
	}
}

// A change by the Admin API is in force soon after it was acknowledged.
func TestChangeIsLive(t *testing.T) {
	up := gibbontest.NewUpstream(t, nil)
	g := gibbontest.Start(t, "", nil)
	for _, call := range [][2]string{
		{"/services", `{"name":"s","url":"` + up.URL + `"}`}, {"/services/s/routes", `{"name":"r","paths":["/r"]}`},
	} {
		resp, err := http.Post(g.Admin+call[0], "application/json", strings.NewReader(call[1]))
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusCreated {
			t.Fatalf("%s: %d", call[0], resp.StatusCode)
		}
	}
	acknowledged := time.Now()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for range tick.C {
		if status, _ := get(t, http.DefaultClient, g.Proxy+"/r"); status == 200 {
			return
		}
		if time.Since(acknowledged) > 30*time.Second {
			t.Fatal("the route is not live after 30 s")
		}
	}
}
