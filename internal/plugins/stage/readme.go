package stage

import (
	"bufio"
	"cmp"
	"crypto/tls"
	"fmt"
	"maps"
	"net/http"
	"net/textproto"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/gibbon-gateway/gibbon/entity"
	"github.com/gibbon-gateway/gibbon/plugin"
	"github.com/gibbon-gateway/gibbon/plugin/plugintest"
)

// Readme runs the samples in a README.md: fenced blocks of these kinds, in this order.
//
//	yaml           consumers and the plugin; what follows runs with them
//	http request   a request
//	http answer    what the upstream answers to it; without this block, 200
//	http upstream  what the upstream must have got: line, all header fields, body
//	http response  what the client must have got: line, these header fields, body if there is one
//
// ${name} stands for some text, the same wherever it is used for one request, and not empty; ${id of x} for the id of the
// consumer or credential x, ${request_id} for the request's. ${the name} is the same in the requests that follow, and may stand in
// them. A request whose target begins with https://example.com came by TLS. Where consumers have oauth2_credentials there is a service.
func Readme(t *testing.T, path string, typ *plugin.Type) {
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var p *plugintest.Instance
	var ids map[string]string
	var service *entity.Service
	ran := 0
	for _, s := range samples(string(text)) {
		switch {
		case s.setup != "":
			p, ids, service = setUp(t, s.setup, typ)
		case p == nil:
			t.Fatalf("a request before any configuration:\n%s", s.request)
		default:
			s.check(t, p, ids, service)
			ran++
		}
	}
	if ran == 0 {
		t.Errorf("%s has no samples", path)
	}
}

// sample is a configuration, or a request with what becomes of it.
type sample struct{ setup, request, answer, upstream, response string }

var fence = regexp.MustCompile("(?ms)^```(yaml|http (?:request|answer|upstream|response))\n(.*?)^```$")

func samples(text string) []*sample {
	var list []*sample
	for _, m := range fence.FindAllStringSubmatch(text, -1) {
		switch kind, body := m[1], m[2]; kind {
		case "yaml":
			list = append(list, &sample{setup: body})
		case "http request":
			list = append(list, &sample{request: body})
		case "http answer":
			list[len(list)-1].answer = body
		case "http upstream":
			list[len(list)-1].upstream = body
		case "http response":
			list[len(list)-1].response = body
		}
	}
	return list
}

// setUp reads a declarative snippet.
func setUp(t *testing.T, text string, typ *plugin.Type) (*plugintest.Instance, map[string]string, *entity.Service) {
	t.Helper()
	var doc struct {
		Consumers []map[string]any
		Plugins   []struct {
			Name   string
			Config yaml.Node
		}
	}
	if err := yaml.Unmarshal([]byte(text), &doc); err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	if err := entity.Declare(typ.Entities...); err != nil {
		t.Fatal(err)
	}
	s, ids := New(t), map[string]string{"request_id": requestID}
	service := s.Put(t, "services", map[string]any{"host": "example.com"}).(*entity.Service)
	s.Put(t, "plugins", map[string]any{"id": PluginID, "name": typ.Name})
	for i, c := range doc.Consumers {
		id := fmt.Sprintf("00000000-0000-4000-8000-00000000c0%02d", i)
		ids["id of "+fmt.Sprint(c["username"])] = id
		s.putConsumer(t, id, c, ids)
	}
	if len(doc.Plugins) != 1 || doc.Plugins[0].Name != typ.Name {
		t.Fatalf("want the plugin %s in\n%s", typ.Name, text)
	}
	config, err := yaml.Marshal(&doc.Plugins[0].Config)
	if err != nil {
		t.Fatal(err)
	}
	return s.Instance(t, typ, string(config)), ids, service
}

// putConsumer stores a consumer and what nests in it, and notes the ids.
func (s *Stage) putConsumer(t *testing.T, id string, doc map[string]any, ids map[string]string) {
	t.Helper()
	lists := map[*entity.Kind][]any{}
	for name, v := range doc {
		if k := entity.KindOf(name); k != nil {
			lists[k], _ = v.([]any)
			delete(doc, name)
		}
	}
	doc["id"] = id
	s.Put(t, "consumers", doc)
	for k, list := range lists {
		for n, v := range list {
			e := maps.Clone(v.(map[string]any))
			e["id"], e["consumer"] = id[:24]+fmt.Sprintf("%s%02x%04d", id[34:], k.Name[0], n)+"0000", map[string]any{"id": id}
			ids["id of "+fmt.Sprint(e[k.Endpoint])] = e["id"].(string)
			s.Put(t, k.Name, e)
		}
	}
}

// requestID is the id of all requests of plugintest.
var requestID = plugintest.Exchange(plugintest.Request{}).RequestID()

// message is a request or a response.
type message struct {
	line   string
	header http.Header
	body   string
}

