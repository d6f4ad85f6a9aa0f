package idp_test

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/gibbon-gateway/gibbon/internal/idp"
	"github.com/gibbon-gateway/gibbon/internal/idp/outbox"
)

// mail waits for the newest message to an address.
func (r *running) mail(to string) outbox.Message {
	r.t.Helper()
	var list outbox.List
	r.get(r.origin+"/_gibbon/outbox?wait=5s&to="+url.QueryEscape(to), &list)
	if len(list.Messages) == 0 {
		r.t.Fatalf("no message to %s", to)
	}
	return list.Messages[len(list.Messages)-1]
}

// code6 is the TOTP code of a base32 secret.
func code6(t testing.TB, secret string, at time.Time) string {
	t.Helper()
	key, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(secret)
	if err != nil {
		t.Fatal(err)
	}
	m := hmac.New(sha1.New, key)
	binary.Write(m, binary.BigEndian, uint64(at.Unix()/30))
	sum := m.Sum(nil)
	n := binary.BigEndian.Uint32(sum[sum[19]&15:]) & 0x7fffffff
	return fmt.Sprintf("%06d", n%1000000)
}

func heading(page string) string {
	m := regexp.MustCompile(`<h1>([^<]*)</h1>`).FindStringSubmatch(page)
	if m == nil {
		return ""
	}
	return plain(m[1])
}

// follow gets the page that an answer leads to.
func (s *site) follow(answer *http.Response) string {
	s.t.Helper()
	to := location(s.t, answer)
	if !strings.HasPrefix(to.String(), s.origin) {
		s.t.Fatalf("led to %s", to)
	}
	_, page := s.do(s.http, http.MethodGet, to.String(), nil, "")
	return page
}

// A person signs up, confirms with the code from the outbox, and lands at the callback.
func TestSignUpByPages(t *testing.T) {
	r := start(t, nil)
	s := newSite(t, r, nil)
	_, page := s.get("/signup", s.query())
	for _, want := range []string{`name="signupform"`, `name="username"`, `name="requiredAttributes[given_name]"`, `name="requiredAttributes[family_name]"`,
		`name="signUpButton"`, "checkPassword-symbols", "Sign up with a new account", "Already have an account?"} {
		if !strings.Contains(page, want) {
			t.Errorf("page lacks %s", want)
		}
	}
	fields := []string{"username", jane, "requiredAttributes[given_name]", "Jane", "requiredAttributes[family_name]", "<b>Doe", "password", "weak"}
	_, refused := s.submit(page, fields...)
	if m := alert.FindStringSubmatch(refused); m == nil || !strings.Contains(m[1], "Password did not conform with policy") {
		t.Fatalf("weak password: %v in %s", m, refused)
	}
	if !strings.Contains(refused, `value="Jane"`) || strings.Contains(refused, "<b>Doe") {
		t.Error("what was typed is lost, or not escaped")
	}
	answer, _ := s.submit(page, append(fields, "password", secretWord)...)
	page = s.follow(answer)
	if heading(page) != "Confirm your account" || !strings.Contains(page, "j***@e***") || strings.Contains(location(t, answer).String(), "jane") {
		t.Fatalf("after sign-up: %s", page)
	}
	_, wrong := s.submit(page, "code", "000000")
	if m := alert.FindStringSubmatch(wrong); m == nil || m[1] != "Invalid verification code provided, please try again." {
		t.Errorf("wrong code: %v", m)
	}
	first := r.mail(jane)
	resend := regexp.MustCompile(`(?s)<form class="foot" name="resendcodeform".*</form>`).FindString(page)
	answer, _ = s.submit(strings.ReplaceAll(resend, `<form class="foot"`, `<form `))
	page = s.follow(answer)
	second := r.mail(jane)
	if second.ID == first.ID || !strings.Contains(page, "A new code was sent") {
		t.Errorf("resend: %s", heading(page))
	}
	answer, page = s.submit(page, "code", second.Code)
	if answer.StatusCode != http.StatusFound {
		t.Fatalf("confirmation: %s %v", heading(page), alert.FindStringSubmatch(page))
	}
	back := location(t, answer)
	status, out := s.exchange(back.Query().Get("code"))
	if status != http.StatusOK {
		t.Fatalf("%s: %d %v", back, status, out)
	}
	_, id := claims(t, out["id_token"])
	if id["email_verified"] != true || id["email"] != jane {
		t.Errorf("ID token %v", id)
	}
	// The same address again.
	_, page = s.get("/signup", s.query())
	_, page = s.submit(page, append(fields, "password", secretWord)...)
	if m := alert.FindStringSubmatch(page); m == nil || !strings.Contains(m[1], "exist") {
		t.Errorf("again: %v", m)
	}
}

