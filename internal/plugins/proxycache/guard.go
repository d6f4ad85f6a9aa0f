package proxycache

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/gibbon-gateway/gibbon/internal/plugins/proxycache/httpcache"
)

// guardFor is how long a guard stands, longer than any request. What is fetched when it ends is not shared, nothing else.
const guardFor = 24 * time.Hour

func guardOf(owner, group string) []byte { return []byte("guard:" + owner + ":{" + group + "}") }

// markOf is where is noted that a resource was changed.
func markOf(owner string, uri []byte) []byte {
	sum := sha256.Sum256(uri)
	return []byte("changed:" + owner + ":" + hex.EncodeToString(sum[:]))
}

// change notes that a resource was changed: entries for it that came before have another mark, whoever they are for.
func (r *remote) change(ctx context.Context, owner string, uri []byte) error {
	return r.store.Put(ctx, markOf(owner, uri), token(), keepFor+time.Hour)
}

// bar sees to it that no node stores what it is fetching now, at the address of an id, or, for "", at any of an owner. Who asks next makes
// another guard. Guards are removed and not replaced, as a Redis that is full takes nothing.
func (r *remote) bar(ctx context.Context, owner, id string) error {
	if id != "" {
		return r.store.Delete(ctx, guardOf(owner, group(id)))
	}
	guards := make([][]byte, 256)
	for i := range guards {
		guards[i] = guardOf(owner, fmt.Sprintf("%02x", i))
	}
	return r.store.Delete(ctx, guards...)
}

// remove removes the entry at a key, and with it all its variants: without the pointer they are worth nothing. It reports whether
// there was something.
func (r *remote) remove(ctx context.Context, owner, id string) (found bool, err error) {
	if err := r.bar(ctx, owner, id); err != nil {
		return false, err
	}
	at := address(owner, id)
	got, err := r.store.GetAll(ctx, at)
	if err != nil || got[0] == nil {
		return false, err
	}
	return true, r.store.Delete(ctx, at)
}

// purge removes the entries of an owner that takes wants, or makes them stale.
func (r *remote) purge(ctx context.Context, owner string, takes func(e *httpcache.Entry) bool, soft bool, now time.Time) error {
	if err := r.bar(ctx, owner, ""); err != nil {
		return err
	}
	var failed error
	err := r.each(ctx, owner+":", func(e *httpcache.Entry, at, raw []byte) bool {
		switch {
		case !takes(e):
		case soft:
			e.Soften()
			if ttl := min(e.Terms.Keep-e.Age(now), keepFor); ttl > 0 {
				// What another node has put there meanwhile is newer, and stays.
				_, failed = r.store.Swap(ctx, at, raw, e.AppendTo(append([]byte(nil), raw[:1+2*tokenLen]...)), ttl)
			}
		default:
			failed = r.store.Delete(ctx, at)
		}
		return failed == nil
	})
	if err == nil {
		err = failed
	}
	return err
}
