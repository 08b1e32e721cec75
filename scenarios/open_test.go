//go:build linux

package scenarios_test

import (
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"muxbench/results"
	"muxbench/scenarios"
)

// openLoop is of two backends that do 100,000 and 50,000 msgs/s at most.
func openLoop(s scenarios.Sweep) (*fakeLauncher, scenarios.Request) {
	f := even()
	f.perMessage["poll"] = 20 * time.Microsecond
	s.Connections, s.Sizes = []int{100}, []int{64}
	return f, scenarios.Request{Scenarios: []string{"rate"}, Backends: []string{"epoll-lt", "poll"}, NoControl: true, Blocks: 1, Seed: 7, Sweep: s}
}

func TestAShareIsOfEachArmsOwnCapacity(t *testing.T) {
	f, r := openLoop(scenarios.Sweep{Rates: []scenarios.Rate{{Share: 0.2}}})
	trials, err := measure(t, t.Context(), f, r)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		arm               string
		capacity, offered float64
	}{{"epoll-lt", 100_000, 20_000}, {"poll", 50_000, 10_000}} {
		trial := named(t, trials, tt.arm)
		if got := trial.Values[results.Capacity]; math.Abs(got/tt.capacity-1) > 0.01 {
			t.Errorf("%s: capacity %v, want about %v", tt.arm, got, tt.capacity)
		}
		if got := trial.Values[results.Offered]; math.Abs(got/tt.offered-1) > 0.01 || len(trial.Slices) != 1 || trial.Slices[0].Offered != got {
			t.Errorf("%s: offered %v in slices %+v, want one with about %v", tt.arm, got, trial.Slices, tt.offered)
		}
		if achieved := trial.Values[results.Throughput]; math.Abs(achieved/tt.offered-1) > 0.01 {
			t.Errorf("%s: achieved %v msgs/s, want about %v", tt.arm, achieved, tt.offered)
		}
		if _, known := trial.Values[results.LoadBusyShare]; known || len(trial.Validity) > 0 {
			t.Errorf("%s: busy share known: %v, flags %q; a load generator that spins is not to be judged by that", tt.arm, known, trial.Validity)
		}
	}
	if c := trials[0].Cell; c.Load != 0.2 || c.Rate != 0 || c.Schedule != results.Poisson || c.DurationNS != 1e9 {
		t.Errorf("cell %+v, want an open loop at 20 %% for a second", c)
	}
}

// A rate is the same for every arm, at the same times, and other ones in every
// block; no capacity is measured.
func TestARateIsTheSameForEveryArm(t *testing.T) {
	f, r := openLoop(scenarios.Sweep{Rates: []scenarios.Rate{{PerSecond: 70_000}}, Schedule: results.Fixed, Duration: 2 * time.Second})
	r.Blocks = 2
	trials, err := measure(t, t.Context(), f, r)
	if err != nil {
		t.Fatal(err)
	}
	var recorded []scenarios.Command
	for _, c := range f.paces {
		if c.Record {
			recorded = append(recorded, c)
		}
	}
	want := scenarios.Command{Do: scenarios.DoPace, Record: true, Rate: 70_000, Schedule: results.Fixed, Duration: 2 * time.Second, Seed: 7}
	for i, c := range recorded {
		if want.Seed = uint64(7 + i/2); c != want {
			t.Errorf("recorded slice %d is %+v, want %+v", i, c, want)
		}
	}
	if len(recorded) != 4 {
		t.Errorf("%d recorded slices of 2 arms in 2 blocks", len(recorded))
	}
	if i := slices.IndexFunc(f.log, func(s string) bool { return strings.HasSuffix(s, "exchange load poll") }); i < 0 || named(t, trials, "poll").Values[results.Capacity] != 0 {
		t.Errorf("warmed up at %d, capacity %v: want no more than to be warmed up", i, named(t, trials, "poll").Values[results.Capacity])
	}
	// 70,000 msgs/s are more than poll's 50,000.
	if got := named(t, trials, "poll").Validity; !slices.Equal(got, []string{string(results.CheckSaturated)}) {
		t.Errorf("poll, overloaded: flags %q", got)
	}
	if got := named(t, trials, "epoll-lt").Validity; len(got) > 0 {
		t.Errorf("epoll-lt, at 70 %%: flags %q", got)
	}
}

