package wire

// CreateUserPoolClientRequest is the input of CreateUserPoolClient.
type CreateUserPoolClientRequest struct {
	UserPoolID                               string                  `json:"UserPoolId,omitempty" is:"UserPoolID,required"`
	ClientName                               string                  `json:"ClientName,omitempty" is:"ClientName,required"`
	GenerateSecret                           *bool                   `json:"GenerateSecret,omitzero"`
	ClientSecret                             string                  `json:"ClientSecret,omitempty" is:"ClientSecret"`
	RefreshTokenValidity                     *int                    `json:"RefreshTokenValidity,omitzero" is:"RefreshTokenValidity"`
	AccessTokenValidity                      *int                    `json:"AccessTokenValidity,omitzero" is:"AccessTokenValidity"`
	IDTokenValidity                          *int                    `json:"IdTokenValidity,omitzero" is:"IDTokenValidity"`
	TokenValidityUnits                       *TokenValidityUnits     `json:"TokenValidityUnits,omitzero"`
	ReadAttributes                           []string                `json:"ReadAttributes,omitzero" is:"ClientPermissionList"`
	WriteAttributes                          []string                `json:"WriteAttributes,omitzero" is:"ClientPermissionList"`
	ExplicitAuthFlows                        []string                `json:"ExplicitAuthFlows,omitzero" is:"ExplicitAuthFlowsList"`
	SupportedIdentityProviders               []string                `json:"SupportedIdentityProviders,omitzero" is:"SupportedIdentityProvidersList"`
	CallbackURLs                             []string                `json:"CallbackURLs,omitzero" is:"CallbackURLsList"`
	LogoutURLs                               []string                `json:"LogoutURLs,omitzero" is:"LogoutURLsList"`
	DefaultRedirectURI                       string                  `json:"DefaultRedirectURI,omitempty" is:"RedirectURL"`
	AllowedOAuthFlows                        []string                `json:"AllowedOAuthFlows,omitzero" is:"OAuthFlows"`
	AllowedOAuthScopes                       []string                `json:"AllowedOAuthScopes,omitzero" is:"ScopeList"`
	AllowedOAuthFlowsUserPoolClient          *bool                   `json:"AllowedOAuthFlowsUserPoolClient,omitzero"`
	AnalyticsConfiguration                   *AnalyticsConfiguration `json:"AnalyticsConfiguration,omitzero"`
	PreventUserExistenceErrors               string                  `json:"PreventUserExistenceErrors,omitempty" is:"PreventUserExistenceErrorTypes"`
	EnableTokenRevocation                    *bool                   `json:"EnableTokenRevocation,omitzero"`
	EnablePropagateAdditionalUserContextData *bool                   `json:"EnablePropagateAdditionalUserContextData,omitzero"`
	AuthSessionValidity                      *int                    `json:"AuthSessionValidity,omitzero" is:"AuthSessionValidity"`
	RefreshTokenRotation                     *RefreshTokenRotation   `json:"RefreshTokenRotation,omitzero"`
}

// TokenValidityUnits is Cognito's TokenValidityUnitsType.
type TokenValidityUnits struct {
	AccessToken  string `json:"AccessToken,omitempty" is:"TimeUnits"`
	IDToken      string `json:"IdToken,omitempty" is:"TimeUnits"`
	RefreshToken string `json:"RefreshToken,omitempty" is:"TimeUnits"`
}

// AnalyticsConfiguration is Cognito's AnalyticsConfigurationType.
type AnalyticsConfiguration struct {
	ApplicationID  string `json:"ApplicationId,omitempty" is:"HexString"`
	ApplicationARN string `json:"ApplicationArn,omitempty" is:"ARN"`
	RoleARN        string `json:"RoleArn,omitempty" is:"ARN"`
	ExternalID     string `json:"ExternalId,omitempty"`
	UserDataShared *bool  `json:"UserDataShared,omitzero"`
}

// RefreshTokenRotation is Cognito's RefreshTokenRotationType.
type RefreshTokenRotation struct {
	Feature                 string `json:"Feature,omitempty" is:"Feature,required"`
	RetryGracePeriodSeconds *int   `json:"RetryGracePeriodSeconds,omitzero" is:"RetryGracePeriodSeconds"`
}

// CreateUserPoolClientResponse is the output of CreateUserPoolClient.
type CreateUserPoolClientResponse struct {
	UserPoolClient *UserPoolClient `json:"UserPoolClient,omitzero"`
}

