package wire

// ConfirmDeviceRequest is the input of ConfirmDevice.
type ConfirmDeviceRequest struct {
	AccessToken                string                      `json:"AccessToken,omitempty" is:"TokenModel,required"`
	DeviceKey                  string                      `json:"DeviceKey,omitempty" is:"DeviceKey,required"`
	DeviceSecretVerifierConfig *DeviceSecretVerifierConfig `json:"DeviceSecretVerifierConfig,omitzero"`
	DeviceName                 string                      `json:"DeviceName,omitempty" is:"DeviceName"`
}

// DeviceSecretVerifierConfig is Cognito's DeviceSecretVerifierConfigType.
type DeviceSecretVerifierConfig struct {
	PasswordVerifier string `json:"PasswordVerifier,omitempty"`
	Salt             string `json:"Salt,omitempty"`
}

// ConfirmDeviceResponse is the output of ConfirmDevice.
type ConfirmDeviceResponse struct {
	UserConfirmationNecessary *bool `json:"UserConfirmationNecessary,omitzero"`
}

// UpdateDeviceStatusRequest is the input of UpdateDeviceStatus.
type UpdateDeviceStatusRequest struct {
	AccessToken            string `json:"AccessToken,omitempty" is:"TokenModel,required"`
	DeviceKey              string `json:"DeviceKey,omitempty" is:"DeviceKey,required"`
	DeviceRememberedStatus string `json:"DeviceRememberedStatus,omitempty" is:"DeviceRememberedStatus"`
}

// GetDeviceRequest is the input of GetDevice.
type GetDeviceRequest struct {
	DeviceKey   string `json:"DeviceKey,omitempty" is:"DeviceKey,required"`
	AccessToken string `json:"AccessToken,omitempty" is:"TokenModel"`
}

// GetDeviceResponse is the output of GetDevice.
type GetDeviceResponse struct {
	Device *Device `json:"Device,omitzero"`
}

// Device is Cognito's DeviceType.
type Device struct {
	DeviceKey                   string      `json:"DeviceKey,omitempty" is:"DeviceKey"`
	DeviceAttributes            []Attribute `json:"DeviceAttributes,omitzero"`
	DeviceCreateDate            *Time       `json:"DeviceCreateDate,omitzero"`
	DeviceLastModifiedDate      *Time       `json:"DeviceLastModifiedDate,omitzero"`
	DeviceLastAuthenticatedDate *Time       `json:"DeviceLastAuthenticatedDate,omitzero"`
}

// ListDevicesRequest is the input of ListDevices.
type ListDevicesRequest struct {
	AccessToken     string `json:"AccessToken,omitempty" is:"TokenModel,required"`
	Limit           *int   `json:"Limit,omitzero" is:"QueryLimitType"`
	PaginationToken string `json:"PaginationToken,omitempty" is:"SearchPaginationToken"`
}

// ListDevicesResponse is the output of ListDevices.
type ListDevicesResponse struct {
	Devices         []Device `json:"Devices,omitzero"`
	PaginationToken string   `json:"PaginationToken,omitempty"`
}

// ForgetDeviceRequest is the input of ForgetDevice.
type ForgetDeviceRequest struct {
	AccessToken string `json:"AccessToken,omitempty" is:"TokenModel"`
	DeviceKey   string `json:"DeviceKey,omitempty" is:"DeviceKey,required"`
}

// AdminGetDeviceRequest is the input of AdminGetDevice.
type AdminGetDeviceRequest struct {
	DeviceKey  string `json:"DeviceKey,omitempty" is:"DeviceKey,required"`
	UserPoolID string `json:"UserPoolId,omitempty" is:"UserPoolID,required"`
	Username   string `json:"Username,omitempty" is:"Username,required"`
}

// AdminGetDeviceResponse is the output of AdminGetDevice.
type AdminGetDeviceResponse struct {
	Device *Device `json:"Device,omitzero"`
}

// AdminListDevicesRequest is the input of AdminListDevices.
type AdminListDevicesRequest struct {
	UserPoolID      string `json:"UserPoolId,omitempty" is:"UserPoolID,required"`
	Username        string `json:"Username,omitempty" is:"Username,required"`
	Limit           *int   `json:"Limit,omitzero" is:"QueryLimitType"`
	PaginationToken string `json:"PaginationToken,omitempty" is:"SearchPaginationToken"`
}

// AdminListDevicesResponse is the output of AdminListDevices.
type AdminListDevicesResponse struct {
	Devices         []Device `json:"Devices,omitzero"`
	PaginationToken string   `json:"PaginationToken,omitempty"`
}

// AdminUpdateDeviceStatusRequest is the input of AdminUpdateDeviceStatus.
type AdminUpdateDeviceStatusRequest struct {
	UserPoolID             string `json:"UserPoolId,omitempty" is:"UserPoolID,required"`
	Username               string `json:"Username,omitempty" is:"Username,required"`
	DeviceKey              string `json:"DeviceKey,omitempty" is:"DeviceKey,required"`
	DeviceRememberedStatus string `json:"DeviceRememberedStatus,omitempty" is:"DeviceRememberedStatus"`
}

// AdminForgetDeviceRequest is the input of AdminForgetDevice.
type AdminForgetDeviceRequest struct {
	UserPoolID string `json:"UserPoolId,omitempty" is:"UserPoolID,required"`
	Username   string `json:"Username,omitempty" is:"Username,required"`
	DeviceKey  string `json:"DeviceKey,omitempty" is:"DeviceKey,required"`
}
