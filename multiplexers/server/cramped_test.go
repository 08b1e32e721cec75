//go:build linux

package server_test

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"muxbench/multiplexers/server"
)

// crampedBackend is the environment variable that makes the test binary a
// server with few descriptors.
const crampedBackend = "MUXBENCH_TEST_CRAMPED_BACKEND"

// fewDescriptors is the limit of the cramped server at first.
const fewDescriptors = 32

// serveCramped serves with few descriptors, says where, and answers each line
// with a snapshot. A line with a number sets another limit first.
func serveCramped(backend string, in io.Reader, out io.Writer) error {
	b, err := server.Lookup(backend)
	if err != nil {
		return err
	}
	s, err := server.New(config(b))
	if err != nil {
		return err
	}
	// Set after the Go runtime has raised it, and low enough to fill.
	if err := allowDescriptors(fewDescriptors); err != nil {
		return err
	}
	served := make(chan error, 1)
	go func() { served <- s.Serve() }()
	answers := json.NewEncoder(out)
	if err := answers.Encode(s.Address()); err != nil {
		return err
	}
	for lines := bufio.NewScanner(in); lines.Scan(); {
		if limit, err := strconv.ParseUint(lines.Text(), 10, 64); err == nil {
			if err := allowDescriptors(limit); err != nil {
				return err
			}
		}
		snap, err := s.Snapshot()
		if err != nil {
			return err
		}
		if err := answers.Encode(snap); err != nil {
			return err
		}
	}
	s.Close()
	return <-served
}

// allowDescriptors is setrlimit(2). Descriptors above a lowered limit stay open.
func allowDescriptors(limit uint64) error {
	return os.NewSyscallError("setrlimit", syscall.Setrlimit(syscall.RLIMIT_NOFILE, &syscall.Rlimit{Cur: limit, Max: fewDescriptors}))
}

// cramped is such a server in a process of its own.
type cramped struct {
	t       *testing.T
	pid     int
	address netip.AddrPort
	ask     io.Writer
	answers *json.Decoder
}

func startCramped(t *testing.T, b server.Backend) *cramped {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	child := exec.Command(self)
	child.Env = append(os.Environ(), crampedBackend+"="+b.Name,
		"GORACE=atexit_sleep_ms=0") // under -race a process lingers for a second
	child.Stderr = os.Stderr
	ask, err := child.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	answers, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(ask.Close(), child.Wait()); err != nil {
			t.Errorf("the server's process: %v", err)
		}
	})
	c := &cramped{t: t, pid: child.Process.Pid, ask: ask, answers: json.NewDecoder(answers)}
	if err := c.answers.Decode(&c.address); err != nil {
		t.Fatalf("address of the server: %v", err)
	}
	return c
}

func (c *cramped) snapshot() server.Snapshot {
	c.t.Helper()
	return c.allow("as before")
}

// allow sets a limit of descriptors.
func (c *cramped) allow(limit any) (snap server.Snapshot) {
	c.t.Helper()
	if _, err := fmt.Fprintln(c.ask, limit); err != nil {
		c.t.Fatal(err)
	}
	if err := c.answers.Decode(&snap); err != nil {
		c.t.Fatal(err)
	}
	return snap
}

// allowUnasked is allow without a word to the server: its loop is not woken.
func (c *cramped) allowUnasked(limit uint64) {
	c.t.Helper()
	if err := unix.Prlimit(c.pid, unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: limit, Max: fewDescriptors}, nil); err != nil {
		c.t.Fatal(os.NewSyscallError("prlimit", err))
	}
}

func (c *cramped) connect() net.Conn {
	c.t.Helper()
	client, err := net.DialTCP("tcp4", nil, net.TCPAddrFromAddrPort(c.address))
	if err != nil {
		c.t.Fatalf("connecting: %v", err)
	}
	c.t.Cleanup(func() { _ = client.Close() })
	if err := client.SetDeadline(time.Now().Add(patience)); err != nil {
		c.t.Fatal(err)
	}
	return client
}

// try connects, and says whether the server serves, or else refuses at once.
func (c *cramped) try() (client net.Conn, served bool) {
	c.t.Helper()
	client = c.connect()
	_, err := client.Write([]byte{1})
	if err == nil {
		_, err = client.Read(make([]byte, 1))
	}
	switch {
	case err == nil:
		return client, true
	case errors.Is(err, io.EOF), errors.Is(err, unix.ECONNRESET), errors.Is(err, unix.EPIPE):
		return client, false
	}
	c.t.Fatalf("neither served nor refused: %v", err)
	return nil, false
}
