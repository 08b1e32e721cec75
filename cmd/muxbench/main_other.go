//go:build !linux

// Muxbench measures what it costs a Linux server to wait for many connections.
package main

import (
	"fmt"
	"os"
)

func main() {
	fmt.Fprintln(os.Stderr, "muxbench: needs Linux: it measures select, poll and epoll as the Linux kernel has them")
	os.Exit(1)
}
