// Package message composes the mails and text messages that users get: codes, links, invitations. Its main type is Service. It fills the
// pool's templates or its own, asks the CustomMessage trigger for other words, and masks addresses for answers of the API. Messages lie in
// the outbox of the store; whoever sends them on reads them there, or is told by Options.Sent.
package message

import (
	"context"
	"crypto/rand"
	"fmt"
	"math/big"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/gibbon-gateway/gibbon/internal/idp/pool"
	"github.com/gibbon-gateway/gibbon/internal/idp/store"
	"github.com/gibbon-gateway/gibbon/internal/idp/trigger"
	"github.com/gibbon-gateway/gibbon/internal/idp/user"
	"github.com/gibbon-gateway/gibbon/internal/idp/wire"
)

// The kinds of messages, as triggers name them behind CustomMessage_.
const (
	SignUp          = "SignUp"
	ResendCode      = "ResendCode"
	ForgotPassword  = "ForgotPassword"
	UpdateAttribute = "UpdateUserAttribute"
	VerifyAttribute = "VerifyUserAttribute"
	Authentication  = "Authentication"
	Invitation      = "AdminCreateUser"
)

// Options are what a Service needs.
type Options struct {
	Triggers  *trigger.Caller
	Now       func() time.Time
	FixedCode string                  // "" for random codes
	PageURL   func(*pool.Pool) string // base of the pool's pages, for links; nil for none
	Sent      func(store.Message)     // told of each message after it is stored; may be nil, must not block
}

// Service composes messages. Make one with New.
type Service struct{ Options }

// New returns a Service.
func New(o Options) *Service { return &Service{o} }

// Code returns a fresh one-time code of so many digits.
func (s *Service) Code(digits int) string {
	if s.FixedCode != "" {
		return s.FixedCode
	}
	n, err := rand.Int(rand.Reader, new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(digits)), nil))
	if err != nil {
		panic(err) // the system has no randomness
	}
	return fmt.Sprintf("%0*d", digits, n)
}

// Draft is what a message is to say.
type Draft struct {
	Pool     *pool.Pool
	ClientID string // "" for administrators' calls
	User     *user.User
	Kind     string
	Medium   string // SMS or EMAIL
	To       string
	Code     string // or temporary password
	Metadata map[string]string
}

// Compose makes the message. It may ask a trigger: call it before a transaction, and store its result in one.
func (s *Service) Compose(ctx context.Context, d Draft) (store.Message, error) {
	subject, body := texts(d)
	if arn := d.Pool.LambdaConfig.CustomMessage; arn != "" {
		var err error
		if subject, body, err = s.custom(ctx, d, arn, subject, body); err != nil {
			return store.Message{}, err
		}
	}
	subject, body = s.fill(d, subject), s.fill(d, body)
	if d.Medium == "SMS" {
		subject = ""
	}
	id, err := uuid.NewV7()
	return store.Message{ID: id.String(), PoolID: d.Pool.ID, UserID: d.User.ID, Username: d.User.Username, Medium: d.Medium, To: d.To,
		Subject: subject, Body: body, Code: d.Code, Kind: d.Kind, Created: s.Now()}, err
}

// Announce tells that messages were stored.
func (s *Service) Announce(list ...store.Message) {
	for _, m := range list {
		if s.Sent != nil && m.ID != "" {
			s.Sent(m)
		}
	}
}

const (
	code = "{####}"
	name = "{username}"
)

// texts returns the template of a message.
func texts(d Draft) (subject, body string) {
	p := d.Pool
	t := p.VerificationMessageTemplate
	if t == nil {
		t = &wire.VerificationMessageTemplate{}
	}
	switch {
	case d.Kind == Invitation:
		invitation := &wire.MessageTemplate{}
		if p.AdminCreateUserConfig != nil && p.AdminCreateUserConfig.InviteMessageTemplate != nil {
			invitation = p.AdminCreateUserConfig.InviteMessageTemplate
		}
		usual := "Your username is " + name + " and temporary password is " + code + "."
		if d.Medium == "SMS" {
			return "", or(invitation.SMSMessage, usual)
		}
		return or(invitation.EmailSubject, "Your temporary password"), or(invitation.EmailMessage, usual)
	case d.Kind == Authentication && d.Medium == "SMS":
		return "", or(p.SmsAuthenticationMessage, "Your authentication code is "+code+".")
	case d.Kind == Authentication:
		mail := &wire.EmailMfaConfig{}
		if p.MFA.Email != nil {
			mail = p.MFA.Email
		}
		return or(mail.Subject, "Your sign-in code"), or(mail.Message, "Your sign-in code is "+code+".")
	case d.Medium == "SMS":
		return "", or(t.SmsMessage, "Your verification code is "+code+".")
	case linked(d):
		return or(t.EmailSubjectByLink, "Your verification link"),
			or(t.EmailMessageByLink, "Please click the link below to verify your email address. {##Verify Email##}")
	}
	return or(t.EmailSubject, "Your verification code"), or(t.EmailMessage, "Your verification code is "+code+".")
}

