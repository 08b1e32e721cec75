package report

import (
	"math"
	"slices"

	"muxbench/results/stats"
)

// CostFit says that a wait costs Fixed + PerWatched × watched + PerReady ×
// ready ns: of the server's CPU or, in scenario chain, of the time that the one
// process takes. It is fitted to one value of each cell, the geometric mean over
// the blocks, each weighted so that relative errors count; intervals are by
// jackknife over the blocks.
type CostFit struct {
	Fixed      Estimate `json:"fixed_ns"`
	PerWatched Estimate `json:"ns_per_watched"` // connection
	PerReady   Estimate `json:"ns_per_ready"`   // event that a wait returned
	Watched    Span     `json:"watched"`        // as far as was measured
	Ready      Span     `json:"ready"`
	// Growth is what the greatest number watched adds to the cost at the least,
	// with the median number ready: 0.1 for 10 %. It is nil, and Scaling
	// undetermined, where a fit has no cost above zero at the least.
	Growth *Estimate `json:"growth,omitempty"`
	// GrowthWithin is its 90 % interval, which two one-sided tests at 5 % ask for.
	GrowthWithin *Span   `json:"growth_90,omitempty"`
	Scaling      Scaling `json:"scaling"`
	Misfit       Misfit  `json:"misfit"`
}

// Scaling is whether the cost of a wait grows with the descriptors watched.
type Scaling string

const (
	Scales       Scaling = "scales"       // by more than flatWithin over the range measured, and surely
	Flat         Scaling = "flat"         // within flatWithin, by two one-sided tests at 5 %
	Undetermined Scaling = "undetermined" // neither can be told
)

// leastScatter is how far a cell may be from the model where nothing is wrong: what
// a message costs depends on more than the two numbers.
const leastScatter = 0.05

// flatWithin is the growth over the whole range that is taken for none, and
// the misfit of a model that is taken for none.
const flatWithin = 0.1

// Misfit is where a cell lies farthest from the fit, and what the fit has
// for a constant.
type Misfit struct {
	Connections int `json:"connections"`
	Active      int `json:"active"`
	// Deviation is how much of the cost measured there the fit lacks, the
	// median over blocks: 0.3 for 30 %, and negative where it is above.
	Deviation float64 `json:"deviation"`
	// Slopes are between neighbouring numbers of connections, of the same
	// active ones, where there are the most such neighbours; only of a fit that
	// deviates by more than flatWithin, and among those.
	Slopes []LocalSlope `json:"slopes,omitempty"`
}

// LocalSlope is what one more watched connection adds between two numbers of
// them, with as many ready, in ns.
type LocalSlope struct {
	From       int     `json:"from"`
	To         int     `json:"to"`
	PerWatched float64 `json:"ns_per_watched"`
}

// costs are the coefficients of a fit.
type costs struct{ fixed, perWatched, perReady float64 }

func (c costs) at(watched, ready float64) float64 {
	return c.fixed + c.perWatched*watched + c.perReady*ready
}

// mostCostGroups bounds the refits of a long run: beyond it, blocks are left
// out in so many groups.
const mostCostGroups = 30

// fitCosts is nil, and says what is missing, where rows carry no fit.
func fitCosts(rows []costRow) (fit *CostFit, missing string) {
	blocks := blocksOf(rows)
	groups := make(map[int]int, len(blocks))
	for i, b := range blocks {
		groups[b] = i % mostCostGroups
	}
	places := costPlaces(rows)
	fits := make(map[int]costs)
	for without := -1; without < min(len(blocks), mostCostGroups); without++ {
		c, ok := fitWithout(rows, places, groups, without)
		if !ok {
			return nil, "numbers watched and ready do not vary enough, or not in enough blocks"
		}
		fits[without] = c
	}
	var ready []float64
	f := &CostFit{Watched: Span{rows[0].watched, rows[0].watched}, Ready: Span{rows[0].ready, rows[0].ready}}
	for _, r := range rows {
		ready = append(ready, r.ready)
		f.Watched, f.Ready = f.Watched.with(Span{r.watched, r.watched}), f.Ready.with(Span{r.ready, r.ready})
	}
	middle := stats.Median(ready)
	interval := func(confidence float64, of func(costs) float64) (Estimate, bool) {
		i := stats.Jackknife(len(fits)-1, confidence, func(without int) float64 { return of(fits[without]) })
		e := Estimate{roundTo(i.Estimate, 6), roundTo(i.Low, 6), roundTo(i.High, 6), true, len(blocks)}
		return e, !math.IsNaN(i.Low) && !math.IsInf(i.High-i.Low, 0)
	}
	growth := func(c costs) float64 {
		if least := c.at(f.Watched.Low, middle); least > 0 {
			return c.perWatched * (f.Watched.High - f.Watched.Low) / least
		}
		return math.NaN()
	}
	var ok [3]bool
	f.Fixed, ok[0] = interval(confidence, func(c costs) float64 { return c.fixed })
	f.PerWatched, ok[1] = interval(confidence, func(c costs) float64 { return c.perWatched })
	f.PerReady, ok[2] = interval(confidence, func(c costs) float64 { return c.perReady })
	if slices.Contains(ok[:], false) {
		return nil, "without one of the blocks, nothing is left that could be told"
	}
	if g, ok := interval(confidence, growth); ok {
		within, _ := interval(1-2*significant, growth)
		f.Growth, f.GrowthWithin = &g, &Span{within.Low, within.High}
	}
	f.Scaling = f.scaling()
	f.Misfit = misfit(rows, fits[-1])
	return f, ""
}

