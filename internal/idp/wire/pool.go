package wire

// CreateUserPoolRequest is the input of CreateUserPool.
type CreateUserPoolRequest struct {
	PoolName                    string                       `json:"PoolName,omitempty" is:"UserPoolName,required"`
	Policies                    *UserPoolPolicy              `json:"Policies,omitzero"`
	DeletionProtection          string                       `json:"DeletionProtection,omitempty" is:"DeletionProtection"`
	LambdaConfig                *LambdaConfig                `json:"LambdaConfig,omitzero"`
	AutoVerifiedAttributes      []string                     `json:"AutoVerifiedAttributes,omitzero" is:"VerifiedAttributesList"`
	AliasAttributes             []string                     `json:"AliasAttributes,omitzero" is:"AliasAttributesList"`
	UsernameAttributes          []string                     `json:"UsernameAttributes,omitzero" is:"UsernameAttributesList"`
	SmsVerificationMessage      string                       `json:"SmsVerificationMessage,omitempty" is:"SmsVerificationMessage"`
	EmailVerificationMessage    string                       `json:"EmailVerificationMessage,omitempty" is:"EmailVerificationMessage"`
	EmailVerificationSubject    string                       `json:"EmailVerificationSubject,omitempty" is:"EmailVerificationSubject"`
	VerificationMessageTemplate *VerificationMessageTemplate `json:"VerificationMessageTemplate,omitzero"`
	SmsAuthenticationMessage    string                       `json:"SmsAuthenticationMessage,omitempty" is:"SmsVerificationMessage"`
	MfaConfiguration            string                       `json:"MfaConfiguration,omitempty" is:"UserPoolMfa"`
	UserAttributeUpdateSettings *UserAttributeUpdateSettings `json:"UserAttributeUpdateSettings,omitzero"`
	DeviceConfiguration         *DeviceConfiguration         `json:"DeviceConfiguration,omitzero"`
	EmailConfiguration          *EmailConfiguration          `json:"EmailConfiguration,omitzero"`
	SmsConfiguration            *SmsConfiguration            `json:"SmsConfiguration,omitzero"`
	UserPoolTags                map[string]string            `json:"UserPoolTags,omitzero" is:"UserPoolTags"`
	AdminCreateUserConfig       *AdminCreateUserConfig       `json:"AdminCreateUserConfig,omitzero"`
	Schema                      []SchemaAttribute            `json:"Schema,omitzero" is:"SchemaAttributesList"`
	UserPoolAddOns              *UserPoolAddOns              `json:"UserPoolAddOns,omitzero"`
	UsernameConfiguration       *UsernameConfiguration       `json:"UsernameConfiguration,omitzero"`
	AccountRecoverySetting      *AccountRecoverySetting      `json:"AccountRecoverySetting,omitzero"`
	UserPoolTier                string                       `json:"UserPoolTier,omitempty" is:"UserPoolTier"`
}

// UserPoolPolicy is Cognito's UserPoolPolicyType.
type UserPoolPolicy struct {
	PasswordPolicy *PasswordPolicy `json:"PasswordPolicy,omitzero"`
	SignInPolicy   *SignInPolicy   `json:"SignInPolicy,omitzero"`
}

// PasswordPolicy is Cognito's PasswordPolicyType.
type PasswordPolicy struct {
	MinimumLength                 *int  `json:"MinimumLength,omitzero" is:"PasswordPolicyMinLength"`
	RequireUppercase              *bool `json:"RequireUppercase,omitzero"`
	RequireLowercase              *bool `json:"RequireLowercase,omitzero"`
	RequireNumbers                *bool `json:"RequireNumbers,omitzero"`
	RequireSymbols                *bool `json:"RequireSymbols,omitzero"`
	PasswordHistorySize           *int  `json:"PasswordHistorySize,omitzero" is:"PasswordHistorySize"`
	TemporaryPasswordValidityDays *int  `json:"TemporaryPasswordValidityDays,omitzero" is:"TemporaryPasswordValidityDays"`
}

