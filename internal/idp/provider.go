// Package idp is the identity provider: a Cognito that runs here. Its main type is Provider, an http.Handler that tells by host and path
// what a request is for and hands it to the packages below: the API to api and the domain packages, tokens and sign-in to oauth, hosted
// pages to page. Command is what "gibbon idp" does.
//
// The package wires and routes; it decides nothing about pools or users.
package idp

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/gibbon-gateway/gibbon/internal/idp/account"
	"github.com/gibbon-gateway/gibbon/internal/idp/api"
	"github.com/gibbon-gateway/gibbon/internal/idp/auth"
	"github.com/gibbon-gateway/gibbon/internal/idp/ca"
	"github.com/gibbon-gateway/gibbon/internal/idp/grant"
	"github.com/gibbon-gateway/gibbon/internal/idp/mail"
	"github.com/gibbon-gateway/gibbon/internal/idp/message"
	"github.com/gibbon-gateway/gibbon/internal/idp/oauth"
	"github.com/gibbon-gateway/gibbon/internal/idp/outbox"
	"github.com/gibbon-gateway/gibbon/internal/idp/page"
	"github.com/gibbon-gateway/gibbon/internal/idp/password"
	"github.com/gibbon-gateway/gibbon/internal/idp/pool"
	"github.com/gibbon-gateway/gibbon/internal/idp/seed"
	"github.com/gibbon-gateway/gibbon/internal/idp/store"
	"github.com/gibbon-gateway/gibbon/internal/idp/token"
	"github.com/gibbon-gateway/gibbon/internal/idp/trigger"
	"github.com/gibbon-gateway/gibbon/internal/store/sqldb"
)

const (
	// DefaultRegion is where pools are made if a request names no region.
	DefaultRegion = "us-west-2"
	// DefaultOrigin is where the provider listens by default.
	DefaultOrigin = "http://localhost:9229"
	// AWS as Options.Issuer has tokens name the issuer that they have in AWS.
	AWS = "aws"

	sweepEvery = 10 * time.Minute
	kept       = 14 * 24 * time.Hour // messages in the outbox
)

// Options say how a provider runs. The zero value keeps everything in a file idp.db of the current folder.
type Options struct {
	Database string          // a SQLite file, or postgres://…; "" for idp.db in Folder
	Postgres *sqldb.Postgres // in place of Database
	Folder   string          // where the certificate authority lies
	Origin   string          // where the listener is reached: DefaultOrigin if ""

	Region     string
	Issuer     string            // before /<pool>: "" for Origin, AWS, or a URL
	MasterKey  string            // encrypts secrets and keys at rest; "" leaves them in the clear
	AccessKeys map[string]string // AWS access keys, id to secret, that calls must be signed with; none: signatures are not verified
	Seed       string            // a YAML file of pools that are made at the start
	SMTP       string            // where mails go; "" leaves them in the outbox
	FixedCode  string            // the code that is sent in place of random ones
	Triggers   map[string]string // where the function of an ARN is called: ARN to URL

	Log       *slog.Logger
	Now       func() time.Time
	Cost      password.Cost     // of password hashes
	Transport http.RoundTripper // to other providers; nil for the usual one
}

// Provider is a running provider. Make one with New.
type Provider struct {
	Pools    *pool.Service
	Accounts *account.Service
	API      *api.Handler

	ring   *token.Ring
	oauth  *oauth.Service
	pages  *page.Pages
	box    *outbox.Box
	sender *mail.Sender
	store  *store.Store
	ca     *ca.Authority
	inner  *api.Handler // the API without signatures, for calls from inside
	extras http.Handler
	log    *slog.Logger
	now    func() time.Time
	region string
	base   string // Options.Origin
	cost   password.Cost

	password string // of the extras: see extrasPassword
	outside  string // host of the issuer, if it is a URL of its own by https
	domains  domains

	stop    context.CancelFunc
	working sync.WaitGroup
}

// New opens the database and makes what the seed asks for. Nothing listens yet: serve the Provider, or call its Serve.
func New(ctx context.Context, o Options) (*Provider, error) {
	if err := o.complete(); err != nil {
		return nil, err
	}
	p := &Provider{log: o.Log, now: o.Now, region: o.Region, base: o.Origin, cost: o.Cost, password: extrasPassword(o.AccessKeys)}
	if u, err := url.Parse(o.Issuer); err == nil && u.Scheme == "https" {
		p.outside = u.Host
	}
	var err error
	if o.SMTP != "" {
		config, err := mail.Parse(o.SMTP)
		if err != nil {
			return nil, fmt.Errorf("idp_smtp: %w", err)
		}
		p.sender = mail.New(config, o.Log)
	}
	switch {
	case o.Postgres != nil:
		p.store, err = store.OpenPostgres(ctx, *o.Postgres, o.MasterKey)
	default:
		if !strings.Contains(o.Database, "://") {
			err = os.MkdirAll(filepath.Dir(o.Database), 0o700)
		}
		if err == nil {
			p.store, err = store.Open(ctx, o.Database, o.MasterKey)
		}
	}
	if err == nil {
		p.ca, err = ca.Open(o.Folder, o.Now)
	}
	if err != nil {
		return nil, errors.Join(err, p.Close())
	}
	p.wire(o)
	run, stop := context.WithCancel(context.Background())
	p.stop = stop
	p.working.Go(func() { p.sweep(run) })
	if o.Seed != "" {
		if err := p.seeder().File(ctx, o.Seed); err != nil {
			return nil, errors.Join(fmt.Errorf("idp_seed: %w", err), p.Close())
		}
	}
	return p, nil
}

