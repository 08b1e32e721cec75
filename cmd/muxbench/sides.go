//go:build linux

package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/spf13/cobra"

	"muxbench/builds"
	"muxbench/results"
	"muxbench/scenarios"
)

// sideOptions say where base and head come from.
type sideOptions struct {
	base, head, baseRev string
	layouts             int
}

const defaultLayouts, mostLayouts = 4, 16

func (o *sideOptions) flags(c *cobra.Command) {
	f := c.Flags()
	f.StringVar(&o.base, "base", "", "the muxbench to compare with")
	f.StringVar(&o.head, "head", "", "the muxbench to judge (default: this one)")
	f.StringVar(&o.baseRev, "base-rev", "", "build the base from this git revision of muxbench, and the head from the working tree, in whose repository this is called")
	f.IntVar(&o.layouts, "layouts", 0, fmt.Sprintf("with --base-rev: random code layouts that each side is built in, so that layout is noise; 1: as the linker has it (default %d)", defaultLayouts))
}

// given are the flags that say what to judge by.
func (o *sideOptions) given() []string {
	var all []string
	for _, f := range []struct{ flag, value string }{{"--base", o.base}, {"--base-rev", o.baseRev}} {
		if f.value != "" {
			all = append(all, f.flag)
		}
	}
	return all
}

// settle refuses what does not go together.
func (o *sideOptions) settle(c *cobra.Command) error {
	switch {
	case o.head != "" && o.base == "":
		return &scenarios.Invalid{Flag: "--head", Value: o.head, Allowed: "it goes with --base: with --base-rev the head is the working tree, else this muxbench"}
	case c.Flags().Changed("layouts") && o.baseRev == "":
		return &scenarios.Invalid{Flag: "--layouts", Allowed: "it goes with --base-rev: a binary has one layout"}
	case c.Flags().Changed("layouts") && (o.layouts < 1 || o.layouts > mostLayouts):
		return &scenarios.Invalid{Flag: "--layouts", Value: fmt.Sprint(o.layouts), Allowed: fmt.Sprintf("1 to %d is allowed", mostLayouts)}
	}
	if o.layouts == 0 {
		o.layouts = defaultLayouts
	}
	return nil
}

// examine looks at the programs of both sides that there are already: none with --base-rev.
func (o *sideOptions) examine(ctx context.Context) (base, head builds.Binary, err error) {
	if o.baseRev != "" {
		return base, head, nil
	}
	if base, err = builds.Examine(ctx, o.base); err != nil {
		return base, head, fmt.Errorf("--base: %w", err)
	}
	path := o.head
	if path == "" {
		if path, err = os.Executable(); err != nil {
			return base, head, fmt.Errorf("finding this program, the head: %w", err)
		}
	}
	if head, err = builds.Examine(ctx, path); err != nil {
		return base, head, fmt.Errorf("--head: %w", err)
	}
	return base, head, nil
}

// builds are the programs of both sides, copied from what was examined or built, and
// noted in the gate. Until done is called, they are there.
func (o *sideOptions) builds(ctx context.Context, s streams, base, head builds.Binary, quiet bool, g *results.Gate) (sides scenarios.Sides, done func(), err error) {
	done = func() {}
	dir, err := os.MkdirTemp("", "muxbench-builds-*")
	if err != nil {
		return sides, done, fmt.Errorf("making a directory for builds: %w", err)
	}
	done = func() { _ = os.RemoveAll(dir) } // what is left lies among temporary files
	if o.baseRev == "" {
		if base, err = base.Copy(filepath.Join(dir, "base")); err != nil {
			return sides, done, fmt.Errorf("--base: %w", err)
		}
		if head, err = head.Copy(filepath.Join(dir, "head")); err != nil {
			return sides, done, fmt.Errorf("--head: %w", err)
		}
		sides.Base, g.Base = one(base)
		sides.Head, g.Head = one(head)
		return sides, done, nil
	}
	progress := func(of string) builds.Progress {
		return func(layout, layouts int) {
			if !quiet {
				fmt.Fprintf(s.err, "building %s, layout %d of %d\n", of, layout, layouts)
			}
		}
	}
	bases, err := builds.Revision(ctx, ".", o.baseRev, o.layouts, dir, progress("the base"))
	if err != nil {
		return sides, done, fmt.Errorf("--base-rev: %w", err)
	}
	heads, err := builds.Tree(ctx, ".", o.layouts, dir, progress("the head"))
	if err != nil {
		return sides, done, fmt.Errorf("--base-rev: the head: %w", err)
	}
	sides.Base, g.Base = several(bases)
	sides.Head, g.Head = several(heads)
	return sides, done, nil
}

func one(b builds.Binary) ([]scenarios.Executable, results.Build) {
	return []scenarios.Executable{{Path: b.Path, Name: b.Version}}, results.Build{Version: b.Version, Go: b.Go, Platform: b.Platform}
}

// several are one build in random layouts, if there are more than one.
func several(all []builds.Binary) ([]scenarios.Executable, results.Build) {
	if len(all) == 1 {
		return one(all[0])
	}
	var executables []scenarios.Executable
	for i, b := range all {
		executables = append(executables, scenarios.Executable{Path: b.Path, Name: fmt.Sprintf("%s layout %d", b.Version, i+1)})
	}
	first := all[0]
	return executables, results.Build{Version: first.Version, Go: first.Go, Platform: first.Platform, Layouts: len(all)}
}

// thisBuild is this program.
func thisBuild() results.Build {
	return results.Build{Version: version(), Go: runtime.Version(), Platform: strings.Join([]string{runtime.GOOS, runtime.GOARCH}, "/")}
}
