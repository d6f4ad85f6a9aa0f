package cache_test

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// others are the caches beside ours. They are set as the suite's authors set them (docker/ in its repository).
var others = []struct {
	name, program string
	start         func(t *testing.T, program, origin string) (base string)
}{
	{"nginx", "nginx", startNginx},
	{"Varnish", "varnishd", startVarnish},
	{"Apache", "apache2", startApache},
}

// installed returns where a program is, or "".
func installed(program string) string {
	if path, err := exec.LookPath(program); err == nil {
		return path
	}
	// Debian keeps servers where only root looks.
	if path, err := exec.LookPath("/usr/sbin/" + program); err == nil {
		return path
	}
	return ""
}

// open makes a folder that programs can write into that run as somebody else.
func open(t *testing.T, name string) string {
	t.Helper()
	dir, err := os.MkdirTemp("", name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	return dir
}

// configured writes a configuration into a folder.
func configured(t *testing.T, dir, name, text string) (file string) {
	t.Helper()
	file = filepath.Join(dir, name)
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return file
}

func startNginx(t *testing.T, program, origin string) string {
	dir, addr := open(t, "nginx-"), freeAddr(t)
	file := configured(t, dir, "nginx.conf", fmt.Sprintf(`daemon off; worker_processes 1; pid %[1]s/pid; error_log %[1]s/error.log;
events {}
http {
  access_log off; client_body_temp_path %[1]s/b; proxy_temp_path %[1]s/p; fastcgi_temp_path %[1]s/f; uwsgi_temp_path %[1]s/u; scgi_temp_path %[1]s/s;
  proxy_cache_path %[1]s/c keys_zone=c:10m;
  server { listen %[2]s; location / { proxy_pass http://%[3]s; proxy_http_version 1.1; proxy_cache c; proxy_cache_revalidate on;
    proxy_cache_use_stale error timeout updating; proxy_cache_background_update on; } }
}
`, dir, addr, origin))
	background(t, exec.Command(program, "-p", dir, "-c", file), "nginx.log")
	ready(t, "http://"+addr+"/state/none")
	return "http://" + addr
}

func startVarnish(t *testing.T, program, origin string) string {
	dir, addr := open(t, "varnish-"), freeAddr(t)
	host, port, _ := net.SplitHostPort(origin)
	file := configured(t, dir, "default.vcl", fmt.Sprintf("vcl 4.1;\nbackend default { .host = %q; .port = %q; }\n", host, port))
	background(t, exec.Command(program, "-F", "-j", "none", "-n", filepath.Join(dir, "run"), "-a", addr, "-f", file,
		"-p", "default_ttl=0", "-p", "default_grace=0", "-p", "default_keep=3600", "-s", "malloc,64M"), "varnish.log")
	ready(t, "http://"+addr+"/state/none")
	return "http://" + addr
}

func startApache(t *testing.T, program, origin string) string {
	dir, addr := open(t, "apache-"), freeAddr(t)
	modules := ""
	for _, m := range []string{"mpm_event", "authz_core", "proxy", "proxy_http", "cache", "cache_disk", "negotiation"} {
		modules += fmt.Sprintf("LoadModule %s_module /usr/lib/apache2/modules/mod_%[1]s.so\n", m)
	}
	login := ""
	if os.Geteuid() == 0 {
		login = "User www-data\nGroup www-data\n"
	}
	file := configured(t, dir, "apache.conf", fmt.Sprintf(`%[4]s%[5]sServerRoot %[1]s
ServerName localhost
PidFile %[1]s/pid
DefaultRuntimeDir %[1]s
ErrorLog %[1]s/error.log
Mutex sem
Listen %[2]s
ProxyPass "/" "http://%[3]s/"
CacheEnable disk /
CacheRoot %[1]s
CacheDirLevels 5
CacheDirLength 3
CacheDefaultExpire 0
CacheIgnoreNoLastMod On
CacheStoreExpired On
CacheNegotiatedDocs On
UseCanonicalName On
CacheHeader On
CacheDetailHeader on
`, dir, addr, origin, modules, login))
	background(t, exec.Command(program, "-D", "FOREGROUND", "-d", dir, "-f", file), "apache.log")
	ready(t, "http://"+addr+"/state/none")
	return "http://" + addr
}
