package pool

import (
	"github.com/gibbon-gateway/gibbon/internal/idp/api"
	"github.com/gibbon-gateway/gibbon/internal/idp/store"
	"github.com/gibbon-gateway/gibbon/internal/idp/wire"
)

func noReplica(region string) error {
	return api.ResourceNotFound.Errorf("User pool replica in region %s does not exist.", region)
}

func (s *Service) createReplica(c *api.Call, in *wire.CreateUserPoolReplicaRequest) (*wire.UserPoolReplicaResponse, error) {
	r := &wire.UserPoolReplica{RegionName: in.RegionName, Status: "ACTIVE", Role: "SECONDARY", UserPoolARN: ARN(in.RegionName, in.UserPoolID)}
	return &wire.UserPoolReplicaResponse{UserPoolReplica: r}, s.in(c, in.UserPoolID, func(tx *store.Tx) error {
		p, err := s.Load(tx, in.UserPoolID)
		if err != nil {
			return err
		}
		if in.RegionName == p.Region {
			return api.InvalidParameter.Errorf("The user pool is in region %s already.", in.RegionName)
		}
		have, err := objects[wire.UserPoolReplica](tx, in.UserPoolID, kindReplica, "", everything)
		if err != nil {
			return err
		}
		if len(have) > 0 {
			return api.LimitExceeded.Errorf("A user pool can not have more than one replica.")
		}
		return put(tx, in.UserPoolID, kindReplica, in.RegionName, r, s.Now())
	})
}

func (s *Service) updateReplica(c *api.Call, in *wire.UpdateUserPoolReplicaRequest) (*wire.UserPoolReplicaResponse, error) {
	out := &wire.UserPoolReplicaResponse{}
	return out, s.in(c, in.UserPoolID, func(tx *store.Tx) error {
		r, err := object[wire.UserPoolReplica](tx, in.UserPoolID, kindReplica, in.RegionName)
		if err != nil {
			return translated(err, noReplica(in.RegionName), nil)
		}
		r.Status, out.UserPoolReplica = in.Status, &r
		return put(tx, in.UserPoolID, kindReplica, in.RegionName, r, s.Now())
	})
}

func (s *Service) removeReplica(c *api.Call, in *wire.DeleteUserPoolReplicaRequest) (*wire.UserPoolReplicaResponse, error) {
	out := &wire.UserPoolReplicaResponse{}
	return out, s.in(c, in.UserPoolID, func(tx *store.Tx) error {
		r, err := object[wire.UserPoolReplica](tx, in.UserPoolID, kindReplica, in.RegionName)
		if err != nil {
			return translated(err, noReplica(in.RegionName), nil)
		}
		r.Status, out.UserPoolReplica = "DELETING", &r
		return tx.DeleteObject(in.UserPoolID, kindReplica, in.RegionName)
	})
}

func (s *Service) listReplicas(c *api.Call, in *wire.ListUserPoolReplicasRequest) (*wire.ListUserPoolReplicasResponse, error) {
	out := &wire.ListUserPoolReplicasResponse{}
	return out, s.view(c, in.UserPoolID, func(tx *store.Tx) error {
		p, err := s.Load(tx, in.UserPoolID)
		if err != nil {
			return err
		}
		have, err := objects[wire.UserPoolReplica](tx, in.UserPoolID, kindReplica, "", everything)
		primary := wire.UserPoolReplica{RegionName: p.Region, Status: "ACTIVE", Role: "PRIMARY", UserPoolARN: p.ARN}
		out.UserPoolReplicas = append([]wire.UserPoolReplica{primary}, have...)
		return err
	})
}
