package auth_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gibbon-gateway/gibbon/internal/idp/idptest"
	"github.com/gibbon-gateway/gibbon/internal/idp/srp"
	"github.com/gibbon-gateway/gibbon/internal/idp/totp"
)

// proof signs in by SRP.
func proof(t *testing.T, s *idptest.Server, id, app, name, password string, more M) (result, M) {
	t.Helper()
	c := idptest.NewSRP()
	parameters := M{"USERNAME": name, "SRP_A": c.Public()}
	for k, v := range more {
		parameters[k] = v
	}
	r := start(t, s, app, "USER_SRP_AUTH", parameters)
	return r, claim(t, s, id, r, c, password)
}

func claim(t *testing.T, s *idptest.Server, id string, r result, c *idptest.SRP, password string) M {
	t.Helper()
	stamp := s.Now().UTC().Format(srp.TimeLayout)
	_, short, _ := strings.Cut(id, "_")
	user := r.ChallengeParameters["USER_ID_FOR_SRP"]
	return M{"USERNAME": user, "TIMESTAMP": stamp, "PASSWORD_CLAIM_SECRET_BLOCK": r.ChallengeParameters["SECRET_BLOCK"],
		"PASSWORD_CLAIM_SIGNATURE": c.Claim(t, short, user, password, stamp, r.ChallengeParameters)}
}

func TestSRP(t *testing.T) {
	s := idptest.New(t, "")
	id, app := mailPool(t, s, nil, nil)
	sub := join(t, s, app, "jane@example.com")
	for range 20 { // numbers with a set top bit or leading zeros come up
		r, answers := proof(t, s, id, app, "jane@example.com", good, nil)
		if r.ChallengeParameters["USER_ID_FOR_SRP"] != sub || r.ChallengeParameters["USERNAME"] != sub {
			t.Fatalf("%v", r.ChallengeParameters)
		}
		if end := answer(t, s, app, r, answers); end.AuthenticationResult == nil {
			t.Fatalf("%+v", end)
		}
		s.Refused(t, "RespondToAuthChallenge", M{"ClientId": app, "ChallengeName": "PASSWORD_VERIFIER", "ChallengeResponses": answers},
			"NotAuthorizedException", "Invalid session for the user, session can only be used once.")
	}
	r, answers := proof(t, s, id, app, "jane@example.com", "Wr0ng-password", nil)
	s.Refused(t, "RespondToAuthChallenge", M{"ClientId": app, "ChallengeName": r.ChallengeName, "ChallengeResponses": answers},
		"NotAuthorizedException", "Incorrect username or password.")
	r, answers = proof(t, s, id, app, "jane@example.com", good, nil)
	answers["TIMESTAMP"] = "yesterday"
	s.Refused(t, "RespondToAuthChallenge", M{"ClientId": app, "ChallengeName": r.ChallengeName, "ChallengeResponses": answers},
		"InvalidParameterException", "TIMESTAMP format should be EEE MMM d HH:mm:ss z yyyy in english.")
	for _, a := range []string{"0", "xyz", strings.Repeat("f", 4000)} {
		s.Refused(t, "InitiateAuth", M{"ClientId": app, "AuthFlow": "USER_SRP_AUTH", "AuthParameters": M{"USERNAME": "jane@example.com", "SRP_A": a}},
			"InvalidParameterException", "SRP_A is not a valid value.")
	}
	// Users who are not in order do not pass by SRP either.
	s.Must(t, "SignUp", M{"ClientId": app, "Username": "new@example.com", "Password": good, "UserAttributes": names}, nil)
	r, answers = proof(t, s, id, app, "new@example.com", good, nil)
	s.Refused(t, "RespondToAuthChallenge", M{"ClientId": app, "ChallengeName": r.ChallengeName, "ChallengeResponses": answers},
		"UserNotConfirmedException", "User is not confirmed.")
	s.Must(t, "AdminSetUserPassword", M{"UserPoolId": id, "Username": "jane@example.com", "Password": "T3mporary!"}, nil)
	r, answers = proof(t, s, id, app, "jane@example.com", "T3mporary!", nil)
	if end := answer(t, s, app, r, answers); end.ChallengeName != "NEW_PASSWORD_REQUIRED" {
		t.Errorf("%+v", end)
	}
}

