package wire

import "encoding/json"

// GetUICustomizationRequest is the input of GetUICustomization.
type GetUICustomizationRequest struct {
	UserPoolID string `json:"UserPoolId,omitempty" is:"UserPoolID,required"`
	ClientID   string `json:"ClientId,omitempty" is:"ClientID"`
}

// GetUICustomizationResponse is the output of GetUICustomization.
type GetUICustomizationResponse struct {
	UICustomization *UICustomization `json:"UICustomization,omitzero"`
}

// UICustomization is Cognito's UICustomizationType.
type UICustomization struct {
	UserPoolID       string `json:"UserPoolId,omitempty" is:"UserPoolID"`
	ClientID         string `json:"ClientId,omitempty" is:"ClientID"`
	ImageURL         string `json:"ImageUrl,omitempty"`
	CSS              string `json:"CSS,omitempty" is:"CSS"`
	CSSVersion       string `json:"CSSVersion,omitempty"`
	LastModifiedDate *Time  `json:"LastModifiedDate,omitzero"`
	CreationDate     *Time  `json:"CreationDate,omitzero"`
}

// SetUICustomizationRequest is the input of SetUICustomization.
type SetUICustomizationRequest struct {
	UserPoolID string `json:"UserPoolId,omitempty" is:"UserPoolID,required"`
	ClientID   string `json:"ClientId,omitempty" is:"ClientID"`
	CSS        string `json:"CSS,omitempty" is:"CSS"`
	ImageFile  []byte `json:"ImageFile,omitzero" is:"ImageFile"`
}

// SetUICustomizationResponse is the output of SetUICustomization.
type SetUICustomizationResponse struct {
	UICustomization *UICustomization `json:"UICustomization,omitzero"`
}

// CreateManagedLoginBrandingRequest is the input of CreateManagedLoginBranding.
type CreateManagedLoginBrandingRequest struct {
	UserPoolID               string          `json:"UserPoolId,omitempty" is:"UserPoolID,required"`
	ClientID                 string          `json:"ClientId,omitempty" is:"ClientID,required"`
	UseCognitoProvidedValues *bool           `json:"UseCognitoProvidedValues,omitzero"`
	Settings                 json.RawMessage `json:"Settings,omitzero"`
	Assets                   []Asset         `json:"Assets,omitzero" is:"AssetList"`
}

// Asset is Cognito's AssetType.
type Asset struct {
	Category   string `json:"Category,omitempty" is:"AssetCategory,required"`
	ColorMode  string `json:"ColorMode,omitempty" is:"ColorSchemeMode,required"`
	Extension  string `json:"Extension,omitempty" is:"AssetExtension,required"`
	Bytes      []byte `json:"Bytes,omitzero" is:"AssetBytes"`
	ResourceID string `json:"ResourceId,omitempty" is:"ResourceID"`
}

// CreateManagedLoginBrandingResponse is the output of CreateManagedLoginBranding.
type CreateManagedLoginBrandingResponse struct {
	ManagedLoginBranding *ManagedLoginBranding `json:"ManagedLoginBranding,omitzero"`
}

// ManagedLoginBranding is Cognito's ManagedLoginBrandingType.
type ManagedLoginBranding struct {
	ManagedLoginBrandingID   string          `json:"ManagedLoginBrandingId,omitempty" is:"ManagedLoginBrandingID"`
	UserPoolID               string          `json:"UserPoolId,omitempty" is:"UserPoolID"`
	UseCognitoProvidedValues *bool           `json:"UseCognitoProvidedValues,omitzero"`
	Settings                 json.RawMessage `json:"Settings,omitzero"`
	Assets                   []Asset         `json:"Assets,omitzero" is:"AssetList"`
	CreationDate             *Time           `json:"CreationDate,omitzero"`
	LastModifiedDate         *Time           `json:"LastModifiedDate,omitzero"`
}

// DescribeManagedLoginBrandingRequest is the input of DescribeManagedLoginBranding.
type DescribeManagedLoginBrandingRequest struct {
	UserPoolID             string `json:"UserPoolId,omitempty" is:"UserPoolID,required"`
	ManagedLoginBrandingID string `json:"ManagedLoginBrandingId,omitempty" is:"ManagedLoginBrandingID,required"`
	ReturnMergedResources  *bool  `json:"ReturnMergedResources,omitzero"`
}

// DescribeManagedLoginBrandingResponse is the output of DescribeManagedLoginBranding.
type DescribeManagedLoginBrandingResponse struct {
	ManagedLoginBranding *ManagedLoginBranding `json:"ManagedLoginBranding,omitzero"`
}

// DescribeManagedLoginBrandingByClientRequest is the input of DescribeManagedLoginBrandingByClient.
type DescribeManagedLoginBrandingByClientRequest struct {
	UserPoolID            string `json:"UserPoolId,omitempty" is:"UserPoolID,required"`
	ClientID              string `json:"ClientId,omitempty" is:"ClientID,required"`
	ReturnMergedResources *bool  `json:"ReturnMergedResources,omitzero"`
}

// DescribeManagedLoginBrandingByClientResponse is the output of DescribeManagedLoginBrandingByClient.
type DescribeManagedLoginBrandingByClientResponse struct {
	ManagedLoginBranding *ManagedLoginBranding `json:"ManagedLoginBranding,omitzero"`
}

// UpdateManagedLoginBrandingRequest is the input of UpdateManagedLoginBranding.
type UpdateManagedLoginBrandingRequest struct {
	UserPoolID               string          `json:"UserPoolId,omitempty" is:"UserPoolID"`
	ManagedLoginBrandingID   string          `json:"ManagedLoginBrandingId,omitempty" is:"ManagedLoginBrandingID"`
	UseCognitoProvidedValues *bool           `json:"UseCognitoProvidedValues,omitzero"`
	Settings                 json.RawMessage `json:"Settings,omitzero"`
	Assets                   []Asset         `json:"Assets,omitzero" is:"AssetList"`
}

