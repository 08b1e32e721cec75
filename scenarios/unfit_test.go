//go:build linux

package scenarios_test

import (
	"slices"
	"strings"
	"testing"

	"muxbench/multiplexers/server"
	"muxbench/results"
	"muxbench/scenarios"
)

// sized is a request of one scenario over so many connections or pairs, with the
// shortest window that there is.
func sized(scenario string, connections int, backends ...string) scenarios.Request {
	r := scenarios.Request{
		Scenarios: []string{scenario}, Backends: backends, NoControl: true, Blocks: 1, Seed: 7,
		Sweep: scenarios.Sweep{Connections: []int{connections}},
	}
	switch scenario {
	case "echo":
		r.Sweep.Rounds, r.Sweep.Sizes = []int{10}, []int{64}
	case "chain":
		r.Sweep.Rounds, r.Sweep.Active = []int{10}, []scenarios.Amount{{Count: 1}}
	}
	return r
}

// An arm that cannot be measured in a cell is skipped there with the reason, and
// nothing is started for it; the others are measured.
func TestUnfitArms(t *testing.T) {
	fewEvents := scenarios.Request{MaxEvents: []int{16}}
	waits := scenarios.Request{Waits: []scenarios.Wait{scenarios.WaitBlock, scenarios.WaitSpin}}
	tests := []struct {
		name     string
		request  scenarios.Request
		measured string   // arms, separated by spaces
		reason   []string // of those that are not
	}{
		// 1,024 numbers, of which 32 are kept for what else a process has open.
		{"as many connections as an fd_set has room for", sized("echo", 992, "poll", "select-1024"), "poll select-1024", nil},
		{"one more", sized("echo", 993, "poll", "select-1024"), "poll", []string{"993 connections", "up to 1024", "up to 1023"}},
		{"many more", sized("connect", 20_000, "poll", "select-1024"), "poll", []string{"20000 connections", "up to 20031", "up to 1023"}},
		{"the kernel's select has no such limit", sized("echo", 20_000, "poll", "select"), "poll select", nil},
		{"as many pairs, of two descriptors", sized("chain", 496, "poll", "select-1024"), "poll select-1024", nil},
		{"one pair more", sized("chain", 497, "poll", "select-1024"), "poll", []string{"up to 1025", "up to 1023"}},

		{"a chain of what has no multiplexer", sized("chain", 10, "poll", "go-net", "thread-per-conn"), "poll", []string{"about multiplexers alone", "none of ours"}},
		{"a chain of a pool", sized("chain", 10, "poll", "epoll-pool"), "poll", []string{"about multiplexers alone", "waits as epoll-oneshot does"}},
		{"a chain of several loops", sized("chain", 10, "poll", "epoll-exclusive", "reuseport"), "poll", []string{"without threads and listeners", "waits as epoll-lt does"}},
		{"a chain of one of several loops", choosing(sized("chain", 10, "poll", "reuseport"), scenarios.Request{Loops: []int{1}}), "poll", []string{"waits as epoll-lt does"}},
		{"a chain of few events", choosing(sized("chain", 10, "epoll-lt", "poll"), fewEvents), "", []string{"takes all that is ready in one wait"}},
		{"a chain of waits that spin", choosing(sized("chain", 10, "epoll-lt"), waits), "epoll-lt", []string{"no wait of a chain blocks"}},
		{"a chain of any one-loop backend", sized("chain", 10, "select", "poll", "epoll-lt", "epoll-et", "epoll-oneshot"), "select poll epoll-lt epoll-et epoll-oneshot", nil},

		{"servers whose waits spin", choosing(sized("echo", 10, "epoll-lt", "epoll-pool"), waits), "epoll-lt epoll-lt/wait-spin epoll-pool epoll-pool/wait-spin", nil},
		{"servers of few events", choosing(sized("echo", 10, "epoll-lt", "go-net"), fewEvents), "epoll-lt/events-16 go-net", nil},
		{"connecting to servers with several threads", sized("connect", 10, "reuseport", "epoll-pool", "thread-per-conn"), "reuseport epoll-pool thread-per-conn", nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			f := even()
			trials, err := measure(t, t.Context(), f, test.request)
			if err != nil {
				t.Fatal(err)
			}
			measured := strings.Fields(test.measured)
			for _, trial := range trials {
				reason := test.reason
				if slices.Contains(measured, trial.Arm) {
					reason = nil
				}
				checkSkipped(t, trial, reason)
			}
			started := 0
			for _, spec := range f.specs {
				if spec.Role != scenarios.LoadRole {
					started++
				}
			}
			if started != len(measured) || len(trials) < started {
				t.Errorf("%d servers or chains were started for %d trials, of which %d are measured", started, len(trials), len(measured))
			}
		})
	}
}

