package report_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"muxbench/report"
	"muxbench/results"
)

// Each scenario has charts of what it asks, and of nothing else.
func TestChartsOfQuestions(t *testing.T) {
	want := []string{
		"churn-connects-by-connections", "churn-server-cpu-by-connections", "churn-server-cpu-ratio-by-connections", "churn-p99-by-connections", "churn-latency-connections-1000",
		"accept-wake-ups-by-connections-at-once-all", "accept-server-cpu-by-connections-at-once-all", "accept-server-cpu-ratio-by-connections-at-once-all",
		"accept-last-accept-by-connections-at-once-all", "accept-overflows-by-connections-at-once-all",
		"accept-wake-ups-connections-64-at-once-1", "accept-server-cpu-connections-64-at-once-1",
		"accept-wake-ups-connections-512-at-once-8", "accept-server-cpu-connections-512-at-once-8",
		"ctl-registration-by-connections", "ctl-registration-ratio-by-connections", "ctl-add-by-connections", "ctl-modify-by-connections", "ctl-remove-by-connections", "ctl-empty-wait-by-connections",
		"fanout-deliveries-by-connections", "fanout-server-cpu-by-connections", "fanout-server-cpu-ratio-by-connections",
		"lookup-throughput-by-connections", "lookup-server-cpu-by-connections", "lookup-server-cpu-ratio-by-connections", "lookup-p99-by-connections", "lookup-latency-connections-10000",
		"scaling-speed-up-by-threads", "scaling-server-cpu-by-threads",
	}
	var got []string
	for _, c := range report.Charts(load(t, "synthetic-questions")) {
		got = append(got, c.Name)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Speed-up is drawn against threads, a line for each backend: the reference at 1, and
// those whose threads come and go nowhere.
func TestChartOfSpeedUp(t *testing.T) {
	type place struct{ Threads, Above float64 } // above 1, in tenths
	got := map[string][]place{}
	for _, c := range report.Charts(load(t, "synthetic-questions")) {
		if c.Name != "scaling-speed-up-by-threads" {
			continue
		}
		if !c.Y.Ratio {
			t.Error("the axis of a ratio is that of an amount")
		}
		for _, s := range c.Series {
			for _, p := range s.Points {
				got[s.Name] = append(got[s.Name], place{p.X, float64(int(10*p.Y+0.5)) / 10})
			}
		}
	}
	want := map[string][]place{"epoll-lt (reference)": {{1, 1}, {4, 1}}, "reuseport": {{2, 1.9}, {4, 3.7}}, "epoll-pool": {{2, 0.8}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// A file may hold anything: whatever is no number of threads is none.
func TestScalingOfHostileOptions(t *testing.T) {
	for _, n := range []string{"", "-1", "0", "x", "99999999999999999999", "1e3"} {
		var trials []results.Trial
		for _, trial := range questionTrials() {
			if trial.Scenario != "scaling" {
				continue
			}
			trial.Options = map[string]string{"loops": n, "pool_threads": n, "spin": "\x1b[31m"}
			trial.Connections = 0
			trials = append(trials, trial)
		}
		s := report.Summarise(syntheticRun("scaling"), trials)
		for _, c := range report.Charts(s) {
			for _, series := range c.Series {
				for _, p := range series.Points {
					if p.X != 1 {
						t.Errorf("%q threads are at %g", n, p.X)
					}
				}
			}
		}
	}
}
