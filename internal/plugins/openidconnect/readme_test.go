package openidconnect_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gibbon-gateway/gibbon/internal/oidc/oidctest"
	"github.com/gibbon-gateway/gibbon/internal/plugins/openidconnect"
	"github.com/gibbon-gateway/gibbon/internal/plugins/stage"
)

// The samples of README.md run with a provider in place of idp.example.com.
func TestReadme(t *testing.T) {
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	p := oidctest.New(t)
	p.Clients = map[string]string{"gateway": "s3cret", "reports": "r3ports"}
	alice := p.Token("groups", []any{"staff", "admins"}, "org", map[string]any{"team": "gold"})
	run := filepath.Join(t.TempDir(), "README.md")
	if err := os.WriteFile(run, []byte(strings.NewReplacer("https://idp.example.com", p.URL, "ALICES-TOKEN", alice,
		"WRITERS-TOKEN", p.Token("scope", "write")).Replace(string(text))), 0o666); err != nil {
		t.Fatal(err)
	}
	stage.Readme(t, run, openidconnect.Type)
}
