package openidconnect_test

import (
	"strings"
	"testing"

	"github.com/gibbon-gateway/gibbon/plugin/plugintest"
)

// Whatever a client sends that has no credential, it gets no further.
func FuzzAccess(f *testing.F) {
	g := start(f, "bearer_token_param_type: [header, query, body, cookie]\nbearer_token_cookie_name: tok\nresponse_mode: form_post\nrefresh_token_param_name: refresh\nlogout_uri_suffix: /logout\nproof_of_possession_mtls: off")
	b := g.browser()
	b.signIn("/")
	token := g.provider.Token()
	f.Add("/", "a=1&access_token=x", "Bearer x.y.z", "session="+b.cookies["session"][:40], "state=aaaaaaaaaaaaaaaaaaaaaaaa&code=x", true)
	f.Add("/logout", "iss=x&sid=y", "Basic eDp5", "authorization_aaaaaaaa=1.x; tok="+token[:40], "logout_token=a.b.c", true)
	f.Add("//x", "", "DPoP x", "session=2.x; session2=y", `{"access_token":"x"}`, false)
	f.Fuzz(func(t *testing.T, path, query, authorization, cookie, body string, isForm bool) {
		in := plugintest.Request{Method: "POST", Target: "/" + strings.TrimLeft(path, "/") + "?" + query, Body: body,
			Header: []string{"Authorization", authorization, "Cookie", cookie, "Content-Type", "application/json"}}
		if isForm {
			in.Header[5] = "application/x-www-form-urlencoded"
		}
		if strings.Contains(cookie+query+authorization+body, b.cookies["session"]) || strings.Contains(cookie+query+authorization+body, token) {
			return
		}
		r := g.Run(in, plugintest.Reply{})
		if r.Err != nil || !r.Exited {
			t.Errorf("%+v: %d %v", in, r.Status, r.Err)
		}
		for _, line := range r.Header {
			if strings.ContainsAny(line, "\r\n\x00") {
				t.Errorf("%+v: %q", in, line)
			}
		}
	})
}
