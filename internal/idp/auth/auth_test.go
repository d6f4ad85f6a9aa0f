package auth_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/google/go-cmp/cmp"

	"github.com/gibbon-gateway/gibbon/internal/idp/idptest"
)

type M = idptest.M

const good = "Passw0rd!"

// flows lets a client use every flow.
var flows = []string{"ALLOW_USER_PASSWORD_AUTH", "ALLOW_USER_SRP_AUTH", "ALLOW_CUSTOM_AUTH", "ALLOW_USER_AUTH", "ALLOW_ADMIN_USER_PASSWORD_AUTH",
	"ALLOW_REFRESH_TOKEN_AUTH"}

// mailPool makes a pool like the tutorial's, and a client without secret.
func mailPool(t *testing.T, s *idptest.Server, pool, client M) (id, app string) {
	t.Helper()
	in := M{"UsernameAttributes": []string{"email"}, "AutoVerifiedAttributes": []string{"email"}, "UsernameConfiguration": M{"CaseSensitive": false},
		"Schema": []M{{"Name": "email", "Required": true}, {"Name": "family_name", "Required": true}, {"Name": "given_name", "Required": true},
			{"Name": "plan", "AttributeDataType": "Number"}}}
	for k, v := range pool {
		in[k] = v
	}
	id = s.Pool(t, in)
	c := M{"ExplicitAuthFlows": flows}
	for k, v := range client {
		c[k] = v
	}
	app, _ = s.App(t, id, c)
	return id, app
}

var names = []M{{"Name": "given_name", "Value": "Jane"}, {"Name": "family_name", "Value": "Doe"}}

// join signs a user up and confirms them; it returns the sub.
func join(t *testing.T, s *idptest.Server, app, mail string) string {
	t.Helper()
	var out struct{ UserSub string }
	s.Must(t, "SignUp", M{"ClientId": app, "Username": mail, "Password": good, "UserAttributes": names}, &out)
	s.Must(t, "ConfirmSignUp", M{"ClientId": app, "Username": mail, "ConfirmationCode": s.Code(t)}, nil)
	return out.UserSub
}

type result struct {
	ChallengeName        string
	Session              string
	ChallengeParameters  map[string]string
	AvailableChallenges  []string
	AuthenticationResult *struct {
		AccessToken, IdToken, RefreshToken, TokenType string
		ExpiresIn                                     int
		NewDeviceMetadata                             *struct{ DeviceKey, DeviceGroupKey string }
	}
}

func start(t *testing.T, s *idptest.Server, app, flow string, parameters M) (r result) {
	t.Helper()
	s.Must(t, "InitiateAuth", M{"ClientId": app, "AuthFlow": flow, "AuthParameters": parameters}, &r)
	return r
}

func signIn(t *testing.T, s *idptest.Server, app, name string) result {
	t.Helper()
	r := start(t, s, app, "USER_PASSWORD_AUTH", M{"USERNAME": name, "PASSWORD": good})
	if r.AuthenticationResult == nil {
		t.Fatalf("no tokens but %+v", r)
	}
	return r
}

func answer(t *testing.T, s *idptest.Server, app string, r result, answers M) (next result) {
	t.Helper()
	in := M{"ClientId": app, "ChallengeName": r.ChallengeName, "ChallengeResponses": answers}
	if r.Session != "" {
		in["Session"] = r.Session
	}
	s.Must(t, "RespondToAuthChallenge", in, &next)
	return next
}

