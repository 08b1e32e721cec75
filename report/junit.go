package report

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"
	"time"

	"muxbench/results"
	"muxbench/results/gate"
)

// junitSuite and junitCase are the part of JUnit's XML that continuous integration
// reads: https://github.com/testmoapp/junitxml.
type junitSuite struct {
	XMLName   xml.Name    `xml:"testsuite"`
	Name      string      `xml:"name,attr"`
	Tests     int         `xml:"tests,attr"`
	Failures  int         `xml:"failures,attr"`
	Errors    int         `xml:"errors,attr"`
	Skipped   int         `xml:"skipped,attr"`
	Timestamp string      `xml:"timestamp,attr,omitempty"`
	Cases     []junitCase `xml:"testcase"`
}

type junitCase struct {
	Class   string        `xml:"classname,attr"`
	Name    string        `xml:"name,attr"`
	Failure *junitProblem `xml:"failure"`
	Error   *junitProblem `xml:"error"`
	Skipped *junitProblem `xml:"skipped"`
	Output  string        `xml:"system-out,omitempty"`
}

type junitProblem struct {
	Message string `xml:"message,attr"`
	Text    string `xml:",chardata"`
}

// problem has no control characters, which XML cannot hold even escaped.
func problem(text string) *junitProblem { return &junitProblem{Message: plainText(text)} }

// writeJUnit counts the suite's cases and writes it.
func writeJUnit(w io.Writer, s junitSuite, started time.Time) error {
	s.Timestamp = started.UTC().Format("2006-01-02T15:04:05")
	s.Tests = len(s.Cases)
	for _, c := range s.Cases {
		switch {
		case c.Error != nil:
			s.Errors++
		case c.Failure != nil:
			s.Failures++
		case c.Skipped != nil:
			s.Skipped++
		}
	}
	encoded, err := xml.MarshalIndent(struct {
		XMLName xml.Name `xml:"testsuites"`
		Suite   junitSuite
	}{Suite: s}, "", "  ")
	if err != nil {
		return fmt.Errorf("encode JUnit's XML: %w", err)
	}
	if _, err := io.WriteString(w, xml.Header+string(encoded)+"\n"); err != nil {
		return fmt.Errorf("write JUnit's XML: %w", err)
	}
	return nil
}

// JUnit writes a summary as JUnit's XML: a case for each arm of each cell, and one for
// whether the run is to be trusted.
func JUnit(w io.Writer, s Summary) error {
	suite := junitSuite{Name: "muxbench " + plainText(s.Run.Scenario)}
	trust := junitCase{Class: "muxbench", Name: "the run is to be trusted"}
	if reasons := s.Distrust(); len(reasons) > 0 {
		trust.Error = problem(strings.Join(reasons, "; "))
	}
	suite.Cases = append(suite.Cases, trust)
	for _, sc := range s.Scenarios {
		for _, c := range sc.Cells {
			for _, a := range c.Arms {
				jc := junitCase{Class: "muxbench." + fullName(sc.Name), Name: strings.Join(append([]string{fullName(a.Name)}, phrases(dimensions(sc.Name), c.Cell)...), ", ")}
				for _, p := range a.Problems {
					switch {
					case p.Status == results.StatusFailed && jc.Failure == nil:
						jc.Failure = problem(fmt.Sprintf("block %d: %s", p.Block, p.Reason))
					case p.Status == results.StatusSkipped && a.Blocks.OK == 0:
						jc.Skipped = problem(p.Reason)
					}
				}
				if e, ok := a.Values[c.Primary().Metric]; ok {
					jc.Output = fmt.Sprintf("%s: %s over %s", metricPhrase(c.Primary().Metric), formatShort(e.Value), plural(e.Blocks, "block", "blocks"))
				}
				suite.Cases = append(suite.Cases, jc.once())
			}
		}
	}
	return writeJUnit(w, suite, s.Run.Started)
}

// once keeps the worst of what a case has: readers take one.
func (c junitCase) once() junitCase {
	if c.Failure != nil {
		c.Skipped = nil
	}
	return c
}

// CheckJUnit writes a check as JUnit's XML, a case for each gated cell: a regression is
// a failure, what is invalid or has failed an error, what is inconclusive skipped.
func CheckJUnit(w io.Writer, c Check) error {
	suite := junitSuite{Name: "muxbench check"}
	for _, cell := range c.Judgement.Cells {
		jc := junitCase{Class: "muxbench.check." + fullName(cell.Scenario), Name: c.place(cell), Output: c.qualified(plainText(string(cell.Verdict) + ": " + cell.Why))}
		switch cell.Verdict {
		case gate.Regression:
			jc.Failure = problem(c.qualified(cell.Why))
		case gate.Invalid, gate.Failed:
			jc.Error = problem(c.qualified(string(cell.Verdict) + ": " + cell.Why))
		case gate.Inconclusive:
			jc.Skipped = problem(c.qualified(string(cell.Verdict) + ": " + cell.Why))
		}
		suite.Cases = append(suite.Cases, jc)
	}
	if missing := c.missing(); missing != "" && len(suite.Cases) > 0 {
		suite.Cases = append(suite.Cases, junitCase{Class: "muxbench.check", Name: "every gated cell is measured", Error: problem(missing)})
	}
	if len(suite.Cases) == 0 {
		suite.Cases = []junitCase{{Class: "muxbench.check", Name: "check", Error: problem("no block was measured")}}
	}
	return writeJUnit(w, suite, c.Run.Started)
}
