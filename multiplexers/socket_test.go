//go:build linux

package multiplexers_test

import (
	"net"
	"net/netip"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"muxbench/multiplexers"
)

// A connection to a loopback address has the simplest congestion control,
// whatever the host's choice is; any other has that.
func TestCongestionControl(t *testing.T) {
	choice, err := os.ReadFile("/proc/sys/net/ipv4/tcp_congestion_control")
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	at := netip.MustParseAddrPort(listener.Addr().String())
	// 0.0.0.0 is this host too, by another name.
	for to, want := range map[[4]byte]string{{127, 0, 0, 1}: "reno", {}: strings.TrimSpace(string(choice))} {
		checkCongestionControl(t, &unix.RawSockaddrInet4{Family: unix.AF_INET, Port: at.Port()>>8 | at.Port()<<8, Addr: to}, want)
	}
}

func checkCongestionControl(t *testing.T, to *unix.RawSockaddrInet4, want string) {
	t.Helper()
	from := &unix.RawSockaddrInet4{Family: unix.AF_INET, Addr: [4]byte{127, 0, 0, 9}}
	fd, errno := multiplexers.Runtime.Connect(from, to, 0)
	if errno != 0 {
		t.Fatal(errno)
	}
	defer unix.Close(fd)
	if got, err := unix.GetsockoptString(fd, unix.IPPROTO_TCP, unix.TCP_CONGESTION); err != nil || got != want {
		t.Errorf("to %v: congestion control %q, %v, want %s", to.Addr, got, err, want)
	}
	if got, err := unix.GetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY); err != nil || got == 0 {
		t.Errorf("TCP_NODELAY is %d, %v", got, err)
	}
}
