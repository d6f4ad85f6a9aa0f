package page

import (
	"encoding/json"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/gibbon-gateway/gibbon/internal/idp/api"
	"github.com/gibbon-gateway/gibbon/internal/idp/auth"
	"github.com/gibbon-gateway/gibbon/internal/idp/oauth"
	"github.com/gibbon-gateway/gibbon/internal/idp/page/qr"
	"github.com/gibbon-gateway/gibbon/internal/idp/wire"
)

// request is how auth knows the visit.
func (v *visit) request() auth.Request {
	return auth.Request{Pool: v.a.Pool, Client: v.a.Client, Hosted: true, IP: oauth.Address(v.r), Agent: v.r.UserAgent()}
}

// login shows the sign-in page.
func (v *visit) login() {
	name, ok := v.a.Elsewhere()
	switch {
	case !ok:
		v.OAuth.Fail(v.w, v.r, v.a.Refuse("invalid_request", "identity provider is not enabled for this client"))
	case name != "":
		v.OAuth.Away(v.w, v.r, v.at, v.a, name)
	default:
		page := v.loginView(v.query.Get("login_hint"))
		if p := v.pending(); p.Notice == "reset.done" {
			page.Notice, page.Username = v.text(p.Notice), p.Username
			v.done()
		}
		v.show(http.StatusOK, page)
	}
}

func (v *visit) loginView(username string) View {
	page := v.view("login")
	local, others := v.a.Local()
	page.Form, page.Password, page.Username = local, !v.twoSteps(), username
	page.Passkeys = v.a.Pool.FirstFactor("WEB_AUTHN")
	for _, name := range others {
		if v.query.Get("identity_provider") == "COGNITO" {
			break
		}
		q := url.Values{}
		for key, values := range v.query {
			q[key] = values
		}
		q.Set("identity_provider", name)
		page.Providers = append(page.Providers, Provider{Name: name, Label: label(name), Href: "/oauth2/authorize?" + q.Encode()})
	}
	page.Action = "/login?" + v.query.Encode()
	return page
}

// label is how a provider is shown.
func label(name string) string {
	switch name {
	case "LoginWithAmazon":
		return "Amazon"
	case "SignInWithApple":
		return "Apple"
	}
	return name
}

// twoSteps says whether the name is asked before the way to sign in.
func (v *visit) twoSteps() bool {
	return v.a.Pool.LoginVersion == 2 || slices.ContainsFunc(v.a.Pool.Policies.SignInPolicy.AllowedFirstAuthFactors, func(f string) bool { return f != "PASSWORD" })
}

// signIn takes the name and, unless there are two steps, the password.
func (v *visit) signIn() {
	username, password := strings.TrimSpace(v.form.Get("username")), v.form.Get("password")
	if local, _ := v.a.Local(); !local {
		v.login()
		return
	}
	if username == "" || password == "" && !v.twoSteps() {
		page := v.loginView(username)
		page.Error = v.text("problem.missing")
		v.show(http.StatusOK, page)
		return
	}
	var step *auth.Step
	var err error
	switch {
	case password != "":
		step, err = v.Auth.Initiate(v.r.Context(), v.request(), "USER_PASSWORD_AUTH", map[string]string{"USERNAME": username, "PASSWORD": password}, "")
	case v.choices() == 1:
		page := v.loginView(username)
		page.Password = true
		v.show(http.StatusOK, page)
		return
	default:
		step, err = v.Auth.Initiate(v.r.Context(), v.request(), "USER_AUTH", map[string]string{"USERNAME": username}, "")
	}
	if err != nil {
		v.refused(err, username, password != "")
		return
	}
	v.step(step, username)
}

// choices counts the ways to sign in that the pool offers.
func (v *visit) choices() int { return len(v.a.Pool.Policies.SignInPolicy.AllowedFirstAuthFactors) }

