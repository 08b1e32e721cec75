//go:build linux

package inspect

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// resolve finds the addresses of all sockets in the sets, and other
// descriptors of those that are closed.
func (r *reader) resolve(sets []set) error {
	wanted := make(map[uint64]*endpoint)
	duplicated := make(map[uint64]int) // descriptors of what is closed
	for _, s := range sets {
		for i := range s.entries {
			e := &s.entries[i]
			if e.Kind != Socket {
				continue
			}
			if !e.located { // by an old kernel; then it is where it was registered
				f, err := r.open(e.FD)
				if errors.Is(err, fs.ErrNotExist) {
					continue
				}
				if err != nil {
					return err
				}
				e.ino = f.ino
			}
			wanted[e.ino] = nil
			if e.Closed || e.Replaced {
				duplicated[e.ino] = -1
			}
		}
	}
	if len(wanted) == 0 {
		return nil
	}
	if err := r.lookUp(wanted); err != nil {
		return err
	}
	if len(duplicated) > 0 {
		if err := r.scan(func(fd int, link string) {
			if ino, ok := inodeIn(link); ok && strings.HasPrefix(link, "socket:") {
				if lowest, asked := duplicated[ino]; asked && (lowest < 0 || fd < lowest) {
					duplicated[ino] = fd
				}
			}
		}); err != nil {
			return err
		}
	}
	for _, s := range sets {
		for i := range s.entries {
			r.describe(&s.entries[i], wanted, duplicated)
		}
	}
	return nil
}

// describe says of a socket what is known of its inode.
func (r *reader) describe(e *entry, known map[uint64]*endpoint, duplicated map[uint64]int) {
	if e.Kind != Socket {
		return
	}
	fd := e.FD
	if e.Closed || e.Replaced {
		e.OpenAs = duplicated[e.ino]
		fd = e.OpenAs
	}
	if at := known[e.ino]; at != nil {
		e.Kind, e.Local, e.Peer, e.State = at.kind, at.local, at.peer, at.state
	} else if fd >= 0 {
		e.Kind = r.protocol(fd)
	}
}

// protocol asks a socket that no table has for the name of its protocol, an
// extended attribute (net/socket.c, sockfs_xattr_get).
func (r *reader) protocol(fd int) Kind {
	var name [32]byte
	n, err := unix.Getxattr(filepath.Join(r.dir, "fd", strconv.Itoa(fd)), "system.sockprotoname", name[:])
	if err != nil {
		return Socket
	}
	switch protocol := strings.TrimRight(string(name[:n]), "\x00"); protocol {
	case "TCP", "TCPv6", "MPTCP", "MPTCPv6":
		return TCPSocket
	case "UDP", "UDPv6", "UDP-Lite", "UDPLITEv6":
		return UDPSocket
	case "UNIX", "UNIX-STREAM":
		return UnixSocket
	case "NETLINK":
		return NetlinkSocket
	case "PACKET":
		return PacketSocket
	case "RAW", "RAWv6", "PING", "PINGv6":
		return RawSocket
	}
	return Socket
}

// lookUp fills in what the tables of the process's network namespace have of
// the inodes that are keys. Each is read once, and of it only those are kept.
func (r *reader) lookUp(wanted map[uint64]*endpoint) error {
	for _, table := range [...]struct {
		name  string
		parse func(line string) (ino uint64, at endpoint, ok bool)
	}{
		{"tcp", tcpLine}, {"tcp6", tcpLine},
		{"udp", udpLine}, {"udp6", udpLine}, {"udplite", udpLine}, {"udplite6", udpLine},
		{"raw", rawLine}, {"raw6", rawLine}, {"icmp", rawLine}, {"icmp6", rawLine},
		{"netlink", lastColumn(NetlinkSocket)}, {"packet", lastColumn(PacketSocket)},
		{"unix", unixLine},
	} {
		path := filepath.Join(r.dir, "net", table.name)
		err := eachLine(path, func(line string) {
			ino, at, ok := table.parse(line)
			if !ok || ino == 0 { // 0: of none any more, such as in TIME_WAIT
				return
			}
			before, asked := wanted[ino]
			switch {
			case !asked:
			case before == nil:
				wanted[ino] = &at
			case before.kind == UnixSocket || before.kind == UnixListener:
				// Two lines for an inode: the names in the table of unix sockets hold any
				// bytes, line feeds too, so that one can be made to look like a line. Which is
				// real cannot be told.
				wanted[ino] = &endpoint{kind: UnixSocket}
			}
		})
		// What is not built into the kernel has no table, and what may not be read is
		// not known.
		if err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, fs.ErrPermission) {
			return fmt.Errorf("look sockets up in %s: %w", path, err)
		}
	}
	return nil
}
