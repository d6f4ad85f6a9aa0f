package account

import (
	"encoding/base64"
	"encoding/json"
	"errors"

	"github.com/gibbon-gateway/gibbon/internal/idp/api"
	"github.com/gibbon-gateway/gibbon/internal/idp/auth"
	"github.com/gibbon-gateway/gibbon/internal/idp/grant"
	"github.com/gibbon-gateway/gibbon/internal/idp/pool"
	"github.com/gibbon-gateway/gibbon/internal/idp/store"
	"github.com/gibbon-gateway/gibbon/internal/idp/wire"
)

// deviceSession checks an access token, and that the pool remembers devices.
func (s *Service) deviceSession(c *api.Call, token string) (*grant.Session, error) {
	session, err := s.session(c, token)
	if err != nil {
		return nil, err
	}
	return session, tracks(session.Pool)
}

func tracks(p *pool.Pool) error {
	if p.DeviceConfiguration == nil {
		return api.InvalidUserPoolConfiguration.Errorf("Device tracking is not enabled for the user pool.")
	}
	return nil
}

func (s *Service) confirmDevice(c *api.Call, in *wire.ConfirmDeviceRequest) (*wire.ConfirmDeviceResponse, error) {
	session, err := s.deviceSession(c, in.AccessToken)
	if err != nil {
		return nil, err
	}
	p := session.Pool
	asks := isTrue(p.DeviceConfiguration.DeviceOnlyRememberedOnUserPrompt)
	var salt, verifier []byte
	if v := in.DeviceSecretVerifierConfig; v != nil {
		var err1, err2 error
		salt, err1 = base64.StdEncoding.DecodeString(v.Salt)
		verifier, err2 = base64.StdEncoding.DecodeString(v.PasswordVerifier)
		if err1 != nil || err2 != nil || len(salt) == 0 || len(verifier) == 0 || len(verifier) > 512 || len(salt) > 512 {
			return nil, api.InvalidParameter.Errorf("Invalid DeviceSecretVerifierConfig.")
		}
	} else {
		return nil, api.InvalidParameter.Errorf("DeviceSecretVerifierConfig is required.")
	}
	return &wire.ConfirmDeviceResponse{UserConfirmationNecessary: new(asks)}, s.Store.Update(c, func(tx *store.Tx) error {
		d, err := auth.ReadDevice(tx, p.ID, session.User.ID, in.DeviceKey)
		if err != nil {
			return err
		}
		d.Salt, d.Verifier, d.Remembered, d.Modified = salt, verifier, !asks, s.Now()
		if in.DeviceName != "" {
			d.Name = in.DeviceName
		}
		return d.Put(tx, p.ID, session.User.ID)
	})
}

func (s *Service) remember(c *api.Call, p *pool.Pool, id, key, status string) error {
	return s.Store.Update(c, func(tx *store.Tx) error {
		d, err := auth.ReadDevice(tx, p.ID, id, key)
		if err != nil {
			return err
		}
		d.Remembered, d.Modified = status == "remembered", s.Now()
		return d.Put(tx, p.ID, id)
	})
}

func (s *Service) updateDevice(c *api.Call, in *wire.UpdateDeviceStatusRequest) (*wire.Empty, error) {
	session, err := s.deviceSession(c, in.AccessToken)
	if err != nil {
		return nil, err
	}
	return &wire.Empty{}, s.remember(c, session.Pool, session.User.ID, in.DeviceKey, in.DeviceRememberedStatus)
}

func (s *Service) adminUpdateDevice(c *api.Call, in *wire.AdminUpdateDeviceStatusRequest) (*wire.Empty, error) {
	p, u, err := s.find(c, in.UserPoolID, in.Username)
	if err == nil {
		err = tracks(p)
	}
	if err != nil {
		return nil, err
	}
	return &wire.Empty{}, s.remember(c, p, u.ID, in.DeviceKey, in.DeviceRememberedStatus)
}