// UpdateManagedLoginBrandingResponse is the output of UpdateManagedLoginBranding.
type UpdateManagedLoginBrandingResponse struct {
	ManagedLoginBranding *ManagedLoginBranding `json:"ManagedLoginBranding,omitzero"`
}

// DeleteManagedLoginBrandingRequest is the input of DeleteManagedLoginBranding.
type DeleteManagedLoginBrandingRequest struct {
	ManagedLoginBrandingID string `json:"ManagedLoginBrandingId,omitempty" is:"ManagedLoginBrandingID,required"`
	UserPoolID             string `json:"UserPoolId,omitempty" is:"UserPoolID,required"`
}

// CreateTermsRequest is the input of CreateTerms.
type CreateTermsRequest struct {
	UserPoolID  string            `json:"UserPoolId,omitempty" is:"UserPoolID,required"`
	ClientID    string            `json:"ClientId,omitempty" is:"ClientID,required"`
	TermsName   string            `json:"TermsName,omitempty" is:"TermsName,required"`
	TermsSource string            `json:"TermsSource,omitempty" is:"TermsSource,required"`
	Enforcement string            `json:"Enforcement,omitempty" is:"TermsEnforcement,required"`
	Links       map[string]string `json:"Links,omitzero" is:"Links"`
}

// CreateTermsResponse is the output of CreateTerms.
type CreateTermsResponse struct {
	Terms *Terms `json:"Terms,omitzero"`
}

// Terms is Cognito's TermsType.
type Terms struct {
	TermsID          string            `json:"TermsId,omitempty" is:"TermsID,required"`
	UserPoolID       string            `json:"UserPoolId,omitempty" is:"UserPoolID,required"`
	ClientID         string            `json:"ClientId,omitempty" is:"ClientID,required"`
	TermsName        string            `json:"TermsName,omitempty" is:"TermsName,required"`
	TermsSource      string            `json:"TermsSource,omitempty" is:"TermsSource,required"`
	Enforcement      string            `json:"Enforcement,omitempty" is:"TermsEnforcement,required"`
	Links            map[string]string `json:"Links,omitzero" is:"Links,required"`
	CreationDate     *Time             `json:"CreationDate,omitzero" is:"required"`
	LastModifiedDate *Time             `json:"LastModifiedDate,omitzero" is:"required"`
}

// DescribeTermsRequest is the input of DescribeTerms.
type DescribeTermsRequest struct {
	TermsID    string `json:"TermsId,omitempty" is:"TermsID,required"`
	UserPoolID string `json:"UserPoolId,omitempty" is:"UserPoolID,required"`
}

// DescribeTermsResponse is the output of DescribeTerms.
type DescribeTermsResponse struct {
	Terms *Terms `json:"Terms,omitzero"`
}

// UpdateTermsRequest is the input of UpdateTerms.
type UpdateTermsRequest struct {
	TermsID     string            `json:"TermsId,omitempty" is:"TermsID,required"`
	UserPoolID  string            `json:"UserPoolId,omitempty" is:"UserPoolID,required"`
	TermsName   string            `json:"TermsName,omitempty" is:"TermsName"`
	TermsSource string            `json:"TermsSource,omitempty" is:"TermsSource"`
	Enforcement string            `json:"Enforcement,omitempty" is:"TermsEnforcement"`
	Links       map[string]string `json:"Links,omitzero" is:"Links"`
}

// UpdateTermsResponse is the output of UpdateTerms.
type UpdateTermsResponse struct {
	Terms *Terms `json:"Terms,omitzero"`
}

// DeleteTermsRequest is the input of DeleteTerms.
type DeleteTermsRequest struct {
	TermsID    string `json:"TermsId,omitempty" is:"TermsID,required"`
	UserPoolID string `json:"UserPoolId,omitempty" is:"UserPoolID,required"`
}

// ListTermsRequest is the input of ListTerms.
type ListTermsRequest struct {
	UserPoolID string `json:"UserPoolId,omitempty" is:"UserPoolID,required"`
	MaxResults *int   `json:"MaxResults,omitzero" is:"ListTermsRequestMaxResultsInteger"`
	NextToken  string `json:"NextToken,omitempty"`
}

// ListTermsResponse is the output of ListTerms.
type ListTermsResponse struct {
	Terms     []TermsDescription `json:"Terms,omitzero"`
	NextToken string             `json:"NextToken,omitempty"`
}

// TermsDescription is Cognito's TermsDescriptionType.
type TermsDescription struct {
	TermsID          string `json:"TermsId,omitempty" is:"TermsID,required"`
	TermsName        string `json:"TermsName,omitempty" is:"TermsName,required"`
	Enforcement      string `json:"Enforcement,omitempty" is:"TermsEnforcement,required"`
	CreationDate     *Time  `json:"CreationDate,omitzero" is:"required"`
	LastModifiedDate *Time  `json:"LastModifiedDate,omitzero" is:"required"`
}

// DescribeTermsByClientRequest is the input of DescribeTermsByClient.
type DescribeTermsByClientRequest struct {
	ClientID   string `json:"ClientId,omitempty" is:"ClientID,required"`
	UserPoolID string `json:"UserPoolId,omitempty" is:"UserPoolID,required"`
	TermsName  string `json:"TermsName,omitempty" is:"TermsName,required"`
}

// DescribeTermsByClientResponse is the output of DescribeTermsByClient.
type DescribeTermsByClientResponse struct {
	Terms *Terms `json:"Terms,omitzero"`
}
