package report

import (
	"cmp"
	"math"
	"slices"

	"muxbench/results"
	"muxbench/results/stats"
)

// Crossover is where one arm of a pair overtakes the other in the cost of a
// message, along a sweep of at least three cells in a closed loop, or in that of
// changing a set, along the descriptors watched. Control arms are left out.
type Crossover struct {
	// Scenario is ctl, whose connections are descriptors watched, or empty: the work
	// of all the others is the same.
	Scenario string `json:"scenario,omitempty"`
	// Along is what the cells differ in: "connections", with as many active, or
	// "active" connections of as many. The other and the following are those of
	// all cells.
	Along         string `json:"along"`
	Connections   int    `json:"connections,omitempty"`
	Active        int    `json:"active,omitempty"`
	Size          int    `json:"size"`
	SocketBuffers int    `json:"socket_buffers"`
	From          int    `json:"from"` // the least number that was measured
	To            int    `json:"to"`

	Kind CrossoverKind `json:"kind"`
	// Arm takes less than Than beyond the crossing, with more connections or
	// fewer active ones; without a crossing, wherever a difference can be told.
	Arm  string `json:"arm"`
	Than string `json:"than"`
	// Everywhere says that the difference can be told in every cell that is not
	// left out.
	Everywhere bool `json:"everywhere,omitempty"`
	// Bound is the last number towards the others at which a difference can be
	// told, of those that were measured, where Kind is TakesLessFrom or
	// TakesLessUpTo. It is no crossing.
	Bound int `json:"bound,omitempty"`
	// LeftOut are the numbers that were measured with too few blocks or turns of
	// either arm to compare them.
	LeftOut []int `json:"left_out,omitempty"`
	// At is the number of connections, or active ones, where they cost as much,
	// and Low and High the ends of its 95 % interval; 0 for an end that is not
	// within what was measured and a factor of two beyond.
	At   float64 `json:"at,omitempty"`
	Low  float64 `json:"low,omitempty"`
	High float64 `json:"high,omitempty"`
	// FitFrom and FitTo are the numbers measured that the crossing lies between,
	// with clear differences at both; 0 if one of them is not clear.
	FitFrom int `json:"fit_from,omitempty"`
	FitTo   int `json:"fit_to,omitempty"`
	Blocks  int `json:"blocks"` // of the cell that has the fewest

	line crossingLine
	next int // to Bound, of the numbers measured where nothing can be told
}

// CrossoverKind is what can be told of a pair of arms along a sweep.
type CrossoverKind string

const (
	Crosses   CrossoverKind = "crosses"    // one overtakes the other, once
	TakesLess CrossoverKind = "takes-less" // one takes less wherever a difference can be told
	// One takes less at all numbers measured from Bound on, or up to it, and
	// beyond that no difference can be told.
	TakesLessFrom CrossoverKind = "takes-less-from"
	TakesLessUpTo CrossoverKind = "takes-less-up-to"
	Several       CrossoverKind = "several" // they overtake each other more than once
	CannotTell    CrossoverKind = "untold"  // no difference can be told in any cell
)

// crossingLine is what a crossing was found by: the cost of one arm over that
// of the other is offset + slope·x between two places of the sweep.
type crossingLine struct {
	above, below  string // arms
	offset, slope float64
	from, to      float64 // x
}

const leastCrossing = 3 // of a sweep, for a crossover

// crossingSweep is cells in a closed loop that differ in one of their numbers
// of connections, in the order of x: the connections, or one over the active
// ones, as the cost of a wait is shared by all that are ready. Cells of scenario ctl
// are in sweeps of their own.
type crossingSweep struct {
	scenario string // ctl, or empty
	along    string
	cells    []Cell // one for each x
}

// crosses tells whether a cell may be part of such a sweep. Arms of scenario lookup
// differ in what a message costs as those of any closed loop do.
func crosses(c results.Cell) bool {
	if c.Scenario == results.ScenarioCtl {
		return c.Connections > 0
	}
	return (exchanging(c) || c.Scenario == results.ScenarioLookup && c.Closed()) && c.Active > 0 && c.Connections >= c.Active
}