func (s *Service) device(c *api.Call, p *pool.Pool, id, key string) (out *wire.Device, err error) {
	err = s.Store.View(c, func(tx *store.Tx) error {
		d, err := auth.ReadDevice(tx, p.ID, id, key)
		if err == nil {
			out = d.Shown()
		}
		return err
	})
	return out, err
}

func (s *Service) getDevice(c *api.Call, in *wire.GetDeviceRequest) (*wire.GetDeviceResponse, error) {
	session, err := s.deviceSession(c, in.AccessToken)
	if err != nil {
		return nil, err
	}
	out := &wire.GetDeviceResponse{}
	out.Device, err = s.device(c, session.Pool, session.User.ID, in.DeviceKey)
	return out, err
}

func (s *Service) adminGetDevice(c *api.Call, in *wire.AdminGetDeviceRequest) (*wire.AdminGetDeviceResponse, error) {
	p, u, err := s.find(c, in.UserPoolID, in.Username)
	if err == nil {
		err = tracks(p)
	}
	if err != nil {
		return nil, err
	}
	out := &wire.AdminGetDeviceResponse{}
	out.Device, err = s.device(c, p, u.ID, in.DeviceKey)
	return out, err
}

func (s *Service) devices(c *api.Call, p *pool.Pool, id string, asked *int, token string) ([]wire.Device, string, error) {
	list, limit := api.List("devices", p.ID, id), api.Limit(asked, 60)
	after, err := api.After(list, token)
	if err != nil {
		return nil, "", err
	}
	out, next := []wire.Device{}, ""
	err = s.Store.View(c, func(tx *store.Tx) error {
		rows, err := tx.UserObjects(p.ID, id, auth.DeviceKind, after, limit+1)
		if err != nil {
			return err
		}
		rows, next = api.Cut(rows, limit, list, func(o store.Object) string { return o.ID })
		for _, row := range rows {
			var d auth.Device
			if err := json.Unmarshal(row.Doc, &d); err != nil {
				return err
			}
			out = append(out, *d.Shown())
		}
		return nil
	})
	return out, next, err
}

func (s *Service) listDevices(c *api.Call, in *wire.ListDevicesRequest) (*wire.ListDevicesResponse, error) {
	session, err := s.deviceSession(c, in.AccessToken)
	if err != nil {
		return nil, err
	}
	out := &wire.ListDevicesResponse{}
	out.Devices, out.PaginationToken, err = s.devices(c, session.Pool, session.User.ID, in.Limit, in.PaginationToken)
	return out, err
}

func (s *Service) adminListDevices(c *api.Call, in *wire.AdminListDevicesRequest) (*wire.AdminListDevicesResponse, error) {
	p, u, err := s.find(c, in.UserPoolID, in.Username)
	if err == nil {
		err = tracks(p)
	}
	if err != nil {
		return nil, err
	}
	out := &wire.AdminListDevicesResponse{}
	out.Devices, out.PaginationToken, err = s.devices(c, p, u.ID, in.Limit, in.PaginationToken)
	return out, err
}

func (s *Service) forget(c *api.Call, p *pool.Pool, id, key string) error {
	err := s.Store.Update(c, func(tx *store.Tx) error { return tx.DeleteUserObject(p.ID, id, auth.DeviceKind, key) })
	if errors.Is(err, store.ErrNotFound) {
		return api.ResourceNotFound.Errorf("Device does not exist.")
	}
	return err
}

func (s *Service) forgetDevice(c *api.Call, in *wire.ForgetDeviceRequest) (*wire.Empty, error) {
	session, err := s.deviceSession(c, in.AccessToken)
	if err != nil {
		return nil, err
	}
	return &wire.Empty{}, s.forget(c, session.Pool, session.User.ID, in.DeviceKey)
}

func (s *Service) adminForgetDevice(c *api.Call, in *wire.AdminForgetDeviceRequest) (*wire.Empty, error) {
	p, u, err := s.find(c, in.UserPoolID, in.Username)
	if err == nil {
		err = tracks(p)
	}
	if err != nil {
		return nil, err
	}
	return &wire.Empty{}, s.forget(c, p, u.ID, in.DeviceKey)
}