const smsRole = "arn:aws:iam::123456789012:role/sms"

// factors makes a pool with all second factors.
func factors(t *testing.T, s *idptest.Server, mode string) (id, app string) {
	t.Helper()
	id, app = mailPool(t, s, nil, nil)
	s.Must(t, "SetUserPoolMfaConfig", M{"UserPoolId": id, "MfaConfiguration": mode, "SoftwareTokenMfaConfiguration": M{"Enabled": true},
		"SmsMfaConfiguration": M{"SmsConfiguration": M{"SnsCallerArn": smsRole}}, "EmailMfaConfiguration": M{"Subject": "Code", "Message": "Code {####}"}}, nil)
	return id, app
}

func TestTOTP(t *testing.T) {
	s := idptest.New(t, "")
	_, app := factors(t, s, "OPTIONAL")
	join(t, s, app, "jane@example.com")
	access := signIn(t, s, app, "jane@example.com").AuthenticationResult.AccessToken
	s.Refused(t, "SetUserMFAPreference", M{"AccessToken": access, "SoftwareTokenMfaSettings": M{"Enabled": true}}, "InvalidParameterException",
		"User has not verified software token mfa")
	var made struct{ SecretCode string }
	s.Must(t, "AssociateSoftwareToken", M{"AccessToken": access}, &made)
	secret, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(made.SecretCode)
	if err != nil {
		t.Fatal(err)
	}
	code := func() string { return totp.Code(secret, totp.Step(s.Now())) }
	s.Refused(t, "VerifySoftwareToken", M{"AccessToken": access, "UserCode": "000000"}, "EnableSoftwareTokenMFAException", "Code mismatch")
	s.Must(t, "VerifySoftwareToken", M{"AccessToken": access, "UserCode": code(), "FriendlyDeviceName": "phone"}, nil)
	s.Must(t, "SetUserMFAPreference", M{"AccessToken": access, "SoftwareTokenMfaSettings": M{"Enabled": true, "PreferredMfa": true}}, nil)
	var me struct {
		PreferredMfaSetting string
		UserMFASettingList  []string
	}
	s.Must(t, "GetUser", M{"AccessToken": access}, &me)
	if me.PreferredMfaSetting != "SOFTWARE_TOKEN_MFA" || len(me.UserMFASettingList) != 1 {
		t.Errorf("%+v", me)
	}
	r := start(t, s, app, "USER_PASSWORD_AUTH", M{"USERNAME": "jane@example.com", "PASSWORD": good})
	if r.ChallengeName != "SOFTWARE_TOKEN_MFA" || r.ChallengeParameters["FRIENDLY_DEVICE_NAME"] != "phone" {
		t.Fatalf("%+v", r)
	}
	respond := func(session, code string) M {
		return M{"ClientId": app, "ChallengeName": "SOFTWARE_TOKEN_MFA", "Session": session,
			"ChallengeResponses": M{"USERNAME": "jane@example.com", "SOFTWARE_TOKEN_MFA_CODE": code}}
	}
	s.Refused(t, "RespondToAuthChallenge", respond(r.Session, "000000"), "CodeMismatchException", "Invalid code received for user")
	s.Refused(t, "RespondToAuthChallenge", respond(r.Session, code()), "ExpiredCodeException", "Your software token has already been used once.")
	s.Advance(time.Minute)
	used := code()
	var end result
	s.Must(t, "RespondToAuthChallenge", respond(r.Session, used), &end)
	if end.AuthenticationResult == nil {
		t.Fatalf("%+v", end)
	}
	r = start(t, s, app, "USER_PASSWORD_AUTH", M{"USERNAME": "jane@example.com", "PASSWORD": good})
	s.Refused(t, "RespondToAuthChallenge", respond(r.Session, used), "ExpiredCodeException", "Your software token has already been used once.")
	for range 10 {
		s.Refused(t, "RespondToAuthChallenge", respond(r.Session, "000000"), "CodeMismatchException", "Invalid code received for user")
	}
	s.Refused(t, "RespondToAuthChallenge", respond(r.Session, "000000"), "NotAuthorizedException", "Invalid session for the user, session can only be used once.")
	s.Refused(t, "InitiateAuth", M{"ClientId": app, "AuthFlow": "USER_PASSWORD_AUTH", "AuthParameters": M{"USERNAME": "jane@example.com", "PASSWORD": good}},
		"NotAuthorizedException", "Password attempts exceeded")
}

