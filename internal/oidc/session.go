package oidc

import (
	"bytes"
	"compress/flate"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/gibbon-gateway/gibbon/state"
)

// ErrNoSession means that there is no session, or none that may be used: no cookie, one that was changed, is too old, was
// made for something else or by another secret.
var ErrNoSession = errors.New("no session")

// ErrTooLarge means that a session does not fit into where it is to lie.
var ErrTooLarge = errors.New("session does not fit")

// Limits of cookies: RFC 6265, section 6.1, has browsers keep 4096 bytes, name and attributes included.
const (
	chunkSize = 3800
	maxChunks = 9
	// compressFrom is the size in bytes from which data is deflated.
	compressFrom = 1024
	// maxData bounds what a session holds, and what is inflated.
	maxData = 256 << 10
	// touchEvery is how often a session's idle time is moved on.
	touchEvery = time.Minute
	// staleFor is how long a session that was replaced by its renewal can still be used by requests under way.
	staleFor = 10 * time.Second
)

// Session is a user's session. ID, Created and Renewed are set by New and Open.
type Session struct {
	ID      string    // base64url of 16 random bytes
	Created time.Time // of the login: for the absolute timeout
	Renewed time.Time // for the rolling timeout
	Seen    time.Time // for the idle timeout
	Data    []byte

	chunks int // of the cookies that it was read from
}

// Sessions opens and seals sessions of one kind. A session is sealed with AES-256-GCM under a key of its own, derived
// (HKDF-SHA-256) from a secret, its id and Scope. It lies in the cookie, or in Store with only its id and times in the cookie.
type Sessions struct {
	Cookie  Cookie
	Scope   string   // what the sessions are good for; others cannot open them
	Secrets [][]byte // the first seals; all open
	// Timeouts; 0 is none. Rolling is when a session is due for renewal, and Absolute when a user has to log in again.
	Idle, Rolling, Absolute time.Duration

	Store    Store  // nil keeps sessions in the cookie
	Prefix   string // of keys in Store
	HashKeys bool   // keys in Store are hashes of ids
	Now      func() time.Time
}

// Store is where sessions lie that are not in cookies: the part of state.Store that they need, with its errors.
type Store interface {
	Get(ctx context.Context, key []byte) ([]byte, error)
	Put(ctx context.Context, key, value []byte, ttl time.Duration) error
	Delete(ctx context.Context, keys ...[]byte) error
}

// New returns a session that begins now.
func (s *Sessions) New(data []byte) *Session {
	now := s.Now()
	return &Session{ID: Random(16), Created: now, Renewed: now, Seen: now, Data: data}
}

// Due reports whether the session's idle time is to be moved on by saving it again.
func (s *Sessions) Due(x *Session) bool {
	return s.Idle > 0 && s.Now().Sub(x.Seen) >= min(touchEvery, s.Idle/4)
}

// Rolls reports whether the session is in the last quarter of its rolling time, when Renew keeps it alive.
func (s *Sessions) Rolls(x *Session) bool {
	return s.Rolling > 0 && s.Now().Sub(x.Renewed) >= s.Rolling-s.Rolling/4
}

// Open returns the session of a request. cookie returns the value of a cookie, and bind is mixed into the seal (see
// session_bind). ErrNoSession is wrapped when there is none; state.ErrUnavailable when the store cannot tell.
func (s *Sessions) Open(ctx context.Context, cookie func(name string) (string, bool), bind string) (*Session, error) {
	text, chunks, err := s.Cookie.Join(cookie)
	if err != nil {
		return nil, err
	}
	return s.OpenText(ctx, text, chunks, bind)
}

