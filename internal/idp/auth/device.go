package auth

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/gibbon-gateway/gibbon/internal/idp/api"
	"github.com/gibbon-gateway/gibbon/internal/idp/store"
	"github.com/gibbon-gateway/gibbon/internal/idp/wire"
)

// DeviceKind is the kind of a user's devices in the store.
const DeviceKind = "device"

// Device is a device that a user signed in on.
type Device struct {
	Key           string    `json:"key"`
	Group         string    `json:"group"` // DeviceGroupKey
	Name          string    `json:"name,omitempty"`
	Salt          []byte    `json:"salt,omitempty"` // SRP, from ConfirmDevice on
	Verifier      []byte    `json:"verifier,omitempty"`
	Remembered    bool      `json:"remembered,omitempty"`
	IP            string    `json:"ip,omitempty"`
	Created       time.Time `json:"created"`
	Modified      time.Time `json:"modified"`
	Authenticated time.Time `json:"authenticated"`
}

// ReadDevice returns a device of a user, or ResourceNotFoundException.
func ReadDevice(tx *store.Tx, pool, id, key string) (*Device, error) {
	row, err := tx.UserObject(pool, id, DeviceKind, key)
	if errors.Is(err, store.ErrNotFound) {
		return nil, api.ResourceNotFound.Errorf("Device does not exist.")
	}
	if err != nil {
		return nil, err
	}
	d := new(Device)
	return d, json.Unmarshal(row.Doc, d)
}

// Put stores the device.
func (d *Device) Put(tx *store.Tx, pool, id string) error {
	body, err := json.Marshal(d)
	if err != nil {
		return err
	}
	return tx.PutUserObject(store.Object{PoolID: pool, UserID: id, Kind: DeviceKind, ID: d.Key, Doc: body, Created: d.Created,
		Modified: d.Modified})
}

// newDevice gives the device of this sign-in a name.
func (x *exchange) newDevice() *wire.NewDeviceMetadata {
	d := &Device{Key: x.Pool.Region + "_" + uuid.NewString(), Group: "-" + rand.Text()[:8], Name: x.Agent, IP: x.IP,
		Created: x.now, Modified: x.now, Authenticated: x.now}
	x.state.DeviceKey = d.Key
	x.do(func(tx *store.Tx) error { return d.Put(tx, x.Pool.ID, x.user.ID) })
	return &wire.NewDeviceMetadata{DeviceKey: d.Key, DeviceGroupKey: d.Group}
}

// askDevice asks a remembered device to prove itself; nil if there is none.
func (x *exchange) askDevice(ctx context.Context) (*Step, error) {
	if x.state.DeviceKey == "" {
		return nil, nil
	}
	if !tracked(x.Pool) {
		x.state.DeviceKey = ""
		return nil, nil
	}
	d, err := x.device(ctx, x.state.DeviceKey)
	if err != nil {
		return nil, err
	}
	if len(d.Verifier) == 0 || !d.Remembered {
		return nil, nil
	}
	return x.challenge(ctx, "DEVICE_SRP_AUTH", map[string]string{"USERNAME": x.user.Username, "DEVICE_KEY": d.Key})
}

func (x *exchange) device(ctx context.Context, key string) (d *Device, err error) {
	err = x.s.Store.View(ctx, func(tx *store.Tx) (err error) {
		d, err = ReadDevice(tx, x.Pool.ID, x.user.ID, key)
		return err
	})
	return d, err
}

func (x *exchange) answerDevice(ctx context.Context, answers map[string]string) (*Step, error) {
	if answers["SRP_A"] == "" {
		return nil, missing("SRP_A")
	}
	if x.user == nil || answers["DEVICE_KEY"] != x.state.DeviceKey {
		return nil, api.ResourceNotFound.Errorf("Device does not exist.")
	}
	d, err := x.device(ctx, x.state.DeviceKey)
	if err != nil {
		return nil, err
	}
	step, err := x.prove(ctx, "DEVICE_PASSWORD_VERIFIER", answers["SRP_A"], d.Group, d.Key, d.Salt, d.Verifier)
	if err == nil {
		step.Parameters["DEVICE_KEY"] = d.Key
	}
	return step, err
}

func (x *exchange) answerDeviceSRP(ctx context.Context, answers map[string]string) (*Step, error) {
	ok, err := x.proven(answers)
	if err != nil {
		return nil, err
	}
	if !ok || x.user == nil || answers["DEVICE_KEY"] != x.state.DeviceKey {
		return nil, x.spend(ctx, incorrect())
	}
	x.do(func(tx *store.Tx) error {
		d, err := ReadDevice(tx, x.Pool.ID, x.user.ID, x.state.DeviceKey)
		if err != nil {
			return err
		}
		d.Authenticated, d.IP = x.now, x.IP
		return d.Put(tx, x.Pool.ID, x.user.ID)
	})
	if suppress := x.Pool.DeviceConfiguration.ChallengeRequiredOnNewDevice; suppress != nil && *suppress {
		x.state.Trusted = true
	}
	if x.state.Source == "" {
		x.state.Source = "AuthenticateDevice"
	}
	return x.second(ctx)
}

// Shown is the device as the API shows it.
func (d *Device) Shown() *wire.Device {
	status := "not_remembered"
	if d.Remembered {
		status = "remembered"
	}
	return &wire.Device{DeviceKey: d.Key, DeviceCreateDate: wire.At(d.Created), DeviceLastModifiedDate: wire.At(d.Modified),
		DeviceLastAuthenticatedDate: wire.At(d.Authenticated), DeviceAttributes: []wire.Attribute{
			{Name: "device_status", Value: map[bool]string{true: "valid", false: "pending"}[len(d.Verifier) > 0]},
			{Name: "device_name", Value: strings.TrimSpace(d.Name)}, {Name: "last_ip_used", Value: d.IP},
			{Name: "dev:device_remembered_status", Value: status}}}
}
