package api_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"

	"github.com/gibbon-gateway/gibbon/internal/idp/api"
	"github.com/gibbon-gateway/gibbon/internal/idp/idptest"
	"github.com/gibbon-gateway/gibbon/internal/idp/wire"
)

type M = idptest.M

// everything lists the operations of the service, as of November 2026.
const everything = `AddCustomAttributes AddUserPoolClientSecret AdminAddUserToGroup AdminConfirmSignUp AdminCreateUser AdminDeleteSoftwareToken
AdminDeleteUser AdminDeleteUserAttributes AdminDisableProviderForUser AdminDisableUser AdminEnableUser AdminForgetDevice AdminGetDevice AdminGetUser
AdminGetUserAuthFactors AdminInitiateAuth AdminLinkProviderForUser AdminListDevices AdminListGroupsForUser AdminListUserAuthEvents AdminListUserSessions
AdminRemoveUserFromGroup AdminResetUserPassword AdminRespondToAuthChallenge AdminRevokeUserSession AdminSetUserMFAPreference AdminSetUserPassword
AdminSetUserSettings AdminUpdateAuthEventFeedback AdminUpdateDeviceStatus AdminUpdateUserAttributes AdminUserGlobalSignOut AssociateSoftwareToken ChangePassword
CompleteWebAuthnRegistration ConfirmDevice ConfirmForgotPassword ConfirmSignUp CreateGroup CreateIdentityProvider CreateManagedLoginBranding CreateResourceServer
CreateTerms CreateUserImportJob CreateUserPool CreateUserPoolClient CreateUserPoolDomain CreateUserPoolReplica DeleteGroup DeleteIdentityProvider
DeleteManagedLoginBranding DeleteResourceServer DeleteTerms DeleteUser DeleteUserAttributes DeleteUserPool DeleteUserPoolClient DeleteUserPoolClientSecret
DeleteUserPoolDomain DeleteUserPoolReplica DeleteWebAuthnCredential DescribeIdentityProvider DescribeManagedLoginBranding DescribeManagedLoginBrandingByClient
DescribeResourceServer DescribeRiskConfiguration DescribeTerms DescribeTermsByClient DescribeUserImportJob DescribeUserPool DescribeUserPoolClient
DescribeUserPoolDomain ForgetDevice ForgotPassword GetCSVHeader GetClientToken GetDevice GetGroup GetIdentityProviderByIdentifier GetLogDeliveryConfiguration
GetProvisionedLimit GetSigningCertificate GetTokensFromRefreshToken GetUICustomization GetUser GetUserAttributeVerificationCode GetUserAuthFactors
GetUserPoolClientSessionConfiguration GetUserPoolMfaConfig GetUserPoolSessionConfiguration GlobalSignOut InitiateAuth ListDevices ListGroups
ListIdentityProviders ListResourceServers ListTagsForResource ListTerms ListUserImportJobs ListUserPoolClientSecrets ListUserPoolClients ListUserPoolReplicas
ListUserPools ListUserSessions ListUsers ListUsersInGroup ListWebAuthnCredentials ResendConfirmationCode RespondToAuthChallenge RevokeToken RevokeUserSession
SetLogDeliveryConfiguration SetRiskConfiguration SetUICustomization SetUserMFAPreference SetUserPoolClientSessionConfiguration SetUserPoolMfaConfig
SetUserPoolSessionConfiguration SetUserSettings SignUp StartUserImportJob StartWebAuthnRegistration StopUserImportJob TagResource UntagResource
UpdateAuthEventFeedback UpdateDeviceStatus UpdateGroup UpdateIdentityProvider UpdateManagedLoginBranding UpdateProvisionedLimit UpdateResourceServer UpdateTerms
UpdateUserAttributes UpdateUserPool UpdateUserPoolClient UpdateUserPoolDomain UpdateUserPoolReplica VerifySoftwareToken VerifyUserAttribute
AddUserPoolClientSecret`

// TestEveryOperation: all are served, and each refuses inputs that break one bound, as its tags say, naming value and rule.
func TestEveryOperation(t *testing.T) {
	s := idptest.New(t, "")
	var served []string
	broken := 0
	for _, o := range s.Handler.Operations() {
		served = append(served, o.Name)
		for _, c := range violations(o.Input()) {
			broken++
			f := s.Post(t, o.Name, c.in, nil)
			switch {
			case f == nil:
				t.Errorf("%s took %v, which breaks %s", o.Name, c.in, c.rule)
			case f.Type != "InvalidParameterException" || !strings.Contains(f.Message, c.rule) || !strings.Contains(f.Message, "at '"+c.path+"'"):
				t.Errorf("%s with %s wrong: %s: %s\nwant %s", o.Name, c.path, f.Type, f.Message, c.rule)
			}
		}
	}
	want := strings.Fields(everything)
	slices.Sort(want)
	if d := cmp.Diff(slices.Compact(want), served); d != "" {
		t.Error(d)
	}
	if len(served) != 140 || broken < 400 {
		t.Errorf("%d operations, %d bounds broken", len(served), broken)
	}
}

