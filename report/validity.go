package report

import (
	"fmt"
	"slices"
	"strings"

	"muxbench/results"
)

// Flag is a validity flag and the number of trials that carry it.
type Flag struct {
	Text   string `json:"flag"` // the name of a results.Check, or a sentence
	Blocks int    `json:"blocks"`
	// Figures are those that the check is of, over these trials.
	Figures map[results.Metric]Span `json:"figures,omitempty"`
}

// Span is from the least to the greatest of some figures.
type Span struct {
	Low  float64 `json:"low"`
	High float64 `json:"high"`
}

func (s Span) with(t Span) Span { return Span{min(s.Low, t.Low), max(s.High, t.High)} }

// and is a flag of the trials of both. Their texts are the same.
func (f Flag) and(g Flag) Flag {
	both := Flag{Text: f.Text, Blocks: f.Blocks + g.Blocks}
	for _, figures := range []map[results.Metric]Span{f.Figures, g.Figures} {
		for m, s := range figures {
			if both.Figures == nil {
				both.Figures = make(map[results.Metric]Span)
			}
			if t, ok := both.Figures[m]; ok {
				s = s.with(t)
			}
			both.Figures[m] = s
		}
	}
	return both
}

// flag notes what a trial carries.
func (a *Arm) flag(t results.Trial) {
	for _, text := range t.Validity {
		f := Flag{Text: text, Blocks: 1}
		for _, of := range wordingOfCheck(text).figures {
			if v, ok := figure(t, of.metric); ok {
				f = f.and(Flag{Figures: map[results.Metric]Span{of.metric: {v, v}}})
			}
		}
		f.Text = text
		if i := slices.IndexFunc(a.Flags, func(g Flag) bool { return g.Text == text }); i >= 0 {
			a.Flags[i] = a.Flags[i].and(f)
		} else {
			a.Flags = append(a.Flags, f)
		}
	}
}

// checkWording is how a check that did not hold is put.
type checkWording struct {
	figures []checkFigure
	words   func(spans []string) string // of all figures, each written out
	partly  bool                        // words do without those that are not known, and get "" for them
}

type checkFigure struct {
	metric results.Metric
	unit   func(Span) string
}

// wordingOfCheck has no words for a name that it does not know.
func wordingOfCheck(name string) checkWording {
	one := func(m results.Metric, unit func(Span) string, format string) checkWording {
		return checkWording{figures: []checkFigure{{m, unit}}, words: func(s []string) string { return fmt.Sprintf(format, s[0]) }}
	}
	shares := func(s Span) string { return percents(s.Low, s.High) }
	counts := func(s Span) string { return fromTo(s.Low, s.High, 0) }
	switch results.Check(name) {
	case results.CheckSteal:
		return one(results.StealShare, shares, "steal time above "+percent(results.StealFlagged)+" %% (%s)")
	case results.CheckSpeed:
		return one(results.SpeedChange, shares, "the speed of a CPU changed by %s within a block")
	case results.CheckThrottled:
		return one(results.Throttled, durations, "a CPU quota stopped the processes (for %s)")
	case results.CheckQueue:
		return one(results.ServerQueueShare, shares, "the server was ready and had no CPU (%s of the time)")
	case results.CheckSwitches:
		return one(results.ServerSwitches, counts, fmt.Sprintf("the server's CPU was taken away more than %g times a second (%%s times a trial)", results.SwitchesFlagged))
	case results.CheckListen:
		return one(results.ListenDrops, counts, "listen queue overflowed (%s drops)")
	case results.CheckRetransmits:
		return one(results.RetransmittedShare, shares, "segments were sent again (%s of all)")
	case results.CheckDrift:
		return one(results.Drift, shares, "the window drifted (its last third differs from its first by %s)")
	case results.CheckClientBound:
		return checkWording{figures: []checkFigure{{results.LoadBusyShare, shares}, {results.ServerBusyShare, shares}}, words: func(s []string) string {
			return fmt.Sprintf("the load generator was the bottleneck (%s busy, the server %s): throughput is not the server's, CPU per message is", s[0], s[1])
		}}
	case results.CheckSaturated:
		return saturatedWording()
	case results.CheckLag:
		return one(results.LagP99, durations, "the load generator was late (p99 of send lag %s, more than "+percent(results.LagFlagged)+" %% of p99 latency): latencies are partly its own")
	case results.CheckSLO:
		return missedWording()
	case results.CheckSLOUnconfirmed:
		return unconfirmedWording()
	}
	return checkWording{}
}

