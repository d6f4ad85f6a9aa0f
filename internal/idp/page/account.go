package page

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/gibbon-gateway/gibbon/internal/idp/api"
	"github.com/gibbon-gateway/gibbon/internal/idp/oauth"
	"github.com/gibbon-gateway/gibbon/internal/idp/wire"
)

// completions are the autocomplete values of attributes; others have none.
var completions = map[string]string{"email": "email", "phone_number": "tel", "name": "name", "given_name": "given-name", "family_name": "family-name",
	"middle_name": "additional-name", "nickname": "nickname", "birthdate": "bday", "website": "url", "address": "street-address", "gender": "sex",
	"preferred_username": "username", "locale": "language"}

// kinds are the types of inputs; others are text.
var kinds = map[string]string{"email": "email", "phone_number": "tel", "birthdate": "date", "website": "url", "picture": "url", "profile": "url"}

func (v *visit) field(name, value string) Field {
	f := Field{Name: name, Input: "requiredAttributes[" + name + "]", Label: v.text("attribute." + name), Type: "text", Complete: "off", Value: value}
	if strings.HasPrefix(f.Label, "attribute.") {
		f.Label = strings.TrimPrefix(name, "custom:")
	}
	if c := completions[name]; c != "" {
		f.Complete = c
	}
	if k := kinds[name]; k != "" {
		f.Type = k
	}
	return f
}

// attributes are those of the form, by name.
func (v *visit) attributes() map[string]string {
	all := make(map[string]string)
	for key, values := range v.form {
		if name, ok := strings.CutPrefix(key, "requiredAttributes["); ok && strings.HasSuffix(name, "]") {
			all[strings.TrimSuffix(name, "]")] = strings.TrimSpace(values[0])
		}
	}
	return all
}

// asked are the attributes that the sign-up page asks: what the pool demands, and what a code is sent to. The one that names users is asked
// as the username.
func (v *visit) asked() (names []string) {
	p := v.a.Pool
	naming := ""
	if len(p.UsernameAttributes) == 1 {
		naming = p.UsernameAttributes[0]
	}
	for _, a := range p.SchemaAttributes {
		verified := p.Verifies(a.Name) && len(p.UsernameAttributes) == 0 && a.Name == p.AutoVerifiedAttributes[0]
		if (isTrue(a.Required) || verified) && a.Name != "sub" && a.Name != naming {
			names = append(names, a.Name)
		}
	}
	return names
}

func (v *visit) signUpView() View {
	page := v.view("signup")
	page.AskName, page.Action, page.Username = true, "/signup?"+v.query.Encode(), v.form.Get("username")
	values := v.attributes()
	for _, name := range v.asked() {
		page.Fields = append(page.Fields, v.field(name, values[name]))
	}
	return page
}

func (v *visit) signUpForm() {
	page := v.signUpView()
	if page.Links.SignUp == "" {
		v.broken(http.StatusBadRequest, "invalid_request")
		return
	}
	v.show(http.StatusOK, page)
}

// signUp makes an account.
func (v *visit) signUp() {
	attributes := v.attributes()
	username := strings.TrimSpace(v.form.Get("username"))
	for _, name := range v.a.Pool.UsernameAttributes {
		if username == "" {
			username = attributes[name]
		}
	}
	in := &wire.SignUpRequest{ClientID: v.a.Client.ClientID, SecretHash: v.a.Client.SecretHash(username), Username: username, Password: v.form.Get("password")}
	for _, name := range slices.Sorted(maps.Keys(attributes)) {
		if attributes[name] != "" {
			in.UserAttributes = append(in.UserAttributes, wire.Attribute{Name: name, Value: attributes[name]})
		}
	}
	again := func(problem string) {
		page := v.signUpView()
		page.Username, page.Error = username, problem
		v.show(http.StatusOK, page)
	}
	if username == "" || in.Password == "" {
		again(v.text("problem.missing"))
		return
	}
	if err := api.Check(in); err != nil {
		again(v.told(err))
		return
	}
	out, err := v.Auth.SignUp(v.call(), in)
	if err != nil {
		again(v.told(err))
		return
	}
	if isTrue(out.UserConfirmed) {
		step, err := v.Auth.Initiate(v.r.Context(), v.request(), "USER_PASSWORD_AUTH", map[string]string{"USERNAME": username, "PASSWORD": in.Password}, "")
		if err != nil {
			v.refused(err, username, true)
			return
		}
		v.step(step, username)
		return
	}
	p := sent(username, out.CodeDeliveryDetails)
	if p.Vouch, err = v.OAuth.Vouch(v.r.Context(), v.a, username); err != nil {
		again(v.told(err))
		return
	}
	v.next("/confirm", p)
}

