// Package results is the record of measuring: one run, its trials and the
// machine they ran on, and their encoding as JSON Lines. Everything that
// muxbench shows is computed from these records, and from nothing else.
//
// All durations are integer nanoseconds, all sizes bytes, all rates per
// second; scaling is a matter of rendering. Values of these types are plain
// data: they share nothing and may be read from several goroutines.
package results

import "time"

// Schema is the version of the file format that this package writes. A reader
// refuses files of a newer one.
const Schema = 1

// Run describes one invocation of muxbench. It is the first line of a result
// file.
type Run struct {
	Type      string            `json:"type"` // always "run"
	Schema    int               `json:"schema"`
	Tool      string            `json:"tool"`     // "muxbench"
	Version   string            `json:"version"`  // of the tool
	Scenario  string            `json:"scenario"` // as asked for: "overview", "echo idle", …
	Started   time.Time         `json:"started"`
	Args      []string          `json:"args"`                    // the command line, without the program's name
	Seed      uint64            `json:"seed"`                    // of every random order in the run
	Planned   int               `json:"planned_trials"`          // 0 where it is not told, or not known beforehand
	Cells     int               `json:"planned_cells,omitempty"` // 0 where it is not told
	Labels    map[string]string `json:"labels,omitempty"`
	Commands  []Command         `json:"commands,omitempty"`  // of another benchmark, that the cells stand for
	Published []Published       `json:"published,omitempty"` // figures of others, to be shown beside
	// Precision is the half-width of the ratio's interval that was asked for in
	// every cell, 0.02 for 2 %; 0 where a number of blocks was.
	Precision   float64     `json:"precision,omitempty"`
	BudgetNS    int64       `json:"budget_ns,omitempty"` // after which no block was to begin; 0 is none
	Findings    []Finding   `json:"findings,omitempty"`  // about the machine, when the run started
	Gate        *Gate       `json:"gate,omitempty"`      // nil where nothing is to be decided
	Environment Environment `json:"environment"`
}

// Command is a command line of a benchmark that is reproduced here, and the
// cell that measures the same.
type Command struct {
	Line string `json:"line"`
	Cell Cell   `json:"cell"`
}

// Published is what somebody else has measured, for work that a cell stands
// for.
type Published struct {
	Source    string           `json:"source"`               // who, with what, on which machine
	Cell      Cell             `json:"cell"`                 // the work; this run need not have it
	ElapsedNS map[string]int64 `json:"elapsed_ns,omitempty"` // of one iteration, by the backend that comes nearest
	Note      string           `json:"note,omitempty"`       // what was said beyond figures
}

// Environment is what the machine looked like when the run started. A field
// that could not be read is empty or zero.
type Environment struct {
	OS           string `json:"os"`
	Arch         string `json:"arch"`
	Kernel       string `json:"kernel"` // release, as uname(2) has it
	CPUModel     string `json:"cpu_model"`
	CPUs         int    `json:"cpus"`                 // this process may run on
	Hypervisor   string `json:"hypervisor,omitempty"` // empty on bare metal or where it is not told
	MemoryBytes  int64  `json:"memory_bytes"`
	GoVersion    string `json:"go_version"`
	ClockSource  string `json:"clock_source"`
	OpenFiles    uint64 `json:"open_files"` // hard RLIMIT_NOFILE
	SoMaxConn    int    `json:"somaxconn"`
	Congestion   string `json:"tcp_congestion_control"` // of the server's connections; the load generator's towards loopback have Reno
	PortRangeLow int    `json:"port_range_low"`         // net.ipv4.ip_local_port_range
	PortRangeHi  int    `json:"port_range_high"`
}
