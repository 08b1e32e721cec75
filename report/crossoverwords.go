package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"muxbench/results"
)

// crossoverGroup is crossovers of one sweep that one sentence has room for.
type crossoverGroup struct {
	first Crossover
	pairs []Crossover
	arms  []string // all of which take less than the second of any pair
}

// crossoverLines are sentences about every pair of arms. Those of one sweep
// that say the same are joined.
func crossoverLines(s Summary) []string {
	all := s.Crossovers
	var lines []string
	groups := crossoverGroups(all)
	slices.SortStableFunc(groups, func(a, b crossoverGroup) int {
		return cmp.Or(a.order(all)-b.order(all), len(b.pairs)-len(a.pairs))
	})
	for _, g := range groups {
		c := g.first
		where := c.of(all)
		switch c.Kind {
		case Crosses:
			var parts []string
			for _, p := range g.pairs {
				parts = append(parts, p.crossing())
			}
			if c.Along == alongActive {
				lines = append(lines, fmt.Sprintf("%s, %s takes less than %s", where, plainName(c.Arm), strings.Join(parts, ", and than ")))
			} else {
				lines = append(lines, fmt.Sprintf("%s overtakes %s %s", plainName(c.Arm), enumerate(parts), where))
			}
		case TakesLess, TakesLessFrom, TakesLessUpTo:
			var others []string
			for _, p := range g.pairs {
				others = append(others, plainName(p.Than))
			}
			verb := "takes"
			if len(g.arms) > 1 {
				verb = "take"
			}
			lines = append(lines, c.placed(fmt.Sprintf("%s %s less than %s", enumerate(g.arms), verb, enumerate(others)), c.measured(), where)+c.beyond())
		case Several:
			lines = append(lines, c.placed(fmt.Sprintf("which of %s takes less changes more than once", g.enumerate()), c.ranging(), where))
		default:
			lines = append(lines, c.placed("no difference can be told between "+g.enumerate(), c.ranging(), where))
		}
	}
	for _, sw := range crossingSweeps(s.Scenarios) {
		if n := len(sw.crossingArms()); n > mostCrossingArms {
			lines = append(lines, fmt.Sprintf("where arms overtake each other along %s is not told for %d arms: it is of up to %d", sw.noun(), n, mostCrossingArms))
		}
	}
	return lines
}

// crossoverGroups joins what an arm overtakes, or takes less than, and arms
// that take less than the same others, and pairs of which nothing can be told.
func crossoverGroups(all []Crossover) []crossoverGroup {
	type key struct {
		sweep      results.Cell
		along      string
		from, to   int
		kind       CrossoverKind
		everywhere bool
		bound      int
		leftOut    string
		arm        string
	}
	var groups []crossoverGroup
	index := make(map[key]int)
	var keys []key
	for _, c := range all {
		k := key{c.cell(), c.Along, c.From, c.To, c.Kind, c.Everywhere, c.Bound, c.notCompared(), ""}
		if c.Kind == Crosses || c.Kind.oneTakesLess() {
			k.arm = c.Arm
		}
		i, known := index[k]
		if !known {
			i = len(groups)
			index[k] = i
			groups, keys = append(groups, crossoverGroup{first: c, arms: []string{plainName(c.Arm)}}), append(keys, k)
		}
		groups[i].pairs = append(groups[i].pairs, c)
	}
	var joined []crossoverGroup
	var kept []key
next:
	for i, g := range groups {
		for j := range joined {
			alike := keys[i]
			alike.arm = kept[j].arm
			if g.first.Kind.oneTakesLess() && alike == kept[j] && slices.EqualFunc(g.pairs, joined[j].pairs, func(a, b Crossover) bool { return a.Than == b.Than }) {
				joined[j].arms = append(joined[j].arms, g.arms...)
				continue next
			}
		}
		joined, kept = append(joined, g), append(kept, keys[i])
	}
	return joined
}

