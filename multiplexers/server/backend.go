//go:build linux

// Package server is the server under test: one event loop, one connection type
// and one handler for every multiplexer, so that the waiting is the only
// difference between two backends. It echoes what it reads.
package server

import (
	"fmt"

	"muxbench/multiplexers"
)

// Backend is a named server configuration: a multiplexer with its trigger
// mode, and a threading model.
type Backend struct {
	Name, Summary string
	Mechanism     multiplexers.Mechanism
}

// Backends lists the backends, in the order in which they are to be shown. The
// caller owns the slice.
func Backends() []Backend {
	var all []Backend
	for _, m := range multiplexers.Mechanisms() {
		all = append(all, Backend{Name: m.Name, Summary: "one loop on " + m.Summary, Mechanism: m})
	}
	return all
}

// Lookup finds a backend by its name.
func Lookup(name string) (Backend, error) {
	for _, b := range Backends() {
		if b.Name == name {
			return b, nil
		}
	}
	return Backend{}, fmt.Errorf("backend %q is unknown", name)
}