// TestSignUpToTokens walks through a user's first day, in a pool whose users are named by mail, with the AWS SDK.
func TestSignUpToTokens(t *testing.T) {
	s := idptest.New(t, "")
	id, app := mailPool(t, s, nil, nil)
	ctx := t.Context()
	up, err := s.Client.SignUp(ctx, &cip.SignUpInput{ClientId: &app, Username: aws.String("Jane@Example.com"), Password: aws.String(good),
		UserAttributes: []types.AttributeType{{Name: aws.String("given_name"), Value: aws.String("Jane")},
			{Name: aws.String("family_name"), Value: aws.String("Doe")}, {Name: aws.String("custom:plan"), Value: aws.String("3")}}})
	if err != nil {
		t.Fatal(err)
	}
	d := up.CodeDeliveryDetails
	if up.UserConfirmed || *d.Destination != "J***@E***" || d.DeliveryMedium != "EMAIL" || *d.AttributeName != "email" {
		t.Errorf("%+v %+v", up, d)
	}
	s.Refused(t, "InitiateAuth", M{"ClientId": app, "AuthFlow": "USER_PASSWORD_AUTH", "AuthParameters": M{"USERNAME": "jane@example.com", "PASSWORD": good}},
		"UserNotConfirmedException", "User is not confirmed.")
	s.Refused(t, "ConfirmSignUp", M{"ClientId": app, "Username": "jane@example.com", "ConfirmationCode": "000"}, "CodeMismatchException",
		"Invalid verification code provided, please try again.")
	confirm := M{"ClientId": app, "Username": "jane@example.com", "ConfirmationCode": s.Code(t)}
	s.Must(t, "ConfirmSignUp", confirm, nil)
	s.Refused(t, "ConfirmSignUp", confirm, "NotAuthorizedException", "User cannot be confirmed. Current status is CONFIRMED")
	s.Refused(t, "ResendConfirmationCode", M{"ClientId": app, "Username": "jane@example.com"}, "InvalidParameterException", "User is already confirmed.")
	s.Refused(t, "SignUp", M{"ClientId": app, "Username": "JANE@example.com", "Password": good, "UserAttributes": names}, "UsernameExistsException",
		"An account with the given email already exists.")

	sub := *up.UserSub
	for _, name := range []string{"jane@example.com", "JANE@EXAMPLE.COM", sub} {
		signIn(t, s, app, name)
	}
	r := signIn(t, s, app, "jane@example.com").AuthenticationResult
	if r.TokenType != "Bearer" || r.ExpiresIn != 3600 || strings.Count(r.RefreshToken, ".") != 4 {
		t.Errorf("%+v", r)
	}
	header, access := idptest.Claims(t, r.AccessToken)
	idHeader, ident := idptest.Claims(t, r.IdToken)
	var h, ih map[string]string
	if json.Unmarshal([]byte(header), &h) != nil || json.Unmarshal([]byte(idHeader), &ih) != nil || len(h) != 2 || h["alg"] != "RS256" || h["kid"] == ih["kid"] {
		t.Errorf("headers %s and %s", header, idHeader)
	}
	keys := slices.Sorted(func(yield func(string) bool) {
		for k := range access {
			if !yield(k) {
				return
			}
		}
	})
	want := []string{"auth_time", "client_id", "event_id", "exp", "iat", "iss", "jti", "origin_jti", "scope", "sub", "token_use", "username"}
	if d := cmp.Diff(want, keys); d != "" {
		t.Errorf("claims of the access token: %s", d)
	}
	if access["username"] != sub || access["sub"] != sub || access["client_id"] != app || access["token_use"] != "access" ||
		access["scope"] != "aws.cognito.signin.user.admin" || access["iss"] != "https://cognito-idp.us-east-1.amazonaws.com/"+id {
		t.Errorf("access token %v", access)
	}
	for k, v := range map[string]any{"aud": app, "cognito:username": sub, "email": "Jane@Example.com", "email_verified": true, "custom:plan": "3", "token_use": "id",
		"given_name": "Jane", "origin_jti": access["origin_jti"], "event_id": access["event_id"]} {
		if ident[k] != v {
			t.Errorf("ID token: %s is %v, want %v", k, ident[k], v)
		}
	}
	if ident["client_id"] != nil || access["aud"] != nil {
		t.Error("aud belongs to ID tokens, client_id to access tokens")
	}
	me, err := s.Client.GetUser(ctx, &cip.GetUserInput{AccessToken: &r.AccessToken})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, a := range me.UserAttributes {
		got[*a.Name] = *a.Value
	}
	if d := cmp.Diff(map[string]string{"sub": sub, "email": "Jane@Example.com", "email_verified": "true", "given_name": "Jane", "family_name": "Doe",
		"custom:plan": "3"}, got); d != "" {
		t.Error(d)
	}
}

