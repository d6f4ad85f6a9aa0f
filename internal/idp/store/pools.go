package store

import "time"

// Pool is a user pool. Doc is package pool's.
type Pool struct {
	ID, Region, Name  string
	Doc               []byte
	Created, Modified time.Time
}

// Client is an app client. Doc is package pool's; its secrets are rows of their own.
type Client struct {
	ID, PoolID, Name  string
	Doc               []byte
	Created, Modified time.Time
}

// Secret is one secret of an app client.
type Secret struct {
	ID, ClientID string
	Value        string
	Created      time.Time
}

// Domain is the name of a pool's hosted pages.
type Domain struct {
	Name, PoolID string
	Custom       bool // a whole host name; else a prefix
	Doc          []byte
	Created      time.Time
}

// ResourceServer is an API of the owner's with its scopes.
type ResourceServer struct {
	PoolID, Identifier, Name string
	Scopes                   []byte
}

const poolColumns = `id, region, name, doc, created, modified`

func scanPool(r row) (p Pool, err error) {
	err = r.Scan(&p.ID, &p.Region, &p.Name, &p.Doc, (*millis)(&p.Created), (*millis)(&p.Modified))
	return p, err
}

// Pool returns the pool, or ErrNotFound.
func (tx *Tx) Pool(id string) (Pool, error) {
	return one(tx, scanPool, `SELECT `+poolColumns+` FROM idp_pools WHERE id = $1`, id)
}

// Pools lists the pools of a region behind an id.
func (tx *Tx) Pools(region, after string, limit int) ([]Pool, error) {
	return all(tx, scanPool, `SELECT `+poolColumns+` FROM idp_pools WHERE region = $1 AND id > $2 ORDER BY id LIMIT $3`, region, after, limit)
}

// InsertPool stores a new pool: ErrExists if the id is taken.
func (tx *Tx) InsertPool(p Pool) error {
	tx.configured()
	return tx.insert(`INSERT INTO idp_pools (`+poolColumns+`) VALUES ($1, $2, $3, $4, $5, $6)`,
		p.ID, p.Region, p.Name, p.Doc, millis(p.Created), millis(p.Modified))
}

// UpdatePool stores a changed pool.
func (tx *Tx) UpdatePool(p Pool) error {
	tx.configured()
	return tx.change(`UPDATE idp_pools SET name = $2, doc = $3, modified = $4 WHERE id = $1`, p.ID, p.Name, p.Doc, millis(p.Modified))
}

// DeletePool removes the pool and, by cascade, all that is in it.
func (tx *Tx) DeletePool(id string) error {
	tx.configured()
	return tx.change(`DELETE FROM idp_pools WHERE id = $1`, id)
}

const clientColumns = `id, pool_id, name, doc, created, modified`

func scanClient(r row) (c Client, err error) {
	err = r.Scan(&c.ID, &c.PoolID, &c.Name, &c.Doc, (*millis)(&c.Created), (*millis)(&c.Modified))
	return c, err
}

// Client returns the app client, of whatever pool, or ErrNotFound.
func (tx *Tx) Client(id string) (Client, error) {
	return one(tx, scanClient, `SELECT `+clientColumns+` FROM idp_clients WHERE id = $1`, id)
}

// Clients lists the clients of a pool behind an id.
func (tx *Tx) Clients(pool, after string, limit int) ([]Client, error) {
	return all(tx, scanClient, `SELECT `+clientColumns+` FROM idp_clients WHERE pool_id = $1 AND id > $2 ORDER BY id LIMIT $3`, pool, after, limit)
}

// InsertClient stores a new client: ErrExists if the id is taken.
func (tx *Tx) InsertClient(c Client) error {
	tx.configured()
	return tx.insert(`INSERT INTO idp_clients (`+clientColumns+`) VALUES ($1, $2, $3, $4, $5, $6)`,
		c.ID, c.PoolID, c.Name, c.Doc, millis(c.Created), millis(c.Modified))
}

// UpdateClient stores a changed client.
func (tx *Tx) UpdateClient(c Client) error {
	tx.configured()
	return tx.change(`UPDATE idp_clients SET name = $2, doc = $3, modified = $4 WHERE id = $1`, c.ID, c.Name, c.Doc, millis(c.Modified))
}

// DeleteClient removes the client and, by cascade, its secrets and tokens.
func (tx *Tx) DeleteClient(id string) error {
	tx.configured()
	return tx.change(`DELETE FROM idp_clients WHERE id = $1`, id)
}

