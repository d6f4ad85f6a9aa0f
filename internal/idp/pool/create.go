package pool

import (
	"encoding/json"
	"regexp"
	"slices"

	"github.com/gibbon-gateway/gibbon/internal/idp/api"
	"github.com/gibbon-gateway/gibbon/internal/idp/store"
	"github.com/gibbon-gateway/gibbon/internal/idp/wire"
)

// regionForm is that of regions: they become part of ids and addresses.
var regionForm = regexp.MustCompile(`^[a-z][a-z0-9-]{1,30}$`)

func (s *Service) create(c *api.Call, in *wire.CreateUserPoolRequest) (*wire.CreateUserPoolResponse, error) {
	return s.Create(c, "", in)
}

// Create makes a pool in the call's region; with a fixed id for seeds and imports, else with a fresh one.
func (s *Service) Create(c *api.Call, id string, in *wire.CreateUserPoolRequest) (*wire.CreateUserPoolResponse, error) {
	if !regionForm.MatchString(c.Region) {
		return nil, api.InvalidParameter.Errorf("Invalid region: %.50s", c.Region)
	}
	if len(in.AliasAttributes) > 0 && len(in.UsernameAttributes) > 0 {
		return nil, api.InvalidParameter.Errorf("Only one of the aliasAttributes or usernameAttributes can be set in a user pool.")
	}
	attributes, err := schema(in.Schema)
	if err != nil {
		return nil, err
	}
	p := wire.UserPool{
		AliasAttributes: in.AliasAttributes, UsernameAttributes: in.UsernameAttributes, UsernameConfiguration: in.UsernameConfiguration,
		SchemaAttributes: attributes,
	}
	// A new pool is an update of an empty one, so that both fill in the same defaults.
	d := doc{Pool: p}
	if err := apply(&d, update(in)); err != nil {
		return nil, err
	}
	if d.Pool.MfaConfiguration != "OFF" && d.Pool.SmsConfiguration == nil {
		return nil, api.InvalidParameter.Errorf("SMS configuration and Auto verification for phone_number are required when MFA is required/optional")
	}
	d.MFA.SMS = d.Pool.MfaConfiguration != "OFF"
	if id == "" {
		id = newPoolID(c.Region)
	}
	d.Pool.ID, d.Pool.ARN = id, ARN(c.Region, id)
	keys, err := s.Ring.Prepare(c)
	if err != nil {
		return nil, err
	}
	now := s.Now()
	body, err := json.Marshal(d)
	if err != nil {
		return nil, err
	}
	err = s.Store.Update(c, func(tx *store.Tx) error {
		row := store.Pool{ID: id, Region: c.Region, Name: d.Pool.Name, Doc: body, Created: now, Modified: now}
		if err := tx.InsertPool(row); err != nil {
			return err
		}
		return s.Ring.Assign(tx, id, keys)
	})
	if err != nil {
		return nil, err
	}
	d.Pool.CreationDate, d.Pool.LastModifiedDate, d.Pool.EstimatedNumberOfUsers = wire.At(now), wire.At(now), new(0)
	return &wire.CreateUserPoolResponse{UserPool: &d.Pool}, nil
}

// update is the part of a creation that can be changed later.
func update(in *wire.CreateUserPoolRequest) *wire.UpdateUserPoolRequest {
	return &wire.UpdateUserPoolRequest{
		Policies: in.Policies, DeletionProtection: in.DeletionProtection, LambdaConfig: in.LambdaConfig,
		AutoVerifiedAttributes: in.AutoVerifiedAttributes, SmsVerificationMessage: in.SmsVerificationMessage,
		EmailVerificationMessage: in.EmailVerificationMessage, EmailVerificationSubject: in.EmailVerificationSubject,
		VerificationMessageTemplate: in.VerificationMessageTemplate, SmsAuthenticationMessage: in.SmsAuthenticationMessage,
		UserAttributeUpdateSettings: in.UserAttributeUpdateSettings, MfaConfiguration: in.MfaConfiguration,
		DeviceConfiguration: in.DeviceConfiguration, EmailConfiguration: in.EmailConfiguration, SmsConfiguration: in.SmsConfiguration,
		UserPoolTags: in.UserPoolTags, AdminCreateUserConfig: in.AdminCreateUserConfig, UserPoolAddOns: in.UserPoolAddOns,
		AccountRecoverySetting: in.AccountRecoverySetting, PoolName: in.PoolName, UserPoolTier: in.UserPoolTier,
	}
}

func (s *Service) update(c *api.Call, in *wire.UpdateUserPoolRequest) (*wire.Empty, error) {
	old := in.AdminCreateUserConfig != nil && in.AdminCreateUserConfig.UnusedAccountValidityDays != nil
	if old && in.Policies != nil && in.Policies.PasswordPolicy != nil && in.Policies.PasswordPolicy.TemporaryPasswordValidityDays != nil {
		return nil, api.InvalidParameter.Errorf("Please use TemporaryPasswordValidityDays in PasswordPolicy instead of UnusedAccountValidityDays")
	}
	return &wire.Empty{}, s.edit(c, in.UserPoolID, func(_ *store.Tx, d *doc) error { return apply(d, in) })
}

