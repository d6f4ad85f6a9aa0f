// Chromium signs in with the pages of glewlwyd, which are all script: name and password, consent, and the end of the session.
import assert from "node:assert/strict";
import { chromium } from "playwright-core";

const { GATEWAY } = process.env;
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM || "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync"] });
try {
  const page = await browser.newPage();
  page.setDefaultTimeout(20000);

  /** Asks for a page and does what glewlwyd wants. */
  async function enter(address) {
    await page.goto(address);
    await page.waitForSelector("#username");
    await page.fill("#username", "bob");
    await page.fill("#password", "looking-glass");
    await page.click("#loginbut");
    await page.locator("#grant-read").waitFor();
    if (!(await page.locator("#grant-read").isChecked())) await page.locator("#grant-read").dispatchEvent("click");
    await page.locator(".card-body button.btn-primary").first().click();
    await page.locator("button.btn-success").first().click();
    await page.waitForURL(address);
    assert.match(await page.locator("body").innerText(), /upstream/);
  }

  await enter(`${GATEWAY}/app/page?x=1`);
  await page.goto(`${GATEWAY}/app/other`);
  assert.equal(page.url(), `${GATEWAY}/app/other`);
  await page.goto(`${GATEWAY}/app/page?logout=1`);
  await page.locator("button.btn-danger").first().click();
  await page.waitForURL(`${GATEWAY}/bye?state=out`);
  await page.goto(`${GATEWAY}/app/page`);
  assert.ok(!page.url().startsWith(GATEWAY), "the session outlives the logout");
} finally {
  await browser.close();
}
