//go:build linux

package muxtest

import (
	"net/netip"
	"time"

	"muxbench/multiplexers"
	"muxbench/multiplexers/server"
)

// Subject is what cases are tried on: the kernel, a multiplexer or a server.
type Subject struct {
	Name string
	Tier Tier // of the cases that are about it

	patience  time.Duration // 0: the bench's
	mechanism multiplexers.Mechanism
	backend   server.Backend
	start     func(server.Config) (Server, error)
}

// Server is what a case needs of a server: that of package server, or one that is to
// be compared with it. Serve serves until Close, which returns when it has ended.
type Server interface {
	Address() netip.AddrPort
	Serve() error
	Snapshot() (server.Snapshot, error)
	Close()
}

// TheKernel is this host's, asked by raw system calls.
func TheKernel() Subject { return Subject{Name: "kernel", Tier: Kernel} }

// OfMechanism is a multiplexer that m makes.
func OfMechanism(m multiplexers.Mechanism) Subject {
	return Subject{Name: m.Name, Tier: Contract, mechanism: m}
}

// OfBackend is a server with backend b.
func OfBackend(b server.Backend) Subject {
	return OfServer(b, func(c server.Config) (Server, error) { return server.New(c) })
}

// OfServer is a server that start makes, and that is to do what one with backend b
// does.
func OfServer(b server.Backend, start func(server.Config) (Server, error)) Subject {
	return Subject{Name: b.Name, Tier: Whole, mechanism: b.Mechanism, backend: b, start: start}
}

// Impatient is s, of which it is known that something will not come: that is waited for
// for so long only.
func (s Subject) Impatient(patience time.Duration) Subject {
	s.patience = patience
	return s
}

// Subjects are this host's kernel, every multiplexer and every backend, in the order
// in which they are to be shown.
func Subjects() []Subject {
	all := []Subject{TheKernel()}
	for _, m := range multiplexers.Mechanisms() {
		all = append(all, OfMechanism(m))
	}
	for _, b := range server.Backends() {
		all = append(all, OfBackend(b))
	}
	return all
}

// Probe says why the subject is not to be had on this host; nil if it is.
func (s Subject) Probe() error {
	switch s.Tier {
	case Contract:
		return s.mechanism.Probe()
	case Whole:
		return s.backend.Probe()
	}
	return nil
}
