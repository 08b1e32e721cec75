//go:build linux

package main

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/spf13/cobra"

	"muxbench/scenarios"
)

// defaultAddress is where serve listens.
const defaultAddress = "127.0.0.1:7777"

// oneAddress is for commands that listen on, or connect to, one address.
func oneAddress(c *cobra.Command, args []string) error {
	if len(args) > 1 {
		return fmt.Errorf("%s: %d addresses are named, and one is wanted, such as %s", c.Name(), len(args), defaultAddress)
	}
	return nil
}

// parseAddress reads an address that may be used: of the loopback network, or
// of a network that the user has allowed.
func parseAddress(s string, allowed []netip.Prefix) (netip.AddrPort, error) {
	at, err := netip.ParseAddrPort(s)
	if err != nil || !at.Addr().Is4() {
		return at, &scenarios.Invalid{Flag: "ADDRESS", Value: s, Allowed: "an IPv4 address and a port are wanted, such as " + defaultAddress}
	}
	if at.Addr().IsUnspecified() {
		if slices.ContainsFunc(allowed, func(p netip.Prefix) bool { return p.Bits() == 0 }) {
			return at, nil
		}
		return at, &scenarios.Invalid{Flag: "ADDRESS", Value: s, Allowed: "that is every address of this host: give --allow-target 0.0.0.0/0 if it is meant"}
	}
	contains := func(p netip.Prefix) bool { return p.Contains(at.Addr()) }
	if at.Addr().IsLoopback() || slices.ContainsFunc(allowed, contains) {
		return at, nil
	}
	return at, &scenarios.Invalid{Flag: "ADDRESS", Value: s, Allowed: fmt.Sprintf("%s is beyond the loopback network 127.0.0.0/8: give --allow-target %s/32 if it is meant", at.Addr(), at.Addr())}
}

// parseNetwork reads a network in CIDR notation. One with bits behind its
// prefix is refused: it would allow more than the address that it seems to be.
func parseNetwork(s string) (netip.Prefix, error) {
	p, err := netip.ParsePrefix(s)
	switch {
	case err != nil || !p.Addr().Is4():
		return p, fmt.Errorf("%q is not an IPv4 network such as 10.0.0.0/8 or 10.0.0.5/32", s)
	case p != p.Masked():
		return p, fmt.Errorf("%q is not clear: give %s for the network, or %s/32 for the address", s, p.Masked(), p.Addr())
	}
	return p, nil
}

// checkCPU refuses a CPU that this process may not run on.
func checkCPU(cpu int) error {
	available, err := scenarios.AvailableCPUs()
	if err != nil || cpu < 0 || slices.Contains(available, cpu) {
		return err
	}
	return &scenarios.Invalid{Flag: "--cpu", Value: fmt.Sprint(cpu), Allowed: fmt.Sprintf("this process may run on CPUs %v", available)}
}
