package statetest

import (
	"errors"
	"fmt"
	"slices"

	"github.com/gibbon-gateway/gibbon/state"
)

func value(t *test) {
	t.wantGone("k")
	t.put("k", "one", 0)
	t.want("k", "one")
	t.put("k", "two, and longer", 0)
	t.want("k", "two, and longer")
	t.put("k", "", 0)
	t.want("k", "")
	t.put("", "the empty key", 0)
	t.want("", "the empty key")
	t.want("k", "")
	big := string(make([]byte, 1<<20))
	t.put("big", big, 0)
	t.want("big", big)
}

func valueCopied(t *test) {
	key, val := []byte("key"), []byte("value")
	if err := t.Store.Put(t.ctx, key, val, 0); err != nil {
		t.Fatal(err)
	}
	copy(key, "xxx")
	copy(val, "xxxxx")
	t.want("key", "value")
	got, err := t.Store.Get(t.ctx, []byte("key"))
	if err != nil {
		t.Fatal(err)
	}
	copy(got, "yyyyy")
	t.want("key", "value")
}

func valueExpiry(t *test) {
	t.put("short", "s", 2*t.Unit)
	t.put("long", "l", 6*t.Unit)
	t.put("forever", "f", 0)
	t.put("forever, too", "f", -1)
	t.Advance(t.Unit)
	t.want("short", "s")
	t.Advance(t.Unit + t.Unit/2)
	t.wantGone("short")
	t.want("long", "l")
	t.Advance(4 * t.Unit)
	t.wantGone("long")
	t.want("forever", "f")
	t.want("forever, too", "f")
	if keys := t.scan(""); !slices.Equal(keys, []string{"forever", "forever, too"}) {
		t.Errorf("scan shows %q", keys)
	}
}

func putReplacesLifetime(t *test) {
	t.put("prolonged", "1", 2*t.Unit)
	t.put("shortened", "1", 20*t.Unit)
	t.put("unbound", "1", 2*t.Unit)
	t.put("bound", "1", 0)
	t.put("prolonged", "2", 6*t.Unit)
	t.put("shortened", "2", 2*t.Unit)
	t.put("unbound", "2", 0)
	t.put("bound", "2", 2*t.Unit)
	t.Advance(2*t.Unit + t.Unit/2)
	t.want("prolonged", "2")
	t.wantGone("shortened")
	t.want("unbound", "2")
	t.wantGone("bound")
	t.Advance(4 * t.Unit)
	t.wantGone("prolonged")
}

func putNew(t *test) {
	if !t.putNew("k", "first", 0) {
		t.Error("the key was not there: want it stored")
	}
	if t.putNew("k", "second", 0) {
		t.Error("the key was there: want it left alone")
	}
	t.want("k", "first")
	if err := t.Store.Delete(t.ctx, []byte("k")); err != nil {
		t.Fatal(err)
	}
	if !t.putNew("k", "third", 0) {
		t.Error("the key was deleted: want it stored")
	}
	t.want("k", "third")
}

func putNewExpiry(t *test) {
	if !t.putNew("lock", "a", 2*t.Unit) {
		t.Fatal("want the lock")
	}
	t.Advance(t.Unit)
	if t.putNew("lock", "b", 20*t.Unit) {
		t.Error("the lock is held: want a refusal")
	}
	t.Advance(t.Unit + t.Unit/2)
	if !t.putNew("lock", "c", 2*t.Unit) {
		t.Error("the lock has expired: want it")
	}
	t.want("lock", "c")
}

func swap(t *test) {
	if t.swap("k", "", "x", 0) {
		t.Error("swapped a key that is not there")
	}
	t.wantGone("k")
	t.put("k", "1", 0)
	if t.swap("k", "2", "3", 0) {
		t.Error("swapped another value")
	}
	t.want("k", "1")
	if !t.swap("k", "1", "2", 0) {
		t.Error("the value was as told: want a swap")
	}
	t.want("k", "2")
	if !t.swap("k", "2", "", 0) || !t.swap("k", "", "3", 0) {
		t.Error("want swaps to and from the empty value")
	}
	t.want("k", "3")
}

func swapExpiry(t *test) {
	t.put("k", "1", 2*t.Unit)
	t.put("gone", "1", t.Unit)
	t.Advance(t.Unit + t.Unit/2)
	if t.swap("gone", "1", "2", 0) {
		t.Error("swapped an expired value")
	}
	if !t.swap("k", "1", "2", 4*t.Unit) {
		t.Error("want a swap")
	}
	t.Advance(2 * t.Unit)
	t.want("k", "2")
	t.Advance(2*t.Unit + t.Unit/2)
	t.wantGone("k")
}

