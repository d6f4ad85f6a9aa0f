package idp_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
)

// An administrator makes a user, who gets a temporary password by mail and has to choose one.
func TestInvitation(t *testing.T) {
	p := start(t, nil)
	ctx, jane := t.Context(), "jane@example.com"
	a := p.newApp(func(in *cip.CreateUserPoolInput) {
		in.Schema = []types.SchemaAttributeType{{Name: aws.String("family_name"), Required: aws.Bool(true), Mutable: aws.Bool(true)}}
	}, nil)
	made := must[*cip.AdminCreateUserOutput](t)(a.AdminCreateUser(ctx, &cip.AdminCreateUserInput{UserPoolId: &a.pool, Username: &jane,
		DesiredDeliveryMediums: []types.DeliveryMediumType{"EMAIL"}, UserAttributes: []types.AttributeType{{Name: aws.String("email"), Value: &jane},
			{Name: aws.String("email_verified"), Value: aws.String("true")}}}))
	if made.User.UserStatus != "FORCE_CHANGE_PASSWORD" {
		t.Errorf("status %s", made.User.UserStatus)
	}
	m := p.mail(jane)
	temporary := m.Code
	if temporary == "" || !strings.Contains(m.Body, temporary) {
		t.Fatalf("mail %+v", m)
	}
	step := must[*cip.InitiateAuthOutput](t)(a.byPassword(jane, temporary))
	if step.ChallengeName != "NEW_PASSWORD_REQUIRED" || step.ChallengeParameters["requiredAttributes"] != `["userAttributes.family_name"]` {
		t.Fatalf("step %s %v", step.ChallengeName, step.ChallengeParameters)
	}
	answer := func(session *string, pairs ...string) (*cip.RespondToAuthChallengeOutput, error) {
		return a.RespondToAuthChallenge(ctx, &cip.RespondToAuthChallengeInput{ClientId: &a.client, ChallengeName: "NEW_PASSWORD_REQUIRED", Session: session,
			ChallengeResponses: a.parameters(jane, pairs...)})
	}
	_, err := answer(step.Session, "NEW_PASSWORD", "short", "userAttributes.family_name", "Doe")
	refused(t, err, "InvalidPasswordException", "")
	step = must[*cip.InitiateAuthOutput](t)(a.byPassword(jane, temporary))
	_, err = answer(step.Session, "NEW_PASSWORD", good)
	refused(t, err, "InvalidParameterException", "Invalid attributes given, family_name is missing")
	// By SRP, as most clients do.
	bySRP := must[*cip.RespondToAuthChallengeOutput](t)(a.bySRP(jane, temporary))
	if bySRP.ChallengeName != "NEW_PASSWORD_REQUIRED" {
		t.Fatalf("by SRP: %s", bySRP.ChallengeName)
	}
	out := must[*cip.RespondToAuthChallengeOutput](t)(answer(bySRP.Session, "NEW_PASSWORD", good, "userAttributes.family_name", "Doe"))
	if c := claims(t, out.AuthenticationResult.IdToken); c["family_name"] != "Doe" || c["sub"] != *made.User.Username {
		t.Errorf("claims %v", c)
	}
	_, err = answer(bySRP.Session, "NEW_PASSWORD", better, "userAttributes.family_name", "Doe")
	refused(t, err, "NotAuthorizedException", "")
	a.tokens(jane, good)
	_, err = a.byPassword(jane, temporary)
	refused(t, err, "NotAuthorizedException", "Incorrect username or password.")

	// An administrator's own sign-in, and the ends that an administrator puts.
	admin := must[*cip.AdminInitiateAuthOutput](t)(a.AdminInitiateAuth(ctx, &cip.AdminInitiateAuthInput{UserPoolId: &a.pool, ClientId: &a.client,
		AuthFlow: "ADMIN_USER_PASSWORD_AUTH", AuthParameters: a.parameters(jane, "PASSWORD", good)})).AuthenticationResult
	must[*cip.AdminUserGlobalSignOutOutput](t)(a.AdminUserGlobalSignOut(ctx, &cip.AdminUserGlobalSignOutInput{UserPoolId: &a.pool, Username: &jane}))
	refused(t, a.works(admin.AccessToken), "NotAuthorizedException", "Access Token has been revoked")
	in := a.tokens(jane, good)
	must[*cip.AdminDisableUserOutput](t)(a.AdminDisableUser(ctx, &cip.AdminDisableUserInput{UserPoolId: &a.pool, Username: &jane}))
	_, err = a.byPassword(jane, good)
	refused(t, err, "NotAuthorizedException", "User is disabled.")
	if a.works(in.AccessToken) == nil {
		t.Error("a disabled user's token works")
	}
	must[*cip.AdminDeleteUserOutput](t)(a.AdminDeleteUser(ctx, &cip.AdminDeleteUserInput{UserPoolId: &a.pool, Username: &jane}))
	_, err = a.refresh(in.RefreshToken)
	refused(t, err, "NotAuthorizedException", "")
}

