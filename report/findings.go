package report

import (
	"fmt"
	"slices"
	"strings"

	"muxbench/results"
)

// machineFinding is one about the machine, in words, and what to do about it.
type machineFinding struct{ text, fix string }

// findings are what is to be known of the machine, each said once: all, or those
// that something can be done about.
func findings(run results.Run, fixable bool) []machineFinding {
	var all []machineFinding
	for _, f := range run.Findings {
		if fixable && f.Fix == "" {
			continue
		}
		said := machineFinding{"Machine: " + plainText(f.Text), plainText(f.Fix)}
		if strings.TrimSpace(f.Text) == "" {
			said.text = "Machine: " + plainText(f.Check)
		}
		if !slices.Contains(all, said) {
			all = append(all, said)
		}
	}
	if more := len(all) - maxNotes; more > 0 {
		all = append(all[:maxNotes], machineFinding{text: fmt.Sprintf("Machine: %d findings more: see --format json", more)})
	}
	return all
}
