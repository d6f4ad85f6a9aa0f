// A browser: AWS Amplify with sign-in on the hosted pages over https, and passkeys with a virtual authenticator.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { after, before, test } from "node:test";
import { build } from "esbuild";
import { chromium } from "playwright-core";
import { callback, clients, code, domain, jane, origin, password, pool, somebody } from "./provider.mjs";

// A page that has Amplify, at the address to which people come back.
const page = `
import { Amplify } from "aws-amplify";
import * as auth from "aws-amplify/auth";
import "aws-amplify/auth/enable-oauth-listener";
Amplify.configure({ Auth: { Cognito: {
  userPoolId: ${JSON.stringify(pool)}, userPoolClientId: ${JSON.stringify(clients.public.id)}, userPoolEndpoint: ${JSON.stringify(origin)},
  loginWith: { oauth: { domain: ${JSON.stringify(domain)}, scopes: ["openid", "email", "profile", "aws.cognito.signin.user.admin"],
    redirectSignIn: [${JSON.stringify(callback)}], redirectSignOut: [${JSON.stringify(new URL("/", callback).href)}], responseType: "code" } },
} } });
window.auth = auth;
`;

let server, browser;

before(async () => {
  const { outputFiles } = await build({ stdin: { contents: page, resolveDir: import.meta.dirname }, bundle: true, write: false, format: "iife", logLevel: "error" });
  const script = Buffer.from(outputFiles[0].contents);
  server = createServer((request, answer) => {
    const js = request.url === "/app.js";
    answer.writeHead(200, { "content-type": js ? "text/javascript" : "text/html" });
    answer.end(js ? script : "<!doctype html><title>app</title><script src='/app.js'></script>");
  });
  await new Promise((ready) => server.listen(new URL(callback).port, "127.0.0.1", ready));
  browser = await chromium.launch({ executablePath: process.env.CHROMIUM || "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync"] });
});

after(async () => {
  await browser?.close();
  server?.closeAllConnections();
  server?.close();
});

/** A page in a browser of its own. */
async function open(t) {
  const context = await browser.newContext({ ignoreHTTPSErrors: true });
  t.after(() => context.close());
  const p = await context.newPage();
  p.setDefaultTimeout(20000);
  return p;
}

const app = new URL("/", callback).href;

test("Amplify: hosted sign-in over https, refresh, sign-out", async (t) => {
  const p = await open(t);
  await p.goto(app);
  await p.evaluate(() => { window.auth.signInWithRedirect(); });
  await p.waitForURL(`https://${domain}/login**`);
  assert.equal(await p.title(), "Sign in");
  await p.fill("#signInFormUsername", jane);
  await p.click("[name=signInSubmitButton]");
  await p.fill("#signInFormPassword", password);
  await p.click("[name=signInSubmitButton]");
  await p.waitForURL(`${callback}**`);
  const email = await p.evaluate(async () => {
    for (let i = 0; i < 100; i++) {
      const { tokens } = await window.auth.fetchAuthSession();
      if (tokens) return tokens.idToken.payload.email;
      await new Promise((again) => setTimeout(again, 100));
    }
  });
  assert.equal(email, jane);
  const [first, second] = await p.evaluate(async () => {
    const { tokens } = await window.auth.fetchAuthSession();
    const fresh = await window.auth.fetchAuthSession({ forceRefresh: true });
    return [tokens.accessToken.payload.jti, fresh.tokens.accessToken.payload.jti];
  });
  assert.notEqual(first, second);
  await p.evaluate(() => { window.auth.signOut(); });
  await p.waitForURL(app);
  await p.evaluate(() => { window.auth.signInWithRedirect(); });
  await p.waitForURL(`https://${domain}/login**`); // signed out there as well
});

test("Amplify: SRP, attributes, change of password", async (t) => {
  const p = await open(t);
  await p.goto(app);
  const name = somebody();
  const steps = await p.evaluate(async ([username, password, confirmationCode]) => {
    const { auth } = window, steps = [];
    const up = await auth.signUp({ username, password, options: { userAttributes: { given_name: "A", family_name: "B" } } });
    steps.push(up.nextStep.signUpStep);
    steps.push((await auth.confirmSignUp({ username, confirmationCode })).nextStep.signUpStep);
    steps.push((await auth.signIn({ username, password })).nextStep.signInStep);
    steps.push((await auth.fetchUserAttributes()).email);
    await auth.updatePassword({ oldPassword: password, newPassword: "N3w!passw0rd" });
    await auth.fetchAuthSession({ forceRefresh: true });
    await auth.signOut();
    try {
      await auth.signIn({ username, password });
    } catch (e) {
      steps.push(e.name);
    }
    return steps;
  }, [name, password, code]);
  assert.deepEqual(steps, ["CONFIRM_SIGN_UP", "DONE", "DONE", name, "NotAuthorizedException"]);
});

const query = new URLSearchParams({ client_id: clients.public.id, redirect_uri: callback, response_type: "code", scope: "openid", state: "x" });