// SignInPolicy is Cognito's SignInPolicyType.
type SignInPolicy struct {
	AllowedFirstAuthFactors []string `json:"AllowedFirstAuthFactors,omitzero" is:"AllowedFirstAuthFactorsList"`
}

// LambdaConfig is Cognito's LambdaConfigType.
type LambdaConfig struct {
	PreSignUp                   string                           `json:"PreSignUp,omitempty" is:"TriggerARN"`
	CustomMessage               string                           `json:"CustomMessage,omitempty" is:"TriggerARN"`
	PostConfirmation            string                           `json:"PostConfirmation,omitempty" is:"TriggerARN"`
	PreAuthentication           string                           `json:"PreAuthentication,omitempty" is:"TriggerARN"`
	PostAuthentication          string                           `json:"PostAuthentication,omitempty" is:"TriggerARN"`
	DefineAuthChallenge         string                           `json:"DefineAuthChallenge,omitempty" is:"TriggerARN"`
	CreateAuthChallenge         string                           `json:"CreateAuthChallenge,omitempty" is:"TriggerARN"`
	VerifyAuthChallengeResponse string                           `json:"VerifyAuthChallengeResponse,omitempty" is:"TriggerARN"`
	PreTokenGeneration          string                           `json:"PreTokenGeneration,omitempty" is:"TriggerARN"`
	UserMigration               string                           `json:"UserMigration,omitempty" is:"TriggerARN"`
	PreTokenGenerationConfig    *PreTokenGenerationVersionConfig `json:"PreTokenGenerationConfig,omitzero"`
	CustomSMSSender             *CustomSMSLambdaVersionConfig    `json:"CustomSMSSender,omitzero"`
	CustomEmailSender           *CustomEmailLambdaVersionConfig  `json:"CustomEmailSender,omitzero"`
	KMSKeyID                    string                           `json:"KMSKeyID,omitempty" is:"ARN"`
	InboundFederation           *InboundFederationLambda         `json:"InboundFederation,omitzero"`
}

// PreTokenGenerationVersionConfig is Cognito's PreTokenGenerationVersionConfigType.
type PreTokenGenerationVersionConfig struct {
	LambdaVersion string `json:"LambdaVersion,omitempty" is:"PreTokenGenerationLambdaVersion,required"`
	LambdaARN     string `json:"LambdaArn,omitempty" is:"TriggerARN,required"`
}

// CustomSMSLambdaVersionConfig is Cognito's CustomSMSLambdaVersionConfigType.
type CustomSMSLambdaVersionConfig struct {
	LambdaVersion string `json:"LambdaVersion,omitempty" is:"CustomSMSSenderLambdaVersion,required"`
	LambdaARN     string `json:"LambdaArn,omitempty" is:"TriggerARN,required"`
}

// CustomEmailLambdaVersionConfig is Cognito's CustomEmailLambdaVersionConfigType.
type CustomEmailLambdaVersionConfig struct {
	LambdaVersion string `json:"LambdaVersion,omitempty" is:"CustomEmailSenderLambdaVersion,required"`
	LambdaARN     string `json:"LambdaArn,omitempty" is:"TriggerARN,required"`
}

// InboundFederationLambda is Cognito's InboundFederationLambdaType.
type InboundFederationLambda struct {
	LambdaVersion string `json:"LambdaVersion,omitempty" is:"InboundFederationLambdaVersion,required"`
	LambdaARN     string `json:"LambdaArn,omitempty" is:"TriggerARN,required"`
}

