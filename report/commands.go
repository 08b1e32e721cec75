package report

import (
	"fmt"
	"slices"
	"strings"

	"muxbench/results"
)

// Command is a command line of a benchmark that the run reproduces, and how
// long what it stands for took.
type Command struct {
	Line      string        `json:"line"`
	Cell      results.Cell  `json:"cell"`
	Reference string        `json:"reference"` // as in the cell; empty if the run has not got there
	Blocks    int           `json:"blocks"`    // of the arm that has the most trials, but for voided ones
	Arms      []CommandTime `json:"arms"`      // of the cell; none if the run has not got there
}

// CommandTime is how long an arm took for a command.
type CommandTime struct {
	Arm string `json:"arm"`
	// Elapsed is over the ok trials, nil without any: the whole window but
	// for warm-up, or in scenarios connect and accept one set-up of all connections.
	Elapsed *Estimate `json:"elapsed_ns,omitempty"`
	// Ratio is of times, to the reference arm, turn by turn. There is none
	// where the time was given, and not the work. The reference has none to
	// itself.
	Ratio *Estimate `json:"ratio_to_reference,omitempty"`
}

// summariseCommands finds the cell of each command. Several may share one.
func summariseCommands(commands []results.Command, scenarios []Scenario) []Command {
	cells := make(map[results.Cell]Cell)
	for _, sc := range scenarios {
		for _, c := range sc.Cells {
			cells[c.Cell] = c
		}
	}
	var all []Command
	for _, command := range commands {
		cell := cells[command.Cell]
		c := Command{Line: command.Line, Cell: command.Cell, Reference: cell.Reference}
		for _, a := range cell.Arms {
			c.Blocks = max(c.Blocks, a.Blocks.Counted())
			c.Arms = append(c.Arms, commandTime(cell.Cell, a))
		}
		all = append(all, c)
	}
	return all
}

func commandTime(c results.Cell, a Arm) CommandTime {
	elapsed, ratio := results.Elapsed, results.Throughput
	switch {
	case c.SetsUp():
		elapsed, ratio = results.ConnectElapsed, results.ConnectElapsed
	case c.Scenario == results.ScenarioChurn:
		ratio = results.ConnectsPerSecond
	}
	t := CommandTime{Arm: a.Name}
	if e, ok := a.Values[elapsed]; ok {
		t.Elapsed = &e
	}
	switch r, ok := a.Ratios[ratio]; {
	case !ok:
	case c.SetsUp():
		t.Ratio = &r.Estimate
	case c.Rounds > 0: // the work is the same, and time is its inverse speed
		inverted := r.inverse()
		t.Ratio = &inverted.Estimate
	}
	return t
}

// inverse keeps to the digits that ratios have.
func inverse(v float64) float64 { return roundTo(1/v, 9) }

// newCommandTable is nil for a run without commands, and for one without
// trials, which has no arms to tell of.
func newCommandTable(s Summary) *table {
	var cells []Cell
	for _, sc := range s.Scenarios {
		cells = append(cells, sc.Cells...)
	}
	arms := armNames(cells)
	if len(s.Commands) == 0 || len(arms) == 0 {
		return nil
	}
	t := table{heading: commandHeading(s.Commands)}
	lines := column{header: "command", left: true, breaks: true}
	for _, c := range s.Commands {
		lines.cells = append(lines.cells, plainText(c.Line))
	}
	t.columns = append(t.columns, lines)
	ratios := commandRatios(s.Commands, arms)
	for i, arm := range arms {
		t.columns = append(t.columns, commandSeconds(s.Commands, arm), ratios[i])
	}
	t.columns = slices.DeleteFunc(t.columns, column.empty)
	return &t
}

// time is what arm took, if the run has got there.
func (c Command) time(arm string) CommandTime {
	if i := slices.IndexFunc(c.Arms, func(t CommandTime) bool { return t.Arm == arm }); i >= 0 {
		return c.Arms[i]
	}
	return CommandTime{Arm: arm}
}

func commandSeconds(commands []Command, arm string) column {
	c := numbers(plainName(arm)+"\ns", 0, commands, func(c Command) number {
		t := c.time(arm)
		if t.Elapsed == nil {
			return number{known: true, hidden: true}
		}
		return number{value: t.Elapsed.Value / 1e9, known: true}
	})
	c.breaks = true
	return c
}

// ratio is of the time of arm to that of the reference. That of the reference
// is one, where there is another to compare it with.
func (c Command) ratio(arm string) (float64, bool) {
	if r := c.time(arm).Ratio; r != nil {
		return r.Value, true
	}
	compared := slices.ContainsFunc(c.Arms, func(t CommandTime) bool { return t.Ratio != nil })
	return 1, compared && arm == c.Reference
}

// commandRatios are columns of ratios, one for each arm, all with as many
// decimals. The last is left out first, but for the reference: its ratio goes
// without saying.
func commandRatios(commands []Command, arms []string) []column {
	var columns []column
	var shown []float64
	for i, arm := range arms {
		c := column{header: "× ref", name: "ratio of " + plainName(arm), rank: i + 1}
		if !slices.ContainsFunc(commands, func(c Command) bool { return c.time(arm).Ratio != nil }) {
			c.rank = len(arms) + 1
		}
		for _, command := range commands {
			if v, ok := command.ratio(arm); ok {
				shown = append(shown, v)
			}
		}
		columns = append(columns, c)
	}
	digits := decimals(shown)
	for i, arm := range arms {
		for _, command := range commands {
			cell := ""
			if v, ok := command.ratio(arm); ok {
				cell = formatNumber(v, digits)
			}
			columns[i].cells = append(columns[i].cells, cell)
		}
	}
	return columns
}

// commandHeading says what the seconds are of, and how to read the ratios.
func commandHeading(commands []Command) string {
	blocks, connects, compared := 0, 0, false
	var references []string
	for _, c := range commands {
		blocks = max(blocks, c.Blocks)
		_, ok := c.ratio(c.Reference)
		compared = compared || ok
		if c.Cell.SetsUp() {
			connects++
		}
		if c.Reference != "" && !slices.Contains(references, c.Reference) {
			references = append(references, c.Reference)
		}
	}
	how := "seconds to complete, in one block"
	if blocks > 1 {
		how = fmt.Sprintf("seconds to complete, median over %d blocks", blocks)
	}
	parts := []string{"commands of the original benchmark: " + how}
	if compared && len(references) == 1 {
		parts = append(parts, "ratio to "+plainName(references[0])+" turn by turn")
	}
	const window, connect = "of the measured window, without warm-up", "from the first connect to the last accept, the median of a block's set-ups"
	switch connects {
	case 0:
		parts = append(parts, "times are "+window)
	case len(commands):
		parts = append(parts, "times are "+connect)
	default:
		parts = append(parts, "times are "+window+", and for connect "+connect)
	}
	cells := make(map[results.Cell]bool)
	for _, c := range commands {
		cells[c.Cell] = true
	}
	if len(cells) < len(commands) {
		parts = append(parts, "what two commands have in common is measured once")
	}
	return strings.Join(parts, "; ")
}
