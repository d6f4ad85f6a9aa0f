package wire

// InitiateAuthRequest is the input of InitiateAuth.
type InitiateAuthRequest struct {
	AuthFlow          string             `json:"AuthFlow,omitempty" is:"AuthFlow,required"`
	AuthParameters    map[string]string  `json:"AuthParameters,omitzero" is:"AuthParameters"`
	ClientMetadata    map[string]string  `json:"ClientMetadata,omitzero"`
	ClientID          string             `json:"ClientId,omitempty" is:"ClientID,required"`
	AnalyticsMetadata *AnalyticsMetadata `json:"AnalyticsMetadata,omitzero"`
	UserContextData   *UserContextData   `json:"UserContextData,omitzero"`
	Session           string             `json:"Session,omitempty" is:"Session"`
}

// InitiateAuthResponse is the output of InitiateAuth.
type InitiateAuthResponse struct {
	ChallengeName        string                `json:"ChallengeName,omitempty"`
	Session              string                `json:"Session,omitempty"`
	ChallengeParameters  map[string]string     `json:"ChallengeParameters,omitzero"`
	AuthenticationResult *AuthenticationResult `json:"AuthenticationResult,omitzero"`
	AvailableChallenges  []string              `json:"AvailableChallenges,omitzero"`
}

// AuthenticationResult is Cognito's AuthenticationResultType.
type AuthenticationResult struct {
	AccessToken       string             `json:"AccessToken,omitempty" is:"TokenModel"`
	ExpiresIn         *int               `json:"ExpiresIn,omitzero"`
	TokenType         string             `json:"TokenType,omitempty"`
	RefreshToken      string             `json:"RefreshToken,omitempty" is:"TokenModel"`
	IDToken           string             `json:"IdToken,omitempty" is:"TokenModel"`
	NewDeviceMetadata *NewDeviceMetadata `json:"NewDeviceMetadata,omitzero"`
}

// NewDeviceMetadata is Cognito's NewDeviceMetadataType.
type NewDeviceMetadata struct {
	DeviceKey      string `json:"DeviceKey,omitempty" is:"DeviceKey"`
	DeviceGroupKey string `json:"DeviceGroupKey,omitempty"`
}

// AdminInitiateAuthRequest is the input of AdminInitiateAuth.
type AdminInitiateAuthRequest struct {
	UserPoolID        string             `json:"UserPoolId,omitempty" is:"UserPoolID,required"`
	ClientID          string             `json:"ClientId,omitempty" is:"ClientID,required"`
	AuthFlow          string             `json:"AuthFlow,omitempty" is:"AuthFlow,required"`
	AuthParameters    map[string]string  `json:"AuthParameters,omitzero" is:"AuthParameters"`
	ClientMetadata    map[string]string  `json:"ClientMetadata,omitzero"`
	AnalyticsMetadata *AnalyticsMetadata `json:"AnalyticsMetadata,omitzero"`
	ContextData       *ContextData       `json:"ContextData,omitzero"`
	Session           string             `json:"Session,omitempty" is:"Session"`
}

// ContextData is Cognito's ContextDataType.
type ContextData struct {
	IPAddress   string       `json:"IpAddress,omitempty" is:"required"`
	ServerName  string       `json:"ServerName,omitempty" is:"required"`
	ServerPath  string       `json:"ServerPath,omitempty" is:"required"`
	HttpHeaders []HttpHeader `json:"HttpHeaders,omitzero" is:"required"`
	EncodedData string       `json:"EncodedData,omitempty"`
}

// HttpHeader is Cognito's HttpHeader.
type HttpHeader struct {
	HeaderName  string `json:"headerName,omitempty"`
	HeaderValue string `json:"headerValue,omitempty"`
}

// AdminInitiateAuthResponse is the output of AdminInitiateAuth.
type AdminInitiateAuthResponse struct {
	ChallengeName        string                `json:"ChallengeName,omitempty"`
	Session              string                `json:"Session,omitempty"`
	ChallengeParameters  map[string]string     `json:"ChallengeParameters,omitzero"`
	AuthenticationResult *AuthenticationResult `json:"AuthenticationResult,omitzero"`
	AvailableChallenges  []string              `json:"AvailableChallenges,omitzero"`
}

