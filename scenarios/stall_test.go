//go:build linux

package scenarios_test

import (
	"testing"
	"time"

	"muxbench/results"
	"muxbench/scenarios"
)

// A server that answers nobody for 200 ms makes everybody wait who comes
// meanwhile. Users do not stop coming: the open loop has them all in its 99th
// percentile. In the closed loop each connection waits once, and nobody comes.
func TestAStallShowsInTheOpenLoop(t *testing.T) {
	sweep := scenarios.Sweep{Connections: []int{4}, Sizes: []int{64}}
	request := scenarios.Request{Scenarios: []string{"echo"}, Backends: []string{"epoll-lt"}, Blocks: 1, Seed: 7, Sweep: sweep}

	request.Sweep.Rounds = []int{2000}
	_, closed := measureBeside(t, request, stranger(t, "stalling", "{port}"))
	// Of 4,000 messages some 800 come during a stall, and half of them wait for
	// more than 100 ms of it.
	request.Sweep.Rounds, request.Sweep.Rates = nil, []scenarios.Rate{{PerSecond: 4000}}
	ours, open := measureBeside(t, request, stranger(t, "stalling", "{port}"))

	const half = float64(stallFor / 2)
	for _, trial := range []results.Trial{closed, open} {
		if trial.Status != results.StatusOK {
			t.Fatalf("%s: %s, %s", trial.Schedule, trial.Status, trial.Reason)
		}
		if got := trial.Values[results.LatencyMax]; got < float64(stallFor-time.Millisecond) {
			t.Errorf("schedule %q: the longest latency is %v, with a stall of %s", trial.Schedule, time.Duration(got), stallFor)
		}
	}
	if got := open.Values[results.LatencyP99]; got < half {
		t.Errorf("open loop: p99 is %v, where more than 1 %% wait for more than %v", time.Duration(got), time.Duration(half))
	}
	if got := closed.Values[results.LatencyP99]; got >= half {
		t.Errorf("closed loop: p99 is %v, where 4 of 1,500 messages wait", time.Duration(got))
	}
	if open.Values[results.Messages] != 4000 || ours.Values[results.Messages] != 4000 || open.Values[results.Offered] != 4000 {
		t.Errorf("%v messages, ours %v, offered %v: want 4,000 of each", open.Values[results.Messages], ours.Values[results.Messages], open.Values[results.Offered])
	}
}

// A server that takes its time over each message, but for many at once, achieves
// what is offered: that the last replies come when the schedule has ended is not
// that it was behind.
func TestASlowServerIsNotSaturated(t *testing.T) {
	sweep := scenarios.Sweep{Connections: []int{50}, Sizes: []int{64}, Rates: []scenarios.Rate{{PerSecond: 200}}}
	request := scenarios.Request{Scenarios: []string{"rate"}, Backends: []string{"epoll-lt"}, Blocks: 1, Seed: 7, Sweep: sweep}
	_, slow := measureBeside(t, request, stranger(t, "slow", "{port}"))
	if slow.Status != results.StatusOK {
		t.Fatalf("%s: %s", slow.Status, slow.Reason)
	}
	if p50 := time.Duration(slow.Values[results.LatencyP50]); p50 < slowness {
		t.Errorf("p50 is %s, of a server that takes %s", p50, slowness)
	}
	if achieved, offered := slow.Values[results.Throughput], slow.Values[results.Offered]; achieved < 0.95*offered {
		t.Errorf("achieved %v of %v msgs/s", achieved, offered)
	}
}
