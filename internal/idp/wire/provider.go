package wire

// CreateIdentityProviderRequest is the input of CreateIdentityProvider.
type CreateIdentityProviderRequest struct {
	UserPoolID       string            `json:"UserPoolId,omitempty" is:"UserPoolID,required"`
	ProviderName     string            `json:"ProviderName,omitempty" is:"ProviderNameTypeV2,required"`
	ProviderType     string            `json:"ProviderType,omitempty" is:"IdentityProviderTypeType,required"`
	ProviderDetails  map[string]string `json:"ProviderDetails,omitzero" is:"required"`
	AttributeMapping map[string]string `json:"AttributeMapping,omitzero" is:"AttributeMapping"`
	IdpIdentifiers   []string          `json:"IdpIdentifiers,omitzero" is:"IdpIdentifiersList"`
}

// CreateIdentityProviderResponse is the output of CreateIdentityProvider.
type CreateIdentityProviderResponse struct {
	IdentityProvider *IdentityProvider `json:"IdentityProvider,omitzero"`
}

// IdentityProvider is Cognito's IdentityProviderType.
type IdentityProvider struct {
	UserPoolID       string            `json:"UserPoolId,omitempty" is:"UserPoolID"`
	ProviderName     string            `json:"ProviderName,omitempty" is:"ProviderName"`
	ProviderType     string            `json:"ProviderType,omitempty" is:"IdentityProviderTypeType"`
	ProviderDetails  map[string]string `json:"ProviderDetails,omitzero"`
	AttributeMapping map[string]string `json:"AttributeMapping,omitzero" is:"AttributeMapping"`
	IdpIdentifiers   []string          `json:"IdpIdentifiers,omitzero" is:"IdpIdentifiersList"`
	LastModifiedDate *Time             `json:"LastModifiedDate,omitzero"`
	CreationDate     *Time             `json:"CreationDate,omitzero"`
}

// DescribeIdentityProviderRequest is the input of DescribeIdentityProvider.
type DescribeIdentityProviderRequest struct {
	UserPoolID   string `json:"UserPoolId,omitempty" is:"UserPoolID,required"`
	ProviderName string `json:"ProviderName,omitempty" is:"ProviderName,required"`
}

// DescribeIdentityProviderResponse is the output of DescribeIdentityProvider.
type DescribeIdentityProviderResponse struct {
	IdentityProvider *IdentityProvider `json:"IdentityProvider,omitzero"`
}

// UpdateIdentityProviderRequest is the input of UpdateIdentityProvider.
type UpdateIdentityProviderRequest struct {
	UserPoolID       string            `json:"UserPoolId,omitempty" is:"UserPoolID,required"`
	ProviderName     string            `json:"ProviderName,omitempty" is:"ProviderName,required"`
	ProviderDetails  map[string]string `json:"ProviderDetails,omitzero"`
	AttributeMapping map[string]string `json:"AttributeMapping,omitzero" is:"AttributeMapping"`
	IdpIdentifiers   []string          `json:"IdpIdentifiers,omitzero" is:"IdpIdentifiersList"`
}

// UpdateIdentityProviderResponse is the output of UpdateIdentityProvider.
type UpdateIdentityProviderResponse struct {
	IdentityProvider *IdentityProvider `json:"IdentityProvider,omitzero"`
}

// DeleteIdentityProviderRequest is the input of DeleteIdentityProvider.
type DeleteIdentityProviderRequest struct {
	UserPoolID   string `json:"UserPoolId,omitempty" is:"UserPoolID,required"`
	ProviderName string `json:"ProviderName,omitempty" is:"ProviderName,required"`
}

// ListIdentityProvidersRequest is the input of ListIdentityProviders.
type ListIdentityProvidersRequest struct {
	UserPoolID string `json:"UserPoolId,omitempty" is:"UserPoolID,required"`
	MaxResults *int   `json:"MaxResults,omitzero" is:"ListProvidersLimit"`
	NextToken  string `json:"NextToken,omitempty" is:"PaginationKeyType"`
}

// ListIdentityProvidersResponse is the output of ListIdentityProviders.
type ListIdentityProvidersResponse struct {
	Providers []ProviderDescription `json:"Providers,omitzero"`
	NextToken string                `json:"NextToken,omitempty"`
}

// ProviderDescription is Cognito's ProviderDescription.
type ProviderDescription struct {
	ProviderName     string `json:"ProviderName,omitempty" is:"ProviderName"`
	ProviderType     string `json:"ProviderType,omitempty" is:"IdentityProviderTypeType"`
	LastModifiedDate *Time  `json:"LastModifiedDate,omitzero"`
	CreationDate     *Time  `json:"CreationDate,omitzero"`
}

// GetIdentityProviderByIdentifierRequest is the input of GetIdentityProviderByIdentifier.
type GetIdentityProviderByIdentifierRequest struct {
	UserPoolID    string `json:"UserPoolId,omitempty" is:"UserPoolID,required"`
	IdpIdentifier string `json:"IdpIdentifier,omitempty" is:"IdpIdentifier,required"`
}

// GetIdentityProviderByIdentifierResponse is the output of GetIdentityProviderByIdentifier.
type GetIdentityProviderByIdentifierResponse struct {
	IdentityProvider *IdentityProvider `json:"IdentityProvider,omitzero"`
}

// AdminLinkProviderForUserRequest is the input of AdminLinkProviderForUser.
type AdminLinkProviderForUserRequest struct {
	UserPoolID      string                  `json:"UserPoolId,omitempty" is:"required"`
	DestinationUser *ProviderUserIdentifier `json:"DestinationUser,omitzero" is:"required"`
	SourceUser      *ProviderUserIdentifier `json:"SourceUser,omitzero" is:"required"`
}

// ProviderUserIdentifier is Cognito's ProviderUserIdentifierType.
type ProviderUserIdentifier struct {
	ProviderName           string `json:"ProviderName,omitempty" is:"ProviderName"`
	ProviderAttributeName  string `json:"ProviderAttributeName,omitempty"`
	ProviderAttributeValue string `json:"ProviderAttributeValue,omitempty"`
}

// AdminDisableProviderForUserRequest is the input of AdminDisableProviderForUser.
type AdminDisableProviderForUserRequest struct {
	UserPoolID string                  `json:"UserPoolId,omitempty" is:"required"`
	User       *ProviderUserIdentifier `json:"User,omitzero" is:"required"`
}
