//go:build linux

package main

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"muxbench/results"
	"muxbench/scenarios"
)

// measured is what came of a load: integers, but for rates.
type measured struct {
	Schema        int                        `json:"schema"`
	Target        netip.AddrPort             `json:"target"`
	Connections   int                        `json:"connections"`
	Active        int                        `json:"active"`
	Rounds        int                        `json:"rounds"`      // 0 where a duration was asked for
	DurationNS    int64                      `json:"duration_ns"` // 0 where rounds were
	Size          int                        `json:"size"`
	SocketBuffers int                        `json:"socket_buffers"`
	LoadCPU       int                        `json:"load_cpu"` // pinned to; -1 if not pinned
	Seed          uint64                     `json:"seed"`
	Values        map[results.Metric]float64 `json:"values"` // connect_elapsed_ns is until the client saw the last one established
	Rough         []results.Metric           `json:"rough"`  // of the values: from few samples
	Counters      results.Counters           `json:"counters"`
}

func newMeasured(o *loadOptions, cell results.Cell, connected, did, latency scenarios.LoadState) measured {
	connecting := max(1, connected.Last-connected.First)
	v := map[results.Metric]float64{
		results.Messages:          float64(did.Messages),
		results.Elapsed:           float64(did.Elapsed),
		results.Throughput:        float64(did.Messages) / max(1, float64(did.Elapsed)) * 1e9,
		results.LoadCPUPerMessage: math.Round(float64(did.CPU) / max(1, float64(did.Messages))),
		results.ConnectElapsed:    float64(connecting),
		results.ConnectsPerSecond: float64(connected.Established) / float64(connecting) * 1e9,
		results.LatencyMax:        latency.Latency[results.LatencyMax],
	}
	m := measured{1, o.target, cell.Connections, cell.Active, cell.Rounds, cell.DurationNS, cell.Size, cell.SocketBuffers, o.cpu, o.seed, v, []results.Metric{}, did.Counters}
	for _, p := range percentiles() {
		beyond := math.Round(float64(did.Messages)*(1-p.share)*1e6) / 1e6 // 1-0.99 is not quite a hundredth
		if beyond >= 10 {
			v[p.metric] = latency.Latency[p.metric]
			if beyond < 100 {
				m.Rough = append(m.Rough, p.metric)
			}
		}
	}
	return m
}

// percentile is one that is shown if enough messages carry it: a hundred
// beyond it, as in a report, or roughly ten.
type percentile struct {
	metric results.Metric
	share  float64
	name   string
}

func percentiles() []percentile {
	return []percentile{{results.LatencyP50, 0.5, "p50"}, {results.LatencyP90, 0.9, "p90"}, {results.LatencyP99, 0.99, "p99"}, {results.LatencyP999, 0.999, "p99.9"}}
}

func (m measured) json(w io.Writer) error {
	encoded, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return fmt.Errorf("encoding the figures: %w", err)
	}
	_, err = fmt.Fprintf(w, "%s\n", encoded)
	return err
}

// text is narrow enough for any terminal.
func (m measured) text(w io.Writer) error {
	var b strings.Builder
	long := time.Duration(m.DurationNS).String()
	if m.Rounds > 0 {
		long = counted(m.Rounds, "round")
	}
	fmt.Fprintf(&b, "%s: %s, %d active,\n%s a message, %s; closed loop\n\n", m.Target, counted(m.Connections, "connection"), m.Active, counted(m.Size, "byte"), long)
	line := func(name, value string) { fmt.Fprintf(&b, "%-15s  %12s\n", name, value) }
	line("messages", grouped(m.Values[results.Messages]))
	line("msgs/s", grouped(m.Values[results.Throughput]))
	line("load CPU ns/msg", grouped(m.Values[results.LoadCPUPerMessage]))
	line("connects/s", grouped(m.Values[results.ConnectsPerSecond]))
	for _, p := range percentiles() {
		value, mark := "–", ""
		if v, carried := m.Values[p.metric]; carried {
			value = grouped(v / 1e3)
		}
		if slices.Contains(m.Rough, p.metric) {
			mark = "~"
		}
		line(p.name+" µs", mark+value)
	}
	line("max µs", grouped(m.Values[results.LatencyMax]/1e3))
	_, err := io.WriteString(w, b.String())
	return err
}

// grouped writes a number with thousands separators; what is below 100 has
// three digits at least, unless it is whole.
func grouped(v float64) string {
	digits := 0
	switch {
	case v == math.Trunc(v):
	case v < 9.995:
		digits = 2
	case v < 99.95:
		digits = 1
	}
	s := strconv.FormatFloat(v, 'f', digits, 64)
	whole := len(strings.Split(s, ".")[0])
	for at := whole - 3; at > 0; at -= 3 {
		s = s[:at] + "," + s[at:]
	}
	return s
}
