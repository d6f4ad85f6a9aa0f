package entity

import (
	"encoding/json"
	"math"
	"strconv"
	"time"

	"github.com/gibbon-gateway/gibbon/schema"
)

func consumerSchema() *schema.Schema {
	return schema.Of[Consumer](schema.AtLeastOneOf("custom_id", "username"))
}

// maxTTL is the limit of a ttl, in seconds.
const maxTTL = 100_000_000

// takeTTL takes the ttl out of input and returns what stored documents have for it: the time when the entity vanishes, in
// seconds since 1970, or nil. Without a ttl the stored time stays. 0 means that it does not vanish.
func takeTTL(doc map[string]any, o schema.Options) (expires any, errs schema.Errors) {
	if o.Op == schema.Update {
		expires = doc["expires_at"]
		delete(doc, "expires_at")
	}
	v, ok := doc["ttl"]
	delete(doc, "ttl")
	if !ok {
		return expires, nil
	}
	if v == nil {
		return nil, nil
	}
	ttl, ok := numberOf(v)
	if !ok || ttl != math.Trunc(ttl) || ttl < 0 || ttl > maxTTL {
		return nil, schema.Errors{"ttl": "must be an integer between 0 and " + strconv.Itoa(maxTTL)}
	}
	if ttl == 0 {
		return nil, nil
	}
	return float64(o.Now.UnixMilli())/1000 + ttl, nil
}

// Show changes a stored document into the one that is shown: with ttl, the seconds that are left, in place of expires_at.
// It reports false if the time is over.
func (k *Kind) Show(doc map[string]any, now time.Time) bool {
	if !k.TTL {
		return true
	}
	expires, ok := numberOf(doc["expires_at"])
	delete(doc, "expires_at")
	doc["ttl"] = nil
	if !ok {
		return true
	}
	left := expires - float64(now.UnixMilli())/1000
	doc["ttl"] = int64(left)
	return left > 0
}

func numberOf(v any) (float64, bool) {
	switch v := v.(type) {
	case json.Number:
		f, err := v.Float64()
		return f, err == nil
	case float64:
		return v, true
	case int64:
		return float64(v), true
	case int:
		return float64(v), true
	}
	return 0, false
}
