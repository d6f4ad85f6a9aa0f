// AWS's SDK for JavaScript.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as cognito from "@aws-sdk/client-cognito-identity-provider";
import { clients, code, origin, password, region, somebody } from "./provider.mjs";

const client = new cognito.CognitoIdentityProviderClient({ region, endpoint: origin, credentials: { accessKeyId: "any", secretAccessKey: "any" } });
const send = (name, input) => client.send(new cognito[`${name}Command`](input));

test("a pool is made, described, changed and deleted", async () => {
  const { UserPool: made } = await send("CreateUserPool", { PoolName: "js", UsernameAttributes: ["email"], AutoVerifiedAttributes: ["email"] });
  assert.match(made.Id, /^us-west-2_[A-Za-z0-9]{9}$/);
  assert.ok(made.CreationDate instanceof Date);
  const { UserPoolClient: app } = await send("CreateUserPoolClient", { UserPoolId: made.Id, ClientName: "app", GenerateSecret: true });
  assert.equal(app.RefreshTokenValidity, 30);
  await send("UpdateUserPool", { UserPoolId: made.Id, Policies: { PasswordPolicy: { MinimumLength: 12 } } });
  const { UserPool: seen } = await send("DescribeUserPool", { UserPoolId: made.Id });
  assert.equal(seen.Policies.PasswordPolicy.MinimumLength, 12);
  const { UserPools } = await send("ListUserPools", { MaxResults: 60 });
  assert.ok(UserPools.some((p) => p.Id === made.Id));
  await send("DeleteUserPool", { UserPoolId: made.Id });
  await assert.rejects(send("DescribeUserPool", { UserPoolId: made.Id }), cognito.ResourceNotFoundException);
});

test("a user signs up, confirms, signs in and is refused with AWS's errors", async () => {
  const ClientId = clients.public.id, Username = somebody();
  const UserAttributes = [{ Name: "given_name", Value: "A" }, { Name: "family_name", Value: "B" }];
  await assert.rejects(send("SignUp", { ClientId, Username, Password: "short", UserAttributes }), cognito.InvalidPasswordException);
  const out = await send("SignUp", { ClientId, Username, Password: password, UserAttributes });
  assert.equal(out.UserConfirmed, false);
  assert.equal(out.CodeDeliveryDetails.DeliveryMedium, "EMAIL");
  const auth = { ClientId, AuthFlow: "USER_PASSWORD_AUTH", AuthParameters: { USERNAME: Username, PASSWORD: password } };
  await assert.rejects(send("InitiateAuth", auth), cognito.UserNotConfirmedException);
  await assert.rejects(send("ConfirmSignUp", { ClientId, Username, ConfirmationCode: "000000" }), cognito.CodeMismatchException);
  await send("ConfirmSignUp", { ClientId, Username, ConfirmationCode: code });
  const { AuthenticationResult: tokens } = await send("InitiateAuth", auth);
  assert.equal(tokens.TokenType, "Bearer");
  const me = await send("GetUser", { AccessToken: tokens.AccessToken });
  assert.equal(me.UserAttributes.find((a) => a.Name === "email").Value, Username);
  await send("GlobalSignOut", { AccessToken: tokens.AccessToken });
  await assert.rejects(send("GetUser", { AccessToken: tokens.AccessToken }), cognito.NotAuthorizedException);
});
