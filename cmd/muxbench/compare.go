//go:build linux

package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"muxbench/report"
	"muxbench/scenarios"
)

// compareOptions are the flags of compare.
type compareOptions struct {
	format, out string
	arms, with  []string
}

func compareCommand(s streams) *cobra.Command {
	o := compareOptions{}
	c := &cobra.Command{
		Use:   "compare A [B]",
		Short: "Hold two results against each other, or arms of one",
		Long: `Compare says first in what the machines and programs of two results differ, and
then for each arm and cell that both have what its metric was in either, the ratio
of B to A with its interval, and whether a difference can be told. A and B are
results' directories, or files. Where the machines are not alike it shows the
figures and concludes nothing.

Two runs one after the other differ by what an hour changes. Where both have the
same reference, an arm is judged by its ratio to that, in B over A, which is free
of what changed for all arms alike. What decides is a run that has both as arms.

With --arms and --with it compares arms of one result, which took turns: the first
of --with is held against the first of --arms, and so on.

It informs, and does not judge: its exit status is 0 whatever the difference.`,
		Example: `  muxbench compare results/runs/before results/runs/after
  muxbench compare results/runs/before results/runs/after --format markdown
  muxbench compare results/reference/idle --arms poll --with epoll-lt
  muxbench compare results/reference/idle --arms poll,select --with epoll-lt,epoll-et -o charts`,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) < 1 || len(args) > 2 {
				return fmt.Errorf("%s: %d results are named, and two are wanted, or one with --arms and --with: a result's directory, or its run.jsonl", c.Name(), len(args))
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error {
			if err := checkFormat(o.format); err != nil {
				return err
			}
			if err := o.check(args); err != nil {
				return err
			}
			compared, err := o.compare(s, args)
			if err != nil {
				return err
			}
			if o.out != "" {
				charts, err := report.WriteCharts(o.out, report.ComparisonCharts(compared))
				if err != nil {
					return err
				}
				if len(charts) == 0 {
					fmt.Fprintln(s.err, "charts: none, for there is no ratio but of control arms")
				} else {
					fmt.Fprintf(s.err, "charts: %d in %s\n", len(charts), printable(o.out))
				}
			}
			return documentOfComparison(compared, directory(args[len(args)-1])).print(s, o.format)
		},
	}
	f := c.Flags()
	f.Var(list[string]{&o.arms, "names", parseWord}, "arms", "of one result: the arms that are A")
	f.Var(list[string]{&o.with, "names", parseWord}, "with", "of one result: the arms that are B, one for each of --arms, in their order")
	formatFlag(c, &o.format)
	f.StringVarP(&o.out, "out", "o", "", "directory for charts of the ratios, as PNG and SVG (default: none are drawn)")
	return c
}

// check says what does not go together.
func (o *compareOptions) check(args []string) error {
	switch {
	case len(args) == 2 && len(o.arms)+len(o.with) > 0:
		return &scenarios.Invalid{Flag: "--arms", Allowed: "it is for arms of one result, and two results are named: leave one of them out, or --arms and --with"}
	case len(args) == 1 && len(o.arms) == 0 && len(o.with) == 0:
		return &scenarios.Invalid{Flag: "B", Allowed: "one result is named: name another, or arms of this one by --arms and --with"}
	case len(args) == 1 && len(o.arms) == 0:
		return &scenarios.Invalid{Flag: "--arms", Allowed: "name the arms that those of --with are held against, in their order"}
	case len(o.with) != len(o.arms):
		return &scenarios.Invalid{Flag: "--with", Value: strings.Join(o.with, ","), Allowed: fmt.Sprintf("name as many arms as in --arms, which has %d", len(o.arms))}
	}
	return nil
}

// compare reads what is compared.
func (o *compareOptions) compare(s streams, args []string) (report.SideBySide, error) {
	a, err := comparisonSide(s, args[0])
	if err != nil {
		return report.SideBySide{}, err
	}
	if len(args) == 2 {
		b, err := comparisonSide(s, args[1])
		if err != nil {
			return report.SideBySide{}, err
		}
		return report.CompareRuns(a, b)
	}
	pairs, err := o.pairs(report.ComparedArms(a.Trials))
	if err != nil {
		return report.SideBySide{}, err
	}
	return report.CompareArms(a, pairs)
}

// pairs are the arms in their order, each of which the result has to have.
func (o *compareOptions) pairs(known []string) ([]report.ComparisonPair, error) {
	there := make(map[string]bool)
	for _, name := range known {
		there[name] = true
	}
	if len(known) == 0 {
		known = []string{"none"}
	}
	seen := make(map[report.ComparisonPair]bool)
	var pairs []report.ComparisonPair
	for i, name := range o.arms {
		pair := report.ComparisonPair{A: name, B: o.with[i]}
		for _, arm := range []struct{ flag, name string }{{"--arms", pair.A}, {"--with", pair.B}} {
			if !there[arm.name] {
				return nil, &scenarios.Invalid{Flag: arm.flag, Value: arm.name, Allowed: "the result has " + strings.Join(known, ", "), Known: known}
			}
		}
		if pair.A == pair.B {
			return nil, &scenarios.Invalid{Flag: "--with", Value: pair.B, Allowed: "it would be held against itself: name another arm in its place"}
		}
		if seen[pair] {
			return nil, &scenarios.Invalid{Flag: "--with", Value: pair.B, Allowed: "name each pair once"}
		}
		seen[pair] = true
		pairs = append(pairs, pair)
	}
	return pairs, nil
}

// comparisonSide reads a result, and warns of what is wrong in it.
func comparisonSide(s streams, path string) (report.ComparisonSide, error) {
	file, err := open(s, path)
	if err != nil {
		return report.ComparisonSide{}, err
	}
	return report.ComparisonSide{Name: path, Run: file.Run, Trials: file.Trials}, nil
}
