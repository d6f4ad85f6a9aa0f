package auth

import (
	"context"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"slices"

	"github.com/gibbon-gateway/gibbon/internal/idp/api"
	"github.com/gibbon-gateway/gibbon/internal/idp/message"
	"github.com/gibbon-gateway/gibbon/internal/idp/pool"
	"github.com/gibbon-gateway/gibbon/internal/idp/store"
	"github.com/gibbon-gateway/gibbon/internal/idp/totp"
	"github.com/gibbon-gateway/gibbon/internal/idp/user"
)

// The second factors.
const (
	sms   = "SMS_MFA"
	app   = "SOFTWARE_TOKEN_MFA"
	email = "EMAIL_OTP"
)

// methods lists the second factors that the user can use now: those switched on for whom the pool has the means.
func (x *exchange) methods() []string {
	p, u := x.Pool, x.user
	if p.MfaConfiguration == "OFF" {
		return nil
	}
	var list []string
	if p.MFA.SMS && u.More.MFA.SMS && u.Attr["phone_number"] != "" {
		list = append(list, sms)
	}
	if p.MFA.SoftwareToken && u.More.MFA.TOTP && u.More.TOTP != nil && u.More.TOTP.Verified {
		list = append(list, app)
	}
	if p.MFA.Email != nil && u.More.MFA.Email && u.Attr["email"] != "" {
		list = append(list, email)
	}
	if len(list) > 0 || p.MfaConfiguration != "ON" {
		return list
	}
	// Everybody needs a factor: what is known of the user serves.
	if p.MFA.SMS && u.Attr["phone_number"] != "" {
		list = append(list, sms)
	}
	if p.MFA.Email != nil && u.Verified("email") {
		list = append(list, email)
	}
	return list
}

// second asks for a second factor, or ends the sign-in.
func (x *exchange) second(ctx context.Context) (*Step, error) {
	if x.state.Trusted {
		return x.finish(ctx)
	}
	list := x.methods()
	switch preferred := x.user.More.MFA.Preferred; {
	case len(list) == 0 && x.Pool.MfaConfiguration == "ON":
		return x.askSetup(ctx)
	case len(list) == 0:
		return x.finish(ctx)
	case len(list) == 1:
		return x.ask(ctx, list[0])
	case slices.Contains(list, preferred):
		return x.ask(ctx, preferred)
	}
	x.state.Choices = list
	names, err := json.Marshal(list)
	if err != nil {
		return nil, err
	}
	parameters := map[string]string{"MFAS_CAN_CHOOSE": string(names), "USER_ID_FOR_SRP": x.user.Username}
	if slices.Contains(list, sms) {
		parameters["CODE_DELIVERY_DESTINATION"] = message.Mask("SMS", x.user.Attr["phone_number"])
	}
	if slices.Contains(list, app) {
		parameters["FRIENDLY_DEVICE_NAME"] = x.user.More.TOTP.Name
	}
	return x.challenge(ctx, "SELECT_MFA_TYPE", parameters)
}

func (x *exchange) answerMethod(ctx context.Context, answers map[string]string) (*Step, error) {
	if !slices.Contains(x.state.Choices, answers["ANSWER"]) {
		return nil, api.InvalidParameter.Errorf("Invalid value for ANSWER: %s", answers["ANSWER"])
	}
	return x.ask(ctx, answers["ANSWER"])
}

// ask challenges with one second factor.
func (x *exchange) ask(ctx context.Context, method string) (*Step, error) {
	switch method {
	case sms:
		return x.askOTP(ctx, sms, "SMS", 6)
	case email:
		return x.askOTP(ctx, email, "EMAIL", 8)
	}
	return x.challenge(ctx, app, map[string]string{"FRIENDLY_DEVICE_NAME": x.user.More.TOTP.Name, "USER_ID_FOR_SRP": x.user.Username})
}

// askOTP sends a code.
func (x *exchange) askOTP(ctx context.Context, challenge, medium string, digits int) (*Step, error) {
	to, attribute := x.user.Contact(medium)
	return x.sendOTP(ctx, challenge, digits, &otp{Medium: medium, To: to, Attribute: attribute})
}

func (x *exchange) sendOTP(ctx context.Context, challenge string, digits int, o *otp) (*Step, error) {
	o.Code = x.s.Messages.Code(digits)
	m, err := x.s.Messages.Compose(ctx, message.Draft{Pool: x.Pool, ClientID: x.Client.ClientID, User: x.user, Kind: message.Authentication,
		Medium: o.Medium, To: o.To, Code: o.Code, Metadata: x.Metadata})
	if err != nil {
		return nil, err
	}
	x.state.OTP, x.state.Failures = o, 0
	x.send(m)
	return x.challenge(ctx, challenge, x.codeParameters(o))
}

