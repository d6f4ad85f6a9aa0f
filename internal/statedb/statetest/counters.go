package statetest

import (
	"github.com/gibbon-gateway/gibbon/state"
)

func counter(t *test) {
	t.wantCount("c", 0)
	for i, step := range []struct{ n, want int64 }{{1, 1}, {1, 2}, {40, 42}, {-50, -8}, {0, -8}, {8, 0}, {1, 1}} {
		if got := t.add("c", step.n, 0); got != step.want {
			t.Fatalf("step %d: add %d gave %d, want %d", i, step.n, got, step.want)
		}
	}
}

// reading checks that a look at a counter does not make it.
func reading(t *test) {
	t.wantCount("d", 0)
	if err := t.Store.Scan(t.ctx, []byte("d"), func(key []byte) bool {
		t.Errorf("reading a counter made %q", key)
		return true
	}); err != nil {
		t.Fatal(err)
	}
}

func counterExpiry(t *test) {
	t.add("c", 1, 2*t.Unit)
	t.add("forever", 1, 0)
	t.add("forever, too", 1, -1)
	t.Advance(t.Unit)
	if got := t.add("c", 1, 10*t.Unit); got != 2 { // must not prolong
		t.Errorf("before the end: got %d, want 2", got)
	}
	t.Advance(t.Unit + t.Unit/2)
	t.wantCount("c", 0)
	if got := t.add("c", 1, 2*t.Unit); got != 1 {
		t.Errorf("after the end: got %d, want 1", got)
	}
	t.Advance(t.Unit)
	t.wantCount("c", 1)
	t.wantCount("forever", 1)
	t.wantCount("forever, too", 1)
}

func take(t *test) {
	c := []state.Claim{{Key: []byte("c"), Max: 3}}
	for i := int64(1); i <= 5; i++ {
		ok, err := t.Store.Take(t.ctx, 1, c)
		if err != nil {
			t.Fatal(err)
		}
		if want := i <= 3; ok != want || c[0].Value != min(i, 3) {
			t.Errorf("take %d: %v, value %d; want %v, %d", i, ok, c[0].Value, want, min(i, 3))
		}
	}
	t.wantCount("c", 3)
	if t.take(2, state.Claim{Key: []byte("c"), Max: 4}) {
		t.Error("took 2 where 1 was left")
	}
	if !t.take(2, state.Claim{Key: []byte("c"), Max: 5}) {
		t.Error("did not take 2 where 2 were left")
	}
	t.wantCount("c", 5)
	t.add("c", -4, 0)
	if !t.take(1, state.Claim{Key: []byte("c"), Max: 2}) {
		t.Error("did not take what was given back")
	}
	if t.take(1, state.Claim{Key: []byte("zero"), Max: 0}) {
		t.Error("took from a limit of 0")
	}
	t.wantCount("zero", 0)
	if !t.take(1) {
		t.Error("a take without claims has nothing against it")
	}
	for _, n := range []int64{0, -1} {
		if _, err := t.Store.Take(t.ctx, n, c); err == nil {
			t.Errorf("take of %d: want an error", n)
		}
	}
}

func takeAllOrNothing(t *test) {
	claims := func() []state.Claim {
		return []state.Claim{{Key: []byte("{t}a"), Max: 10}, {Key: []byte("{t}b"), Max: 2}, {Key: []byte("{t}c"), Max: 10}}
	}
	for i := range 4 {
		c := claims()
		ok, err := t.Store.Take(t.ctx, 1, c)
		if err != nil {
			t.Fatal(err)
		}
		if ok != (i < 2) {
			t.Errorf("take %d: %v", i, ok)
		}
		for _, c := range c {
			if want := int64(min(i+1, 2)); c.Value != want {
				t.Errorf("take %d: %s is %d, want %d", i, c.Key, c.Value, want)
			}
		}
	}
	for _, k := range []string{"{t}a", "{t}b", "{t}c"} {
		t.wantCount(k, 2)
	}
	if !t.take(1, state.Claim{Key: []byte("{t}a"), Max: 3}, state.Claim{Key: []byte("{t}new"), Max: 1}) {
		t.Error("an old and a new counter: want success")
	}
	t.wantCount("{t}a", 3)
	t.wantCount("{t}new", 1)
}

func takeExpiry(t *test) {
	claims := []state.Claim{
		{Key: []byte("{t}short"), Max: 1, TTL: 2 * t.Unit},
		{Key: []byte("{t}long"), Max: 3, TTL: 6 * t.Unit},
		{Key: []byte("{t}forever"), Max: 9},
	}
	if !t.take(1, claims...) || t.take(1, claims...) {
		t.Fatal("want one take and one refusal")
	}
	t.Advance(2*t.Unit + t.Unit/2)
	t.wantCount("{t}short", 0)
	t.wantCount("{t}long", 1)
	if !t.take(1, claims...) {
		t.Error("the short counter is over: want a take")
	}
	t.Advance(4 * t.Unit)
	t.wantCount("{t}long", 0) // the second take did not prolong it
	t.wantCount("{t}forever", 2)
}
