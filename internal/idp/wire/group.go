package wire

// CreateGroupRequest is the input of CreateGroup.
type CreateGroupRequest struct {
	GroupName   string `json:"GroupName,omitempty" is:"GroupName,required"`
	UserPoolID  string `json:"UserPoolId,omitempty" is:"UserPoolID,required"`
	Description string `json:"Description,omitempty" is:"Description"`
	RoleARN     string `json:"RoleArn,omitempty" is:"ARN"`
	Precedence  *int   `json:"Precedence,omitzero" is:"Precedence"`
}

// CreateGroupResponse is the output of CreateGroup.
type CreateGroupResponse struct {
	Group *Group `json:"Group,omitzero"`
}

// Group is Cognito's GroupType.
type Group struct {
	GroupName        string `json:"GroupName,omitempty" is:"GroupName"`
	UserPoolID       string `json:"UserPoolId,omitempty" is:"UserPoolID"`
	Description      string `json:"Description,omitempty" is:"Description"`
	RoleARN          string `json:"RoleArn,omitempty" is:"ARN"`
	Precedence       *int   `json:"Precedence,omitzero" is:"Precedence"`
	LastModifiedDate *Time  `json:"LastModifiedDate,omitzero"`
	CreationDate     *Time  `json:"CreationDate,omitzero"`
}

// GetGroupRequest is the input of GetGroup.
type GetGroupRequest struct {
	GroupName  string `json:"GroupName,omitempty" is:"GroupName,required"`
	UserPoolID string `json:"UserPoolId,omitempty" is:"UserPoolID,required"`
}

// GetGroupResponse is the output of GetGroup.
type GetGroupResponse struct {
	Group *Group `json:"Group,omitzero"`
}

// UpdateGroupRequest is the input of UpdateGroup.
type UpdateGroupRequest struct {
	GroupName   string `json:"GroupName,omitempty" is:"GroupName,required"`
	UserPoolID  string `json:"UserPoolId,omitempty" is:"UserPoolID,required"`
	Description string `json:"Description,omitempty" is:"Description"`
	RoleARN     string `json:"RoleArn,omitempty" is:"ARN"`
	Precedence  *int   `json:"Precedence,omitzero" is:"Precedence"`
}

// UpdateGroupResponse is the output of UpdateGroup.
type UpdateGroupResponse struct {
	Group *Group `json:"Group,omitzero"`
}

// DeleteGroupRequest is the input of DeleteGroup.
type DeleteGroupRequest struct {
	GroupName  string `json:"GroupName,omitempty" is:"GroupName,required"`
	UserPoolID string `json:"UserPoolId,omitempty" is:"UserPoolID,required"`
}

// ListGroupsRequest is the input of ListGroups.
type ListGroupsRequest struct {
	UserPoolID string `json:"UserPoolId,omitempty" is:"UserPoolID,required"`
	Limit      *int   `json:"Limit,omitzero" is:"QueryLimitType"`
	NextToken  string `json:"NextToken,omitempty" is:"PaginationKey"`
}

// ListGroupsResponse is the output of ListGroups.
type ListGroupsResponse struct {
	Groups    []Group `json:"Groups,omitzero"`
	NextToken string  `json:"NextToken,omitempty"`
}

// ListUsersInGroupRequest is the input of ListUsersInGroup.
type ListUsersInGroupRequest struct {
	UserPoolID string `json:"UserPoolId,omitempty" is:"UserPoolID,required"`
	GroupName  string `json:"GroupName,omitempty" is:"GroupName,required"`
	Limit      *int   `json:"Limit,omitzero" is:"QueryLimitType"`
	NextToken  string `json:"NextToken,omitempty" is:"PaginationKey"`
}

// ListUsersInGroupResponse is the output of ListUsersInGroup.
type ListUsersInGroupResponse struct {
	Users     []User `json:"Users,omitzero"`
	NextToken string `json:"NextToken,omitempty"`
}

// AdminAddUserToGroupRequest is the input of AdminAddUserToGroup.
type AdminAddUserToGroupRequest struct {
	UserPoolID string `json:"UserPoolId,omitempty" is:"UserPoolID,required"`
	Username   string `json:"Username,omitempty" is:"Username,required"`
	GroupName  string `json:"GroupName,omitempty" is:"GroupName,required"`
}

// AdminRemoveUserFromGroupRequest is the input of AdminRemoveUserFromGroup.
type AdminRemoveUserFromGroupRequest struct {
	UserPoolID string `json:"UserPoolId,omitempty" is:"UserPoolID,required"`
	Username   string `json:"Username,omitempty" is:"Username,required"`
	GroupName  string `json:"GroupName,omitempty" is:"GroupName,required"`
}

// AdminListGroupsForUserRequest is the input of AdminListGroupsForUser.
type AdminListGroupsForUserRequest struct {
	Username   string `json:"Username,omitempty" is:"Username,required"`
	UserPoolID string `json:"UserPoolId,omitempty" is:"UserPoolID,required"`
	Limit      *int   `json:"Limit,omitzero" is:"QueryLimitType"`
	NextToken  string `json:"NextToken,omitempty" is:"PaginationKey"`
}

// AdminListGroupsForUserResponse is the output of AdminListGroupsForUser.
type AdminListGroupsForUserResponse struct {
	Groups    []Group `json:"Groups,omitzero"`
	NextToken string  `json:"NextToken,omitempty"`
}