// TestSetupOfMFA: where everybody needs a second factor, one is set up within the sign-in.
func TestSetupOfMFA(t *testing.T) {
	s := idptest.New(t, "")
	id, app := mailPool(t, s, nil, nil)
	s.Must(t, "SetUserPoolMfaConfig", M{"UserPoolId": id, "MfaConfiguration": "ON", "SoftwareTokenMfaConfiguration": M{"Enabled": true}}, nil)
	join(t, s, app, "jane@example.com")
	r := start(t, s, app, "USER_PASSWORD_AUTH", M{"USERNAME": "jane@example.com", "PASSWORD": good})
	if r.ChallengeName != "MFA_SETUP" || r.ChallengeParameters["MFAS_CAN_SETUP"] != `["SOFTWARE_TOKEN_MFA"]` {
		t.Fatalf("%+v", r)
	}
	var made struct{ SecretCode, Session string }
	s.Must(t, "AssociateSoftwareToken", M{"Session": r.Session}, &made)
	s.Refused(t, "RespondToAuthChallenge", M{"ClientId": app, "ChallengeName": "MFA_SETUP", "Session": made.Session,
		"ChallengeResponses": M{"USERNAME": "jane@example.com"}}, "InvalidParameterException", "The MFA method was not set up.")
	secret, _ := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(made.SecretCode)
	var verified struct{ Status, Session string }
	s.Must(t, "VerifySoftwareToken", M{"Session": made.Session, "UserCode": totp.Code(secret, totp.Step(s.Now()))}, &verified)
	if verified.Status != "SUCCESS" {
		t.Errorf("%+v", verified)
	}
	r.Session = verified.Session
	if end := answer(t, s, app, r, M{"USERNAME": "jane@example.com"}); end.AuthenticationResult == nil {
		t.Errorf("%+v", end)
	}
	if r = start(t, s, app, "USER_PASSWORD_AUTH", M{"USERNAME": "jane@example.com", "PASSWORD": good}); r.ChallengeName != "SOFTWARE_TOKEN_MFA" {
		t.Errorf("%+v", r)
	}
}

func TestChoiceOfMFA(t *testing.T) {
	s := idptest.New(t, "")
	id, app := factors(t, s, "OPTIONAL")
	sub := join(t, s, app, "jane@example.com")
	s.Must(t, "AdminUpdateUserAttributes", M{"UserPoolId": id, "Username": sub, "UserAttributes": []M{{"Name": "phone_number", "Value": "+15555555555"},
		{"Name": "phone_number_verified", "Value": "true"}}}, nil)
	s.Must(t, "AdminSetUserMFAPreference", M{"UserPoolId": id, "Username": sub, "SMSMfaSettings": M{"Enabled": true}, "EmailMfaSettings": M{"Enabled": true}}, nil)
	r := start(t, s, app, "USER_PASSWORD_AUTH", M{"USERNAME": "jane@example.com", "PASSWORD": good})
	if r.ChallengeName != "SELECT_MFA_TYPE" || r.ChallengeParameters["MFAS_CAN_CHOOSE"] != `["SMS_MFA","EMAIL_OTP"]` {
		t.Fatalf("%+v", r)
	}
	r = answer(t, s, app, r, M{"USERNAME": "jane@example.com", "ANSWER": "SMS_MFA"})
	want := map[string]string{"CODE_DELIVERY_DELIVERY_MEDIUM": "SMS", "CODE_DELIVERY_DESTINATION": "+*******5555", "USER_ID_FOR_SRP": sub}
	if d := cmp.Diff(want, r.ChallengeParameters); r.ChallengeName != "SMS_MFA" || d != "" {
		t.Fatalf("%+v %s", r, d)
	}
	bad := M{"ClientId": app, "ChallengeName": "SMS_MFA", "Session": r.Session, "ChallengeResponses": M{"USERNAME": sub, "SMS_MFA_CODE": "000000x"}}
	for range 6 {
		s.Refused(t, "RespondToAuthChallenge", bad, "CodeMismatchException", "Invalid code or auth state for the user.")
	}
	if end := answer(t, s, app, r, M{"USERNAME": sub, "SMS_MFA_CODE": s.Code(t)}); end.AuthenticationResult == nil {
		t.Errorf("%+v", end)
	}
	s.Must(t, "AdminSetUserMFAPreference", M{"UserPoolId": id, "Username": sub, "EmailMfaSettings": M{"Enabled": true, "PreferredMfa": true}}, nil)
	r = start(t, s, app, "USER_PASSWORD_AUTH", M{"USERNAME": "jane@example.com", "PASSWORD": good})
	if r.ChallengeName != "EMAIL_OTP" || len(s.Code(t)) != 8 {
		t.Fatalf("%+v", r)
	}
	if end := answer(t, s, app, r, M{"USERNAME": sub, "EMAIL_OTP_CODE": s.Code(t)}); end.AuthenticationResult == nil {
		t.Errorf("%+v", end)
	}
}

