//go:build linux

package main

import (
	"github.com/spf13/cobra"

	"muxbench/scenarios"
)

func workerCommand(s streams) *cobra.Command {
	return &cobra.Command{
		Use:    "worker",
		Short:  "Serve or load, driven by a muxbench run over standard input",
		Hidden: true,
		Args:   cobra.NoArgs,
		RunE:   func(*cobra.Command, []string) error { return scenarios.Work(s.in, s.out) },
	}
}
