//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"muxbench/multiplexers/muxtest"
	"muxbench/multiplexers/server"
	"muxbench/report"
	"muxbench/results"
	"muxbench/scenarios"
)

// conformOptions are the flags of conform.
type conformOptions struct {
	backends, cases []string
	format          string
	seeds           int
	from            uint64
}

// errNotConforming is returned when a multiplexer or a server failed.
var errNotConforming = errors.New("not everything is as it must be: see what failed")

func conformCommand(s streams, args []string) *cobra.Command {
	renderers := map[string]func(io.Writer, report.Conformance) error{
		"text": func(w io.Writer, c report.Conformance) error {
			return report.ConformanceText(w, c, terminalWidth(w))
		},
		"markdown": report.ConformanceMarkdown,
		"json":     report.ConformanceJSON,
	}
	formats := []string{"text", "markdown", "json"}
	o := conformOptions{format: formats[0]}
	c := &cobra.Command{
		Use:   "conform",
		Short: "Try on this host what the kernel, every multiplexer and every server must do",
		Long: `Conform tries cases of three kinds: K, facts of the kernel, by raw system calls;
P, the contract that every multiplexer keeps; S, a whole server over TCP. They are
those that the tests of this program run. It shows as a matrix what came of each, and
says why where that is not what is expected.

A fact of the kernel that differs is reported as that, and is no failure: other
kernels, containers and emulations of Linux do differ. What needs a privilege is
skipped, and says which. Descriptors, processes and limits are left as they were.

Its exit status is 1 if a multiplexer or a server fails. It does not measure, and
takes less than a minute, unless more seeds are asked for.`,
		Example: `  muxbench conform
  muxbench conform --backends poll,epoll-et
  muxbench conform --case C-149 --format markdown
  muxbench conform --case C-150 -b epoll-et --seeds 5000`,
		Args:              cobra.NoArgs,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, _ []string) error {
			render, known := renderers[o.format]
			if !known {
				return &scenarios.Invalid{Flag: "--format", Value: o.format, Allowed: "choose among " + strings.Join(formats, ", "), Known: formats}
			}
			if cmd.Flags().Changed("seeds") && (o.seeds < 1 || o.seeds > mostSeeds) {
				return &scenarios.Invalid{Flag: "--seeds", Value: strconv.Itoa(o.seeds), Allowed: fmt.Sprintf("from 1 to %d", mostSeeds)}
			}
			for flag, given := range map[string][]string{"backends": o.backends, "case": o.cases} {
				if cmd.Flags().Changed(flag) && len(given) == 0 {
					return &scenarios.Invalid{Flag: "--" + flag, Allowed: "nothing is named"}
				}
			}
			return conform(cmd.Context(), s, args[0], o, render)
		},
	}
	c.Flags().StringSliceVarP(&o.backends, "backends", "b", nil, "servers to try, and the multiplexers that they wait with (default: all)")
	c.Flags().StringSliceVar(&o.cases, "case", nil, "cases to try, by ID; C-149 is also C-149/... (default: all)")
	c.Flags().IntVar(&o.seeds, "seeds", 0, "how many seeds to make random moves from, in cases that do (default: some tens)")
	c.Flags().Uint64Var(&o.from, "from", 1, "the first of these seeds")
	c.Flags().StringVar(&o.format, "format", o.format, strings.Join(formats, ", "))
	// These fail for flags that do not exist only.
	_ = c.RegisterFlagCompletionFunc("format", cobra.FixedCompletions(formats, cobra.ShellCompDirectiveNoFileComp))
	_ = c.RegisterFlagCompletionFunc("backends", completesList(append(backendNames(), "all")))
	_ = c.RegisterFlagCompletionFunc("case", completesList(caseIDs()))
	return c
}

