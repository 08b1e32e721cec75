//go:build linux

package main

import (
	"context"

	"github.com/spf13/cobra"

	"muxbench/results"
	"muxbench/scenarios"
)

// sideOptions say where base and head come from.
type sideOptions struct {
	base, head, baseRev string
	layouts             int
}

func (o *sideOptions) flags(c *cobra.Command) {
	f := c.Flags()
	f.StringVar(&o.base, "base", "", "the muxbench to compare with")
	f.StringVar(&o.head, "head", "", "the muxbench to judge (default: this one)")
	f.StringVar(&o.baseRev, "base-rev", "", "build the base from this git revision of muxbench, and the head from the working tree, in whose repository this is called")
	f.IntVar(&o.layouts, "layouts", defaultLayouts, "with --base-rev: random code layouts that each side is built in, so that layout is noise; 1: as the linker has it")
}

const defaultLayouts, mostLayouts = 4, 16

func (o *sideOptions) settle(selfTest bool) error { return nil }

func (o *sideOptions) builds(ctx context.Context, s streams, g *results.Gate) (scenarios.Sides, func(), error) {
	return scenarios.Sides{Base: []scenarios.Executable{{Path: o.base, Name: "base"}}}, func() {}, nil
}
