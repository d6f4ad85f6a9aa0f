package wire

// DescribeRiskConfigurationRequest is the input of DescribeRiskConfiguration.
type DescribeRiskConfigurationRequest struct {
	UserPoolID string `json:"UserPoolId,omitempty" is:"UserPoolID,required"`
	ClientID   string `json:"ClientId,omitempty" is:"ClientID"`
}

// DescribeRiskConfigurationResponse is the output of DescribeRiskConfiguration.
type DescribeRiskConfigurationResponse struct {
	RiskConfiguration *RiskConfiguration `json:"RiskConfiguration,omitzero"`
}

// RiskConfiguration is Cognito's RiskConfigurationType.
type RiskConfiguration struct {
	UserPoolID                              string                                   `json:"UserPoolId,omitempty" is:"UserPoolID"`
	ClientID                                string                                   `json:"ClientId,omitempty" is:"ClientID"`
	CompromisedCredentialsRiskConfiguration *CompromisedCredentialsRiskConfiguration `json:"CompromisedCredentialsRiskConfiguration,omitzero"`
	AccountTakeoverRiskConfiguration        *AccountTakeoverRiskConfiguration        `json:"AccountTakeoverRiskConfiguration,omitzero"`
	RiskExceptionConfiguration              *RiskExceptionConfiguration              `json:"RiskExceptionConfiguration,omitzero"`
	LastModifiedDate                        *Time                                    `json:"LastModifiedDate,omitzero"`
}

// CompromisedCredentialsRiskConfiguration is Cognito's CompromisedCredentialsRiskConfigurationType.
type CompromisedCredentialsRiskConfiguration struct {
	EventFilter []string                       `json:"EventFilter,omitzero" is:"EventFilters"`
	Actions     *CompromisedCredentialsActions `json:"Actions,omitzero" is:"required"`
}

// CompromisedCredentialsActions is Cognito's CompromisedCredentialsActionsType.
type CompromisedCredentialsActions struct {
	EventAction string `json:"EventAction,omitempty" is:"CompromisedCredentialsEventAction,required"`
}

// AccountTakeoverRiskConfiguration is Cognito's AccountTakeoverRiskConfigurationType.
type AccountTakeoverRiskConfiguration struct {
	NotifyConfiguration *NotifyConfiguration    `json:"NotifyConfiguration,omitzero"`
	Actions             *AccountTakeoverActions `json:"Actions,omitzero" is:"required"`
}

// NotifyConfiguration is Cognito's NotifyConfigurationType.
type NotifyConfiguration struct {
	From          string       `json:"From,omitempty"`
	ReplyTo       string       `json:"ReplyTo,omitempty"`
	SourceARN     string       `json:"SourceArn,omitempty" is:"ARN,required"`
	BlockEmail    *NotifyEmail `json:"BlockEmail,omitzero"`
	NoActionEmail *NotifyEmail `json:"NoActionEmail,omitzero"`
	MfaEmail      *NotifyEmail `json:"MfaEmail,omitzero"`
}

// NotifyEmail is Cognito's NotifyEmailType.
type NotifyEmail struct {
	Subject  string `json:"Subject,omitempty" is:"EmailNotificationSubject,required"`
	HtmlBody string `json:"HtmlBody,omitempty" is:"EmailNotificationBody"`
	TextBody string `json:"TextBody,omitempty" is:"EmailNotificationBody"`
}

// AccountTakeoverActions is Cognito's AccountTakeoverActionsType.
type AccountTakeoverActions struct {
	LowAction    *AccountTakeoverAction `json:"LowAction,omitzero"`
	MediumAction *AccountTakeoverAction `json:"MediumAction,omitzero"`
	HighAction   *AccountTakeoverAction `json:"HighAction,omitzero"`
}

// AccountTakeoverAction is Cognito's AccountTakeoverActionType.
type AccountTakeoverAction struct {
	Notify      *bool  `json:"Notify,omitzero" is:"required"`
	EventAction string `json:"EventAction,omitempty" is:"AccountTakeoverEventAction,required"`
}

