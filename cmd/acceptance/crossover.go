//go:build linux

package main

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"muxbench/results/stats"
)

// leastAlike is the share of runs that are to say the same.
const leastAlike = 0.9

// crosses is the kind of a crossover where one arm overtakes the other, once.
const crosses = "crosses"

func crossover() claim {
	return claim{
		name: "crossover", wanted: 10, takes: "2 min",
		question: "do runs find the same crossovers, and give the same verdicts?",
		steps:    fixed(step{args: words("overview"), report: true}),
		judge:    judgeCrossover,
	}
}

// reports are those of the runs, repetition by repetition.
func (c collected) reports(name string) []*reported {
	var all []*reported
	for _, steps := range c.repetitions {
		for _, m := range steps {
			if m.step.name == name && m.report != nil {
				all = append(all, m.report)
			}
		}
	}
	return all
}

func judgeCrossover(done collected) []finding {
	runs := done.reports("")
	var order []crossed // without what was found
	of := make(map[crossed][]crossed)
	for _, r := range runs {
		for _, c := range r.Crossovers {
			key := c.pair()
			if len(of[key]) == 0 {
				order = append(order, key)
			}
			of[key] = append(of[key], c)
		}
	}
	var all []finding
	for _, key := range order {
		all = append(all, judgePair(key, of[key], len(runs), done.want))
	}
	return append(all, judgeVerdicts(runs, done.want)...)
}

// pair is what the same crossover has in common in all runs: which arm overtakes
// which is what was found.
func (c crossed) pair() crossed {
	return crossed{Along: c.Along, Connections: c.Connections, Active: c.Active, Size: c.Size, Buffers: c.Buffers, Arm: min(c.Arm, c.Than), Than: max(c.Arm, c.Than)}
}

// covers tells whether a number lies within the interval, of which an end that
// is beyond what was measured is 0.
func (c crossed) covers(at float64) bool {
	return c.Kind == crosses && c.Low <= at && (c.High == 0 || at <= c.High)
}

// judgePair requires the intervals of most runs to include the median of all
// estimates, if most runs find a crossing. One that finds none, or the other way
// round, does not include it.
func judgePair(key crossed, found []crossed, runs, want int) finding {
	f := finding{what: fmt.Sprintf("%s and %s, %s", key.Arm, key.Than, key.sweep())}
	kinds := make([]string, len(found))
	for i, c := range found {
		kinds[i] = c.Kind
		if c.Kind != "untold" {
			kinds[i] = c.Arm + " " + c.Kind
		}
	}
	kind, alike := mostCommon(kinds)
	same := slices.DeleteFunc(slices.Clone(found), func(c crossed) bool {
		return c.Kind != crosses || c.Arm+" "+c.Kind != kind || c.At == 0
	})
	if 2*len(same) <= runs {
		f.measured = fmt.Sprintf("%s in %d of %d", kind, alike, runs)
		return f
	}
	slices.SortFunc(same, func(a, b crossed) int { return cmp.Compare(a.At, b.At) })
	estimates := make([]float64, len(same))
	for i, c := range same {
		estimates[i] = c.At
	}
	middle, within, covering, openEnded := same[(len(same)-1)/2], 0, 0, 0
	at := stats.Median(estimates)
	for _, c := range same {
		if c.covers(at) {
			covering++
			if c.Low == 0 || c.High == 0 {
				openEnded++
			}
		}
		if middle.covers(c.At) {
			within++
		}
	}
	wanted := max(runs, want)
	least := int(math.Ceil(leastAlike * float64(wanted)))
	f.required = fmt.Sprintf("%d of %d intervals include the median", least, wanted)
	f.measured = fmt.Sprintf("%d of %d, %d of them with an end beyond what was measured; %d estimates lie in the median run's; %s in %d, at %.0f in the median, from %.0f to %.0f",
		covering, runs, openEnded, within, kind, alike, at, estimates[0], estimates[len(estimates)-1])
	f.holds = covering >= least-(wanted-runs)
	f.certain = runs-covering > wanted-least
	return f
}

// sweep is what the crossover lies along.
func (c crossed) sweep() string {
	others := fmt.Sprintf("%d active", c.Active)
	if c.Connections > 0 {
		others = fmt.Sprintf("%d connections", c.Connections)
	}
	return fmt.Sprintf("along %s, with %s, %d bytes", c.Along, others, c.Size)
}

// judgeVerdicts tells how often runs agree on which arms took the least, and
// requires most runs to do so everywhere.
func judgeVerdicts(runs []*reported, want int) []finding {
	verdicts := make(map[string][]string)
	var order []string
	for _, r := range runs {
		for _, sc := range r.Scenarios {
			for _, c := range sc.Cells {
				name := named(c.Cell)
				if len(verdicts[name]) == 0 {
					order = append(order, name)
				}
				verdicts[name] = append(verdicts[name], c.Verdict.String())
			}
		}
	}
	if len(order) == 0 {
		return nil
	}
	var all []finding
	usual := make(map[string]string)
	for _, name := range order {
		verdict, alike := mostCommon(verdicts[name])
		usual[name] = verdict
		all = append(all, finding{what: name + ": the least", measured: fmt.Sprintf("%s in %d of %d", verdict, alike, len(runs))})
	}
	whole := 0
	for _, r := range runs {
		var other []string
		for _, sc := range r.Scenarios {
			for _, c := range sc.Cells {
				if name := named(c.Cell); c.Verdict.String() != usual[name] {
					other = append(other, name)
				}
			}
		}
		if len(other) == 0 {
			whole++
		}
	}
	wanted := max(len(runs), want)
	least := int(math.Ceil(leastAlike * float64(wanted)))
	return append(all, finding{
		what: "all verdicts are the most common ones", required: fmt.Sprintf("in %d of %d", least, wanted),
		measured: fmt.Sprintf("in %d of %d", whole, len(runs)),
		holds:    whole >= least-(wanted-len(runs)), certain: len(runs)-whole > wanted-least,
	})
}

// mostCommon is the text that there is the most of, the first of equals in the
// alphabet, and of how many.
func mostCommon(texts []string) (text string, n int) {
	counts := make(map[string]int)
	for _, t := range texts {
		counts[t]++
	}
	for t, c := range counts {
		if c > n || c == n && t < text {
			text, n = t, c
		}
	}
	return text, n
}
