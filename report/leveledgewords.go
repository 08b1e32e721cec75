package report

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"muxbench/results"
)

// words are the verdict: of server CPU, which is taken, or of a latency, which is
// low or high.
func (l LevelOrEdge) words() string {
	takes, less, more := "takes ", " less", " more"
	if l.Metric.Percentile() > 0 {
		takes, less, more = "", " lower", " higher"
	}
	if l.Verdict == TooFewBlocks {
		return fmt.Sprintf("too few blocks to say (%d are needed)", leastTests)
	}
	if l.Verdict == LeftOut {
		return "left out: " + l.Why
	}
	r := l.Ratio
	low, high := math.Abs(r.Low-1), math.Abs(r.High-1)
	digits := shareDigits(low, high)
	beside := func(v float64) string {
		switch text := sharePercent(math.Abs(v-1), digits); {
		case text == sharePercent(0, digits):
			return "0 %"
		case v < 1:
			return text + less
		default:
			return text + more
		}
	}
	bound := "no difference above " + percent(equivalence) + " %"
	switch l.Verdict {
	case Equivalent:
		return bound + " (" + beside(r.Low) + " to " + beside(r.High) + ")"
	case WithinNoise:
		return "no difference beyond what identical servers show (" + percent(l.cell.Noise[l.Metric].Floor) + " %): " + beside(r.Low) + " to " + beside(r.High)
	case Less, More:
		return takes + beside(r.Value) + " (" + formatNumber(100*min(low, high), digits) + " to " + sharePercent(max(low, high), digits) + ")" + unless(!l.WithinBound, ", "+bound)
	case LostInNoise:
		off := math.Abs(l.Control.Value - 1)
		return "cannot be told: identical servers differ by " + sharePercent(off, shareDigits(off)) + " here"
	}
	leaves := r.High < 1 || r.Low > 1 // 1, and yet among so many comparisons some will
	return "cannot be told: between " + beside(r.Low) + " and " + beside(r.High) + unless(!leaves, " (adjusted p = "+formatP(r.PAdjusted)+")")
}

// shareDigits is how many digits behind the point shares want as per cent: one, and
// more where the least of them would be nothing. Of multiples, nobody wants any.
func shareDigits(shares ...float64) int {
	const least, most = 1, 3
	if slices.Min(shares) >= 1 {
		return 0
	}
	digits := least
	for _, s := range shares {
		for s > 0 && digits < most && 100*s < 0.5*math.Pow10(-digits) {
			digits++
		}
	}
	return digits
}

func sharePercent(share float64, digits int) string { return formatNumber(100*share, digits) + " %" }

// levelLines are the verdicts, one line for each workload and arm.
func levelLines(all []LevelOrEdge) []string {
	var lines []string
	for _, l := range all {
		if l.Metric == results.ServerCPUPerMessage {
			lines = append(lines, l.workload+", "+plainName(l.Arm)+": "+l.words())
		} else { // follows that of server CPU
			lines[len(lines)-1] += "; " + metricPhrase(l.Metric) + ": " + l.words()
		}
	}
	return lines
}

// ofCPU leaves out latencies.
func ofCPU(all []LevelOrEdge) []LevelOrEdge {
	return slices.DeleteFunc(slices.Clone(all), func(l LevelOrEdge) bool { return l.Metric != results.ServerCPUPerMessage })
}

// levelArms are the names of arms compared, in the order of the run.
func levelArms(all []LevelOrEdge) []string {
	var names []string
	for _, l := range all {
		if !slices.Contains(names, l.Arm) {
			names = append(names, l.Arm)
		}
	}
	return names
}

// levelCounts are sentences, one for each arm, that count what was said of its
// server CPU.
func levelCounts(all []LevelOrEdge) []string {
	all = ofCPU(all)
	var sentences []string
	for _, arm := range levelArms(all) {
		of := slices.DeleteFunc(slices.Clone(all), func(l LevelOrEdge) bool { return l.Arm != arm })
		with := func(verdicts ...LevelVerdict) []LevelOrEdge {
			return slices.DeleteFunc(slices.Clone(of), func(l LevelOrEdge) bool { return !slices.Contains(verdicts, l.Verdict) })
		}
		out := len(with(LeftOut))
		if out == len(of) {
			sentences = append(sentences, fmt.Sprintf("%s could be compared in none of %s.", triggering(of[0]), plural(out, "workload", "workloads")))
			continue
		}
		var parts []string
		count := func(before string, found []LevelOrEdge, after string) {
			if len(found) > 0 {
				parts = append(parts, fmt.Sprintf("%s%d%s", before, len(found), after))
			}
		}
		less, more := with(Less), with(More)
		count("takes less in ", less, whichWorkloads(less))
		count("takes more in ", more, whichWorkloads(more))
		bound := percent(equivalence) + " %"
		count("shows no difference above "+bound+" in ", with(Equivalent), "")
		count("shows none beyond that of identical servers in ", with(WithinNoise), "")
		count("cannot be told apart in ", with(Undecided, LostInNoise), "")
		count("has too few blocks in ", with(TooFewBlocks), "")
		text := fmt.Sprintf("Of %s, %s %s", plural(len(of)-out, "comparison", "comparisons"), triggering(of[0]), enumerate(parts))
		if out > 0 {
			text += "; " + plural(out, "workload is", "workloads are") + " left out"
		}
		sentences = append(sentences, text+".")
	}
	return sentences
}

// triggering names an arm with what its backend stands for.
func triggering(l LevelOrEdge) string {
	if l.Backend == oneShot {
		return plainName(l.Arm) + " (one-shot)"
	}
	return plainName(l.Arm) + " (edge-triggered)"
}

// whichWorkloads names those of differences, as far as a sentence carries them, and
// says how many of them are small.
func whichWorkloads(of []LevelOrEdge) string {
	const most = 3
	var names []string
	small := 0
	for _, l := range of {
		if l.WithinBound {
			small++
		}
		if len(names) < most {
			names = append(names, l.workload)
		}
	}
	text := strings.Join(names, "; ")
	if more := len(of) - most; more > 0 {
		text += fmt.Sprintf("; and %d more", more)
	}
	if small > 0 {
		text += fmt.Sprintf("; by no more than %s %% in %d of them", percent(equivalence), small)
	}
	return " (" + text + ")"
}