test("a person signs up on the pages, without any script", async (t) => {
  const context = await browser.newContext({ javaScriptEnabled: false, ignoreHTTPSErrors: true });
  t.after(() => context.close());
  const p = await context.newPage();
  p.setDefaultTimeout(20000);
  const name = somebody();
  await p.goto(`https://${domain}/login?${query}`);
  await p.click("text=Sign up");
  await p.fill("input[name=username]", name);
  await p.fill('input[name="requiredAttributes[given_name]"]', "A");
  await p.fill('input[name="requiredAttributes[family_name]"]', "B");
  await p.fill("input[name=password]", password);
  await p.click("[name=signUpButton]");
  await p.waitForURL("**/confirm?**");
  await p.fill("#verification_code", code);
  await p.click("[name=confirm]");
  await p.waitForURL(`${callback}?code=**`);
  await p.goto(`https://${domain}/logout?client_id=${clients.public.id}&logout_uri=${encodeURIComponent(app)}`);
  await p.waitForURL(app);
  await p.goto(`https://${domain}/forgotPassword?${query}`);
  await p.fill("input[name=username]", name);
  await p.click("[name=reset_my_password]");
  await p.fill("#forgot_password_code", code);
  await p.fill("#new_password", "N3w!passw0rd");
  await p.fill("#confirm_password", "N3w!passw0rd");
  await p.click("[name=reset_password]");
  await p.waitForURL("**/login?**");
  assert.match(await p.textContent(".notice"), /Your password was changed/);
});

test("a passkey is made, and signs in on the pages", async (t) => {
  const p = await open(t);
  const session = await p.context().newCDPSession(p);
  await session.send("WebAuthn.enable");
  await session.send("WebAuthn.addVirtualAuthenticator", { options: { protocol: "ctap2", transport: "internal", hasResidentKey: true, hasUserVerification: true,
    isUserVerified: true, automaticPresenceSimulation: true } });
  await p.goto(app);
  const name = somebody();
  await p.evaluate(async ([username, password, confirmationCode]) => {
    const { auth } = window;
    await auth.signUp({ username, password, options: { userAttributes: { given_name: "A", family_name: "B" } } });
    await auth.confirmSignUp({ username, confirmationCode });
    await auth.signIn({ username, password });
    await auth.associateWebAuthnCredential();
    const { credentials } = await auth.listWebAuthnCredentials();
    if (credentials.length !== 1) throw new Error(`${credentials.length} credentials`);
    await auth.signOut();
  }, [name, password, code]);
  await p.goto(`${origin}/login?${query}`);
  await p.fill("#signInFormUsername", name);
  await p.click("[name=signInSubmitButton]");
  await p.click("#choose-WEB_AUTHN");
  await p.waitForURL(`${callback}?code=**`);
});

test("a passkey is made on the pages", async (t) => {
  const p = await open(t);
  const session = await p.context().newCDPSession(p);
  await session.send("WebAuthn.enable");
  await session.send("WebAuthn.addVirtualAuthenticator", { options: { protocol: "ctap2", transport: "internal", hasResidentKey: true, hasUserVerification: true,
    isUserVerified: true, automaticPresenceSimulation: true } });
  await p.goto(`${origin}/login?${query}`);
  await p.fill("#signInFormUsername", jane);
  await p.click("[name=signInSubmitButton]");
  await p.fill("#signInFormPassword", password);
  await p.click("[name=signInSubmitButton]");
  await p.waitForURL(`${callback}?code=**`);
  await p.goto(`${origin}/passkeys/add?${query}`);
  await p.click("#passkey-add");
  await p.waitForURL(`${callback}?code=**`);
  await p.context().clearCookies();
  await p.goto(`${origin}/login?${query}`);
  await p.fill("#signInFormUsername", jane);
  await p.click("[name=signInSubmitButton]");
  await p.click("#choose-WEB_AUTHN");
  await p.waitForURL(`${callback}?code=**`);
});

test("the pages are accessible, light and dark, and fit a small screen", async (t) => {
  const axe = await readFile(new URL("node_modules/axe-core/axe.min.js", import.meta.url), "utf8");
  const context = await browser.newContext({ bypassCSP: true, viewport: { width: 320, height: 640 } });
  t.after(() => context.close());
  const p = await context.newPage();
  p.setDefaultTimeout(20000);
  const name = somebody();
  const check = async (what) => {
    for (const colorScheme of ["light", "dark"]) {
      await p.emulateMedia({ colorScheme });
      await p.evaluate(axe);
      const { violations } = await p.evaluate(() => window.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] }));
      assert.deepEqual(violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.html).join(" ")}`), [], `${what}, ${colorScheme}`);
    }
    assert.ok(await p.evaluate(() => document.documentElement.scrollWidth <= 320), `${what} is too wide`);
  };
  await p.goto(`${origin}/login?${query}`);
  await check("login");
  await p.fill("#signInFormUsername", name);
  await p.click("[name=signInSubmitButton]");
  await check("password");
  await p.fill("#signInFormPassword", "wrong");
  await p.click("[name=signInSubmitButton]");
  await p.waitForSelector("#problem");
  await check("refused");
  await p.goto(`${origin}/signup?${query}&lang=de`);
  await check("sign-up");
  await p.fill("input[name=username]", name);
  await p.fill('input[name="requiredAttributes[given_name]"]', "A");
  await p.fill('input[name="requiredAttributes[family_name]"]', "B");
  await p.fill("input[name=password]", password);
  await p.click("[name=signUpButton]");
  await p.waitForURL("**/confirm?**");
  await check("confirm");
  await p.goto(`${origin}/forgotPassword?${query}&lang=ja`);
  await check("forgot");
  await p.fill("input[name=username]", jane);
  await p.click("[name=reset_my_password]");
  await p.waitForURL("**/confirmforgotPassword?**");
  await check("reset");
  await p.goto(`${origin}/error?error=redirect_mismatch`);
  await check("error");
});