// choosing is a request with another one's choices.
func choosing(r, choice scenarios.Request) scenarios.Request {
	r.Loops, r.PoolThreads, r.MaxEvents, r.Waits = choice.Loops, choice.PoolThreads, choice.MaxEvents, choice.Waits
	return r
}

// checkSkipped wants a trial skipped for a reason in these words or, if there are
// none, measured.
func checkSkipped(t *testing.T, trial results.Trial, reason []string) {
	t.Helper()
	want := results.StatusSkipped
	if reason == nil {
		want = results.StatusOK
	}
	if trial.Status != want || trial.Reason == "" != (reason == nil) || len(trial.Slices) > 0 != (reason == nil) {
		t.Errorf("%s: %s with %d slices, %q; want %s", trial.Arm, trial.Status, len(trial.Slices), trial.Reason, want)
	}
	for _, words := range reason {
		if !strings.Contains(trial.Reason, words) {
			t.Errorf("%s: reason %q does not say %q", trial.Arm, trial.Reason, words)
		}
	}
	if err := trial.Validate(); err != nil {
		t.Errorf("%s: a reader would refuse it: %v", trial.Arm, err)
	}
}

// fitted is a plan that has been held against limits.
func fitted(t *testing.T, r scenarios.Request, l scenarios.Limits) (scenarios.Plan, error) {
	t.Helper()
	plan, err := scenarios.Build(r)
	if err != nil {
		t.Fatal(err)
	}
	return plan, plan.Fits(l)
}

// A thread for each connection is no more than the host has threads left.
func TestMoreConnectionsThanThreads(t *testing.T) {
	l := ample()
	l.Threads, l.ThreadsBound = 10, "kernel.pid_max is 500, of which 290 are in use"
	for _, test := range []struct {
		connections int
		reason      []string
	}{
		{10, nil},
		{11, []string{"11 connections take as many threads", "allows 10 more", l.ThreadsBound}},
	} {
		plan, err := fitted(t, sized("echo", test.connections, "poll", "thread-per-conn"), l)
		if err != nil || len(plan.Apart) > 0 {
			t.Fatalf("%d connections: %v, apart: %v; want it let through", test.connections, err, plan.Apart)
		}
		trials := measurePlan(t, even(), plan)
		checkSkipped(t, trials[0], nil)
		checkSkipped(t, trials[1], test.reason)
	}
	// Where nobody is left to measure, the cell has its reasons all the same.
	plan, err := fitted(t, sized("connect", 11, "thread-per-conn"), l)
	if err != nil {
		t.Fatal(err)
	}
	checkSkipped(t, measurePlan(t, even(), plan)[0], []string{"allows 10 more"})
}

// measurePlan measures a plan with a fake launcher.
func measurePlan(t *testing.T, f *fakeLauncher, plan scenarios.Plan) (all []results.Trial) {
	t.Helper()
	runner := scenarios.Runner{
		Launcher: f, Machine: scenarios.Unwatched{},
		Record:   func(trials []results.Trial) error { all = append(all, trials...); return nil },
		Progress: func(scenarios.Progress) {},
	}
	if err := runner.Run(t.Context(), plan); err != nil {
		t.Fatal(err)
	}
	return all
}

