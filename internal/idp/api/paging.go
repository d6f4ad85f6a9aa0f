package api

import (
	"encoding/base64"
	"encoding/json"
	"strings"
)

// position is what a pagination token says: of which list, and behind which entry.
type position struct {
	List  string `json:"l"`
	After string `json:"a"`
}

// NextToken makes the token with which a list goes on behind an entry. list names the list with all that shapes it (operation, pool,
// filter), so that a token is good for that list alone.
func NextToken(list, after string) string {
	b, _ := json.Marshal(position{list, after})
	return base64.RawURLEncoding.EncodeToString(b)
}

// After reads a token of NextToken for the same list; "" is its beginning.
func After(list, token string) (string, error) {
	if token == "" {
		return "", nil
	}
	b, err := base64.RawURLEncoding.DecodeString(token)
	var p position
	if err != nil || json.Unmarshal(b, &p) != nil || p.List != list {
		return "", InvalidParameter.Errorf("Invalid pagination token given.")
	}
	return p.After, nil
}

// List names a list for NextToken.
func List(parts ...string) string { return strings.Join(parts, "\x00") }

// Limit is how many entries a page has: what was asked for, at most and otherwise most.
func Limit(asked *int, most int) int {
	if asked == nil || *asked <= 0 || *asked > most {
		return most
	}
	return *asked
}

// Cut ends a page of at most limit entries, of which one more was fetched to see whether there is more: it returns the page and the token
// for the next, "" at the end.
func Cut[T any](entries []T, limit int, list string, key func(T) string) ([]T, string) {
	if len(entries) <= limit {
		return entries, ""
	}
	return entries[:limit], NextToken(list, key(entries[limit-1]))
}
