package wire

// CreateUserImportJobRequest is the input of CreateUserImportJob.
type CreateUserImportJobRequest struct {
	JobName               string `json:"JobName,omitempty" is:"UserImportJobName,required"`
	UserPoolID            string `json:"UserPoolId,omitempty" is:"UserPoolID,required"`
	CloudWatchLogsRoleARN string `json:"CloudWatchLogsRoleArn,omitempty" is:"ARN,required"`
}

// CreateUserImportJobResponse is the output of CreateUserImportJob.
type CreateUserImportJobResponse struct {
	UserImportJob *UserImportJob `json:"UserImportJob,omitzero"`
}

// UserImportJob is Cognito's UserImportJobType.
type UserImportJob struct {
	JobName               string `json:"JobName,omitempty" is:"UserImportJobName"`
	JobID                 string `json:"JobId,omitempty" is:"UserImportJobID"`
	UserPoolID            string `json:"UserPoolId,omitempty" is:"UserPoolID"`
	PreSignedURL          string `json:"PreSignedUrl,omitempty" is:"PreSignedURL"`
	CreationDate          *Time  `json:"CreationDate,omitzero"`
	StartDate             *Time  `json:"StartDate,omitzero"`
	CompletionDate        *Time  `json:"CompletionDate,omitzero"`
	Status                string `json:"Status,omitempty" is:"UserImportJobStatus"`
	CloudWatchLogsRoleARN string `json:"CloudWatchLogsRoleArn,omitempty" is:"ARN"`
	ImportedUsers         *int64 `json:"ImportedUsers,omitzero"`
	SkippedUsers          *int64 `json:"SkippedUsers,omitzero"`
	FailedUsers           *int64 `json:"FailedUsers,omitzero"`
	CompletionMessage     string `json:"CompletionMessage,omitempty" is:"CompletionMessage"`
}

// DescribeUserImportJobRequest is the input of DescribeUserImportJob.
type DescribeUserImportJobRequest struct {
	UserPoolID string `json:"UserPoolId,omitempty" is:"UserPoolID,required"`
	JobID      string `json:"JobId,omitempty" is:"UserImportJobID,required"`
}

// DescribeUserImportJobResponse is the output of DescribeUserImportJob.
type DescribeUserImportJobResponse struct {
	UserImportJob *UserImportJob `json:"UserImportJob,omitzero"`
}

// ListUserImportJobsRequest is the input of ListUserImportJobs.
type ListUserImportJobsRequest struct {
	UserPoolID      string `json:"UserPoolId,omitempty" is:"UserPoolID,required"`
	MaxResults      *int   `json:"MaxResults,omitzero" is:"PoolQueryLimit,required"`
	PaginationToken string `json:"PaginationToken,omitempty" is:"PaginationKeyType"`
}

// ListUserImportJobsResponse is the output of ListUserImportJobs.
type ListUserImportJobsResponse struct {
	UserImportJobs  []UserImportJob `json:"UserImportJobs,omitzero"`
	PaginationToken string          `json:"PaginationToken,omitempty"`
}

// StartUserImportJobRequest is the input of StartUserImportJob.
type StartUserImportJobRequest struct {
	UserPoolID string `json:"UserPoolId,omitempty" is:"UserPoolID,required"`
	JobID      string `json:"JobId,omitempty" is:"UserImportJobID,required"`
}

// StartUserImportJobResponse is the output of StartUserImportJob.
type StartUserImportJobResponse struct {
	UserImportJob *UserImportJob `json:"UserImportJob,omitzero"`
}

// StopUserImportJobRequest is the input of StopUserImportJob.
type StopUserImportJobRequest struct {
	UserPoolID string `json:"UserPoolId,omitempty" is:"UserPoolID,required"`
	JobID      string `json:"JobId,omitempty" is:"UserImportJobID,required"`
}

// StopUserImportJobResponse is the output of StopUserImportJob.
type StopUserImportJobResponse struct {
	UserImportJob *UserImportJob `json:"UserImportJob,omitzero"`
}

// GetCSVHeaderRequest is the input of GetCSVHeader.
type GetCSVHeaderRequest struct {
	UserPoolID string `json:"UserPoolId,omitempty" is:"UserPoolID,required"`
}

// GetCSVHeaderResponse is the output of GetCSVHeader.
type GetCSVHeaderResponse struct {
	UserPoolID string   `json:"UserPoolId,omitempty"`
	CSVHeader  []string `json:"CSVHeader,omitzero"`
}
