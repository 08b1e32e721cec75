//go:build linux

package main

import (
	"io"
	"net"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"muxbench/results"
)

// answering is the port of a server that answers with what answer makes of what
// it reads, and closes the connection if that is nothing.
func answering(t *testing.T, answer func(read []byte) []byte) (port string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	serve := func(c net.Conn) {
		defer func() { _ = c.Close() }()
		buffer := make([]byte, 64)
		for {
			n, err := io.ReadFull(c, buffer)
			if err != nil {
				return
			}
			reply := answer(buffer[:n])
			if _, err := c.Write(reply); err != nil || len(reply) == 0 {
				return
			}
		}
	}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return // closed
			}
			go serve(c)
		}
	}()
	_, port, err = net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}

// The client in C goes through its schedule, and does not take any answer for an
// echo.
func TestPaceInC(t *testing.T) {
	program := filepath.Join(t.TempDir(), string(paceInC))
	if _, err := exec.LookPath("cc"); err != nil {
		t.Skip("there is no C compiler")
	}
	if out, err := exec.CommandContext(t.Context(), "cc", "-std=gnu11", "-O2", "-o", program, "../../scripts/reference/pace.c").CombinedOutput(); err != nil {
		t.Fatalf("building it: %v: %s", err, out)
	}
	pace := func(port string, schedule results.Schedule) ([]byte, error) {
		return exec.CommandContext(t.Context(), program, "127.0.0.1", port, "3", "64", "200", "1", string(schedule), "7").Output()
	}
	for _, schedule := range schedules() {
		t.Run(string(schedule), func(t *testing.T) {
			t.Parallel()
			out, err := pace(answering(t, func(read []byte) []byte { return read }), schedule)
			if err != nil {
				t.Fatalf("%v: %s", err, said(err))
			}
			l, err := parsePace(out)
			if err != nil {
				t.Fatal(err)
			}
			if l[results.Messages] != 200 || l[results.Offered] != 200 || l["errors"] != 0 || !(l[results.Throughput] > 0 && l[results.Throughput] <= 200) {
				t.Errorf("of 200 messages in a second it says %s", out)
			}
			for _, rising := range [][]results.Metric{
				{results.LatencyP50, results.LatencyP90, results.LatencyP99, results.LatencyP999, results.LatencyMax},
				{results.LagP50, results.LagP99, results.LagMax},
			} {
				last := 0.0
				for _, m := range rising {
					if v, known := l[m]; !known || v < last {
						t.Errorf("%s is %g after %g: %s", m, v, last, out)
					}
					last = l[m]
				}
			}
		})
	}
	for says, answer := range map[string]func([]byte) []byte{
		"is not what was sent": func(read []byte) []byte { read[63] ^= 1; return read },
		"is longer than":       func(read []byte) []byte { return append(read, read...) },
		"has closed":           func([]byte) []byte { return nil },
	} {
		t.Run(says, func(t *testing.T) {
			t.Parallel()
			_, err := pace(answering(t, answer), results.Fixed)
			if err == nil || !strings.Contains(string(said(err)), says) {
				t.Errorf("it ends with %v: %s", err, said(err))
			}
		})
	}
}
