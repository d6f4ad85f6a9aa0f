package account

import (
	"context"
	"errors"

	"github.com/gibbon-gateway/gibbon/internal/idp/api"
	"github.com/gibbon-gateway/gibbon/internal/idp/pool"
	"github.com/gibbon-gateway/gibbon/internal/idp/store"
	"github.com/gibbon-gateway/gibbon/internal/idp/user"
	"github.com/gibbon-gateway/gibbon/internal/idp/wire"
)

// noGroup replaces store.ErrNotFound.
func noGroup(err error) error {
	if errors.Is(err, store.ErrNotFound) {
		return api.ResourceNotFound.Errorf("Group not found.")
	}
	return err
}

func shownGroup(g store.Group) wire.Group {
	return wire.Group{GroupName: g.Name, UserPoolID: g.PoolID, Description: g.Description, RoleARN: g.Role, Precedence: g.Precedence,
		LastModifiedDate: wire.At(g.Modified), CreationDate: wire.At(g.Created)}
}

// in runs fn in a transaction if the pool exists.
func (s *Service) in(ctx context.Context, poolID string, fn func(*store.Tx, *pool.Pool) error) error {
	p, err := s.Pools.Pool(ctx, poolID)
	if err != nil {
		return err
	}
	return s.Store.Update(ctx, func(tx *store.Tx) error { return fn(tx, p) })
}

// view runs fn in a consistent read if the pool exists.
func (s *Service) view(ctx context.Context, poolID string, fn func(*store.Tx, *pool.Pool) error) error {
	p, err := s.Pools.Pool(ctx, poolID)
	if err != nil {
		return err
	}
	return s.Store.View(ctx, func(tx *store.Tx) error { return fn(tx, p) })
}

// CreateGroup makes a group.
func (s *Service) CreateGroup(c *api.Call, in *wire.CreateGroupRequest) (*wire.CreateGroupResponse, error) {
	now := s.Now()
	g := store.Group{PoolID: in.UserPoolID, Name: in.GroupName, Description: in.Description, Role: in.RoleARN,
		Precedence: in.Precedence, Created: now, Modified: now}
	err := s.in(c, in.UserPoolID, func(tx *store.Tx, _ *pool.Pool) error { return tx.InsertGroup(g) })
	if errors.Is(err, store.ErrExists) {
		return nil, api.GroupExists.Errorf("A group with the name already exists.")
	}
	out := shownGroup(g)
	return &wire.CreateGroupResponse{Group: &out}, err
}

func (s *Service) getGroup(c *api.Call, in *wire.GetGroupRequest) (*wire.GetGroupResponse, error) {
	out := &wire.GetGroupResponse{}
	return out, s.view(c, in.UserPoolID, func(tx *store.Tx, _ *pool.Pool) error {
		g, err := tx.Group(in.UserPoolID, in.GroupName)
		shown := shownGroup(g)
		out.Group = &shown
		return noGroup(err)
	})
}

func (s *Service) updateGroup(c *api.Call, in *wire.UpdateGroupRequest) (*wire.UpdateGroupResponse, error) {
	out := &wire.UpdateGroupResponse{}
	return out, s.in(c, in.UserPoolID, func(tx *store.Tx, _ *pool.Pool) error {
		g, err := tx.Group(in.UserPoolID, in.GroupName)
		if err != nil {
			return noGroup(err)
		}
		if in.Description != "" {
			g.Description = in.Description
		}
		if in.RoleARN != "" {
			g.Role = in.RoleARN
		}
		if in.Precedence != nil {
			g.Precedence = in.Precedence
		}
		g.Modified = s.Now()
		shown := shownGroup(g)
		out.Group = &shown
		return tx.UpdateGroup(g)
	})
}

func (s *Service) deleteGroup(c *api.Call, in *wire.DeleteGroupRequest) (*wire.Empty, error) {
	return &wire.Empty{}, s.in(c, in.UserPoolID, func(tx *store.Tx, _ *pool.Pool) error {
		return noGroup(tx.DeleteGroup(in.UserPoolID, in.GroupName))
	})
}