// answerOTP checks a code that was sent, as first or second factor.
func (x *exchange) answerOTP(ctx context.Context, answers map[string]string) (*Step, error) {
	kind := x.session.Kind
	name := map[string]string{"SMS_MFA": "SMS_MFA_CODE", "EMAIL_OTP": "EMAIL_OTP_CODE", "SMS_OTP": "SMS_OTP_CODE"}[kind]
	given := answers[name]
	if given == "" {
		return nil, missing(name)
	}
	if err := x.attempt(ctx); err != nil {
		return nil, err
	}
	o := x.state.OTP
	if x.user == nil || o == nil || subtle.ConstantTimeCompare([]byte(given), []byte(o.Code)) != 1 {
		return nil, x.wrong(ctx, api.CodeMismatch.Errorf("Invalid code or auth state for the user."))
	}
	if o.Setup || x.state.First != "" && !x.user.Verified(o.Attribute) {
		x.edit(func(tx *store.Tx, u *user.User) error {
			if o.Setup {
				u.Attr[o.Attribute] = o.To
				u.More.MFA.Email, u.More.MFA.Preferred = true, email
			}
			if u.Attr[o.Attribute] == o.To {
				u.Attr[o.Attribute+"_verified"] = "true"
			}
			return taken(tx, x.Pool, u)
		})
	}
	if x.state.First != "" {
		return x.afterFirst(ctx)
	}
	return x.finish(ctx)
}

// answerTOTP checks a code of the user's app.
func (x *exchange) answerTOTP(ctx context.Context, answers map[string]string) (*Step, error) {
	given := answers["SOFTWARE_TOKEN_MFA_CODE"]
	if given == "" {
		return nil, missing("SOFTWARE_TOKEN_MFA_CODE")
	}
	if x.user == nil || x.user.More.TOTP == nil || !x.user.More.TOTP.Verified {
		return nil, api.SoftwareTokenMFANotFound.Errorf("Software token MFA not enabled for the user.")
	}
	if err := x.attempt(ctx); err != nil {
		return nil, err
	}
	var refusal error
	err := x.s.Store.View(ctx, func(tx *store.Tx) (err error) {
		refusal, err = checkTOTP(tx, x, given, nil)
		return err
	})
	switch {
	case err != nil:
		return nil, err
	case api.ExpiredCode.Is(refusal):
		return nil, refusal
	case refusal != nil:
		return nil, x.wrong(ctx, refusal)
	}
	x.edit(func(tx *store.Tx, u *user.User) error {
		refusal, err := checkTOTP(tx, x, given, u) // again: of two with one code, one wins
		if err != nil {
			return err
		}
		return refusal
	})
	return x.finish(ctx)
}

// checkTOTP compares a code; u, if not nil, is told that it is used now.
func checkTOTP(tx *store.Tx, x *exchange, given string, u *user.User) (refusal, err error) {
	t := x.user.More.TOTP
	if u != nil {
		t = u.More.TOTP
	}
	if t == nil {
		return badSession(), nil
	}
	secret, err := openTOTP(tx, x.user.ID, t)
	if err != nil {
		return nil, err
	}
	n, ok := totp.Match(secret, given, x.now)
	switch {
	case !ok:
		return api.CodeMismatch.Errorf("Invalid code received for user"), nil
	case n <= t.LastStep:
		return api.ExpiredCode.Errorf("Your software token has already been used once."), nil
	}
	if u != nil {
		t.LastStep = n
	}
	return nil, nil
}

// sealTOTP and openTOTP keep an app's secret from those who only read the database.
func sealTOTP(tx *store.Tx, id string, secret []byte) []byte {
	return []byte(base64.StdEncoding.EncodeToString(tx.Seal(secret, "totp "+id)))
}

func openTOTP(tx *store.Tx, id string, t *user.TOTP) ([]byte, error) {
	sealed, err := base64.StdEncoding.DecodeString(string(t.Secret))
	if err != nil {
		return nil, err
	}
	return tx.Open(sealed, "totp "+id)
}

// askSetup asks a user without any factor to set one up.
func (x *exchange) askSetup(ctx context.Context) (*Step, error) {
	var list []string
	if x.Pool.MFA.SMS {
		list = append(list, sms)
	}
	if x.Pool.MFA.SoftwareToken {
		list = append(list, app)
	}
	if x.Pool.MFA.Email != nil {
		list = append(list, email)
	}
	names, err := json.Marshal(list)
	if err != nil {
		return nil, err
	}
	x.state.Choices = list
	return x.challenge(ctx, "MFA_SETUP", map[string]string{"MFAS_CAN_SETUP": string(names), "USER_ID_FOR_SRP": x.user.Username})
}

// answerSetup goes on when an app was set up, or sends a code to a new address.
func (x *exchange) answerSetup(ctx context.Context, answers map[string]string) (*Step, error) {
	if x.state.TOTP != nil && x.state.TOTP.Done {
		return x.finish(ctx)
	}
	to := answers["EMAIL"]
	if to == "" || !slices.Contains(x.state.Choices, email) {
		return nil, api.InvalidParameter.Errorf("The MFA method was not set up.")
	}
	if err := user.CheckValue(x.Pool, "email", to); err != nil {
		return nil, err
	}
	return x.sendOTP(ctx, email, 8, &otp{Medium: "EMAIL", To: to, Attribute: "email", Setup: true})
}

// taken returns AliasExistsException if another user has one of u's names.
func taken(tx *store.Tx, p *pool.Pool, u *user.User) error {
	_, attribute, err := u.Holder(tx, p)
	if err != nil || attribute == "" {
		return err
	}
	return api.AliasExists.Errorf("An account with the given %s already exists.", attribute)
}
