//go:build linux

package main

import (
	"fmt"
	"maps"
	"os"

	"github.com/spf13/cobra"

	"muxbench/multiplexers/muxtest"
	"muxbench/multiplexers/workbench"
	"muxbench/scenarios/lab"
)

// partCommand is what cases of conformance and demonstrations start this program as.
func partCommand(s streams) *cobra.Command {
	return &cobra.Command{
		Use:    "part",
		Short:  "Play a part in a case or a demonstration, driven by it over standard input",
		Hidden: true,
		RunE: func(_ *cobra.Command, args []string) error {
			parts := muxtest.Parts(muxtest.Subjects())
			maps.Copy(parts, lab.Parts())
			return parts.Play(args, s.in, s.out)
		},
	}
}

// reexec is how this program, whose name is program, is started to play a part.
func reexec(program string) (workbench.Reexec, error) {
	path, err := os.Executable()
	if err != nil {
		return workbench.Reexec{}, fmt.Errorf("finding this program, to start it anew: %w", err)
	}
	return workbench.Reexec{Path: path, Args: []string{program, "part"}}, nil
}