func TestSignUpRules(t *testing.T) {
	s := idptest.New(t, "")
	_, app := mailPool(t, s, nil, nil)
	for _, c := range []struct {
		in         M
		kind, text string
	}{
		{M{"Username": "jane"}, "InvalidParameterException", "Username should be an email."},
		{M{"UserAttributes": []M{{"Name": "given_name", "Value": "J"}}}, "InvalidParameterException",
			"Attributes did not conform to the schema: family_name: The attribute is required"},
		{M{"Password": "Ab1!"}, "InvalidPasswordException", "Password did not conform with policy: Password not long enough"},
		{M{"Password": "abcdefg1!"}, "InvalidPasswordException", "Password did not conform with policy: Password must have uppercase characters"},
		{M{"Password": "ABCDEFG1!"}, "InvalidPasswordException", "Password did not conform with policy: Password must have lowercase characters"},
		{M{"Password": "Abcdefgh!"}, "InvalidPasswordException", "Password did not conform with policy: Password must have numeric characters"},
		{M{"Password": "Abcdefgh1"}, "InvalidPasswordException", "Password did not conform with policy: Password must have symbol characters"},
		{M{"UserAttributes": append(slices.Clone(names), M{"Name": "phone_number", "Value": "123"})}, "InvalidParameterException", "Invalid phone number format."},
		{M{"UserAttributes": append(slices.Clone(names), M{"Name": "email_verified", "Value": "true"})}, "NotAuthorizedException",
			"A client attempted to write unauthorized attribute"},
		{M{"UserAttributes": append(slices.Clone(names), M{"Name": "custom:plan", "Value": "x"})}, "InvalidParameterException",
			"Attributes did not conform to the schema: custom:plan: Number is expected"},
		{M{"UserAttributes": append(slices.Clone(names), M{"Name": "custom:nope", "Value": "x"})}, "InvalidParameterException",
			"Attributes did not conform to the schema: Type for attribute {custom:nope} could not be determined"},
		{M{"ClientId": "nope"}, "ResourceNotFoundException", "User pool client nope does not exist."},
	} {
		in := M{"ClientId": app, "Username": "a@b.example", "Password": good, "UserAttributes": names}
		for k, v := range c.in {
			in[k] = v
		}
		s.Refused(t, "SignUp", in, c.kind, c.text)
	}
	closed := s.Pool(t, M{"AdminCreateUserConfig": M{"AllowAdminCreateUserOnly": true}})
	capp, _ := s.App(t, closed, nil)
	s.Refused(t, "SignUp", M{"ClientId": capp, "Username": "x", "Password": good}, "NotAuthorizedException", "SignUp is not permitted for this user pool")
	aliased := s.Pool(t, M{"AliasAttributes": []string{"email"}})
	aapp, _ := s.App(t, aliased, nil)
	s.Refused(t, "SignUp", M{"ClientId": aapp, "Username": "x@y.example", "Password": good}, "InvalidParameterException",
		"Username cannot be of email format, since user pool is configured for email alias.")
}

