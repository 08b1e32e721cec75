//go:build linux

package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"muxbench/report"
	"muxbench/results"
	"muxbench/scenarios"
)

func reportCommand(s streams) *cobra.Command {
	format, explain := "", false
	c := &cobra.Command{
		Use:   "report RUN",
		Short: "Print a result again, in any format",
		Long: `Report computes its tables, and the verdict of a check, from the result's run.jsonl
alone. RUN is a result's directory, or the file.

Formats: text; markdown; csv and json have everything, in base units; junit is read by
most CI systems; gha is for github-action-benchmark, a file for each direction;
benchfmt is the Go benchmark format, for benchstat: "benchstat -col /arm" compares the
arms of a run, "benchstat -col build" the builds of a check.`,
		Args: oneResult,
		RunE: func(_ *cobra.Command, args []string) error {
			if err := checkFormat(format); err != nil {
				return err
			}
			file, err := open(s, args[0])
			if err != nil {
				return err
			}
			if !explain {
				return documentOf(file, directory(args[0])).print(s, format)
			}
			switch {
			case format != formats()[0]:
				return &scenarios.Invalid{Flag: "--explain", Allowed: "it is text: leave --format out"}
			case file.Run.Gate != nil:
				return &scenarios.Invalid{Flag: "--explain", Allowed: "it is of runs, and this is a check"}
			}
			return report.Explain(s.out, report.Summarise(file.Run, file.Trials), terminalWidth(s.out))
		},
	}
	c.Flags().BoolVar(&explain, "explain", false, "what the servers did for a message, and in words what made the difference")
	formatFlag(c, &format)
	return c
}

func plotCommand(s streams) *cobra.Command {
	out := ""
	c := &cobra.Command{
		Use:   "plot RUN",
		Short: "Draw a result's charts again, as PNG and SVG",
		Args:  oneResult,
		RunE: func(_ *cobra.Command, args []string) error {
			file, err := open(s, args[0])
			if err != nil {
				return err
			}
			dir := out
			if dir == "" {
				dir = filepath.Join(directory(args[0]), "charts")
			}
			names, err := report.WriteCharts(dir, chartsOf(file))
			if err != nil {
				return err
			}
			if len(names) == 0 {
				return fmt.Errorf("%s has nothing to draw: no trial in it is ok", args[0])
			}
			for _, name := range names {
				fmt.Fprintln(s.out, printable(name))
			}
			return nil
		},
	}
	c.Flags().StringVarP(&out, "out", "o", "", "directory for the charts (default: charts, beside the result)")
	return c
}

// directory is where a result is, given by its directory or by its file.
func directory(path string) string {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return path
	}
	return filepath.Dir(path)
}

// chartsOf are the charts of a result, or of the check that it is.
func chartsOf(file *results.File) []report.Chart {
	if file.Run.Gate != nil {
		return report.Judge(file).Charts()
	}
	return report.Charts(report.Summarise(file.Run, file.Trials))
}

// open reads a result, and warns of what is wrong in it.
func open(s streams, path string) (*results.File, error) {
	file, err := results.Open(path)
	if err != nil {
		return nil, err
	}
	warn(s, file)
	return file, nil
}

// warn names the lines of a result that were left out.
func warn(s streams, file *results.File) {
	const most = 10
	for i, w := range file.Warnings {
		if i == most {
			fmt.Fprintf(s.err, "muxbench: warning: %d more lines like these\n", len(file.Warnings)-most)
			break
		}
		fmt.Fprintf(s.err, "muxbench: warning: %v\n", w)
	}
}

// present writes a fresh result's report and charts beside it, and prints it.
// In this order: a reader that has gone ends the process, as SIGPIPE does.
func present(s streams, dir string) (report.Summary, error) {
	file, err := open(s, dir)
	if err != nil {
		return report.Summary{}, err
	}
	summary := report.Summarise(file.Run, file.Trials)
	written := report.WriteMarkdown(filepath.Join(dir, "report.md"), summary)
	charts, drawn := report.WriteCharts(filepath.Join(dir, "charts"), report.Charts(summary))
	printed := report.Text(s.out, summary, terminalWidth(s.out))
	if printed != nil {
		printed = fmt.Errorf("printing the result, which is kept in %s: %w", dir, printed)
	}
	fmt.Fprintf(s.err, "\nresult: %s\n", printable(dir))
	if len(charts) > 0 {
		fmt.Fprintf(s.err, "charts: %d in %s\n", len(charts), printable(filepath.Join(dir, "charts")))
	}
	fmt.Fprintf(s.err, "why: muxbench report --explain %s\n", printable(dir))
	return summary, errors.Join(written, drawn, printed)
}
