//go:build linux && !race

package scenarios_test

const raceDetector = false