// UserPoolClient is Cognito's UserPoolClientType.
type UserPoolClient struct {
	UserPoolID                               string                  `json:"UserPoolId,omitempty" is:"UserPoolID"`
	ClientName                               string                  `json:"ClientName,omitempty" is:"ClientName"`
	ClientID                                 string                  `json:"ClientId,omitempty" is:"ClientID"`
	ClientSecret                             string                  `json:"ClientSecret,omitempty" is:"ClientSecret"`
	LastModifiedDate                         *Time                   `json:"LastModifiedDate,omitzero"`
	CreationDate                             *Time                   `json:"CreationDate,omitzero"`
	RefreshTokenValidity                     *int                    `json:"RefreshTokenValidity,omitzero" is:"RefreshTokenValidity"`
	AccessTokenValidity                      *int                    `json:"AccessTokenValidity,omitzero" is:"AccessTokenValidity"`
	IDTokenValidity                          *int                    `json:"IdTokenValidity,omitzero" is:"IDTokenValidity"`
	TokenValidityUnits                       *TokenValidityUnits     `json:"TokenValidityUnits,omitzero"`
	ReadAttributes                           []string                `json:"ReadAttributes,omitzero" is:"ClientPermissionList"`
	WriteAttributes                          []string                `json:"WriteAttributes,omitzero" is:"ClientPermissionList"`
	ExplicitAuthFlows                        []string                `json:"ExplicitAuthFlows,omitzero" is:"ExplicitAuthFlowsList"`
	SupportedIdentityProviders               []string                `json:"SupportedIdentityProviders,omitzero" is:"SupportedIdentityProvidersList"`
	CallbackURLs                             []string                `json:"CallbackURLs,omitzero" is:"CallbackURLsList"`
	LogoutURLs                               []string                `json:"LogoutURLs,omitzero" is:"LogoutURLsList"`
	DefaultRedirectURI                       string                  `json:"DefaultRedirectURI,omitempty" is:"RedirectURL"`
	AllowedOAuthFlows                        []string                `json:"AllowedOAuthFlows,omitzero" is:"OAuthFlows"`
	AllowedOAuthScopes                       []string                `json:"AllowedOAuthScopes,omitzero" is:"ScopeList"`
	AllowedOAuthFlowsUserPoolClient          *bool                   `json:"AllowedOAuthFlowsUserPoolClient,omitzero"`
	AnalyticsConfiguration                   *AnalyticsConfiguration `json:"AnalyticsConfiguration,omitzero"`
	PreventUserExistenceErrors               string                  `json:"PreventUserExistenceErrors,omitempty" is:"PreventUserExistenceErrorTypes"`
	EnableTokenRevocation                    *bool                   `json:"EnableTokenRevocation,omitzero"`
	EnablePropagateAdditionalUserContextData *bool                   `json:"EnablePropagateAdditionalUserContextData,omitzero"`
	AuthSessionValidity                      *int                    `json:"AuthSessionValidity,omitzero" is:"AuthSessionValidity"`
	RefreshTokenRotation                     *RefreshTokenRotation   `json:"RefreshTokenRotation,omitzero"`
}

// DescribeUserPoolClientRequest is the input of DescribeUserPoolClient.
type DescribeUserPoolClientRequest struct {
	UserPoolID string `json:"UserPoolId,omitempty" is:"UserPoolID,required"`
	ClientID   string `json:"ClientId,omitempty" is:"ClientID,required"`
}

// DescribeUserPoolClientResponse is the output of DescribeUserPoolClient.
type DescribeUserPoolClientResponse struct {
	UserPoolClient *UserPoolClient `json:"UserPoolClient,omitzero"`
}

// UpdateUserPoolClientRequest is the input of UpdateUserPoolClient.
type UpdateUserPoolClientRequest struct {
	UserPoolID                               string                  `json:"UserPoolId,omitempty" is:"UserPoolID,required"`
	ClientID                                 string                  `json:"ClientId,omitempty" is:"ClientID,required"`
	ClientName                               string                  `json:"ClientName,omitempty" is:"ClientName"`
	RefreshTokenValidity                     *int                    `json:"RefreshTokenValidity,omitzero" is:"RefreshTokenValidity"`
	AccessTokenValidity                      *int                    `json:"AccessTokenValidity,omitzero" is:"AccessTokenValidity"`
	IDTokenValidity                          *int                    `json:"IdTokenValidity,omitzero" is:"IDTokenValidity"`
	TokenValidityUnits                       *TokenValidityUnits     `json:"TokenValidityUnits,omitzero"`
	ReadAttributes                           []string                `json:"ReadAttributes,omitzero" is:"ClientPermissionList"`
	WriteAttributes                          []string                `json:"WriteAttributes,omitzero" is:"ClientPermissionList"`
	ExplicitAuthFlows                        []string                `json:"ExplicitAuthFlows,omitzero" is:"ExplicitAuthFlowsList"`
	SupportedIdentityProviders               []string                `json:"SupportedIdentityProviders,omitzero" is:"SupportedIdentityProvidersList"`
	CallbackURLs                             []string                `json:"CallbackURLs,omitzero" is:"CallbackURLsList"`
	LogoutURLs                               []string                `json:"LogoutURLs,omitzero" is:"LogoutURLsList"`
	DefaultRedirectURI                       string                  `json:"DefaultRedirectURI,omitempty" is:"RedirectURL"`
	AllowedOAuthFlows                        []string                `json:"AllowedOAuthFlows,omitzero" is:"OAuthFlows"`
	AllowedOAuthScopes                       []string                `json:"AllowedOAuthScopes,omitzero" is:"ScopeList"`
	AllowedOAuthFlowsUserPoolClient          *bool                   `json:"AllowedOAuthFlowsUserPoolClient,omitzero"`
	AnalyticsConfiguration                   *AnalyticsConfiguration `json:"AnalyticsConfiguration,omitzero"`
	PreventUserExistenceErrors               string                  `json:"PreventUserExistenceErrors,omitempty" is:"PreventUserExistenceErrorTypes"`
	EnableTokenRevocation                    *bool                   `json:"EnableTokenRevocation,omitzero"`
	EnablePropagateAdditionalUserContextData *bool                   `json:"EnablePropagateAdditionalUserContextData,omitzero"`
	AuthSessionValidity                      *int                    `json:"AuthSessionValidity,omitzero" is:"AuthSessionValidity"`
	RefreshTokenRotation                     *RefreshTokenRotation   `json:"RefreshTokenRotation,omitzero"`
}

