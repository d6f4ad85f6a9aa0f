package entity_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gibbon-gateway/gibbon/entity"
)

// picture is all that a set says, as text.
func picture(s *entity.Set) string {
	p := map[string]any{"version": s.Version()}
	for _, k := range entity.Kinds() {
		for _, o := range s.Objects(k) {
			p[k.Name] = append(asList(p[k.Name]), o.ID, string(o.Doc), o.Value)
		}
		p[k.Name+" docs"] = s.Docs(k)
	}
	for _, problem := range s.Problems() {
		p["problems"] = append(asList(p["problems"]), problem.Kind, problem.ID, problem.Err.Error())
	}
	p["routes all"], p["plugins all"] = entity.All[entity.Route](s), entity.All[entity.Plugin](s)
	for i := range numbers {
		ref, name := id(i), fmt.Sprint("name", i)
		p["of "+ref] = []any{s.RoutesOf(ref), s.TargetsOf(ref), s.Referring("acls", "consumer", ref), s.PluginsOf(ref, "", ""), s.PluginsOf("", ref, ""), s.PluginsOf("", "", ref),
			s.ConsumerGroupsOf(ref), entity.Get[entity.Service](s, ref)}
		p["called "+name] = []any{s.UpstreamNamed(name), s.SNINamed(name), s.ConsumerNamed(name), s.ConsumerGroupNamed(name),
			s.Credential("keyauth_credentials", []byte(name)), s.Credential("jwt_secrets", []byte(name))}
	}
	text, err := json.MarshalIndent(p, "", " ")
	if err != nil {
		panic(err)
	}
	return strings.ReplaceAll(string(text), ": null", ": []") // no list is as good as an empty one
}

func asList(v any) []any {
	list, _ := v.([]any)
	return list
}

// numbers is how many ids and names there are.
const numbers = 6

// chance makes a document of any kind, with references that may lead nowhere; some cannot be decoded.
func chance(r *rand.Rand) entity.Object {
	k := entity.Kinds()[r.IntN(len(entity.Kinds()))]
	doc := map[string]any{"id": id(r.IntN(numbers)), "name": fmt.Sprint("name", r.IntN(numbers)), "weight": r.IntN(100)}
	o := entity.Object{Kind: k, ID: doc["id"].(string)}
	doc["username"], doc["key"] = doc["name"], doc["name"]
	for _, ref := range k.Refs {
		if r.IntN(3) > 0 {
			doc[ref.Field] = map[string]any{"id": id(r.IntN(numbers))}
		}
	}
	switch r.IntN(20) {
	case 0:
		doc["id"] = 5
	case 1:
		doc["id"] = "another"
	}
	o.Doc, _ = json.Marshal(doc)
	return o
}

// TestChange changes sets at random. Each is what one made of all documents is, and those before stay as they were.
func TestChange(t *testing.T) {
	for seed := range uint64(8) {
		r := rand.New(rand.NewPCG(seed, 1))
		type key struct {
			kind *entity.Kind
			id   string
		}
		docs := map[key]entity.Object{}
		var set, jumped *entity.Set
		for version := range uint64(30) {
			var changes []entity.Object
			for range r.IntN(4) {
				o := chance(r)
				if r.IntN(3) == 0 {
					o.Doc = nil
				}
				changes = slices.DeleteFunc(changes, func(c entity.Object) bool { return c.Kind == o.Kind && c.ID == o.ID })
				changes = append(changes, o)
				delete(docs, key{o.Kind, o.ID})
				if o.Doc != nil {
					docs[key{o.Kind, o.ID}] = o
				}
			}
			all := slices.Collect(maps.Values(docs))
			r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
			last, before := set, ""
			if last != nil {
				before = picture(last)
			}
			set, _ = set.Change(version, changes)
			want, _ := entity.NewSet(version, all)
			if diff := cmp.Diff(picture(want), picture(set)); diff != "" {
				t.Fatalf("seed %d, version %d: (-made at once +changed)\n%s", seed, version, diff)
			}
			if jumped, _ = jumped.Next(version, all); picture(want) != picture(jumped) {
				t.Fatalf("seed %d, version %d: Next makes another set", seed, version)
			}
			if last != nil && before != picture(last) {
				t.Fatalf("seed %d, version %d: the last set has changed", seed, version)
			}
		}
	}
}

func TestChangeTakesOverWhatIsNotGiven(t *testing.T) {
	first, _ := entity.NewSet(1, objects(t))
	next, problems := first.Change(2, []entity.Object{object(t, "routes", 12, `{"name":"changed","paths":["/b"],"service":`+ref(1)+`}`),
		{Kind: entity.KindOf("acls"), ID: id(54)}, {Kind: entity.KindOf("acls"), ID: id(99)}})
	if len(problems) > 0 || next.Version() != 2 {
		t.Fatal(problems, next.Version())
	}
	if entity.Get[entity.Route](next, id(11)) != entity.Get[entity.Route](first, id(11)) || entity.Get[entity.Route](next, id(12)).Name != "changed" {
		t.Error("decoded once more, or not changed")
	}
	if len(next.Referring("acls", "consumer", id(21))) != 0 || len(first.Referring("acls", "consumer", id(21))) != 1 {
		t.Error("what is gone is there, or not in the set before")
	}
}