// refused shows why a name and password were not accepted, or what has to be done first.
func (v *visit) refused(err error, username string, asked bool) {
	switch {
	case api.UserNotConfirmed.Is(err):
		v.next("/confirm", pending{Username: username})
		return
	case api.PasswordResetRequired.Is(err):
		page := v.view("forgot")
		page.Prompt = strings.Replace(page.NameLabel, "field.", "forgot.", 1)
		page.Action, page.Username, page.Error = "/forgotPassword?"+v.query.Encode(), username, v.told(err)
		v.show(http.StatusOK, page)
		return
	}
	page := v.loginView(username)
	page.Error, page.Password = v.told(err), page.Password || asked
	v.show(http.StatusOK, page)
}

// step shows what has to be answered next, or ends the sign-in.
func (v *visit) step(step *auth.Step, username string) {
	if step.Done != nil {
		v.OAuth.Complete(v.w, v.r, v.at, v.a, *step.Done, "COGNITO")
		return
	}
	page := v.view("mfa")
	page.Session, page.Challenge, page.Username = step.Session, step.Challenge, username
	page.Action = "/mfa?" + v.query.Encode()
	switch step.Challenge {
	case "SMS_MFA", "EMAIL_OTP", "SMS_OTP":
		page.Destination = step.Parameters["CODE_DELIVERY_DESTINATION"]
	case "SOFTWARE_TOKEN_MFA":
	case "SELECT_MFA_TYPE":
		page.Kind, page.Choices = "mfachoice", list(step.Parameters["MFAS_CAN_CHOOSE"])
	case "NEW_PASSWORD_REQUIRED":
		page.Kind, page.Action = "newpassword", "/changePassword?"+v.query.Encode()
		page.Fields = v.missing(step)
	case "SELECT_CHALLENGE":
		page.Kind = "choose"
		for _, c := range []string{"PASSWORD", "WEB_AUTHN", "EMAIL_OTP", "SMS_OTP"} {
			if slices.Contains(step.Available, c) {
				page.Choices = append(page.Choices, c)
			}
		}
	case "PASSWORD":
		page = v.loginView(username)
		page.Password = true
	case "WEB_AUTHN":
		page.Kind, page.Options = "passkey", step.Parameters["CREDENTIAL_REQUEST_OPTIONS"]
	case "MFA_SETUP":
		v.setUp(step, page)
		return
	default:
		v.broken(http.StatusBadRequest, "invalid_request")
		return
	}
	v.show(http.StatusOK, page)
}

// missing are the attributes that a new password comes with, because the user has none yet.
func (v *visit) missing(step *auth.Step) (fields []Field) {
	var have map[string]string
	_ = json.Unmarshal([]byte(step.Parameters["userAttributes"]), &have) // none if it cannot be read
	for _, name := range list(step.Parameters["requiredAttributes"]) {
		if name = strings.TrimPrefix(name, "userAttributes."); have[name] == "" {
			fields = append(fields, v.field(name, ""))
		}
	}
	return fields
}

// setUp lets a user who has no second factor get one.
func (v *visit) setUp(step *auth.Step, page View) {
	if can := list(step.Parameters["MFAS_CAN_SETUP"]); len(can) > 0 && !slices.Contains(can, "SOFTWARE_TOKEN_MFA") {
		page.Kind = "emailsetup"
		v.show(http.StatusOK, page)
		return
	}
	out, err := v.Auth.AssociateSoftwareToken(v.call(), &wire.AssociateSoftwareTokenRequest{Session: step.Session})
	if err != nil {
		v.again(err)
		return
	}
	page.Session = out.Session
	v.showKey(page, out.SecretCode)
}

// showKey shows the key of an authenticator app.
func (v *visit) showKey(page View, secret string) {
	page.Kind, page.Secret = "totp", secret
	issuer := v.a.Pool.Name
	uri := "otpauth://totp/" + url.PathEscape(issuer+":"+page.Username) + "?secret=" + url.QueryEscape(secret) + "&issuer=" + url.QueryEscape(issuer)
	if c, err := qr.Encode(uri); err == nil { // a name that is too long is left to the key below
		page.QR = template.HTML(c.SVG(v.text("totp.qr"))) // drawn here
	}
	v.show(http.StatusOK, page)
}

// again begins anew: the sign-in took too long, or was spoiled.
func (v *visit) again(err error) {
	page := v.loginView(v.form.Get("username"))
	page.Error = v.text("problem.session")
	if !api.NotAuthorized.Is(err) {
		page.Error = v.told(err)
	}
	v.show(http.StatusOK, page)
}