// order is by sweep, and what is clear comes first; of that, what says the most.
func (g crossoverGroup) order(all []Crossover) int {
	kinds := []CrossoverKind{Crosses, TakesLess, TakesLessFrom, TakesLessUpTo, Several, CannotTell}
	sweep := slices.IndexFunc(all, func(c Crossover) bool { return c.Along == g.first.Along && c.cell() == g.first.cell() })
	return len(kinds)*sweep + slices.Index(kinds, g.first.Kind)
}

// mostPairs is how many pairs of arms are named before they are counted.
const mostPairs = 6

// enumerate names the pairs of a group.
func (g crossoverGroup) enumerate() string {
	var parts []string
	for _, p := range g.pairs[:min(len(g.pairs), mostPairs)] {
		parts = append(parts, plainName(p.Than)+" and "+plainName(p.Arm))
	}
	if more := len(g.pairs) - len(parts); more > 0 {
		parts = append(parts, plural(more, "other pair", "other pairs"))
	}
	return joined(parts, " and between ")
}

// cell is what the cells of the sweep have in common.
func (c Crossover) cell() results.Cell {
	return results.Cell{Scenario: c.Scenario, Connections: c.Connections, Active: c.Active, Size: c.Size, SocketBuffers: c.SocketBuffers}
}

// of says what the sweep has in common, as far as it tells it from others.
func (c Crossover) of(all []Crossover) string {
	var others []string
	if slices.ContainsFunc(all, func(d Crossover) bool { return d.Scenario == c.Scenario && d.Size != c.Size }) {
		others = append(others, sizePhrase(c.cell()))
	}
	if slices.ContainsFunc(all, func(d Crossover) bool { return d.Scenario == c.Scenario && d.SocketBuffers != c.SocketBuffers }) {
		others = append(others, fmt.Sprintf("socket buffers of %s bytes", formatInt(int64(c.SocketBuffers))))
	}
	where := fmt.Sprintf("when %s are active", formatInt(int64(c.Active)))
	switch {
	case c.Scenario == results.ScenarioCtl:
		where = "in " + results.ScenarioCtl
	case c.Along == alongActive:
		where = fmt.Sprintf("of %s connections", formatInt(int64(c.Connections)))
	case c.Active == 1:
		where = "when 1 is active"
	}
	return strings.Join(append([]string{where}, others...), ", ")
}

// placed puts a sentence together with what was measured and where.
func (c Crossover) placed(sentence, measured, where string) string {
	if c.Along == alongActive {
		return where + ", " + sentence + " " + measured
	}
	return sentence + " " + measured + " " + where
}

// oneTakesLess says that the one arm takes less, without a crossing.
func (k CrossoverKind) oneTakesLess() bool {
	return k == TakesLess || k == TakesLessFrom || k == TakesLessUpTo
}

func (c Crossover) noun() string { return crossingSweep{scenario: c.Scenario, along: c.Along}.noun() }

// noun is what the sweep has different numbers of.
func (sw crossingSweep) noun() string {
	switch {
	case sw.scenario == results.ScenarioCtl:
		return "descriptors"
	case sw.along == alongActive:
		return "active ones"
	}
	return "connections"
}

func (c Crossover) ranging() string {
	return fmt.Sprintf("from %s to %s %s", formatInt(int64(c.From)), formatInt(int64(c.To)), c.noun())
}

// measured is where a difference was told.
func (c Crossover) measured() string {
	switch {
	case c.Kind == TakesLessFrom:
		return fmt.Sprintf("from %s %s on", formatInt(int64(c.Bound)), c.noun())
	case c.Kind == TakesLessUpTo:
		return fmt.Sprintf("up to %s %s", formatInt(int64(c.Bound)), c.noun())
	case c.Everywhere && len(c.LeftOut) > 0:
		return fmt.Sprintf("at every number of %s compared (%s to %s)", c.noun(), formatInt(int64(c.From)), formatInt(int64(c.To)))
	case c.Everywhere:
		return fmt.Sprintf("at every number of %s measured (%s to %s)", c.noun(), formatInt(int64(c.From)), formatInt(int64(c.To)))
	}
	return "wherever a difference can be told " + c.ranging()
}

