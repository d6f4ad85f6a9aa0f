package idp_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
)

// raw posts a body that the SDK would not send, and returns status and exception.
func (p *provider) raw(operation string, body []byte) (status int, kind, text string) {
	p.t.Helper()
	r, err := http.NewRequest(http.MethodPost, p.origin, bytes.NewReader(body))
	if err != nil {
		p.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-amz-json-1.1")
	r.Header.Set("X-Amz-Target", "AWSCognitoIdentityProviderService."+operation)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		p.t.Fatal(err)
	}
	defer answer.Body.Close()
	all, err := io.ReadAll(answer.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	var e struct {
		Type    string `json:"__type"`
		Message string `json:"message"`
	}
	if answer.StatusCode != http.StatusOK {
		if err := json.Unmarshal(all, &e); err != nil {
			p.t.Fatalf("%s: %d %q", operation, answer.StatusCode, all)
		}
	}
	return answer.StatusCode, e.Type, e.Message
}

// Attributes that are too long, too many, unknown, not UTF-8, or full of what other programs would run, are refused or kept as they are.
func TestStrangeAttributes(t *testing.T) {
	p := start(t, nil)
	ctx := t.Context()
	a := p.newApp(nil, nil)
	put := func(name, attribute, value string) error {
		_, err := a.SignUp(ctx, &cip.SignUpInput{ClientId: &a.client, Username: &name, Password: aws.String(good),
			UserAttributes: []types.AttributeType{{Name: &attribute, Value: &value}}})
		return err
	}
	for name, c := range map[string]struct{ attribute, value string }{
		"longer than any":  {"given_name", strings.Repeat("x", 2049)},
		"a megabyte":       {"given_name", strings.Repeat("x", 1<<20)},
		"longer in runes":  {"given_name", strings.Repeat("ä", 2049)},
		"unknown":          {"nonsense", "x"},
		"unknown custom":   {"custom:nonsense", "x"},
		"own sub":          {"sub", "11111111-2222-7033-8444-555555555555"},
		"identities":       {"identities", "[]"},
		"long name":        {strings.Repeat("n", 33), "x"},
		"verified by self": {"email_verified", "true"},
		"bad birthdate":    {"birthdate", "31.12.1999"},
		"bad phone":        {"phone_number", "0123"},
		"other's email":    {"email", "not-an-address"},
	} {
		if err := put("strange@example.com", c.attribute, c.value); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
	for i, value := range []string{strings.Repeat("x", 2048), strings.Repeat("ä", 2048), `<script>alert(1)</script>`, `'; DROP TABLE idp_users; --`, "line\nbreak\ttab",
		"\u202eright to left", "\x00nul",
		`{"$gt":""}`, `${jndi:ldap://x}`, "%s%n%00", "👩‍👩‍👧", "\ufeffbom", "\\u0041"} {
		name := string(rune('a'+i)) + "@example.com"
		err := put(name, "given_name", value)
		if strings.Contains(value, "\x00") {
			if err != nil {
				refused(t, err, "InvalidParameterException", "")
				continue
			}
		} else if err != nil {
			t.Errorf("%.20q: %v", value, err)
			continue
		}
		out, err := a.AdminGetUser(ctx, &cip.AdminGetUserInput{UserPoolId: &a.pool, Username: &name})
		if err != nil {
			t.Errorf("%.20q: %v", value, err)
			continue
		}
		got := ""
		for _, attribute := range out.UserAttributes {
			if *attribute.Name == "given_name" {
				got = *attribute.Value
			}
		}
		if got != value {
			t.Errorf("%.20q came back as %.20q", value, got)
		}
	}

	body := func(given string) []byte {
		return []byte(`{"ClientId":"` + a.client + `","Username":"x@example.com","Password":"` + good + `","UserAttributes":[{"Name":"given_name","Value":"` + given + `"}]}`)
	}
	for name, text := range map[string][]byte{
		"cut rune": body("a\xc3"), "no UTF-8": body("\xff\xfe"), "overlong": body("\xc0\xaf"), "raw control": body("a\x01b"), "not closed": []byte(`{"ClientId":"`),
		"a list": []byte(`[1]`), "a number": []byte(`1`), "nothing": nil, "deep": []byte(strings.Repeat(`{"a":`, 20000) + "1" + strings.Repeat("}", 20000)),
		"two": append(body("x"), body("y")...), "a text as list": []byte(`{"ClientId":"x","UserAttributes":"x"}`),
	} {
		status, kind, message := p.raw("SignUp", text)
		if status != http.StatusBadRequest || kind != "SerializationException" && kind != "InvalidParameterException" {
			t.Errorf("%s: %d %s: %s", name, status, kind, message)
		}
	}
	// Half a surrogate pair is not a character; JSON parsers make it U+FFFD or refuse it, and either way what comes out is UTF-8.
	if status, kind, message := p.raw("SignUp", body(`\ud800`)); status != http.StatusOK && status != http.StatusBadRequest {
		t.Errorf("half a pair: %d %s: %s", status, kind, message)
	}
	var many strings.Builder
	for i := range 60 {
		if i > 0 {
			many.WriteByte(',')
		}
		many.WriteString(`{"Name":"given_name","Value":"x"}`)
	}
	status, kind, message := p.raw("SignUp", []byte(`{"ClientId":"`+a.client+`","Username":"many@example.com","Password":"`+good+`","UserAttributes":[`+many.String()+`]}`))
	if status >= 500 {
		t.Errorf("one attribute many times: %d %s: %s", status, kind, message)
	}
}

// Names that people or attackers choose, in pools with usernames of their own: what is taken is found again under exactly that name.
func TestStrangeNames(t *testing.T) {
	p := start(t, nil)
	ctx := t.Context()
	a := p.newApp(func(in *cip.CreateUserPoolInput) { in.UsernameAttributes, in.AutoVerifiedAttributes = nil, nil }, nil)
	for _, name := range []string{`'; DROP TABLE idp_users; --`, "josé", "JOSÉ", "%", "_", `a"b`, `a\b`, "../../etc/passwd", "Ω≈ç",
		"1", "-1", "null", "a'b", strings.Repeat("n", 128)} {
		if _, err := a.SignUp(ctx, &cip.SignUpInput{ClientId: &a.client, Username: &name, Password: aws.String(good)}); err != nil {
			if text(err) == "" || strings.HasPrefix(text(err), "InternalError") {
				t.Errorf("%q: %v", name, err)
			}
			if !strings.HasPrefix(text(err), "InvalidParameterException: 1 validation error") && !strings.HasPrefix(text(err), "UsernameExists") {
				t.Errorf("%q: %v", name, err)
			}
			continue
		}
		out, err := a.AdminGetUser(ctx, &cip.AdminGetUserInput{UserPoolId: &a.pool, Username: &name})
		if err != nil {
			t.Errorf("%q is not found again: %v", name, err)
		} else if !strings.EqualFold(*out.Username, name) {
			t.Errorf("%q is found as %q", name, *out.Username)
		}
	}
	for name, bad := range map[string]string{"space": "a b", "too long": strings.Repeat("n", 129), "line": "a\nb", "nul": "a\x00b", "empty": ""} {
		_, err := a.SignUp(ctx, &cip.SignUpInput{ClientId: &a.client, Username: &bad, Password: aws.String(good)})
		if err == nil {
			t.Errorf("%s was taken", name)
			continue
		}
		refused(t, err, "InvalidParameterException", "")
	}
}