// RiskExceptionConfiguration is Cognito's RiskExceptionConfigurationType.
type RiskExceptionConfiguration struct {
	BlockedIPRangeList []string `json:"BlockedIPRangeList,omitzero" is:"BlockedIPRangeList"`
	SkippedIPRangeList []string `json:"SkippedIPRangeList,omitzero" is:"SkippedIPRangeList"`
}

// SetRiskConfigurationRequest is the input of SetRiskConfiguration.
type SetRiskConfigurationRequest struct {
	UserPoolID                              string                                   `json:"UserPoolId,omitempty" is:"UserPoolID,required"`
	ClientID                                string                                   `json:"ClientId,omitempty" is:"ClientID"`
	CompromisedCredentialsRiskConfiguration *CompromisedCredentialsRiskConfiguration `json:"CompromisedCredentialsRiskConfiguration,omitzero"`
	AccountTakeoverRiskConfiguration        *AccountTakeoverRiskConfiguration        `json:"AccountTakeoverRiskConfiguration,omitzero"`
	RiskExceptionConfiguration              *RiskExceptionConfiguration              `json:"RiskExceptionConfiguration,omitzero"`
}

// SetRiskConfigurationResponse is the output of SetRiskConfiguration.
type SetRiskConfigurationResponse struct {
	RiskConfiguration *RiskConfiguration `json:"RiskConfiguration,omitzero"`
}

// GetLogDeliveryConfigurationRequest is the input of GetLogDeliveryConfiguration.
type GetLogDeliveryConfigurationRequest struct {
	UserPoolID string `json:"UserPoolId,omitempty" is:"UserPoolID,required"`
}

// GetLogDeliveryConfigurationResponse is the output of GetLogDeliveryConfiguration.
type GetLogDeliveryConfigurationResponse struct {
	LogDeliveryConfiguration *LogDeliveryConfiguration `json:"LogDeliveryConfiguration,omitzero"`
}

// LogDeliveryConfiguration is Cognito's LogDeliveryConfigurationType.
type LogDeliveryConfiguration struct {
	UserPoolID        string             `json:"UserPoolId,omitempty" is:"UserPoolID,required"`
	LogConfigurations []LogConfiguration `json:"LogConfigurations,omitzero" is:"LogConfigurationList,required"`
}

// LogConfiguration is Cognito's LogConfigurationType.
type LogConfiguration struct {
	LogLevel                    string                       `json:"LogLevel,omitempty" is:"LogLevel,required"`
	EventSource                 string                       `json:"EventSource,omitempty" is:"EventSourceName,required"`
	CloudWatchLogsConfiguration *CloudWatchLogsConfiguration `json:"CloudWatchLogsConfiguration,omitzero"`
	S3Configuration             *S3Configuration             `json:"S3Configuration,omitzero"`
	FirehoseConfiguration       *FirehoseConfiguration       `json:"FirehoseConfiguration,omitzero"`
}

// CloudWatchLogsConfiguration is Cognito's CloudWatchLogsConfigurationType.
type CloudWatchLogsConfiguration struct {
	LogGroupARN string `json:"LogGroupArn,omitempty" is:"ARN"`
}

// S3Configuration is Cognito's S3ConfigurationType.
type S3Configuration struct {
	BucketARN string `json:"BucketArn,omitempty" is:"S3ARN"`
}

// FirehoseConfiguration is Cognito's FirehoseConfigurationType.
type FirehoseConfiguration struct {
	StreamARN string `json:"StreamArn,omitempty" is:"ARN"`
}

// SetLogDeliveryConfigurationRequest is the input of SetLogDeliveryConfiguration.
type SetLogDeliveryConfigurationRequest struct {
	UserPoolID        string             `json:"UserPoolId,omitempty" is:"UserPoolID,required"`
	LogConfigurations []LogConfiguration `json:"LogConfigurations,omitzero" is:"LogConfigurationList,required"`
}

// SetLogDeliveryConfigurationResponse is the output of SetLogDeliveryConfiguration.
type SetLogDeliveryConfigurationResponse struct {
	LogDeliveryConfiguration *LogDeliveryConfiguration `json:"LogDeliveryConfiguration,omitzero"`
}

