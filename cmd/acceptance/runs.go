//go:build linux

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"muxbench/results"
)

// recordName is the file that says that a step is complete.
const recordName = "acceptance.json"

// measure brings a claim to so many repetitions, 0 for as many as it wants, and
// returns all that is complete, also where an error ended it.
func measure(ctx context.Context, c claim, b *bench, repetitions int) (done collected, err error) {
	done.want, done.version = c.wanted, b.version
	if repetitions == 0 {
		repetitions = c.wanted
	}
	for _, s := range c.first {
		m, err := b.bring(ctx, s, filepath.Join(b.directory, c.name, s.name), done.first)
		if err != nil {
			return done, err
		}
		done.first = append(done.first, m)
	}
	for n := 1; n <= repetitions; n++ {
		steps, err := c.steps(done.first, n)
		if err != nil {
			return done, err
		}
		var all []measured
		for _, s := range steps {
			m, err := b.bring(ctx, s, filepath.Join(b.directory, c.name, numbered(n), s.name), all)
			if err != nil {
				return done, err
			}
			all = append(all, m)
		}
		done.repetitions = append(done.repetitions, all)
	}
	return done, nil
}

// numbered is the name of a repetition's directory.
func numbered(n int) string { return fmt.Sprintf("%03d", n) }

// bring returns what a step measured, after what the repetition has measured
// before, and where it wants muxbench's report on that, this muxbench's, whichever
// measured it.
func (b *bench) bring(ctx context.Context, s step, dir string, before []measured) (measured, error) {
	m, err := b.take(ctx, s, dir, before)
	if err == nil && s.report {
		m.report, err = b.report(ctx, dir)
	}
	if err == nil && s.benchstat {
		m.second, err = b.secondOpinion(ctx, dir)
	}
	return m, err
}

// take measures a step, unless that has been done and is complete.
func (b *bench) take(ctx context.Context, s step, dir string, before []measured) (measured, error) {
	if err := b.supply(ctx, &s); err != nil {
		return measured{}, err
	}
	m, err := load(s, dir)
	if !errors.Is(err, errIncomplete) {
		return m, err
	}
	if ctx.Err() != nil {
		return m, ctx.Err()
	}
	// muxbench takes no directory that holds a run, and half of one is no use.
	if err := os.RemoveAll(dir); err != nil {
		return m, fmt.Errorf("removing what is incomplete: %w", err)
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return m, fmt.Errorf("making the directory of a repetition: %w", err)
	}
	r := record{Version: b.version, Args: s.args}
	if s.late != nil {
		if r.Late, err = s.late(before); err != nil {
			return m, err
		}
	}
	args := slices.Concat(r.Args, r.Late)
	fmt.Fprintf(b.progress, "%s %s\n", dir, strings.Join(args, " "))
	began := time.Now()
	if s.measure == nil {
		r.Status, err = b.run(ctx, s.command(), args, dir)
	} else {
		var figures any
		if figures, err = s.measure(ctx, b, dir); err == nil {
			r.Figures, err = json.Marshal(figures)
		}
	}
	if ctx.Err() != nil {
		return m, ctx.Err()
	}
	if err != nil {
		return m, err
	}
	r.TookNS = int64(time.Since(began))
	encoded, err := json.Marshal(r)
	if err != nil {
		return m, fmt.Errorf("encoding the record of %s: %w", dir, err)
	}
	if err := os.WriteFile(filepath.Join(dir, recordName), append(encoded, '\n'), 0o666); err != nil {
		return m, fmt.Errorf("writing that a repetition is complete: %w", err)
	}
	m, err = load(s, dir)
	if errors.Is(err, errIncomplete) {
		return m, fmt.Errorf("%s has just been measured, with exit status %d: %w: see %s in it", dir, r.Status, err, saidName)
	}
	return m, err
}

// errIncomplete says that a step is to be measured, again or for the first time.
var errIncomplete = errors.New("not complete")

// load reads a step that is complete, errIncomplete if it is not. It is an
// error if the directory holds something else than this step.
func load(s step, dir string) (measured, error) {
	m := measured{step: s}
	encoded, err := os.ReadFile(filepath.Join(dir, recordName))
	if errors.Is(err, fs.ErrNotExist) {
		return m, errIncomplete
	}
	if err != nil {
		return m, fmt.Errorf("reading whether a repetition is complete: %w", err)
	}
	if json.Unmarshal(encoded, &m.record) != nil {
		return m, errIncomplete // torn
	}
	if !slices.Equal(m.record.Args, s.args) {
		return m, fmt.Errorf("%s holds the result of %q, and %q is wanted: choose another directory with --out", dir, m.record.Args, s.args)
	}
	if s.measure != nil {
		return m, nil
	}
	m.file, err = results.Open(dir)
	if err != nil {
		return m, fmt.Errorf("%w: %w", errIncomplete, err)
	}
	if s.check != (m.file.Run.Gate != nil) {
		return m, fmt.Errorf("%s holds something else than a %s: choose another directory with --out", dir, s.command())
	}
	interrupted := slices.ContainsFunc(m.file.Trials, func(t results.Trial) bool { return t.Status == results.StatusInterrupted })
	if interrupted || len(m.file.Trials) == 0 || len(m.file.Warnings) > 0 {
		return m, fmt.Errorf("%w: %d trials, %d torn or unreadable lines, interrupted: %t", errIncomplete, len(m.file.Trials), len(m.file.Warnings), interrupted)
	}
	return m, nil
}