// apply replaces what an update can change: a setting that it leaves out falls back to its default.
func apply(d *doc, in *wire.UpdateUserPoolRequest) error {
	p := &d.Pool
	if in.PoolName != "" {
		p.Name = in.PoolName
	}
	p.UserPoolTier = or(in.UserPoolTier, "ESSENTIALS")
	p.DeletionProtection = or(in.DeletionProtection, "INACTIVE")
	p.MfaConfiguration = or(in.MfaConfiguration, "OFF")
	p.LambdaConfig = in.LambdaConfig
	if p.LambdaConfig == nil {
		p.LambdaConfig = &wire.LambdaConfig{}
	}
	p.AutoVerifiedAttributes = in.AutoVerifiedAttributes
	p.SmsAuthenticationMessage = in.SmsAuthenticationMessage
	p.DeviceConfiguration, p.SmsConfiguration = in.DeviceConfiguration, in.SmsConfiguration
	p.UserPoolTags, p.UserPoolAddOns = in.UserPoolTags, in.UserPoolAddOns
	p.UserAttributeUpdateSettings = in.UserAttributeUpdateSettings
	if p.UserAttributeUpdateSettings == nil {
		p.UserAttributeUpdateSettings = &wire.UserAttributeUpdateSettings{AttributesRequireVerificationBeforeUpdate: []string{}}
	}
	p.EmailConfiguration = in.EmailConfiguration
	if p.EmailConfiguration == nil {
		p.EmailConfiguration = &wire.EmailConfiguration{}
	}
	p.EmailConfiguration.EmailSendingAccount = or(p.EmailConfiguration.EmailSendingAccount, "COGNITO_DEFAULT")
	p.AccountRecoverySetting = in.AccountRecoverySetting
	if p.AccountRecoverySetting == nil {
		p.AccountRecoverySetting = &wire.AccountRecoverySetting{RecoveryMechanisms: []wire.RecoveryOption{
			{Priority: new(1), Name: "verified_email"}, {Priority: new(2), Name: "verified_phone_number"}}}
	}
	messages(p, in)
	policies(p, in)
	invitations(p, in)
	return check(p)
}

// messages keeps the template and the older single fields alike; the template wins.
func messages(p *wire.UserPool, in *wire.UpdateUserPoolRequest) {
	t := wire.VerificationMessageTemplate{}
	if in.VerificationMessageTemplate != nil {
		t = *in.VerificationMessageTemplate
	}
	t.DefaultEmailOption = or(t.DefaultEmailOption, "CONFIRM_WITH_CODE")
	t.SmsMessage = or(t.SmsMessage, in.SmsVerificationMessage)
	t.EmailMessage = or(t.EmailMessage, in.EmailVerificationMessage)
	t.EmailSubject = or(t.EmailSubject, in.EmailVerificationSubject)
	p.VerificationMessageTemplate = &t
	p.SmsVerificationMessage, p.EmailVerificationMessage, p.EmailVerificationSubject = t.SmsMessage, t.EmailMessage, t.EmailSubject
}

func policies(p *wire.UserPool, in *wire.UpdateUserPoolRequest) {
	var password wire.PasswordPolicy
	var signIn wire.SignInPolicy
	if in.Policies != nil && in.Policies.PasswordPolicy != nil {
		password = *in.Policies.PasswordPolicy
		fill(&password.RequireUppercase, false)
		fill(&password.RequireLowercase, false)
		fill(&password.RequireNumbers, false)
		fill(&password.RequireSymbols, false)
	} else {
		fill(&password.RequireUppercase, true)
		fill(&password.RequireLowercase, true)
		fill(&password.RequireNumbers, true)
		fill(&password.RequireSymbols, true)
	}
	fill(&password.MinimumLength, 8)
	fill(&password.TemporaryPasswordValidityDays, 7)
	if in.Policies != nil && in.Policies.SignInPolicy != nil {
		signIn = *in.Policies.SignInPolicy
	}
	if signIn.AllowedFirstAuthFactors == nil {
		signIn.AllowedFirstAuthFactors = []string{"PASSWORD"}
	}
	p.Policies = &wire.UserPoolPolicy{PasswordPolicy: &password, SignInPolicy: &signIn}
}

func invitations(p *wire.UserPool, in *wire.UpdateUserPoolRequest) {
	var a wire.AdminCreateUserConfig
	if in.AdminCreateUserConfig != nil {
		a = *in.AdminCreateUserConfig
	}
	fill(&a.AllowAdminCreateUserOnly, false)
	if a.UnusedAccountValidityDays == nil {
		a.UnusedAccountValidityDays = new(*p.Policies.PasswordPolicy.TemporaryPasswordValidityDays)
	} else if in.Policies == nil || in.Policies.PasswordPolicy == nil || in.Policies.PasswordPolicy.TemporaryPasswordValidityDays == nil {
		// The older of the two names of one setting.
		p.Policies.PasswordPolicy.TemporaryPasswordValidityDays = new(*a.UnusedAccountValidityDays)
	}
	p.AdminCreateUserConfig = &a
}

