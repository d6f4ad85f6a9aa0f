package httpcache

import (
	"bytes"
	"time"

	"github.com/gibbon-gateway/gibbon/header"
)

// ParseDate reads a date in one of the three forms of HTTP (RFC 9110, 5.6.7). The case of letters does not matter; anything else
// that differs from the form makes it no date. now decides the century of the second form.
func ParseDate(v []byte, now time.Time) (time.Time, bool) {
	if len(v) > 40 || bytes.Contains(v, []byte("  ")) && len(v) != len(time.ANSIC) {
		return time.Time{}, false
	}
	s := canonical(v)
	// The usual form has one length; Go alone would take one-digit hours, and more.
	if len(s) == len("Mon, 02 Jan 2006 15:04:05 GMT") {
		t, err := time.Parse("Mon, 02 Jan 2006 15:04:05 GMT", s)
		return t, err == nil
	}
	if len(s) == len(time.ANSIC) {
		t, err := time.Parse(time.ANSIC, s)
		return t, err == nil
	}
	if i := bytes.IndexByte(v, ','); i > 3 && len(s)-i == len(", 02-Jan-06 15:04:05 GMT") {
		t, err := time.Parse("Monday, 02-Jan-06 15:04:05 GMT", s)
		if err != nil {
			return time.Time{}, false
		}
		century := now.UTC().Year() / 100 * 100
		t = time.Date(century+t.Year()%100, t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), 0, time.UTC)
		if t.After(now.AddDate(50, 0, 0)) {
			t = t.AddDate(-100, 0, 0)
		}
		return t, true
	}
	return time.Time{}, false
}

// canonical gives words the usual case: "THU, 18 AUG 2050 02:01:18 gMT" as "Thu, 18 Aug 2050 02:01:18 GMT".
func canonical(v []byte) string {
	var b [40]byte
	n := copy(b[:], v)
	word := false
	for i := range n {
		c := b[i]
		letter := 'a' <= c|0x20 && c|0x20 <= 'z'
		switch {
		case letter && word:
			b[i] = c | 0x20
		case letter:
			b[i] = c &^ 0x20
		}
		word = letter
	}
	if n >= 3 && header.EqualFold(b[n-3:n], "gmt") {
		copy(b[n-3:n], "GMT")
	}
	return string(b[:n])
}

// dateOf reads the date in the only field called name. given says that the field is there, even if it holds no date.
func dateOf(h *header.Fields, name string, now time.Time) (t time.Time, ok, given bool) {
	n := 0
	for v := range h.Values(name) {
		if n++; n == 1 {
			t, ok = ParseDate(v, now)
		}
	}
	return t, ok && n == 1, n > 0
}
