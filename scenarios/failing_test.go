//go:build linux

package scenarios_test

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"muxbench/results"
	"muxbench/scenarios"
)

func TestAnArmThatFails(t *testing.T) {
	steps := []string{
		"start server", "start load", "connect load", "exchange load", "recorded exchange load",
		"snapshot server", "park server", "report load", "report server",
	}
	for _, step := range steps {
		t.Run(step, func(t *testing.T) {
			f := even()
			f.fail = func(s string) error {
				if s == step+" poll" {
					return errFake
				}
				return nil
			}
			trials, err := measure(t, t.Context(), f, echo("select", "poll", "epoll-lt"))
			if !errors.Is(err, scenarios.ErrFailedTrials) {
				t.Errorf("the run ended with %v, want ErrFailedTrials", err)
			}
			var got []string
			for _, trial := range trials {
				got = append(got, trial.Arm+" "+string(trial.Status))
			}
			if diff := cmp.Diff([]string{"select ok", "poll failed", "epoll-lt ok"}, got); diff != "" {
				t.Errorf("trials (-want +got):\n%s", diff)
			}
			if !strings.Contains(trials[1].Reason, errFake.Error()) {
				t.Errorf("reason %q does not say %q", trials[1].Reason, errFake)
			}
			if step != "start server" && !strings.Contains(trials[1].Stderr, "last words of poll") {
				t.Errorf("stderr %q lacks the worker's last words", trials[1].Stderr)
			}
			stopped := slices.Index(f.log, "stop server poll")
			for i, s := range f.log {
				if stopped >= 0 && i > stopped && strings.HasSuffix(s, "poll") && !strings.HasPrefix(s, "stop") {
					t.Errorf("asked %q of an arm that was stopped", s)
				}
			}
		})
	}
}

func TestLostMessagesFailATrial(t *testing.T) {
	f := even()
	f.lose = "epoll-et"
	trials, err := measure(t, t.Context(), f, echo("poll", "epoll-et"))
	if !errors.Is(err, scenarios.ErrFailedTrials) {
		t.Errorf("the run ended with %v, want ErrFailedTrials", err)
	}
	if trials[0].Status != results.StatusOK || trials[1].Status != results.StatusFailed {
		t.Errorf("poll %s, epoll-et %s: want ok and failed", trials[0].Status, trials[1].Status)
	}
}

func TestCancellation(t *testing.T) {
	for _, step := range []string{"start server", "connect load", "recorded exchange load", "report server"} {
		t.Run(step, func(t *testing.T) {
			ctx, cancel := context.WithCancelCause(t.Context())
			f := even()
			seen := 0
			f.fail = func(s string) error {
				if strings.HasPrefix(s, step) {
					if seen++; seen == 3 { // in the second of two blocks with two arms, or well within the first
						cancel(errFake)
					}
				}
				return ctx.Err()
			}
			r := echo("select", "poll")
			r.Blocks = 2
			trials, err := measure(t, ctx, f, r)
			if !errors.Is(err, errFake) {
				t.Errorf("the run ended with %v, want the cause of its cancellation", err)
			}
			last := trials[len(trials)-2:]
			for _, trial := range last {
				if trial.Status != results.StatusInterrupted || trial.Reason != errFake.Error() {
					t.Errorf("%s: %s, %q: want interrupted, with the cause", trial.Arm, trial.Status, trial.Reason)
				}
			}
			for _, trial := range trials[:len(trials)-2] {
				if trial.Status != results.StatusOK {
					t.Errorf("%s of a block that had ended: %s, want ok", trial.Arm, trial.Status)
				}
			}
		})
	}
}

func TestARunThatCannotBeRecordedEnds(t *testing.T) {
	plan, err := scenarios.Build(echo("poll"))
	if err != nil {
		t.Fatal(err)
	}
	f := even()
	runner := scenarios.Runner{Launcher: f, Machine: scenarios.Unwatched{}, Record: func([]results.Trial) error { return errFake }, Progress: func(scenarios.Progress) {}}
	if err := runner.Run(t.Context(), plan); !errors.Is(err, errFake) {
		t.Errorf("Run = %v, want the error of recording", err)
	}
	if f.live != 0 {
		t.Errorf("%d workers were left running", f.live)
	}
}

// What a worker says is not believed blindly: it cannot end the run, nor fill
// the result file.
func TestAWorkerThatTalksNonsense(t *testing.T) {
	endless := strings.Repeat("x\x1b", 2<<20)
	for name, lie := range map[string]func(*scenarios.Reply){
		"negative counters": func(r *scenarios.Reply) {
			if r.Server != nil {
				r.Server.Counters.Reads *= -1
			}
		},
		"an endless slice": func(r *scenarios.Reply) {
			if r.Load != nil {
				r.Load.Elapsed = math.MaxInt64
			}
		},
		"negative failures": func(r *scenarios.Reply) {
			if r.Load != nil {
				r.Load.Errors.Reset = -1
			}
		},
		"an endless error": func(r *scenarios.Reply) {
			if r.Load != nil {
				r.Load.Errors.Reset, r.Load.FirstError = 1, endless
			}
		},
		"an endless histogram": func(r *scenarios.Reply) {
			if r.Load != nil {
				r.Load.LatencyHDR = endless
			}
		},
		"an endless metric": func(r *scenarios.Reply) {
			if r.Load != nil {
				r.Load.Latency = map[results.Metric]float64{results.Metric(endless): 1}
			}
		},
		"latencies that are no numbers": func(r *scenarios.Reply) {
			if r.Load != nil {
				r.Load.Latency = map[results.Metric]float64{results.LatencyP99: math.Inf(1)}
			}
		},
		"no state": func(r *scenarios.Reply) { r.Server, r.Load = nil, nil },
	} {
		t.Run(name, func(t *testing.T) {
			f := even()
			f.lie = func(backend string, r *scenarios.Reply) {
				if backend == "poll" {
					lie(r)
				}
			}
			trials, err := measure(t, t.Context(), f, echo("select", "poll"))
			if !errors.Is(err, scenarios.ErrFailedTrials) {
				t.Errorf("the run ended with %v, want ErrFailedTrials", err)
			}
			if trials[0].Status != results.StatusOK || trials[1].Status != results.StatusFailed || trials[1].Reason == "" {
				t.Errorf("select %s, poll %s: want ok and failed, with a reason", trials[0].Status, trials[1].Status)
			}
			line, err := json.Marshal(trials[1])
			if err != nil || len(line) > 100_000 {
				t.Errorf("the trial takes %d bytes, %v", len(line), err)
			}
			if err := trials[1].Validate(); err != nil {
				t.Errorf("a reader would refuse it: %v", err)
			}
		})
	}
}
