//go:build linux

package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"muxbench/report"
)

// TestInterruptedConform ends at the next seed, shows what was tried, and takes nothing for
// a result that a signal may have brought about.
func TestInterruptedConform(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var out bytes.Buffer
	o := conformOptions{backends: []string{"poll"}, cases: []string{"C-001", "C-150"}, seeds: 1000, from: 1}
	err := conform(ctx, streams{out: &out, err: io.Discard}, "muxbench", o,
		func(w io.Writer, c report.Conformance) error { return report.ConformanceText(w, c, 0) })
	if !errors.Is(err, errInterrupted) {
		t.Errorf("got %v, want it interrupted", err)
	}
	if got := out.String(); !strings.Contains(got, "0 as expected, 0 failed, 0 where this kernel differs, 0 skipped before it was interrupted") {
		t.Errorf("got %s", got)
	}
	out.Reset()
	o.cases = []string{"C-150"}
	err = conform(ctx, streams{out: &out, err: io.Discard}, "muxbench", o,
		func(w io.Writer, c report.Conformance) error { return report.ConformanceText(w, c, 0) })
	if !errors.Is(err, errInterrupted) || !strings.Contains(out.String(), "ended after 0 of 1000 seeds from 1 on") {
		t.Errorf("got %v and %s", err, out.String())
	}
}
