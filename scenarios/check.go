//go:build linux

package scenarios

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"muxbench/multiplexers/server"
	"muxbench/results"
	"muxbench/results/gate"
)

// Sides are the two builds that a check compares.
type Sides struct {
	Base, Head []Executable // without any, the launcher's own program
	// Yardstick is a backend that takes the base's place, where the head is compared
	// with what an earlier run has kept.
	Yardstick string
	// Injected is CPU time that each message costs the head on top, to be found.
	Injected time.Duration
}

// What a check measures where nothing is asked for: few of many talk, so that what a
// wait costs is not shared by many messages, in forty turns of short slices. It is the
// number of turns that makes a block precise. Blocks of identical arms differed by 0.4
// to 1.3 % so, and with all connections active, in forty slices of 10 ms, by 1.0 to 2.3.
const (
	checkScenario    = "idle"
	checkConnections = 200
	checkActive      = 10
	checkSize        = 64
	checkWindow      = 200 * time.Millisecond
	checkSlice       = 5 * time.Millisecond
	// checkBudget is for each gated cell: three looks at nine blocks take 45 s.
	checkBudget = 60 * time.Second
)

// BuildCheck makes a plan of a request, in which each arm of each cell is compared
// with itself in another build: a gated cell. What the request says of a reference, a
// control or a number of blocks is not used: each gated cell has three arms, of which
// the base is the reference and has a control, and a gate says how many blocks. It is
// an *Invalid if there are none, or more than a gate can have.
func BuildCheck(r Request, s Sides) (Plan, error) {
	p, err := s.gated(r)
	if err != nil {
		return Plan{}, err
	}
	return p.within(r.Budget)
}

// gated has the gated cells of a request and their arms, and neither blocks nor budget.
func (s Sides) gated(r Request) (Plan, error) {
	if len(r.Scenarios) == 0 {
		r.Scenarios = []string{checkScenario}
		r.Sweep = r.Sweep.orCheck()
	}
	r.NoControl = true
	r.Slice = cmp.Or(r.Slice, checkSlice)
	r.Budget = 0 // a plan with one has as many blocks as fit
	p, err := Build(r)
	if err != nil {
		return Plan{}, err
	}
	cells, arms := p.Cells, p.Arms
	p.Cells, p.Arms = nil, nil
	for _, c := range cells {
		if c.Open() {
			return Plan{}, &Invalid{Flag: "SCENARIO", Value: c.Scenario, Allowed: "an open loop has one slice for each block, and no figure that is exact enough to stop a build: check a closed loop, as echo is"}
		}
		for _, a := range arms {
			if reason := a.unfit(c); reason != "" {
				return Plan{}, &Invalid{Flag: "--backends", Value: a.Name, Allowed: "it cannot be checked there: " + reason}
			}
			c.Subject = a.Name
			if reason := s.yardstick(a).unfit(c); s.Yardstick != "" && reason != "" {
				return Plan{}, &Invalid{Flag: "SCENARIO", Value: c.Scenario, Allowed: fmt.Sprintf("%s, which others are compared with, cannot be measured there: %s", s.Yardstick, reason)}
			}
			p.Cells = append(p.Cells, c)
		}
	}
	if n := len(p.Cells); n > gate.MostCells {
		return Plan{}, &Invalid{Flag: "SCENARIO", Value: strings.Join(r.Scenarios, " "), Allowed: fmt.Sprintf("%d cells × %d arms make %d gated cells, and at most %d are allowed, as each more makes all blind: choose with -b, -c, -s and the like",
			len(cells), len(arms), n, gate.MostCells)}
	}
	for _, a := range arms {
		if a.Backend == s.Yardstick {
			return Plan{}, &Invalid{Flag: "--backends", Value: a.Name, Allowed: "it is what the others are compared with: choose others"}
		}
		p.Arms = append(p.Arms, s.arms(a)...)
	}
	return p, nil
}

