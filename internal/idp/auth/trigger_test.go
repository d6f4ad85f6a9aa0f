package auth_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gibbon-gateway/gibbon/internal/idp/idptest"
)

// functions stands in for Lambda: it answers events by their source, and remembers them.
type functions struct {
	URL string

	mu     sync.Mutex
	events []M
	answer map[string]func(e M) any // source → response; a string is an error of the function's
}

func newFunctions(t *testing.T) *functions {
	f := &functions{answer: map[string]func(M) any{}}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var e M
		if err := json.NewDecoder(r.Body).Decode(&e); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		f.mu.Lock()
		f.events = append(f.events, e)
		fn := f.answer[e["triggerSource"].(string)]
		f.mu.Unlock()
		if fn != nil {
			v := fn(e)
			if text, ok := v.(string); ok {
				json.NewEncoder(w).Encode(M{"errorMessage": text, "errorType": "Error"})
				return
			}
			e["response"] = v
		}
		json.NewEncoder(w).Encode(e)
	}))
	t.Cleanup(server.Close)
	f.URL = server.URL + "/functions"
	return f
}

func (f *functions) on(source string, fn func(e M) any) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.answer[source] = fn
}

// sources are those of the events so far.
func (f *functions) sources() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var list []string
	for _, e := range f.events {
		list = append(list, e["triggerSource"].(string))
	}
	f.events = nil
	return list
}

func TestTriggersOfSignUp(t *testing.T) {
	s := idptest.New(t, "")
	f := newFunctions(t)
	id, app := mailPool(t, s, M{"LambdaConfig": M{"PreSignUp": f.URL, "PostConfirmation": f.URL, "CustomMessage": f.URL, "PreAuthentication": f.URL,
		"PostAuthentication": f.URL}}, nil)
	f.on("CustomMessage_SignUp", func(e M) any {
		if e["request"].(M)["codeParameter"] != "{####}" || e["userPoolId"] != id || e["callerContext"].(M)["clientId"] != app {
			t.Errorf("event %v", e)
		}
		return M{"emailSubject": "Hello", "emailMessage": "Take {####}"}
	})
	sub := join(t, s, app, "jane@example.com")
	if m := s.Outbox()[0]; m.Subject != "Hello" || m.Body != "Take "+m.Code {
		t.Errorf("%+v", m)
	}
	signIn(t, s, app, sub)
	want := []string{"PreSignUp_SignUp", "CustomMessage_SignUp", "PostConfirmation_ConfirmSignUp", "PreAuthentication_Authentication",
		"PostAuthentication_Authentication"}
	if d := cmp.Diff(want, f.sources()); d != "" {
		t.Error(d)
	}
	f.on("PreSignUp_SignUp", func(M) any { return "no bots" })
	s.Refused(t, "SignUp", M{"ClientId": app, "Username": "bot@example.com", "Password": good, "UserAttributes": names}, "UserLambdaValidationException",
		"PreSignUp failed with error no bots.")
	f.on("PreSignUp_SignUp", func(M) any { return []int{1} })
	s.Refused(t, "SignUp", M{"ClientId": app, "Username": "bot@example.com", "Password": good, "UserAttributes": names}, "InvalidLambdaResponseException",
		"Unrecognizable lambda output")
	f.on("PreSignUp_SignUp", func(M) any { return M{"autoConfirmUser": true, "autoVerifyEmail": true} })
	var up struct{ UserConfirmed bool }
	s.Must(t, "SignUp", M{"ClientId": app, "Username": "auto@example.com", "Password": good, "UserAttributes": names}, &up)
	if !up.UserConfirmed {
		t.Error("not confirmed")
	}
	signIn(t, s, app, "auto@example.com")
	f.on("PreAuthentication_Authentication", func(M) any { return "closed on Sundays" })
	s.Refused(t, "InitiateAuth", M{"ClientId": app, "AuthFlow": "USER_PASSWORD_AUTH", "AuthParameters": M{"USERNAME": sub, "PASSWORD": good}},
		"UserLambdaValidationException", "PreAuthentication failed with error closed on Sundays.")
	s.Refused(t, "CreateUserPool", M{"PoolName": "x", "LambdaConfig": M{"PreSignUp": "not an arn at all"}}, "InvalidParameterException",
		"1 validation error detected: Value 'not an arn at all' at 'lambdaConfig.preSignUp' failed to satisfy constraint: Member must satisfy regular "+
			`expression pattern: (?:arn:[\w+=/,.@-]+:[\w+=/,.@-]+:([\w+=/,.@-]*)?:[0-9]+:[\w+=/,.@-]+(:[\w+=/,.@-]+)?(:[\w+=/,.@-]+)?)|https?://[!-~]+`)
}