// VerificationMessageTemplate is Cognito's VerificationMessageTemplateType.
type VerificationMessageTemplate struct {
	SmsMessage         string `json:"SmsMessage,omitempty" is:"SmsVerificationMessage"`
	EmailMessage       string `json:"EmailMessage,omitempty" is:"EmailVerificationMessage"`
	EmailSubject       string `json:"EmailSubject,omitempty" is:"EmailVerificationSubject"`
	EmailMessageByLink string `json:"EmailMessageByLink,omitempty" is:"EmailVerificationMessageByLink"`
	EmailSubjectByLink string `json:"EmailSubjectByLink,omitempty" is:"EmailVerificationSubjectByLink"`
	DefaultEmailOption string `json:"DefaultEmailOption,omitempty" is:"DefaultEmailOption"`
}

// UserAttributeUpdateSettings is Cognito's UserAttributeUpdateSettingsType.
type UserAttributeUpdateSettings struct {
	AttributesRequireVerificationBeforeUpdate []string `json:"AttributesRequireVerificationBeforeUpdate,omitzero" is:"AttributesRequireVerificationBeforeUpdate"`
}

// DeviceConfiguration is Cognito's DeviceConfigurationType.
type DeviceConfiguration struct {
	ChallengeRequiredOnNewDevice     *bool `json:"ChallengeRequiredOnNewDevice,omitzero"`
	DeviceOnlyRememberedOnUserPrompt *bool `json:"DeviceOnlyRememberedOnUserPrompt,omitzero"`
}

// EmailConfiguration is Cognito's EmailConfigurationType.
type EmailConfiguration struct {
	SourceARN           string `json:"SourceArn,omitempty" is:"ARN"`
	ReplyToEmailAddress string `json:"ReplyToEmailAddress,omitempty" is:"EmailAddress"`
	EmailSendingAccount string `json:"EmailSendingAccount,omitempty" is:"EmailSendingAccount"`
	From                string `json:"From,omitempty"`
	ConfigurationSet    string `json:"ConfigurationSet,omitempty" is:"SESConfigurationSet"`
}

// SmsConfiguration is Cognito's SmsConfigurationType.
type SmsConfiguration struct {
	SnsCallerARN string `json:"SnsCallerArn,omitempty" is:"ARN,required"`
	ExternalID   string `json:"ExternalId,omitempty"`
	SnsRegion    string `json:"SnsRegion,omitempty" is:"RegionCode"`
}

// AdminCreateUserConfig is Cognito's AdminCreateUserConfigType.
type AdminCreateUserConfig struct {
	AllowAdminCreateUserOnly  *bool            `json:"AllowAdminCreateUserOnly,omitzero"`
	UnusedAccountValidityDays *int             `json:"UnusedAccountValidityDays,omitzero" is:"AdminCreateUserUnusedAccountValidityDays"`
	InviteMessageTemplate     *MessageTemplate `json:"InviteMessageTemplate,omitzero"`
}

// MessageTemplate is Cognito's MessageTemplateType.
type MessageTemplate struct {
	SMSMessage   string `json:"SMSMessage,omitempty" is:"SmsInviteMessage"`
	EmailMessage string `json:"EmailMessage,omitempty" is:"EmailInviteMessage"`
	EmailSubject string `json:"EmailSubject,omitempty" is:"EmailVerificationSubject"`
}

// SchemaAttribute is Cognito's SchemaAttributeType.
type SchemaAttribute struct {
	Name                       string                      `json:"Name,omitempty" is:"CustomAttributeName"`
	AttributeDataType          string                      `json:"AttributeDataType,omitempty" is:"AttributeData"`
	DeveloperOnlyAttribute     *bool                       `json:"DeveloperOnlyAttribute,omitzero"`
	Mutable                    *bool                       `json:"Mutable,omitzero"`
	Required                   *bool                       `json:"Required,omitzero"`
	NumberAttributeConstraints *NumberAttributeConstraints `json:"NumberAttributeConstraints,omitzero"`
	StringAttributeConstraints *StringAttributeConstraints `json:"StringAttributeConstraints,omitzero"`
}