func sent(username string, d *wire.CodeDeliveryDetails) pending {
	if d == nil {
		return pending{Username: username}
	}
	return pending{Username: username, Destination: d.Destination, Medium: d.DeliveryMedium}
}

func (v *visit) confirmView(p pending) View {
	page := v.view("confirm")
	page.Action, page.Username, page.Destination = "/confirm?"+v.query.Encode(), p.Username, p.Destination
	if p.Notice == "confirm.resent" {
		page.Notice = v.text(p.Notice, p.Destination)
	}
	return page
}

func (v *visit) confirmForm() {
	p := v.pending()
	if p.Username == "" {
		oauth.Redirect(v.w, "/login?"+v.query.Encode()) // nobody is waiting in this browser
		return
	}
	v.show(http.StatusOK, v.confirmView(p))
}

// confirm takes the code that was sent at sign-up.
func (v *visit) confirm() {
	username := v.form.Get("username")
	code := strings.TrimSpace(v.form.Get("code"))
	if code == "" {
		code = strings.TrimSpace(v.form.Get("verification_code"))
	}
	in := &wire.ConfirmSignUpRequest{ClientID: v.a.Client.ClientID, SecretHash: v.a.Client.SecretHash(username), Username: username, ConfirmationCode: code}
	err := api.Check(in)
	if err == nil {
		_, err = v.Auth.ConfirmSignUp(v.call(), in)
	}
	if err != nil {
		page := v.confirmView(pending{Username: username, Destination: v.form.Get("destination")})
		page.Error = v.told(err)
		v.show(http.StatusOK, page)
		return
	}
	v.done()
	if ok, err := v.OAuth.Vouched(v.r.Context(), v.a, v.pending().Vouch, username); err == nil && ok {
		step, err := v.Auth.Confirmed(v.r.Context(), v.request(), username)
		if err == nil {
			v.step(step, username)
			return
		}
		v.told(err) // logs what is unforeseen; the password will do
	}
	page := v.loginView(username)
	page.Notice = v.text("confirmed.heading") + ". " + v.text("confirmed.text")
	v.show(http.StatusOK, page)
}

func (v *visit) resend() {
	username := v.form.Get("username")
	in := &wire.ResendConfirmationCodeRequest{ClientID: v.a.Client.ClientID, SecretHash: v.a.Client.SecretHash(username), Username: username}
	err := api.Check(in)
	var out *wire.ResendConfirmationCodeResponse
	if err == nil {
		out, err = v.Auth.ResendConfirmationCode(v.call(), in)
	}
	if err != nil {
		page := v.confirmView(pending{Username: username, Destination: v.form.Get("destination")})
		page.Error = v.told(err)
		v.show(http.StatusOK, page)
		return
	}
	p := sent(username, out.CodeDeliveryDetails)
	p.Notice, p.Vouch = "confirm.resent", v.pending().Vouch
	v.next("/confirm", p)
}

