//go:build linux && race

package server_test

// messagesInOrder are as many as the race detector has time for.
const messagesInOrder = 80_000
