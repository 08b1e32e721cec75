//go:build linux

package scenarios

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"muxbench/multiplexers"
	"muxbench/multiplexers/server"
	"muxbench/results"
)

// Amount is a number of connections, or a percentage of them.
type Amount struct {
	Count   int
	Percent float64 // used if not 0
}

// of is the amount among n connections, at least 1.
func (a Amount) of(n int) int {
	if a.Percent > 0 {
		return max(1, int(math.Round(a.Percent/100*float64(n))))
	}
	return a.Count
}

// Request is what a user asks to be measured. Empty fields take the
// scenario's defaults.
type Request struct {
	Preset    string   // its commands, instead of scenarios
	Scenarios []string // Overview if empty
	Backends  []string // DefaultBackends if empty
	Reference string   // a backend among them; the first if empty
	Entries   []multiplexers.Entry
	Servers   []External
	// Of what can be chosen of a backend, each value an arm of every backend that
	// has the choice.
	Loops, PoolThreads, MaxEvents []int
	Waits                         []Wait
	Lookups                       []server.StateLookup
	Interests                     []Interest
	Spins                         []time.Duration // CPU time that each message costs on top, each an arm of every backend
	NoControl                     bool            // no second arm of the reference
	Sweep                         Sweep
	Blocks                        int           // of each cell; with a precision or a budget, at most
	Precision                     float64       // half-width of the ratios' intervals to be reached in every cell, 0.02 for 2 %; 0 is none
	Budget                        time.Duration // in which the last block is to end; 0 is none
	Slice                         time.Duration // at least; 20 ms if 0
	Seed                          uint64
	Placement                     Placement
}

// Placement says which CPUs serve and load. The zero value lets every block
// choose.
type Placement struct {
	ServerCPUs, LoadCPUs []int
}

// Plan is everything that is going to be measured. It is plain data: the same
// request gives the same plan.
type Plan struct {
	Scenario  string // as asked for, or the preset
	Cells     []results.Cell
	Commands  []results.Command   // of a preset
	Published []results.Published // of a preset
	Arms      []Arm
	Blocks    int // of each cell; with a precision or a budget, at most
	Precision float64
	Budget    time.Duration
	Slice     time.Duration
	Seed      uint64
	Placement Placement
	// Apart are the cells whose arms this host cannot have alive together, and
	// why: CheckLimits sets it.
	Apart map[results.Cell]string
}

// Invalid is a request that cannot be planned: which flag, its value, and what
// is allowed.
type Invalid struct {
	Flag, Value, Allowed string   // Value is empty where the flag itself is out of place
	Known                []string // names of which the value should have been one
}

func (e *Invalid) Error() string {
	if e.Value == "" {
		return fmt.Sprintf("%s: %s", e.Flag, e.Allowed)
	}
	return fmt.Sprintf("%s: %q is not possible: %s", e.Flag, e.Value, e.Allowed)
}

// unknown is for a value that is none of the known names.
func unknown(flag, value string, known []string) *Invalid {
	return &Invalid{Flag: flag, Value: value, Allowed: "choose among " + strings.Join(known, ", "), Known: known}
}

// Build makes a plan of a request, or says why there can be none: an *Invalid.
func Build(r Request) (Plan, error) {
	r, err := r.compared()
	if err != nil {
		return Plan{}, err
	}
	arms, err := r.arms()
	if err != nil {
		return Plan{}, err
	}
	if err := r.check(); err != nil {
		return Plan{}, err
	}
	p := Plan{Arms: arms, Blocks: r.Blocks, Precision: r.Precision, Budget: r.Budget, Slice: r.Slice, Seed: r.Seed, Placement: r.Placement}
	if p.Precision > 0 && !slices.ContainsFunc(arms, func(a Arm) bool { return !a.Reference && !a.Control }) {
		return Plan{}, &Invalid{Flag: "--precision", Allowed: "it is of ratios to the reference, and nothing is compared with it: name more backends"}
	}
	if r.Preset != "" {
		err = p.preset(r)
	} else {
		err = p.scenarios(r)
	}
	if err != nil {
		return Plan{}, err
	}
	if r.Slice == 0 {
		p.Slice = cmp.Or(p.Slice, defaultSlice)
	}
	if r.Blocks == 0 && p.open() {
		p.Blocks = p.mostBlocks()
	}
	return p, p.sensible()
}