// OpenText is Open for what Cookie.Join has put together. Without a store the same text always is the same session.
func (s *Sessions) OpenText(ctx context.Context, text string, chunks int, bind string) (*Session, error) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(raw) < headerSize || raw[0] != version {
		return nil, fmt.Errorf("%w: not one of ours", ErrNoSession)
	}
	header, sealed := raw[:headerSize], raw[headerSize:]
	id := base64.RawURLEncoding.EncodeToString(header[1:])
	plain, err := s.unseal(id, "cookie", sealed, append(bytes.Clone(header), bind...))
	if err != nil {
		return nil, err
	}
	if len(plain) < 24 {
		return nil, fmt.Errorf("%w: too short", ErrNoSession)
	}
	x := &Session{ID: id, Created: instantAt(plain), Renewed: instantAt(plain[8:]), Seen: instantAt(plain[16:]), chunks: chunks}
	if err := s.Alive(x); err != nil {
		return nil, err
	}
	if s.Store == nil {
		x.Data, err = inflate(plain[24:])
		return x, err
	}
	return x, s.read(ctx, x)
}

func (s *Sessions) read(ctx context.Context, x *Session) error {
	sealed, err := s.Store.Get(ctx, s.key(x.ID))
	if errors.Is(err, state.ErrNotFound) {
		return fmt.Errorf("%w: not in the store", ErrNoSession)
	}
	if err != nil {
		return fmt.Errorf("session store: %w", err)
	}
	plain, err := s.unseal(x.ID, "store", sealed, nil)
	if err != nil {
		return err
	}
	x.Data, err = inflate(plain)
	return err
}

// Alive checks the timeouts. A clock that was set back does not lengthen a session by more than that.
func (s *Sessions) Alive(x *Session) error {
	now := s.Now()
	for _, t := range []struct {
		since time.Time
		limit time.Duration
		name  string
	}{{x.Seen, s.Idle, "idle"}, {x.Renewed, s.Rolling, "rolling"}, {x.Created, s.Absolute, "absolute"}} {
		if t.limit > 0 && now.Sub(t.since) >= t.limit {
			return fmt.Errorf("%w: %s timeout", ErrNoSession, t.name)
		}
	}
	return nil
}

// Left returns how long the session can live at most, by the timeout that ends first; 0 if none does.
func (s *Sessions) Left(x *Session) time.Duration {
	now, least := s.Now(), time.Duration(0)
	for _, end := range []struct {
		since time.Time
		limit time.Duration
	}{{x.Renewed, s.Rolling}, {x.Created, s.Absolute}} {
		if end.limit > 0 {
			if left := end.limit - now.Sub(end.since); least == 0 || left < least {
				least = max(left, time.Second)
			}
		}
	}
	return least
}

// Save seals the session and returns the values of Set-Cookie fields. secure says that the request came by https. Times that
// are due are moved on.
func (s *Sessions) Save(ctx context.Context, x *Session, bind string, secure bool) ([]string, error) {
	if len(x.Data) > maxData { // it could not be opened again, and the user would be sent to the login over and over
		return nil, fmt.Errorf("%w: %d bytes, of %d at most", ErrTooLarge, len(x.Data), maxData)
	}
	x.Seen = s.Now()
	plain := make([]byte, 0, 24+len(x.Data))
	for _, t := range []time.Time{x.Created, x.Renewed, x.Seen} {
		plain = binary.BigEndian.AppendUint64(plain, uint64(t.UnixMilli()))
	}
	if s.Store == nil {
		plain = append(plain, deflate(x.Data)...)
	} else if err := s.write(ctx, x); err != nil {
		return nil, err
	}
	id, err := base64.RawURLEncoding.DecodeString(x.ID)
	if err != nil {
		return nil, fmt.Errorf("session id: %w", err)
	}
	header := append([]byte{version}, id...)
	sealed, err := s.seal(x.ID, "cookie", plain, append(bytes.Clone(header), bind...))
	if err != nil {
		return nil, err
	}
	fields, chunks, err := s.Cookie.split(base64.RawURLEncoding.EncodeToString(append(header, sealed...)), x.chunks, secure)
	if err == nil {
		x.chunks = chunks
	}
	return fields, err
}

