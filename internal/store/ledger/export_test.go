package ledger

// SetShare sets how many entities a share of a table holds, and returns how many it held.
func SetShare(n int) int {
	n, inShare = inShare, n
	return n
}