// Groups are in both tokens, with the strongest one's role; a change shows in the next tokens.
func TestGroupsInTokens(t *testing.T) {
	p := start(t, nil)
	ctx, jane := t.Context(), "jane@example.com"
	a := p.newApp(nil, nil)
	a.person(jane)
	for i, name := range []string{"readers", "writers"} {
		must[*cip.CreateGroupOutput](t)(a.CreateGroup(ctx, &cip.CreateGroupInput{UserPoolId: &a.pool, GroupName: &name, Precedence: aws.Int32(int32(9 - i)),
			RoleArn: aws.String("arn:aws:iam::123456789012:role/" + name)}))
		must[*cip.AdminAddUserToGroupOutput](t)(a.AdminAddUserToGroup(ctx, &cip.AdminAddUserToGroupInput{UserPoolId: &a.pool, GroupName: &name, Username: &jane}))
	}
	in := a.tokens(jane, good)
	id, access := claims(t, in.IdToken), claims(t, in.AccessToken)
	if got := fmt.Sprint(id["cognito:groups"], access["cognito:groups"]); got != "[writers readers] [writers readers]" {
		t.Errorf("groups %s", got)
	}
	if id["cognito:preferred_role"] != "arn:aws:iam::123456789012:role/writers" {
		t.Errorf("role %v", id["cognito:preferred_role"])
	}
	must[*cip.AdminRemoveUserFromGroupOutput](t)(a.AdminRemoveUserFromGroup(ctx, &cip.AdminRemoveUserFromGroupInput{UserPoolId: &a.pool,
		GroupName: aws.String("writers"), Username: &jane}))
	out := must[*cip.InitiateAuthOutput](t)(a.refresh(in.RefreshToken))
	if got := fmt.Sprint(claims(t, out.AuthenticationResult.AccessToken)["cognito:groups"]); got != "[readers]" {
		t.Errorf("groups after the change %s", got)
	}
	must[*cip.DeleteGroupOutput](t)(a.DeleteGroup(ctx, &cip.DeleteGroupInput{UserPoolId: &a.pool, GroupName: aws.String("readers")}))
	out = must[*cip.InitiateAuthOutput](t)(a.refresh(in.RefreshToken))
	if got, there := claims(t, out.AuthenticationResult.AccessToken)["cognito:groups"]; there {
		t.Errorf("groups without any: %v", got)
	}
}

// found lists the addresses of the users that a filter finds, page by page.
func (a *app) found(filter string, limit int32) (names []string, pages int) {
	a.t.Helper()
	in := &cip.ListUsersInput{UserPoolId: &a.pool, Limit: &limit}
	if filter != "" {
		in.Filter = &filter
	}
	for {
		out, err := a.ListUsers(a.t.Context(), in)
		if err != nil {
			a.t.Fatalf("%s: %v", filter, err)
		}
		pages++
		for _, u := range out.Users {
			for _, attribute := range u.Attributes {
				if *attribute.Name == "email" {
					names = append(names, *attribute.Value)
				}
			}
		}
		if out.PaginationToken == nil {
			return names, pages
		}
		in.PaginationToken = out.PaginationToken
	}
}

