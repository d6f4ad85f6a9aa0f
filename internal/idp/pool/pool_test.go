package pool_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/google/go-cmp/cmp"

	"github.com/gibbon-gateway/gibbon/internal/idp/idptest"
	"github.com/gibbon-gateway/gibbon/internal/idp/pool"
)

type M = idptest.M

// TestTutorial makes the tutorial's pool with the AWS SDK.
func TestTutorial(t *testing.T) {
	s := idptest.New(t, "")
	ctx := t.Context()
	made, err := s.Client.CreateUserPool(ctx, &cip.CreateUserPoolInput{PoolName: aws.String("kongpool"),
		UsernameAttributes: []types.UsernameAttributeType{"email"}, AutoVerifiedAttributes: []types.VerifiedAttributeType{"email"},
		UsernameConfiguration: &types.UsernameConfigurationType{CaseSensitive: aws.Bool(false)},
		Schema: []types.SchemaAttributeType{{Name: aws.String("email"), Required: aws.Bool(true)},
			{Name: aws.String("family_name"), Required: aws.Bool(true), Mutable: aws.Bool(true)},
			{Name: aws.String("given_name"), Required: aws.Bool(true), Mutable: aws.Bool(true)}}})
	if err != nil {
		t.Fatal(err)
	}
	id := *made.UserPool.Id
	if !regexp.MustCompile(`^us-east-1_[0-9a-zA-Z]{9}$`).MatchString(id) {
		t.Errorf("pool id %q", id)
	}
	if want := "arn:aws:cognito-idp:us-east-1:" + pool.Account + ":userpool/" + id; *made.UserPool.Arn != want {
		t.Errorf("ARN %s, want %s", *made.UserPool.Arn, want)
	}
	attributes := []string{"email", "family_name", "given_name"}
	client, err := s.Client.CreateUserPoolClient(ctx, &cip.CreateUserPoolClientInput{UserPoolId: &id, ClientName: aws.String("kong-api"),
		GenerateSecret: true, RefreshTokenValidity: 30, ExplicitAuthFlows: []types.ExplicitAuthFlowsType{"ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"},
		ReadAttributes: attributes, WriteAttributes: attributes})
	if err != nil {
		t.Fatal(err)
	}
	c := client.UserPoolClient
	if !regexp.MustCompile(`^[a-z0-9]{26}$`).MatchString(*c.ClientId) || !regexp.MustCompile(`^[a-z0-9]{51}$`).MatchString(*c.ClientSecret) {
		t.Errorf("client id %q, secret %q", *c.ClientId, *c.ClientSecret)
	}
	if _, err := s.Client.CreateUserPoolDomain(ctx, &cip.CreateUserPoolDomainInput{UserPoolId: &id, Domain: aws.String("kongdomain")}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Client.CreateResourceServer(ctx, &cip.CreateResourceServerInput{UserPoolId: &id, Identifier: aws.String("http://kongresource"),
		Name: aws.String("kongresource"), Scopes: []types.ResourceServerScopeType{{ScopeName: aws.String("scope1"), ScopeDescription: aws.String("one")}}}); err != nil {
		t.Fatal(err)
	}
	updated, err := s.Client.UpdateUserPoolClient(ctx, &cip.UpdateUserPoolClientInput{UserPoolId: &id, ClientId: c.ClientId, ClientName: aws.String("kong-api"),
		ExplicitAuthFlows: c.ExplicitAuthFlows, ReadAttributes: attributes, WriteAttributes: attributes, RefreshTokenValidity: 30,
		SupportedIdentityProviders: []string{"COGNITO"}, AllowedOAuthFlowsUserPoolClient: true,
		AllowedOAuthFlows: []types.OAuthFlowType{"client_credentials"}, AllowedOAuthScopes: []string{"http://kongresource/scope1"}})
	if err != nil {
		t.Fatal(err)
	}
	if *updated.UserPoolClient.ClientSecret != *c.ClientSecret {
		t.Error("an update changed the secret")
	}
	p, cl, err := s.Pools.Client(ctx, *c.ClientId)
	if err != nil || p.Prefix != "kongdomain" || !p.HasScope("http://kongresource/scope1") || !cl.Proves(*c.ClientSecret) || cl.Proves("") {
		t.Errorf("pool %+v, client %+v, %v", p, cl, err)
	}
	described, err := s.Client.DescribeUserPool(ctx, &cip.DescribeUserPoolInput{UserPoolId: &id})
	if err != nil || aws.ToString(described.UserPool.Domain) != "kongdomain" {
		t.Errorf("%v, %v", described, err)
	}
	domain, err := s.Client.DescribeUserPoolDomain(ctx, &cip.DescribeUserPoolDomainInput{Domain: aws.String("kongdomain")})
	if err != nil || *domain.DomainDescription.UserPoolId != id || domain.DomainDescription.Status != "ACTIVE" {
		t.Errorf("%v, %v", domain, err)
	}
}

func TestDefaultsOfPool(t *testing.T) {
	s := idptest.New(t, "")
	id := s.Pool(t, nil)
	var out struct{ UserPool M }
	s.Must(t, "DescribeUserPool", M{"UserPoolId": id}, &out)
	p := out.UserPool
	if n := len(p["SchemaAttributes"].([]any)); n != 21 {
		t.Errorf("%d attributes", n)
	}
	for _, k := range []string{"CreationDate", "LastModifiedDate"} {
		if _, ok := p[k].(float64); !ok {
			t.Errorf("%s is %v, want seconds", k, p[k])
		}
		delete(p, k)
	}
	delete(p, "SchemaAttributes")
	want := M{"Id": id, "Name": "pool", "Arn": pool.ARN("us-east-1", id), "DeletionProtection": "INACTIVE", "LambdaConfig": M{}, "MfaConfiguration": "OFF",
		"Policies": M{"PasswordPolicy": M{"MinimumLength": 8.0, "RequireUppercase": true, "RequireLowercase": true, "RequireNumbers": true, "RequireSymbols": true,
			"TemporaryPasswordValidityDays": 7.0}, "SignInPolicy": M{"AllowedFirstAuthFactors": []any{"PASSWORD"}}},
		"VerificationMessageTemplate": M{"DefaultEmailOption": "CONFIRM_WITH_CODE"},
		"UserAttributeUpdateSettings": M{"AttributesRequireVerificationBeforeUpdate": []any{}},
		"EmailConfiguration":          M{"EmailSendingAccount": "COGNITO_DEFAULT"},
		"AdminCreateUserConfig":       M{"AllowAdminCreateUserOnly": false, "UnusedAccountValidityDays": 7.0},
		"AccountRecoverySetting": M{"RecoveryMechanisms": []any{M{"Priority": 1.0, "Name": "verified_email"},
			M{"Priority": 2.0, "Name": "verified_phone_number"}}},
		"UserPoolTier": "ESSENTIALS", "EstimatedNumberOfUsers": 0.0}
	if d := cmp.Diff(want, p); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
}

// TestUpdateReplaces: what an update leaves out falls back to its default.
func TestUpdateReplaces(t *testing.T) {
	s := idptest.New(t, "")
	id := s.Pool(t, M{"AutoVerifiedAttributes": []string{"email"}, "DeletionProtection": "ACTIVE", "Policies": M{"PasswordPolicy": M{"MinimumLength": 12}},
		"EmailVerificationMessage": "Your code: {####}", "UserPoolTags": M{"a": "b"}})
	s.Refused(t, "DeleteUserPool", M{"UserPoolId": id}, "InvalidParameterException",
		"The user pool cannot be deleted because deletion protection is activated. Deletion protection must be inactivated first.")
	var out struct{ UserPool M }
	s.Must(t, "DescribeUserPool", M{"UserPoolId": id}, &out)
	if m := out.UserPool["VerificationMessageTemplate"].(M)["EmailMessage"]; m != "Your code: {####}" {
		t.Errorf("message of the template is %v", m)
	}
	s.Must(t, "UpdateUserPool", M{"UserPoolId": id}, nil)
	out.UserPool = nil
	s.Must(t, "DescribeUserPool", M{"UserPoolId": id}, &out)
	p := out.UserPool
	if p["AutoVerifiedAttributes"] != nil || p["DeletionProtection"] != "INACTIVE" || p["EmailVerificationMessage"] != nil || p["UserPoolTags"] != nil ||
		p["Policies"].(M)["PasswordPolicy"].(M)["MinimumLength"] != 8.0 {
		t.Errorf("after an empty update: %v", p)
	}
	app, _ := s.App(t, id, M{"ExplicitAuthFlows": []string{"ALLOW_USER_PASSWORD_AUTH"}, "CallbackURLs": []string{"https://example.com"}})
	s.Must(t, "UpdateUserPoolClient", M{"UserPoolId": id, "ClientId": app}, nil)
	var c struct{ UserPoolClient M }
	s.Must(t, "DescribeUserPoolClient", M{"UserPoolId": id, "ClientId": app}, &c)
	for _, k := range []string{"CreationDate", "LastModifiedDate"} {
		delete(c.UserPoolClient, k)
	}
	want := M{"UserPoolId": id, "ClientId": app, "ClientName": "app", "RefreshTokenValidity": 30.0, "TokenValidityUnits": M{},
		"AllowedOAuthFlowsUserPoolClient": false, "EnableTokenRevocation": true, "EnablePropagateAdditionalUserContextData": false, "AuthSessionValidity": 3.0}
	if d := cmp.Diff(want, c.UserPoolClient); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
	s.Must(t, "DeleteUserPool", M{"UserPoolId": id}, nil)
	s.Refused(t, "DescribeUserPool", M{"UserPoolId": id}, "ResourceNotFoundException", "User pool "+id+" does not exist.")
}

func TestPoolRules(t *testing.T) {
	s := idptest.New(t, "")
	for _, c := range []struct {
		in         M
		kind, text string
	}{
		{M{"AliasAttributes": []string{"email"}, "UsernameAttributes": []string{"email"}}, "InvalidParameterException",
			"Only one of the aliasAttributes or usernameAttributes can be set in a user pool."},
		{M{"Schema": []M{{"Name": "x", "AttributeDataType": "String", "Required": true}}}, "InvalidParameterException",
			"Required custom attributes are not supported currently."},
		{M{"MfaConfiguration": "ON"}, "InvalidParameterException",
			"SMS configuration and Auto verification for phone_number are required when MFA is required/optional"},
		{M{"UserPoolTier": "LITE", "Policies": M{"PasswordPolicy": M{"MinimumLength": 8, "PasswordHistorySize": 3}}}, "FeatureUnavailableInTierException",
			"This feature is not available in the LITE tier."},
		{M{"Policies": M{"SignInPolicy": M{"AllowedFirstAuthFactors": []string{"EMAIL_OTP"}}}}, "InvalidParameterException",
			"PASSWORD must be one of the AllowedFirstAuthFactors."},
		{M{"PoolName": "a/b"}, "InvalidParameterException",
			`1 validation error detected: Value 'a/b' at 'poolName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\w\s+=,.@-]+`},
	} {
		in := M{"PoolName": "p"}
		for k, v := range c.in {
			in[k] = v
		}
		s.Refused(t, "CreateUserPool", in, c.kind, c.text)
	}
	id := s.Pool(t, nil)
	s.Must(t, "AddCustomAttributes", M{"UserPoolId": id, "CustomAttributes": []M{{"Name": "plan", "AttributeDataType": "Number",
		"NumberAttributeConstraints": M{"MinValue": "1", "MaxValue": "5"}}}}, nil)
	s.Refused(t, "AddCustomAttributes", M{"UserPoolId": id, "CustomAttributes": []M{{"Name": "plan"}}}, "InvalidParameterException",
		"custom:plan: Existing attribute already has name custom:plan.")
	s.Refused(t, "ListUserPools", M{}, "InvalidParameterException",
		"1 validation error detected: Value null at 'maxResults' failed to satisfy constraint: Member must not be null")
}

func TestClientRules(t *testing.T) {
	s := idptest.New(t, "")
	id := s.Pool(t, M{"Schema": []M{{"Name": "email", "Required": true}}})
	s.Must(t, "CreateResourceServer", M{"UserPoolId": id, "Identifier": "https://api", "Name": "api", "Scopes": []M{{"ScopeName": "read", "ScopeDescription": "r"}}}, nil)
	s.Refused(t, "CreateResourceServer", M{"UserPoolId": id, "Identifier": "https://api", "Name": "api"}, "InvalidParameterException",
		"https://api already exists in user pool "+id+".")
	for _, c := range []struct {
		in         M
		kind, text string
	}{
		{M{"AllowedOAuthFlows": []string{"client_credentials", "code"}, "GenerateSecret": true}, "InvalidOAuthFlowException",
			"client_credentials flow can not be selected along with code flow or implicit flow."},
		{M{"AllowedOAuthFlows": []string{"client_credentials"}}, "InvalidOAuthFlowException",
			"client_credentials flow can not be selected if client does not have a client secret."},
		{M{"AllowedOAuthFlows": []string{"client_credentials"}, "GenerateSecret": true, "AllowedOAuthScopes": []string{"openid"}}, "InvalidOAuthFlowException",
			"client_credentials flow can not be selected with scope openid: only custom scopes are allowed."},
		{M{"AllowedOAuthScopes": []string{"https://api/write"}}, "ScopeDoesNotExistException", "Invalid scope requested: https://api/write"},
		{M{"AllowedOAuthFlowsUserPoolClient": true}, "InvalidOAuthFlowException",
			"AllowedOAuthFlows and AllowedOAuthScopes are required if user pool client is allowed to use OAuth flows."},
		{M{"CallbackURLs": []string{"http://example.com/x"}}, "InvalidParameterException", "http://example.com/x cannot use the HTTP protocol."},
		{M{"CallbackURLs": []string{"https://example.com/#x"}}, "InvalidParameterException", "https://example.com/#x cannot contain a fragment."},
		{M{"SupportedIdentityProviders": []string{"Google"}}, "InvalidParameterException", "The provider Google does not exist for User Pool " + id + "."},
		{M{"WriteAttributes": []string{"name"}}, "InvalidParameterException", "Invalid write attributes specified while creating a client: email is required."},
		{M{"WriteAttributes": []string{"email", "email_verified"}}, "InvalidParameterException", "Invalid write attributes specified while creating a client"},
		{M{"ExplicitAuthFlows": []string{"ALLOW_CUSTOM_AUTH", "USER_PASSWORD_AUTH"}}, "InvalidParameterException",
			"Invalid ExplicitAuthFlows: values with and without the prefix ALLOW_ can not be combined."},
		{M{"AccessTokenValidity": 25}, "InvalidParameterException",
			"Invalid range for token validity: AccessTokenValidity must be between 300 and 86400 seconds."},
		{M{"RefreshTokenRotation": M{"Feature": "ENABLED"}, "ExplicitAuthFlows": []string{"ALLOW_REFRESH_TOKEN_AUTH"}}, "InvalidParameterException",
			"ALLOW_REFRESH_TOKEN_AUTH can not be enabled together with refresh token rotation."},
	} {
		in := M{"UserPoolId": id, "ClientName": "c"}
		for k, v := range c.in {
			in[k] = v
		}
		s.Refused(t, "CreateUserPoolClient", in, c.kind, c.text)
	}
	app, _ := s.App(t, id, M{"CallbackURLs": []string{"http://localhost:3000/cb", "myapp://cb"}, "GenerateSecret": true})
	var added struct {
		ClientSecretDescriptor struct{ ClientSecretId, ClientSecretValue string }
	}
	s.Advance(1e9)
	s.Must(t, "AddUserPoolClientSecret", M{"UserPoolId": id, "ClientId": app}, &added)
	if !strings.HasPrefix(added.ClientSecretDescriptor.ClientSecretId, app+"--") {
		t.Errorf("%+v", added)
	}
	s.Refused(t, "AddUserPoolClientSecret", M{"UserPoolId": id, "ClientId": app}, "LimitExceededException", "A client can not have more than 2 secrets.")
	other := s.Pool(t, nil)
	s.Refused(t, "DescribeUserPoolClient", M{"UserPoolId": other, "ClientId": app}, "ResourceNotFoundException", "User pool client "+app+" does not exist.")
}

func TestLists(t *testing.T) {
	s := idptest.New(t, "")
	made := map[string]bool{}
	for range 5 {
		made[s.Pool(t, nil)] = true
	}
	var next string
	for range 3 {
		in := M{"MaxResults": 2}
		if next != "" {
			in["NextToken"] = next
		}
		var out struct {
			UserPools []struct{ Id string }
			NextToken string
		}
		s.Must(t, "ListUserPools", in, &out)
		for _, p := range out.UserPools {
			delete(made, p.Id)
		}
		next = out.NextToken
	}
	if len(made) > 0 || next != "" {
		t.Errorf("left out %v, next %q", made, next)
	}
	s.Refused(t, "ListUserPools", M{"MaxResults": 2, "NextToken": "nonsense"}, "InvalidParameterException", "Invalid pagination token given.")
}

// TestSettings stores and reads the settings that nothing acts on, and those around the pages.
func TestSettings(t *testing.T) {
	s := idptest.New(t, "")
	id := s.Pool(t, M{"UserPoolAddOns": M{"AdvancedSecurityMode": "AUDIT"}})
	app, _ := s.App(t, id, nil)
	s.Refused(t, "SetUICustomization", M{"UserPoolId": id, "CSS": ".banner-customizable { color: red; }"}, "InvalidParameterException",
		"There has to be an existing domain associated with this user pool")
	s.Refused(t, "CreateUserPoolDomain", M{"UserPoolId": id, "Domain": "my-cognito-pool"}, "InvalidParameterException", "Domain cannot contain reserved word: cognito")
	s.Must(t, "CreateUserPoolDomain", M{"UserPoolId": id, "Domain": "settings"}, nil)
	s.Refused(t, "CreateUserPoolDomain", M{"UserPoolId": s.Pool(t, nil), "Domain": "settings"}, "InvalidParameterException",
		"Domain already associated with another user pool.")
	s.Refused(t, "DeleteUserPool", M{"UserPoolId": id}, "InvalidParameterException",
		"User pool cannot be deleted. It has a domain configured that should be deleted first.")
	s.Refused(t, "SetUICustomization", M{"UserPoolId": id, "CSS": ".evil { color: red; }"}, "InvalidParameterException", "CSS contains an invalid class: .evil")
	s.Must(t, "SetUICustomization", M{"UserPoolId": id, "CSS": ".banner-customizable { color: red; }", "ImageFile": "aGk="}, nil)
	var ui struct{ UICustomization M }
	s.Must(t, "GetUICustomization", M{"UserPoolId": id, "ClientId": app}, &ui)
	if ui.UICustomization["ClientId"] != "ALL" || ui.UICustomization["CSS"] != ".banner-customizable { color: red; }" {
		t.Errorf("%v", ui)
	}
	var empty struct{ DomainDescription M }
	s.Must(t, "DescribeUserPoolDomain", M{"Domain": "unknown"}, &empty)
	if len(empty.DomainDescription) != 0 || empty.DomainDescription == nil {
		t.Errorf("unknown domain: %v", empty)
	}
	arn := pool.ARN("us-east-1", id)
	s.Must(t, "TagResource", M{"ResourceArn": arn, "Tags": M{"stage": "test", "team": "a"}}, nil)
	s.Must(t, "UntagResource", M{"ResourceArn": arn, "TagKeys": []string{"team"}}, nil)
	var tags struct{ Tags M }
	s.Must(t, "ListTagsForResource", M{"ResourceArn": arn}, &tags)
	if d := cmp.Diff(M{"stage": "test"}, tags.Tags); d != "" {
		t.Error(d)
	}
	s.Must(t, "SetRiskConfiguration", M{"UserPoolId": id, "RiskExceptionConfiguration": M{"BlockedIPRangeList": []string{"10.0.0.0/8"}}}, nil)
	s.Refused(t, "SetRiskConfiguration", M{"UserPoolId": id, "RiskExceptionConfiguration": M{"BlockedIPRangeList": []string{"x"}}}, "InvalidParameterException",
		"x is not a valid CIDR block.")
	s.Must(t, "SetLogDeliveryConfiguration", M{"UserPoolId": id, "LogConfigurations": []M{{"LogLevel": "ERROR", "EventSource": "userNotification",
		"CloudWatchLogsConfiguration": M{"LogGroupArn": "arn:aws:logs:us-east-1:123456789012:log-group:x"}}}}, nil)
	var terms struct{ Terms struct{ TermsId string } }
	s.Must(t, "CreateTerms", M{"UserPoolId": id, "ClientId": app, "TermsName": "terms-of-use", "TermsSource": "LINK", "Enforcement": "NONE",
		"Links": M{"cognito:default": "https://example.com/terms"}}, &terms)
	s.Refused(t, "CreateTerms", M{"UserPoolId": id, "ClientId": app, "TermsName": "terms-of-use", "TermsSource": "LINK", "Enforcement": "NONE"},
		"TermsExistsException", "Terms terms-of-use for client "+app+" exist already.")
	s.Must(t, "DescribeTermsByClient", M{"UserPoolId": id, "ClientId": app, "TermsName": "terms-of-use"}, nil)
	s.Must(t, "UpdateTerms", M{"UserPoolId": id, "TermsId": terms.Terms.TermsId, "Links": M{"cognito:default": "https://example.com/2"}}, nil)
	s.Must(t, "ListTerms", M{"UserPoolId": id}, nil)
	s.Must(t, "DeleteTerms", M{"UserPoolId": id, "TermsId": terms.Terms.TermsId}, nil)
	var b struct {
		ManagedLoginBranding struct{ ManagedLoginBrandingId string }
	}
	s.Must(t, "CreateManagedLoginBranding", M{"UserPoolId": id, "ClientId": app, "Settings": M{"a": M{"b": 1}}}, &b)
	s.Refused(t, "CreateManagedLoginBranding", M{"UserPoolId": id, "ClientId": app}, "ManagedLoginBrandingExistsException",
		"A branding for client "+app+" exists already.")
	var got struct{ ManagedLoginBranding struct{ Settings M } }
	s.Must(t, "DescribeManagedLoginBrandingByClient", M{"UserPoolId": id, "ClientId": app}, &got)
	if d := cmp.Diff(M{"a": M{"b": 1.0}}, got.ManagedLoginBranding.Settings); d != "" {
		t.Error(d)
	}
	s.Must(t, "DeleteManagedLoginBranding", M{"UserPoolId": id, "ManagedLoginBrandingId": b.ManagedLoginBranding.ManagedLoginBrandingId}, nil)
	s.Must(t, "CreateIdentityProvider", M{"UserPoolId": id, "ProviderName": "Corp", "ProviderType": "OIDC", "IdpIdentifiers": []string{"corp.example"},
		"ProviderDetails": M{"client_id": "x", "authorize_scopes": "openid", "oidc_issuer": "https://idp.example", "attributes_request_method": "GET"}}, nil)
	s.Refused(t, "CreateIdentityProvider", M{"UserPoolId": id, "ProviderName": "Other", "ProviderType": "OIDC", "ProviderDetails": M{"client_id": "x"}},
		"InvalidParameterException", "Missing required ProviderDetails for OIDC: authorize_scopes")
	s.Must(t, "GetIdentityProviderByIdentifier", M{"UserPoolId": id, "IdpIdentifier": "corp.example"}, nil)
	s.Must(t, "UpdateUserPoolClient", M{"UserPoolId": id, "ClientId": app, "SupportedIdentityProviders": []string{"COGNITO", "Corp"}}, nil)
	s.Must(t, "SetUserPoolSessionConfiguration", M{"UserPoolId": id, "UserSessionTracking": "ENABLED", "TokenSession": M{"MaxPerUser": 2}}, nil)
	s.Must(t, "SetUserPoolClientSessionConfiguration", M{"UserPoolId": id, "ClientId": app, "SSOSession": M{"MaxValidityMinutes": 10}}, nil)
	s.Must(t, "CreateUserPoolReplica", M{"UserPoolId": id, "RegionName": "eu-west-1"}, nil)
	s.Must(t, "ListUserPoolReplicas", M{"UserPoolId": id}, nil)
	s.Must(t, "GetProvisionedLimit", M{"LimitDefinition": M{"LimitClass": "API_CATEGORY", "Attributes": M{"Category": "UserRead"}}}, nil)
	var first, second struct{ Certificate string }
	s.Must(t, "GetSigningCertificate", M{"UserPoolId": id}, &first)
	s.Must(t, "GetSigningCertificate", M{"UserPoolId": id}, &second)
	if first.Certificate == "" || first != second {
		t.Error("the signing certificate is not kept")
	}
	s.Refused(t, "SetUserPoolMfaConfig", M{"UserPoolId": id, "MfaConfiguration": "ON"}, "InvalidParameterException",
		"Invalid MFA configuration given, can't turn on MFA without any MFA type.")
}
