package page

import (
	"encoding/json"
	"net/http"

	"github.com/gibbon-gateway/gibbon/internal/idp/oauth"
	"github.com/gibbon-gateway/gibbon/internal/idp/wire"
)

// asWho returns an access token of who is signed in; without one it sends the browser to sign in, or tells what is wrong.
func (v *visit) asWho() (token string, ok bool) {
	who, err := v.OAuth.Who(v.r, v.at, v.a)
	if err == nil && who == nil {
		oauth.Redirect(v.w, "/login?"+v.query.Encode())
		return "", false
	}
	if err == nil {
		token, err = v.OAuth.OwnToken(v.r.Context(), v.a, *who)
	}
	if err != nil {
		v.told(err)
		v.broken(http.StatusBadRequest, "server_error")
		return "", false
	}
	return token, true
}

// passkey lets who is signed in add a passkey.
func (v *visit) passkey() {
	if token, ok := v.asWho(); ok {
		v.offerPasskey(token, v.form.Get("problem"))
	}
}

func (v *visit) offerPasskey(token, problem string) {
	var out wire.StartWebAuthnRegistrationResponse
	if err := v.Invoke(v.r.Context(), v.a.Pool.Region, "StartWebAuthnRegistration", wire.StartWebAuthnRegistrationRequest{AccessToken: token}, &out); err != nil {
		v.told(err)
		v.broken(http.StatusBadRequest, "invalid_request") // passkeys are off, or there are too many
		return
	}
	page := v.view("passkeyadd")
	page.Options, page.Error = string(out.CredentialCreationOptions), problem
	page.Links.SignIn = "/oauth2/authorize?" + v.query.Encode()
	v.show(http.StatusOK, page)
}

// addPasskey keeps what the browser made, and goes on to the client.
func (v *visit) addPasskey() {
	token, ok := v.asWho()
	if !ok {
		return
	}
	credential := json.RawMessage(v.form.Get("credential"))
	if !json.Valid(credential) {
		v.offerPasskey(token, v.text("problem.missing"))
		return
	}
	err := v.Invoke(v.r.Context(), v.a.Pool.Region, "CompleteWebAuthnRegistration", wire.CompleteWebAuthnRegistrationRequest{AccessToken: token, Credential: credential}, nil)
	if err != nil {
		v.offerPasskey(token, v.told(err))
		return
	}
	oauth.Redirect(v.w, "/oauth2/authorize?"+v.query.Encode())
}
