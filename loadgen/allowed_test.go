//go:build linux

package loadgen

import (
	"net/netip"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// Nothing beyond the loopback network can be loaded that was not allowed. No
// case connects.
func TestTargets(t *testing.T) {
	for _, test := range []struct {
		target, allowed string
		refused         string // what the error says; empty if it is not refused
	}{
		{"127.0.0.1:9", "", ""},
		{"127.9.9.9:9", "10.0.0.0/8", ""},
		{"10.0.0.5:9", "", "10.0.0.5/32"},
		{"10.0.0.5:9", "10.0.1.0/24", "10.0.0.5/32"},
		{"10.0.0.5:9", "10.0.0.0/8", ""},
		{"0.0.0.0:9", "", "beyond the loopback network"},
		{"128.0.0.1:9", "", "beyond the loopback network"},
		{"[::1]:9", "", "not an IPv4 address"},
		{"[::ffff:127.0.0.1]:9", "", "not an IPv4 address"},
	} {
		cfg := Config{Target: netip.MustParseAddrPort(test.target), Connections: 1, Active: 1, Size: 1}
		if test.allowed != "" {
			cfg.Allowed = []netip.Prefix{netip.MustParsePrefix(test.allowed)}
		}
		g, err := New(cfg)
		if err == nil {
			err = g.Close()
		} else if test.refused != "" && strings.Contains(err.Error(), test.refused) {
			continue
		}
		if err != nil || test.refused != "" {
			t.Errorf("%s with %q allowed: %v, want %q", test.target, test.allowed, err, test.refused)
		}
	}
}

// Only on the loopback network may the generator choose where it comes from.
func TestSources(t *testing.T) {
	near := sources(netip.MustParseAddr("127.0.0.1"), 10)
	if len(near) < 10 || near[0].Addr != [4]byte{127, 1, 0, 1} {
		t.Errorf("to loopback from %v, want one source for each connection, from 127.1.0.1", near)
	}
	far := sources(netip.MustParseAddr("10.0.0.5"), 100_000)
	if len(far) != 1 || far[0] != (unix.RawSockaddrInet4{Family: unix.AF_INET}) {
		t.Errorf("beyond loopback from %v, want the kernel to choose", far)
	}
}