func TestCustomAuth(t *testing.T) {
	s := idptest.New(t, "")
	f := newFunctions(t)
	id, app := mailPool(t, s, M{"LambdaConfig": M{"DefineAuthChallenge": f.URL, "CreateAuthChallenge": f.URL, "VerifyAuthChallengeResponse": f.URL}}, nil)
	f.on("DefineAuthChallenge_Authentication", func(e M) any {
		session := e["request"].(M)["session"].([]any)
		switch n := len(session); {
		case n == 1 && session[0].(M)["challengeName"] == "SRP_A":
			return M{"challengeName": "PASSWORD_VERIFIER", "issueTokens": false, "failAuthentication": false}
		case n > 0 && session[n-1].(M)["challengeName"] == "CUSTOM_CHALLENGE" && session[n-1].(M)["challengeResult"] == true:
			return M{"issueTokens": true, "failAuthentication": false}
		case n >= 3:
			return M{"issueTokens": false, "failAuthentication": true}
		}
		return M{"challengeName": "CUSTOM_CHALLENGE", "issueTokens": false, "failAuthentication": false}
	})
	f.on("CreateAuthChallenge_Authentication", func(M) any {
		return M{"publicChallengeParameters": M{"question": "2+2"}, "privateChallengeParameters": M{"answer": "4"}, "challengeMetadata": "SUM"}
	})
	f.on("VerifyAuthChallengeResponse_Authentication", func(e M) any {
		request := e["request"].(M)
		return M{"answerCorrect": request["privateChallengeParameters"].(M)["answer"] == request["challengeAnswer"]}
	})
	sub := join(t, s, app, "jane@example.com")
	r := start(t, s, app, "CUSTOM_AUTH", M{"USERNAME": "jane@example.com"})
	if d := cmp.Diff(map[string]string{"question": "2+2", "USERNAME": sub}, r.ChallengeParameters); r.ChallengeName != "CUSTOM_CHALLENGE" || d != "" {
		t.Fatalf("%+v %s", r, d)
	}
	r = answer(t, s, app, r, M{"USERNAME": sub, "ANSWER": "5"})
	if end := answer(t, s, app, r, M{"USERNAME": sub, "ANSWER": "4"}); end.AuthenticationResult == nil {
		t.Fatalf("%+v", end)
	}
	r = start(t, s, app, "CUSTOM_AUTH", M{"USERNAME": "jane@example.com"})
	for range 2 {
		r = answer(t, s, app, r, M{"USERNAME": sub, "ANSWER": "5"})
	}
	s.Refused(t, "RespondToAuthChallenge", M{"ClientId": app, "ChallengeName": "CUSTOM_CHALLENGE", "Session": r.Session,
		"ChallengeResponses": M{"USERNAME": sub, "ANSWER": "5"}}, "NotAuthorizedException", "Incorrect username or password.")
	// The password first, then a question.
	c := idptest.NewSRP()
	r = start(t, s, app, "CUSTOM_AUTH", M{"USERNAME": "jane@example.com", "CHALLENGE_NAME": "SRP_A", "SRP_A": c.Public()})
	if r.ChallengeName != "PASSWORD_VERIFIER" || r.Session == "" {
		t.Fatalf("%+v", r)
	}
	r = answer(t, s, app, r, claim(t, s, id, r, c, good))
	if end := answer(t, s, app, r, M{"USERNAME": sub, "ANSWER": "4"}); end.AuthenticationResult == nil {
		t.Errorf("%+v", end)
	}
}

func TestMigration(t *testing.T) {
	s := idptest.New(t, "")
	f := newFunctions(t)
	_, app := mailPool(t, s, M{"LambdaConfig": M{"UserMigration": f.URL}}, nil)
	f.on("UserMigration_Authentication", func(e M) any {
		if e["userName"] != "old@example.com" || e["request"].(M)["password"] != good {
			return "Bad password"
		}
		return M{"userAttributes": M{"email": "old@example.com", "email_verified": "true", "given_name": "O", "family_name": "L"}, "finalUserStatus": "CONFIRMED"}
	})
	in := func(name string) M {
		return M{"ClientId": app, "AuthFlow": "USER_PASSWORD_AUTH", "AuthParameters": M{"USERNAME": name, "PASSWORD": good}}
	}
	s.Refused(t, "InitiateAuth", in("unknown@example.com"), "UserNotFoundException", "User does not exist.")
	signIn(t, s, app, "old@example.com")
	f.sources()
	signIn(t, s, app, "old@example.com")
	if got := f.sources(); len(got) > 0 {
		t.Errorf("a user who is here was asked for again: %v", got)
	}
}

