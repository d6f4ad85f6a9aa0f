package pool

import (
	"context"

	"github.com/google/uuid"

	"github.com/gibbon-gateway/gibbon/internal/idp/api"
	"github.com/gibbon-gateway/gibbon/internal/idp/store"
	"github.com/gibbon-gateway/gibbon/internal/idp/wire"
)

// Terms returns the documents that a client's pages link to, terms of use and privacy policy.
func (s *Service) Terms(ctx context.Context, pool, client string) (list []wire.Terms, err error) {
	err = s.Store.View(ctx, func(tx *store.Tx) error {
		all, err := objects[wire.Terms](tx, pool, kindTerms, "", everything)
		for _, t := range all {
			if t.ClientID == client {
				list = append(list, t)
			}
		}
		return err
	})
	return list, err
}

func noTerms(what string) error { return api.ResourceNotFound.Errorf("Terms %s does not exist.", what) }

// uniqueTerms refuses a second document of one name for a client.
func uniqueTerms(tx *store.Tx, t *wire.Terms) error {
	all, err := objects[wire.Terms](tx, t.UserPoolID, kindTerms, "", everything)
	if err != nil {
		return err
	}
	for _, other := range all {
		if other.TermsID != t.TermsID && other.ClientID == t.ClientID && other.TermsName == t.TermsName {
			return api.TermsExists.Errorf("Terms %s for client %s exist already.", t.TermsName, t.ClientID)
		}
	}
	return nil
}

func (s *Service) createTerms(c *api.Call, in *wire.CreateTermsRequest) (*wire.CreateTermsResponse, error) {
	now := wire.At(s.Now())
	t := &wire.Terms{TermsID: uuid.NewString(), UserPoolID: in.UserPoolID, ClientID: in.ClientID, TermsName: in.TermsName,
		TermsSource: in.TermsSource,
		Enforcement: in.Enforcement, Links: in.Links, CreationDate: now, LastModifiedDate: now}
	if t.Links == nil {
		t.Links = map[string]string{}
	}
	return &wire.CreateTermsResponse{Terms: t}, s.in(c, in.UserPoolID, func(tx *store.Tx) error {
		if _, _, err := clientIn(tx, in.UserPoolID, in.ClientID); err != nil {
			return err
		}
		if err := uniqueTerms(tx, t); err != nil {
			return err
		}
		return put(tx, in.UserPoolID, kindTerms, t.TermsID, t, s.Now())
	})
}

func (s *Service) describeTerms(c *api.Call, in *wire.DescribeTermsRequest) (*wire.DescribeTermsResponse, error) {
	out := &wire.DescribeTermsResponse{}
	return out, s.view(c, in.UserPoolID, func(tx *store.Tx) error {
		t, err := object[wire.Terms](tx, in.UserPoolID, kindTerms, in.TermsID)
		out.Terms = &t
		return translated(err, noTerms(in.TermsID), nil)
	})
}

func (s *Service) describeTermsByClient(c *api.Call, in *wire.DescribeTermsByClientRequest) (*wire.DescribeTermsByClientResponse, error) {
	if _, _, err := s.ClientOf(c, in.UserPoolID, in.ClientID); err != nil {
		return nil, err
	}
	list, err := s.Terms(c, in.UserPoolID, in.ClientID)
	if err != nil {
		return nil, err
	}
	for _, t := range list {
		if t.TermsName == in.TermsName {
			return &wire.DescribeTermsByClientResponse{Terms: &t}, nil
		}
	}
	return nil, noTerms(in.TermsName)
}

func (s *Service) updateTerms(c *api.Call, in *wire.UpdateTermsRequest) (*wire.UpdateTermsResponse, error) {
	out := &wire.UpdateTermsResponse{}
	return out, s.in(c, in.UserPoolID, func(tx *store.Tx) error {
		t, err := object[wire.Terms](tx, in.UserPoolID, kindTerms, in.TermsID)
		if err != nil {
			return translated(err, noTerms(in.TermsID), nil)
		}
		t.TermsName, t.TermsSource, t.Enforcement = or(in.TermsName, t.TermsName), or(in.TermsSource, t.TermsSource), or(in.Enforcement,
			t.Enforcement)
		if in.Links != nil {
			t.Links = in.Links
		}
		t.LastModifiedDate, out.Terms = wire.At(s.Now()), &t
		if err := uniqueTerms(tx, &t); err != nil {
			return err
		}
		return put(tx, in.UserPoolID, kindTerms, t.TermsID, t, s.Now())
	})
}

func (s *Service) removeTerms(c *api.Call, in *wire.DeleteTermsRequest) (*wire.Empty, error) {
	err := s.in(c, in.UserPoolID, func(tx *store.Tx) error { return tx.DeleteObject(in.UserPoolID, kindTerms, in.TermsID) })
	return &wire.Empty{}, translated(err, noTerms(in.TermsID), nil)
}

func (s *Service) listTerms(c *api.Call, in *wire.ListTermsRequest) (*wire.ListTermsResponse, error) {
	list, limit := api.List("terms", in.UserPoolID), api.Limit(in.MaxResults, 60)
	after, err := api.After(list, in.NextToken)
	if err != nil {
		return nil, err
	}
	out := &wire.ListTermsResponse{Terms: []wire.TermsDescription{}}
	return out, s.view(c, in.UserPoolID, func(tx *store.Tx) error {
		found, err := objects[wire.Terms](tx, in.UserPoolID, kindTerms, after, limit+1)
		if err != nil {
			return err
		}
		found, out.NextToken = api.Cut(found, limit, list, func(t wire.Terms) string { return t.TermsID })
		for _, t := range found {
			out.Terms = append(out.Terms, wire.TermsDescription{TermsID: t.TermsID, TermsName: t.TermsName, Enforcement: t.Enforcement,
				CreationDate: t.CreationDate, LastModifiedDate: t.LastModifiedDate})
		}
		return nil
	})
}