// Another browser that knows the code confirms the account, and signs in with the password.
func TestConfirmationElsewhere(t *testing.T) {
	r := start(t, nil)
	s := newSite(t, r, nil)
	_, page := s.get("/signup", s.query())
	answer, _ := s.submit(page, "username", jane, "requiredAttributes[given_name]", "J", "requiredAttributes[family_name]", "D", "password", secretWord)
	location(t, answer)
	s.http = r.browser(newJar(t))
	_, page = s.get("/login", s.query())
	answer, _ = s.submit(page, "username", jane, "password", secretWord)
	page = s.follow(answer)
	if heading(page) != "Confirm your account" {
		t.Fatal(heading(page))
	}
	answer, page = s.submit(page, "code", r.mail(jane).Code)
	if answer.StatusCode != http.StatusOK || heading(page) != "Sign in" || !strings.Contains(page, "Your account is confirmed") {
		t.Fatalf("%d %s", answer.StatusCode, heading(page))
	}
	answer, _ = s.submit(page, "username", jane, "password", secretWord)
	if to := location(t, answer); to.Query().Get("code") == "" {
		t.Errorf("signed in: %s", to)
	}
}

func TestForgottenPassword(t *testing.T) {
	r := start(t, func(o *idp.Options) { o.FixedCode = "424242" })
	s := newSite(t, r, nil)
	s.person()
	_, page := s.get("/forgotPassword", s.query())
	if !strings.Contains(page, `name="forgotpasswordform"`) || !strings.Contains(page, `name="reset_my_password"`) {
		t.Errorf("page %s", page)
	}
	answer, _ := s.submit(page, "username", "nobody@example.com")
	nobody := s.follow(answer)
	answer, _ = s.submit(page, "username", jane)
	page = s.follow(answer)
	if heading(page) != heading(nobody) || heading(page) != "Change your password" {
		t.Errorf("told apart: %s, %s", heading(page), heading(nobody))
	}
	for _, want := range []string{`name="confirmforgotpasswordform"`, `id="forgot_password_code"`, `id="new_password"`, `id="confirm_password"`, `name="deliveryMedium"`} {
		if !strings.Contains(page, want) {
			t.Errorf("page lacks %s", want)
		}
	}
	_, again := s.submit(page, "code", "424242", "new_password", "N3w!passw0rd", "confirm_password", "other")
	if m := alert.FindStringSubmatch(again); m == nil || m[1] != "The passwords do not match." {
		t.Errorf("other password: %v", m)
	}
	_, again = s.submit(page, "code", "000000", "new_password", "N3w!passw0rd", "confirm_password", "N3w!passw0rd")
	if m := alert.FindStringSubmatch(again); m == nil || m[1] != "Invalid verification code provided, please try again." {
		t.Errorf("wrong code: %v", m)
	}
	answer, page = s.submit(page, "code", "424242", "new_password", "N3w!passw0rd", "confirm_password", "N3w!passw0rd")
	if answer.StatusCode != http.StatusFound {
		t.Fatalf("%v", alert.FindStringSubmatch(page))
	}
	page = s.follow(answer)
	if !strings.Contains(page, "Your password was changed") {
		t.Error("nothing is told")
	}
	_, page2 := s.submit(page, "username", jane, "password", secretWord)
	if alert.FindStringSubmatch(page2) == nil {
		t.Error("the old password is still good")
	}
	answer, _ = s.submit(page, "username", jane, "password", "N3w!passw0rd")
	location(t, answer)
}

