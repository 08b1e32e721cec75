//go:build linux

package scenarios_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"muxbench/multiplexers"
	"muxbench/multiplexers/server"
	"muxbench/results"
	"muxbench/scenarios"
)

// asWorker and asEcho make this test binary a worker, and an echo server of a
// stranger's.
const (
	asWorker = "worker-of-a-test"
	asEcho   = "echo-of-a-test"
)

func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == asWorker {
		if err := scenarios.Work(os.Stdin, os.Stdout); err != nil {
			io.WriteString(os.Stderr, err.Error())
			os.Exit(1)
		}
		os.Exit(0)
	}
	if len(os.Args) == 4 && os.Args[1] == asEcho {
		err := echoAsStranger(os.Args[2], os.Args[3])
		io.WriteString(os.Stderr, err.Error())
		os.Exit(1)
	}
	// Under the race detector every worker would sleep for a second as it ends.
	os.Setenv("GORACE", "atexit_sleep_ms=0")
	os.Exit(m.Run())
}

func processes(t *testing.T) scenarios.Processes {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return scenarios.Processes{Program: program, Args: []string{program, asWorker}}
}

// measureForReal runs a request across processes.
func measureForReal(t *testing.T, r scenarios.Request) []results.Trial {
	t.Helper()
	plan, err := scenarios.Build(r)
	if err != nil {
		t.Fatal(err)
	}
	var all []results.Trial
	runner := scenarios.Runner{
		Launcher: processes(t),
		Machine:  scenarios.Unwatched{},
		Record:   func(trials []results.Trial) error { all = append(all, trials...); return nil },
		Progress: func(scenarios.Progress) {},
	}
	if err := runner.Run(t.Context(), plan); err != nil {
		for _, trial := range all {
			t.Logf("%s: %s %s %s", trial.Arm, trial.Status, trial.Reason, trial.Stderr)
		}
		t.Fatal(err)
	}
	return all
}

// Across processes, with raw entry, every message of every backend arrives,
// and what is exact is exact.
func TestMessagesAreCountedToTheDigit(t *testing.T) {
	const connections, active, rounds, size = 50, 20, 30, 1000
	for _, scenario := range []string{"echo", "idle"} {
		for _, trial := range measureForReal(t, scenarios.Request{
			NoControl: true,
			Scenarios: []string{scenario}, Blocks: 2, Seed: 1,
			Entries: []multiplexers.Entry{multiplexers.Raw, multiplexers.Runtime},
			Sweep:   scenarios.Sweep{Connections: []int{connections}, Active: []scenarios.Amount{{Count: active}}, Rounds: []int{rounds}, Sizes: []int{size}},
		}) {
			const messages = active * rounds
			c := trial.Counters.Server
			for _, check := range []struct {
				what      string
				got, want int64
			}{
				{"messages", int64(trial.Values[results.Messages]), messages},
				{"reads", c.Reads, messages},
				{"writes", c.Writes, messages},
				{"bytes in", c.BytesIn, messages * size},
				{"bytes out", c.BytesOut, messages * size},
				{"registrations", c.Adds + c.Modifies + c.Removes + c.Accepts, 0},
				{"reads of the load generator", trial.Counters.Load.Reads, messages},
				{"writes of the load generator", trial.Counters.Load.Writes, messages},
				{"errors", trial.Errors.Total(), 0},
			} {
				if check.got != check.want {
					t.Errorf("%s, block %d, %s: %d %s, want %d", scenario, trial.Block, trial.Arm, check.got, check.what, check.want)
				}
			}
			for _, metric := range []results.Metric{
				results.Throughput, results.ServerCPUPerMessage, results.LoadCPUPerMessage, results.ConnectElapsed, results.ConnectsPerSecond,
				results.ServerRSS, results.LoadRSS, results.LatencyP50, results.LatencyMax, results.BlockOverhead,
			} {
				if trial.Values[metric] <= 0 {
					t.Errorf("%s, %s: %s is %v", scenario, trial.Arm, metric, trial.Values[metric])
				}
			}
			if trial.LatencyHDR == "" {
				t.Errorf("%s, %s: no histogram", scenario, trial.Arm)
			}
		}
	}
}

