package wire

// CreateUserPoolDomainRequest is the input of CreateUserPoolDomain.
type CreateUserPoolDomainRequest struct {
	Domain              string              `json:"Domain,omitempty" is:"Domain,required"`
	UserPoolID          string              `json:"UserPoolId,omitempty" is:"UserPoolID,required"`
	ManagedLoginVersion *int                `json:"ManagedLoginVersion,omitzero"`
	CustomDomainConfig  *CustomDomainConfig `json:"CustomDomainConfig,omitzero"`
}

// CustomDomainConfig is Cognito's CustomDomainConfigType.
type CustomDomainConfig struct {
	CertificateARN string `json:"CertificateArn,omitempty" is:"ARN,required"`
}

// CreateUserPoolDomainResponse is the output of CreateUserPoolDomain.
type CreateUserPoolDomainResponse struct {
	ManagedLoginVersion *int   `json:"ManagedLoginVersion,omitzero"`
	CloudFrontDomain    string `json:"CloudFrontDomain,omitempty"`
}

// DescribeUserPoolDomainRequest is the input of DescribeUserPoolDomain.
type DescribeUserPoolDomainRequest struct {
	Domain string `json:"Domain,omitempty" is:"Domain,required"`
}

// DescribeUserPoolDomainResponse is the output of DescribeUserPoolDomain.
type DescribeUserPoolDomainResponse struct {
	DomainDescription *DomainDescription `json:"DomainDescription,omitzero"`
}

// DomainDescription is Cognito's DomainDescriptionType.
type DomainDescription struct {
	UserPoolID             string              `json:"UserPoolId,omitempty" is:"UserPoolID"`
	AWSAccountID           string              `json:"AWSAccountId,omitempty" is:"AWSAccountID"`
	Domain                 string              `json:"Domain,omitempty" is:"Domain"`
	S3Bucket               string              `json:"S3Bucket,omitempty" is:"S3Bucket"`
	CloudFrontDistribution string              `json:"CloudFrontDistribution,omitempty"`
	Version                string              `json:"Version,omitempty" is:"DomainVersion"`
	Status                 string              `json:"Status,omitempty" is:"DomainStatus"`
	CustomDomainConfig     *CustomDomainConfig `json:"CustomDomainConfig,omitzero"`
	ManagedLoginVersion    *int                `json:"ManagedLoginVersion,omitzero"`
}

// UpdateUserPoolDomainRequest is the input of UpdateUserPoolDomain.
type UpdateUserPoolDomainRequest struct {
	Domain              string              `json:"Domain,omitempty" is:"Domain,required"`
	UserPoolID          string              `json:"UserPoolId,omitempty" is:"UserPoolID,required"`
	ManagedLoginVersion *int                `json:"ManagedLoginVersion,omitzero"`
	CustomDomainConfig  *CustomDomainConfig `json:"CustomDomainConfig,omitzero"`
}

// UpdateUserPoolDomainResponse is the output of UpdateUserPoolDomain.
type UpdateUserPoolDomainResponse struct {
	ManagedLoginVersion *int   `json:"ManagedLoginVersion,omitzero"`
	CloudFrontDomain    string `json:"CloudFrontDomain,omitempty"`
}

// DeleteUserPoolDomainRequest is the input of DeleteUserPoolDomain.
type DeleteUserPoolDomainRequest struct {
	Domain     string `json:"Domain,omitempty" is:"Domain,required"`
	UserPoolID string `json:"UserPoolId,omitempty" is:"UserPoolID,required"`
}

// CreateResourceServerRequest is the input of CreateResourceServer.
type CreateResourceServerRequest struct {
	UserPoolID string                `json:"UserPoolId,omitempty" is:"UserPoolID,required"`
	Identifier string                `json:"Identifier,omitempty" is:"ResourceServerIdentifier,required"`
	Name       string                `json:"Name,omitempty" is:"ResourceServerName,required"`
	Scopes     []ResourceServerScope `json:"Scopes,omitzero" is:"ResourceServerScopeList"`
}

// ResourceServerScope is Cognito's ResourceServerScopeType.
type ResourceServerScope struct {
	ScopeName        string `json:"ScopeName,omitempty" is:"ResourceServerScopeName,required"`
	ScopeDescription string `json:"ScopeDescription,omitempty" is:"ResourceServerScopeDescription,required"`
}

// CreateResourceServerResponse is the output of CreateResourceServer.
type CreateResourceServerResponse struct {
	ResourceServer *ResourceServer `json:"ResourceServer,omitzero"`
}

// ResourceServer is Cognito's ResourceServerType.
type ResourceServer struct {
	UserPoolID string                `json:"UserPoolId,omitempty" is:"UserPoolID"`
	Identifier string                `json:"Identifier,omitempty" is:"ResourceServerIdentifier"`
	Name       string                `json:"Name,omitempty" is:"ResourceServerName"`
	Scopes     []ResourceServerScope `json:"Scopes,omitzero" is:"ResourceServerScopeList"`
}

// DescribeResourceServerRequest is the input of DescribeResourceServer.
type DescribeResourceServerRequest struct {
	UserPoolID string `json:"UserPoolId,omitempty" is:"UserPoolID,required"`
	Identifier string `json:"Identifier,omitempty" is:"ResourceServerIdentifier,required"`
}

// DescribeResourceServerResponse is the output of DescribeResourceServer.
type DescribeResourceServerResponse struct {
	ResourceServer *ResourceServer `json:"ResourceServer,omitzero"`
}

// UpdateResourceServerRequest is the input of UpdateResourceServer.
type UpdateResourceServerRequest struct {
	UserPoolID string                `json:"UserPoolId,omitempty" is:"UserPoolID,required"`
	Identifier string                `json:"Identifier,omitempty" is:"ResourceServerIdentifier,required"`
	Name       string                `json:"Name,omitempty" is:"ResourceServerName,required"`
	Scopes     []ResourceServerScope `json:"Scopes,omitzero" is:"ResourceServerScopeList"`
}

// UpdateResourceServerResponse is the output of UpdateResourceServer.
type UpdateResourceServerResponse struct {
	ResourceServer *ResourceServer `json:"ResourceServer,omitzero"`
}

// DeleteResourceServerRequest is the input of DeleteResourceServer.
type DeleteResourceServerRequest struct {
	UserPoolID string `json:"UserPoolId,omitempty" is:"UserPoolID,required"`
	Identifier string `json:"Identifier,omitempty" is:"ResourceServerIdentifier,required"`
}

// ListResourceServersRequest is the input of ListResourceServers.
type ListResourceServersRequest struct {
	UserPoolID string `json:"UserPoolId,omitempty" is:"UserPoolID,required"`
	MaxResults *int   `json:"MaxResults,omitzero" is:"ListResourceServersLimit"`
	NextToken  string `json:"NextToken,omitempty" is:"PaginationKeyType"`
}

// ListResourceServersResponse is the output of ListResourceServers.
type ListResourceServersResponse struct {
	ResourceServers []ResourceServer `json:"ResourceServers,omitzero"`
	NextToken       string           `json:"NextToken,omitempty"`
}
