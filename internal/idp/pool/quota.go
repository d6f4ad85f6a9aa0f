package pool

import (
	"github.com/gibbon-gateway/gibbon/internal/idp/api"
	"github.com/gibbon-gateway/gibbon/internal/idp/wire"
)

// quotas are the calls per second that the service grants for nothing, by category.
var quotas = map[string]int{"UserAuthentication": 120, "ClientAuthentication": 150, "UserCreation": 50, "UserFederation": 25,
	"UserAccountRecovery": 30,
	"UserRead":            120, "UserUpdate": 25, "UserToken": 120, "UserResourceRead": 50, "UserResourceUpdate": 25, "UserList": 30}

// quota finds the category of a limit.
func quota(l *wire.LimitDefinition) (category string, free int, err error) {
	category = l.Attributes["Category"]
	free, ok := quotas[category]
	if !ok {
		return "", 0, api.InvalidParameter.Errorf("Unknown limit category: %s", category)
	}
	return category, free, nil
}

// getLimit and setLimit keep limits, which belong to the account and not to a pool, until the process ends.
func (s *Service) getLimit(_ *api.Call, in *wire.GetProvisionedLimitRequest) (*wire.ProvisionedLimitResponse, error) {
	category, free, err := quota(in.LimitDefinition)
	if err != nil {
		return nil, err
	}
	value, ok := s.limits.Load(category)
	if !ok {
		value = free
	}
	return &wire.ProvisionedLimitResponse{Limit: &wire.Limit{LimitDefinition: in.LimitDefinition,
		ProvisionedLimitValue: new(value.(int)), FreeLimitValue: &free}}, nil
}

func (s *Service) setLimit(_ *api.Call, in *wire.UpdateProvisionedLimitRequest) (*wire.ProvisionedLimitResponse, error) {
	category, free, err := quota(in.LimitDefinition)
	if err != nil {
		return nil, err
	}
	if *in.RequestedLimitValue < free {
		return nil, api.InvalidParameter.Errorf("The requested limit must not be lower than %d.", free)
	}
	s.limits.Store(category, *in.RequestedLimitValue)
	return &wire.ProvisionedLimitResponse{Limit: &wire.Limit{LimitDefinition: in.LimitDefinition,
		ProvisionedLimitValue: in.RequestedLimitValue, FreeLimitValue: &free}}, nil
}
