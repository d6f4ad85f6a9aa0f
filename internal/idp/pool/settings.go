package pool

import (
	"errors"
	"net/netip"
	"slices"
	"strings"

	"github.com/gibbon-gateway/gibbon/internal/idp/api"
	"github.com/gibbon-gateway/gibbon/internal/idp/store"
	"github.com/gibbon-gateway/gibbon/internal/idp/wire"
)

func (s *Service) getMFA(c *api.Call, in *wire.GetUserPoolMfaConfigRequest) (*wire.GetUserPoolMfaConfigResponse, error) {
	p, err := s.Pool(c, in.UserPoolID)
	if err != nil {
		return nil, err
	}
	shown := mfaOf(doc{Pool: p.UserPool, MFA: p.MFA})
	return (*wire.GetUserPoolMfaConfigResponse)(shown), nil
}

func mfaOf(d doc) *wire.SetUserPoolMfaConfigResponse {
	out := &wire.SetUserPoolMfaConfigResponse{MfaConfiguration: d.Pool.MfaConfiguration, EmailMfaConfiguration: d.MFA.Email,
		WebAuthnConfiguration: d.MFA.WebAuthn}
	if d.Pool.SmsConfiguration != nil && d.MFA.SMS {
		out.SmsMfaConfiguration = &wire.SmsMfaConfig{SmsAuthenticationMessage: d.Pool.SmsAuthenticationMessage,
			SmsConfiguration: d.Pool.SmsConfiguration}
	}
	if d.MFA.SoftwareToken {
		out.SoftwareTokenMfaConfiguration = &wire.SoftwareTokenMfaConfig{Enabled: new(true)}
	}
	return out
}

func (s *Service) setMFA(c *api.Call, in *wire.SetUserPoolMfaConfigRequest) (*wire.SetUserPoolMfaConfigResponse, error) {
	var out *wire.SetUserPoolMfaConfigResponse
	err := s.edit(c, in.UserPoolID, func(_ *store.Tx, d *doc) error {
		d.Pool.MfaConfiguration = or(in.MfaConfiguration, "OFF")
		d.MFA.SMS = in.SmsMfaConfiguration != nil
		if sms := in.SmsMfaConfiguration; sms != nil {
			if sms.SmsConfiguration != nil {
				d.Pool.SmsConfiguration = sms.SmsConfiguration
			}
			d.Pool.SmsAuthenticationMessage = sms.SmsAuthenticationMessage
		}
		d.MFA.SoftwareToken = in.SoftwareTokenMfaConfiguration != nil && isTrue(in.SoftwareTokenMfaConfiguration.Enabled)
		d.MFA.Email, d.MFA.WebAuthn = in.EmailMfaConfiguration, in.WebAuthnConfiguration
		if w := d.MFA.WebAuthn; w != nil {
			w.UserVerification = or(w.UserVerification, "preferred")
		}
		switch {
		case d.MFA.SMS && d.Pool.SmsConfiguration == nil:
			return api.InvalidParameter.Errorf("SmsConfiguration is required for SMS MFA.")
		case d.MFA.Email != nil && d.Pool.UserPoolTier == "LITE":
			return api.FeatureUnavailableInTier.Errorf("Email MFA is not available in the LITE tier.")
		case d.Pool.MfaConfiguration != "OFF" && !d.MFA.SMS && !d.MFA.SoftwareToken && d.MFA.Email == nil:
			return api.InvalidParameter.Errorf("Invalid MFA configuration given, can't turn on MFA without any MFA type.")
		}
		out = mfaOf(*d)
		return nil
	})
	return out, err
}

// poolOf reads the pool's id from an ARN.
func poolOf(arn string) (string, error) {
	_, id, ok := strings.Cut(arn, ":userpool/")
	if !ok || id == "" {
		return "", api.InvalidParameter.Errorf("Invalid resource ARN: %s", arn)
	}
	return id, nil
}

