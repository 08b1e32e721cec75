//go:build linux

package main

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"os"
	"strings"
	"syscall"
	"testing"

	"muxbench/multiplexers/server"
	"muxbench/results"
	"muxbench/scenarios"
)

// listeners is how many sockets listen at a port of 127.0.0.1, by proc_net_tcp(5).
func listeners(t *testing.T, address string) int {
	t.Helper()
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		t.Fatal(err)
	}
	table, err := os.ReadFile("/proc/self/net/tcp")
	if err != nil {
		t.Fatal(err)
	}
	const listening = "0A"
	n := 0
	for line := range strings.Lines(string(table)) {
		fields := strings.Fields(line)
		if len(fields) > 3 && strings.HasSuffix(fields[1], fmt.Sprintf(":%04X", at.Port())) && fields[3] == listening {
			n++
		}
	}
	return n
}

// Whatever serves, and however many threads of it, the clients get their messages
// back, and the server says what it has counted.
func TestServeWithChoices(t *testing.T) {
	available, err := scenarios.AvailableCPUs()
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		args      string
		listeners int
	}{
		{"-b reuseport --loops 3", 3},
		{"-b reuseport", 2},
		{"-b reuseport --loops 1 --entry runtime", 1},
		{"-b epoll-exclusive --loops 3", 1},
		{"-b epoll-pool --pool-threads 3 --max-events 1", 1},
		{"-b epoll-oneshot --wait-spin", 1},
		{"-b select-1024 --max-events 3", 1},
		{"-b go-net", 1},
		{fmt.Sprintf("-b go-net --entry runtime --cpu %d", available[0]), 1},
		{"-b thread-per-conn", 1},
	}
	for _, test := range tests {
		t.Run(test.args, func(t *testing.T) {
			args := strings.Fields(test.args)
			b, err := server.Lookup(args[1])
			if err != nil {
				t.Fatal(err)
			}
			serving, address, said := startServe(t, args...)
			if got := listeners(t, address); got != test.listeners {
				t.Errorf("%d sockets listen at %s, want %d", got, address, test.listeners)
			}
			load, complaint := muxbench(t, "load", address, "-c", "10", "-a", "5", "-r", "40", "-s", "100", "--format", "json")
			out, err := load.Output()
			if err != nil {
				t.Fatalf("load: %v: %s", err, complaint)
			}
			var got measured
			if err := json.Unmarshal(out, &got); err != nil {
				t.Fatalf("%v in\n%s", err, out)
			}
			if got.Values[results.Messages] != 200 || got.Counters.BytesIn != 20_000 {
				t.Errorf("%v messages, %+v; want 200 of 100 bytes", got.Values[results.Messages], got.Counters)
			}
			if err := serving.Process.Signal(syscall.SIGTERM); err != nil {
				t.Fatal(err)
			}
			if got := status(t, serving.Wait()); got != exitDone {
				t.Errorf("serve ends with status %d, want %d: %s", got, exitDone, said)
			}
			want := "served " + b.Name + " on " + address + ": 10 connections accepted, 20,500 bytes in, 20,500 bytes out, "
			if b.ThreadEach {
				// 205 messages, and the end of each connection, which is read.
				want += "215 reads, 205 writes, "
			}
			if !strings.HasPrefix(said.String(), want) {
				t.Errorf("serve says %q, want %q…", said, want)
			}
			if got := listeners(t, address); got != 0 {
				t.Errorf("%d sockets listen at %s still", got, address)
			}
		})
	}
}

// Another server at the same address is refused, though each loop of the first has
// a listener there: nobody joins in who does not belong to it.
func TestServeBesideListenersOfTheirOwn(t *testing.T) {
	_, address, _ := startServe(t, "-b", "reuseport", "--loops", "3")
	for _, backend := range []string{"reuseport", "epoll-lt", "go-net", "thread-per-conn"} {
		cmd, said := muxbench(t, "serve", address, "-b", backend)
		out, err := cmd.Output()
		if got := status(t, err); got != exitFailed || len(out) > 0 {
			t.Errorf("%s: status %d, it prints %q; want %d and nothing", backend, got, out, exitFailed)
		}
		if !strings.Contains(said.String(), address) || !strings.Contains(said.String(), "address already in use") {
			t.Errorf("%s: it says %q", backend, said)
		}
	}
	if got := listeners(t, address); got != 3 {
		t.Errorf("%d sockets listen at %s, want the first server's 3", got, address)
	}
}
