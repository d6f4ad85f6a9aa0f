package store

import (
	"strconv"
	"strings"
)

// FormatNewest returns the Next of a page that is ordered by creation, newest first, and ends with this document.
func FormatNewest(created int64, id string) string { return strconv.FormatInt(created, 10) + "," + id }

// ParseNewest reverses FormatNewest.
func ParseNewest(after string) (created int64, id string, err error) {
	if after == "" {
		return 0, "", nil
	}
	number, id, ok := strings.Cut(after, ",")
	created, err = strconv.ParseInt(number, 10, 64)
	if !ok || err != nil || !Storable(id) {
		return 0, "", ErrOffset
	}
	return created, id, nil
}

// FormatTagRow returns the next of a page of tags that ends with this row.
func FormatTagRow(r TagRow) string { return r.Kind + "," + r.ID + "," + r.Tag }

// ParseTagRow reverses FormatTagRow.
func ParseTagRow(after string) (r TagRow, err error) {
	if after == "" {
		return TagRow{}, nil
	}
	parts := strings.SplitN(after, ",", 3)
	if len(parts) != 3 || !Storable(after) {
		return TagRow{}, ErrOffset
	}
	return TagRow{Kind: parts[0], ID: parts[1], Tag: parts[2]}, nil
}

func (r TagRow) compare(o TagRow) int {
	for _, c := range []int{strings.Compare(r.Tag, o.Tag), strings.Compare(r.Kind, o.Kind), strings.Compare(r.ID, o.ID)} {
		if c != 0 {
			return c
		}
	}
	return 0
}
