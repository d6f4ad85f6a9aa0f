package ratelimiting

import (
	"crypto/sha256"
	"encoding/binary"

	"github.com/google/uuid"

	"github.com/gibbon-gateway/gibbon/plugin"
)

// A counter is kept under a compact key of the same parts as Kong's: the route and the service that the plugin is bound
// to, the period, the start of the window, who is counted. So counters outlive changes of the configuration, and each
// binding counts for itself.
//
//	"rl" route(16) service(16) period(1) start(8) kind(1) identifier(…)

// keyPrefix makes the part of the key that is the same for all requests of an instance.
func keyPrefix(s plugin.Scope) []byte {
	b := append(make([]byte, 0, 64), "rl"...)
	return appendID(appendID(b, s.Route), s.Service)
}

// appendID appends an id in 16 bytes; no id is zeros.
func appendID(b []byte, id string) []byte {
	if id == "" {
		return append(b, uuid.Nil[:]...)
	}
	u, err := uuid.Parse(id)
	if err != nil { // ids are UUIDs; whatever else it is, it keeps its counters apart
		h := sha256.Sum256([]byte(id))
		copy(u[:], h[:])
	}
	return append(b, u[:]...)
}

// longest is the longest identifier that stands in a key as it is; a longer one, which only a header can bring, is hashed.
const longest = 64

// appendKey completes a key.
func appendKey(b, prefix []byte, p period, start int64, kind byte, identifier []byte) []byte {
	b = append(b, prefix...)
	b = append(b, byte(p))
	b = binary.BigEndian.AppendUint64(b, uint64(start))
	if len(identifier) > longest {
		h := sha256.Sum256(identifier)
		b = append(b, kind|0x80)
		return append(b, h[:]...)
	}
	b = append(b, kind)
	return append(b, identifier...)
}