// violation is an input with one fault.
type violation struct {
	in         M
	path, rule string
}

// violations makes inputs that break one bound each: required members left out, texts too short, too long, of the wrong form, numbers out of
// range, words that are none of the list. Members without own bounds and nested ones are left as they may be.
func violations(t reflect.Type) (list []violation) {
	whole := M{}
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		if strings.Contains(t.Field(i).Tag.Get("is"), "required") {
			whole[name] = sample(t.Field(i))
		}
	}
	with := func(name string, v any) M {
		in := M{}
		for k, old := range whole {
			in[k] = old
		}
		if in[name] = v; v == nil {
			delete(in, name)
		}
		return in
	}
	for i := range t.NumField() {
		f := t.Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		path := strings.ToLower(name[:1]) + name[1:]
		add := func(v any, rule string) { list = append(list, violation{with(name, v), path, rule}) }
		if strings.Contains(f.Tag.Get("is"), "required") {
			add(nil, "Member must not be null")
		}
		c := constraint(f)
		if c == nil {
			continue
		}
		switch kind := f.Type.Kind(); {
		case kind == reflect.String:
			texts(c, add)
		case c.Number:
			if c.Min != nil {
				add(*c.Min-1, fmt.Sprintf("Member must have value greater than or equal to %d", *c.Min))
			}
			if c.Max != nil {
				add(*c.Max+1, fmt.Sprintf("Member must have value less than or equal to %d", *c.Max))
			}
		case kind == reflect.Slice && f.Type.Elem().Kind() == reflect.String:
			if c.Max != nil {
				add(slices.Repeat([]string{"x"}, *c.Max+1), fmt.Sprintf("Member must have length less than or equal to %d", *c.Max))
			}
			if each := wire.Find(c.Each); each != nil {
				texts(each, func(v any, rule string) { add([]any{v}, "Member must satisfy constraint: ["+rule) })
			}
		}
	}
	return list
}

// texts breaks each bound of a text once.
func texts(c *wire.Constraint, add func(v any, rule string)) {
	if len(c.Enum) > 0 {
		add("no such word", "Member must satisfy enum value set: ["+strings.Join(c.Enum, ", ")+"]")
	}
	if c.Min != nil && *c.Min > 1 {
		add("x", fmt.Sprintf("Member must have length greater than or equal to %d", *c.Min))
	}
	if c.Max != nil && *c.Max <= 3000 {
		add(strings.Repeat("x", *c.Max+1), fmt.Sprintf("Member must have length less than or equal to %d", *c.Max))
	}
	if c.Pattern == "" {
		return
	}
	for _, odd := range []string{"white space", "\x01", "a\u2028b", "", "é:/"} {
		if !c.Matches(odd) {
			if odd != "" || c.Min == nil {
				add(odd, "Member must satisfy regular expression pattern: "+c.Pattern)
			}
			return
		}
	}
}

func constraint(f reflect.StructField) *wire.Constraint {
	for _, word := range strings.Split(f.Tag.Get("is"), ",") {
		if word != "required" && word != "" {
			return wire.Find(word)
		}
	}
	return nil
}

// sample is a value that keeps a member's bounds.
func sample(f reflect.StructField) any {
	typ := f.Type
	if typ.Kind() == reflect.Pointer {
		typ = typ.Elem()
	}
	c := constraint(f)
	switch typ.Kind() {
	case reflect.Int, reflect.Int64:
		if c != nil && c.Min != nil {
			return *c.Min
		}
		return 1
	case reflect.Bool:
		return true
	case reflect.Struct:
		in := M{}
		for i := range typ.NumField() {
			if strings.Contains(typ.Field(i).Tag.Get("is"), "required") {
				name, _, _ := strings.Cut(typ.Field(i).Tag.Get("json"), ",")
				in[name] = sample(typ.Field(i))
			}
		}
		return in
	case reflect.Slice:
		if typ.Elem().Kind() == reflect.Uint8 {
			return M{}
		}
		return []any{}
	case reflect.Map:
		return M{}
	}
	if c == nil {
		return "x"
	}
	if len(c.Enum) > 0 {
		return c.Enum[0]
	}
	for _, s := range []string{"us-east-1_AbCdEfGhI", "abcdefghijklmnopqrstuvwxyz", "123456", "import-1", "terms-of-use", "arn:aws:iam::123456789012:role/x",
		"0123abcd-0123-4abc-8abc-0123456789ab", "Passw0rd!", "x"} {
		if (c.Pattern == "" || c.Matches(s)) && (c.Min == nil || len(s) >= *c.Min) && (c.Max == nil || len(s) <= *c.Max) {
			return s
		}
	}
	return "x"
}

