package http2_test

import (
	"testing"

	"github.com/gibbon-gateway/gibbon/internal/http2"
)

func TestWindow(t *testing.T) {
	var w http2.Window
	for _, step := range []struct {
		add  int64
		ok   bool
		want int32
	}{
		{65535, true, 65535},
		{-70000, true, -4465}, // a smaller SETTINGS_INITIAL_WINDOW_SIZE
		{1<<31 - 1, true, 1<<31 - 1 - 4465},
		{4466, false, 1<<31 - 1 - 4465},
		{4465, true, 1<<31 - 1},
		{1, false, 1<<31 - 1},
	} {
		if ok := w.Add(step.add); ok != step.ok || int32(w) != step.want {
			t.Errorf("%+d: %t %d, want %t %d", step.add, ok, w, step.ok, step.want)
		}
	}
}

func TestCredit(t *testing.T) {
	c := http2.NewCredit(100)
	if !c.Receive(60) {
		t.Error("a window of 100 takes 60 bytes")
	}
	if n := c.Refund(39); n != 0 {
		t.Errorf("update of %d while 40 are left, want it to wait", n)
	}
	if n := c.Refund(1); n != 40 {
		t.Errorf("update of %d, want 40", n)
	}
	if !c.Receive(80) || c.Receive(1) {
		t.Error("a window of 80 takes 80 bytes and not one more")
	}
	if n := c.Refund(1); n != 1 {
		t.Errorf("update of %d when nothing is left, want it at once", n)
	}
	if n := c.Grow(300); n != 200 {
		t.Errorf("update of %d, want 200", n)
	}
	if !c.Receive(201) || c.Receive(1) {
		t.Error("a window of 300 with 99 bytes in use takes 201 bytes and not one more")
	}
	if n := c.Grow(200); n != 0 {
		t.Errorf("update of %d for a window that is larger already", n)
	}
	c = http2.NewCredit(100)
	c.Receive(50)
	if n := c.Refund(50); n != 50 {
		t.Errorf("update of %d for half of the window, want 50", n)
	}
}
