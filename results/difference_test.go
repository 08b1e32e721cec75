package results_test

import (
	"reflect"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"muxbench/results"
)

func someMachine() results.Environment {
	return results.Environment{
		OS: "linux", Arch: "amd64", Kernel: "6.8.0", CPUModel: "A CPU", CPUs: 2, Hypervisor: "kvm", MemoryBytes: 8 << 30,
		GoVersion: "go1.26.0", ClockSource: "tsc", OpenFiles: 20000, SoMaxConn: 4096, Congestion: "cubic", PortRangeLow: 32768, PortRangeHi: 60999,
	}
}

func TestDifferencesOfEnvironments(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(*results.Environment)
		want   []results.Difference
	}{
		{"none", func(*results.Environment) {}, nil},
		{"OS", func(e *results.Environment) { e.OS = "other" }, []results.Difference{{Field: "operating system", A: "linux", B: "other", Bearing: results.OfMachine}}},
		{"Arch", func(e *results.Environment) { e.Arch = "arm64" }, []results.Difference{{Field: "architecture", A: "amd64", B: "arm64", Bearing: results.OfMachine}}},
		{"Kernel", func(e *results.Environment) { e.Kernel = "6.9.0" }, []results.Difference{{Field: "kernel", A: "6.8.0", B: "6.9.0", Bearing: results.OfMachine}}},
		{"CPUModel", func(e *results.Environment) { e.CPUModel = "" }, []results.Difference{{Field: "CPU model", A: "A CPU", Bearing: results.OfMachine}}},
		{"CPUs", func(e *results.Environment) { e.CPUs = 64 }, []results.Difference{{Field: "CPUs", A: "2", B: "64", Bearing: results.OfMachine}}},
		{"Hypervisor", func(e *results.Environment) { e.Hypervisor = "" }, []results.Difference{{Field: "hypervisor", A: "kvm", Bearing: results.OfMachine}}},
		{"MemoryBytes", func(e *results.Environment) { e.MemoryBytes = 16 << 30 }, []results.Difference{{Field: "memory", A: "8192 MiB", B: "16384 MiB", Bearing: results.OfSetting}}},
		{"GoVersion", func(e *results.Environment) { e.GoVersion = "go1.27.0" }, []results.Difference{{Field: "Go", A: "go1.26.0", B: "go1.27.0", Bearing: results.OfBuild}}},
		{"ClockSource", func(e *results.Environment) { e.ClockSource = "hpet" }, []results.Difference{{Field: "clock source", A: "tsc", B: "hpet", Bearing: results.OfSetting}}},
		{"Congestion", func(e *results.Environment) { e.Congestion = "bbr" }, []results.Difference{{Field: "congestion control", A: "cubic", B: "bbr", Bearing: results.OfSetting}}},
		// Runs that need more of these than there is are refused.
		{"OpenFiles", func(e *results.Environment) { e.OpenFiles = 1024 }, nil},
		{"SoMaxConn", func(e *results.Environment) { e.SoMaxConn = 128 }, nil},
		{"PortRangeLow", func(e *results.Environment) { e.PortRangeLow = 1024 }, nil},
		{"PortRangeHi", func(e *results.Environment) { e.PortRangeHi = 65535 }, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a, b := someMachine(), someMachine()
			tt.change(&b)
			got := a.Differences(b)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("differences (-want +got):\n%s", diff)
			}
			machine := len(tt.want) > 0 && tt.want[0].Bearing == results.OfMachine
			if unlike := results.Unlike(got); machine != (len(unlike) > 0) || machine && unlike[0] != tt.want[0].Field {
				t.Errorf("unlike in %v", unlike)
			}
			// Seen from the other side, A is B.
			for i, d := range b.Differences(a) {
				if want := got[i]; d.A != want.B || d.B != want.A || d.Field != want.Field || d.Bearing != want.Bearing {
					t.Errorf("%+v, and from the other side %+v", want, d)
				}
			}
		})
	}
}

// A field that Environment gets has to be thought of here.
func TestEveryFieldOfEnvironmentIsJudged(t *testing.T) {
	const judged = 14 // fields in the test above
	if n := reflect.TypeFor[results.Environment]().NumField(); n != judged {
		t.Errorf("Environment has %d fields, and Differences is tested with %d of them", n, judged)
	}
}

// Of machines that nothing is known of, nobody can say that they are alike. That
// no kernel names the CPU's model is no such case.
func TestUnknownMachinesAreNotAlike(t *testing.T) {
	var unknown results.Environment
	if got, want := results.Unlike(unknown.Differences(unknown)), []string{"architecture", "CPUs", "kernel"}; !slices.Equal(got, want) {
		t.Errorf("two unknown machines are unlike in %v, want %v", got, want)
	}
	nameless := someMachine()
	nameless.CPUModel = ""
	got := nameless.Differences(nameless)
	if want := []results.Difference{{Field: "CPU model", Bearing: results.OfSetting}}; !cmp.Equal(got, want) || len(results.Unlike(got)) > 0 {
		t.Errorf("two machines whose kernel does not name the CPU's model differ in %+v, want %+v", got, want)
	}
}

func TestDifferencesOfRuns(t *testing.T) {
	a := results.Run{Version: "v1", Environment: someMachine()}
	b := a
	if got := a.Differences(b); got != nil {
		t.Errorf("a run and itself differ in %+v", got)
	}
	b.Version, b.Environment.Kernel = "", "6.9.0"
	want := []results.Difference{
		{Field: "muxbench", A: "v1", Bearing: results.OfBuild},
		{Field: "kernel", A: "6.8.0", B: "6.9.0", Bearing: results.OfMachine},
	}
	if diff := cmp.Diff(want, a.Differences(b)); diff != "" {
		t.Errorf("differences (-want +got):\n%s", diff)
	}
}