func TestSecretHash(t *testing.T) {
	s := idptest.New(t, "")
	id := s.Pool(t, nil)
	app, _ := s.App(t, id, M{"GenerateSecret": true, "ExplicitAuthFlows": flows})
	_, c, err := s.Pools.Client(t.Context(), app)
	if err != nil {
		t.Fatal(err)
	}
	in := M{"ClientId": app, "Username": "jane", "Password": good}
	s.Refused(t, "SignUp", in, "NotAuthorizedException", "Client "+app+" is configured with secret but SECRET_HASH was not received")
	in["SecretHash"] = c.SecretHash("john")
	s.Refused(t, "SignUp", in, "NotAuthorizedException", "Unable to verify secret hash for client "+app)
	in["SecretHash"] = c.SecretHash("jane")
	s.Must(t, "SignUp", in, nil)
	s.Must(t, "AdminConfirmSignUp", M{"UserPoolId": id, "Username": "jane"}, nil)
	s.Refused(t, "InitiateAuth", M{"ClientId": app, "AuthFlow": "USER_PASSWORD_AUTH", "AuthParameters": M{"USERNAME": "jane", "PASSWORD": good}},
		"NotAuthorizedException", "Client "+app+" is configured with secret but SECRET_HASH was not received")
	r := start(t, s, app, "USER_PASSWORD_AUTH", M{"USERNAME": "jane", "PASSWORD": good, "SECRET_HASH": c.SecretHash("jane")}).AuthenticationResult
	s.Refused(t, "InitiateAuth", M{"ClientId": app, "AuthFlow": "REFRESH_TOKEN_AUTH", "AuthParameters": M{"REFRESH_TOKEN": r.RefreshToken,
		"SECRET_HASH": c.SecretHash("other")}}, "NotAuthorizedException", "Unable to verify secret hash for client "+app)
	start(t, s, app, "REFRESH_TOKEN_AUTH", M{"REFRESH_TOKEN": r.RefreshToken, "SECRET_HASH": c.SecretHash("jane")})
	public, _ := s.App(t, id, nil)
	s.Refused(t, "SignUp", M{"ClientId": public, "Username": "x", "Password": good, "SecretHash": "abcd"}, "NotAuthorizedException",
		"Unable to verify secret hash for client "+public)
}

// TestHiddenUsers: what is answered for a name that does not exist.
func TestHiddenUsers(t *testing.T) {
	s := idptest.New(t, "")
	id, told := mailPool(t, s, M{"Policies": M{"SignInPolicy": M{"AllowedFirstAuthFactors": []string{"PASSWORD", "EMAIL_OTP"}}}}, nil)
	hidden, _ := s.App(t, id, M{"ExplicitAuthFlows": flows, "PreventUserExistenceErrors": "ENABLED"})
	join(t, s, told, "real@example.com")
	password := func(app, name, pw string) M {
		return M{"ClientId": app, "AuthFlow": "USER_PASSWORD_AUTH", "AuthParameters": M{"USERNAME": name, "PASSWORD": pw}}
	}
	s.Refused(t, "InitiateAuth", password(told, "no@example.com", good), "UserNotFoundException", "User does not exist.")
	s.Refused(t, "InitiateAuth", password(hidden, "no@example.com", good), "NotAuthorizedException", "Incorrect username or password.")
	s.Refused(t, "InitiateAuth", password(hidden, "real@example.com", "wrong"), "NotAuthorizedException", "Incorrect username or password.")
	s.Refused(t, "ForgotPassword", M{"ClientId": told, "Username": "no@example.com"}, "UserNotFoundException", "Username/client id combination not found.")
	var forgot struct{ CodeDeliveryDetails M }
	s.Must(t, "ForgotPassword", M{"ClientId": hidden, "Username": "no@example.com"}, &forgot)
	if d := cmp.Diff(M{"Destination": "n***@e***", "DeliveryMedium": "EMAIL", "AttributeName": "email"}, forgot.CodeDeliveryDetails); d != "" {
		t.Error(d)
	}
	for op, in := range map[string]M{"ConfirmForgotPassword": {"ConfirmationCode": "123456", "Password": good}, "ConfirmSignUp": {"ConfirmationCode": "123456"}} {
		in["ClientId"], in["Username"] = hidden, "no@example.com"
		s.Refused(t, op, in, "ExpiredCodeException", "Invalid code provided, please request a code again.")
		in["ClientId"] = told
		s.Refused(t, op, in, "UserNotFoundException", "Username/client id combination not found.")
	}
	s.Must(t, "ResendConfirmationCode", M{"ClientId": hidden, "Username": "no@example.com"}, nil)
	// SRP: the made-up salt and id are the same each time, and no proof is right.
	srp := M{"USERNAME": "no@example.com", "SRP_A": "3ec4"}
	first, second := start(t, s, hidden, "USER_SRP_AUTH", srp), start(t, s, hidden, "USER_SRP_AUTH", srp)
	if first.ChallengeName != "PASSWORD_VERIFIER" || first.ChallengeParameters["SALT"] != second.ChallengeParameters["SALT"] ||
		first.ChallengeParameters["USER_ID_FOR_SRP"] != second.ChallengeParameters["USER_ID_FOR_SRP"] || first.ChallengeParameters["SRP_B"] == second.ChallengeParameters["SRP_B"] {
		t.Errorf("%v\n%v", first, second)
	}
	s.Refused(t, "RespondToAuthChallenge", M{"ClientId": hidden, "ChallengeName": "PASSWORD_VERIFIER", "ChallengeResponses": M{
		"USERNAME": first.ChallengeParameters["USER_ID_FOR_SRP"], "PASSWORD_CLAIM_SIGNATURE": "abcd", "TIMESTAMP": "Tue Jan 6 09:05:07 UTC 2026",
		"PASSWORD_CLAIM_SECRET_BLOCK": first.ChallengeParameters["SECRET_BLOCK"]}}, "NotAuthorizedException", "Incorrect username or password.")
	sent := len(s.Outbox())
	otp := start(t, s, hidden, "USER_AUTH", M{"USERNAME": "no@example.com", "PREFERRED_CHALLENGE": "EMAIL_OTP"})
	if otp.ChallengeName != "EMAIL_OTP" || otp.ChallengeParameters["CODE_DELIVERY_DESTINATION"] != "n***@e***" || len(s.Outbox()) != sent {
		t.Errorf("%+v", otp)
	}
	s.Refused(t, "RespondToAuthChallenge", M{"ClientId": hidden, "ChallengeName": "EMAIL_OTP", "Session": otp.Session,
		"ChallengeResponses": M{"USERNAME": "no@example.com", "EMAIL_OTP_CODE": "12345678"}}, "CodeMismatchException", "Invalid code or auth state for the user.")
}

