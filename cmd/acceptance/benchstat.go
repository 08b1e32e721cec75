//go:build linux

package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"muxbench/results/stats"
)

const (
	benchstatModule = "golang.org/x/perf/cmd/benchstat@v0.0.0-20260908200009-22c9c6c9d4da"

	// cpuUnit is what muxbench's nanoseconds of server CPU become in benchstat.
	cpuUnit = "server-cpu-sec/msg"

	// mostBeside is how far benchstat's size of a change may be from the gate's.
	// Its medians are not paired, so that it keeps noise that the gate takes out.
	mostBeside = 0.02
)

// secondOpinion is what benchstat says of a check's server CPU.
type secondOpinion struct {
	missing string // why benchstat said nothing; empty if it did
	change  float64
	p       float64
	differs bool // by its own level of significance
}

// secondOpinion has benchstat compare the builds of a check. That it cannot be had is
// no error. It takes a moment, and goes on after an interrupt, so that what is complete
// is judged.
func (b *bench) secondOpinion(ctx context.Context, dir string) (*secondOpinion, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*patience)
	defer cancel()
	program, err := b.benchstat(ctx)
	if err != nil {
		return &secondOpinion{missing: err.Error()}, nil
	}
	benchfmt, err := child(ctx, b.muxbench, "report", dir, "--format", "benchfmt").Output()
	if err != nil {
		return nil, fmt.Errorf("muxbench report %s --format benchfmt: %w", dir, err)
	}
	if !bytes.Contains(benchfmt, []byte("\nBenchmark")) {
		return &secondOpinion{}, nil // no block is valid: there is nothing to compare
	}
	// A check has the control as a third build.
	compare := child(ctx, program, "-col", "build@(base head)", "-format", "csv", "-")
	var said bytes.Buffer
	compare.Stdin, compare.Stderr = bytes.NewReader(benchfmt), &said
	out, err := compare.Output()
	if err != nil {
		return nil, fmt.Errorf("benchstat of %s: %w: %s", dir, err, said.Bytes())
	}
	opinion, err := parseBenchstat(out)
	if err != nil {
		return nil, fmt.Errorf("benchstat of %s: %w", dir, err)
	}
	return opinion, nil
}

// benchstat is its program, which is built beside what is measured, as it is in a
// module that muxbench does not need.
func (b *bench) benchstat(ctx context.Context) (program string, err error) {
	program = filepath.Join(b.directory, "benchstat")
	if _, err := os.Stat(program); err == nil {
		return program, nil
	}
	install := exec.CommandContext(ctx, "go", "install", benchstatModule)
	install.Env = append(os.Environ(), "GOBIN="+b.directory)
	if out, err := install.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building %s: %w: %s", benchstatModule, err, out)
	}
	return program, nil
}

// parseBenchstat reads the comparison of server CPU from benchstat's CSV: tables of one
// unit each, with columns of base and head, which a change and its p follow.
func parseBenchstat(out []byte) (*secondOpinion, error) {
	lines := csv.NewReader(bytes.NewReader(out))
	lines.FieldsPerRecord = -1
	unit, sides := "", []string(nil)
	var units []string
	for {
		line, err := lines.Read()
		switch {
		case errors.Is(err, io.EOF):
			return nil, fmt.Errorf("no comparison of %s, but of %s", cpuUnit, strings.Join(units, ", "))
		case err != nil:
			return nil, fmt.Errorf("reading its CSV: %w", err)
		case len(line) < 7: // of its configuration, or of one side only
		case line[0] == "" && line[2] == "" && line[1] != "":
			sides = []string{line[1], line[3]}
		case line[0] == "":
			unit = line[1]
			units = append(units, unit)
		case unit == cpuUnit && line[0] != "geomean":
			return opinionOf(line, sides)
		}
	}
}

// opinionOf reads a line: name, base, its interval, head, its interval, change, p.
func opinionOf(line, sides []string) (*secondOpinion, error) {
	if !slices.Equal(sides, []string{"base", "head"}) {
		return nil, fmt.Errorf("its columns are %q and not base and head", sides)
	}
	base, noBase := strconv.ParseFloat(line[1], 64)
	head, noHead := strconv.ParseFloat(line[3], 64)
	p, n, _ := strings.Cut(strings.TrimPrefix(line[6], "p="), " ")
	level, noP := strconv.ParseFloat(p, 64)
	change, ok := stats.LogRatio(head, base)
	if err := errors.Join(noBase, noHead, noP); err != nil || !ok || n == "" {
		return nil, fmt.Errorf("its line %q is no comparison: %w", line, err)
	}
	return &secondOpinion{change: math.Expm1(change), p: level, differs: line[5] != "~"}, nil
}
