package account

import (
	"encoding/json"
	"errors"
	"slices"

	"github.com/gibbon-gateway/gibbon/internal/idp/api"
	"github.com/gibbon-gateway/gibbon/internal/idp/auth"
	"github.com/gibbon-gateway/gibbon/internal/idp/pool"
	"github.com/gibbon-gateway/gibbon/internal/idp/store"
	"github.com/gibbon-gateway/gibbon/internal/idp/wire"
)

// watches refuses pools without threat protection.
func watches(p *pool.Pool) error {
	if p.UserPoolAddOns == nil || p.UserPoolAddOns.AdvancedSecurityMode == "OFF" {
		return api.UserPoolAddOnNotEnabled.Errorf("Advanced security is not enabled for this user pool.")
	}
	return nil
}

func (s *Service) events(c *api.Call, in *wire.AdminListUserAuthEventsRequest) (*wire.AdminListUserAuthEventsResponse, error) {
	p, u, err := s.find(c, in.UserPoolID, in.Username)
	if err == nil {
		err = watches(p)
	}
	if err != nil {
		return nil, err
	}
	list, limit := api.List("events", p.ID, u.ID), api.Limit(in.MaxResults, 60)
	after, err := api.After(list, in.NextToken)
	if err != nil {
		return nil, err
	}
	out := &wire.AdminListUserAuthEventsResponse{AuthEvents: []wire.AuthEvent{}}
	return out, s.Store.View(c, func(tx *store.Tx) error {
		rows, err := tx.UserObjects(p.ID, u.ID, auth.EventKind, "", 1000)
		if err != nil {
			return err
		}
		slices.Reverse(rows) // newest first
		rows = slices.DeleteFunc(rows, func(o store.Object) bool { return after != "" && o.ID >= after })
		rows, out.NextToken = api.Cut(rows, limit, list, func(o store.Object) string { return o.ID })
		for _, row := range rows {
			var e wire.AuthEvent
			if err := json.Unmarshal(row.Doc, &e); err != nil {
				return err
			}
			out.AuthEvents = append(out.AuthEvents, e)
		}
		return nil
	})
}

func (s *Service) adminFeedback(c *api.Call, in *wire.AdminUpdateAuthEventFeedbackRequest) (*wire.Empty, error) {
	p, u, err := s.find(c, in.UserPoolID, in.Username)
	if err == nil {
		err = watches(p)
	}
	if err != nil {
		return nil, err
	}
	return &wire.Empty{}, s.Store.Update(c, func(tx *store.Tx) error {
		row, err := tx.UserObject(p.ID, u.ID, auth.EventKind, in.EventID)
		if errors.Is(err, store.ErrNotFound) {
			return api.ResourceNotFound.Errorf("Event %s does not exist.", in.EventID)
		}
		if err != nil {
			return err
		}
		var e wire.AuthEvent
		if err := json.Unmarshal(row.Doc, &e); err != nil {
			return err
		}
		e.EventFeedback = &wire.EventFeedback{FeedbackValue: in.FeedbackValue, Provider: "Admin", FeedbackDate: wire.At(s.Now())}
		if row.Doc, err = json.Marshal(e); err != nil {
			return err
		}
		row.Modified = s.Now()
		return tx.PutUserObject(row)
	})
}

// feedback refuses every token: they come with notification mails, which are not sent here.
func (s *Service) feedback(c *api.Call, in *wire.UpdateAuthEventFeedbackRequest) (*wire.Empty, error) {
	p, err := s.Pools.Pool(c, in.UserPoolID)
	if err == nil {
		err = watches(p)
	}
	if err != nil {
		return nil, err
	}
	return nil, api.NotAuthorized.Errorf("Invalid feedback token.")
}