func TestFlowsAreEnforced(t *testing.T) {
	s := idptest.New(t, "")
	id := s.Pool(t, nil)
	app, _ := s.App(t, id, nil)
	in := func(flow string) M {
		return M{"ClientId": app, "AuthFlow": flow, "AuthParameters": M{"USERNAME": "x", "PASSWORD": "y", "REFRESH_TOKEN": "z"}}
	}
	s.Refused(t, "InitiateAuth", in("USER_PASSWORD_AUTH"), "InvalidParameterException", "USER_PASSWORD_AUTH flow not enabled for this client")
	s.Refused(t, "InitiateAuth", in("USER_AUTH"), "InvalidParameterException", "Auth flow not enabled for this client")
	s.Refused(t, "InitiateAuth", in("ADMIN_USER_PASSWORD_AUTH"), "InvalidParameterException", "Initiate Auth method not supported.")
	admin := in("ADMIN_USER_PASSWORD_AUTH")
	admin["UserPoolId"] = id
	s.Refused(t, "AdminInitiateAuth", admin, "InvalidParameterException", "Auth flow not enabled for this client")
	if f := s.Post(t, "InitiateAuth", in("MAGIC"), nil); f == nil || f.Type != "InvalidParameterException" || !strings.HasPrefix(f.Message,
		"1 validation error detected: Value 'MAGIC' at 'authFlow' failed to satisfy constraint: Member must satisfy enum value set: [") {
		t.Errorf("%+v", f)
	}
	s.Refused(t, "InitiateAuth", in("REFRESH_TOKEN_AUTH"), "NotAuthorizedException", "Invalid Refresh Token")
	s.Refused(t, "InitiateAuth", M{"ClientId": app, "AuthFlow": "USER_SRP_AUTH", "AuthParameters": M{"SRP_A": "ab"}}, "InvalidParameterException",
		"Missing required parameter USERNAME")
}