func (s *Service) tag(c *api.Call, in *wire.TagResourceRequest) (*wire.Empty, error) {
	id, err := poolOf(in.ResourceARN)
	if err != nil {
		return nil, err
	}
	return &wire.Empty{}, s.edit(c, id, func(_ *store.Tx, d *doc) error {
		if d.Pool.UserPoolTags == nil {
			d.Pool.UserPoolTags = make(map[string]string)
		}
		for k, v := range in.Tags {
			if strings.HasPrefix(strings.ToLower(k), "aws:") {
				return api.InvalidParameter.Errorf("Tag keys must not begin with aws:.")
			}
			d.Pool.UserPoolTags[k] = v
		}
		if len(d.Pool.UserPoolTags) > 50 {
			return api.InvalidParameter.Errorf("A user pool can not have more than 50 tags.")
		}
		return nil
	})
}

func (s *Service) untag(c *api.Call, in *wire.UntagResourceRequest) (*wire.Empty, error) {
	id, err := poolOf(in.ResourceARN)
	if err != nil {
		return nil, err
	}
	return &wire.Empty{}, s.edit(c, id, func(_ *store.Tx, d *doc) error {
		for _, k := range in.TagKeys {
			delete(d.Pool.UserPoolTags, k)
		}
		return nil
	})
}

func (s *Service) tags(c *api.Call, in *wire.ListTagsForResourceRequest) (*wire.ListTagsForResourceResponse, error) {
	id, err := poolOf(in.ResourceARN)
	if err != nil {
		return nil, err
	}
	p, err := s.Pool(c, id)
	if err != nil {
		return nil, err
	}
	out := &wire.ListTagsForResourceResponse{Tags: map[string]string{}}
	for _, k := range sortedKeys(p.UserPoolTags) {
		out.Tags[k] = p.UserPoolTags[k]
	}
	return out, nil
}

func (s *Service) getRisk(c *api.Call, in *wire.DescribeRiskConfigurationRequest) (*wire.DescribeRiskConfigurationResponse, error) {
	out := &wire.DescribeRiskConfigurationResponse{}
	return out, s.view(c, in.UserPoolID, func(tx *store.Tx) error {
		if in.ClientID != "" {
			if _, _, err := clientIn(tx, in.UserPoolID, in.ClientID); err != nil {
				return err
			}
		}
		risk, err := object[wire.RiskConfiguration](tx, in.UserPoolID, kindRisk, or(in.ClientID, allUI))
		if errors.Is(err, store.ErrNotFound) {
			risk, err = wire.RiskConfiguration{UserPoolID: in.UserPoolID, ClientID: in.ClientID}, nil
		}
		out.RiskConfiguration = &risk
		return err
	})
}

func (s *Service) setRisk(c *api.Call, in *wire.SetRiskConfigurationRequest) (*wire.SetRiskConfigurationResponse, error) {
	if e := in.RiskExceptionConfiguration; e != nil {
		for _, block := range slices.Concat(e.BlockedIPRangeList, e.SkippedIPRangeList) {
			if _, err := netip.ParsePrefix(block); err != nil {
				return nil, api.InvalidParameter.Errorf("%s is not a valid CIDR block.", block)
			}
		}
	}
	risk := &wire.RiskConfiguration{UserPoolID: in.UserPoolID, ClientID: in.ClientID,
		CompromisedCredentialsRiskConfiguration: in.CompromisedCredentialsRiskConfiguration,
		AccountTakeoverRiskConfiguration:        in.AccountTakeoverRiskConfiguration,
		RiskExceptionConfiguration:              in.RiskExceptionConfiguration, LastModifiedDate: wire.At(s.Now())}
	return &wire.SetRiskConfigurationResponse{RiskConfiguration: risk}, s.in(c, in.UserPoolID, func(tx *store.Tx) error {
		p, err := s.Load(tx, in.UserPoolID)
		if err != nil {
			return err
		}
		if p.UserPoolAddOns == nil || p.UserPoolAddOns.AdvancedSecurityMode == "OFF" {
			return api.UserPoolAddOnNotEnabled.Errorf("Advanced security is not enabled for this user pool.")
		}
		if in.ClientID != "" {
			if _, _, err := clientIn(tx, in.UserPoolID, in.ClientID); err != nil {
				return err
			}
		}
		return put(tx, in.UserPoolID, kindRisk, or(in.ClientID, allUI), risk, s.Now())
	})
}

