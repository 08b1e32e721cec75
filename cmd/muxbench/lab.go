//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"muxbench/report"
	"muxbench/scenarios"
	"muxbench/scenarios/lab"
)

func labCommand(s streams, args []string) *cobra.Command {
	formats := []string{"text", "markdown", "json"}
	format := formats[0]
	c := &cobra.Command{
		Use:   "lab [NAME...]",
		Short: "Show what the kernel does: expected beside observed, with why and what to do",
		Long: `Lab shows in a moment what articles on select, poll and epoll tell of: what is done,
what is expected to come of it, and what was observed, on real descriptors of this
host. Without a name it lists what there is; "all" shows everything.

Names such as epoll-oneshot are of this program's multiplexers ("muxbench list").

What needs a privilege is skipped, and says which. Descriptors, processes and limits
are left as they were. That something differs from what is expected is no failure of
the demonstration: its exit status is 1 only if one could not be shown.`,
		Example: `  muxbench lab
  muxbench lab lt-vs-et
  muxbench lab herd myths
  muxbench lab all --format markdown`,
		ValidArgsFunction: completesDemos,
		RunE: func(cmd *cobra.Command, names []string) error {
			if !slices.Contains(formats, format) {
				return &scenarios.Invalid{Flag: "--format", Value: format, Allowed: "choose among " + strings.Join(formats, ", "), Known: formats}
			}
			demos, err := chosenDemos(names)
			if err != nil {
				return err
			}
			if len(demos) == 0 && format != formats[0] {
				return &scenarios.Invalid{Flag: "--format", Value: format, Allowed: `name what is to be shown, or "all"`}
			}
			if len(demos) == 0 {
				return listDemos(s.out)
			}
			return showDemos(cmd.Context(), s, args[0], format, demos)
		},
	}
	c.Flags().StringVar(&format, "format", format, strings.Join(formats, ", "))
	// It fails for flags that do not exist only.
	_ = c.RegisterFlagCompletionFunc("format", cobra.FixedCompletions(formats, cobra.ShellCompDirectiveNoFileComp))
	return c
}

// everyDemo stands for the names of all.
const everyDemo = "all"

// errNotShown is returned when a demonstration could not be shown.
var errNotShown = errors.New("not everything could be shown")

func chosenDemos(names []string) ([]lab.Demo, error) {
	if slices.Contains(names, everyDemo) && len(names) > 1 {
		return nil, &scenarios.Invalid{Flag: "lab", Value: strings.Join(names, " "), Allowed: `"all" stands alone`}
	}
	var chosen []lab.Demo
	for _, name := range names {
		if name == everyDemo {
			return lab.Demos(), nil
		}
		i := slices.Index(lab.Names(), name)
		if i < 0 {
			return nil, &scenarios.Invalid{Flag: "lab", Value: name, Allowed: `there is no such demonstration; "muxbench lab" lists them`, Known: lab.Names()}
		}
		chosen = append(chosen, lab.Demos()[i])
	}
	return chosen, nil
}

// completesDemos offers those that are not named yet, with their titles.
func completesDemos(_ *cobra.Command, named []string, _ string) ([]string, cobra.ShellCompDirective) {
	var offered []string
	for _, d := range lab.Demos() {
		if !slices.Contains(named, d.Name) {
			offered = append(offered, cobra.CompletionWithDesc(d.Name, d.Title))
		}
	}
	if len(named) == 0 {
		offered = append(offered, cobra.CompletionWithDesc(everyDemo, "everything"))
	}
	return offered, cobra.ShellCompDirectiveNoFileComp
}

// listDemos lists them, as wide as a terminal is.
func listDemos(out io.Writer) error {
	longest := 0
	for _, name := range lab.Names() {
		longest = max(longest, len(name))
	}
	const gap = 2
	width := terminalWidth(out) - longest - gap
	w := tabwriter.NewWriter(out, 0, 0, gap, ' ', 0)
	fmt.Fprintln(w, "NAME\tWHAT IS SHOWN")
	for _, d := range lab.Demos() {
		shown := d.Title
		if d.Takes != "" {
			shown += " (needs " + d.Takes + ")"
		}
		lines := []string{shown}
		if width > 0 {
			lines = wrapped(shown, width)
		}
		name := d.Name
		for _, line := range lines {
			fmt.Fprintf(w, "%s\t%s\n", name, line)
			name = ""
		}
	}
	return w.Flush()
}

// showDemos shows one after the other, and prints each as it ends, but for JSON, which
// is one object.
func showDemos(ctx context.Context, s streams, program, format string, demos []lab.Demo) error {
	again := reexec(program)
	ctx, cancel := untilInterrupted(ctx)
	defer cancel()
	var shown []report.Demonstration
	failed := false
	for i, d := range demos {
		if ctx.Err() != nil {
			break
		}
		now := d.Show(again)
		if ctx.Err() != nil {
			break // or else the signal may be what it tells of
		}
		failed = failed || len(now.Failures) > 0
		shown = append(shown, demonstration(d, now))
		if err := writeDemo(s.out, format, i, shown[i]); err != nil {
			return err
		}
	}
	if format == "json" {
		if err := report.DemonstrationsJSON(s.out, shown); err != nil {
			return err
		}
	}
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("%w: %d of %d were shown", errInterrupted, len(shown), len(demos))
	case failed:
		return errNotShown
	}
	return nil
}

// writeDemo prints the i-th, in formats that are printed one by one.
func writeDemo(out io.Writer, format string, i int, d report.Demonstration) error {
	if format == "json" {
		return nil
	}
	if i > 0 {
		if _, err := fmt.Fprintln(out); err != nil {
			return fmt.Errorf("write the report: %w", err)
		}
	}
	if format == "markdown" {
		return report.DemonstrationMarkdown(out, d)
	}
	return report.DemonstrationText(out, d, terminalWidth(out))
}

// demonstration is what came of one, as a report has it.
func demonstration(d lab.Demo, shown lab.Shown) report.Demonstration {
	rows := make([]report.DemonstrationRow, 0, len(shown.Rows))
	for _, r := range shown.Rows {
		rows = append(rows, report.DemonstrationRow{
			Done: r.Done, Expected: r.Expected, Observed: r.Observed, AsExpected: r.AsExpected || r.Expected == "",
		})
	}
	return report.Demonstration{
		Name: d.Name, Title: d.Title, Rows: rows, Why: d.Why, Advice: d.Advice, Source: d.Source,
		Skipped: shown.Skipped, Failures: shown.Failures,
	}
}
