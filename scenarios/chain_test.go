//go:build linux

package scenarios_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"muxbench/multiplexers"
	"muxbench/multiplexers/server"
	"muxbench/results"
	"muxbench/scenarios"
)

func chains(backends ...string) scenarios.Request {
	return scenarios.Request{
		NoControl: true,
		Scenarios: []string{"chain"}, Backends: backends, Blocks: 1, Seed: 7,
		Sweep: scenarios.Sweep{Connections: []int{20}, Active: []scenarios.Amount{{Count: 10}}, Rounds: []int{90}},
	}
}

// One process for each arm, and none to load it; before each iteration that
// counts another one, unless it takes long enough by itself.
func TestPhasesOfAChainBlock(t *testing.T) {
	tests := []struct {
		name       string
		perMessage time.Duration
		recorded   string
	}{
		{"short iterations", 10 * time.Microsecond, "recorded warm iterate chain poll"},
		{"long ones", time.Millisecond, "recorded iterate chain poll"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			f := even()
			f.perMessage["poll"] = test.perMessage
			trials, err := measure(t, t.Context(), f, chains("poll"))
			if err != nil {
				t.Fatal(err)
			}
			want := []string{"start chain poll", "iterate chain poll"}
			want = append(want, slices.Repeat([]string{test.recorded}, 25)...)
			want = append(want, "stop chain poll")
			if diff := cmp.Diff(want, f.log); diff != "" {
				t.Errorf("phases (-want +got):\n%s", diff)
			}
			trial := trials[0]
			if trial.LoadCPU != -1 {
				t.Errorf("load on CPU %d, want none", trial.LoadCPU)
			}
			if trial.Counters.Server.Reads != 25*100 || trial.Counters.Server.BytesOut != 25*90 || trial.Counters.Load != (results.Counters{}) {
				t.Errorf("counted %+v, want those of 25 iterations", trial.Counters)
			}
		})
	}
}

// All iterations that count are kept, and the middle one is the figure.
func TestIterationsOfAChain(t *testing.T) {
	const fast, slow = 10 * time.Microsecond, time.Millisecond
	f := even()
	f.perMessage["poll"] = slow
	trials, err := measure(t, t.Context(), f, chains("epoll-lt", "poll", "epoll-et"))
	if err != nil {
		t.Fatal(err)
	}
	orders, seen := map[string]bool{}, map[int]bool{}
	for _, trial := range trials {
		if len(trial.Slices) != 25 {
			t.Fatalf("%s: %d slices, want 25", trial.Arm, len(trial.Slices))
		}
		// The nth iteration of a worker takes n ns more: of those in pairs every
		// second one counts, from the third on, and of long ones all but the first.
		median := 100*fast + time.Duration(3+2*12)
		if trial.Arm == "poll" {
			median = 100*slow + time.Duration(2+12)
		}
		if got := trial.Values[results.Elapsed]; got != float64(median) {
			t.Errorf("%s: elapsed_ns is %v, want the median, %d", trial.Arm, got, median)
		}
		if got, want := trial.Values[results.Messages], 25*100.0; got != want {
			t.Errorf("%s: %v messages, want %v", trial.Arm, got, want)
		}
		for i, s := range trial.Slices {
			key := fmt.Sprint(s.Turn, " ", s.Order)
			if s.Turn != i || s.Messages != 100 || s.ServerCPUNS != s.ElapsedNS/2 || orders[key] {
				t.Errorf("%s: slice %d is %+v", trial.Arm, i, s)
			}
			if i > 0 && s.ElapsedNS <= trial.Slices[i-1].ElapsedNS {
				t.Errorf("%s: slice %d took %d ns, and the one before %d", trial.Arm, i, s.ElapsedNS, trial.Slices[i-1].ElapsedNS)
			}
			orders[key] = true
			if trial.Arm == "poll" {
				seen[s.Order] = true
			}
		}
		for _, metric := range []results.Metric{results.Throughput, results.LoadCPUPerMessage, results.LoadSwitches, results.LoadRSS} {
			if v, has := trial.Values[metric]; has {
				t.Errorf("%s: %s is %v, where there is no load", trial.Arm, metric, v)
			}
		}
	}
	if len(seen) != 3 {
		t.Errorf("poll had the places %v in 25 turns, want each of three", seen)
	}
}

