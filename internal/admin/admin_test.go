package admin_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gibbon-gateway/gibbon/entity"
	"github.com/gibbon-gateway/gibbon/internal/admin"
	"github.com/gibbon-gateway/gibbon/internal/plugins"
	"github.com/gibbon-gateway/gibbon/internal/store"
	"github.com/gibbon-gateway/gibbon/plugin"
)

// tester asks an Admin API and compares what comes back.
type tester struct {
	*testing.T
	handler http.Handler
}

func newTester(t *testing.T, change ...func(*admin.Options)) *tester {
	o := admin.Options{Store: &store.Memory{}, Plugins: plugins.All(), Version: "1.0", NodeID: "node"}
	for _, f := range change {
		f(&o)
	}
	return &tester{t, admin.New(o)}
}

// do sends a request and returns the answer. A body that begins with { is JSON, any other a form.
func (t *tester) do(method, path, body string, header ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	switch {
	case strings.HasPrefix(body, "{"):
		r.Header.Set("Content-Type", "application/json")
	case body != "":
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	t.handler.ServeHTTP(w, r)
	return w
}

// want sends a request, wants a status, and returns the answer's JSON.
func (t *tester) want(status int, method, path, body string, header ...string) map[string]any {
	t.Helper()
	w := t.do(method, path, body, header...)
	if w.Code != status {
		t.Fatalf("%s %s %s: status %d, want %d: %s", method, path, body, w.Code, status, w.Body)
	}
	if w.Body.Len() == 0 {
		return nil
	}
	var v map[string]any
	if err := json.Unmarshal(w.Body.Bytes(), &v); err != nil {
		t.Fatalf("%s %s: %v: %s", method, path, err, w.Body)
	}
	return v
}

// message wants a status and a message.
func (t *tester) message(status int, message, method, path, body string, header ...string) {
	t.Helper()
	if got := t.want(status, method, path, body, header...)["message"]; got != message {
		t.Errorf("%s %s %s:\n got %v\nwant %v", method, path, body, got, message)
	}
}

// equal compares a field by its path with JSON.
func (t *tester) equal(v any, path, want string) {
	t.Helper()
	for _, name := range strings.Split(path, ".") {
		m, _ := v.(map[string]any)
		v = m[name]
	}
	var w any
	if err := json.Unmarshal([]byte(want), &w); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(w, v); d != "" {
		t.Errorf("%s (-want +got):\n%s", path, d)
	}
}

func TestForms(t *testing.T) {
	a := newTester(t)
	a.want(201, "POST", "/services", "name=s&host=h&tags=one")
	got := a.want(201, "POST", "/services/s/routes", "name=r&paths[2]=/b&paths[1]=/a&headers.x-a=1&headers.x-b%5B%5D=2&headers.x-b%5B%5D=3"+
		"&strip_path=false&protocols[]=http&tags=")
	a.equal(got, "paths", `["/a","/b"]`)
	a.equal(got, "headers", `{"x-a":["1"],"x-b":["2","3"]}`)
	a.equal(got, "strip_path", `false`)
	a.equal(got, "protocols", `["http"]`)
	a.equal(got, "tags", `null`)
	got = a.want(201, "POST", "/routes", "name=r2&hosts=a.test&hosts=b.test&service.name=s")
	a.equal(got, "hosts", `["a.test","b.test"]`)
	got = a.want(201, "POST", "/plugins", "name=rate-limiting&config.minute=5&config.redis.host=h&config.redis.ssl=true&route.name=r")
	a.equal(got, "config.minute", `5`)
	a.equal(got, "config.redis_host", `"h"`)
	a.equal(got, "config.redis.ssl", `true`)
	for body, message := range map[string]string{
		"name=x&host=h&tags[0]=a":            "Invalid argument name 'tags[0]'",
		"name=x&host=h&tags[=a":              "Invalid argument name 'tags['",
		"name=x&host=h&.a=b":                 "Invalid argument name '.a'",
		"name=x&name.y=1&host=h":             "Arguments for 'name' contradict each other",
		strings.Repeat("tags[]=a&", 1001):    "Too many arguments",
		strings.Repeat("a.", 1000) + "b=1":   "Invalid argument name '" + strings.Repeat("a.", 1000) + "b'",
		"a" + strings.Repeat("[]", 99) + "=": "Invalid argument name 'a" + strings.Repeat("[]", 99) + "'",
	} {
		a.message(400, message, "POST", "/services", body)
	}
}

func TestBodies(t *testing.T) {
	a := newTester(t)
	part := "--b\r\nContent-Disposition: form-data; name=\"%s\"\r\n%s\r\n%s\r\n"
	body := fmt.Sprintf(part, "name", "", "mp") + fmt.Sprintf(part, "host", "", "h") +
		fmt.Sprintf(part, "tags", "Content-Type: application/json\r\n", `["a","b"]`) + "--b--\r\n"
	got := a.want(201, "POST", "/services", body, "Content-Type", "multipart/form-data; boundary=b")
	a.equal(got, "tags", `["a","b"]`)
	a.message(400, "Cannot parse multipart body", "POST", "/services", "--b\r\nX", "Content-Type", "multipart/form-data; boundary=b")
	a.message(400, "Cannot parse multipart body", "POST", "/services", "x", "Content-Type", "multipart/form-data")
	a.message(400, "Cannot parse JSON body", "POST", "/services", `{"name":"x"} {}`)
	a.message(400, "Cannot parse JSON body: an object is expected", "POST", "/services", `null`, "Content-Type", "application/json")
	a.message(413, "Payload too large", "POST", "/services", `{"name":"`+strings.Repeat("x", 11<<20)+`"}`)
	for _, kind := range []string{"text/plain", "application/xml", "application/jsonish", "nonsense", ""} {
		w := a.do("POST", "/services", "name=x&host=h", "Content-Type", kind)
		if w.Code != 415 || !strings.Contains(w.Body.String(), "415 Unsupported Media Type") {
			t.Errorf("%q: %d %s", kind, w.Code, w.Body)
		}
	}
	a.want(200, "GET", "/services", "ignored", "Content-Type", "text/plain")
	a.want(204, "DELETE", "/services/mp", "ignored", "Content-Type", "text/plain")
}

func TestUnstorableText(t *testing.T) {
	a := newTester(t)
	const message = "schema violation (username: must be valid utf-8 without zero bytes)"
	a.message(400, message, "POST", "/consumers", `{"username":"a\u0000b"}`)
	a.message(400, message, "POST", "/consumers", "username=%ff")
	a.message(400, message, "PUT", "/consumers/%00", `{}`)
	a.message(404, "Not found", "GET", "/consumers/%00", "")
	a.message(400, "schema violation (config: must be valid utf-8 without zero bytes)", "POST", "/plugins",
		`{"name":"key-auth","config":{"realm":"a\u0000"}}`)
	a.message(400, "schema violation (tags: a tag must not be longer than 1024 bytes)", "POST", "/consumers",
		`{"username":"a","tags":["`+strings.Repeat("t", 1025)+`"]}`)
}

// Everything that is wrong is said at once, and nothing is stored.
func TestErrorsAreCompleteAndHarmless(t *testing.T) {
	a := newTester(t)
	got := a.want(400, "POST", "/services", `{"name":"a b","port":-1,"protocol":"x","tags":"t","foo":1}`)
	if n := len(got["fields"].(map[string]any)); n != 6 {
		t.Errorf("%d fields: %v", n, got)
	}
	a.equal(a.want(200, "GET", "/services", ""), "data", `[]`)
	a.want(201, "POST", "/services", "name=s&host=h")
	got = a.want(400, "PATCH", "/services/s", `{"port":-1,"path":"/new"}`)
	a.equal(got, "fields", `{"port":"value should be between 0 and 65535"}`)
	a.equal(a.want(200, "GET", "/services/s", ""), "path", `null`)
	id := a.want(200, "GET", "/services/s", "")["id"].(string)
	got = a.want(400, "POST", "/services", "host=h&id="+id)
	a.equal(got, "code", `3`)
	a.equal(got, "message", fmt.Sprintf("%q", `primary key violation on key '{id="`+id+`"}'`))
}

func TestPatchMerges(t *testing.T) {
	a := newTester(t)
	a.want(201, "POST", "/services", "name=s&url=https://a.test/p&tags[]=x&tags[]=y")
	got := a.want(200, "PATCH", "/services/s", `{"tags":["z"],"retries":null,"url":"http://b.test"}`)
	a.equal(got, "tags", `["z"]`)
	a.equal(got, "retries", `null`)
	a.equal(got, "host", `"b.test"`)
	a.equal(got, "port", `80`)
	a.equal(got, "path", `null`)
	p := a.want(201, "POST", "/services/s/plugins", `{"name":"rate-limiting","config":{"minute":5,"redis":{"host":"h","port":1}}}`)
	path := "/plugins/" + p["id"].(string)
	got = a.want(200, "PATCH", path, `{"config":{"redis":{"port":2},"hour":9}}`)
	a.equal(got, "config.redis.host", `"h"`)
	a.equal(got, "config.redis.port", `2`)
	a.equal(got, "config.minute", `5`)
	a.equal(got, "config.redis_port", `2`)
	got = a.want(200, "PATCH", path, "config.redis_host=old&config.minute=")
	a.equal(got, "config.redis.host", `"old"`)
	a.equal(got, "config.minute", `null`)
	a.want(201, "POST", "/routes", `{"name":"r","paths":["/a"],"headers":{"a":["1"],"b":["2"]}}`)
	a.equal(a.want(200, "PATCH", "/routes/r", `{"headers":{"c":["3"]}}`), "headers", `{"c":["3"]}`)
	a.message(404, `could not find the entity with primary key '{id="00000000-0000-4000-8000-000000000000"}'`, "PATCH",
		"/services/00000000-0000-4000-8000-000000000000", "retries=1")
}

// decK writes back what it has read, with PUT.
func TestPutOfWhatWasRead(t *testing.T) {
	a := newTester(t)
	a.want(201, "POST", "/services", "name=s&url=http://a.test/p&tags=x")
	a.want(201, "POST", "/services/s/routes", "name=r&paths=/a")
	a.want(201, "POST", "/routes/r/plugins", `{"name":"rate-limiting","config":{"minute":5,"redis_host":"h"},"instance_name":"i"}`)
	a.want(201, "POST", "/consumers", "username=c&custom_id=1")
	a.want(201, "POST", "/consumers/c/key-auth", "key=k&ttl=1000")
	a.want(201, "POST", "/upstreams", "name=u&hash_on=ip")
	cert, key := pair(t, "a.test")
	body, _ := json.Marshal(map[string]any{"cert": cert, "key": key, "snis": []string{"b.test", "a.test"}})
	a.want(201, "POST", "/certificates", string(body))
	for _, path := range []string{"/services", "/routes", "/plugins", "/consumers", "/key-auths", "/upstreams", "/certificates", "/snis"} {
		list := a.want(200, "GET", path, "")["data"].([]any)
		if len(list) == 0 {
			t.Fatalf("%s is empty", path)
		}
		for _, was := range list {
			text, _ := json.Marshal(was)
			now := a.want(200, "PUT", path+"/"+was.(map[string]any)["id"].(string), string(text))
			for _, name := range []string{"updated_at", "ttl"} {
				delete(now, name)
				delete(was.(map[string]any), name)
			}
			if d := cmp.Diff(was, any(now)); d != "" {
				t.Errorf("%s:\n%s", path, d)
			}
		}
	}
}

func TestNestedPlaces(t *testing.T) {
	a := newTester(t)
	for _, s := range []string{"s1", "s2"} {
		a.want(201, "POST", "/services", "host=h&name="+s)
		a.want(201, "POST", "/services/"+s+"/routes", "paths=/x&name=r-"+s)
	}
	a.message(404, "Not found", "GET", "/services/s1/routes/r-s2", "")
	a.message(404, "Not found", "PUT", "/services/s1/routes/r-s2", `{"paths":["/y"]}`)
	a.message(404, "Not found", "PATCH", "/services/s1/routes/r-s2", "name=new")
	a.message(404, "Not found", "DELETE", "/services/s1/routes/r-s2", "")
	a.message(404, "Not found", "DELETE", "/services/s1/routes/none", "")
	a.message(404, "Not found", "PATCH", "/services/s1/routes/none", "name=new")
	a.want(204, "DELETE", "/services/s1/routes/r-s1", "")
	// What a reference points to.
	a.want(201, "POST", "/routes", "paths=/free&name=free")
	a.message(404, "Not found", "GET", "/routes/free/service", "")
	a.message(404, "Not found", "PATCH", "/routes/free/service", "host=x")
	a.message(404, "Not found", "DELETE", "/routes/free/service", "")
	made := a.want(200, "PUT", "/routes/free/service", "host=made")
	a.equal(a.want(200, "GET", "/routes/free", ""), "service.id", fmt.Sprintf("%q", made["id"]))
	a.equal(a.want(200, "PATCH", "/routes/free/service", "host=changed"), "host", `"changed"`)
	a.message(405, "Method not allowed", "DELETE", "/routes/free/service", "")
	a.message(404, "Not found", "GET", "/snis/a.test/certificate", "")
	a.message(404, "Not found", "GET", "/targets", "")
	if got := a.want(400, "GET", "/ca_certificates/none", ""); got["code"] != 1.0 {
		t.Error(got)
	}
	a.want(200, "PUT", "/consumers/with%2Fslash%3f", `{}`)
	a.equal(a.want(200, "GET", "/consumers/with%2Fslash%3f/", ""), "username", `"with/slash?"`)
}

func TestPages(t *testing.T) {
	a := newTester(t)
	a.want(201, "POST", "/services", "host=h&name=s")
	for i := range 5 {
		a.want(201, "POST", "/services/s/routes", fmt.Sprintf("paths=/x&name=r%d&tags[]=t&tags[]=t%d", i, i))
	}
	seen := map[any]bool{}
	path := "/services/s/routes?size=2"
	for path != "" {
		page := a.want(200, "GET", path, "")
		for _, r := range page["data"].([]any) {
			seen[r.(map[string]any)["name"]] = true
		}
		path = ""
		if next, more := page["next"].(string); more {
			if !strings.HasPrefix(next, "/services/s/routes?offset=") || strings.Contains(next, "size") {
				t.Errorf("next is %s", next)
			}
			path = next + "&size=2"
		} else if _, has := page["offset"]; has {
			t.Error("the last page has an offset")
		}
	}
	if len(seen) != 5 {
		t.Errorf("saw %v", seen)
	}
	a.equal(a.want(200, "GET", "/services/s/routes?tags=t,t1", ""), "data.x", `null`)
	for query, message := range map[string]string{
		"offset=%25":       "'%' is not a valid offset: bad base64 encoding",
		"offset=WyJ4Il0":   "'WyJ4Il0' is not a valid offset: bad value", // ["x"]
		"offset=WzFd":      "'WzFd' is not a valid offset: bad json encoding",
		"size=1.5":         "size must be an integer between 1 and 1000",
		"size=nan":         "size must be a number",
		"tags=a,,b":        "invalid option (tags: invalid filter syntax)",
		"tags=a,b,c,d,e,f": "invalid option (tags: not more than 5 tags can be asked for)",
		"tags=a/b,c":       "invalid option (tags: invalid filter syntax)",
		"tags=%00":         "invalid option (tags: invalid filter syntax)",
	} {
		a.message(400, message, "GET", "/routes?"+query, "")
	}
	rows := a.want(200, "GET", "/tags?size=3", "")
	if len(rows["data"].([]any)) != 3 || rows["next"] == nil {
		t.Error(rows)
	}
	rest := a.want(200, "GET", rows["next"].(string), "")
	if len(rest["data"].([]any)) != 3 {
		t.Error(rest)
	}
}

func TestConsumers(t *testing.T) {
	a := newTester(t)
	a.want(201, "POST", "/consumers", "username=c1&custom_id=x")
	a.want(201, "POST", "/consumers", "username=c2")
	a.equal(a.want(200, "GET", "/consumers?custom_id=none", ""), "data", `[]`)
	a.message(400, "custom_id must be an unempty string", "GET", "/consumers?custom_id=", "")
	a.want(201, "POST", "/consumers/c1/key-auth", "key=k1")
	a.message(404, "Not found", "DELETE", "/consumers/c2/key-auth/k1", "")
	a.want(200, "PUT", "/consumers/c2/key-auth/k2", `{}`)
	a.equal(a.want(200, "GET", "/key-auths/k2/consumer", ""), "username", `"c2"`)
	a.want(204, "DELETE", "/consumers/c1", "")
	a.message(404, "Not found", "GET", "/key-auths/k1", "")
	got := a.want(201, "POST", "/consumers/c2/key-auth", "key=k3&ttl=1000")
	if ttl, _ := got["ttl"].(float64); ttl < 990 || ttl > 1000 {
		t.Error(got)
	}
	if _, has := got["expires_at"]; has {
		t.Error(got)
	}
	a.equal(a.want(200, "PATCH", "/key-auths/k3", `{"ttl":null}`), "ttl", `null`)
	// Groups are named below their consumer.
	a.want(201, "POST", "/consumers", "username=c3")
	a.want(201, "POST", "/consumers/c2/acls", "group=admins")
	a.want(201, "POST", "/consumers/c3/acls", "group=admins")
	a.want(409, "POST", "/consumers/c2/acls", "group=admins")
	one := a.want(200, "GET", "/consumers/c3/acls/admins", "")
	a.equal(a.want(200, "PUT", "/consumers/c3/acls/admins", `{"tags":["t"]}`), "id", fmt.Sprintf("%q", one["id"]))
	a.want(200, "PUT", "/consumers/c3/acls/users", `{}`)
	a.want(204, "DELETE", "/consumers/c2/acls/admins", "")
	a.message(404, "Not found", "DELETE", "/consumers/c2/acls/admins", "")
	if n := len(a.want(200, "GET", "/acls", "")["data"].([]any)); n != 2 {
		t.Errorf("%d groups", n)
	}
}

func TestNode(t *testing.T) {
	a := newTester(t, func(o *admin.Options) {
		o.Settings = func() map[string]any { return map[string]any{"database": "sqlite"} }
		o.Counters = func() admin.Counters { return admin.Counters{Requests: 7} }
		o.Problems = func() []entity.Problem {
			return []entity.Problem{{Kind: "routes", ID: "r", Err: errors.New("bad")}}
		}
	})
	a.want(201, "POST", "/plugins", "name=key-auth")
	root := a.want(200, "GET", "/", "")
	a.equal(root, "version", `"3.9.3"`)
	a.equal(root, "gibbon.version", `"1.0"`)
	a.equal(root, "configuration", `{"database":"sqlite"}`)
	a.equal(root, "plugins.enabled_in_cluster", `["key-auth"]`)
	a.equal(root, "plugins.available_on_server.key-auth", `{"version":"3.9.3","priority":1250}`)
	status := a.want(200, "GET", "/status?unit=k&scale=0", "")
	a.equal(status, "server.total_requests", `7`)
	a.equal(status, "database.reachable", `true`)
	a.equal(status, "gibbon.problems", `[{"entity_name":"routes","entity_id":"r","message":"bad"}]`)
	a.want(400, "GET", "/status?unit=x", "")
	a.want(400, "GET", "/status?scale=9", "")
	a.message(400, "this endpoint is only available when Kong is configured to not use a database", "GET", "/config", "")
	a.message(404, "No entity named 'none'", "GET", "/schemas/none", "")
	a.message(404, "No plugin named 'none'", "GET", "/schemas/plugins/none", "")
	a.message(200, "schema validation successful", "POST", "/schemas/routes/validate", `{"paths":["/a"]}`)
	a.message(400, "schema violation (host: required field missing)", "POST", "/schemas/services/validate", `{"name":"a"}`)
	a.message(200, "schema validation successful", "POST", "/schemas/plugins/validate", `{"name":"key-auth"}`)
	a.message(400, "schema violation (config.x: unknown field)", "POST", "/schemas/plugins/validate", `{"name":"key-auth","config":{"x":1}}`)
	a.message(404, "No entity named 'none'", "POST", "/schemas/none/validate", `{}`)
}

func TestBrowsers(t *testing.T) {
	any := newTester(t)
	set := newTester(t, func(o *admin.Options) { o.GUIURLs = []string{"http://manager.test:8002/path", "http://other.test"} })
	for _, c := range []struct {
		a              *tester
		origin, allows string
		status         int
	}{
		{any, "", "*", 201},
		{any, "http://localhost:8002", "http://localhost:8002", 201},
		{any, "http://example.com:8002", "http://example.com:8002", 201}, // httptest asks example.com
		{any, "http://evil.test", "", 403},
		{any, "null", "", 403},
		{set, "", "http://manager.test:8002", 201},
		{set, "http://other.test", "http://other.test", 201},
		{set, "http://localhost:8002", "http://manager.test:8002", 403},
	} {
		header := []string{}
		if c.origin != "" {
			header = []string{"Origin", c.origin}
		}
		w := c.a.do("POST", "/services", "host=h", header...)
		if got := w.Header().Get("Access-Control-Allow-Origin"); got != c.allows || w.Code != c.status {
			t.Errorf("%q: %d, allows %q, want %d and %q", c.origin, w.Code, got, c.status, c.allows)
		}
		if w := c.a.do("GET", "/services", "", header...); w.Code != 200 {
			t.Errorf("%q: GET is answered with %d", c.origin, w.Code)
		}
	}
	w := any.do("OPTIONS", "/services/x", "", "Origin", "http://localhost:8002", "Access-Control-Request-Headers", "X-A, X-B")
	if w.Code != 204 || w.Header().Get("Access-Control-Allow-Headers") != "X-A, X-B" ||
		w.Header().Get("Access-Control-Allow-Methods") != "DELETE, GET, HEAD, OPTIONS, PATCH, PUT" {
		t.Errorf("%d %v", w.Code, w.Header())
	}
	any.message(404, "Not found", "OPTIONS", "/none", "")
}

// failing is a store that fails.
type failing struct {
	store.Memory
	err error
}

func (f *failing) View(context.Context, func(store.Tx) error) error   { return f.err }
func (f *failing) Update(context.Context, func(store.Tx) error) error { return f.err }

func TestDatabaseAway(t *testing.T) {
	var log bytes.Buffer
	f := &failing{err: fmt.Errorf("dial: %w", store.ErrUnavailable)}
	a := newTester(t, func(o *admin.Options) {
		o.Store, o.Log = f, slog.New(slog.NewTextHandler(&log, nil))
	})
	for _, method := range []string{"GET", "POST"} {
		got := a.want(503, method, "/services", "")
		a.equal(got, "name", `"database error"`)
	}
	if !strings.Contains(log.String(), "database unavailable") {
		t.Errorf("logged: %s", &log)
	}
	a.equal(a.want(200, "GET", "/status", ""), "database.reachable", `false`)
	a.equal(a.want(200, "GET", "/", ""), "version", `"3.9.3"`)
	f.err = errors.New("secret detail")
	log.Reset()
	a.message(500, "An unexpected error occurred", "GET", "/services", "")
	if !strings.Contains(log.String(), "secret detail") {
		t.Errorf("logged: %s", &log)
	}
}

// Changes of different fields at a time are all kept.
func TestParallelChanges(t *testing.T) {
	a := newTester(t)
	a.want(201, "POST", "/services", "name=s&host=h")
	p := a.want(201, "POST", "/plugins", `{"name":"rate-limiting","config":{"minute":1}}`)["id"].(string)
	fields := []string{"redis.host", "redis.username", "redis.password", "redis.server_name", "error_message", "header_name"}
	var wait sync.WaitGroup
	for i, name := range fields {
		wait.Go(func() {
			for n := range 20 {
				a.do("PATCH", "/plugins/"+p, fmt.Sprintf("config.%s=n%d", name, 1000*(i+1)+n))
			}
		})
		wait.Go(func() { a.do("POST", "/services", "host=h&name=same") })
	}
	wait.Wait()
	got := a.want(200, "GET", "/plugins/"+p, "")
	for i, name := range fields {
		a.equal(got, "config."+name, fmt.Sprintf(`"n%d"`, 1000*(i+1)+19))
	}
	if n := len(a.want(200, "GET", "/services", "")["data"].([]any)); n != 2 {
		t.Errorf("%d services", n)
	}
}

func TestPluginPaths(t *testing.T) {
	types := plugin.Types{"x": plugin.Define(plugin.Desc{Name: "x", Admin: func(env plugin.AdminEnv) []plugin.AdminRoute {
		answer := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			fmt.Fprintf(w, `{"message":"%s %s %s"}`, r.PathValue("a"), r.PathValue("b"), body)
		})
		return []plugin.AdminRoute{{Pattern: "GET /x/{a}", Handler: answer}, {Pattern: "POST /x/{b}/y", Handler: answer},
			{Pattern: "GET /broken", Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("broken") })}}
	}}, func(struct{}, plugin.Env) (any, error) { return nil, nil })}
	a := newTester(t, func(o *admin.Options) {
		o.Plugins = types
		o.PluginEnv = func(string) plugin.AdminEnv { return plugin.AdminEnv{} }
		o.Log = slog.New(slog.DiscardHandler)
	})
	a.message(200, "1  ", "GET", "/x/1", "")
	a.message(200, " 2 text", "POST", "/x/2/y", "text", "Content-Type", "text/plain")
	a.message(405, "Method not allowed", "DELETE", "/x/1", "")
	a.message(500, "An unexpected error occurred", "GET", "/broken", "")
}
