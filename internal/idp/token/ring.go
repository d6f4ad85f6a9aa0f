// Package token makes and checks the tokens of user pools: it keeps two RSA keys per pool, one for access tokens and one for ID tokens,
// signs with them, and publishes them. Its main type is Ring. Keys are made ahead in the background and lie in the database, so that a
// new pool need not wait for them; those in use are kept in memory with the JWKS document.
//
// What claims a token carries is decided by auth and oauth; whether a grant was revoked is their question too.
package token

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"math/big"
	"sync"
	"time"

	"github.com/gibbon-gateway/gibbon/internal/idp/store"
)

// Use is what a key signs.
type Use string

// The two uses; real pools never sign both with one key.
const (
	Access Use = "access"
	ID     Use = "id"
)

const (
	keyBits = 2048
	spares  = 4 // keys made ahead: enough for two pools at once
	settle  = 200 * time.Millisecond
	stale   = 10 * time.Second // when keys in memory are read again, for other processes may rotate them
)

// Ring holds the keys of all pools. Make one with NewRing.
type Ring struct {
	store *store.Store
	log   *slog.Logger
	now   func() time.Time

	mu    sync.RWMutex
	pools map[string]*keys

	wake chan struct{}
	done chan struct{}
	stop context.CancelFunc
}

// keys are those of one pool, as of a version of the store. It is immutable.
type keys struct {
	signers map[Use]*signer
	known   map[string]*signer // by kid
	jwks    []byte
	version uint64
	read    time.Time
}

// signer signs with one key.
type signer struct {
	kid     string
	use     Use
	private *rsa.PrivateKey
	header  string // encoded, with the dot
}

// NewRing returns a Ring and starts to make keys ahead. Close stops that.
func NewRing(s *store.Store, log *slog.Logger, now func() time.Time) *Ring {
	ctx, stop := context.WithCancel(context.Background())
	r := &Ring{store: s, log: log, now: now, pools: make(map[string]*keys), wake: make(chan struct{}, 1), done: make(chan struct{}), stop: stop}
	go r.fill(ctx)
	return r
}

// Close stops the background work and waits for it. Signing goes on working.
func (r *Ring) Close() {
	r.stop()
	<-r.done
}