func TestBulkAcrossProcesses(t *testing.T) {
	for _, trial := range measureForReal(t, scenarios.Request{
		NoControl: true,
		Scenarios: []string{"bulk"}, Blocks: 1, Seed: 1,
		Sweep: scenarios.Sweep{Connections: []int{8}, Rounds: []int{5}, SocketBuffers: []int{0, 4096}},
	}) {
		if got := trial.Counters.Server.BytesOut; got != 8*5*102400 {
			t.Errorf("%s with buffers of %d: %d bytes echoed, want %d", trial.Arm, trial.SocketBuffers, got, 8*5*102400)
		}
		if trial.SocketBuffers > 0 && trial.Counters.Server.Writes <= 40 {
			t.Errorf("%s: %d writes for 40 messages that fit no socket buffer", trial.Arm, trial.Counters.Server.Writes)
		}
	}
}

func TestConnectAcrossProcesses(t *testing.T) {
	const connections = 300
	for _, trial := range measureForReal(t, scenarios.Request{
		NoControl: true,
		Scenarios: []string{"connect"}, Blocks: 1, Seed: 1, Sweep: scenarios.Sweep{Connections: []int{connections}},
	}) {
		n := int64(len(trial.Slices))
		if n < 3 {
			t.Errorf("%s: %d set-ups", trial.Arm, n)
		}
		if got := trial.Counters.Server.Accepts; got != n*connections {
			t.Errorf("%s: %d accepted in %d set-ups of %d", trial.Arm, got, n, connections)
		}
		if got := trial.Counters.Load.Adds; got != n*connections {
			t.Errorf("%s: %d opened in %d set-ups of %d", trial.Arm, got, n, connections)
		}
		for _, s := range trial.Slices {
			if s.Connects != connections || s.ElapsedNS <= 0 || s.ServerCPUNS <= 0 {
				t.Errorf("%s: slice %+v", trial.Arm, s)
			}
		}
	}
}

// launch starts one server worker.
func launch(t *testing.T, spec scenarios.Spec) (scenarios.Worker, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	w, _, err := processes(t).Launch(ctx, spec)
	return w, err
}

// serverSpec is that of a server with one loop, on no particular CPU.
var serverSpec = specOf("epoll-lt", multiplexers.Raw)

func specOf(backend string, entry multiplexers.Entry) scenarios.Spec {
	spec := scenarios.NewSpec(scenarios.ServerRole, entry)
	spec.Backend = backend
	return spec
}

func TestAWorkerThatCannotStartSaysWhy(t *testing.T) {
	tests := []struct {
		name string
		edit func(*scenarios.Spec)
		want string
	}{
		{"another protocol", func(s *scenarios.Spec) { s.Protocol = 99 }, "version 99"},
		{"an unknown backend", func(s *scenarios.Spec) { s.Backend = "kqueue" }, "kqueue"},
		{"an unknown entry", func(s *scenarios.Spec) { s.Entry = "sideways" }, "sideways"},
		{"an unknown role", func(s *scenarios.Spec) { s.Role = "spectator" }, "role"},
		{"a CPU that is not there", func(s *scenarios.Spec) { s.CPU = 1000 }, "CPU 1000"},
		{"a thread's CPU that is not there", func(s *scenarios.Spec) { s.Backend, s.CPUs = "reuseport", []int{-1, 1000} }, "CPU 1000"},
		{"a program's CPU that is not there", func(s *scenarios.Spec) { s.Backend, s.Entry, s.CPU = "go-net", "runtime", 1000 }, "CPU 1000"},
		{"an entry that a backend has not", func(s *scenarios.Spec) { s.Backend = "go-net" }, "runtime: it is made of what the Go scheduler does"},
		{"loops of a backend that has one", func(s *scenarios.Spec) { s.Loops = 2 }, "no such choice"},
		{"a target beyond loopback", func(s *scenarios.Spec) {
			s.Role, s.Connections, s.Active, s.Size = scenarios.LoadRole, 1, 1, 1
		}, "loopback"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			spec := serverSpec
			test.edit(&spec)
			if _, err := launch(t, spec); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("Launch = %v, want an error that says %q", err, test.want)
			}
		})
	}
}

