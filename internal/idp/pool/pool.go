// Package pool keeps the configuration of user pools: pools themselves with their attributes and rules, app clients and their secrets,
// domains, resource servers, identity providers, branding, terms, and the settings that are only stored. Its main type is Service, which
// serves the operations of the API for all these and hands read-only Pools and Clients, from memory, to the packages that act on them.
//
// The package knows no users and makes no tokens.
package pool

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gibbon-gateway/gibbon/internal/idp/api"
	"github.com/gibbon-gateway/gibbon/internal/idp/store"
	"github.com/gibbon-gateway/gibbon/internal/idp/token"
	"github.com/gibbon-gateway/gibbon/internal/idp/wire"
)

// Account is the AWS account that everything belongs to.
const Account = "123456789012"

// stale is how long what was read is believed without asking the database: other processes may change it.
const stale = 5 * time.Second

// Pool is a user pool with all that decisions about its users need. It is shared and must not be changed.
type Pool struct {
	wire.UserPool // as DescribeUserPool shows it, without counts
	Region        string
	Issuer        string // iss of its tokens
	MFA           MFA
	Sessions      wire.UserPoolSessionConfiguration
	Prefix        string // of the prefix domain; "" for none
	Custom        string // the custom domain; "" for none
	LoginVersion  int    // of the domain's pages: 1 classic, 2 managed login
	Servers       []wire.ResourceServer
	Providers     []wire.IdentityProvider

	attributes map[string]wire.SchemaAttribute
	scopes     map[string]bool
}

// MFA is what SetUserPoolMfaConfig sets beside MfaConfiguration and the text messages.
type MFA struct {
	SMS           bool                        `json:"sms,omitempty"`
	SoftwareToken bool                        `json:"softwareToken,omitempty"`
	Email         *wire.EmailMfaConfig        `json:"email,omitempty"`
	WebAuthn      *wire.WebAuthnConfiguration `json:"webAuthn,omitempty"`
}

// Short is the part of the id after the underscore, which SRP calls the pool's name.
func (p *Pool) Short() string { return p.ID[strings.IndexByte(p.ID, '_')+1:] }

// Attribute returns the declaration of an attribute, by its full name.
func (p *Pool) Attribute(name string) (wire.SchemaAttribute, bool) {
	a, ok := p.attributes[name]
	return a, ok
}

// IgnoresCase says whether usernames and aliases differ by more than case.
func (p *Pool) IgnoresCase() bool {
	return p.UsernameConfiguration != nil && !isTrue(p.UsernameConfiguration.CaseSensitive)
}

// NamedBy says whether users are named by an attribute, email or phone_number, and have no username of their own.
func (p *Pool) NamedBy(attribute string) bool {
	return slices.Contains(p.UsernameAttributes, attribute)
}

// Verifies says whether an attribute gets a code at sign-up and when it changes.
func (p *Pool) Verifies(attribute string) bool {
	return slices.Contains(p.AutoVerifiedAttributes, attribute)
}

// HasScope says whether a resource server of the pool has this scope, written identifier/name.
func (p *Pool) HasScope(scope string) bool { return p.scopes[scope] }

// Provider returns the identity provider of that name.
func (p *Pool) Provider(name string) (wire.IdentityProvider, bool) {
	for _, idp := range p.Providers {
		if idp.ProviderName == name {
			return idp, true
		}
	}
	return wire.IdentityProvider{}, false
}

// PasswordPolicy is the pool's.
func (p *Pool) PasswordPolicy() wire.PasswordPolicy { return *p.Policies.PasswordPolicy }

// FirstFactor says whether users may begin to sign in with a factor: PASSWORD, EMAIL_OTP, SMS_OTP or WEB_AUTHN.
func (p *Pool) FirstFactor(factor string) bool {
	return slices.Contains(p.Policies.SignInPolicy.AllowedFirstAuthFactors, factor)
}

// Service serves the operations on pools. Make one with New.
type Service struct {
	Options
	pools   cache[*Pool]
	clients cache[*Client]
	limits  sync.Map // category of calls → int
}

// Options are what a Service needs.
type Options struct {
	Store  *store.Store
	Ring   *token.Ring
	Now    func() time.Time
	Issuer func(region, pool string) string // what the pool's tokens name as issuer
}

// New returns a Service.
func New(o Options) *Service {
	return &Service{Options: o}
}

// cache keeps what was read until the store's version moves or it is stale.
type cache[T any] struct {
	mu      sync.RWMutex
	entries map[string]entry[T]
}

type entry[T any] struct {
	value   T
	version uint64
	read    time.Time
}

// get returns the value of a key from memory, or reads it.
func (c *cache[T]) get(s *Service, ctx context.Context, key string, read func(*store.Tx) (T, error)) (T, error) {
	version, now := s.Store.Version(), s.Now()
	c.mu.RLock()
	e, ok := c.entries[key]
	c.mu.RUnlock()
	if ok && e.version == version && now.Sub(e.read).Abs() < stale {
		return e.value, nil
	}
	var v T
	err := s.Store.View(ctx, func(tx *store.Tx) (err error) {
		v, err = read(tx)
		return err
	})
	c.mu.Lock()
	defer c.mu.Unlock()
	if err != nil {
		delete(c.entries, key)
		return v, err
	}
	if c.entries == nil {
		c.entries = make(map[string]entry[T])
	}
	c.entries[key] = entry[T]{v, version, now}
	return v, nil
}