func deleteKeys(t *test) {
	t.put("a", "1", 0)
	t.put("b", "2", t.Unit)
	t.put("c", "3", 0)
	t.add("n", 5, 0)
	if err := t.Store.Delete(t.ctx, []byte("a"), []byte("b"), []byte("n"), []byte("never there")); err != nil {
		t.Fatal(err)
	}
	t.wantGone("a")
	t.wantGone("b")
	t.want("c", "3")
	t.wantCount("n", 0)
	if err := t.Store.Delete(t.ctx); err != nil {
		t.Errorf("delete nothing: %v", err)
	}
}

func kinds(t *test) {
	t.put("{k}value", "17", 0)
	t.add("{k}counter", 17, 0)
	if _, err := t.Store.Add(t.ctx, []byte("{k}value"), 1, 0); !errors.Is(err, state.ErrKind) {
		t.Errorf("add to a value: %v, want ErrKind", err)
	}
	claims := []state.Claim{{Key: []byte("{k}counter"), Max: 100}, {Key: []byte("{k}value"), Max: 100}}
	if ok, err := t.Store.Take(t.ctx, 1, claims); ok || !errors.Is(err, state.ErrKind) {
		t.Errorf("take of a value: %v, %v, want ErrKind", ok, err)
	}
	if _, err := t.Store.Get(t.ctx, []byte("{k}counter")); !errors.Is(err, state.ErrKind) {
		t.Errorf("get of a counter: %v, want ErrKind", err)
	}
	if t.putNew("{k}counter", "x", 0) {
		t.Error("put new over a counter: want a refusal")
	}
	if t.swap("{k}counter", "17", "x", 0) {
		t.Error("swap of a counter: want a refusal")
	}
	t.want("{k}value", "17")
	t.wantCount("{k}counter", 17)
	t.put("{k}counter", "now a value", 0)
	t.want("{k}counter", "now a value")
}

func binaryKeys(t *test) {
	keys := []string{"\x00", "\x00\x00", "\xff\xfe*?[a]", "a\nb", "ü", "rl:\x01\x02{}"}
	for i, k := range keys {
		t.put(k, fmt.Sprint(i), 0)
	}
	for i, k := range keys {
		t.want(k, fmt.Sprint(i))
	}
	for _, k := range keys[2:] {
		if got := t.scan(k); !slices.Equal(got, []string{k}) {
			t.Errorf("scan %q: got %q", k, got)
		}
	}
}

func (t *test) scan(prefix string) []string {
	t.Helper()
	var keys []string
	err := t.Store.Scan(t.ctx, []byte(prefix), func(key []byte) bool {
		keys = append(keys, string(key))
		return true
	})
	if err != nil {
		t.Fatalf("scan %q: %v", prefix, err)
	}
	slices.Sort(keys)
	return slices.Compact(keys) // a store may show a key twice
}

func scan(t *test) {
	for i := range 300 {
		t.put(fmt.Sprintf("a:%03d", i), "x", 0)
		t.put(fmt.Sprintf("b:%03d", i), "x", 0)
	}
	t.add("a:counter", 1, 0)
	t.put("a", "shorter than the prefix", 0)
	if got := t.scan("a:"); len(got) != 301 || got[0] != "a:000" || got[300] != "a:counter" {
		t.Errorf("scan a: shows %d keys, %q …", len(got), got[:min(3, len(got))])
	}
	if got := t.scan(""); len(got) != 602 {
		t.Errorf("scan of all shows %d keys, want 602", len(got))
	}
	if got := t.scan("none"); len(got) != 0 {
		t.Errorf("scan of nothing shows %q", got)
	}
	seen := 0
	if err := t.Store.Scan(t.ctx, nil, func([]byte) bool { seen++; return seen < 7 }); err != nil || seen != 7 {
		t.Errorf("stop after 7: saw %d, %v", seen, err)
	}
}

func scanAndChange(t *test) {
	for i := range 100 {
		t.put(fmt.Sprintf("k%02d", i), "x", 0)
	}
	err := t.Store.Scan(t.ctx, []byte("k"), func(key []byte) bool {
		if err := t.Store.Delete(t.ctx, slices.Clone(key)); err != nil {
			t.Error(err)
			return false
		}
		return true
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := t.scan("k"); len(got) != 0 {
		t.Errorf("left over: %q", got)
	}
}
