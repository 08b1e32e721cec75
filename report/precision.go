package report

import (
	"fmt"
	"math"
	"strings"
)

// Imprecise says in which cells the precision that was asked for was not
// reached, and by which arms. It is empty if it was everywhere, or none was
// asked for.
func (s Summary) Imprecise() []string {
	if s.Run.Precision <= 0 {
		return nil
	}
	var all []string
	for _, sc := range s.Scenarios {
		varying, _ := splitDimensions(sc.Cells)
		for _, c := range sc.Cells {
			var short []string
			for _, a := range c.Arms {
				if how := a.imprecise(c, s.Run.Precision); how != "" {
					short = append(short, plainName(a.Name)+" "+how)
				}
			}
			if len(short) > 0 {
				where := append([]string{plainName(sc.Name)}, phrases(varying, c.Cell)...)
				all = append(all, strings.Join(where, ", ")+": "+strings.Join(short, ", "))
			}
		}
	}
	return all
}

// imprecise is how wide the interval of an arm's ratio to the reference is, if
// that is too wide. An arm that never had a value is not waited for, nor one
// that has none to compare.
func (a Arm) imprecise(c Cell, precision float64) string {
	if a.Control || c.Reference == "" || a.Name == c.Reference || a.Blocks.OK == 0 {
		return ""
	}
	primary := c.Primary().Metric
	if a.incomparable(primary) {
		return ""
	}
	if reference, _ := c.arm(c.Reference); reference.incomparable(primary) {
		return "has no " + metricPhrase(primary) + " of " + plainName(c.Reference) + " to compare with"
	}
	r := a.Ratios[primary]
	if r == nil || !r.Interval {
		return "has too few blocks"
	}
	// The measuring side compares logarithms too: an interval of ratios is not
	// symmetric.
	if half := math.Log(r.High/r.Low) / 2; half > math.Log1p(precision)*(1+1e-6) {
		return "±" + percent(math.Expm1(half)) + " %"
	}
	return ""
}

// precision says whether the precision that was asked for was reached; empty
// if none was.
func (s Summary) precision() []string {
	if s.Run.Precision <= 0 || len(s.Scenarios) == 0 {
		return nil
	}
	within := "±" + percent(s.Run.Precision) + " %"
	short := s.Imprecise()
	if len(short) == 0 {
		return []string{"Precision: every ratio of " + s.primaries() + " is within " + within + "."}
	}
	shown := short[:min(len(short), maxNotes)]
	lines := []string{fmt.Sprintf("Precision: %s was not reached in %s:", within, plural(len(short), "cell", "cells"))}
	for _, text := range shown {
		lines = append(lines, "! "+text)
	}
	if more := len(short) - len(shown); more > 0 {
		lines = append(lines, fmt.Sprintf("! and %d cells more: see --format json", more))
	}
	return lines
}

// primaries are the metrics that the run's scenarios are judged by.
func (s Summary) primaries() string {
	var all []string
	said := make(map[string]bool)
	for _, sc := range s.Scenarios {
		if text := metricPhrase(sc.Cells[0].Primary().Metric); !said[text] {
			said[text] = true
			all = append(all, text)
		}
	}
	return enumerate(all)
}
