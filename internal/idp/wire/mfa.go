package wire

import "encoding/json"

// AssociateSoftwareTokenRequest is the input of AssociateSoftwareToken.
type AssociateSoftwareTokenRequest struct {
	AccessToken string `json:"AccessToken,omitempty" is:"TokenModel"`
	Session     string `json:"Session,omitempty" is:"Session"`
}

// AssociateSoftwareTokenResponse is the output of AssociateSoftwareToken.
type AssociateSoftwareTokenResponse struct {
	SecretCode string `json:"SecretCode,omitempty"`
	Session    string `json:"Session,omitempty"`
}

// VerifySoftwareTokenRequest is the input of VerifySoftwareToken.
type VerifySoftwareTokenRequest struct {
	AccessToken        string `json:"AccessToken,omitempty" is:"TokenModel"`
	Session            string `json:"Session,omitempty" is:"Session"`
	UserCode           string `json:"UserCode,omitempty" is:"SoftwareTokenMFAUserCode,required"`
	FriendlyDeviceName string `json:"FriendlyDeviceName,omitempty"`
}

// VerifySoftwareTokenResponse is the output of VerifySoftwareToken.
type VerifySoftwareTokenResponse struct {
	Status  string `json:"Status,omitempty"`
	Session string `json:"Session,omitempty"`
}

// SetUserMFAPreferenceRequest is the input of SetUserMFAPreference.
type SetUserMFAPreferenceRequest struct {
	SMSMfaSettings           *SMSMfaSettings           `json:"SMSMfaSettings,omitzero"`
	SoftwareTokenMfaSettings *SoftwareTokenMfaSettings `json:"SoftwareTokenMfaSettings,omitzero"`
	EmailMfaSettings         *EmailMfaSettings         `json:"EmailMfaSettings,omitzero"`
	WebAuthnMfaSettings      *WebAuthnMfaSettings      `json:"WebAuthnMfaSettings,omitzero"`
	AccessToken              string                    `json:"AccessToken,omitempty" is:"TokenModel,required"`
}

// SMSMfaSettings is Cognito's SMSMfaSettingsType.
type SMSMfaSettings struct {
	Enabled      *bool `json:"Enabled,omitzero"`
	PreferredMfa *bool `json:"PreferredMfa,omitzero"`
}

// SoftwareTokenMfaSettings is Cognito's SoftwareTokenMfaSettingsType.
type SoftwareTokenMfaSettings struct {
	Enabled      *bool `json:"Enabled,omitzero"`
	PreferredMfa *bool `json:"PreferredMfa,omitzero"`
}

// EmailMfaSettings is Cognito's EmailMfaSettingsType.
type EmailMfaSettings struct {
	Enabled      *bool `json:"Enabled,omitzero"`
	PreferredMfa *bool `json:"PreferredMfa,omitzero"`
}

// WebAuthnMfaSettings is Cognito's WebAuthnMfaSettingsType.
type WebAuthnMfaSettings struct {
	Enabled *bool `json:"Enabled,omitzero"`
}

// GetUserAuthFactorsRequest is the input of GetUserAuthFactors.
type GetUserAuthFactorsRequest struct {
	AccessToken string `json:"AccessToken,omitempty" is:"TokenModel,required"`
}

// GetUserAuthFactorsResponse is the output of GetUserAuthFactors.
type GetUserAuthFactorsResponse struct {
	Username                  string   `json:"Username,omitempty"`
	PreferredMfaSetting       string   `json:"PreferredMfaSetting,omitempty"`
	UserMFASettingList        []string `json:"UserMFASettingList,omitzero"`
	ConfiguredUserAuthFactors []string `json:"ConfiguredUserAuthFactors,omitzero"`
}

// StartWebAuthnRegistrationRequest is the input of StartWebAuthnRegistration.
type StartWebAuthnRegistrationRequest struct {
	AccessToken string `json:"AccessToken,omitempty" is:"TokenModel,required"`
}

// StartWebAuthnRegistrationResponse is the output of StartWebAuthnRegistration.
type StartWebAuthnRegistrationResponse struct {
	CredentialCreationOptions json.RawMessage `json:"CredentialCreationOptions,omitzero"`
}

