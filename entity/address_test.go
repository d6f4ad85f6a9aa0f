package entity_test

import (
	"strings"
	"testing"

	"github.com/gibbon-gateway/gibbon/entity"
	"github.com/gibbon-gateway/gibbon/schema"
)

// target returns what is stored for a target, "" if it is refused.
func target(t testing.TB, text string) string {
	t.Helper()
	doc := map[string]any{"target": text, "upstream": map[string]any{"id": id(1)}}
	done, errs := entity.KindOf("targets").Prepare(doc, schema.Options{Now: now})
	if errs != nil {
		if s, _ := errs["target"].(string); s == "" {
			t.Fatalf("%q: %v", text, errs)
		}
		return ""
	}
	return done["target"].(string)
}

func TestTargets(t *testing.T) {
	for text, want := range map[string]string{
		"a.test":                   "a.test:8000",
		"A_b.test.:80":             "A_b.test.:80",
		"010.1.02.3":               "10.1.2.3:8000",
		"1.2.3.4:0":                "1.2.3.4:0",
		"1.2.3.4:":                 "",
		"1.2.3.256":                "",
		"1.2.3":                    "",
		"1234":                     "",
		"::":                       "[0000:0000:0000:0000:0000:0000:0000:0000]:8000",
		"fe80::1:2":                "[fe80:0000:0000:0000:0000:0000:0001:0002]:8000",
		"[2001:DB8::1]:90":         "[2001:0db8:0000:0000:0000:0000:0000:0001]:90",
		"[::1]x":                   "",
		"[::1":                     "",
		"[::1]:":                   "",
		"1::2::3":                  "",
		"1:2:3:4:5:6:7:8:9":        "",
		"1:2:3:4:5:6:7::8":         "",
		"::12345":                  "",
		"a.test:65536":             "",
		"a.test:99999999999999999": "",
		"a-.test":                  "",
		"a..test":                  "",
		"-a.test":                  "-a.test:8000", // as in Kong
		"a test":                   "",
		"ä.test":                   "",
		"":                         "",
	} {
		if got := target(t, text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

// What is stored for a target is stored unchanged when it is written again, and names a port.
func FuzzTarget(f *testing.F) {
	for _, seed := range []string{"a.test", "1.2.3.4:80", "[::1]:90", "::ffff:1", "a..b", "[1::]"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		stored := target(t, text)
		if stored == "" {
			return
		}
		if again := target(t, stored); again != stored || !strings.Contains(stored, ":") {
			t.Errorf("%q: %q, %q", text, stored, again)
		}
	})
}
