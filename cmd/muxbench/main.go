//go:build linux

// Muxbench measures what it costs a Linux server to wait for many connections.
package main

import "os"

func main() { os.Exit(execute(os.Args, os.Stdin, os.Stdout, os.Stderr)) }