const alongConnections, alongActive = "connections", "active"

func (sw crossingSweep) x(c results.Cell) float64 {
	if sw.along == alongActive {
		return 1 / float64(c.Active)
	}
	return float64(c.Connections)
}

// number is what the cells of the sweep differ in.
func (sw crossingSweep) number(c results.Cell) int {
	if sw.along == alongActive {
		return c.Active
	}
	return c.Connections
}

// crossingSweeps are those of a run that have places enough. Cells that differ
// in scenario or window only are the same work: one stands for all.
func crossingSweeps(scenarios []Scenario) []crossingSweep {
	var cells []Cell
	for _, sc := range scenarios {
		for _, c := range sc.withoutAbsent().Cells {
			if crosses(c.Cell) {
				cells = append(cells, c)
			}
		}
	}
	var sweeps []crossingSweep
	for _, along := range []string{alongConnections, alongActive} {
		keys := make(map[results.Cell]int) // places in found
		var found []crossingSweep
		for _, c := range cells {
			key := results.Cell{Size: c.Size, SocketBuffers: c.SocketBuffers}
			switch {
			case c.Scenario == results.ScenarioCtl && along == alongActive:
				continue // none is, and none is not
			case c.Scenario == results.ScenarioCtl:
				key.Scenario = c.Scenario
			case along == alongActive:
				key.Connections = c.Connections
			default:
				key.Active = c.Active
			}
			i, known := keys[key]
			if !known {
				i = len(found)
				keys[key] = i
				found = append(found, crossingSweep{scenario: key.Scenario, along: along})
			}
			found[i].cells = append(found[i].cells, c)
		}
		for _, sw := range found {
			sw.cells, _ = oncePerPlace(sw.cells)
			if len(sw.cells) >= leastCrossing {
				slices.SortFunc(sw.cells, func(a, b Cell) int { return cmp.Compare(sw.x(a.Cell), sw.x(b.Cell)) })
				sweeps = append(sweeps, sw)
			}
		}
	}
	return sweeps
}

// armOfCell names the trials of one arm in one cell.
type armOfCell struct {
	cell results.Cell
	arm  string
}

// mostCrossingArms are compared each with each: of more, nobody would read.
const mostCrossingArms = 12

// crossingArms are those that are compared along the sweep.
func (sw crossingSweep) crossingArms() []string { return armNames(withoutControls(sw.cells)) }

// crossovers are those of every two arms along every sweep.
func crossovers(scenarios []Scenario, trials []results.Trial) []Crossover {
	of := make(map[armOfCell][]results.Trial)
	for _, t := range trials {
		key := armOfCell{t.Cell, t.Arm}
		of[key] = append(of[key], t)
	}
	var all []Crossover
	for _, sw := range crossingSweeps(scenarios) {
		names := sw.crossingArms()
		if len(names) > mostCrossingArms {
			continue
		}
		for i, base := range names {
			for _, arm := range names[i+1:] {
				if c, ok := sw.crossover(arm, base, of); ok {
					all = append(all, c)
				}
			}
		}
	}
	return all
}

// crossover is not ok where too few places have blocks enough of both arms.
func (sw crossingSweep) crossover(above, below string, of map[armOfCell][]results.Trial) (Crossover, bool) {
	var x, floors []float64
	var cells []Cell
	var logs [][]float64
	var leftOut []int
	blocks := math.MaxInt
	for _, c := range sw.cells {
		p := c.Primary()
		l := p.BlockLogRatios(of[armOfCell{c.Cell, above}], of[armOfCell{c.Cell, below}])
		if len(l) < leastTests || !c.tells(above, below, l) {
			leftOut = append(leftOut, sw.number(c.Cell))
			continue
		}
		x, cells, logs = append(x, sw.x(c.Cell)), append(cells, c), append(logs, l)
		blocks = min(blocks, len(l))
		if n, ok := c.Noise[p.Metric]; ok {
			floors = append(floors, math.Log1p(n.Floor))
		}
	}
	if len(x) < leastCrossing {
		return Crossover{}, false
	}
	floor := 0.0
	if len(floors) > 0 {
		floor = stats.Median(floors)
	}
	// The ratio is a line where its numerator grows and the other does not.
	if stats.Median(logs[0]) > stats.Median(logs[len(logs)-1]) {
		above, below = below, above
		for _, l := range logs {
			for i := range l {
				l[i] = -l[i]
			}
		}
	}
	found := stats.Crossing(x, logs, confidence, floor)
	first, last := cells[0].Cell, cells[len(cells)-1].Cell
	c := Crossover{
		Scenario: sw.scenario, Along: sw.along, Size: first.Size, SocketBuffers: first.SocketBuffers,
		From: min(sw.number(first), sw.number(last)), To: max(sw.number(first), sw.number(last)),
		Arm: below, Than: above, Blocks: blocks, LeftOut: leftOut,
	}
	slices.Sort(c.LeftOut)
	c.Connections, c.Active = sw.common().Connections, sw.common().Active
	c.conclude(found, x)
	c.place(found, sw, cells)
	return c, true
}