// answered maps a form's challenge to the name of the answer, and the field that has it.
var answered = map[string]struct{ key, field string }{
	"SMS_MFA":               {"SMS_MFA_CODE", "authentication_code"},
	"SMS_OTP":               {"SMS_OTP_CODE", "authentication_code"},
	"EMAIL_OTP":             {"EMAIL_OTP_CODE", "authentication_code"},
	"SOFTWARE_TOKEN_MFA":    {"SOFTWARE_TOKEN_MFA_CODE", "authentication_code"},
	"SELECT_MFA_TYPE":       {"ANSWER", "answer"},
	"SELECT_CHALLENGE":      {"ANSWER", "answer"},
	"WEB_AUTHN":             {"CREDENTIAL", "credential"},
	"NEW_PASSWORD_REQUIRED": {"NEW_PASSWORD", "new_password"},
	"MFA_SETUP":             {"EMAIL", "email"},
}

// answer takes the answer to a challenge.
func (v *visit) answer() {
	challenge, session, username := v.form.Get("challenge"), v.form.Get("session"), v.form.Get("username")
	with, known := answered[challenge]
	if !known || session == "" {
		v.broken(http.StatusBadRequest, "invalid_request")
		return
	}
	responses := map[string]string{"USERNAME": username, with.key: strings.TrimSpace(v.form.Get(with.field))}
	switch challenge {
	case "NEW_PASSWORD_REQUIRED":
		if v.form.Get("new_password") != v.form.Get("confirm_password") {
			v.repeat(v.text("problem.match"))
			return
		}
		responses["NEW_PASSWORD"] = v.form.Get("new_password")
		for name, value := range v.attributes() {
			responses["userAttributes."+name] = value
		}
	case "SELECT_CHALLENGE":
		if password := v.form.Get("password"); password != "" {
			responses["PASSWORD"] = password
		}
	case "MFA_SETUP":
		if secret := v.form.Get("secret"); secret != "" {
			out, err := v.Auth.VerifySoftwareToken(v.call(), &wire.VerifySoftwareTokenRequest{Session: session,
				UserCode: strings.TrimSpace(v.form.Get("software_token_mfa_code")), FriendlyDeviceName: v.form.Get("device_name")})
			if err != nil {
				v.unanswered(err)
				return
			}
			session = out.Session
			delete(responses, "EMAIL")
		}
	}
	step, err := v.Auth.Respond(v.r.Context(), v.request(), challenge, session, responses)
	if err != nil {
		v.unanswered(err)
		return
	}
	v.step(step, username)
}

// unanswered shows a challenge again, unless its session is over.
func (v *visit) unanswered(err error) {
	if api.NotAuthorized.Is(err) && (strings.Contains(err.Error(), "session") || v.form.Get("challenge") != "SELECT_CHALLENGE") {
		v.again(err)
		return
	}
	v.repeat(v.told(err))
}

// repeat shows the form of a challenge again, with what went wrong.
func (v *visit) repeat(problem string) {
	page := v.view("mfa")
	page.Session, page.Challenge, page.Username = v.form.Get("session"), v.form.Get("challenge"), v.form.Get("username")
	page.Destination, page.Error = v.form.Get("destination"), problem
	switch page.Challenge {
	case "NEW_PASSWORD_REQUIRED":
		page.Kind = "newpassword"
		for name, value := range v.attributes() {
			page.Fields = append(page.Fields, v.field(name, value))
		}
	case "MFA_SETUP":
		if secret := v.form.Get("secret"); secret != "" {
			v.showKey(page, secret)
			return
		}
		page.Kind = "emailsetup"
	case "SELECT_MFA_TYPE", "SELECT_CHALLENGE", "WEB_AUTHN":
		page = v.loginView(page.Username)
		page.Error = problem
	}
	v.show(http.StatusOK, page)
}

// list reads a JSON array of texts.
func list(text string) (all []string) {
	_ = json.Unmarshal([]byte(text), &all) // nothing if it is none
	return all
}