func (s *Sessions) write(ctx context.Context, x *Session) error {
	sealed, err := s.seal(x.ID, "store", deflate(x.Data), nil)
	if err != nil {
		return err
	}
	if err := s.Store.Put(ctx, s.key(x.ID), sealed, s.Left(x)); err != nil {
		return fmt.Errorf("session store: %w", err)
	}
	return nil
}

// Renew gives the session a new id and starts its rolling time anew; it has to be saved. The old id stays good for 10 seconds.
func (s *Sessions) Renew(ctx context.Context, x *Session) error {
	old := x.ID
	x.ID, x.Renewed = Random(16), s.Now()
	if s.Store == nil {
		return nil
	}
	sealed, err := s.Store.Get(ctx, s.key(old))
	if err != nil {
		return nil // it is gone, or the store is: there is nothing to keep
	}
	return s.Store.Put(ctx, s.key(old), sealed, staleFor)
}

// Destroy ends the session and returns the Set-Cookie fields that remove it from the browser. x may be nil.
func (s *Sessions) Destroy(ctx context.Context, x *Session, secure bool) ([]string, error) {
	chunks := 1
	var err error
	if x != nil {
		chunks = max(x.chunks, 1)
		if s.Store != nil {
			if err = s.Store.Delete(ctx, s.key(x.ID)); err != nil {
				err = fmt.Errorf("session store: %w", err)
			}
		}
	}
	return s.Cookie.remove(0, chunks, secure), err
}

// DestroyID ends a session in the store by its id.
func (s *Sessions) DestroyID(ctx context.Context, id string) error {
	if s.Store == nil {
		return errors.New("sessions lie in cookies and cannot be ended from here")
	}
	return s.Store.Delete(ctx, s.key(id))
}

func (s *Sessions) key(id string) []byte {
	if s.HashKeys {
		sum := sha256.Sum256([]byte(id))
		id = hex.EncodeToString(sum[:])
	}
	return []byte(s.Prefix + id)
}

// version is the first byte of a cookie; a 16-byte id follows.
const (
	version    = 1
	headerSize = 17
)