// String is the flag in words, with the name of the check where a figure is
// not known.
func (f Flag) String() string {
	wording := wordingOfCheck(f.Text)
	var spans []string
	for _, of := range wording.figures {
		s, ok := f.Figures[of.metric]
		switch {
		case ok:
			spans = append(spans, of.unit(s))
		case wording.partly:
			spans = append(spans, "")
		default:
			return f.Text // which is a check's name
		}
	}
	if wording.words == nil {
		return plainText(f.Text)
	}
	return wording.words(spans)
}

// flagNotes say every flag of a scenario once, with the trials that carry it.
// That the world was stopped is said by another note, with how often. In an open
// loop the load generator is always busy: it waits for the time by looking.
func flagNotes(sc Scenario, varying []dimension) []string {
	var order []string
	flags, where := make(map[string]Flag), make(map[string]*spots)
	trials := 0
	for i, c := range sc.Cells {
		for _, a := range c.Arms {
			trials += a.Blocks.Counted()
			for _, f := range a.Flags {
				if f.Text == string(results.CheckWorldStops) && a.WorldStopped > 0 || f.Text == string(results.CheckClientBound) && open(c.Cell) {
					continue
				}
				g, known := flags[f.Text]
				if !known {
					order = append(order, f.Text)
					where[f.Text] = newSpots(sc, varying)
					g = Flag{Text: f.Text}
				}
				flags[f.Text] = g.and(f)
				where[f.Text].add(i, a.Name)
			}
		}
	}
	var notes []string
	for _, text := range order {
		f := flags[text]
		notes = append(notes, fmt.Sprintf("%s: in %d of %s%s", f, f.Blocks, plural(trials, "trial", "trials"), where[text]))
	}
	return notes
}

// voidedNotes say why blocks are void, each reason once.
func voidedNotes(sc Scenario, varying []dimension) []string {
	type block struct{ cell, number int }
	var order []string
	blocks, where := make(map[string]map[block]bool), make(map[string]*spots)
	counted := 0
	for i, c := range sc.Cells {
		_, n := c.blocks()
		counted += n
		for _, a := range c.Arms {
			for _, p := range a.Problems {
				if p.Status != results.StatusVoided {
					continue
				}
				reason := reasonOf(p)
				if blocks[reason] == nil {
					order = append(order, reason)
					blocks[reason], where[reason] = make(map[block]bool), newSpots(sc, varying)
				}
				blocks[reason][block{i, p.Block}] = true
				where[reason].add(i, a.Name)
			}
		}
	}
	var notes []string
	for _, reason := range order {
		notes = append(notes, fmt.Sprintf("%s voided, beside %s: %s%s",
			plural(len(blocks[reason]), "block", "blocks"), plural(counted, "that counts", "that count"), plainText(reason), where[reason]))
	}
	return notes
}

// spots are arms and cells of a scenario.
type spots struct {
	sc      Scenario
	varying []dimension
	arms    []string
	cells   []int
}

func newSpots(sc Scenario, varying []dimension) *spots { return &spots{sc: sc, varying: varying} }

func (s *spots) add(cell int, arm string) {
	if !slices.Contains(s.cells, cell) {
		s.cells = append(s.cells, cell)
	}
	if !slices.Contains(s.arms, arm) {
		s.arms = append(s.arms, arm)
	}
}

// maxSpots is how many arms or cells are named before they are counted.
const maxSpots = 4

// String begins with a blank, and is empty where the scenario has no others.
func (s *spots) String() string {
	var parts []string
	all := armNames(s.sc.Cells)
	switch {
	case len(s.arms) == len(all):
	case len(s.arms) > maxSpots:
		parts = append(parts, fmt.Sprintf("%d of %d arms", len(s.arms), len(all)))
	default:
		var names []string
		for _, name := range s.arms {
			names = append(names, plainName(name))
		}
		parts = append(parts, enumerate(names))
	}
	switch {
	case len(s.cells) == len(s.sc.Cells):
	case len(s.cells) > maxSpots:
		parts = append(parts, fmt.Sprintf("%d of %d cells", len(s.cells), len(s.sc.Cells)))
	default:
		for _, i := range s.cells {
			parts = append(parts, strings.Join(phrases(s.varying, s.sc.Cells[i].Cell), ", "))
		}
	}
	return unless(len(parts) == 0, " ("+strings.Join(parts, "; ")+")")
}