func TestChecksOfAnOpenLoop(t *testing.T) {
	tests := []struct {
		name string
		lie  func(*scenarios.LoadState)
		want results.Check
	}{
		{"latency that rises", func(s *scenarios.LoadState) { s.Rise = 1.6 }, results.CheckSaturated},
		{"messages that were late", func(s *scenarios.LoadState) { s.Lag[results.LagP99] = s.Latency[results.LatencyP99] }, results.CheckLag},
		{"messages that took longer", func(s *scenarios.LoadState) { s.Elapsed = s.Elapsed * 102 / 100 }, results.CheckSaturated},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f, r := openLoop(scenarios.Sweep{Rates: []scenarios.Rate{{PerSecond: 10_000}}})
			f.lie = func(_ string, r *scenarios.Reply) {
				if r.Load != nil && r.Load.Offered > 0 {
					tt.lie(r.Load)
				}
				if r.Load != nil && tt.want == results.CheckLag && r.Load.Latency != nil {
					r.Load.Lag = map[results.Metric]float64{results.LagP99: 1e9}
				}
			}
			trials, err := measure(t, t.Context(), f, r)
			if err != nil {
				t.Fatal(err)
			}
			if got := trials[0].Validity; !slices.Equal(got, []string{string(tt.want)}) {
				t.Errorf("flags %q, want %q", got, tt.want)
			}
		})
	}
}

// p99 of a server that takes s at a share ρ is s·ln(100)/(1-ρ) here: at most 200 µs
// up to 1-46/200 of 100,000 msgs/s, and up to 1-92/200 of 50,000.
func TestTheHighestRateThatKeepsToAnSLO(t *testing.T) {
	f, r := openLoop(scenarios.Sweep{SLOs: []scenarios.SLO{{Latency: results.LatencyP99, Bound: 200 * time.Microsecond}}})
	trials, err := measure(t, t.Context(), f, r)
	if err != nil {
		t.Fatal(err)
	}
	for arm, want := range map[string]float64{"epoll-lt": 100_000 * (1 - 46.05/200), "poll": 50_000 * (1 - 92.1/200)} {
		trial := named(t, trials, arm)
		got := trial.Values[results.SLORate]
		if got > want*1.0001 || got < want/1.021 || trial.Slices[0].Offered != got {
			t.Errorf("%s: %v msgs/s, and a slice at %v; want 98 to 100 %% of %v", arm, got, trial.Slices[0].Offered, want)
		}
		for _, p := range trial.Probes {
			if kept := p.LatencyNS <= 200_000; p.Kept != kept {
				t.Errorf("%s: probe %+v says %v of 200 µs", arm, p, kept)
			}
		}
		if len(trial.Probes) < 6 || len(trial.Validity) > 0 {
			t.Errorf("%s: %d probes, flags %q", arm, len(trial.Probes), trial.Validity)
		}
	}
}

func TestAnSLOThatNoRateKeepsTo(t *testing.T) {
	f, r := openLoop(scenarios.Sweep{SLOs: []scenarios.SLO{{Latency: results.LatencyP99, Bound: time.Microsecond}}})
	trials, err := measure(t, t.Context(), f, r)
	if err != nil {
		t.Fatal(err)
	}
	trial := trials[0]
	if _, found := trial.Values[results.SLORate]; found || trial.Status != results.StatusOK || len(trial.Slices) > 0 || !slices.Equal(trial.Validity, []string{string(results.CheckSLO)}) {
		t.Errorf("status %s, %d slices, flags %q, a rate: %v; want an ok trial that says that the level was missed", trial.Status, len(trial.Slices), trial.Validity, found)
	}
	// Down to a percent of the capacity, each rate twice, and long enough for p99.
	last := trial.Probes[len(trial.Probes)-1].Offered
	if c := f.paces[len(f.paces)-1]; math.Abs(c.Rate*c.Duration.Seconds()-1000) > 1 {
		t.Errorf("the last rate was %v for %s, want the time that 1,000 messages take", c.Rate, c.Duration)
	}
	if n := len(trial.Probes); n%2 != 0 || last > 1000 || last < 400 {
		t.Errorf("%d probes down to %v msgs/s, want pairs down to some 490", n, last)
	}
}

