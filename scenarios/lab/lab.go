//go:build linux

// Package lab holds short demonstrations of what the kernel does with those who wait
// for descriptors: what is expected, beside what was observed, with why it is so and
// what to do about it.
//
// To add a demonstration, write a file with its function and its words, and a line in
// Demos. It is for somebody who has read an article and wants to see it: short, on real
// descriptors, and able to come out otherwise than expected.
package lab

import (
	"time"

	"muxbench/multiplexers/workbench"
)

// limit is how long a demonstration may take. Most take a few milliseconds.
const limit = 30 * time.Second

// spare are the descriptors that are open already, and those that nearly every
// demonstration takes.
const spare = 48

// Demo is a demonstration.
type Demo struct {
	Name  string // stable, unique: lower-case words and dashes
	Title string // what is to be seen, in a line
	Why   string // why it is so
	// Advice is what to do about it.
	Advice string
	Source string // where to read on: a page of the manual, an article
	// Takes is what it takes that not every host or user has, such as a capability(7):
	// without it, it is skipped. Empty is nothing.
	Takes string
	show  func(*stage)
}

// Demos are all of them, in the order in which they are to be shown. The caller owns
// the slice.
func Demos() []Demo {
	return []Demo{
		levelAndEdge(),
		edgeHang(),
		blockingSocket(),
		timeouts(),
		dup(),
		fork(),
		closing(),
		reuse(),
		herd(),
		acceptEdge(),
		notNeeded(),
		writeInterest(),
		selectLimit(),
		pollLimit(),
		watchLimit(),
		regularFile(),
		hupMatrix(),
		maxEvents(),
		emfile(),
		interrupted(),
		createSize(),
		closeOnExec(),
		myths(),
	}
}

// Names are those of all.
func Names() []string {
	var all []string
	for _, d := range Demos() {
		all = append(all, d.Name)
	}
	return all
}

// Row is one thing that was done.
type Row struct {
	Done string // what was done
	// Expected is what is to come of it. It is empty where nothing is: the row only
	// tells what was observed.
	Expected   string
	Observed   string
	AsExpected bool
}

// Shown is what came of a demonstration.
type Shown struct {
	Rows []Row
	// Skipped is why it was not shown, or not to its end; empty if it was.
	Skipped string
	// Failures are what kept it from being shown, what the kernel does otherwise so that
	// the rest cannot be shown, and what it left otherwise than it was. That a row shows
	// what is not expected is none.
	Failures []string
}

// Show shows it on real descriptors, which are closed in the end, as processes are
// ended and limits are as they were, whatever fails. Reexec starts this program anew,
// with the parts of Parts; what needs that is skipped with its zero value.
//
// Nothing else may open descriptors or change limits in the process meanwhile.
func (d Demo) Show(reexec workbench.Reexec) Shown {
	var s stage
	o := workbench.Attempt(limit, reexec, func(b *workbench.Bench) {
		s.Bench = b
		s.NeedDescriptors(spare)
		d.show(&s)
	})
	return Shown{Rows: s.taken(), Skipped: o.Skipped, Failures: o.Wrong()}
}
