package account_test

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gibbon-gateway/gibbon/internal/idp/account"
	"github.com/gibbon-gateway/gibbon/internal/idp/idptest"
)

type M = idptest.M

const good = "Passw0rd!"

func setup(t *testing.T, s *idptest.Server, pool, client M) (id, app string) {
	t.Helper()
	id = s.Pool(t, pool)
	in := M{"ExplicitAuthFlows": []string{"ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"}}
	maps.Copy(in, client)
	app, _ = s.App(t, id, in)
	return id, app
}

func add(t *testing.T, s *idptest.Server, id, name string, attributes ...M) {
	t.Helper()
	s.Must(t, "AdminCreateUser", M{"UserPoolId": id, "Username": name, "MessageAction": "SUPPRESS", "UserAttributes": attributes}, nil)
	s.Must(t, "AdminSetUserPassword", M{"UserPoolId": id, "Username": name, "Password": good, "Permanent": true}, nil)
}

func access(t *testing.T, s *idptest.Server, app, name, password string) string {
	t.Helper()
	var out struct{ AuthenticationResult struct{ AccessToken string } }
	s.Must(t, "InitiateAuth", M{"ClientId": app, "AuthFlow": "USER_PASSWORD_AUTH", "AuthParameters": M{"USERNAME": name, "PASSWORD": password}}, &out)
	return out.AuthenticationResult.AccessToken
}

// attributes are those that AdminGetUser shows.
func attributes(t *testing.T, s *idptest.Server, id, name string) map[string]string {
	t.Helper()
	var out struct {
		UserAttributes []struct{ Name, Value string }
	}
	s.Must(t, "AdminGetUser", M{"UserPoolId": id, "Username": name}, &out)
	all := map[string]string{}
	for _, a := range out.UserAttributes {
		all[a.Name] = a.Value
	}
	return all
}

func TestAdminUsers(t *testing.T) {
	s := idptest.New(t, "")
	id, _ := setup(t, s, nil, nil)
	var made struct{ User M }
	s.Must(t, "AdminCreateUser", M{"UserPoolId": id, "Username": "jane", "UserAttributes": []M{{"Name": "email", "Value": "jane@example.com"},
		{"Name": "email_verified", "Value": "true"}}}, &made)
	var got M
	s.Must(t, "AdminGetUser", M{"UserPoolId": id, "Username": "jane"}, &got)
	sub := attributes(t, s, id, "jane")["sub"]
	if sub[14:16] != "70" || len(sub) != 36 {
		t.Errorf("sub %s", sub)
	}
	for _, k := range []string{"UserCreateDate", "UserLastModifiedDate"} {
		if _, ok := got[k].(float64); !ok {
			t.Errorf("%s is %v", k, got[k])
		}
		delete(got, k)
	}
	want := M{"Username": "jane", "Enabled": true, "UserStatus": "FORCE_CHANGE_PASSWORD", "UserAttributes": []any{
		M{"Name": "email", "Value": "jane@example.com"}, M{"Name": "email_verified", "Value": "true"}, M{"Name": "sub", "Value": sub}}}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	s.Refused(t, "AdminCreateUser", M{"UserPoolId": id, "Username": "jane"}, "UsernameExistsException", "User account already exists")
	s.Must(t, "AdminGetUser", M{"UserPoolId": id, "Username": sub}, nil)
	for op, in := range map[string]M{"AdminGetUser": {}, "AdminDeleteUser": {}, "AdminEnableUser": {}, "AdminDisableUser": {}, "AdminUserGlobalSignOut": {},
		"AdminConfirmSignUp": {}, "AdminResetUserPassword": {}, "AdminSetUserPassword": {"Password": good}, "AdminListGroupsForUser": {},
		"AdminUpdateUserAttributes": {"UserAttributes": []M{}}, "AdminDeleteUserAttributes": {"UserAttributeNames": []string{}}, "AdminGetUserAuthFactors": {},
		"AdminDeleteSoftwareToken": {}, "AdminListUserAuthEvents": {}, "AdminListUserSessions": {}, "AdminSetUserMFAPreference": {}} {
		in["UserPoolId"], in["Username"] = id, "nobody"
		s.Refused(t, op, in, "UserNotFoundException", "User does not exist.")
		in["UserPoolId"] = "us-east-1_nothing00"
		s.Refused(t, op, in, "ResourceNotFoundException", "User pool us-east-1_nothing00 does not exist.")
	}
	s.Must(t, "AdminDeleteUser", M{"UserPoolId": id, "Username": "jane"}, nil)
	s.Refused(t, "AdminGetUser", M{"UserPoolId": id, "Username": "jane"}, "UserNotFoundException", "User does not exist.")
}

