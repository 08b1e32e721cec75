//go:build linux

package main

import (
	"io"
	"net"
	"os"
	"strings"
	"testing"
)

// serving answers each connection with a function, until the test ends.
func serving(t *testing.T, answer func(net.Conn)) (address string) {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				answer(c)
			}()
		}
	}()
	return l.Addr().String()
}

// A server that does not echo fails the load, with the class and no figures.
func TestLoadOfWhatIsNoEchoServer(t *testing.T) {
	for _, test := range []struct {
		name, want string
		answer     func(net.Conn)
	}{
		{"wrong byte", "3 failed (mismatch 3)", func(c net.Conn) {
			b := make([]byte, 64)
			if _, err := io.ReadFull(c, b); err == nil {
				b[63] ^= 1
				_, _ = c.Write(b)
			}
			_, _ = io.Copy(io.Discard, c)
		}},
		{"hangs up", "3 failed (reset 3)", func(c net.Conn) { _, _ = io.ReadFull(c, make([]byte, 64)) }},
	} {
		t.Run(test.name, func(t *testing.T) {
			address := serving(t, test.answer)
			cmd, said := muxbench(t, "load", address, "-c", "3", "-r", "2")
			out, err := cmd.Output()
			if got := status(t, err); got != exitFailed || len(out) > 0 {
				t.Errorf("status %d, it prints %q; want %d and nothing", got, out, exitFailed)
			}
			if !strings.Contains(said.String(), "load of "+address+": exchange: "+test.want+", the first ") {
				t.Errorf("it says %q, without %q", said, test.want)
			}
		})
	}
}

// An interrupted load says how far it came.
func TestLoadInterrupted(t *testing.T) {
	began := make(chan struct{}, 1000)
	address := serving(t, func(c net.Conn) {
		b := make([]byte, 64)
		for n := 0; ; n++ {
			if _, err := io.ReadFull(c, b); err != nil {
				return
			}
			if n == 5 {
				began <- struct{}{}
			}
			if _, err := c.Write(b); err != nil {
				return
			}
		}
	})
	cmd, said := muxbench(t, "load", address, "-c", "1", "-d", "1h")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	<-began
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if got := status(t, cmd.Wait()); got != exitInterrupted {
		t.Errorf("status %d, want %d", got, exitInterrupted)
	}
	if !strings.Contains(said.String(), "interrupted after ") || !strings.Contains(said.String(), " messages in ") || strings.Contains(said.String(), "failed") {
		t.Errorf("it says %q", said)
	}
}
