package route_test

import (
	"fmt"
	"net/netip"
	"testing"

	"github.com/gibbon-gateway/gibbon/entity"
	"github.com/gibbon-gateway/gibbon/header"
	"github.com/gibbon-gateway/gibbon/internal/plan"
	"github.com/gibbon-gateway/gibbon/internal/route"
)

// request is a request as a test writes it down.
type request struct {
	method string // "" is GET
	host   string // "" is "localhost"
	path   string
	tls    bool
	sni    string
	local  string   // "": none
	fields []string // names and values in turn
}

func (r request) String() string {
	return fmt.Sprintf("%s %s%s tls=%v sni=%s %q", r.method, r.host, r.path, r.tls, r.sni, r.fields)
}

// input makes what Match takes; the listener's port is 8000. The path is normalised on the way.
func (r request) input(t testing.TB) *route.Request {
	t.Helper()
	if r.method == "" {
		r.method = "GET"
	}
	if r.host == "" {
		r.host = "localhost"
	}
	path, ok := route.NormalizePath(nil, []byte(r.path))
	if !ok {
		t.Fatalf("path %q refused", r.path)
	}
	var f header.Fields
	for i := 0; i+1 < len(r.fields); i += 2 {
		f.Add(r.fields[i], r.fields[i+1])
	}
	local, _ := netip.ParseAddrPort(r.local)
	return &route.Request{
		Local:  local,
		Method: []byte(r.method), Host: []byte(r.host), Port: 8000, Path: path,
		Secure: r.tls, SNI: r.sni, Header: &f,
	}
}

// ruled is what a rule is made of.
type ruled struct{ Route *entity.Route }

// made are the rules of routes: the same for the same route.
var made = map[*entity.Route]*plan.Rule{}

// compile makes a router of rules of routes; old may be nil.
func compile(old *route.Router, of []ruled) (*route.Router, []route.Refused) {
	rules := make([]*plan.Rule, len(of))
	for i, r := range of {
		if made[r.Route] == nil {
			made[r.Route] = plan.OfRoute(r.Route, nil)
		}
		rules[i] = made[r.Route]
	}
	return old.Rebuild(rules)
}

// named makes a route of http and https with an id that sorts by its number.
func named(number int, fill func(r *entity.Route)) ruled {
	r := &entity.Route{ID: fmt.Sprintf("00000000-0000-4000-8000-%012d", number), Protocols: []string{"http", "https"}, StripPath: true}
	fill(r)
	return ruled{r}
}

// build fails the test on any problem.
func build(t testing.TB, rules []ruled) *route.Router {
	t.Helper()
	r, problems := compile(nil, rules)
	for _, p := range problems {
		t.Fatal(p)
	}
	return r
}

// match returns the number of the matched rule, -1 for none.
func match(t testing.TB, r *route.Router, req request) (int, *route.Result) {
	t.Helper()
	var out route.Result
	if !r.Match(req.input(t), &out) {
		return -1, &out
	}
	return out.Rule, &out
}