// TestAttributeChanges: new addresses are unverified until their codes come back, and may have to wait.
func TestAttributeChanges(t *testing.T) {
	s := idptest.New(t, "")
	id, app := setup(t, s, M{"AutoVerifiedAttributes": []string{"email", "phone_number"}, "UsernameAttributes": []string{"email"},
		"UserAttributeUpdateSettings": M{"AttributesRequireVerificationBeforeUpdate": []string{"email"}},
		"Schema":                      []M{{"Name": "badge", "AttributeDataType": "String", "Mutable": false}}},
		M{"WriteAttributes": []string{"email", "phone_number", "name", "custom:badge"}, "ReadAttributes": []string{"email", "name"}})
	add(t, s, id, "jane@example.com", M{"Name": "email_verified", "Value": "true"}, M{"Name": "custom:badge", "Value": "7"}, M{"Name": "nickname", "Value": "J"})
	token := access(t, s, app, "jane@example.com", good)
	update := func(name, value string) M {
		return M{"AccessToken": token, "UserAttributes": []M{{"Name": name, "Value": value}}}
	}
	s.Refused(t, "UpdateUserAttributes", update("nickname", "x"), "NotAuthorizedException", "A client attempted to write unauthorized attribute")
	s.Refused(t, "UpdateUserAttributes", update("custom:badge", "8"), "InvalidParameterException", "user.custom:badge: Attribute cannot be updated.")
	s.Refused(t, "UpdateUserAttributes", update("email", "nonsense"), "InvalidParameterException", "Invalid email address format.")
	s.Must(t, "UpdateUserAttributes", update("name", "Jane"), nil)
	var sent struct{ CodeDeliveryDetailsList []M }
	s.Must(t, "UpdateUserAttributes", update("email", "new@example.com"), &sent)
	if d := cmp.Diff([]M{{"Destination": "n***@e***", "DeliveryMedium": "EMAIL", "AttributeName": "email"}}, sent.CodeDeliveryDetailsList); d != "" {
		t.Error(d)
	}
	if a := attributes(t, s, id, "jane@example.com"); a["email"] != "jane@example.com" || a["email_verified"] != "true" {
		t.Errorf("the old address does not stay: %v", a)
	}
	s.Refused(t, "VerifyUserAttribute", M{"AccessToken": token, "AttributeName": "email", "Code": "0"}, "CodeMismatchException",
		"Invalid verification code provided, please try again.")
	s.Must(t, "VerifyUserAttribute", M{"AccessToken": token, "AttributeName": "email", "Code": s.Code(t)}, nil)
	token = access(t, s, app, "new@example.com", good)
	s.Must(t, "UpdateUserAttributes", update("phone_number", "+15555550100"), nil)
	if a := attributes(t, s, id, "new@example.com"); a["phone_number"] != "+15555550100" || a["phone_number_verified"] != "false" {
		t.Errorf("%v", a)
	}
	s.Must(t, "GetUserAttributeVerificationCode", M{"AccessToken": token, "AttributeName": "phone_number"}, nil)
	code := s.Code(t)
	s.Must(t, "AdminUpdateUserAttributes", M{"UserPoolId": id, "Username": "new@example.com", "UserAttributes": []M{{"Name": "phone_number", "Value": "+15555550199"}}}, nil)
	if code != s.Code(t) {
		s.Refused(t, "VerifyUserAttribute", M{"AccessToken": token, "AttributeName": "phone_number", "Code": code}, "CodeMismatchException",
			"Invalid verification code provided, please try again.")
	}
	s.Must(t, "VerifyUserAttribute", M{"AccessToken": token, "AttributeName": "phone_number", "Code": s.Code(t)}, nil)
	var me struct {
		UserAttributes []struct{ Name, Value string }
	}
	s.Must(t, "GetUser", M{"AccessToken": token}, &me)
	var names []string
	for _, a := range me.UserAttributes {
		names = append(names, a.Name)
	}
	if d := cmp.Diff([]string{"email", "name", "sub"}, names); d != "" {
		t.Errorf("readable attributes: %s", d)
	}
	s.Must(t, "DeleteUserAttributes", M{"AccessToken": token, "UserAttributeNames": []string{"name"}}, nil)
	s.Must(t, "AdminUpdateUserAttributes", M{"UserPoolId": id, "Username": "new@example.com", "UserAttributes": []M{{"Name": "nickname", "Value": ""}}}, nil)
	if a := attributes(t, s, id, "new@example.com"); a["name"] != "" || a["nickname"] != "" || a["custom:badge"] != "7" {
		t.Errorf("%v", a)
	}
	add(t, s, id, "other@example.com")
	s.Refused(t, "AdminUpdateUserAttributes", M{"UserPoolId": id, "Username": "other@example.com", "UserAttributes": []M{{"Name": "email", "Value": "new@example.com"},
		{"Name": "email_verified", "Value": "true"}}}, "AliasExistsException", "An account with the given email already exists.")
	s.Must(t, "DeleteUser", M{"AccessToken": token}, nil)
	s.Refused(t, "GetUser", M{"AccessToken": token}, "UserNotFoundException", "User does not exist.")
}