// A program that answers nonsense, and neither reads on nor ends by itself, is
// told apart and does not hold up the controller.
func TestAProgramThatIsNoWorker(t *testing.T) {
	for _, script := range []string{"echo nonsense; exec sleep 1000", "echo {}; exec sleep 1000", "echo >&2 not today; exit 3", "exec cat /dev/zero"} {
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		_, _, err := scenarios.Processes{Program: "/bin/sh", Args: []string{"sh", "-c", script}}.Launch(ctx, serverSpec)
		if err == nil {
			t.Errorf("%s: taken for a worker", script)
		}
		if ctx.Err() != nil {
			t.Errorf("%s: took longer than %s to be found out", script, patience)
		}
		cancel()
		if strings.Contains(script, "not today") && !strings.Contains(err.Error(), "not today") {
			t.Errorf("%s: %v does not say what it said", script, err)
		}
	}
}

// A server that is stopped in the middle of an exchange costs its own arm, whose
// trial says that replies did not come; the load worker answers for it.
func TestAServerThatStopsAnswering(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	silent, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	spec := scenarios.NewSpec(scenarios.LoadRole, multiplexers.Raw)
	spec.Target, spec.Connections, spec.Active, spec.Size = silent.Addr().(*net.TCPAddr).AddrPort(), 3, 2, 10
	w, _, err := processes(t).Launch(ctx, spec)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Stop(ctx)
	if _, err := w.Do(ctx, scenarios.Command{Do: scenarios.DoConnect}); err != nil {
		t.Fatal(err)
	}
	soon, cancelSoon := context.WithTimeout(ctx, 50*time.Millisecond)
	defer cancelSoon()
	reply, err := w.Do(soon, scenarios.Command{Do: scenarios.DoExchange, Rounds: 1})
	if err != nil {
		t.Fatalf("Do = %v, want the reply to an aborted exchange", err)
	}
	if got := reply.Load.Errors.Timeout; got != 2 {
		t.Errorf("%d timeouts, want one for each active connection", got)
	}
}

func TestAWorkerThatIsStoppedByTheKernelDoesNotHoldTheController(t *testing.T) {
	w, err := launch(t, serverSpec)
	if err != nil {
		t.Fatal(err)
	}
	pid := soleChild(t)
	if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := w.Do(ctx, scenarios.Command{Do: scenarios.DoSnapshot}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Do = %v, want its deadline", err)
	}
	w.Stop(ctx)
	if err := syscall.Kill(pid, 0); !errors.Is(err, syscall.ESRCH) {
		t.Errorf("worker %d after Stop: %v, want it gone", pid, err)
	}
}

// soleChild is the pid of this process's only child.
func soleChild(t *testing.T) int {
	t.Helper()
	pids := children(t)
	if len(pids) != 1 {
		t.Fatalf("children %v, want one", pids)
	}
	return pids[0]
}

// children are the pids of this process's.
func children(t *testing.T) []int {
	t.Helper()
	threads, err := os.ReadDir("/proc/self/task")
	if err != nil {
		t.Fatal(err)
	}
	var pids []int
	for _, thread := range threads {
		b, err := os.ReadFile("/proc/self/task/" + thread.Name() + "/children")
		if err != nil {
			continue
		}
		for _, field := range strings.Fields(string(b)) {
			pid, err := strconv.Atoi(field)
			if err != nil {
				t.Fatal(err)
			}
			pids = append(pids, pid)
		}
	}
	return pids
}

