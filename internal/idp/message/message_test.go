package message_test

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/gibbon-gateway/gibbon/internal/idp/message"
	"github.com/gibbon-gateway/gibbon/internal/idp/pool"
	"github.com/gibbon-gateway/gibbon/internal/idp/user"
	"github.com/gibbon-gateway/gibbon/internal/idp/wire"
)

func TestMask(t *testing.T) {
	for _, c := range [][3]string{{"EMAIL", "jane@example.com", "j***@e***"}, {"EMAIL", "é@ü.de", "é***@ü***"}, {"EMAIL", "nobody", "n***@n***"},
		{"SMS", "+15555555555", "+*******5555"}, {"SMS", "+12", "+12"}, {"EMAIL", "", "***@***"}} {
		if got := message.Mask(c[0], c[1]); got != c[2] {
			t.Errorf("%s: %s, want %s", c[1], got, c[2])
		}
	}
}

func TestCodes(t *testing.T) {
	s := message.New(message.Options{Now: time.Now})
	for _, n := range []int{6, 8} {
		if c := s.Code(n); len(c) != n || !regexp.MustCompile(`^[0-9]+$`).MatchString(c) {
			t.Errorf("%q", c)
		}
	}
	if c := message.New(message.Options{FixedCode: "123456"}).Code(8); c != "123456" {
		t.Error(c)
	}
}

func TestLink(t *testing.T) {
	p := &pool.Pool{UserPool: wire.UserPool{LambdaConfig: &wire.LambdaConfig{}, VerificationMessageTemplate: &wire.VerificationMessageTemplate{
		DefaultEmailOption: "CONFIRM_WITH_LINK", EmailMessageByLink: "Click {##here##}!", EmailSubjectByLink: "Link"}}}
	s := message.New(message.Options{Now: time.Now, PageURL: func(*pool.Pool) string { return "https://pages.example" }})
	u := &user.User{Attr: map[string]string{"email": "a@b.example"}}
	u.Username = "jane&co"
	m, err := s.Compose(t.Context(), message.Draft{Pool: p, ClientID: "app", User: u, Kind: message.SignUp, Medium: "EMAIL", To: "a@b.example", Code: "123456"})
	want := `Click <a href="https://pages.example/confirmUser?client_id=app&amp;confirmation_code=123456&amp;user_name=jane%26co">here</a>!`
	if err != nil || m.Body != want || m.Subject != "Link" {
		t.Errorf("%v %+v", err, m)
	}
	m, err = s.Compose(t.Context(), message.Draft{Pool: p, User: u, Kind: message.ForgotPassword, Medium: "EMAIL", To: "a@b.example", Code: "123456"})
	if err != nil || !strings.Contains(m.Body, "123456") || strings.Contains(m.Body, "<a") {
		t.Errorf("%v %+v", err, m)
	}
}
