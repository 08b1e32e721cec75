//go:build linux

package scenarios_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"muxbench/multiplexers/server"
	"muxbench/scenarios"
)

// several is a request of servers with one thread, with several, and with as many
// as there are connections.
func several(placement scenarios.Placement) scenarios.Request {
	r := sized("echo", 10, "epoll-lt", "epoll-exclusive", "epoll-pool", "go-net", "thread-per-conn")
	r.Blocks, r.Placement, r.Loops = 2, placement, []int{1, 2, 5}
	return r
}

// threadsOf is how many threads an arm of several has; 0 where they come and go.
func threadsOf(t *testing.T, backend string, choice scenarios.Choice) int {
	t.Helper()
	b, err := server.Lookup(backend)
	if err != nil {
		t.Fatal(err)
	}
	return b.Threads(choice.Loops, choice.PoolThreads)
}

// checkSeats wants each server of several threads on the CPUs that each block has
// for it, as many as it has threads, and every other server on the first of those
// alone; in the record, and in what workers are told.
func checkSeats(t *testing.T, placement scenarios.Placement, blocks [2][]int, load [2]int) {
	t.Helper()
	f := even()
	trials, err := measure(t, t.Context(), f, several(placement))
	if err != nil {
		t.Fatal(err)
	}
	for _, trial := range trials {
		var choice scenarios.Choice
		if n := trial.Options["loops"]; n != "" {
			choice.Loops, _ = strconv.Atoi(n)
		}
		n := threadsOf(t, trial.Backend, choice)
		server, want := -1, []int(nil)
		if cpus := blocks[trial.Block]; len(cpus) > 0 {
			server = cpus[0]
			if n > 1 {
				want = cpus[:min(n, len(cpus))]
			}
		}
		if trial.ServerCPU != server || trial.LoadCPU != load[trial.Block] || !slices.Equal(trial.ServerCPUs, want) {
			t.Errorf("block %d, %s: server on %d and %v, load on %d; want %d, %v and %d", trial.Block, trial.Arm, trial.ServerCPU, trial.ServerCPUs, trial.LoadCPU, server, want, load[trial.Block])
		}
	}
	told := 0
	for _, spec := range f.specs {
		if spec.Role != scenarios.ServerRole {
			if spec.CPUs != nil {
				t.Errorf("a %s worker is told of CPUs %v", spec.Role, spec.CPUs)
			}
			continue
		}
		want := []int(nil)
		for _, cpus := range blocks {
			if n := threadsOf(t, spec.Backend, spec.Choice); len(cpus) > 0 && cpus[0] == spec.CPU && n > 1 {
				want = cpus[:min(n, len(cpus))]
			}
		}
		if !slices.Equal(spec.CPUs, want) {
			t.Errorf("%s with %+v on CPU %d is told of CPUs %v, want %v", spec.Backend, spec.Choice, spec.CPU, spec.CPUs, want)
		}
		told++
	}
	if told != len(trials) {
		t.Errorf("%d servers for %d trials", told, len(trials))
	}
}

// manyCPUs are all that this process may run on, at least two.
func manyCPUs(t *testing.T) []int {
	t.Helper()
	available, err := scenarios.AvailableCPUs()
	if err != nil {
		t.Fatal(err)
	}
	if len(available) < 2 {
		t.Skip("needs two CPUs to tell them apart")
	}
	return available
}

// Unless the user chose, further threads get all CPUs but the load generator's.
func TestSeatsOfThreads(t *testing.T) {
	a := manyCPUs(t)
	checkSeats(t, scenarios.Placement{}, [2][]int{append([]int{a[0]}, a[2:]...), append([]int{a[1]}, a[2:]...)}, [2]int{a[1], a[0]})
}

