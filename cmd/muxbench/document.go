//go:build linux

package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"muxbench/report"
	"muxbench/results"
	"muxbench/scenarios"
)

// document is what a command has to say, in every format.
type document struct {
	text        func(w io.Writer, width int) error
	markdown    func(io.Writer) error
	csv         func(io.Writer) error
	json        func(io.Writer) error
	junit       func(io.Writer) error
	benchfmt    func(io.Writer) error
	figures     []report.Figure
	annotations []report.Annotation
	dir, name   string // that figures are written into, and what their files are called after
}

// documentOf is of a result, and of the verdict where that has one.
func documentOf(file *results.File, dir string) document {
	benchfmt := func(w io.Writer) error { return report.Benchfmt(w, report.Side{File: file}) }
	if file.Run.Gate != nil {
		return documentOfCheck(report.Judge(file), benchfmt, dir)
	}
	s := report.Summarise(file.Run, file.Trials)
	of := func(render func(io.Writer, report.Summary) error) func(io.Writer) error {
		return func(w io.Writer) error { return render(w, s) }
	}
	return document{
		text:     func(w io.Writer, width int) error { return report.Text(w, s, width) },
		markdown: of(report.Markdown), csv: of(report.CSV), json: of(report.JSON), junit: of(report.JUnit),
		benchfmt: benchfmt, figures: s.Figures(), annotations: s.Annotations(), dir: dir, name: "run",
	}
}

func documentOfCheck(c report.Check, benchfmt func(io.Writer) error, dir string) document {
	of := func(render func(io.Writer, report.Check) error) func(io.Writer) error {
		return func(w io.Writer) error { return render(w, c) }
	}
	return document{
		text:     func(w io.Writer, width int) error { return report.CheckText(w, c, width) },
		markdown: of(report.CheckMarkdown), csv: of(report.CheckCSV), json: of(report.CheckJSON), junit: of(report.CheckJUnit),
		benchfmt: benchfmt, figures: c.Figures(), annotations: c.Annotations(), dir: dir, name: "check",
	}
}

// documentOfComparison is of two results, or of arms of one; dir is the last one's.
func documentOfComparison(c report.SideBySide, dir string) document {
	of := func(render func(io.Writer, report.SideBySide) error) func(io.Writer) error {
		return func(w io.Writer) error { return render(w, c) }
	}
	return document{
		text:     func(w io.Writer, width int) error { return report.ComparisonText(w, c, width) },
		markdown: of(report.ComparisonMarkdown), csv: of(report.ComparisonCSV), json: of(report.ComparisonJSON), junit: of(report.ComparisonJUnit),
		benchfmt: of(report.ComparisonBenchfmt), figures: c.Figures(), annotations: c.Annotations(), dir: dir, name: "comparison",
	}
}

// formats are the values of --format, the first of which is the default.
func formats() []string {
	return []string{"text", "markdown", "csv", "json", "junit", "gha", "benchfmt"}
}

// print writes the document in a format, and what GitHub asks for by itself.
func (d document) print(s streams, format string) error {
	if err := d.tellGitHub(s); err != nil {
		return err
	}
	switch format {
	case "text":
		return d.text(s.out, terminalWidth(s.out))
	case "gha":
		names, err := report.WriteFigures(d.dir, d.name, d.figures)
		for _, name := range names {
			fmt.Fprintln(s.out, printable(name))
		}
		return err
	}
	return map[string]func(io.Writer) error{"markdown": d.markdown, "csv": d.csv, "json": d.json, "junit": d.junit, "benchfmt": d.benchfmt}[format](s.out)
}

// formatFlag has a command choose one of the formats.
func formatFlag(c *cobra.Command, format *string) {
	c.Flags().StringVar(format, "format", formats()[0], strings.Join(formats(), ", ")+"; gha writes files for github-action-benchmark beside the result, one for each direction, and prints their names")
	// It fails for flags that do not exist only.
	_ = c.RegisterFlagCompletionFunc("format", cobra.FixedCompletions(formats(), cobra.ShellCompDirectiveNoFileComp))
}

// checkFormat refuses what is no format.
func checkFormat(format string) error {
	for _, known := range formats() {
		if format == known {
			return nil
		}
	}
	return &scenarios.Invalid{Flag: "--format", Value: format, Allowed: "choose among " + strings.Join(formats(), ", "), Known: formats()}
}
