package results

import "strconv"

// Bearing is what it means for a comparison of two runs that they differ in
// something.
type Bearing string

const (
	// OfMachine makes the machines unlike: figures then differ for reasons that no
	// run can tell from those in question.
	OfMachine Bearing = "machine"
	// OfSetting is how a machine was set up, which may matter: the reader has to
	// judge.
	OfSetting Bearing = "setting"
	// OfBuild is what the programs were built from, which may be the very thing
	// that is compared.
	OfBuild Bearing = "build"
)

// Difference is something in which two runs differ, beside what they measured.
type Difference struct {
	Field   string  `json:"field"` // in words: "CPU model"
	A       string  `json:"a"`     // with its unit; empty if it is not known
	B       string  `json:"b"`
	Bearing Bearing `json:"bearing"`
}

// Differences are those of the programs and of the machines, in this order.
func (r Run) Differences(other Run) []Difference {
	var all []Difference
	if r.Version != other.Version {
		all = append(all, Difference{"muxbench", r.Version, other.Version, OfBuild})
	}
	return append(all, r.Environment.Differences(other.Environment)...)
}

// Differences are the fields in which e and other differ, those first that make
// machines unlike: the CPU's model, the number of CPUs, the architecture, the
// kernel's release, the hypervisor. A field that is not known of one of them
// differs. So does one that every run on Linux knows, and these two do not: of
// machines that nothing is known of, nobody can say that they are alike. Some
// kernels do not name the CPU's model, which is then not known of a machine that
// is like itself: that may matter, and no more. The limit of open files, the
// length of a listener's queue and the range of ports are none: runs that need
// more than there is are refused.
func (e Environment) Differences(other Environment) []Difference {
	fields := []struct {
		name    string
		of      func(Environment) string
		bearing Bearing
		told    bool // by every Linux
	}{
		{"operating system", func(e Environment) string { return e.OS }, OfMachine, false},
		{"architecture", func(e Environment) string { return e.Arch }, OfMachine, true},
		{"CPU model", func(e Environment) string { return e.CPUModel }, OfMachine, false},
		{"CPUs", func(e Environment) string { return number(int64(e.CPUs), "") }, OfMachine, true},
		{"kernel", func(e Environment) string { return e.Kernel }, OfMachine, true},
		{"hypervisor", func(e Environment) string { return e.Hypervisor }, OfMachine, false},
		{"memory", func(e Environment) string { return number(e.MemoryBytes>>20, " MiB") }, OfSetting, false},
		{"clock source", func(e Environment) string { return e.ClockSource }, OfSetting, false},
		{"congestion control", func(e Environment) string { return e.Congestion }, OfSetting, false},
		{"Go", func(e Environment) string { return e.GoVersion }, OfBuild, false},
	}
	var all []Difference
	for _, f := range fields {
		a, b := f.of(e), f.of(other)
		if a != b || a == "" && f.told {
			all = append(all, Difference{f.name, a, b, f.bearing})
		}
	}
	if e.CPUModel == "" && other.CPUModel == "" {
		all = append(all, Difference{"CPU model", "", "", OfSetting})
	}
	return all
}

// number is empty for what could not be read.
func number(n int64, unit string) string {
	if n == 0 {
		return ""
	}
	return strconv.FormatInt(n, 10) + unit
}

// Unlike are the names of the fields among differences that make machines
// unlike; none if the machines are alike as far as is known.
func Unlike(differences []Difference) []string {
	var fields []string
	for _, d := range differences {
		if d.Bearing == OfMachine {
			fields = append(fields, d.Field)
		}
	}
	return fields
}
