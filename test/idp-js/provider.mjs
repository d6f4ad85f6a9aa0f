// What the tests know of the provider under test, from the environment that idpjs_test.go sets.
import { createHmac } from "node:crypto";

export const origin = process.env.GIBBON_ORIGIN; // http://localhost:port
export const awsOrigin = process.env.GIBBON_AWS_ORIGIN; // of a second provider, whose issuer has the shape of AWS
export const pool = process.env.GIBBON_POOL;
export const region = "us-west-2";
export const domain = process.env.GIBBON_DOMAIN;
export const callback = process.env.GIBBON_CALLBACK;
export const clients = JSON.parse(process.env.GIBBON_CLIENTS); // name → {id, secret}
export const code = "424242"; // dev_fixed_code
export const password = "Passw0rd!";

let people = 0;

/** A person who is in the pool already, with password. */
export const jane = "jane@example.com";

/** An address that nobody has yet. */
export const somebody = () => `somebody${++people}.${process.pid}@example.com`;

/** The code that an authenticator app shows for a secret, so many steps of 30 s from now. */
export function totp(secret, ahead = 0) {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  let bits = "";
  for (const c of secret) bits += alphabet.indexOf(c).toString(2).padStart(5, "0");
  const key = Buffer.from(bits.match(/.{8}/g).map((b) => parseInt(b, 2)));
  const step = Buffer.alloc(8);
  step.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30000) + ahead));
  const sum = createHmac("sha1", key).update(step).digest();
  return String((sum.readUInt32BE(sum[19] & 15) & 0x7fffffff) % 1000000).padStart(6, "0");
}

/** Signs jane in on the hosted pages, without a browser, and returns where they lead in the end. */
export async function signIn(authorize) {
  const cookies = new Map();
  const go = async (to, options = {}) => {
    const answer = await fetch(to, {
      ...options, redirect: "manual",
      headers: { ...options.headers, cookie: [...cookies].map(([k, v]) => `${k}=${v}`).join("; ") },
    });
    for (const line of answer.headers.getSetCookie()) {
      const [, name, value] = line.match(/^([^=]+)=([^;]*)/);
      cookies.set(name, value);
    }
    return answer;
  };
  let answer = await go(authorize);
  const login = new URL(answer.headers.get("location"), authorize);
  const page = await (await go(login)).text();
  const csrf = page.match(/name="_csrf" value="([^"]+)"/)[1];
  answer = await go(login, { method: "POST", body: new URLSearchParams({ _csrf: csrf, username: jane, password, cognitoAsfData: "" }) });
  if (answer.status !== 302) throw new Error(`sign-in: ${answer.status} ${await answer.text()}`);
  return new URL(answer.headers.get("location"));
}