func TestChangePassword(t *testing.T) {
	s := idptest.New(t, "")
	id, app := setup(t, s, M{"Policies": M{"PasswordPolicy": M{"MinimumLength": 8, "PasswordHistorySize": 2}}}, nil)
	add(t, s, id, "jane")
	token := access(t, s, app, "jane", good)
	change := func(from, to string) M {
		return M{"AccessToken": token, "PreviousPassword": from, "ProposedPassword": to}
	}
	s.Refused(t, "ChangePassword", change("wrong-one", "second-one"), "NotAuthorizedException", "Incorrect username or password.")
	s.Refused(t, "ChangePassword", change(good, "short"), "InvalidPasswordException", "Password did not conform with policy: Password not long enough")
	s.Must(t, "ChangePassword", change(good, "second-one"), nil)
	s.Refused(t, "ChangePassword", change("second-one", good), "PasswordHistoryPolicyViolationException", "Password has previously been used.")
	s.Refused(t, "AdminSetUserPassword", M{"UserPoolId": id, "Username": "jane", "Password": "second-one", "Permanent": true},
		"PasswordHistoryPolicyViolationException", "Password has previously been used.")
	s.Must(t, "ChangePassword", change("second-one", "third-one"), nil)
	s.Must(t, "ChangePassword", change("third-one", good), nil)
	access(t, s, app, "jane", good)
	for range 5 {
		s.Refused(t, "ChangePassword", change("wrong-one", "fourth-one"), "NotAuthorizedException", "Incorrect username or password.")
	}
	s.Refused(t, "ChangePassword", change("wrong-one", "fourth-one"), "LimitExceededException", "Attempt limit exceeded, please try after some time.")
}

