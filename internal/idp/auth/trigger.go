package auth

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/gibbon-gateway/gibbon/internal/idp/api"
	"github.com/gibbon-gateway/gibbon/internal/idp/message"
	"github.com/gibbon-gateway/gibbon/internal/idp/pool"
	"github.com/gibbon-gateway/gibbon/internal/idp/store"
	"github.com/gibbon-gateway/gibbon/internal/idp/trigger"
	"github.com/gibbon-gateway/gibbon/internal/idp/user"
	"github.com/gibbon-gateway/gibbon/internal/idp/wire"
)

// nothing is the response of triggers that can only refuse.
type nothing struct{}

// call calls a trigger of the pool; without one it does nothing.
func (s *Service) call(ctx context.Context, p *pool.Pool, client, name, arn, source, username string, request, response any) error {
	if arn == "" {
		return nil
	}
	return s.Triggers.Call(ctx, name, arn, trigger.Event{TriggerSource: source, Region: p.Region, UserPoolID: p.ID, UserName: username,
		CallerContext: trigger.Context{ClientID: client}, Request: request}, response)
}

// attributes are those that triggers get, none for a user who does not exist.
func (x *exchange) attributes() map[string]string {
	if x.user == nil {
		return map[string]string{}
	}
	return message.Attributes(x.user)
}

// preAuthentication asks whether the user may try.
func (x *exchange) preAuthentication(ctx context.Context) error {
	arn := x.Pool.LambdaConfig.PreAuthentication
	if arn == "" {
		return nil
	}
	request := map[string]any{"userAttributes": x.attributes(), "validationData": orEmpty(x.Metadata)}
	if x.user == nil {
		request["userNotFound"] = true
	}
	return x.s.call(ctx, x.Pool, x.Client.ClientID, "PreAuthentication", arn, "PreAuthentication_Authentication", x.username(),
		request, &nothing{})
}

// postAuthentication tells that the user is in.
func (x *exchange) postAuthentication(ctx context.Context) error {
	arn := x.Pool.LambdaConfig.PostAuthentication
	if arn == "" {
		return nil
	}
	request := map[string]any{"userAttributes": x.attributes(), "newDeviceUsed": x.state.DeviceKey == "" && tracked(x.Pool),
		"clientMetadata": orEmpty(x.Metadata)}
	return x.s.call(ctx, x.Pool, x.Client.ClientID, "PostAuthentication", arn, "PostAuthentication_Authentication", x.username(),
		request, &nothing{})
}

func orEmpty(m map[string]string) map[string]string {
	if m == nil {
		return map[string]string{}
	}
	return m
}

// migrated is what the UserMigration trigger says of a user whom it knows.
type migrated struct {
	Attributes map[string]string `json:"userAttributes"`
	Status     string            `json:"finalUserStatus"`
	Action     string            `json:"messageAction"`
	Mediums    []string          `json:"desiredDeliveryMediums"`
	Force      bool              `json:"forceAliasCreation"`
	SMS        bool              `json:"enableSMSMFA"`
}

// migrate asks the trigger for a user who is not here yet, and takes them in. nil if nobody knows them.
func (x *exchange) migrate(ctx context.Context, plain string) (*user.User, error) {
	return x.s.migrate(ctx, x.Request, x.state.Name, plain, "UserMigration_Authentication")
}

func (s *Service) migrate(ctx context.Context, r Request, name, plain, source string) (*user.User, error) {
	arn := r.Pool.LambdaConfig.UserMigration
	if arn == "" {
		return nil, nil
	}
	var m migrated
	err := s.call(ctx, r.Pool, r.Client.ClientID, "UserMigration", arn, source, name, map[string]any{"password": plain,
		"validationData": orEmpty(r.Metadata),
		"clientMetadata": orEmpty(r.Metadata)}, &m)
	if api.UserLambdaValidation.Is(err) {
		return nil, nil // the trigger does not know them either
	}
	if err != nil || len(m.Attributes) == 0 {
		return nil, err
	}
	u := &user.User{Attr: make(map[string]string)}
	var list []wire.Attribute
	for name, v := range m.Attributes {
		if name != "username" && name != "sub" {
			list = append(list, wire.Attribute{Name: name, Value: v})
		}
	}
	if err := u.Apply(r.Pool, list, user.Writer{Admin: true, New: true}); err != nil {
		return nil, api.InvalidLambdaResponse.Errorf("UserMigration returned invalid attributes: %s", err)
	}
	if err := u.Name(r.Pool, name); err != nil {
		return nil, err
	}
	now := s.Now()
	u.Enabled, u.Created, u.Modified, u.Status = true, now, now, user.Confirmed
	u.More.MFA.SMS = m.SMS
	if plain != "" {
		u.SetPassword(r.Pool, user.NewPassword(r.Pool, u.Username, plain, s.Cost), m.Status == "RESET_REQUIRED", now)
	}
	if m.Status == user.ResetRequired || m.Status == user.ForceChange || plain == "" {
		u.Status = user.ResetRequired
	}
	return u, s.Store.Update(ctx, func(tx *store.Tx) error {
		if err := Release(tx, r.Pool, u, m.Force, now); err != nil {
			return err
		}
		return u.Insert(tx, r.Pool)
	})
}

// Release takes u's names from others, if force says so; otherwise their being taken is AliasExistsException.
func Release(tx *store.Tx, p *pool.Pool, u *user.User, force bool, now time.Time) error {
	for range 4 {
		other, attribute, err := u.Holder(tx, p)
		if err != nil || other == nil {
			return err
		}
		if !force || !slices.Contains(p.AliasAttributes, attribute) {
			return api.AliasExists.Errorf("An account with the given %s already exists.", attribute)
		}
		if attribute == "preferred_username" {
			delete(other.Attr, attribute)
		} else {
			other.Attr[attribute+"_verified"] = "false"
		}
		if err := other.Save(tx, p, now); err != nil {
			return err
		}
	}
	return nil
}

// EventKind is the kind of a user's history in the store.
const EventKind = "event"

const keptEvents = 100

// event notes what happened, where the pool watches its users. Failing to is logged, not told.
func (x *exchange) event(ctx context.Context, kind, response string) {
	if x.user != nil {
		x.s.note(ctx, x.Request, x.user.ID, kind, response)
	}
}

func (s *Service) note(ctx context.Context, r Request, id, kind, response string) {
	if r.Pool.UserPoolAddOns == nil || r.Pool.UserPoolAddOns.AdvancedSecurityMode == "OFF" {
		return
	}
	name, err := uuid.NewV7()
	if err != nil {
		return
	}
	now := s.Now()
	body, err := json.Marshal(wire.AuthEvent{EventID: name.String(), EventType: kind, CreationDate: wire.At(now), EventResponse: response,
		EventRisk:        &wire.EventRisk{RiskDecision: "NoRisk", CompromisedCredentialsDetected: new(false)},
		EventContextData: &wire.EventContextData{IPAddress: r.IP, DeviceName: r.Agent}})
	if err == nil {
		err = s.Store.Update(ctx, func(tx *store.Tx) error {
			o := store.Object{PoolID: r.Pool.ID, UserID: id, Kind: EventKind, ID: name.String(), Doc: body, Created: now, Modified: now}
			if err := tx.PutUserObject(o); err != nil {
				return err
			}
			return tx.TrimUserObjects(r.Pool.ID, id, EventKind, keptEvents)
		})
	}
	if err != nil && s.Log != nil {
		s.Log.Warn("provider: an event could not be noted", "pool", r.Pool.ID, "error", err)
	}
}
