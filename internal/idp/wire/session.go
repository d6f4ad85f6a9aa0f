package wire

// SessionDescription is Cognito's SessionDescriptionType.
type SessionDescription struct {
	SessionID        string `json:"SessionId,omitempty"`
	SessionType      string `json:"SessionType,omitempty"`
	ClientID         string `json:"ClientId,omitempty"`
	CreateDate       *Time  `json:"CreateDate,omitzero"`
	LastActiveDate   *Time  `json:"LastActiveDate,omitzero"`
	DeviceType       string `json:"DeviceType,omitempty"`
	LastIPAddress    string `json:"LastIPAddress,omitempty"`
	OriginSessionID  string `json:"OriginSessionId,omitempty"`
	IsCurrentSession *bool  `json:"IsCurrentSession,omitzero"`
}

// AdminListUserSessionsRequest is the input of AdminListUserSessions.
type AdminListUserSessionsRequest struct {
	UserPoolID string `json:"UserPoolId,omitempty" is:"UserPoolID,required"`
	Username   string `json:"Username,omitempty" is:"Username,required"`
	NextToken  string `json:"NextToken,omitempty" is:"PaginationKey"`
}

// AdminListUserSessionsResponse is the output of AdminListUserSessions.
type AdminListUserSessionsResponse struct {
	Sessions  []SessionDescription `json:"Sessions,omitzero"`
	NextToken string               `json:"NextToken,omitempty"`
}

// ListUserSessionsRequest is the input of ListUserSessions.
type ListUserSessionsRequest struct {
	AccessToken string `json:"AccessToken,omitempty" is:"TokenModel,required"`
	NextToken   string `json:"NextToken,omitempty" is:"PaginationKey"`
}

// ListUserSessionsResponse is the output of ListUserSessions.
type ListUserSessionsResponse struct {
	Sessions  []SessionDescription `json:"Sessions,omitzero"`
	NextToken string               `json:"NextToken,omitempty"`
}

// AdminRevokeUserSessionRequest is the input of AdminRevokeUserSession.
type AdminRevokeUserSessionRequest struct {
	UserPoolID               string `json:"UserPoolId,omitempty" is:"UserPoolID,required"`
	Username                 string `json:"Username,omitempty" is:"Username,required"`
	SessionID                string `json:"SessionId,omitempty" is:"SessionID,required"`
	RevokeAssociatedSessions string `json:"RevokeAssociatedSessions,omitempty" is:"RevokeAssociatedSessions"`
}

// RevokeUserSessionRequest is the input of RevokeUserSession.
type RevokeUserSessionRequest struct {
	AccessToken              string `json:"AccessToken,omitempty" is:"TokenModel,required"`
	SessionID                string `json:"SessionId,omitempty" is:"SessionID,required"`
	RevokeAssociatedSessions string `json:"RevokeAssociatedSessions,omitempty" is:"RevokeAssociatedSessions"`
}

// TokenSessionConfig is Cognito's UserPoolTokenSessionConfigType.
type TokenSessionConfig struct {
	MaxPerUser *int `json:"MaxPerUser,omitzero" is:"MaxPerUser,required"`
}

// GetUserPoolSessionConfigurationRequest is the input of GetUserPoolSessionConfiguration.
type GetUserPoolSessionConfigurationRequest struct {
	UserPoolID string `json:"UserPoolId,omitempty" is:"UserPoolID,required"`
}

// UserPoolSessionConfiguration is the output of GetUserPoolSessionConfiguration and SetUserPoolSessionConfiguration.
type UserPoolSessionConfiguration struct {
	UserPoolID          string              `json:"UserPoolId,omitempty"`
	UserSessionTracking string              `json:"UserSessionTracking,omitempty"`
	TokenSession        *TokenSessionConfig `json:"TokenSession,omitzero"`
}

// SetUserPoolSessionConfigurationRequest is the input of SetUserPoolSessionConfiguration.
type SetUserPoolSessionConfigurationRequest struct {
	UserPoolID          string              `json:"UserPoolId,omitempty" is:"UserPoolID,required"`
	UserSessionTracking string              `json:"UserSessionTracking,omitempty" is:"UserSessionTracking,required"`
	TokenSession        *TokenSessionConfig `json:"TokenSession,omitzero" is:"required"`
}

// SSOSessionConfig is Cognito's ClientSSOSessionConfigType.
type SSOSessionConfig struct {
	MaxValidityMinutes *int `json:"MaxValidityMinutes,omitzero" is:"MaxValidityMinutes,required"`
}

// GetUserPoolClientSessionConfigurationRequest is the input of GetUserPoolClientSessionConfiguration.
type GetUserPoolClientSessionConfigurationRequest struct {
	UserPoolID string `json:"UserPoolId,omitempty" is:"UserPoolID,required"`
	ClientID   string `json:"ClientId,omitempty" is:"ClientID,required"`
}

// UserPoolClientSessionConfiguration is the output of GetUserPoolClientSessionConfiguration and SetUserPoolClientSessionConfiguration.
type UserPoolClientSessionConfiguration struct {
	UserPoolID string            `json:"UserPoolId,omitempty"`
	ClientID   string            `json:"ClientId,omitempty"`
	SSOSession *SSOSessionConfig `json:"SSOSession,omitzero"`
}

// SetUserPoolClientSessionConfigurationRequest is the input of SetUserPoolClientSessionConfiguration.
type SetUserPoolClientSessionConfigurationRequest struct {
	UserPoolID string            `json:"UserPoolId,omitempty" is:"UserPoolID,required"`
	ClientID   string            `json:"ClientId,omitempty" is:"ClientID,required"`
	SSOSession *SSOSessionConfig `json:"SSOSession,omitzero" is:"required"`
}