// check refuses settings that do not go together.
func check(p *wire.UserPool) error {
	factors := p.Policies.SignInPolicy.AllowedFirstAuthFactors
	if !slices.Contains(factors, "PASSWORD") {
		return api.InvalidParameter.Errorf("PASSWORD must be one of the AllowedFirstAuthFactors.")
	}
	if t := p.Policies.PasswordPolicy; t.MinimumLength == nil {
		return api.InvalidParameter.Errorf("MinimumLength is required in a PasswordPolicy.")
	}
	for _, option := range p.AccountRecoverySetting.RecoveryMechanisms {
		if option.Name == "admin_only" && len(p.AccountRecoverySetting.RecoveryMechanisms) > 1 {
			return api.InvalidParameter.Errorf("Invalid account recovery setting: admin_only can not be combined with other mechanisms.")
		}
	}
	for _, name := range p.UserAttributeUpdateSettings.AttributesRequireVerificationBeforeUpdate {
		if !slices.Contains(p.AutoVerifiedAttributes, name) {
			return api.InvalidParameter.Errorf("Invalid AttributesRequireVerificationBeforeUpdate: %s must be in AutoVerifiedAttributes.", name)
		}
	}
	return tier(p)
}

// tier refuses what the pool's plan does not have.
func tier(p *wire.UserPool) error {
	generation := p.LambdaConfig.PreTokenGenerationConfig
	paid := len(p.Policies.SignInPolicy.AllowedFirstAuthFactors) > 1 ||
		p.Policies.PasswordPolicy.PasswordHistorySize != nil && *p.Policies.PasswordPolicy.PasswordHistorySize > 0 ||
		generation != nil && generation.LambdaVersion != "V1_0"
	if p.UserPoolTier == "LITE" && paid {
		return api.FeatureUnavailableInTier.Errorf("This feature is not available in the LITE tier.")
	}
	if p.UserPoolTier != "PLUS" && p.UserPoolAddOns != nil && p.UserPoolAddOns.AdvancedSecurityMode != "OFF" && p.UserPoolTier == "LITE" {
		return api.FeatureUnavailableInTier.Errorf("Threat protection is not available in the LITE tier.")
	}
	return nil
}

func (s *Service) describe(c *api.Call, in *wire.DescribeUserPoolRequest) (*wire.DescribeUserPoolResponse, error) {
	p, err := s.Pool(c, in.UserPoolID)
	if err != nil {
		return nil, err
	}
	shown := p.UserPool
	err = s.Store.View(c, func(tx *store.Tx) error {
		n, err := tx.CountUsers(p.ID)
		shown.EstimatedNumberOfUsers = &n
		return err
	})
	return &wire.DescribeUserPoolResponse{UserPool: &shown}, err
}

func (s *Service) remove(c *api.Call, in *wire.DeleteUserPoolRequest) (*wire.Empty, error) {
	return &wire.Empty{}, s.in(c, in.UserPoolID, func(tx *store.Tx) error {
		row, err := tx.Pool(in.UserPoolID)
		if err != nil {
			return err
		}
		d, err := decodeDoc(row)
		if err != nil {
			return err
		}
		if d.Pool.DeletionProtection == "ACTIVE" {
			return api.InvalidParameter.Errorf(
				"The user pool cannot be deleted because deletion protection is activated. Deletion protection must be inactivated first.")
		}
		domains, err := tx.Domains(in.UserPoolID)
		if err != nil {
			return err
		}
		if len(domains) > 0 {
			return api.InvalidParameter.Errorf("User pool cannot be deleted. It has a domain configured that should be deleted first.")
		}
		return tx.DeletePool(in.UserPoolID)
	})
}

func (s *Service) list(c *api.Call, in *wire.ListUserPoolsRequest) (*wire.ListUserPoolsResponse, error) {
	list, limit := api.List("pools", c.Region), *in.MaxResults
	after, err := api.After(list, in.NextToken)
	if err != nil {
		return nil, err
	}
	var rows []store.Pool
	err = s.Store.View(c, func(tx *store.Tx) (err error) {
		rows, err = tx.Pools(c.Region, after, limit+1)
		return err
	})
	if err != nil {
		return nil, err
	}
	out := &wire.ListUserPoolsResponse{UserPools: []wire.UserPoolDescription{}}
	rows, out.NextToken = api.Cut(rows, limit, list, func(p store.Pool) string { return p.ID })
	for _, row := range rows {
		d, err := decodeDoc(row)
		if err != nil {
			return nil, err
		}
		out.UserPools = append(out.UserPools, wire.UserPoolDescription{ID: row.ID, Name: row.Name, LambdaConfig: d.Pool.LambdaConfig,
			CreationDate: wire.At(row.Created), LastModifiedDate: wire.At(row.Modified)})
	}
	return out, nil
}

func or(s, otherwise string) string {
	if s != "" {
		return s
	}
	return otherwise
}

// fill sets what is absent.
func fill[T any](p **T, v T) {
	if *p == nil {
		*p = &v
	}
}