func TestListUsers(t *testing.T) {
	s := idptest.New(t, "")
	id, _ := setup(t, s, nil, nil)
	for i := range 7 {
		add(t, s, id, fmt.Sprintf("user%d", i), M{"Name": "email", "Value": fmt.Sprintf("mail%d@example.com", i)}, M{"Name": "name", "Value": `O"Neil`})
	}
	s.Must(t, "AdminDisableUser", M{"UserPoolId": id, "Username": "user3"}, nil)
	list := func(filter string, limit int) (names []string) {
		t.Helper()
		var next string
		for range 20 {
			in := M{"UserPoolId": id, "Filter": filter, "Limit": limit}
			if next != "" {
				in["PaginationToken"] = next
			}
			var out struct {
				Users           []struct{ Username string }
				PaginationToken string
			}
			s.Must(t, "ListUsers", in, &out)
			for _, u := range out.Users {
				names = append(names, u.Username)
			}
			if next = out.PaginationToken; next == "" {
				break
			}
		}
		slices.Sort(names)
		return names
	}
	all := []string{"user0", "user1", "user2", "user3", "user4", "user5", "user6"}
	for _, c := range []struct {
		filter string
		want   []string
	}{
		{"", all}, {`username = "user2"`, all[2:3]}, {`"username"="user2"`, all[2:3]}, {`email ^= "mail"`, all}, {`email ^= "mail4"`, all[4:5]}, {`email = "mail"`, nil},
		{`status = "Disabled"`, all[3:4]}, {`cognito:user_status = "confirmed"`, all}, {`name = "O\"Neil"`, all}, {`username ^= ""`, all},
		{`email = "' OR 1=1 --"`, nil}, {`username ^= "%"`, nil},
	} {
		for _, limit := range []int{0, 2} {
			if d := cmp.Diff(c.want, list(c.filter, limit)); d != "" {
				t.Errorf("%s, limit %d: %s", c.filter, limit, d)
			}
		}
	}
	refused := func(filter, text string) {
		t.Helper()
		s.Refused(t, "ListUsers", M{"UserPoolId": id, "Filter": filter}, "InvalidParameterException", text)
	}
	refused(`custom:foo = "x"`, "Invalid search attribute: custom:foo")
	refused(`username`, "Error while parsing filter.")
	refused(`username = user`, "Error while parsing filter.")
	refused(`username = "a" and email = "b"`, "Error while parsing filter.")
	var out struct{ Users []struct{ Attributes []M } }
	s.Must(t, "ListUsers", M{"UserPoolId": id, "AttributesToGet": []string{"email", "nickname"}, "Filter": `username = "user1"`}, &out)
	if d := cmp.Diff([]M{{"Name": "email", "Value": "mail1@example.com"}}, out.Users[0].Attributes); d != "" {
		t.Error(d)
	}
	s.Refused(t, "ListUsers", M{"UserPoolId": id, "PaginationToken": "x"}, "InvalidParameterException", "Invalid pagination token given.")
}