// confirmLink serves the link in a mail. It names the client and the user, and no place to go.
func (v *visit) confirmLink() {
	name := v.query.Get("user_name")
	p, c, err := v.Pools.Client(v.r.Context(), v.query.Get("client_id"))
	if err != nil || v.at.Pool != nil && v.at.Pool.ID != p.ID {
		v.broken(http.StatusBadRequest, "invalid_client")
		return
	}
	v.a = &oauth.Authorization{Pool: p, Client: c}
	in := &wire.ConfirmSignUpRequest{ClientID: c.ClientID, SecretHash: c.SecretHash(name), Username: name, ConfirmationCode: v.query.Get("confirmation_code")}
	if err = api.Check(in); err == nil {
		_, err = v.Auth.ConfirmSignUp(v.call(), in)
	}
	if err != nil {
		v.told(err) // logs what is unforeseen
		v.broken(http.StatusBadRequest, "invalid_code")
		return
	}
	page := v.view("confirmed")
	page.Links = Links{}
	to := c.DefaultRedirectURI
	if to == "" && len(c.CallbackURLs) > 0 {
		to = c.CallbackURLs[0]
	}
	if to != "" && slices.Contains(c.AllowedOAuthFlows, "code") {
		page.Links.SignIn = "/login?" + url.Values{"client_id": {c.ClientID}, "response_type": {"code"}, "redirect_uri": {to}}.Encode()
	}
	v.show(http.StatusOK, page)
}

func (v *visit) forgotView() View {
	page := v.view("forgot")
	page.Prompt = strings.Replace(page.NameLabel, "field.", "forgot.", 1)
	page.Action, page.Username = "/forgotPassword?"+v.query.Encode(), v.form.Get("username")
	return page
}

func (v *visit) forgotForm() { v.show(http.StatusOK, v.forgotView()) }

// forgot sends a code for a new password.
func (v *visit) forgot() {
	username := strings.TrimSpace(v.form.Get("username"))
	in := &wire.ForgotPasswordRequest{ClientID: v.a.Client.ClientID, SecretHash: v.a.Client.SecretHash(username), Username: username}
	err := api.Check(in)
	var out *wire.ForgotPasswordResponse
	if err == nil {
		out, err = v.Auth.ForgotPassword(v.call(), in)
	}
	if err != nil {
		page := v.forgotView()
		page.Error = v.told(err)
		v.show(http.StatusOK, page)
		return
	}
	v.next("/confirmforgotPassword", sent(username, out.CodeDeliveryDetails))
}

func (v *visit) resetView(p pending) View {
	page := v.view("reset")
	page.Action, page.Username, page.Destination, page.Medium = "/confirmforgotPassword?"+v.query.Encode(), p.Username, p.Destination, p.Medium
	return page
}

func (v *visit) resetForm() {
	p := v.pending()
	if p.Username == "" {
		oauth.Redirect(v.w, "/forgotPassword?"+v.query.Encode())
		return
	}
	v.show(http.StatusOK, v.resetView(p))
}

// reset takes the code and the new password.
func (v *visit) reset() {
	p := pending{Username: v.form.Get("username"), Destination: v.form.Get("destination"), Medium: v.form.Get("deliveryMedium")}
	again := func(problem string) {
		page := v.resetView(p)
		page.Error = problem
		v.show(http.StatusOK, page)
	}
	password := v.form.Get("new_password")
	if password != v.form.Get("confirm_password") {
		again(v.text("problem.match"))
		return
	}
	code := strings.TrimSpace(v.form.Get("code"))
	if code == "" {
		code = strings.TrimSpace(v.form.Get("forgot_password_code"))
	}
	in := &wire.ConfirmForgotPasswordRequest{ClientID: v.a.Client.ClientID, SecretHash: v.a.Client.SecretHash(p.Username), Username: p.Username,
		ConfirmationCode: code, Password: password}
	err := api.Check(in)
	if err == nil {
		_, err = v.Auth.ConfirmForgotPassword(v.call(), in)
	}
	if err != nil {
		again(v.told(err))
		return
	}
	v.next("/login", pending{Username: p.Username, Notice: "reset.done"})
}