// AdminListUserAuthEventsRequest is the input of AdminListUserAuthEvents.
type AdminListUserAuthEventsRequest struct {
	UserPoolID string `json:"UserPoolId,omitempty" is:"UserPoolID,required"`
	Username   string `json:"Username,omitempty" is:"Username,required"`
	MaxResults *int   `json:"MaxResults,omitzero" is:"QueryLimitType"`
	NextToken  string `json:"NextToken,omitempty" is:"PaginationKey"`
}

// AdminListUserAuthEventsResponse is the output of AdminListUserAuthEvents.
type AdminListUserAuthEventsResponse struct {
	AuthEvents []AuthEvent `json:"AuthEvents,omitzero"`
	NextToken  string      `json:"NextToken,omitempty"`
}

// AuthEvent is Cognito's AuthEventType.
type AuthEvent struct {
	EventID            string                  `json:"EventId,omitempty"`
	EventType          string                  `json:"EventType,omitempty" is:"EventType"`
	CreationDate       *Time                   `json:"CreationDate,omitzero"`
	EventResponse      string                  `json:"EventResponse,omitempty" is:"EventResponse"`
	EventRisk          *EventRisk              `json:"EventRisk,omitzero"`
	ChallengeResponses []ChallengeResponseType `json:"ChallengeResponses,omitzero"`
	EventContextData   *EventContextData       `json:"EventContextData,omitzero"`
	EventFeedback      *EventFeedback          `json:"EventFeedback,omitzero"`
}

// EventRisk is Cognito's EventRiskType.
type EventRisk struct {
	RiskDecision                   string `json:"RiskDecision,omitempty" is:"RiskDecision"`
	RiskLevel                      string `json:"RiskLevel,omitempty" is:"RiskLevel"`
	CompromisedCredentialsDetected *bool  `json:"CompromisedCredentialsDetected,omitzero"`
}

// ChallengeResponseType is Cognito's ChallengeResponseType.
type ChallengeResponseType struct {
	ChallengeName     string `json:"ChallengeName,omitempty" is:"ChallengeName"`
	ChallengeResponse string `json:"ChallengeResponse,omitempty" is:"ChallengeResponse"`
}

// EventContextData is Cognito's EventContextDataType.
type EventContextData struct {
	IPAddress  string `json:"IpAddress,omitempty"`
	DeviceName string `json:"DeviceName,omitempty"`
	Timezone   string `json:"Timezone,omitempty"`
	City       string `json:"City,omitempty"`
	Country    string `json:"Country,omitempty"`
}

// EventFeedback is Cognito's EventFeedbackType.
type EventFeedback struct {
	FeedbackValue string `json:"FeedbackValue,omitempty" is:"FeedbackValue,required"`
	Provider      string `json:"Provider,omitempty" is:"required"`
	FeedbackDate  *Time  `json:"FeedbackDate,omitzero"`
}

// AdminUpdateAuthEventFeedbackRequest is the input of AdminUpdateAuthEventFeedback.
type AdminUpdateAuthEventFeedbackRequest struct {
	UserPoolID    string `json:"UserPoolId,omitempty" is:"UserPoolID,required"`
	Username      string `json:"Username,omitempty" is:"Username,required"`
	EventID       string `json:"EventId,omitempty" is:"EventID,required"`
	FeedbackValue string `json:"FeedbackValue,omitempty" is:"FeedbackValue,required"`
}

// UpdateAuthEventFeedbackRequest is the input of UpdateAuthEventFeedback.
type UpdateAuthEventFeedbackRequest struct {
	UserPoolID    string `json:"UserPoolId,omitempty" is:"UserPoolID,required"`
	Username      string `json:"Username,omitempty" is:"Username,required"`
	EventID       string `json:"EventId,omitempty" is:"EventID,required"`
	FeedbackToken string `json:"FeedbackToken,omitempty" is:"TokenModel,required"`
	FeedbackValue string `json:"FeedbackValue,omitempty" is:"FeedbackValue,required"`
}