func TestGroups(t *testing.T) {
	s := idptest.New(t, "")
	id, _ := setup(t, s, nil, nil)
	for i := range 3 {
		s.Must(t, "CreateGroup", M{"UserPoolId": id, "GroupName": fmt.Sprint("g", i), "Precedence": 3 - i, "Description": "d"}, nil)
		add(t, s, id, fmt.Sprint("u", i))
		s.Must(t, "AdminAddUserToGroup", M{"UserPoolId": id, "Username": fmt.Sprint("u", i), "GroupName": "g0"}, nil)
		s.Must(t, "AdminAddUserToGroup", M{"UserPoolId": id, "Username": "u0", "GroupName": fmt.Sprint("g", i)}, nil)
	}
	s.Refused(t, "CreateGroup", M{"UserPoolId": id, "GroupName": "g0"}, "GroupExistsException", "A group with the name already exists.")
	s.Refused(t, "GetGroup", M{"UserPoolId": id, "GroupName": "nope"}, "ResourceNotFoundException", "Group not found.")
	s.Refused(t, "AdminAddUserToGroup", M{"UserPoolId": id, "Username": "u0", "GroupName": "nope"}, "ResourceNotFoundException", "Group not found.")
	pages := func(op, key string, in M) (n int) {
		for range 10 {
			var out map[string]any
			s.Must(t, op, in, &out)
			n += len(out[key].([]any))
			if out["NextToken"] == nil {
				break
			}
			in["NextToken"] = out["NextToken"]
		}
		return n
	}
	if n := pages("ListGroups", "Groups", M{"UserPoolId": id, "Limit": 2}); n != 3 {
		t.Errorf("%d groups", n)
	}
	if n := pages("ListUsersInGroup", "Users", M{"UserPoolId": id, "GroupName": "g0", "Limit": 1}); n != 3 {
		t.Errorf("%d members", n)
	}
	if n := pages("AdminListGroupsForUser", "Groups", M{"UserPoolId": id, "Username": "u0", "Limit": 1}); n != 3 {
		t.Errorf("%d groups of u0", n)
	}
	s.Must(t, "UpdateGroup", M{"UserPoolId": id, "GroupName": "g1", "Description": "new"}, nil)
	s.Must(t, "AdminRemoveUserFromGroup", M{"UserPoolId": id, "Username": "u0", "GroupName": "g1"}, nil)
	s.Must(t, "DeleteGroup", M{"UserPoolId": id, "GroupName": "g0"}, nil)
	var out struct{ Groups []struct{ GroupName string } }
	s.Must(t, "AdminListGroupsForUser", M{"UserPoolId": id, "Username": "u0"}, &out)
	if len(out.Groups) != 1 || out.Groups[0].GroupName != "g2" {
		t.Errorf("%+v", out)
	}
}

func TestImport(t *testing.T) {
	s := idptest.New(t, "")
	id, app := setup(t, s, M{"AutoVerifiedAttributes": []string{"email"}}, nil)
	var header struct{ CSVHeader []string }
	s.Must(t, "GetCSVHeader", M{"UserPoolId": id}, &header)
	if !slices.Contains(header.CSVHeader, "cognito:username") || slices.Contains(header.CSVHeader, "sub") {
		t.Errorf("%v", header)
	}
	var made struct {
		UserImportJob struct{ JobId, PreSignedUrl, Status string }
	}
	s.Must(t, "CreateUserImportJob", M{"UserPoolId": id, "JobName": "j", "CloudWatchLogsRoleArn": "arn:aws:iam::123456789012:role/logs"}, &made)
	job := made.UserImportJob
	start := M{"UserPoolId": id, "JobId": job.JobId}
	s.Refused(t, "StartUserImportJob", start, "PreconditionNotMetException", "No file was uploaded for the import job.")
	file := "cognito:username,email,email_verified\njane,jane@example.com,true\njohn,broken,true\njack,jack@example.com,false\njane,jane2@example.com,true\n"
	put := func(url string) int {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPut, url, strings.NewReader(file))
		if err != nil {
			t.Fatal(err)
		}
		w, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		w.Body.Close()
		return w.StatusCode
	}
	if got := put(job.PreSignedUrl + "x"); got != http.StatusForbidden {
		t.Errorf("a wrong signature: %d", got)
	}
	if got := put(job.PreSignedUrl); got != http.StatusOK {
		t.Fatalf("upload: %d", got)
	}
	var done struct{ UserImportJob M }
	s.Must(t, "StartUserImportJob", start, &done)
	j := done.UserImportJob
	if j["Status"] != "Succeeded" || j["ImportedUsers"] != 1.0 || j["FailedUsers"] != 2.0 || j["SkippedUsers"] != 1.0 {
		t.Errorf("%v", j)
	}
	s.Must(t, "ForgotPassword", M{"ClientId": app, "Username": "jane"}, nil)
	s.Must(t, "ConfirmForgotPassword", M{"ClientId": app, "Username": "jane", "ConfirmationCode": s.Code(t), "Password": good}, nil)
	access(t, s, app, "jane", good)
	s.Must(t, "ListUserImportJobs", M{"UserPoolId": id, "MaxResults": 10}, nil)
	s.Refused(t, "StopUserImportJob", start, "PreconditionNotMetException", "The import job is in status Succeeded and can not be stopped.")
}

