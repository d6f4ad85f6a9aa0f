package wire

// SignUpRequest is the input of SignUp.
type SignUpRequest struct {
	ClientID          string             `json:"ClientId,omitempty" is:"ClientID,required"`
	SecretHash        string             `json:"SecretHash,omitempty" is:"SecretHash"`
	Username          string             `json:"Username,omitempty" is:"Username,required"`
	Password          string             `json:"Password,omitempty" is:"Password"`
	UserAttributes    []Attribute        `json:"UserAttributes,omitzero"`
	ValidationData    []Attribute        `json:"ValidationData,omitzero"`
	AnalyticsMetadata *AnalyticsMetadata `json:"AnalyticsMetadata,omitzero"`
	UserContextData   *UserContextData   `json:"UserContextData,omitzero"`
	ClientMetadata    map[string]string  `json:"ClientMetadata,omitzero"`
}

// AnalyticsMetadata is Cognito's AnalyticsMetadataType.
type AnalyticsMetadata struct {
	AnalyticsEndpointID string `json:"AnalyticsEndpointId,omitempty"`
}

// UserContextData is Cognito's UserContextDataType.
type UserContextData struct {
	IPAddress   string `json:"IpAddress,omitempty"`
	EncodedData string `json:"EncodedData,omitempty"`
}

// SignUpResponse is the output of SignUp.
type SignUpResponse struct {
	UserConfirmed       *bool                `json:"UserConfirmed,omitzero"`
	CodeDeliveryDetails *CodeDeliveryDetails `json:"CodeDeliveryDetails,omitzero"`
	UserSub             string               `json:"UserSub,omitempty"`
	Session             string               `json:"Session,omitempty"`
}

// CodeDeliveryDetails is Cognito's CodeDeliveryDetailsType.
type CodeDeliveryDetails struct {
	Destination    string `json:"Destination,omitempty"`
	DeliveryMedium string `json:"DeliveryMedium,omitempty" is:"DeliveryMedium"`
	AttributeName  string `json:"AttributeName,omitempty" is:"AttributeName"`
}

// ConfirmSignUpRequest is the input of ConfirmSignUp.
type ConfirmSignUpRequest struct {
	ClientID           string             `json:"ClientId,omitempty" is:"ClientID,required"`
	SecretHash         string             `json:"SecretHash,omitempty" is:"SecretHash"`
	Username           string             `json:"Username,omitempty" is:"Username,required"`
	ConfirmationCode   string             `json:"ConfirmationCode,omitempty" is:"ConfirmationCode,required"`
	ForceAliasCreation *bool              `json:"ForceAliasCreation,omitzero"`
	AnalyticsMetadata  *AnalyticsMetadata `json:"AnalyticsMetadata,omitzero"`
	UserContextData    *UserContextData   `json:"UserContextData,omitzero"`
	ClientMetadata     map[string]string  `json:"ClientMetadata,omitzero"`
	Session            string             `json:"Session,omitempty" is:"Session"`
}

// ConfirmSignUpResponse is the output of ConfirmSignUp.
type ConfirmSignUpResponse struct {
	Session string `json:"Session,omitempty"`
}

// ResendConfirmationCodeRequest is the input of ResendConfirmationCode.
type ResendConfirmationCodeRequest struct {
	ClientID          string             `json:"ClientId,omitempty" is:"ClientID,required"`
	SecretHash        string             `json:"SecretHash,omitempty" is:"SecretHash"`
	UserContextData   *UserContextData   `json:"UserContextData,omitzero"`
	Username          string             `json:"Username,omitempty" is:"Username,required"`
	AnalyticsMetadata *AnalyticsMetadata `json:"AnalyticsMetadata,omitzero"`
	ClientMetadata    map[string]string  `json:"ClientMetadata,omitzero"`
}

// ResendConfirmationCodeResponse is the output of ResendConfirmationCode.
type ResendConfirmationCodeResponse struct {
	CodeDeliveryDetails *CodeDeliveryDetails `json:"CodeDeliveryDetails,omitzero"`
}

// ForgotPasswordRequest is the input of ForgotPassword.
type ForgotPasswordRequest struct {
	ClientID          string             `json:"ClientId,omitempty" is:"ClientID,required"`
	SecretHash        string             `json:"SecretHash,omitempty" is:"SecretHash"`
	UserContextData   *UserContextData   `json:"UserContextData,omitzero"`
	Username          string             `json:"Username,omitempty" is:"Username,required"`
	AnalyticsMetadata *AnalyticsMetadata `json:"AnalyticsMetadata,omitzero"`
	ClientMetadata    map[string]string  `json:"ClientMetadata,omitzero"`
}

