package openidconnect

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"time"

	"github.com/gibbon-gateway/gibbon/internal/kongredis"
	"github.com/gibbon-gateway/gibbon/internal/oidc"
	"github.com/gibbon-gateway/gibbon/state"
)

// sharedCache is the part of the caches that nodes share in Redis (cluster_cache_strategy). Values are encrypted under the
// key that they are stored by a hash of, so that the database alone does not reveal tokens. While Redis is away nodes do without.
type sharedCache struct {
	store state.Store
	items map[string]bool
}

func newSharedCache(p *relyingParty) (*sharedCache, error) {
	if p.ClusterCacheStrategy != "redis" {
		return nil, nil
	}
	record := p.ClusterCacheRedis
	if record == nil {
		record = &redisRecord{Server: kongredis.Local()}
	}
	store, err := record.open("cluster_cache_redis", "", p.env.Log)
	if err != nil {
		return nil, err
	}
	c := &sharedCache{store: store, items: map[string]bool{}}
	for _, item := range p.ClusterCacheItems {
		c.items[item] = true
	}
	return c, nil
}

func (c *sharedCache) close() error {
	if c == nil {
		return nil
	}
	return c.store.Close()
}

// address returns where a value lies, and what it is encrypted with.
func address(item string, key oidc.Key) ([]byte, cipher.AEAD, error) {
	where := sha256.Sum256(append([]byte("where"), key[:]...))
	with := sha256.Sum256(append([]byte("with"), key[:]...))
	block, err := aes.NewCipher(with[:])
	if err != nil {
		return nil, nil, err
	}
	a, err := cipher.NewGCM(block)
	return []byte("oidc:" + item + ":" + hex.EncodeToString(where[:])), a, err
}

func (c *sharedCache) get(ctx context.Context, item string, key oidc.Key) ([]byte, bool) {
	if c == nil || !c.items[item] {
		return nil, false
	}
	name, aead, err := address(item, key)
	if err != nil {
		return nil, false
	}
	sealed, err := c.store.Get(ctx, name)
	if err != nil || len(sealed) < aead.NonceSize() {
		return nil, false
	}
	plain, err := aead.Open(nil, sealed[:aead.NonceSize()], sealed[aead.NonceSize():], nil)
	return plain, err == nil
}

func (c *sharedCache) put(ctx context.Context, item string, key oidc.Key, value []byte, life time.Duration) {
	if c == nil || !c.items[item] || life <= 0 {
		return
	}
	name, aead, err := address(item, key)
	if err != nil {
		return
	}
	_ = c.store.Put(ctx, name, sealWith(aead, value), life) // without Redis every node asks for itself
}

func sealWith(aead cipher.AEAD, plain []byte) []byte {
	nonce := make([]byte, aead.NonceSize())
	rand.Read(nonce) // never fails (crypto/rand)
	return aead.Seal(nonce, nonce, plain, nil)
}
