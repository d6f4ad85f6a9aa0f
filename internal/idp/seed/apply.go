package seed

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/gibbon-gateway/gibbon/internal/idp/api"
	"github.com/gibbon-gateway/gibbon/internal/idp/password"
	"github.com/gibbon-gateway/gibbon/internal/idp/pool"
	"github.com/gibbon-gateway/gibbon/internal/idp/store"
	"github.com/gibbon-gateway/gibbon/internal/idp/wire"
)

// Seeder makes what documents describe.
type Seeder struct {
	Pools *pool.Service
	Store *store.Store
	Now   func() time.Time
	Cost  password.Cost
	// Invoke calls an operation of the API with all its checks. out may be nil.
	Invoke func(ctx context.Context, region, operation string, in, out any) error
	Region string // of pools that name none
}

// File makes the pools of a file.
func (s *Seeder) File(ctx context.Context, path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if _, err := s.Text(ctx, text); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// Text makes the pools of a document and returns their ids. Nothing is made if the document cannot be read; otherwise what can be made is,
// and the error, an *Errors, names all that could not.
func (s *Seeder) Text(ctx context.Context, text []byte) ([]string, error) {
	d, err := Parse(text)
	if err != nil {
		return nil, err
	}
	ids := []string{}
	var wrong Errors
	for i := range d.Pools {
		w := &work{Seeder: s, ctx: ctx, path: fmt.Sprintf("pools[%d]", i), wrong: &wrong, p: &d.Pools[i]}
		if w.region = w.p.Region; w.region == "" {
			w.region = s.Region
			if region, _, ok := strings.Cut(w.p.ID, "_"); ok {
				w.region = region
			}
		}
		if w.pool() {
			w.parts()
			ids = append(ids, w.p.ID)
		}
		if ctx.Err() != nil {
			return ids, ctx.Err()
		}
	}
	return ids, wrong.or()
}

// work is the making of one pool.
type work struct {
	*Seeder
	ctx    context.Context
	path   string
	region string
	wrong  *Errors
	p      *Pool
}

func (w *work) fail(path string, err error) bool {
	if err != nil {
		w.wrong.add(w.path+path, err)
	}
	return err != nil
}

func (w *work) invoke(path, operation string, in any) {
	w.fail(path, w.Invoke(w.ctx, w.region, operation, in, nil))
}

func (w *work) call() *api.Call {
	return &api.Call{Context: w.ctx, Region: w.region, RequestID: uuid.NewString(), Request: new(http.Request)}
}

// pool makes the pool itself, or brings it up to date. It reports whether there is one now.
func (w *work) pool() bool {
	if w.p.ID == "" && w.fail("", w.named()) {
		return false
	}
	found, err := w.Pools.Pool(w.ctx, w.p.ID)
	if w.p.ID == "" || api.ResourceNotFound.Is(err) {
		if w.fail("", api.Check(&w.p.CreateUserPoolRequest)) {
			return false
		}
		out, err := w.Pools.Create(w.call(), w.p.ID, &w.p.CreateUserPoolRequest)
		if w.fail("", err) {
			return false
		}
		w.p.ID = out.UserPool.ID
		return true
	}
	if w.fail("", err) {
		return false
	}
	var in wire.UpdateUserPoolRequest
	if w.fail("", recast(w.p.CreateUserPoolRequest, &in)) {
		return false
	}
	in.UserPoolID = w.p.ID
	w.invoke("", "UpdateUserPool", in)
	var missing []wire.SchemaAttribute
	for _, a := range w.p.Schema {
		_, standard := found.Attribute(a.Name)
		_, custom := found.Attribute("custom:" + a.Name)
		if !standard && !custom {
			missing = append(missing, a)
		}
	}
	if len(missing) > 0 {
		w.invoke(".Schema", "AddCustomAttributes", wire.AddCustomAttributesRequest{UserPoolID: w.p.ID, CustomAttributes: missing})
	}
	return true
}

// named finds the pool by its name.
func (w *work) named() error {
	in := wire.ListUserPoolsRequest{MaxResults: new(60)}
	for {
		var out wire.ListUserPoolsResponse
		if err := w.Invoke(w.ctx, w.region, "ListUserPools", in, &out); err != nil {
			return err
		}
		for _, p := range out.UserPools {
			if p.Name == w.p.PoolName {
				w.p.ID = p.ID
				return nil
			}
		}
		if in.NextToken = out.NextToken; in.NextToken == "" {
			return nil
		}
	}
}

// parts makes what is in the pool, what others depend on first.
func (w *work) parts() {
	have, err := w.Pools.Pool(w.ctx, w.p.ID)
	if w.fail("", err) {
		return
	}
	id := w.p.ID
	w.domains(have)
	if w.p.MFA != nil {
		w.p.MFA.UserPoolID = id
		w.invoke(".MfaConfig", "SetUserPoolMfaConfig", w.p.MFA)
	}
	for i, in := range w.p.ResourceServers {
		in.UserPoolID = id
		known := slices.ContainsFunc(have.Servers, func(s wire.ResourceServer) bool { return s.Identifier == in.Identifier })
		w.invoke(fmt.Sprintf(".ResourceServers[%d]", i), verb(known)+"ResourceServer", in)
	}
	for i, in := range w.p.IdentityProviders {
		in.UserPoolID = id
		path := fmt.Sprintf(".IdentityProviders[%d]", i)
		if _, known := have.Provider(in.ProviderName); !known {
			w.invoke(path, "CreateIdentityProvider", in)
			continue
		}
		var update wire.UpdateIdentityProviderRequest
		if !w.fail(path, recast(in, &update)) {
			w.invoke(path, "UpdateIdentityProvider", update)
		}
	}
	for i, in := range w.p.Groups {
		in.UserPoolID = id
		err := w.Invoke(w.ctx, w.region, "GetGroup", wire.GetGroupRequest{UserPoolID: id, GroupName: in.GroupName}, nil)
		w.invoke(fmt.Sprintf(".Groups[%d]", i), verb(err == nil)+"Group", in)
	}
	for i := range w.p.Clients {
		w.client(fmt.Sprintf(".Clients[%d]", i), &w.p.Clients[i])
	}
	for i, in := range w.p.UICustomizations {
		in.UserPoolID = id
		w.invoke(fmt.Sprintf(".UICustomizations[%d]", i), "SetUICustomization", in)
	}
	for i, u := range w.p.Users {
		w.user(fmt.Sprintf(".Users[%d]", i), u)
	}
}

func verb(known bool) string {
	if known {
		return "Update"
	}
	return "Create"
}

// domains gives the pool its names. A pool keeps the names that it has.
func (w *work) domains(have *pool.Pool) {
	for _, d := range []struct{ path, want, have string }{{".Domain", w.p.Domain, have.Prefix}, {".CustomDomain", w.p.CustomDomain, have.Custom}} {
		switch {
		case d.want == "" || d.want == d.have:
			continue
		case d.have != "":
			w.fail(d.path, fmt.Errorf("the pool has the domain %s already", d.have))
			continue
		}
		in := wire.CreateUserPoolDomainRequest{Domain: d.want, UserPoolID: w.p.ID, ManagedLoginVersion: w.p.ManagedLoginVersion}
		if d.path == ".CustomDomain" {
			in.CustomDomainConfig = &wire.CustomDomainConfig{CertificateARN: "arn:aws:acm:us-east-1:" + pool.Account + ":certificate/" + uuid.NewString()}
		}
		w.invoke(d.path, "CreateUserPoolDomain", in)
	}
}

// client makes an app client, or brings it up to date; a secret that it has stays.
func (w *work) client(path string, c *Client) {
	c.UserPoolID = w.p.ID
	if c.ClientID == "" && w.fail(path, w.namedClient(c)) {
		return
	}
	var have *pool.Client
	if c.ClientID != "" {
		p, found, err := w.Pools.Client(w.ctx, c.ClientID)
		switch {
		case api.ResourceNotFound.Is(err):
		case w.fail(path, err):
			return
		case p.ID != w.p.ID:
			w.fail(path+".ClientId", fmt.Errorf("%s is an app client of pool %s", c.ClientID, p.ID))
			return
		default:
			have = found
		}
	}
	if have == nil {
		if w.fail(path, api.Check(&c.CreateUserPoolClientRequest)) {
			return
		}
		out, err := w.Pools.CreateClient(w.call(), c.ClientID, &c.CreateUserPoolClientRequest)
		if !w.fail(path, err) {
			c.ClientID = out.UserPoolClient.ClientID
		}
		return
	}
	if c.ClientSecret != "" && !have.Proves(c.ClientSecret) {
		w.fail(path+".ClientSecret", errors.New("the app client is there with another secret"))
		return
	}
	var in wire.UpdateUserPoolClientRequest
	if !w.fail(path, recast(c.CreateUserPoolClientRequest, &in)) {
		in.ClientID = c.ClientID
		w.invoke(path, "UpdateUserPoolClient", in)
	}
}

// namedClient finds an app client by its name.
func (w *work) namedClient(c *Client) error {
	in := wire.ListUserPoolClientsRequest{UserPoolID: w.p.ID, MaxResults: new(60)}
	for {
		var out wire.ListUserPoolClientsResponse
		if err := w.Invoke(w.ctx, w.region, "ListUserPoolClients", in, &out); err != nil {
			return err
		}
		for _, found := range out.UserPoolClients {
			if found.ClientName == c.ClientName {
				c.ClientID = found.ClientID
				return nil
			}
		}
		if in.NextToken = out.NextToken; in.NextToken == "" {
			return nil
		}
	}
}

// user makes a user who is not there yet, and puts everybody into their groups.
func (w *work) user(path string, u User) {
	if u.Username == "" {
		w.fail(path+".Username", errors.New("is missing"))
		return
	}
	name := u.Username
	if u.Sub != "" {
		name = u.Sub
	}
	err := w.Invoke(w.ctx, w.region, "AdminGetUser", wire.AdminGetUserRequest{UserPoolID: w.p.ID, Username: name}, nil)
	switch {
	case api.UserNotFound.Is(err):
		if w.fail(path, w.put(u)) {
			return
		}
	case w.fail(path, err):
		return
	}
	for i, group := range u.Groups {
		w.invoke(fmt.Sprintf("%s.Groups[%d]", path, i), "AdminAddUserToGroup", wire.AdminAddUserToGroupRequest{UserPoolID: w.p.ID, Username: name, GroupName: group})
	}
}

// recast reads one request as another that shares members with it.
func recast(from, into any) error {
	text, err := json.Marshal(from)
	if err != nil {
		return err
	}
	return json.Unmarshal(text, into)
}
