//go:build linux

package scenarios_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"muxbench/results"
	"muxbench/scenarios"
)

// What a scenario compares, and in which cells, where nobody says otherwise.
func TestBuildQuestions(t *testing.T) {
	tests := []struct {
		scenario, arms string
		cells          []string
	}{
		{"churn", "select select/control poll epoll-lt epoll-et", []string{"churn 10/10", "churn 100/100", "churn 300/300"}},
		{"ctl", "epoll-lt epoll-lt/control epoll-lt/interest-changed select select/interest-changed poll poll/interest-changed epoll-et epoll-oneshot",
			[]string{"ctl 100/100", "ctl 1000/1000", "ctl 10000/10000", "echo 100/100"}},
		{"lookup", "poll poll/control poll/index poll/map poll/scan epoll-lt epoll-lt/map epoll-lt/scan", []string{"lookup 100/100", "lookup 2000/2000"}},
		{"scaling", "epoll-lt epoll-lt/control reuseport/loops-1 reuseport/loops-2 reuseport/loops-4 epoll-pool/threads-1 epoll-pool/threads-2 epoll-pool/threads-4", []string{"scaling 64/64"}},
		{"accept", "epoll-lt epoll-lt/control epoll-shared/loops-4 epoll-exclusive/loops-4 reuseport/loops-4", []string{"accept 16/1", "accept 128/128", "accept 256/256", "accept 512/512"}},
		{"fanout", "epoll-lt epoll-lt/control poll epoll-et epoll-oneshot", []string{"fanout 10/10", "fanout 300/300", "fanout 10/10"}},
	}
	for _, test := range tests {
		t.Run(test.scenario, func(t *testing.T) {
			plan, err := scenarios.Build(scenarios.Request{Scenarios: []string{test.scenario}})
			if err != nil {
				t.Fatal(err)
			}
			var arms, cells []string
			for _, a := range plan.Arms {
				arms = append(arms, a.Name)
			}
			for _, c := range plan.Cells {
				cells = append(cells, fmt.Sprintf("%s %d/%d", c.Scenario, c.Connections, c.Active))
			}
			if diff := cmp.Diff(strings.Fields(test.arms), arms); diff != "" {
				t.Errorf("arms (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(test.cells, cells); diff != "" {
				t.Errorf("cells (-want +got):\n%s", diff)
			}
			if e := plan.Estimate(); e > 90*time.Second { // which is rough: they take less than a minute
				t.Errorf("this would take %s", e)
			}
		})
	}
}

// The preset compares what it is about.
func TestBuildLevelOrEdge(t *testing.T) {
	plan, err := scenarios.Build(scenarios.Request{Preset: "level-or-edge"})
	if err != nil {
		t.Fatal(err)
	}
	var arms, kinds []string
	for _, a := range plan.Arms {
		arms = append(arms, a.Name)
	}
	for _, c := range plan.Cells {
		if !slices.Contains(kinds, c.Scenario) {
			kinds = append(kinds, c.Scenario)
		}
	}
	if diff := cmp.Diff(strings.Fields("epoll-lt epoll-lt/control epoll-et epoll-oneshot"), arms); diff != "" {
		t.Errorf("arms (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(strings.Fields("echo bulk idle fanout rate"), kinds); diff != "" {
		t.Errorf("kinds of work (-want +got):\n%s", diff)
	}
}

// The user's word goes before a scenario's own.
func TestBuildQuestionsAsAsked(t *testing.T) {
	tests := []struct {
		name    string
		request scenarios.Request
		want    string // arms
	}{
		{"other backends, with the scenario's options", scenarios.Request{Scenarios: []string{"lookup"}, Backends: []string{"select"}}, "select select/control select/map select/scan"},
		{"one that has none of them", scenarios.Request{Scenarios: []string{"lookup"}, Backends: []string{"go-net"}}, "go-net go-net/control"},
		{"other options", scenarios.Request{Scenarios: []string{"scaling"}, Loops: []int{3}, PoolThreads: []int{5}}, "epoll-lt epoll-lt/control reuseport/loops-3 epoll-pool/threads-5"},
		{"another reference", scenarios.Request{Scenarios: []string{"fanout"}, Reference: "poll"}, "epoll-lt poll poll/control epoll-et epoll-oneshot"},
		{"two that compare the same", scenarios.Request{Scenarios: []string{"churn", "echo"}}, "select select/control poll epoll-lt epoll-et"},
		{"two that compare other backends, and some for both", scenarios.Request{Scenarios: []string{"churn", "fanout"}, Backends: []string{"epoll-lt"}}, "epoll-lt epoll-lt/control"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			plan, err := scenarios.Build(test.request)
			if err != nil {
				t.Fatal(err)
			}
			var arms []string
			for _, a := range plan.Arms {
				arms = append(arms, a.Name)
			}
			if diff := cmp.Diff(strings.Fields(test.want), arms); diff != "" {
				t.Errorf("arms (-want +got):\n%s", diff)
			}
		})
	}
}

func TestBuildQuestionsRefuses(t *testing.T) {
	s := func(names ...string) scenarios.Request { return scenarios.Request{Scenarios: names} }
	tests := []struct {
		name    string
		request scenarios.Request
		want    string
	}{
		{"two that compare different backends", s("churn", "fanout"), "--backends"},
		{"two that compare different options, of the same backends", asked(s("lookup", "accept"), func(r *scenarios.Request) { r.Backends = []string{"epoll-lt"} }), "one by one"},
		{"one that compares different options, and one that does not", s("echo", "ctl"), "one by one"},
		{"rounds of bursts", asked(s("accept"), func(r *scenarios.Request) { r.Sweep.Rounds = []int{3} }), "--rounds"},
		{"messages of bursts", asked(s("accept"), func(r *scenarios.Request) { r.Sweep.Sizes = []int{3} }), "--size"},
		{"some who speak", asked(s("fanout"), func(r *scenarios.Request) { r.Sweep.Active = []scenarios.Amount{{Count: 3}} }), "--active"},
		{"more than can be said", asked(s("fanout"), func(r *scenarios.Request) { r.Sweep.Sizes = []int{2 << 20} }), "--size"},
		{"messages of a set", asked(s("ctl"), func(r *scenarios.Request) { r.Sweep.Rates = []scenarios.Rate{{PerSecond: 100}} }), "--rate"},
		{"work without messages", asked(s("accept"), func(r *scenarios.Request) { r.Spins = []time.Duration{1} }), "--spin"},
		{"an unknown way to find a state", asked(s("echo"), func(r *scenarios.Request) { r.Lookups = append(r.Lookups, "luck") }), "--lookup"},
		{"an index of those that have none", asked(s("echo"), func(r *scenarios.Request) {
			r.Lookups = append(r.Lookups, "index")
			r.Backends = []string{"epoll-lt"}
		}), "--lookup"},
		{"an unknown manner", asked(s("echo"), func(r *scenarios.Request) { r.Interests = append(r.Interests, "lost") }), "--interest"},
		{"interest of what is registered once", asked(s("echo"), func(r *scenarios.Request) {
			r.Interests = append(r.Interests, scenarios.InterestChanged)
			r.Backends = []string{"epoll-et"}
		}), "--interest"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := scenarios.Build(test.request)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want one with %q", err, test.want)
			}
		})
	}
}

