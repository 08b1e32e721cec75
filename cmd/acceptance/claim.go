//go:build linux

package main

import (
	"context"
	"encoding/json"

	"muxbench/results"
)

// mostRepetitions is what a repetition's directory has digits for.
const mostRepetitions = 999

// claim is something that muxbench says of itself, and how to see whether it
// holds on a machine.
type claim struct {
	name     string
	question string
	takes    string // a repetition, roughly
	wanted   int    // repetitions to judge by
	first    []step // measured once, before any repetition
	// steps are those of each repetition, the repetition's number from 1. They
	// may depend on what was measured first.
	steps func(first []measured, n int) ([]step, error)
	judge func(done collected) []finding
}

// step is one thing that is measured into a directory of its own: a run or a
// check of muxbench with args or, where measure is given, something else that
// yields figures.
type step struct {
	name  string // of its directory within the repetition's; empty: the same
	check bool   // and no run
	args  []string
	// late are further args, which follow from what the repetition has measured
	// before: other ones the next time, so that they are kept and not compared.
	late      func(before []measured) ([]string, error)
	needs     need
	measure   func(ctx context.Context, b *bench, dir string) (figures any, err error)
	report    bool // of a run: have muxbench's report on it as well
	benchstat bool // of a check: have benchstat compare its builds as well
}

// command is muxbench's that measures a step.
func (s step) command() string {
	if s.check {
		return "check"
	}
	return "run"
}

// need is a reference program in C that a step takes.
type need string

const (
	nothing   need = ""
	echoInC   need = "echo-c"
	clientInC need = "load-c"
	paceInC   need = "pace-c"
	strace    need = "strace"
)

// measured is a step that is complete.
type measured struct {
	step   step
	record record
	file   *results.File // of a run or a check of muxbench
	report *reported     // on it, where the step wants one
	second *secondOpinion
}

// record is kept beside what a step has measured, as a sign that it is complete.
type record struct {
	Version string          `json:"version"` // of muxbench
	Args    []string        `json:"args,omitempty"`
	Late    []string        `json:"late_args,omitempty"` // that followed from what was measured before
	Status  int             `json:"status"`              // exit status of muxbench
	TookNS  int64           `json:"took_ns"`
	Figures json.RawMessage `json:"figures,omitempty"`
}

// collected is all that is complete of a claim.
type collected struct {
	first       []measured
	repetitions [][]measured // the steps of each that is complete
	want        int
	version     string // of muxbench now
}

// files are the runs of the step of that name, repetition by repetition.
func (c collected) files(name string) []*results.File {
	var files []*results.File
	for _, steps := range c.repetitions {
		for _, m := range steps {
			if m.step.name == name && m.file != nil {
				files = append(files, m.file)
			}
		}
	}
	return files
}

// finding is one thing that was looked at. Where nothing is required, it is
// for information.
type finding struct {
	what, required, measured string
	holds                    bool
	open                     bool // the uncertainty of what was measured reaches beyond what is required
	certain                  bool // whatever repetitions that are missing would say
}
