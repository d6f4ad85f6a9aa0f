// Package seed makes user pools from a YAML document, and writes a pool as one: for tests and demos with fixed ids, and to carry a pool
// from one place to another. Its main type is Seeder. Members are named as in AWS's API, so that what "aws cognito-idp" prints or takes can
// be pasted; what a member may be is checked as the API does.
//
//	pools:
//	- Id: us-west-2_Kong00001
//	  PoolName: kongpool
//	  UsernameAttributes: [email]
//	  Domain: kongdomain
//	  ResourceServers:
//	  - {Identifier: "http://kongresource", Name: kong, Scopes: [{ScopeName: scope1, ScopeDescription: one}]}
//	  Clients:
//	  - {ClientId: 1example23456789, ClientName: kong-api, ClientSecret: …, AllowedOAuthFlows: [client_credentials], …}
//	  Groups: [{GroupName: admins}]
//	  Users:
//	  - {Username: jane@example.com, Password: "Passw0rd!", Attributes: {email_verified: "true", given_name: Jane}, Groups: [admins]}
//
// What is there already is brought to what the document says, but for users: those who exist are left alone.
package seed

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/gibbon-gateway/gibbon/internal/idp/user"
	"github.com/gibbon-gateway/gibbon/internal/idp/wire"
)

// Document is a list of pools.
type Document struct {
	Pools []Pool `json:"pools"`
}

// Pool is a user pool with all that is in it.
type Pool struct {
	ID     string `json:"Id,omitempty"` // fixed; "" finds the pool by its name, or makes an id
	Region string `json:"Region,omitempty"`
	wire.CreateUserPoolRequest
	Domain              string                               `json:"Domain,omitempty"`       // prefix
	CustomDomain        string                               `json:"CustomDomain,omitempty"` // whole
	ManagedLoginVersion *int                                 `json:"ManagedLoginVersion,omitempty"`
	MFA                 *wire.SetUserPoolMfaConfigRequest    `json:"MfaConfig,omitempty"`
	ResourceServers     []wire.CreateResourceServerRequest   `json:"ResourceServers,omitempty"`
	IdentityProviders   []wire.CreateIdentityProviderRequest `json:"IdentityProviders,omitempty"`
	Groups              []wire.CreateGroupRequest            `json:"Groups,omitempty"`
	Clients             []Client                             `json:"Clients,omitempty"`
	Users               []User                               `json:"Users,omitempty"`
	UICustomizations    []wire.SetUICustomizationRequest     `json:"UICustomizations,omitempty"`
}

// Client is an app client. Without ClientId it is found by its name.
type Client struct {
	ClientID string `json:"ClientId,omitempty"`
	wire.CreateUserPoolClientRequest
}

// User is a user. Password makes a confirmed user, TemporaryPassword one who must change it at the first sign-in; of exported ones the hash
// and SRP verifier are known in place of a password.
type User struct {
	Username          string            `json:"Username"`
	Sub               string            `json:"Sub,omitempty"`
	Password          string            `json:"Password,omitempty"`
	TemporaryPassword string            `json:"TemporaryPassword,omitempty"`
	PasswordHash      string            `json:"PasswordHash,omitempty"`
	SRPSalt           []byte            `json:"SrpSalt,omitempty"`
	SRPVerifier       []byte            `json:"SrpVerifier,omitempty"`
	Status            string            `json:"UserStatus,omitempty"`
	Enabled           *bool             `json:"Enabled,omitempty"`
	Attributes        map[string]string `json:"Attributes,omitempty"`
	Groups            []string          `json:"Groups,omitempty"`
	Identities        []user.Identity   `json:"Identities,omitempty"` // accounts at other providers
}

// Errors are all that is wrong with a document.
type Errors struct{ List []error }

func (e *Errors) Error() string {
	lines := make([]string, len(e.List))
	for i, err := range e.List {
		lines[i] = err.Error()
	}
	return strings.Join(lines, "\n")
}

func (e *Errors) add(path string, err error) {
	if err != nil {
		e.List = append(e.List, fmt.Errorf("%s: %w", path, err))
	}
}

// or is e as an error: nil if there are none.
func (e *Errors) or() error {
	if len(e.List) == 0 {
		return nil
	}
	return e
}

// Parse reads a document. The error is *Errors.
func Parse(text []byte) (*Document, error) {
	var wrong Errors
	var tree any
	if err := yaml.NewDecoder(bytes.NewReader(text)).Decode(&tree); err != nil && !errors.Is(err, io.EOF) {
		wrong.List = append(wrong.List, err)
		return nil, &wrong
	}
	whole, ok := tree.(map[string]any)
	if tree != nil && !ok {
		wrong.List = append(wrong.List, errors.New("the document is not a mapping with the member pools"))
		return nil, &wrong
	}
	for name := range whole {
		if name != "pools" {
			wrong.add(name, errors.New("unknown member"))
		}
	}
	d := &Document{}
	list, ok := whole["pools"].([]any)
	if whole["pools"] != nil && !ok {
		wrong.add("pools", errors.New("is not a list"))
	}
	for i, item := range list {
		var p Pool
		wrong.decode(fmt.Sprintf("pools[%d]", i), item, &p)
		d.Pools = append(d.Pools, p)
	}
	return d, wrong.or()
}

func (e *Errors) decode(path string, item any, p *Pool) {
	m, ok := item.(map[string]any)
	if !ok {
		e.add(path, errors.New("is not a mapping"))
		return
	}
	into := map[string]func(path string, item any){
		"ResourceServers":   element(e, &p.ResourceServers),
		"IdentityProviders": element(e, &p.IdentityProviders),
		"Groups":            element(e, &p.Groups),
		"Clients":           element(e, &p.Clients),
		"Users":             element(e, &p.Users),
		"UICustomizations":  element(e, &p.UICustomizations),
	}
	rest := make(map[string]any)
	for name, value := range m {
		read := into[name]
		if read == nil {
			rest[name] = value
			continue
		}
		list, ok := value.([]any)
		if value != nil && !ok {
			e.add(path+"."+name, errors.New("is not a list"))
		}
		for i, item := range list {
			read(fmt.Sprintf("%s.%s[%d]", path, name, i), item)
		}
	}
	e.add(path, strict(rest, p))
}

// element reads one element of a list.
func element[T any](e *Errors, list *[]T) func(string, any) {
	return func(path string, item any) {
		var v T
		e.add(path, strict(item, &v))
		*list = append(*list, v)
	}
}

// strict reads a value, and refuses members that it does not know.
func strict(from, into any) error {
	text, err := json.Marshal(from)
	if err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	err = d.Decode(into)
	var kind *json.UnmarshalTypeError
	if errors.As(err, &kind) {
		field := kind.Field
		if embedded, rest, ok := strings.Cut(field, "."); ok && strings.HasSuffix(embedded, "Request") {
			field = rest
		}
		return fmt.Errorf("%s: %s where %s is expected", field, kind.Value, plain(kind.Type.String()))
	}
	if err != nil {
		return errors.New(strings.Replace(strings.TrimPrefix(err.Error(), "json: "), "unknown field", "unknown member", 1))
	}
	return nil
}

// plain names a Go type for people.
func plain(kind string) string {
	switch {
	case kind == "string":
		return "a text"
	case kind == "bool":
		return "true or false"
	case strings.Contains(kind, "int"):
		return "a number"
	case strings.HasPrefix(kind, "[]"):
		return "a list"
	}
	return "a mapping"
}
