//go:build linux

package inspect_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"muxbench/multiplexers/inspect"
)

// absent is a number that no process has: the kernel compares nothing of it.
const absent = inspect.MaxPID

// tree is a procfs of one process, for what the kernel here does not show.
type tree struct{ root, dir string }

// stat is what /proc/PID/stat has of a process named so.
func stat(name, state string, flags, started int) string {
	return fmt.Sprintf("%d (%s) %s 1 2 3 0 -1 %d %s%d 0 0\n", absent, name, state, flags, strings.Repeat("0 ", 12), started)
}

func newTree(t testing.TB) tree {
	t.Helper()
	root := t.TempDir()
	p := tree{root, filepath.Join(root, strconv.Itoa(absent))}
	p.write(t, "../self/status", "")
	p.write(t, "stat", stat("nginx", "S", 0x400000, 5))
	p.write(t, "fdinfo/3", "pos:\t0\nflags:\t02000002\n")
	p.link(t, 3, "anon_inode:[eventpoll]")
	return p
}

func (p tree) write(t testing.TB, name, content string) {
	t.Helper()
	path := filepath.Join(p.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o666); err != nil {
		t.Fatal(err)
	}
}

func (p tree) link(t testing.TB, fd int, target string) {
	t.Helper()
	dir := filepath.Join(p.dir, "fd")
	if err := os.MkdirAll(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(target, filepath.Join(dir, strconv.Itoa(fd))); err != nil {
		t.Fatal(err)
	}
}

func (p tree) read(t *testing.T) inspect.Process {
	t.Helper()
	got, err := inspect.Read(p.root, absent)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

const columns = "the names of columns\n"

func internetLine(local, peer string, state, inode int) string {
	return fmt.Sprintf("   0: %s %s %02X 00000000:00000000 00:00000000 00000000     0        0 %d 1 00000000233e9355 100 0 0 10 0\n", local, peer, state, inode)
}

func unixLine(flags, state, inode int, path string) string {
	return fmt.Sprintf("000000007f1f6b14: 00000002 00000000 %08X 0001 %02d %5d%s\n", flags, state, inode, path)
}

func TestTables(t *testing.T) {
	const one, two = "0100007F:1F90", "0200007F:01BB"
	const one6, mapped = "00000000000000000000000001000000:1F90", "0000000000000000FFFF00000100007F:1F90"
	const none, none6 = "00000000:0000", "00000000000000000000000000000000:0000"
	tests := []struct {
		name, table, lines string
		want               inspect.Watch
	}{
		{"a listener of all addresses", "tcp", internetLine("00000000:1F90", none, 10, 1605), inspect.Watch{Kind: inspect.TCPListener, Local: "0.0.0.0:8080", State: "LISTEN"}},
		{"established", "tcp", internetLine(one, two, 1, 1605), inspect.Watch{Kind: inspect.TCPConnection, Local: "127.0.0.1:8080", Peer: "127.0.0.2:443", State: "ESTABLISHED"}},
		{"left by its peer", "tcp", internetLine(one, two, 8, 1605), inspect.Watch{Kind: inspect.TCPConnection, Local: "127.0.0.1:8080", Peer: "127.0.0.2:443", State: "CLOSE_WAIT"}},
		{"a state that is not known", "tcp", internetLine(one, two, 14, 1605), inspect.Watch{Kind: inspect.TCPConnection, Local: "127.0.0.1:8080", Peer: "127.0.0.2:443", State: "state 0E"}},
		{"over IPv6", "tcp6", internetLine(one6, none6, 10, 1605), inspect.Watch{Kind: inspect.TCPListener, Local: "[::1]:8080", State: "LISTEN"}},
		{"IPv4 in IPv6", "tcp6", internetLine(mapped, mapped, 1, 1605), inspect.Watch{Kind: inspect.TCPConnection, Local: "127.0.0.1:8080", Peer: "127.0.0.1:8080", State: "ESTABLISHED"}},
		{"UDP", "udp", internetLine(one, none, 7, 1605), inspect.Watch{Kind: inspect.UDPSocket, Local: "127.0.0.1:8080", State: "UNCONNECTED"}},
		{"UDP, connected", "udp6", internetLine(one6, one6, 1, 1605), inspect.Watch{Kind: inspect.UDPSocket, Local: "[::1]:8080", Peer: "[::1]:8080", State: "CONNECTED"}},
		{"raw", "raw", internetLine("00000000:0001", none, 7, 1605), inspect.Watch{Kind: inspect.RawSocket}},
		{"netlink", "netlink", "00000000a0a0 0 1 00000000 0 0 0 2 0 1605\n", inspect.Watch{Kind: inspect.NetlinkSocket}},
		{"packet", "packet", "00000000a0a0 3 3 0003 2 1 0 0 1605\n", inspect.Watch{Kind: inspect.PacketSocket}},
		{"a unix listener", "unix", unixLine(0x10000, 1, 1605, " /run/a b.sock"), inspect.Watch{Kind: inspect.UnixListener, Local: "/run/a b.sock"}},
		{"a unix socket", "unix", unixLine(0, 3, 1605, ""), inspect.Watch{Kind: inspect.UnixSocket, State: "CONNECTED"}},
		{"an abstract name that is made to look like a line", "unix",
			unixLine(0x10000, 1, 9, " @x\n"+strings.TrimSuffix(unixLine(0x10000, 1, 1605, " /run/docker.sock"), "\n")) + unixLine(0, 3, 1605, ""),
			inspect.Watch{Kind: inspect.UnixSocket}},
		{"of another namespace", "tcp", internetLine(one, two, 1, 1606), inspect.Watch{Kind: inspect.Socket}},
		{"no address", "tcp", internetLine("0100007F", two, 1, 1605), inspect.Watch{Kind: inspect.Socket}},
		{"no hexadecimal address", "tcp", internetLine("zzzzzzzz:0000", two, 1, 1605), inspect.Watch{Kind: inspect.Socket}},
		{"too short", "tcp", "0: 1\n", inspect.Watch{Kind: inspect.Socket}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := newTree(t)
			p.link(t, 5, "socket:[1605]")
			p.write(t, "fdinfo/3", "pos:\t0\ntfd:        5 events:       19 data:                5  pos:0 ino:645 sdev:9\n")
			p.write(t, "net/"+tt.table, columns+tt.lines)
			tt.want.FD, tt.want.Events, tt.want.OpenAs = 5, watchedFor, -1
			want := inspect.Process{
				PID: absent, Command: "nginx", Watches: 1,
				Instances: []inspect.Instance{{FD: 3, SameAs: 3, Watched: []inspect.Watch{tt.want}}},
			}
			if diff := cmp.Diff(want, p.read(t)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// Kernels before 4.13 tell the number only; then a socket is where it says.
func TestOldKernel(t *testing.T) {
	p := newTree(t)
	p.link(t, 5, "socket:[1605]")
	p.write(t, "fdinfo/3", "tfd:        5 events:       19 data:                5\ntfd:        6 events:       19 data:                6\n")
	p.write(t, "net/tcp", columns+internetLine("0100007F:1F90", "00000000:0000", 10, 1605))
	want := []inspect.Watch{
		{FD: 5, Kind: inspect.TCPListener, Local: "127.0.0.1:8080", State: "LISTEN", Events: watchedFor, OpenAs: -1},
		{FD: 6, Kind: inspect.Unknown, Events: watchedFor, Closed: true, OpenAs: -1},
	}
	if diff := cmp.Diff(want, watchedBy(t, p.read(t), 3)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestUndistinguished(t *testing.T) {
	p := newTree(t)
	p.write(t, "../sys/fs/epoll/max_user_watches", "1000\n")
	p.link(t, 4, "anon_inode:[eventpoll]")
	p.link(t, 5, "anon_inode:[io_uring]")
	for _, name := range []string{"fdinfo/3", "fdinfo/4"} {
		p.write(t, name, "tfd:        5 events:       19 data:                5  pos:0 ino:40e sdev:10\n")
	}
	got := p.read(t)
	if !got.Undistinguished || got.Watches != 2 || got.MaxUserWatches != 1000 {
		t.Errorf("%+v, want that the two may be the same", got)
	}
	if w := watchedBy(t, got, 4)[0]; w.Kind != inspect.Anonymous || w.Local != "io_uring" {
		t.Errorf("watches %+v", w)
	}
}

// What stands in /proc/PID/stat before the state may hold parentheses.
func TestName(t *testing.T) {
	for _, name := range []string{"a) Z (b", "\x1b[31m", "", "two\nlines"} {
		p := newTree(t)
		p.write(t, "stat", stat(name, "S", 0, 1))
		if got := p.read(t).Command; got != name {
			t.Errorf("named %q, want %q", got, name)
		}
	}
}

func TestRefused(t *testing.T) {
	tests := []struct {
		name   string
		spoil  func(*testing.T, tree)
		want   error
		saying string
	}{
		{"a kernel thread", func(t *testing.T, p tree) { p.write(t, "stat", stat("kthreadd", "S", 0x00208040, 1)) }, inspect.ErrKernelThread, `"kthreadd"`},
		{"a zombie", func(t *testing.T, p tree) { p.write(t, "stat", stat("gone", "Z", 0, 1)) }, inspect.ErrEnded, "zombie"},
		{"no name", func(t *testing.T, p tree) { p.write(t, "stat", "17\n") }, nil, "is procfs mounted at"},
		{"too few fields", func(t *testing.T, p tree) { p.write(t, "stat", "17 (x) S 1\n") }, nil, "2 fields after the name, and 20"},
		{"no limit that is a number", func(t *testing.T, p tree) { p.write(t, "../sys/fs/epoll/max_user_watches", "many\n") }, nil, "how many descriptors a user can watch"},
		{"a line without end", func(t *testing.T, p tree) { p.write(t, "fdinfo/3", strings.Repeat("x", 1<<17)) }, nil, "read an interest set: read "},
		{"a kernel that does not tell", func(t *testing.T, p tree) {
			for fd := range 300 { // whichever this process will have
				p.write(t, fmt.Sprintf("../self/fdinfo/%d", fd), "flags:\t02\n")
			}
		}, inspect.ErrNotTold, "gVisor"},
		{"ended meanwhile", func(t *testing.T, p tree) {
			meanwhile(t, p, "", stat("x", "Z", 0, 1))
		}, inspect.ErrEnded, "while it was looked at"},
		{"another process meanwhile", func(t *testing.T, p tree) {
			meanwhile(t, p, "1000\n", stat("x", "S", 0, 2))
		}, inspect.ErrEnded, "while it was looked at"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := newTree(t)
			tt.spoil(t, p)
			_, err := inspect.Read(p.root, absent)
			if err == nil || tt.want != nil && !errors.Is(err, tt.want) {
				t.Fatalf("%v, want %v", err, tt.want)
			}
			if s := err.Error(); !strings.HasPrefix(s, fmt.Sprintf("inspect process %d: ", absent)) || !strings.Contains(s, tt.saying) {
				t.Errorf("%q does not say %q", s, tt.saying)
			}
		})
	}
}

// meanwhile has the process change between the first reading of its stat and the
// second: FIFOs, which are written as they are read, make it wait for the change.
func meanwhile(t *testing.T, p tree, limit, after string) {
	t.Helper()
	stats, most := filepath.Join(p.dir, "stat"), filepath.Join(p.root, "sys/fs/epoll/max_user_watches")
	p.write(t, "../sys/fs/epoll/unused", "")
	if err := os.Remove(stats); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{stats, most} {
		if err := unix.Mkfifo(path, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	done := make(chan error, 1)
	go func() {
		var failed error
		for _, step := range []struct{ path, content string }{{stats, stat("x", "S", 0, 1)}, {most, limit}, {stats, after}} {
			failed = errors.Join(failed, os.WriteFile(step.path, []byte(step.content), 0o600))
		}
		done <- failed
	}()
	t.Cleanup(func() {
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// close(2) takes a descriptor from its table first, and its file from interest sets
// some time later: it takes more than one look to say that it is watched still.
func TestBeingClosed(t *testing.T) {
	const closing = "tfd:        5 events:       19 data:                5  pos:0 ino:645 sdev:9\n"
	p := newTree(t)
	path := filepath.Join(p.dir, "fdinfo/3")
	replace := func() error { return errors.Join(unix.Mkfifo(path+"+", 0o600), os.Rename(path+"+", path)) }
	if err := replace(); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() {
		var failed error
		for _, content := range []string{closing, closing, "pos:\t0\n"} {
			f, err := os.OpenFile(path, os.O_WRONLY, 0) // once it is being read
			if err != nil {
				done <- errors.Join(failed, err)
				return
			}
			failed = errors.Join(failed, replace()) // for the next look
			_, err = f.WriteString(content)
			failed = errors.Join(failed, err, f.Close())
		}
		done <- failed
	}()
	if got := watchedBy(t, p.read(t), 3); len(got) != 0 {
		t.Fatalf("watches %+v, want nothing", got)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// FuzzRead reads an interest set and tables of any content.
func FuzzRead(f *testing.F) {
	f.Add("pos:\t0\ntfd:        5 events: 80002019 data:     7f4700000005  pos:0 ino:645 sdev:9\n", columns+internetLine("0100007F:1F90", "0200007F:01BB", 1, 1605), columns)
	f.Add("tfd: 5 events: 19 data: 5\ntfd: 5 events: 40000000 data: 5  pos:0 ino:1 sdev:9\n", columns, columns+unixLine(0x10000, 1, 1605, " @x\ny"))
	p := newTree(f)
	const open = 60 // so that few seem to be closed, and are looked at again
	for fd := range open {
		if fd != 3 {
			p.link(f, fd, "socket:[1605]")
		}
	}
	f.Fuzz(func(t *testing.T, fdinfo, tcp, sockets string) {
		p.write(t, "fdinfo/3", fdinfo)
		p.write(t, "net/tcp", tcp)
		p.write(t, "net/unix", sockets)
		got, err := inspect.Read(p.root, absent)
		if err != nil {
			return // of a line without end
		}
		lines := strings.Count(fdinfo, "tfd:")
		if set := watchedBy(t, got, 3); len(set) > lines {
			t.Errorf("%d are watched by %d lines", len(set), lines)
		}
		for _, w := range watchedBy(t, got, 3) {
			if w.FD < 0 || w.Kind == "" || w.Closed && w.Replaced || (w.FD >= open) != w.Closed {
				t.Errorf("%+v", w)
			}
		}
	})
}
