package results_test

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"muxbench/results"
)

// counters has a number of its own in every field, times n.
func counters(n int64) results.Counters {
	var c results.Counters
	v := reflect.ValueOf(&c).Elem()
	for i := range v.NumField() {
		v.Field(i).SetInt(n * int64(i+1))
	}
	return c
}

// No counter is forgotten, whichever is added to the type.
func TestCountersAddUp(t *testing.T) {
	if got := counters(3).Plus(counters(4)); got != counters(7) {
		t.Errorf("sum %+v, want %+v", got, counters(7))
	}
	if got := counters(3).Minus(counters(4)); got != counters(-1) {
		t.Errorf("difference %+v, want %+v", got, counters(-1))
	}
	if got := counters(3).Plus(results.Counters{}); got != counters(3) {
		t.Errorf("with nothing added: %+v", got)
	}
}

// threadsOfATrial are a boss and two threads of a pool.
func threadsOfATrial(n int64) []results.ThreadCounters {
	return []results.ThreadCounters{
		{Role: "boss", CPUNS: 10 * n, Counters: counters(n)},
		{Role: "pool", CPUNS: 20 * n, Counters: counters(2 * n)},
		{Role: "pool", CPUNS: 30 * n, Counters: counters(3 * n)},
	}
}

func TestAddThreads(t *testing.T) {
	tests := []struct {
		name string
		add  [][]results.ThreadCounters
		want []results.ThreadCounters
	}{
		{"nothing", [][]results.ThreadCounters{nil, nil}, nil},
		{"once", [][]results.ThreadCounters{threadsOfATrial(1)}, threadsOfATrial(1)},
		{"each by its place", [][]results.ThreadCounters{threadsOfATrial(1), threadsOfATrial(2), threadsOfATrial(4)}, threadsOfATrial(7)},
		{"nothing more", [][]results.ThreadCounters{threadsOfATrial(1), nil}, threadsOfATrial(1)},
		{"those that there are", [][]results.ThreadCounters{threadsOfATrial(1)[:2], threadsOfATrial(2)}, threadsOfATrial(3)[:2]},
		{"fewer than there are", [][]results.ThreadCounters{threadsOfATrial(1), threadsOfATrial(2)[:1]}, append(threadsOfATrial(3)[:1], threadsOfATrial(1)[1:]...)},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var c results.TrialCounters
			for _, more := range test.add {
				c.AddThreads(more)
			}
			if diff := cmp.Diff(test.want, c.Threads); diff != "" {
				t.Errorf("threads (-want +got):\n%s", diff)
			}
		})
	}
}

// threaded is a trial of a server with three threads.
func threaded() results.Trial {
	t := exampleTrial(0)
	t.Backend, t.Arm, t.Options = "epoll-pool", "epoll-pool", map[string]string{"entry": "raw", "pool_threads": "2", results.OptionThreads: "3"}
	t.ServerCPU, t.ServerCPUs = 0, []int{0, 2, 3}
	t.Counters = &results.TrialCounters{Server: counters(6), Load: counters(1), Threads: threadsOfATrial(1)}
	return t
}

