//go:build linux

package scenarios_test

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"muxbench/multiplexers"
	"muxbench/scenarios"
)

// The Go runtime's monitor is slow in workers that enter raw, and as it is in
// others; this process is as before.
func TestTimerSlackOfWorkers(t *testing.T) {
	slack := func(pid string) string {
		b, err := os.ReadFile("/proc/" + pid + "/timerslack_ns")
		if err != nil {
			t.Skipf("the timer slack of process %s cannot be read: %v", pid, err)
		}
		return strings.TrimSpace(string(b))
	}
	before := slack("self")
	for entry, want := range map[multiplexers.Entry]string{
		multiplexers.Raw:     fmt.Sprint(int64(10 * time.Millisecond)),
		multiplexers.Runtime: before,
	} {
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		spec := scenarios.NewSpec(scenarios.ServerRole, entry)
		spec.Backend, spec.CPU = "poll", -1
		w, _, err := processes(t).Launch(ctx, spec)
		if err != nil {
			t.Fatal(err)
		}
		if got := slack(fmt.Sprint(soleChild(t))); got != want {
			t.Errorf("%s: slack of %s ns, want %s", entry, got, want)
		}
		w.Stop(ctx)
		cancel()
	}
	if after := slack("self"); after != before {
		t.Errorf("this process has a slack of %s ns now, before %s", after, before)
	}
}