// ListUsers filters by what AWS says it does, gives each user once over all pages, and cannot be talked into more by what a filter says.
func TestListUsers(t *testing.T) {
	p := start(t, nil)
	ctx := t.Context()
	a := p.newApp(nil, nil)
	var all []string
	given := []string{"Ann", "anna", `O"Hara\`, "%", "ÄÖ"}
	for i := range 25 {
		name := fmt.Sprintf("user%02d@example.com", i)
		all = append(all, name)
		must[*cip.AdminCreateUserOutput](t)(a.AdminCreateUser(ctx, &cip.AdminCreateUserInput{UserPoolId: &a.pool, Username: &name, MessageAction: "SUPPRESS",
			UserAttributes: []types.AttributeType{{Name: aws.String("email"), Value: &name}, {Name: aws.String("given_name"), Value: &given[i%5]}}}))
	}
	a.person("confirmed@example.com")
	all = append(all, "confirmed@example.com")
	off := "user07@example.com"
	must[*cip.AdminDisableUserOutput](t)(a.AdminDisableUser(ctx, &cip.AdminDisableUserInput{UserPoolId: &a.pool, Username: &off}))
	for _, limit := range []int32{1, 7, 13, 26, 60} {
		names, pages := a.found("", limit)
		slices.Sort(names)
		slices.Sort(all)
		if !slices.Equal(names, all) || pages > 26/int(limit)+1 {
			t.Errorf("pages of %d: %d pages with %d names", limit, pages, len(names))
		}
	}
	for filter, want := range map[string]int{
		`email = "user03@example.com"`: 1, `email ^= "user0"`: 10, `email^="user1"`: 10, `given_name = "Ann"`: 5, `given_name ^= "Ann"`: 5,
		`given_name ^= "ann"`: 5, `given_name = "O\"Hara\\"`: 5, `given_name = "%"`: 5, `given_name ^= "%"`: 5, `given_name = "_"`: 0, `given_name ^= "Ä"`: 5,
		`cognito:user_status = "CONFIRMED"`: 1, `cognito:user_status ^= "FORCE"`: 25, `status = "Disabled"`: 1, `status = "Enabled"`: 25, `"email" = "user03@example.com"`: 1,
		`email ^= ""`: 26, `email = "nobody"`: 0,
		// What would be more than a value in a statement that is glued together.
		`email = "x' OR '1'='1"`: 0, `email = "' UNION SELECT * FROM idp_users --"`: 0, `email ^= "'; DROP TABLE idp_users; --"`: 0, `given_name = "$1"`: 0,
		`given_name = "\\\" OR 1=1"`: 0,
	} {
		names, _ := a.found(filter, 3)
		if len(names) != want {
			t.Errorf("%s found %d, want %d: %v", filter, len(names), want, names)
		}
	}
	for _, filter := range []string{`email`, `email = user`, `email = "a" OR email = "b"`, `email = "a" and given_name = "b"`, `custom:x = "1"`, `birthdate = "1"`,
		`email LIKE "a"`, `1=1; --`, `email = "a`, `email' = "a"`, `password = "x"`, `hash ^= "$argon2id"`, `= "x"`, `email != "a"`} {
		_, err := a.ListUsers(ctx, &cip.ListUsersInput{UserPoolId: &a.pool, Filter: &filter})
		refused(t, err, "InvalidParameterException", "")
	}
	if names, _ := a.found("", 60); len(names) != 26 {
		t.Errorf("%d users are left", len(names))
	}

	// A token for a page is good for that list alone.
	other := p.newApp(nil, nil)
	page := must[*cip.ListUsersOutput](t)(a.ListUsers(ctx, &cip.ListUsersInput{UserPoolId: &a.pool, Limit: aws.Int32(3)}))
	for name, in := range map[string]*cip.ListUsersInput{
		"another pool":   {UserPoolId: &other.pool, PaginationToken: page.PaginationToken},
		"another filter": {UserPoolId: &a.pool, Filter: aws.String(`email ^= "u"`), PaginationToken: page.PaginationToken},
		"made up":        {UserPoolId: &a.pool, PaginationToken: aws.String("eyJhIjoxfQ")},
	} {
		if _, err := a.ListUsers(ctx, in); err == nil {
			t.Errorf("page token with %s was taken", name)
		}
	}
}