// fitWithout is the fit to all groups of blocks but one. It has a row for each
// place, of means over blocks: relative residuals of single blocks, of which those
// that are low by chance count for more, would have it too low.
//
// Means are of what one ready descriptor costs, T/ready = fixed/ready +
// perWatched·watched/ready + perReady, which differs little between blocks: their
// waits may find 2 descriptors ready in one and 50 in another, and only what is
// linear in what it is averaged with may be averaged.
func fitWithout(rows []costRow, places []place, groups map[int]int, without int) (costs, bool) {
	var x [][]float64
	var y []float64
	for _, p := range places {
		var blocks, waits, ns float64 // the latter two for each ready one
		for _, r := range rows {
			if r.place() == p && groups[r.block] != without {
				blocks, waits, ns = blocks+1, waits+1/r.ready, ns+r.ns/r.ready
			}
		}
		if blocks > 0 {
			waits /= blocks
			x = append(x, []float64{waits, waits * float64(p.connections), 1})
			y = append(y, ns/blocks)
		}
	}
	c, ok := stats.RelativeFit(x, y, leastScatter)
	if !ok {
		return costs{}, false
	}
	return costs{c[0], c[1], c[2]}, true
}

func (f CostFit) scaling() Scaling {
	switch {
	case f.Growth == nil:
		return Undetermined
	case f.PerWatched.Low > 0 && f.Growth.Value > flatWithin:
		return Scales
	case f.GrowthWithin.Low >= -flatWithin && f.GrowthWithin.High <= flatWithin:
		return Flat
	}
	return Undetermined
}

func misfit(rows []costRow, c costs) Misfit {
	var m Misfit
	worst := -1.0
	places := costPlaces(rows)
	for _, p := range places {
		d := overBlocks(rows, p, func(r costRow) float64 { return (r.ns - c.at(r.watched, r.ready)) / r.ns })
		if math.Abs(d) > worst {
			worst = math.Abs(d)
			m = Misfit{Connections: p.connections, Active: p.active, Deviation: roundTo(d, 6)}
		}
	}
	if slopes, active := localSlopes(rows, places, c); worst > flatWithin && active == m.Active {
		m.Slopes = slopes
	}
	return m
}

// overBlocks is the median of a figure over the blocks of a place.
func overBlocks(rows []costRow, at place, of func(costRow) float64) float64 {
	var values []float64
	for _, r := range rows {
		if r.place() == at {
			values = append(values, of(r))
		}
	}
	return stats.Median(values)
}

// localSlopes leave out what differs with the number ready, by the fit. They
// are of that number of active connections. Numbers of connections between which
// less than flatWithin is added are joined with the next: that is mostly noise.
func localSlopes(rows []costRow, places []place, c costs) (longest []LocalSlope, active int) {
	most := 0
	for len(places) > 0 {
		n := 1
		for n < len(places) && places[n].active == places[0].active {
			n++
		}
		if n > most {
			most, active = n, places[0].active
			longest = slopesAlong(rows, places[:n], c)
		}
		places = places[n:]
	}
	return longest, active
}

// slopesAlong are those between places that differ in connections.
func slopesAlong(rows []costRow, places []place, c costs) []LocalSlope {
	var all []LocalSlope
	from := places[0]
	for i, to := range places[1:] {
		ns := func(at place) float64 {
			return overBlocks(rows, at, func(r costRow) float64 { return r.ns - c.perReady*r.ready })
		}
		added := ns(to) - ns(from)
		whole := overBlocks(rows, from, func(r costRow) float64 { return r.ns })
		if math.Abs(added) < flatWithin*whole && i < len(places)-2 {
			continue
		}
		all = append(all, LocalSlope{
			From: from.connections, To: to.connections,
			PerWatched: roundTo(added/float64(to.connections-from.connections), 6),
		})
		from = to
	}
	return all
}
