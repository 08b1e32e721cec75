//go:build linux

package scenarios

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"muxbench/multiplexers"
	"muxbench/multiplexers/server"
	"muxbench/results"
)

// Choice is what can be chosen of a backend beside its way into the kernel. Each
// backend has some of it; zero is its own number or manner.
type Choice struct {
	Loops       int `json:"loops,omitempty"`
	PoolThreads int `json:"pool_threads,omitempty"`
	MaxEvents   int `json:"max_events,omitempty"` // that a wait may return
	// Spinning has no wait block: one that finds nothing is made again.
	Spinning bool `json:"spinning,omitempty"`
	// Lookup is how a connection's state is found.
	Lookup server.StateLookup `json:"lookup,omitempty"`
	// Interest says whether interest in reading outlasts messages.
	Interest Interest `json:"interest,omitempty"`
}

// Interest says what becomes of a loop's interest in a connection when a message
// has come of it.
type Interest string

const (
	InterestKept    Interest = "kept"    // it was registered once
	InterestChanged Interest = "changed" // it is dropped, and taken up again with the answer
)

// Wait says what a wait does that finds nothing.
type Wait string

const (
	WaitBlock Wait = "block" // it sleeps
	WaitSpin  Wait = "spin"  // it is made again
)

// variants are the arms of one backend: every combination of what the request
// names and the backend has a choice of.
func (r Request) variants(b server.Backend) []Arm {
	arms := []Arm{{Name: b.Name, Backend: b.Name, Entry: b.Entries[0]}}
	entries := slices.DeleteFunc(slices.Clone(r.Entries), func(e multiplexers.Entry) bool { return !b.Enters(e) })
	arms = vary(arms, entries, func(a *Arm, e multiplexers.Entry) {
		if a.Entry = e; e != b.Entries[0] {
			a.Name += "/" + e.String()
		}
	})
	for _, o := range r.numbered() {
		if o.means(b) {
			arms = vary(arms, o.values, func(a *Arm, n int) {
				o.set(a, n)
				a.Name += fmt.Sprintf("/%s-%d", o.word, n)
			})
		}
	}
	if b.Multiplexes() {
		arms = vary(arms, r.Waits, func(a *Arm, w Wait) {
			if a.Spinning = w == WaitSpin; a.Spinning {
				a.Name += "/wait-spin"
			}
		})
	}
	arms = vary(arms, r.lookups(b), func(a *Arm, by server.StateLookup) {
		if a.Lookup = by; by != server.LookupDescriptor {
			a.Name += "/" + string(by)
		}
	})
	if b.ChangesInterest() {
		arms = vary(arms, r.Interests, func(a *Arm, i Interest) {
			if a.Interest = i; i == InterestChanged {
				a.Name += "/interest-changed"
			}
		})
	}
	return vary(arms, r.Spins, func(a *Arm, d time.Duration) {
		if a.Spin = d; d != 0 && len(r.Spins) > 1 {
			a.Name += "/spin-" + d.String()
		}
	})
}

// lookups are those asked for that a backend has, its own if it has none of them.
func (r Request) lookups(b server.Backend) []server.StateLookup {
	return slices.DeleteFunc(slices.Clone(r.Lookups), func(by server.StateLookup) bool { return !slices.Contains(b.Lookups(), by) })
}

// vary makes of each arm as many as there are values, or leaves it alone if there
// are none.
func vary[T any](arms []Arm, values []T, set func(*Arm, T)) []Arm {
	if len(values) == 0 {
		return arms
	}
	var all []Arm
	for _, a := range arms {
		for _, v := range values {
			varied := a
			set(&varied, v)
			all = append(all, varied)
		}
	}
	return all
}

// numbered is an option that is a number.
type numbered struct {
	flag, word string
	values     []int
	most       int
	set        func(*Arm, int)
	means      func(server.Backend) bool // that it has the choice
	instead    string                    // what to do where none has
}

func hasLoops(b server.Backend) bool { return b.Loops > 0 }
func hasPool(b server.Backend) bool  { return b.PoolThreads > 0 }

// Having are the names of the backends that have something.
func Having(has func(server.Backend) bool) []string {
	var names []string
	for _, b := range server.Backends() {
		if has(b) {
			names = append(names, b.Name)
		}
	}
	return names
}

