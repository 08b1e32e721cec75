//go:build linux

package scenarios

import (
	"context"
	"math"
	"time"

	"muxbench/results"
	"muxbench/results/gate"
)

// Checker measures a plan of BuildCheck, for as long as its gate wants to look. It is
// used once, by one goroutine.
type Checker struct {
	Runner Runner
	Gate   results.Gate
	// Looks keeps when the gate looks at the cells, once a pilot has told. An error
	// ends the run.
	Looks func([]results.Looks) error
}

// checking is a check under way.
type checking struct {
	*measuring
	gate   results.Gate
	looks  []results.Looks
	kept   []results.Trial
	broken map[results.Cell]bool // a trial has failed
}

// Check measures a pilot of each cell and then, of those that the gate has not decided,
// as many blocks as each further look takes, in turn. Blocks are recorded, voided and
// measured again as Run does it, but for as long as there is time, and no block begins
// that would not end within the budget: what is undecided then stays so. It leaves no
// worker behind. A cell in which a trial has failed is not measured further.
func (r *Checker) Check(ctx context.Context, p Plan) error {
	c := &checking{gate: r.Gate, broken: map[results.Cell]bool{}}
	runner, record := r.Runner, r.Runner.Record
	runner.Record = func(trials []results.Trial) error {
		c.kept = append(c.kept, trials...)
		for _, t := range trials {
			c.broken[t.Cell] = c.broken[t.Cell] || t.Status == results.StatusFailed || t.Status == results.StatusSkipped
		}
		return record(trials)
	}
	c.measuring = runner.begin(p)
	every := map[*course]int{}
	for _, course := range c.courses {
		every[course] = gate.Pilot(len(c.courses))
	}
	if err := c.bring(ctx, c.courses, 1, every); err != nil {
		return err
	}
	c.schedule(every)
	if err := r.Looks(c.looks); err != nil {
		return err
	}
	undecided := c.courses
	for look := 1; look <= gate.Looks && len(undecided) > 0; look++ {
		if err := c.bring(ctx, undecided, look, every); err != nil {
			return err
		}
		if err := c.outlast(ctx); err != nil {
			return err
		}
		undecided = c.undecided()
	}
	return c.end()
}

// outlast measures further blocks of all cells until no more are void than may be, or
// there is no time left: restlessness passes, and looks are at blocks that stand anyway.
func (c *checking) outlast(ctx context.Context) error {
	for again := true; again && gate.Judge(c.gate, c.looks, c.kept).Restless(); {
		var err error
		if again, err = c.round(ctx, c.mayGoOn); err != nil {
			return err
		}
	}
	return nil
}

// mayGoOn says that further blocks of a cell are of use, and a result has room for them.
func (c *checking) mayGoOn(course *course) bool {
	return !c.broken[course.cell] && course.number < c.plan.roomForBlocks()
}

// bring measures blocks until some cells have what a look takes, or cannot have it.
func (c *checking) bring(ctx context.Context, courses []*course, look int, every map[*course]int) error {
	wanted := map[*course]int{}
	for _, course := range courses {
		wanted[course] = look * every[course]
	}
	c.planned = 0
	for _, course := range c.courses {
		c.planned += max(course.valid, wanted[course])
	}
	for again := true; again; {
		var err error
		again, err = c.round(ctx, func(course *course) bool {
			return course.valid < wanted[course] && c.mayGoOn(course)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// undecided are the cells that the gate wants to look at again.
func (c *checking) undecided() []*course {
	var all []*course
	judgement := gate.Judge(c.gate, c.looks, c.kept)
	for _, course := range c.courses {
		for _, j := range judgement.Cells {
			if j.Cell == course.cell && !j.Decided() {
				all = append(all, course)
			}
		}
	}
	return all
}

// schedule says when the gate looks at each cell whose pilot is complete: after the
// pilot where its blocks differ little, and else after more. Where the budget, or a file
// that can be read, does not carry so many, the threshold becomes what it does carry.
func (c *checking) schedule(every map[*course]int) {
	asked := math.Log1p(c.gate.Threshold)
	deviations := map[*course]float64{}
	var wanting time.Duration // a block of each cell that needs more
	for _, course := range c.courses {
		deviation := c.deviation(course.cell)
		if course.valid < every[course] || c.broken[course.cell] || math.IsNaN(deviation) {
			continue
		}
		deviations[course] = deviation
		if gate.Blocks(deviation, asked) > every[course] {
			wanting += course.took
		}
	}
	left, room := c.left(), c.plan.roomForBlocks()
	for _, course := range c.courses {
		deviation, complete := deviations[course]
		if !complete {
			continue
		}
		pilot := every[course]
		blocks, threshold := max(pilot, gate.Blocks(deviation, asked)), c.gate.Threshold
		// A clock that has stood still tells nothing of how long a block takes.
		most := min(course.valid+int(max(0, left)/max(1, wanting)), room)
		if carried := max(pilot, most/gate.Looks); carried < blocks {
			blocks = carried
			threshold = min(gate.Widest*threshold, max(threshold, math.Expm1(gate.Carried(deviation, blocks))))
		}
		every[course] = blocks
		c.looks = append(c.looks, results.Looks{Cell: course.cell, Blocks: blocks, Deviation: deviation, Threshold: threshold})
	}
}

// deviation is that of a cell's blocks in the pilot: see gate.Deviation.
func (c *checking) deviation(cell results.Cell) float64 {
	var base, head, control []results.Trial
	for _, t := range c.kept {
		switch {
		case t.Cell != cell:
		case t.Control:
			control = append(control, t)
		case t.Reference:
			base = append(base, t)
		default:
			head = append(head, t)
		}
	}
	primary := cell.Primary()
	return gate.Deviation(primary.BlockLogRatios(head, base), primary.BlockLogRatios(control, base))
}