func TestUserAuth(t *testing.T) {
	s := idptest.New(t, "")
	id, app := mailPool(t, s, M{"Policies": M{"SignInPolicy": M{"AllowedFirstAuthFactors": []string{"PASSWORD", "EMAIL_OTP"}}}}, nil)
	// A user without password, who is in as soon as the sign-up is confirmed.
	var up, confirmed struct{ Session string }
	s.Must(t, "SignUp", M{"ClientId": app, "Username": "jane@example.com", "UserAttributes": names}, &up)
	s.Must(t, "ConfirmSignUp", M{"ClientId": app, "Username": "jane@example.com", "ConfirmationCode": s.Code(t), "Session": up.Session}, &confirmed)
	var r result
	s.Must(t, "InitiateAuth", M{"ClientId": app, "AuthFlow": "USER_AUTH", "AuthParameters": M{"USERNAME": "jane@example.com"}, "Session": confirmed.Session}, &r)
	if r.AuthenticationResult == nil {
		t.Fatalf("%+v", r)
	}
	s.Refused(t, "InitiateAuth", M{"ClientId": app, "AuthFlow": "USER_AUTH", "AuthParameters": M{"USERNAME": "jane@example.com"}, "Session": confirmed.Session},
		"NotAuthorizedException", "Invalid session for the user, session can only be used once.")
	r = start(t, s, app, "USER_AUTH", M{"USERNAME": "jane@example.com", "PREFERRED_CHALLENGE": "EMAIL_OTP"})
	if r.ChallengeName != "EMAIL_OTP" || len(r.AvailableChallenges) != 1 || r.ChallengeParameters["CODE_DELIVERY_DESTINATION"] != "j***@e***" {
		t.Fatalf("%+v", r)
	}
	bad := M{"ClientId": app, "ChallengeName": "EMAIL_OTP", "Session": r.Session, "ChallengeResponses": M{"USERNAME": "jane@example.com", "EMAIL_OTP_CODE": "1"}}
	for range 6 {
		s.Refused(t, "RespondToAuthChallenge", bad, "CodeMismatchException", "Invalid code or auth state for the user.")
	}
	if end := answer(t, s, app, r, M{"USERNAME": "jane@example.com", "EMAIL_OTP_CODE": s.Code(t)}); end.AuthenticationResult == nil {
		t.Errorf("%+v", end)
	}
	// A user of an administrator has a password to change.
	s.Must(t, "AdminCreateUser", M{"UserPoolId": id, "Username": "john@example.com", "TemporaryPassword": good, "UserAttributes": names}, nil)
	r = start(t, s, app, "USER_AUTH", M{"USERNAME": "john@example.com", "PREFERRED_CHALLENGE": "EMAIL_OTP"})
	if d := cmp.Diff([]string{"PASSWORD_SRP", "PASSWORD"}, r.AvailableChallenges); r.ChallengeName != "SELECT_CHALLENGE" || d != "" {
		t.Fatalf("%+v", r)
	}
	s.Refused(t, "RespondToAuthChallenge", M{"ClientId": app, "ChallengeName": "SELECT_CHALLENGE", "Session": r.Session,
		"ChallengeResponses": M{"USERNAME": "john@example.com", "ANSWER": "WEB_AUTHN"}}, "InvalidParameterException", "Invalid value for ANSWER: WEB_AUTHN")
	if r = answer(t, s, app, r, M{"USERNAME": "john@example.com", "ANSWER": "PASSWORD", "PASSWORD": good}); r.ChallengeName != "NEW_PASSWORD_REQUIRED" {
		t.Fatalf("%+v", r)
	}
	answer(t, s, app, r, M{"USERNAME": "john@example.com", "NEW_PASSWORD": "An0ther-one"})
	c := idptest.NewSRP()
	r = start(t, s, app, "USER_AUTH", M{"USERNAME": "john@example.com", "PREFERRED_CHALLENGE": "PASSWORD_SRP", "SRP_A": c.Public()})
	if r.ChallengeName != "PASSWORD_VERIFIER" {
		t.Fatalf("%+v", r)
	}
	if end := answer(t, s, app, r, claim(t, s, id, r, c, "An0ther-one")); end.AuthenticationResult == nil {
		t.Errorf("%+v", end)
	}
}

