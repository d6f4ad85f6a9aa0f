//go:build !race

package proxycache_test

const raceDetector = false
