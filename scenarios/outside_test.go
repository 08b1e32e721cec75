//go:build linux

package scenarios_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"muxbench/scenarios"
)

// The CPU time of a server is that of all its processes, and is not read while
// one of them is awake.
func TestCPUTimeFromOutside(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	w := launchExternal(t, ctx, programSpec(stranger(t, "good", "{port}")+" & wait"))
	group := program(t)
	used, err := w.CPU(ctx)
	if err != nil {
		t.Fatal(err)
	}
	both := members(t, group)
	var read []int
	for pid, cpu := range used {
		read = append(read, pid)
		if cpu <= 0 {
			t.Errorf("process %d has used %s", pid, cpu)
		}
	}
	slices.Sort(read)
	slices.Sort(both)
	if diff := cmp.Diff(both, read); diff != "" || len(both) != 2 {
		t.Errorf("processes that are counted (-want +got):\n%s", diff)
	}
	for _, busy := range []string{"while :; do :; done & exec " + stranger(t, "good", "{port}"), stranger(t, "good", "{port}") + " & while :; do :; done"} {
		w := launchExternal(t, ctx, programSpec(busy))
		soon, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
		if used, err := w.CPU(soon); err == nil || !strings.Contains(err.Error(), "does not go to sleep") || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s: CPU = %v, %v, want an error that says it does not sleep", busy, used, err)
		}
		cancel()
		w.Stop(ctx)
	}
	w.Stop(ctx)
	if used, err := w.CPU(ctx); err == nil {
		t.Errorf("CPU of a server that has stopped = %v, want an error", used)
	}
}

// A program runs where its spec says, with what it starts, and the threads of
// this process where they did before.
func TestAnExternalServerIsPinned(t *testing.T) {
	available, err := scenarios.AvailableCPUs()
	if err != nil {
		t.Fatal(err)
	}
	if len(available) < 2 {
		t.Skip("needs two CPUs to tell them apart")
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	before := allowed(t, "/proc/self/task/*/status")
	for _, cpu := range available[:2] {
		spec := programSpec(stranger(t, "good", "{port}") + " & wait")
		spec.CPU = cpu
		w := launchExternal(t, ctx, spec)
		for _, pid := range members(t, program(t)) {
			if got := allowed(t, fmt.Sprintf("/proc/%d/task/*/status", pid)); !slices.Equal(got, []string{strconv.Itoa(cpu)}) {
				t.Errorf("process %d may run on %v, want CPU %d only", pid, got, cpu)
			}
		}
		if after := allowed(t, "/proc/self/task/*/status"); !slices.Equal(after, before) {
			t.Errorf("this process may run on %v, before on %v", after, before)
		}
		w.Stop(ctx)
	}
	spec := programSpec("exit 0")
	spec.CPU = 1000
	if _, _, err := (scenarios.Processes{}).Launch(ctx, spec); err == nil || !strings.Contains(err.Error(), "CPU 1000") {
		t.Errorf("Launch on a CPU that is not there = %v, want an error that names it", err)
	}
}

// allowed are the CPUs that threads may run on, each list once.
func allowed(t *testing.T, pattern string) []string {
	t.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) == 0 {
		t.Fatalf("%s: no such threads, %v", pattern, err)
	}
	var lists []string
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			continue
		}
		for line := range strings.Lines(string(b)) {
			if list, ok := strings.CutPrefix(line, "Cpus_allowed_list:"); ok {
				lists = append(lists, strings.TrimSpace(list))
			}
		}
	}
	slices.Sort(lists)
	return slices.Compact(lists)
}

func TestUsageSince(t *testing.T) {
	type usage = scenarios.Usage
	tests := []struct {
		name          string
		before, after usage
		want          time.Duration
		fails         bool
	}{
		{"nothing", usage{}, usage{}, 0, false},
		{"one process", usage{1: 5}, usage{1: 12}, 7, false},
		{"two", usage{1: 5, 2: 100}, usage{1: 6, 2: 102}, 3, false},
		{"one that is new counts whole", usage{1: 5}, usage{1: 6, 3: 40}, 41, false},
		{"one that has ended took its time along", usage{1: 5, 2: 100}, usage{1: 6}, 0, true},
		{"another one in its place", usage{2: 100}, usage{3: 200}, 0, true},
	}
	for _, test := range tests {
		got, err := test.after.Since(test.before)
		if got != test.want || (err != nil) != test.fails {
			t.Errorf("%s: %s, %v, want %s, and an error: %t", test.name, got, err, test.want, test.fails)
		}
		if err != nil && !strings.Contains(err.Error(), "process 2") {
			t.Errorf("%s: %v does not name the process", test.name, err)
		}
	}
}
