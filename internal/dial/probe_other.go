//go:build !unix

package dial

// readNow finds nothing where a socket cannot be asked.
func readNow(uintptr, []byte) (int, error) { return 0, errNothing{} }
