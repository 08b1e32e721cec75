//go:build linux && race

package scenarios_test

// raceDetector says that workers keep a record of what several threads share, and
// that package sync gives up pooled memory at random.
const raceDetector = true
