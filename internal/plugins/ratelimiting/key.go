package ratelimiting

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"

	"github.com/google/uuid"

	"github.com/gibbon-gateway/gibbon/plugin"
)

// A counter is kept under a compact key of the same parts as Kong's: the route and the service that the plugin is bound
// to, who is counted, the period, the start of the window. So counters outlive changes of the configuration, and each
// binding counts for itself. The part in braces is the key's state.Tag: all periods of a request lie together.
//
//	"rl{" kind(1) route(22) service(22) identifier(…) "}" period(1) start(8)

// keyScope makes the part of the key that is the same for all requests of an instance. Ids are in base64: a brace in them
// would end the tag.
func keyScope(s plugin.Scope) []byte {
	return appendID(appendID(make([]byte, 0, 44), s.Route), s.Service)
}

// appendID appends an id; no id is zeros.
func appendID(b []byte, id string) []byte {
	u := uuid.Nil
	if id != "" {
		var err error
		if u, err = uuid.Parse(id); err != nil { // ids are UUIDs; whatever else it is, it keeps its counters apart
			h := sha256.Sum256([]byte(id))
			copy(u[:], h[:])
		}
	}
	return base64.RawURLEncoding.AppendEncode(b, u[:])
}

// longest is the longest identifier that stands in a key as it is; a longer one, which only a header can bring, is hashed.
const longest = 64

// appendKey appends the key of a counter.
func appendKey(b, scope []byte, kind byte, identifier []byte, p period, start int64) []byte {
	b = append(b, "rl{"...)
	if len(identifier) > longest {
		h := sha256.Sum256(identifier)
		b = append(b, kind|0x80)
		b = append(b, scope...)
		b = append(b, h[:]...)
	} else {
		b = append(b, kind)
		b = append(b, scope...)
		b = append(b, identifier...)
	}
	b = append(b, '}', byte(p))
	return binary.BigEndian.AppendUint64(b, uint64(start))
}