func TestLockout(t *testing.T) {
	s := idptest.New(t, "")
	_, app := mailPool(t, s, nil, M{"PreventUserExistenceErrors": "ENABLED"})
	join(t, s, app, "jane@example.com")
	for _, name := range []string{"jane@example.com", "nobody@example.com"} {
		in := M{"ClientId": app, "AuthFlow": "USER_PASSWORD_AUTH", "AuthParameters": M{"USERNAME": name, "PASSWORD": "wrong"}}
		for range 5 {
			s.Refused(t, "InitiateAuth", in, "NotAuthorizedException", "Incorrect username or password.")
		}
		s.Refused(t, "InitiateAuth", in, "NotAuthorizedException", "Password attempts exceeded")
		s.Advance(1100 * time.Millisecond)
		s.Refused(t, "InitiateAuth", in, "NotAuthorizedException", "Incorrect username or password.")
		s.Advance(1100 * time.Millisecond)
		s.Refused(t, "InitiateAuth", in, "NotAuthorizedException", "Password attempts exceeded")
	}
	s.Advance(20 * time.Minute)
	signIn(t, s, app, "jane@example.com")
	s.Refused(t, "InitiateAuth", M{"ClientId": app, "AuthFlow": "USER_PASSWORD_AUTH", "AuthParameters": M{"USERNAME": "jane@example.com", "PASSWORD": "wrong"}},
		"NotAuthorizedException", "Incorrect username or password.")
	signIn(t, s, app, "jane@example.com") // the count began again
}

func TestForgotPassword(t *testing.T) {
	s := idptest.New(t, "")
	id, app := mailPool(t, s, nil, nil)
	join(t, s, app, "jane@example.com")
	forgot := M{"ClientId": app, "Username": "jane@example.com"}
	s.Must(t, "ForgotPassword", forgot, nil)
	old := s.Code(t)
	s.Must(t, "ForgotPassword", forgot, nil)
	confirm := func(code, pw string) M {
		return M{"ClientId": app, "Username": "jane@example.com", "ConfirmationCode": code, "Password": pw}
	}
	if old != s.Code(t) {
		s.Refused(t, "ConfirmForgotPassword", confirm(old, "N3w-password"), "CodeMismatchException", "Invalid verification code provided, please try again.")
	}
	s.Refused(t, "ConfirmForgotPassword", confirm(s.Code(t), "short"), "InvalidPasswordException", "Password did not conform with policy: Password not long enough")
	s.Must(t, "ConfirmForgotPassword", confirm(s.Code(t), "N3w-password"), nil)
	s.Refused(t, "ConfirmForgotPassword", confirm(s.Code(t), "N3w-password"), "ExpiredCodeException", "Invalid code provided, please request a code again.")
	start(t, s, app, "USER_PASSWORD_AUTH", M{"USERNAME": "jane@example.com", "PASSWORD": "N3w-password"})
	s.Must(t, "ForgotPassword", forgot, nil)
	s.Advance(61 * time.Minute)
	s.Refused(t, "ConfirmForgotPassword", confirm(s.Code(t), "N3w-password2"), "ExpiredCodeException", "Invalid code provided, please request a code again.")

	s.Must(t, "AdminResetUserPassword", M{"UserPoolId": id, "Username": "jane@example.com"}, nil)
	s.Refused(t, "InitiateAuth", M{"ClientId": app, "AuthFlow": "USER_PASSWORD_AUTH", "AuthParameters": M{"USERNAME": "jane@example.com", "PASSWORD": "N3w-password"}},
		"PasswordResetRequiredException", "Password reset required for the user")
	s.Must(t, "ConfirmForgotPassword", confirm(s.Code(t), good), nil)
	signIn(t, s, app, "jane@example.com")

	s.Must(t, "AdminCreateUser", M{"UserPoolId": id, "Username": "temp@example.com"}, nil)
	s.Refused(t, "ForgotPassword", M{"ClientId": app, "Username": "temp@example.com"}, "NotAuthorizedException", "User password cannot be reset in the current state.")
	s.Must(t, "AdminSetUserPassword", M{"UserPoolId": id, "Username": "temp@example.com", "Password": good, "Permanent": true}, nil)
	s.Refused(t, "ForgotPassword", M{"ClientId": app, "Username": "temp@example.com"}, "InvalidParameterException",
		"Cannot reset password for the user as there is no registered/verified email or phone_number")
	for range 20 {
		s.Must(t, "ForgotPassword", forgot, nil)
	}
	s.Refused(t, "ForgotPassword", forgot, "LimitExceededException", "Attempt limit exceeded, please try after some time.")
}

