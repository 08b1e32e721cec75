//go:build linux

// Acceptance repeats, on the user's machine, what muxbench claims about itself:
// how little identical arms differ, which slowdown it sees, whether its figures
// agree with those of the kernel and of a client that is not its own.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
)

// errDisproved ends an acceptance that found a claim not to hold.
var errDisproved = errors.New("not all that was claimed holds")

func main() { os.Exit(execute(os.Args[1:], os.Stdout, os.Stderr)) }

// execute returns the exit status: 0 if all that could be judged holds, 1 if a
// claim does not hold or could not be measured, 130 after an interrupt.
func execute(args []string, out, progress io.Writer) int {
	root := command(out, progress)
	root.SetArgs(args)
	root.SetOut(out)
	root.SetErr(progress)
	err := root.ExecuteContext(context.Background())
	if err == nil {
		return 0
	}
	fmt.Fprintf(progress, "acceptance: %v\n", err)
	if errors.Is(err, context.Canceled) {
		return 130
	}
	return 1
}

func command(out, progress io.Writer) *cobra.Command {
	var o options
	all := claims()
	var names, lines []string
	for _, c := range all {
		names = append(names, c.name)
		lines = append(lines, fmt.Sprintf("  %-14s %s (%d × %s)", c.name, c.question, c.wanted, c.takes))
	}
	c := &cobra.Command{
		Use:   "acceptance [CLAIM...]",
		Short: "Repeat what muxbench claims about itself, on this machine",
		Long: `Acceptance measures, on this machine, whether what muxbench claims about itself
holds, and prints a table. Without a claim it repeats all of them, which takes
hours: leave the machine alone meanwhile. What was measured is kept, and not
measured again: after an interrupt, the same command goes on where it was.

Claims, each with its repetitions and how long one takes:
` + strings.Join(lines, "\n"),
		Args:          cobra.OnlyValidArgs,
		ValidArgs:     names,
		SilenceUsage:  true,
		SilenceErrors: true,
		RunE: func(cmd *cobra.Command, named []string) error {
			if o.repetitions < 0 || o.repetitions > mostRepetitions {
				return fmt.Errorf("--repetitions %d: 1 to %d are allowed, or 0 for as many as each claim wants", o.repetitions, mostRepetitions)
			}
			ctx, cancel := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
			defer cancel()
			return accept(ctx, chosen(all, named), o, out, progress)
		},
	}
	f := c.Flags()
	f.StringVarP(&o.directory, "out", "o", "results/runs/acceptance", "directory for what is measured")
	f.IntVarP(&o.repetitions, "repetitions", "n", 0, "repetitions of each claim (default: as many as it wants)")
	f.StringVar(&o.program, "muxbench", "", "the muxbench to judge (default: built from this module)")
	f.StringVar(&o.kept, "keep", "", "directory for what is to be kept of checks: CLAIM.jsonl, a line for each, and their results, compressed")
	return c
}

// options are the flags.
type options struct {
	directory, program, kept string
	repetitions              int
}

// chosen are the named claims in the order of the table, or all.
func chosen(all []claim, named []string) []claim {
	if len(named) == 0 {
		return all
	}
	var some []claim
	for _, c := range all {
		for _, name := range named {
			if c.name == name {
				some = append(some, c)
				break
			}
		}
	}
	return some
}

// accept measures what is missing and prints the table, after an interrupt that
// of what there is.
func accept(ctx context.Context, all []claim, o options, out, progress io.Writer) error {
	b, err := newBench(ctx, o.directory, o.program, progress)
	if err != nil {
		return err
	}
	var failures []error
	var rows []row
	for _, c := range all {
		done, err := measure(ctx, c, b, o.repetitions)
		if err != nil && ctx.Err() == nil {
			failures = append(failures, fmt.Errorf("%s: %w", c.name, err))
		}
		rows = append(rows, judged(c, done, o.repetitions, err)...)
		if o.kept != "" {
			if err := keep(o.kept, c.name, done); err != nil {
				failures = append(failures, err)
			}
		}
	}
	if err := print(out, rows); err != nil {
		return err
	}
	for _, r := range rows {
		if r.verdict == fails {
			failures = append(failures, fmt.Errorf("%w: %s", errDisproved, r.claim))
			break
		}
	}
	return errors.Join(append(failures, ctx.Err())...)
}
