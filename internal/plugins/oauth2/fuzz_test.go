package oauth2_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/gibbon-gateway/gibbon/internal/plugins/oauth2"
)

// Whatever a client calls its state, the browser goes to the application's address, and the application reads the same.
func FuzzRedirect(f *testing.F) {
	f.Add("http://app.test/back?x=1&state=old", "a b&c=%00#\r\n", false)
	f.Add("app://cb", "", true)
	f.Add("https://app.test?", "\xff?", true)
	f.Fuzz(func(t *testing.T, uri, state string, fragment bool) {
		to, err := url.Parse(uri)
		if err != nil || to.Host == "" || strings.Contains(uri, "#") {
			return // is no redirect_uri
		}
		back := oauth2.RedirectTo(uri, fragment, [][2]string{{"code", "c"}, {"state", state}})
		got, err := url.Parse(back)
		if err != nil {
			t.Fatalf("%q: %v", back, err)
		}
		text := got.RawQuery
		if fragment {
			text = got.EscapedFragment()
		}
		values, err := url.ParseQuery(text)
		if got.Scheme != to.Scheme || got.Host != to.Host || got.Path != to.Path || err != nil && !strings.Contains(to.RawQuery, ";") && !fragment {
			t.Fatalf("%q became %q: %v", uri, back, err)
		}
		if err == nil && (len(values["state"]) != 1 || values["state"][0] != state || values.Get("code") != "c") {
			t.Errorf("%q became %q", uri, back)
		}
		if strings.ContainsAny(back[min(len(uri), len(back)):], "\r\n ") {
			t.Errorf("%q", back)
		}
	})
}
