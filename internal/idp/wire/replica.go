package wire

// UserPoolReplica is Cognito's UserPoolReplicaType.
type UserPoolReplica struct {
	RegionName  string `json:"RegionName,omitempty"`
	Status      string `json:"Status,omitempty"`
	Role        string `json:"Role,omitempty"`
	UserPoolARN string `json:"UserPoolArn,omitempty"`
}

// CreateUserPoolReplicaRequest is the input of CreateUserPoolReplica.
type CreateUserPoolReplicaRequest struct {
	UserPoolID   string            `json:"UserPoolId,omitempty" is:"UserPoolID,required"`
	RegionName   string            `json:"RegionName,omitempty" is:"RegionCode,required"`
	UserPoolTags map[string]string `json:"UserPoolTags,omitzero" is:"UserPoolTags"`
}

// UpdateUserPoolReplicaRequest is the input of UpdateUserPoolReplica.
type UpdateUserPoolReplicaRequest struct {
	UserPoolID string `json:"UserPoolId,omitempty" is:"UserPoolID,required"`
	RegionName string `json:"RegionName,omitempty" is:"RegionCode,required"`
	Status     string `json:"Status,omitempty" is:"ReplicaStatus,required"`
}

// DeleteUserPoolReplicaRequest is the input of DeleteUserPoolReplica.
type DeleteUserPoolReplicaRequest struct {
	UserPoolID string `json:"UserPoolId,omitempty" is:"UserPoolID,required"`
	RegionName string `json:"RegionName,omitempty" is:"RegionCode,required"`
}

// UserPoolReplicaResponse is the output of CreateUserPoolReplica, UpdateUserPoolReplica and DeleteUserPoolReplica.
type UserPoolReplicaResponse struct {
	UserPoolReplica *UserPoolReplica `json:"UserPoolReplica,omitzero"`
}

// ListUserPoolReplicasRequest is the input of ListUserPoolReplicas.
type ListUserPoolReplicasRequest struct {
	UserPoolID string `json:"UserPoolId,omitempty" is:"UserPoolID,required"`
	NextToken  string `json:"NextToken,omitempty" is:"PaginationKey"`
}

// ListUserPoolReplicasResponse is the output of ListUserPoolReplicas.
type ListUserPoolReplicasResponse struct {
	UserPoolReplicas []UserPoolReplica `json:"UserPoolReplicas,omitzero"`
	NextToken        string            `json:"NextToken,omitempty"`
}
