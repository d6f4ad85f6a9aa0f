package wire

import (
	"fmt"
	"strconv"
	"time"
)

// Time is an instant as JSON 1.1 writes it: seconds since 1970 with milliseconds, as a number.
type Time struct{ time.Time }

// At returns a pointer to the instant, cut to milliseconds; nil for the zero time.
func At(t time.Time) *Time {
	if t.IsZero() {
		return nil
	}
	return &Time{t.Truncate(time.Millisecond)}
}

// MarshalJSON writes 1602513283.123.
func (t Time) MarshalJSON() ([]byte, error) {
	ms := t.UnixMilli()
	if ms%1000 == 0 {
		return strconv.AppendInt(nil, ms/1000, 10), nil
	}
	return strconv.AppendFloat(nil, float64(ms)/1000, 'f', 3, 64), nil
}

// UnmarshalJSON reads what MarshalJSON writes.
func (t *Time) UnmarshalJSON(b []byte) error {
	f, err := strconv.ParseFloat(string(b), 64)
	if err != nil {
		return fmt.Errorf("time %s: not a number of seconds", b)
	}
	t.Time = time.UnixMilli(int64(f*1000 + 0.5)).UTC()
	return nil
}
