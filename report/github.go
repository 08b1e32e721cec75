package report

import (
	"fmt"
	"strings"

	"muxbench/results/gate"
)

// Annotation is a message that GitHub shows beside a run.
type Annotation struct {
	Level          string // "error", "warning" or "notice"
	Title, Message string
}

// mostAnnotations is how many of a step GitHub shows.
const mostAnnotations = 10

// Annotations are workflow commands, a line each: the first ten, the last of which says
// how many more there are. Where a character ends a command or a property it is
// escaped, as https://github.com/actions/toolkit does it.
func Annotations(all []Annotation) string {
	if more := len(all) - mostAnnotations; more > 0 {
		last := all[mostAnnotations-1]
		last.Message += fmt.Sprintf(" (and %d more: see the summary)", more)
		all = append(all[:mostAnnotations-1:mostAnnotations-1], last)
	}
	data := strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	property := strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
	var b strings.Builder
	for _, a := range all {
		fmt.Fprintf(&b, "::%s title=%s::%s\n", a.Level, property.Replace(plainText(a.Title)), data.Replace(plainText(a.Message)))
	}
	return b.String()
}

// Annotations are those of a summary, the worst first.
func (s Summary) Annotations() []Annotation {
	const title = "muxbench"
	var all []Annotation
	for _, reason := range s.Distrust() {
		all = append(all, Annotation{"error", title + ": not to be trusted", reason})
	}
	for _, sc := range s.Scenarios {
		varying, _ := splitDimensions(sc.Cells)
		for _, c := range sc.Cells {
			for _, a := range c.Arms {
				if a.Blocks.Failed > 0 {
					place := strings.Join(append([]string{sc.Name, a.Name}, phrases(varying, c.Cell)...), ", ")
					all = append(all, Annotation{"error", title + ": failed", fmt.Sprintf("%s: %s failed", place, plural(a.Blocks.Failed, "trial", "trials"))})
				}
			}
		}
	}
	for _, reason := range s.Imprecise() {
		all = append(all, Annotation{"warning", title + ": precision not reached", reason})
	}
	return all
}

// Annotations are those of a check: that its machine is another one, and then the worst
// first; or, if it has passed, that its threshold was widened, and a notice.
func (c Check) Annotations() []Annotation {
	level := "error"
	var all []Annotation
	if unlike := c.unlike(); unlike != "" {
		all = append(all, Annotation{"warning", "muxbench check: another machine", unlike})
	}
	switch c.Judgement.Verdict {
	case gate.Pass, gate.Improved:
		for _, line := range c.widened() {
			all = append(all, Annotation{"warning", "muxbench check: less was ruled out than asked for", line})
		}
		return append(all, Annotation{"notice", "muxbench check", string(c.Judgement.Verdict)})
	case gate.Inconclusive:
		level = "warning"
	}
	for _, text := range c.Complaints() {
		all = append(all, Annotation{level, "muxbench check: " + string(c.Judgement.Verdict), text})
	}
	return all
}