// UpdateUserPoolClientResponse is the output of UpdateUserPoolClient.
type UpdateUserPoolClientResponse struct {
	UserPoolClient *UserPoolClient `json:"UserPoolClient,omitzero"`
}

// DeleteUserPoolClientRequest is the input of DeleteUserPoolClient.
type DeleteUserPoolClientRequest struct {
	UserPoolID string `json:"UserPoolId,omitempty" is:"UserPoolID,required"`
	ClientID   string `json:"ClientId,omitempty" is:"ClientID,required"`
}

// ListUserPoolClientsRequest is the input of ListUserPoolClients.
type ListUserPoolClientsRequest struct {
	UserPoolID string `json:"UserPoolId,omitempty" is:"UserPoolID,required"`
	MaxResults *int   `json:"MaxResults,omitzero" is:"QueryLimit"`
	NextToken  string `json:"NextToken,omitempty" is:"PaginationKey"`
}

// ListUserPoolClientsResponse is the output of ListUserPoolClients.
type ListUserPoolClientsResponse struct {
	UserPoolClients []UserPoolClientDescription `json:"UserPoolClients,omitzero"`
	NextToken       string                      `json:"NextToken,omitempty"`
}

// UserPoolClientDescription is Cognito's UserPoolClientDescription.
type UserPoolClientDescription struct {
	ClientID   string `json:"ClientId,omitempty" is:"ClientID"`
	UserPoolID string `json:"UserPoolId,omitempty" is:"UserPoolID"`
	ClientName string `json:"ClientName,omitempty" is:"ClientName"`
}

// AddUserPoolClientSecretRequest is the input of AddUserPoolClientSecret.
type AddUserPoolClientSecretRequest struct {
	UserPoolID   string `json:"UserPoolId,omitempty" is:"UserPoolID,required"`
	ClientID     string `json:"ClientId,omitempty" is:"ClientID,required"`
	ClientSecret string `json:"ClientSecret,omitempty" is:"ClientSecret"`
}

// AddUserPoolClientSecretResponse is the output of AddUserPoolClientSecret.
type AddUserPoolClientSecretResponse struct {
	ClientSecretDescriptor *ClientSecretDescriptor `json:"ClientSecretDescriptor,omitzero"`
}

// ClientSecretDescriptor is Cognito's ClientSecretDescriptorType.
type ClientSecretDescriptor struct {
	ClientSecretID         string `json:"ClientSecretId,omitempty" is:"ClientSecretID"`
	ClientSecretValue      string `json:"ClientSecretValue,omitempty" is:"ClientSecret"`
	ClientSecretCreateDate *Time  `json:"ClientSecretCreateDate,omitzero"`
}

// DeleteUserPoolClientSecretRequest is the input of DeleteUserPoolClientSecret.
type DeleteUserPoolClientSecretRequest struct {
	UserPoolID     string `json:"UserPoolId,omitempty" is:"UserPoolID,required"`
	ClientID       string `json:"ClientId,omitempty" is:"ClientID,required"`
	ClientSecretID string `json:"ClientSecretId,omitempty" is:"ClientSecretID,required"`
}

// ListUserPoolClientSecretsRequest is the input of ListUserPoolClientSecrets.
type ListUserPoolClientSecretsRequest struct {
	UserPoolID string `json:"UserPoolId,omitempty" is:"UserPoolID,required"`
	ClientID   string `json:"ClientId,omitempty" is:"ClientID,required"`
	NextToken  string `json:"NextToken,omitempty" is:"PaginationKey"`
}

// ListUserPoolClientSecretsResponse is the output of ListUserPoolClientSecrets.
type ListUserPoolClientSecretsResponse struct {
	ClientSecrets []ClientSecretDescriptor `json:"ClientSecrets,omitzero"`
	NextToken     string                   `json:"NextToken,omitempty"`
}
