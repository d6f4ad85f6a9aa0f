package openidconnect

// config is the plugin's configuration: the fields of Kong's plugin of the same name as of version 3.15, by Kong's names.
type config struct {
	// Method selection and client access
	AuthMethods       []string `json:"auth_methods" conf:"elements.one_of=password,client_credentials,authorization_code,bearer,introspection,userinfo,kong_oauth2,refresh_token,session;default=password,client_credentials,authorization_code,bearer,introspection,userinfo,kong_oauth2,refresh_token,session" doc:"Which credentials are accepted. The order in the list has no effect on the order of the search. kong_oauth2 takes the tokens that the plugin oauth2 of this gateway has issued"`
	Anonymous         string   `json:"anonymous" doc:"Consumer id or username (not custom_id) to fall back to when authentication or authorisation fails; also lets the plugin step aside if another auth plugin already authenticated"`
	RunOnPreflight    bool     `json:"run_on_preflight" conf:"default=true" doc:"false = let OPTIONS through untouched"`
	HideCredentials   bool     `json:"hide_credentials" conf:"default=true" doc:"Strip the credential that succeeded from the upstream request (only that one)"`
	PreserveQueryArgs bool     `json:"preserve_query_args" conf:"default=false" doc:"Keep the original query across the code flow: shown in the browser with login_action=redirect, otherwise put back on the upstream request"`
	RefreshTokens     bool     `json:"refresh_tokens" conf:"default=true" doc:"Try to refresh an (almost) expired access token when a refresh token is held"`
	SearchUserInfo    bool     `json:"search_user_info" conf:"default=false" doc:"Also call userinfo to find claims for consumer, credential, groups and header mapping"`
	Reverify          bool     `json:"reverify" conf:"default=false" doc:"Re-check signature and claims of tokens held in a session on every request (default trusts the session)"`
	DisplayErrors     bool     `json:"display_errors" conf:"default=false" doc:"Put the error detail in failure bodies"`
	ExposeErrorCode   bool     `json:"expose_error_code" conf:"default=true" doc:"Add the RFC 6750 error to WWW-Authenticate"`

	// Discovery and issuer
	Issuer                 string   `json:"issuer" conf:"required;referenceable" doc:"Issuer or discovery URL, the only required field. Suffixes /.well-known/openid-configuration and /.well-known/oauth-authorization-server and a trailing slash are normalised away. Need not equal 'iss'"`
	UsingPseudoIssuer      bool     `json:"using_pseudo_issuer" conf:"default=false" doc:"true = never discover; issuer is only a name, endpoints come from the fields below"`
	DiscoveryHeadersNames  []string `json:"discovery_headers_names" doc:"Extra headers for the discovery GET"`
	DiscoveryHeadersValues []string `json:"discovery_headers_values" doc:"Their values, by index"`
	RediscoveryLifetime    float64  `json:"rediscovery_lifetime" conf:"default=30" doc:"Seconds that must pass between rediscoveries; 5 s is used after a failed one"`
	ExtraJWKSURIs          []string `json:"extra_jwks_uris" conf:"elements.referenceable" doc:"More JWKS documents to trust, for the issuer that their address lies under; others for issuers of issuers_allowed without keys of their own"`
	JWKSEndpoint           string   `json:"jwks_endpoint" doc:"Replace the discovered jwks_uri"`
	IssuersAllowed         []string `json:"issuers_allowed" conf:"elements.referenceable" doc:"Accepted 'iss' values; unset = the discovered issuer"`
	VerifyParameters       bool     `json:"verify_parameters" conf:"default=false" doc:"Hold scopes, response_mode, client_auth, the grants of auth_methods and the issuer's name against what discovery says; what does not fit is answered with 500"`

	// Client (arrays are index-aligned across clients)
	ClientID               []string    `json:"client_id" conf:"elements.referenceable;elements.encrypted" doc:"One or more client ids. The same index selects secret, auth, alg, jwk and all *_redirect_uri arrays"`
	ClientSecret           []string    `json:"client_secret" conf:"elements.referenceable;elements.encrypted" doc:"Secrets for client_secret_* and HS verification"`
	ClientArg              string      `json:"client_arg" conf:"default=client_id" doc:"Request argument that picks the client, by id or 1-based index; header (also X- prefixed, '_'→'-'), then query, then body; unknown → first"`
	ClientAuth             []string    `json:"client_auth" conf:"elements.one_of=client_secret_basic,client_secret_post,client_secret_jwt,private_key_jwt,tls_client_auth,self_signed_tls_client_auth,none" doc:"Client authentication per client; unset = discovered, else client_secret_basic"`
	ClientAlg              []string    `json:"client_alg" conf:"elements.one_of=ES256,ES384,ES512,EdDSA,HS256,HS384,HS512,PS256,PS384,PS512,RS256,RS384,RS512;elements.encrypted" doc:"Assertion alg: default HS256 for client_secret_jwt, RS256 for private_key_jwt"`
	ClientJWK              []jwkRecord `json:"client_jwk" doc:"JWK records for private_key_jwt; unset: a key of the gateway's own (see /openid-connect/jwks)"`
	TLSClientAuthCertID    string      `json:"tls_client_auth_cert_id" doc:"UUID of a Kong certificate entity; required as soon as any *_tls_client_auth is chosen"`
	TLSClientAuthSSLVerify bool        `json:"tls_client_auth_ssl_verify" conf:"default=true" doc:"Verify the IdP certificate on those mTLS calls"`

	// Endpoints and per-endpoint client authentication (unset = discovered / client_auth)
	AuthorizationEndpoint                        string `json:"authorization_endpoint" doc:"The address to use instead of the discovered one."`
	TokenEndpoint                                string `json:"token_endpoint" doc:"The address to use instead of the discovered one."`
	IntrospectionEndpoint                        string `json:"introspection_endpoint" conf:"referenceable" doc:"The address to use instead of the discovered one."`
	RevocationEndpoint                           string `json:"revocation_endpoint" doc:"The address to use instead of the discovered one."`
	UserinfoEndpoint                             string `json:"userinfo_endpoint" doc:"The address to use instead of the discovered one."`
	EndSessionEndpoint                           string `json:"end_session_endpoint" doc:"Override; may be a non-OIDC logout page"`
	TokenExchangeEndpoint                        string `json:"token_exchange_endpoint" doc:"Legacy exchange: POST with the access token as bearer, 200 body = new token"`
	PushedAuthorizationRequestEndpoint           string `json:"pushed_authorization_request_endpoint" doc:"The address to push authorization requests to (RFC 9126), instead of the discovered one."`
	MTLSTokenEndpoint                            string `json:"mtls_token_endpoint" doc:"The address for mutual TLS, instead of the one in mtls_endpoint_aliases."`
	MTLSIntrospectionEndpoint                    string `json:"mtls_introspection_endpoint" doc:"The address for mutual TLS, instead of the one in mtls_endpoint_aliases."`
	MTLSRevocationEndpoint                       string `json:"mtls_revocation_endpoint" doc:"The address for mutual TLS, instead of the one in mtls_endpoint_aliases."`
	TokenEndpointAuthMethod                      string `json:"token_endpoint_auth_method" conf:"one_of=client_secret_basic,client_secret_post,client_secret_jwt,private_key_jwt,tls_client_auth,self_signed_tls_client_auth,none" doc:"Client authentication at this endpoint; unset: client_auth."`
	IntrospectionEndpointAuthMethod              string `json:"introspection_endpoint_auth_method" conf:"one_of=client_secret_basic,client_secret_post,client_secret_jwt,private_key_jwt,tls_client_auth,self_signed_tls_client_auth,none" doc:"Client authentication at this endpoint; unset: client_auth."`
	RevocationEndpointAuthMethod                 string `json:"revocation_endpoint_auth_method" conf:"one_of=client_secret_basic,client_secret_post,client_secret_jwt,private_key_jwt,tls_client_auth,self_signed_tls_client_auth,none" doc:"Client authentication at this endpoint; unset: client_auth."`
	PushedAuthorizationRequestEndpointAuthMethod string `json:"pushed_authorization_request_endpoint_auth_method" conf:"one_of=client_secret_basic,client_secret_post,client_secret_jwt,private_key_jwt,tls_client_auth,self_signed_tls_client_auth,none" doc:"Client authentication at this endpoint; unset: client_auth."`

	// Where credentials are looked for
	BearerTokenParamType       []string `json:"bearer_token_param_type" conf:"elements.one_of=body,cookie,header,query;default=header,query,body" doc:"header = Authorization Bearer, access-token, x-access-token; query/body = 'access_token'; cookie = the next field"`
	BearerTokenCookieName      string   `json:"bearer_token_cookie_name" doc:"Cookie that carries the bearer token"`
	BearerTokenHeaderName      string   `json:"bearer_token_header_name" doc:"If set, the only header looked at"`
	ClientCredentialsParamType []string `json:"client_credentials_param_type" conf:"elements.one_of=body,header,query;default=header,query,body" doc:"header = Authorization Basic; query/body = client_id + client_secret"`
	PasswordParamType          []string `json:"password_param_type" conf:"elements.one_of=body,header,query;default=header,query,body" doc:"header = Authorization Basic; query/body = username + password"`
	RefreshTokenParamType      []string `json:"refresh_token_param_type" conf:"elements.one_of=body,header,query;default=header,query,body" doc:"Places to look for a refresh token"`
	RefreshTokenParamName      string   `json:"refresh_token_param_name" doc:"The name of the parameter; its value may begin with 'Bearer '."`
	IDTokenParamType           []string `json:"id_token_param_type" conf:"elements.one_of=body,header,query;default=header,query,body" doc:"Places to look for an ID token sent along (body: form or JSON; multipart was removed)"`
	IDTokenParamName           string   `json:"id_token_param_name" doc:"The name of the parameter or cookie."`

	// Authorization request, response and PKCE / PAR / JAR / JARM
	ResponseMode                       string   `json:"response_mode" conf:"one_of=form_post,form_post.jwt,fragment,fragment.jwt,jwt,query,query.jwt;default=query" doc:"Sent to the authorization endpoint; *.jwt and jwt = JARM"`
	ResponseType                       []string `json:"response_type" conf:"default=code" doc:"Sent to the authorization endpoint"`
	Scopes                             []string `json:"scopes" conf:"default=openid;elements.referenceable" doc:"Sent to authorization AND token endpoints (all grants); null or empty = send no scope"`
	Audience                           []string `json:"audience" doc:"'audience' argument"`
	RedirectURI                        []string `json:"redirect_uri" doc:"Callback; unset = the request URL (scheme/host/port from forwarded headers and port_maps, no query)"`
	MaxAge                             *float64 `json:"max_age" doc:"Maximum age against 'auth_time'"`
	AuthorizationQueryArgsNames        []string `json:"authorization_query_args_names" doc:"Fixed extra arguments"`
	AuthorizationQueryArgsValues       []string `json:"authorization_query_args_values" doc:"Their values"`
	AuthorizationQueryArgsClient       []string `json:"authorization_query_args_client" doc:"Arguments copied from the client request (login_hint …)"`
	RequireProofKeyForCodeExchange     *bool    `json:"require_proof_key_for_code_exchange" doc:"unset = PKCE if discovery lists S256, and for issuers that are known to support it (Cognito, Google, Entra, Okta, Auth0); true/false forces"`
	RequirePushedAuthorizationRequests *bool    `json:"require_pushed_authorization_requests" doc:"unset = what discovery says"`
	RequireSignedRequestObject         *bool    `json:"require_signed_request_object" doc:"unset = what discovery says (JAR)"`
	VerifyNonce                        bool     `json:"verify_nonce" conf:"default=true" doc:"Check 'nonce' in the code flow"`
	AuthorizationCookieName            string   `json:"authorization_cookie_name" conf:"default=authorization" doc:"Flow-state cookie"`
	AuthorizationCookiePath            string   `json:"authorization_cookie_path" conf:"default=/" doc:"The path of the cookie."`
	AuthorizationCookieDomain          string   `json:"authorization_cookie_domain" doc:"The domain of the cookie."`
	AuthorizationCookieSameSite        string   `json:"authorization_cookie_same_site" conf:"one_of=Default,Lax,None,Strict;default=Default" doc:"Default = attribute not sent"`
	AuthorizationCookieHTTPOnly        bool     `json:"authorization_cookie_http_only" conf:"default=true" doc:"HttpOnly"`
	AuthorizationCookieSecure          *bool    `json:"authorization_cookie_secure" doc:"unset = from the request scheme"`
	AuthorizationRollingTimeout        float64  `json:"authorization_rolling_timeout" conf:"default=600" doc:"Seconds a started login stays valid"`

	// Token endpoint request and response headers
	TokenHeadersNames   []string `json:"token_headers_names" doc:"Fixed extra headers"`
	TokenHeadersValues  []string `json:"token_headers_values" doc:"Their values"`
	TokenHeadersClient  []string `json:"token_headers_client" doc:"Headers copied from the client"`
	TokenPostArgsNames  []string `json:"token_post_args_names" doc:"Fixed extra form fields"`
	TokenPostArgsValues []string `json:"token_post_args_values" doc:"Their values"`
	TokenPostArgsClient []string `json:"token_post_args_client" doc:"Form fields copied from client query, body or header; e.g. scope"`
	TokenHeadersReplay  []string `json:"token_headers_replay" doc:"IdP response headers to send back to the client"`
	TokenHeadersPrefix  string   `json:"token_headers_prefix" doc:"Prefix for those"`
	TokenHeadersGrants  []string `json:"token_headers_grants" conf:"elements.one_of=authorization_code,client_credentials,password,refresh_token" doc:"Only for these grants"`

	// Introspection
	IntrospectJWTs                     bool     `json:"introspect_jwt_tokens" conf:"default=false" doc:"Introspect JWTs too, to see revocation"`
	IntrospectionCheckActive           bool     `json:"introspection_check_active" conf:"default=true" doc:"Require 'active: true'"`
	IntrospectionHint                  string   `json:"introspection_hint" conf:"default=access_token" doc:"token_type_hint"`
	IntrospectionAccept                string   `json:"introspection_accept" conf:"one_of=application/json,application/jwt,application/token-introspection+jwt;default=application/json" doc:"Accept header; the JWT forms give a signed response"`
	IntrospectionTokenParamName        string   `json:"introspection_token_param_name" conf:"default=token" doc:"Name of the token field"`
	IntrospectionHeadersNames          []string `json:"introspection_headers_names" doc:"Fixed headers"`
	IntrospectionHeadersValues         []string `json:"introspection_headers_values" conf:"elements.referenceable;elements.encrypted" doc:"Their values"`
	IntrospectionHeadersClient         []string `json:"introspection_headers_client" doc:"Headers copied from the client"`
	IntrospectionPostArgsNames         []string `json:"introspection_post_args_names" doc:"Fixed form fields"`
	IntrospectionPostArgsValues        []string `json:"introspection_post_args_values" doc:"Their values"`
	IntrospectionPostArgsClient        []string `json:"introspection_post_args_client" doc:"Form fields copied from the client"`
	IntrospectionPostArgsClientHeaders []string `json:"introspection_post_args_client_headers" doc:"Form fields filled from client headers"`
	RevocationTokenParamName           string   `json:"revocation_token_param_name" conf:"default=token" doc:"Name of the token field on revocation"`

	// User info
	UserinfoAccept          string   `json:"userinfo_accept" conf:"one_of=application/json,application/jwt;default=application/json" doc:"Accept header; application/jwt = signed answer"`
	UserinfoHeadersNames    []string `json:"userinfo_headers_names" doc:"Fixed headers"`
	UserinfoHeadersValues   []string `json:"userinfo_headers_values" doc:"Their values"`
	UserinfoHeadersClient   []string `json:"userinfo_headers_client" doc:"Headers copied from the client"`
	UserinfoQueryArgsNames  []string `json:"userinfo_query_args_names" doc:"Fixed query"`
	UserinfoQueryArgsValues []string `json:"userinfo_query_args_values" doc:"Their values"`
	UserinfoQueryArgsClient []string `json:"userinfo_query_args_client" doc:"Query copied from the client"`

	// Verification
	VerifySignature                        bool               `json:"verify_signature" conf:"default=true" doc:"Master switch"`
	VerifyClaims                           bool               `json:"verify_claims" conf:"default=true" doc:"Master switch for standard claims; *_required checks still run"`
	IgnoreSignature                        []string           `json:"ignore_signature" conf:"elements.one_of=authorization_code,client_credentials,introspection,password,refresh_token,session,userinfo;default=[]" doc:"Grants whose tokens skip signature checks"`
	EnableHSSignatures                     bool               `json:"enable_hs_signatures" conf:"default=false" doc:"Accept HS*"`
	Leeway                                 float64            `json:"leeway" conf:"default=0" doc:"Seconds of skew for auth_time, exp, iat, nbf; also moves the refresh point"`
	Domains                                []string           `json:"domains" doc:"Allowed 'hd' values"`
	JWTSessionCookie                       string             `json:"jwt_session_cookie" doc:"Bearer only: this cookie must equal …"`
	JWTSessionClaim                        string             `json:"jwt_session_claim" conf:"default=sid" doc:"… this claim"`
	ResolveDistributedClaims               bool               `json:"resolve_distributed_claims" conf:"default=false" doc:"Look up claims that a token or userinfo says lie elsewhere ('_claim_names', '_claim_sources'), where the configuration asks for them"`
	ClaimsProviders                        []string           `json:"claims_providers" conf:"elements.referenceable" doc:"Issuers, by URL, that may vouch for such claims beside the document's own issuer: their keys are discovered, and endpoints at their hosts asked. Ours."`
	ProofOfPossessionMTLS                  string             `json:"proof_of_possession_mtls" conf:"one_of=off,optional,strict;default=off" doc:"RFC 8705 'cnf.x5t#S256': strict = every token, optional = only bound tokens; failure 401"`
	ProofOfPossessionDPoP                  string             `json:"proof_of_possession_dpop" conf:"one_of=off,optional,strict;default=off" doc:"RFC 9449 'cnf.jkt': same meaning"`
	ProofOfPossessionAuthMethodsValidation bool               `json:"proof_of_possession_auth_methods_validation" conf:"default=true" doc:"true = schema refuses non-PoP methods (only bearer, introspection, session are PoP-capable); false = silently skip them"`
	DPoPProofLifetime                      float64            `json:"dpop_proof_lifetime" conf:"default=300" doc:"Seconds, from nonce time or 'iat'"`
	DPoPUseNonce                           bool               `json:"dpop_use_nonce" conf:"default=false" doc:"Challenge with DPoP-Nonce"`
	ProofOfPossessionMTLSFromHeader        *headerCertificate `json:"proof_of_possession_mtls_from_header" doc:"A certificate that a proxy in front passes in a header, for mutual TLS."`

	// Authorisation and mapping
	ScopesClaim              []string       `json:"scopes_claim" conf:"default=scope" doc:"Path to scopes (array items are nested path steps)"`
	ScopesRequired           []string       `json:"scopes_required" doc:"Items are OR, words inside one item are AND"`
	AudienceClaim            []string       `json:"audience_claim" conf:"default=aud" doc:"The path of the claim."`
	AudienceRequired         []string       `json:"audience_required" doc:"As scopes_required."`
	GroupsClaim              []string       `json:"groups_claim" conf:"default=groups" doc:"The path of the claim."`
	GroupsRequired           []string       `json:"groups_required" doc:"As scopes_required."`
	RolesClaim               []string       `json:"roles_claim" conf:"default=roles" doc:"The path of the claim."`
	RolesRequired            []string       `json:"roles_required" doc:"As scopes_required."`
	ClaimsForbidden          []string       `json:"claims_forbidden" doc:"Reject if any of these claims is present"`
	AuthenticatedGroupsClaim []string       `json:"authenticated_groups_claim" doc:"Path whose values become X-Authenticated-Groups and feed the acl plugin, also with a mapped consumer"`
	ConsumerClaims           [][]string     `json:"consumer_claims" doc:"List of claim paths, first that matches wins. 'consumer_claim' (one path) is accepted too"`
	ConsumerBy               []string       `json:"consumer_by" conf:"elements.one_of=custom_id,id,username;default=username,custom_id" doc:"Consumer fields tried"`
	ConsumerOptional         bool           `json:"consumer_optional" conf:"default=false" doc:"Mapping miss is not an error"`
	ByUsernameIgnoreCase     bool           `json:"by_username_ignore_case" conf:"default=false" doc:"Case-insensitive username"`
	ConsumerGroupsClaim      []string       `json:"consumer_groups_claim" doc:"Path to the names of the consumer groups that the request counts to, in place of those that its consumer is in; no consumer is needed"`
	ConsumerGroupsOptional   bool           `json:"consumer_groups_optional" conf:"default=false" doc:"A claim that names no group is not an error"`
	CredentialClaim          []string       `json:"credential_claim" conf:"default=sub" doc:"Path for the virtual credential id when no consumer is mapped (rate-limiting key)"`
	IssuerClaims             []issuerClaims `json:"issuer_claims" doc:"Where the claims of one issuer are, with issuers_allowed, if they are elsewhere than those of the others. Ours."`
	Principals               *principals    `json:"principals" doc:"Principals of Konnect. Cannot be enabled here: they live in Kong's cloud."`

	// Upstream and downstream headers
	UpstreamAccessTokenHeader        string        `json:"upstream_access_token_header" conf:"default=authorization:bearer" doc:"'name:bearer' form adds the scheme; empty/nil switches it off"`
	UpstreamAccessTokenJWKHeader     string        `json:"upstream_access_token_jwk_header" doc:"JWK that verified it"`
	UpstreamIDTokenHeader            string        `json:"upstream_id_token_header" doc:"ID token"`
	UpstreamIDTokenJWKHeader         string        `json:"upstream_id_token_jwk_header" doc:"The header for the JWK that verified it."`
	UpstreamRefreshTokenHeader       string        `json:"upstream_refresh_token_header" doc:"Refresh token"`
	UpstreamIntrospectionHeader      string        `json:"upstream_introspection_header" doc:"Introspection result"`
	UpstreamIntrospectionJWTHeader   string        `json:"upstream_introspection_jwt_header" doc:"Introspection JWT"`
	UpstreamUserInfoHeader           string        `json:"upstream_user_info_header" doc:"User info"`
	UpstreamUserInfoJWTHeader        string        `json:"upstream_user_info_jwt_header" doc:"User info JWT"`
	UpstreamSessionIDHeader          string        `json:"upstream_session_id_header" doc:"Session id"`
	UpstreamHeaders                  []claimHeader `json:"upstream_headers" doc:"List of {header, path[]}, nested claims"`
	UpstreamHeadersClaims            []string      `json:"upstream_headers_claims" doc:"Deprecated 3.14: top-level claims"`
	UpstreamHeadersNames             []string      `json:"upstream_headers_names" doc:"Deprecated 3.14: header names by index"`
	DownstreamAccessTokenHeader      string        `json:"downstream_access_token_header" doc:"Same set towards the client"`
	DownstreamAccessTokenJWKHeader   string        `json:"downstream_access_token_jwk_header" doc:"as upstream_access_token_jwk_header"`
	DownstreamIDTokenHeader          string        `json:"downstream_id_token_header" doc:"as upstream_id_token_header"`
	DownstreamIDTokenJWKHeader       string        `json:"downstream_id_token_jwk_header" doc:"as upstream_id_token_jwk_header"`
	DownstreamRefreshTokenHeader     string        `json:"downstream_refresh_token_header" doc:"as upstream_refresh_token_header"`
	DownstreamIntrospectionHeader    string        `json:"downstream_introspection_header" doc:"as upstream_introspection_header"`
	DownstreamIntrospectionJWTHeader string        `json:"downstream_introspection_jwt_header" doc:"as upstream_introspection_jwt_header"`
	DownstreamUserInfoHeader         string        `json:"downstream_user_info_header" doc:"as upstream_user_info_header"`
	DownstreamUserInfoJWTHeader      string        `json:"downstream_user_info_jwt_header" doc:"as upstream_user_info_jwt_header"`
	DownstreamSessionIDHeader        string        `json:"downstream_session_id_header" doc:"as upstream_session_id_header"`
	DownstreamHeaders                []claimHeader `json:"downstream_headers" doc:"List of {header, path[]}"`
	DownstreamHeadersClaims          []string      `json:"downstream_headers_claims" doc:"Deprecated; use the list of records."`
	DownstreamHeadersNames           []string      `json:"downstream_headers_names" doc:"Deprecated; use the list of records."`

	// Login, logout, refusals
	LoginNavigationOnly        bool     `json:"login_navigation_only" conf:"default=true" doc:"Begin a login only for requests that may come from a browser showing a page; others get 401. Ours."`
	ProtectedResourceMetadata  bool     `json:"protected_resource_metadata" conf:"default=false" doc:"Answer requests for /.well-known/oauth-protected-resource/… (RFC 9728) that the route takes, and name that address in WWW-Authenticate. Ours."`
	LoginMethods               []string `json:"login_methods" conf:"elements.one_of=password,client_credentials,authorization_code,bearer,introspection,userinfo,kong_oauth2,refresh_token,session;default=authorization_code" doc:"Methods after which login_action applies"`
	LoginAction                string   `json:"login_action" conf:"one_of=redirect,response,upstream;default=upstream" doc:"upstream = proxy; response = answer with tokens; redirect = go to login_redirect_uri"`
	LoginTokens                []string `json:"login_tokens" conf:"elements.one_of=access_token,id_token,introspection,refresh_token,tokens;default=id_token" doc:"What response/redirect includes"`
	LoginRedirectMode          string   `json:"login_redirect_mode" conf:"one_of=fragment,query;default=fragment" doc:"Where redirect puts them"`
	LoginRedirectURI           []string `json:"login_redirect_uri" conf:"elements.referenceable" doc:"Target; empty = the URL that started the flow"`
	LogoutURISuffix            string   `json:"logout_uri_suffix" doc:"Forwarded-path suffix that means logout (query ignored)"`
	LogoutQueryArg             string   `json:"logout_query_arg" doc:"Query argument"`
	LogoutPostArg              string   `json:"logout_post_arg" doc:"Body argument"`
	LogoutMethods              []string `json:"logout_methods" conf:"elements.one_of=DELETE,GET,POST;default=DELETE,POST" doc:"Methods allowed to log out"`
	LogoutRedirectURI          []string `json:"logout_redirect_uri" conf:"elements.referenceable" doc:"After-logout target, also post_logout_redirect_uri"`
	LogoutRevoke               bool     `json:"logout_revoke" conf:"default=false" doc:"Revoke tokens at logout"`
	LogoutRevokeAccessToken    bool     `json:"logout_revoke_access_token" conf:"default=true" doc:"Whether logout_revoke revokes this token."`
	LogoutRevokeRefreshToken   bool     `json:"logout_revoke_refresh_token" conf:"default=true" doc:"Whether logout_revoke revokes this token."`
	UnauthorizedRedirectURI    []string `json:"unauthorized_redirect_uri" doc:"302 instead of 401"`
	UnauthorizedErrorMessage   string   `json:"unauthorized_error_message" conf:"default=Unauthorized" doc:"401 message"`
	UnauthorizedDestroySession bool     `json:"unauthorized_destroy_session" conf:"default=true" doc:"Drop the session on 401"`
	ForbiddenRedirectURI       []string `json:"forbidden_redirect_uri" doc:"302 instead of 403"`
	ForbiddenErrorMessage      string   `json:"forbidden_error_message" conf:"default=Forbidden" doc:"403 message"`
	ForbiddenDestroySession    bool     `json:"forbidden_destroy_session" conf:"default=true" doc:"Drop the session on 403"`
	UnexpectedRedirectURI      []string `json:"unexpected_redirect_uri" doc:"302 instead of 500"`

	// Session (lua-resty-session 4 semantics)
	DisableSession                 []string      `json:"disable_session" conf:"elements.one_of=password,client_credentials,authorization_code,bearer,introspection,userinfo,kong_oauth2,refresh_token,session" doc:"Methods that must not start (for 'session': renew) a session"`
	SessionSecret                  string        `json:"session_secret" conf:"referenceable;encrypted" doc:"Key material; unset: made up once, and shared by the nodes of a database"`
	SessionSecretFallbacks         []string      `json:"session_secret_fallbacks" conf:"elements.referenceable;elements.encrypted;elements.len_min=1" doc:"Earlier values of session_secret: sessions that they seal are still opened, and sealed anew when they are saved. Ours."`
	SessionStorage                 string        `json:"session_storage" conf:"one_of=cookie,memcache,memcached,redis,memory;default=cookie" doc:"Where sessions lie: in the cookie, in redis, in memcached (memcache is another name of it), or in memory: the state of the gateway, which is shared when nodes share it (ours)."`
	SessionAudience                string        `json:"session_audience" conf:"default=default" doc:"Several applications share one cookie, one audience each"`
	SessionCookieName              string        `json:"session_cookie_name" conf:"default=session" doc:"The name of the cookie."`
	SessionCookiePath              string        `json:"session_cookie_path" conf:"default=/" doc:"The path of the cookie."`
	SessionCookieDomain            string        `json:"session_cookie_domain" doc:"The domain of the cookie."`
	SessionCookieSameSite          string        `json:"session_cookie_same_site" conf:"one_of=Default,Lax,None,Strict;default=Lax" doc:"SameSite"`
	SessionCookieHTTPOnly          bool          `json:"session_cookie_http_only" conf:"default=true" doc:"HttpOnly"`
	SessionCookieSecure            *bool         `json:"session_cookie_secure" doc:"unset = from the request scheme"`
	SessionIdlingTimeout           float64       `json:"session_idling_timeout" conf:"default=900" doc:"Idle seconds, 0 = off"`
	SessionRollingTimeout          float64       `json:"session_rolling_timeout" conf:"default=3600" doc:"Seconds until renewal, 0 = off"`
	SessionAbsoluteTimeout         float64       `json:"session_absolute_timeout" conf:"default=86400" doc:"Seconds until re-login, 0 = off"`
	SessionRemember                bool          `json:"session_remember" conf:"default=false" doc:"Persistent cookie"`
	SessionRememberCookieName      string        `json:"session_remember_cookie_name" conf:"default=remember" doc:"The name of the parameter or cookie."`
	SessionRememberRollingTimeout  float64       `json:"session_remember_rolling_timeout" conf:"default=604800" doc:"7 days"`
	SessionRememberAbsoluteTimeout float64       `json:"session_remember_absolute_timeout" conf:"default=2592000" doc:"30 days"`
	SessionBind                    []string      `json:"session_bind" conf:"elements.one_of=ip,scheme,user-agent" doc:"Mix ip / scheme / user-agent into the MAC"`
	SessionStoreMetadata           bool          `json:"session_store_metadata" conf:"default=false" doc:"Keep a per-subject list of sessions"`
	SessionEnforceSameSubject      bool          `json:"session_enforce_same_subject" conf:"default=false" doc:"Accepted without effect: a session cookie holds one audience."`
	SessionHashSubject             bool          `json:"session_hash_subject" conf:"default=false" doc:"Hash subject in that list"`
	SessionHashStorageKey          bool          `json:"session_hash_storage_key" conf:"default=false" doc:"Store under a hash, so storage alone cannot decrypt"`
	SessionRequestHeaders          []string      `json:"session_request_headers" conf:"elements.one_of=absolute-timeout,audience,id,idling-timeout,rolling-timeout,subject,timeout" doc:"Session-* headers upstream"`
	SessionResponseHeaders         []string      `json:"session_response_headers" conf:"elements.one_of=absolute-timeout,audience,id,idling-timeout,rolling-timeout,subject,timeout" doc:"Session-* headers to the client"`
	SessionMemcachedHost           string        `json:"session_memcached_host" conf:"default=127.0.0.1" doc:"A host name or an IP address, for session_storage memcached."`
	SessionMemcachedPort           int           `json:"session_memcached_port" conf:"default=11211" doc:"A port."`
	SessionMemcachedSocket         string        `json:"session_memcached_socket" doc:"The path of a unix socket, instead of a host."`
	SessionMemcachedPrefix         string        `json:"session_memcached_prefix" doc:"What keys begin with."`
	SessionMemcachedSSL            *bool         `json:"session_memcached_ssl" doc:"Whether to use TLS."`
	SessionMemcachedSSLVerify      bool          `json:"session_memcached_ssl_verify" conf:"default=true" doc:"Whether to verify the certificate of memcached."`
	Redis                          *sessionRedis `json:"redis" doc:"How to reach Redis, for session_storage redis."`

	// Caches
	CacheTTL                  float64        `json:"cache_ttl" conf:"default=3600" doc:"TTL when the object names no expiry"`
	CacheTTLMax               *float64       `json:"cache_ttl_max" doc:"Ceiling, enforced"`
	CacheTTLMin               *float64       `json:"cache_ttl_min" doc:"Floor, enforced"`
	CacheTTLNeg               *float64       `json:"cache_ttl_neg" doc:"Seconds that a refused credential, or a token that is not active, is not asked about again; unset: 1"`
	CacheTTLResurrect         *float64       `json:"cache_ttl_resurrect" doc:"Accepted without effect: what was good last stays in use while a provider is away."`
	CacheTokens               bool           `json:"cache_tokens" conf:"default=true" doc:"Token endpoint results"`
	CacheTokensSalt           string         `json:"cache_tokens_salt" doc:"In the key; random per plugin if unset (so instances do not share)"`
	TokenCacheKeyIncludeScope bool           `json:"token_cache_key_include_scope" conf:"default=false" doc:"Accepted without effect: scopes are always part of the key."`
	CacheIntrospection        bool           `json:"cache_introspection" conf:"default=true" doc:"Introspection results"`
	CacheUserInfo             bool           `json:"cache_user_info" conf:"default=true" doc:"User info results"`
	CacheTokenExchange        bool           `json:"cache_token_exchange" conf:"default=true" doc:"Legacy exchange results"`
	ClusterCacheStrategy      string         `json:"cluster_cache_strategy" conf:"one_of=off,redis;default=off" doc:"Share across nodes"`
	ClusterCacheItems         []string       `json:"cluster_cache_items" conf:"elements.one_of=introspection,tokens;default=introspection" doc:"What is shared; tokens are AES-encrypted"`
	ClusterCacheRedis         *redisRecord   `json:"cluster_cache_redis" doc:"How to reach Redis, for cluster_cache_strategy redis."`
	TokenExchange             *tokenExchange `json:"token_exchange" doc:"Exchange of tokens of other issuers (RFC 8693)."`

	// HTTP client
	SSLVerify               bool    `json:"ssl_verify" conf:"default=true" doc:"IdP certificate; default false before 3.14"`
	Timeout                 float64 `json:"timeout" conf:"default=10000" doc:"Milliseconds"`
	Keepalive               bool    `json:"keepalive" conf:"default=true" doc:"Reuse connections"`
	HTTPVersion             float64 `json:"http_version" conf:"default=1.1" doc:"1.1 or 1.0; 1.0 closes connections after each answer"`
	HTTPProxy               string  `json:"http_proxy" doc:"Proxy"`
	HTTPProxyAuthorization  string  `json:"http_proxy_authorization" conf:"referenceable" doc:"Its auth"`
	HTTPSProxy              string  `json:"https_proxy" doc:"Proxy"`
	HTTPSProxyAuthorization string  `json:"https_proxy_authorization" conf:"referenceable" doc:"Its auth"`
	NoProxy                 string  `json:"no_proxy" doc:"Hosts not proxied"`
}