func (s *Sessions) aead(secret []byte, id, use string) (cipher.AEAD, error) {
	key, err := hkdf.Key(sha256.New, secret, []byte(id), "gibbon session "+use+"\x00"+s.Scope, 32)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

func (s *Sessions) seal(id, use string, plain, bound []byte) ([]byte, error) {
	a, err := s.aead(s.Secrets[0], id, use)
	if err != nil {
		return nil, err
	}
	nonce := make([]byte, a.NonceSize(), a.NonceSize()+len(plain)+a.Overhead())
	rand.Read(nonce)
	return a.Seal(nonce, nonce, plain, bound), nil
}

func (s *Sessions) unseal(id, use string, sealed, bound []byte) ([]byte, error) {
	for _, secret := range s.Secrets {
		a, err := s.aead(secret, id, use)
		if err != nil {
			return nil, err
		}
		if len(sealed) < a.NonceSize() {
			break
		}
		if plain, err := a.Open(nil, sealed[:a.NonceSize()], sealed[a.NonceSize():], bound); err == nil {
			return plain, nil
		}
	}
	return nil, fmt.Errorf("%w: seal is broken", ErrNoSession)
}

func instantAt(b []byte) time.Time { return time.UnixMilli(int64(binary.BigEndian.Uint64(b))) }

// deflate marks data with 1 if it compressed it, else with 0.
func deflate(data []byte) []byte {
	if len(data) < compressFrom {
		return append([]byte{0}, data...)
	}
	out := bytes.NewBuffer([]byte{1})
	w, err := flate.NewWriter(out, flate.DefaultCompression)
	if err == nil {
		_, err = w.Write(data)
		err = errors.Join(err, w.Close())
	}
	if err != nil || out.Len() > len(data) {
		return append([]byte{0}, data...)
	}
	return out.Bytes()
}

// inflaters are readers of package flate, which take 40 KiB each.
var inflaters = sync.Pool{New: func() any { return flate.NewReader(bytes.NewReader(nil)) }}

func inflate(b []byte) ([]byte, error) {
	if len(b) == 0 || b[0] > 1 {
		return nil, fmt.Errorf("%w: unknown form", ErrNoSession)
	}
	if b[0] == 0 {
		return b[1:], nil
	}
	reader, _ := inflaters.Get().(io.ReadCloser)
	defer inflaters.Put(reader)
	if err := reader.(flate.Resetter).Reset(bytes.NewReader(b[1:]), nil); err != nil {
		return nil, fmt.Errorf("%w: cannot be inflated", ErrNoSession)
	}
	data, err := io.ReadAll(io.LimitReader(reader, maxData+1))
	if err != nil || len(data) > maxData {
		return nil, fmt.Errorf("%w: cannot be inflated", ErrNoSession)
	}
	return data, nil
}

// Cookie says how cookies of one name are written.
type Cookie struct {
	Name, Path, Domain string
	SameSite           string // Strict, Lax, None; "" or Default writes no attribute
	HTTPOnly           bool
	Secure             *bool         // nil: as the request came
	MaxAge             time.Duration // 0: until the browser ends
}

func (c *Cookie) chunk(n int) string {
	if n == 0 {
		return c.Name
	}
	return c.Name + strconv.Itoa(n+1)
}

// Join puts the chunks of a cookie together: the first begins with their number and a dot.
func (c *Cookie) Join(cookie func(name string) (string, bool)) (string, int, error) {
	first, ok := cookie(c.Name)
	if !ok {
		return "", 0, ErrNoSession
	}
	number, text, ok := strings.Cut(first, ".")
	n, err := strconv.Atoi(number)
	if !ok || err != nil || n < 1 || n > maxChunks {
		return "", 0, fmt.Errorf("%w: not one of ours", ErrNoSession)
	}
	for i := 1; i < n; i++ {
		more, ok := cookie(c.chunk(i))
		if !ok {
			return "", 0, fmt.Errorf("%w: cookie %s is missing", ErrNoSession, c.chunk(i))
		}
		text += more
	}
	return text, n, nil
}

func (c *Cookie) split(text string, before int, secure bool) ([]string, int, error) {
	chunks := (len(text) + chunkSize - 1) / chunkSize
	if chunks > maxChunks {
		return nil, 0, fmt.Errorf("%w into cookies; use session_storage redis", ErrTooLarge)
	}
	var fields []string
	for i := range chunks {
		part := text[i*chunkSize : min(len(text), (i+1)*chunkSize)]
		if i == 0 {
			part = strconv.Itoa(chunks) + "." + part
		}
		fields = append(fields, c.Field(c.chunk(i), part, secure))
	}
	return append(fields, c.remove(chunks, before, secure)...), chunks, nil
}

func (c *Cookie) remove(from, to int, secure bool) (fields []string) {
	gone := *c
	gone.MaxAge = -1
	for i := from; i < to; i++ {
		fields = append(fields, gone.Field(c.chunk(i), "", secure))
	}
	return fields
}

// Field returns the value of a Set-Cookie field. A negative MaxAge removes the cookie.
func (c *Cookie) Field(name, value string, secure bool) string {
	b := name + "=" + value + "; Path=" + c.Path
	if c.Domain != "" {
		b += "; Domain=" + c.Domain
	}
	switch {
	case c.MaxAge < 0:
		b += "; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT"
	case c.MaxAge > 0:
		b += "; Max-Age=" + strconv.Itoa(int(c.MaxAge/time.Second))
	}
	if c.SameSite != "" && c.SameSite != "Default" {
		b += "; SameSite=" + c.SameSite
	}
	if c.Secure != nil {
		secure = *c.Secure
	}
	if secure || c.SameSite == "None" {
		b += "; Secure"
	}
	if c.HTTPOnly {
		b += "; HttpOnly"
	}
	return b
}

// Remove returns the Set-Cookie field that removes the cookie.
func (c *Cookie) Remove(secure bool) string { return c.remove(0, 1, secure)[0] }
