//go:build linux

package scenarios

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"muxbench/multiplexers"
	"muxbench/multiplexers/ctl"
	"muxbench/multiplexers/server"
	"muxbench/results"
)

// Arm is a server's configuration, compared with others in every cell.
type Arm struct {
	Name    string // unique in the plan
	Backend string // of ours, or the name of an external server
	Entry   multiplexers.Entry
	Program string        // command line of an external server, for sh(1)
	Spin    time.Duration // CPU time that each message costs on top, to be seen by the others
	Choice
	Reference bool
	Control   bool // the reference a second time
	// Subject is that of the cells in which the arm takes part, where two builds of it
	// are compared; empty where all arms are in all cells.
	Subject string
	// Executables are the programs whose workers serve, one after the other from block to
	// block; without any it is the launcher's own.
	Executables []Executable
	// Threads is how many threads the host lets a server start that has one for
	// each connection, and ThreadsBound by what limit: CheckLimits sets them.
	Threads      int
	ThreadsBound string
}

// Executable is a program whose workers serve, and what a trial's record calls it.
type Executable struct{ Path, Name string }

func (a Arm) external() bool { return a.Program != "" }

// executable is the one of a block, given how many stand before it. Where both arms have
// several, all pairs of them meet.
func (a Arm) executable(standing int) Executable {
	n := len(a.Executables)
	switch {
	case n == 0:
		return Executable{}
	case a.Reference || a.Control:
		return a.Executables[standing%n]
	}
	return a.Executables[(standing+standing/n)%n]
}

// options are what a trial's record says of the arm beyond its name.
func (a Arm) options() map[string]string {
	if a.external() {
		return map[string]string{"server": a.Program}
	}
	options := map[string]string{"entry": a.Entry.String()}
	if a.Spin > 0 {
		options["spin"] = a.Spin.String()
	}
	a.Choice.options(a.backend(), options)
	return options
}

// backend is the one of ours that serves; the zero Backend for an external
// server.
func (a Arm) backend() server.Backend {
	b, err := server.Lookup(a.Backend)
	if err != nil || a.external() {
		return server.Backend{}
	}
	return b
}

// unfit says why the arm cannot be measured in a cell; empty if it can.
func (a Arm) unfit(c results.Cell) string {
	b := a.backend()
	switch {
	case a.external() && c.SetsUp():
		return "an external server does not tell when it has accepted the last connection"
	case a.external() && c.Scenario == Fanout:
		return "an external server echoes, and in a chat room everybody gets what one says"
	case a.external() && c.Scenario == results.ScenarioScaling:
		return "an external server does not do the work that a message costs ours here: compare it in echo"
	case a.external() && c.Scenario == Ctl:
		return "sets are changed in a process of ours"
	case a.external() && c.SocketBuffers != 0:
		return "an external server sets the buffers of its sockets itself"
	case a.external():
		return ""
	case c.OneProcess():
		if reason := a.unfitAlone(b, c); reason != "" {
			return reason
		}
	case c.Scenario == Fanout && !b.Rooms():
		return "a chat room is served by one loop of ours, as connections of several threads would have to be handed over"
	case c.Scenario == Fanout && a.Lookup != "" && a.Lookup != server.LookupDescriptor:
		return "a chat room goes through all states, and looks none up"
	case b.ThreadEach && a.ThreadsBound != "" && c.Connections > a.Threads:
		return fmt.Sprintf("%d connections take as many threads, and this host allows %d more: %s", c.Connections, a.Threads, a.ThreadsBound)
	}
	if most := b.Mechanism.Capabilities.MaxFD; most > 0 {
		if need := descriptorsOf(c) + spareDescriptors; need > most+1 {
			return fmt.Sprintf("descriptors of %s and what else a process has open go up to %d, and it can watch those up to %d", things(c), need-1, most)
		}
	}
	return ""
}

// descriptorsOf is how many a process with the watched side of a cell has.
func descriptorsOf(c results.Cell) int {
	switch c.Scenario {
	case Chain:
		return 2 * c.Connections
	case Ctl:
		return c.Connections + ctl.Changes
	case Churn: // those that have gone are closed when the next have come
		return 2 * c.Connections
	}
	return c.Connections
}

// things are what a cell has so many of, in words.
func things(c results.Cell) string { return fmt.Sprintf("%d %s", c.Connections, noun(c)) }

func noun(c results.Cell) string {
	switch c.Scenario {
	case Chain:
		return "pairs"
	case Ctl:
		return "watched"
	}
	return "connections"
}

