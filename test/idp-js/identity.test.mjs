// amazon-cognito-identity-js: SRP in the browser's way.
import assert from "node:assert/strict";
import { test } from "node:test";
import { AuthenticationDetails, CognitoUser, CognitoUserAttribute, CognitoUserPool } from "amazon-cognito-identity-js";
import { clients, code, origin, password, pool, somebody, totp } from "./provider.mjs";

const users = new CognitoUserPool({ UserPoolId: pool, ClientId: clients.public.id, endpoint: origin });
const promise = (run) => new Promise((resolve, reject) => run((error, value) => (error ? reject(error) : resolve(value))));
const user = (Username) => new CognitoUser({ Username, Pool: users });

const signIn = (u, Username, Password, more = {}) => new Promise((onSuccess, onFailure) =>
  u.authenticateUser(new AuthenticationDetails({ Username, Password }), { onSuccess, onFailure, ...more(onSuccess, onFailure) }));
const none = () => ({});

test("sign-up, SRP, refresh, change of password", async () => {
  const name = somebody();
  const attributes = [["given_name", "A"], ["family_name", "B"]].map(([Name, Value]) => new CognitoUserAttribute({ Name, Value }));
  await promise((done) => users.signUp(name, password, attributes, null, done));
  const u = user(name);
  await promise((done) => u.confirmRegistration(code, true, done));
  await assert.rejects(signIn(user(name), name, "Wr0ng!word", none), { name: "NotAuthorizedException" });
  const session = await signIn(u, name, password, none);
  assert.equal(session.getIdToken().payload.email, name);
  assert.equal(session.getAccessToken().payload.token_use, "access");
  const fresh = await promise((done) => u.refreshSession(session.getRefreshToken(), done));
  assert.notEqual(fresh.getAccessToken().getJwtToken(), session.getAccessToken().getJwtToken());
  assert.equal(fresh.getAccessToken().payload.auth_time, session.getAccessToken().payload.auth_time);
  await promise((done) => u.changePassword(password, "N3w!passw0rd", done));
  await signIn(user(name), name, "N3w!passw0rd", none);
});

// Padding goes wrong in one of 256 sign-ins, where it goes wrong.
test("SRP, many times", async () => {
  const name = somebody();
  const attributes = [["given_name", "A"], ["family_name", "B"]].map(([Name, Value]) => new CognitoUserAttribute({ Name, Value }));
  await promise((done) => users.signUp(name, password, attributes, null, done));
  await promise((done) => user(name).confirmRegistration(code, true, done));
  for (let i = 0; i < 10; i++) await signIn(user(name), name, password, none);
});

test("an authenticator app", async () => {
  const name = somebody();
  const attributes = [["given_name", "A"], ["family_name", "B"]].map(([Name, Value]) => new CognitoUserAttribute({ Name, Value }));
  await promise((done) => users.signUp(name, password, attributes, null, done));
  const u = user(name);
  await promise((done) => u.confirmRegistration(code, true, done));
  await signIn(u, name, password, none);
  const secret = await new Promise((associateSecretCode, onFailure) => u.associateSoftwareToken({ associateSecretCode, onFailure }));
  await new Promise((onSuccess, onFailure) => u.verifySoftwareToken(totp(secret), "phone", { onSuccess, onFailure }));
  await promise((done) => u.setUserMfaPreference(null, { PreferredMfa: true, Enabled: true }, done));
  const again = user(name);
  const session = await signIn(again, name, password, (onSuccess, onFailure) => ({
    totpRequired: () => again.sendMFACode(totp(secret, 1), { onSuccess, onFailure }, "SOFTWARE_TOKEN_MFA"),
  }));
  assert.equal(session.getIdToken().payload.email, name);
});
