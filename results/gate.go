package results

import (
	"encoding/json"
	"fmt"
)

// Gate is what a run is to decide, whose cells each compare two builds of one
// server.
type Gate struct {
	// Threshold is the least slowdown that is one: 0.03 for 3 %.
	Threshold float64 `json:"threshold"`
	Cells     int     `json:"cells,omitempty"` // that are gated; 0 where it is not told
	Base      Build   `json:"base"`
	Head      Build   `json:"head"`
	// InjectedNS is CPU time that each message costs the head on top, so that the
	// gate can be seen to find it.
	InjectedNS int64 `json:"injected_ns,omitempty"`
	// Baseline is what was kept of an earlier run, where that is what the head is
	// compared with: then Base is the build that it is of, and in each cell the
	// reference is not its server but the yardstick.
	Baseline []Kept `json:"baseline,omitempty"`
	// Unlike is in what the machine differs from that of the baseline, in words.
	Unlike []string `json:"unlike_machine,omitempty"`
}

// Build says where a server comes from.
type Build struct {
	Version  string `json:"version"`
	Go       string `json:"go"`                // version that compiled it
	Platform string `json:"platform"`          // GOOS/GOARCH
	Layouts  int    `json:"layouts,omitempty"` // in how many random orders its code was linked; 0: as the linker has it
}

// Looks are when a gate looks at a cell: after so many blocks, twice and three times
// as many. It is a line of a result file, written once a pilot has shown how far the
// cell's blocks differ.
type Looks struct {
	Type string `json:"type"` // always "looks"
	Cell
	Blocks    int     `json:"blocks"`
	Deviation float64 `json:"deviation"` // standard one of the logarithm of a block's ratio
	// Threshold is the gate's or, where so many blocks cannot carry that, the least
	// that they can.
	Threshold float64 `json:"threshold"`
}

// Bounds of what a gate may be asked for.
const (
	MinThreshold = 0.005
	MaxThreshold = 1.0
)

func (g *Gate) validate() error {
	if g == nil {
		return nil
	}
	if !(g.Threshold >= MinThreshold && g.Threshold <= MaxThreshold) {
		return fmt.Errorf("a gate's threshold is %g, where %g to %g is allowed", g.Threshold, MinThreshold, MaxThreshold)
	}
	for _, b := range []Build{g.Base, g.Head} {
		if max(len(b.Version), len(b.Go), len(b.Platform)) > maxName || b.Layouts < 0 || b.Layouts > maxEntries {
			return fmt.Errorf("a build's version, Go and platform have %d, %d and %d bytes, and it %d layouts, where %d bytes and %d layouts are allowed",
				len(b.Version), len(b.Go), len(b.Platform), b.Layouts, maxName, maxEntries)
		}
	}
	if g.Cells < 0 || g.Cells > maxEntries {
		return fmt.Errorf("a gate has %d cells, where 0 to %d are allowed", g.Cells, maxEntries)
	}
	if len(g.Baseline) > maxEntries || len(g.Unlike) > maxEntries {
		return fmt.Errorf("%d cells of a baseline and %d differences, where %d are allowed", len(g.Baseline), len(g.Unlike), maxEntries)
	}
	for _, k := range g.Baseline {
		if err := k.validate(); err != nil {
			return fmt.Errorf("baseline of %q: %w", k.Subject, err)
		}
	}
	return firstOutside(bounded{"gate.injected_ns", g.InjectedNS, yearNS})
}

func (l Looks) validate() error {
	const mostDeviation, mostThreshold = 100, 1e100
	switch {
	case l.Subject == "":
		return fmt.Errorf("looks without a subject")
	case l.Scenario == "" || len(l.Scenario) > maxName:
		return fmt.Errorf("looks at a scenario of %d bytes, where 1 to %d are allowed", len(l.Scenario), maxName)
	case l.Blocks < 1 || l.Blocks > maxTrials:
		return fmt.Errorf("looks after %d blocks, where 1 to %d are allowed", l.Blocks, maxTrials)
	case !(l.Deviation >= 0 && l.Deviation <= mostDeviation):
		return fmt.Errorf("looks with a deviation of %g, where 0 to %d is allowed", l.Deviation, mostDeviation)
	case !(l.Threshold >= MinThreshold && l.Threshold <= mostThreshold):
		return fmt.Errorf("looks with a threshold of %g, where %g to %g is allowed", l.Threshold, MinThreshold, mostThreshold)
	}
	return l.Cell.validate()
}

// addLooks takes in a line that says when a gate looks at a cell.
func (f *File) addLooks(line []byte) error {
	var l Looks
	if err := json.Unmarshal(line, &l); err != nil {
		return err
	}
	if err := l.validate(); err != nil {
		return err
	}
	for _, other := range f.Looks {
		if other.Cell == l.Cell {
			return fmt.Errorf("when the gate looks at %q in this cell is told already", l.Subject)
		}
	}
	if len(f.Looks) == maxEntries {
		return fmt.Errorf("more than %d cells that a gate looks at", maxEntries)
	}
	f.Looks = append(f.Looks, l)
	return nil
}
