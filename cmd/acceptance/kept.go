//go:build linux

package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"muxbench/results"
	"muxbench/results/gate"
)

// keptCheck is a line of what is kept of a claim about the gate: what can be looked up
// without judging anew.
type keptCheck struct {
	Claim       string              `json:"claim"`
	Repetition  string              `json:"repetition"`
	Step        string              `json:"step,omitempty"`
	Verdict     gate.Verdict        `json:"verdict"`
	Seconds     float64             `json:"seconds"` // the whole command
	InjectedNS  int64               `json:"injected_ns,omitempty"`
	Share       float64             `json:"injected_share,omitempty"` // of what a message of the check's base cost
	Judgement   gate.Judgement      `json:"judgement"`
	Version     string              `json:"version"`
	Seed        uint64              `json:"seed"`
	Started     time.Time           `json:"started"`
	Environment results.Environment `json:"environment"`
	Raw         string              `json:"raw"` // file beside this one
}

// keep puts the checks of a claim into a directory that can be committed: CLAIM.jsonl
// has a line for each, and CLAIM/ its whole result, compressed, but for the histograms
// of latencies. Those are half of it, do not compress, and no gate looks at them.
func keep(directory, claim string, done collected) error {
	checks := done.checks()
	if len(checks) == 0 {
		return nil
	}
	if err := os.MkdirAll(filepath.Join(directory, claim), 0o777); err != nil {
		return fmt.Errorf("making the directory for what is kept: %w", err)
	}
	var lines bytes.Buffer
	encoder := json.NewEncoder(&lines)
	for _, c := range checks {
		run := c.file.Run
		line := keptCheck{
			Claim: claim, Repetition: c.repetition, Step: c.step.name, Verdict: c.Verdict,
			Seconds:    time.Duration(c.record.TookNS).Seconds(),
			InjectedNS: run.Gate.InjectedNS, Judgement: c.Judgement,
			Version: run.Version, Seed: run.Seed, Started: run.Started, Environment: run.Environment,
			Raw: filepath.Join(claim, c.repetition),
		}
		line.Share, _ = c.share()
		if c.step.name != "" {
			line.Raw += "-" + c.step.name
		}
		line.Raw += ".jsonl.gz"
		if err := keepRaw(filepath.Join(directory, line.Raw), c.file); err != nil {
			return err
		}
		if err := encoder.Encode(line); err != nil {
			return fmt.Errorf("encoding what is kept of %s: %w", claim, err)
		}
	}
	if err := os.WriteFile(filepath.Join(directory, claim+".jsonl"), lines.Bytes(), 0o666); err != nil {
		return fmt.Errorf("writing what is kept of %s: %w", claim, err)
	}
	return nil
}

// keepRaw writes a result file again, all but its histograms and where on this machine
// it lay.
func keepRaw(path string, file *results.File) error {
	run := file.Run
	run.Args = slices.Clone(run.Args)
	for i, a := range run.Args {
		if filepath.IsAbs(a) {
			run.Args[i] = filepath.Base(a)
		}
	}
	var compressed bytes.Buffer
	z, err := gzip.NewWriterLevel(&compressed, gzip.BestCompression)
	if err != nil {
		return fmt.Errorf("compressing %s: %w", path, err)
	}
	encoder := json.NewEncoder(z)
	err = encoder.Encode(run)
	for i := 0; err == nil && i < len(file.Looks); i++ {
		err = encoder.Encode(file.Looks[i])
	}
	for i := 0; err == nil && i < len(file.Trials); i++ {
		t := file.Trials[i]
		t.LatencyHDR, t.LagHDR = "", ""
		err = encoder.Encode(t)
	}
	if err == nil {
		err = z.Close()
	}
	if err == nil {
		err = os.WriteFile(path, compressed.Bytes(), 0o666)
	}
	if err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	return nil
}
