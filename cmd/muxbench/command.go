//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"muxbench/scenarios"
)

// Exit statuses.
const (
	exitDone         = 0
	exitFailed       = 1 // could not do it, or a trial failed
	exitUsage        = 2
	exitInconclusive = 3   // the precision asked for was not reached
	exitInvalid      = 4   // measured, and not to be trusted
	exitRegression   = 99  // a check has found one
	exitInterrupted  = 130 // with what was measured kept
)

// streams are what a command reads and writes.
type streams struct {
	in       io.Reader
	out, err io.Writer
}

// execute runs one command line, the program's name first, and returns its
// exit status.
func execute(args []string, in io.Reader, out, err io.Writer) int {
	s := streams{in, out, err}
	reached := false // a command: what fails before is usage
	root := rootCommand(s, args, &reached)
	root.SetArgs(args[1:])
	failure := root.ExecuteContext(context.Background())
	if failure == nil {
		return exitDone
	}
	hint := ""
	var invalid *scenarios.Invalid
	if errors.As(failure, &invalid) {
		hint = suggestion(invalid.Value, invalid.Known)
	}
	fmt.Fprintf(err, "muxbench: %s%s\n", printable(failure.Error()), hint)
	switch {
	case errors.Is(failure, errInterrupted):
		return exitInterrupted
	case errors.Is(failure, scenarios.ErrFailedTrials): // before what else is wrong
		return exitFailed
	case errors.Is(failure, errRegression):
		return exitRegression
	case errors.Is(failure, errUntrusted), errors.Is(failure, errInvalidCheck), errors.Is(failure, errBlind):
		return exitInvalid
	case errors.Is(failure, errInconclusive), errors.Is(failure, errUndecided):
		return exitInconclusive
	case !reached || invalid != nil:
		fmt.Fprintln(err, "See \"muxbench --help\", or \"muxbench COMMAND --help\".")
		return exitUsage
	}
	return exitFailed
}

func rootCommand(s streams, args []string, reached *bool) *cobra.Command {
	root := &cobra.Command{
		Use:   "muxbench",
		Short: "What waiting for many connections costs",
		Long: `muxbench measures what it costs a Linux server to wait for many connections:
select, poll, and epoll level- and edge-triggered serve the same clients through
the same server code, so that the waiting is the only difference.

"muxbench run" answers the question for this machine, in a minute or so.`,
		SilenceUsage:      true,
		SilenceErrors:     true,
		PersistentPreRun:  func(*cobra.Command, []string) { *reached = true },
		CompletionOptions: cobra.CompletionOptions{HiddenDefaultCmd: false},
	}
	root.SetFlagErrorFunc(flagError)
	root.SetIn(s.in)
	root.SetOut(s.out)
	root.SetErr(s.err)
	root.AddCommand(runCommand(s, args), checkCommand(s, args), listCommand(s), reportCommand(s), compareCommand(s), plotCommand(s), serveCommand(s, args), loadCommand(s, args), doctorCommand(s, args), inspectCommand(s), conformCommand(s, args), labCommand(s, args), versionCommand(s), workerCommand(s), partCommand(s))
	return root
}
