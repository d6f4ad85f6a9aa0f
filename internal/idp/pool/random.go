package pool

import "crypto/rand"

const (
	lowers  = "abcdefghijklmnopqrstuvwxyz"
	digits  = "0123456789"
	anyCase = lowers + "ABCDEFGHIJKLMNOPQRSTUVWXYZ" + digits
	small   = lowers + digits
)

// random returns n characters of an alphabet of at most 64, each as likely as any other.
func random(n int, alphabet string) string {
	out := make([]byte, 0, n)
	var buffer [64]byte
	for len(out) < n {
		rand.Read(buffer[:])
		for _, b := range buffer {
			if i := int(b & 63); i < len(alphabet) && len(out) < n {
				out = append(out, alphabet[i])
			}
		}
	}
	return string(out)
}

// newPoolID returns an id such as us-east-1_AbCdEfGhI.
func newPoolID(region string) string { return region + "_" + random(9, anyCase) }

// newClientID returns 26 small letters and digits.
func newClientID() string { return random(26, small) }

// newSecret returns 51 small letters and digits.
func newSecret() string { return random(51, small) }