// An invited user chooses a password and gives what is missing; a pool that wants it has them set up an authenticator app; the next sign-in
// asks for its code.
func TestNewPasswordAndAuthenticator(t *testing.T) {
	r := start(t, nil)
	s := newSite(t, r, nil)
	r.aws("SetUserPoolMfaConfig", doc{"UserPoolId": s.pool, "MfaConfiguration": "ON", "SoftwareTokenMfaConfiguration": doc{"Enabled": true}})
	r.aws("AdminCreateUser", doc{"UserPoolId": s.pool, "Username": jane, "TemporaryPassword": "Temp0rary!", "UserAttributes": []doc{{"Name": "email_verified", "Value": "true"}}})
	_, page := s.get("/login", s.query())
	_, page = s.submit(page, "username", jane, "password", "Temp0rary!")
	if heading(page) != "Change Password" || !strings.Contains(page, `name="requiredAttributes[given_name]"`) || strings.Contains(page, "requiredAttributes[email]") {
		t.Fatalf("%s %v", page, alert.FindStringSubmatch(page))
	}
	fields := []string{"requiredAttributes[given_name]", "Jane", "requiredAttributes[family_name]", "Doe", "confirm_password", secretWord}
	_, page = s.submit(page, append(fields, "new_password", "Other!123")...)
	if m := alert.FindStringSubmatch(page); m == nil || m[1] != "The passwords do not match." {
		t.Fatalf("other password: %v", m)
	}
	_, page = s.submit(page, append(fields, "new_password", "weak", "confirm_password", "weak")...)
	if m := alert.FindStringSubmatch(page); m == nil || !strings.Contains(m[1], "Password did not conform with policy") || !strings.Contains(page, `value="Jane"`) {
		t.Fatalf("weak password: %v", m)
	}
	_, page = s.submit(page, append(fields, "new_password", secretWord)...)
	if heading(page) != "Set up an authenticator app" || !strings.Contains(page, "<svg") {
		t.Fatalf("%s %v", heading(page), alert.FindStringSubmatch(page))
	}
	secret := regexp.MustCompile(`id="secret_code">([A-Z2-7]+)<`).FindStringSubmatch(page)[1]
	_, wrong := s.submit(page, "software_token_mfa_code", "000000")
	if alert.FindStringSubmatch(wrong) == nil || !strings.Contains(wrong, secret) {
		t.Errorf("wrong code: %s", heading(wrong))
	}
	now := time.Now()
	answer, done := s.submit(wrong, "software_token_mfa_code", code6(t, secret, now), "device_name", "phone")
	if answer.StatusCode != http.StatusFound {
		t.Fatalf("%s %v", heading(done), alert.FindStringSubmatch(done))
	}
	if status, out := s.exchange(location(t, answer).Query().Get("code")); status != http.StatusOK {
		t.Fatalf("%d %v", status, out)
	}
	s.http = r.browser(newJar(t))
	_, page = s.get("/login", s.query())
	_, page = s.submit(page, "username", jane, "password", secretWord)
	if heading(page) != "Enter your code" {
		t.Fatalf("%s %v", heading(page), alert.FindStringSubmatch(page))
	}
	_, page = s.submit(page, "authentication_code", "000000")
	if heading(page) != "Enter your code" || alert.FindStringSubmatch(page) == nil {
		t.Fatalf("wrong code: %s", heading(page))
	}
	answer, page = s.submit(page, "authentication_code", code6(t, secret, now.Add(30*time.Second)))
	if answer.StatusCode != http.StatusFound {
		t.Fatalf("%s %v", heading(page), alert.FindStringSubmatch(page))
	}
	// A session that was used, or is made up, leads to the beginning.
	_, page = s.get("/login", s.query())
	answer, page = s.submit(strings.Replace(page, "/login?", "/mfa?", 1), "challenge", "SOFTWARE_TOKEN_MFA", "session", strings.Repeat("x", 30), "username", jane)
	if answer.StatusCode != http.StatusOK || heading(page) != "Sign in" || alert.FindStringSubmatch(page) == nil {
		t.Errorf("made-up session: %d %s", answer.StatusCode, heading(page))
	}
}

// Where a pool lets users choose, the name comes first; a code by mail is enough.
func TestChoice(t *testing.T) {
	r := start(t, nil)
	s := newSite(t, r, nil)
	s.person()
	r.aws("UpdateUserPool", doc{"UserPoolId": s.pool, "AutoVerifiedAttributes": []string{"email"}, "Policies": doc{"SignInPolicy": doc{"AllowedFirstAuthFactors": []string{"PASSWORD", "EMAIL_OTP"}}}})
	_, page := s.get("/login", s.query())
	if strings.Contains(page, `name="password"`) {
		t.Error("the password is asked at once")
	}
	_, page = s.submit(page, "username", jane)
	if heading(page) != "Choose how to sign in" || !strings.Contains(page, `id="choose-EMAIL_OTP"`) {
		t.Fatalf("%s %v", page, alert.FindStringSubmatch(page))
	}
	forms := regexp.MustCompile(`(?s)<form .*?</form>`).FindAllString(page, -1)
	_, page = s.submit(forms[1])
	if heading(page) != "Enter your code" || !strings.Contains(page, "j***@e***") {
		t.Fatalf("%s %v", heading(page), alert.FindStringSubmatch(page))
	}
	answer, page := s.submit(page, "authentication_code", r.mail(jane).Code)
	if answer.StatusCode != http.StatusFound {
		t.Fatalf("%s %v", heading(page), alert.FindStringSubmatch(page))
	}
	// A script that sends name and password is served as ever.
	s.http = r.browser(newJar(t))
	_, page = s.get("/login", s.query())
	answer, _ = s.submit(page, "username", jane, "password", secretWord)
	location(t, answer)
}