// TestNewPassword: a user made by an administrator sets a password of their own.
func TestNewPassword(t *testing.T) {
	s := idptest.New(t, "")
	id, app := mailPool(t, s, nil, nil)
	var made struct {
		User struct{ Username, UserStatus string }
	}
	s.Must(t, "AdminCreateUser", M{"UserPoolId": id, "Username": "jane@example.com", "UserAttributes": []M{{"Name": "given_name", "Value": "Jane"}}}, &made)
	if made.User.UserStatus != "FORCE_CHANGE_PASSWORD" {
		t.Errorf("%+v", made)
	}
	m := s.Outbox()[0]
	if m.To != "jane@example.com" || !strings.Contains(m.Body, "Your username is jane@example.com and temporary password is "+m.Code) {
		t.Errorf("invitation %+v", m)
	}
	s.Refused(t, "AdminCreateUser", M{"UserPoolId": id, "Username": "jane@example.com"}, "UsernameExistsException", "An account with the given email already exists.")
	parameters := M{"USERNAME": "jane@example.com", "PASSWORD": m.Code}
	r := start(t, s, app, "USER_PASSWORD_AUTH", parameters)
	if r.ChallengeName != "NEW_PASSWORD_REQUIRED" || r.ChallengeParameters["requiredAttributes"] != `["userAttributes.family_name"]` ||
		r.ChallengeParameters["USER_ID_FOR_SRP"] != made.User.Username {
		t.Fatalf("%+v", r)
	}
	respond := func(session string, answers M) M {
		answers["USERNAME"] = made.User.Username
		return M{"ClientId": app, "ChallengeName": "NEW_PASSWORD_REQUIRED", "Session": session, "ChallengeResponses": answers}
	}
	s.Refused(t, "RespondToAuthChallenge", respond(r.Session, M{"NEW_PASSWORD": good}), "InvalidParameterException", "Invalid attributes given, family_name is missing")
	s.Refused(t, "RespondToAuthChallenge", respond(r.Session, M{"NEW_PASSWORD": "short", "userAttributes.family_name": "Doe"}), "InvalidPasswordException",
		"Password did not conform with policy: Password not long enough")
	done := M{"NEW_PASSWORD": good, "userAttributes.family_name": "Doe"}
	var end result
	s.Must(t, "RespondToAuthChallenge", respond(r.Session, done), &end)
	if end.AuthenticationResult == nil {
		t.Fatalf("%+v", end)
	}
	s.Refused(t, "RespondToAuthChallenge", respond(r.Session, done), "NotAuthorizedException", "Invalid session for the user, session can only be used once.")
	signIn(t, s, app, "jane@example.com")
	s.Refused(t, "AdminCreateUser", M{"UserPoolId": id, "Username": "jane@example.com", "MessageAction": "RESEND"}, "UnsupportedUserStateException",
		"Resend not possible. CONFIRMED status is not FORCE_CHANGE_PASSWORD")

	s.Must(t, "AdminSetUserPassword", M{"UserPoolId": id, "Username": "jane@example.com", "Password": "T3mporary!"}, nil)
	r = start(t, s, app, "USER_PASSWORD_AUTH", M{"USERNAME": "jane@example.com", "PASSWORD": "T3mporary!"})
	s.Advance(4 * time.Minute)
	s.Refused(t, "RespondToAuthChallenge", respond(r.Session, M{"NEW_PASSWORD": good}), "NotAuthorizedException",
		"Invalid session for the user, session is expired.")
	s.Advance(8 * 24 * time.Hour)
	s.Refused(t, "InitiateAuth", M{"ClientId": app, "AuthFlow": "USER_PASSWORD_AUTH", "AuthParameters": M{"USERNAME": "jane@example.com", "PASSWORD": "T3mporary!"}},
		"NotAuthorizedException", "Temporary password has expired and must be reset by an administrator.")
}

