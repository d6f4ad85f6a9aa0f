// Package user is the model of a pool's users: how they are found by the names they have, what their attributes may be, how a password is
// set, and how all that lies in the store. Its main type is User.
//
// The package sends nothing, asks no triggers and makes no tokens; packages account and auth do.
package user

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/gibbon-gateway/gibbon/internal/idp/api"
	"github.com/gibbon-gateway/gibbon/internal/idp/pool"
	"github.com/gibbon-gateway/gibbon/internal/idp/store"
	"github.com/gibbon-gateway/gibbon/internal/idp/wire"
)

// The states of a user.
const (
	Unconfirmed   = "UNCONFIRMED"
	Confirmed     = "CONFIRMED"
	ForceChange   = "FORCE_CHANGE_PASSWORD"
	ResetRequired = "RESET_REQUIRED"
	External      = "EXTERNAL_PROVIDER"
)

// User is a user with what is known of them. Attr has no sub: that is the ID.
type User struct {
	store.User
	Attr map[string]string
	More More
}

// More is what a user has besides attributes and password.
type More struct {
	MFA        MFA               `json:"mfa,omitzero"`
	TOTP       *TOTP             `json:"totp,omitempty"`
	History    []string          `json:"history,omitempty"` // hashes of former passwords, newest first
	Pending    map[string]string `json:"pending,omitempty"` // values that replace email or phone_number once they are verified
	Identities []Identity        `json:"identities,omitempty"`
	MFAOptions []wire.MFAOption  `json:"mfaOptions,omitempty"` // of the legacy operations
	Temporary  bool              `json:"temporary,omitempty"`  // the password is one from an administrator
}

// MFA is what a user chose.
type MFA struct {
	SMS       bool   `json:"sms,omitempty"`
	TOTP      bool   `json:"totp,omitempty"`
	Email     bool   `json:"email,omitempty"`
	WebAuthn  bool   `json:"webAuthn,omitempty"`
	Preferred string `json:"preferred,omitempty"` // SMS_MFA, SOFTWARE_TOKEN_MFA or EMAIL_OTP
}

// TOTP is an authenticator app of the user's.
type TOTP struct {
	Secret   []byte `json:"secret"` // sealed
	Verified bool   `json:"verified,omitempty"`
	Name     string `json:"name,omitempty"`
	LastStep int64  `json:"lastStep,omitempty"` // the newest step whose code was used
}

// Identity is the user's account at an identity provider. Its form is that of the claim.
type Identity struct {
	UserID       string  `json:"userId"`
	ProviderName string  `json:"providerName"`
	ProviderType string  `json:"providerType"`
	Issuer       *string `json:"issuer"`
	Primary      string  `json:"primary"`
	DateCreated  string  `json:"dateCreated"` // milliseconds since 1970
}

// NewSub returns a fresh sub. Its third group begins with 70, as that of the service's does.
func NewSub() string {
	var b [16]byte
	rand.Read(b[:])
	b[6] = 0x70
	s := hex.EncodeToString(b[:])
	return s[:8] + "-" + s[8:12] + "-" + s[12:16] + "-" + s[16:20] + "-" + s[20:]
}

// Key is a name as the pool compares it.
func Key(p *pool.Pool, name string) string {
	if p.IgnoresCase() {
		return strings.ToLower(name)
	}
	return name
}

// Decode reads a row.
func Decode(row store.User) (*User, error) {
	u := &User{User: row}
	if err := json.Unmarshal(row.Attributes, &u.Attr); err != nil {
		return nil, fmt.Errorf("user %s: stored attributes: %w", row.ID, err)
	}
	if u.Attr == nil {
		u.Attr = make(map[string]string)
	}
	if err := json.Unmarshal(row.Doc, &u.More); err != nil {
		return nil, fmt.Errorf("user %s: stored document: %w", row.ID, err)
	}
	return u, nil
}

// Find returns the user of this username, alias or sub, or store.ErrNotFound.
func Find(tx *store.Tx, p *pool.Pool, name string) (*User, error) {
	key := Key(p, name)
	row, err := tx.UserByName(p.ID, key)
	for _, kind := range slices.Concat(p.UsernameAttributes, p.AliasAttributes) {
		if !errors.Is(err, store.ErrNotFound) {
			break
		}
		row, err = tx.UserByAlias(p.ID, store.Alias{Kind: kind, Key: key})
	}
	if errors.Is(err, store.ErrNotFound) {
		row, err = tx.User(p.ID, strings.ToLower(name))
	}
	if err != nil {
		return nil, err
	}
	return Decode(row)
}

// ByID returns the user of this sub, or store.ErrNotFound.
func ByID(tx *store.Tx, p *pool.Pool, id string) (*User, error) {
	row, err := tx.User(p.ID, id)
	if err != nil {
		return nil, err
	}
	return Decode(row)
}

// ByIdentity returns the user who has this account at an identity provider, or store.ErrNotFound.
func ByIdentity(tx *store.Tx, p *pool.Pool, provider, subject string) (*User, error) {
	row, err := tx.UserByAlias(p.ID, store.Alias{Kind: identityKind, Key: identityKey(provider, subject)})
	if err != nil {
		return nil, err
	}
	return Decode(row)
}

