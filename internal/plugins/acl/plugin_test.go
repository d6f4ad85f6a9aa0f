package acl_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/gibbon-gateway/gibbon/entity"
	_ "github.com/gibbon-gateway/gibbon/internal/plugins" // their kinds of entities
	"github.com/gibbon-gateway/gibbon/internal/plugins/acl"
	"github.com/gibbon-gateway/gibbon/internal/plugins/stage"
	"github.com/gibbon-gateway/gibbon/plugin"
	"github.com/gibbon-gateway/gibbon/plugin/plugintest"
)

func TestSchema(t *testing.T) { stage.Schema(t, acl.Type) }

func TestBadConfig(t *testing.T) {
	stage.BadConfig(t, acl.Type, []stage.Bad{
		{Config: `{}`, Want: "at least one of these fields must be non-empty: 'config.allow', 'config.deny'"},
		{Config: `{allow: [a], deny: [b]}`, Want: "exactly one of these fields must be non-empty: 'config.allow', 'config.deny'"},
		{Config: `{allow: a}`, Want: "config.allow: expected an array"},
		{Config: `{whitelist: [a]}`, Want: "config.whitelist: unknown field"},
	})
}

const (
	alice = "11111111-1111-4111-8111-111111111111" // in admins and staff
	bob   = "22222222-2222-4222-8222-222222222222" // in no group
)

func newStage(t *testing.T) *stage.Stage {
	s := stage.New(t)
	object := func(kind, id string, doc map[string]any) entity.Object {
		doc["id"] = id
		text, err := json.Marshal(doc)
		if err != nil {
			t.Fatal(err)
		}
		return entity.Object{Kind: entity.KindOf(kind), ID: id, Doc: text}
	}
	objects := []entity.Object{object("consumers", alice, map[string]any{"username": "alice"}), object("consumers", bob, map[string]any{"username": "bob"})}
	for i, group := range []string{"admins", "staff"} {
		objects = append(objects, object("acls", fmt.Sprintf("33333333-3333-4333-8333-33333333333%d", i), map[string]any{"group": group, "consumer": map[string]any{"id": alice}}))
	}
	set, problems := entity.NewSet(1, objects)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	s.Set = set
	return s
}

func TestGroups(t *testing.T) {
	const refusal = "You cannot consume this service"
	for _, c := range []struct {
		config, consumer string
		credential       bool
		shared           []string
		status           int
		header, groups   string // what the upstream is told
	}{
		{"allow: [admins]", alice, true, nil, 200, "X-Consumer-Groups", "admins, staff"},
		{"allow: [x, staff]", alice, true, nil, 200, "X-Consumer-Groups", "admins, staff"},
		{"allow: [boss]", alice, true, nil, 403, "", ""},
		{"allow: [admin]", alice, true, nil, 403, "", ""},
		{"deny: [staff]", alice, true, nil, 403, "", ""},
		{"deny: [boss]", alice, true, nil, 200, "X-Consumer-Groups", "admins, staff"},
		{"allow: [admins]", bob, true, nil, 403, "", ""},
		{"deny: [admins]", bob, true, nil, 200, "X-Consumer-Groups", ""},
		{"allow: [admins]", "", true, nil, 403, "", ""},
		{"allow: [admins]", "", false, nil, 401, "", ""},
		{"deny: [admins]", "", false, nil, 401, "", ""},
		{"allow: [admins]\nhide_groups_header: true", alice, true, nil, 200, "X-Consumer-Groups", ""},

		{"allow: [oidc]", "", true, []string{"oidc", "b"}, 200, "X-Authenticated-Groups", "oidc, b"},
		{"allow: [oidc]\nhide_groups_header: true", "", true, []string{"oidc"}, 200, "X-Authenticated-Groups", ""},
		{"deny: [oidc]", "", true, []string{"oidc"}, 403, "", ""},
		{"allow: [oidc]", alice, true, []string{"oidc"}, 403, "", ""},
		{"allow: [oidc]\nalways_use_authenticated_groups: true", alice, true, []string{"oidc"}, 200, "X-Authenticated-Groups", "oidc"},
		{"allow: [admins]\nalways_use_authenticated_groups: true", alice, true, []string{"oidc"}, 403, "", ""},
		{"allow: [admins]\nalways_use_authenticated_groups: true", alice, true, nil, 200, "X-Consumer-Groups", "admins, staff"},
		{"allow: [oidc]", bob, false, []string{"oidc"}, 200, "X-Authenticated-Groups", "oidc"},
	} {
		in := plugintest.Request{Header: []string{"X-Consumer-Groups", "forged"}}
		if c.consumer != "" {
			in.Consumer = &entity.Consumer{ID: c.consumer}
		}
		if c.credential {
			in.Credential = plugin.Credential{ID: "k", ConsumerID: c.consumer}
		}
		p, err := newStage(t).Make(acl.Type, c.config)
		if err != nil {
			t.Fatal(err)
		}
		x := plugintest.Exchange(in)
		if c.shared != nil {
			x.SetShared(plugin.AuthenticatedGroups, c.shared)
		}
		err = p.(plugin.Accessor).Access(x)
		status := 200
		if err != nil {
			status = x.Response.Status
		}
		if status != c.status || c.status == 200 && x.Request.Header.Get(c.header) != c.groups {
			t.Errorf("%+v: %d %v, %s %q", c, status, err, c.header, x.Request.Header.Get(c.header))
		}
		if status == 200 && x.Request.Header.Get("X-Consumer-Groups") == "forged" {
			t.Errorf("%+v: forged groups went upstream", c)
		}
		if want := fmt.Sprintf("{\n  \"message\":%q,\n  \"request_id\":%q\n}", map[int]string{401: "Unauthorized", 403: refusal}[status], x.RequestID()); status != 200 && string(x.Response.Body()) != want {
			t.Errorf("%+v: %s", c, x.Response.Body())
		}
	}
}
