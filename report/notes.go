package report

import (
	"fmt"
	"slices"
	"strings"

	"muxbench/results"
)

const (
	maxNotes       = 40 // below one table
	maxStderrLines = 3
)

// notes say what is not ok below a scenario's table, and why. What several
// blocks or arms of a cell have in common is said once, and so is what several cells
// have.
func notes(sc Scenario, varying []dimension) []string {
	all := slices.Concat(voidedNotes(sc, varying), flagNotes(sc, varying), unsentNotes(sc, varying), searchNotes(sc, varying))
	var order []string
	places := make(map[string][]string) // of the cells, by what is said there
	for _, c := range sc.Cells {
		for _, text := range cellNotes(c) {
			if places[text] == nil {
				order = append(order, text)
			}
			places[text] = append(places[text], strings.Join(phrases(varying, c.Cell), ", "))
		}
	}
	for _, text := range order {
		at := strings.Join(places[text], "; ")
		if n := len(places[text]); n > 1 && n == len(sc.Cells) {
			at = ""
		}
		all = append(all, strings.TrimPrefix(at+", "+text, ", "))
	}
	if extra := len(all) - maxNotes; extra > 0 {
		all = append(all[:maxNotes], fmt.Sprintf("and %d notes more: see --format csv or json", extra))
	}
	return all
}

// cellNotes are what is said of a cell's arms, those together of which the same is.
func cellNotes(c Cell) []string {
	var order, all []string
	arms := make(map[string][]string) // by what is said of them
	for _, a := range c.Arms {
		for _, text := range armNotes(c, a) {
			if arms[text] == nil {
				order = append(order, text)
			}
			arms[text] = append(arms[text], plainName(a.Name))
		}
	}
	for _, text := range order {
		who := enumerate(arms[text])
		if n := len(arms[text]); n > 1 && n == len(c.Arms) {
			who = "all arms"
		}
		all = append(all, who+": "+text)
	}
	return all
}

// armNotes are distinct.
func armNotes(c Cell, a Arm) []string {
	var all []string
	type kind struct {
		status results.Status
		reason string
	}
	count := make(map[kind]int)
	for _, p := range a.Problems {
		if p.Status == results.StatusVoided {
			continue // said of the block
		}
		count[kind{p.Status, p.Reason}]++
	}
	for _, p := range a.Problems {
		k := kind{p.Status, p.Reason}
		if count[k] == 0 {
			continue // said already, or voided
		}
		text := fmt.Sprintf("%s in %d of %d blocks: %s", plainName(string(p.Status)), count[k], a.Blocks.Counted(), plainText(reasonOf(p)))
		delete(count, k)
		if tail := lastLines(p.Stderr, maxStderrLines); tail != "" {
			text += fmt.Sprintf("; standard error of block %d: %s", p.Block, tail)
		}
		all = append(all, text)
	}
	if a.Blocks.OK > 0 && a.Slices == 1 && len(c.Arms) > 1 && !open(c.Cell) { // which has one by design
		text := "one turn in a block: noise does not cancel in its ratio"
		if !c.OneProcess() && c.Scenario != results.ScenarioAccept { // which have as many iterations or bursts as they have
			text += ", ask for more rounds or time"
		}
		all = append(all, text)
	}
	if r := a.Ratios[c.Primary().Metric]; r != nil && r.Blocks < a.Blocks.OK {
		why := "the reference is not ok in the others"
		if open(c.Cell) {
			why = "in the others the reference is not ok, or one of the two lacks " + metricPhrase(c.Primary().Metric)
		}
		all = append(all, fmt.Sprintf("ratios are from %d of %d blocks: %s", r.Blocks, a.Blocks.OK, why))
	}
	return all
}

// reasonOf is why a trial is not ok.
func reasonOf(p Problem) string {
	if strings.TrimSpace(p.Reason) == "" {
		return "no reason given"
	}
	return p.Reason
}

// lastLines is the tail of a worker's standard error, on one line.
func lastLines(s string, n int) string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	lines = lines[max(0, len(lines)-n):]
	for i := range lines {
		lines[i] = plainText(lines[i])
	}
	return strings.Join(lines, " / ")
}