const identityKind = "identity"

func identityKey(provider, subject string) string { return provider + "\n" + subject }

// Insert stores a new user: store.ErrExists if the username or an alias is taken.
func (u *User) Insert(tx *store.Tx, p *pool.Pool) error {
	if err := u.encode(); err != nil {
		return err
	}
	return tx.InsertUser(u.User, u.aliases(p), u.search())
}

// Save stores a changed user: AliasExistsException if a name is taken.
func (u *User) Save(tx *store.Tx, p *pool.Pool, now time.Time) error {
	u.Modified = now
	if err := u.encode(); err != nil {
		return err
	}
	err := tx.UpdateUser(u.User, u.aliases(p), u.search())
	if !errors.Is(err, store.ErrExists) {
		return err
	}
	_, attribute, err := u.Holder(tx, p)
	if err != nil {
		return err
	}
	return api.AliasExists.Errorf("An account with the given %s already exists.", attribute)
}

// SaveState stores failures, locks and such, but no status or attribute by which the user is found.
func (u *User) SaveState(tx *store.Tx) error {
	if err := u.encode(); err != nil {
		return err
	}
	return tx.UpdateUserState(u.User)
}

func (u *User) encode() (err error) {
	if u.Attributes, err = json.Marshal(u.Attr); err != nil {
		return err
	}
	u.Doc, err = json.Marshal(u.More)
	return err
}

// aliases are the names besides the username by which the user is found.
func (u *User) aliases(p *pool.Pool) []store.Alias {
	var list []store.Alias
	local := u.Status != External // who comes from elsewhere is not found by an address, and may share it
	for _, name := range p.UsernameAttributes {
		if v := u.Attr[name]; v != "" && local {
			list = append(list, store.Alias{Kind: name, Key: Key(p, v)})
		}
	}
	for _, name := range p.AliasAttributes {
		v := u.Attr[name]
		good := u.Attr[name+"_verified"] == "true"
		if name == "preferred_username" {
			good = u.Status != Unconfirmed
		}
		if v != "" && good && local {
			list = append(list, store.Alias{Kind: name, Key: Key(p, v)})
		}
	}
	for _, i := range u.More.Identities {
		list = append(list, store.Alias{Kind: identityKind, Key: identityKey(i.ProviderName, i.UserID)})
	}
	return list
}

// Holder returns the other user who has one of u's aliases, with the attribute's name; nil if there is none.
func (u *User) Holder(tx *store.Tx, p *pool.Pool) (*User, string, error) {
	for _, a := range u.aliases(p) {
		row, err := tx.UserByAlias(p.ID, a)
		if errors.Is(err, store.ErrNotFound) || err == nil && row.ID == u.ID {
			continue
		}
		if err != nil {
			return nil, "", err
		}
		other, err := Decode(row)
		return other, a.Kind, err
	}
	return nil, "", nil
}

// Searchable lists the names by which ListUsers filters.
var Searchable = []string{"username", "email", "phone_number", "name", "given_name", "family_name", "preferred_username",
	"cognito:user_status",
	"status", "sub"}

func (u *User) search() []store.Search {
	var list []store.Search
	for _, name := range Searchable {
		v := u.Attr[name]
		switch name {
		case "username":
			v = u.Username
		case "sub":
			v = u.ID
		case "cognito:user_status":
			v = u.Status
		case "status":
			v = map[bool]string{true: "Enabled", false: "Disabled"}[u.Enabled]
		}
		if v != "" {
			list = append(list, store.Search{Name: name, Value: v})
		}
	}
	return list
}

// Shown lists the attributes that pass a filter, by name, with the sub.
func (u *User) Shown(passes func(name string) bool) []wire.Attribute {
	all := maps.Clone(u.Attr)
	all["sub"] = u.ID
	if len(u.More.Identities) > 0 {
		if b, err := json.Marshal(u.More.Identities); err == nil {
			all["identities"] = string(b)
		}
	}
	list := []wire.Attribute{}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if passes == nil || passes(name) {
			list = append(list, wire.Attribute{Name: name, Value: all[name]})
		}
	}
	return list
}

// Methods lists the MFA methods that the user switched on, as the API names them, and the preferred one.
func (u *User) Methods() (list []string, preferred string) {
	if u.More.MFA.SMS {
		list = append(list, "SMS_MFA")
	}
	if u.More.MFA.TOTP {
		list = append(list, "SOFTWARE_TOKEN_MFA")
	}
	if u.More.MFA.Email {
		list = append(list, "EMAIL_OTP")
	}
	return list, u.More.MFA.Preferred
}

// Contact is the address, number or "" of a medium, and its attribute.
func (u *User) Contact(medium string) (value, attribute string) {
	attribute = map[string]string{"SMS": "phone_number", "EMAIL": "email"}[medium]
	return u.Attr[attribute], attribute
}

// Verified says whether email or phone_number is known to be the user's.
func (u *User) Verified(attribute string) bool {
	return u.Attr[attribute] != "" && u.Attr[attribute+"_verified"] == "true"
}