// RespondToAuthChallengeRequest is the input of RespondToAuthChallenge.
type RespondToAuthChallengeRequest struct {
	ClientID           string             `json:"ClientId,omitempty" is:"ClientID,required"`
	ChallengeName      string             `json:"ChallengeName,omitempty" is:"ChallengeNameType,required"`
	Session            string             `json:"Session,omitempty" is:"Session"`
	ChallengeResponses map[string]string  `json:"ChallengeResponses,omitzero" is:"ChallengeResponses"`
	AnalyticsMetadata  *AnalyticsMetadata `json:"AnalyticsMetadata,omitzero"`
	UserContextData    *UserContextData   `json:"UserContextData,omitzero"`
	ClientMetadata     map[string]string  `json:"ClientMetadata,omitzero"`
}

// RespondToAuthChallengeResponse is the output of RespondToAuthChallenge.
type RespondToAuthChallengeResponse struct {
	ChallengeName        string                `json:"ChallengeName,omitempty"`
	Session              string                `json:"Session,omitempty"`
	ChallengeParameters  map[string]string     `json:"ChallengeParameters,omitzero"`
	AuthenticationResult *AuthenticationResult `json:"AuthenticationResult,omitzero"`
}

// AdminRespondToAuthChallengeRequest is the input of AdminRespondToAuthChallenge.
type AdminRespondToAuthChallengeRequest struct {
	UserPoolID         string             `json:"UserPoolId,omitempty" is:"UserPoolID,required"`
	ClientID           string             `json:"ClientId,omitempty" is:"ClientID,required"`
	ChallengeName      string             `json:"ChallengeName,omitempty" is:"ChallengeNameType,required"`
	ChallengeResponses map[string]string  `json:"ChallengeResponses,omitzero" is:"ChallengeResponses"`
	Session            string             `json:"Session,omitempty" is:"Session"`
	AnalyticsMetadata  *AnalyticsMetadata `json:"AnalyticsMetadata,omitzero"`
	ContextData        *ContextData       `json:"ContextData,omitzero"`
	ClientMetadata     map[string]string  `json:"ClientMetadata,omitzero"`
}

// AdminRespondToAuthChallengeResponse is the output of AdminRespondToAuthChallenge.
type AdminRespondToAuthChallengeResponse struct {
	ChallengeName        string                `json:"ChallengeName,omitempty"`
	Session              string                `json:"Session,omitempty"`
	ChallengeParameters  map[string]string     `json:"ChallengeParameters,omitzero"`
	AuthenticationResult *AuthenticationResult `json:"AuthenticationResult,omitzero"`
}

// GetTokensFromRefreshTokenRequest is the input of GetTokensFromRefreshToken.
type GetTokensFromRefreshTokenRequest struct {
	RefreshToken   string            `json:"RefreshToken,omitempty" is:"TokenModel,required"`
	ClientID       string            `json:"ClientId,omitempty" is:"ClientID,required"`
	ClientSecret   string            `json:"ClientSecret,omitempty" is:"ClientSecret"`
	DeviceKey      string            `json:"DeviceKey,omitempty" is:"DeviceKey"`
	ClientMetadata map[string]string `json:"ClientMetadata,omitzero"`
}

// GetTokensFromRefreshTokenResponse is the output of GetTokensFromRefreshToken.
type GetTokensFromRefreshTokenResponse struct {
	AuthenticationResult *AuthenticationResult `json:"AuthenticationResult,omitzero"`
}

// RevokeTokenRequest is the input of RevokeToken.
type RevokeTokenRequest struct {
	Token                    string `json:"Token,omitempty" is:"TokenModel,required"`
	ClientID                 string `json:"ClientId,omitempty" is:"ClientID,required"`
	ClientSecret             string `json:"ClientSecret,omitempty" is:"ClientSecret"`
	RevokeAssociatedSessions string `json:"RevokeAssociatedSessions,omitempty" is:"RevokeAssociatedSessions"`
}

// GetClientTokenRequest is the input of GetClientToken.
type GetClientTokenRequest struct {
	ClientID       string            `json:"ClientId,omitempty" is:"ClientID,required"`
	Secret         string            `json:"Secret,omitempty" is:"ClientSecret,required"`
	Scopes         []string          `json:"Scopes,omitzero" is:"ScopeList"`
	ClientMetadata map[string]string `json:"ClientMetadata,omitzero"`
}

// GetClientTokenResponse is the output of GetClientToken.
type GetClientTokenResponse struct {
	ClientAuthenticationResult *ClientAuthenticationResult `json:"ClientAuthenticationResult,omitzero"`
}

// ClientAuthenticationResult is Cognito's ClientAuthenticationResultType.
type ClientAuthenticationResult struct {
	AccessToken string `json:"AccessToken,omitempty"`
	ExpiresIn   *int   `json:"ExpiresIn,omitzero"`
	TokenType   string `json:"TokenType,omitempty"`
}