// within has the plan's gated cells looked at within a budget; 0 is what a check takes.
func (p Plan) within(budget time.Duration) (Plan, error) {
	if budget != 0 && (budget < minBudget || budget > maxEstimate) {
		return Plan{}, &Invalid{Flag: "--budget", Value: budget.String(), Allowed: fmt.Sprintf("%s to %s is allowed", minBudget, maxEstimate)}
	}
	p.Blocks = gate.Looks * gate.Pilot(len(p.Cells))
	if err := p.sensible(); err != nil {
		return Plan{}, err
	}
	looks := p.Estimate()
	p.Blocks = gate.Pilot(len(p.Cells))
	least := p.Estimate()
	if p.Budget = budget; p.Budget == 0 {
		p.Budget = max(checkBudget*time.Duration(len(p.Cells)), looks.Round(time.Second))
	}
	if p.Budget < least {
		return Plan{}, &Invalid{Flag: "--budget", Value: p.Budget.String(), Allowed: fmt.Sprintf("the first look at %s takes %d blocks of each and about %s: give as much, or check less", counted(len(p.Cells), "gated cell"), p.Blocks, least.Round(time.Second))}
	}
	return p, nil
}

// orCheck is the sweep with what a check takes where it says nothing.
func (s Sweep) orCheck() Sweep {
	if len(s.Connections) == 0 {
		s.Connections = []int{checkConnections}
	}
	if len(s.Active) == 0 {
		s.Active = []Amount{{Count: min(checkActive, slices.Min(s.Connections))}}
	}
	if len(s.Sizes) == 0 {
		s.Sizes = []int{checkSize}
	}
	if len(s.Rounds) == 0 && s.Duration == 0 {
		s.Duration = checkWindow
	}
	return s
}

// arms are those of a gated cell: the base, the same once more, and the head, under
// its own name.
func (s Sides) arms(a Arm) []Arm {
	a.Subject = a.Name
	base, control, head := a, a, a
	base.Name, base.Reference, base.Control, base.Executables = a.Name+"@base", true, false, s.Base
	if s.Yardstick != "" {
		base = s.yardstick(a)
		control = base
	}
	control.Name, control.Reference, control.Control, control.Executables = base.Name+"/control", false, true, s.Base
	head.Reference, head.Control, head.Executables = false, false, s.Head
	head.Spin += s.Injected
	return []Arm{base, control, head}
}

// yardstick is the arm that takes the base's place.
func (s Sides) yardstick(a Arm) Arm {
	b, err := server.Lookup(s.Yardstick)
	if err != nil {
		return a
	}
	return Arm{Name: b.Name, Backend: b.Name, Entry: b.Entries[0], Subject: a.Subject, Reference: true}
}

// OptionsOf are those that the record has of the server that a cell gates.
func (p Plan) OptionsOf(c results.Cell) map[string]string {
	for _, a := range p.ArmsIn(c) {
		if !a.Reference && !a.Control {
			return a.options()
		}
	}
	return nil
}

func counted(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// TryBuilds starts and stops a server of each build for each subject, so that a build
// which cannot take part is refused before anything is measured: it is no muxbench, it
// speaks another version of the worker protocol, or it lacks a backend.
func (p Plan) TryBuilds(ctx context.Context, l Launcher) error {
	for _, a := range p.Arms {
		for _, e := range a.Executables {
			if a.Control {
				continue // the same as its reference
			}
			spec := NewSpec(ServerRole, a.Entry)
			spec.Backend, spec.Choice, spec.Executable = a.Backend, a.Choice, e.Path
			ctx, cancel := bounded(ctx, startingLimit, "starting a worker")
			w, _, err := l.Launch(ctx, spec)
			if err != nil {
				cancel()
				return fmt.Errorf("%s (%s) cannot serve as %s: %w", e.Path, e.Name, a.Subject, err)
			}
			w.Stop(ctx)
			cancel()
		}
	}
	return nil
}