func TestLinks(t *testing.T) {
	s := idptest.New(t, "")
	id, _ := setup(t, s, nil, nil)
	add(t, s, id, "jane")
	s.Must(t, "CreateIdentityProvider", M{"UserPoolId": id, "ProviderName": "Corp", "ProviderType": "OIDC",
		"ProviderDetails": M{"client_id": "x", "authorize_scopes": "openid", "oidc_issuer": "https://idp.example", "attributes_request_method": "GET"}}, nil)
	link := M{"UserPoolId": id, "DestinationUser": M{"ProviderName": "Cognito", "ProviderAttributeValue": "jane"},
		"SourceUser": M{"ProviderName": "Corp", "ProviderAttributeName": "Cognito_Subject", "ProviderAttributeValue": "42"}}
	s.Must(t, "AdminLinkProviderForUser", link, nil)
	s.Refused(t, "AdminLinkProviderForUser", link, "InvalidParameterException", "SourceUser is already linked to DestinationUser")
	if a := attributes(t, s, id, "jane")["identities"]; !strings.Contains(a, `"userId":"42"`) || !strings.Contains(a, `"primary":"false"`) {
		t.Errorf("identities %s", a)
	}
	s.Must(t, "AdminDisableProviderForUser", M{"UserPoolId": id, "User": M{"ProviderName": "Corp", "ProviderAttributeName": "Cognito_Subject",
		"ProviderAttributeValue": "42"}}, nil)
	if a := attributes(t, s, id, "jane")["identities"]; a != "" {
		t.Errorf("identities %s", a)
	}
}

func TestEvents(t *testing.T) {
	s := idptest.New(t, "")
	id, app := setup(t, s, M{"UserPoolAddOns": M{"AdvancedSecurityMode": "AUDIT"}, "UserPoolTier": "PLUS"}, nil)
	add(t, s, id, "jane")
	access(t, s, app, "jane", good)
	var out struct {
		AuthEvents []struct{ EventId, EventType, EventResponse string }
	}
	s.Must(t, "AdminListUserAuthEvents", M{"UserPoolId": id, "Username": "jane"}, &out)
	if len(out.AuthEvents) != 1 || out.AuthEvents[0].EventType != "SignIn" || out.AuthEvents[0].EventResponse != "Pass" {
		t.Fatalf("%+v", out)
	}
	s.Must(t, "AdminUpdateAuthEventFeedback", M{"UserPoolId": id, "Username": "jane", "EventId": out.AuthEvents[0].EventId, "FeedbackValue": "Valid"}, nil)
	plain, _ := setup(t, s, nil, nil)
	add(t, s, plain, "jane")
	s.Refused(t, "AdminListUserAuthEvents", M{"UserPoolId": plain, "Username": "jane"}, "UserPoolAddOnNotEnabledException",
		"Advanced security is not enabled for this user pool.")
}

// TestSeed makes users with fixed ids; a second time changes nothing.
func TestSeed(t *testing.T) {
	s := idptest.New(t, "")
	id, app := setup(t, s, M{"UsernameAttributes": []string{"email"}}, nil)
	s.Must(t, "CreateGroup", M{"UserPoolId": id, "GroupName": "staff"}, nil)
	seed := account.Seed{ID: "34c84488-e0e1-70ae-d2ee-991ad1a898c8", Password: good, Groups: []string{"staff"},
		Attributes: map[string]string{"email": "jane@example.com", "email_verified": "true"}}
	for i, want := range []bool{true, false} {
		made, err := s.Account.Put(t.Context(), id, seed)
		if err != nil || made != want {
			t.Errorf("%d: %v, %v", i, made, err)
		}
	}
	_, claims := idptest.Claims(t, access(t, s, app, "jane@example.com", good))
	if claims["sub"] != seed.ID || claims["cognito:groups"].([]any)[0] != "staff" {
		t.Errorf("%v", claims)
	}
}