// ForgotPasswordResponse is the output of ForgotPassword.
type ForgotPasswordResponse struct {
	CodeDeliveryDetails *CodeDeliveryDetails `json:"CodeDeliveryDetails,omitzero"`
}

// ConfirmForgotPasswordRequest is the input of ConfirmForgotPassword.
type ConfirmForgotPasswordRequest struct {
	ClientID          string             `json:"ClientId,omitempty" is:"ClientID,required"`
	SecretHash        string             `json:"SecretHash,omitempty" is:"SecretHash"`
	Username          string             `json:"Username,omitempty" is:"Username,required"`
	ConfirmationCode  string             `json:"ConfirmationCode,omitempty" is:"ConfirmationCode,required"`
	Password          string             `json:"Password,omitempty" is:"Password,required"`
	AnalyticsMetadata *AnalyticsMetadata `json:"AnalyticsMetadata,omitzero"`
	UserContextData   *UserContextData   `json:"UserContextData,omitzero"`
	ClientMetadata    map[string]string  `json:"ClientMetadata,omitzero"`
}

// ChangePasswordRequest is the input of ChangePassword.
type ChangePasswordRequest struct {
	PreviousPassword string `json:"PreviousPassword,omitempty" is:"Password"`
	ProposedPassword string `json:"ProposedPassword,omitempty" is:"Password,required"`
	AccessToken      string `json:"AccessToken,omitempty" is:"TokenModel,required"`
}

// GetUserRequest is the input of GetUser.
type GetUserRequest struct {
	AccessToken string `json:"AccessToken,omitempty" is:"TokenModel,required"`
}

// GetUserResponse is the output of GetUser.
type GetUserResponse struct {
	Username            string      `json:"Username,omitempty"`
	UserAttributes      []Attribute `json:"UserAttributes,omitzero"`
	MFAOptions          []MFAOption `json:"MFAOptions,omitzero"`
	PreferredMfaSetting string      `json:"PreferredMfaSetting,omitempty"`
	UserMFASettingList  []string    `json:"UserMFASettingList,omitzero"`
}

// UpdateUserAttributesRequest is the input of UpdateUserAttributes.
type UpdateUserAttributesRequest struct {
	UserAttributes []Attribute       `json:"UserAttributes,omitzero" is:"required"`
	AccessToken    string            `json:"AccessToken,omitempty" is:"TokenModel,required"`
	ClientMetadata map[string]string `json:"ClientMetadata,omitzero"`
}

// UpdateUserAttributesResponse is the output of UpdateUserAttributes.
type UpdateUserAttributesResponse struct {
	CodeDeliveryDetailsList []CodeDeliveryDetails `json:"CodeDeliveryDetailsList,omitzero"`
}

// DeleteUserAttributesRequest is the input of DeleteUserAttributes.
type DeleteUserAttributesRequest struct {
	UserAttributeNames []string `json:"UserAttributeNames,omitzero" is:"AttributeNameList,required"`
	AccessToken        string   `json:"AccessToken,omitempty" is:"TokenModel,required"`
}

// GetUserAttributeVerificationCodeRequest is the input of GetUserAttributeVerificationCode.
type GetUserAttributeVerificationCodeRequest struct {
	AccessToken    string            `json:"AccessToken,omitempty" is:"TokenModel,required"`
	AttributeName  string            `json:"AttributeName,omitempty" is:"AttributeName,required"`
	ClientMetadata map[string]string `json:"ClientMetadata,omitzero"`
}

// GetUserAttributeVerificationCodeResponse is the output of GetUserAttributeVerificationCode.
type GetUserAttributeVerificationCodeResponse struct {
	CodeDeliveryDetails *CodeDeliveryDetails `json:"CodeDeliveryDetails,omitzero"`
}

// VerifyUserAttributeRequest is the input of VerifyUserAttribute.
type VerifyUserAttributeRequest struct {
	AccessToken   string `json:"AccessToken,omitempty" is:"TokenModel,required"`
	AttributeName string `json:"AttributeName,omitempty" is:"AttributeName,required"`
	Code          string `json:"Code,omitempty" is:"ConfirmationCode,required"`
}

// DeleteUserRequest is the input of DeleteUser.
type DeleteUserRequest struct {
	AccessToken string `json:"AccessToken,omitempty" is:"TokenModel,required"`
}

// GlobalSignOutRequest is the input of GlobalSignOut.
type GlobalSignOutRequest struct {
	AccessToken string `json:"AccessToken,omitempty" is:"TokenModel,required"`
}

// SetUserSettingsRequest is the input of SetUserSettings.
type SetUserSettingsRequest struct {
	AccessToken string      `json:"AccessToken,omitempty" is:"TokenModel,required"`
	MFAOptions  []MFAOption `json:"MFAOptions,omitzero" is:"required"`
}