func (r Request) numbered() []numbered {
	return []numbered{
		{"--loops", "loops", r.Loops, server.MaxLoops, func(a *Arm, n int) { a.Loops = n },
			hasLoops, "name one that has several: " + strings.Join(Having(hasLoops), ", ")},
		{"--pool-threads", "threads", r.PoolThreads, server.MaxLoops, func(a *Arm, n int) { a.PoolThreads = n },
			hasPool, "name one that has a pool: " + strings.Join(Having(hasPool), ", ")},
		{"--max-events", "events", r.MaxEvents, server.MaxMaxEvents, func(a *Arm, n int) { a.MaxEvents = n },
			server.Backend.Multiplexes, "name one that has a loop of ours: " + strings.Join(Having(server.Backend.Multiplexes), ", ")},
	}
}

// checkChoices refuses numbers that no backend takes, and options that none of
// those compared has a use for.
func (r Request) checkChoices(compared []server.Backend) error {
	for _, o := range r.numbered() {
		for _, n := range o.values {
			if n < 1 || n > o.most {
				return &Invalid{Flag: o.flag, Value: fmt.Sprint(n), Allowed: fmt.Sprintf("1 to %d is allowed", o.most)}
			}
		}
		if len(o.values) > 0 && !slices.ContainsFunc(compared, o.means) {
			return &Invalid{Flag: o.flag, Allowed: "none of the backends compared has that choice: " + o.instead}
		}
	}
	if len(r.Entries) > 0 && !slices.ContainsFunc(compared, func(b server.Backend) bool { return slices.ContainsFunc(r.Entries, b.Enters) }) {
		return &Invalid{Flag: "--entry", Value: r.Entries[0].String(), Allowed: fmt.Sprintf("%s enters %s", compared[0].Name, compared[0].EntryWhy)}
	}
	for _, w := range r.Waits {
		if w != WaitBlock && w != WaitSpin {
			return unknown("--wait", string(w), []string{string(WaitBlock), string(WaitSpin)})
		}
	}
	if err := r.checkManners(compared); err != nil {
		return err
	}
	if len(r.Waits) > 0 && !slices.ContainsFunc(compared, server.Backend.Multiplexes) {
		return &Invalid{Flag: "--wait", Allowed: "none of the backends compared has a loop of ours: name one that has: " + strings.Join(Having(server.Backend.Multiplexes), ", ")}
	}
	return nil
}

// checkManners refuses ways to find states and to keep interest that there are not,
// and those that none of the backends compared has.
func (r Request) checkManners(compared []server.Backend) error {
	known := []string{string(server.LookupDescriptor), string(server.LookupIndex), string(server.LookupMap), string(server.LookupScan)}
	for _, by := range r.Lookups {
		if !slices.Contains(known, string(by)) {
			return unknown("--lookup", string(by), known)
		}
		if has := func(b server.Backend) bool { return slices.Contains(b.Lookups(), by) }; !slices.ContainsFunc(compared, has) {
			return &Invalid{Flag: "--lookup", Value: string(by), Allowed: "none of the backends compared finds a connection's state so: name one that does: " + strings.Join(Having(has), ", ")}
		}
	}
	known = []string{string(InterestKept), string(InterestChanged)}
	for _, i := range r.Interests {
		if !slices.Contains(known, string(i)) {
			return unknown("--interest", string(i), known)
		}
	}
	if len(r.Interests) > 0 && !slices.ContainsFunc(compared, server.Backend.ChangesInterest) {
		return &Invalid{Flag: "--interest", Allowed: "none of the backends compared has the choice: name one that is level-triggered: " + strings.Join(Having(server.Backend.ChangesInterest), ", ")}
	}
	return nil
}

// options are what a trial's record says of a choice, with the backend's own
// numbers where nothing was chosen.
func (c Choice) options(b server.Backend, into map[string]string) {
	number := func(key string, asked, own int) {
		if asked > 0 || own > 0 {
			into[key] = fmt.Sprint(cmp.Or(asked, own))
		}
	}
	number("loops", c.Loops, b.Loops)
	number("pool_threads", c.PoolThreads, b.PoolThreads)
	number("max_events", c.MaxEvents, 0)
	if c.Spinning {
		into["wait"] = string(WaitSpin)
	}
	if c.Lookup != "" {
		into["lookup"] = string(c.Lookup)
	}
	if c.Interest != "" {
		into["interest"] = string(c.Interest)
	}
	switch n := b.Threads(c.Loops, c.PoolThreads); {
	case n == 0:
		into[results.OptionThreads] = results.ThreadsVary
	case n > 1:
		into[results.OptionThreads] = fmt.Sprint(n)
	}
}