func (s *Service) listGroups(c *api.Call, in *wire.ListGroupsRequest) (*wire.ListGroupsResponse, error) {
	list, limit := api.List("groups", in.UserPoolID), api.Limit(in.Limit, 60)
	after, err := api.After(list, in.NextToken)
	if err != nil {
		return nil, err
	}
	out := &wire.ListGroupsResponse{Groups: []wire.Group{}}
	return out, s.view(c, in.UserPoolID, func(tx *store.Tx, _ *pool.Pool) error {
		rows, err := tx.Groups(in.UserPoolID, after, limit+1)
		if err != nil {
			return err
		}
		rows, out.NextToken = api.Cut(rows, limit, list, func(g store.Group) string { return g.Name })
		for _, g := range rows {
			out.Groups = append(out.Groups, shownGroup(g))
		}
		return nil
	})
}

func (s *Service) members(c *api.Call, in *wire.ListUsersInGroupRequest) (*wire.ListUsersInGroupResponse, error) {
	list, limit := api.List("members", in.UserPoolID, in.GroupName), api.Limit(in.Limit, 60)
	after, err := api.After(list, in.NextToken)
	if err != nil {
		return nil, err
	}
	out := &wire.ListUsersInGroupResponse{Users: []wire.User{}}
	return out, s.view(c, in.UserPoolID, func(tx *store.Tx, _ *pool.Pool) error {
		if _, err := tx.Group(in.UserPoolID, in.GroupName); err != nil {
			return noGroup(err)
		}
		rows, err := tx.Members(in.UserPoolID, in.GroupName, after, limit+1)
		if err != nil {
			return err
		}
		rows, out.NextToken = api.Cut(rows, limit, list, func(u store.User) string { return u.ID })
		for _, row := range rows {
			u, err := user.Decode(row)
			if err != nil {
				return err
			}
			out.Users = append(out.Users, *shown(u, nil))
		}
		return nil
	})
}

// AdminAddUserToGroup makes a user a member.
func (s *Service) AdminAddUserToGroup(c *api.Call, in *wire.AdminAddUserToGroupRequest) (*wire.Empty, error) {
	return &wire.Empty{}, s.in(c, in.UserPoolID, func(tx *store.Tx, p *pool.Pool) error {
		u, err := find(tx, p, in.Username)
		if err != nil {
			return err
		}
		if _, err := tx.Group(p.ID, in.GroupName); err != nil {
			return noGroup(err)
		}
		return tx.Join(p.ID, in.GroupName, u.ID)
	})
}

func (s *Service) leave(c *api.Call, in *wire.AdminRemoveUserFromGroupRequest) (*wire.Empty, error) {
	return &wire.Empty{}, s.in(c, in.UserPoolID, func(tx *store.Tx, p *pool.Pool) error {
		u, err := find(tx, p, in.Username)
		if err != nil {
			return err
		}
		if _, err := tx.Group(p.ID, in.GroupName); err != nil {
			return noGroup(err)
		}
		return tx.Leave(p.ID, in.GroupName, u.ID)
	})
}

func (s *Service) groupsOf(c *api.Call, in *wire.AdminListGroupsForUserRequest) (*wire.AdminListGroupsForUserResponse, error) {
	list, limit := api.List("groups of", in.UserPoolID, in.Username), api.Limit(in.Limit, 60)
	after, err := api.After(list, in.NextToken)
	if err != nil {
		return nil, err
	}
	out := &wire.AdminListGroupsForUserResponse{Groups: []wire.Group{}}
	return out, s.view(c, in.UserPoolID, func(tx *store.Tx, p *pool.Pool) error {
		u, err := find(tx, p, in.Username)
		if err != nil {
			return err
		}
		rows, err := tx.GroupsOf(p.ID, u.ID)
		if err != nil {
			return err
		}
		for i, g := range rows {
			if g.Name == after { // a user has few groups: they are read whole
				rows = rows[i+1:]
				break
			}
		}
		rows, out.NextToken = api.Cut(rows, limit, list, func(g store.Group) string { return g.Name })
		for _, g := range rows {
			out.Groups = append(out.Groups, shownGroup(g))
		}
		return nil
	})
}
