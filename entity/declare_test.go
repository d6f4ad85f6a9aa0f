package entity_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/gibbon-gateway/gibbon/entity"
	"github.com/gibbon-gateway/gibbon/schema"
)

// badge is an entity of a plugin that somebody else has written.
type badge struct {
	ID       string      `json:"id" conf:"id"`
	Number   string      `json:"number" conf:"required;unique"`
	Consumer *entity.Ref `json:"consumer" conf:"foreign=consumers;required"`

	Vanishes time.Time `json:"-"`
}

var badges = entity.NewKind[badge](entity.Kind{Name: "badges", Path: "badges", Endpoint: "number", Keyed: true, TTL: true, Schema: schema.Of[badge](), Unique: [][]string{{"number"}},
	Refs: []entity.Reference{{Field: "consumer", To: "consumers", Nested: "badges", Cascade: true, Indexed: true}}})

// A kind that is declared is as those of the gateway: decoded, checked for what it refers to, found.
func TestDeclare(t *testing.T) {
	before, _ := entity.NewSet(1, objects(t))
	k := badges
	for range 2 { // it counts once
		if err := entity.Declare(k); err != nil {
			t.Fatal(err)
		}
	}
	if entity.KindOf("badges") != k || entity.KindByPath("badges") != k {
		t.Fatal("not in the table")
	}
	if before.Credential("badges", []byte("7")) != nil || len(before.Objects(k)) != 0 || entity.Get[badge](before, id(1)) != nil {
		t.Error("a set that is older than the kind has some")
	}
	set, problems := before.Next(2, append(objects(t), object(t, "badges", 61, `{"number":"7","ttl":60,"consumer":`+ref(21)+`}`),
		object(t, "badges", 62, `{"number":"8","consumer":`+ref(99)+`}`)))
	if len(problems) != 1 || problems[0].Kind != "badges" || problems[0].ID != id(62) {
		t.Errorf("problems %v", problems)
	}
	b, _ := set.Credential("badges", []byte("7")).(*badge)
	if b == nil || b.ID != id(61) || time.Until(b.Vanishes) < 50*time.Second || entity.Get[badge](set, id(61)) != b {
		t.Errorf("%+v", b)
	}
	if all := set.Referring("badges", "consumer", id(21)); len(all) != 1 || all[0] != b {
		t.Error(all)
	}
	changed, _ := set.Change(3, []entity.Object{{Kind: k, ID: id(61)}})
	if changed.Credential("badges", []byte("7")) != nil || set.Credential("badges", []byte("7")) == nil {
		t.Error("a change is not seen, or by the set before")
	}
}

func TestDeclareRefuses(t *testing.T) {
	type other struct {
		ID string `json:"id" conf:"id"`
	}
	type lost struct {
		ID       string      `json:"id" conf:"id"`
		Consumer *entity.Ref `json:"consumer" conf:"foreign=consumers"`
	}
	plain := entity.Kind{Name: "others", Path: "others", Schema: schema.Of[other]()}
	for want, k := range map[string]*entity.Kind{
		"kind of entities 'services': there is another with this name":             entity.NewKind[other](with(plain, func(k *entity.Kind) { k.Name = "services" })),
		"kind of entities 'others': there is another at /key-auths":                entity.NewKind[other](with(plain, func(k *entity.Kind) { k.Path = "key-auths" })),
		"kind of entities 'others': its type entity.Service is that of 'services'": entity.NewKind[entity.Service](plain),
		"kind of entities 'others': its field consumer refers to 'nobody', which is not there": entity.NewKind[lost](with(plain, func(k *entity.Kind) {
			k.Refs = []entity.Reference{{Field: "consumer", To: "nobody"}}
		})),
		"kind of entities '': there is another with this name": entity.NewKind[other](with(plain, func(k *entity.Kind) { k.Name = "" })),
		"kind of entities 'raw': it was not made by NewKind":   {Name: "raw", Path: "raw"},
	} {
		n := len(entity.Kinds())
		if err := entity.Declare(k); err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
		if len(entity.Kinds()) != n {
			t.Fatalf("%s: declared all the same", want)
		}
	}
	nested := entity.NewKind[lost](with(plain, func(k *entity.Kind) {
		k.Refs = []entity.Reference{{Field: "consumer", To: "consumers", Nested: "key-auth"}}
	}))
	if err := entity.Declare(nested); err == nil || err.Error() != "kind of entities 'others': 'keyauth_credentials' is at /consumers/…/key-auth already" {
		t.Error(err)
	}
	for want, make := range map[string]func(){
		`needs a field "id"`: func() { entity.NewKind[struct{}](plain) },
		`needs a field "consumer"`: func() {
			entity.NewKind[other](with(plain, func(k *entity.Kind) { k.Refs = []entity.Reference{{Field: "consumer"}} }))
		},
		"no field Vanishes":   func() { entity.NewKind[other](with(plain, func(k *entity.Kind) { k.TTL = true })) },
		`needs a field "key"`: func() { entity.NewKind[other](with(plain, func(k *entity.Kind) { k.Keyed, k.Endpoint = true, "key" })) },
	} {
		func() {
			defer func() {
				if p := fmt.Sprint(recover()); !strings.Contains(p, want) {
					t.Errorf("panic %s, want %s", p, want)
				}
			}()
			make()
		}()
	}
}

func with(k entity.Kind, change func(*entity.Kind)) entity.Kind {
	change(&k)
	return k
}
