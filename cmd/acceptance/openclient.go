//go:build linux

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net"
	"os/exec"
	"strconv"

	"muxbench/results"
	"muxbench/results/stats"
)

const (
	// alternations are of both clients, on one server.
	alternations = 10
	// resolution is the load generator's histogram's, three digits.
	resolution = 0.001
	// mostHalfWidth is that of an interval that says anything.
	mostHalfWidth = 0.1
)

// latencies are what a client says of an open loop.
type latencies map[results.Metric]float64

// opened is what both clients say of one server at one rate, in turn.
type opened struct {
	Share    float64     `json:"share"`                // of the capacity
	Capacity float64     `json:"capacity_msgs_per_s"`  // in a closed loop
	Rate     int         `json:"asked_for_msgs_per_s"` // of both
	Ours     []latencies `json:"ours"`
	InC      []latencies `json:"in_c"`
}

func openClient() claim {
	var steps []step
	for _, share := range []float64{0.2, 0.6} {
		steps = append(steps, step{name: fmt.Sprintf("%.0f", share*100), needs: paceInC, measure: func(ctx context.Context, b *bench, _ string) (any, error) {
			return paceBoth(ctx, b, share)
		}})
	}
	return claim{
		name: "open-client", wanted: 1, takes: "2 min",
		question: "does an independent client measure the same latency under load?",
		steps:    fixed(steps...),
		judge:    judgeOpenClient,
	}
}

func paceBoth(ctx context.Context, b *bench, share float64) (o opened, err error) {
	const connections, size, seconds, cpu = "100", "64", "2", "1"
	o.Share = share
	server, err := b.serve(ctx, "epoll-lt")
	if err != nil {
		return o, err
	}
	defer func() { _, _ = server.end() }() // its figures are not wanted
	host, port, err := net.SplitHostPort(server.address)
	if err != nil {
		return o, fmt.Errorf("muxbench serve says it serves on %q: %w", server.address, err)
	}
	load := func(more ...string) (latencies, error) {
		out, err := child(ctx, b.muxbench, append([]string{"load", server.address, "-c", connections, "-s", size, "-d", seconds + "s", "--cpu", cpu, "--format", "json"}, more...)...).Output()
		if err != nil {
			return nil, fmt.Errorf("muxbench load %v: %w: %s", more, err, said(err))
		}
		return parseValues(out)
	}
	closed, err := load()
	if err != nil {
		return o, err
	}
	o.Capacity = closed[results.Throughput]
	o.Rate = max(1, int(math.Round(share*o.Capacity)))
	rate := strconv.Itoa(o.Rate)
	for i := range alternations {
		seed := strconv.Itoa(i + 1)
		ours := func() error {
			l, err := load("--rate", rate, "--schedule", string(results.Poisson), "--seed", seed)
			o.Ours = append(o.Ours, l)
			return err
		}
		inC := func() error {
			out, err := child(ctx, b.reference(paceInC), host, port, connections, size, rate, seconds, string(results.Poisson), seed, cpu).Output()
			if err != nil {
				return fmt.Errorf("%s at %s msgs/s: %w: %s", paceInC, rate, err, said(err))
			}
			l, err := parsePace(out)
			o.InC = append(o.InC, l)
			return err
		}
		order := []func() error{ours, inC}
		if i%2 == 1 {
			order = []func() error{inC, ours}
		}
		for _, pace := range order {
			if err := pace(); err != nil {
				return o, err
			}
		}
	}
	return o, nil
}

// said is what a program wrote to its standard error before it failed.
func said(failure error) []byte {
	var exit *exec.ExitError
	if !errors.As(failure, &exit) {
		return nil
	}
	return exit.Stderr
}

// parsePace reads what the client in C prints. Its keys are metrics, all but the
// errors.
func parsePace(out []byte) (latencies, error) {
	var l latencies
	if err := json.Unmarshal(out, &l); err != nil {
		return nil, fmt.Errorf("%s prints %q, which are no figures: %w", paceInC, out, err)
	}
	return l, nil
}

// judgeOpenClient compares what both say, alternation by alternation.
func judgeOpenClient(done collected) []finding {
	figures := make(map[float64]*opened)
	var order []*opened
	for _, steps := range done.repetitions {
		for _, m := range steps {
			var o opened
			if err := json.Unmarshal(m.record.Figures, &o); err != nil || len(o.Ours) != len(o.InC) {
				return []finding{{what: m.step.name, required: "figures", measured: fmt.Sprintf("%d and %d alternations: %v", len(o.Ours), len(o.InC), err)}}
			}
			if known := figures[o.Share]; known != nil {
				known.Ours, known.InC = append(known.Ours, o.Ours...), append(known.InC, o.InC...)
				continue
			}
			figures[o.Share] = &o
			order = append(order, &o)
		}
	}
	var all []finding
	for _, o := range order {
		share := fmt.Sprintf("%.0f %% of capacity", o.Share*100)
		all = append(all, finding{
			what: share + ", both",
			measured: fmt.Sprintf("offered %d of %.0f msgs/s; achieved ours %.0f, in C %.0f; send lag, p99, ours %.2f µs, in C %.2f µs", o.Rate, o.Capacity,
				median(o.Ours, results.Throughput), median(o.InC, results.Throughput), median(o.Ours, results.LagP99)/1e3, median(o.InC, results.LagP99)/1e3),
		})
		for _, kind := range []struct {
			name   string
			metric results.Metric
		}{{"p50", results.LatencyP50}, {"p90", results.LatencyP90}, {"p99", results.LatencyP99}} {
			all = append(all, o.alike(share+", "+kind.name+", ours over that in C", kind.metric))
		}
	}
	return all
}

// alike requires the interval of the ratio to include 1, within the resolution
// of our histogram, and to be narrow enough for that to mean something.
func (o *opened) alike(what string, m results.Metric) finding {
	var ratios []float64
	for i := range o.Ours {
		if r, ok := stats.LogRatio(o.Ours[i][m], o.InC[i][m]); ok {
			ratios = append(ratios, r)
		}
	}
	shift := stats.Shift(ratios, confidence)
	off := grown([]float64{shift.Estimate, shift.Low, shift.High})
	return finding{
		what:     what,
		required: fmt.Sprintf("interval includes 1, ± ≤ %s", percent(mostHalfWidth)),
		measured: fmt.Sprintf("%s of %d; medians %.2f and %.2f µs", within(stats.Interval{Estimate: off[0], Low: off[1], High: off[2]}), len(ratios), median(o.Ours, m)/1e3, median(o.InC, m)/1e3),
		holds:    !(off[1] > resolution || off[2] < -resolution),
		open:     !((off[2]-off[1])/2 <= mostHalfWidth), // nor where there are too few for an interval
	}
}

// median is that of what one client said, in all of its turns.
func median(all []latencies, m results.Metric) float64 {
	var values []float64
	for _, l := range all {
		values = append(values, l[m])
	}
	return stats.Median(values)
}
