package token_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"log/slog"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"go.uber.org/goleak"

	"github.com/gibbon-gateway/gibbon/internal/idp/store"
	"github.com/gibbon-gateway/gibbon/internal/idp/token"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// ring returns a Ring with two pools, and a clock to move.
func ring(t *testing.T) (*token.Ring, *store.Store, *atomic.Int64) {
	t.Helper()
	st, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "idp.db"), "key")
	if err != nil {
		t.Fatal(err)
	}
	var offset atomic.Int64
	r := token.NewRing(st, slog.New(slog.NewTextHandler(t.Output(), nil)), func() time.Time { return time.Now().Add(time.Duration(offset.Load())) })
	t.Cleanup(func() { r.Close(); st.Close() })
	for _, id := range []string{"p1", "p2"} {
		keys, err := r.Prepare(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		err = st.Update(t.Context(), func(tx *store.Tx) error {
			if err := tx.InsertPool(store.Pool{ID: id, Region: "r", Doc: []byte(`{}`)}); err != nil {
				return err
			}
			return r.Assign(tx, id, keys)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return r, st, &offset
}

func claims(use token.Use) token.Claims {
	return token.Claims{{Name: "sub", Value: "s"}, {Name: "token_use", Value: use}, {Name: "exp", Value: time.Now().Add(time.Hour).Unix()}, {Name: "x", Value: "<&>"}}
}

// TestRing signs, has another library verify, and rotates.
func TestRing(t *testing.T) {
	r, _, offset := ring(t)
	ctx := t.Context()
	access, err := r.Sign(ctx, "p1", token.Access, claims(token.Access))
	if err != nil {
		t.Fatal(err)
	}
	raw, err := r.JWKS(ctx, "p1")
	if err != nil {
		t.Fatal(err)
	}
	var set jose.JSONWebKeySet
	if err := json.Unmarshal(raw, &set); err != nil || len(set.Keys) != 2 {
		t.Fatalf("%v %s", err, raw)
	}
	parsed, err := jwt.ParseSigned(access, []jose.SignatureAlgorithm{jose.RS256})
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := parsed.Claims(set.Key(parsed.Headers[0].KeyID)[0].Key, &got); err != nil || got["x"] != "<&>" {
		t.Errorf("%v %v", got, err)
	}
	header, _ := base64.RawURLEncoding.DecodeString(strings.Split(access, ".")[0])
	if !strings.HasPrefix(string(header), `{"kid":"`) || !strings.HasSuffix(string(header), `=","alg":"RS256"}`) {
		t.Errorf("header %s", header)
	}
	if err := r.Rotate(ctx, "p1"); err != nil {
		t.Fatal(err)
	}
	after, err := r.Sign(ctx, "p1", token.Access, claims(token.Access))
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []string{access, after} {
		if _, err := r.Verify(ctx, "p1", s, token.Access); err != nil {
			t.Errorf("after rotation: %v", err)
		}
	}
	if strings.Split(access, ".")[0] == strings.Split(after, ".")[0] {
		t.Error("the key stayed")
	}
	id, err := r.Sign(ctx, "p1", token.ID, claims(token.ID))
	if err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(access, ".")
	none := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`)) + "." + parts[1] + "."
	for name, bad := range map[string]string{"an ID token": id, "nothing": "", "no signature": parts[0] + "." + parts[1] + ".", "none": none,
		"changed": parts[0] + "." + parts[1] + "x." + parts[2], "other claims": parts[0] + "." + strings.Split(id, ".")[1] + "." + parts[2]} {
		if _, err := r.Verify(ctx, "p1", bad, token.Access); !errors.Is(err, token.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := r.Verify(ctx, "p2", access, token.Access); !errors.Is(err, token.ErrInvalid) {
		t.Errorf("in another pool: %v", err)
	}
	offset.Store(int64(2 * time.Hour))
	if _, err := r.Verify(ctx, "p1", access, token.Access); !errors.Is(err, token.ErrExpired) {
		t.Errorf("%v", err)
	}
	if _, err := r.JWKS(context.WithoutCancel(ctx), "none"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("%v", err)
	}
}

func TestOpaque(t *testing.T) {
	r := token.NewRefresh()
	if strings.Count(r, ".") != 4 || r == token.NewRefresh() || len(r) < 1000 || len(r) > 2048 {
		t.Error(r)
	}
	if s := token.NewSession(); len(s) < 20 || len(s) > 2048 {
		t.Errorf("a session of %d characters", len(s))
	}
}