// TestDevices: a remembered device proves itself and needs no second factor.
func TestDevices(t *testing.T) {
	s := idptest.New(t, "")
	id := s.Pool(t, M{"DeviceConfiguration": M{"ChallengeRequiredOnNewDevice": true, "DeviceOnlyRememberedOnUserPrompt": true},
		"Schema": []M{{"Name": "email"}}})
	s.Must(t, "SetUserPoolMfaConfig", M{"UserPoolId": id, "MfaConfiguration": "OPTIONAL", "SmsMfaConfiguration": M{"SmsConfiguration": M{"SnsCallerArn": smsRole}}}, nil)
	app, _ := s.App(t, id, M{"ExplicitAuthFlows": flows})
	s.Must(t, "AdminCreateUser", M{"UserPoolId": id, "Username": "jane", "UserAttributes": []M{{"Name": "phone_number", "Value": "+15555550100"}}}, nil)
	s.Must(t, "AdminSetUserPassword", M{"UserPoolId": id, "Username": "jane", "Password": good, "Permanent": true}, nil)
	s.Must(t, "AdminSetUserMFAPreference", M{"UserPoolId": id, "Username": "jane", "SMSMfaSettings": M{"Enabled": true, "PreferredMfa": true}}, nil)
	r := start(t, s, app, "USER_PASSWORD_AUTH", M{"USERNAME": "jane", "PASSWORD": good})
	end := answer(t, s, app, r, M{"USERNAME": "jane", "SMS_MFA_CODE": s.Code(t)}).AuthenticationResult
	if end == nil || end.NewDeviceMetadata == nil || !strings.HasPrefix(end.NewDeviceMetadata.DeviceKey, "us-east-1_") {
		t.Fatalf("%+v", end)
	}
	device := end.NewDeviceMetadata
	salt, verifier := idptest.DeviceVerifier(device.DeviceGroupKey, device.DeviceKey, "device password")
	var confirmed struct{ UserConfirmationNecessary bool }
	s.Must(t, "ConfirmDevice", M{"AccessToken": end.AccessToken, "DeviceKey": device.DeviceKey, "DeviceName": "laptop",
		"DeviceSecretVerifierConfig": M{"Salt": salt, "PasswordVerifier": verifier}}, &confirmed)
	if !confirmed.UserConfirmationNecessary {
		t.Error("the user was not asked")
	}
	with := M{"USERNAME": "jane", "PASSWORD": good, "DEVICE_KEY": device.DeviceKey}
	if r = start(t, s, app, "USER_PASSWORD_AUTH", with); r.ChallengeName != "SMS_MFA" {
		t.Errorf("a device that is not remembered: %+v", r)
	}
	s.Must(t, "UpdateDeviceStatus", M{"AccessToken": end.AccessToken, "DeviceKey": device.DeviceKey, "DeviceRememberedStatus": "remembered"}, nil)
	if r = start(t, s, app, "USER_PASSWORD_AUTH", with); r.ChallengeName != "DEVICE_SRP_AUTH" {
		t.Fatalf("%+v", r)
	}
	prove := func(password string) M {
		c := idptest.NewSRP()
		next := answer(t, s, app, r, M{"USERNAME": "jane", "DEVICE_KEY": device.DeviceKey, "SRP_A": c.Public()})
		if next.ChallengeName != "DEVICE_PASSWORD_VERIFIER" {
			t.Fatalf("%+v", next)
		}
		stamp := s.Now().UTC().Format(srp.TimeLayout)
		return M{"ClientId": app, "ChallengeName": next.ChallengeName, "Session": next.Session, "ChallengeResponses": M{"USERNAME": "jane", "DEVICE_KEY": device.DeviceKey, "TIMESTAMP": stamp,
			"PASSWORD_CLAIM_SECRET_BLOCK": next.ChallengeParameters["SECRET_BLOCK"],
			"PASSWORD_CLAIM_SIGNATURE":    c.Claim(t, device.DeviceGroupKey, device.DeviceKey, password, stamp, next.ChallengeParameters)}}
	}
	var in result
	s.Must(t, "RespondToAuthChallenge", prove("device password"), &in)
	if in.AuthenticationResult == nil || in.AuthenticationResult.NewDeviceMetadata != nil {
		t.Fatalf("%+v", in)
	}
	if _, claims := idptest.Claims(t, in.AuthenticationResult.AccessToken); claims["device_key"] != device.DeviceKey {
		t.Errorf("%v", claims)
	}
	r = start(t, s, app, "USER_PASSWORD_AUTH", with)
	s.Refused(t, "RespondToAuthChallenge", prove("another"), "NotAuthorizedException", "Incorrect username or password.")
	refresh := M{"REFRESH_TOKEN": in.AuthenticationResult.RefreshToken}
	s.Refused(t, "InitiateAuth", M{"ClientId": app, "AuthFlow": "REFRESH_TOKEN_AUTH", "AuthParameters": refresh}, "NotAuthorizedException", "Invalid Refresh Token.")
	refresh["DEVICE_KEY"] = device.DeviceKey
	start(t, s, app, "REFRESH_TOKEN_AUTH", refresh)
	var list struct{ Devices []struct{ DeviceKey string } }
	s.Must(t, "AdminListDevices", M{"UserPoolId": id, "Username": "jane"}, &list)
	if len(list.Devices) == 0 {
		t.Error("no device is listed")
	}
	s.Must(t, "ForgetDevice", M{"AccessToken": end.AccessToken, "DeviceKey": device.DeviceKey}, nil)
	s.Refused(t, "InitiateAuth", M{"ClientId": app, "AuthFlow": "USER_PASSWORD_AUTH", "AuthParameters": with}, "ResourceNotFoundException", "Device does not exist.")
}