// Bytes that are lost, or were never sent, fail the trial, and so does an answer
// that is none.
func TestAChainThatIsWrong(t *testing.T) {
	for name, lie := range map[string]func(*scenarios.Reply){
		"a byte too few":      func(r *scenarios.Reply) { r.Chain.Messages-- },
		"a byte too many":     func(r *scenarios.Reply) { r.Chain.Messages++ },
		"no answer":           func(r *scenarios.Reply) { r.Chain = nil },
		"no time":             func(r *scenarios.Reply) { r.Chain.Elapsed = -1 },
		"negative counters":   func(r *scenarios.Reply) { r.Chain.Counters.Waits = -1 },
		"a negative CPU time": func(r *scenarios.Reply) { r.Chain.CPU = -1 },
	} {
		t.Run(name, func(t *testing.T) {
			f := even()
			f.lie = func(backend string, r *scenarios.Reply) {
				if backend == "poll" {
					lie(r)
				}
			}
			trials, err := measure(t, t.Context(), f, chains("select", "poll"))
			if !errors.Is(err, scenarios.ErrFailedTrials) {
				t.Errorf("the run ended with %v, want ErrFailedTrials", err)
			}
			if trials[0].Status != results.StatusOK || trials[1].Status != results.StatusFailed || trials[1].Reason == "" {
				t.Errorf("select %s, poll %s: want ok and failed, with a reason", trials[0].Status, trials[1].Status)
			}
			if strings.HasPrefix(name, "a byte") && !strings.Contains(trials[1].Reason, "10 first ones and 90 writes make 100") {
				t.Errorf("reason %q does not say how many there should be", trials[1].Reason)
			}
			if err := trials[1].Validate(); err != nil {
				t.Errorf("a reader would refuse it: %v", err)
			}
		})
	}
}

// Across processes no byte is lost, with either entry, and where one read takes
// one byte the counters say so.
func TestChainsAcrossProcesses(t *testing.T) {
	trials := measureForReal(t, scenarios.Request{
		NoControl: true,
		Scenarios: []string{"chain"}, Backends: []string{"all"}, Blocks: 1, Seed: 1,
		Entries: []multiplexers.Entry{multiplexers.Raw, multiplexers.Runtime},
		Sweep:   scenarios.Sweep{Connections: []int{50}, Active: []scenarios.Amount{{Count: 1}, {Count: 50}}, Rounds: []int{500}},
	})
	measured := 0
	for _, trial := range trials {
		b, err := server.Lookup(trial.Backend)
		if err != nil {
			t.Fatal(err)
		}
		// A chain is about multiplexers alone: what differs in threads and
		// listeners, or has no multiplexer of ours, has no part in it.
		if !b.Multiplexes() || b.Loops > 0 || b.PoolThreads > 0 {
			if trial.Status != results.StatusSkipped || trial.Reason == "" {
				t.Errorf("%s, %d active: %s, %q; want it skipped with a reason", trial.Arm, trial.Active, trial.Status, trial.Reason)
			}
			continue
		}
		measured++
		c, messages := trial.Counters.Server, 25*int64(trial.Active+500)
		if c.BytesIn != messages || c.Writes != 25*500 || int64(trial.Values[results.Messages]) != messages {
			t.Errorf("%s, %d active: %v messages, counted %+v; want %d read and %d written", trial.Arm, trial.Active, trial.Values[results.Messages], c, messages, 25*500)
		}
		// On an edge, one read may bring several bytes.
		if b.Mechanism.Trigger != multiplexers.EdgeTriggered && c.Reads != messages {
			t.Errorf("%s, %d active: %d reads for %d bytes", trial.Arm, trial.Active, c.Reads, messages)
		}
		for _, metric := range []results.Metric{results.Elapsed, results.ServerCPUPerMessage, results.ServerSyscallsPerMsg, results.EventsPerWait, results.BlockOverhead} {
			if trial.Values[metric] <= 0 {
				t.Errorf("%s, %d active: %s is %v", trial.Arm, trial.Active, metric, trial.Values[metric])
			}
		}
	}
	if measured != 2*2*len(multiplexers.Mechanisms()) {
		t.Errorf("%d trials of mechanisms, want two entries and two loads of each", measured)
	}
}
