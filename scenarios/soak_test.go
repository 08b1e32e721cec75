//go:build linux

package scenarios_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"testing"
	"time"

	"muxbench/multiplexers/server"
	"muxbench/scenarios"
)

var soakMessages = flag.Int64("soak-messages", 100_000, "messages of each backend in TestSoak")

// maxSoakGrowth is what a server's resident memory may gain between the tenth
// part of a soak and its end: buffers for more clients that do not read than
// there were before, at most. Over a hundred million messages it is a 25th of
// a byte for each.
const maxSoakGrowth = 4 << 20

// maxGrowth is what a backend may gain while so many connections came and went.
// One without loops of ours has a goroutine and a buffer for each connection: in
// a worker nobody collects what a connection leaves of those in the Go runtime,
// where 1.3 KiB was measured, and 7.1 KiB with a thread of its own; and the
// buffers, which are used again, fill over time.
func maxGrowth(b server.Backend, connections int64) int64 {
	const leftByGoroutine, leftByThread, buffer = 2 << 10, 10 << 10, 64 << 10
	switch {
	case b.Multiplexes():
		return maxSoakGrowth
	case b.ThreadEach:
		return maxSoakGrowth + soakPeers*buffer + connections*leftByThread
	}
	return maxSoakGrowth + soakPeers*buffer + connections*leftByGoroutine
}

// TestSoak has clients come and go that send messages of random sizes, and
// looks for memory and descriptors that a server does not give back. By
// default it is short; scripts/soak.sh makes it long.
func TestSoak(t *testing.T) {
	eachBackend(t, func(t *testing.T, b server.Backend) {
		w, ready, err := processes(t).Launch(t.Context(), specOf(b.Name, b.Entries[0]))
		if err != nil {
			t.Fatal(err)
		}
		pid := soleChild(t)
		defer w.Stop(t.Context())
		crowd, err := newSoaker(ready.Address, 1)
		if err != nil {
			t.Fatal(err)
		}
		defer crowd.close()
		_ = soaked(t, w, b, crowd) // it has opened all that it looks at itself by
		fresh := descriptors(t, pid)
		began := time.Now()
		if err := crowd.exchange(*soakMessages / 10); err != nil {
			t.Fatal(err)
		}
		before, opened := soaked(t, w, b, crowd), crowd.opened
		if err := crowd.exchange(*soakMessages - *soakMessages/10); err != nil {
			t.Fatal(err)
		}
		after := soaked(t, w, b, crowd)
		for thread, n := range descriptors(t, pid) {
			if was, known := fresh[thread]; known && n != was {
				t.Errorf("thread %s has %d descriptors when all have left, and had %d before anybody came", thread, n, was)
			}
		}
		if grown, most := after-before, maxGrowth(b, crowd.opened-opened); grown > most && (b.Threads(0, 0) == 1 || !raceDetector) {
			t.Errorf("the server's memory grew by %d bytes, from %d to %d, and may by %d", grown, before, after, most)
		}
		t.Logf("%d messages, %d bytes, %d connections in %s; server memory %d KiB after a tenth, %d KiB at the end; descriptors by thread: %v",
			crowd.messages, crowd.bytes, crowd.opened, time.Since(began).Round(time.Second), before>>10, after>>10, fresh)
	})
}

// soaked waits until the server knows that all have left, and returns its
// resident memory.
func soaked(t *testing.T, w scenarios.Worker, b server.Backend, crowd *soaker) int64 {
	t.Helper()
	removed := crowd.opened
	if !b.Multiplexes() {
		removed = 0 // there is no interest set of ours to remove anything from
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for {
		reply, err := w.Do(ctx, scenarios.Command{Do: scenarios.DoSnapshot})
		if err != nil {
			t.Fatalf("waiting for every connection to end: %v", err)
		}
		if s := reply.Server; s.Open == 0 && s.Counters.Accepts == crowd.opened {
			if s.Refused > 0 || s.Counters.BytesIn < crowd.bytes || s.Counters.Removes != removed {
				t.Errorf("server: %+v, after %d connections with %d bytes verified", *s, crowd.opened, crowd.bytes)
			}
			break
		}
	}
	reply, err := w.Do(ctx, scenarios.Command{Do: scenarios.DoReport})
	if err != nil {
		t.Fatal(err)
	}
	return reply.RSS
}

// descriptors is how many each thread of a process has open: those that enter raw
// have tables of their own.
func descriptors(t *testing.T, pid int) map[string]int {
	t.Helper()
	tasks := fmt.Sprintf("/proc/%d/task/", pid)
	threads, err := os.ReadDir(tasks)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]int{}
	for _, thread := range threads {
		if open, err := os.ReadDir(tasks + thread.Name() + "/fd"); err == nil { // or else it has ended meanwhile
			all[thread.Name()] = len(open)
		}
	}
	return all
}
