//go:build linux

package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
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
	Rate          float64                    `json:"rate,omitempty"` // of an open loop
	Schedule      results.Schedule           `json:"schedule,omitempty"`
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
	m := measured{1, o.target, cell.Connections, cell.Active, cell.Rounds, cell.DurationNS, cell.Size, cell.SocketBuffers, cell.Rate, cell.Schedule, o.cpu, o.seed, v, []results.Metric{}, did.Counters}
	if cell.Open() {
		delete(v, results.LoadCPUPerMessage) // it spins
		v[results.Offered], v[results.Unsent], v[results.LatencyRise] = did.Offered, float64(did.Unsent), did.Rise
		maps.Copy(v, latency.Lag)
	}
	for _, p := range percentiles() {
		switch results.Carried(did.Messages+did.Unsent, p.metric.Percentile()) {
		case results.CarriedRoughly:
			m.Rough = append(m.Rough, p.metric)
			fallthrough
		case results.CarriedWell:
			v[p.metric] = latency.Latency[p.metric]
		}
	}
	return m
}

// percentile is one that is shown if enough messages carry it.
type percentile struct {
	metric results.Metric
	name   string
}

func percentiles() []percentile {
	return []percentile{{results.LatencyP50, "p50"}, {results.LatencyP90, "p90"}, {results.LatencyP99, "p99"}, {results.LatencyP999, "p99.9"}}
}

// percentileName is that of a latency metric.
func percentileName(m results.Metric) string {
	for _, p := range percentiles() {
		if p.metric == m {
			return p.name
		}
	}
	return string(m)
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
	fmt.Fprintf(&b, "%s: %s, %d active,\n%s a message, %s; %s\n\n", m.Target, counted(m.Connections, "connection"), m.Active, counted(m.Size, "byte"), long, m.loop())
	line := func(name, value string) { fmt.Fprintf(&b, "%-15s  %12s\n", name, value) }
	line("messages", grouped(m.Values[results.Messages]))
	if m.Schedule != "" {
		line("offered msgs/s", grouped(m.Values[results.Offered]))
	}
	line("msgs/s", grouped(m.Values[results.Throughput]))
	if m.Schedule == "" {
		line("load CPU ns/msg", grouped(m.Values[results.LoadCPUPerMessage]))
	}
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
	if m.Schedule != "" {
		line("lag p99 µs", grouped(m.Values[results.LagP99]/1e3))
		line("lag max µs", grouped(m.Values[results.LagMax]/1e3))
	}
	if m.Schedule != "" && results.Saturated(m.Values[results.Throughput], m.Values[results.Offered], m.Values[results.LatencyRise]) {
		b.WriteString("\nThe server is saturated: it did less than was offered, or ever later. Its\nlatency grows with the duration.\n")
	}
	if m.Schedule != "" && results.Late(m.Values) {
		b.WriteString("\nThe load generator's lag is more than a tenth of the latency, which is partly\nits own.\n")
	}
	if n := m.Values[results.Unsent]; n > 0 {
		fmt.Fprintf(&b, "\n%s messages were never sent: the server is overloaded. They count with\nthe time that they had waited when the load generator gave up.\n", grouped(n))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// loop says how messages begin.
func (m measured) loop() string {
	if m.Schedule == "" {
		return "closed loop"
	}
	return "open loop, " + string(m.Schedule)
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