// NumberAttributeConstraints is Cognito's NumberAttributeConstraintsType.
type NumberAttributeConstraints struct {
	MinValue string `json:"MinValue,omitempty"`
	MaxValue string `json:"MaxValue,omitempty"`
}

// StringAttributeConstraints is Cognito's StringAttributeConstraintsType.
type StringAttributeConstraints struct {
	MinLength string `json:"MinLength,omitempty"`
	MaxLength string `json:"MaxLength,omitempty"`
}

// UserPoolAddOns is Cognito's UserPoolAddOnsType.
type UserPoolAddOns struct {
	AdvancedSecurityMode            string                           `json:"AdvancedSecurityMode,omitempty" is:"AdvancedSecurityMode,required"`
	AdvancedSecurityAdditionalFlows *AdvancedSecurityAdditionalFlows `json:"AdvancedSecurityAdditionalFlows,omitzero"`
}

// AdvancedSecurityAdditionalFlows is Cognito's AdvancedSecurityAdditionalFlowsType.
type AdvancedSecurityAdditionalFlows struct {
	CustomAuthMode string `json:"CustomAuthMode,omitempty" is:"AdvancedSecurityEnabledMode"`
}

// UsernameConfiguration is Cognito's UsernameConfigurationType.
type UsernameConfiguration struct {
	CaseSensitive *bool `json:"CaseSensitive,omitzero" is:"required"`
}

// AccountRecoverySetting is Cognito's AccountRecoverySettingType.
type AccountRecoverySetting struct {
	RecoveryMechanisms []RecoveryOption `json:"RecoveryMechanisms,omitzero" is:"RecoveryMechanisms"`
}

// RecoveryOption is Cognito's RecoveryOptionType.
type RecoveryOption struct {
	Priority *int   `json:"Priority,omitzero" is:"Priority,required"`
	Name     string `json:"Name,omitempty" is:"RecoveryOptionName,required"`
}

// CreateUserPoolResponse is the output of CreateUserPool.
type CreateUserPoolResponse struct {
	UserPool *UserPool `json:"UserPool,omitzero"`
}