// Secrets returns the secrets of a client, oldest first.
func (tx *Tx) Secrets(client string) ([]Secret, error) {
	return all(tx, func(r row) (s Secret, err error) {
		var sealed []byte
		if err := r.Scan(&s.ID, &s.ClientID, &sealed, (*millis)(&s.Created)); err != nil {
			return s, err
		}
		plain, err := tx.box.Open(sealed, "secret "+s.ID)
		s.Value = string(plain)
		return s, err
	}, `SELECT id, client_id, value, created FROM idp_client_secrets WHERE client_id = $1 ORDER BY created, id`, client)
}

// InsertSecret stores a new secret: ErrExists if the id is taken.
func (tx *Tx) InsertSecret(s Secret) error {
	tx.configured()
	return tx.insert(`INSERT INTO idp_client_secrets (id, client_id, value, created) VALUES ($1, $2, $3, $4)`,
		s.ID, s.ClientID, tx.box.Seal([]byte(s.Value), "secret "+s.ID), millis(s.Created))
}

// DeleteSecret removes one secret, or returns ErrNotFound.
func (tx *Tx) DeleteSecret(client, id string) error {
	tx.configured()
	return tx.change(`DELETE FROM idp_client_secrets WHERE client_id = $1 AND id = $2`, client, id)
}

const domainColumns = `name, pool_id, custom, doc, created`

func scanDomain(r row) (d Domain, err error) {
	err = r.Scan(&d.Name, &d.PoolID, (*flag)(&d.Custom), &d.Doc, (*millis)(&d.Created))
	return d, err
}

// Domain returns the domain, or ErrNotFound.
func (tx *Tx) Domain(name string) (Domain, error) {
	return one(tx, scanDomain, `SELECT `+domainColumns+` FROM idp_domains WHERE name = $1`, name)
}

// Domains returns the domains of a pool.
func (tx *Tx) Domains(pool string) ([]Domain, error) {
	return all(tx, scanDomain, `SELECT `+domainColumns+` FROM idp_domains WHERE pool_id = $1 ORDER BY created, name`, pool)
}

// InsertDomain stores a new domain: ErrExists if the name is taken.
func (tx *Tx) InsertDomain(d Domain) error {
	tx.configured()
	return tx.insert(`INSERT INTO idp_domains (`+domainColumns+`) VALUES ($1, $2, $3, $4, $5)`,
		d.Name, d.PoolID, flag(d.Custom), d.Doc, millis(d.Created))
}

// UpdateDomain stores a changed domain.
func (tx *Tx) UpdateDomain(d Domain) error {
	tx.configured()
	return tx.change(`UPDATE idp_domains SET doc = $2 WHERE name = $1`, d.Name, d.Doc)
}

// DeleteDomain removes a domain, or returns ErrNotFound.
func (tx *Tx) DeleteDomain(name string) error {
	tx.configured()
	return tx.change(`DELETE FROM idp_domains WHERE name = $1`, name)
}

const serverColumns = `pool_id, identifier, name, scopes`

func scanServer(r row) (s ResourceServer, err error) {
	err = r.Scan(&s.PoolID, &s.Identifier, &s.Name, &s.Scopes)
	return s, err
}

// ResourceServer returns the resource server, or ErrNotFound.
func (tx *Tx) ResourceServer(pool, identifier string) (ResourceServer, error) {
	return one(tx, scanServer, `SELECT `+serverColumns+` FROM idp_resource_servers WHERE pool_id = $1 AND identifier = $2`, pool, identifier)
}

// ResourceServers lists those of a pool behind an identifier.
func (tx *Tx) ResourceServers(pool, after string, limit int) ([]ResourceServer, error) {
	return all(tx, scanServer, `SELECT `+serverColumns+` FROM idp_resource_servers WHERE pool_id = $1 AND identifier > $2
		ORDER BY identifier LIMIT $3`, pool, after, limit)
}

// InsertResourceServer stores a new one: ErrExists if the identifier is taken.
func (tx *Tx) InsertResourceServer(s ResourceServer) error {
	tx.configured()
	return tx.insert(`INSERT INTO idp_resource_servers (`+serverColumns+`) VALUES ($1, $2, $3, $4)`, s.PoolID, s.Identifier, s.Name, s.Scopes)
}

// UpdateResourceServer stores a changed one.
func (tx *Tx) UpdateResourceServer(s ResourceServer) error {
	tx.configured()
	return tx.change(`UPDATE idp_resource_servers SET name = $3, scopes = $4 WHERE pool_id = $1 AND identifier = $2`, s.PoolID, s.Identifier, s.Name, s.Scopes)
}

// DeleteResourceServer removes one, or returns ErrNotFound.
func (tx *Tx) DeleteResourceServer(pool, identifier string) error {
	tx.configured()
	return tx.change(`DELETE FROM idp_resource_servers WHERE pool_id = $1 AND identifier = $2`, pool, identifier)
}
