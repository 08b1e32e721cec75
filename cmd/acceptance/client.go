//go:build linux

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"net/netip"
	"regexp"
	"strconv"

	"muxbench/results"
	"muxbench/results/stats"
)

// exchanged is what a client says of two seconds: rates per second, times in ns.
type exchanged struct {
	Throughput float64 `json:"throughput_msgs_per_s"`
	Mean       float64 `json:"latency_mean_ns,omitempty"` // muxbench load gives none
	P50        float64 `json:"latency_p50_ns"`
	P99        float64 `json:"latency_p99_ns"`
}

// clients are what both say of the same server, one after the other.
type clients struct {
	Connections int       `json:"connections"`
	Ours        exchanged `json:"ours"`
	InC         exchanged `json:"in_c"`
}

// clientSteps let either client begin in turn.
func clientSteps(_ []measured, n int) ([]step, error) {
	var all []step
	for _, connections := range []int{50, 1000} {
		all = append(all, step{name: strconv.Itoa(connections), needs: clientInC, measure: func(ctx context.Context, b *bench, _ string) (any, error) {
			return loadBoth(ctx, b, connections, n%2 == 0)
		}})
	}
	return all, nil
}

func loadBoth(ctx context.Context, b *bench, connections int, oursFirst bool) (c clients, err error) {
	c.Connections = connections
	server, err := b.serve(ctx, "epoll-lt")
	if err != nil {
		return c, err
	}
	defer func() { _, _ = server.end() }() // its figures are not wanted
	address, err := netip.ParseAddrPort(server.address)
	if err != nil {
		return c, fmt.Errorf("muxbench serve says it serves on %q: %w", server.address, err)
	}
	n := strconv.Itoa(connections)
	ours := func() error {
		out, err := child(ctx, b.muxbench, "load", server.address, "-c", n, "-s", "64", "-d", "2s", "--cpu", "1", "--format", "json").Output()
		if err != nil {
			return fmt.Errorf("muxbench load with %s connections: %w", n, err)
		}
		c.Ours, err = parseOurs(out)
		return err
	}
	inC := func() error {
		out, err := child(ctx, b.reference(clientInC), strconv.Itoa(int(address.Port())), n, "64", "2", "1").CombinedOutput()
		if err != nil {
			return fmt.Errorf("%s with %s connections: %w: %s", clientInC, n, err, out)
		}
		c.InC, err = parseInC(string(out))
		return err
	}
	order := []func() error{inC, ours}
	if oursFirst {
		order = []func() error{ours, inC}
	}
	for _, load := range order {
		if err := load(); err != nil {
			return c, err
		}
	}
	return c, nil
}

func parseOurs(out []byte) (exchanged, error) {
	v, err := parseValues(out)
	if err != nil {
		return exchanged{}, err
	}
	return exchanged{Throughput: v[results.Throughput], P50: v[results.LatencyP50], P99: v[results.LatencyP99]}, nil
}

// parseValues reads all that muxbench load prints of a load.
func parseValues(out []byte) (map[results.Metric]float64, error) {
	var printed struct{ Values map[results.Metric]float64 }
	if err := json.Unmarshal(out, &printed); err != nil {
		return nil, fmt.Errorf("reading what muxbench load prints: %w", err)
	}
	return printed.Values, nil
}

var inCLine = regexp.MustCompile(`^\d+ messages, [\d.]+ s, ([\d.]+) msgs/s, mean ([\d.]+) us, p50 ([\d.]+) us, p99 ([\d.]+) us\n$`)

func parseInC(out string) (exchanged, error) {
	m := inCLine.FindStringSubmatch(out)
	if m == nil {
		return exchanged{}, fmt.Errorf("%s prints %q, which is no line of figures", clientInC, out)
	}
	var v [4]float64
	for i := range v {
		v[i], _ = strconv.ParseFloat(m[i+1], 64) // zero, which is no figure, where there are two points
	}
	return exchanged{Throughput: v[0], Mean: v[1] * 1e3, P50: v[2] * 1e3, P99: v[3] * 1e3}, nil
}

// judgeClient compares what both say, and either client in C with itself: in a
// closed loop, as many round trips are under way as there are connections.
func judgeClient(done collected) []finding {
	figures := make(map[int][]clients)
	var order []int
	for _, steps := range done.repetitions {
		for _, m := range steps {
			var c clients
			if err := json.Unmarshal(m.record.Figures, &c); err != nil {
				return []finding{{what: m.step.name, required: "figures", measured: err.Error()}}
			}
			if len(figures[c.Connections]) == 0 {
				order = append(order, c.Connections)
			}
			figures[c.Connections] = append(figures[c.Connections], c)
		}
	}
	var all []finding
	for _, connections := range order {
		for _, kind := range []struct {
			name string
			most float64
			of   func(exchanged) float64
		}{
			{"throughput", 0.05, func(e exchanged) float64 { return e.Throughput }},
			{"p50", 0.05, func(e exchanged) float64 { return e.P50 }},
			{"p99", 0.10, func(e exchanged) float64 { return e.P99 }},
		} {
			all = append(all, agreement(fmt.Sprintf("%d connections, %s, ours over that in C", connections, kind.name), kind.most, figures[connections],
				func(c clients) (float64, float64) { return kind.of(c.Ours), kind.of(c.InC) }))
		}
		all = append(all, agreement(fmt.Sprintf("%d connections, in C: connections / throughput over mean latency", connections), 0.01, figures[connections],
			func(c clients) (float64, float64) { return float64(c.Connections) / c.InC.Throughput * 1e9, c.InC.Mean }))
	}
	return all
}

// agreement is that of what clients say, see agreed.
func agreement(what string, most float64, all []clients, of func(clients) (float64, float64)) finding {
	var ratios []float64
	for _, c := range all {
		if r, ok := stats.LogRatio(of(c)); ok {
			ratios = append(ratios, r)
		}
	}
	return agreed(what, most, ratios)
}

// agreed requires a ratio, of which these are the logarithms, to be near 1, and
// its interval as well to be sure.
func agreed(what string, most float64, ratios []float64) finding {
	shift := stats.Shift(ratios, confidence)
	kind := "95 % interval"
	if math.IsNaN(shift.Low) { // fewer than 6
		kind = "range"
		shift.Low, shift.High = stats.Range(ratios)
	}
	off := grown([]float64{shift.Estimate, shift.Low, shift.High})
	return finding{
		what:     what,
		required: "within " + percent(most),
		measured: fmt.Sprintf("%s, %s of %d", within(stats.Interval{Estimate: off[0], Low: off[1], High: off[2]}), kind, len(ratios)),
		holds:    math.Abs(off[0]) <= most,
		open:     max(math.Abs(off[1]), math.Abs(off[2])) > most,
	}
}
