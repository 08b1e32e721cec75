//go:build linux

package main

import (
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"muxbench/multiplexers/server"
	"muxbench/scenarios"
)

func listCommand(s streams) *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List scenarios, presets and backends, and whether each is available here",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			w := tabwriter.NewWriter(s.out, 0, 0, 2, ' ', 0)
			fmt.Fprintln(w, "SCENARIO\tQUESTION")
			for _, sc := range scenarios.Scenarios() {
				fmt.Fprintf(w, "%s\t%s\n", sc.Name, sc.Question)
			}
			fmt.Fprintln(w, "\nPRESET\tCOMMANDS OF")
			for _, p := range scenarios.Presets() {
				fmt.Fprintf(w, "%s\t%s\n", p.Name, p.Summary)
			}
			fmt.Fprintln(w, "\nBACKEND\tHERE\tWHAT IT IS")
			for _, b := range server.Backends() {
				here := "yes"
				if err := b.Mechanism.Probe(); err != nil {
					here = "no: " + err.Error()
				}
				fmt.Fprintf(w, "%s\t%s\t%s\n", b.Name, here, b.Summary)
			}
			return w.Flush()
		},
	}
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