// beyond is what was found where it was not told that an arm takes less.
func (c Crossover) beyond() string {
	if c.Kind == TakesLess {
		return ": no crossing" + c.notCompared()
	}
	first, last := c.From, c.next
	if c.Kind == TakesLessUpTo {
		first, last = c.next, c.To
	}
	at := formatInt(int64(first))
	if first < last {
		at += " to " + formatInt(int64(last))
	}
	return fmt.Sprintf("; at %s no difference can be told", at) + c.notCompared()
}

// notCompared names what was left out.
func (c Crossover) notCompared() string {
	if len(c.LeftOut) == 0 {
		return ""
	}
	var numbers []string
	for _, n := range c.LeftOut {
		numbers = append(numbers, formatInt(int64(n)))
	}
	return "; not compared for want of blocks or turns: " + enumerate(numbers)
}

// crossing is where Arm overtakes Than, after the name of that.
func (c Crossover) crossing() string {
	than := plainName(c.Than)
	if c.Along == alongActive {
		return than + " while " + c.share()
	}
	fewest, most := formatInt(int64(c.From)), formatInt(int64(c.To))
	switch {
	case c.Low == 0 && c.High == 0:
		return than + " at a number of " + c.noun() + " that cannot be told"
	case c.Low == 0:
		return fmt.Sprintf("%s at or below %s %s (95 %%; the fewest measured are %s)", than, crossingNumber(c.High), c.noun(), fewest)
	case c.High == 0:
		return fmt.Sprintf("%s at or above %s %s (95 %%; the most measured are %s)", than, crossingNumber(c.Low), c.noun(), most)
	}
	return fmt.Sprintf("%s at %s %s (95 %%: %s to %s%s)", than, crossingNumber(c.At), c.noun(), crossingNumber(c.Low), crossingNumber(c.High), c.fitted())
}

// fitted is between which numbers the crossing was found.
func (c Crossover) fitted() string {
	if c.FitFrom == 0 {
		return ""
	}
	return fmt.Sprintf("; measured at %s and %s", formatInt(int64(c.FitFrom)), formatInt(int64(c.FitTo)))
}

// share is how many may be active for Arm to take less.
func (c Crossover) share() string {
	all := c.High == 0 || c.High >= float64(c.Connections)
	switch {
	case c.Low == 0 && all:
		return "fewer are active than can be told"
	case c.Low == 0:
		return fmt.Sprintf("fewer are active than some number up to %s (95 %%; the fewest measured are %s)", crossingNumber(c.High), formatInt(int64(c.From)))
	case all:
		return fmt.Sprintf("fewer than %s (95 %%: %s up to all%s), %s %%, are active", crossingNumber(c.At), crossingNumber(c.Low), c.fitted(), percent(c.At/float64(c.Connections)))
	}
	return fmt.Sprintf("fewer than %s (95 %%: %s to %s%s), %s %%, are active", crossingNumber(c.At), crossingNumber(c.Low), crossingNumber(c.High), c.fitted(), percent(c.At/float64(c.Connections)))
}

// crossingNumber has no more digits than a crossing can be known to.
func crossingNumber(v float64) string {
	v = roundTo(v, 3)
	if v < 10 {
		return formatNumber(v, 1)
	}
	return formatNumber(v, 0)
}

// crossoverCaveat says what sentences about crossings stand on; empty without
// any.
func crossoverCaveat(all []Crossover) string {
	if len(all) == 0 {
		return ""
	}
	text := " Along a sweep, a difference counts where Student's t tells it at 5 %, after Benjamini–Hochberg over the sweep's cells, and it is beyond that of identical arms, the median over cells."
	if slices.ContainsFunc(all, func(c Crossover) bool { return c.Kind == Crosses }) {
		text += " A crossing is where a line through the ratios around it, against connections or one over the active ones, passes 1; its interval is Fieller's, which does not allow for a ratio that bends."
	}
	if slices.ContainsFunc(all, func(c Crossover) bool { return c.Kind == TakesLessFrom || c.Kind == TakesLessUpTo }) {
		text += " A number from which on, or up to which, an arm takes less is one that was measured, and no crossing."
	}
	return text
}
