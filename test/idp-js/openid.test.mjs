// Clients of OpenID Connect that are strict, and AWS's verifier of tokens.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as oauth from "oauth4webapi";
import * as openid from "openid-client";
import { CognitoJwtVerifier } from "aws-jwt-verify";
import { awsOrigin, callback, clients, jane, origin, pool, signIn } from "./provider.mjs";

const issuer = new URL(`${origin}/${pool}`);
const insecure = { execute: [openid.allowInsecureRequests] };

test("openid-client: client credentials", async () => {
  const config = await openid.discovery(issuer, clients.machine.id, clients.machine.secret, undefined, insecure);
  const tokens = await openid.clientCredentialsGrant(config, { scope: "http://kongresource/scope1" });
  assert.equal(tokens.token_type, "bearer");
  assert.equal(tokens.expires_in, 3600);
});

test("openid-client: code with PKCE, userinfo, refresh, revocation", async () => {
  const config = await openid.discovery(issuer, clients.web.id, clients.web.secret, undefined, insecure);
  const pkceCodeVerifier = openid.randomPKCECodeVerifier(), expectedState = openid.randomState(), expectedNonce = openid.randomNonce();
  const to = openid.buildAuthorizationUrl(config, { redirect_uri: callback, scope: "openid email profile", state: expectedState, nonce: expectedNonce,
    code_challenge: await openid.calculatePKCECodeChallenge(pkceCodeVerifier), code_challenge_method: "S256" });
  const back = await signIn(to);
  const tokens = await openid.authorizationCodeGrant(config, back, { pkceCodeVerifier, expectedState, expectedNonce });
  const claims = tokens.claims();
  assert.equal(claims.email, jane);
  assert.equal(claims.email_verified, true);
  const info = await openid.fetchUserInfo(config, tokens.access_token, claims.sub);
  assert.equal(info.email_verified, "true");
  const fresh = await openid.refreshTokenGrant(config, tokens.refresh_token);
  assert.equal(fresh.refresh_token, undefined);
  await openid.tokenRevocation(config, tokens.refresh_token);
  await assert.rejects(openid.refreshTokenGrant(config, tokens.refresh_token), { error: "invalid_grant" });
});

test("oauth4webapi: code with PKCE, errors", async () => {
  const options = { [oauth.allowInsecureRequests]: true };
  const server = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, options));
  const client = { client_id: clients.web.id }, proof = oauth.ClientSecretPost(clients.web.secret);
  const verifier = oauth.generateRandomCodeVerifier(), state = oauth.generateRandomState(), nonce = oauth.generateRandomNonce();
  const to = new URL(server.authorization_endpoint);
  to.search = new URLSearchParams({ client_id: client.client_id, redirect_uri: callback, response_type: "code", scope: "openid", state, nonce,
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier), code_challenge_method: "S256" });
  const parameters = oauth.validateAuthResponse(server, client, await signIn(to), state);
  const answer = await oauth.authorizationCodeGrantRequest(server, client, proof, parameters, callback, verifier, options);
  const result = await oauth.processAuthorizationCodeResponse(server, client, answer, { expectedNonce: nonce, requireIdToken: true });
  assert.ok(oauth.getValidatedIdTokenClaims(result).sub);
  const bad = await oauth.clientCredentialsGrantRequest(server, client, proof, {}, options);
  await assert.rejects(oauth.processClientCredentialsResponse(server, client, bad), { error: "unauthorized_client" });
});

test("aws-jwt-verify, with the issuer that pools have in AWS", async () => {
  const ask = await fetch(`${awsOrigin}/oauth2/token`, { method: "POST", body: new URLSearchParams({ grant_type: "client_credentials",
    client_id: clients.aws.id, client_secret: clients.aws.secret }) });
  const { access_token } = await ask.json();
  const verifier = CognitoJwtVerifier.create({ userPoolId: clients.aws.pool, tokenUse: "access", clientId: clients.aws.id, scope: "http://kongresource/scope1" });
  verifier.cacheJwks(await (await fetch(`${awsOrigin}/${clients.aws.pool}/.well-known/jwks.json`)).json());
  const claims = await verifier.verify(access_token);
  assert.equal(claims.sub, clients.aws.id);
  await assert.rejects(verifier.verify(access_token.slice(0, -8) + "AAAAAAAA"));
  const other = CognitoJwtVerifier.create({ userPoolId: clients.aws.pool, tokenUse: "id", clientId: clients.aws.id });
  other.cacheJwks(await (await fetch(`${awsOrigin}/${clients.aws.pool}/.well-known/jwks.json`)).json());
  await assert.rejects(other.verify(access_token));
});
