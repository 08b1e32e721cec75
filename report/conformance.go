package report

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"muxbench/results"
)

// Conformance is what came of trying, on one host, what the kernel, multiplexers and
// servers must do.
type Conformance struct {
	Run      results.Run          // when, by what and where; of the rest nothing is used
	Subjects []ConformanceSubject // in the order of columns
	Cases    []ConformanceCase    // in the order of rows
	// Interrupted: cases and subjects are missing that were to be tried.
	Interrupted bool
}

// ConformanceSubject is what cases are tried on.
type ConformanceSubject struct {
	Tier string `json:"tier"` // K the kernel, P a multiplexer, S a server
	Name string `json:"name"` // unique in its tier
	// Unavailable is why it is not to be had on this host; empty if it is.
	Unavailable string `json:"unavailable,omitempty"`
}

// ConformanceCase is one thing that is expected of all subjects of a tier, with what
// came of it.
type ConformanceCase struct {
	ID      string              `json:"id"`
	Tier    string              `json:"tier"`
	Title   string              `json:"title"`
	Needs   string              `json:"needs,omitempty"`   // of a subject, a user or a host
	Allowed string              `json:"allowed,omitempty"` // outcomes, where there is more than one
	Source  string              `json:"source"`
	Results []ConformanceResult `json:"results"`
}

// ConformanceResult is what came of a case on a subject of its tier.
type ConformanceResult struct {
	Subject string   `json:"subject"`
	Verdict string   `json:"verdict"` // pass, fail, differs or skip
	Reasons []string `json:"reasons,omitempty"`
}

// Verdicts that a ConformanceResult may have.
const (
	verdictPass    = "pass"
	verdictFail    = "fail"
	verdictDiffers = "differs"
	verdictSkip    = "skip"
)

// of is what came of the case on a subject; ok is false if it is not about it.
func (c ConformanceCase) of(s ConformanceSubject) (r ConformanceResult, ok bool) {
	i := slices.IndexFunc(c.Results, func(r ConformanceResult) bool { return r.Subject == s.Name })
	if c.Tier != s.Tier || i < 0 {
		return ConformanceResult{}, false
	}
	return c.Results[i], true
}

// count is how many results there are of a verdict.
func (c Conformance) count(verdict string) int {
	n := 0
	for _, k := range c.Cases {
		for _, r := range k.Results {
			if r.Verdict == verdict {
				n++
			}
		}
	}
	return n
}

// Failed says that a multiplexer or a server is not as it must be. A kernel that
// differs is no failure.
func (c Conformance) Failed() bool { return c.count(verdictFail) > 0 }

// tier is one of the parts that the matrix is shown in.
type tier struct{ letter, title, one string }

func tiers() []tier {
	return []tier{
		{"K", "The kernel, by raw system calls", "the kernel"},
		{"P", "Multiplexers, by the contract that all of them keep", "multiplexer"},
		{"S", "Servers, as their clients see them", "server"},
	}
}

// part is the subjects and cases of a tier that have results.
func (c Conformance) part(letter string) (subjects []ConformanceSubject, cases []ConformanceCase) {
	for _, k := range c.Cases {
		if k.Tier == letter && len(k.Results) > 0 {
			cases = append(cases, k)
		}
	}
	for _, s := range c.Subjects {
		if s.Tier == letter && slices.ContainsFunc(cases, func(k ConformanceCase) bool { _, ok := k.of(s); return ok }) {
			subjects = append(subjects, s)
		}
	}
	return subjects, cases
}

// conformanceRemark is what is to be said of results that share a reason.
type conformanceRemark struct {
	id, title, allowed string
	reason             string   // of several lines, or none
	subjects           []string // empty where there is but one
}

// remarks are of the results with a verdict, in the order of cases. Subjects of whom
// the same is to be said are named together.
func (c Conformance) remarks(verdict string) []conformanceRemark {
	var all []conformanceRemark
	for _, k := range c.Cases {
		for _, r := range k.Results {
			if r.Verdict != verdict {
				continue
			}
			reason := plainLines(strings.Join(r.Reasons, "; "))
			i := slices.IndexFunc(all, func(m conformanceRemark) bool { return m.id == k.ID && m.reason == reason })
			if i < 0 {
				all = append(all, conformanceRemark{k.ID, plainText(k.Title), plainText(k.Allowed), reason, nil})
				i = len(all) - 1
			}
			if k.Tier != "K" {
				all[i].subjects = append(all[i].subjects, plainName(r.Subject))
			}
		}
	}
	return all
}

// maxReasonLines is how many lines of a reason are shown, and more than any case gives.
const maxReasonLines = 100

// plainLines is plainText of each line, and nothing of empty ones.
func plainLines(s string) string {
	var all []string
	for line := range strings.Lines(s) {
		if line = plainText(line); line != "" && len(all) < maxReasonLines {
			all = append(all, line)
		}
	}
	return strings.Join(all, "\n")
}

// place is which case it is of, and on what.
func (m conformanceRemark) place() string {
	return m.id + unless(len(m.subjects) == 0, " on "+enumerate(m.subjects))
}

// String has the reason's further lines on lines of their own.
func (m conformanceRemark) String() string {
	return m.place() + ", " + m.title + ": " + cmp.Or(m.reason, "no reason is given")
}

// observation is String of what passed.
func (m conformanceRemark) observation() string {
	return m.place() + ": " + m.reason + unless(m.allowed == "", " (allowed: "+m.allowed+")")
}

// conclusion is the whole in a sentence.
func (c Conformance) conclusion() string {
	of := ""
	if c.Interrupted {
		of = " before it was interrupted"
	}
	return fmt.Sprintf("%d as expected, %d failed, %d where this kernel differs, %d skipped%s.",
		c.count(verdictPass), c.count(verdictFail), c.count(verdictDiffers), c.count(verdictSkip), of)
}

// headings of what is said below the matrices, by verdict.
func conformanceHeadings() []struct{ verdict, heading string } {
	return []struct{ verdict, heading string }{
		{verdictFail, "Failed"},
		{verdictDiffers, "This kernel differs, which is nobody's fault who uses it"},
		{verdictSkip, "Skipped"},
	}
}

// observed are the remarks of what passed in one of several ways.
func (c Conformance) observed() []conformanceRemark {
	return slices.DeleteFunc(c.remarks(verdictPass), func(m conformanceRemark) bool { return m.reason == "" })
}

// ConformanceJSON writes all of it as one indented JSON object.
func ConformanceJSON(w io.Writer, c Conformance) error {
	return writeJSON(w, struct {
		Schema      int                  `json:"schema"`
		Version     string               `json:"version"`
		Started     string               `json:"started"`
		Environment results.Environment  `json:"environment"`
		Subjects    []ConformanceSubject `json:"subjects"`
		Cases       []ConformanceCase    `json:"cases"`
		Passed      int                  `json:"passed"`
		Failed      int                  `json:"failed"`
		Differ      int                  `json:"differ"`
		Skipped     int                  `json:"skipped"`
		Interrupted bool                 `json:"interrupted,omitempty"`
	}{conformanceSchema, c.Run.Version, c.Run.Started.UTC().Format("2006-01-02T15:04:05Z"), c.Run.Environment,
		orNone(c.Subjects), orNone(c.Cases), c.count(verdictPass), c.count(verdictFail), c.count(verdictDiffers), c.count(verdictSkip), c.Interrupted})
}

// conformanceSchema is the version of what ConformanceJSON writes.
const conformanceSchema = 1

// orNone is all, or an empty list, which is [] in JSON and not null.
func orNone[T any](all []T) []T {
	if all == nil {
		return []T{}
	}
	return all
}
