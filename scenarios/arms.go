//go:build linux

package scenarios

import (
	"fmt"
	"regexp"
	"slices"
	"time"

	"muxbench/multiplexers"
	"muxbench/multiplexers/server"
	"muxbench/results"
)

// Arm is a server's configuration, compared with others in every cell.
type Arm struct {
	Name      string // unique in the plan
	Backend   string // of ours, or the name of an external server
	Entry     multiplexers.Entry
	Program   string        // command line of an external server, for sh(1)
	Spin      time.Duration // CPU time that each message costs on top, to be seen by the others
	Reference bool
	Control   bool // the reference a second time
}

func (a Arm) external() bool { return a.Program != "" }

// options are what a trial's record says of the arm beyond its name.
func (a Arm) options() map[string]string {
	if a.external() {
		return map[string]string{"server": a.Program}
	}
	options := map[string]string{"entry": a.Entry.String()}
	if a.Spin > 0 {
		options["spin"] = a.Spin.String()
	}
	return options
}

// unfit says why the arm cannot be measured in a cell; empty if it can.
func (a Arm) unfit(c results.Cell) string {
	switch {
	case !a.external():
	case c.Scenario == Connect:
		return "an external server does not tell when it has accepted the last connection"
	case c.SocketBuffers != 0:
		return "an external server sets the buffers of its sockets itself"
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

// DefaultBackends are those that are compared unless others are named.
func DefaultBackends() []string { return []string{"select", "poll", "epoll-lt", "epoll-et"} }

// arms is every backend with every entry and every spin, the external servers,
// and the control arm right after the reference.
func (r Request) arms() ([]Arm, error) {
	names, entries := r.Backends, r.Entries
	if len(names) == 0 {
		names = DefaultBackends()
	}
	var known []string
	for _, b := range server.Backends() {
		known = append(known, b.Name)
	}
	if slices.Equal(names, []string{"all"}) {
		names = known
	}
	if len(entries) == 0 {
		entries = []multiplexers.Entry{multiplexers.Raw}
	}
	spins := r.Spins
	if len(spins) == 0 {
		spins = []time.Duration{0}
	}
	reference := r.Reference
	if reference == "" {
		reference = names[0]
	}
	var arms []Arm
	for _, name := range names {
		if !slices.Contains(known, name) {
			if name == "all" {
				return nil, &Invalid{Flag: "--backends", Value: name, Allowed: "it stands alone, for every backend"}
			}
			return nil, unknown("--backends", name, append(known, "all"))
		}
		for _, e := range entries {
			for _, spin := range spins {
				a := Arm{Name: name, Backend: name, Entry: e, Spin: spin}
				if e != multiplexers.Raw {
					a.Name += "/" + e.String()
				}
				if spin != 0 {
					a.Name += "/spin-" + spin.String()
				}
				if slices.ContainsFunc(arms, func(b Arm) bool { return b.Name == a.Name }) {
					return nil, &Invalid{Flag: "--backends", Value: name, Allowed: "name each backend, each entry and each spin once"}
				}
				arms = append(arms, a)
			}
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
	var compared []string
	for _, a := range arms {
		compared = append(compared, a.Name)
	}
	return nil, unknown("--reference", reference, compared)
}