// open says that the number of blocks is not known beforehand.
func (p Plan) open() bool { return p.Precision > 0 || p.Budget > 0 }

// mostBlocks is how many blocks of each cell a run has whose number of blocks is
// open, if neither precision nor budget ends it before.
func (p Plan) mostBlocks() int {
	const most = 200
	return max(1, min(most, p.roomForBlocks()))
}

// roomForBlocks is how many blocks of each cell a result file has room for.
func (p Plan) roomForBlocks() int {
	p.Blocks = 1
	return int(results.MaxFile / p.resultBytes())
}

// scenarios plans the scenarios of a request.
func (p *Plan) scenarios(r Request) error {
	names := r.names()
	p.Scenario = strings.Join(names, " ")
	for _, name := range names {
		s, err := lookup(name)
		if err != nil {
			return err
		}
		if r.Blocks == 0 {
			p.Blocks = max(p.Blocks, s.blocks)
		}
		if r.Slice == 0 {
			p.Slice = max(p.Slice, cmp.Or(s.slice, defaultSlice))
		}
		for _, part := range s.parts {
			cells, err := part.cells(r.Sweep)
			if err != nil {
				return err
			}
			p.add(cells)
		}
	}
	return nil
}

// names are the scenarios asked for. Where none is, a rate or a service level
// asks for the one that is about them.
func (r Request) names() []string {
	switch {
	case len(r.Scenarios) > 0:
		return r.Scenarios
	case r.Sweep.offered() || r.Sweep.Schedule != "":
		return []string{Open}
	}
	return []string{Overview}
}

// add takes in cells, each once.
func (p *Plan) add(cells []results.Cell) {
	for _, c := range cells {
		if !slices.Contains(p.Cells, c) {
			p.Cells = append(p.Cells, c)
		}
	}
}

// sensible refuses what nobody can have meant, or could read when it is done.
func (p Plan) sensible() error {
	if n := p.resultBytes(); n > results.MaxFile {
		return &Invalid{Flag: "SCENARIO", Value: p.Scenario, Allowed: fmt.Sprintf("the result of %d cells × %d arms × %d blocks would take about %.0f MB, and at most %d are allowed: ask for fewer, or for shorter windows",
			len(p.Cells), len(p.Arms), p.Blocks, n/1e6, results.MaxFile/1_000_000)}
	}
	if e := p.Estimate(); e > maxEstimate {
		return &Invalid{Flag: "SCENARIO", Value: p.Scenario, Allowed: fmt.Sprintf("this would take about %.0f days, and at most %.0f are allowed: ask for fewer connections, rounds, blocks or cells",
			e.Hours()/24, maxEstimate.Hours()/24)}
	}
	return nil
}

// resultBytes is how long the result file may become.
func (p Plan) resultBytes() float64 {
	const perTrial, perOpenTrial, perSlice = 8 << 10, 24 << 10, 256
	total := 0.0
	for _, c := range p.Cells {
		arms := float64(len(p.ArmsIn(c)))
		if c.Open() {
			total += perOpenTrial * arms
			continue
		}
		slices := max(int64(c.Rounds)/minRounds, c.DurationNS/int64(p.Slice), 20)
		if c.OneProcess() {
			slices = iterations
		}
		total += (perTrial + perSlice*float64(min(slices, maxSlices))) * arms
	}
	const voided = 2 // every other block may be
	return total * float64(p.Blocks) * voided
}

// Trials is how many there will be, or 0 where that is open.
func (p Plan) Trials() int {
	if p.open() {
		return 0
	}
	arms := 0
	for _, c := range p.Cells {
		arms += len(p.ArmsIn(c))
	}
	return arms * p.Blocks
}

// ArmsIn are those that take part in a cell. The caller owns the slice.
func (p Plan) ArmsIn(c results.Cell) []Arm {
	return slices.DeleteFunc(slices.Clone(p.Arms), func(a Arm) bool { return a.Subject != c.Subject })
}

func lookup(name string) (Scenario, error) {
	var known []string
	for _, s := range Scenarios() {
		if s.Name == name {
			return s, nil
		}
		known = append(known, s.Name)
	}
	return Scenario{}, unknown("SCENARIO", name, known)
}
