//go:build linux

package scenarios

import (
	"context"
	"io/fs"
	"math"
	"time"

	"muxbench/multiplexers"
	"muxbench/results"
)

// Examination is what a machine looks like to who is going to measure on it.
type Examination struct {
	Environment results.Environment `json:"environment"`
	Findings    []results.Finding   `json:"findings"`
	WatchedNS   int64               `json:"watched_ns"`         // how long for
	Readings    []Reading           `json:"readings"`           // what happened meanwhile
	NotTold     []results.Check     `json:"not_told,omitempty"` // what the machine keeps to itself
}

// Reading is something about the machine that was measured, against its bounds.
// Without a bound, nothing is above it.
type Reading struct {
	Check   results.Check `json:"check"`
	Value   float64       `json:"value"`
	Unit    Unit          `json:"unit"`
	Flagged *float64      `json:"flagged_above,omitempty"`
	Void    *float64      `json:"void_above,omitempty"` // figures are not to be trusted
}

// Unit is what a Reading's value and bounds are in.
type Unit string

const (
	Share       Unit = "share" // 0.02 is 2 %
	Nanoseconds Unit = "ns"
	Count       Unit = "count"
)

// CheckClock is the check of how far apart two readings of the clock are at
// least: the greater of its step and of what a reading takes.
const CheckClock results.Check = "clock-step"

// clockFlagged and clockVoid are bounds of the clock's step: messages take some
// microseconds, turns some milliseconds.
const clockFlagged, clockVoid = float64(time.Microsecond), float64(100 * time.Microsecond)

// IsFlagged says whether figures have to be read with what was measured.
func (r Reading) IsFlagged() bool { return r.Flagged != nil && r.Value > *r.Flagged || r.IsVoid() }

// IsVoid says whether figures are not to be trusted at all.
func (r Reading) IsVoid() bool { return r.Void != nil && r.Value > *r.Void }

// Severe names why figures of this machine are not to be trusted: none if they
// are.
func (e Examination) Severe() []string {
	var all []string
	for _, f := range e.Findings {
		if f.Severe {
			all = append(all, f.Check)
		}
	}
	for _, r := range e.Readings {
		if r.IsVoid() {
			all = append(all, string(r.Check))
		}
	}
	return all
}

// Examine looks at a machine and watches the CPUs that a placement's first block
// would have, for about as long as asked, in steps of 0.1 s. Nothing else should measure meanwhile:
// see Lock. host has the machine's files: os.DirFS("/").
func Examine(ctx context.Context, host fs.FS, p Placement, duration time.Duration) (Examination, error) {
	e := Examination{Environment: Environment(), Findings: append([]results.Finding{}, Findings(host, p)...)} // none is a list too
	on, err := p.of(0)
	if err != nil {
		return e, err
	}
	step := clockStep()
	machine := &thisMachine{root: host}
	started := time.Now()
	machine.Began(on.server, on.load)
	if err := watch(ctx, machine, duration); err != nil {
		return e, err
	}
	happened := machine.Ended()
	e.WatchedNS = int64(time.Since(started))
	for _, r := range []struct {
		check         results.Check
		metric        results.Metric
		unit          Unit
		flagged, void *float64
	}{
		{results.CheckSteal, results.StealShare, Share, new(results.StealFlagged), new(results.StealVoid)},
		{results.CheckSpeed, results.SpeedChange, Share, new(results.SpeedFlagged), new(results.SpeedVoid)},
		{results.CheckThrottled, results.Throttled, Nanoseconds, nil, new(0.0)},
		{results.CheckListen, results.ListenDrops, Count, new(0.0), nil},
		{results.CheckRetransmits, results.RetransmittedShare, Share, new(results.RetransmittedFlagged), nil},
	} {
		if value, told := happened[r.metric]; told {
			e.Readings = append(e.Readings, Reading{r.check, value, r.unit, r.flagged, r.void})
		} else {
			e.NotTold = append(e.NotTold, r.check)
		}
	}
	e.Readings = append(e.Readings, Reading{CheckClock, float64(step), Nanoseconds, new(clockFlagged), new(clockVoid)})
	return e, nil
}

// watch lets a machine be for a while, and takes turns as a block does: at the
// beginning, and after each pause.
func watch(ctx context.Context, machine Machine, duration time.Duration) error {
	const pause = 100 * time.Millisecond
	tick := time.NewTicker(pause)
	defer tick.Stop()
	machine.Turn()
	for range duration / pause {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-tick.C:
		}
		machine.Turn()
	}
	return nil
}

// clockStep is the least time between two readings of the clock that differ.
func clockStep() time.Duration {
	const readings = 20 // 80 ms of the coarsest clock that Linux has
	least := time.Duration(math.MaxInt64)
	for range readings {
		before := multiplexers.Monotonic()
		now := before
		for now == before {
			now = multiplexers.Monotonic()
		}
		least = min(least, now-before)
	}
	return least
}
