//go:build linux

package main

import (
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

// reexec is how this program, whose name is program, is started to play a part. It is
// empty where that cannot be known: what needs it is skipped, and says so.
func reexec(program string) workbench.Reexec {
	path, err := os.Executable()
	if err != nil {
		return workbench.Reexec{}
	}
	return workbench.Reexec{Path: path, Args: []string{program, "part"}}
}
