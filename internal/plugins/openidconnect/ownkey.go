package openidconnect

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"math/big"
	random "math/rand/v2"
	"net/http"
	"sync"
	"time"

	gojose "github.com/go-jose/go-jose/v4"

	"github.com/gibbon-gateway/gibbon/plugin"
	"github.com/gibbon-gateway/gibbon/state"
)

// ownKeys are the gateway's keys for private_key_jwt without client_jwk; their public halves are at /openid-connect/jwks. Each generation
// of them is derived from a secret of its own that the nodes of a database share, and the number of the generation is a counter there:
// all nodes have the same keys, at every start, and follow within generationAge when they are made anew. Without a database there is one
// generation, that of the node.
type ownKeys struct {
	mu         sync.Mutex
	generation int64
	read       time.Time // when generation was; zero before
	made       map[int64]*gojose.JSONWebKey
}

// nodeKeys is what keys are made from: parts of plugin.Env and plugin.AdminEnv.
type nodeKeys struct {
	secret  func(name string) ([]byte, error)
	cluster state.Counters
}

// generationAge is how long a node does not ask which generation counts.
const generationAge = time.Second

// generationKey names the counter.
const generationKey = "openid-connect:own-keys"

// errNoGenerations means that keys cannot be made anew.
var errNoGenerations = errors.New("there is no database")

// current returns the key that signs and the one before, which is nil in the first generation.
func (o *ownKeys) current(n nodeKeys) (key, before *gojose.JSONWebKey, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if n.cluster != nil && (o.read.IsZero() || time.Since(o.read) >= generationAge) {
		generation, err := n.cluster.Add(context.Background(), []byte(generationKey), 0, 0) // it has a limit of its own
		switch {
		case err == nil:
			o.generation = generation
		case o.read.IsZero():
			return nil, nil, fmt.Errorf("key for private_key_jwt: %w", err)
		}
		o.read = time.Now()
	}
	if key, err = o.make(n, o.generation); err == nil && o.generation > 0 {
		before, err = o.make(n, o.generation-1)
	}
	return key, before, err
}

// renew begins a new generation.
func (o *ownKeys) renew(ctx context.Context, n nodeKeys) error {
	if n.cluster == nil {
		return errNoGenerations
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	generation, err := n.cluster.Add(ctx, []byte(generationKey), 1, 0)
	if err != nil {
		return err
	}
	o.generation, o.read = generation, time.Now()
	_, err = o.make(n, generation)
	return err
}

// make returns the key of a generation. Of those before the last two none is kept.
func (o *ownKeys) make(n nodeKeys, generation int64) (*gojose.JSONWebKey, error) {
	if key := o.made[generation]; key != nil {
		return key, nil
	}
	private, err := newKey(n.secret, generation)
	if err != nil {
		return nil, fmt.Errorf("key for private_key_jwt: %w", err)
	}
	j := &gojose.JSONWebKey{Key: private, Algorithm: "RS256", Use: "sig"}
	sum := sha256.Sum256(private.N.Bytes())
	j.KeyID = base64.RawURLEncoding.EncodeToString(sum[:12])
	if o.made == nil {
		o.made = map[int64]*gojose.JSONWebKey{}
	}
	o.made[generation] = j
	for old := range o.made {
		if old < generation-1 {
			delete(o.made, old)
		}
	}
	return j, nil
}

func newKey(secret func(name string) ([]byte, error), generation int64) (*rsa.PrivateKey, error) {
	if secret == nil {
		return rsa.GenerateKey(rand.Reader, 2048)
	}
	name := "openid-connect private_key_jwt"
	if generation > 0 {
		name += fmt.Sprintf(" %d", generation)
	}
	seed, err := secret(name)
	if err != nil {
		return nil, err
	}
	return deriveRSA(sha256.Sum256(seed))
}

// keyRoutes serves /openid-connect/jwks.
func (d *directory) keyRoutes(env plugin.AdminEnv) []plugin.AdminRoute {
	node := nodeKeys{env.Secret, env.Cluster}
	unexpected := func(w http.ResponseWriter, err error) {
		if env.Log != nil {
			env.Log.Error("openid-connect: keys cannot be had", "error", err)
		}
		answerJSON(w, http.StatusInternalServerError, map[string]any{"message": "An unexpected error occurred"})
	}
	return []plugin.AdminRoute{
		{Pattern: "GET /openid-connect/jwks", Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			key, before, err := d.own.current(node)
			if err != nil {
				unexpected(w, err)
				return
			}
			set := gojose.JSONWebKeySet{Keys: []gojose.JSONWebKey{key.Public()}}
			if before != nil {
				set.Keys = append(set.Keys, before.Public())
			}
			// Not application/jwk-set+json: some providers (glewlwyd) insist on this type.
			answerJSON(w, http.StatusOK, set)
		})},
		{Pattern: "DELETE /openid-connect/jwks", Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			switch err := d.own.renew(r.Context(), node); {
			case errors.Is(err, errNoGenerations):
				answerJSON(w, http.StatusMethodNotAllowed, map[string]any{"message": "cannot make new keys when not using a database: the key follows from " +
					"the file 'secret' in the folder of the setting prefix; remove it, which ends all sessions too, and start again"})
			case err != nil:
				unexpected(w, err)
			default:
				w.WriteHeader(http.StatusNoContent)
			}
		})},
	}
}

// deriveRSA makes an RSA key of 2048 bits out of a seed; the same one makes the same key. The package crypto/rsa cannot: its keys
// differ whatever reader it is given.
func deriveRSA(seed [32]byte) (*rsa.PrivateKey, error) {
	stream := random.NewChaCha8(seed)
	e, one := big.NewInt(65537), big.NewInt(1)
	prime := func() *big.Int {
		for {
			b := make([]byte, 128)
			if _, err := stream.Read(b); err != nil {
				return nil // it never fails
			}
			b[0] |= 0xc0 // the product has all its bits
			b[127] |= 1
			p := new(big.Int).SetBytes(b)
			if new(big.Int).GCD(nil, nil, e, new(big.Int).Sub(p, one)).Cmp(one) == 0 && p.ProbablyPrime(32) {
				return p
			}
		}
	}
	p, q := prime(), prime()
	if p == nil || q == nil || p.Cmp(q) == 0 {
		return nil, errors.New("no primes")
	}
	p1, q1 := new(big.Int).Sub(p, one), new(big.Int).Sub(q, one)
	k := &rsa.PrivateKey{PublicKey: rsa.PublicKey{N: new(big.Int).Mul(p, q), E: 65537}, Primes: []*big.Int{p, q},
		D: new(big.Int).ModInverse(e, new(big.Int).Mul(p1, q1))}
	k.Precompute()
	return k, k.Validate()
}