// A memory limit would make the collector stop the world, and a loop that
// enters the kernel raw cannot be stopped.
func TestWorkersAreDeafToAMemoryLimit(t *testing.T) {
	t.Setenv("GOMEMLIMIT", "1MiB")
	measureForReal(t, scenarios.Request{
		NoControl: true,
		Scenarios: []string{"echo"}, Backends: []string{"poll"}, Blocks: 1,
		Sweep: scenarios.Sweep{Connections: []int{500}, Rounds: []int{20}},
	})
}

// What a snapshot costs is not the messages' cost, though with poll it is a
// wait like any other, over every idle connection.
func TestTheCostOfSnapshotsIsTakenOff(t *testing.T) {
	for _, trial := range measureForReal(t, scenarios.Request{
		NoControl: true,
		Scenarios: []string{"idle"}, Backends: []string{"poll"}, Blocks: 1,
		Sweep: scenarios.Sweep{Connections: []int{3000}, Active: []scenarios.Amount{{Count: 1}}, Rounds: []int{5}},
	}) {
		for _, s := range trial.Slices {
			if s.SnapshotNS <= 0 {
				t.Errorf("a snapshot among 3,000 connections cost %d ns", s.SnapshotNS)
			}
		}
	}
}

// A load worker in the middle of an exchange ends with its input too, even if
// its server answers nothing.
func TestALoadWorkerEndsWithItsInput(t *testing.T) {
	silent, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	in, controller := io.Pipe()
	out, worker := io.Pipe()
	ended := make(chan error, 1)
	go func() { ended <- scenarios.Work(in, worker) }()
	replies := bufio.NewScanner(out)
	for _, line := range []string{
		`{"protocol":2,"role":"load","entry":"runtime","cpu":-1,"target":"` + silent.Addr().String() + `","connections":1,"active":1,"size":1}`,
		`{"do":"connect"}`,
	} {
		if _, err := io.WriteString(controller, line+"\n"); err != nil {
			t.Fatal(err)
		}
		if !replies.Scan() {
			t.Fatalf("no reply to %s", line)
		}
	}
	if _, err := io.WriteString(controller, `{"do":"exchange","rounds":1}`+"\n"); err != nil {
		t.Fatal(err)
	}
	controller.Close()
	go replies.Scan()
	select {
	case err := <-ended:
		if err != nil {
			t.Errorf("Work = %v, want nil at the end of its input", err)
		}
	case <-time.After(patience):
		t.Error("the worker waits for a reply that nobody wants any more")
	}
}

// A worker whose controller has died meets the end of its input, and ends.
func TestAWorkerEndsWithItsInput(t *testing.T) {
	for _, b := range server.Backends() {
		var out bytes.Buffer
		spec := `{"protocol":2,"role":"server","entry":"runtime","cpu":-1,"backend":"` + b.Name + `"}` + "\n"
		if err := scenarios.Work(strings.NewReader(spec), &out); err != nil {
			t.Errorf("%s: Work = %v, want nil at the end of its input", b.Name, err)
		}
		if !strings.Contains(out.String(), `"address":"127.0.0.1:`) {
			t.Errorf("%s: first line %q names no address", b.Name, out.String())
		}
	}
}

func TestAWorkerRefusesGarbage(t *testing.T) {
	for _, input := range []string{"", "\n", "{", "[]\n", `{"protocol":2,"role":"server","entry":"runtime","cpu":-1,"backend":"poll"}` + "\nnonsense\n",
		`{"protocol":2,"role":"server","entry":"runtime","cpu":-1,"backend":"poll"}` + "\n" + `{"do":"dance"}` + "\n"} {
		if err := scenarios.Work(strings.NewReader(input), io.Discard); err == nil {
			t.Errorf("Work took %q", input)
		}
	}
}
