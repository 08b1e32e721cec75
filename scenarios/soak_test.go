//go:build linux

package scenarios_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"testing"
	"time"

	"muxbench/scenarios"
)

var soakMessages = flag.Int64("soak-messages", 100_000, "messages of each backend in TestSoak")

// maxSoakGrowth is what a server's resident memory may gain between the tenth
// part of a soak and its end: buffers for more clients that do not read than
// there were before, at most. Over a hundred million messages it is a 25th of
// a byte for each.
const maxSoakGrowth = 4 << 20

// TestSoak has clients come and go that send messages of random sizes, and
// looks for memory and descriptors that a server does not give back. By
// default it is short; scripts/soak.sh makes it long.
func TestSoak(t *testing.T) {
	for _, backend := range scenarios.DefaultBackends() {
		t.Run(backend, func(t *testing.T) {
			spec := serverSpec
			spec.Backend = backend
			w, ready, err := processes(t).Launch(t.Context(), spec)
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
			fresh := descriptors(t, pid)
			began := time.Now()
			if err := crowd.exchange(*soakMessages / 10); err != nil {
				t.Fatal(err)
			}
			before := soaked(t, w, crowd)
			if err := crowd.exchange(*soakMessages - *soakMessages/10); err != nil {
				t.Fatal(err)
			}
			after := soaked(t, w, crowd)
			if n := descriptors(t, pid); n != fresh {
				t.Errorf("%d descriptors when all have left, %d before anybody came", n, fresh)
			}
			if grown := after - before; grown > maxSoakGrowth {
				t.Errorf("the server's memory grew by %d bytes, from %d to %d", grown, before, after)
			}
			t.Logf("%d messages, %d bytes, %d connections in %s; server memory %d KiB after a tenth, %d KiB at the end; %d descriptors",
				crowd.messages, crowd.bytes, crowd.opened, time.Since(began).Round(time.Second), before>>10, after>>10, fresh)
		})
	}
}

// soaked waits until the server knows that all have left, and returns its
// resident memory.
func soaked(t *testing.T, w scenarios.Worker, crowd *soaker) int64 {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for {
		reply, err := w.Do(ctx, scenarios.Command{Do: scenarios.DoSnapshot})
		if err != nil {
			t.Fatalf("waiting for every connection to end: %v", err)
		}
		if s := reply.Server; s.Open == 0 && s.Counters.Accepts == crowd.opened {
			if s.Refused > 0 || s.Counters.BytesIn < crowd.bytes || s.Counters.Removes != crowd.opened {
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

// descriptors is how many a process has open.
func descriptors(t *testing.T, pid int) int {
	t.Helper()
	open, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
	if err != nil {
		t.Fatal(err)
	}
	return len(open)
}