// Arms that have threads enough one after the other are alive so, and each trial
// says why. Scenario connect has them so anyway.
func TestThreadsOfSeveralArms(t *testing.T) {
	tests := []struct {
		name     string
		scenario string
		backends []string
		control  bool
		threads  int
		apart    bool
	}{
		{"enough for both", "echo", []string{"thread-per-conn"}, true, 20, false},
		{"one too few", "echo", []string{"thread-per-conn"}, true, 19, true},
		{"enough for one", "echo", []string{"thread-per-conn"}, true, 10, true},
		{"those of other backends are few and count for nothing", "echo", []string{"reuseport", "epoll-pool", "go-net", "thread-per-conn"}, false, 10, false},
		{"one after the other anyway", "connect", []string{"thread-per-conn"}, true, 10, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := sized(test.scenario, 10, test.backends...)
			r.NoControl = !test.control
			l := ample()
			l.Threads, l.ThreadsBound = test.threads, "/sys/fs/cgroup/pids.max is 300, of which 80 are in use"
			plan, err := fitted(t, r, l)
			if err != nil {
				t.Fatal(err)
			}
			f, most := even(), 0
			f.fail = func(string) error { most = max(most, f.live); return nil }
			trials := measurePlan(t, f, plan)
			if alone := most == 2; alone != test.apart && len(trials) > 1 {
				t.Errorf("%d workers were alive together, one after the other should be %v", most, test.apart)
			}
			for _, trial := range trials {
				checkSkipped(t, trial, nil)
				said := strings.Join(trial.Validity, "\n")
				if test.apart != (said != "") {
					t.Errorf("%s: validity %q", trial.Arm, said)
				}
				for _, words := range []string{"one after the other", "20 threads are there at once", l.ThreadsBound} {
					if test.apart && !strings.Contains(said, words) {
						t.Errorf("%s: validity %q does not say %q", trial.Arm, said, words)
					}
				}
			}
		})
	}
}

// Memory is counted for what a server holds for each connection beside what one
// with loops does: a stack, and its buffer as far as messages fill it.
func TestMemoryOfConnections(t *testing.T) {
	const worker, kernel, another = 12 << 20, 10 << 10, 256 << 10 // another thread than the first
	held := func(name string) int64 {
		b, err := server.Lookup(name)
		if err != nil {
			t.Fatal(err)
		}
		if b.PerConnection <= 0 {
			t.Errorf("%s holds %d bytes for a connection", name, b.PerConnection)
		}
		return b.PerConnection
	}
	goroutine, thread := held("go-net"), held("thread-per-conn")
	if thread <= goroutine {
		t.Errorf("a thread takes %d bytes and a goroutine %d", thread, goroutine)
	}
	tests := []struct {
		name     string
		scenario string
		backends []string
		size     int
		enough   int64 // for 1000 connections
	}{
		{"loops and pools hold none, but threads", "echo", []string{"epoll-lt", "reuseport", "epoll-pool"}, 1, 3*(2*worker+1000*kernel) + 2*1000 + 3*another},
		{"a goroutine each", "echo", []string{"epoll-lt", "go-net"}, 1, 2*(2*worker+1000*kernel) + 2*1000 + 1000*(goroutine+1)},
		{"a thread each", "echo", []string{"epoll-lt", "thread-per-conn"}, 1, 2*(2*worker+1000*kernel) + 2*1000 + 1000*(thread+1)},
		{"both at once", "echo", []string{"go-net", "thread-per-conn"}, 1, 2*(2*worker+1000*kernel) + 2*1000 + 1000*(goroutine+1+thread+1)},
		{"a buffer, as far as it is used", "echo", []string{"go-net"}, 5000, 2*worker + 1000*kernel + 2*1000*5000 + 1000*(goroutine+5000)},
		{"a buffer, full", "echo", []string{"go-net"}, 1 << 20, 2*worker + 1000*kernel + 2*1000<<20 + 1000*(goroutine+64<<10)},
		{"one after the other: of the one that takes most", "connect", []string{"thread-per-conn", "go-net"}, 0, 2*2*worker + 1000*kernel + 1000*thread},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := sized(test.scenario, 1000, test.backends...)
			if test.size > 0 {
				r.Sweep.Sizes = []int{test.size}
			}
			l := ample()
			l.Memory = test.enough
			if plan, err := fitted(t, r, l); err != nil || len(plan.Apart) > 0 {
				t.Errorf("with just enough: %v, apart: %v", err, plan.Apart)
			}
			l.Memory--
			plan, err := fitted(t, r, l)
			alone := len(test.backends) == 1
			if alone && (err == nil || !strings.Contains(err.Error(), "of memory")) {
				t.Errorf("with a byte less: %v, want a refusal", err)
			}
			if !alone && (err != nil || len(plan.Apart) == 0) {
				t.Errorf("with a byte less than enough for all at once: %v, apart: %v", err, plan.Apart)
			}
		})
	}
}