// CompleteWebAuthnRegistrationRequest is the input of CompleteWebAuthnRegistration.
type CompleteWebAuthnRegistrationRequest struct {
	AccessToken string          `json:"AccessToken,omitempty" is:"TokenModel,required"`
	Credential  json.RawMessage `json:"Credential,omitzero" is:"required"`
}

// ListWebAuthnCredentialsRequest is the input of ListWebAuthnCredentials.
type ListWebAuthnCredentialsRequest struct {
	AccessToken string `json:"AccessToken,omitempty" is:"TokenModel,required"`
	NextToken   string `json:"NextToken,omitempty" is:"PaginationKey"`
	MaxResults  *int   `json:"MaxResults,omitzero" is:"WebAuthnCredentialsQueryLimit"`
}

// ListWebAuthnCredentialsResponse is the output of ListWebAuthnCredentials.
type ListWebAuthnCredentialsResponse struct {
	Credentials []WebAuthnCredentialDescription `json:"Credentials,omitzero"`
	NextToken   string                          `json:"NextToken,omitempty"`
}

// WebAuthnCredentialDescription is Cognito's WebAuthnCredentialDescription.
type WebAuthnCredentialDescription struct {
	CredentialID            string   `json:"CredentialId,omitempty" is:"required"`
	FriendlyCredentialName  string   `json:"FriendlyCredentialName,omitempty" is:"required"`
	RelyingPartyID          string   `json:"RelyingPartyId,omitempty" is:"required"`
	AuthenticatorAttachment string   `json:"AuthenticatorAttachment,omitempty"`
	AuthenticatorTransports []string `json:"AuthenticatorTransports,omitzero" is:"required"`
	CreatedAt               *Time    `json:"CreatedAt,omitzero" is:"required"`
}

// DeleteWebAuthnCredentialRequest is the input of DeleteWebAuthnCredential.
type DeleteWebAuthnCredentialRequest struct {
	AccessToken  string `json:"AccessToken,omitempty" is:"TokenModel,required"`
	CredentialID string `json:"CredentialId,omitempty" is:"required"`
}

// AdminSetUserMFAPreferenceRequest is the input of AdminSetUserMFAPreference.
type AdminSetUserMFAPreferenceRequest struct {
	SMSMfaSettings           *SMSMfaSettings           `json:"SMSMfaSettings,omitzero"`
	SoftwareTokenMfaSettings *SoftwareTokenMfaSettings `json:"SoftwareTokenMfaSettings,omitzero"`
	EmailMfaSettings         *EmailMfaSettings         `json:"EmailMfaSettings,omitzero"`
	WebAuthnMfaSettings      *WebAuthnMfaSettings      `json:"WebAuthnMfaSettings,omitzero"`
	Username                 string                    `json:"Username,omitempty" is:"Username,required"`
	UserPoolID               string                    `json:"UserPoolId,omitempty" is:"UserPoolID,required"`
}

// AdminSetUserSettingsRequest is the input of AdminSetUserSettings.
type AdminSetUserSettingsRequest struct {
	UserPoolID string      `json:"UserPoolId,omitempty" is:"UserPoolID,required"`
	Username   string      `json:"Username,omitempty" is:"Username,required"`
	MFAOptions []MFAOption `json:"MFAOptions,omitzero" is:"required"`
}

// AdminGetUserAuthFactorsRequest is the input of AdminGetUserAuthFactors.
type AdminGetUserAuthFactorsRequest struct {
	UserPoolID string `json:"UserPoolId,omitempty" is:"UserPoolID,required"`
	Username   string `json:"Username,omitempty" is:"Username,required"`
}

// AdminGetUserAuthFactorsResponse is the output of AdminGetUserAuthFactors.
type AdminGetUserAuthFactorsResponse struct {
	Username                  string   `json:"Username,omitempty"`
	PreferredMfaSetting       string   `json:"PreferredMfaSetting,omitempty"`
	UserMFASettingList        []string `json:"UserMFASettingList,omitzero"`
	ConfiguredUserAuthFactors []string `json:"ConfiguredUserAuthFactors,omitzero"`
}

// AdminDeleteSoftwareTokenRequest is the input of AdminDeleteSoftwareToken.
type AdminDeleteSoftwareTokenRequest struct {
	UserPoolID string `json:"UserPoolId,omitempty" is:"UserPoolID,required"`
	Username   string `json:"Username,omitempty" is:"Username,required"`
}