func asked(r scenarios.Request, change func(*scenarios.Request)) scenarios.Request {
	change(&r)
	return r
}

// Across processes, what these scenarios count is exact.
func TestQuestionsAreCountedToTheDigit(t *testing.T) {
	const connections, rounds, size = 12, 7, 100
	sweep := scenarios.Sweep{Connections: []int{connections}, Rounds: []int{rounds}, Sizes: []int{size}}
	request := func(name string, s scenarios.Sweep) scenarios.Request {
		return scenarios.Request{Scenarios: []string{name}, NoControl: true, Blocks: 1, Seed: 1, Sweep: s}
	}
	each := func(t *testing.T, r scenarios.Request, test func(*testing.T, results.Trial)) {
		t.Helper()
		for _, trial := range measureForReal(t, r) {
			t.Run(trial.Scenario+" "+trial.Arm, func(t *testing.T) {
				if err := trial.Validate(); err != nil {
					t.Errorf("a reader would refuse it: %v", err)
				}
				if trial.Status == results.StatusSkipped && trial.Reason != "" {
					t.Skip(trial.Reason)
				}
				if trial.Status != results.StatusOK || trial.Errors.Total() != 0 {
					t.Fatalf("%s, %q, %+v", trial.Status, trial.Reason, trial.Errors)
				}
				test(t, trial)
			})
		}
	}
	wants := func(t *testing.T, what string, got, want int64) {
		t.Helper()
		if got != want {
			t.Errorf("%d %s, want %d", got, what, want)
		}
	}
	t.Run("churn", func(t *testing.T) {
		r := request("churn", sweep)
		r.Backends = []string{"all"}
		each(t, r, func(t *testing.T, trial results.Trial) {
			var connects int64
			for _, s := range trial.Slices {
				connects += s.Connects
			}
			wants(t, "connections", connects, connections*rounds)
			wants(t, "accepted", trial.Counters.Server.Accepts, connections*rounds)
			wants(t, "bytes in", trial.Counters.Server.BytesIn, connections*rounds*size)
			for _, m := range []results.Metric{results.ConnectsPerSecond, results.ServerCPUPerConnection, results.LatencyP50} {
				if trial.Values[m] <= 0 {
					t.Errorf("%s is %v", m, trial.Values[m])
				}
			}
		})
	})
	t.Run("accept", func(t *testing.T) {
		r := request("accept", scenarios.Sweep{Connections: []int{connections}})
		each(t, r, func(t *testing.T, trial results.Trial) {
			bursts := int64(len(trial.Slices))
			wants(t, "accepted", trial.Counters.Server.Accepts, bursts*connections)
			c := trial.Counters.Server
			if told := c.ListenerEvents - c.SpuriousAccepts; told > c.Accepts || told < 1 {
				t.Errorf("loops were told %d times of %d connections", told, c.Accepts)
			}
			if trial.Active == 1 && trial.Values[results.WakeupsPerAccept] <= 0 {
				t.Errorf("nobody was woken for connections that came one at a time: %v", trial.Values)
			}
		})
	})
	t.Run("fanout", func(t *testing.T) {
		r := request("fanout", sweep)
		r.Backends = []string{"all"}
		each(t, r, func(t *testing.T, trial results.Trial) {
			wants(t, "deliveries", int64(trial.Values[results.Messages]), connections*rounds)
			wants(t, "bytes in", trial.Counters.Server.BytesIn, rounds*size)
			wants(t, "bytes out", trial.Counters.Server.BytesOut, connections*rounds*size)
		})
	})
	t.Run("ctl", func(t *testing.T) {
		r := request("ctl", scenarios.Sweep{Connections: []int{connections}})
		r.Backends = []string{"all"}
		each(t, r, func(t *testing.T, trial results.Trial) {
			if trial.Scenario != "ctl" {
				return
			}
			for _, s := range trial.Slices {
				if s.Changes < 1 || s.AddNS < 1 || s.ModifyNS < 1 || s.RemoveNS < 1 || s.EmptyWaits < 1 {
					t.Errorf("slice %+v", s)
				}
			}
			for _, m := range []results.Metric{results.AddTime, results.ModifyTime, results.RemoveTime, results.RegistrationTime, results.EmptyWaitTime} {
				if trial.Values[m] <= 0 {
					t.Errorf("%s is %v", m, trial.Values[m])
				}
			}
		})
	})
	t.Run("lookup", func(t *testing.T) {
		each(t, request("lookup", sweep), func(t *testing.T, trial results.Trial) {
			wants(t, "messages", int64(trial.Values[results.Messages]), connections*rounds)
			wants(t, "reads", trial.Counters.Server.Reads, connections*rounds)
		})
	})
	t.Run("interest", func(t *testing.T) {
		r := request("echo", sweep)
		r.Interests = []scenarios.Interest{scenarios.InterestKept, scenarios.InterestChanged}
		each(t, r, func(t *testing.T, trial results.Trial) {
			want := int64(0)
			if trial.Options["interest"] == "changed" {
				want = 2 * connections * rounds
			}
			wants(t, "changes", trial.Counters.Server.Modifies, want)
		})
	})
	t.Run("scaling", func(t *testing.T) {
		each(t, request("scaling", sweep), func(t *testing.T, trial results.Trial) {
			least, known := trial.Values[results.LeastThreadShare]
			if several := trial.Options["loops"] > "1" || trial.Options["pool_threads"] > "1"; several != known || least > trial.Values[results.GreatestThreadShare] {
				t.Errorf("shares %v of %v", trial.Values, trial.Options)
			}
			if trial.Options["spin"] != "20µs" {
				t.Errorf("options %v, want 20 µs of work", trial.Options)
			}
		})
	})
}