// complete fills in what was left out.
func (o *Options) complete() error {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Region == "" {
		o.Region = DefaultRegion
	}
	o.Origin = strings.TrimRight(o.Origin, "/")
	if o.Origin == "" {
		o.Origin = DefaultOrigin
	}
	if o.Database == "" && o.Postgres == nil {
		o.Database = filepath.Join(o.Folder, "idp.db")
	}
	if o.Issuer != "" && o.Issuer != AWS {
		u, err := url.Parse(o.Issuer)
		if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || u.RawQuery != "" || u.Fragment != "" {
			return fmt.Errorf("idp_issuer: %q is neither aws nor a URL", o.Issuer)
		}
		o.Issuer = strings.TrimRight(o.Issuer, "/")
	}
	return nil
}

// issuer is what the tokens of a pool name as issuer.
func (o *Options) issuer(region, pool string) string {
	switch o.Issuer {
	case "":
		return o.Origin + "/" + pool
	case AWS:
		return "https://cognito-idp." + region + ".amazonaws.com/" + pool
	}
	return o.Issuer + "/" + pool
}

// wire makes the services, from the bottom up.
func (p *Provider) wire(o Options) {
	p.box = outbox.New(p.sender)
	p.ring = token.NewRing(p.store, o.Log, o.Now)
	p.Pools = pool.New(pool.Options{Store: p.store, Ring: p.ring, Now: o.Now, Issuer: o.issuer})
	caller := trigger.New(trigger.Options{URLs: o.Triggers, Log: o.Log})
	post := message.New(message.Options{Triggers: caller, Now: o.Now, FixedCode: o.FixedCode, PageURL: p.pageURL, Sent: p.box.Sent})
	grants := grant.New(grant.Options{Store: p.store, Ring: p.ring, Pools: p.Pools, Triggers: caller, Now: o.Now})
	auths := auth.New(auth.Options{Store: p.store, Pools: p.Pools, Grants: grants, Messages: post, Triggers: caller, Now: o.Now, Log: o.Log, Cost: o.Cost})
	p.Accounts = account.New(account.Options{Store: p.store, Pools: p.Pools, Grants: grants, Auth: auths, Messages: post, Triggers: caller, Now: o.Now,
		Cost: o.Cost, BaseURL: o.Origin})
	config := api.Config{Region: o.Region, Log: o.Log, Now: o.Now}
	operations := [][]api.Operation{p.Pools.Operations(), grants.Operations(), auths.Operations(), p.Accounts.Operations()}
	p.inner = api.New(config, operations...)
	config.Keys = o.AccessKeys
	p.API = api.New(config, operations...)
	p.oauth = oauth.New(oauth.Options{Store: p.store, Ring: p.ring, Pools: p.Pools, Grants: grants, Auth: auths, Now: o.Now, Log: o.Log,
		Transport: p.Transport(cmp.Or(o.Transport, http.DefaultTransport))})
	p.pages = page.New(page.Options{Pools: p.Pools, OAuth: p.oauth, Auth: auths, Log: o.Log, Invoke: p.Invoke})
	p.extras = p.extra()
}

// pageURL is where the pages of a pool are, for links in mails.
func (p *Provider) pageURL(of *pool.Pool) string {
	return strings.TrimSuffix(oauth.Endpoints(of), "/oauth2")
}

// seeder makes what a document describes.
func (p *Provider) seeder() *seed.Seeder {
	return &seed.Seeder{Pools: p.Pools, Store: p.store, Now: p.now, Cost: p.cost, Invoke: p.Invoke, Region: p.region}
}

// sweep removes what is over.
func (p *Provider) sweep(ctx context.Context) {
	t := time.NewTicker(sweepEvery)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
		err := p.store.Update(ctx, func(tx *store.Tx) error {
			return errors.Join(tx.Sweep(p.now()), tx.TrimOutbox(p.now().Add(-kept)))
		})
		if err != nil && ctx.Err() == nil {
			p.log.Warn("provider: what is over could not be removed", "error", err)
		}
	}
}

// CA is the certificate, in PEM, of the authority that the provider's certificates are from.
func (p *Provider) CA() []byte { return p.ca.PEM() }

// Close stops the background work and releases the database.
func (p *Provider) Close() error {
	if p.stop != nil {
		p.stop()
		p.working.Wait()
	}
	if p.oauth != nil {
		p.oauth.Close()
	}
	if p.ring != nil {
		p.ring.Close()
	}
	if p.sender != nil {
		p.sender.Close()
	}
	if p.store != nil {
		return p.store.Close()
	}
	return nil
}

// quiet is for what net/http complains about: broken connections and failed handshakes.
func quiet(l *slog.Logger) *log.Logger { return slog.NewLogLogger(l.Handler(), slog.LevelDebug) }