// UserPool is Cognito's UserPoolType.
type UserPool struct {
	ID                          string                       `json:"Id,omitempty" is:"UserPoolID"`
	Name                        string                       `json:"Name,omitempty" is:"UserPoolName"`
	Policies                    *UserPoolPolicy              `json:"Policies,omitzero"`
	DeletionProtection          string                       `json:"DeletionProtection,omitempty" is:"DeletionProtection"`
	LambdaConfig                *LambdaConfig                `json:"LambdaConfig,omitzero"`
	Status                      string                       `json:"Status,omitempty" is:"Status"`
	LastModifiedDate            *Time                        `json:"LastModifiedDate,omitzero"`
	CreationDate                *Time                        `json:"CreationDate,omitzero"`
	SchemaAttributes            []SchemaAttribute            `json:"SchemaAttributes,omitzero" is:"SchemaAttributesList"`
	AutoVerifiedAttributes      []string                     `json:"AutoVerifiedAttributes,omitzero" is:"VerifiedAttributesList"`
	AliasAttributes             []string                     `json:"AliasAttributes,omitzero" is:"AliasAttributesList"`
	UsernameAttributes          []string                     `json:"UsernameAttributes,omitzero" is:"UsernameAttributesList"`
	SmsVerificationMessage      string                       `json:"SmsVerificationMessage,omitempty" is:"SmsVerificationMessage"`
	EmailVerificationMessage    string                       `json:"EmailVerificationMessage,omitempty" is:"EmailVerificationMessage"`
	EmailVerificationSubject    string                       `json:"EmailVerificationSubject,omitempty" is:"EmailVerificationSubject"`
	VerificationMessageTemplate *VerificationMessageTemplate `json:"VerificationMessageTemplate,omitzero"`
	SmsAuthenticationMessage    string                       `json:"SmsAuthenticationMessage,omitempty" is:"SmsVerificationMessage"`
	UserAttributeUpdateSettings *UserAttributeUpdateSettings `json:"UserAttributeUpdateSettings,omitzero"`
	MfaConfiguration            string                       `json:"MfaConfiguration,omitempty" is:"UserPoolMfa"`
	DeviceConfiguration         *DeviceConfiguration         `json:"DeviceConfiguration,omitzero"`
	EstimatedNumberOfUsers      *int                         `json:"EstimatedNumberOfUsers,omitzero"`
	EmailConfiguration          *EmailConfiguration          `json:"EmailConfiguration,omitzero"`
	SmsConfiguration            *SmsConfiguration            `json:"SmsConfiguration,omitzero"`
	UserPoolTags                map[string]string            `json:"UserPoolTags,omitzero" is:"UserPoolTags"`
	SmsConfigurationFailure     string                       `json:"SmsConfigurationFailure,omitempty"`
	EmailConfigurationFailure   string                       `json:"EmailConfigurationFailure,omitempty"`
	Domain                      string                       `json:"Domain,omitempty" is:"Domain"`
	CustomDomain                string                       `json:"CustomDomain,omitempty" is:"Domain"`
	AdminCreateUserConfig       *AdminCreateUserConfig       `json:"AdminCreateUserConfig,omitzero"`
	UserPoolAddOns              *UserPoolAddOns              `json:"UserPoolAddOns,omitzero"`
	UsernameConfiguration       *UsernameConfiguration       `json:"UsernameConfiguration,omitzero"`
	ARN                         string                       `json:"Arn,omitempty" is:"ARN"`
	AccountRecoverySetting      *AccountRecoverySetting      `json:"AccountRecoverySetting,omitzero"`
	UserPoolTier                string                       `json:"UserPoolTier,omitempty" is:"UserPoolTier"`
}

// DescribeUserPoolRequest is the input of DescribeUserPool.
type DescribeUserPoolRequest struct {
	UserPoolID string `json:"UserPoolId,omitempty" is:"UserPoolID,required"`
}

// DescribeUserPoolResponse is the output of DescribeUserPool.
type DescribeUserPoolResponse struct {
	UserPool *UserPool `json:"UserPool,omitzero"`
}

// UpdateUserPoolRequest is the input of UpdateUserPool.
type UpdateUserPoolRequest struct {
	UserPoolID                  string                       `json:"UserPoolId,omitempty" is:"UserPoolID,required"`
	Policies                    *UserPoolPolicy              `json:"Policies,omitzero"`
	DeletionProtection          string                       `json:"DeletionProtection,omitempty" is:"DeletionProtection"`
	LambdaConfig                *LambdaConfig                `json:"LambdaConfig,omitzero"`
	AutoVerifiedAttributes      []string                     `json:"AutoVerifiedAttributes,omitzero" is:"VerifiedAttributesList"`
	SmsVerificationMessage      string                       `json:"SmsVerificationMessage,omitempty" is:"SmsVerificationMessage"`
	EmailVerificationMessage    string                       `json:"EmailVerificationMessage,omitempty" is:"EmailVerificationMessage"`
	EmailVerificationSubject    string                       `json:"EmailVerificationSubject,omitempty" is:"EmailVerificationSubject"`
	VerificationMessageTemplate *VerificationMessageTemplate `json:"VerificationMessageTemplate,omitzero"`
	SmsAuthenticationMessage    string                       `json:"SmsAuthenticationMessage,omitempty" is:"SmsVerificationMessage"`
	UserAttributeUpdateSettings *UserAttributeUpdateSettings `json:"UserAttributeUpdateSettings,omitzero"`
	MfaConfiguration            string                       `json:"MfaConfiguration,omitempty" is:"UserPoolMfa"`
	DeviceConfiguration         *DeviceConfiguration         `json:"DeviceConfiguration,omitzero"`
	EmailConfiguration          *EmailConfiguration          `json:"EmailConfiguration,omitzero"`
	SmsConfiguration            *SmsConfiguration            `json:"SmsConfiguration,omitzero"`
	UserPoolTags                map[string]string            `json:"UserPoolTags,omitzero" is:"UserPoolTags"`
	AdminCreateUserConfig       *AdminCreateUserConfig       `json:"AdminCreateUserConfig,omitzero"`
	UserPoolAddOns              *UserPoolAddOns              `json:"UserPoolAddOns,omitzero"`
	AccountRecoverySetting      *AccountRecoverySetting      `json:"AccountRecoverySetting,omitzero"`
	PoolName                    string                       `json:"PoolName,omitempty" is:"UserPoolName"`
	UserPoolTier                string                       `json:"UserPoolTier,omitempty" is:"UserPoolTier"`
}

