package cli

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const refusedAnswer = `{"plugin":"p1","issuer":"https://i.example","route":{"id":"r1","name":"things"},"service":{"id":"s1","name":""},"method":"GET",
"url":"http://api.example/things","let_in":false,"status":401,"message":"Unauthorized","steps":[
{"check":"access token","outcome":"noted","detail":"a signed token (JWT)","field":"bearer_token_param_type"},
{"check":"issuer","outcome":"accepted","detail":"https://i.example","field":"issuers_allowed, issuer"},
{"check":"session","outcome":"skipped","detail":"none was sent","field":""},
{"check":"times","outcome":"refused","detail":"the token is over","field":"leeway"}],
"response_headers":[{"name":"WWW-Authenticate","value":"Bearer realm=\"x\""}],"upstream_headers":[]}`

const refusedText = `GET http://api.example/things
Plugin p1, route things, service s1, issuer https://i.example

    CHECK         DECIDED BY               WHY
    access token  bearer_token_param_type  a signed token (JWT)
ok  issuer        issuers_allowed, …       https://i.example
--  session                                none was sent
NO  times         leeway                   the token is over

The request is refused: the client gets 401 Unauthorized.
The client would get these fields:
  WWW-Authenticate: Bearer realm="x"
`

const goodAnswer = `{"plugin":"p1","issuer":"i","method":"GET","url":"http://a/","let_in":true,"status":null,"steps":[{"check":"form","outcome":"accepted","detail":"typ JWT","field":""}],
"consumer":{"id":"c1","name":"alice"},"consumer_groups":["gold"],"upstream_headers":[{"name":"Authorization","value":"Bearer ***"}],"response_headers":[]}`

const goodText = `GET http://a/
Plugin p1, issuer i

    CHECK  DECIDED BY  WHY
ok  form               typ JWT

The request is let in, of the consumer alice, in the groups gold.
The upstream would see these fields:
  Authorization: Bearer ***
`

