//go:build linux

package main

import (
	"encoding/json"
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

// An open loop sends what its schedule has, and says how late it was itself.
func TestLoadAtARate(t *testing.T) {
	address := serving(t, func(c net.Conn) { _, _ = io.Copy(c, c) })
	cmd, said := muxbench(t, "load", address, "-c", "4", "--rate", "500", "--schedule", "fixed", "--format", "json")
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v, it says %q", err, said)
	}
	var got struct {
		Rate     float64            `json:"rate"`
		Schedule string             `json:"schedule"`
		Values   map[string]float64 `json:"values"`
	}
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatal(err)
	}
	v := got.Values
	if got.Rate != 500 || got.Schedule != "fixed" || v["messages"] != 500 || v["offered_msgs_per_s"] != 500 || v["unsent_messages"] != 0 {
		t.Errorf("%s, want 500 messages of a fixed schedule", out)
	}
	if v["send_lag_p99_ns"] <= 0 || v["send_lag_max_ns"] < v["send_lag_p99_ns"] || v["latency_p50_ns"] <= 0 {
		t.Errorf("lag p99 %v and max %v, latency p50 %v", v["send_lag_p99_ns"], v["send_lag_max_ns"], v["latency_p50_ns"])
	}
	if _, spins := v["load_cpu_ns_per_msg"]; spins {
		t.Errorf("%s: the CPU time of a load generator that spins says nothing", out)
	}
}
