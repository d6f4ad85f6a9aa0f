package wire

// LimitDefinition is Cognito's LimitDefinitionType.
type LimitDefinition struct {
	LimitClass string            `json:"LimitClass,omitempty" is:"LimitClass,required"`
	Attributes map[string]string `json:"Attributes,omitzero" is:"required"`
}

// Limit is Cognito's LimitType.
type Limit struct {
	LimitDefinition       *LimitDefinition `json:"LimitDefinition,omitzero"`
	ProvisionedLimitValue *int             `json:"ProvisionedLimitValue,omitzero"`
	FreeLimitValue        *int             `json:"FreeLimitValue,omitzero"`
}

// GetProvisionedLimitRequest is the input of GetProvisionedLimit.
type GetProvisionedLimitRequest struct {
	LimitDefinition *LimitDefinition `json:"LimitDefinition,omitzero" is:"required"`
}

// UpdateProvisionedLimitRequest is the input of UpdateProvisionedLimit.
type UpdateProvisionedLimitRequest struct {
	LimitDefinition     *LimitDefinition `json:"LimitDefinition,omitzero" is:"required"`
	RequestedLimitValue *int             `json:"RequestedLimitValue,omitzero" is:"RequestedLimit,required"`
}

// ProvisionedLimitResponse is the output of GetProvisionedLimit and UpdateProvisionedLimit.
type ProvisionedLimitResponse struct {
	Limit *Limit `json:"Limit,omitzero"`
}
