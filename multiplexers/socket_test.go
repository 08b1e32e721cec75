//go:build linux

package multiplexers_test

import (
	"net"
	"net/netip"
	"testing"

	"golang.org/x/sys/unix"

	"muxbench/multiplexers"
)

// A connection within the host has the simplest congestion control, whatever
// the host's choice is.
func TestConnectWithinTheHost(t *testing.T) {
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	at := netip.MustParseAddrPort(listener.Addr().String())
	to := &unix.RawSockaddrInet4{Family: unix.AF_INET, Port: at.Port()>>8 | at.Port()<<8, Addr: at.Addr().As4()}
	from := &unix.RawSockaddrInet4{Family: unix.AF_INET, Addr: [4]byte{127, 0, 0, 9}}
	fd, errno := multiplexers.Runtime.Connect(from, to, 0)
	if errno != 0 {
		t.Fatal(errno)
	}
	defer unix.Close(fd)
	if got, err := unix.GetsockoptString(fd, unix.IPPROTO_TCP, unix.TCP_CONGESTION); err != nil || got != "reno" {
		t.Errorf("congestion control %q, %v, want reno", got, err)
	}
	if got, err := unix.GetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY); err != nil || got == 0 {
		t.Errorf("TCP_NODELAY is %d, %v", got, err)
	}
}