// authenticator is a passkey's device.
type authenticator struct {
	key   *ecdsa.PrivateKey
	id    []byte
	count uint32
}

func bytesOf(b []byte) []byte { return append([]byte{0x58, byte(len(b))}, b...) }

func (a *authenticator) data(party string, flags byte) []byte {
	a.count++
	sum := sha256.Sum256([]byte(party))
	return binary.BigEndian.AppendUint32(append(sum[:], flags), a.count)
}

func clientData(kind, challenge, origin string) []byte {
	b, _ := json.Marshal(M{"type": kind, "challenge": challenge, "origin": origin})
	return b
}

var b64 = base64.RawURLEncoding.EncodeToString

func (a *authenticator) register(t *testing.T, options M, origin string) M {
	t.Helper()
	public, err := a.key.PublicKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	cose := append([]byte{0xa5, 1, 2, 3, 0x26, 0x20, 1, 0x21}, bytesOf(public[1:33])...)
	cose = append(append(cose, 0x22), bytesOf(public[33:])...)
	data := a.data(options["rp"].(M)["id"].(string), 0x45)
	data = append(binary.BigEndian.AppendUint16(append(data, make([]byte, 16)...), uint16(len(a.id))), a.id...)
	data = append(data, cose...)
	object := append([]byte("\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x59"), byte(len(data)>>8), byte(len(data)))
	return M{"id": b64(a.id), "rawId": b64(a.id), "type": "public-key", "clientExtensionResults": M{}, "authenticatorAttachment": "platform",
		"response": M{"clientDataJSON": b64(clientData("webauthn.create", options["challenge"].(string), origin)),
			"attestationObject": b64(append(object, data...)), "transports": []string{"internal"}}}
}

