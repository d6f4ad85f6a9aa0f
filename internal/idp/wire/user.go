package wire

// AdminConfirmSignUpRequest is the input of AdminConfirmSignUp.
type AdminConfirmSignUpRequest struct {
	UserPoolID     string            `json:"UserPoolId,omitempty" is:"UserPoolID,required"`
	Username       string            `json:"Username,omitempty" is:"Username,required"`
	ClientMetadata map[string]string `json:"ClientMetadata,omitzero"`
}

// AdminCreateUserRequest is the input of AdminCreateUser.
type AdminCreateUserRequest struct {
	UserPoolID             string            `json:"UserPoolId,omitempty" is:"UserPoolID,required"`
	Username               string            `json:"Username,omitempty" is:"Username,required"`
	UserAttributes         []Attribute       `json:"UserAttributes,omitzero"`
	ValidationData         []Attribute       `json:"ValidationData,omitzero"`
	TemporaryPassword      string            `json:"TemporaryPassword,omitempty" is:"Password"`
	ForceAliasCreation     *bool             `json:"ForceAliasCreation,omitzero"`
	MessageAction          string            `json:"MessageAction,omitempty" is:"MessageAction"`
	DesiredDeliveryMediums []string          `json:"DesiredDeliveryMediums,omitzero" is:"DeliveryMediumList"`
	ClientMetadata         map[string]string `json:"ClientMetadata,omitzero"`
}

// Attribute is Cognito's AttributeType.
type Attribute struct {
	Name  string `json:"Name,omitempty" is:"AttributeName,required"`
	Value string `json:"Value,omitempty" is:"AttributeValue"`
}

// AdminCreateUserResponse is the output of AdminCreateUser.
type AdminCreateUserResponse struct {
	User *User `json:"User,omitzero"`
}

// User is Cognito's UserType.
type User struct {
	Username             string      `json:"Username,omitempty" is:"Username"`
	Attributes           []Attribute `json:"Attributes,omitzero"`
	UserCreateDate       *Time       `json:"UserCreateDate,omitzero"`
	UserLastModifiedDate *Time       `json:"UserLastModifiedDate,omitzero"`
	Enabled              *bool       `json:"Enabled,omitzero"`
	UserStatus           string      `json:"UserStatus,omitempty" is:"UserStatus"`
	MFAOptions           []MFAOption `json:"MFAOptions,omitzero"`
}

// MFAOption is Cognito's MFAOptionType.
type MFAOption struct {
	DeliveryMedium string `json:"DeliveryMedium,omitempty" is:"DeliveryMedium"`
	AttributeName  string `json:"AttributeName,omitempty" is:"AttributeName"`
}

// AdminDeleteUserRequest is the input of AdminDeleteUser.
type AdminDeleteUserRequest struct {
	UserPoolID string `json:"UserPoolId,omitempty" is:"UserPoolID,required"`
	Username   string `json:"Username,omitempty" is:"Username,required"`
}

// AdminDeleteUserAttributesRequest is the input of AdminDeleteUserAttributes.
type AdminDeleteUserAttributesRequest struct {
	UserPoolID         string   `json:"UserPoolId,omitempty" is:"UserPoolID,required"`
	Username           string   `json:"Username,omitempty" is:"Username,required"`
	UserAttributeNames []string `json:"UserAttributeNames,omitzero" is:"AttributeNameList,required"`
}

// AdminDisableUserRequest is the input of AdminDisableUser.
type AdminDisableUserRequest struct {
	UserPoolID string `json:"UserPoolId,omitempty" is:"UserPoolID,required"`
	Username   string `json:"Username,omitempty" is:"Username,required"`
}

// AdminEnableUserRequest is the input of AdminEnableUser.
type AdminEnableUserRequest struct {
	UserPoolID string `json:"UserPoolId,omitempty" is:"UserPoolID,required"`
	Username   string `json:"Username,omitempty" is:"Username,required"`
}

// AdminGetUserRequest is the input of AdminGetUser.
type AdminGetUserRequest struct {
	UserPoolID string `json:"UserPoolId,omitempty" is:"UserPoolID,required"`
	Username   string `json:"Username,omitempty" is:"Username,required"`
}

// AdminGetUserResponse is the output of AdminGetUser.
type AdminGetUserResponse struct {
	Username             string      `json:"Username,omitempty"`
	UserAttributes       []Attribute `json:"UserAttributes,omitzero"`
	UserCreateDate       *Time       `json:"UserCreateDate,omitzero"`
	UserLastModifiedDate *Time       `json:"UserLastModifiedDate,omitzero"`
	Enabled              *bool       `json:"Enabled,omitzero"`
	UserStatus           string      `json:"UserStatus,omitempty"`
	MFAOptions           []MFAOption `json:"MFAOptions,omitzero"`
	PreferredMfaSetting  string      `json:"PreferredMfaSetting,omitempty"`
	UserMFASettingList   []string    `json:"UserMFASettingList,omitzero"`
}

// AdminResetUserPasswordRequest is the input of AdminResetUserPassword.
type AdminResetUserPasswordRequest struct {
	UserPoolID     string            `json:"UserPoolId,omitempty" is:"UserPoolID,required"`
	Username       string            `json:"Username,omitempty" is:"Username,required"`
	ClientMetadata map[string]string `json:"ClientMetadata,omitzero"`
}

// AdminSetUserPasswordRequest is the input of AdminSetUserPassword.
type AdminSetUserPasswordRequest struct {
	UserPoolID string `json:"UserPoolId,omitempty" is:"UserPoolID,required"`
	Username   string `json:"Username,omitempty" is:"Username,required"`
	Password   string `json:"Password,omitempty" is:"Password,required"`
	Permanent  *bool  `json:"Permanent,omitzero"`
}

// AdminUpdateUserAttributesRequest is the input of AdminUpdateUserAttributes.
type AdminUpdateUserAttributesRequest struct {
	UserPoolID     string            `json:"UserPoolId,omitempty" is:"UserPoolID,required"`
	Username       string            `json:"Username,omitempty" is:"Username,required"`
	UserAttributes []Attribute       `json:"UserAttributes,omitzero" is:"required"`
	ClientMetadata map[string]string `json:"ClientMetadata,omitzero"`
}

// AdminUserGlobalSignOutRequest is the input of AdminUserGlobalSignOut.
type AdminUserGlobalSignOutRequest struct {
	UserPoolID string `json:"UserPoolId,omitempty" is:"UserPoolID,required"`
	Username   string `json:"Username,omitempty" is:"Username,required"`
}

// ListUsersRequest is the input of ListUsers.
type ListUsersRequest struct {
	UserPoolID      string   `json:"UserPoolId,omitempty" is:"UserPoolID,required"`
	AttributesToGet []string `json:"AttributesToGet,omitzero" is:"SearchedAttributeNamesList"`
	Limit           *int     `json:"Limit,omitzero" is:"QueryLimitType"`
	PaginationToken string   `json:"PaginationToken,omitempty" is:"SearchPaginationToken"`
	Filter          string   `json:"Filter,omitempty" is:"UserFilter"`
}

// ListUsersResponse is the output of ListUsers.
type ListUsersResponse struct {
	Users           []User `json:"Users,omitzero"`
	PaginationToken string `json:"PaginationToken,omitempty"`
}