// Further threads of a server whose CPUs were chosen get the others of that list,
// each once, and never the load generator's; those of one that has what is left
// get all that is left.
func TestSeatsThatWereChosen(t *testing.T) {
	a := manyCPUs(t)
	for _, test := range []struct {
		name      string
		placement scenarios.Placement
		blocks    [2][]int
		load      [2]int
	}{
		{"one to serve on", scenarios.Placement{ServerCPUs: a[:1]}, [2][]int{a[:1], a[:1]}, [2]int{a[1], a[1]}},
		{"one to serve on, twice", scenarios.Placement{ServerCPUs: []int{a[0], a[0]}}, [2][]int{a[:1], a[:1]}, [2]int{a[1], a[1]}},
		{"both in turn, and the load on the other", scenarios.Placement{ServerCPUs: a[:2], LoadCPUs: []int{a[1], a[0]}}, [2][]int{a[:1], a[1:2]}, [2]int{a[1], a[0]}},
		{"one to load from", scenarios.Placement{LoadCPUs: a[:1]}, [2][]int{a[1:], a[1:]}, [2]int{a[0], a[0]}},
	} {
		t.Run(test.name, func(t *testing.T) { checkSeats(t, test.placement, test.blocks, test.load) })
	}
}

// On a single CPU nothing is pinned.
func TestSeatsOnOneCPU(t *testing.T) {
	available, err := scenarios.AvailableCPUs()
	if err != nil {
		t.Fatal(err)
	}
	runtime.LockOSThread() // until the test ends, and its thread with it
	var one unix.CPUSet
	one.Set(available[0])
	if err := unix.SchedSetaffinity(0, &one); err != nil {
		t.Fatal(err)
	}
	checkSeats(t, scenarios.Placement{}, [2][]int{}, [2]int{-1, -1})
}

// Threads of a server run where its spec says, in turn where they are more than
// there are CPUs. One whose threads come and go is confined as a whole.
func TestThreadsArePinned(t *testing.T) {
	cpus := manyCPUs(t)[:2]
	eachBackend(t, func(t *testing.T, b server.Backend) {
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		spec := specOf(b.Name, b.Entries[0])
		spec.CPU = cpus[1]
		want := map[string]int{strconv.Itoa(cpus[1]): 1}
		n := b.Threads(0, 0)
		if n > 1 {
			spec.CPUs = []int{cpus[1], cpus[0]}
			want = map[string]int{strconv.Itoa(cpus[1]): (n + 1) / 2, strconv.Itoa(cpus[0]): n / 2}
		}
		w, _, err := processes(t).Launch(ctx, spec)
		if err != nil {
			t.Fatal(err)
		}
		defer w.Stop(ctx)
		pid := soleChild(t)
		got := map[string]int{}
		for _, allowed := range allowedCPUs(t, pid) {
			got[allowed]++
		}
		for _, cpu := range cpus {
			cpu := strconv.Itoa(cpu)
			if n > 0 && got[cpu] != want[cpu] || n == 0 && got[cpu] > 0 != (want[cpu] > 0) {
				t.Errorf("%d threads on CPU %s alone, want %d of %d: %v", got[cpu], cpu, want[cpu], n, got)
			}
		}
		if n == 0 && len(got) != 1 {
			t.Errorf("threads may run on %v, want all of them on CPU %d", got, spec.CPU)
		}
		ps := max(b.Ps, n+1) // a P for each of a fixed number of threads, and one for the rest
		if got := environment(t, pid, "GOMAXPROCS"); got != strconv.Itoa(ps) {
			t.Errorf("GOMAXPROCS=%s, want %d", got, ps)
		}
		// The Go scheduler's own goroutines are preempted, as in any Go program.
		if got := environment(t, pid, "GODEBUG"); strings.Contains(got, "asyncpreemptoff=1") != (n > 0) {
			t.Errorf("GODEBUG=%s with %d threads", got, n)
		}
	})
}

// allowedCPUs are the CPUs that each thread of a process may run on, as the
// kernel lists them.
func allowedCPUs(t *testing.T, pid int) []string {
	t.Helper()
	tasks := fmt.Sprintf("/proc/%d/task/", pid)
	threads, err := os.ReadDir(tasks)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, thread := range threads {
		status, err := os.ReadFile(tasks + thread.Name() + "/status")
		if err != nil {
			continue // it has ended
		}
		_, list, _ := strings.Cut(string(status), "Cpus_allowed_list:")
		list, _, _ = strings.Cut(list, "\n")
		all = append(all, strings.TrimSpace(list))
	}
	return all
}

// environment is a variable that a process was started with.
func environment(t *testing.T, pid int, name string) string {
	t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", pid))
	if err != nil {
		t.Fatal(err)
	}
	for _, variable := range bytes.Split(b, []byte{0}) {
		if value, is := strings.CutPrefix(string(variable), name+"="); is {
			return value
		}
	}
	return ""
}