// Skipped says which arms will be skipped in a cell, and why: the arms of each reason.
func (p Plan) Skipped(c results.Cell) []string {
	var reasons []string
	arms := map[string][]string{}
	for _, a := range p.ArmsIn(c) {
		reason := a.unfit(c)
		if reason == "" {
			continue
		}
		if arms[reason] == nil {
			reasons = append(reasons, reason)
		}
		arms[reason] = append(arms[reason], a.Name)
	}
	for i, reason := range reasons {
		reasons[i] = strings.Join(arms[reason], ", ") + ": " + reason
	}
	return reasons
}

// unfitAlone says why an arm has no part in a scenario that is about multiplexers
// alone.
func (a Arm) unfitAlone(b server.Backend, c results.Cell) string {
	what := map[string]string{Chain: "a chain", Ctl: "a set that is changed"}[c.Scenario]
	switch {
	case !b.Multiplexes():
		return what + " is about multiplexers alone, and this has none of ours"
	case b.Loops > 0 || b.PoolThreads > 0:
		return what + " is about multiplexers alone, without threads and listeners: this one waits as " + b.Mechanism.Name + " does"
	case a.MaxEvents > 0:
		return what + " takes all that is ready in one wait"
	case a.Spinning:
		return "no wait of " + what + " blocks, whatever is asked for"
	case a.Lookup != "" && a.Lookup != server.LookupDescriptor:
		return what + " is about multiplexers alone, and there are no connections with a state"
	case a.Interest == InterestChanged:
		return what + " is about multiplexers alone, and there are no messages to change interest for"
	}
	return ""
}

// External is a server that is not ours: a command line for sh(1), in which
// {port} stands for the port that it is to listen on.
type External struct{ Name, Command string }

// longestCommand bounds what is kept with each trial.
const longestCommand = 1000

var externalName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)

func (e External) check(known []string, arms []Arm) error {
	const flag = "--server"
	switch {
	case !externalName.MatchString(e.Name):
		return &Invalid{Flag: flag, Value: e.Name, Allowed: "a name has up to 64 letters, digits, dots, dashes and underscores, and begins with a letter or digit"}
	case e.Command == "" || len(e.Command) > longestCommand:
		return &Invalid{Flag: flag, Value: e.Name, Allowed: fmt.Sprintf("give a command line of up to %d bytes, as in --server 'mine=./server --port {port}'", longestCommand)}
	case slices.Contains(known, e.Name):
		return &Invalid{Flag: flag, Value: e.Name, Allowed: "a backend has that name: choose another"}
	case slices.ContainsFunc(arms, func(a Arm) bool { return a.Name == e.Name }):
		return &Invalid{Flag: flag, Value: e.Name, Allowed: "name each server once"}
	}
	return nil
}

// everyBackend stands alone in a request's Backends.
const everyBackend = "all"

// DefaultBackends are those that are compared unless others are named.
func DefaultBackends() []string { return []string{"select", "poll", "epoll-lt", "epoll-et"} }

// arms is every backend with everything that can be chosen of it, the external
// servers, and the control arm right after the reference.
func (r Request) arms() ([]Arm, error) {
	names := r.Backends
	if len(names) == 0 {
		names = DefaultBackends()
	}
	var known []string
	for _, b := range server.Backends() {
		known = append(known, b.Name)
	}
	if slices.Equal(names, []string{everyBackend}) {
		names = known
	}
	reference := r.Reference
	if reference == "" {
		reference = names[0]
	}
	var compared []server.Backend
	for _, name := range names {
		b, err := server.Lookup(name)
		switch {
		case name == everyBackend:
			return nil, &Invalid{Flag: "--backends", Value: name, Allowed: "it stands alone, for every backend"}
		case err != nil:
			return nil, unknown("--backends", name, append(known, everyBackend))
		}
		compared = append(compared, b)
	}
	if err := r.checkChoices(compared); err != nil {
		return nil, err
	}
	var arms []Arm
	for _, b := range compared {
		for _, a := range r.variants(b) {
			if slices.ContainsFunc(arms, func(b Arm) bool { return b.Name == a.Name }) {
				return nil, &Invalid{Flag: "--backends", Value: b.Name, Allowed: "name each backend, and each value of an option of its, once"}
			}
			arms = append(arms, a)
		}
	}
	for _, e := range r.Servers {
		a := Arm{Name: e.Name, Backend: e.Name, Program: e.Command}
		if err := e.check(known, arms); err != nil {
			return nil, err
		}
		arms = append(arms, a)
	}
	for i, a := range arms {
		if a.Name == reference || a.Backend == reference {
			arms[i].Reference = true
			if !r.NoControl {
				a.Name, a.Control = a.Name+"/control", true
				arms = slices.Insert(arms, i+1, a)
			}
			return arms, nil
		}
	}
	var all []string
	for _, a := range arms {
		all = append(all, a.Name)
	}
	return nil, unknown("--reference", reference, all)
}