// fill keeps spare keys in store.
func (r *Ring) fill(ctx context.Context) {
	defer close(r.done)
	select { // the start of the program goes first
	case <-ctx.Done():
		return
	case <-r.wake:
	case <-time.After(settle):
	}
	for {
		if err := r.fillUp(ctx); err != nil && ctx.Err() == nil {
			r.log.Warn("provider: could not make keys ahead", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-r.wake:
		}
	}
}

func (r *Ring) fillUp(ctx context.Context) error {
	for {
		var have []store.Key
		err := r.store.View(ctx, func(tx *store.Tx) (err error) {
			have, err = tx.SpareKeys(spares)
			return err
		})
		if err != nil || len(have) >= spares || ctx.Err() != nil {
			return err
		}
		k, err := r.generate()
		if err != nil {
			return err
		}
		if err := r.store.Update(ctx, func(tx *store.Tx) error { return tx.PutKey(k) }); err != nil {
			return err
		}
	}
}

// generate makes a key, which takes about 80 ms of one core.
func (r *Ring) generate() (store.Key, error) {
	private, err := rsa.GenerateKey(rand.Reader, keyBits)
	if err != nil {
		return store.Key{}, fmt.Errorf("make a signing key: %w", err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return store.Key{}, fmt.Errorf("make a signing key: %w", err)
	}
	id := make([]byte, 32)
	rand.Read(id)
	return store.Key{ID: base64.StdEncoding.EncodeToString(id), Private: der, Created: r.now()}, nil
}

// Prepare makes sure that two spare keys exist, so that the following transaction can Assign them.
func (r *Ring) Prepare(ctx context.Context) ([]store.Key, error) {
	var have []store.Key
	err := r.store.View(ctx, func(tx *store.Tx) (err error) {
		have, err = tx.SpareKeys(2)
		return err
	})
	for err == nil && len(have) < 2 {
		var k store.Key
		k, err = r.generate()
		have = append(have, k)
	}
	return have, err
}

// Assign gives a pool two keys to sign with, within a transaction: spare ones, or those of Prepare where others were faster.
// Keys it had stay published and verify, but sign no more.
func (r *Ring) Assign(tx *store.Tx, pool string, prepared []store.Key) error {
	old, err := tx.Keys(pool)
	if err != nil {
		return err
	}
	for _, k := range old {
		if k.Current {
			k.Current = false
			if err := tx.PutKey(k); err != nil {
				return err
			}
		}
	}
	fresh, err := tx.SpareKeys(2)
	if err != nil {
		return err
	}
	for _, k := range prepared {
		if len(fresh) < 2 && (len(fresh) == 0 || fresh[0].ID != k.ID) {
			fresh = append(fresh, k)
		}
	}
	for i, use := range []Use{Access, ID} {
		k := fresh[i]
		k.PoolID, k.Use, k.Current, k.Created = pool, string(use), true, r.now()
		if err := tx.PutKey(k); err != nil {
			return err
		}
	}
	select {
	case r.wake <- struct{}{}:
	default:
	}
	return nil
}

// Rotate gives the pool new keys to sign with. Tokens signed before stay good.
func (r *Ring) Rotate(ctx context.Context, pool string) error {
	prepared, err := r.Prepare(ctx)
	if err != nil {
		return err
	}
	return r.store.Update(ctx, func(tx *store.Tx) error { return r.Assign(tx, pool, prepared) })
}

// JWKS returns the pool's published keys, or store.ErrNotFound. The bytes must not be changed.
func (r *Ring) JWKS(ctx context.Context, pool string) ([]byte, error) {
	k, err := r.of(ctx, pool)
	if err != nil {
		return nil, err
	}
	return k.jwks, nil
}

// of returns a pool's keys, from memory while they are fresh.
func (r *Ring) of(ctx context.Context, pool string) (*keys, error) {
	version := r.store.Version()
	r.mu.RLock()
	k := r.pools[pool]
	r.mu.RUnlock()
	if k != nil && k.version == version && r.now().Sub(k.read).Abs() < stale {
		return k, nil
	}
	var rows []store.Key
	err := r.store.View(ctx, func(tx *store.Tx) (err error) {
		rows, err = tx.Keys(pool)
		return err
	})
	if err == nil && len(rows) == 0 {
		err = store.ErrNotFound
	}
	if err != nil {
		r.mu.Lock()
		delete(r.pools, pool)
		r.mu.Unlock()
		return nil, err
	}
	fresh, err := arrange(rows, k)
	if err != nil {
		return nil, fmt.Errorf("keys of pool %s: %w", pool, err)
	}
	fresh.version, fresh.read = version, r.now()
	r.mu.Lock()
	r.pools[pool] = fresh
	r.mu.Unlock()
	return fresh, nil
}

// arrange reads rows; keys that were read before are taken over.
func arrange(rows []store.Key, before *keys) (*keys, error) {
	k := &keys{signers: make(map[Use]*signer), known: make(map[string]*signer)}
	var published []jwk
	for _, row := range rows {
		var s *signer
		if before != nil {
			s = before.known[row.ID]
		}
		if s == nil {
			parsed, err := x509.ParsePKCS8PrivateKey(row.Private)
			if err != nil {
				return nil, err
			}
			private, ok := parsed.(*rsa.PrivateKey)
			if !ok {
				return nil, fmt.Errorf("key %s is not RSA", row.ID)
			}
			s = &signer{kid: row.ID, use: Use(row.Use), private: private, header: header(row.ID)}
		}
		k.known[row.ID] = s
		if row.Current {
			k.signers[s.use] = s
		}
		published = append(published, jwk{Alg: "RS256", E: encode(big.NewInt(int64(s.private.E)).Bytes()), Kid: s.kid, Kty: "RSA",
			N: encode(s.private.N.Bytes()), Use: "sig"})
	}
	var err error
	k.jwks, err = json.Marshal(map[string]any{"keys": published})
	return k, err
}

// jwk is a public key as JWKS publishes it, members in the order of the service.
type jwk struct {
	Alg string `json:"alg"`
	E   string `json:"e"`
	Kid string `json:"kid"`
	Kty string `json:"kty"`
	N   string `json:"n"`
	Use string `json:"use"`
}

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// header has exactly two members, and no typ.
func header(kid string) string { return encode([]byte(`{"kid":"`+kid+`","alg":"RS256"}`)) + "." }