func TestPreTokenGeneration(t *testing.T) {
	s := idptest.New(t, "")
	f := newFunctions(t)
	id, app := mailPool(t, s, nil, nil)
	sub := join(t, s, app, "jane@example.com")
	s.Must(t, "CreateGroup", M{"UserPoolId": id, "GroupName": "staff"}, nil)
	s.Must(t, "AdminAddUserToGroup", M{"UserPoolId": id, "Username": sub, "GroupName": "staff"}, nil)
	tokens := func(config M) (access, ident M) {
		s.Must(t, "UpdateUserPool", M{"UserPoolId": id, "LambdaConfig": config}, nil)
		r := signIn(t, s, app, sub).AuthenticationResult
		_, access = idptest.Claims(t, r.AccessToken)
		_, ident = idptest.Claims(t, r.IdToken)
		return access, ident
	}
	f.on("TokenGeneration_Authentication", func(e M) any {
		if e["version"] != "1" || e["request"].(M)["groupConfiguration"].(M)["groupsToOverride"].([]any)[0] != "staff" {
			t.Errorf("event %v", e)
		}
		return M{"claimsOverrideDetails": M{"claimsToAddOrOverride": M{"tenant": "t1", "sub": "evil", "given_name": "X"}, "claimsToSuppress": []string{"family_name", "iss"},
			"groupOverrideDetails": M{"groupsToOverride": []string{"a", "b"}, "preferredRole": "arn:aws:iam::1:role/a"}}}
	})
	access, ident := tokens(M{"PreTokenGeneration": f.URL})
	if ident["tenant"] != "t1" || ident["sub"] != sub || ident["given_name"] != "X" || ident["family_name"] != nil || ident["iss"] == nil ||
		len(ident["cognito:groups"].([]any)) != 2 || ident["cognito:preferred_role"] != "arn:aws:iam::1:role/a" {
		t.Errorf("ID token %v", ident)
	}
	if access["tenant"] != nil || len(access["cognito:groups"].([]any)) != 2 {
		t.Errorf("access token %v", access)
	}
	f.on("TokenGeneration_Authentication", func(e M) any {
		if e["version"] != "2" || e["request"].(M)["scopes"].([]any)[0] != "aws.cognito.signin.user.admin" {
			t.Errorf("event %v", e)
		}
		return M{"claimsAndScopeOverrideDetails": M{"idTokenGeneration": M{"claimsToAddOrOverride": M{"plan": M{"level": 3}}},
			"accessTokenGeneration": M{"claimsToAddOrOverride": M{"roles": []string{"x"}, "client_id": "evil"}, "scopesToAdd": []string{"orders/read"},
				"scopesToSuppress": []string{"aws.cognito.signin.user.admin"}}}}
	})
	access, ident = tokens(M{"PreTokenGenerationConfig": M{"LambdaVersion": "V2_0", "LambdaArn": f.URL}})
	if access["scope"] != "orders/read" || access["client_id"] != app || access["roles"].([]any)[0] != "x" || ident["plan"].(M)["level"] != 3.0 || ident["roles"] != nil {
		t.Errorf("access token %v\nID token %v", access, ident)
	}
	// Version 3 sees machines as well.
	f.on("TokenGeneration_ClientCredentials", func(e M) any {
		if e["version"] != "3" || e["userName"] != "ClientCredentials" || e["request"].(M)["clientMetadata"].(M)["k"] != "v" {
			t.Errorf("event %v", e)
		}
		return M{"claimsAndScopeOverrideDetails": M{"accessTokenGeneration": M{"claimsToAddOrOverride": M{"tenant": "t9"}}}}
	})
	s.Must(t, "UpdateUserPool", M{"UserPoolId": id, "LambdaConfig": M{"PreTokenGenerationConfig": M{"LambdaVersion": "V3_0", "LambdaArn": f.URL}}}, nil)
	s.Must(t, "CreateResourceServer", M{"UserPoolId": id, "Identifier": "api", "Name": "api", "Scopes": []M{{"ScopeName": "read", "ScopeDescription": "r"}}}, nil)
	machine, secret := s.App(t, id, M{"GenerateSecret": true, "ExplicitAuthFlows": []string{"ALLOW_CLIENT_TOKEN_AUTH"}, "AllowedOAuthFlowsUserPoolClient": true,
		"AllowedOAuthFlows": []string{"client_credentials"}, "AllowedOAuthScopes": []string{"api/read"}})
	var out struct {
		ClientAuthenticationResult struct{ AccessToken string }
	}
	s.Must(t, "GetClientToken", M{"ClientId": machine, "Secret": secret, "ClientMetadata": M{"k": "v"}}, &out)
	if _, c := idptest.Claims(t, out.ClientAuthenticationResult.AccessToken); c["tenant"] != "t9" || c["scope"] != "api/read" {
		t.Errorf("%v", c)
	}
}
