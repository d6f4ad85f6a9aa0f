package entity

import (
	"crypto/sha1"
	"encoding/hex"
	"strings"
)

// namespace is where Kong's ids of declarative files begin.
var namespace = [16]byte{0xfd, 0x02, 0x80, 0x1f, 0x09, 0x57, 0x4a, 0x15, 0xa5, 0x5a, 0xc8, 0xd9, 0x60, 0x6f, 0x30, 0xb5}

// DeterministicID returns the id that declarative files give to an entity without one: a chain of UUIDv5 over the kind's
// name and the parts of its key, joined by colons. For kinds with a unique name the key is that name.
func DeterministicID(k *Kind, parts ...string) string {
	return uuidText(uuid5(uuid5(namespace, k.Name), strings.Join(parts, ":")))
}

func uuid5(space [16]byte, name string) (id [16]byte) {
	h := sha1.New()
	h.Write(space[:])
	h.Write([]byte(name))
	copy(id[:], h.Sum(nil))
	id[6] = id[6]&0x0f | 0x50
	id[8] = id[8]&0x3f | 0x80
	return id
}

func uuidText(id [16]byte) string {
	s := hex.EncodeToString(id[:])
	return s[:8] + "-" + s[8:12] + "-" + s[12:16] + "-" + s[16:20] + "-" + s[20:]
}
