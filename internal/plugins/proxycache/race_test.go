//go:build race

package proxycache_test

// raceDetector makes pools forget, so that allocations cannot be counted.
const raceDetector = true