func conform(ctx context.Context, s streams, program string, o conformOptions, render func(io.Writer, report.Conformance) error) error {
	subjects, err := chosenSubjects(o.backends)
	if err != nil {
		return err
	}
	cases, err := chosenCases(o.cases)
	if err != nil {
		return err
	}
	if err := o.seed(cases); err != nil {
		return err
	}
	again := reexec(program)
	ctx, cancel := untilInterrupted(ctx)
	defer cancel()
	c := report.Conformance{Run: results.Run{Version: version(), Started: time.Now(), Environment: scenarios.Environment()}}
	var tried []muxtest.Subject
	for _, subject := range subjects {
		shown := report.ConformanceSubject{Tier: string(subject.Tier), Name: subject.Name}
		if err := subject.Probe(); err != nil {
			shown.Unavailable = err.Error()
		} else {
			tried = append(tried, subject)
		}
		c.Subjects = append(c.Subjects, shown)
	}
	all := pairs(cases, tried)
	if all == 0 {
		return &scenarios.Invalid{Flag: "--case", Value: strings.Join(o.cases, ","), Allowed: "none of these is about what is to be tried"}
	}
	bar := newCounter(s.err, all)
	for _, k := range cases {
		row := report.ConformanceCase{ID: k.ID, Tier: string(k.Tier), Title: k.Title, Needs: k.Needs(), Allowed: k.Allowed, Source: k.Source}
		for _, subject := range tried {
			if !k.Applies(subject) || c.Interrupted {
				continue
			}
			r := k.Try(ctx, subject, again)
			c.Interrupted = ctx.Err() != nil
			if !c.Interrupted || k.Seeds.Count > 0 { // or else the signal may be what it tells of
				row.Results = append(row.Results, report.ConformanceResult{Subject: subject.Name, Verdict: string(r.Verdict), Reasons: r.Reasons})
			}
			bar.step(k.ID + " on " + subject.Name)
		}
		c.Cases = append(c.Cases, row)
	}
	bar.end()
	if err := render(s.out, c); err != nil {
		return err
	}
	switch {
	case c.Interrupted:
		return fmt.Errorf("%w: what was tried until then is shown", errInterrupted)
	case c.Failed():
		return errNotConforming
	}
	return nil
}

// pairs are how many cases are to be tried on how many subjects.
func pairs(cases []muxtest.Case, subjects []muxtest.Subject) (n int) {
	for _, k := range cases {
		for _, s := range subjects {
			if k.Applies(s) {
				n++
			}
		}
	}
	return n
}

// mostSeeds are some hours of them.
const mostSeeds = 1_000_000

// seed has cases that make random moves make them from the seeds that are asked for.
func (o conformOptions) seed(cases []muxtest.Case) error {
	if o.seeds == 0 && o.from == 1 {
		return nil
	}
	random := false
	for i := range cases {
		if cases[i].Seeds.Count == 0 {
			continue
		}
		random = true
		cases[i].Seeds.First = o.from
		if o.seeds > 0 {
			cases[i].Seeds.Count = o.seeds
		}
	}
	if !random {
		return &scenarios.Invalid{Flag: "--seeds", Allowed: "none of these cases makes random moves; C-150 does"}
	}
	return nil
}

// chosenSubjects are the kernel, the servers of these names and the multiplexers that
// they wait with; all for no names, and for the word.
func chosenSubjects(names []string) ([]muxtest.Subject, error) {
	if len(names) == 0 || slices.Equal(names, []string{"all"}) {
		return muxtest.Subjects(), nil
	}
	wanted := map[string]bool{string(muxtest.Kernel) + muxtest.TheKernel().Name: true}
	for _, name := range names {
		b, err := server.Lookup(name)
		if err != nil {
			known := backendNames()
			return nil, &scenarios.Invalid{Flag: "--backends", Value: name, Allowed: "choose among " + strings.Join(known, ", "), Known: known}
		}
		wanted[string(muxtest.Whole)+b.Name] = true
		wanted[string(muxtest.Contract)+b.Mechanism.Name] = true
	}
	return slices.DeleteFunc(muxtest.Subjects(), func(s muxtest.Subject) bool { return !wanted[string(s.Tier)+s.Name] }), nil
}

// chosenCases are those with these IDs, or whose ID begins so and goes on with a slash;
// all for no IDs.
func chosenCases(ids []string) ([]muxtest.Case, error) {
	all := muxtest.Cases()
	if len(ids) == 0 {
		return all, nil
	}
	named := func(k muxtest.Case, id string) bool {
		is, asked := strings.ToLower(k.ID), strings.ToLower(id)
		return is == asked || strings.HasPrefix(is, asked+"/")
	}
	for _, id := range ids {
		if !slices.ContainsFunc(all, func(k muxtest.Case) bool { return named(k, id) }) {
			return nil, &scenarios.Invalid{Flag: "--case", Value: id, Allowed: `there is no such case; "muxbench conform --format markdown" names all`, Known: caseIDs()}
		}
	}
	return slices.DeleteFunc(all, func(k muxtest.Case) bool {
		return !slices.ContainsFunc(ids, func(id string) bool { return named(k, id) })
	}), nil
}

func caseIDs() []string {
	var all []string
	for _, k := range muxtest.Cases() {
		all = append(all, k.ID)
	}
	return all
}