// linked says whether the mail carries a link in place of a code.
func linked(d Draft) bool {
	t := d.Pool.VerificationMessageTemplate
	return d.Medium == "EMAIL" && (d.Kind == SignUp || d.Kind == ResendCode) && t != nil && t.DefaultEmailOption == "CONFIRM_WITH_LINK"
}

var linkForm = regexp.MustCompile(`\{##([^#{}]+)##\}`)

// fill puts code and name into a template.
func (s *Service) fill(d Draft, text string) string {
	shown := d.User.Username
	for _, attribute := range d.Pool.UsernameAttributes {
		if v := d.User.Attr[attribute]; v != "" {
			shown = v // nobody knows their sub
			break
		}
	}
	if s.PageURL != nil {
		link := s.PageURL(d.Pool) + "/confirmUser?" + url.Values{"client_id": {d.ClientID}, "user_name": {d.User.Username},
			"confirmation_code": {d.Code}}.Encode()
		text = linkForm.ReplaceAllStringFunc(text, func(m string) string {
			return `<a href="` + strings.ReplaceAll(link, "&", "&amp;") + `">` + linkForm.FindStringSubmatch(m)[1] + `</a>`
		})
	}
	return strings.NewReplacer(code, d.Code, name, shown).Replace(text)
}

// custom asks the trigger for other words.
func (s *Service) custom(ctx context.Context, d Draft, arn, subject, body string) (string, string, error) {
	var response struct {
		SMS     string `json:"smsMessage,omitempty"`
		Mail    string `json:"emailMessage,omitempty"`
		Subject string `json:"emailSubject,omitempty"`
	}
	request := map[string]any{"userAttributes": Attributes(d.User), "codeParameter": code, "clientMetadata": d.Metadata}
	if d.Kind == Invitation {
		request["usernameParameter"] = name
	}
	if linked(d) {
		request["linkParameter"] = "{##Click Here##}"
	}
	err := s.Triggers.Call(ctx, "CustomMessage", arn, trigger.Event{TriggerSource: "CustomMessage_" + d.Kind, Region: d.Pool.Region,
		UserPoolID: d.Pool.ID, UserName: d.User.Username, CallerContext: trigger.Context{ClientID: d.ClientID}, Request: request}, &response)
	if err != nil {
		return "", "", err
	}
	if d.Medium == "SMS" {
		return "", or(response.SMS, body), nil
	}
	return or(response.Subject, subject), or(response.Mail, body), nil
}

// Attributes are those of a user as triggers see them.
func Attributes(u *user.User) map[string]string {
	all := map[string]string{"cognito:user_status": u.Status}
	for _, a := range u.Shown(nil) {
		all[a.Name] = a.Value
	}
	return all
}

// Details say where a code went, without giving the address away.
func Details(medium, to, attribute string) *wire.CodeDeliveryDetails {
	return &wire.CodeDeliveryDetails{Destination: Mask(medium, to), DeliveryMedium: medium, AttributeName: attribute}
}

// Mask hides most of an address or number: f***@e***, +*******5555.
func Mask(medium, to string) string {
	if medium == "SMS" {
		digits := strings.TrimPrefix(to, "+")
		keep := min(4, len(digits))
		return "+" + strings.Repeat("*", len(digits)-keep) + digits[len(digits)-keep:]
	}
	local, host, ok := strings.Cut(to, "@")
	if !ok {
		return first(local) + "***@" + first(local) + "***"
	}
	return first(local) + "***@" + first(host) + "***"
}

func first(s string) string {
	for _, r := range s {
		return string(r)
	}
	return ""
}

func or(s, otherwise string) string {
	if s != "" {
		return s
	}
	return otherwise
}
