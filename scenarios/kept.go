//go:build linux

package scenarios

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"muxbench/multiplexers"
	"muxbench/multiplexers/server"
	"muxbench/results"
	"muxbench/results/gate"
)

// Chooses says that the request names something to be measured, be it a scenario, a
// backend, an option of one or a value of the sweep.
func (r Request) Chooses() bool {
	named := len(r.Scenarios) + len(r.Backends) + len(r.Servers)
	options := len(r.Entries) + len(r.Loops) + len(r.PoolThreads) + len(r.MaxEvents) + len(r.Waits) + len(r.Lookups) + len(r.Interests) + len(r.Spins)
	return r.Preset != "" || named+options > 0 || !reflect.DeepEqual(r.Sweep, Sweep{})
}

// BuildKept makes a plan of the cells that a baseline keeps, as BuildCheck does of those
// of a request. Of r it takes what does not choose cells and arms: placement, budget,
// seed. What is kept is asked for as a user would have to, so that nothing is planned
// that could not be asked for. An error is or wraps an *Invalid.
func BuildKept(r Request, kept []results.Kept, s Sides) (Plan, error) {
	if n := len(kept); n == 0 || n > gate.MostCells {
		return Plan{}, &Invalid{Flag: "--baseline", Allowed: fmt.Sprintf("it has %s, and 1 to %d can be checked at once: choose with -b, -c, -s and the like", counted(n, "gated cell"), gate.MostCells)}
	}
	var all Plan
	for i, k := range kept {
		asked, err := r.askFor(k)
		if err != nil {
			return Plan{}, err
		}
		p, err := s.gated(asked)
		switch {
		case err != nil:
			return Plan{}, fmt.Errorf("%q in scenario %q: %w", k.Subject, k.Scenario, err)
		case !slices.Contains(p.Cells, k.Cell):
			return Plan{}, &Invalid{Flag: "--baseline", Value: k.Subject, Allowed: fmt.Sprintf("this muxbench has no such server, or no such cell of scenario %s: say with -b, -c, -s and the like what to measure", k.Scenario)}
		}
		if i == 0 {
			all = p
			all.Scenario, all.Cells, all.Arms = "", nil, nil
		}
		all.add([]results.Cell{k.Cell})
		if !slices.Contains(strings.Fields(all.Scenario), p.Scenario) {
			all.Scenario = strings.TrimSpace(all.Scenario + " " + p.Scenario)
		}
		if len(all.ArmsIn(k.Cell)) == 0 {
			all.Arms = append(all.Arms, p.ArmsIn(k.Cell)...)
		}
	}
	return all.within(r.Budget)
}

// askFor is the request whose only arm and only cell, or one of whose cells where a
// scenario has several that cannot be chosen among, are those kept.
func (r Request) askFor(k results.Kept) (Request, error) {
	has := func(flag string) bool { return lacks(k.Scenario, flag) == "" }
	r.Scenarios, r.Sweep = []string{k.Scenario}, Sweep{Connections: []int{k.Connections}}
	if has("--active") {
		r.Sweep.Active = []Amount{{Count: k.Active}}
	}
	if has("--size") {
		r.Sweep.Sizes = []int{k.Size}
	}
	if has("--rounds") && k.Rounds > 0 {
		r.Sweep.Rounds = []int{k.Rounds}
	}
	if has("--duration") {
		r.Sweep.Duration = time.Duration(k.DurationNS)
	}
	if has("--socket-buffers") {
		r.Sweep.SocketBuffers = []int{k.SocketBuffers}
	}
	backend, variant, _ := strings.Cut(k.Subject, "/")
	r.Backends = []string{backend}
	for name, value := range k.Options {
		if err := r.askForOption(name, value, variant); err != nil {
			return r, &Invalid{Flag: "--baseline", Value: k.Subject, Allowed: fmt.Sprintf("its option %s=%q is none: %s", name, value, err)}
		}
	}
	return r, nil
}

// askForOption asks for an option that a record has, of an arm whose name has what it
// differs in from its backend's own. Numbers that are a backend's own are on record too,
// and are not asked for: the arm's name would have them then.
func (r *Request) askForOption(name, value, variant string) (err error) {
	number := func(into *[]int, word string) error {
		if word != "" && !strings.Contains("/"+variant, "/"+word+"-") {
			return nil
		}
		n, err := strconv.Atoi(value)
		*into = []int{n}
		return err
	}
	switch name {
	case "entry":
		var e multiplexers.Entry
		e, err = multiplexers.ParseEntry(value)
		r.Entries = []multiplexers.Entry{e}
	case "loops":
		return number(&r.Loops, "loops")
	case "pool_threads":
		return number(&r.PoolThreads, "threads")
	case "max_events":
		return number(&r.MaxEvents, "")
	case "wait":
		r.Waits = []Wait{Wait(value)}
	case "lookup":
		r.Lookups = []server.StateLookup{server.StateLookup(value)}
	case "interest":
		r.Interests = []Interest{Interest(value)}
	case "spin":
		var d time.Duration
		d, err = time.ParseDuration(value)
		r.Spins = []time.Duration{d}
	}
	return err
}