// TestForeignSessions: a session is good for its client alone, and for its challenge.
func TestForeignSessions(t *testing.T) {
	s := idptest.New(t, "")
	id, app := mailPool(t, s, nil, nil)
	_, foreign := mailPool(t, s, nil, nil)
	same, _ := s.App(t, id, M{"ExplicitAuthFlows": flows})
	s.Must(t, "AdminCreateUser", M{"UserPoolId": id, "Username": "jane@example.com", "TemporaryPassword": good, "UserAttributes": names}, nil)
	r := start(t, s, app, "USER_PASSWORD_AUTH", M{"USERNAME": "jane@example.com", "PASSWORD": good})
	for _, other := range []string{foreign, same} {
		s.Refused(t, "RespondToAuthChallenge", M{"ClientId": other, "ChallengeName": r.ChallengeName, "Session": r.Session,
			"ChallengeResponses": M{"USERNAME": "jane@example.com", "NEW_PASSWORD": "0ther-Password"}}, "NotAuthorizedException", "Invalid session for the user.")
	}
	s.Refused(t, "RespondToAuthChallenge", M{"ClientId": app, "ChallengeName": "SMS_MFA", "Session": r.Session,
		"ChallengeResponses": M{"USERNAME": "jane@example.com", "SMS_MFA_CODE": "123456"}}, "NotAuthorizedException", "Invalid session for the user.")
	s.Refused(t, "RespondToAuthChallenge", M{"ClientId": app, "ChallengeName": r.ChallengeName, "Session": r.Session,
		"ChallengeResponses": M{"USERNAME": "john@example.com", "NEW_PASSWORD": "0ther-Password"}}, "NotAuthorizedException", "Invalid session for the user.")
	s.Refused(t, "AdminRespondToAuthChallenge", M{"UserPoolId": id, "ClientId": app, "ChallengeName": r.ChallengeName, "Session": r.Session,
		"ChallengeResponses": M{"USERNAME": "jane@example.com", "NEW_PASSWORD": "0ther-Password"}}, "NotAuthorizedException", "Invalid session for the user.")
}

// TestAliases: another name is good once it is verified, and the newest verification wins.
func TestAliases(t *testing.T) {
	s := idptest.New(t, "")
	id := s.Pool(t, M{"AliasAttributes": []string{"email", "preferred_username"}, "AutoVerifiedAttributes": []string{"email"}})
	app, _ := s.App(t, id, M{"ExplicitAuthFlows": flows})
	up := func(name string) {
		s.Must(t, "SignUp", M{"ClientId": app, "Username": name, "Password": good, "UserAttributes": []M{{"Name": "email", "Value": "x@example.com"}}}, nil)
	}
	up("one")
	confirm := M{"ClientId": app, "Username": "one", "ConfirmationCode": s.Code(t)}
	s.Refused(t, "InitiateAuth", M{"ClientId": app, "AuthFlow": "USER_PASSWORD_AUTH", "AuthParameters": M{"USERNAME": "x@example.com", "PASSWORD": good}},
		"UserNotFoundException", "User does not exist.")
	s.Must(t, "ConfirmSignUp", confirm, nil)
	_, access := idptest.Claims(t, signIn(t, s, app, "x@example.com").AuthenticationResult.AccessToken)
	if access["username"] != "one" {
		t.Errorf("%v", access)
	}
	up("two")
	confirm = M{"ClientId": app, "Username": "two", "ConfirmationCode": s.Code(t)}
	s.Refused(t, "ConfirmSignUp", confirm, "AliasExistsException", "An account with the given email already exists.")
	confirm["ForceAliasCreation"] = true
	s.Must(t, "ConfirmSignUp", confirm, nil)
	if _, access = idptest.Claims(t, signIn(t, s, app, "x@example.com").AuthenticationResult.AccessToken); access["username"] != "two" {
		t.Errorf("%v", access)
	}
	signIn(t, s, app, "one")
}
