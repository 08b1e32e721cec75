//go:build linux

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math"

	"muxbench/multiplexers/server"
	"muxbench/results"
	"muxbench/results/stats"
)

// mostUnfair is how many times as long the pingers' p99 may be with a hog.
const mostUnfair = 3

// beside is what pingers met, without a hog and with one, in turn.
type beside struct {
	Backend string      `json:"backend"`
	Without []latencies `json:"without"`
	With    []latencies `json:"with"`
	Hog     []float64   `json:"hog_bytes_per_s"`
}

// fairness claims that one connection which sends without end makes no other wait
// for long, whatever serves them.
func fairness() claim {
	var steps []step
	for _, b := range server.Backends() {
		steps = append(steps, step{name: b.Name, measure: func(ctx context.Context, bench *bench, _ string) (any, error) {
			return pingBeside(ctx, bench, b.Name)
		}})
	}
	return claim{
		name: "fairness", wanted: 1, takes: "3 min",
		question: "does a connection that sends without end make 100 others wait?",
		steps:    fixed(steps...),
		judge:    judgeFairness,
	}
}

func pingBeside(ctx context.Context, b *bench, backend string) (pinged beside, err error) {
	const turns = 10
	pinged.Backend = backend
	server, err := b.serve(ctx, backend)
	if err != nil {
		return pinged, err
	}
	defer func() { _, _ = server.end() }() // its figures are not wanted
	ping := func() (latencies, error) {
		out, err := child(ctx, b.muxbench, "load", server.address, "-c", "100", "-s", "64", "-d", "500ms", "--cpu", fmt.Sprint(loadCPU), "--format", "json").Output()
		if err != nil {
			return nil, fmt.Errorf("muxbench load of %s: %w: %s", backend, err, said(err))
		}
		return parseValues(out)
	}
	without := func() error {
		l, err := ping()
		pinged.Without = append(pinged.Without, l)
		return err
	}
	with := func() error {
		h, err := startHog(server.address, loadCPU)
		if err != nil {
			return fmt.Errorf("a hog of %s: %w", backend, err)
		}
		l, failed := ping()
		rate, err := h.end()
		pinged.With, pinged.Hog = append(pinged.With, l), append(pinged.Hog, rate)
		if failed != nil {
			return failed
		}
		return err
	}
	for i := range turns {
		order := []func() error{without, with}
		if i%2 == 1 {
			order = []func() error{with, without}
		}
		for _, ping := range order {
			if err := ping(); err != nil {
				return pinged, err
			}
		}
	}
	return pinged, nil
}

// loadCPU is where clients run beside "muxbench serve", which is on CPU 0.
const loadCPU = 1

// judgeFairness compares p99 turn by turn.
func judgeFairness(done collected) []finding {
	var all []finding
	for _, steps := range done.repetitions {
		for _, m := range steps {
			var p beside
			if err := json.Unmarshal(m.record.Figures, &p); err != nil || len(p.With) != len(p.Without) || len(p.With) == 0 {
				return []finding{{what: m.step.name, required: "figures", measured: fmt.Sprintf("%d and %d turns: %v", len(p.Without), len(p.With), err)}}
			}
			all = append(all, p.finding())
		}
	}
	return all
}

func (p beside) finding() finding {
	var ratios []float64
	for i := range p.With {
		if r, ok := stats.LogRatio(p.With[i][results.LatencyP99], p.Without[i][results.LatencyP99]); ok {
			ratios = append(ratios, r)
		}
	}
	s := stats.Shift(ratios, confidence)
	s.Estimate, s.Low, s.High = math.Exp(s.Estimate), math.Exp(s.Low), math.Exp(s.High)
	return finding{
		what:     p.Backend + ": p99 of 100 pingers beside one that sends without end",
		required: fmt.Sprintf("≤ %d times that without it", mostUnfair),
		measured: fmt.Sprintf("%.2f times (%.2f to %.2f) in %d turns; medians %.0f and %.0f µs, of p50 %.0f and %.0f; it got back %.0f MB/s",
			s.Estimate, s.Low, s.High, len(ratios), median(p.Without, results.LatencyP99)/1e3, median(p.With, results.LatencyP99)/1e3,
			median(p.Without, results.LatencyP50)/1e3, median(p.With, results.LatencyP50)/1e3, stats.Median(p.Hog)/1e6),
		holds: s.Estimate <= mostUnfair,
		open:  !(s.High <= mostUnfair), // nor where there are too few for an interval
	}
}
