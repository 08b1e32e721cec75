//go:build linux

package scenarios_test

import (
	"fmt"
	"strings"
	"testing"

	"muxbench/multiplexers/server"
	"muxbench/results"
	"muxbench/scenarios"
)

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

// Further threads have descriptors and memory of their own, and a wait has room
// for as many events as it may return.
func TestWhatThreadsTake(t *testing.T) {
	const (
		worker, kernel, another = 12 << 20, 10 << 10, 256 << 10 // another thread than the first
		event                   = 28                            // ours and epoll's
	)
	memoryOf := func(more int64) int64 { return 2*worker + 1000*kernel + 2*1000*64 + more }
	tests := []struct {
		name        string
		backend     string
		choice      scenarios.Request
		descriptors int   // of a process with 1,000 connections
		memory      int64 // of a cell with as many, beside what one with one loop takes
	}{
		{"one loop", "epoll-lt", scenarios.Request{}, 1032, 0},
		{"one of several loops", "reuseport", scenarios.Request{Loops: []int{1}}, 1032, 0},
		{"two loops", "reuseport", scenarios.Request{}, 1032 + 6, another},
		{"many loops", "epoll-exclusive", scenarios.Request{Loops: []int{1024}}, 1032 + 6*1023, 1023 * another},
		{"a pool", "epoll-pool", scenarios.Request{PoolThreads: []int{9}}, 1032 + 6*9, 9 * another},
		{"goroutines", "go-net", scenarios.Request{}, 1032, 1000 * (12<<10 + 64)},
		{"few events", "poll", scenarios.Request{MaxEvents: []int{1}}, 1032, 0},
		{"as many events as it has room for anyway", "poll", scenarios.Request{MaxEvents: []int{1024}}, 1032, 0},
		{"one more", "poll", scenarios.Request{MaxEvents: []int{1025}}, 1032, event},
		{"many, in each of two loops", "reuseport", scenarios.Request{MaxEvents: []int{1 << 20}}, 1032 + 6, another + 2*event*(1<<20-1024)},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := choosing(sized("echo", 1000, test.backend), test.choice)
			l := ample()
			l.Descriptors, l.Files, l.Memory = uint64(test.descriptors), int64(2*test.descriptors), memoryOf(test.memory)
			if plan, err := fitted(t, r, l); err != nil || len(plan.Apart) > 0 {
				t.Errorf("with just enough: %v, apart: %v", err, plan.Apart)
			}
			for name, less := range map[string]func(*scenarios.Limits){
				fmt.Sprintf("needs %d descriptors", test.descriptors): func(l *scenarios.Limits) { l.Descriptors-- },
				fmt.Sprintf("%d files", 2*test.descriptors):           func(l *scenarios.Limits) { l.Files-- },
				"of memory": func(l *scenarios.Limits) { l.Memory-- },
			} {
				l := l
				less(&l)
				if _, err := fitted(t, r, l); err == nil || !strings.Contains(err.Error(), name) {
					t.Errorf("with one less than enough: %v, want an error that says %q", err, name)
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
