//go:build linux

package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"muxbench/multiplexers/inspect"
	"muxbench/report"
	"muxbench/scenarios"
)

func inspectCommand(s streams) *cobra.Command {
	formats := []string{"text", "json"}
	format, all := formats[0], false
	c := &cobra.Command{
		Use:   "inspect PID",
		Short: "Say what a process watches with epoll",
		Long: `Inspect looks at any process that you may look at, and says of each of its epoll
instances what it watches: the descriptors, what they are, the addresses of
sockets, the events that are waited for, and whether level- or edge-triggered,
one-shot or exclusive. It points out descriptors that the process has closed and
watches still, because a duplicate or another process keeps them open. It says how
many are watched, and how many the processes of a user can watch.

Of an instance that watches more than 40 it counts the sorts; --all lists each,
and JSON always does. It reads /proc and does not stop or slow the process, which
goes on meanwhile. Other ways of waiting, such as select, poll and io_uring, leave no
trace there. A thread that has a table of descriptors of its own is looked at by its
own number. Processes of other users take root, or CAP_SYS_PTRACE.`,
		Example: `  muxbench inspect 4306
  sudo muxbench inspect "$(pgrep -n nginx)"
  muxbench inspect 1234 --format json | jq '.instances[].watched[] | select(.closed or .replaced)'`,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) != 1 {
				return fmt.Errorf("%s: %d processes are named, and one is wanted, by its number (ps -e lists them)", c.Name(), len(args))
			}
			return nil
		},
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(_ *cobra.Command, args []string) error {
			if !slices.Contains(formats, format) {
				return &scenarios.Invalid{Flag: "--format", Value: format, Allowed: "choose among " + strings.Join(formats, ", "), Known: formats}
			}
			pid, err := strconv.ParseUint(args[0], 10, 64)
			if err != nil || pid < 1 || pid > inspect.MaxPID {
				return &scenarios.Invalid{Flag: "PID", Value: args[0], Allowed: fmt.Sprintf("the number of a process is wanted, from 1 to %d (ps -e lists them)", inspect.MaxPID)}
			}
			p, err := inspect.Read("/proc", int(pid))
			if err != nil {
				return err
			}
			if format == "json" {
				return report.InspectionJSON(s.out, inspection(p))
			}
			return report.InspectionText(s.out, inspection(p), terminalWidth(s.out), all)
		},
	}
	c.Flags().StringVar(&format, "format", format, strings.Join(formats, ", "))
	c.Flags().BoolVarP(&all, "all", "a", false, "list each watched descriptor, however many there are")
	// It fails for flags that do not exist only.
	_ = c.RegisterFlagCompletionFunc("format", cobra.FixedCompletions(formats, cobra.ShellCompDirectiveNoFileComp))
	return c
}

// inspection puts what was found into the terms of the report.
func inspection(p inspect.Process) report.Inspection {
	in := report.Inspection{
		PID: p.PID, Command: p.Command, Watches: p.Watches, MayCountTwice: p.Undistinguished, Uncompared: p.Uncompared, MaxUserWatches: p.MaxUserWatches, Apart: p.Apart,
		Instances: make([]report.WatchedInstance, len(p.Instances)),
	}
	for i, from := range p.Instances {
		to := report.WatchedInstance{FD: from.FD, SameAs: from.SameAs, Watched: make([]report.Watched, len(from.Watched))}
		for j, w := range from.Watched {
			to.Watched[j] = report.Watched{
				FD: w.FD, Kind: string(w.Kind), State: w.State, Local: w.Local, Peer: w.Peer,
				Conditions: w.Events.Conditions(), Events: uint32(w.Events),
				EdgeTriggered: w.Events.EdgeTriggered(), OneShot: w.Events.OneShot(), Disarmed: w.Events.Disarmed(),
				Exclusive: w.Events.Exclusive(), Wakeup: w.Events.Wakeup(),
				Closed: w.Closed, Replaced: w.Replaced,
			}
			if w.OpenAs >= 0 {
				to.Watched[j].OpenAs = &w.OpenAs
			}
		}
		in.Instances[i] = to
	}
	return in
}
