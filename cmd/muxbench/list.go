//go:build linux

package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"muxbench/multiplexers/server"
	"muxbench/scenarios"
)

func listCommand(s streams) *cobra.Command {
	verbose := false
	c := &cobra.Command{
		Use:   "list",
		Short: "List scenarios, presets and backends, and whether each is available here",
		Long: `List names the scenarios, presets and backends, and says of each backend whether
this host has it. With --verbose it says of each scenario what a slice is, how
to read what comes of it and what it compares, and of each backend how it enters the
kernel and why, what can be chosen, and what it cannot do.`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			if verbose {
				return listInFull(s.out)
			}
			w := tabwriter.NewWriter(s.out, 0, 0, 2, ' ', 0)
			fmt.Fprintln(w, "SCENARIO\tQUESTION")
			for _, sc := range scenarios.Scenarios() {
				fmt.Fprintf(w, "%s\t%s\n", sc.Name, sc.Question)
			}
			fmt.Fprintln(w, "\nPRESET\tWHAT IT IS")
			for _, p := range scenarios.Presets() {
				fmt.Fprintf(w, "%s\t%s\n", p.Name, p.Summary)
			}
			fmt.Fprintln(w, "\nBACKEND\tHERE\tWHAT IT IS")
			for _, b := range server.Backends() {
				fmt.Fprintf(w, "%s\t%s\t%s\n", b.Name, here(b), b.Summary)
			}
			return w.Flush()
		},
	}
	c.Flags().BoolVarP(&verbose, "verbose", "v", false, "all that is known of each")
	return c
}

// here says whether this host has a backend.
func here(b server.Backend) string {
	if err := b.Probe(); err != nil {
		return "no: " + err.Error()
	}
	return "yes"
}

// listInFull describes everything in paragraphs, as wide as a terminal is.
func listInFull(out io.Writer) error {
	const labels = 18 // columns, that the longest takes with what is around it
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	width := terminalWidth(out) - labels
	row := func(what, text string) {
		lines := []string{text}
		if width > 0 {
			lines = wrapped(text, width)
		}
		for _, line := range lines {
			if line != "" {
				fmt.Fprintf(w, "  %s\t%s\n", what, line)
			}
			what = ""
		}
	}
	fmt.Fprintln(w, "SCENARIOS")
	for _, sc := range scenarios.Scenarios() {
		fmt.Fprintf(w, "\n%s\n", sc.Name)
		row("question", sc.Question)
		row("a slice", sc.Slice)
		row("how to read it", sc.Reading)
		row("compares", strings.Join(sc.Compares(), ", "))
	}
	fmt.Fprintln(w, "\nPRESETS")
	for _, p := range scenarios.Presets() {
		fmt.Fprintf(w, "\n%s\n", p.Name)
		row("what it is", p.Summary)
		row("compares", strings.Join(p.Compares(), ", "))
	}
	fmt.Fprintln(w, "\nBACKENDS")
	threads, bound := server.HostThreads(os.DirFS("/"))
	for _, b := range server.Backends() {
		fmt.Fprintf(w, "\n%s\n", b.Name)
		row("what it is", b.Summary)
		row("here", here(b))
		row("waits by", strings.Join(b.Mechanism.Syscalls, ", "))
		row("enters", b.EntryWhy)
		row("descriptors", descriptors(b))
		row("to choose", choices(b))
		if most := b.Mechanism.Capabilities.MaxFD; most > 0 {
			row("limit", fmt.Sprintf("descriptors up to %d; cells with more connections are skipped", most))
		}
		if b.ThreadEach {
			row("limit", threadLimit(threads, bound))
		}
	}
	return w.Flush()
}

// threadLimit is how many connections there can be with a thread for each.
func threadLimit(threads int, bound string) string {
	if bound == "" {
		return "this host tells of none"
	}
	return fmt.Sprintf("%d connections on this host now (%s); cells with more are skipped", threads, bound)
}

// descriptors says whose the tables of descriptors are.
func descriptors(b server.Backend) string {
	if b.OwnDescriptors {
		return "entering raw, each thread has a table of its own, as a process with one thread has"
	}
	return "its threads share a table"
}

// choices names the options that mean something to a backend.
func choices(b server.Backend) string {
	var all []string
	if len(b.Entries) > 1 {
		all = append(all, "--entry")
	}
	if b.Loops > 0 {
		all = append(all, fmt.Sprintf("--loops (%d)", b.Loops))
	}
	if b.PoolThreads > 0 {
		all = append(all, fmt.Sprintf("--pool-threads (%d)", b.PoolThreads))
	}
	if b.Multiplexes() {
		all = append(all, "--max-events", "--wait")
	}
	if len(b.Lookups()) > 0 {
		all = append(all, "--lookup")
	}
	if b.ChangesInterest() {
		all = append(all, "--interest")
	}
	return strings.Join(all, ", ")
}

func scenarioNames() []string {
	var names []string
	for _, sc := range scenarios.Scenarios() {
		names = append(names, sc.Name)
	}
	return names
}

func presetNames() []string {
	var names []string
	for _, p := range scenarios.Presets() {
		names = append(names, p.Name)
	}
	return names
}

func backendNames() []string {
	var names []string
	for _, b := range server.Backends() {
		names = append(names, b.Name)
	}
	return names
}