func TestExplainCommand(t *testing.T) {
	file := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(file, []byte("from-a-file\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		args, stdin, answer string
		status              int // of the command
		sent                map[string]any
		out, err            string // err: a part of it
	}{
		"refused": {args: "--route things --token -", stdin: "eyJ.a.b\n", answer: refusedAnswer, status: 1, sent: map[string]any{"route": "things", "token": "eyJ.a.b"}, out: refusedText},
		"let in":  {args: "--service s --basic @" + file, answer: goodAnswer, sent: map[string]any{"service": "s", "basic": "from-a-file"}, out: goodText},
		"everything": {args: "--id p --token=a --dpop b --cookie c=d --certificate " + file + " --method POST --path /x?y=z --host h:1 --ip 192.0.2.1 --trusted --body e --header X-A:b --header=X-B:§c:d",
			answer: goodAnswer, out: goodText, sent: map[string]any{"plugin": "p", "token": "a", "dpop": "b", "cookie": "c=d", "certificate": "from-a-file", "method": "POST", "path": "/x?y=z",
				"host": "h:1", "ip": "192.0.2.1", "trusted": true, "body": "e", "scheme": "https", "headers": map[string]any{"X-A": "b", "X-B": "c:d"}}},
		"older flag":         {args: "--plugin p --token a", answer: goodAnswer, sent: map[string]any{"plugin": "p", "token": "a"}, out: goodText},
		"nothing sent":       {args: "--route r --scheme http", answer: goodAnswer, sent: map[string]any{"route": "r", "scheme": "http"}, out: goodText},
		"not found":          {args: "--route r", answer: "404 route \"r\": not found", status: 2, sent: map[string]any{"route": "r"}, err: `gibbon: route "r": not found`},
		"no answer of ours":  {args: "--route r", answer: "500 ", status: 2, sent: map[string]any{"route": "r"}, err: "500"},
		"neither":            {args: "--token a", status: 2, err: "one of --route"},
		"unknown flag":       {args: "--route r --tokn a", status: 2, err: `unexpected argument "--tokn"`},
		"no value":           {args: "--route", status: 2, err: "--route needs a value"},
		"empty":              {args: "--route=", status: 2, err: "--route is empty"},
		"twice":              {args: "--route a --route b", status: 2, err: "--route is given twice"},
		"plugin twice":       {args: "--id a --plugin b", status: 2, err: "--plugin is given twice"},
		"no header":          {args: "--route a --header x", status: 2, err: "NAME: VALUE"},
		"a header twice":     {args: "--route a --header x:1 --header x:2", status: 2, err: "--header x is given twice"},
		"a file of no place": {args: "--route a --token @/nowhere/at/all", status: 2, err: "--token: open /nowhere/at/all"},
		"no file":            {args: "--route a --certificate /nowhere/at/all", status: 2, err: "--certificate: open /nowhere/at/all"},
	} {
		var sent map[string]any
		admin := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if err := json.NewDecoder(r.Body).Decode(&sent); err != nil || r.URL.Path != "/openid-connect/explain" || r.Method != "POST" {
				t.Errorf("%s: %s %s: %v", name, r.Method, r.URL, err)
			}
			if fault, ok := strings.CutPrefix(c.answer, "404 "); ok {
				w.WriteHeader(404)
				_ = json.NewEncoder(w).Encode(map[string]string{"message": fault})
				return
			} else if strings.HasPrefix(c.answer, "500") {
				w.WriteHeader(500)
				return
			}
			_, _ = w.Write([]byte(c.answer))
		}))
		do := func(more ...string) (int, string, string) {
			var out, fault bytes.Buffer
			args := append([]string{"oidc", "explain", "--admin", admin.URL}, strings.Fields(c.args)...)
			for i := range args {
				args[i] = strings.ReplaceAll(args[i], "§", " ")
			}
			status := run(t.Context(), &call{args: append(args, more...), stdin: strings.NewReader(c.stdin), stdout: &out, stderr: &fault})
			return status, out.String(), fault.String()
		}
		status, out, fault := do()
		if status != c.status || !strings.Contains(fault, c.err) || c.err == "" && fault != "" {
			t.Errorf("%s: status %d, %s", name, status, fault)
		}
		if d := cmp.Diff(c.out, out); d != "" {
			t.Errorf("%s: %s", name, d)
		}
		if d := cmp.Diff(c.sent, sent); d != "" {
			t.Errorf("%s: sent %s", name, d)
		}
		if again, text, _ := do("--json"); c.out != "" {
			var a, b any
			if json.Unmarshal([]byte(text), &a) != nil || json.Unmarshal([]byte(c.answer), &b) != nil || again != status {
				t.Errorf("%s: --json: status %d, %s", name, again, text)
			}
			if d := cmp.Diff(b, a); d != "" {
				t.Errorf("%s: --json: %s", name, d)
			}
		}
		admin.Close()
		if status, _, fault := do(); c.sent != nil && (status != 2 || !strings.Contains(fault, "refused")) {
			t.Errorf("%s: without an Admin API: status %d, %s", name, status, fault)
		}
	}
}

// What is shown comes from whoever made the token: it cannot steer a terminal.
func TestExplainCleans(t *testing.T) {
	e := explanation{URL: "http://a/\x1b[2J", Message: "\x1b]0;x\a", Status: new(int)}
	*e.Status = 401
	e.Steps = append(e.Steps, struct{ Check, Outcome, Detail, Field string }{"issuer", "refused", "x\x1b[31m\ty\r\nz\u202e", "issuer"})
	e.Response = []field{{"X", "\x1b[0m"}}
	var b bytes.Buffer
	if err := e.print(&b, false); err != nil {
		t.Fatal(err)
	}
	if strings.ContainsAny(b.String(), "\x1b\r\a\t\u202e") || !strings.Contains(b.String(), "x?[31m?y??z?") {
		t.Errorf("%q", b.String())
	}
}

// In a terminal the columns stay straight, whatever a step came to.
func TestExplainInATerminal(t *testing.T) {
	var e explanation
	if err := json.Unmarshal([]byte(refusedAnswer), &e); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := e.print(&b, true); err != nil {
		t.Fatal(err)
	}
	at := -1
	for line := range strings.Lines(b.String()) {
		i := strings.Index(line, "\x1b[0m")
		if i < 0 || strings.Contains(line, "The request") {
			continue
		}
		rest := []rune(line[i+len("\x1b[0m"):])
		first := 0
		for rest[first] == ' ' {
			first++
		}
		if at >= 0 && at != first {
			t.Errorf("%q begins at %d, the line before at %d", line, first, at)
		}
		at = first
	}
	if at < 0 || !strings.Contains(b.String(), "\x1b[1;31mThe request is refused\x1b[0m") {
		t.Errorf("%q", b.String())
	}
}