// parse reads a message whose lines end in "\n".
func parse(t *testing.T, text string) *message {
	t.Helper()
	head, body, _ := strings.Cut(text, "\n\n")
	line, fields, _ := strings.Cut(head, "\n")
	r := textproto.NewReader(bufio.NewReader(strings.NewReader(strings.TrimSuffix(fields, "\n") + "\n\n")))
	if fields == "" {
		return &message{line, http.Header{}, strings.TrimSuffix(body, "\n")}
	}
	h, err := r.ReadMIMEHeader()
	if err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	return &message{strings.TrimSpace(line), http.Header(h), strings.TrimSuffix(body, "\n")}
}

// pairs returns fields as plugintest wants them.
func pairs(h http.Header) (list []string) {
	for _, name := range slices.Sorted(maps.Keys(h)) {
		for _, v := range h[name] {
			list = append(list, name, v)
		}
	}
	return list
}

// check runs a request and compares.
func (s *sample) check(t *testing.T, p *plugintest.Instance, ids map[string]string, service *entity.Service) {
	t.Helper()
	in := parse(t, variable.ReplaceAllStringFunc(s.request, func(v string) string { return cmp.Or(ids[v[2:len(v)-1]], v) }))
	words := append(strings.Fields(in.line), "", "")
	request := plugintest.Request{Method: words[0], Target: words[1], Header: pairs(in.header), Body: in.body, Service: service}
	if _, target, secure := strings.Cut(words[1], "https://example.com"); secure {
		request.Target, request.TLS = target, &tls.ConnectionState{}
	}
	reply := plugintest.Reply{}
	if s.answer != "" {
		a := parse(t, s.answer)
		reply.Status, _ = strconv.Atoi(strings.Fields(a.line)[1])
		reply.Header = pairs(a.header)
		for i := 0; i < len(a.body); i += 7 { // in many small pieces
			reply.Body = append(reply.Body, a.body[i:min(i+7, len(a.body))])
		}
	}
	r := p.Run(request, reply)
	if r.Err != nil {
		t.Errorf("%s\nfailed: %v", s.request, r.Err)
		return
	}
	known := maps.Clone(ids)
	if s.upstream != "" {
		if r.Exited {
			t.Errorf("%s\ndid not go upstream, the status is %d", s.request, r.Status)
			return
		}
		path, _, _ := strings.Cut(request.Target, "?")
		target := cmp.Or(r.Upstream.Path, path)
		if r.Upstream.Query != "" {
			target += "?" + r.Upstream.Query
		}
		got := &message{r.Upstream.Method + " " + target + " HTTP/1.1", headerOf(r.Upstream.Header), r.Upstream.Body}
		compare(t, "upstream", parse(t, s.upstream), got, known, true)
	}
	if s.response != "" {
		want := parse(t, s.response)
		got := &message{strings.TrimSpace(fmt.Sprintf("HTTP/1.1 %d %s", r.Status, http.StatusText(r.Status))), headerOf(r.Header), r.Body}
		if !strings.Contains(s.response, "\n\n") {
			want.body = got.body
		}
		compare(t, "response", want, got, known, false)
	}
	for name, v := range known {
		if strings.HasPrefix(name, "the ") {
			ids[name] = v
		}
	}
}

func headerOf(lines []string) http.Header {
	h := http.Header{}
	for _, l := range lines {
		name, value, _ := strings.Cut(l, ": ")
		h.Add(name, value)
	}
	return h
}

// compare checks a message; exact says that no other header fields may be there.
func compare(t *testing.T, what string, want, got *message, known map[string]string, exact bool) {
	t.Helper()
	if !match(want.line, got.line, known) {
		t.Errorf("%s: line is %q, want %q", what, got.line, want.line)
	}
	for _, name := range slices.Sorted(maps.Keys(want.header)) {
		has, values := got.header[name], want.header[name]
		if len(has) != len(values) {
			t.Errorf("%s: %s is %q, want %q", what, name, has, values)
			continue
		}
		for i := range values {
			if !match(values[i], has[i], known) {
				t.Errorf("%s: %s is %q, want %q", what, name, has[i], values[i])
			}
		}
	}
	for name, values := range got.header {
		if exact && len(want.header[name]) == 0 {
			t.Errorf("%s: has %s: %q, which is not shown", what, name, values)
		}
	}
	if !match(want.body, got.body, known) {
		t.Errorf("%s: body is\n%s\nwant\n%s", what, got.body, want.body)
	}
}

var variable = regexp.MustCompile(`\$\{([^}]+)\}`)

// match compares a text that may hold variables; new ones become known.
func match(want, got string, known map[string]string) bool {
	var pattern strings.Builder
	var names []string
	last := 0
	for _, m := range variable.FindAllStringSubmatchIndex(want, -1) {
		pattern.WriteString(regexp.QuoteMeta(want[last:m[0]]))
		name := want[m[2]:m[3]]
		if v, ok := known[name]; ok {
			pattern.WriteString(regexp.QuoteMeta(v))
		} else {
			pattern.WriteString("(.+)")
			names = append(names, name)
		}
		last = m[1]
	}
	pattern.WriteString(regexp.QuoteMeta(want[last:]))
	m := regexp.MustCompile(`(?s)\A` + pattern.String() + `\z`).FindStringSubmatch(got)
	if m == nil {
		return false
	}
	for i, name := range names {
		known[name] = m[i+1]
	}
	return true
}