// What a trial says of its server's threads is written and read again, each
// thread's counters beside its role; a trial without any says nothing of them.
func TestThreadsAreKept(t *testing.T) {
	one := exampleTrial(1)
	path := write(t, threaded(), one)
	f, err := results.Open(path)
	if err != nil || len(f.Warnings) > 0 {
		t.Fatal(err, f.Warnings)
	}
	if diff := cmp.Diff([]results.Trial{threaded(), one}, f.Trials); diff != "" {
		t.Errorf("trials (-written +read):\n%s", diff)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	for _, want := range []string{`"server_cpus":[0,2,3]`, `"threads":"3"`, fmt.Sprintf(`"futexes":%d`, counters(6).Futexes), `"threads":[{"role":"boss","cpu_ns":10,"waits":1,`, `{"role":"pool","cpu_ns":30,"waits":3,`} {
		if !strings.Contains(lines[1], want) {
			t.Errorf("the line lacks %s: %s", want, lines[1])
		}
	}
	for _, word := range []string{"threads", "server_cpus", "futexes"} {
		if strings.Contains(lines[2], word) {
			t.Errorf("a server with one thread has %s: %s", word, lines[2])
		}
	}
}

// A record whose threads cannot be is refused by who writes it, and left out by
// who reads it, with a warning that says what it is about.
func TestThreadsThatCannotBe(t *testing.T) {
	const most = 1 << 12
	tests := []struct {
		name   string
		change func(*results.Trial)
		want   string // empty: it can be
	}{
		{"as they are", func(*results.Trial) {}, ""},
		{"as many threads as there may be", func(t *results.Trial) { t.Counters.Threads = make([]results.ThreadCounters, most) }, ""},
		{"one more", func(t *results.Trial) { t.Counters.Threads = make([]results.ThreadCounters, most+1) }, "4097 threads of a server, where 4096 are allowed"},
		{"as many CPUs as there may be", func(t *results.Trial) { t.ServerCPUs = make([]int, most) }, ""},
		{"one CPU more", func(t *results.Trial) { t.ServerCPUs = make([]int, most+1) }, "4097 CPUs of a server, where 4096 are allowed"},
		{"as long a role as there may be", func(t *results.Trial) { t.Counters.Threads[1].Role = strings.Repeat("x", 200) }, ""},
		{"a longer one", func(t *results.Trial) { t.Counters.Threads[1].Role = strings.Repeat("x", 201) }, "the role of a thread has 201 bytes, where 200 are allowed"},
		{"a clock that went back", func(t *results.Trial) { t.Counters.Threads[2].CPUNS = -1 }, "counters.threads.cpu_ns is -1"},
		{"more than a year of CPU time", func(t *results.Trial) { t.Counters.Threads[2].CPUNS = 366 * 864 * 1e11 }, "counters.threads.cpu_ns is"},
		{"fewer reads than none", func(t *results.Trial) { t.Counters.Threads[0].Reads = -1 }, "counters.threads.reads is -1"},
		{"fewer futexes than none", func(t *results.Trial) { t.Counters.Threads[1].Futexes = -7 }, "counters.threads.futexes is -7"},
		{"fewer futexes of the server", func(t *results.Trial) { t.Counters.Server.Futexes = -1 }, "counters.server.futexes is -1"},
		{"more futexes than anybody makes", func(t *results.Trial) { t.Counters.Server.Futexes = 1<<50 + 1 }, "counters.server.futexes is"},
		{"fewer than none a message", func(t *results.Trial) { t.Values[results.ServerFutexesPerMsg] = -0.5 }, `value "server_futexes_per_msg" is -0.5`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			trial := threaded()
			test.change(&trial)
			err := trial.Validate()
			if test.want == "" {
				if err != nil {
					t.Errorf("Validate: %v", err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("Validate: %v, want an error that says %q", err, test.want)
			}
			w, err := results.Create(filepath.Join(t.TempDir(), "run"), exampleRun())
			if err != nil {
				t.Fatal(err)
			}
			defer w.Close()
			if err := w.Append(trial); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("Append: %v, want an error that says %q", err, test.want)
			}
		})
	}
}

// A reader keeps what is whole beside a line whose threads cannot be.
func TestDecodeThreads(t *testing.T) {
	line := func(threads string) string { return with(`"block":0`, `"block":0,"counters":{"threads":`+threads+`}`) }
	for threads, want := range map[string]string{
		`[{"role":"loop","cpu_ns":5,"reads":1}]`: "",
		`[]`:                                     "",
		`[{"role":"loop","cpu_ns":-5}]`:          "counters.threads.cpu_ns is -5",
		`[{"role":"loop"},{"role":"loop","accepts":-1}]`: "counters.threads.accepts is -1",
		`[{"role":"` + strings.Repeat("x", 201) + `"}]`:  "the role of a thread has 201 bytes",
		`[{}` + strings.Repeat(",{}", 1<<12) + `]`:       "4097 threads of a server",
		`{"role":"loop"}`: "threads",
		`[{"role":"loop","counters":{"reads":-1}}]`:          "", // nobody's field
		`[{"role":"loop","server":{"reads":-1},"eagain":2}]`: "",
	} {
		f, err := results.Decode(strings.NewReader(runLine+"\n"+line(threads)+"\n"+with(`"block":0`, `"block":1`)+"\n"), "f.jsonl")
		if err != nil {
			t.Fatal(err)
		}
		var blocks []int
		for _, trial := range f.Trials {
			blocks = append(blocks, trial.Block)
		}
		if want == "" {
			if !slices.Equal(blocks, []int{0, 1}) || len(f.Warnings) > 0 {
				t.Errorf("%.60s: blocks %v, warnings %v", threads, blocks, f.Warnings)
			}
			continue
		}
		if !slices.Equal(blocks, []int{1}) || len(f.Warnings) != 1 || !strings.Contains(f.Warnings[0].Error(), "f.jsonl:2: ") || !strings.Contains(f.Warnings[0].Error(), want) {
			t.Errorf("%.60s: blocks %v, warnings %v, want one that says %q", threads, blocks, f.Warnings, want)
		}
	}
}
