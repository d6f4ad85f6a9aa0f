package source_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/gibbon-gateway/gibbon/entity"
	"github.com/gibbon-gateway/gibbon/internal/source"
)

// Whatever the text is, the answer is a set without problems or errors that can be told.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		text(nestedFile), "", "a: 1\n", `{"_format_version":"2.1","routes":[{"paths":["/a(",5,null],"service":{"name":"x"}}]}`,
		"_format_version: '3.0'\nservices: [{id: 5, routes: [{service: {id: 1}, plugins: [{}]}]}, {url: 'http://[::1]:x/;'}, 7]\n",
		"_format_version: '3.0'\nx: &a {b: 1}\nconsumers: [{<<: *a, username: y, tags: [yes]}]\ntargets: [{target: '::', upstream: u}]",
		"services:\n- url: //A\n  routes:\n  -",
		"_format_version: '3.0'\nupstreams: [{name: u, targets: [{target: a}, {target: a}]}]\nacls: [{consumer: {username: c}, group: g}]",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := source.Parse(data, options)
		if err == nil {
			if _, problems := entity.NewSet(1, c.Objects); len(problems) > 0 {
				t.Fatal(problems)
			}
			again, err := source.Parse(data, options)
			if err != nil || again.Hash != c.Hash || len(again.Objects) != len(c.Objects) {
				t.Fatal("read again it differs", err)
			}
			return
		}
		var e *source.Invalid
		if !errors.As(err, &e) {
			t.Fatal(err)
		}
		message := e.Error()
		if message == "declarative config is invalid: {}" || !strings.HasPrefix(message, "declarative config is invalid: {") || e.Text() == "" {
			t.Fatal(message, e.Text())
		}
		list, fields, rest := e.Flatten()
		if len(list) == 0 && rest != message {
			t.Fatal("errors are lost:", rest)
		}
		if _, err := json.Marshal([]any{e.Fields(), list, fields}); err != nil {
			t.Fatal(err)
		}
		if e.Error() != message {
			t.Fatal("Flatten has changed the error")
		}
	})
}