func (a *authenticator) sign(t *testing.T, options M, origin string) string {
	t.Helper()
	data := a.data(options["rpId"].(string), 5)
	client := clientData("webauthn.get", options["challenge"].(string), origin)
	sum := sha256.Sum256(client)
	signed := sha256.Sum256(append(bytes.Clone(data), sum[:]...))
	signature, err := ecdsa.SignASN1(rand.Reader, a.key, signed[:])
	if err != nil {
		t.Fatal(err)
	}
	b, _ := json.Marshal(M{"id": b64(a.id), "rawId": b64(a.id), "type": "public-key", "response": M{"clientDataJSON": b64(client),
		"authenticatorData": b64(data), "signature": b64(signature)}})
	return string(b)
}

func TestPasskeys(t *testing.T) {
	s := idptest.New(t, "")
	id, app := mailPool(t, s, M{"Policies": M{"SignInPolicy": M{"AllowedFirstAuthFactors": []string{"PASSWORD", "WEB_AUTHN"}}}}, nil)
	join(t, s, app, "jane@example.com")
	access := signIn(t, s, app, "jane@example.com").AuthenticationResult.AccessToken
	s.Refused(t, "StartWebAuthnRegistration", M{"AccessToken": access}, "WebAuthnConfigurationMissingException",
		"The user pool has no relying party ID and no domain.")
	s.Must(t, "SetUserPoolMfaConfig", M{"UserPoolId": id, "WebAuthnConfiguration": M{"RelyingPartyId": "localhost"}}, nil)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	a := &authenticator{key: key, id: []byte("credential-0001")}
	var begun struct{ CredentialCreationOptions M }
	s.Must(t, "StartWebAuthnRegistration", M{"AccessToken": access}, &begun)
	s.Refused(t, "CompleteWebAuthnRegistration", M{"AccessToken": access, "Credential": a.register(t, begun.CredentialCreationOptions, "https://evil.example")},
		"WebAuthnOriginNotAllowedException", "The origin is not allowed.")
	credential := a.register(t, begun.CredentialCreationOptions, "http://localhost:3000")
	s.Must(t, "CompleteWebAuthnRegistration", M{"AccessToken": access, "Credential": credential}, nil)
	s.Refused(t, "CompleteWebAuthnRegistration", M{"AccessToken": access, "Credential": credential}, "WebAuthnChallengeNotFoundException",
		"No passkey registration was started.")
	r := start(t, s, app, "USER_AUTH", M{"USERNAME": "jane@example.com", "PREFERRED_CHALLENGE": "WEB_AUTHN"})
	if r.ChallengeName != "WEB_AUTHN" {
		t.Fatalf("%+v", r)
	}
	options := func(r result) (m M) {
		if err := json.Unmarshal([]byte(r.ChallengeParameters["CREDENTIAL_REQUEST_OPTIONS"]), &m); err != nil {
			t.Fatal(err)
		}
		return m
	}
	signed := a.sign(t, options(r), "http://localhost:3000")
	if end := answer(t, s, app, r, M{"USERNAME": "jane@example.com", "CREDENTIAL": signed}); end.AuthenticationResult == nil {
		t.Fatalf("%+v", end)
	}
	r = start(t, s, app, "USER_AUTH", M{"USERNAME": "jane@example.com", "PREFERRED_CHALLENGE": "WEB_AUTHN"})
	s.Refused(t, "RespondToAuthChallenge", M{"ClientId": app, "ChallengeName": "WEB_AUTHN", "Session": r.Session,
		"ChallengeResponses": M{"USERNAME": "jane@example.com", "CREDENTIAL": signed}}, "NotAuthorizedException", "Incorrect username or password.")
	var list struct {
		Credentials []struct{ CredentialId, RelyingPartyId string }
	}
	s.Must(t, "ListWebAuthnCredentials", M{"AccessToken": access}, &list)
	if len(list.Credentials) != 1 || list.Credentials[0].RelyingPartyId != "localhost" {
		t.Fatalf("%+v", list)
	}
	s.Must(t, "DeleteWebAuthnCredential", M{"AccessToken": access, "CredentialId": list.Credentials[0].CredentialId}, nil)
	if r = start(t, s, app, "USER_AUTH", M{"USERNAME": "jane@example.com", "PREFERRED_CHALLENGE": "WEB_AUTHN"}); r.ChallengeName != "SELECT_CHALLENGE" {
		t.Errorf("%+v", r)
	}
}
