//go:build linux

package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"muxbench/report"
	"muxbench/results"
	"muxbench/scenarios"
)

// renderer writes a summary in one format.
type renderer func(io.Writer, report.Summary) error

// text fits its tables to the terminal behind w, if there is one.
func text(w io.Writer, s report.Summary) error { return report.Text(w, s, terminalWidth(w)) }

func reportCommand(s streams) *cobra.Command {
	names := []string{"text", "markdown", "csv", "json"}
	renderers := map[string]renderer{"text": text, "markdown": report.Markdown, "csv": report.CSV, "json": report.JSON}
	format, explain := names[0], false
	c := &cobra.Command{
		Use:   "report RUN",
		Short: "Print a result again: as text, Markdown, CSV or JSON",
		Long:  "Report computes its tables from the result's run.jsonl alone. RUN is a result's directory, or the file.",
		Args:  oneResult,
		RunE: func(_ *cobra.Command, args []string) error {
			render, known := renderers[format]
			if !known {
				return &scenarios.Invalid{Flag: "--format", Value: format, Allowed: "choose among " + strings.Join(names, ", "), Known: names}
			}
			summary, err := load(s, args[0])
			if err != nil {
				return err
			}
			if !explain {
				return render(s.out, summary)
			}
			if format != names[0] {
				return &scenarios.Invalid{Flag: "--explain", Allowed: "it is text: leave --format out"}
			}
			return report.Explain(s.out, summary, terminalWidth(s.out))
		},
	}
	c.Flags().BoolVar(&explain, "explain", false, "what the servers did for a message, and in words what made the difference")
	c.Flags().StringVar(&format, "format", format, strings.Join(names, ", "))
	// It fails for flags that do not exist only.
	_ = c.RegisterFlagCompletionFunc("format", cobra.FixedCompletions(names, cobra.ShellCompDirectiveNoFileComp))
	return c
}

func plotCommand(s streams) *cobra.Command {
	out := ""
	c := &cobra.Command{
		Use:   "plot RUN",
		Short: "Draw a result's charts again, as PNG and SVG",
		Args:  oneResult,
		RunE: func(_ *cobra.Command, args []string) error {
			summary, err := load(s, args[0])
			if err != nil {
				return err
			}
			dir := out
			if dir == "" {
				dir = filepath.Join(directory(args[0]), "charts")
			}
			names, err := report.WriteCharts(dir, summary)
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

// load reads a result, and warns of what is wrong in it.
func load(s streams, path string) (report.Summary, error) {
	file, err := results.Open(path)
	if err != nil {
		return report.Summary{}, err
	}
	warn(s, file)
	return report.Summarise(file.Run, file.Trials), nil
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
	summary, err := load(s, dir)
	if err != nil {
		return summary, err
	}
	written := report.WriteMarkdown(filepath.Join(dir, "report.md"), summary)
	charts, drawn := report.WriteCharts(filepath.Join(dir, "charts"), summary)
	printed := text(s.out, summary)
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
