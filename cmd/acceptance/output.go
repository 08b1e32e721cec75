//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

type verdict string

const (
	holds   verdict = "holds"
	fails   verdict = "does not hold"
	few     verdict = "too few repetitions"
	told    verdict = "" // nothing was required
	skipped verdict = "skipped"
)

// row is a line of the table.
type row struct {
	claim, what, required, measured, repetitions string
	verdict                                      verdict
	tendency                                     string // of too few
}

// judged are the rows of a claim: what was found and, each as a row of its own,
// what is to be known about the measuring.
func judged(c claim, done collected, asked int, failure error) []row {
	count := fmt.Sprintf("%d of %d", len(done.repetitions), c.wanted)
	var rows []row
	add := func(f finding, v verdict) {
		rows = append(rows, row{claim: c.name, what: f.what, required: f.required, measured: f.measured, repetitions: count, verdict: v})
	}
	if len(done.repetitions) > 0 {
		for _, f := range c.judge(done) {
			v := verdictOf(f, len(done.repetitions) < c.wanted)
			add(f, v)
			if v == few {
				rows[len(rows)-1].tendency = tendency(f.holds)
			}
		}
	}
	switch {
	case errors.Is(failure, errMissing):
		add(finding{what: failure.Error()}, skipped)
	case failure != nil && !errors.Is(failure, context.Canceled):
		add(finding{what: "ended by: " + failure.Error()}, few)
	case len(rows) == 0:
		add(finding{what: c.question}, few)
	}
	if asked > 0 && asked < c.wanted {
		add(finding{what: fmt.Sprintf("note: repetitions asked for: %d, wanted: %d", asked, c.wanted)}, told)
	}
	for _, note := range remarks(done) {
		add(finding{what: "note: " + note}, told)
	}
	return rows
}

func verdictOf(f finding, short bool) verdict {
	switch {
	case f.required == "":
		return told
	case f.certain && !f.holds:
		return fails
	case short || f.open && f.holds:
		return few
	case f.holds:
		return holds
	}
	return fails
}

func tendency(holding bool) string {
	if holding {
		return "; so far it holds"
	}
	return "; so far it does not hold"
}

// remarks are about runs that muxbench itself was not content with, and about
// results of several versions.
func remarks(done collected) []string {
	var all []string
	others := 0 // of another version
	ended := make(map[int]int)
	for _, steps := range append([][]measured{done.first}, done.repetitions...) {
		for _, m := range steps {
			if !m.step.check { // a check's is its verdict
				ended[m.record.Status]++
			}
			if m.record.Version != done.version {
				others++
			}
		}
	}
	for _, status := range []int{1, 3, 4} {
		if n := ended[status]; n > 0 {
			all = append(all, fmt.Sprintf("runs with exit status %d (%s), which count: %d", status, meaning(status), n))
		}
	}
	if others > 0 {
		all = append(all, fmt.Sprintf("measured by another version of muxbench than this (%s): %d; remove their directories to measure again", done.version, others))
	}
	return all
}

func meaning(status int) string {
	switch status {
	case 1:
		return "something failed"
	case 3:
		return "not as precise as asked for"
	}
	return "figures not to be trusted"
}

// print writes the table.
func print(w io.Writer, rows []row) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "claim\twhat\trequired\tmeasured (95 % interval)\trepetitions\tverdict")
	last := ""
	for _, r := range rows {
		name := r.claim
		if name == last {
			name = ""
		}
		last = r.claim
		line := []string{name, r.what, r.required, r.measured, r.repetitions, string(r.verdict) + r.tendency}
		for i := range line {
			line[i] = strings.Join(strings.Fields(line[i]), " ") // what a program said may have lines
		}
		fmt.Fprintln(t, strings.Join(line, "\t"))
	}
	if err := t.Flush(); err != nil {
		return fmt.Errorf("printing the table: %w", err)
	}
	return nil
}
