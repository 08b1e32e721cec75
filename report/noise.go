package report

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"muxbench/results"
)

// Noise is how far two arms that are the same lie apart in a cell, as its
// control arm shows: 0.02 for 2 %.
type Noise struct {
	// Floor is how far from 1 the interval of the control's ratio reaches, or
	// that of its inverse.
	Floor float64 `json:"noise_floor"`
	// Visible is the smallest difference that the cell's blocks show with a
	// probability of 80 %; 0 if it is not known.
	Visible float64 `json:"smallest_visible_effect,omitempty"`
}

// control is the cell's control arm, if it has one.
func (c Cell) control() (Arm, bool) {
	i := slices.IndexFunc(c.Arms, func(a Arm) bool { return a.Control })
	if i < 0 {
		return Arm{}, false
	}
	return c.Arms[i], true
}

// noise is by metric, and empty without a control arm that has enough blocks.
func (c Cell) noise() map[results.Metric]Noise {
	control, _ := c.control()
	all := make(map[results.Metric]Noise)
	for metric, r := range control.Ratios {
		if r.Interval {
			all[metric] = Noise{Floor: r.floor(), Visible: r.Visible}
		}
	}
	return all
}

func (r Ratio) floor() float64 {
	return roundTo(math.Expm1(max(math.Abs(math.Log(r.Low)), math.Abs(math.Log(r.High)))), 9)
}

// identicalArms says below a scenario's table how far apart arms were that are
// the same. It is empty where no arms are compared.
func identicalArms(sc Scenario, varying []dimension) string {
	var quiet []Cell // whose noise is known
	cells, controlled := 0, 0
	for _, c := range sc.Cells {
		if len(c.Arms) < 2 {
			continue
		}
		cells++
		if _, ok := c.control(); ok {
			controlled++
		}
		if len(c.Noise) > 0 {
			quiet = append(quiet, c)
		}
	}
	switch {
	case cells == 0:
		return ""
	case controlled == 0:
		return "No control arm: how far identical arms would differ is not known."
	case len(quiet) == 0:
		return fmt.Sprintf("How far identical arms differ is not known: the control arm has fewer than %d blocks.", leastTests)
	}
	pairings := sc.Cells[0].Pairings()
	slices.Reverse(pairings) // the primary one first
	var parts []string
	for _, p := range pairings {
		quiet := slices.DeleteFunc(slices.Clone(quiet), func(c Cell) bool { _, ok := c.Noise[p.Metric]; return !ok })
		if len(quiet) == 0 {
			continue
		}
		low, high, at := spanOf(quiet, func(c Cell) float64 { return c.Noise[p.Metric].Floor })
		part := phraseIn(sc.Name, p.Metric) + " within " + percents(low, high)
		if len(parts) == 0 && len(quiet) > 1 && percent(low) != percent(high) {
			part = fmt.Sprintf("%s within %s %% (%s) to %s %% (%s)", phraseIn(sc.Name, p.Metric), percent(low), strings.Join(phrases(varying, quiet[at[0]].Cell), ", "),
				percent(high), strings.Join(phrases(varying, quiet[at[1]].Cell), ", "))
		}
		parts = append(parts, part)
	}
	primary := pairings[0].Metric
	visible := slices.DeleteFunc(slices.Clone(quiet), func(c Cell) bool { return c.Noise[primary].Visible == 0 })
	low, high, _ := spanOf(visible, func(c Cell) float64 { return c.Noise[primary].Visible })
	text := "Identical arms: " + enumerate(parts) + " of each other"
	if len(visible) > 0 {
		text += fmt.Sprintf("; the smallest difference in %s that a single comparison here would have shown is %s, with 80 %% probability", metricPhrase(primary), percents(low, high))
	}
	if len(quiet) < cells {
		text += fmt.Sprintf(" (known of %d of %d cells)", len(quiet), cells)
	}
	return text + "."
}

// spanOf is the least and the greatest figure of any cell, and which cells
// have those.
func spanOf(cells []Cell, of func(Cell) float64) (low, high float64, at [2]int) {
	low, high = math.Inf(1), math.Inf(-1)
	for i, c := range cells {
		v := of(c)
		if v < low {
			low, at[0] = v, i
		}
		if v > high {
			high, at[1] = v, i
		}
	}
	return low, high, at
}
