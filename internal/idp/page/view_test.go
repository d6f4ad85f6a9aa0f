package page

import (
	"html/template"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gibbon-gateway/gibbon/internal/idp/page/qr"
)

// samples are one view of each kind, as full as it gets.
func samples(t *testing.T) map[string]View {
	c, err := qr.Encode("otpauth://totp/kongpool:jane%40example.com?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=kongpool")
	if err != nil {
		t.Fatal(err)
	}
	base := View{Lang: "en", Name: "kongpool", CSRF: "csrf", Action: "/login?client_id=abc", NameLabel: "field.email", NameType: "email", Prompt: "login.email",
		Links:    Links{SignIn: "/login?client_id=abc", SignUp: "/signup?client_id=abc", Forgot: "/forgotPassword?client_id=abc", Resend: "/resendcode?client_id=abc"},
		Username: "jane@example.com", Session: "session", Destination: "j***@e***", Medium: "EMAIL", Form: true, Password: true,
		Policy: []Rule{{"lowerletter", 0}, {"upperletter", 0}, {"numbers", 0}, {"symbols", 0}, {"length", 8}},
		Fields: []Field{{"email", "requiredAttributes[email]", "Email", "email", "email", "jane@example.com"},
			{"family_name", "requiredAttributes[family_name]", "Family name", "text", "family-name", ""}},
		Secret: "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP", QR: template.HTML(c.SVG("QR")), Options: `{"challenge":"AAAA"}`,
	}
	all := map[string]View{}
	add := func(name string, change func(*View)) {
		v := base
		v.Kind, _, _ = strings.Cut(name, "-")
		change(&v)
		all[name] = v
	}
	add("login", func(v *View) { v.Username = "" })
	add("login-error", func(v *View) { v.Error = Text("en", "problem.wrong") })
	add("login-providers", func(v *View) {
		v.Providers = []Provider{{"Corp", "Corp", "/oauth2/authorize?identity_provider=Corp"}, {"Google", "Google", "/x"}}
	})
	add("login-next", func(v *View) { v.Password, v.Passkeys, v.Username = false, true, "" })
	add("choose", func(v *View) { v.Choices = []string{"PASSWORD", "WEB_AUTHN", "EMAIL_OTP"} })
	add("passkey", func(*View) {})
	add("passkeyadd", func(*View) {})
	add("mfa", func(v *View) { v.Challenge = "SMS_MFA" })
	add("mfa-totp", func(v *View) {
		v.Challenge, v.Destination, v.Error = "SOFTWARE_TOKEN_MFA", "", Text("en", "problem.code")
	})
	add("mfachoice", func(v *View) { v.Choices = []string{"SMS_MFA", "SOFTWARE_TOKEN_MFA"} })
	add("totp", func(*View) {})
	add("emailsetup", func(*View) {})
	add("newpassword", func(v *View) { v.Fields = v.Fields[1:] })
	add("signup", func(*View) {})
	add("signup-ja", func(v *View) { v.Lang = "ja" })
	add("confirm", func(v *View) { v.Notice = Text("en", "confirm.resent", v.Destination) })
	add("confirmed", func(*View) {})
	add("forgot", func(v *View) { v.Prompt, v.Lang = "forgot.email", "de" })
	add("reset", func(v *View) { v.Error = Text("en", "problem.match") })
	add("signedout", func(*View) {})
	add("error", func(v *View) {
		v.Error, v.Notice = Text("en", "error.page"), "redirect_uri is not one of the app client's callback URLs."
	})
	return all
}

func TestPagesAreDrawn(t *testing.T) {
	for name, v := range samples(t) {
		html, err := Render(v)
		if err != nil {
			t.Error(err)
			continue
		}
		text := string(html)
		for _, want := range []string{"<main", "<h1>", `<html lang="` + v.Lang + `">`} {
			if strings.Count(text, want) != 1 {
				t.Errorf("%s: %d times %s", name, strings.Count(text, want), want)
			}
		}
		for _, bad := range []string{" style=", "javascript:", "onclick", ".title<", "ZgotmplZ"} {
			if strings.Contains(text, bad) {
				t.Errorf("%s: contains %s", name, bad)
			}
		}
		forms := strings.Count(text, `method="post"`)
		if forms != strings.Count(text, `name="_csrf"`) {
			t.Errorf("%s: a form without _csrf", name)
		}
		if dir := os.Getenv("PAGES_DIR"); dir != "" {
			text = strings.ReplaceAll(text, `"/_assets/`, `"assets/`)
			if err := os.WriteFile(filepath.Join(dir, name+".html"), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func TestTextIsEscaped(t *testing.T) {
	for name, v := range samples(t) {
		v.Username, v.Destination, v.Error, v.Name = `"><script>x`, `<script>y`, `<script>z`, `<script>n`
		html, err := Render(v)
		if err != nil {
			t.Fatal(err)
		}
		for _, bad := range []string{"<script>x", "<script>y", "<script>z", "<script>n"} {
			if strings.Contains(string(html), bad) {
				t.Errorf("%s: %s", name, bad)
			}
		}
	}
}

// Every language has every text, with the same arguments.
func TestCatalogues(t *testing.T) {
	keys := slices.Sorted(maps.Keys(catalogues[fallback]))
	for code, c := range catalogues {
		if got := slices.Sorted(maps.Keys(c)); !slices.Equal(got, keys) {
			t.Errorf("%s has other keys than %s", code, fallback)
		}
		for key, text := range c {
			if strings.Contains(text, "{0}") != strings.Contains(catalogues[fallback][key], "{0}") {
				t.Errorf("%s: %s has other arguments", code, key)
			}
		}
	}
	for wanted, want := range map[string]string{"de": "de", "de-AT": "de", "JA": "ja", "xx": "en", "": "en", "../en": "en"} {
		if got := Language(wanted); got != want {
			t.Errorf("Language(%q) = %q, want %q", wanted, got, want)
		}
	}
}

func TestTemplatesNameTextsThatExist(t *testing.T) {
	for name, v := range samples(t) {
		html, err := Render(v)
		if err != nil {
			t.Fatal(err)
		}
		for _, prefix := range []string{"login.", "field.", "mfa.", "totp.", "signup.", "confirm.", "policy.", "choose.", "reset.", "forgot."} {
			if strings.Contains(string(html), ">"+prefix) || strings.Contains(string(html), `"`+prefix) {
				t.Errorf("%s shows a key of %s", name, prefix)
			}
		}
	}
}