func TestProtocol(t *testing.T) {
	s := idptest.New(t, "")
	for _, c := range []struct{ operation, body, kind, text string }{
		{"NoSuchThing", `{}`, "UnknownOperationException", ""},
		{"ListUserPools", `{`, "SerializationException", "The request is not valid JSON."},
		{"ListUserPools", `[]`, "SerializationException", "The request is not a JSON object."},
		{"ListUserPools", `{"MaxResults":"x"}`, "SerializationException", "STRING_VALUE can not be converted to a Integer"},
		{"ListUserPools", "{\"NextToken\":\"\xff\"}", "SerializationException", "The request is not valid UTF-8."},
		{"SignUp", `{"ClientId":5}`, "SerializationException", "NUMBER_VALUE can not be converted to a String"},
	} {
		s.Refused(t, c.operation, c.body, c.kind, c.text)
	}
	s.Refused(t, "SignUp", M{"ClientId": "a b", "Username": "", "Password": "x"}, "InvalidParameterException",
		`4 validation errors detected: Value at 'clientId' failed to satisfy constraint: Member must satisfy regular expression pattern: [\w+]+; `+
			`Value at 'username' failed to satisfy constraint: Member must have length greater than or equal to 1; `+
			`Value at 'username' failed to satisfy constraint: Member must satisfy regular expression pattern: [\p{L}\p{M}\p{S}\p{N}\p{P}]+; `+
			`Value at 'password' failed to satisfy constraint: Member must satisfy regular expression pattern: ^[\S]+.*[\S]+$`)
	r, _ := http.NewRequestWithContext(t.Context(), http.MethodOptions, s.URL+"/any/path", nil)
	r.Header.Set("Access-Control-Request-Headers", "content-type,x-amz-target")
	w, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	w.Body.Close()
	if w.StatusCode != http.StatusOK || w.Header.Get("Access-Control-Allow-Origin") != "*" || !strings.Contains(w.Header.Get("Access-Control-Allow-Headers"), "x-amz-user-agent") ||
		!strings.Contains(w.Header.Get("Access-Control-Expose-Headers"), "x-amzn-ErrorType") {
		t.Errorf("preflight: %d %v", w.StatusCode, w.Header)
	}
	// Operations without output answer an empty object, for some clients parse the body of all.
	id := s.Pool(t, nil)
	var out M
	if s.Must(t, "DeleteUserPool", M{"UserPoolId": id}, &out); out == nil || len(out) > 0 {
		t.Errorf("%v", out)
	}
	_, err = s.Client.DescribeUserPool(t.Context(), &cip.DescribeUserPoolInput{UserPoolId: &id})
	var missing *types.ResourceNotFoundException
	if !errors.As(err, &missing) || missing.ErrorMessage() != "User pool "+id+" does not exist." {
		t.Errorf("%v", err)
	}
}

// TestSignatures: with access keys, calls of administrators must be signed with one of them, and the rest need not be.
func TestSignatures(t *testing.T) {
	type in struct {
		A string `json:"A,omitempty"`
	}
	echo := func(c *api.Call, v *in) (*in, error) { return &in{A: c.Region}, nil }
	h := api.New(api.Config{Region: "eu-west-3", Keys: map[string]string{"AKID": "secret"}, Now: time.Now},
		[]api.Operation{api.Op("ListUserPools", api.Signed, echo), api.Op("SignUp", api.Open, echo)})
	server := httptest.NewServer(h)
	defer server.Close()
	list := func(id, secret, region string) error {
		c := cip.New(cip.Options{Region: region, BaseEndpoint: aws.String(server.URL), RetryMaxAttempts: 1, Credentials: credentials.NewStaticCredentialsProvider(id, secret, "")})
		_, err := c.ListUserPools(t.Context(), &cip.ListUserPoolsInput{MaxResults: aws.Int32(1)})
		return err
	}
	if err := list("AKID", "secret", "ap-south-1"); err != nil {
		t.Error(err)
	}
	for _, c := range []struct{ id, secret, kind string }{{"AKID", "wrong", "InvalidSignatureException"}, {"OTHER", "secret", "UnrecognizedClientException"}} {
		var refused smithy.APIError
		if err := list(c.id, c.secret, "us-east-1"); !errors.As(err, &refused) || refused.ErrorCode() != c.kind {
			t.Errorf("%s: %v", c.kind, err)
		}
	}
	for target, want := range map[string]string{"ListUserPools": "MissingAuthenticationTokenException", "SignUp": `{"A":"eu-west-3"}`} {
		r, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL, strings.NewReader("{}"))
		r.Header.Set("X-Amz-Target", "AWSCognitoIdentityProviderService."+target)
		w, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(w.Body)
		w.Body.Close()
		if !strings.Contains(string(body), want) {
			t.Errorf("%s unsigned: %s", target, body)
		}
	}
}

func TestCheck(t *testing.T) {
	err := api.Check(&wire.SignUpRequest{ClientID: "abc", Username: strings.Repeat("x", 200)})
	if !api.InvalidParameter.Is(err) {
		t.Errorf("%v", err)
	}
	if err := api.Check(&wire.SignUpRequest{ClientID: "abc", Username: "x"}); err != nil {
		t.Error(err)
	}
}
