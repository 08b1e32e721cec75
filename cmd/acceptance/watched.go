//go:build linux

package main

import (
	"cmp"
	"fmt"

	"muxbench/results/stats"
)

// mostUnlike is how far the cost of a watched descriptor may be from that in
// another workload.
const mostUnlike = 0.1

// watched has the same numbers of descriptors watched and ready in a server that
// few of many connections talk to, and in the chain, where one process does all.
func watched() claim {
	const common = " -c 100,300,1k,3k -a 1,100 -b poll,select -n 10 --no-control"
	return claim{
		name: "watched", wanted: 6, takes: "5 min",
		question: "does a watched descriptor cost the same in idle and in chain?",
		steps: fixed(
			step{name: "idle", args: words("idle -s 64 -d 200ms" + common), report: true},
			step{name: "chain", args: words("chain -r 1000" + common), report: true},
		),
		judge: judgeWatched,
	}
}

// judgeWatched compares the two runs of each repetition. Idle's cost is the
// server's CPU time, and chain's the time that its process takes.
func judgeWatched(done collected) []finding {
	idle, chain := done.reports("idle"), done.reports("chain")
	var all []finding
	for _, arm := range []string{"poll", "select"} {
		var ratios, idles, chains []float64
		why := "no run of both is complete"
		runs := min(len(idle), len(chain))
		for i := range runs {
			a, noIdle := idle[i].perWatched(arm)
			b, noChain := chain[i].perWatched(arm)
			if r, ok := stats.LogRatio(b, a); ok {
				ratios, idles, chains = append(ratios, r), append(idles, a), append(chains, b)
				continue
			}
			why = cmp.Or(noIdle, noChain, fmt.Sprintf("%.2f ns in idle, %.2f in chain", a, b))
		}
		what := arm + ": ns per watched descriptor, chain over idle"
		if len(ratios) == 0 {
			all = append(all, finding{what: what, required: "within " + percent(mostUnlike), measured: "no run can tell: " + why})
			continue
		}
		f := agreed(what, mostUnlike, ratios)
		f.measured += fmt.Sprintf("; medians %.2f and %.2f ns", stats.Median(chains), stats.Median(idles))
		if len(ratios) < runs {
			f.open = true
			f.measured += fmt.Sprintf("; %d of %d cannot tell: %s", runs-len(ratios), runs, why)
		}
		all = append(all, f)
	}
	return all
}

// perWatched is what an arm's cost model says of a watched descriptor, in ns, or
// why there is none.
func (r *reported) perWatched(arm string) (ns float64, missing string) {
	for _, c := range r.Costs {
		if c.Arm == arm && c.Fit != nil {
			return c.Fit.PerWatched.Value, ""
		}
		if c.Arm == arm {
			return 0, c.Missing
		}
	}
	return 0, "there is no cost model of " + arm
}