func (s *Service) getLogs(c *api.Call, in *wire.GetLogDeliveryConfigurationRequest) (*wire.GetLogDeliveryConfigurationResponse, error) {
	out := &wire.GetLogDeliveryConfigurationResponse{}
	return out, s.view(c, in.UserPoolID, func(tx *store.Tx) error {
		logs, err := object[wire.LogDeliveryConfiguration](tx, in.UserPoolID, kindLogs, allUI)
		if errors.Is(err, store.ErrNotFound) {
			logs, err = wire.LogDeliveryConfiguration{UserPoolID: in.UserPoolID, LogConfigurations: []wire.LogConfiguration{}}, nil
		}
		out.LogDeliveryConfiguration = &logs
		return err
	})
}

func (s *Service) setLogs(c *api.Call, in *wire.SetLogDeliveryConfigurationRequest) (*wire.SetLogDeliveryConfigurationResponse, error) {
	for _, l := range in.LogConfigurations {
		var targets int
		for _, set := range []bool{l.CloudWatchLogsConfiguration != nil, l.S3Configuration != nil, l.FirehoseConfiguration != nil} {
			if set {
				targets++
			}
		}
		if targets != 1 {
			return nil, api.InvalidParameter.Errorf("A log configuration must have exactly one destination.")
		}
	}
	logs := &wire.LogDeliveryConfiguration{UserPoolID: in.UserPoolID, LogConfigurations: in.LogConfigurations}
	return &wire.SetLogDeliveryConfigurationResponse{LogDeliveryConfiguration: logs}, s.in(c, in.UserPoolID, func(tx *store.Tx) error {
		return put(tx, in.UserPoolID, kindLogs, allUI, logs, s.Now())
	})
}

func (s *Service) getSessions(c *api.Call, in *wire.GetUserPoolSessionConfigurationRequest) (*wire.UserPoolSessionConfiguration, error) {
	p, err := s.Pool(c, in.UserPoolID)
	if err != nil {
		return nil, err
	}
	out := p.Sessions
	out.UserPoolID = p.ID
	return &out, nil
}

func (s *Service) setSessions(c *api.Call, in *wire.SetUserPoolSessionConfigurationRequest) (*wire.UserPoolSessionConfiguration, error) {
	out := &wire.UserPoolSessionConfiguration{UserPoolID: in.UserPoolID, UserSessionTracking: in.UserSessionTracking,
		TokenSession: in.TokenSession}
	return out, s.edit(c, in.UserPoolID, func(_ *store.Tx, d *doc) error {
		if d.Pool.UserPoolTier == "LITE" {
			return api.FeatureUnavailableInTier.Errorf("Sessions are not available in the LITE tier.")
		}
		d.Sessions = out
		return nil
	})
}

func (s *Service) getClientSessions(c *api.Call, in *wire.GetUserPoolClientSessionConfigurationRequest) (
	*wire.UserPoolClientSessionConfiguration, error) {
	_, client, err := s.ClientOf(c, in.UserPoolID, in.ClientID)
	if err != nil {
		return nil, err
	}
	return &wire.UserPoolClientSessionConfiguration{UserPoolID: in.UserPoolID, ClientID: in.ClientID,
		SSOSession: &wire.SSOSessionConfig{MaxValidityMinutes: new(client.SSOMinutes)}}, nil
}

func (s *Service) setClientSessions(c *api.Call, in *wire.SetUserPoolClientSessionConfigurationRequest) (
	*wire.UserPoolClientSessionConfiguration, error) {
	out := &wire.UserPoolClientSessionConfiguration{UserPoolID: in.UserPoolID, ClientID: in.ClientID, SSOSession: in.SSOSession}
	return out, s.editClient(c, in.UserPoolID, in.ClientID, func(_ *store.Tx, d *clientDoc) error {
		d.SSOMinutes = in.SSOSession.MaxValidityMinutes
		return nil
	})
}
