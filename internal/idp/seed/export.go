package seed

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/gibbon-gateway/gibbon/internal/idp/pool"
	"github.com/gibbon-gateway/gibbon/internal/idp/store"
	"github.com/gibbon-gateway/gibbon/internal/idp/user"
	"github.com/gibbon-gateway/gibbon/internal/idp/wire"
)

// page is how many users, groups or clients are read at once.
const page = 500

// Export writes a pool as a document that makes it again: with secrets of clients, and passwords of users as hashes. Signing keys, sessions,
// second factors and devices are not in it.
func (s *Seeder) Export(ctx context.Context, id string) ([]byte, error) {
	p, err := s.Pools.Pool(ctx, id)
	if err != nil {
		return nil, err
	}
	out, err := s.describe(ctx, p)
	if err != nil {
		return nil, err
	}
	err = s.Store.View(ctx, func(tx *store.Tx) error {
		out.Clients, out.Groups, out.Users = nil, nil, nil // of an attempt before
		if err := out.addClients(ctx, s, tx); err != nil {
			return err
		}
		return out.addPeople(tx, p)
	})
	if err != nil {
		return nil, err
	}
	return encode(Document{Pools: []Pool{*out}})
}

// describe is the pool itself as a request that makes it.
func (s *Seeder) describe(ctx context.Context, p *pool.Pool) (*Pool, error) {
	out := &Pool{ID: p.ID, Region: p.Region}
	if err := recast(p.UserPool, &out.CreateUserPoolRequest); err != nil {
		return nil, err
	}
	out.PoolName, out.Schema = p.Name, nil
	for _, a := range p.SchemaAttributes {
		name, custom := strings.CutPrefix(a.Name, "custom:")
		if developer, ok := strings.CutPrefix(a.Name, "dev:custom:"); ok {
			name, custom = developer, true
		}
		if custom || a.Required != nil && *a.Required && a.Name != "sub" {
			a.Name = name
			out.Schema = append(out.Schema, a)
		}
	}
	// What the template has is repeated in these for old clients.
	if out.VerificationMessageTemplate != nil {
		out.SmsVerificationMessage, out.EmailVerificationMessage, out.EmailVerificationSubject = "", "", ""
	}
	if c := out.AdminCreateUserConfig; c != nil {
		copied := *c
		copied.UnusedAccountValidityDays = nil // an older name of TemporaryPasswordValidityDays
		out.AdminCreateUserConfig = &copied
	}
	out.Domain, out.CustomDomain = p.Prefix, p.Custom
	if p.Prefix != "" || p.Custom != "" {
		out.ManagedLoginVersion = &p.LoginVersion
	}
	for _, server := range p.Servers {
		out.ResourceServers = append(out.ResourceServers, wire.CreateResourceServerRequest{Identifier: server.Identifier, Name: server.Name, Scopes: server.Scopes})
	}
	for _, idp := range p.Providers {
		out.IdentityProviders = append(out.IdentityProviders, wire.CreateIdentityProviderRequest{ProviderName: idp.ProviderName, ProviderType: idp.ProviderType,
			ProviderDetails: idp.ProviderDetails, AttributeMapping: idp.AttributeMapping, IdpIdentifiers: idp.IdpIdentifiers})
	}
	var mfa wire.GetUserPoolMfaConfigResponse
	if err := s.Invoke(ctx, p.Region, "GetUserPoolMfaConfig", wire.GetUserPoolMfaConfigRequest{UserPoolID: p.ID}, &mfa); err != nil {
		return nil, err
	}
	if mfa.MfaConfiguration != "" && mfa.MfaConfiguration != "OFF" || mfa.WebAuthnConfiguration != nil {
		out.MFA = &wire.SetUserPoolMfaConfigRequest{}
		if err := recast(mfa, out.MFA); err != nil {
			return nil, err
		}
		out.MfaConfiguration = "" // its factors are in MfaConfig
	}
	return out, nil
}

func (out *Pool) addClients(ctx context.Context, s *Seeder, tx *store.Tx) error {
	for after := ""; ; {
		rows, err := tx.Clients(out.ID, after, page)
		if err != nil || len(rows) == 0 {
			return err
		}
		for _, row := range rows {
			_, c, err := s.Pools.Client(ctx, row.ID)
			if err != nil {
				return err
			}
			client := Client{ClientID: c.ClientID}
			if err := recast(c.UserPoolClient, &client.CreateUserPoolClientRequest); err != nil {
				return err
			}
			client.UserPoolID = ""
			out.Clients = append(out.Clients, client)
		}
		after = rows[len(rows)-1].ID
	}
}

func (out *Pool) addPeople(tx *store.Tx, p *pool.Pool) error {
	for after := ""; ; {
		groups, err := tx.Groups(p.ID, after, page)
		if err != nil {
			return err
		}
		if len(groups) == 0 {
			break
		}
		for _, g := range groups {
			out.Groups = append(out.Groups, wire.CreateGroupRequest{GroupName: g.Name, Description: g.Description, RoleARN: g.Role, Precedence: g.Precedence})
		}
		after = groups[len(groups)-1].Name
	}
	for after := ""; ; {
		rows, err := tx.Users(p.ID, after, page)
		if err != nil || len(rows) == 0 {
			return err
		}
		for _, row := range rows {
			u, err := user.Decode(row)
			if err != nil {
				return err
			}
			in := User{Username: u.Username, Sub: u.ID, PasswordHash: u.Hash, SRPSalt: u.Salt, SRPVerifier: u.Verifier, Status: u.Status,
				Attributes: u.Attr, Identities: u.More.Identities}
			for _, name := range p.UsernameAttributes {
				if v := u.Attr[name]; v != "" && u.Username == u.ID {
					in.Username = v
					break
				}
			}
			if !u.Enabled {
				in.Enabled = &u.Enabled
			}
			groups, err := tx.GroupsOf(p.ID, u.ID)
			if err != nil {
				return err
			}
			for _, g := range groups {
				in.Groups = append(in.Groups, g.Name)
			}
			out.Users = append(out.Users, in)
		}
		after = rows[len(rows)-1].ID
	}
}

// encode writes a document as YAML, members in the order of the structs.
func encode(d Document) ([]byte, error) {
	text, err := json.Marshal(d)
	if err != nil {
		return nil, err
	}
	var tree yaml.Node
	if err := yaml.Unmarshal(text, &tree); err != nil { // JSON is YAML, and a node keeps the order
		return nil, err
	}
	loosen(&tree)
	var b bytes.Buffer
	e := yaml.NewEncoder(&b)
	e.SetIndent(2)
	if err := e.Encode(&tree); err != nil {
		return nil, err
	}
	return b.Bytes(), e.Close()
}

// loosen has a node written line by line, and quotes only where they are needed.
func loosen(n *yaml.Node) {
	n.Style = 0
	for _, child := range n.Content {
		loosen(child)
	}
}