// Pool returns the pool, or ResourceNotFoundException.
func (s *Service) Pool(ctx context.Context, id string) (*Pool, error) {
	return s.pools.get(s, ctx, id, func(tx *store.Tx) (*Pool, error) { return s.Load(tx, id) })
}

// Load reads the pool within a transaction, or returns ResourceNotFoundException.
func (s *Service) Load(tx *store.Tx, id string) (*Pool, error) {
	row, err := tx.Pool(id)
	if errors.Is(err, store.ErrNotFound) {
		return nil, missing(id)
	}
	if err != nil {
		return nil, err
	}
	d, err := decodeDoc(row)
	if err != nil {
		return nil, err
	}
	p := &Pool{UserPool: d.Pool, Region: row.Region, Issuer: s.Issuer(row.Region, row.ID), MFA: d.MFA, Sessions: d.sessions(), LoginVersion: 1,
		attributes: make(map[string]wire.SchemaAttribute), scopes: make(map[string]bool)}
	p.CreationDate, p.LastModifiedDate = wire.At(row.Created), wire.At(row.Modified)
	for _, a := range p.SchemaAttributes {
		p.attributes[a.Name] = a
	}
	domains, err := tx.Domains(id)
	if err != nil {
		return nil, err
	}
	for _, domain := range domains {
		p.addDomain(domain)
	}
	servers, err := tx.ResourceServers(id, "", 1000)
	if err != nil {
		return nil, err
	}
	for _, row := range servers {
		server, err := decodeServer(row)
		if err != nil {
			return nil, err
		}
		p.Servers = append(p.Servers, *server)
		for _, scope := range server.Scopes {
			p.scopes[server.Identifier+"/"+scope.ScopeName] = true
		}
	}
	if p.Providers, err = providers(tx, id); err != nil {
		return nil, err
	}
	return p, nil
}

func (p *Pool) addDomain(d store.Domain) {
	if d.Custom {
		p.Custom, p.CustomDomain = d.Name, d.Name
	} else {
		p.Prefix, p.Domain = d.Name, d.Name
	}
	var doc domainDoc
	if json.Unmarshal(d.Doc, &doc) == nil && doc.LoginVersion > p.LoginVersion {
		p.LoginVersion = doc.LoginVersion
	}
}

// ByDomain returns the pool whose pages have this name: a prefix, or a custom domain. Otherwise store.ErrNotFound.
func (s *Service) ByDomain(ctx context.Context, name string) (*Pool, error) {
	var id string
	err := s.Store.View(ctx, func(tx *store.Tx) error {
		d, err := tx.Domain(strings.ToLower(name))
		id = d.PoolID
		return err
	})
	if err != nil {
		return nil, err
	}
	return s.Pool(ctx, id)
}

// missing is the error for a pool that is not there.
func missing(id string) error { return api.ResourceNotFound.Errorf("User pool %s does not exist.", id) }

// doc is what lies in the column of that name.
type doc struct {
	Pool     wire.UserPool                      `json:"pool"`
	MFA      MFA                                `json:"mfa"`
	Sessions *wire.UserPoolSessionConfiguration `json:"sessions,omitempty"`
}

func (d doc) sessions() wire.UserPoolSessionConfiguration {
	if d.Sessions != nil {
		return *d.Sessions
	}
	return wire.UserPoolSessionConfiguration{UserSessionTracking: "DISABLED", TokenSession: &wire.TokenSessionConfig{MaxPerUser: new(20)}}
}

func decodeDoc(row store.Pool) (d doc, err error) {
	if err := json.Unmarshal(row.Doc, &d); err != nil {
		return d, fmt.Errorf("pool %s: stored document: %w", row.ID, err)
	}
	return d, nil
}

// edit changes a pool's document within a transaction.
func (s *Service) edit(ctx context.Context, id string, change func(*store.Tx, *doc) error) error {
	return s.Store.Update(ctx, func(tx *store.Tx) error {
		row, err := tx.Pool(id)
		if errors.Is(err, store.ErrNotFound) {
			return missing(id)
		}
		if err != nil {
			return err
		}
		d, err := decodeDoc(row)
		if err != nil {
			return err
		}
		if err := change(tx, &d); err != nil {
			return err
		}
		row.Name, row.Modified = d.Pool.Name, s.Now()
		if row.Doc, err = json.Marshal(d); err != nil {
			return err
		}
		return tx.UpdatePool(row)
	})
}

// in runs fn in a transaction if the pool exists.
func (s *Service) in(ctx context.Context, id string, fn func(*store.Tx) error) error {
	return s.Store.Update(ctx, func(tx *store.Tx) error {
		if err := exists(tx, id); err != nil {
			return err
		}
		return fn(tx)
	})
}

// view runs fn in a consistent read if the pool exists.
func (s *Service) view(ctx context.Context, id string, fn func(*store.Tx) error) error {
	return s.Store.View(ctx, func(tx *store.Tx) error {
		if err := exists(tx, id); err != nil {
			return err
		}
		return fn(tx)
	})
}

func exists(tx *store.Tx, id string) error {
	_, err := tx.Pool(id)
	if errors.Is(err, store.ErrNotFound) {
		return missing(id)
	}
	return err
}

// ARN is the pool's.
func ARN(region, id string) string {
	return "arn:aws:cognito-idp:" + region + ":" + Account + ":userpool/" + id
}

func isTrue(b *bool) bool { return b != nil && *b }

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// UsesAlias says whether users may sign in by a verified attribute besides their username.
func (p *Pool) UsesAlias(attribute string) bool { return slices.Contains(p.AliasAttributes, attribute) }