// tells is false of a cell where a block has too few turns for what disturbs
// the machine to cancel, and the difference is not beyond that.
func (c Cell) tells(above, below string, logs []float64) bool {
	a, _ := c.arm(above)
	b, _ := c.arm(below)
	return min(a.Slices, b.Slices) >= fewTurns || math.Abs(stats.Median(logs)) > math.Log1p(fewTurnsEffect)
}

// conclude takes what was found of the ratio of Than to Arm along x.
func (c *Crossover) conclude(found stats.CrossingOf, x []float64) {
	switch found.Kind {
	case stats.Untold:
		c.Kind = CannotTell
	case stats.Several:
		c.Kind = Several
	case stats.Below:
		c.Kind, c.Arm, c.Than = TakesLess, c.Than, c.Arm
	case stats.Above:
		c.Kind = TakesLess
	case stats.Crosses:
		c.Kind = Crosses
		c.line = crossingLine{c.Than, c.Arm, found.Offset, found.Slope, x[found.First], x[found.Last]}
		c.At, c.Low, c.High = found.Estimate, found.Low, found.High
		if c.Along == alongActive {
			c.At, c.Low, c.High = 1/found.Estimate, 1/found.High, 1/found.Low
		}
		if found.Slope < 0 {
			c.Arm, c.Than = c.Than, c.Arm
		}
		c.At, c.Low, c.High = roundTo(c.At, 6), closedEnd(c.Low), closedEnd(c.High)
		// No more can be active than there are.
		if c.Low > 0 && c.Along == alongConnections {
			c.Low = max(c.Low, float64(c.Active))
		}
		if c.Along == alongActive {
			c.High = min(c.High, float64(c.Connections))
		}
	}
}

// place adds at which of the cells, in the order of x, a difference can be told.
func (c *Crossover) place(found stats.CrossingOf, sw crossingSweep, cells []Cell) {
	number := func(i int) int { return sw.number(cells[i].Cell) }
	if c.Kind == Crosses && found.Signs[found.First] != 0 && found.Signs[found.Last] != 0 {
		first, last := number(found.First), number(found.Last)
		c.FitFrom, c.FitTo = min(first, last), max(first, last)
	}
	if c.Kind != TakesLess {
		return
	}
	told := func(sign int) bool { return sign != 0 }
	from := slices.IndexFunc(found.Signs, told)
	to := len(cells) // of the stretch that begins at from and is clear
	if n := slices.Index(found.Signs[from:], 0); n >= 0 {
		to = from + n
	}
	if slices.ContainsFunc(found.Signs[to:], told) {
		return
	}
	bound, next := from, from-1
	switch {
	case from == 0 && to == len(cells):
		c.Everywhere = true
		return
	case from == 0:
		bound, next = to-1, to
	case to < len(cells):
		return
	}
	c.Bound, c.next = number(bound), number(next)
	c.Kind = TakesLessFrom
	if c.next > c.Bound {
		c.Kind = TakesLessUpTo
	}
}

// closedEnd is 0 for an end of an interval that is open.
func closedEnd(v float64) float64 {
	if math.IsInf(v, 0) || math.IsNaN(v) {
		return 0
	}
	return roundTo(v, 6)
}