// One stall of the machine does not decide a search.
func TestARateThatFailsOnceIsTriedAgain(t *testing.T) {
	f, r := openLoop(scenarios.Sweep{SLOs: []scenarios.SLO{{Latency: results.LatencyP99, Bound: 200 * time.Microsecond}}})
	stalls := 1
	f.lie = func(backend string, r *scenarios.Reply) {
		if r.Load != nil && r.Load.Offered > 0 && backend == "epoll-lt" && stalls > 0 {
			stalls--
			r.Load.Latency[results.LatencyP99] = 1e9
		}
	}
	trials, err := measure(t, t.Context(), f, r)
	if err != nil {
		t.Fatal(err)
	}
	trial := named(t, trials, "epoll-lt")
	if p := trial.Probes; p[0].Kept || !p[1].Kept || p[0].Offered != p[1].Offered {
		t.Errorf("probes %+v, want the first tried again", p[:2])
	}
	if got := trial.Values[results.SLORate]; got < 75_000 {
		t.Errorf("%v msgs/s keep to it, want some 77,000", got)
	}
}

// The slice that counts is another one than those of the search. That it does not
// keep to the level itself is said.
func TestARateThatIsNotConfirmed(t *testing.T) {
	f, r := openLoop(scenarios.Sweep{SLOs: []scenarios.SLO{{Latency: results.LatencyP99, Bound: 200 * time.Microsecond}}})
	f.lie = func(_ string, r *scenarios.Reply) {
		if r.Load != nil && r.Load.Offered == 0 && r.Load.Latency != nil { // a report
			r.Load.Latency[results.LatencyP99] = 201e3
		}
	}
	trials, err := measure(t, t.Context(), f, r)
	if err != nil {
		t.Fatal(err)
	}
	if got := trials[0].Validity; !slices.Equal(got, []string{string(results.CheckSLOUnconfirmed)}) {
		t.Errorf("flags %q, of a slice with a p99 of 201 µs", got)
	}
}

// Neither a saturated server nor one of which too few messages tell keeps to
// anything.
func TestWhatIsNotTheLatencyAgainstAnSLO(t *testing.T) {
	for _, tt := range []struct {
		name, why string
		slo       scenarios.SLO
		lie       func(*scenarios.LoadState)
	}{
		{"saturated", "saturated", scenarios.SLO{Latency: results.LatencyP50, Bound: time.Minute}, func(s *scenarios.LoadState) { s.Rise = 2 }},
		{"too few in ten times the time", "too few", scenarios.SLO{Latency: results.LatencyP999, Bound: time.Minute}, func(*scenarios.LoadState) {}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f, r := openLoop(scenarios.Sweep{SLOs: []scenarios.SLO{tt.slo}})
			f.perMessage["poll"] = 2 * time.Millisecond // 625 messages a second at most, of which p99.9 wants 10,000
			f.lie = func(_ string, r *scenarios.Reply) {
				if r.Load != nil && r.Load.Offered > 0 {
					tt.lie(r.Load)
				}
			}
			trials, err := measure(t, t.Context(), f, r)
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range named(t, trials, "poll").Probes {
				if p.Kept || !strings.Contains(p.Why, tt.why) {
					t.Errorf("probe %+v, want none kept, because of %q", p, tt.why)
				}
			}
		})
	}
}

// named is the first trial of an arm.
func named(t *testing.T, trials []results.Trial, arm string) results.Trial {
	t.Helper()
	i := slices.IndexFunc(trials, func(t results.Trial) bool { return t.Arm == arm })
	if i < 0 {
		t.Fatalf("no trial of %s", arm)
	}
	return trials[i]
}
