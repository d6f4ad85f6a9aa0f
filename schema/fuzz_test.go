package schema_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"testing"

	"github.com/gibbon-gateway/gibbon/schema"
)

func decode(data []byte) (map[string]any, bool) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	var doc map[string]any
	return doc, d.Decode(&doc) == nil && doc != nil
}

var fuzzNames = slices.Sorted(maps.Keys(recordedSchemas))

func seeds(f *testing.F) {
	for i := range fuzzNames {
		f.Add(uint8(i), []byte(`{"name":"x","host":"h","tags":["a"],"id":null,"config":{"minute":1,"redis_port":"5"}}`))
	}
	for _, doc := range []string{
		`{"name":"rate-limiting","config":{"minute":5,"redis_host":"a","redis":{"port":1}}}`,
		`{"name":"proxy-cache","config":{"strategy":"memory","response_code":[1e2,200.0]}}`,
		`{"name":"response-ratelimiting","config":{"limits":{"v":{"minute":1}}},"consumer":{"id":1}}`,
		`{"name":"datadog","config":{"metrics":[{"name":"latency","stat_type":"gauge"},null,7]}}`,
	} {
		f.Add(uint8(slices.Index(fuzzNames, "plugins")), []byte(doc))
	}
	f.Add(uint8(slices.Index(fuzzNames, "routes")), []byte(`{"paths":["/a"],"headers":{"x":["1"]},"sources":[{"ip":"1.2.3.4"}],"protocols":["http","http"],"service":"x"}`))
	f.Add(uint8(slices.Index(fuzzNames, "upstreams")), []byte(`{"name":"u","hash_on":"header","healthchecks":{"active":{"healthy":{"interval":1e-1}},"threshold":9007199254740993}}`))
}

// Nothing panics, the input is not changed, and what Process returned is accepted again, unchanged.
func FuzzProcess(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, which uint8, data []byte) {
		doc, ok := decode(data)
		if !ok {
			return
		}
		name := fuzzNames[int(which)%len(fuzzNames)]
		s := recordedSchemas[name]
		o := schema.Options{Op: schema.Op(which % 4), Now: now}
		if name == "plugins" {
			o.Sub = sub
		}
		before := text(t, doc)
		out, errs := s.Process(doc, o)
		_ = errs.Message()
		if merged, errs := s.Merge(out, doc, o); errs == nil {
			s.Process(merged, o)
		}
		if after := text(t, doc); after != before {
			t.Fatalf("%s was changed to %s", before, after)
		}
		if errs != nil {
			if len(errs) == 0 {
				t.Fatal("empty errors")
			}
			return
		}
		s.Show(out, o)
		o.Op = schema.Update
		again, errs := s.Process(out, o)
		if errs != nil {
			t.Fatalf("%s: %s is not accepted: %s", name, text(t, out), errs.Message())
		}
		if _, ok := out["updated_at"]; ok {
			out["updated_at"] = again["updated_at"]
		}
		if a, b := text(t, out), text(t, again); a != b {
			t.Fatalf("%s: %s became %s", name, a, b)
		}
	})
}

// Coercing twice is coercing once, and does not change the form.
func FuzzCoerce(f *testing.F) {
	seeds(f)
	f.Add(uint8(0), []byte(`{"port":"0x1F","retries":" 5 ","enabled":"true","tags":"x"}`))
	f.Fuzz(func(t *testing.T, which uint8, data []byte) {
		form, ok := decode(data)
		if !ok {
			return
		}
		s := recordedSchemas[fuzzNames[int(which)%len(fuzzNames)]]
		before := text(t, form)
		once := s.Coerce(form, schema.Options{Sub: sub})
		if after := text(t, form); after != before {
			t.Fatalf("%s was changed to %s", before, after)
		}
		if a, b := text(t, once), text(t, s.Coerce(once, schema.Options{Sub: sub})); a != b {
			t.Fatalf("%s became %s", a, b)
		}
		s.Process(once, schema.Options{Sub: sub})
	})
}