// DeleteUserPoolRequest is the input of DeleteUserPool.
type DeleteUserPoolRequest struct {
	UserPoolID string `json:"UserPoolId,omitempty" is:"UserPoolID,required"`
}

// ListUserPoolsRequest is the input of ListUserPools.
type ListUserPoolsRequest struct {
	NextToken  string `json:"NextToken,omitempty" is:"PaginationKeyType"`
	MaxResults *int   `json:"MaxResults,omitzero" is:"PoolQueryLimit,required"`
}

// ListUserPoolsResponse is the output of ListUserPools.
type ListUserPoolsResponse struct {
	UserPools []UserPoolDescription `json:"UserPools,omitzero"`
	NextToken string                `json:"NextToken,omitempty"`
}

// UserPoolDescription is Cognito's UserPoolDescriptionType.
type UserPoolDescription struct {
	ID               string        `json:"Id,omitempty" is:"UserPoolID"`
	Name             string        `json:"Name,omitempty" is:"UserPoolName"`
	LambdaConfig     *LambdaConfig `json:"LambdaConfig,omitzero"`
	Status           string        `json:"Status,omitempty" is:"Status"`
	LastModifiedDate *Time         `json:"LastModifiedDate,omitzero"`
	CreationDate     *Time         `json:"CreationDate,omitzero"`
}

// AddCustomAttributesRequest is the input of AddCustomAttributes.
type AddCustomAttributesRequest struct {
	UserPoolID       string            `json:"UserPoolId,omitempty" is:"UserPoolID,required"`
	CustomAttributes []SchemaAttribute `json:"CustomAttributes,omitzero" is:"CustomAttributesList,required"`
}

// GetUserPoolMfaConfigRequest is the input of GetUserPoolMfaConfig.
type GetUserPoolMfaConfigRequest struct {
	UserPoolID string `json:"UserPoolId,omitempty" is:"UserPoolID,required"`
}

// GetUserPoolMfaConfigResponse is the output of GetUserPoolMfaConfig.
type GetUserPoolMfaConfigResponse struct {
	SmsMfaConfiguration           *SmsMfaConfig           `json:"SmsMfaConfiguration,omitzero"`
	SoftwareTokenMfaConfiguration *SoftwareTokenMfaConfig `json:"SoftwareTokenMfaConfiguration,omitzero"`
	EmailMfaConfiguration         *EmailMfaConfig         `json:"EmailMfaConfiguration,omitzero"`
	MfaConfiguration              string                  `json:"MfaConfiguration,omitempty"`
	WebAuthnConfiguration         *WebAuthnConfiguration  `json:"WebAuthnConfiguration,omitzero"`
}

// SmsMfaConfig is Cognito's SmsMfaConfigType.
type SmsMfaConfig struct {
	SmsAuthenticationMessage string            `json:"SmsAuthenticationMessage,omitempty" is:"SmsVerificationMessage"`
	SmsConfiguration         *SmsConfiguration `json:"SmsConfiguration,omitzero"`
}

