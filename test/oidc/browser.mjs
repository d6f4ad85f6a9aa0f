// Chromium signs in through the gateway: two tabs at once, the back button, a form that is sent before the login, logout.
import assert from "node:assert/strict";
import { chromium } from "playwright-core";

const { GATEWAY } = process.env;
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM || "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync"] });
try {
  const context = await browser.newContext();
  context.setDefaultTimeout(30000);

  /** Signs in where the provider asks for it. */
  async function signIn(page) {
    for (let asked = 0; asked < 4 && !page.url().startsWith(GATEWAY); asked++) {
      const before = page.url();
      if (await page.locator("input[name=login]").count()) {
        await page.fill("input[name=login]", "alice");
        await page.fill("input[name=password]", "x");
      }
      await page.click("button[type=submit]");
      await page.waitForURL((url) => url.href !== before);
    }
  }
  const text = (page) => page.locator("body").innerText();

  const one = await context.newPage(), two = await context.newPage();
  await one.goto(`${GATEWAY}/app/one?x=1`);
  await two.goto(`${GATEWAY}/app/two`);
  assert.ok(!one.url().startsWith(GATEWAY) && !two.url().startsWith(GATEWAY), "nobody is asked to sign in");
  await signIn(two);
  assert.equal(two.url(), `${GATEWAY}/app/two`);
  await one.reload(); // the provider knows the user by now
  await signIn(one);
  assert.equal(one.url(), `${GATEWAY}/app/one?x=1`);
  assert.match(await text(one), /upstream/);

  await one.goto(`${GATEWAY}/app/three`);
  await one.goBack();
  await one.goBack().catch(() => {});
  await one.goForward().catch(() => {});
  assert.match(await text(one), /upstream|sign/i, "the back button ends in an error");

  const cookies = (await context.cookies(GATEWAY)).filter((c) => /^(session|authorization)/.test(c.name));
  assert.deepEqual(cookies.map((c) => [c.name, c.httpOnly, c.sameSite]), [["session", true, "Lax"]]);

  const other = await context.newPage(); // form_post
  await other.goto(`${GATEWAY}/form/page`);
  await signIn(other);
  await other.waitForURL(`${GATEWAY}/form/page`);

  await two.goto(`${GATEWAY}/app/page?logout=1`);
  await two.click("button[type=submit], button[name=logout]");
  await two.waitForURL(`${GATEWAY}/bye`);
  await one.goto(`${GATEWAY}/app/one`);
  assert.ok(!one.url().startsWith(GATEWAY), "the session outlives the logout");
  console.log("all good");
} finally {
  await browser.close();
}
