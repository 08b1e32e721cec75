//go:build linux

package inspect

import (
	"bufio"
	"encoding/binary"
	"net/netip"
	"os"
	"strconv"
	"strings"
)

// endpoint is what a table of /proc/PID/net has of a socket.
type endpoint struct {
	kind               Kind
	local, peer, state string
}

// eachLine calls each for the lines of a table but the first, which names the columns.
func eachLine(path string, each func(line string)) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for first := true; lines.Scan(); first = false {
		if !first {
			each(lines.Text())
		}
	}
	return lines.Err()
}

// tcpState is the name of a number in include/net/tcp_states.h.
func tcpState(hex string) string {
	names := [...]string{1: "ESTABLISHED", "SYN_SENT", "SYN_RECV", "FIN_WAIT1", "FIN_WAIT2", "TIME_WAIT", "CLOSE", "CLOSE_WAIT", "LAST_ACK", "LISTEN", "CLOSING", "NEW_SYN_RECV"}
	if n, err := strconv.ParseUint(hex, 16, 8); err == nil && n < uint64(len(names)) && n > 0 {
		return names[n]
	}
	return "state " + hex
}

// internet reads a line of the tables of TCP, UDP and raw sockets, such as
//
//	1: 0100007F:DD57 00000000:0000 0A 00000000:00000000 00:00000000 00000000  0  0 3959 1 ...
//
// whose columns are a slot, the local and the remote address, the state, two
// queues, a timer, retransmissions, the user, probes, and the inode (proc(5)).
func internet(line string) (ino uint64, local, peer, state string, ok bool) {
	fields := strings.Fields(line)
	if len(fields) < 10 {
		return 0, "", "", "", false
	}
	ino, err := strconv.ParseUint(fields[9], 10, 64)
	local, okLocal := address(fields[1])
	peer, okPeer := address(fields[2])
	return ino, local, peer, fields[3], err == nil && okLocal && okPeer
}

// address reads an address of a table: words of 32 bits in hexadecimal, each in
// the machine's byte order, and a port. It is empty for one that is not set.
func address(s string) (string, bool) {
	words, port, _ := strings.Cut(s, ":")
	n, err := strconv.ParseUint(port, 16, 16)
	if err != nil || len(words) != 8 && len(words) != 32 {
		return "", false
	}
	var b []byte
	for ; words != ""; words = words[8:] {
		word, err := strconv.ParseUint(words[:8], 16, 32)
		if err != nil {
			return "", false
		}
		b = binary.NativeEndian.AppendUint32(b, uint32(word))
	}
	ip, _ := netip.AddrFromSlice(b)
	if ip.IsUnspecified() && n == 0 {
		return "", true
	}
	return netip.AddrPortFrom(ip.Unmap(), uint16(n)).String(), true
}

func tcpLine(line string) (uint64, endpoint, bool) {
	ino, local, peer, state, ok := internet(line)
	at := endpoint{kind: TCPConnection, local: local, peer: peer, state: tcpState(state)}
	if at.state == "LISTEN" {
		at.kind = TCPListener
	}
	return ino, at, ok
}

func udpLine(line string) (uint64, endpoint, bool) {
	ino, local, peer, state, ok := internet(line)
	at := endpoint{kind: UDPSocket, local: local, peer: peer, state: "UNCONNECTED"}
	if tcpState(state) == "ESTABLISHED" {
		at.state = "CONNECTED"
	}
	return ino, at, ok
}

// rawLine leaves the ports out: they are the protocol.
func rawLine(line string) (uint64, endpoint, bool) {
	ino, _, _, _, ok := internet(line)
	return ino, endpoint{kind: RawSocket}, ok
}

// lastColumn is for tables that have nothing to tell but an inode at the end
// of a line.
func lastColumn(kind Kind) func(string) (uint64, endpoint, bool) {
	return func(line string) (uint64, endpoint, bool) {
		fields := strings.Fields(line)
		if len(fields) == 0 {
			return 0, endpoint{}, false
		}
		ino, err := strconv.ParseUint(fields[len(fields)-1], 10, 64)
		return ino, endpoint{kind: kind}, err == nil
	}
}

// unixLine reads a line of the table of unix sockets, such as
//
//	000000007f1f6b14: 00000002 00000000 00010000 0001 01  3963 /run/some.sock
//
// whose columns are a number, references, a protocol, flags, the type, the state, the
// inode, and the path (net/unix/af_unix.c, unix_seq_show). Nothing is escaped in
// the path, nor in an abstract name, where @ stands for NUL.
func unixLine(line string) (uint64, endpoint, bool) {
	const columns = 7
	var fields [columns]string
	rest := line
	for i := range fields {
		rest = strings.TrimLeft(rest, " ")
		fields[i], rest, _ = strings.Cut(rest, " ")
	}
	flags, errFlags := strconv.ParseUint(fields[3], 16, 32)
	state, errState := strconv.ParseUint(fields[5], 16, 8)
	ino, err := strconv.ParseUint(fields[6], 10, 64)
	if errFlags != nil || errState != nil || err != nil {
		return 0, endpoint{}, false
	}
	const accepts = 1 << 16 // __SO_ACCEPTCON
	at := endpoint{kind: UnixSocket, local: rest}
	if flags&accepts != 0 {
		at.kind = UnixListener
		return ino, at, true
	}
	// enum socket_state of include/uapi/linux/net.h
	if names := [...]string{1: "UNCONNECTED", "CONNECTING", "CONNECTED", "DISCONNECTING"}; state < uint64(len(names)) {
		at.state = names[state]
	}
	return ino, at, true
}