// SoftwareTokenMfaConfig is Cognito's SoftwareTokenMfaConfigType.
type SoftwareTokenMfaConfig struct {
	Enabled *bool `json:"Enabled,omitzero"`
}

// EmailMfaConfig is Cognito's EmailMfaConfigType.
type EmailMfaConfig struct {
	Message string `json:"Message,omitempty" is:"EmailMfaMessage"`
	Subject string `json:"Subject,omitempty" is:"EmailMfaSubject"`
}

// WebAuthnConfiguration is Cognito's WebAuthnConfigurationType.
type WebAuthnConfiguration struct {
	RelyingPartyID      string `json:"RelyingPartyId,omitempty" is:"RelyingPartyID"`
	UserVerification    string `json:"UserVerification,omitempty" is:"UserVerification"`
	FactorConfiguration string `json:"FactorConfiguration,omitempty" is:"WebAuthnFactorConfiguration"`
}

// SetUserPoolMfaConfigRequest is the input of SetUserPoolMfaConfig.
type SetUserPoolMfaConfigRequest struct {
	UserPoolID                    string                  `json:"UserPoolId,omitempty" is:"UserPoolID,required"`
	SmsMfaConfiguration           *SmsMfaConfig           `json:"SmsMfaConfiguration,omitzero"`
	SoftwareTokenMfaConfiguration *SoftwareTokenMfaConfig `json:"SoftwareTokenMfaConfiguration,omitzero"`
	EmailMfaConfiguration         *EmailMfaConfig         `json:"EmailMfaConfiguration,omitzero"`
	MfaConfiguration              string                  `json:"MfaConfiguration,omitempty" is:"UserPoolMfa"`
	WebAuthnConfiguration         *WebAuthnConfiguration  `json:"WebAuthnConfiguration,omitzero"`
}

// SetUserPoolMfaConfigResponse is the output of SetUserPoolMfaConfig.
type SetUserPoolMfaConfigResponse struct {
	SmsMfaConfiguration           *SmsMfaConfig           `json:"SmsMfaConfiguration,omitzero"`
	SoftwareTokenMfaConfiguration *SoftwareTokenMfaConfig `json:"SoftwareTokenMfaConfiguration,omitzero"`
	EmailMfaConfiguration         *EmailMfaConfig         `json:"EmailMfaConfiguration,omitzero"`
	MfaConfiguration              string                  `json:"MfaConfiguration,omitempty"`
	WebAuthnConfiguration         *WebAuthnConfiguration  `json:"WebAuthnConfiguration,omitzero"`
}

// TagResourceRequest is the input of TagResource.
type TagResourceRequest struct {
	ResourceARN string            `json:"ResourceArn,omitempty" is:"ARN,required"`
	Tags        map[string]string `json:"Tags,omitzero" is:"UserPoolTags,required"`
}

// UntagResourceRequest is the input of UntagResource.
type UntagResourceRequest struct {
	ResourceARN string   `json:"ResourceArn,omitempty" is:"ARN,required"`
	TagKeys     []string `json:"TagKeys,omitzero" is:"UserPoolTagsList,required"`
}

// ListTagsForResourceRequest is the input of ListTagsForResource.
type ListTagsForResourceRequest struct {
	ResourceARN string `json:"ResourceArn,omitempty" is:"ARN,required"`
}

// ListTagsForResourceResponse is the output of ListTagsForResource.
type ListTagsForResourceResponse struct {
	Tags map[string]string `json:"Tags,omitzero"`
}

// GetSigningCertificateRequest is the input of GetSigningCertificate.
type GetSigningCertificateRequest struct {
	UserPoolID string `json:"UserPoolId,omitempty" is:"UserPoolID,required"`
}

// GetSigningCertificateResponse is the output of GetSigningCertificate.
type GetSigningCertificateResponse struct {
	Certificate string `json:"Certificate,omitempty"`
}
