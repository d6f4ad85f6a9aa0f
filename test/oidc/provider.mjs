// The certified provider, with what the plugin has to get along with turned on. It is given PORT and GATEWAY, the proxy's URL, and
// says "ready" when it serves.
import { generateKeyPair } from "node:crypto";
import { promisify } from "node:util";
import { Provider } from "oidc-provider";

const { PORT, GATEWAY } = process.env;
const secret = "a-secret-of-thirty-two-characters-or-more";
const api = "https://api.example.com";

const key = async (type, options, alg, kid) => {
  const { privateKey } = await promisify(generateKeyPair)(type, options);
  return { ...privateKey.export({ format: "jwk" }), use: "sig", alg, kid };
};

const web = (id, more) => ({
  client_id: id, client_secret: secret, redirect_uris: [`${GATEWAY}/${id}/callback`], response_types: ["code"],
  grant_types: ["authorization_code", "refresh_token"], post_logout_redirect_uris: [`${GATEWAY}/bye`],
  backchannel_logout_uri: `${GATEWAY}/${id}/logout`, backchannel_logout_session_required: true, ...more,
});
const machine = (id, more) => ({
  client_id: id, client_secret: secret, redirect_uris: [], response_types: [], grant_types: ["client_credentials"], ...more,
});

const provider = new Provider(`http://localhost:${PORT}`, {
  clients: [
    web("app"), web("form"), web("jarm"), web("formjwt"), web("post", { token_endpoint_auth_method: "client_secret_post" }),
    web("par", { require_pushed_authorization_requests: true }),
    web("jar", { request_object_signing_alg: "HS256", require_signed_request_object: true, token_endpoint_auth_method: "client_secret_jwt" }),
    web("es", { id_token_signed_response_alg: "ES256" }),
    machine("machine"), machine("opaque"), machine("bound", { dpop_bound_access_tokens: true }),
    machine("signed", { introspection_signed_response_alg: "RS256" }), machine("hall", { introspection_signed_response_alg: "ES256" }),
  ],
  jwks: { keys: [await key("rsa", { modulusLength: 2048 }, "RS256", "rsa"), await key("ec", { namedCurve: "P-256" }, "ES256", "ec")] },
  cookies: { keys: ["not much of a secret"] },
  claims: { openid: ["sub"], email: ["email", "email_verified"] },
  scopes: ["openid", "offline_access", "email", "read"],
  findAccount: (_, id) => ({ accountId: id, claims: async () => ({ sub: id, email: `${id}@example.com`, email_verified: true }) }),
  fetch: (url, { dispatcher, ...options }) => fetch(url, options), // its own refuses addresses of this machine
  issueRefreshToken: async () => true,
  rotateRefreshToken: true,
  ttl: { AccessToken: () => 600, ClientCredentials: () => 600, IdToken: 600, Interaction: 600, Session: 3600, Grant: 3600, RefreshToken: 3600 },
  clientAuthMethods: ["client_secret_basic", "client_secret_post", "client_secret_jwt", "private_key_jwt", "none"],
  features: {
    clientCredentials: { enabled: true }, introspection: { enabled: true }, revocation: { enabled: true }, backchannelLogout: { enabled: true },
    pushedAuthorizationRequests: { enabled: true }, requestObjects: { enabled: true }, jwtResponseModes: { enabled: true }, dPoP: { enabled: true },
    jwtIntrospection: { enabled: true },
    resourceIndicators: {
      enabled: true,
      defaultResource: (_, client) => {
        if (client.clientId === "hall") return "https://hall.example.com";
        return ["opaque", "app", "signed"].includes(client.clientId) ? undefined : api;
      },
      getResourceServerInfo: (_, resource) => (resource === api
        ? { scope: "read", audience: api, accessTokenFormat: "jwt", accessTokenTTL: 600, jwt: { sign: { alg: "RS256" } } }
        : { scope: "read", audience: resource, accessTokenFormat: "opaque", accessTokenTTL: 600 }),
      useGrantedResource: () => true,
    },
  },
});
for (const event of ["server_error", "backchannel.error"]) provider.on(event, (_, error) => console.error(event, error));
provider.listen(PORT, "127.0.0.1", () => console.log("ready"));
