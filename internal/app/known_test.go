package app_test

import (
	"testing"

	"github.com/gibbon-gateway/gibbon/entity"
	"github.com/gibbon-gateway/gibbon/internal/app"
	"github.com/gibbon-gateway/gibbon/plugin"
	"github.com/gibbon-gateway/gibbon/schema"
)

func named(name string) *plugin.Type {
	return plugin.Define(plugin.Desc{Name: name}, func(struct{}, plugin.Env) (any, error) { return nil, nil })
}

func TestKnown(t *testing.T) {
	mine := named("mine")
	known, err := app.Known(mine)
	if err != nil || known["mine"] != mine || known["key-auth"] == nil {
		t.Fatal(known, err)
	}
	type key struct {
		ID string `json:"id" conf:"id"`
	}
	thief := named("thief")
	thief.Entities = []*entity.Kind{entity.NewKind[key](entity.Kind{Name: "keyauth_credentials", Path: "keys", Schema: schema.Of[key]()})}
	for want, types := range map[string][]*plugin.Type{
		"plugin 'key-auth': a bundled plugin has this name":                                       {named("key-auth")},
		"plugin 'a': two plugins of this program have this name":                                  {named("a"), named("a")},
		"plugin 'bundled': this cannot be the name of a plugin":                                   {named("bundled")},
		"plugin 'a,b': this cannot be the name of a plugin":                                       {named("a,b")},
		"plugin '': this cannot be the name of a plugin":                                          {named("")},
		"a plugin of this program is nil":                                                         {nil},
		"plugin 'thief': kind of entities 'keyauth_credentials': there is another with this name": {thief},
	} {
		if _, err := app.Known(types...); err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}
