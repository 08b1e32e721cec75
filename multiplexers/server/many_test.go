//go:build linux && !race

package server_test

// messagesInOrder are so many that chance would not keep them in order.
const messagesInOrder = 1_000_000
